//! `design compare`: several designs under the same truths, with the same virtual patients.

use serde::Serialize;

use super::choice::{Ask, Plan, Setting, choose_all};
use super::counts::usage;
use super::scenario::Scenario;
use super::simulate::{How, Row, csv, notes, truths, under};
use crate::problem::Problem;

/// What to compare.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Settings and plan; each design takes the settings that it knows.
    pub ask: Ask,
    /// The designs by name.
    pub designs: Vec<String>,
    /// Truths of the command line; those of the file come after them.
    pub scenarios: Vec<Scenario>,
    /// How characteristics are found.
    pub how: How,
}

/// A design with its settings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// The design's name.
    pub design: String,
    /// The design with the settings that were given.
    pub title: String,
    /// Every setting.
    pub settings: Vec<Setting>,
    /// What the design does where papers and programs differ.
    pub conventions: Vec<String>,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The designs.
    pub designs: Vec<Compared>,
    /// How it was found.
    pub method: String,
    /// The plan in words.
    pub plan_told: String,
    /// The plan, the same for all.
    pub plan: Plan,
    /// One row per truth and design, truth by truth.
    pub rows: Vec<Row>,
    /// What must be known to read it.
    pub notes: Vec<String>,
}

/// The characteristics of several designs.
///
/// # Errors
/// Problems of the settings, the truths, and the plan.
pub fn run(request: &Request) -> Result<Answer, Vec<Problem>> {
    if request.designs.is_empty() {
        let help = "name two or more: `cytotrial design compare boin keyboard ...`";
        return Err(vec![usage("K102", "no design is named", help)]);
    }
    let methods: Vec<Option<String>> = request.designs.iter().cloned().map(Some).collect();
    let chosen = choose_all(&request.ask, &methods)?;
    let truths = truths(&request.scenarios, &chosen)?;
    let mut rows = Vec::new();
    for (scenario, truth) in truths {
        for one in &chosen {
            let row = under(one, scenario.clone(), &truth, &request.how);
            rows.push(row.map_err(|problem| vec![problem])?);
        }
    }
    Ok(Answer {
        method: match request.how {
            How::Exact => request.how.told(),
            How::Simulated { .. } => {
                format!("{}; the same patients for every design", request.how.told())
            }
        },
        plan_told: chosen[0].plan.told(),
        plan: chosen[0].plan.clone(),
        notes: notes(&chosen, &request.how),
        rows,
        designs: chosen
            .into_iter()
            .map(|one| Compared {
                design: one.entry.name.to_owned(),
                title: one.title(),
                conventions: one.entry.conventions.iter().map(|&one| one.to_owned()).collect(),
                settings: one.settings,
            })
            .collect(),
    })
}

impl Answer {
    /// The characteristics with commas.
    pub fn csv(&self) -> String {
        csv(&self.rows)
    }
}
