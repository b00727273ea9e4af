//! `cytotrial registry diff`: what changed between two imports, or between two files or stores.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use cytotrial::operation::trial_store::{
    Difference, ImportRequest, Store, import, open, store_problem,
};
use cytotrial::problem::Problem;
use serde_json::Value;

use super::store::{Place, refused};
use crate::terminal::{refuse, say, say_json, tell, wrapped};
use crate::{Exit, Options};

/// Say what changed between two imports, or between two files, folders or stores
///
/// Without files it is the last import into the store: status, dates, enrolment, endpoints, design,
/// arms, eligibility, places.
///
/// For example `cytotrial registry diff old.jsonl.gz new.jsonl.gz`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Records before: a file, a folder, or a store
    #[arg(value_name = "BEFORE", requires = "after")]
    before: Option<PathBuf>,
    /// Records after
    #[arg(value_name = "AFTER")]
    after: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// Compare with the store as it was after this import
    #[arg(long, value_name = "IMPORT", conflicts_with = "before")]
    since: Option<u64>,
    /// Show only these records
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    only: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, options: Options) -> Exit {
    attempt(arguments, options).unwrap_or_else(|problem| refused(*problem, options))
}

fn attempt(arguments: &Arguments, options: Options) -> Result<Exit, Box<Problem>> {
    let mut difference = if let (Some(before), Some(after)) = (&arguments.before, &arguments.after)
    {
        for path in [before, after] {
            if !path.exists() {
                let message = format!("there is no `{}`", path.display());
                return Ok(refuse(
                    Exit::Usage,
                    &message,
                    "name a file, a folder or a store with records",
                ));
            }
        }
        let (before, after) = (Opened::of(before, options)?, Opened::of(after, options)?);
        Difference::of_stores(&before.store, &after.store).map_err(|error| store_problem(&error))?
    } else {
        let store = arguments.place.open()?;
        let last = store.imports().last().map_or(0, |line| line.number);
        let since = arguments.since.unwrap_or(last.saturating_sub(1));
        if since >= last.max(1) {
            let message = format!("there is no import after import {since}; the last is {last}");
            return Ok(refuse(Exit::Usage, &message, "`registry list` shows the imports"));
        }
        if last == 1 && !options.quiet {
            tell("import 1 is the first: its records are not counted as new");
        }
        Difference::of_imports(&store, since, last).map_err(|error| store_problem(&error))?
    };
    if !arguments.only.is_empty() {
        let is_asked =
            |id: &String| arguments.only.iter().any(|only| only.eq_ignore_ascii_case(id));
        difference.added.retain(is_asked);
        difference.removed.retain(is_asked);
        difference.changed.retain(|id, _| is_asked(id));
    }
    if options.json {
        say_json(&difference.to_json());
    } else {
        say(&text(&difference));
    }
    Ok(Exit::Fine)
}

/// A store, or one made for the while from files.
struct Opened {
    store: Store,
    _folder: Option<tempfile::TempDir>,
}

impl Opened {
    fn of(path: &Path, options: Options) -> Result<Self, Box<Problem>> {
        if path.join("manifest.json").exists() {
            return Ok(Self { store: open(path)?, _folder: None });
        }
        let folder = tempfile::tempdir().map_err(|error| {
            let message = format!("no folder can be made for the while: {error}");
            Box::new(Problem::error("F102", "", "", message, "is there space?"))
        })?;
        let request = ImportRequest {
            store: folder.path().to_owned(),
            sources: vec![path.to_owned()],
            now: String::new(),
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            with_bundled: false,
            segment_bytes: 0,
        };
        let imported = import(&request, &|_| true)?;
        if imported.line.damaged > 0 && !options.quiet {
            tell(&format!(
                "{} records of `{}` could not be read",
                imported.line.damaged,
                path.display()
            ));
        }
        Ok(Self { store: open(folder.path())?, _folder: Some(folder) })
    }
}

fn text(difference: &Difference) -> String {
    let mut text = String::new();
    for id in &difference.added {
        let _ = writeln!(text, "{id}  new");
    }
    for id in &difference.removed {
        let _ = writeln!(text, "{id}  gone");
    }
    for (id, changes) in &difference.changed {
        let _ = writeln!(text, "{id}");
        if changes.is_empty() {
            text.push_str("  something that is not compared\n");
        }
        for change in changes {
            let line =
                format!("{}: {} -> {}", change.piece, shown(&change.before), shown(&change.after));
            text.push_str(&wrapped(&line, &format!("  {}: ", change.what), "    "));
            text.push('\n');
        }
    }
    let _ = writeln!(
        text,
        "{} new, {} gone, {} changed",
        difference.added.len(),
        difference.removed.len(),
        difference.changed.len()
    );
    text
}

/// Letters of a value that are shown.
const LONGEST: usize = 160;

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{key} `{}`", shown(value)));
            entries.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    if text.chars().count() > LONGEST {
        text.chars().take(LONGEST).chain("...".chars()).collect()
    } else {
        text
    }
}
