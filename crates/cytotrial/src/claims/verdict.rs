//! The rules that judge a claim, written in `claims.toml` before any run.

use stats::interval::{clopper_pearson, lower_bound_one_sided, upper_bound_one_sided, wilson};

use super::effect::{Effect, TrialEffect};
use super::predictive::{interval, rate};
use super::{Direction, Rule, Settings};

/// What came of a claim or of one of its tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It stands.
    Stands,
    /// It does not stand.
    DoesNotStand,
    /// What is known and simulated does not settle it.
    Undetermined,
}

impl Verdict {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Stands => "stands",
            Self::DoesNotStand => "does not stand",
            Self::Undetermined => "undetermined",
        }
    }

    /// Of several tests that must all stand.
    pub fn of_all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::Stands;
        for verdict in verdicts {
            match verdict {
                Self::DoesNotStand => return Self::DoesNotStand,
                Self::Undetermined => all = Self::Undetermined,
                Self::Stands => {}
            }
        }
        all
    }
}

/// Why a verdict is what it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Grounds {
    /// How often trials point in the claimed direction.
    Probability {
        /// Share of trials in the claimed direction; a trial without a difference counts half.
        probability: f64,
        /// Monte-Carlo interval of that share (Wilson, 99 %).
        interval: (f64, f64),
        /// Trials without a difference.
        ties: u32,
        /// Trials that can say.
        trials: u32,
    },
    /// What a trial of the claim's own size would see.
    Predictive {
        /// Interval at the level of the settings.
        interval: (f64, f64),
        /// The claimed share.
        claimed: f64,
        /// The claim's own number of patients.
        patients: u32,
        /// Width from which on the interval says too little.
        narrower_than: f64,
    },
    /// What was observed.
    Observed {
        /// Patients with the event.
        events: u32,
        /// Patients.
        patients: u32,
        /// Exact one-sided 95 % upper bound.
        upper: f64,
        /// The limit.
        at_most: f64,
        /// Patients without an event that would settle the limit.
        needed: Option<u32>,
    },
    /// No trial can say.
    Nothing,
}

/// A verdict with its grounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// Why.
    pub grounds: Grounds,
    /// Another number of replicates or another seed may turn the verdict.
    pub near_limit: bool,
}

/// Level of one-sided bounds of what was observed.
const BOUND: f64 = 0.95;
/// Level of the Monte-Carlo interval that tells whether a verdict may turn.
const MONTE_CARLO: f64 = 0.99;
/// Parts of which one is left out in turn to see whether a verdict may turn.
const PARTS: usize = 10;

/// Judges a test by its rule.
pub fn judge(rule: Rule, trials: &[TrialEffect], settings: &Settings) -> Judged {
    match rule {
        Rule::Direction(direction) => by_direction(direction, trials, settings.probability),
        Rule::Quantity { claimed, patients, narrower_than } => {
            let whole = by_quantity((claimed, patients, narrower_than), trials, settings.interval);
            let near_limit = (0..PARTS).any(|part| {
                let rest: Vec<TrialEffect> = trials
                    .iter()
                    .enumerate()
                    .filter(|(place, _)| place % PARTS != part)
                    .map(|(_, trial)| *trial)
                    .collect();
                let rule = (claimed, patients, narrower_than);
                by_quantity(rule, &rest, settings.interval).verdict != whole.verdict
            });
            Judged { near_limit, ..whole }
        }
        Rule::Bound { events, patients, at_most } => by_bound(events, patients, at_most),
    }
}

fn by_direction(direction: Direction, trials: &[TrialEffect], limit: f64) -> Judged {
    let Some(effect) = Effect::new(trials) else {
        return Judged {
            verdict: Verdict::Undetermined,
            grounds: Grounds::Nothing,
            near_limit: true,
        };
    };
    let [above, below, ties] = effect.signs();
    let total = above + below + ties;
    let towards = if direction == Direction::Above { above } else { below };
    let probability = (f64::from(towards) + 0.5 * f64::from(ties)) / f64::from(total);
    // Half a trial more or less does not matter for the error.
    let rounded = (probability * f64::from(total)).round() as u32;
    let interval = wilson(rounded.min(total), total, MONTE_CARLO);
    let verdict = if probability >= limit {
        Verdict::Stands
    } else if probability <= 1.0 - limit {
        Verdict::DoesNotStand
    } else {
        Verdict::Undetermined
    };
    let crosses = |limit: f64| interval.0 < limit && limit <= interval.1;
    Judged {
        verdict,
        near_limit: crosses(limit) || crosses(1.0 - limit),
        grounds: Grounds::Probability { probability, interval, ties, trials: total },
    }
}

fn by_quantity(
    (claimed, patients, narrower_than): (f64, u32, f64),
    trials: &[TrialEffect],
    level: f64,
) -> Judged {
    let Some(rate) = rate(trials) else {
        return Judged {
            verdict: Verdict::Undetermined,
            grounds: Grounds::Nothing,
            near_limit: true,
        };
    };
    let interval = interval(rate, patients, level);
    // The claimed share as the count that it can be at that number of patients.
    let count = (claimed * f64::from(patients)).round() / f64::from(patients);
    let is_inside = interval.0 <= count && count <= interval.1;
    let verdict = if !is_inside {
        Verdict::DoesNotStand
    } else if interval.1 - interval.0 < narrower_than {
        Verdict::Stands
    } else {
        Verdict::Undetermined
    };
    let grounds = Grounds::Predictive { interval, claimed, patients, narrower_than };
    Judged { verdict, grounds, near_limit: false }
}

