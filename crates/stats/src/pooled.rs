//! Response rates of several trials pooled with a beta-binomial random effect.
//!
//! Williams, Biometrics 1975;31:949-952; the form that has the plain binomial as its boundary is
//! that of Griffiths, Biometrics 1973;29:637-648.

use crate::math::ln;
use crate::special::{beta_quantile, normal_quantile};

/// Intraclass correlations up to this are searched; beyond it every trial is all or nothing.
const LARGEST_CORRELATION: f64 = 0.995;
/// Points of the first search in each direction.
const COARSE: usize = 24;
/// Steps of a golden section: the bracket shrinks by 0.618 each time.
const STEPS: usize = 60;

/// What several trials say together.
#[derive(Debug, Clone, PartialEq)]
pub struct Pooled {
    /// The rate of an average trial.
    pub rate: f64,
    /// Its profile-likelihood interval.
    pub interval: (f64, f64),
    /// The intraclass correlation: 0 when the trials differ no more than chance lets them.
    pub correlation: f64,
    /// The middle range of the true rate of one more trial, at the fitted values.
    pub next_trial: (f64, f64),
    /// Twice the gain in log-likelihood over one common rate.
    pub spread_statistic: f64,
    /// Trials.
    pub trials: usize,
    /// Patients with the event.
    pub events: u64,
    /// Patients.
    pub patients: u64,
}

/// Pools (events, patients) of two trials or more by maximum likelihood.
///
/// `None` with fewer than two trials that have patients, with more events than patients, or with a
/// level outside (0, 1): the spread between trials cannot be seen in one.
///
/// ```
/// let pooled = cytotrial_stats::pooled::beta_binomial(&[(4, 20), (5, 20), (6, 20)], 0.95).unwrap();
/// assert!((pooled.rate - 0.25).abs() < 1e-6 && pooled.correlation < 1e-6);
/// ```
pub fn beta_binomial(counts: &[(u32, u32)], level: f64) -> Option<Pooled> {
    let counts: Vec<(u32, u32)> = counts.iter().copied().filter(|(_, n)| *n > 0).collect();
    let is_possible = counts.iter().all(|(x, n)| x <= n) && level > 0.0 && level < 1.0;
    if counts.len() < 2 || !is_possible {
        return None;
    }
    let terms = Terms::new(&counts);
    let (rate, correlation, best) = terms.maximum();
    let drop = 0.5 * normal_quantile(0.5 + 0.5 * level).powi(2);
    let events: u64 = counts.iter().map(|(x, _)| u64::from(*x)).sum();
    let patients: u64 = counts.iter().map(|(_, n)| u64::from(*n)).sum();
    let common = terms.log_likelihood(events as f64 / patients as f64, 0.0);
    let lower = terms.limit(rate, 0.0, best - drop);
    let upper = terms.limit(rate, 1.0, best - drop);
    Some(Pooled {
        rate,
        interval: (lower, upper),
        correlation,
        next_trial: next_trial(rate, correlation, level),
        spread_statistic: (2.0 * (best - common)).max(0.0),
        trials: counts.len(),
        events,
        patients,
    })
}

fn next_trial(rate: f64, correlation: f64, level: f64) -> (f64, f64) {
    // Below this the beta law is a point for every purpose.
    if correlation < 1e-9 || rate <= 0.0 || rate >= 1.0 {
        return (rate, rate);
    }
    let size = (1.0 - correlation) / correlation;
    let (a, b) = (rate * size, (1.0 - rate) * size);
    let tail = 0.5 * (1.0 - level);
    (beta_quantile(tail, a, b), beta_quantile(1.0 - tail, a, b))
}

/// How often each factor of the likelihood occurs, by its index.
struct Terms {
    /// Trials with more events than the index.
    hits: Vec<f64>,
    /// Trials with more patients without the event than the index.
    misses: Vec<f64>,
    /// Trials with more patients than the index.
    patients: Vec<f64>,
}

impl Terms {
    fn new(counts: &[(u32, u32)]) -> Self {
        let tally = |sizes: &dyn Fn(&(u32, u32)) -> u32| {
            let longest = counts.iter().map(sizes).max().unwrap_or(0) as usize;
            let mut tally = vec![0.0; longest];
            for count in counts {
                tally[..sizes(count) as usize].iter_mut().for_each(|entry| *entry += 1.0);
            }
            tally
        };
        Self {
            hits: tally(&|(x, _)| *x),
            misses: tally(&|(x, n)| n - x),
            patients: tally(&|(_, n)| *n),
        }
    }

