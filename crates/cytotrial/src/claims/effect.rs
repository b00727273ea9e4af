//! Effects over whole trials: what each trial says, how wide trials scatter, and why.

use stats::summary::{mean, quantile_of_sorted, sorted};

use crate::uncertainty::{Part, frozen, jackknife, variance};

/// What one trial says of one group of patients or of one set of pairs.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Moments {
    /// Patients or pairs.
    pub count: f64,
    /// Sum of their values.
    pub sum: f64,
    /// Sum of the squares.
    pub squares: f64,
}

impl Moments {
    /// Moments of some values, added in their order.
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        values.fold(Self::default(), |moments, value| Self {
            count: moments.count + 1.0,
            sum: moments.sum + value,
            squares: moments.squares + value * value,
        })
    }

    /// Mean; `None` without a patient.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0.0).then(|| self.sum / self.count)
    }

    /// Variance of the mean from the scatter between patients; `None` below two patients.
    pub fn variance_of_mean(&self) -> Option<f64> {
        if self.count < 2.0 {
            return None;
        }
        let between = (self.squares - self.sum * self.sum / self.count).max(0.0);
        Some(between / (self.count - 1.0) / self.count)
    }
}

/// An effect in one trial: a mean, or the difference of two.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct TrialEffect {
    /// The group, or the pairs.
    pub first: Moments,
    /// The group to subtract, if there is one.
    pub second: Option<Moments>,
}

impl TrialEffect {
    /// The effect.
    pub fn value(&self) -> Option<f64> {
        match self.second {
            None => self.first.mean(),
            Some(second) => Some(self.first.mean()? - second.mean()?),
        }
    }

    /// Its variance from the luck of the patients.
    pub fn luck(&self) -> Option<f64> {
        match self.second {
            None => self.first.variance_of_mean(),
            Some(second) => Some(self.first.variance_of_mean()? + second.variance_of_mean()?),
        }
    }
}

/// An effect over all trials.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// Each trial's effect; `None` where a trial cannot say.
    pub trials: Vec<Option<f64>>,
    /// Mean over the trials that can say.
    pub mean: f64,
    /// 5 %, 50 % and 95 % over trials of the planned size.
    pub range: (f64, f64, f64),
    /// Share of the variance over trials that is the luck of a few patients, 0 to 1; the rest is
    /// ignorance about typical values. `None` when trials do not scatter.
    pub luck: Option<Part>,
    /// Patients or pairs per trial, mean.
    pub patients: f64,
}

impl Effect {
    /// Summarises trials in their order; `None` when fewer than two can say.
    pub fn new(trials: &[TrialEffect]) -> Option<Self> {
        let values: Vec<Option<f64>> = trials.iter().map(TrialEffect::value).collect();
        let known: Vec<f64> = values.iter().flatten().copied().collect();
        if known.len() < 2 {
            return None;
        }
        let ordered = sorted(&known);
        let at = |p: f64| quantile_of_sorted(&ordered, p);
        let patients: Vec<f64> = trials.iter().map(|trial| trial.first.count).collect();
        Some(Self {
            mean: mean(&known)?,
            range: (at(0.05)?, at(0.5)?, at(0.95)?),
            luck: luck(trials),
            patients: mean(&patients)?,
            trials: values,
        })
    }

    /// Trials above zero, below zero, and at zero.
    pub fn signs(&self) -> [u32; 3] {
        self.trials.iter().flatten().fold([0; 3], |mut signs, value| {
            let place = if *value > 0.0 {
                0
            } else if *value < 0.0 {
                1
            } else {
                2
            };
            signs[place] += 1;
            signs
        })
    }
}

/// The share of luck: mean variance within trials over the variance between them (one-way analysis
/// of variance).
fn luck(trials: &[TrialEffect]) -> Option<Part> {
    let both: Vec<(f64, f64)> =
        trials.iter().filter_map(|trial| Some((trial.value()?, trial.luck()?))).collect();
    jackknife(both.len(), |kept| {
        let total = variance(kept.iter().map(|place| both[*place].0))?;
        let within = kept.iter().map(|place| both[*place].1).sum::<f64>() / kept.len() as f64;
        (total > 0.0).then(|| (within / total).clamp(0.0, 1.0))
    })
}

/// How much of an effect's variance goes when the assumed values are held at what is typical: 1 -
/// variance held / variance drawn, over the same trials. `None` when too few trials scatter.
pub fn assumption_share(drawn: &[TrialEffect], held: &[TrialEffect]) -> Option<Part> {
    let both: Vec<[f64; 2]> = drawn
        .iter()
        .zip(held)
        .filter_map(|(drawn, held)| Some([drawn.value()?, held.value()?]))
        .collect();
    frozen::share(&both)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stats::stream::{Purpose, stream};

    /// Trials of `patients` pairs: a true effect per trial with variance 0.25, patients around it
    /// with variance 4.
    fn synthetic(trials: u32, patients: u32, spread: f64) -> Vec<TrialEffect> {
        (0..trials)
            .map(|trial| {
                let draws = stream(1, trial, 0, Purpose::Unknowns);
                let truth = 1.0 + spread * draws.normal(0);
                let values = (0..patients).map(|patient| truth + 2.0 * draws.normal(1 + patient));
                TrialEffect { first: Moments::of(values), second: None }
            })
            .collect()
    }

    #[test]
    fn luck_and_ignorance_are_found_again() {
        // luck 4/16 = 0.25, ignorance 0.25
        let luck = Effect::new(&synthetic(4000, 16, 0.5)).unwrap().luck.unwrap();
        assert!((luck.value - 0.5).abs() < 4.0 * luck.error && luck.error < 0.03, "{luck:?}");
    }

    #[test]
    fn without_ignorance_everything_is_luck() {
        let luck = Effect::new(&synthetic(2000, 16, 0.0)).unwrap().luck.unwrap();
        assert!(luck.value > 1.0 - 4.0 * luck.error, "{luck:?}");
    }

    #[test]
    fn the_share_of_frozen_variance_is_found_again() {
        let share = |held: f64| {
            assumption_share(&synthetic(4000, 16, 0.5), &synthetic(4000, 16, held)).unwrap()
        };
        let half = share(0.0);
        assert!((half.value - 0.5).abs() < 4.0 * half.error, "{half:?}");
        let none = share(0.5);
        assert!(none.value.abs() < 1e-12 && none.error < 1e-12);
    }

    #[test]
    fn a_difference_of_groups_adds_their_luck() {
        let (first, second) =
            (Moments::of([1.0, 3.0].into_iter()), Moments::of([0.0, 0.0, 3.0].into_iter()));
        let effect = TrialEffect { first, second: Some(second) };
        assert!((effect.value().unwrap() - 1.0).abs() < 1e-12);
        // variances 2 and 3, over 2 and 3 patients
        assert!((effect.luck().unwrap() - 2.0).abs() < 1e-12);
        let nobody = TrialEffect { first, second: Some(Moments::default()) };
        assert_eq!(nobody.value(), None);
    }
}
