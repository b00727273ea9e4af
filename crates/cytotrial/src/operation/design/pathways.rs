//! `design pathways`: what a design decides after every outcome of the next cohorts.

use std::fmt::Write as _;

use design::pathways::{PathwayError, pathways};
use design::{DoseCounts, Known};
use serde::Serialize;

use super::choice::{Ask, Setting, choose};
use super::counts::{Data, known, usage};
use super::{cell, word};
use crate::problem::Problem;

/// Which design, from where, and how far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// The design.
    pub ask: Ask,
    /// The patients so far; none unless given.
    pub data: Data,
    /// How many cohorts.
    pub ahead: u32,
}

/// The outcomes of one cohort.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Cohort {
    /// The level, from 1.
    pub level: usize,
    /// Patients.
    pub patients: u32,
    /// With a DLT.
    pub dlts: u32,
    /// With a response.
    pub responses: u32,
    /// With both.
    pub responses_with_dlt: u32,
}

/// Some cohorts and the decision after them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Path {
    /// The cohorts in the order of treatment.
    pub cohorts: Vec<Cohort>,
    /// What the design does then.
    pub action: String,
    /// The level of the next patients, from 1.
    pub next_level: Option<usize>,
    /// The sentence that says why.
    pub because: String,
}

/// Every path.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The design's name.
    pub design: String,
    /// The design with the settings that were given.
    pub title: String,
    /// The cohorts that were asked for.
    pub ahead: u32,
    /// Whether the design looks at responses.
    pub has_responses: bool,
    /// The paths, shorter ones before longer ones.
    pub paths: Vec<Path>,
    /// The plan in words.
    pub plan_told: String,
    /// Every setting.
    pub settings: Vec<Setting>,
    /// What the design does where papers and programs differ.
    pub conventions: Vec<String>,
}

/// Every pathway.
///
/// # Errors
/// Problems of the settings and of the counts; D110 for more pathways than can be listed.
pub fn run(request: &Request) -> Result<Answer, Vec<Problem>> {
    let chosen = choose(&request.ask)?;
    if request.ahead == 0 {
        let help = "ask for one cohort or more: `--ahead 2`";
        return Err(vec![usage("D110", "no cohort is looked ahead", help)]);
    }
    let has_data = request.data.counts.is_some() || request.data.table.is_some();
    let known = if has_data {
        known(&request.data, &chosen)?
    } else {
        let Some(levels) = chosen.levels else {
            let message =
                format!("the number of dose levels of `{}` is not given", chosen.entry.name);
            return Err(vec![usage("D105", message, "add `--levels N`, or counts")]);
        };
        Known::of_counts(chosen.plan.start - 1, &vec![DoseCounts::default(); levels])
    };
    let found = pathways(chosen.design.as_ref(), &known, chosen.plan.cohort, request.ahead);
    let found = found.map_err(|error: PathwayError| {
        vec![usage("D110", error.to_string(), "lower `--ahead` or `--cohort`")]
    })?;
    let cohort = |cohort: &design::pathways::Cohort| Cohort {
        level: cohort.level + 1,
        patients: cohort.outcomes.evaluable,
        dlts: cohort.outcomes.dlts,
        responses: cohort.outcomes.responses,
        responses_with_dlt: cohort.outcomes.responses_with_dlt,
    };
    let paths = found.into_iter().map(|path| Path {
        cohorts: path.cohorts.iter().map(cohort).collect(),
        action: word(path.decision.action),
        next_level: path.decision.next_level.map(|level| level + 1),
        because: path.decision.because,
    });
    let outcomes = chosen.design.outcomes();
    Ok(Answer {
        design: chosen.entry.name.to_owned(),
        title: chosen.title(),
        ahead: request.ahead,
        has_responses: !matches!(
            outcomes,
            design::Outcomes::Toxicity | design::Outcomes::ToxicityInTime
        ),
        paths: paths.collect(),
        plan_told: chosen.plan.told(),
        conventions: chosen.entry.conventions.iter().map(|&one| one.to_owned()).collect(),
        settings: chosen.settings,
    })
}

impl Cohort {
    /// `level 2: 1/3`, with the responses after a semicolon where the design looks at them.
    pub fn told(&self, has_responses: bool) -> String {
        let Self { level, patients, dlts, responses, responses_with_dlt: both } = self;
        let dlts = format!("level {level}: {dlts}/{patients} DLT");
        if has_responses { format!("{dlts}, {responses} responses, {both} both") } else { dlts }
    }
}

impl Answer {
    /// The paths with commas: one line per path, the cohorts in one cell each.
    pub fn csv(&self) -> String {
        let mut text = String::new();
        for number in 1..=self.ahead {
            write!(text, "cohort_{number},").expect("a String takes every write");
        }
        text += "action,next_level,because\n";
        for path in &self.paths {
            for place in 0..self.ahead as usize {
                let cohort = path.cohorts.get(place);
                let told = cohort.map_or_else(String::new, |one| one.told(self.has_responses));
                write!(text, "{},", cell(&told)).expect("a String takes every write");
            }
            let next = path.next_level.map_or_else(String::new, |next| next.to_string());
            writeln!(text, "{},{next},{}", path.action, cell(&path.because))
                .expect("a String takes every write");
        }
        text
    }
}
