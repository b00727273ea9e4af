//! The posterior of a logistic model with two parameters, by quadrature.
//!
//! Model: logit p(x) = a + exp(b) x with a bivariate normal prior on (a, b): Neuenschwander,
//! Branson and Gsponer, Stat Med 2008;27:2420-2439. For every b the density in a is log-concave;
//! it is integrated over panels of Legendre nodes, and cut where a rate crosses a limit by
//! integrating the polynomial through the nodes of the panel that holds the cut.

use stats::math::{exp, ln, ln_1p};
use stats::quadrature::{Rule, gauss_legendre};

use crate::counts::DoseCounts;
use crate::outcome::whole_power;
use crate::skeleton::logit;

/// Nodes of a panel.
const NODES: usize = 8;

/// Panels over the range of a.
const PANELS: usize = 10;

/// Below the highest log density by this much, nothing counts.
const DROP: f64 = 24.0;

/// The prior: means, standard deviations and correlation of (a, b).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Prior {
    pub(crate) mean: [f64; 2],
    pub(crate) deviation: [f64; 2],
    pub(crate) correlation: f64,
}

/// What the posterior says of the doses.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The posterior means of a and b.
    pub parameters: [f64; 2],
    /// The posterior mean of the DLT rate, by dose.
    pub means: Vec<f64>,
    /// The posterior standard deviation of the DLT rate, by dose.
    pub deviations: Vec<f64>,
    /// By dose, the probability that the DLT rate is at most each limit.
    pub at_most: Vec<Vec<f64>>,
}

/// The model on standardised doses.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TwoParameter {
    prior: Prior,
    scaled: Vec<f64>,
    /// The logarithms of the odds at the limits asked about.
    limits: Vec<f64>,
    rule: Rule,
    /// Coefficients of the Legendre polynomials from values at the nodes.
    expansion: [[f64; NODES]; NODES],
}

/// One value of b: the inner integrals.
struct Slice {
    /// The integral of the density, relative to exp of the highest log density.
    mass: f64,
    /// The integral of a times the density.
    moment: f64,
    /// By dose: integrals of the rate, of its square, and up to each limit.
    rates: Vec<[f64; 2]>,
    below: Vec<Vec<f64>>,
}

impl TwoParameter {
    pub(crate) fn new(prior: Prior, scaled: Vec<f64>, limits: &[f64]) -> Self {
        let rule = gauss_legendre(NODES);
        let mut expansion = [[0.0; NODES]; NODES];
        for (degree, row) in expansion.iter_mut().enumerate() {
            for (place, cell) in row.iter_mut().enumerate() {
                let polynomial = legendre(rule.nodes[place])[degree];
                *cell = (degree as f64 + 0.5) * rule.weights[place] * polynomial;
            }
        }
        let limits = limits.iter().map(|&limit| logit(limit)).collect();
        Self { prior, scaled, limits, rule, expansion }
    }

    /// The log of prior times likelihood, up to a constant; `slopes` are exp(b) x of each dose.
    fn log_density(&self, a: f64, z: f64, slopes: &[f64], doses: &[DoseCounts]) -> f64 {
        let Prior { mean, deviation, correlation } = self.prior;
        let rest = (1.0 - correlation * correlation).sqrt() * deviation[0];
        let u = (a - mean[0] - correlation * deviation[0] * z) / rest;
        let mut sum = -0.5 * (u * u + z * z);
        for (slope, dose) in slopes.iter().zip(doses) {
            if dose.evaluable > 0 {
                let x = a + slope;
                // ln(1 + exp(x)) without overflow.
                let soft = x.max(0.0) + ln_1p(exp(-x.abs()));
                sum += f64::from(dose.dlts) * x - f64::from(dose.evaluable) * soft;
            }
        }
        sum
    }

