//! `cytotrial evaluate`: endpoints of real patients from a folder of tables.

use std::fs;
use std::path::{Path, PathBuf};

use cytotrial::operation::evaluate::{self as operation, DataFile, EvaluateError, Evaluation};
use cytotrial::operation::report::Form;
use cytotrial::problem::Problem;
use serde_json::json;

use crate::folder::{Folder, help_for};
use crate::terminal::{coloured_data, refuse, say, say_json, tell};
use crate::{Exit, Options, show, write};

/// Find responses, toxicities and times to events in patient-level data
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder with the tables, or one table
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// Trial folder or trial file whose protocol says how outcomes are judged
    #[arg(long, value_name = "FILE", required_unless_present = "map_help")]
    protocol: Option<PathBuf>,
    /// Mapping of the site's own names; `mapping.toml` beside the data unless given
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Print a mapping for the data as they are, to be completed
    #[arg(long)]
    map_help: bool,
    /// Day of the data cut, such as 2024-05-17: what came later is not known
    #[arg(long, value_name = "DATE")]
    cutoff: Option<String>,
    /// Response criteria; those of the protocol unless given
    #[arg(long, value_name = "NAME")]
    rules: Option<String>,
    /// Show the course of one subject: every call with its rule, its values and what would have
    /// changed it; with --out also as a page beside the result
    #[arg(long, value_name = "SUBJECT", conflicts_with = "map_help")]
    explain: Option<String>,
    /// Folder to write the result to: the report, tables and `evaluation.json`
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace what the folder of `--out` holds from an earlier evaluation
    #[arg(long, requires = "out")]
    force: bool,
}

/// Endings of files that may be tables.
const ENDINGS: &[&str] = &["csv", "tsv", "parquet", "json", "ndjson", "dsjc", "xpt"];
/// Bytes of the largest file that is read.
const LARGEST: u64 = 2 << 30;
/// The mapping beside the data.
const MAPPING: &str = "mapping.toml";

pub(crate) fn run(arguments: &Arguments, options: Options) -> Exit {
    match attempt(arguments, options) {
        Ok(()) => Exit::Fine,
        Err(exit) => exit,
    }
}

fn attempt(arguments: &Arguments, options: Options) -> Result<(), Exit> {
    let data = read(&arguments.data).map_err(|problems| told(&problems, None, options))?;
    if arguments.map_help {
        let proposed = operation::proposed_mapping(&data)
            .map_err(|found| of_data(&found, &data, &arguments.data, options))?;
        say(&proposed);
        return Ok(());
    }
    let protocol = arguments.protocol.as_deref().unwrap_or(Path::new("."));
    let folder = Folder::read(protocol).map_err(|problems| told(&problems, None, options))?;
    let mapping = mapping(&arguments.data, arguments.map.as_deref())
        .map_err(|problems| told(&problems, None, options))?;
    if let Some(out) = &arguments.out {
        free(out, arguments.force)?;
    }
    let request = operation::Request {
        files: folder.files.clone(),
        data,
        mapping,
        cutoff: arguments.cutoff.clone(),
        rules: arguments.rules.clone(),
    };
    let evaluation = operation::run(&request).map_err(|error| match error {
        EvaluateError::Data(found) => of_data(&found, &request.data, &arguments.data, options),
        EvaluateError::Input(problems) => input(&problems, folder, &request, options),
    })?;
    if !options.quiet {
        warnings(&evaluation, &request.data, &arguments.data, options);
    }
    let explained = arguments.explain.as_deref();
    let course = explained.map(|subject| explain(&evaluation, subject, options)).transpose()?;
    if let Some(out) = &arguments.out {
        leave(&evaluation, explained, out)?;
    }
    if let Some(course) = course {
        say(&course);
    } else if options.json {
        say_json(&evaluation.json());
    } else {
        say(&evaluation.text());
    }
    Ok(())
}

