//! `design simulate --trial`: a design in the conduct of a trial, with the model's truth behind it.
//!
//! Doses delivered are not always those assigned, DLTs have days, patients are staggered, and windows
//! are open at decisions; none of that is in a list of true rates.

use design::{Action, Outcomes};
use serde::Serialize;

use super::choice::{Ask, Chosen, Setting, choose, wrong_levels};
use super::counts::usage;
use crate::conduct::run::{ReplicateResult, block};
use crate::operation::Watch;
use crate::operation::blocks::{Stopped, in_blocks};
use crate::operation::simulate::{SimulateRequest, prepare};
use crate::problem::{Problem, help_with_nearest};
use crate::protocol::files::Files;
use crate::protocol::{Dose, Experiment, read};
use crate::summary::summarise;

/// What to run.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The trial folder's texts.
    pub files: Files,
    /// A design in place of the protocol's own, or other settings for it.
    pub ask: Ask,
    /// The arm; the first that escalates unless given.
    pub arm: Option<String>,
    /// Whole trials.
    pub replicates: u32,
    /// The seed; the folder's unless given.
    pub seed: Option<u64>,
}

/// One dose level over all trials.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Level {
    /// The level, from 1.
    pub level: usize,
    /// The dose of each infusion, in words.
    pub dose: String,
    /// Share of trials that recommend it.
    pub recommended: f64,
    /// Its Monte Carlo standard error.
    pub recommended_error: f64,
    /// The 5th and 95th percentile over trials of the patients treated there.
    pub patients: (f64, f64),
    /// The same for DLTs.
    pub dlts: (f64, f64),
    /// Evaluable simulated patients of all trials, and those with a DLT.
    pub pooled: (u32, u32),
    /// The 5th and 95th percentile over patients of cells given over cells assigned; absent where
    /// nobody was treated.
    pub delivered: Option<(f64, f64)>,
}

/// How the design does in the trial.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The trial.
    pub trial: String,
    /// The arm.
    pub arm: String,
    /// The design with the settings that were given.
    pub title: String,
    /// Whole trials.
    pub replicates: u32,
    /// The seed.
    pub seed: u64,
    /// Every level.
    pub levels: Vec<Level>,
    /// Share of trials that recommend no level.
    pub none: f64,
    /// Share of trials that a stopping rule or the design ended early.
    pub stopped: f64,
    /// The 5th and 95th percentile over trials of the day of the last decision.
    pub last_decision_day: Option<(f64, f64)>,
    /// Mean decisions of a trial, and how many of them were to wait for open windows.
    pub decisions: (f64, f64),
    /// What must be known to read it.
    pub notes: Vec<String>,
    /// What must be told with it.
    pub warnings: Vec<String>,
    /// Every setting of the design.
    pub settings: Vec<Setting>,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum MechanismError {
    /// The input has problems.
    Input(Vec<Problem>),
    /// The caller stopped it.
    Cancelled,
}

/// Runs whole virtual trials of one arm with the design. The result does not depend on the number of
/// threads.
///
/// # Errors
/// Problems of the folder, the arm, and the design, or a cancelled run.
pub fn run(request: &Request, watch: &dyn Watch) -> Result<Answer, MechanismError> {
    let input = |problem: Problem| MechanismError::Input(vec![problem]);
    let experiment = read::experiment(&request.files).map_err(MechanismError::Input)?;
    let arm = arm(&experiment, request.arm.as_deref()).map_err(input)?;
    let levels =
        experiment.arms.iter().find(|one| one.name == arm).map_or(0, |one| one.levels.len());
    let mut world = prepare(&SimulateRequest {
        files: request.files.clone(),
        replicates: Some(request.replicates),
        patients: None,
        arms: Some(vec![arm.clone()]),
        seed: request.seed,
    })
    .map_err(MechanismError::Input)?;
    let chosen = choose(&own(request)).map_err(MechanismError::Input)?;
    suits(&chosen, levels).map_err(input)?;
    let finding = &mut world.experiment.protocol.dose_finding;
    chosen.entry.name.clone_into(&mut finding.method);
    finding.settings.clone_from(&chosen.written);
    finding.cohort = request.ask.cohort.unwrap_or(finding.cohort);
    finding.max_escalation = request.ask.max_patients.unwrap_or(finding.max_escalation);
    let results = in_blocks("design", request.replicates, watch, |range| block(&world, range, 0))
        .map_err(|stopped| match stopped {
        Stopped::Cancelled => MechanismError::Cancelled,
        Stopped::NotKept(why) => input(usage("F103", why, "")),
    })?;
    let (cohort, most) = (
        world.experiment.protocol.dose_finding.cohort,
        world.experiment.protocol.dose_finding.max_escalation,
    );
    let mut answer = summed(&world.experiment, &results);
    answer.warnings = flat(&answer.levels).into_iter().collect();
    answer.title = chosen.title();
    answer.settings = chosen.settings;
    let by_response =
        !matches!(chosen.design.outcomes(), Outcomes::Toxicity | Outcomes::ToxicityInTime);
    answer.notes =
        by_response.then(|| world.experiment.protocol.response_told()).into_iter().collect();
    answer.notes.extend([
        format!("cohorts of {cohort}, at most {most} patients in the escalation"),
        "ranges: 5th to 95th percentile; patients and DLTs of the expansion are included".to_owned(),
        "counts of simulated patients rest on the model's assumptions: `cytotrial report` of a run \
         says which"
            .to_owned(),
    ]);
    Ok(answer)
}