    /// Without the binomial coefficients, which do not depend on the values.
    fn log_likelihood(&self, rate: f64, correlation: f64) -> f64 {
        let theta = correlation / (1.0 - correlation);
        let sum = |tally: &[f64], start: f64| {
            let mut sum = 0.0;
            for (index, count) in tally.iter().enumerate() {
                let factor = start + index as f64 * theta;
                if factor <= 0.0 {
                    return f64::NEG_INFINITY;
                }
                sum += count * ln(factor);
            }
            sum
        };
        sum(&self.hits, rate) + sum(&self.misses, 1.0 - rate) - sum(&self.patients, 1.0)
    }

    /// The best correlation for a rate, and its log-likelihood.
    fn profile(&self, rate: f64) -> (f64, f64) {
        let value = |correlation: f64| self.log_likelihood(rate, correlation);
        maximum(&value, 0.0, LARGEST_CORRELATION)
    }

    fn maximum(&self) -> (f64, f64, f64) {
        let value = |rate: f64| self.profile(rate).1;
        let (rate, best) = maximum(&value, 0.0, 1.0);
        let (correlation, _) = self.profile(rate);
        (rate, correlation, best)
    }

    /// Where the profile falls to `wanted` between the best rate and an end of the scale.
    fn limit(&self, rate: f64, end: f64, wanted: f64) -> f64 {
        if self.profile(end).1 >= wanted {
            return end;
        }
        let (mut inside, mut outside) = (rate, end);
        for _ in 0..STEPS {
            let middle = 0.5 * (inside + outside);
            if self.profile(middle).1 >= wanted {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        0.5 * (inside + outside)
    }
}

/// The largest value on an interval: a coarse look, then a golden section; ends are looked at too.
fn maximum(value: &dyn Fn(f64) -> f64, low: f64, high: f64) -> (f64, f64) {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let at = |index: usize| low + (high - low) * index as f64 / COARSE as f64;
    let mut peak = (0, f64::NEG_INFINITY);
    for index in 0..=COARSE {
        let here = value(at(index));
        if here > peak.1 {
            peak = (index, here);
        }
    }
    let (mut left, mut right) = (at(peak.0.saturating_sub(1)), at((peak.0 + 1).min(COARSE)));
    let mut inner = (right - GOLDEN * (right - left), left + GOLDEN * (right - left));
    let mut values = (value(inner.0), value(inner.1));
    for _ in 0..STEPS {
        if values.0 >= values.1 {
            right = inner.1;
            inner = (right - GOLDEN * (right - left), inner.0);
            values = (value(inner.0), values.0);
        } else {
            left = inner.0;
            inner = (inner.1, left + GOLDEN * (right - left));
            values = (values.1, value(inner.1));
        }
    }
    let found = if values.0 >= values.1 { (inner.0, values.0) } else { (inner.1, values.1) };
    let coarse = (at(peak.0), peak.1);
    if coarse.1 >= found.1 { coarse } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_trials_have_no_spread_and_the_plain_rate() {
        let pooled = beta_binomial(&[(3, 10), (3, 10), (3, 10), (3, 10)], 0.95).unwrap();
        assert!((pooled.rate - 0.3).abs() < 1e-7, "{pooled:?}");
        assert!(pooled.correlation < 1e-7 && pooled.spread_statistic < 1e-9, "{pooled:?}");
        assert!(pooled.interval.0 < 0.3 && pooled.interval.1 > 0.3);
    }

    #[test]
    fn trials_without_events_end_at_zero() {
        let pooled = beta_binomial(&[(0, 12), (0, 7)], 0.95).unwrap();
        assert_eq!((pooled.rate, pooled.interval.0), (0.0, 0.0));
        assert!(pooled.interval.1 > 0.0 && pooled.interval.1 < 1.0);
    }

    #[test]
    fn one_trial_or_impossible_counts_are_refused() {
        assert_eq!(beta_binomial(&[(3, 10)], 0.95), None);
        assert_eq!(beta_binomial(&[(3, 10), (0, 0)], 0.95), None);
        assert_eq!(beta_binomial(&[(3, 10), (4, 2)], 0.95), None);
        assert_eq!(beta_binomial(&[(3, 10), (1, 2)], 1.0), None);
    }

    #[test]
    fn counting_the_others_mirrors_everything() {
        let counts = [(2, 14), (9, 20), (11, 40), (1, 6)];
        let others = counts.map(|(x, n)| (n - x, n));
        let (one, other) =
            (beta_binomial(&counts, 0.9).unwrap(), beta_binomial(&others, 0.9).unwrap());
        assert!((one.rate + other.rate - 1.0).abs() < 1e-6);
        assert!((one.interval.0 + other.interval.1 - 1.0).abs() < 1e-6);
        assert!((one.correlation - other.correlation).abs() < 1e-5);
    }
}
