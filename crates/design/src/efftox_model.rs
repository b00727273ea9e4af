//! The model behind `EffTox` and its posterior, by importance sampling at quasi-random points.
//!
//! Thall and Cook, Biometrics 2004;60:684-693. The proposal is a normal law fitted to the posterior
//! in rounds, with a part of the prior so that no weight runs away; the points are those of an
//! additive recurrence, so that the same data always give the same numbers.

use stats::math::{exp, ln, pow};
use stats::special::normal_quantile;

use crate::counts::DoseCounts;
use crate::skeleton::logistic;

/// Toxicity a, b; response g, z, h; association psi.
const SIZE: usize = 6;

type Vector = [f64; SIZE];
type Matrix = [[f64; SIZE]; SIZE];

/// The share of the points drawn from the prior.
const DEFENSIVE: f64 = 0.1;

/// How much wider the proposal is than the posterior.
const WIDENED: f64 = 1.15;

/// The model: priors and standardised doses.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Model {
    mean: Vector,
    deviation: Vector,
    scaled: Vec<f64>,
}

/// What the posterior says of the doses.
#[derive(Debug, Clone, PartialEq)]
pub struct EffToxFit {
    /// The posterior mean response rate, by dose.
    pub response: Vec<f64>,
    /// The posterior mean DLT rate, by dose.
    pub toxicity: Vec<f64>,
    /// The probability that the response rate exceeds its hurdle, by dose.
    pub response_is_acceptable: Vec<f64>,
    /// The probability that the DLT rate is below its hurdle, by dose.
    pub toxicity_is_acceptable: Vec<f64>,
    /// How many independent draws the weighted points are worth.
    pub effective_draws: f64,
}

impl EffToxFit {
    /// The largest standard error of a probability, as if the points were independent draws.
    pub fn error(&self) -> f64 {
        0.5 / self.effective_draws.sqrt()
    }
}

/// A normal law by its mean and the Cholesky factor of its covariance.
struct Proposal {
    mean: Vector,
    factor: Matrix,
    log_scale: f64,
}

impl Model {
    /// Priors as (mean, standard deviation), and doses in any one unit.
    pub(crate) fn new(priors: [[f64; 2]; SIZE], doses: &[f64]) -> Self {
        let logs: Vec<f64> = doses.iter().map(|&dose| ln(dose)).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        Self {
            mean: priors.map(|prior| prior[0]),
            deviation: priors.map(|prior| prior[1]),
            scaled: logs.iter().map(|log| log - mean).collect(),
        }
    }

    /// The rates of DLT and of response at a dose.
    fn rates(&self, theta: &Vector, dose: usize) -> (f64, f64) {
        let x = self.scaled[dose];
        let response = theta[2] + (theta[3] + theta[4] * x) * x;
        (logistic(theta[0] + theta[1] * x), logistic(response))
    }

    fn log_likelihood(&self, theta: &Vector, data: &[(usize, [f64; 4])]) -> f64 {
        let odds = exp(theta[5]);
        let association = (odds - 1.0) / (odds + 1.0);
        let mut sum = 0.0;
        for &(dose, [neither, response, dlt, both]) in data {
            let (t, e) = self.rates(theta, dose);
            let shift = e * (1.0 - e) * t * (1.0 - t) * association;
            // Rounding must not make a probability of zero or less.
            let cell = |probability: f64, count: f64| {
                if count > 0.0 { count * ln(probability.max(1e-300)) } else { 0.0 }
            };
            sum += cell((1.0 - e) * (1.0 - t) + shift, neither);
            sum += cell(e * (1.0 - t) - shift, response);
            sum += cell((1.0 - e) * t - shift, dlt);
            sum += cell(e * t + shift, both);
        }
        sum
    }

