//! The posterior of the one parameter of a working model, on a grid worked out once.
//!
//! O'Quigley, Pepe and Fisher, Biometrics 1990;46:33-48; Cheung and Chappell, Biometrics
//! 2000;56:1177-1182.

use std::fmt;

use stats::math::{exp, ln, ln_1p};
use stats::quadrature::integrate;

use crate::counts::DoseCounts;
use crate::skeleton::{Model, logistic, logit};

/// The grid reaches this many prior standard deviations to both sides.
const REACH: f64 = 7.0;

/// The step of the grid. For a normal posterior with this standard deviation the trapezoidal rule
/// is exact to 2 exp(-2 pi^2), 5e-9.
const STEP: f64 = 0.1;

/// The share of an interval that the golden section keeps.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// A working model with a prior on b: normal around 0.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OneParameter {
    model: Model,
    intercept: f64,
    deviation: f64,
    /// The levels on the scale of the model.
    scaled: Vec<f64>,
    grid: Grid,
}

/// Values of b with the logarithms of the prior, of the DLT rates and of their complements.
#[derive(Clone, PartialEq)]
struct Grid {
    values: Vec<f64>,
    prior: Vec<f64>,
    with: Vec<Vec<f64>>,
    without: Vec<Vec<f64>>,
}

impl fmt::Debug for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Thousands of numbers tell nobody anything.
        write!(f, "Grid of {}", self.values.len())
    }
}

/// A patient whose window still runs: the level and the weight, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Partial {
    pub(crate) level: usize,
    pub(crate) weight: f64,
}

/// The posterior of b.
#[derive(Debug, Clone, PartialEq)]
pub struct Posterior {
    /// The mean of b, or its most likely value.
    pub estimate: f64,
    /// The variance of b; `None` for the most likely value.
    pub variance: Option<f64>,
    /// The DLT rates at the estimate.
    pub at_estimate: Vec<f64>,
    /// The posterior means of the DLT rates; empty unless asked for.
    pub means: Vec<f64>,
}

impl OneParameter {
    pub(crate) fn new(model: Model, skeleton: &[f64], intercept: f64, deviation: f64) -> Self {
        let scale = |&rate: &f64| match model {
            Model::Power => ln(rate),
            Model::Logistic | Model::TwoParameter => logit(rate) - intercept,
        };
        let scaled = skeleton.iter().map(scale).collect();
        let mut result = Self {
            model,
            intercept,
            deviation,
            scaled,
            grid: Grid { values: vec![], prior: vec![], with: vec![], without: vec![] },
        };
        let side = (REACH * deviation / STEP).ceil() as i32;
        result.grid = result.grid((-side..=side).map(|step| f64::from(step) * STEP).collect());
        result
    }

    fn grid(&self, values: Vec<f64>) -> Grid {
        let z = |&b: &f64| -0.5 * (b / self.deviation) * (b / self.deviation);
        let logs: Vec<Vec<(f64, f64)>> = (0..self.scaled.len())
            .map(|level| values.iter().map(|&b| self.log_rates(level, b)).collect())
            .collect();
        Grid {
            prior: values.iter().map(z).collect(),
            with: logs.iter().map(|all| all.iter().map(|one| one.0).collect()).collect(),
            without: logs.iter().map(|all| all.iter().map(|one| one.1).collect()).collect(),
            values,
        }
    }

    /// The DLT rate of a level at a value of b.
    pub(crate) fn rate(&self, level: usize, b: f64) -> f64 {
        let x = exp(b) * self.scaled[level];
        match self.model {
            Model::Power => exp(x),
            Model::Logistic | Model::TwoParameter => logistic(self.intercept + x),
        }
    }

    /// The logarithms of the DLT rate and of its complement.
    fn log_rates(&self, level: usize, b: f64) -> (f64, f64) {
        let x = exp(b) * self.scaled[level];
        match self.model {
            Model::Power => {
                // 1 - exp(x) without cancellation near 0.
                let rest = if x > -1e-5 { -x * (1.0 + 0.5 * x) } else { 1.0 - exp(x) };
                (x, ln(rest))
            }
            Model::Logistic | Model::TwoParameter => {
                let x = self.intercept + x;
                let soft = |x: f64| if x > 0.0 { -x - ln_1p(exp(-x)) } else { -ln_1p(exp(x)) };
                (soft(-x), soft(x))
            }
        }
    }

