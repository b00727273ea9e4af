//! What each subject contributes: score residuals, the robust variance, concordance.

use std::collections::BTreeMap;

use super::likelihood::{Set, Sets};
use super::{Model, Ties};
use crate::math::exp;

/// Robust standard errors from the clusters; `None` without clusters and with exact ties.
pub(super) fn robust_errors(
    model: &Model,
    sets: &Sets,
    beta: &[f64],
    variance: &[f64],
) -> Option<Vec<f64>> {
    if model.clusters.is_empty() || model.ties == Ties::Exact {
        return None;
    }
    let count = sets.count;
    let residuals = score_residuals(model, sets, beta);
    let mut clusters: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (row, &cluster) in model.clusters.iter().enumerate() {
        let sum = clusters.entry(cluster).or_insert_with(|| vec![0.0; count]);
        for (to, from) in sum.iter_mut().zip(&residuals[row * count..]) {
            *to += from;
        }
    }
    let mut squares = vec![0.0; count];
    for residual in clusters.values() {
        for (at, square) in squares.iter_mut().enumerate() {
            let moved: f64 =
                (0..count).map(|place| residual[place] * variance[place * count + at]).sum();
            *square += moved * moved;
        }
    }
    Some(squares.into_iter().map(f64::sqrt).collect())
}

/// The score of every subject, row by row.
fn score_residuals(model: &Model, sets: &Sets, beta: &[f64]) -> Vec<f64> {
    let mut residuals = vec![0.0; model.observations.len() * sets.count];
    for set in &sets.all {
        add_set(&mut residuals, model, sets, set, beta);
    }
    residuals
}

fn add_set(residuals: &mut [f64], model: &Model, sets: &Sets, set: &Set, beta: &[f64]) {
    let count = sets.count;
    let (top, all, deaths) = sets.sums(set, beta);
    let size = set.deaths.len();
    for place in 0..size {
        let share = if model.ties == Ties::Efron { place as f64 / size as f64 } else { 0.0 };
        let zero = all.zero - share * deaths.zero;
        let mean: Vec<f64> = (0..count)
            .map(|column| (all.first[column] - share * deaths.first[column]) / zero)
            .collect();
        for &row in &set.at_risk {
            let is_death = set.deaths.contains(&row);
            let weight = exp(sets.score(row, beta) - top) / zero;
            let exposed = if is_death { (1.0 - share) * weight } else { weight };
            let own = if is_death { 1.0 / size as f64 } else { 0.0 };
            for (column, &value) in sets.row(row).iter().enumerate() {
                residuals[row as usize * count + column] +=
                    (own - exposed) * (value - mean[column]);
            }
        }
    }
}

/// Harrell's share of pairs in the right order; pairs are formed within a stratum.
pub(super) fn concordance(model: &Model, beta: &[f64]) -> Option<f64> {
    let all = &model.observations;
    let score = |row: usize| -> f64 {
        model.covariates.iter().zip(beta).map(|(one, beta)| one.values[row] * beta).sum()
    };
    let scores: Vec<f64> = (0..all.len()).map(score).collect();
    let stratum = |row: usize| model.strata.get(row).copied().unwrap_or(0);
    let (mut right, mut pairs) = (0.0, 0.0);
    for first in (0..all.len()).filter(|&row| all[row].event) {
        for second in 0..all.len() {
            // censored at the time of an event: was still free of it
            let later = all[second].time > all[first].time
                || (all[second].time.total_cmp(&all[first].time).is_eq() && !all[second].event);
            if !later || all[second].entry >= all[first].time || stratum(first) != stratum(second) {
                continue;
            }
            pairs += 1.0;
            let ahead = scores[first] - scores[second];
            let same = 1e-12 * (scores[first].abs() + scores[second].abs());
            right += if ahead.abs() <= same { 0.5 } else { f64::from(u8::from(ahead > 0.0)) };
        }
    }
    (pairs > 0.0).then(|| right / pairs)
}