    fn log_prior(&self, theta: &Vector) -> f64 {
        let mut sum = 0.0;
        for ((value, mean), deviation) in theta.iter().zip(&self.mean).zip(&self.deviation) {
            let z = (value - mean) / deviation;
            sum -= 0.5 * z * z + ln(*deviation);
        }
        sum
    }

    /// The points with their weights, relative to the largest.
    fn weighted(
        &self,
        proposal: &Proposal,
        data: &[(usize, [f64; 4])],
        count: u32,
    ) -> Vec<(Vector, f64)> {
        let mut points: Vec<(Vector, f64)> = Vec::with_capacity(count as usize);
        let mut most = f64::NEG_INFINITY;
        let steps = recurrence();
        for point in 0..count {
            let uniform = steps.map(|step| {
                let value = (0.5 + f64::from(point + 1) * step).fract();
                value.clamp(1e-12, 1.0 - 1e-12)
            });
            let z: [f64; SIZE] = std::array::from_fn(|place| normal_quantile(uniform[place]));
            let theta = if uniform[SIZE] < DEFENSIVE {
                std::array::from_fn(|place| self.mean[place] + self.deviation[place] * z[place])
            } else {
                proposal.at(&z)
            };
            let prior = self.log_prior(&theta);
            let log_proposal =
                log_sum(ln(DEFENSIVE) + prior, ln(1.0 - DEFENSIVE) + proposal.log_density(&theta));
            let weight = self.log_likelihood(&theta, data) + prior - log_proposal;
            most = most.max(weight);
            points.push((theta, weight));
        }
        for (_, weight) in &mut points {
            *weight = exp(*weight - most);
        }
        points
    }

    /// The posterior by outcomes per dose, with hurdles of response and toxicity.
    pub(crate) fn fit(&self, doses: &[DoseCounts], hurdles: (f64, f64), draws: u32) -> EffToxFit {
        let data: Vec<(usize, [f64; 4])> = doses
            .iter()
            .enumerate()
            .take(self.scaled.len())
            .filter(|(_, dose)| dose.evaluable > 0)
            .map(|(place, dose)| (place, dose.outcomes().map(f64::from)))
            .collect();
        let mut covariance = [[0.0; SIZE]; SIZE];
        for (place, deviation) in self.deviation.iter().enumerate() {
            covariance[place][place] = deviation * deviation;
        }
        let mut proposal = Proposal::new(self.mean, &covariance);
        for round in 1..=3 {
            let points = self.weighted(&proposal, &data, draws * round / 8 + 64);
            let (mean, mut covariance) = moments(&points);
            for (place, row) in covariance.iter_mut().enumerate() {
                for cell in row.iter_mut() {
                    *cell *= WIDENED * WIDENED;
                }
                // A direction that few points reached keeps a little of the prior.
                row[place] += 0.01 * self.deviation[place] * self.deviation[place];
            }
            proposal = Proposal::new(mean, &covariance);
        }
        self.summary(&self.weighted(&proposal, &data, draws), hurdles)
    }

    fn summary(&self, points: &[(Vector, f64)], hurdles: (f64, f64)) -> EffToxFit {
        let count = self.scaled.len();
        let mut fit = EffToxFit {
            response: vec![0.0; count],
            toxicity: vec![0.0; count],
            response_is_acceptable: vec![0.0; count],
            toxicity_is_acceptable: vec![0.0; count],
            effective_draws: 0.0,
        };
        let (mut total, mut squares) = (0.0, 0.0);
        for (theta, weight) in points {
            total += weight;
            squares += weight * weight;
            for dose in 0..count {
                let (toxicity, response) = self.rates(theta, dose);
                fit.response[dose] += weight * response;
                fit.toxicity[dose] += weight * toxicity;
                fit.response_is_acceptable[dose] +=
                    if response > hurdles.0 { *weight } else { 0.0 };
                fit.toxicity_is_acceptable[dose] +=
                    if toxicity < hurdles.1 { *weight } else { 0.0 };
            }
        }
        for list in [
            &mut fit.response,
            &mut fit.toxicity,
            &mut fit.response_is_acceptable,
            &mut fit.toxicity_is_acceptable,
        ] {
            for value in list.iter_mut() {
                *value /= total;
            }
        }
        fit.effective_draws = total * total / squares;
        fit
    }
}

