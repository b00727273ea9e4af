//! `registry audit`: what a record lacks for a design, and where it contradicts itself.

use registry::audit::{Audit, Finding, Need};
use serde::Serialize;

use super::Entry;

/// The findings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The record.
    pub nct_id: String,
    /// What a design needs, stated or not.
    pub needs: Vec<Need>,
    /// Where the record contradicts itself.
    pub contradictions: Vec<Finding>,
}

/// Looks a record through.
pub fn run(entry: &Entry) -> Answer {
    let Audit { needs, contradictions } = registry::audit::of(&entry.record.json);
    Answer { nct_id: entry.record.key.id.clone(), needs, contradictions }
}
