//! What is not known, kept in sight: how much of each range it makes, and where it comes from.

use crate::conduct::run::ReplicateResult;
use crate::conduct::world::World;
use crate::protocol::Unknowns;

pub mod draws;
pub mod few;
pub mod frozen;
pub mod prediction;
pub mod rate;
pub mod regression;
pub mod split;
pub mod tornado;
pub mod weights;

/// A number with its Monte-Carlo standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// The estimate.
    pub value: f64,
    /// Its standard error over replicates.
    pub error: f64,
}

/// What a simulation says about its own ranges.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Uncertainty {
    /// Variance by luck and by ignorance: per arm and endpoint, then per pair of arms.
    pub splits: Vec<split::Split>,
    /// Share of the variance that goes when assumed values are held: per arm and endpoint.
    pub shares: Vec<frozen::Share>,
    /// What matters most, per arm and endpoint; empty when nothing is drawn.
    pub tornadoes: Vec<tornado::Tornado>,
}

/// Fewer replicates than this say nothing about what is not known.
pub const FEWEST: u32 = 20;

/// Everything that follows from the replicates, and from those with assumed values held.
pub fn of(world: &World, results: &[ReplicateResult], held: &[frozen::Values]) -> Uncertainty {
    if (results.len() as u32) < FEWEST {
        return Uncertainty::default();
    }
    let drawn = world.experiment.unknowns != Unknowns::NONE;
    Uncertainty {
        splits: split::splits(&world.experiment, results),
        shares: frozen::shares(&world.experiment, results, held),
        tornadoes: if drawn { tornado::tornadoes(world, results) } else { Vec::new() },
    }
}

/// A statistic of replicates with its standard error by the jackknife over at most 100 groups of
/// them. `of` is given the replicates that are kept; `None` when it cannot say.
///
/// Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 11.
pub fn jackknife(replicates: usize, of: impl Fn(&[usize]) -> Option<f64>) -> Option<Part> {
    let all: Vec<usize> = (0..replicates).collect();
    let value = of(&all)?;
    let groups = replicates.min(GROUPS);
    let mut left_out = Vec::with_capacity(groups);
    for group in 0..groups {
        let kept: Vec<usize> =
            all.iter().copied().filter(|place| place % groups != group).collect();
        left_out.push(of(&kept)?);
    }
    let mean = left_out.iter().sum::<f64>() / groups as f64;
    let squares: f64 = left_out.iter().map(|value| (value - mean) * (value - mean)).sum();
    let error = ((groups as f64 - 1.0) / groups as f64 * squares).sqrt();
    Some(Part { value, error })
}

/// Whether enough values differ from the most frequent one that their variance means something: a
/// result that one trial in a hundred shows differently says nothing about its causes.
pub(crate) fn is_varied(values: &[f64]) -> bool {
    let ordered = stats::summary::sorted(values);
    let same = ordered.chunk_by(|a, b| (a - b).abs() < 1e-12).map(<[f64]>::len).max().unwrap_or(0);
    values.len() - same >= VARIED
}

/// Values that must differ from the most frequent one.
const VARIED: usize = 10;

/// Groups of replicates that a jackknife leaves out at most.
const GROUPS: usize = 100;

/// The variance of some values, with n - 1; `None` for fewer than two.
pub(crate) fn variance(values: impl Iterator<Item = f64> + Clone) -> Option<f64> {
    let (count, sum) = values.clone().fold((0_usize, 0.0), |(n, sum), value| (n + 1, sum + value));
    if count < 2 {
        return None;
    }
    let mean = sum / count as f64;
    let squares: f64 = values.map(|value| (value - mean) * (value - mean)).sum();
    Some(squares / (count as f64 - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_trial_that_differs_is_no_variation() {
        let mut values = vec![0.0; 100];
        values[7] = 0.1;
        assert!(!is_varied(&values));
        let spread: Vec<f64> = (0..20).map(|k| f64::from(k % 2)).collect();
        assert!(is_varied(&spread) && !is_varied(&[]));
    }

    #[test]
    fn the_jackknife_of_a_mean_is_its_standard_error() {
        let values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
        let mean = |kept: &[usize]| {
            Some(kept.iter().map(|place| values[*place]).sum::<f64>() / kept.len() as f64)
        };
        let found = jackknife(values.len(), mean).unwrap();
        let want = (variance(values.iter().copied()).unwrap() / 8.0).sqrt();
        assert!((found.error - want).abs() < 1e-12);
        assert!((found.value - 3.875).abs() < 1e-12);
    }
}
