//! The scale of rates cut into intervals as wide as a target interval, and how much of a posterior
//! lies in each.
//!
//! Yan, Mandrekar and Yuan, Clin Cancer Res 2017;23:3994-4003; Guo et al., Contemp Clin Trials
//! 2017;58:23-33.

use stats::special::beta_cdf;

use crate::interval::Verdict;

/// Two probabilities per width this close are equal.
const SAME: f64 = 1e-13;

/// A key narrower than this is rounding, not a key.
const NARROWEST: f64 = 1e-9;

/// Intervals from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Keys {
    edges: Vec<f64>,
    target: usize,
}

impl Keys {
    /// The target interval and intervals of its width on both sides, the outermost cut at 0 and 1.
    pub(crate) fn new(low: f64, high: f64) -> Self {
        let width = high - low;
        let mut below = Vec::new();
        for step in 1.. {
            let edge = low - f64::from(step) * width;
            if edge <= NARROWEST {
                break;
            }
            below.push(edge);
        }
        let mut edges = Vec::new();
        if low > NARROWEST {
            edges.push(0.0);
        }
        edges.extend(below.into_iter().rev());
        let target = edges.len();
        edges.push(low);
        for step in 0.. {
            let edge = high + f64::from(step) * width;
            if edge >= 1.0 - NARROWEST {
                break;
            }
            edges.push(edge);
        }
        edges.push(1.0);
        Self { edges, target }
    }

    /// Three intervals: below the target, the target, above it.
    pub(crate) fn three(low: f64, high: f64) -> Self {
        Self { edges: vec![0.0, low, high, 1.0], target: 1 }
    }

    /// The posterior probability of every interval per width, under a uniform prior.
    pub(crate) fn unit_masses(&self, evaluable: u32, dlts: u32) -> Vec<f64> {
        let (hits, misses) = (f64::from(dlts) + 1.0, f64::from(evaluable - dlts) + 1.0);
        let mean = hits / (hits + misses);
        // From the nearer end, so that small probabilities keep their digits.
        let mass = |low: f64, high: f64| {
            if low >= mean {
                beta_cdf(1.0 - low, misses, hits) - beta_cdf(1.0 - high, misses, hits)
            } else {
                beta_cdf(high, hits, misses) - beta_cdf(low, hits, misses)
            }
        };
        self.edges.windows(2).map(|edge| mass(edge[0], edge[1]) / (edge[1] - edge[0])).collect()
    }

    /// The interval with the highest value; of equal ones the highest or the lowest.
    pub(crate) fn strongest(masses: &[f64], is_highest: bool) -> usize {
        let mut best = 0;
        for (place, &mass) in masses.iter().enumerate().skip(1) {
            let by = mass - masses[best];
            if by > SAME || (is_highest && by > -SAME) {
                best = place;
            }
        }
        best
    }

    /// What it means that a rate lies in an interval.
    pub(crate) fn verdict_of(&self, key: usize) -> Verdict {
        match key.cmp(&self.target) {
            std::cmp::Ordering::Less => Verdict::Escalate,
            std::cmp::Ordering::Equal => Verdict::Stay,
            std::cmp::Ordering::Greater => Verdict::DeEscalate,
        }
    }

    /// The highest values below, in and above the target interval.
    pub(crate) fn by_verdict(&self, masses: &[f64]) -> [f64; 3] {
        let highest = |part: &[f64]| part.iter().copied().fold(0.0, f64::max);
        let (low, rest) = masses.split_at(self.target);
        [highest(low), rest[0], highest(&rest[1..])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_laid_from_the_target_to_both_ends() {
        let keys = Keys::new(0.25, 0.35);
        let want = [0.0, 0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95, 1.0];
        assert_eq!(keys.edges.len(), want.len());
        for (got, want) in keys.edges.iter().zip(want) {
            assert!((got - want).abs() < 1e-12);
        }
        assert_eq!(keys.verdict_of(2), Verdict::Escalate);
        assert_eq!(keys.verdict_of(3), Verdict::Stay);
        // Rounding leaves no key of no width.
        assert_eq!(Keys::new(0.2, 0.3).edges.len(), 11);
    }

    #[test]
    fn masses_weighed_by_width_add_up_to_one() {
        let keys = Keys::new(0.15, 0.26);
        let masses = keys.unit_masses(9, 2);
        let widths = keys.edges.windows(2).map(|edge| edge[1] - edge[0]);
        let sum: f64 = masses.iter().zip(widths).map(|(mass, width)| mass * width).sum();
        assert!((sum - 1.0).abs() < 1e-13);
    }
}
