//! The report of a study of real patients: who they were, what came of them, and by which rules.
//!
//! It shows what was found in the patients of the data: estimates with their intervals, no
//! simulation and no forecast.

use report::figure::{Bar, BarMode, BarSeries, Drawing};
use report::{Audience, Axis, Block, Colours, REPORT_SCHEMA, Report, Section};

use crate::operation::evaluate::Evaluation;
use crate::section::parts::{Words, figure};

mod course;
mod kinetics;
mod listings;
mod options;
mod population;
mod response;
mod survival;
mod toxicity;

pub use course::course;
pub use options::{MEANINGS, values};

/// Confidence of every interval.
const LEVEL: f64 = 0.95;

/// A section: its name, whom it is for, what it says of a study.
type Entry = (&'static str, &'static [Audience], fn(&Evaluation) -> Vec<Block>);

const EVERYONE: &[Audience] = &Audience::ALL;
const STATISTICIAN: &[Audience] = &[Audience::Statistician, Audience::Reviewer];

/// The sections in the order of the report.
const SECTIONS: &[Entry] = &[
    ("subjects", EVERYONE, population::blocks),
    ("response", EVERYONE, response::blocks),
    ("survival", EVERYONE, survival::blocks),
    ("cells", EVERYONE, kinetics::blocks),
    ("safety", EVERYONE, toxicity::blocks),
    ("listings", STATISTICIAN, listings::blocks),
    ("rules", EVERYONE, options::blocks),
];

/// The whole report; [`Report::document`] makes of it what one reader gets.
pub fn report(evaluation: &Evaluation) -> Report {
    let sections = SECTIONS.iter().map(|(name, audiences, blocks)| Section {
        name: (*name).to_owned(),
        audiences: audiences.to_vec(),
        blocks: blocks(evaluation),
    });
    let protocol = &evaluation.protocol;
    let arms = arms(evaluation);
    Report {
        schema: REPORT_SCHEMA,
        title: format!("{}: the study's patients", protocol.id),
        subtitle: format!(
            "{}. {} subjects, {} infused or observed; evaluated by the rules of the protocol",
            protocol.title,
            evaluation.study.subjects.len(),
            evaluation.followed().count()
        ),
        arms: arms.into_iter().map(|arm| arm.name).collect(),
        audience: Audience::Reviewer,
        sections: sections.filter(|section| section.blocks.len() > 1).collect(),
    }
}

/// Who is in no arm, where data name none.
const UNNAMED_ARM: &str = "the one arm";

/// An arm of the study and its rows.
struct Arm {
    name: String,
    /// All its subjects.
    all: Vec<usize>,
    /// Those who were infused or observed.
    followed: Vec<usize>,
}

/// The arms in order of appearance.
fn arms(evaluation: &Evaluation) -> Vec<Arm> {
    let mut arms: Vec<Arm> = Vec::new();
    for (row, name) in evaluation.study.subjects.arm.iter().enumerate() {
        let name = if name.trim().is_empty() { UNNAMED_ARM } else { name };
        let at = arms.iter().position(|arm| arm.name == *name).unwrap_or_else(|| {
            arms.push(Arm { name: name.to_owned(), all: Vec::new(), followed: Vec::new() });
            arms.len() - 1
        });
        arms[at].all.push(row);
        if evaluation.is_followed(row) {
            arms[at].followed.push(row);
        }
    }
    arms
}

/// How many of each arm were infused or observed, in words.
fn counted(arms: &[Arm]) -> String {
    let each: Vec<String> =
        arms.iter().map(|arm| format!("{} {}", arm.name, arm.followed.len())).collect();
    format!("Subjects infused or observed: {}.", crate::section::words::list(&each))
}

/// A bar per arm of how many subjects fall into each class.
fn stacked(words: Words, arms: &[Arm], colours: Colours, series: Vec<BarSeries>) -> Block {
    let drawing = Drawing::Bar(Bar {
        group_title: "arm".into(),
        values: Axis::linear("subjects"),
        mode: BarMode::Stacked,
        colours,
        groups: arms.iter().map(|arm| arm.name.clone()).collect(),
        series,
        references: Vec::new(),
    });
    figure(words, drawing)
}

#[cfg(test)]
mod tests;
