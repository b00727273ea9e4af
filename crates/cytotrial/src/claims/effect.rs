//! Effects over whole trials: what each trial says, how wide trials scatter, and why.

use stats::summary::{mean, quantile_of_sorted, sorted};

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
    /// Variance over trials.
    pub variance: f64,
    /// Share of that variance that is the luck of a few patients, 0 to 1; the rest is ignorance
    /// about typical values. `None` when trials do not scatter.
    pub luck: Option<f64>,
    /// Standard error of that share, from leaving out trials one by one.
    pub luck_error: f64,
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
        let (luck, luck_error) = luck(trials);
        let patients: Vec<f64> = trials.iter().map(|trial| trial.first.count).collect();
        Some(Self {
            mean: mean(&known)?,
            range: (at(0.05)?, at(0.5)?, at(0.95)?),
            variance: variance(&known),
            luck,
            luck_error,
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

/// Variance with n - 1; 0 below two values.
pub fn variance(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    if count < 2.0 {
        return 0.0;
    }
    let centre = values.iter().sum::<f64>() / count;
    values.iter().map(|value| (value - centre) * (value - centre)).sum::<f64>() / (count - 1.0)
}

/// The share of luck with its standard error: mean variance within trials over the variance between
/// them (one-way analysis of variance), leaving out one trial at a time for the error.
fn luck(trials: &[TrialEffect]) -> (Option<f64>, f64) {
    let both: Vec<(f64, f64)> =
        trials.iter().filter_map(|trial| Some((trial.value()?, trial.luck()?))).collect();
    ratio_with_error(&both, |both| {
        let values: Vec<f64> = both.iter().map(|pair| pair.0).collect();
        let total = variance(&values);
        let within = both.iter().map(|pair| pair.1).sum::<f64>() / both.len() as f64;
        (total > 0.0).then(|| (within / total).clamp(0.0, 1.0))
    })
}

/// Groups that are left out in turn; enough for an error of a few per cent of itself.
const GROUPS: usize = 50;

/// A statistic of rows with its standard error by a jackknife over groups of rows.
pub fn ratio_with_error<T: Clone>(
    rows: &[T],
    statistic: impl Fn(&[T]) -> Option<f64>,
) -> (Option<f64>, f64) {
    let Some(whole) = (rows.len() >= 2).then(|| statistic(rows)).flatten() else {
        return (None, f64::INFINITY);
    };
    let groups = GROUPS.min(rows.len());
    let left: Vec<f64> = (0..groups)
        .filter_map(|group| {
            let others = rows.iter().enumerate().filter(|(place, _)| place % groups != group);
            statistic(&others.map(|(_, row)| row.clone()).collect::<Vec<T>>())
        })
        .collect();
    let count = left.len() as f64;
    let error = ((count - 1.0) * (count - 1.0) / count * variance(&left)).max(0.0).sqrt();
    (Some(whole), error)
}

/// How much of an effect's variance goes when the assumed values are frozen, with its standard
/// error: 1 - variance frozen / variance drawn, over the same trials.
///
/// `None` when the trials do not scatter.
pub fn assumption_share(drawn: &[TrialEffect], frozen: &[TrialEffect]) -> (Option<f64>, f64) {
    let both: Vec<(f64, f64)> = drawn
        .iter()
        .zip(frozen)
        .filter_map(|(drawn, frozen)| Some((drawn.value()?, frozen.value()?)))
        .collect();
    ratio_with_error(&both, |both| {
        let of =
            |place: fn(&(f64, f64)) -> f64| variance(&both.iter().map(place).collect::<Vec<_>>());
        let (all, rest) = (of(|pair| pair.0), of(|pair| pair.1));
        (all > 0.0).then(|| 1.0 - rest / all)
    })
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
        let effect = Effect::new(&synthetic(4000, 16, 0.5)).unwrap();
        // luck 4/16 = 0.25, ignorance 0.25
        let luck = effect.luck.unwrap();
        assert!((luck - 0.5).abs() < 4.0 * effect.luck_error, "{luck} {}", effect.luck_error);
        assert!(effect.luck_error < 0.03, "{}", effect.luck_error);
        assert!((effect.variance - 0.5).abs() < 0.05);
    }

    #[test]
    fn without_ignorance_everything_is_luck() {
        let effect = Effect::new(&synthetic(2000, 16, 0.0)).unwrap();
        assert!(effect.luck.unwrap() > 1.0 - 4.0 * effect.luck_error, "{effect:?}");
    }

    #[test]
    fn the_share_of_frozen_variance_is_found_again() {
        let (share, error) = assumption_share(&synthetic(4000, 16, 0.5), &synthetic(4000, 16, 0.0));
        assert!((share.unwrap() - 0.5).abs() < 4.0 * error, "{share:?} {error}");
        let (none, error) = assumption_share(&synthetic(4000, 16, 0.5), &synthetic(4000, 16, 0.5));
        assert!(none.unwrap().abs() < 1e-12 && error < 1e-12);
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
