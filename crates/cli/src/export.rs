//! `cytotrial export`: the tables of a run or of an evaluation in another format.

use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use cytotrial::operation::evaluate::DataFile;
use cytotrial::operation::export::{Format, Request, run as export};
use cytotrial::problem::Problem;
use serde_json::json;

use crate::folder::help_for;
use crate::terminal::{refuse, say, say_json};
use crate::{Exit, Options, report, show, write};

/// Write the tables of a run or of an evaluation in another format
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Run folder, trial folder (its newest run), or the folder of an evaluation
    #[arg(value_name = "RUN")]
    path: PathBuf,
    /// Format
    #[arg(long, value_enum, value_name = "FORMAT")]
    to: To,
    /// Folder to write to; `FORMAT` in the current folder unless given
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum To {
    /// Comma-separated values; what looks like a formula stands behind an apostrophe
    Csv,
    /// Parquet
    Parquet,
    /// CDISC Dataset-JSON 1.1
    DatasetJson,
    /// CDISC Dataset-JSON 1.1, a line per row
    DatasetNdjson,
    /// CDISC Dataset-JSON 1.1, compressed
    DatasetDsjc,
    /// SAS transport, version 5
    Xpt,
}

impl To {
    fn format(self) -> Format {
        match self {
            Self::Csv => Format::Csv,
            Self::Parquet => Format::Parquet,
            Self::DatasetJson => Format::DatasetJson,
            Self::DatasetNdjson => Format::DatasetNdjson,
            Self::DatasetDsjc => Format::DatasetDsjc,
            Self::Xpt => Format::Xpt,
        }
    }
}

pub(crate) fn run(arguments: &Arguments, options: Options) -> Exit {
    match attempt(arguments, options) {
        Ok(()) => Exit::Fine,
        Err(exit) => exit,
    }
}

fn attempt(arguments: &Arguments, options: Options) -> Result<(), Exit> {
    let told = |problems: &[Problem]| {
        show::problems(problems, None, options);
        show::json(problems, options);
        Exit::Input
    };
    let tables = tables(&arguments.path).map_err(|problem| told(&[*problem]))?;
    let word = arguments.to.to_possible_value().map_or(String::new(), |to| to.get_name().into());
    let out = arguments.out.clone().unwrap_or_else(|| PathBuf::from(word));
    let occupied = fs::read_dir(&out).is_ok_and(|mut entries| entries.next().is_some());
    if occupied || out.is_file() {
        let message = format!("`{}` is not empty", out.display());
        return Err(refuse(Exit::Usage, &message, "name another folder with `--out`"));
    }
    let created = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let request = Request { tables, to: arguments.to.format(), created };
    let files = export(&request).map_err(|problems| told(&problems))?;
    write::folder(&out, files.iter().map(|file| (file.name.as_str(), file.bytes.as_slice())))
        .map_err(|error| {
            let message = format!("`{}` cannot be written: {error}", out.display());
            refuse(Exit::Input, &message, "is there space, and may you write there?")
        })?;
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    if options.json {
        say_json(&json!({ "folder": out, "files": names }));
    } else if !options.quiet {
        for name in names {
            say(&format!("{}\n", out.join(name).display()));
        }
    }
    Ok(())
}

/// The Parquet tables of a run or of an evaluation.
fn tables(path: &Path) -> Result<Vec<DataFile>, Box<Problem>> {
    let place = if path.join("tables").is_dir() {
        Some(path.to_owned())
    } else {
        report::newest(path).filter(|run| run.join("tables").is_dir())
    };
    let Some(place) = place else {
        let message = format!("`{}` has no tables of a run", path.display());
        let help = if path.exists() {
            "name the folder of a run or of an evaluation".to_owned()
        } else {
            help_for(path)
        };
        return Err(Box::new(Problem::error("F101", "", "", message, help)));
    };
    let folder = place.join("tables");
    let cannot = |error: std::io::Error| {
        let message = format!("`{}` cannot be read: {error}", folder.display());
        Box::new(Problem::error("F102", "", "", message, "may you read it?"))
    };
    let mut names: Vec<String> = fs::read_dir(&folder)
        .map_err(cannot)?
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| name.ends_with(".parquet"))
        .collect();
    names.sort();
    let read = |name: String| {
        let bytes = fs::read(folder.join(&name)).map_err(cannot)?;
        Ok(DataFile { name, bytes })
    };
    names.into_iter().map(read).collect()
}
