//! Restricted mean survival time: the area under a Kaplan-Meier curve up to a horizon.
//!
//! Royston and Parmar, Stat Med 2011;30:2409-2421; Uno et al., J Clin Oncol 2014;32:2380-2385.

use crate::math::{exp, ln};
use crate::special::{normal_cdf, normal_quantile};
use crate::survival::KaplanMeier;

/// An estimate with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RestrictedMean {
    /// The mean time without event within the horizon.
    pub mean: f64,
    /// Its standard error.
    pub error: f64,
}

/// A comparison of two means: an estimate, its interval and the probability of such a one by chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// The difference or the ratio, first over second.
    pub estimate: f64,
    /// The interval.
    pub interval: (f64, f64),
    /// Two-sided probability if there were no difference.
    pub probability: f64,
}

/// The last horizon that a curve allows: its last time, or any when the last subject had the event.
pub fn last_horizon(curve: &KaplanMeier) -> f64 {
    match (curve.times.last(), curve.survival.last()) {
        (Some(&time), Some(&survival)) if survival > 0.0 => time,
        (Some(_), _) => f64::INFINITY,
        (None, _) => 0.0,
    }
}

impl RestrictedMean {
    /// The area under the curve to the horizon; `None` beyond [`last_horizon`], where the curve is
    /// not known.
    pub fn of(curve: &KaplanMeier, horizon: f64) -> Option<Self> {
        if horizon.is_nan() || horizon <= 0.0 || horizon > last_horizon(curve) {
            return None;
        }
        // from the right: the area from each event to the horizon weighs its variance
        let last = curve.times.partition_point(|&time| time <= horizon);
        let (mut area, mut variance, mut end) = (0.0, 0.0, horizon);
        for at in (0..last).rev() {
            area += (end - curve.times[at]) * curve.survival[at];
            end = curve.times[at];
            let (n, d) = (curve.at_risk[at] as f64, curve.events[at] as f64);
            if d > 0.0 && n > d {
                variance += area * area * d / (n * (n - d));
            }
        }
        Some(Self { mean: area + end, error: variance.sqrt() })
    }

    /// The interval at a level such as 0.95.
    pub fn interval(&self, level: f64) -> (f64, f64) {
        let half = normal_quantile(0.5 + 0.5 * level) * self.error;
        (self.mean - half, self.mean + half)
    }

    /// This mean minus another.
    pub fn difference(&self, other: &Self, level: f64) -> Comparison {
        let estimate = self.mean - other.mean;
        let error = (self.error * self.error + other.error * other.error).sqrt();
        let half = normal_quantile(0.5 + 0.5 * level) * error;
        Comparison {
            estimate,
            interval: (estimate - half, estimate + half),
            probability: two_sided(estimate / error),
        }
    }

    /// This mean over another, symmetric on the logarithm; `None` where one is 0.
    pub fn ratio(&self, other: &Self, level: f64) -> Option<Comparison> {
        if self.mean <= 0.0 || other.mean <= 0.0 {
            return None;
        }
        let log = ln(self.mean / other.mean);
        let (one, two) = (self.error / self.mean, other.error / other.mean);
        let error = (one * one + two * two).sqrt();
        let half = normal_quantile(0.5 + 0.5 * level) * error;
        Some(Comparison {
            estimate: self.mean / other.mean,
            interval: (exp(log - half), exp(log + half)),
            probability: two_sided(log / error),
        })
    }
}

/// The two-sided probability of a normal score.
pub fn two_sided(score: f64) -> f64 {
    2.0 * normal_cdf(-score.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_censoring_it_is_the_mean_of_the_shorter_times() {
        let curve = KaplanMeier::new(&[(1.0, true), (3.0, true), (4.0, true), (8.0, true)]);
        let mean = RestrictedMean::of(&curve, 5.0).unwrap();
        // (1 + 3 + 4 + 5) / 4, and the variance of these four over four
        assert!((mean.mean - 3.25).abs() < 1e-14);
        assert!((mean.error * mean.error - 8.75 / 16.0).abs() < 1e-14, "{mean:?}");
    }

    #[test]
    fn the_horizon_ends_with_the_last_subject_followed() {
        let open = KaplanMeier::new(&[(1.0, true), (3.0, false)]);
        assert_eq!(RestrictedMean::of(&open, 3.5), None);
        assert!(RestrictedMean::of(&open, 3.0).is_some());
        let closed = KaplanMeier::new(&[(1.0, true), (3.0, true)]);
        assert!((RestrictedMean::of(&closed, 10.0).unwrap().mean - 2.0).abs() < 1e-14);
        assert_eq!(RestrictedMean::of(&KaplanMeier::new(&[]), 1.0), None);
    }
}
