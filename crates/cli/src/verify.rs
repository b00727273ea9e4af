//! `cytotrial verify`: a run is repeated and compared with itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use cytotrial::ledger::Event;
use cytotrial::operation::verify::{Answer, Request, VerifyError, run as verify};
use cytotrial::problem::Problem;
use serde_json::json;

use crate::run::{self, Watched, ledger};
use crate::terminal::{say, say_json, tell};
use crate::{Exit, Options, show};

/// Repeat a run from its own inputs and compare every byte
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder of a complete run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Threads; results do not depend on their number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

pub(crate) fn run(arguments: &Arguments, options: Options) -> Exit {
    attempt(arguments, options).unwrap_or_else(|exit| exit)
}

fn attempt(arguments: &Arguments, options: Options) -> Result<Exit, Exit> {
    let folder = &arguments.run;
    let files = read(folder).map_err(|error| {
        let message = format!("`{}` cannot be read: {error}", folder.display());
        let help = "name the folder of a complete run, such as TRIAL/runs/NAME";
        refused(&[Problem::error("F102", "", "", message, help)], options)
    })?;
    let pool = run::pool(arguments.threads, options)?;
    let watch = Watched::new(options);
    let answer =
        pool.install(|| verify(&Request { files }, &watch)).map_err(|error| match error {
            VerifyError::Input(problems) => refused(&problems, options),
            VerifyError::Cancelled => {
                tell("stopped; nothing was found out");
                Exit::Stopped
            }
        })?;
    let is_reproduced = answer.is_reproduced();
    let noted = note_in_ledger(folder, &answer);
    if options.json {
        let mut document = json!(answer);
        document["reproduced"] = json!(is_reproduced);
        document["noted_in_ledger"] = json!(noted.is_ok());
        say_json(&document);
    } else {
        say(&told(&answer));
    }
    if let Err(why) = noted
        && !options.quiet
    {
        tell(&format!("this outcome is not noted in the ledger: {why}"));
    }
    Ok(if is_reproduced { Exit::Fine } else { Exit::NotReproduced })
}

fn refused(problems: &[Problem], options: Options) -> Exit {
    show::problems(problems, None, options);
    show::json(problems, options);
    Exit::Input
}

/// Every file below the folder by its name, with `/`.
fn read(folder: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut open = vec![(folder.to_owned(), String::new())];
    while let Some((path, below)) = open.pop() {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let name = format!("{below}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                open.push((entry.path(), format!("{name}/")));
            } else {
                files.insert(name, fs::read(entry.path())?);
            }
        }
    }
    Ok(files)
}

/// Adds the outcome to the ledger. One whose chain is broken is left as it was found.
fn note_in_ledger(folder: &Path, answer: &Answer) -> Result<(), String> {
    if answer.ledger.is_none() {
        return Err("its chain is broken".to_owned());
    }
    let details = json!({
        "reproduced": answer.is_reproduced(), "differences": answer.differences.len(),
    });
    ledger::add(folder, Event::Verified, &details).map_err(|error| error.to_string())
}

fn told(answer: &Answer) -> String {
    let mut lines = vec![format!("run {}, made by cytotrial {}", answer.run, answer.version)];
    if let Some(count) = answer.ledger {
        lines.push(format!("ledger: {count} lines, the chain holds"));
    }
    lines.push(format!("hashes: {} files compared with run.json", answer.files));
    lines.push(match answer.repeated {
        Some(count) => format!("repeated from its inputs: {count} files compared byte by byte"),
        None => "not repeated: its inputs are not those that were run".to_owned(),
    });
    for difference in &answer.differences {
        let place = difference.line.map_or(String::new(), |line| format!(":{line}"));
        lines.push(format!("  {}{place}: {}", difference.file, difference.what));
    }
    if answer.version != env!("CARGO_PKG_VERSION") {
        lines.push(format!(
            "this is cytotrial {}: another version may well give other bytes",
            env!("CARGO_PKG_VERSION")
        ));
    }
    lines.push(match answer.differences.len() {
        0 if answer.is_reproduced() => "reproduced: every byte is the same".to_owned(),
        1 => "not reproduced: 1 difference".to_owned(),
        count => format!("not reproduced: {count} differences"),
    });
    lines.join("\n") + "\n"
}
