//! Where records are taken from: those that come with the program, or others put beside them.

use std::cell::OnceCell;
use std::fmt;
use std::path::Path;

use registry::related::{Builder, Row, Segment, Vectors, Wanted, of_store, related};
use registry::store::Store;
use registry::{Record, bundled};

use crate::operation::trial_store;
use crate::problem::{Problem, help_with_nearest};

/// A record with where it came from.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The record.
    pub record: Record,
    /// Where it came from, in words.
    pub source: String,
    /// When it was brought here, as a date.
    pub imported: String,
}

/// Records that can be asked for.
#[derive(Debug)]
pub struct Shelf {
    held: Held,
    /// Made when it is first needed; none where a record of a store cannot be read.
    vectors: OnceCell<Option<Vectors>>,
}

enum Held {
    Bundled,
    Store(Box<Store>),
}

impl fmt::Debug for Held {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Bundled => "Bundled",
            Self::Store(_) => "Store",
        })
    }
}

impl Shelf {
    /// The records that come with the program.
    pub fn bundled() -> Self {
        Self { held: Held::Bundled, vectors: OnceCell::new() }
    }

    /// The records of a store.
    ///
    /// # Errors
    /// There is no store in the folder, or it cannot be read.
    pub fn open(folder: &Path) -> Result<Self, Vec<Problem>> {
        let store = trial_store::open(folder).map_err(|problem| vec![problem])?;
        Ok(Self { held: Held::Store(Box::new(store)), vectors: OnceCell::new() })
    }

    /// What has to be said with every record of it.
    pub fn notice(&self) -> &'static str {
        match self.held {
            Held::Bundled => bundled::NOTICE,
            Held::Store(_) => {
                "Source: ClinicalTrials.gov, U.S. National Library of Medicine, and other registries, as \
                 imported: contacts and officials are left out. The registry's own pages are current"
            }
        }
    }

    /// Records.
    pub fn count(&self) -> usize {
        match &self.held {
            Held::Bundled => bundled::records().len(),
            Held::Store(store) => store.count(),
        }
    }

    /// The record with an id; zeros may be missing, case is free.
    ///
    /// # Errors
    /// No record has that id, or it cannot be read.
    pub fn get(&self, typed: &str) -> Result<Entry, Vec<Problem>> {
        let id = registry::Key::read(typed).map_or_else(|| typed.to_owned(), |key| key.id);
        let found = match &self.held {
            Held::Bundled => bundled::records().get(&id).map(|record| Entry {
                record: record.clone(),
                source: bundled::SOURCE.to_owned(),
                imported: bundled::PROCESSED.to_owned(),
            }),
            Held::Store(store) => {
                let stored = store.get_by_id(&id);
                let stored = stored.map_err(|error| vec![trial_store::store_problem(&error)])?;
                stored.map(|stored| Entry {
                    record: stored.record,
                    source: stored.origin.source,
                    imported: stored.origin.imported,
                })
            }
        };
        found.ok_or_else(|| vec![self.unknown(typed, &id)])
    }

    fn unknown(&self, typed: &str, id: &str) -> Problem {
        let here = format!(
            "{} records are here; a record that you have as JSON is read by its file's name",
            self.count()
        );
        let help = match &self.held {
            Held::Bundled => {
                let near = help_with_nearest(id, bundled::records().keys().map(String::as_str));
                // Without a near one all would be listed.
                if near.len() < 200 { format!("{near}; {here}") } else { here }
            }
            Held::Store(_) => here,
        };
        Problem::error("R201", "", "", format!("no record here is called `{typed}`"), help)
    }

    /// The records most like one.
    pub fn related(&self, record: &Record, wanted: &Wanted) -> Vec<Row> {
        let vectors = self.vectors.get_or_init(|| self.vectors());
        let segment = vectors.as_ref().and_then(|vectors| Segment::open(vectors));
        let rows = segment.map(|segment| related(&segment, &record.json, wanted));
        rows.unwrap_or_default()
    }

    fn vectors(&self) -> Option<Vectors> {
        match &self.held {
            Held::Bundled => {
                let mut builder = Builder::default();
                for (id, record) in bundled::records() {
                    builder.add(id, &record.json);
                }
                Some(builder.finish().into())
            }
            Held::Store(store) => of_store(store).ok(),
        }
    }
}

/// Reads a record from the text of a file.
///
/// # Errors
/// Text that is no record.
pub fn read(text: &str, file: &str) -> Result<Entry, Vec<Problem>> {
    let record = Record::read(text).map_err(|error| {
        let help = "a record is JSON in the shape of the ClinicalTrials.gov API, version 2, one \
                    study per file";
        vec![Problem::error("R101", file, "", error.to_string(), help)]
    })?;
    Ok(Entry { record, source: file.to_owned(), imported: String::new() })
}
