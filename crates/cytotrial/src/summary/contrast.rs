//! Differences between arms on the same virtual patients.

use rayon::prelude::*;
use stats::summary::{mean, quantile_of_sorted, sorted};

use super::measure::{MEASURES, Measure};
use crate::conduct::result::PatientResult;
use crate::conduct::run::ReplicateResult;
use crate::protocol::Experiment;

/// A paired difference of one endpoint between two arms.
#[derive(Debug, Clone, PartialEq)]
pub struct Contrast {
    /// First arm minus second arm.
    pub arms: (String, String),
    /// Code of the measure.
    pub code: &'static str,
    /// Mean difference in each replicate, over the patients who are in both arms.
    pub values: Vec<Option<f64>>,
    /// Median, 5 % and 95 % over replicates.
    pub range: Option<(f64, f64, f64)>,
    /// Share of replicates with a difference above 0, and below 0.
    pub signs: [f64; 2],
    /// Pairs per replicate, mean.
    pub pairs: f64,
}

/// Every contrast of the experiment for every measure that a patient has a value for.
pub fn contrasts(experiment: &Experiment, results: &[ReplicateResult]) -> Vec<Contrast> {
    let place = |name: &str| experiment.arms.iter().position(|arm| arm.name == name);
    let of_pairs = experiment.contrasts.par_iter().flat_map_iter(|(first, second)| {
        let places = place(first).zip(place(second));
        MEASURES
            .iter()
            .filter_map(move |measure| contrast(measure, results, places?, (first, second)))
    });
    of_pairs.collect()
}

fn contrast(
    measure: &'static Measure,
    results: &[ReplicateResult],
    (a, b): (usize, usize),
    (first, second): (&str, &str),
) -> Option<Contrast> {
    let mut pairs = 0;
    let values: Vec<Option<f64>> = results
        .iter()
        .map(|result| {
            let differences = paired(measure, &result.arms[a].patients, &result.arms[b].patients);
            pairs += differences.len();
            mean(&differences)
        })
        .collect();
    // Less than a pair in a trial says nothing about trials.
    if pairs < results.len() {
        return None;
    }
    let known: Vec<f64> = values.iter().flatten().copied().collect();
    let ordered = sorted(&known);
    let at = |p: f64| quantile_of_sorted(&ordered, p);
    let share = |counts: fn(f64) -> bool| {
        known.iter().filter(|value| counts(**value)).count() as f64 / known.len().max(1) as f64
    };
    Some(Contrast {
        arms: (first.to_owned(), second.to_owned()),
        code: measure.code,
        range: (|| Some((at(0.5)?, at(0.05)?, at(0.95)?)))(),
        signs: [share(|value| value > 0.0), share(|value| value < 0.0)],
        pairs: pairs as f64 / results.len().max(1) as f64,
        values,
    })
}

/// Differences of the patients who are in both lists; both are ordered by patient.
pub(crate) fn paired(measure: &Measure, a: &[PatientResult], b: &[PatientResult]) -> Vec<f64> {
    a.iter()
        .filter_map(|first| {
            let place = b.binary_search_by_key(&first.patient, |patient| patient.patient).ok()?;
            Some(measure.of_patient(first)? - measure.of_patient(&b[place])?)
        })
        .collect()
}