/// The name of the arm that was asked for, or of the first that escalates.
fn arm(experiment: &Experiment, wanted: Option<&str>) -> Result<String, Problem> {
    let mut names = experiment.arms.iter().filter(|arm| arm.escalate).map(|arm| arm.name.as_str());
    match wanted {
        Some(name) if names.clone().any(|known| known == name) => Ok(name.to_owned()),
        Some(name) => {
            let message = format!("no escalating arm is called `{name}`");
            Err(usage("N101", message, help_with_nearest(name, names)))
        }
        None => names.next().map(str::to_owned).ok_or_else(|| {
            let help = "`escalate = true` in `compare.toml` makes an arm escalate";
            usage("D109", "no arm of this trial escalates", help)
        }),
    }
}

/// Whether the design can be conducted in an arm with that many levels.
fn suits(chosen: &Chosen, levels: usize) -> Result<(), Problem> {
    match chosen.design.levels() {
        Some(fixed) if fixed != levels => Err(wrong_levels(chosen.entry.name, fixed, levels)),
        _ => Ok(()),
    }
}

/// The design asked for, over the protocol's own.
fn own(request: &Request) -> Ask {
    let name = request.files.trial_name().to_owned();
    let text = request.files.texts.get(&name).cloned().unwrap_or_default();
    Ask { file: Some((name, text)), levels: None, start: None, ..request.ask.clone() }
}

/// DLT rates that differ by less than this are flat, as for lists of true rates; assumed.
const FLAT: f64 = 0.10;
/// A recommendation this frequent tells nothing about the dose; assumed.
const CERTAIN: f64 = 0.75;

/// That the design ends at the top dose because toxicity does not rise with the dose.
fn flat(levels: &[Level]) -> Option<String> {
    let top = levels.last().filter(|top| levels.len() > 1 && top.recommended > CERTAIN)?;
    let rates = levels.iter().filter(|level| level.pooled.0 > 0);
    let rates = rates.map(|level| f64::from(level.pooled.1) / f64::from(level.pooled.0));
    let (low, high) = rates.fold((1.0_f64, 0.0_f64), |(low, high), r| (low.min(r), high.max(r)));
    (high - low < FLAT).then(|| {
        format!(
            "toxicity hardly rises with the dose and {:.0} % of trials recommend the top dose: a \
             design that looks for the maximum tolerated dose ends there whatever its benefit",
            100.0 * top.recommended
        )
    })
}

/// The 5th and 95th percentile.
fn ends(values: &[f64]) -> Option<(f64, f64)> {
    let at = |p: f64| stats::summary::quantile(values, p);
    at(0.05).zip(at(0.95))
}

