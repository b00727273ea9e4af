//! The report: one section per file, in the order in which a clinician reads.

use evaluate::Outcomes;
use records::Study;
use report::{Block, Document};

use crate::audit::Audit;
use crate::operation::simulate::Simulation;
use crate::protocol::read::sources::Sourced;
use crate::targets::Target;

mod parts;
mod readings;
mod subjects;
mod words;

/// What sections are made from.
pub struct Material<'a> {
    /// The simulation.
    pub simulation: &'a Simulation,
    /// What the record states, leaves open, contradicts; absent without a record.
    pub audit: Option<&'a Audit>,
    /// Published results.
    pub targets: &'a [Target],
    /// Every value with its source.
    pub values: &'a [Sourced],
    /// Hash of the run's inputs and options.
    pub identity: &'a str,
    /// The command that repeats the run.
    pub command: &'a str,
}

impl Material<'_> {
    /// The study and outcomes of an arm in the first replicate.
    fn first(&self, arm: usize) -> Option<&(Study, Outcomes)> {
        self.simulation.replicates.first()?.arms.get(arm)?.study.as_ref()
    }
}

macro_rules! sections {
    ($($name:ident),* $(,)?) => {
        $(pub mod $name;)*
        /// Every section in the order of the report.
        pub const ALL: &[fn(&Material<'_>) -> Vec<Block>] = &[$($name::blocks),*];
    };
}
sections![
    answer,
    synopsis,
    efficacy,
    cells,
    safety,
    escalation,
    survival,
    funnel,
    differences,
    published,
    population,
    provenance,
    reproduce
];

/// The whole report.
pub fn document(material: &Material<'_>) -> Document {
    let experiment = material.simulation.experiment();
    Document {
        title: experiment.protocol.title.clone(),
        subtitle: format!(
            "{}: {} virtual trials of {} patients in {} arms",
            experiment.protocol.id,
            material.simulation.summary.replicates,
            experiment.protocol.patients,
            experiment.arms.len()
        ),
        arms: experiment.arms.iter().map(|arm| arm.name.clone()).collect(),
        blocks: ALL.iter().flat_map(|section| section(material)).collect(),
    }
}

#[cfg(test)]
mod tests;
