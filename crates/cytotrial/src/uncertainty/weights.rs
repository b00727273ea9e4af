//! The virtual population made in a second way: patients weighted to a published baseline,
//! replicates weighted by published results that may be fitted.
//!
//! Patients: entropy balancing (Hainmueller, Political Analysis 2012;20:25-46), the weights closest
//! to equal ones that give the published shares and medians. Replicates: the probability of the
//! published counts given the replicate's own patients, whose rate is not known exactly either
//! (beta-binomial, Jeffreys' prior), so that a noisy replicate is not trusted beyond its size.
//! Results of one trial are taken as independent given the rates, but a result nested in another
//! (complete response in response) counts among those patients only.

use std::collections::BTreeMap;

use stats::math::{exp, ln};

use super::rate::Rate;
use super::regression::inverse;
use crate::conduct::run::ReplicateResult;
use crate::conduct::world::World;
use crate::population::baseline::Statistic;
use crate::population::{Patient, Population};
use crate::protocol::Experiment;
use crate::summary::measure::{Measure, measure};
use crate::summary::weighted::{effective_size, quantile};
use crate::targets::{FitTarget, Target};

/// A published baseline value beside the virtual patients.
#[derive(Debug, Clone, PartialEq)]
pub struct Marginal {
    /// What it is, such as `age: median 61 year` or `penta-refractory`.
    pub what: String,
    /// The share that the cohort has.
    pub published: f64,
    /// The share among the patients as drawn.
    pub drawn: f64,
    /// The share among the weighted patients.
    pub weighted: f64,
}

/// Patients with weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Balance {
    /// The cohort.
    pub cohort: String,
    /// What was balanced.
    pub marginals: Vec<Marginal>,
    /// Enrolled patients of all replicates, whatever the arm.
    pub patients: usize,
    /// Equally weighted patients that would be as good.
    pub effective: f64,
    /// Whether every marginal was met to a thousandth. If not, patients keep equal weights.
    pub is_met: bool,
}

/// The range of one result under both populations: 5 %, 50 %, 95 % over replicates.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranges {
    /// The arm.
    pub arm: String,
    /// Code of the measure.
    pub code: &'static str,
    /// As drawn.
    pub drawn: [f64; 3],
    /// Weighted.
    pub weighted: [f64; 3],
    /// Whether the weights were made from this very result.
    pub is_fitted: bool,
}

/// What the second way of making the population says.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighted {
    /// Patients.
    pub balance: Balance,
    /// Identifiers of the results that the replicates were weighted by.
    pub fitted: Vec<String>,
    /// Weight of each replicate, with mean 1.
    pub replicates: Vec<f64>,
    /// Equally weighted replicates that would be as good.
    pub effective: f64,
    /// Results under both.
    pub ranges: Vec<Ranges>,
}

/// The results that are shown under both populations.
pub const RESULTS: &[&str] =
    &["orr", "cr", "crs", "crs-grade-3-or-more", "icans", "pfs-mean-12-month"];

/// The results with the role `fit` that a comparison names, by the position of their arm.
pub fn fits<'a>(experiment: &Experiment, targets: &'a [Target]) -> Vec<(usize, FitTarget<'a>)> {
    let mut found = Vec::new();
    for (place, arm) in experiment.arms.iter().enumerate() {
        for id in experiment.targets.get(&arm.name).into_iter().flatten() {
            let target = targets.iter().find(|target| target.id == *id);
            found.extend(target.and_then(FitTarget::of).map(|fit| (place, fit)));
        }
    }
    found
}