    /// The levels that both the model and the counts know.
    fn known(&self, doses: &[DoseCounts]) -> usize {
        self.scaled.len().min(doses.len())
    }

    /// The log likelihood at a value of b.
    fn log_likelihood(&self, doses: &[DoseCounts], partial: &[Partial], b: f64) -> f64 {
        let mut sum = 0.0;
        for (level, dose) in doses.iter().enumerate().take(self.known(doses)) {
            if dose.evaluable > 0 {
                let (with, without) = self.log_rates(level, b);
                sum += f64::from(dose.dlts) * with;
                sum += f64::from(dose.evaluable - dose.dlts) * without;
            }
        }
        for one in partial {
            sum += ln_1p(-one.weight * self.rate(one.level, b));
        }
        sum
    }

    /// The logarithm of the posterior on a grid, up to a constant.
    fn log_posterior(&self, grid: &Grid, doses: &[DoseCounts], partial: &[Partial]) -> Vec<f64> {
        let mut result = grid.prior.clone();
        for (level, dose) in doses.iter().enumerate().take(self.known(doses)) {
            let (dlts, others) = (f64::from(dose.dlts), f64::from(dose.evaluable - dose.dlts));
            if dose.dlts > 0 {
                result.iter_mut().zip(&grid.with[level]).for_each(|(sum, log)| *sum += dlts * log);
            }
            if dose.evaluable > dose.dlts {
                let logs = &grid.without[level];
                result.iter_mut().zip(logs).for_each(|(sum, log)| *sum += others * log);
            }
        }
        for one in partial.iter().filter(|one| one.weight > 0.0) {
            for (sum, &with) in result.iter_mut().zip(&grid.with[one.level]) {
                *sum += ln_1p(-one.weight * exp(with));
            }
        }
        result
    }

    /// The posterior by its mean; the means of the DLT rates, too, if `has_means`.
    pub(crate) fn posterior(
        &self,
        doses: &[DoseCounts],
        partial: &[Partial],
        has_means: bool,
    ) -> Posterior {
        let (mut weights, mut total) = self.weights(&self.grid, doses, partial);
        let (mut mean, mut variance) = moments(&self.grid.values, &weights, total);
        let local;
        let mut grid = &self.grid;
        if variance.sqrt() < 1.2 * STEP {
            // A posterior narrower than the grid gets a grid of its own.
            let step = 0.25 * variance.sqrt().max(0.01 * STEP);
            let side = (10.0 * variance.sqrt().max(0.25 * STEP) / step).ceil() as i32;
            local = self.grid((-side..=side).map(|place| mean + f64::from(place) * step).collect());
            grid = &local;
            (weights, total) = self.weights(grid, doses, partial);
            (mean, variance) = moments(&grid.values, &weights, total);
        }
        let levels = 0..self.scaled.len();
        let mean_rate = |level: usize| {
            let parts = grid.with[level].iter().zip(&weights);
            parts.map(|(&log, weight)| exp(log) * weight).sum::<f64>() / total
        };
        Posterior {
            estimate: mean,
            variance: Some(variance),
            at_estimate: levels.clone().map(|level| self.rate(level, mean)).collect(),
            means: if has_means { levels.map(mean_rate).collect() } else { Vec::new() },
        }
    }

    /// The posterior on a grid, scaled to at most 1, and its sum.
    fn weights(&self, grid: &Grid, doses: &[DoseCounts], partial: &[Partial]) -> (Vec<f64>, f64) {
        let mut weights = self.log_posterior(grid, doses, partial);
        let most = weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut total = 0.0;
        for weight in &mut weights {
            *weight = if *weight < most - 40.0 { 0.0 } else { exp(*weight - most) };
            total += *weight;
        }
        (weights, total)
    }

