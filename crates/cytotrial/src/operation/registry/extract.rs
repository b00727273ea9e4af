//! `registry extract`: the design parameters of a record, each with where it was read.

pub use registry::extract::{Parameter, Source};
use serde::Serialize;

use super::Entry;

/// The parameters.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The record.
    pub nct_id: String,
    /// Every parameter, stated or not.
    pub parameters: Vec<Parameter>,
}

/// Reads them.
pub fn run(entry: &Entry) -> Answer {
    let parameters = registry::extract::of(&entry.record.json);
    Answer { nct_id: entry.record.key.id.clone(), parameters }
}