    /// The same by products instead of logarithms, for the many nodes of a slice: each dose with
    /// its slope and the exponential of it, and `odds` is exp(a). The log density is the first number
    /// less the logarithm of the second.
    fn density_at(
        &self,
        (a, odds): (f64, f64),
        z: f64,
        doses: &[(f64, f64, DoseCounts)],
    ) -> (f64, f64) {
        let Prior { mean, deviation, correlation } = self.prior;
        let rest = (1.0 - correlation * correlation).sqrt() * deviation[0];
        let u = (a - mean[0] - correlation * deviation[0] * z) / rest;
        let mut sum = -0.5 * (u * u + z * z);
        let mut product = 1.0;
        for &(slope, factor, dose) in doses {
            let x = a + slope;
            let patients = f64::from(dose.evaluable);
            sum += f64::from(dose.dlts) * x - patients * x.max(0.0);
            let odds = odds * factor;
            let small = if odds > 1.0 { 1.0 / odds } else { odds };
            product *= whole_power(1.0 + small, dose.evaluable);
            if product > 1e200 {
                sum -= ln(product);
                product = 1.0;
            }
        }
        (sum, product)
    }

    /// The a with the highest density for a value of b, and that log density.
    fn peak(&self, start: f64, z: f64, slopes: &[f64], doses: &[DoseCounts]) -> (f64, f64) {
        let Prior { mean, deviation, correlation } = self.prior;
        let variance = (1.0 - correlation * correlation) * deviation[0] * deviation[0];
        let centre = mean[0] + correlation * deviation[0] * z;
        let mut a = start;
        for _ in 0..60 {
            let (mut slope, mut curve) = ((centre - a) / variance, 1.0 / variance);
            for (shift, dose) in slopes.iter().zip(doses) {
                let rate = crate::skeleton::logistic(a + shift);
                let patients = f64::from(dose.evaluable);
                slope += f64::from(dose.dlts) - patients * rate;
                curve += patients * rate * (1.0 - rate);
            }
            // The density is log-concave; long steps are cut.
            let step = (slope / curve).clamp(-2.0 * deviation[0], 2.0 * deviation[0]);
            a += step;
            if step.abs() < 1e-6 {
                break;
            }
        }
        (a, self.log_density(a, z, slopes, doses))
    }

