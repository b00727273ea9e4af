//! What matters most: which unknowns move a result from one replicate to the next.
//!
//! A replicate's draw is a function of its address, so that the result of every replicate can be set
//! against what was drawn there. Terms are chosen one by one and fitted together (least squares);
//! an effect goes from the low to the high end of what is drawn.

use rayon::prelude::*;
use stats::stream::{Purpose, stream};

use super::draws::{Drawn, drawn};
use super::regression::Candidates;
use super::{FEWEST, is_varied};
use crate::conduct::run::ReplicateResult;
use crate::conduct::world::World;
use crate::protocol::Grade;
use crate::summary::measure::{Measure, measure};

/// One unknown and what it does to a result.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// Symbol, name of a coupling, or path in a file.
    pub symbol: String,
    /// What it is, in words.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// How well it is known.
    pub grade: Grade,
    /// Its value at the low and the high end.
    pub ends: [f64; 2],
    /// The result at the high end minus that at the low end.
    pub effect: f64,
    /// Its standard error.
    pub error: f64,
    /// Whether the effect, in standard errors, is larger than any that the same choice finds among
    /// shuffled results, but for one case in twenty.
    pub is_clear: bool,
    /// Replicates from which on an effect of this size could be told from chance.
    pub needed: u64,
}

/// The terms of one result, largest effect first.
#[derive(Debug, Clone, PartialEq)]
pub struct Tornado {
    /// The arm.
    pub arm: String,
    /// Code of the measure.
    pub code: &'static str,
    /// Replicates behind it.
    pub trials: usize,
    /// Unknowns that could have been chosen.
    pub candidates: usize,
    /// The terms; empty where the result is the same in all but a few replicates.
    pub terms: Vec<Term>,
    /// Share of the variance over replicates that the terms explain.
    pub explained: f64,
}

/// Terms that are shown.
const MOST: usize = 10;

/// The results that are taken apart. Where a mean time within a year cannot be estimated because
/// the follow-up is shorter, the share of patients at six months stands for it.
const RESULTS: &[&[&str]] =
    &[&["orr"], &["crs"], &["crs-grade-2-or-more"], &["pfs-mean-12-month", "pfs-6-month"]];

/// Every result of every arm.
pub fn tornadoes(world: &World, results: &[ReplicateResult]) -> Vec<Tornado> {
    let arms = world.experiment.arms.par_iter().enumerate();
    let of_arm = arms.flat_map_iter(|(place, arm)| {
        let drawn = drawn(world, place);
        let columns: Vec<Vec<f64>> = drawn
            .iter()
            .map(|drawn| results.iter().map(|r| drawn.direction(world, r.replicate)).collect())
            .collect();
        RESULTS.iter().filter_map(move |codes| {
            codes.iter().find_map(|code| {
                let measure = measure(code)?;
                let values = values(measure, place, results);
                tornado(&arm.name, measure, world.experiment.seed, &drawn, &columns, &values)
            })
        })
    });
    of_arm.collect()
}

fn values(measure: &Measure, arm: usize, results: &[ReplicateResult]) -> Vec<Option<f64>> {
    results.iter().map(|result| measure.value(&result.arms[arm].patients)).collect()
}

fn tornado(
    arm: &str,
    measure: &'static Measure,
    seed: u64,
    drawn: &[Drawn],
    columns: &[Vec<f64>],
    values: &[Option<f64>],
) -> Option<Tornado> {
    let rows: Vec<usize> =
        (0..values.len()).filter(|row| values[*row].is_some_and(f64::is_finite)).collect();
    // A result that half of the trials cannot give says nothing about the others.
    if rows.len() < FEWEST as usize || 2 * rows.len() < values.len() {
        return None;
    }
    let known: Vec<f64> = rows.iter().filter_map(|row| values[*row]).collect();
    let columns: Vec<Vec<f64>> =
        columns.iter().map(|column| rows.iter().map(|row| column[*row]).collect()).collect();
    let mut tornado = Tornado {
        arm: arm.to_owned(),
        code: measure.code,
        trials: rows.len(),
        candidates: drawn.len(),
        terms: Vec::new(),
        explained: 0.0,
    };
    let candidates = Candidates::new(&columns);
    if let Some(fit) = is_varied(&known).then(|| candidates.forward(&known, MOST)).flatten() {
        let limit = limit(&known, &candidates, seed);
        tornado.explained = fit.explained;
        tornado.terms = fit
            .terms
            .iter()
            .zip(&fit.coefficients)
            .map(|(place, [half, error])| term(&drawn[*place], *half, *error, limit, rows.len()))
            .collect();
        tornado.terms.sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()));
    }
    Some(tornado)
}

