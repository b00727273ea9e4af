//! `cytotrial report`: the report of a run for any reader, in any form, without simulating again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::ValueEnum;
use cytotrial::operation::report::{Answer, Audience as Reader, Form, Request, run as make};
use cytotrial::problem::Problem;
use cytotrial::run_folder::{PAGE, REPORT};
use serde_json::json;

use crate::folder::help_for;
use crate::terminal::{coloured_data, refuse, say, say_json, tell};
use crate::{Exit, Options, evaluate, show, write};

/// Print, write or open the report of a run; nothing is simulated
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Run folder, a trial folder of which the newest complete run is taken, or the folder of an
    /// evaluation (`evaluate --out`); with --protocol a folder of patient-level data
    #[arg(value_name = "RUN|DATA", default_value = ".")]
    path: PathBuf,
    /// Trial folder or trial file by which patient-level data are judged
    #[arg(long, value_name = "FILE")]
    protocol: Option<PathBuf>,
    /// Whom it is for; the audience in `compare.toml` unless given
    #[arg(long, value_enum, value_name = "WHO")]
    audience: Option<Audience>,
    /// Form; by the ending of FILE, a page with --open, otherwise text
    #[arg(long, value_enum, value_name = "FORM")]
    to: Option<To>,
    /// Write to a file outside the run; stdout unless given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long, requires = "out")]
    force: bool,
    /// Open the page in a browser; one that the run does not hold goes to FILE or a temporary file
    #[arg(long)]
    open: bool,
}

/// Readers.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Audience {
    /// What may happen to patients, and how sure that is
    Clinician,
    /// Distributions, differences, what moves the result
    Statistician,
    /// Everything
    Reviewer,
}

/// Forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum To {
    /// One self-contained page
    Html,
    /// Markdown
    Markdown,
    /// One JSON document, each figure with its data
    Json,
    /// Plain text
    Text,
}

impl Audience {
    fn wanted(self) -> Reader {
        match self {
            Self::Clinician => Reader::Clinician,
            Self::Statistician => Reader::Statistician,
            Self::Reviewer => Reader::Reviewer,
        }
    }
}

pub(crate) fn run(arguments: &Arguments, options: Options) -> Exit {
    let to = match form(arguments, options) {
        Ok(to) => to,
        Err(message) => {
            return refuse(Exit::Usage, &message, "the forms are html, markdown, json and text");
        }
    };
    if arguments.open && to != To::Html {
        return refuse(Exit::Usage, "only a page can be opened", "leave out `--to`");
    }
    let (place, text) = match found(arguments, options) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    if let Some(out) = &arguments.out
        && let Some(exit) = refused(out, &place, arguments)
    {
        return exit;
    }
    let request = Request {
        text,
        file: place.join(REPORT).display().to_string(),
        audience: arguments.audience.map(Audience::wanted),
        form: match to {
            To::Html => Form::Html,
            To::Markdown => Form::Markdown,
            To::Json => Form::Json,
            To::Text => Form::Text {
                width: 96,
                coloured: arguments.out.is_none() && coloured_data(options),
            },
        },
    };
    let answer = match make(&request) {
        Ok(answer) => answer,
        Err(problems) => {
            show::problems(&problems, None, options);
            show::json(&problems, options);
            return Exit::Input;
        }
    };
    if arguments.out.is_none() && !arguments.open {
        say(&answer.text);
        return Exit::Fine;
    }
    deliver(arguments, &place, &answer, options)
}

/// Writes the report to its file, and opens it if asked to.
fn deliver(arguments: &Arguments, place: &Path, answer: &Answer, options: Options) -> Exit {
    let file = match written(arguments, place, answer) {
        Ok(file) => file,
        Err(error) => {
            let shown = arguments.out.clone().unwrap_or_else(std::env::temp_dir);
            let message = format!("the report cannot be written to `{}`: {error}", shown.display());
            let problem = Problem::error("F303", "", "", message, "name another file with --out");
            show::problems(std::slice::from_ref(&problem), None, options);
            show::json(&[problem], options);
            return Exit::Failed;
        }
    };
    let opened = arguments.open.then(|| open::that(&file).is_ok());
    if options.json {
        say_json(&json!({
            "run": place, "audience": answer.audience.word(), "file": file, "opened": opened,
        }));
    } else {
        say(&format!("report: {}\n", file.display()));
    }
    if opened == Some(false) && !options.quiet {
        tell("no browser could be started; open the file by hand");
    }
    Exit::Fine
}

/// The form that the options ask for.
fn form(arguments: &Arguments, options: Options) -> Result<To, String> {
    if let Some(to) = arguments.to {
        return Ok(to);
    }
    let Some(out) = &arguments.out else {
        return Ok(match (arguments.open, options.json) {
            (true, _) => To::Html,
            (false, true) => To::Json,
            (false, false) => To::Text,
        });
    };
    match out.extension().and_then(|ending| ending.to_str()) {
        Some("html" | "htm") => Ok(To::Html),
        Some("md") => Ok(To::Markdown),
        Some("json") => Ok(To::Json),
        Some("txt") => Ok(To::Text),
        _ => Err(format!("the ending of `{}` names no form: add `--to`", out.display())),
    }
}

