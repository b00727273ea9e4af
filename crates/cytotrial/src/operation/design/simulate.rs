//! `design simulate`: operating characteristics of one design under one or several truths.

use std::fmt::Write as _;
use std::ops::Range;

pub use design::characteristics::{Accrual, Calendar, Waiting};
use design::characteristics::{PlanError, Tally, exact, in_time, tally, warnings};
use design::{Characteristics, Design, Outcomes, Truth};
use rayon::prelude::*;
use serde::Serialize;

use super::choice::{Ask, Chosen, Plan, Setting, choose, wrong_levels};
use super::counts::usage;
use super::scenario::Scenario;
use super::{cell, decimal};
use crate::problem::Problem;

/// How characteristics are found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum How {
    /// By enumeration of everything that can happen.
    Exact,
    /// By simulated trials.
    Simulated {
        /// The seed: the same one gives every design the same patients.
        seed: u64,
        /// How many trials.
        trials: u32,
        /// The course of time; without it every window is complete at each decision.
        calendar: Option<Calendar>,
    },
}

impl How {
    /// In words.
    pub fn told(&self) -> String {
        match self {
            Self::Exact => "exact, by enumeration".to_owned(),
            Self::Simulated { seed, trials, calendar } => {
                let time = calendar.map_or(String::new(), |calendar| in_words(&calendar));
                format!(
                    "{trials} simulated trials, seed {seed}{time}; +- is a Monte Carlo standard error"
                )
            }
        }
    }
}

/// The course of time in words.
fn in_words(calendar: &Calendar) -> String {
    let Calendar { window, response_window, between_arrivals, accrual, waiting, stagger, early } =
        *calendar;
    let law = match accrual {
        Accrual::Uniform => "uniform",
        Accrual::Poisson => "exponential",
    };
    let who = match waiting {
        Waiting::TurnedAway => "is turned away",
        Waiting::Queued => "waits",
    };
    format!(
        ", in calendar time: DLT window {window}, responses after {response_window}, a patient \
         every {between_arrivals} on average ({law}), {stagger} between patients of a cohort, \
         {early} of the DLTs in the first half of the window, who cannot be enrolled {who}"
    )
}

/// What to find.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The design.
    pub ask: Ask,
    /// Truths of the command line; those of the file come after them.
    pub scenarios: Vec<Scenario>,
    /// How.
    pub how: How,
}

/// The characteristics under one truth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The design, with the settings that were given.
    pub design: String,
    /// The truth.
    pub scenario: Scenario,
    /// How the design does.
    pub characteristics: Characteristics,
    /// Mean patients of a trial.
    pub total_patients: f64,
    /// Mean time from the first patient to the last outcome, and its standard error; only in
    /// calendar time.
    pub duration: Option<(f64, f64)>,
    /// What must be told with it.
    pub warnings: Vec<String>,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The design's name.
    pub design: String,
    /// The design with the settings that were given.
    pub title: String,
    /// How it was found.
    pub method: String,
    /// The plan in words.
    pub plan_told: String,
    /// The plan.
    pub plan: Plan,
    /// One row per truth.
    pub rows: Vec<Row>,
    /// What must be known to read it.
    pub notes: Vec<String>,
    /// Every setting.
    pub settings: Vec<Setting>,
    /// What the design does where papers and programs differ.
    pub conventions: Vec<String>,
}

/// The characteristics of a design.
///
/// # Errors
/// Problems of the settings, the truths, and the plan.
pub fn run(request: &Request) -> Result<Answer, Vec<Problem>> {
    let chosen = choose(&request.ask)?;
    let truths = truths(&request.scenarios, std::slice::from_ref(&chosen))?;
    let mut rows = Vec::new();
    for (scenario, truth) in truths {
        rows.push(under(&chosen, scenario, &truth, &request.how).map_err(|one| vec![one])?);
    }
    Ok(Answer {
        design: chosen.entry.name.to_owned(),
        title: chosen.title(),
        method: request.how.told(),
        plan_told: chosen.plan.told(),
        notes: notes(std::slice::from_ref(&chosen), &request.how),
        conventions: chosen.entry.conventions.iter().map(|&one| one.to_owned()).collect(),
        settings: chosen.settings,
        plan: chosen.plan,
        rows,
    })
}