    /// The most likely b between -10 and 10; `None` without both a DLT and a patient without one.
    pub(crate) fn most_likely(
        &self,
        doses: &[DoseCounts],
        partial: &[Partial],
    ) -> Option<Posterior> {
        let known = &doses[..self.known(doses)];
        let dlts: u32 = known.iter().map(|dose| dose.dlts).sum();
        let evaluable: u32 = known.iter().map(|dose| dose.evaluable).sum();
        if dlts == 0 || dlts as usize == evaluable as usize + partial.len() {
            return None;
        }
        let value = |b: f64| self.log_likelihood(doses, partial, b);
        let place = |step: i32| f64::from(step) * 0.1;
        let best = (-100..=100).max_by(|&a, &b| value(place(a)).total_cmp(&value(place(b))))?;
        // The golden section between the neighbours of the best place.
        let (mut low, mut high) = (place(best - 1).max(-10.0), place(best + 1).min(10.0));
        while high - low > 1e-9 {
            let (left, right) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
            if value(left) < value(right) {
                low = left;
            } else {
                high = right;
            }
        }
        let estimate = f64::midpoint(low, high);
        let rate = |level| self.rate(level, estimate);
        let at_estimate = (0..self.scaled.len()).map(rate).collect();
        Some(Posterior { estimate, variance: None, at_estimate, means: Vec::new() })
    }

    /// The posterior probability that the rate of a level exceeds a limit.
    pub(crate) fn exceeds(
        &self,
        level: usize,
        limit: f64,
        doses: &[DoseCounts],
        partial: &[Partial],
    ) -> f64 {
        let log = self.log_posterior(&self.grid, doses, partial);
        let most = log.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // The rate falls as b rises: it exceeds the limit below this b.
        let scaled_limit = match self.model {
            Model::Power => ln(limit),
            Model::Logistic | Model::TwoParameter => logit(limit) - self.intercept,
        };
        let reach = REACH * self.deviation;
        let edge = ln((scaled_limit / self.scaled[level]).max(1e-300)).clamp(-reach, reach);
        let density = |b: f64| {
            let z = b / self.deviation;
            exp(self.log_likelihood(doses, partial, b) - 0.5 * z * z - most)
        };
        let below = integrate(&density, -reach, edge, 1e-9);
        let above = integrate(&density, edge, reach, 1e-9);
        below / (below + above)
    }
}

/// Mean and variance of values with weights.
fn moments(values: &[f64], weights: &[f64], total: f64) -> (f64, f64) {
    let (mut first, mut second) = (0.0, 0.0);
    for (&value, &weight) in values.iter().zip(weights) {
        first += value * weight;
        second += value * value * weight;
    }
    let mean = first / total;
    (mean, (second / total - mean * mean).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_patients_the_posterior_is_the_prior() {
        let model = OneParameter::new(Model::Power, &[0.1, 0.3], 3.0, 1.2);
        let posterior = model.posterior(&[DoseCounts::default(); 2], &[], false);
        assert!(posterior.estimate.abs() < 1e-12);
        assert!((posterior.variance.unwrap() - 1.44).abs() < 1e-8);
        // Above the skeleton's own rate lies half of the prior.
        assert!((model.exceeds(1, 0.3, &[DoseCounts::default(); 2], &[]) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_large_trial_gets_a_finer_grid() {
        let model = OneParameter::new(Model::Power, &[0.1, 0.3], 3.0, 1.2);
        let doses = [DoseCounts::default(), DoseCounts::of(90_000, 27_000)];
        let posterior = model.posterior(&doses, &[], false);
        assert!((posterior.at_estimate[1] - 0.3).abs() < 1e-4);
        // The standard error of a rate, through the slope of p with respect to b: p ln p.
        let error = (0.3_f64 * 0.7 / 90_000.0).sqrt() / (0.3 * ln(0.3)).abs();
        assert!((posterior.variance.unwrap().sqrt() / error - 1.0).abs() < 0.01);
    }

    #[test]
    fn a_weight_of_one_is_a_complete_patient() {
        let model = OneParameter::new(Model::Logistic, &[0.1, 0.3], 3.0, 1.2);
        let complete = [DoseCounts::of(3, 1), DoseCounts::of(1, 0)];
        let others = [DoseCounts::of(3, 1), DoseCounts::default()];
        let partial = [Partial { level: 1, weight: 1.0 }];
        let by_count = model.posterior(&complete, &[], true);
        let by_weight = model.posterior(&others, &partial, true);
        assert!((by_count.estimate - by_weight.estimate).abs() < 1e-12);
        assert!((by_count.means[0] - by_weight.means[0]).abs() < 1e-12);
    }
}
