//! `registry related`: the trials most like one, with reasons and differences.

pub use registry::related::Preset;
use registry::related::{Difference, Wanted, differences};
use registry::{Record, enums};
use serde::Serialize;

use super::{Entry, Shelf};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Where trials are looked for.
    pub shelf: &'a Shelf,
    /// The record.
    pub entry: &'a Entry,
    /// Which trials.
    pub preset: Preset,
    /// Rows at most.
    pub rows: usize,
}

/// A trial like the one asked about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its number in the registry.
    pub nct_id: String,
    /// Its brief title, or the official one.
    pub title: String,
    /// Its status as the registry shows it; empty where it is not stated.
    pub status: String,
    /// Its phase as the registry shows it; empty where it is not stated.
    pub phase: String,
    /// Score, from 0 to about 2.
    pub score: f64,
    /// Why it is here, in words; never empty.
    pub reasons: Vec<String>,
    /// How it differs.
    pub differences: Vec<Difference>,
}

/// The trials.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The record asked about.
    pub nct_id: String,
    /// Which trials were looked at.
    pub preset: Preset,
    /// How many records were looked at.
    pub records: usize,
    /// The trials, the most alike first.
    pub rows: Vec<Row>,
    /// What has to be said with records of the registry.
    pub notice: String,
}

/// Looks for them.
pub fn run(request: &Request) -> Answer {
    let Request { shelf, entry, preset, rows } = *request;
    let wanted = Wanted { rows, preset, ..Wanted::default() };
    let found = shelf.related(&entry.record, &wanted);
    let row = |found: registry::related::Row| {
        let other = shelf.get(&found.key).ok()?;
        Some(Row {
            nct_id: found.key,
            title: title(&other.record),
            status: status(&other.record),
            phase: phase(&other.record),
            score: (f64::from(found.score) * 1e4).round() / 1e4,
            reasons: found.reasons.iter().map(registry::related::Reason::text).collect(),
            differences: differences(&entry.record.json, &other.record.json),
        })
    };
    Answer {
        nct_id: entry.record.key.id.clone(),
        preset,
        records: shelf.count(),
        rows: found.into_iter().filter_map(row).collect(),
        notice: shelf.notice().to_owned(),
    }
}

/// The title that a record is known by.
pub(super) fn title(record: &Record) -> String {
    let title = record.text_of("BriefTitle").or_else(|| record.text_of("OfficialTitle"));
    title.unwrap_or_default().trim().to_owned()
}

/// The status as the registry shows it.
pub(super) fn status(record: &Record) -> String {
    record.text_of("OverallStatus").map(|status| enums::shown("Status", status)).unwrap_or_default()
}

/// The phases as the registry shows them.
pub(super) fn phase(record: &Record) -> String {
    let phases = record.texts_of("Phase").into_iter();
    phases.map(|phase| enums::shown("Phase", phase)).collect::<Vec<_>>().join("/")
}