impl Proposal {
    fn new(mean: Vector, covariance: &Matrix) -> Self {
        let mut factor = [[0.0; SIZE]; SIZE];
        let mut log_scale = 0.0;
        for row in 0..SIZE {
            for column in 0..=row {
                let sum: f64 = (0..column).map(|k| factor[row][k] * factor[column][k]).sum();
                let rest = covariance[row][column] - sum;
                factor[row][column] = if row == column {
                    rest.max(1e-12).sqrt()
                } else {
                    rest / factor[column][column]
                };
            }
            log_scale -= ln(factor[row][row]);
        }
        Self { mean, factor, log_scale }
    }

    fn at(&self, z: &Vector) -> Vector {
        std::array::from_fn(|row| {
            self.mean[row] + (0..=row).map(|k| self.factor[row][k] * z[k]).sum::<f64>()
        })
    }

    /// The log density, without the constant that the prior lacks, too.
    fn log_density(&self, theta: &Vector) -> f64 {
        let mut z = [0.0; SIZE];
        let mut sum = self.log_scale;
        for row in 0..SIZE {
            let known: f64 = (0..row).map(|k| self.factor[row][k] * z[k]).sum();
            z[row] = (theta[row] - self.mean[row] - known) / self.factor[row][row];
            sum -= 0.5 * z[row] * z[row];
        }
        sum
    }
}

/// The steps of an additive recurrence in seven dimensions: powers of the inverse of the root of
/// x^8 = x + 1.
fn recurrence() -> [f64; SIZE + 1] {
    let mut root = 1.1;
    for _ in 0..60 {
        root = pow(1.0 + root, 1.0 / (SIZE as f64 + 2.0));
    }
    let mut step = 1.0;
    std::array::from_fn(|_| {
        step /= root;
        step
    })
}

/// The logarithm of a sum of exponentials.
fn log_sum(a: f64, b: f64) -> f64 {
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    high + stats::math::ln_1p(exp(low - high))
}

/// The weighted mean, and the lower triangle of the covariance.
fn moments(points: &[(Vector, f64)]) -> (Vector, Matrix) {
    let total: f64 = points.iter().map(|one| one.1).sum();
    let mut mean = [0.0; SIZE];
    for (theta, weight) in points {
        for (sum, value) in mean.iter_mut().zip(theta) {
            *sum += weight * value / total;
        }
    }
    let mut covariance = [[0.0; SIZE]; SIZE];
    for (theta, weight) in points {
        for row in 0..SIZE {
            for column in 0..=row {
                let product = (theta[row] - mean[row]) * (theta[column] - mean[column]);
                covariance[row][column] += weight * product / total;
            }
        }
    }
    (mean, covariance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_patients_the_posterior_is_the_prior() {
        let priors = [[-1.0, 1.0], [1.0, 0.5], [0.0, 1.0], [1.0, 1.0], [0.0, 0.2], [0.0, 1.0]];
        let model = Model::new(priors, &[1.0, 2.0, 4.0]);
        let fit = model.fit(&[DoseCounts::default(); 3], (0.5, 0.3), 8192);
        // At the middle dose, log odds are those of the intercepts.
        assert!((fit.response[1] - 0.5).abs() < 2e-3, "{fit:?}");
        assert!((fit.response_is_acceptable[1] - 0.5).abs() < 4e-3);
        let want = stats::special::normal_cdf(crate::skeleton::logit(0.3) + 1.0);
        assert!((fit.toxicity_is_acceptable[1] - want).abs() < 4e-3);
        assert!(fit.effective_draws > 4_000.0);
    }
}
