//! A site's tables to a study: columns by their names, units converted, dates to elapsed days.
//!
//! The anchor is the first infusion: it is day 0. Study days (no day 0) count from the reference
//! date where there is one, else from the infusion. Every problem is found in one pass, with file,
//! row, column and subject.

use crate::check;
use crate::problem::{Problem, any_error};
use crate::study::Study;
use crate::terms::Analyte;
use std::collections::{BTreeMap, BTreeSet};

mod cut;
mod days;
mod doses;
mod events;
mod findings;
mod mapping;
pub mod origins;
mod responses;
pub mod roles;
mod scale;
pub mod sheet;
mod subjects;
mod synonyms;
pub mod time;
pub mod units;
mod visit_numbers;
mod visits;

pub use mapping::{Mapping, propose};
pub use origins::{Origins, Place};
pub use responses::COMPUTED;
pub use roles::Kind;
pub use sheet::Sheet;

use days::Anchor;
use sheet::Reader;

/// A study, where each of its rows comes from, and what should be looked at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Imported {
    /// The study.
    pub study: Study,
    /// Where its rows come from.
    pub origins: Origins,
    /// Date of each subject's first infusion, where the data have dates.
    pub infusions: Vec<Option<time::Moment>>,
    /// Whether there is a table of adverse events: without one nobody can tell that there were none.
    pub has_events: bool,
    /// Warnings.
    pub warnings: Vec<Problem>,
}

/// The study in a site's tables.
///
/// # Errors
/// Every problem, warnings included, when one of them is an error.
pub fn study_of(sheets: &[Sheet], mapping: &Mapping) -> Result<Imported, Vec<Problem>> {
    let mut import = Import::new(mapping);
    import.origins.files = sheets.iter().map(origins::FileOrigin::of).collect();
    let readers = import.readers(sheets);
    let has_events = readers.iter().any(|reader| reader.kind == Kind::Events);
    import.subjects(&readers);
    import.infusions(&readers);
    import.place_subjects();
    import.all_rows(&readers);
    import.finish_subjects();
    import.study.remarks.sort();
    let mut problems = import.problems;
    problems.extend(check::problems_at(&import.study, Some(&import.origins)));
    if any_error(&problems) {
        return Err(problems);
    }
    let Import { study, origins, anchors, .. } = import;
    let infusions = anchors.iter().map(|anchor| anchor.infusion).collect();
    Ok(Imported { study, origins, infusions, has_events, warnings: problems })
}

/// So many problems are told; rows after them are not looked at.
const MOST_PROBLEMS: usize = 100_000;

/// Work in progress.
struct Import<'m> {
    mapping: &'m Mapping,
    study: Study,
    origins: Origins,
    problems: Vec<Problem>,
    /// Row of each subject.
    rows: BTreeMap<String, u32>,
    /// What is known of each subject beside the study.
    anchors: Vec<Anchor>,
    /// Whether there is a table of subjects: then others may not bring new ones.
    has_subjects: bool,
    /// Rows with an order of their own, so that a study comes back as it was written.
    orders: Vec<i64>,
    /// Subjects without an infusion whose rows cannot be placed in time.
    unplaced: BTreeSet<u32>,
    /// Subjects whose involved light chain is told.
    chains: BTreeSet<u32>,
    /// Values by file, analyte and unit, to see units taken for others.
    scales: scale::Scales,
    /// Numbers of visits, to see those that contradict the days.
    visit_numbers: visit_numbers::VisitNumbers,
}

impl<'m> Import<'m> {
    fn new(mapping: &'m Mapping) -> Self {
        Self {
            mapping,
            study: Study::default(),
            origins: Origins::default(),
            problems: Vec::new(),
            rows: BTreeMap::new(),
            anchors: Vec::new(),
            has_subjects: false,
            orders: Vec::new(),
            unplaced: BTreeSet::new(),
            chains: BTreeSet::new(),
            scales: scale::Scales::default(),
            visit_numbers: visit_numbers::VisitNumbers::default(),
        }
    }

