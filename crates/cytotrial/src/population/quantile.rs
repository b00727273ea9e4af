//! Quantiles of a law at little cost: those of a beta law come from a table.
//!
//! Solving for one beta quantile costs more than all other draws of a patient together. The table
//! holds the logit of the quantile over the normal score, where it is smooth; cubic interpolation
//! keeps it within 1e-6.

use stats::Distribution;
use stats::math::{exp, ln};
use stats::special::{beta_quantile, normal_cdf, normal_quantile};

/// A law, and what makes its quantiles cheap.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantile {
    law: Distribution,
    /// Logits at even normal scores from `-LIMIT`; empty for any law but beta.
    logits: Vec<f64>,
}

const LIMIT: f64 = 6.5;
const STEPS_PER_UNIT: f64 = 10.0;
const NODES: i32 = 131;

impl Quantile {
    /// Prepares a law.
    pub fn new(law: Distribution) -> Self {
        let logits = match law {
            Distribution::Beta { a, b } => (0..NODES)
                .map(|node| {
                    let score = f64::from(node) / STEPS_PER_UNIT - LIMIT;
                    // Both tails by their own quantile, so that neither loses its digits.
                    let share = beta_quantile(normal_cdf(score), a, b);
                    let rest = beta_quantile(normal_cdf(-score), b, a);
                    ln(share) - ln(rest)
                })
                .collect(),
            _ => Vec::new(),
        };
        Self { law, logits }
    }

    /// The law.
    pub fn law(&self) -> &Distribution {
        &self.law
    }

    /// The value below which a share `uniform` of the law lies.
    pub fn at(&self, uniform: f64) -> f64 {
        if self.logits.is_empty() {
            return self.law.quantile(uniform);
        }
        let place = (normal_quantile(uniform) + LIMIT) * STEPS_PER_UNIT;
        // Four nodes around the place; the outermost interval is never used.
        let place = place.clamp(1.0, f64::from(NODES) - 2.001);
        let node = place as usize;
        let part = place - node as f64;
        let [before, left, right, after] = [0, 1, 2, 3].map(|k| self.logits[node + k - 1]);
        let second = right - 2.0 * left + before;
        let third = after - 3.0 * right + 3.0 * left - before;
        // Newton's form of the cubic through the four nodes.
        let bend = (part - 1.0) / 6.0 * ((part + 1.0) * third + 3.0 * second);
        let cubic = left + part * (right - left + bend);
        1.0 / (1.0 + exp(-cubic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_agrees_with_the_solved_quantile() {
        for (a, b) in [(2.2, 0.9), (0.3, 1.3), (3.5, 4.0), (7.5, 2.5), (1.6, 8.4)] {
            let quantile = Quantile::new(Distribution::Beta { a, b });
            for step in 1..400 {
                let uniform = f64::from(step) / 400.0;
                let (got, want) = (quantile.at(uniform), beta_quantile(uniform, a, b));
                assert!((got - want).abs() < 1e-6, "Beta({a}, {b}) at {uniform}: {got}, {want}");
            }
            for uniform in [1e-12, 1e-9, 1.0 - 1e-9] {
                assert!((0.0..=1.0).contains(&quantile.at(uniform)));
            }
        }
    }
}
