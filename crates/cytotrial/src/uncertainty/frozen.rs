//! How much of a result's variance goes when assumed values are held at what is typical.
//!
//! Assumption share = 1 - variance with grade D held / variance with everything drawn, over the
//! same replicates, with the same patients and the same draws otherwise.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{FEWEST, Part, is_varied, jackknife, variance};
use crate::conduct::run::ReplicateResult;
use crate::protocol::{Experiment, Grade, Unknowns};
use crate::summary::contrast::paired;
use crate::summary::measure::MEASURES;

/// The name of the runs with assumed values held, as a part of the work.
pub const PART: &str = "frozen-d";

/// What is drawn while assumed values are held.
pub fn held(unknowns: Unknowns) -> Unknowns {
    unknowns.without(Grade::D)
}

/// Replicates run again at most.
const MOST: u32 = 200;

/// How many replicates are run again: none when not everything is drawn, or with too few.
pub fn replicates(experiment: &Experiment) -> u32 {
    let is_drawn = experiment.unknowns == Unknowns::ALL;
    if is_drawn && experiment.replicates >= FEWEST { experiment.replicates.min(MOST) } else { 0 }
}

/// What is kept of a replicate: every measure of every arm, then of every pair of arms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Values(Vec<Option<f64>>);

/// The values of one replicate.
pub fn values(experiment: &Experiment, result: &ReplicateResult) -> Values {
    let arms = result
        .arms
        .iter()
        .flat_map(|arm| MEASURES.iter().map(|measure| measure.value(&arm.patients)));
    let place = |name: &String| experiment.arms.iter().position(|arm| arm.name == *name);
    let pairs = experiment.contrasts.iter().flat_map(|(a, b)| {
        let pair = place(a).zip(place(b));
        MEASURES.iter().map(move |measure| {
            let (a, b) = pair?;
            let found = paired(measure, &result.arms[a].patients, &result.arms[b].patients);
            stats::summary::mean(&found)
        })
    });
    Values(arms.chain(pairs).collect())
}

/// What a share is about: an arm, or a pair of arms.
pub use super::split::Subject;

/// The share of a result's variance that comes from assumed values.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// Arm or pair of arms.
    pub subject: Subject,
    /// Code of the measure.
    pub code: &'static str,
    /// The share; below 0 when holding them happened to raise the variance.
    pub share: Part,
    /// Replicates behind it.
    pub trials: usize,
}

/// The shares of all results whose variance can be compared. `held` has the values of the first
/// replicates with assumed values held; empty when nothing was run again.
pub fn shares(experiment: &Experiment, results: &[ReplicateResult], held: &[Values]) -> Vec<Share> {
    let drawn: Vec<Values> =
        results.iter().take(held.len()).map(|result| values(experiment, result)).collect();
    let arms = experiment.arms.iter().map(|arm| Subject::Arm(arm.name.clone()));
    let pairs = experiment.contrasts.iter();
    let pairs = pairs.map(|(a, b)| Subject::Contrast(a.clone(), b.clone()));
    let subjects: Vec<Subject> = arms.chain(pairs).collect();
    let of_subjects = subjects.par_iter().enumerate().flat_map_iter(|(block, subject)| {
        let drawn = &drawn;
        MEASURES.iter().enumerate().filter_map(move |(offset, measure)| {
            let place = block * MEASURES.len() + offset;
            let both: Vec<[f64; 2]> = drawn
                .iter()
                .zip(held)
                .filter_map(|(drawn, held)| Some([drawn.0[place]?, held.0[place]?]))
                .collect();
            let (subject, code, trials) = (subject.clone(), measure.code, both.len());
            Some(Share { subject, code, share: share(&both)?, trials })
        })
    });
    of_subjects.collect()
}

/// 1 - variance of the second values / variance of the first, pair by pair from one replicate.
pub fn share(both: &[[f64; 2]]) -> Option<Part> {
    let drawn: Vec<f64> = both.iter().map(|pair| pair[0]).collect();
    let is_finite = both.iter().flatten().all(|value| value.is_finite());
    if both.len() < FEWEST as usize || !is_finite || !is_varied(&drawn) {
        return None;
    }
    jackknife(both.len(), |kept| {
        let of = |part: usize| variance(kept.iter().map(move |place| both[*place][part]));
        let drawn = of(0)?;
        // Differences below rounding are no variance.
        (drawn > 1e-12).then(|| of(1).map(|held| 1.0 - held / drawn))?
    })
}

#[cfg(test)]
mod tests {
    use stats::stream::{Purpose, stream};

    use super::*;

    #[test]
    fn a_known_share_comes_back_within_its_error() {
        // Luck 1, a group with variance 2, another with 1: the group makes a half.
        let pairs: Vec<[f64; 2]> = (0..1000)
            .map(|trial| {
                let draws = stream(3, trial, 0, Purpose::Unknowns);
                let rest = draws.normal(0) + draws.normal(1);
                [rest + 2.0_f64.sqrt() * draws.normal(2), rest]
            })
            .collect();
        let found = share(&pairs).unwrap();
        assert!((found.value - 0.5).abs() < 3.0 * found.error, "{found:?}");
        assert!((0.01..0.06).contains(&found.error), "{found:?}");
        assert_eq!(share(&vec![[0.0, 0.0]; 100]), None);
        assert_eq!(share(&[[0.0, f64::INFINITY], [1.0, 2.0]]), None);
    }
}