fn summed(experiment: &Experiment, results: &[ReplicateResult]) -> Answer {
    let summary = summarise(experiment, results);
    let of_arm = &summary.arms[0];
    let arm = &experiment.arms[0];
    let trials = results.len() as f64;
    let outcomes: Vec<_> = results.iter().filter_map(|result| result.arms.first()).collect();
    let levels = arm.levels.iter().enumerate().map(|(at, dose)| {
        let mine = || {
            let patients = outcomes.iter().flat_map(|result| &result.patients);
            patients.filter(move |patient| patient.level.map(usize::from) == Some(at + 1))
        };
        let share = of_arm.recommended.get(at + 1).copied().unwrap_or(0.0);
        let ranges = of_arm.level_ranges.get(at).copied().unwrap_or_default();
        let evaluable = mine().filter(|patient| patient.dlt.is_some()).count() as u32;
        let dlts = mine().filter(|patient| patient.dlt == Some(true)).count() as u32;
        let given: Vec<f64> = mine().map(|patient| patient.dose_fraction).collect();
        Level {
            level: at + 1,
            dose: match dose {
                Dose::PerKilogram(cells) => format!("{cells:e} cells/kg"),
                Dose::Flat(cells) => format!("{cells:e} cells"),
            },
            recommended: share,
            recommended_error: (share * (1.0 - share) / trials.max(1.0)).sqrt(),
            patients: ranges[0],
            dlts: ranges[1],
            pooled: (evaluable, dlts),
            delivered: ends(&given),
        }
    });
    let days: Vec<f64> =
        outcomes.iter().filter_map(|result| Some(result.history.last()?.day)).collect();
    let steps = || outcomes.iter().flat_map(|result| &result.history);
    let waits = steps().filter(|step| step.action == Action::Suspend).count() as f64;
    Answer {
        trial: experiment.protocol.id.clone(),
        arm: arm.name.clone(),
        title: String::new(),
        replicates: results.len() as u32,
        seed: experiment.seed,
        levels: levels.collect(),
        none: of_arm.recommended.first().copied().unwrap_or(0.0),
        stopped: of_arm.stopped,
        last_decision_day: ends(&days),
        decisions: (steps().count() as f64 / trials.max(1.0), waits / trials.max(1.0)),
        notes: Vec::new(),
        warnings: Vec::new(),
        settings: Vec::new(),
    }
}

impl Answer {
    /// The levels with commas.
    pub fn csv(&self) -> String {
        use std::fmt::Write as _;
        let mut text = "level,dose,recommended,recommended_error,patients_5,patients_95,dlts_5,\
                        dlts_95,evaluable_pooled,dlts_pooled,delivered_5,delivered_95\n"
            .to_owned();
        let short = |value: f64| super::decimal(value, 6);
        for level in &self.levels {
            let (low, high) = level
                .delivered
                .map_or((String::new(), String::new()), |(low, high)| (short(low), short(high)));
            writeln!(
                text,
                "{},{},{},{},{},{},{},{},{},{},{low},{high}",
                level.level,
                level.dose,
                short(level.recommended),
                short(level.recommended_error),
                short(level.patients.0),
                short(level.patients.1),
                short(level.dlts.0),
                short(level.dlts.1),
                level.pooled.0,
                level.pooled.1,
            )
            .expect("a String takes every write");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Unwatched;

    #[test]
    fn another_design_runs_in_the_conduct_of_the_bundled_trial() {
        let ask =
            |method: Option<&str>| Ask { method: method.map(str::to_owned), ..Ask::default() };
        let request = |method: Option<&str>| Request {
            files: Files::bundled("NCT06379451").unwrap(),
            ask: ask(method),
            arm: None,
            replicates: 4,
            seed: Some(3),
        };
        let own = run(&request(None), &Unwatched).unwrap();
        assert_eq!(own.title, "BOIN, target 0.3");
        let other = run(&request(Some("3+3")), &Unwatched).unwrap();
        for answer in [&own, &other] {
            let shares: f64 = answer.levels.iter().map(|level| level.recommended).sum();
            assert!((shares + answer.none - 1.0).abs() < 1e-12, "{answer:?}");
            assert!(answer.levels[0].pooled.0 > 0 && answer.decisions.0 > 0.0);
            assert_eq!(answer.csv().lines().count(), answer.levels.len() + 1);
        }
        let unknown = Request { arm: Some("car-nkk".to_owned()), ..request(None) };
        let Err(MechanismError::Input(problems)) = run(&unknown, &Unwatched) else {
            panic!("there is no such arm")
        };
        assert!(problems[0].help.contains("car-nk"), "{problems:?}");
    }
}
