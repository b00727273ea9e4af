//! How much of a result's variance goes when values of a grade are held at what is typical.
//!
//! Share = 1 - variance with the group held / variance with everything drawn, over the same
//! replicates, with the same patients and the same draws otherwise.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{FEWEST, Part, is_varied, jackknife, variance};
use crate::conduct::run::ReplicateResult;
use crate::protocol::{Experiment, Grade, Unknowns};
use crate::summary::contrast::paired;
use crate::summary::measure::MEASURES;

/// A group of grades that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Its name as a part of the work.
    pub part: &'static str,
    /// The grades in words.
    pub title: &'static str,
    grades: &'static [Grade],
}

/// The groups, best known first.
pub const GROUPS: &[Group] = &[
    Group { part: "frozen-ab", title: "A and B", grades: &[Grade::A, Grade::B] },
    Group { part: "frozen-c", title: "C", grades: &[Grade::C] },
    Group { part: "frozen-d", title: "D", grades: &[Grade::D] },
];

impl Group {
    /// What is drawn while the group is held.
    pub fn unknowns(&self, unknowns: Unknowns) -> Unknowns {
        self.grades.iter().fold(unknowns, |unknowns, grade| unknowns.without(*grade))
    }
}

/// Replicates run again at most for each group.
const MOST: u32 = 200;

/// How many replicates are run again for each group: none when nothing is drawn, or too few.
pub fn replicates(experiment: &Experiment) -> u32 {
    let is_drawn = experiment.unknowns == Unknowns::ALL;
    if is_drawn && experiment.replicates >= FEWEST { experiment.replicates.min(MOST) } else { 0 }
}

/// What is kept of a replicate: every measure of every arm, then of every pair of arms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Values(Vec<Option<f64>>);

/// The values of a group's replicates.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The group that was held.
    pub group: Group,
    /// One entry per replicate, in order.
    pub values: Vec<Values>,
}

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

/// The share of a result's variance that comes from a group of grades.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// Arm or pair of arms.
    pub subject: Subject,
    /// Code of the measure.
    pub code: &'static str,
    /// The group.
    pub group: Group,
    /// The share; below 0 when holding the group happened to raise the variance.
    pub share: Part,
    /// Replicates behind it.
    pub trials: usize,
}

/// The shares of all results whose variance can be compared.
pub fn shares(experiment: &Experiment, results: &[ReplicateResult], runs: &[Run]) -> Vec<Share> {
    let Some(first) = runs.first() else { return Vec::new() };
    let drawn: Vec<Values> =
        results.iter().take(first.values.len()).map(|result| values(experiment, result)).collect();
    let arms = experiment.arms.iter().map(|arm| Subject::Arm(arm.name.clone()));
    let pairs = experiment.contrasts.iter();
    let pairs = pairs.map(|(a, b)| Subject::Contrast(a.clone(), b.clone()));
    let subjects: Vec<Subject> = arms.chain(pairs).collect();
    let of_subjects = subjects.par_iter().enumerate().flat_map_iter(|(block, subject)| {
        let measures = MEASURES.iter().enumerate();
        let measures = measures.flat_map(|at| runs.iter().map(move |run| (at, run)));
        let drawn = &drawn;
        measures.filter_map(move |((offset, measure), run)| {
            let place = block * MEASURES.len() + offset;
            let both: Vec<[f64; 2]> = drawn
                .iter()
                .zip(&run.values)
                .filter_map(|(drawn, held)| Some([drawn.0[place]?, held.0[place]?]))
                .collect();
            let (subject, code, trials) = (subject.clone(), measure.code, both.len());
            Some(Share { subject, code, group: run.group, share: share(&both)?, trials })
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
