//! What a trial of a given size would see: a beta-binomial law fitted to simulated trials.
//!
//! Simulated trials of some size say how the probability of an event varies with what is not known,
//! once the luck of their own patients is taken off. Moments as in Kleinman, J Am Stat Assoc
//! 1973;68:46-54: weighted by patients, unbiased for the variance between trials.

use stats::math::exp;
use stats::special::{ln_beta, ln_gamma};

use super::effect::TrialEffect;

/// Counts of events among a number of patients, their probability not being known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BetaBinomial {
    /// Mean probability.
    pub mean: f64,
    /// Correlation of two patients of one trial: 0 when the probability is known, 1 when it is 0 or 1.
    pub correlation: f64,
}

impl BetaBinomial {
    /// Fits shares of trials; `None` without patients.
    pub fn fit(trials: &[TrialEffect]) -> Option<Self> {
        let with_patients = || trials.iter().map(|trial| trial.first).filter(|m| m.count > 0.0);
        let patients: f64 = with_patients().map(|moments| moments.count).sum();
        let events: f64 = with_patients().map(|moments| moments.sum).sum();
        let trials = with_patients().count() as f64;
        if patients <= 0.0 {
            return None;
        }
        let mean = events / patients;
        let squares: f64 = with_patients().map(|moments| moments.count * moments.count).sum();
        let between: f64 = with_patients()
            .map(|moments| {
                let off = moments.sum / moments.count - mean;
                moments.count * off * off
            })
            .sum();
        let binomial = mean * (1.0 - mean);
        if binomial <= 0.0 || trials < 2.0 || patients <= trials {
            return Some(Self { mean, correlation: 0.0 });
        }
        // E(between) = binomial * [(1 - r) (k - 1) + r (N - S/N)]
        let spread = patients - squares / patients;
        let found = (between / binomial - (trials - 1.0)) / (spread - (trials - 1.0));
        Some(Self { mean, correlation: found.clamp(0.0, 1.0) })
    }

    /// The parameters of the law of the probability; `None` when it is known, or is 0 or 1.
    pub fn beta(&self) -> Option<(f64, f64)> {
        if self.correlation <= 1e-9 || self.correlation >= 1.0 - 1e-9 {
            return None;
        }
        let total = 1.0 / self.correlation - 1.0;
        Some((self.mean * total, (1.0 - self.mean) * total))
    }

    /// Probability of each count of events from 0 to `patients`.
    pub fn probabilities(&self, patients: u32) -> Vec<f64> {
        let n = f64::from(patients);
        let choose = |x: f64| ln_gamma(n + 1.0) - ln_gamma(x + 1.0) - ln_gamma(n - x + 1.0);
        (0..=patients)
            .map(|events| {
                let x = f64::from(events);
                match self.beta() {
                    Some((a, b)) => exp(choose(x) + ln_beta(a + x, b + n - x) - ln_beta(a, b)),
                    None if self.correlation > 0.5 => match events {
                        0 => 1.0 - self.mean,
                        _ if events == patients => self.mean,
                        _ => 0.0,
                    },
                    None => {
                        exp(choose(x))
                            * power(self.mean, events)
                            * power(1.0 - self.mean, patients - events)
                    }
                }
            })
            .collect()
    }

    /// The central interval of shares at a level: at most half of the rest lies beyond each end.
    pub fn interval(&self, patients: u32, level: f64) -> (f64, f64) {
        let tail = (1.0 - level) / 2.0;
        let probabilities = self.probabilities(patients);
        let share = |count: usize| count as f64 / f64::from(patients.max(1));
        let mut below = 0.0;
        let low = probabilities.iter().position(|probability| {
            below += probability;
            below > tail
        });
        let mut above = 0.0;
        let high = probabilities.iter().rposition(|probability| {
            above += probability;
            above > tail
        });
        (share(low.unwrap_or(0)), share(high.unwrap_or(patients as usize)))
    }
}

/// A whole power, 0 to the 0 being 1.
fn power(base: f64, exponent: u32) -> f64 {
    (0..exponent).fold(1.0, |product, _| product * base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::effect::Moments;
    use stats::stream::{Purpose, stream};

    fn trial(events: u32, patients: u32) -> TrialEffect {
        let values = (0..patients).map(|patient| f64::from(u8::from(patient < events)));
        TrialEffect { first: Moments::of(values), second: None }
    }

    #[test]
    fn a_beta_law_of_probabilities_is_found_again_from_small_trials() {
        // Beta(3, 7): mean 0.3, correlation 1/11
        let law = stats::Distribution::parse("beta(a=3; b=7)").unwrap();
        let trials: Vec<TrialEffect> = (0..6000)
            .map(|replicate| {
                let draws = stream(5, replicate, 0, Purpose::Unknowns);
                let p = law.quantile(draws.uniform(0));
                let patients = 6 + replicate % 9;
                let events = (0..patients).filter(|k| draws.uniform(1 + k) < p).count() as u32;
                trial(events, patients)
            })
            .collect();
        let fitted = BetaBinomial::fit(&trials).unwrap();
        assert!((fitted.mean - 0.3).abs() < 0.01, "{fitted:?}");
        assert!((fitted.correlation - 1.0 / 11.0).abs() < 0.01, "{fitted:?}");
    }

    #[test]
    fn a_known_probability_leaves_the_binomial() {
        let law = BetaBinomial { mean: 0.5, correlation: 0.0 };
        let probabilities = law.probabilities(4);
        for (found, exact) in probabilities.iter().zip([1.0, 4.0, 6.0, 4.0, 1.0]) {
            assert!((found - exact / 16.0).abs() < 1e-12);
        }
        // R: qbinom(c(0.05, 0.95), 21, 0.952) is 18 and 21
        let law = BetaBinomial { mean: 0.952, correlation: 0.0 };
        assert_eq!(law.interval(21, 0.90), (18.0 / 21.0, 1.0));
    }

    #[test]
    fn a_uniform_probability_makes_every_count_alike() {
        // Beta(1, 1): correlation 1/3; each of 0..n has probability 1/(n + 1)
        let law = BetaBinomial { mean: 0.5, correlation: 1.0 / 3.0 };
        for probability in law.probabilities(9) {
            assert!((probability - 0.1).abs() < 1e-10, "{probability}");
        }
        assert_eq!(law.interval(9, 0.90), (0.0, 1.0));
    }

    #[test]
    fn trials_without_events_predict_none() {
        let law = BetaBinomial::fit(&[trial(0, 18), trial(0, 17)]).unwrap();
        assert_eq!(law.interval(5, 0.90), (0.0, 0.0));
        assert_eq!(BetaBinomial::fit(&[trial(0, 0)]), None);
    }
}