/// Refuses a file that is there, and any inside a run.
fn refused(out: &Path, place: &Path, arguments: &Arguments) -> Option<Exit> {
    let shown = out.display();
    let folder = out.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize();
    if let (Ok(folder), Ok(place)) = (folder, place.canonicalize())
        && arguments.protocol.is_none()
        && folder.starts_with(place)
    {
        let message = format!("`{shown}` is inside the run, and a run is never changed");
        return Some(refuse(Exit::Usage, &message, "name a file outside the run folder"));
    }
    if out.exists() && !arguments.force {
        let message = format!("`{shown}` is there already");
        return Some(refuse(Exit::Usage, &message, "choose another file, or `--force`"));
    }
    None
}

/// Puts the report where it can be opened: the file asked for, the run's own page when it is that
/// one, otherwise a file in the system's folder for temporary files.
fn written(arguments: &Arguments, place: &Path, answer: &Answer) -> std::io::Result<PathBuf> {
    if let Some(out) = &arguments.out {
        write::whole(out, answer.text.as_bytes())?;
        return Ok(out.clone());
    }
    let own = place.join(PAGE);
    if answer.is_own && arguments.protocol.is_none() && own.is_file() {
        return Ok(own);
    }
    let prefix = format!("cytotrial-{}-", answer.audience.word());
    let file = tempfile::Builder::new().prefix(&prefix).suffix(".html").tempfile()?;
    fs::write(file.path(), &answer.text)?;
    let (_, path) = file.keep().map_err(|error| error.error)?;
    Ok(path)
}

/// The folder that is reported, and its report: kept in a run, made of data.
fn found(arguments: &Arguments, options: Options) -> Result<(PathBuf, String), Exit> {
    if let Some(protocol) = &arguments.protocol {
        let text = evaluate::for_report(&arguments.path, protocol, options)?;
        return Ok((arguments.path.clone(), text));
    }
    kept(&arguments.path).map_err(|problem| {
        show::problems(std::slice::from_ref(&problem), None, options);
        show::json(&[problem], options);
        Exit::Input
    })
}

/// The run that a path means, and its kept report.
fn kept(path: &Path) -> Result<(PathBuf, String), Problem> {
    let shown = path.display();
    let folder = if path.is_file() { path.parent().unwrap_or(path) } else { path };
    if !path.exists() {
        let message = format!("there is no `{shown}`");
        return Err(Problem::error("F101", "", "", message, help_for(path)));
    }
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Some(place) = newest(folder) else {
        let message = format!("`{shown}` holds no complete run");
        let is_data = evaluate::read(folder).is_ok();
        let help = if is_data {
            format!("`cytotrial report {shown} --protocol FILE` reports patient-level data")
        } else {
            format!("`cytotrial simulate {shown}` makes one")
        };
        return Err(Problem::error("F301", "", "", message, help));
    };
    let file = place.join(REPORT);
    let text = fs::read_to_string(&file).map_err(|error| {
        let message = format!("`{}` cannot be read: {error}", file.display());
        let help = "a run of this version holds that file; `cytotrial simulate` makes one";
        Problem::error("F302", "", "", message, help)
    })?;
    Ok((place, text))
}

/// The folder itself when it is a run, else the newest complete run below it.
pub(crate) fn newest(folder: &Path) -> Option<PathBuf> {
    if is_complete(folder) {
        return Some(folder.to_owned());
    }
    let mut runs: Vec<(SystemTime, PathBuf)> = Vec::new();
    for place in [folder.join("runs"), folder.to_owned()] {
        for entry in fs::read_dir(place).into_iter().flatten().flatten() {
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            let path = entry.path();
            if hidden || !is_complete(&path) {
                continue;
            }
            let about = fs::metadata(path.join("run.json")).and_then(|about| about.modified());
            runs.push((about.unwrap_or(SystemTime::UNIX_EPOCH), path));
        }
    }
    runs.into_iter().max().map(|(_, path)| path)
}

/// A run, or what `evaluate --out` left; both appear whole.
fn is_complete(folder: &Path) -> bool {
    ["run.json", "evaluation.json"].iter().any(|file| folder.join(file).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_complete_run_counts() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str, age: u64| {
            let place = folder.path().join("runs").join(name);
            fs::create_dir_all(&place).unwrap();
            let file = fs::File::create(place.join("run.json")).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(age))
                .unwrap();
            place
        };
        assert_eq!(newest(folder.path()), None);
        make("aaaa", 100);
        let latest = make("bbbb", 300);
        make("cccc", 200);
        make(".draft", 400);
        fs::create_dir_all(folder.path().join("runs/dddd")).unwrap();
        assert_eq!(newest(folder.path()), Some(latest.clone()));
        assert_eq!(newest(&latest), Some(latest));
    }
}
