//! The report: one section per file, in the order in which a clinician reads.

use evaluate::Outcomes;
use records::Study;
use report::{Audience, Block, Report, Section};

use crate::audit::Audit;
use crate::claims::ClaimBook;
use crate::claims::findings::Findings;
use crate::operation::simulate::Simulation;
use crate::protocol::read::sources::Sourced;
use crate::targets::Target;

mod incidence;
pub(crate) mod parts;
pub(crate) mod readings;
pub(crate) mod subjects;
pub(crate) mod words;

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
    /// The record's claims; absent in a folder without them.
    pub book: Option<&'a ClaimBook>,
    /// What came of them; absent in a run that did not try them.
    pub findings: Option<&'a Findings>,
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

/// A section: what files call it, whom it is for, and what it says.
pub struct Entry {
    /// The name of its file.
    pub name: &'static str,
    /// Whom it is for; the reviewer reads every section.
    pub audiences: &'static [Audience],
    /// What it says of this run; nothing where it has nothing to say.
    pub blocks: fn(&Material<'_>) -> Vec<Block>,
}

const EVERYONE: &[Audience] = &[Audience::Clinician, Audience::Statistician, Audience::Reviewer];
const STATISTICIAN: &[Audience] = &[Audience::Statistician, Audience::Reviewer];
const REVIEWER: &[Audience] = &[Audience::Reviewer];

macro_rules! sections {
    ($($name:ident: $audiences:ident),* $(,)?) => {
        $(pub mod $name;)*
        /// Every section in the order of the report.
        pub const ALL: &[Entry] = &[$(Entry {
            name: stringify!($name),
            audiences: $audiences,
            blocks: $name::blocks,
        }),*];
    };
}
sections![
    answer: EVERYONE,
    synopsis: EVERYONE,
    claims: EVERYONE,
    efficacy: EVERYONE,
    cells: EVERYONE,
    safety: EVERYONE,
    escalation: EVERYONE,
    characteristics: STATISTICIAN,
    survival: EVERYONE,
    funnel: EVERYONE,
    differences: STATISTICIAN,
    sensitivity: STATISTICIAN,
    published: EVERYONE,
    evidence: EVERYONE,
    population: STATISTICIAN,
    provenance: REVIEWER,
    credibility: EVERYONE,
    reproduce: EVERYONE,
];

/// The whole report; [`Report::document`] makes of it what one reader gets.
pub fn report(material: &Material<'_>) -> Report {
    let experiment = material.simulation.experiment();
    let sections = ALL.iter().map(|entry| Section {
        name: entry.name.to_owned(),
        audiences: entry.audiences.to_vec(),
        blocks: (entry.blocks)(material),
    });
    Report {
        schema: report::REPORT_SCHEMA,
        title: experiment.protocol.title.clone(),
        subtitle: format!(
            "{}: {} virtual trials of {} patients in {} arms",
            experiment.protocol.id,
            material.simulation.summary.replicates,
            experiment.protocol.patients,
            experiment.arms.len()
        ),
        arms: experiment.arms.iter().map(|arm| arm.name.clone()).collect(),
        audience: experiment.audience,
        sections: sections.filter(|section| !section.blocks.is_empty()).collect(),
    }
}

#[cfg(test)]
mod tests;
