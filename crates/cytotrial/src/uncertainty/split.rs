//! The variance over replicates as luck, which more patients average out, and ignorance, which
//! only measurement reduces.
//!
//! Shares and means: analysis of variance; the variance between replicates less what the patients
//! of a replicate predict for it (Searle and others, Variance Components, 1992, chapter 3). Medians
//! and survival: two halves of a trial's patients, the odd and the even ones, share nothing but what
//! is not known, so their covariance over replicates is the ignorance. What the patients of a trial
//! share for another reason, the path of the dose escalation above all, counts as ignorance too.

use rayon::prelude::*;

use super::{Part, jackknife, variance};
use crate::conduct::result::PatientResult;
use crate::conduct::run::ReplicateResult;
use crate::protocol::Experiment;
use crate::summary::contrast::paired;
use crate::summary::measure::{MEASURES, Measure};

/// What is split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An arm.
    Arm(String),
    /// The first arm minus the second.
    Contrast(String, String),
}

/// How it was split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Between replicates less within.
    Variance,
    /// Covariance of two halves of the patients.
    Halves,
}

impl Method {
    /// The word for it in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Variance => "variance",
            Self::Halves => "halves",
        }
    }
}

impl Subject {
    /// The arm, or the first arm and the one that is taken from it.
    pub fn arms(&self) -> (&str, Option<&str>) {
        match self {
            Self::Arm(arm) => (arm, None),
            Self::Contrast(first, second) => (first, Some(second)),
        }
    }
}

/// The variance of one estimate over replicates.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// Arm or pair of arms.
    pub subject: Subject,
    /// Code of the measure.
    pub code: &'static str,
    /// How.
    pub method: Method,
    /// Variance from the finite number of patients.
    pub luck: Part,
    /// Variance from what is not known; can be estimated slightly below 0.
    pub ignorance: Part,
    /// Replicates behind it.
    pub trials: usize,
}

impl Split {
    /// Variance over replicates.
    pub fn total(&self) -> f64 {
        self.luck.value + self.ignorance.value
    }

    /// The share of the variance that is ignorance, 0 to 1; `None` without any variance.
    pub fn share(&self) -> Option<f64> {
        let total = self.total();
        (total > 0.0).then(|| (self.ignorance.value / total).clamp(0.0, 1.0))
    }
}

/// Every estimate that can be split.
pub fn splits(experiment: &Experiment, results: &[ReplicateResult]) -> Vec<Split> {
    let of_arms = experiment.arms.par_iter().enumerate().flat_map_iter(|(place, arm)| {
        let patients: Vec<&[PatientResult]> =
            results.iter().map(|result| result.arms[place].patients.as_slice()).collect();
        let halves: Vec<[Vec<PatientResult>; 2]> =
            patients.iter().map(|patients| halves(patients)).collect();
        MEASURES.iter().filter_map(move |measure| {
            of_arm(measure, &patients, &halves, Subject::Arm(arm.name.clone()))
        })
    });
    let pairs = experiment.contrasts.par_iter().filter_map(|(first, second)| {
        let place = |name: &String| experiment.arms.iter().position(|arm| arm.name == *name);
        Some(((first, place(first)?), (second, place(second)?)))
    });
    let of_pairs = pairs.flat_map_iter(|((first, a), (second, b))| {
        MEASURES.iter().filter_map(move |measure| {
            let differences: Vec<Vec<f64>> = results
                .iter()
                .map(|result| paired(measure, &result.arms[a].patients, &result.arms[b].patients))
                .collect();
            let subject = Subject::Contrast(first.clone(), second.clone());
            of_differences(measure, &differences, subject)
        })
    });
    of_arms.chain(of_pairs).collect()
}

/// A trial's patients, every second one.
fn halves(patients: &[PatientResult]) -> [Vec<PatientResult>; 2] {
    [0, 1].map(|start| patients.iter().skip(start).step_by(2).cloned().collect())
}

fn of_arm(
    measure: &'static Measure,
    patients: &[&[PatientResult]],
    halves: &[[Vec<PatientResult>; 2]],
    subject: Subject,
) -> Option<Split> {
    if measure.is_mean() {
        let pairs: Vec<(f64, f64)> = patients
            .iter()
            .filter_map(|patients| {
                Some((measure.value(patients)?, measure.variance_within(patients)?))
            })
            .collect();
        return by_variance(&pairs).map(|parts| split(subject, measure, Method::Variance, parts));
    }
    let triples: Vec<[f64; 3]> = patients
        .iter()
        .zip(halves)
        .filter_map(|(patients, [odd, even])| {
            let found = [measure.value(patients)?, measure.value(odd)?, measure.value(even)?];
            Some(found)
        })
        .collect();
    // A median that is not reached in some trials has no variance.
    if triples.iter().flatten().any(|value| !value.is_finite()) {
        return None;
    }
    by_halves(&triples).map(|parts| split(subject, measure, Method::Halves, parts))
}

