//! `cytotrial registry export`: records of a store as JSON lines, one JSON document, or a table.

use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;
use cytotrial::operation::trial_store::{
    Prepared, Store, StoreError, api, query_problem, store_problem,
};
use cytotrial::problem::Problem;
use serde_json::json;

use super::store::{Asked, Place, refused};
use crate::terminal::{refuse, say, say_json};
use crate::{Exit, Options, write};

/// Write records of a store as JSON lines, as one page of JSON, or as a table
///
/// For example `cytotrial registry export --cond myeloma --to csv --out myeloma.csv`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    place: Place,
    /// Format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = To::Jsonl)]
    to: To,
    /// File to write; stdout unless given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the file where it exists
    #[arg(long)]
    force: bool,
}

/// Formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum To {
    /// A record per line, as the interface's second version has it
    Jsonl,
    /// One page with all records under `studies`
    Json,
    /// The thirty columns of the registry's own export
    Csv,
}

pub(super) fn run(arguments: &Arguments, options: Options) -> Exit {
    attempt(arguments, options).unwrap_or_else(|problem| refused(*problem, options))
}

fn attempt(arguments: &Arguments, options: Options) -> Result<Exit, Box<Problem>> {
    let mut query = arguments.asked.query()?;
    let store = arguments.place.open()?;
    query.limit = usize::MAX;
    let addresses = if query.expressions.is_empty() && query.sort.is_empty() {
        store.sorted()
    } else {
        let prepared = Prepared::new(&store, &query).map_err(|error| query_problem(&error))?;
        let found = prepared.search(&store).map_err(|error| query_problem(&error))?;
        found.hits.into_iter().map(|hit| hit.address).collect()
    };
    let count = addresses.len();
    let Some(path) = &arguments.out else {
        let mut bytes = Vec::new();
        pour(&store, addresses, arguments.to, &mut bytes).map_err(|error| told(&error))?;
        say(&String::from_utf8_lossy(&bytes));
        return Ok(Exit::Fine);
    };
    if path.exists() && !arguments.force {
        let message = format!("`{}` exists", path.display());
        return Ok(refuse(
            Exit::Usage,
            &message,
            "name another file, or replace it with `--force`",
        ));
    }
    write::in_pieces(path, |file| pour(&store, addresses, arguments.to, file))
        .map_err(|error| told(&error))?;
    if options.json {
        say_json(&json!({ "file": path, "records": count }));
    } else if !options.quiet {
        say(&format!("{count} records in `{}`\n", path.display()));
    }
    Ok(Exit::Fine)
}

fn told(error: &Poured) -> Problem {
    match error {
        Poured::Store(error) => store_problem(error),
        Poured::Write(error) => {
            let help = "is there space, and may you write there?";
            Problem::error("F102", "", "", format!("it cannot be written: {error}"), help)
        }
    }
}

/// Why records could not be written.
enum Poured {
    Store(StoreError),
    Write(std::io::Error),
}

impl From<std::io::Error> for Poured {
    fn from(error: std::io::Error) -> Self {
        Self::Write(error)
    }
}

impl From<StoreError> for Poured {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn pour(
    store: &Store,
    addresses: Vec<cytotrial::operation::trial_store::Address>,
    to: To,
    out: &mut dyn Write,
) -> Result<(), Poured> {
    if to == To::Json {
        out.write_all(b"{\"studies\":[")?;
    }
    for (index, stored) in store.records(addresses).enumerate() {
        let record = stored?.record;
        match to {
            To::Jsonl => writeln!(out, "{}", record.json)?,
            To::Json => write!(out, "{}\n{}", if index == 0 { "" } else { "," }, record.json)?,
            To::Csv => out.write_all(&api::csv_of(api::COLUMNS, &[record], index == 0))?,
        }
    }
    if to == To::Json {
        out.write_all(b"\n]}\n")?;
    }
    Ok(())
}