    /// How far from the peak the log density has fallen by `drop`, to one side.
    fn reach(&self, from: (f64, f64), side: f64, z: f64, doses: &[(f64, f64, DoseCounts)]) -> f64 {
        let (peak, top) = from;
        let fallen = |by: f64| {
            let a = peak + side * by;
            let (sum, product) = self.density_at((a, exp(a)), z, doses);
            sum - ln(product) < top - DROP
        };
        let mut high = 0.5 * self.prior.deviation[0];
        let mut low = 0.0;
        while !fallen(high) && high < 1e4 {
            low = high;
            high *= 2.0;
        }
        for _ in 0..6 {
            let middle = f64::midpoint(low, high);
            if fallen(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        peak + side * high
    }

    fn slopes(&self, z: f64) -> Vec<f64> {
        let slope = exp(self.prior.mean[1] + self.prior.deviation[1] * z);
        self.scaled.iter().map(|x| slope * x).collect()
    }

    /// The integrals over a for one b, relative to exp(`top`).
    fn slice(&self, z: f64, start: f64, top: f64, doses: &[DoseCounts]) -> Slice {
        let slopes = self.slopes(z);
        let peak = self.peak(start, z, &slopes, doses);
        let count = self.scaled.len();
        let mut result = Slice {
            mass: 0.0,
            moment: 0.0,
            rates: vec![[0.0; 2]; count],
            below: vec![vec![0.0; self.limits.len()]; count],
        };
        let known: Vec<(f64, f64, DoseCounts)> = slopes
            .iter()
            .zip(doses)
            .filter(|(_, dose)| dose.evaluable > 0)
            .map(|(&slope, &dose)| (slope, exp(slope.clamp(-600.0, 600.0)), dose))
            .collect();
        let low = self.reach(peak, -1.0, z, &known);
        let high = self.reach(peak, 1.0, z, &known);
        let half = 0.5 * (high - low) / PANELS as f64;
        // The exponential of a node is that of its panel's centre times that of its place there.
        let steps: Vec<f64> = self.rule.nodes.iter().map(|node| exp(half * node)).collect();
        // The odds against a DLT at a = 0, kept finite.
        let against: Vec<f64> = slopes.iter().map(|slope| exp((-slope).min(600.0))).collect();
        let mut before = [0.0; PANELS];
        let mut panels = [[0.0; NODES]; PANELS];
        for (panel, values) in panels.iter_mut().enumerate() {
            before[panel] = result.mass;
            let centre = low + half * (2 * panel + 1) as f64;
            let at_centre = exp(centre);
            let places = self.rule.nodes.iter().zip(&steps).zip(&self.rule.weights);
            for (value, ((node, step), weight)) in values.iter_mut().zip(places) {
                let (a, at_a) = (centre + half * node, at_centre * step);
                let (sum, product) = self.density_at((a, at_a), z, &known);
                *value = exp(sum - top) / product;
                let mass = half * weight * *value;
                result.mass += mass;
                result.moment += a * mass;
                let odds = 1.0 / at_a;
                for (sums, against) in result.rates.iter_mut().zip(&against) {
                    let rate = 1.0 / (1.0 + odds * against);
                    sums[0] += mass * rate;
                    sums[1] += mass * rate * rate;
                }
            }
        }
        for (below, slope) in result.below.iter_mut().zip(&slopes) {
            for (sum, limit) in below.iter_mut().zip(&self.limits) {
                let place = (limit - slope - low) / (2.0 * half);
                *sum = if place <= 0.0 {
                    0.0
                } else if place >= PANELS as f64 {
                    result.mass
                } else {
                    let panel = place.floor() as usize;
                    let share = 2.0 * (place - panel as f64) - 1.0;
                    before[panel] + half * self.part(&panels[panel], share)
                };
            }
        }
        result
    }

    /// The integral from -1 to `t` of the polynomial through values at the nodes.
    fn part(&self, values: &[f64; NODES], t: f64) -> f64 {
        // The integral of the polynomial of degree n is (P(n+1) - P(n-1)) / (2 n + 1).
        let polynomials = legendre(t);
        let mut sum = 0.0;
        for (degree, row) in self.expansion.iter().enumerate() {
            let coefficient: f64 = row.iter().zip(values).map(|(cell, value)| cell * value).sum();
            let integral = if degree == 0 {
                t + 1.0
            } else {
                (polynomials[degree + 1] - polynomials[degree - 1]) / (2 * degree + 1) as f64
            };
            sum += coefficient * integral;
        }
        sum
    }

    /// The range of standardised b that holds the posterior, and the highest log density.
    fn range(&self, doses: &[DoseCounts]) -> (f64, f64, f64) {
        let step = 0.25;
        let mut start = self.prior.mean[0];
        let mut profile = Vec::new();
        for place in -28..=28 {
            let z = f64::from(place) * step;
            let (peak, top) = self.peak(start, z, &self.slopes(z), doses);
            start = peak;
            profile.push((z, top));
        }
        let top = profile.iter().map(|one| one.1).fold(f64::NEG_INFINITY, f64::max);
        // The profile overstates the tails of b by no more than the width in a.
        let inside = |one: &&(f64, f64)| one.1 > top - 20.0;
        let low = profile.iter().find(inside).map_or(-7.0, |one| one.0 - step);
        let high = profile.iter().rfind(inside).map_or(7.0, |one| one.0 + step);
        (low, high, top)
    }

    /// The DLT rates at values of the parameters.
    pub(crate) fn rates_at(&self, [a, b]: [f64; 2]) -> Vec<f64> {
        self.scaled.iter().map(|x| crate::skeleton::logistic(a + exp(b) * x)).collect()
    }

    /// The posterior by the counts of the doses, as many as both know.
    pub(crate) fn summary(&self, doses: &[DoseCounts]) -> Summary {
        let doses = &doses[..doses.len().min(self.scaled.len())];
        let (low, high, top) = self.range(doses);
        let panels = ((high - low) / 1.0).ceil().max(4.0);
        let half = 0.5 * (high - low) / panels;
        let count = self.scaled.len();
        let (mut mass, mut first, mut second) = (0.0, 0.0, 0.0);
        let mut rates = vec![[0.0; 2]; count];
        let mut below = vec![vec![0.0; self.limits.len()]; count];
        let mut start = self.prior.mean[0];
        for panel in 0..panels as usize {
            let centre = low + half * (2 * panel + 1) as f64;
            for (node, weight) in self.rule.nodes.iter().zip(&self.rule.weights) {
                let z = centre + half * node;
                let slice = self.slice(z, start, top, doses);
                let weight = half * weight;
                mass += weight * slice.mass;
                first += weight * slice.moment;
                second += weight * slice.mass * (self.prior.mean[1] + self.prior.deviation[1] * z);
                for (sums, parts) in rates.iter_mut().zip(&slice.rates) {
                    sums[0] += weight * parts[0];
                    sums[1] += weight * parts[1];
                }
                for (sums, parts) in below.iter_mut().flatten().zip(slice.below.iter().flatten()) {
                    *sums += weight * parts;
                }
                if slice.mass > 0.0 {
                    start = slice.moment / slice.mass;
                }
            }
        }
        let deviation = |sums: &[f64; 2]| {
            (sums[1] / mass - (sums[0] / mass) * (sums[0] / mass)).max(0.0).sqrt()
        };
        Summary {
            parameters: [first / mass, second / mass],
            means: rates.iter().map(|sums| sums[0] / mass).collect(),
            deviations: rates.iter().map(deviation).collect(),
            at_most: below
                .iter()
                .map(|sums| sums.iter().map(|sum| (sum / mass).clamp(0.0, 1.0)).collect())
                .collect(),
        }
    }
}

/// The Legendre polynomials up to the degree of the nodes.
fn legendre(x: f64) -> [f64; NODES + 1] {
    let mut values = [1.0; NODES + 1];
    values[1] = x;
    for degree in 2..=NODES {
        let n = degree as f64;
        values[degree] =
            ((2.0 * n - 1.0) * x * values[degree - 1] - (n - 1.0) * values[degree - 2]) / n;
    }
    values
}

/// The scaled dose: the logarithm of its ratio to the reference.
pub(crate) fn log_ratio(dose: f64, reference: f64) -> f64 {
    ln(dose / reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_patients_the_posterior_is_the_prior() {
        let prior = Prior { mean: [-0.8, 0.2], deviation: [1.5, 0.7], correlation: -0.4 };
        let model = TwoParameter::new(prior, vec![-1.0, 0.0, 1.0], &[0.16, 0.33]);
        let summary = model.summary(&[DoseCounts::default(); 3]);
        for (got, want) in summary.parameters.into_iter().zip(prior.mean) {
            assert!((got - want).abs() < 1e-7, "{got} for {want}");
        }
        // At the reference dose logit p is normal.
        for (got, limit) in summary.at_most[1].iter().zip([0.16, 0.33]) {
            let want = stats::special::normal_cdf((logit(limit) + 0.8) / 1.5);
            assert!((got - want).abs() < 1e-7, "{got} for {want}");
        }
    }

    #[test]
    fn parts_of_a_panel_are_integrals_of_the_polynomial() {
        let prior = Prior { mean: [0.0; 2], deviation: [1.0; 2], correlation: 0.0 };
        let model = TwoParameter::new(prior, vec![0.0], &[0.3]);
        let mut values = [0.0; NODES];
        for (value, x) in values.iter_mut().zip(&model.rule.nodes) {
            *value = 1.0 + 3.0 * x * x;
        }
        for t in [-1.0, -0.3, 0.5, 1.0_f64] {
            let want = t + t * t * t + 2.0;
            assert!((model.part(&values, t) - want).abs() < 1e-13);
        }
    }
}
