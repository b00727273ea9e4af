//! `design select`: the dose to go on with, by the final counts.

use serde::Serialize;
use stats::interval::posterior_interval;

use super::ADVICE;
use super::choice::{Ask, Setting, choose};
use super::counts::{Data, known};
use super::next_dose::refused;
use crate::problem::Problem;

/// Which design, and what is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// The design.
    pub ask: Ask,
    /// The patients of the whole trial.
    pub data: Data,
}

/// One level.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Level {
    /// The level, from 1.
    pub level: usize,
    /// Evaluable patients.
    pub evaluable: u32,
    /// With a DLT.
    pub dlts: u32,
    /// With a response.
    pub responses: u32,
    /// The DLT rate by which the design recommends; absent where it has none.
    pub estimate: Option<f64>,
    /// The 5th and 95th percentile of the DLT rate by this level alone, uniform prior; absent
    /// without patients.
    pub interval: Option<(f64, f64)>,
}

/// The recommendation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The design's name.
    pub design: String,
    /// The design with the settings that were given.
    pub title: String,
    /// The recommended level, from 1; absent if there is none.
    pub recommended: Option<usize>,
    /// Every level.
    pub levels: Vec<Level>,
    /// Every setting.
    pub settings: Vec<Setting>,
    /// What the design does where papers and programs differ.
    pub conventions: Vec<String>,
    /// Who decides.
    pub advice: String,
}

/// The recommended dose.
///
/// # Errors
/// Problems of the settings and of the counts, and D108 while a window is open.
pub fn run(request: &Request) -> Result<Answer, Vec<Problem>> {
    let chosen = choose(&request.ask)?;
    // At the end it does not matter where the last patients were treated.
    let tried = |data: &Data| Data { level: data.level.or(Some(1)), ..data.clone() };
    let known = match known(&request.data, &chosen) {
        Err(problems) if problems.iter().all(|problem| problem.code == "D106") => {
            known(&tried(&request.data), &chosen)?
        }
        found => found?,
    };
    if known.doses.iter().any(|dose| dose.pending > 0) {
        let because = "a dose is recommended when every window is complete";
        return Err(vec![refused(&chosen, &known, because)]);
    }
    let design = chosen.design.as_ref();
    let estimates = design.estimated_toxicity(&known.doses);
    let levels = known.doses.iter().enumerate().map(|(at, dose)| Level {
        level: at + 1,
        evaluable: dose.evaluable,
        dlts: dose.dlts,
        responses: dose.responses,
        estimate: estimates.get(at).copied().flatten(),
        interval: (dose.evaluable > 0)
            .then(|| posterior_interval(dose.dlts, dose.evaluable, (1.0, 1.0), 0.9)),
    });
    Ok(Answer {
        design: chosen.entry.name.to_owned(),
        title: chosen.title(),
        recommended: design.recommend(&known.doses).map(|level| level + 1),
        levels: levels.collect(),
        conventions: chosen.entry.conventions.iter().map(|&one| one.to_owned()).collect(),
        settings: chosen.settings,
        advice: ADVICE.to_owned(),
    })
}
