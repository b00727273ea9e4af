//! `cytotrial registry search`: records of a store that fit, in order, and why.

use cytotrial::operation::trial_store::{
    ATTRIBUTION, Evidence, Prepared, Store, Stored, enums, query_problem, store_problem,
};
use cytotrial::problem::Problem;
use serde_json::{Value, json};

use super::store::{Asked, Place, refused};
use crate::terminal::{say, say_json, tell, wrapped};
use crate::{Exit, Options};

/// Find records in a store by words, or by the registry's own query language, and say why each fits
///
/// Terms are found by their synonyms, too: headings of medical subjects, plurals, spellings. `AREA[..]`, `RANGE[..]`,
/// `MISSING`, `SEARCH[Location]`, `EXPANSION[..]` and `COVERAGE[..]` work as on the registry's site.
///
/// For example `cytotrial registry search "CAR-NK" --cond myeloma --phase 1,2 --why`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    place: Place,
    /// Most records shown
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    /// Records passed over
    #[arg(long, value_name = "N", default_value_t = 0)]
    offset: usize,
    /// Say why each record fits
    #[arg(long)]
    why: bool,
    /// Print the number of records that fit, and nothing else
    #[arg(long, conflicts_with_all = ["why", "limit", "offset"])]
    count: bool,
}

pub(super) fn run(arguments: &Arguments, options: Options) -> Exit {
    attempt(arguments, options).unwrap_or_else(|problem| refused(*problem, options))
}

fn attempt(arguments: &Arguments, options: Options) -> Result<Exit, Box<Problem>> {
    let mut query = arguments.asked.query()?;
    let store = arguments.place.open()?;
    query.offset = arguments.offset;
    query.limit = if arguments.count { 0 } else { arguments.limit };
    let prepared = Prepared::new(&store, &query).map_err(|error| query_problem(&error))?;
    let found = prepared.search(&store).map_err(|error| query_problem(&error))?;
    if arguments.count {
        if options.json {
            say_json(&json!({ "total": found.total }));
        } else {
            say(&format!("{}\n", found.total));
        }
        return Ok(Exit::Fine);
    }
    let mut rows = Vec::new();
    for hit in &found.hits {
        let stored = store.get(hit.address).map_err(|error| store_problem(&error))?;
        let why =
            if arguments.why || options.json { prepared.why(&stored.record) } else { Vec::new() };
        rows.push((stored, hit.score, why));
    }
    if options.json {
        let hits: Vec<Value> =
            rows.iter().map(|(stored, score, why)| json_of(stored, *score, why)).collect();
        say_json(
            &json!({ "total": found.total, "offset": arguments.offset, "hits": hits, "source": ATTRIBUTION }),
        );
        return Ok(Exit::Fine);
    }
    for (stored, _, why) in &rows {
        say(&row(stored, why));
    }
    if !options.quiet {
        tell(&last_line(&store, found.total, arguments.offset, rows.len()));
    }
    Ok(Exit::Fine)
}

fn last_line(store: &Store, total: usize, offset: usize, shown: usize) -> String {
    let range = match shown {
        0 => String::new(),
        _ => format!(", {} to {} shown", offset + 1, offset + shown),
    };
    format!("{total} of {} records fit{range}; {ATTRIBUTION}", store.count())
}

fn phase(stored: &Stored) -> String {
    let phases = stored.record.texts_of("Phase");
    phases.iter().map(|phase| enums::shown("Phase", phase)).collect::<Vec<_>>().join("/")
}

fn status(stored: &Stored) -> String {
    stored
        .record
        .text_of("OverallStatus")
        .map_or(String::new(), |status| enums::shown("Status", status))
}

fn row(stored: &Stored, why: &[Evidence]) -> String {
    let title = stored.record.text_of("BriefTitle").unwrap_or("(no title)");
    let or = |text: String, none: &str| if text.is_empty() { none.to_owned() } else { text };
    let (status, phase) = (or(status(stored), "no status"), or(phase(stored), "no phase"));
    let first = format!("{}  {status}; {phase}; ", stored.record.key.id);
    let mut text = wrapped(title, &first, "             ");
    text.push('\n');
    for reason in why {
        let derived =
            if reason.is_derived { ", heading derived from the record's words" } else { "" };
        let first = format!("    {} in {}{derived}: `{}`", reason.how, reason.piece, reason.term);
        let quote =
            if reason.quote.is_empty() { String::new() } else { format!(" \"{}\"", reason.quote) };
        text.push_str(&wrapped(&quote, &format!("{first} "), "      "));
        text.push('\n');
    }
    text
}

fn json_of(stored: &Stored, score: f64, why: &[Evidence]) -> Value {
    let why: Vec<Value> = why
        .iter()
        .map(|reason| {
            json!({
                "piece": reason.piece,
                "term": reason.term,
                "how": reason.how,
                "derived": reason.is_derived,
                "quote": reason.quote,
                "weight": reason.weight,
            })
        })
        .collect();
    json!({
        "id": stored.record.key.id,
        "title": stored.record.text_of("BriefTitle"),
        "status": stored.record.text_of("OverallStatus"),
        "phases": stored.record.texts_of("Phase"),
        "score": score,
        "why": why,
        "origin": stored.origin.to_json(),
    })
}
