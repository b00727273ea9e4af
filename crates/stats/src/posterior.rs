//! The posterior of a proportion under one or several Beta priors, and what it predicts.

use crate::math::exp;
use crate::special::{beta_cdf, beta_quantile, ln_beta, ln_gamma};

/// A Beta law for a proportion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beta {
    /// Counts with the event, those of the prior included.
    pub a: f64,
    /// Counts without.
    pub b: f64,
}

/// A prior with its name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// What reports call it.
    pub name: &'static str,
    /// The law.
    pub law: Beta,
}

/// The priors that a report shows side by side, so that a reader sees what the choice does.
/// The sceptical and the hopeful one are worth three patients each (assumed).
pub const PRIORS: [Prior; 4] = [
    Prior { name: "uniform", law: Beta { a: 1.0, b: 1.0 } },
    Prior { name: "Jeffreys", law: Beta { a: 0.5, b: 0.5 } },
    Prior { name: "sceptical, mean 20%", law: Beta { a: 0.6, b: 2.4 } },
    Prior { name: "hopeful, mean 60%", law: Beta { a: 1.8, b: 1.2 } },
];

impl Beta {
    /// The law after `x` of `n` had the event.
    ///
    /// # Panics
    /// When more had it than there were.
    #[must_use]
    pub fn after(self, x: u32, n: u32) -> Self {
        assert!(x <= n, "{x} patients with the event among {n}");
        Self { a: self.a + f64::from(x), b: self.b + f64::from(n - x) }
    }

    /// The mean.
    pub fn mean(self) -> f64 {
        self.a / (self.a + self.b)
    }

    /// The standard deviation.
    pub fn deviation(self) -> f64 {
        let sum = self.a + self.b;
        (self.a * self.b / (sum * sum * (sum + 1.0))).sqrt()
    }

    /// The proportion below which a share `p` of the law lies.
    pub fn quantile(self, p: f64) -> f64 {
        beta_quantile(p, self.a, self.b)
    }

    /// The probability that the proportion is above a value.
    pub fn above(self, value: f64) -> f64 {
        beta_cdf(1.0 - value, self.b, self.a)
    }

    /// The probability that exactly `y` of `m` further patients have the event.
    pub fn predicts(self, y: u32, m: u32) -> f64 {
        if y > m {
            return 0.0;
        }
        let (y, m) = (f64::from(y), f64::from(m));
        let ways = ln_gamma(m + 1.0) - ln_gamma(y + 1.0) - ln_gamma(m - y + 1.0);
        exp(ways + ln_beta(self.a + y, self.b + m - y) - ln_beta(self.a, self.b))
    }

    /// The probability that at least `y` of `m` further patients have the event.
    pub fn predicts_at_least(self, y: u32, m: u32) -> f64 {
        // the shorter of the two sums
        if 2 * y > m {
            (y..=m).map(|count| self.predicts(count, m)).sum()
        } else {
            1.0 - (0..y).map(|count| self.predicts(count, m)).sum::<f64>()
        }
    }

    /// How many of `m` further patients are expected to have the event.
    pub fn predicted_mean(self, m: u32) -> f64 {
        f64::from(m) * self.mean()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_predicted_adds_up_to_one() {
        let law = PRIORS[1].law.after(3, 8);
        let sum: f64 = (0..=12).map(|y| law.predicts(y, 12)).sum();
        assert!((sum - 1.0).abs() < 1e-12);
        assert!((law.predicts_at_least(0, 12) - 1.0).abs() < 1e-12);
        assert!((law.predicts(13, 12)).abs() < 1e-300);
    }

    #[test]
    fn a_uniform_prior_predicts_every_count_alike() {
        for y in 0..=5 {
            assert!((PRIORS[0].law.predicts(y, 5) - 1.0 / 6.0).abs() < 1e-12);
        }
    }
}