/// What must be known to read characteristics.
pub(super) fn notes(chosen: &[Chosen], how: &How) -> Vec<String> {
    let has_calendar = matches!(how, How::Simulated { calendar: Some(_), .. });
    let in_time = |one: &&Chosen| one.design.outcomes() == Outcomes::ToxicityInTime;
    let names: Vec<&str> = chosen.iter().filter(in_time).map(|one| one.entry.name).collect();
    if has_calendar || names.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "every window is complete at each decision, so that what `{}` does with pending patients \
         does not show; `--window` and `--between-arrivals` simulate calendar time",
        names.join("` and `")
    )]
}

/// The checked truths of the command line and of the file, which suit the number of levels.
pub(super) fn truths(
    typed: &[Scenario],
    chosen: &[Chosen],
) -> Result<Vec<(Scenario, Truth)>, Vec<Problem>> {
    let in_file = chosen.first().map_or(&[][..], |one| &one.scenarios[..]);
    let all: Vec<&Scenario> = typed.iter().chain(in_file).collect();
    if all.is_empty() {
        let message = "nothing is said of the true rates";
        let help = "give the DLT rate of every level, as `--toxicity 0.05,0.15,0.30`, or \
                    `[[scenario]]` tables in the file";
        return Err(vec![usage("D107", message, help)]);
    }
    let mut result = Vec::new();
    let mut problems = Vec::new();
    for scenario in all {
        match scenario.truth() {
            Ok(truth) => {
                let wrong = chosen
                    .iter()
                    .find(|one| one.levels.is_some_and(|levels| levels != truth.doses.len()));
                if let (Some(one), Some(levels)) = (wrong, wrong.and_then(|one| one.levels)) {
                    problems.push(wrong_levels(one.entry.name, levels, truth.doses.len()));
                } else {
                    result.push((scenario.clone(), truth));
                }
            }
            Err(problem) => problems.push(problem),
        }
    }
    problems.dedup();
    if problems.is_empty() { Ok(result) } else { Err(problems) }
}

/// One design under one truth.
pub(super) fn under(
    chosen: &Chosen,
    scenario: Scenario,
    truth: &Truth,
    how: &How,
) -> Result<Row, Problem> {
    let design = chosen.design.as_ref();
    let plan = chosen.plan.of_design();
    let fault = |error: PlanError| plan_problem(&error, chosen.entry.name);
    let (characteristics, duration) = match how {
        How::Exact => (exact(design, truth, plan).map_err(fault)?, None),
        How::Simulated { seed, trials, calendar: None } => {
            (in_parallel(design, truth, plan, *seed, *trials).map_err(fault)?, None)
        }
        How::Simulated { seed, trials, calendar: Some(calendar) } => {
            let found = in_time(design, truth, plan, calendar, (*seed, *trials)).map_err(fault)?;
            (found.characteristics, Some((found.duration, found.duration_error)))
        }
    };
    Ok(Row {
        design: chosen.title(),
        warnings: warnings(design, truth, &characteristics),
        total_patients: characteristics.total_patients(),
        scenario,
        characteristics,
        duration,
    })
}

/// Trials of one piece of work; the pieces are the same on every number of threads.
const PIECE: u32 = 500;

/// Simulated trials on all threads: whole numbers added up, so that their number changes nothing.
fn in_parallel(
    design: &dyn Design,
    truth: &Truth,
    plan: design::Plan,
    seed: u64,
    trials: u32,
) -> Result<Characteristics, PlanError> {
    let pieces: Vec<Range<u32>> = (0..trials.div_ceil(PIECE))
        .map(|piece| piece * PIECE..((piece + 1) * PIECE).min(trials))
        .collect();
    let tallies: Result<Vec<Tally>, PlanError> =
        pieces.into_par_iter().map(|piece| tally(design, truth, plan, seed, piece)).collect();
    let whole = tallies?.into_iter().reduce(|sum, more| sum.with(&more));
    Ok(match whole {
        Some(whole) => whole.characteristics(),
        None => tally(design, truth, plan, seed, 0..0)?.characteristics(),
    })
}

