//! What a few patients tell about the probability of an event.
//!
//! Without a model: exact bounds (Clopper and Pearson, Biometrika 1934;26:404-413) and posteriors
//! under a uniform and under Jeffreys' prior. Through the model: the arm's distribution over
//! replicates, net of luck, is the prior.

use stats::interval::{patients_to_rule_out, posterior_upper, upper_bound_one_sided};

use super::rate::Rate;
use crate::conduct::result::PatientResult;
use crate::summary::measure::Measure;

/// What counts alone say, at a one-sided level of 95 %.
#[derive(Debug, Clone, PartialEq)]
pub struct Counts {
    /// Patients with the event, and patients.
    pub seen: (u32, u32),
    /// Exact upper bound.
    pub exact: f64,
    /// Upper limit of the posterior from a uniform prior.
    pub uniform: f64,
    /// Upper limit of the posterior from Jeffreys' prior.
    pub jeffreys: f64,
    /// Patients without the event that would be needed for an exact upper bound of at most a
    /// limit, with the limit.
    pub needed: Vec<(f64, u32)>,
}

/// The level of one-sided bounds.
pub const LEVEL: f64 = 0.95;
/// Limits for which the needed patients are given.
pub const LIMITS: [f64; 2] = [0.10, 0.20];

/// What `events` of `patients` say without any model; `None` without patients.
pub fn counts(events: u32, patients: u32, limits: &[f64]) -> Option<Counts> {
    if patients == 0 || events > patients {
        return None;
    }
    let needed = |limit: &f64| Some((*limit, patients_to_rule_out(*limit, LEVEL)?));
    Some(Counts {
        seen: (events, patients),
        exact: upper_bound_one_sided(events, patients, LEVEL),
        uniform: posterior_upper(events, patients, (1.0, 1.0), LEVEL),
        jeffreys: posterior_upper(events, patients, (0.5, 0.5), LEVEL),
        needed: limits.iter().filter_map(needed).collect(),
    })
}

/// What the model says before and after the few patients.
#[derive(Debug, Clone, PartialEq)]
pub struct Updated {
    /// The law of the rate before.
    pub before: Rate,
    /// The law of the rate after.
    pub after: Rate,
    /// Patients of the trial to come.
    pub planned: u32,
}

impl Updated {
    /// The largest number of events that the trial shows with 95 % probability: before, after.
    pub fn most_events(&self) -> [u64; 2] {
        [self.before, self.after].map(|rate| rate.events_at(LEVEL, u64::from(self.planned)))
    }
}

/// An arm's rate before and after `events` of `patients` were seen; `None` where the measure is no
/// share or there are too few replicates.
pub fn updated(
    measure: &Measure,
    replicates: &[&[PatientResult]],
    (events, patients): (u32, u32),
    planned: u32,
) -> Option<Updated> {
    let before = Rate::of_replicates(measure, replicates).filter(|_| events <= patients)?;
    Some(Updated { before, after: before.after(events, patients), planned })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_of_five_says_what_the_tables_say() {
        // Closed forms: 1 - 0.05^(1/5), 1 - 0.05^(1/6); Jeffreys from tables of the beta law.
        let none = counts(0, 5, &LIMITS).unwrap();
        assert!((none.exact - 0.451).abs() < 5e-4, "{none:?}");
        assert!((none.uniform - 0.393).abs() < 5e-4, "{none:?}");
        assert!((none.jeffreys - 0.306).abs() < 5e-4, "{none:?}");
        assert_eq!(none.needed, [(0.10, 29), (0.20, 14)]);
        assert_eq!(counts(0, 0, &LIMITS), None);
        assert_eq!(counts(2, 1, &LIMITS), None);
    }

    #[test]
    fn an_event_free_start_lowers_what_is_expected() {
        let before = Rate::of_moments(0.3, 0.04);
        let updated = Updated { before, after: before.after(0, 5), planned: 18 };
        // 0.3 x 4.25 / (4.25 + 5).
        assert!((updated.after.mean() - 0.3 * 4.25 / 9.25).abs() < 1e-12);
        let [most, now] = updated.most_events();
        assert!(now < most, "{now} {most}");
    }
}
