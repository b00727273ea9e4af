//! What is thought about a probability: a beta law, from replicates of small trials or from
//! counts; what it predicts for another number of patients.

use stats::math::{exp, ln};
use stats::special::{beta_quantile, ln_beta};

use super::variance;
use crate::conduct::result::PatientResult;
use crate::summary::measure::Measure;

/// A beta law of a probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// First shape.
    pub a: f64,
    /// Second shape.
    pub b: f64,
}

/// Shapes together at most: beyond this a law is a point for every use here.
const LARGEST: f64 = 1e6;
/// ... and at least, so that the law keeps a mean where luck alone was seen.
const SMALLEST: f64 = 0.02;

impl Rate {
    /// The law with this mean and variance; the mean strictly between 0 and 1.
    pub fn of_moments(mean: f64, variance: f64) -> Self {
        let size = mean * (1.0 - mean) / variance.max(f64::MIN_POSITIVE) - 1.0;
        let size = size.clamp(SMALLEST, LARGEST);
        Self { a: mean * size, b: (1.0 - mean) * size }
    }

    /// The probability of a share in an arm, given what is not known: the variance over replicates
    /// net of the luck of their patients, and the Monte-Carlo error of the mean. `None` for other
    /// measures and for fewer than two replicates.
    pub fn of_replicates(measure: &Measure, replicates: &[&[PatientResult]]) -> Option<Self> {
        if !measure.is_share() {
            return None;
        }
        let (events, patients) = replicates.iter().fold((0, 0), |(events, total), patients| {
            let (more, of) = measure.counts(patients);
            (events + more, total + of)
        });
        if patients == 0 {
            return None;
        }
        let pairs: Vec<(f64, f64)> = replicates
            .iter()
            .filter_map(|patients| {
                Some((measure.value(patients)?, measure.variance_within(patients)?))
            })
            .collect();
        let total = variance(pairs.iter().map(|pair| pair.0))?;
        let luck = pairs.iter().map(|pair| pair.1).sum::<f64>() / pairs.len() as f64;
        // Never seen, or seen in all: half a patient, as Jeffreys' prior has it.
        let mean = (events as f64 + 0.5) / (patients as f64 + 1.0);
        let of_mean = mean * (1.0 - mean) / (patients as f64 + 2.0) + total / pairs.len() as f64;
        Some(Self::of_moments(mean, (total - luck).max(0.0) + of_mean))
    }

    /// What is thought after `events` of `patients`.
    #[must_use]
    pub fn after(self, events: u32, patients: u32) -> Self {
        Self { a: self.a + f64::from(events), b: self.b + f64::from(patients - events) }
    }

    /// The mean.
    pub fn mean(self) -> f64 {
        self.a / (self.a + self.b)
    }

    /// A quantile.
    pub fn quantile(self, p: f64) -> f64 {
        beta_quantile(p, self.a, self.b)
    }

    /// The natural logarithm of the probability of `events` among `patients`: beta-binomial.
    pub fn ln_probability(self, events: u64, patients: u64) -> f64 {
        let (events, others) = (events as f64, (patients - events) as f64);
        let ways = -ln_beta(events + 1.0, others + 1.0) - ln(events + others + 1.0);
        ways + ln_beta(self.a + events, self.b + others) - ln_beta(self.a, self.b)
    }

    /// The smallest number of events among `patients` that is not exceeded with probability `p`.
    pub fn events_at(self, p: f64, patients: u64) -> u64 {
        let mut below = 0.0;
        for events in 0..patients {
            below += exp(self.ln_probability(events, patients));
            if below >= p - 1e-12 {
                return events;
            }
        }
        patients
    }

    /// The 90 % range of the share that a trial of so many patients will show.
    pub fn range(self, patients: u64) -> (f64, f64) {
        let share = |p| self.events_at(p, patients) as f64 / patients as f64;
        (share(0.05), share(0.95))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_come_back() {
        let rate = Rate::of_moments(0.3, 0.02);
        let size = rate.a + rate.b;
        assert!((rate.mean() - 0.3).abs() < 1e-12);
        assert!((0.3 * 0.7 / (size + 1.0) - 0.02).abs() < 1e-12);
        let point = Rate::of_moments(0.3, 0.0);
        assert!((point.quantile(0.95) - 0.3).abs() < 0.001);
    }

    #[test]
    fn a_uniform_rate_makes_every_count_equally_likely() {
        let uniform = Rate { a: 1.0, b: 1.0 };
        for events in 0..=7 {
            assert!((exp(uniform.ln_probability(events, 7)) - 0.125).abs() < 1e-12);
        }
        // 19 of 20 below 20 events of 20: 21 counts of equal weight.
        assert_eq!(uniform.events_at(0.5, 20), 10);
        assert_eq!((uniform.events_at(0.0, 20), uniform.events_at(1.0, 20)), (0, 20));
        // A known rate is binomial: 5 % and 95 % points of 20 at 0.5, from tables.
        let known = Rate { a: 5e5, b: 5e5 };
        assert_eq!((known.events_at(0.05, 20), known.events_at(0.95, 20)), (6, 14));
        let after = uniform.after(0, 5);
        assert_eq!((after.a, after.b), (1.0, 6.0));
    }
}