fn plan_problem(error: &PlanError, name: &str) -> Problem {
    match error {
        PlanError::Doses { settings, truth } => wrong_levels(name, *settings, *truth),
        PlanError::TooLarge { .. } | PlanError::TooManyStates(_) => {
            usage("D109", error.to_string(), "leave out `--exact`, or plan fewer patients")
        }
        PlanError::TwoDepths => {
            let help = "give the rate of deep responses, such as complete ones among all: \
                        `--deep-response 0.2` beside `--response 0.5`";
            usage("D107", error.to_string(), help)
        }
        PlanError::Start { .. } => usage("D106", error.to_string(), "correct `--start`"),
        _ => usage("D110", error.to_string(), "correct `--cohort` and `--max-patients`"),
    }
}

/// Characteristics with commas: one line per design, truth and level, and one for no level.
pub(super) fn csv(rows: &[Row]) -> String {
    let mut text = "design,scenario,level,toxicity,response,selected,selected_error,patients,\
                    patients_error,dlts,dlts_error,responses,responses_error\n"
        .to_owned();
    for row in rows {
        let found = &row.characteristics;
        let errors = found.errors.as_ref();
        let with = |value: f64, error: Option<f64>| {
            let error = error.map_or_else(String::new, |error| decimal(error, 6));
            format!("{},{error}", decimal(value, 6))
        };
        let name = format!("{},{}", cell(&row.design), cell(&row.scenario.name));
        for level in 0..found.selected.len() {
            let response = row.scenario.response.get(level).copied().unwrap_or(0.0);
            let at = |list: fn(&design::characteristics::Errors) -> &Vec<f64>| {
                errors.map(|errors| list(errors)[level])
            };
            writeln!(
                text,
                "{name},{},{},{response},{},{},{},{}",
                level + 1,
                row.scenario.toxicity[level],
                with(found.selected[level], at(|errors| &errors.selected)),
                with(found.patients[level], at(|errors| &errors.patients)),
                with(found.dlts[level], at(|errors| &errors.dlts)),
                with(found.responses[level], at(|errors| &errors.responses)),
            )
            .expect("a String takes every write");
        }
        let none = with(found.none, errors.map(|errors| errors.none));
        writeln!(text, "{name},none,,,{none},,,,,,").expect("a String takes every write");
    }
    text
}

impl Answer {
    /// The characteristics with commas.
    pub fn csv(&self) -> String {
        csv(&self.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, settings: &str, toxicity: &[f64], how: How) -> Request {
        let settings = toml::from_str(settings).unwrap();
        let ask = Ask { method: Some(method.to_owned()), settings, ..Ask::default() };
        let scenarios = vec![Scenario::typed("1", toxicity, &[], 1.0)];
        Request { ask, scenarios, how }
    }

    #[test]
    fn flat_toxicity_is_warned_of_with_the_exact_share() {
        let mut request = request("boin", "target = 0.3", &[0.05; 6], How::Exact);
        request.ask.max_patients = Some(36);
        let answer = run(&request).unwrap();
        assert!(answer.rows[0].warnings[0].contains("99.1 %"), "{:?}", answer.rows[0].warnings);
        assert!(answer.plan_told.contains("cohorts of 3 (default), at most 36 patients,"));
    }

    #[test]
    fn the_number_of_threads_changes_no_byte() {
        let how = How::Simulated { seed: 3, trials: 2_300, calendar: None };
        let request = request("keyboard", "target = 0.25", &[0.1, 0.25, 0.4], how);
        let on = |threads: usize| {
            crate::pool(threads).unwrap().install(|| {
                let answer = run(&request).unwrap();
                serde_json::to_string(&answer).unwrap() + &answer.csv()
            })
        };
        let one = on(1);
        assert!(one == on(2) && one == on(7));
    }

    #[test]
    fn boin12_that_picks_a_useless_dose_is_warned_of() {
        let how = How::Simulated { seed: 1, trials: 500, calendar: None };
        let settings = "toxicity-limit = 0.35\nresponse-limit = 0.25";
        let mut request = request("boin12", settings, &[0.05, 0.1], how);
        request.scenarios = vec![Scenario::typed("useless", &[0.05, 0.1], &[0.15, 0.2], 1.0)];
        let answer = run(&request).unwrap();
        assert!(answer.rows[0].warnings[0].contains("no dose reaches"), "{answer:?}");
    }
}
