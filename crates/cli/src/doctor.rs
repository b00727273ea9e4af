//! `cytotrial doctor`: whether this machine computes as it should, and can keep runs.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use cytotrial::operation::doctor::{Answer, Check, run as examine};
use serde_json::json;

use crate::terminal::{say, say_json};
use crate::{Exit, Options};

/// Compare this machine's numbers with reference numbers, and look whether runs can be kept
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder where runs are to be kept
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

/// A run of the usual size takes a few megabytes.
const NEEDED: u64 = 100 << 20;

pub(crate) fn run(arguments: &Arguments, options: Options) -> Exit {
    let answer = examine();
    let folder = folder(&arguments.folder);
    if options.json {
        let mut document = json!(answer);
        document["folder"] = json!(folder);
        document["passes"] = json!(answer.passes() && folder.iter().all(|check| check.passes));
        say_json(&document);
    } else {
        say(&told(&answer, &folder, options));
    }
    match (answer.passes(), folder.iter().all(|check| check.passes)) {
        (false, _) => Exit::NotReproduced,
        (true, false) => Exit::Failed,
        (true, true) => Exit::Fine,
    }
}

/// Whether the folder can be written, and how much room it has.
fn folder(folder: &Path) -> Vec<Check> {
    let shown = folder.display();
    let written = tempfile::tempfile_in(folder).and_then(|mut file| {
        file.write_all(&[0; 4096])?;
        file.sync_all()
    });
    let found = written.map_or_else(|error| error.to_string(), |()| "can be written".to_owned());
    let mut checks = vec![Check::same(&format!("folder `{shown}`"), "can be written", found)];
    if let Some(free) = free(folder) {
        checks.push(Check {
            name: format!("room in `{shown}`"),
            expected: format!("{} MB or more", NEEDED >> 20),
            found: format!("{} MB", free >> 20),
            passes: free >= NEEDED,
        });
    }
    checks
}

/// Bytes that may still be written, where the system says so.
fn free(folder: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let room = rustix::fs::statvfs(folder).ok()?;
        Some(room.f_bavail.saturating_mul(room.f_frsize))
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}

/// Characters of a column that are shown without `--verbose`.
const SHOWN: usize = 44;

fn told(answer: &Answer, folder: &[Check], options: Options) -> String {
    let mut text = String::new();
    let mut line = |words: &str| {
        writeln!(text, "{}", words.trim_end()).expect("a String takes every write");
    };
    line(&format!(
        "cytotrial {} on {} ({}), vectors: {}, {} threads",
        env!("CARGO_PKG_VERSION"),
        answer.architecture,
        std::env::consts::OS,
        answer.vectors.join(", "),
        answer.threads
    ));
    let short = |words: &str| match words.char_indices().nth(SHOWN) {
        Some((end, _)) if !options.verbose => format!("{}...", &words[..end - 3]),
        _ => words.to_owned(),
    };
    let checks: Vec<&Check> = answer.checks.iter().chain(folder).collect();
    let widest = checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
    line(&format!("{:6}  {:widest$}  {:SHOWN$}  found", "", "", "expected"));
    for check in &checks {
        let verdict = if check.passes { "ok" } else { "DIFFERS" };
        let (expected, found) = (short(&check.expected), short(&check.found));
        line(&format!("{verdict:7} {:widest$}  {expected:SHOWN$}  {found}", check.name));
    }
    let differing = checks.iter().filter(|check| !check.passes).count();
    line(&match differing {
        0 => "everything is as it should be".to_owned(),
        1 => "1 thing is not as it should be".to_owned(),
        count => format!("{count} things are not as they should be"),
    });
    text
}
