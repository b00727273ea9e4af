//! `cytotrial registry`: trial records on one's own disk, imported, searched, served, compared, shown,
//! audited, and read for designs and rates.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::Subcommand;
use cytotrial::operation::registry::{Entry, Shelf, read};
use cytotrial::problem::Problem;

use crate::{Exit, Options, show as problems};

mod audit;
mod diff;
mod export;
mod extract;
mod import;
mod list;
mod rates;
mod related;
mod search;
mod serve;
mod show;
mod store;

/// Longer files are refused before they are read.
const LONGEST: u64 = 64 << 20;

/// Import, search, serve, show, audit and compare trial records, and read designs and rates from them
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Import(import::Arguments),
    List(list::Arguments),
    Search(Box<search::Arguments>),
    Export(Box<export::Arguments>),
    Serve(serve::Arguments),
    Diff(diff::Arguments),
    Show(show::Arguments),
    Audit(audit::Arguments),
    Related(related::Arguments),
    Extract(extract::Arguments),
    Rates(rates::Arguments),
}

pub(crate) fn run(arguments: &Arguments, options: Options) -> Exit {
    match &arguments.verb {
        Verb::Import(arguments) => import::run(arguments, options),
        Verb::List(arguments) => list::run(arguments, options),
        Verb::Search(arguments) => search::run(arguments, options),
        Verb::Export(arguments) => export::run(arguments, options),
        Verb::Serve(arguments) => serve::run(arguments, options),
        Verb::Diff(arguments) => diff::run(arguments, options),
        Verb::Show(arguments) => show::run(arguments, options),
        Verb::Audit(arguments) => audit::run(arguments, options),
        Verb::Related(arguments) => related::run(arguments, options),
        Verb::Extract(arguments) => extract::run(arguments, options),
        Verb::Rates(arguments) => rates::run(arguments, options),
    }
}

/// Where records are taken from.
#[derive(Debug, clap::Args)]
struct Source {
    /// Folder of the store; without it the store in `registry`, and the bundled records where there is none
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
}

impl Source {
    fn shelf(&self) -> Result<Shelf, Vec<Problem>> {
        if let Some(folder) = &self.store {
            return Shelf::open(folder);
        }
        match Shelf::open(Path::new("registry")) {
            // There is none.
            Err(problems) if problems.iter().any(|problem| problem.code == "R301") => {
                Ok(Shelf::bundled())
            }
            other => other,
        }
    }
}

/// A record that a verb is about, and where records are taken from.
#[derive(Debug, clap::Args)]
struct One {
    /// A record's number, its JSON file, or - for one on stdin
    #[arg(value_name = "NCT|FILE.json")]
    record: String,
    #[command(flatten)]
    source: Source,
}

impl One {
    /// Hands the shelf and the record to a verb, or says why there is none.
    fn with(&self, options: Options, verb: impl FnOnce(&Shelf, &Entry) -> Exit) -> Exit {
        let shelf = match self.source.shelf() {
            Ok(shelf) => shelf,
            Err(problems) => return refused(&problems, options),
        };
        match entry(&shelf, &self.record) {
            Ok(entry) => verb(&shelf, &entry),
            Err(problems) => refused(&problems, options),
        }
    }
}

/// A record by its number, its file's name, or `-` for one on stdin.
fn entry(shelf: &Shelf, from: &str) -> Result<Entry, Vec<Problem>> {
    let unreadable = |why: String| {
        let message = format!("`{from}` cannot be read: {why}");
        vec![Problem::error(
            "F102",
            "",
            "",
            message,
            "name a record as a JSON file that you may read",
        )]
    };
    if from == "-" {
        let mut text = String::new();
        let read_all = io::stdin().take(LONGEST).read_to_string(&mut text);
        read_all.map_err(|error| unreadable(error.to_string()))?;
        return read(&text, "stdin");
    }
    let is_path = Path::new(from).exists() || from.contains(['/', '\\', '.']);
    if !is_path {
        return shelf.get(from);
    }
    let length = fs::metadata(from).map_or(0, |about| about.len());
    if length > LONGEST {
        return Err(unreadable(format!("it is longer than {} MiB", LONGEST >> 20)));
    }
    let text = fs::read_to_string(from).map_err(|error| unreadable(error.to_string()))?;
    read(&text, from)
}

/// Tells problems, and how the command ends with them.
fn refused(found: &[Problem], options: Options) -> Exit {
    problems::problems(found, None, options);
    problems::json(found, options);
    problems::exit(found)
}
