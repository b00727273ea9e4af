//! What the designs of the BOP2 family share: cut-offs that grow with the patients, and the search for them.
//!
//! Zhou, Lee and Yuan, Stat Med 2017;36:3302-3314. The search is exact.

use std::collections::BTreeMap;

use stats::math::pow;

use crate::design::{DesignError, is_rate, within};
use crate::posterior::exceeds_with;

/// Probabilities this close are equal.
const SAME: f64 = 1e-12;

/// A cut-off of the posterior probability: `lambda x (patients / all patients)^gamma`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cutoff {
    pub(crate) lambda: f64,
    pub(crate) gamma: f64,
}

impl Cutoff {
    /// The cut-off of the settings; `None` if it is to be searched for.
    pub(crate) fn of(lambda: Option<f64>, gamma: Option<f64>) -> Result<Option<Self>, DesignError> {
        match (lambda, gamma) {
            (Some(lambda), Some(gamma)) => {
                is_rate("lambda", lambda)?;
                within("gamma", gamma, gamma >= 0.0, || "at least 0".to_owned())?;
                Ok(Some(Self { lambda, gamma }))
            }
            (None, None) => Ok(None),
            _ => {
                let text = "give both `lambda` and `gamma`, or neither";
                Err(DesignError::Settings(text.to_owned()))
            }
        }
    }

    /// Its value at every look.
    pub(crate) fn at(self, looks: &[u32]) -> Vec<f64> {
        let last = f64::from(looks[looks.len() - 1]);
        let value = |&look: &u32| self.lambda * pow(f64::from(look) / last, self.gamma);
        looks.iter().map(value).collect()
    }
}

/// By look and count, the posterior probability that a rate exceeds its null rate; the prior has the
/// mean of the null rate and the weight of one patient.
pub(crate) fn posteriors(null: f64, looks: &[u32]) -> Vec<Vec<f64>> {
    let row = |&look: &u32| {
        (0..=look).map(|hits| exceeds_with((null, 1.0 - null), hits, look, null)).collect()
    };
    looks.iter().map(row).collect()
}

/// At every look, the most events whose probability is below the cut-off.
pub(crate) fn at_most(rows: &[Vec<f64>], cutoffs: &[f64]) -> Vec<Option<u32>> {
    let most = |(row, cutoff): (&Vec<f64>, &f64)| {
        row.iter().rposition(|value| value < cutoff).map(|events| events as u32)
    };
    rows.iter().zip(cutoffs).map(most).collect()
}

/// What a set of bounds does: the probability of passing every look, and the mean patients.
pub(crate) struct Passed {
    pub(crate) probability: f64,
    pub(crate) mean_patients: f64,
}

/// The cut-off with the highest power that keeps the type I error; of equal ones the one with the
/// fewest patients on average at the null rates.
pub(crate) fn search<Bounds: Ord>(
    type_one: f64,
    bounds: impl Fn(Cutoff) -> Bounds,
    at_null: impl Fn(&Bounds) -> Passed,
    at_alternative: impl Fn(&Bounds) -> Passed,
) -> Result<Cutoff, DesignError> {
    // Many cut-offs make the same bounds; the first of each is kept.
    let mut distinct: BTreeMap<Bounds, Cutoff> = BTreeMap::new();
    for lambda in 0..=99 {
        for gamma in 0..=50 {
            let cutoff =
                Cutoff { lambda: 0.5 + 0.005 * f64::from(lambda), gamma: 0.02 * f64::from(gamma) };
            distinct.entry(bounds(cutoff)).or_insert(cutoff);
        }
    }
    let mut best: Option<(f64, f64, Cutoff)> = None;
    for (bounds, cutoff) in distinct {
        let null = at_null(&bounds);
        if null.probability > type_one {
            continue;
        }
        let power = at_alternative(&bounds).probability;
        let is_better = best.is_none_or(|(most, patients, _)| {
            power > most + SAME || (power > most - SAME && null.mean_patients < patients - SAME)
        });
        if is_better {
            best = Some((power, null.mean_patients, cutoff));
        }
    }
    best.map(|(_, _, cutoff)| cutoff).ok_or_else(|| {
        DesignError::Settings(format!(
            "no cut-off keeps a type I error of {type_one}: add patients"
        ))
    })
}
