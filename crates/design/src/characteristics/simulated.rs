//! Characteristics by simulated trials, with addressed random numbers and standard errors.

use std::ops::Range;

use stats::{Purpose, stream};

use crate::characteristics::{Characteristics, Errors, Plan, PlanError, check};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Action, Reason};
use crate::design::Design;
use crate::truth::Truth;

/// Whole numbers summed over trials: parts added in any order give the same sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    trials: u64,
    selected: Vec<u64>,
    stopped: [u64; 2],
    /// Sums and sums of squares of patients, DLTs and responses, by dose.
    sums: Vec<[[u64; 2]; 3]>,
}

impl Tally {
    pub(crate) fn new(doses: usize) -> Self {
        Self {
            trials: 0,
            selected: vec![0; doses],
            stopped: [0; 2],
            sums: vec![[[0; 2]; 3]; doses],
        }
    }

    /// Counts a finished trial.
    pub(crate) fn add(&mut self, doses: &[DoseCounts], end: Action, recommended: Option<usize>) {
        self.trials += 1;
        self.stopped[0] += u64::from(end == Action::StopForSafety);
        self.stopped[1] += u64::from(end == Action::StopForFutility);
        if let Some(level) = recommended {
            self.selected[level] += 1;
        }
        for (sums, dose) in self.sums.iter_mut().zip(doses) {
            for (sum, count) in sums.iter_mut().zip([dose.evaluable, dose.dlts, dose.responses]) {
                sum[0] += u64::from(count);
                sum[1] += u64::from(count) * u64::from(count);
            }
        }
    }

    /// The trials of two parts together.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        self.trials += other.trials;
        for (sum, more) in self.selected.iter_mut().zip(&other.selected) {
            *sum += more;
        }
        for (sum, more) in self.stopped.iter_mut().zip(other.stopped) {
            *sum += more;
        }
        let flat = self.sums.iter_mut().flatten().flatten();
        for (sum, more) in flat.zip(other.sums.iter().flatten().flatten()) {
            *sum += more;
        }
        self
    }

    /// Means with their standard errors.
    pub fn characteristics(&self) -> Characteristics {
        let trials = (self.trials as f64).max(1.0);
        let share = |count: u64| count as f64 / trials;
        let share_error = |count: u64| (share(count) * (1.0 - share(count)) / trials).sqrt();
        let mean = |which: usize| -> Vec<f64> {
            self.sums.iter().map(|sums| sums[which][0] as f64 / trials).collect()
        };
        let mean_error = |which: usize| -> Vec<f64> {
            let error = |sums: &[[u64; 2]; 3]| {
                let [sum, squares] = sums[which].map(|sum| sum as f64 / trials);
                ((squares - sum * sum).max(0.0) / (trials - 1.0).max(1.0)).sqrt()
            };
            self.sums.iter().map(error).collect()
        };
        let none = self.trials - self.selected.iter().sum::<u64>();
        Characteristics {
            selected: self.selected.iter().map(|&count| share(count)).collect(),
            none: share(none),
            stopped_for_safety: share(self.stopped[0]),
            stopped_for_futility: share(self.stopped[1]),
            patients: mean(0),
            dlts: mean(1),
            responses: mean(2),
            errors: Some(Errors {
                trials: self.trials as u32,
                selected: self.selected.iter().map(|&count| share_error(count)).collect(),
                none: share_error(none),
                patients: mean_error(0),
                dlts: mean_error(1),
                responses: mean_error(2),
            }),
        }
    }
}

/// The characteristics of a design under a truth by simulated trials.
///
/// A patient's chances of a DLT and of a response are drawn at the address (seed, trial, patient),
/// so that several designs meet the same patients.
pub fn simulate(
    design: &dyn Design,
    truth: &Truth,
    plan: Plan,
    seed: u64,
    trials: u32,
) -> Result<Characteristics, PlanError> {
    Ok(tally(design, truth, plan, seed, 0..trials)?.characteristics())
}

/// Some trials of a simulation, to be added up with [`Tally::with`].
pub fn tally(
    design: &dyn Design,
    truth: &Truth,
    plan: Plan,
    seed: u64,
    trials: Range<u32>,
) -> Result<Tally, PlanError> {
    check(design, truth, plan)?;
    let mut tally = Tally::new(truth.doses.len());
    let mut known = Known::of_counts(plan.start, &vec![DoseCounts::default(); truth.doses.len()]);
    for trial in trials {
        known.level = plan.start;
        known.doses.fill(DoseCounts::default());
        known.last_cohort = None;
        let end = one_trial(design, truth, plan, (seed, trial), &mut known);
        let recommended = match end {
            Action::StopForSafety | Action::StopForFutility => None,
            _ => design.recommend(&known.doses),
        };
        tally.add(&known.doses, end, recommended);
    }
    Ok(tally)
}

/// Runs a trial to its end; `known` has the counts afterwards.
fn one_trial(
    design: &dyn Design,
    truth: &Truth,
    plan: Plan,
    (seed, trial): (u64, u32),
    known: &mut Known,
) -> Action {
    let mut treated = 0;
    loop {
        let step = design.step(known, &mut Reason::silent());
        let Some(level) = step.next_level else { return step.action };
        let wanted = step.patients.unwrap_or(plan.cohort).max(1);
        let size = wanted.min(plan.max_patients - treated);
        let dose = truth.doses[level];
        let mut cohort = DoseCounts::default();
        for patient in treated..treated + size {
            let (first, second) = stream(seed, trial, patient, Purpose::Events).pair(0);
            let (has_dlt, responds, is_deep) = dose.outcomes(first, second);
            cohort.add(has_dlt, responds);
            cohort.deep_responses += u32::from(is_deep);
        }
        treated += size;
        known.level = level;
        known.doses[level] = known.doses[level].with(cohort);
        known.last_cohort = Some(cohort);
        if treated >= plan.max_patients {
            return Action::Finish;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::ALL;

    #[test]
    fn parts_add_up_to_the_whole_in_any_order() {
        let design =
            (ALL.iter().find(|entry| entry.name == "boin").unwrap().from_toml)("target = 0.3");
        let design = design.unwrap();
        let truth = Truth::with_odds_ratio(&[0.1, 0.3], &[0.2, 0.5], 3.0).unwrap();
        let part = |range| tally(design.as_ref(), &truth, Plan::new(3, 24), 11, range).unwrap();
        let whole = part(0..900);
        assert_eq!(part(0..100).with(&part(100..900)), whole);
        assert_eq!(part(100..900).with(&part(0..100)), whole);
        let found = whole.characteristics();
        // Responses come at their rate, whatever the odds ratio.
        for (dose, rate) in [(0, 0.2), (1, 0.5)] {
            let patients = found.patients[dose];
            let error = (rate * (1.0 - rate) / (900.0 * patients)).sqrt();
            assert!((found.responses[dose] / patients - rate).abs() < 5.0 * error);
        }
    }
}