fn by_bound(events: u32, patients: u32, at_most: f64) -> Judged {
    let upper = upper_bound_one_sided(events, patients, BOUND);
    let lower = lower_bound_one_sided(events, patients, BOUND);
    let verdict = if upper <= at_most {
        Verdict::Stands
    } else if lower > at_most {
        Verdict::DoesNotStand
    } else {
        Verdict::Undetermined
    };
    let needed = stats::interval::patients_to_rule_out(at_most, BOUND);
    let grounds = Grounds::Observed { events, patients, upper, at_most, needed };
    Judged { verdict, grounds, near_limit: false }
}

/// The exact two-sided 95 % interval of a count, for what stands beside a claimed figure.
pub fn exact(events: u32, patients: u32) -> (f64, f64) {
    clopper_pearson(events, patients, 0.95)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::effect::Moments;

    const SETTINGS: Settings = Settings {
        patients: 18,
        probability: 0.95,
        interval: 0.90,
        switch_replicates: 1,
        scan_replicates: 1,
        assumption_replicates: 1,
    };

    /// Trials with effects of -1, 0 and 1, so many of each.
    fn trials(below: usize, at: usize, above: usize) -> Vec<TrialEffect> {
        let one = |value: f64| TrialEffect {
            first: Moments::of([value, value].into_iter()),
            second: None,
        };
        let mut trials = vec![one(-1.0); below];
        trials.extend(vec![one(0.0); at]);
        trials.extend(vec![one(1.0); above]);
        trials
    }

    #[test]
    fn a_direction_stands_from_95_per_cent_of_trials_on() {
        let judge = |trials: &[TrialEffect]| {
            judge(Rule::Direction(Direction::Below), trials, &SETTINGS).verdict
        };
        assert_eq!(judge(&trials(950, 0, 50)), Verdict::Stands);
        assert_eq!(judge(&trials(949, 0, 51)), Verdict::Undetermined);
        assert_eq!(judge(&trials(50, 0, 950)), Verdict::DoesNotStand);
        assert_eq!(judge(&trials(51, 0, 949)), Verdict::Undetermined);
    }

    #[test]
    fn trials_without_a_difference_settle_nothing() {
        let judged = judge(Rule::Direction(Direction::Above), &trials(0, 1000, 0), &SETTINGS);
        assert_eq!(judged.verdict, Verdict::Undetermined);
        assert!(!judged.near_limit);
        let Grounds::Probability { probability, ties, .. } = judged.grounds else { panic!() };
        assert!((probability - 0.5).abs() < 1e-12 && ties == 1000);
    }

    #[test]
    fn a_probability_near_the_limit_says_that_the_verdict_may_turn() {
        let near = |below| {
            judge(Rule::Direction(Direction::Below), &trials(below, 0, 1000 - below), &SETTINGS)
                .near_limit
        };
        assert!(near(955) && near(945));
        assert!(!near(980) && !near(900));
    }

    #[test]
    fn a_quantity_needs_an_interval_that_holds_it_and_is_narrow() {
        let share = |events: usize| TrialEffect {
            first: Moments::of((0..20).map(|k| f64::from(u8::from(k < events)))),
            second: None,
        };
        let trials: Vec<TrialEffect> = (0..500).map(|k| share(9 + k % 3)).collect();
        let judge = |claimed, narrower_than| {
            let rule = Rule::Quantity { claimed, patients: 40, narrower_than };
            judge(rule, &trials, &SETTINGS).verdict
        };
        // binomial of 40 at 0.5: 15 to 25, that is 0.375 to 0.625
        assert_eq!(judge(0.5, 0.30), Verdict::Stands);
        assert_eq!(judge(0.5, 0.20), Verdict::Undetermined);
        assert_eq!(judge(0.7, 0.30), Verdict::DoesNotStand);
    }

    #[test]
    fn nought_of_five_leaves_45_per_cent_open() {
        let judged = judge(Rule::Bound { events: 0, patients: 5, at_most: 0.20 }, &[], &SETTINGS);
        assert_eq!(judged.verdict, Verdict::Undetermined);
        let Grounds::Observed { upper, needed, .. } = judged.grounds else { panic!() };
        assert!((upper - 0.4507).abs() < 1e-4);
        assert_eq!(needed, Some(14));
        let rule = Rule::Bound { events: 0, patients: 14, at_most: 0.20 };
        assert_eq!(judge(rule, &[], &SETTINGS).verdict, Verdict::Stands);
    }

    #[test]
    fn a_claim_stands_when_all_its_tests_stand() {
        use Verdict::{DoesNotStand, Stands, Undetermined};
        assert_eq!(Verdict::of_all([Stands, Stands]), Stands);
        assert_eq!(Verdict::of_all([Stands, Undetermined]), Undetermined);
        assert_eq!(Verdict::of_all([Undetermined, DoesNotStand, Stands]), DoesNotStand);
    }
}