/// The patients of a folder as a dose-finding design asks for them, as known on the day of a cut.
pub(crate) fn for_doses(
    path: &Path,
    protocol: &Path,
    cutoff: Option<&str>,
    options: Options,
) -> Result<operation::DoseTable, Exit> {
    let (evaluation, data) = judged(path, protocol, cutoff, options)?;
    evaluation.dose_table().map_err(|found| of_data(&found, &data, path, options))
}

/// The report of a folder of data.
pub(crate) fn for_report(path: &Path, protocol: &Path, options: Options) -> Result<String, Exit> {
    Ok(judged(path, protocol, None, options)?.0.report())
}

/// A folder of data as a protocol judges it, with its files.
fn judged(
    path: &Path,
    protocol: &Path,
    cutoff: Option<&str>,
    options: Options,
) -> Result<(Evaluation, Vec<DataFile>), Exit> {
    let data = read(path).map_err(|problems| told(&problems, None, options))?;
    let folder = Folder::read(protocol).map_err(|problems| told(&problems, None, options))?;
    let mapping = mapping(path, None).map_err(|problems| told(&problems, None, options))?;
    let files = folder.files.clone();
    let cutoff = cutoff.map(str::to_owned);
    let request = operation::Request { files, data, mapping, cutoff, rules: None };
    let evaluation = operation::run(&request).map_err(|error| match error {
        EvaluateError::Data(found) => of_data(&found, &request.data, path, options),
        EvaluateError::Input(problems) => input(&problems, folder, &request, options),
    })?;
    if !options.quiet {
        warnings(&evaluation, &request.data, path, options);
    }
    Ok((evaluation, request.data))
}

/// Tells problems; those of an option alone are wrong usage.
fn told(problems: &[Problem], folder: Option<&Folder>, options: Options) -> Exit {
    let of_options = [operation::OPTION_RULES, operation::OPTION_CUTOFF];
    let is_usage = problems.iter().all(|problem| of_options.contains(&problem.file.as_str()));
    show::problems(problems, folder.filter(|_| !is_usage), options);
    show::json(problems, options);
    if is_usage { Exit::Usage } else { Exit::Input }
}

/// Tells problems of the protocol or the mapping.
fn input(
    problems: &[Problem],
    mut folder: Folder,
    request: &operation::Request,
    options: Options,
) -> Exit {
    if let Some((name, text)) = &request.mapping {
        folder.files.texts.insert(name.clone(), text.clone());
        if problems.iter().all(|problem| problem.file == *name) {
            folder.path = PathBuf::new();
        }
    }
    told(problems, Some(&folder), options)
}

/// Tells problems of the data.
fn of_data(
    found: &[operation::DataProblem],
    data: &[DataFile],
    path: &Path,
    options: Options,
) -> Exit {
    let shown = operation::shown(found, data);
    let folder = Folder { path: beside(path), files: shown.files };
    show::problems(&shown.problems, Some(&folder), options);
    if options.json {
        say_json(&json!({ "problems": found }));
    }
    Exit::Input
}

fn warnings(evaluation: &Evaluation, data: &[DataFile], path: &Path, options: Options) {
    if evaluation.warnings.is_empty() {
        return;
    }
    let shown = operation::shown(&evaluation.warnings, data);
    let folder = Folder { path: beside(path), files: shown.files };
    show::problems(&shown.problems, Some(&folder), options);
}

/// The folder that the names of files are shown in.
fn beside(path: &Path) -> PathBuf {
    if path.is_file() { path.parent().map(Path::to_owned).unwrap_or_default() } else { path.into() }
}

/// The files of a folder that may be tables, in order of their names; or one file. Of the result of
/// an evaluation the tables, in one of their formats.
pub(crate) fn read(path: &Path) -> Result<Vec<DataFile>, Vec<Problem>> {
    if path.join(RESULT).is_file() {
        return tables(&path.join("tables"), &["parquet"]);
    }
    tables(path, ENDINGS)
}

