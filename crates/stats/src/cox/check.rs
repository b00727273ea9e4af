//! Whether hazards are proportional: scaled Schoenfeld residuals against a clock.

use super::Fit;
use super::likelihood::{Set, Sets};
use crate::log_rank::Test;
use crate::math::ln;
use crate::matrix::Factors;
use crate::survival::KaplanMeier;

/// The clock against which an effect may drift.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Clock {
    /// One minus the Kaplan-Meier curve just before: every event moves it, late gaps do not.
    #[default]
    Survival,
    /// Time itself.
    Time,
    /// The logarithm of time.
    LogTime,
}

/// Tests of proportional hazards.
#[derive(Debug, Clone, PartialEq)]
pub struct Proportionality {
    /// One test per covariate.
    pub covariates: Vec<(String, Test)>,
    /// The test of all together.
    pub all: Test,
}

impl Fit {
    /// Tests whether any coefficient drifts with the clock: the score test of a coefficient of
    /// covariate times clock.
    pub fn proportionality(&self, clock: Clock) -> Proportionality {
        let sets = Sets::new(&self.kept);
        let beta: Vec<f64> = self.coefficients.iter().map(|one| one.estimate).collect();
        let count = beta.len();
        let drift = self.drift(&sets, &beta, clock);
        let of = |kept: &[usize]| {
            let matrix = drift.information(count, kept);
            let mut score = vec![0.0; count + kept.len()];
            for (at, &place) in kept.iter().enumerate() {
                score[count + at] = drift.score[place];
            }
            let factors = Factors::new(&matrix, count + kept.len());
            Test::chi_square(factors.quadratic(&score), kept.len())
        };
        let names = self.coefficients.iter().map(|one| one.name.clone());
        Proportionality {
            covariates: names.enumerate().map(|(at, name)| (name, of(&[at]))).collect(),
            all: of(&(0..count).collect::<Vec<usize>>()),
        }
    }

    fn drift(&self, sets: &Sets, beta: &[f64], clock: Clock) -> Drift {
        let count = beta.len();
        let hands = self.hands(sets, clock);
        let mut drift =
            Drift { score: vec![0.0; count], moments: [0; 3].map(|_| vec![0.0; count * count]) };
        for (set, hand) in sets.all.iter().zip(hands) {
            let part = sets.of_set(set, beta, self.kept.ties);
            for (to, from) in drift.score.iter_mut().zip(&part.score) {
                *to += hand * from;
            }
            for (power, moment) in drift.moments.iter_mut().enumerate() {
                let weight = [1.0, hand, hand * hand][power];
                for (to, from) in moment.iter_mut().zip(&part.information) {
                    *to += weight * from;
                }
            }
        }
        drift
    }

    /// The clock at each set, centred so that nothing cancels.
    fn hands(&self, sets: &Sets, clock: Clock) -> Vec<f64> {
        let curve = match clock {
            Clock::Survival => KaplanMeier::delayed(&self.kept.observations),
            Clock::Time | Clock::LogTime => KaplanMeier::default(),
        };
        let read = |set: &Set| match clock {
            Clock::Survival => 1.0 - curve.at(set.time.next_down()),
            Clock::Time => set.time,
            Clock::LogTime => ln(set.time),
        };
        let hands: Vec<f64> = sets.all.iter().map(read).collect();
        let weight = |set: &Set| set.deaths.len() as f64;
        let sum: f64 = sets.all.iter().zip(&hands).map(|(set, hand)| weight(set) * hand).sum();
        let mean = sum / sets.events().max(1) as f64;
        hands.into_iter().map(|hand| hand - mean).collect()
    }
}

/// Scores and information of coefficients that drift.
struct Drift {
    score: Vec<f64>,
    /// Information weighted with the clock to the power 0, 1 and 2.
    moments: [Vec<f64>; 3],
}

impl Drift {
    /// Information of all coefficients and of the drift of some.
    fn information(&self, count: usize, kept: &[usize]) -> Vec<f64> {
        let size = count + kept.len();
        let place = |at: usize| if at < count { (at, 0) } else { (kept[at - count], 1) };
        let mut matrix = vec![0.0; size * size];
        for row in 0..size {
            for column in 0..size {
                let ((first, one), (second, two)) = (place(row), place(column));
                matrix[row * size + column] = self.moments[one + two][first * count + second];
            }
        }
        matrix
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Covariate, Model};
    use super::*;
    use crate::survival::Observation;

    #[test]
    fn an_effect_that_turns_round_is_seen() {
        // those with 1 fail first, then those without, and the others with 1 last
        let mut model = Model::default();
        let mut values = Vec::new();
        for place in 0..40_u8 {
            model.observations.push(Observation::new(f64::from(place + 1), true));
            values.push(f64::from(u8::from(!(12..32).contains(&place))));
        }
        model.covariates.push(Covariate { name: "x".into(), values });
        let fit = model.fit().unwrap();
        let found = fit.proportionality(Clock::Survival);
        assert!(found.all.probability < 0.05, "{found:?}");
        assert!((found.all.statistic - found.covariates[0].1.statistic).abs() < 1e-10);
    }
}