fn term(drawn: &Drawn, half: f64, error: f64, limit: f64, trials: usize) -> Term {
    let unknown = &drawn.unknown;
    let ratio = (half / error).abs();
    let needed = trials as f64 * (limit / ratio) * (limit / ratio);
    Term {
        symbol: unknown.symbol.clone(),
        name: unknown.name.clone(),
        unit: unknown.unit.clone(),
        grade: unknown.grade,
        ends: unknown.ends,
        effect: 2.0 * half,
        error: 2.0 * error,
        is_clear: ratio > limit,
        needed: needed.ceil() as u64,
    }
}

/// How many standard errors an effect reaches by chance in one of twenty cases: the same choice of
/// terms is made for shuffled results, and the largest effect kept of each shuffle.
fn limit(values: &[f64], candidates: &Candidates, seed: u64) -> f64 {
    let largest: Vec<f64> = (0..SHUFFLES)
        .into_par_iter()
        .map(|shuffle| {
            let draws = stream(seed, shuffle, u32::MAX, Purpose::Shuffle);
            let mut order: Vec<usize> = (0..values.len()).collect();
            order.sort_by(|a, b| draws.uniform(*a as u32).total_cmp(&draws.uniform(*b as u32)));
            let shuffled: Vec<f64> = order.iter().map(|place| values[*place]).collect();
            let fit = candidates.forward(&shuffled, MOST);
            let ratios = fit.into_iter().flat_map(|fit| fit.coefficients);
            ratios.map(|[effect, error]| (effect / error).abs()).fold(0.0, f64::max)
        })
        .collect();
    let mut ordered = stats::summary::sorted(&largest);
    ordered.truncate(SHUFFLES as usize - BEYOND);
    ordered.last().copied().unwrap_or(f64::INFINITY)
}

/// Shuffles, and how many of them may give more: with the result itself one case in twenty.
const SHUFFLES: u32 = 39;
const BEYOND: usize = 1;

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns of directions, and results that follow the third of them.
    fn made(rows: u32, strength: f64) -> (Vec<f64>, Vec<Vec<f64>>) {
        let draws = |row: u32| stream(21, row, 3, Purpose::Unknowns);
        let columns: Vec<Vec<f64>> = (0..60)
            .map(|term| (0..rows).map(|row| 2.0 * draws(row).uniform(term) - 1.0).collect())
            .collect();
        let values = (0..rows)
            .map(|row| strength * columns[2][row as usize] + draws(row).normal(500))
            .collect();
        (values, columns)
    }

    #[test]
    fn what_chance_gives_grows_with_what_can_be_chosen() {
        let (values, columns) = made(120, 0.0);
        let (some, all) = (Candidates::new(&columns[..2]), Candidates::new(&columns));
        let (few, many) = (limit(&values, &some, 4), limit(&values, &all, 4));
        // One of two: near Student's 97.5 % point for two candidates, 2.27. The largest of ten
        // chosen among sixty is far beyond it.
        assert!((1.6..3.2).contains(&few), "{few}");
        assert!((3.0..7.0).contains(&many), "{many}");
        let fit = all.forward(&values, MOST).unwrap();
        assert!(fit.coefficients.iter().all(|[effect, error]| (effect / error).abs() <= many));
    }

    #[test]
    fn a_true_effect_passes_the_limit() {
        let (values, columns) = made(120, 1.5);
        let candidates = Candidates::new(&columns);
        let limit = limit(&values, &candidates, 4);
        let fit = candidates.forward(&values, MOST).unwrap();
        let [effect, error] = fit.coefficients[0];
        assert_eq!(fit.terms[0], 2);
        assert!(effect / error > limit, "{effect} {error} {limit}");
        assert!((effect - 1.5).abs() < 3.0 * error);
    }
}