    /// Every sheet that holds something of use, with its columns.
    fn readers<'a>(&mut self, sheets: &'a [Sheet]) -> Vec<Reader<'a>> {
        let mut readers = Vec::new();
        for (place, sheet) in sheets.iter().enumerate() {
            let names: Vec<String> =
                sheet.table.columns.iter().map(|field| roles::plain(&field.name)).collect();
            let told = self.mapping.files.get(&sheet.file).copied();
            let Some(kind) = told.or_else(|| roles::kind_of(&sheet.table.name, &names)) else {
                let message = format!("nothing known is in `{}`; it is not used", sheet.file);
                let help = "say what it holds in mapping.toml under [files], or take it away";
                let problem = Problem::error("E102", &sheet.file, message).helped(help);
                self.problems.push(problem.as_warning());
                continue;
            };
            if kind == Kind::Unused {
                continue;
            }
            let named = self.mapping.columns.get(&sheet.file);
            readers.push(Reader::new(place as u32, sheet, kind, named, &mut self.problems));
        }
        if readers.is_empty() && self.problems.iter().all(|problem| problem.code != "E117") {
            let help = "a folder has at least a table of visits or of results, and one of subjects";
            let message = "no table here holds patient-level data";
            self.problems.push(Problem::error("E102", "", message).helped(help));
        }
        readers
    }

    fn all_rows(&mut self, readers: &[Reader<'_>]) {
        for reader in readers {
            match reader.kind {
                Kind::Results => self.results(reader),
                Kind::Visits => self.visits(reader),
                Kind::Doses => self.doses(reader),
                Kind::Events => self.events(reader),
                Kind::Responses => self.responses(reader),
                Kind::Subjects | Kind::Unused => {}
            }
        }
        let scales = std::mem::take(&mut self.scales);
        self.problems.extend(scales.problems(&self.origins));
        let numbers = std::mem::take(&mut self.visit_numbers);
        self.problems.extend(numbers.problems(&self.study.subjects.id, &self.origins));
        self.in_written_order();
    }

    /// Findings in the order that they say themselves, where they do.
    fn in_written_order(&mut self) {
        let orders = std::mem::take(&mut self.orders);
        if orders.is_sorted() {
            return;
        }
        let mut places: Vec<usize> = (0..orders.len()).collect();
        places.sort_by_key(|&at| orders[at]);
        let findings = &mut self.study.findings;
        let reorder = |values: &[f64]| places.iter().map(|&at| values[at]).collect();
        findings.day = reorder(&findings.day);
        findings.value = reorder(&findings.value);
        findings.subject = places.iter().map(|&at| findings.subject[at]).collect();
        findings.analyte = places.iter().map(|&at| findings.analyte[at]).collect();
        findings.below_limit = places.iter().map(|&at| findings.below_limit[at]).collect();
        let from = &mut self.origins.findings;
        *from = places.iter().map(|&at| from[at]).collect();
    }

    /// The row of the subject that a row names; a subject that is nowhere told of is a problem, or
    /// is new where there is no table of subjects.
    fn subject_of(&mut self, reader: &Reader<'_>, row: usize) -> Option<u32> {
        if self.problems.len() >= MOST_PROBLEMS {
            if self.problems.len() == MOST_PROBLEMS {
                let message = format!("more than {MOST_PROBLEMS} problems; the rest is not told");
                self.problems.push(reader.sheet.wrong("E116", row, message));
            }
            return None;
        }
        let id = subjects::id_in(reader, row);
        if id.is_empty() {
            let message = "the row names no subject".to_owned();
            self.problems.push(reader.wrong("E111", row, "subject", message));
            return None;
        }
        if let Some(&at) = self.rows.get(id.as_ref()) {
            return Some(at);
        }
        if self.has_subjects {
            let known = self.rows.len();
            let message = format!("subject `{id}` is not among the {known} subjects");
            let help = "add the subject to the table of subjects, or correct the identifier";
            self.problems.push(reader.wrong("E111", row, "subject", message).helped(help));
            return None;
        }
        Some(self.new_subject(id.as_ref(), Place::new(reader.place, row, 0)))
    }

    fn push_finding(&mut self, found: Found) {
        let Found { subject, analyte, day, value, below_limit, place, order } = found;
        self.study.findings.push(subject, analyte, day, value, below_limit);
        self.origins.findings.push(place);
        self.orders.push(order);
        self.anchors[subject as usize].seen(day);
    }
}

/// A value on its way into the study.
#[derive(Clone, Copy)]
struct Found {
    subject: u32,
    analyte: Analyte,
    day: f64,
    value: f64,
    below_limit: bool,
    place: Place,
    order: i64,
}