fn tables(path: &Path, endings: &[&str]) -> Result<Vec<DataFile>, Vec<Problem>> {
    let shown = path.display();
    if path.is_file() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        return Ok(vec![file(path, name).map_err(|problem| vec![problem])?]);
    }
    let Ok(entries) = fs::read_dir(path) else {
        let message = format!("there is no `{shown}`");
        let help = "name a folder with the tables of a study, or one table";
        return Err(vec![Problem::error("F101", "", "", message, help)]);
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| {
            let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
            !name.starts_with('.') && endings.contains(&ending.to_lowercase().as_str())
        })
        .collect();
    names.sort();
    if names.is_empty() {
        let message = format!("`{shown}` has no tables");
        let help = format!("a table is a file that ends in {}", endings.join(", "));
        return Err(vec![Problem::error("E102", "", "", message, help)]);
    }
    let mut problems = Vec::new();
    let mut files = Vec::new();
    for name in names {
        match file(&path.join(&name), name) {
            Ok(read) => files.push(read),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

fn file(path: &Path, name: String) -> Result<DataFile, Problem> {
    let cannot = |error: std::io::Error| {
        let message = format!("`{}` cannot be read: {error}", path.display());
        Problem::error("F102", &name, "", message, "is it a file that you may read?")
    };
    let length = fs::metadata(path).map_err(cannot)?.len();
    if length > LARGEST {
        let message =
            format!("the file has {} MB, at most {} are read", length >> 20, LARGEST >> 20);
        let help = "take away what is of no use for endpoints, or cut it by subject";
        return Err(Problem::error("E116", &name, "", message, help));
    }
    let bytes = fs::read(path).map_err(cannot)?;
    Ok(DataFile { name, bytes })
}

/// The mapping that was named, or that lies beside the data.
fn mapping(data: &Path, named: Option<&Path>) -> Result<Option<(String, String)>, Vec<Problem>> {
    let beside = data.join(MAPPING);
    let path = match named {
        Some(path) => path,
        None if beside.is_file() => &beside,
        None => return Ok(None),
    };
    let shown = path.display().to_string();
    fs::read_to_string(path).map(|text| Some((shown.clone(), text))).map_err(|error| {
        let message = format!("`{shown}` cannot be read: {error}");
        vec![Problem::error("F102", "", "", message, help_for(path))]
    })
}

/// The file by which a folder is known to be an earlier result.
const RESULT: &str = "evaluation.json";

/// Whether the result may be written there.
fn free(out: &Path, force: bool) -> Result<(), Exit> {
    let is_empty = fs::read_dir(out).map_or(true, |mut entries| entries.next().is_none());
    if (is_empty && !out.is_file()) || (force && out.join(RESULT).is_file()) {
        return Ok(());
    }
    let message = format!("`{}` is not empty", out.display());
    let help = "name another folder; `--force` replaces an earlier evaluation, nothing else";
    Err(refuse(Exit::Usage, &message, help))
}

/// The course of a subject, as text or as JSON.
fn explain(evaluation: &Evaluation, subject: &str, options: Options) -> Result<String, Exit> {
    let form = if options.json {
        Form::Json
    } else {
        Form::Text { width: 110, coloured: coloured_data(options) }
    };
    evaluation.explain(subject, form).map_err(|error| unknown(&error))
}

fn unknown(error: &operation::NoSuchSubject) -> Exit {
    refuse(Exit::Usage, &error.message, &error.help)
}

/// Writes the result beside its place and moves it there.
fn leave(evaluation: &Evaluation, explained: Option<&str>, out: &Path) -> Result<(), Exit> {
    let mut files = evaluation.files().map_err(|problem| {
        tell(&problem.to_string());
        Exit::Failed
    })?;
    if let Some(subject) = explained {
        files.push(evaluation.explanation(subject).map_err(|error| unknown(&error))?);
    }
    write::folder(out, files.iter().map(|file| (file.name.as_str(), file.bytes.as_slice())))
        .map_err(|error| {
            let message = format!("`{}` cannot be written: {error}", out.display());
            refuse(Exit::Input, &message, "is there space, and may you write there?")
        })
}