fn of_differences(
    measure: &'static Measure,
    differences: &[Vec<f64>],
    subject: Subject,
) -> Option<Split> {
    let pairs: Vec<(f64, f64)> = differences
        .iter()
        .filter_map(|values| {
            let spread = stats::summary::standard_deviation(values)?;
            let count = values.len() as f64;
            Some((values.iter().sum::<f64>() / count, spread * spread / count))
        })
        .filter(|(value, within)| value.is_finite() && within.is_finite())
        .collect();
    by_variance(&pairs).map(|parts| split(subject, measure, Method::Variance, parts))
}

fn split(
    subject: Subject,
    measure: &Measure,
    method: Method,
    (luck, ignorance, trials): (Part, Part, usize),
) -> Split {
    Split { subject, code: measure.code, method, luck, ignorance, trials }
}

/// Luck and ignorance from a value per trial and the variance that its patients predict for it.
pub fn by_variance(pairs: &[(f64, f64)]) -> Option<(Part, Part, usize)> {
    let luck = |kept: &[usize]| {
        let sum: f64 = kept.iter().map(|place| pairs[*place].1).sum();
        (!kept.is_empty()).then(|| sum / kept.len() as f64)
    };
    let ignorance =
        |kept: &[usize]| Some(variance(kept.iter().map(|place| pairs[*place].0))? - luck(kept)?);
    parts(pairs.len(), luck, ignorance)
}

/// Luck and ignorance from a value per trial and the same from each half of its patients.
pub fn by_halves(triples: &[[f64; 3]]) -> Option<(Part, Part, usize)> {
    let ignorance = |kept: &[usize]| {
        let mean = |part: usize| {
            kept.iter().map(|place| triples[*place][part]).sum::<f64>() / kept.len() as f64
        };
        let (odd, even) = (mean(1), mean(2));
        let sum: f64 =
            kept.iter().map(|place| (triples[*place][1] - odd) * (triples[*place][2] - even)).sum();
        (kept.len() > 1).then(|| sum / (kept.len() as f64 - 1.0))
    };
    let luck = |kept: &[usize]| {
        Some(variance(kept.iter().map(|place| triples[*place][0]))? - ignorance(kept)?)
    };
    parts(triples.len(), luck, ignorance)
}

fn parts(
    trials: usize,
    luck: impl Fn(&[usize]) -> Option<f64>,
    ignorance: impl Fn(&[usize]) -> Option<f64>,
) -> Option<(Part, Part, usize)> {
    if trials < super::FEWEST as usize {
        return None;
    }
    Some((jackknife(trials, luck)?, jackknife(trials, ignorance)?, trials))
}

#[cfg(test)]
mod tests {
    use stats::stream::{Purpose, stream};

    use super::*;

    /// Trials of `patients` patients: each trial's mean is drawn with `between`, each patient
    /// around it with `within`.
    fn trials(count: u32, patients: u32, between: f64, within: f64) -> Vec<Vec<f64>> {
        (0..count)
            .map(|trial| {
                let middle = between * stream(2, trial, u32::MAX, Purpose::Unknowns).normal(0);
                let patient =
                    |k| middle + within * stream(2, trial, k, Purpose::Parameters).normal(0);
                (0..patients).map(patient).collect()
            })
            .collect()
    }

    fn mean_and_variance(values: &[f64]) -> (f64, f64) {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (mean, variance(values.iter().copied()).unwrap() / values.len() as f64)
    }

    #[test]
    fn known_components_come_back_within_their_errors() {
        for (between, within, patients) in [(0.3, 1.0, 16), (1.0, 1.0, 10), (0.0, 2.0, 12)] {
            let pairs: Vec<(f64, f64)> = trials(1500, patients, between, within)
                .iter()
                .map(|values| mean_and_variance(values))
                .collect();
            let (luck, ignorance, count) = by_variance(&pairs).unwrap();
            let want = [within * within / f64::from(patients), between * between];
            assert!((luck.value - want[0]).abs() < 3.5 * luck.error, "{luck:?} {want:?}");
            assert!((ignorance.value - want[1]).abs() < 3.5 * ignorance.error, "{ignorance:?}");
            assert_eq!(count, 1500);
            // The error itself: of a variance of normal means.
            let error = (want[0] + want[1]) * (2.0 / 1500.0_f64).sqrt();
            assert!((ignorance.error / error - 1.0).abs() < 0.25, "{ignorance:?} {error}");
        }
    }

    #[test]
    fn halves_find_the_ignorance_of_medians() {
        let median = |values: &[f64]| stats::summary::median(values).unwrap();
        let triples: Vec<[f64; 3]> = trials(2000, 18, 0.5, 1.0)
            .iter()
            .map(|values| {
                let half = |start: usize| -> Vec<f64> {
                    values.iter().skip(start).step_by(2).copied().collect()
                };
                [median(values), median(&half(0)), median(&half(1))]
            })
            .collect();
        let (luck, ignorance, _) = by_halves(&triples).unwrap();
        assert!((ignorance.value - 0.25).abs() < 3.5 * ignorance.error, "{ignorance:?}");
        // The median of n normal values has a variance near pi/2n; for 18 it is 0.0824.
        assert!((luck.value - 0.0824).abs() < 3.5 * luck.error + 0.003, "{luck:?}");
        assert_eq!(by_halves(&triples[..10]), None);
    }
}