/// Weighs patients and replicates. `None` without any result to fit that is a count.
pub fn weigh(
    world: &World,
    results: &[ReplicateResult],
    fits: &[(usize, FitTarget<'_>)],
) -> Option<Weighted> {
    let counts: Vec<Count> = fits.iter().filter_map(|fit| Count::of(*fit, fits)).collect();
    if counts.is_empty() || results.len() < 2 {
        return None;
    }
    let (balance, weights) = balance(world, results, fits);
    let of = |result: &ReplicateResult, arm: usize| -> Vec<f64> {
        let patients = result.arms[arm].patients.iter();
        let key = |number| (result.replicate, number);
        patients.map(|patient| *weights.get(&key(patient.patient)).unwrap_or(&1.0)).collect()
    };
    let likelihood: Vec<f64> = results
        .iter()
        .map(|result| {
            counts.iter().map(|count| count.ln_likelihood(result, &of(result, count.arm))).sum()
        })
        .collect();
    let best = likelihood.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let raw: Vec<f64> = likelihood.iter().map(|value| exp(value - best)).collect();
    let scale = raw.len() as f64 / raw.iter().sum::<f64>();
    let replicates: Vec<f64> = raw.iter().map(|weight| weight * scale).collect();
    let mut ranges = Vec::new();
    for (place, arm) in world.experiment.arms.iter().enumerate() {
        for measure in RESULTS.iter().filter_map(|code| measure(code)) {
            let (mut drawn, mut weighted) = (Vec::new(), Vec::new());
            for (result, weight) in results.iter().zip(&replicates) {
                let patients = &result.arms[place].patients;
                drawn.extend(measure.value(patients).map(|value| (value, 1.0)));
                let value = measure.weighted_value(patients, &of(result, place));
                weighted.extend(value.map(|value| (value, *weight)));
            }
            let points = |pairs: &[(f64, f64)]| {
                Some([quantile(pairs, 0.05)?, quantile(pairs, 0.5)?, quantile(pairs, 0.95)?])
            };
            if let (Some(drawn), Some(weighted)) = (points(&drawn), points(&weighted)) {
                let is_this =
                    |count: &Count| count.arm == place && count.measure.code == measure.code;
                let (arm, code) = (arm.name.clone(), measure.code);
                let is_fitted = counts.iter().any(is_this);
                ranges.push(Ranges { arm, code, drawn, weighted, is_fitted });
            }
        }
    }
    Some(Weighted {
        balance,
        fitted: counts.iter().map(|count| count.id.clone()).collect(),
        effective: effective_size(replicates.iter().copied()),
        replicates,
        ranges,
    })
}

/// A published count that replicates are weighted by.
struct Count {
    id: String,
    arm: usize,
    measure: &'static Measure,
    events: u64,
    patients: u64,
    /// The measure whose patients with the event are the denominator.
    within: Option<&'static Measure>,
}

/// Results that are nested in another of the same patients.
const NESTED: [(&str, &str); 3] = [("scr", "cr"), ("cr", "orr"), ("crs-grade-3-or-more", "crs")];

impl Count {
    fn of((arm, fit): (usize, FitTarget<'_>), all: &[(usize, FitTarget<'_>)]) -> Option<Self> {
        let target = fit.target();
        let measure = measure(target.measure()?.0).filter(|measure| measure.is_share())?;
        let (events, patients) = target.counts()?;
        let outer = NESTED.iter().find(|(code, _)| *code == measure.code).map(|(_, outer)| *outer);
        let parent = all.iter().find_map(|(other, fit)| {
            let found = fit.target();
            let same = *other == arm && found.trial == target.trial && found.dose == target.dose;
            let is_outer = found.measure().map(|(code, _)| code) == outer && outer.is_some();
            let (among, of) = found.counts()?;
            (same && is_outer && of == patients && among >= events).then_some(among)
        });
        let within = parent.and(outer).and_then(crate::summary::measure::measure);
        let patients = parent.unwrap_or(patients);
        Some(Self { id: target.id.clone(), arm, measure, events, patients, within })
    }

    /// The natural logarithm of the probability of the count in the light of a replicate.
    fn ln_likelihood(&self, result: &ReplicateResult, weights: &[f64]) -> f64 {
        let patients = &result.arms[self.arm].patients;
        let counted = patients.iter().zip(weights).filter(|(p, _)| self.measure.is_counted(p));
        let size = effective_size(counted.map(|(_, weight)| *weight));
        let share = |measure: &Measure| measure.weighted_value(patients, weights).unwrap_or(0.0);
        let events = size * share(self.measure);
        let of = self.within.map_or(size, |outer| size * share(outer));
        let rate = Rate { a: events + 0.5, b: (of - events).max(0.0) + 0.5 };
        rate.ln_probability(self.events, self.patients)
    }
}

/// A marginal with its value for every patient.
struct Feature {
    what: String,
    covariate: usize,
    is_share: bool,
    published: f64,
    values: Vec<f64>,
}

/// Weights, with mean 1, by replicate and number of the patient.
type Weights = BTreeMap<(u32, u32), f64>;

/// Balances the enrolled patients of all replicates to the baseline of a cohort whose results are
/// fitted.
fn balance(
    world: &World,
    results: &[ReplicateResult],
    fits: &[(usize, FitTarget<'_>)],
) -> (Balance, Weights) {
    let mut numbers: Vec<(u32, u32)> = results
        .iter()
        .flat_map(|result| result.arms.iter().map(move |arm| (result.replicate, arm)))
        .flat_map(|(replicate, arm)| arm.patients.iter().map(move |p| (replicate, p.patient)))
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    let seed = world.experiment.seed;
    let draw = |(replicate, number): &(u32, u32)| world.population.draw(seed, *replicate, *number);
    let patients: Vec<Patient> = numbers.iter().map(draw).collect();
    let cohort = cohort(&world.population, fits);
    let features = features(&world.population, &cohort, &patients);
    let (found, is_met) = entropy_weights(&features, patients.len());
    let weights = if is_met { found.clone() } else { vec![1.0; patients.len()] };
    let mean = |feature: &Feature, weights: &[f64]| {
        let sum: f64 = feature.values.iter().zip(weights).map(|(value, w)| value * w).sum();
        sum / weights.iter().sum::<f64>()
    };
    let marginals = features.iter().map(|feature| Marginal {
        what: feature.what.clone(),
        published: feature.published,
        drawn: mean(feature, &vec![1.0; patients.len()]),
        weighted: mean(feature, &weights),
    });
    let balance = Balance {
        cohort,
        marginals: marginals.collect(),
        patients: patients.len(),
        effective: effective_size(weights.iter().copied()),
        is_met,
    };
    (balance, numbers.into_iter().zip(weights).collect())
}

/// The trial among the fitted ones with the most published baseline values; empty without any.
fn cohort(population: &Population, fits: &[(usize, FitTarget<'_>)]) -> String {
    let rows = |trial: &str| population.published.iter().filter(|row| row.cohort == trial).count();
    let trials = fits.iter().map(|(_, fit)| fit.target().trial.as_str());
    let best = trials.map(|trial| (rows(trial), trial)).filter(|(rows, _)| *rows > 0);
    best.fold((0, ""), |best, next| if next.0 > best.0 { next } else { best }).1.to_owned()
}

/// The published shares and quantiles of a cohort, as shares of patients. The smallest and the
/// largest value of a cohort say nothing about its shares.
fn features(population: &Population, cohort: &str, patients: &[Patient]) -> Vec<Feature> {
    let rows = population.published.iter().filter(|row| row.cohort == cohort);
    let mut features: Vec<Feature> = rows
        .filter_map(|row| {
            let published = match row.statistic {
                Statistic::Share => row.value,
                Statistic::Median => 0.5,
                Statistic::LowerQuartile => 0.25,
                Statistic::UpperQuartile => 0.75,
                Statistic::Mean | Statistic::Minimum | Statistic::Maximum => return None,
            };
            let is_share = row.statistic == Statistic::Share;
            let value = |patient: &Patient| {
                let value = row.of.value(&patient.covariates);
                match value.total_cmp(&row.value) {
                    _ if is_share => value,
                    std::cmp::Ordering::Less => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Greater => 0.0,
                }
            };
            let what = match row.statistic {
                Statistic::Share => row.of_text.clone(),
                other => format!("{} below its {} {}", row.of_text, other.word(), row.value),
            };
            let values = patients.iter().map(value).collect();
            Some(Feature { what, covariate: row.covariate, is_share, published, values })
        })
        .collect();
    rescale(&mut features, patients.len());
    // What all patients share, or none has, cannot be balanced.
    features.retain(|feature| {
        feature.values.iter().any(|value| (value - feature.values[0]).abs() > 1e-12)
    });
    features
}

/// Shares of categories that cover everybody add up to 1 among virtual patients; published ones
/// leave out who was not classified, so they are brought to the same sum, and the last one, which
/// follows from the others, goes.
fn rescale(features: &mut Vec<Feature>, patients: usize) {
    let covariates: Vec<usize> = features.iter().map(|feature| feature.covariate).collect();
    for covariate in covariates {
        let group: Vec<usize> = (0..features.len())
            .filter(|place| features[*place].covariate == covariate && features[*place].is_share)
            .collect();
        let covers = (0..patients).all(|patient| {
            let sum: f64 = group.iter().map(|place| features[*place].values[patient]).sum();
            (sum - 1.0).abs() < 1e-9
        });
        if group.len() > 1 && covers {
            let sum: f64 = group.iter().map(|place| features[*place].published).sum();
            for place in &group {
                features[*place].published /= sum;
            }
            features.remove(group[group.len() - 1]);
        }
    }
}

/// The weights with mean 1 that give every feature its published mean, by Newton's method on the
/// dual; and whether they do.
fn entropy_weights(features: &[Feature], patients: usize) -> (Vec<f64>, bool) {
    let mut multipliers = vec![0.0; features.len()];
    let off = |feature: &Feature, patient: usize| feature.values[patient] - feature.published;
    let weights = |multipliers: &[f64]| -> (Vec<f64>, f64) {
        let scores: Vec<f64> = (0..patients)
            .map(|patient| multipliers.iter().zip(features).map(|(m, f)| m * off(f, patient)).sum())
            .collect();
        let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let raw: Vec<f64> = scores.iter().map(|score| exp(score - top)).collect();
        let sum: f64 = raw.iter().sum();
        (raw.iter().map(|weight| weight / sum).collect(), top + ln(sum))
    };
    let (mut current, mut height) = weights(&multipliers);
    let mut worst = f64::INFINITY;
    for _ in 0..STEPS {
        let gradient: Vec<f64> = features
            .iter()
            .map(|feature| (0..patients).map(|i| current[i] * off(feature, i)).sum())
            .collect();
        worst = gradient.iter().fold(0.0, |worst: f64, value| worst.max(value.abs()));
        if worst < 1e-9 {
            break;
        }
        let hessian: Vec<Vec<f64>> = (0..features.len())
            .map(|a| {
                (0..features.len())
                    .map(|b| {
                        let both = |i| current[i] * off(&features[a], i) * off(&features[b], i);
                        let sum: f64 = (0..patients).map(both).sum();
                        sum - gradient[a] * gradient[b] + if a == b { 1e-10 } else { 0.0 }
                    })
                    .collect()
            })
            .collect();
        let Some(inverse) = inverse(&hessian) else { break };
        let step: Vec<f64> = inverse
            .iter()
            .map(|row| row.iter().zip(&gradient).map(|(h, g)| -h * g).sum())
            .collect();
        let mut length = 1.0;
        let improved = loop {
            let tried: Vec<f64> =
                multipliers.iter().zip(&step).map(|(m, s)| m + length * s).collect();
            let (found, at) = weights(&tried);
            if at < height {
                break Some((tried, found, at));
            }
            length *= 0.5;
            if length < 1e-6 {
                break None;
            }
        };
        let Some((tried, found, at)) = improved else { break };
        (multipliers, current, height) = (tried, found, at);
    }
    (current.iter().map(|weight| weight * patients as f64).collect(), worst < 1e-3)
}

/// Newton steps at most.
const STEPS: usize = 100;

#[cfg(test)]
mod tests {
    use stats::stream::{Purpose, stream};

    use super::*;

    fn feature(published: f64, values: Vec<f64>) -> Feature {
        Feature { what: String::new(), covariate: 0, is_share: true, published, values }
    }

    #[test]
    fn balanced_patients_have_the_published_shares() {
        let draw = |patient, place| stream(9, 0, patient, Purpose::Covariates).uniform(place);
        let indicator = |place: u32, share: f64| -> Vec<f64> {
            (0..2000).map(|k| f64::from(u8::from(draw(k, place) < share))).collect()
        };
        let features = [feature(0.4, indicator(0, 0.2)), feature(0.5, indicator(1, 0.7))];
        let (weights, is_met) = entropy_weights(&features, 2000);
        assert!(is_met);
        for feature in &features {
            let sum: f64 = feature.values.iter().zip(&weights).map(|(v, w)| v * w).sum();
            assert!((sum / 2000.0 - feature.published).abs() < 1e-6);
        }
        // With one indicator the weights are the ratios of the shares.
        let only = [feature(0.4, indicator(0, 0.2))];
        let drawn = only[0].values.iter().sum::<f64>() / 2000.0;
        let (weights, _) = entropy_weights(&only, 2000);
        for (value, weight) in only[0].values.iter().zip(&weights) {
            let want = if *value > 0.5 { 0.4 / drawn } else { 0.6 / (1.0 - drawn) };
            assert!((weight / want - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn what_no_weights_can_give_is_told() {
        let never = feature(0.3, vec![0.1; 50]);
        let mut values = vec![0.0; 50];
        values[0] = 0.2;
        assert!(!entropy_weights(&[feature(0.9, values)], 50).1);
        assert!(!entropy_weights(&[never], 50).1);
    }

    #[test]
    fn categories_that_cover_everybody_are_brought_to_one() {
        let mut features = vec![
            feature(0.11, vec![1.0, 0.0, 0.0]),
            feature(0.70, vec![0.0, 1.0, 0.0]),
            feature(0.16, vec![0.0, 0.0, 1.0]),
        ];
        rescale(&mut features, 3);
        assert_eq!(features.len(), 2);
        assert!((features[0].published - 0.11 / 0.97).abs() < 1e-12);
    }
}
