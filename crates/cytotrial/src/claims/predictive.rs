//! What a trial of a given size would see, from shares in simulated trials of some other size.
//!
//! Simulated trials say how the probability of an event varies with what is not known, once the luck
//! of their own patients is taken off. Moments as in Kleinman, J Am Stat Assoc 1973;68:46-54:
//! weighted by patients, which matters where few and changing numbers are in the denominator.

use super::effect::TrialEffect;
use crate::uncertainty::rate::Rate;

/// What is thought about the probability of an event; `None` without patients.
pub fn rate(trials: &[TrialEffect]) -> Option<Rate> {
    let with_patients = || trials.iter().map(|trial| trial.first).filter(|m| m.count > 0.0);
    let patients: f64 = with_patients().map(|moments| moments.count).sum();
    if patients <= 0.0 {
        return None;
    }
    let events: f64 = with_patients().map(|moments| moments.sum).sum();
    let trials = with_patients().count() as f64;
    let mean = events / patients;
    let squares: f64 = with_patients().map(|moments| moments.count * moments.count).sum();
    let between: f64 = with_patients()
        .map(|moments| {
            let off = moments.sum / moments.count - mean;
            moments.count * off * off
        })
        .sum();
    // The correlation r of two patients of one trial makes E(between) = mean (1 - mean) times
    // (1 - r) (trials - 1) + r (patients - squares / patients).
    let spread = patients - squares / patients;
    let binomial = mean * (1.0 - mean);
    let correlation = if binomial > 0.0 && spread > trials - 1.0 {
        ((between / binomial - (trials - 1.0)) / (spread - (trials - 1.0))).clamp(0.0, 1.0)
    } else {
        0.0
    };
    // Never seen, or seen in all: half a patient, as Jeffreys' prior has it.
    let mean = (events + 0.5) / (patients + 1.0);
    Some(Rate::of_moments(mean, correlation * mean * (1.0 - mean)))
}

/// The central interval of shares in a trial of so many patients: at most half of the rest lies
/// beyond each end.
pub fn interval(rate: Rate, patients: u32, level: f64) -> (f64, f64) {
    let tail = (1.0 - level) / 2.0;
    let share = |p| rate.events_at(p, u64::from(patients)) as f64 / f64::from(patients.max(1));
    (share(tail), share(1.0 - tail))
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
        let found = rate(&trials).unwrap();
        assert!((found.mean() - 0.3).abs() < 0.01, "{found:?}");
        assert!((found.a + found.b - 10.0).abs() < 1.2, "{found:?}");
    }

    #[test]
    fn a_known_probability_leaves_the_binomial() {
        // R: qbinom(c(0.05, 0.95), 21, 0.952) is 18 and 21
        let known = Rate::of_moments(0.952, 0.0);
        assert_eq!(interval(known, 21, 0.90), (18.0 / 21.0, 1.0));
    }

    #[test]
    fn trials_without_events_predict_none() {
        let trials: Vec<TrialEffect> = (0..200).map(|_| trial(0, 18)).collect();
        assert_eq!(interval(rate(&trials).unwrap(), 5, 0.90), (0.0, 0.0));
        assert_eq!(rate(&[trial(0, 0)]), None);
    }
}
