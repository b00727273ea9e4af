//! BOIN with backfilling (BF-BOIN).
//!
//! Zhao, Yuan, Korn and Freidlin, Clin Cancer Res 2024;30:673-679; the R package bfboin 0.1.1.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::boin::{Boin, EarlyStopRule, Settings as BoinSettings};
use super::{Design, DesignError, Entry, PendingRule, counted, suspended, within};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Action, Reason, Step};
use crate::interval::{self, Interval, Verdict};

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "bf-boin",
    title: "BF-BOIN",
    least: "target = 0.3",
    from_toml: |text| Ok(Box::new(BfBoin::new(toml::from_str(text)?)?)),
    in_force: |text| Ok(super::boin_table(&toml::from_str::<Settings>(text)?, 0.6)),
    conventions: &[
        "when a lower dose is in conflict, the pooled data alone decide, as published: one more DLT at a lower dose can then turn `stay` into `escalate`; an eliminated dose is left (the R package may keep it)",
        "backfilled patients count at every decision; a dose is closed for backfilling below the cap, not at it (the R package allows one more)",
        "the cohort at the current dose is waited for, backfilled patients at lower doses are not",
        "the isotonic estimate has the prior Beta(0.05, 0.05) and inverse-variance weights; in a block of equal estimates the highest dose wins below the target, the lowest above it",
    ],
};

/// The settings of the design.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The DLT rate aimed at.
    pub target: f64,
    /// The highest DLT rate that is too low (phi1); 0.6 of the target if left out.
    #[serde(default)]
    pub underdosing: Option<f64>,
    /// The lowest DLT rate that is too high (phi2); 1.4 of the target if left out.
    #[serde(default)]
    pub overdosing: Option<f64>,
    /// A dose is eliminated when the probability that it exceeds the target is above this.
    #[serde(default = "super::keyboard::default_elimination")]
    pub elimination: f64,
    /// End once so many patients were treated at the current dose and it would be kept.
    #[serde(default)]
    pub early_stop: Option<u32>,
    /// A dose is closed for backfilling once so many patients were assigned to it.
    #[serde(default = "default_most")]
    pub backfill_most: u32,
    /// Whether one more is allowed, as in the R package.
    #[serde(default)]
    pub backfill_inclusive: bool,
    /// Where a response opens a dose for backfilling.
    #[serde(default)]
    pub backfill_opens: Opens,
    /// Which of the open doses a patient gets.
    #[serde(default)]
    pub backfill_to: Allocation,
}

fn default_most() -> u32 {
    12
}

/// Where a response opens a dose for backfilling.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Opens {
    /// At the dose itself.
    #[default]
    AtTheDose,
    /// At the dose or below it.
    UpToTheDose,
}

/// Which of the open doses a patient gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Allocation {
    /// The highest.
    #[default]
    Highest,
    /// The lowest.
    Lowest,
}

impl Settings {
    /// The default settings for a target.
    pub fn new(target: f64) -> Self {
        Self {
            target,
            underdosing: None,
            overdosing: None,
            elimination: super::keyboard::default_elimination(),
            early_stop: None,
            backfill_most: default_most(),
            backfill_inclusive: false,
            backfill_opens: Opens::default(),
            backfill_to: Allocation::default(),
        }
    }
}

/// The design with its boundaries.
#[derive(Debug, Clone, PartialEq)]
pub struct BfBoin {
    settings: Settings,
    boin: Boin,
}

impl BfBoin {
    /// The design of checked settings.
    pub fn new(settings: Settings) -> Result<Self, DesignError> {
        let most = f64::from(settings.backfill_most);
        within("backfill-most", most, most >= 1.0, || "at least 1".to_owned())?;
        let boin = Boin::new(BoinSettings {
            underdosing: settings.underdosing,
            overdosing: settings.overdosing,
            elimination: settings.elimination,
            early_stop: settings.early_stop,
            early_stop_rule: EarlyStopRule::WithStay,
            pending: PendingRule::Wait,
            ..BoinSettings::new(settings.target)
        })?;
        Ok(Self { settings, boin })
    }

    /// What the counts of one or several doses together say.
    fn verdict(&self, at: DoseCounts) -> Verdict {
        if at.evaluable == 0 {
            return Verdict::Escalate;
        }
        self.boin.verdicts(at.evaluable).open[at.dlts as usize]
    }

    /// The lower doses that speak against the decision at the current one.
    fn conflict(&self, level: usize, doses: &[DoseCounts], here: Verdict) -> Option<usize> {
        let is_against = |dose: &DoseCounts| match here {
            Verdict::Escalate => self.verdict(*dose) != Verdict::Escalate,
            Verdict::Stay | Verdict::DeEscalate => self.verdict(*dose) == Verdict::DeEscalate,
        };
        doses[..level].iter().rposition(is_against)
    }

    /// The level by the pooled data of a lower dose in conflict, the current one, and all between.
    fn pooled(&self, lowest: usize, level: usize, doses: &[DoseCounts]) -> Option<usize> {
        let sum = |to: usize| {
            doses[lowest..=to].iter().fold(DoseCounts::default(), |sum, &dose| sum.with(dose))
        };
        match self.verdict(sum(level)) {
            Verdict::Escalate => Some(level + 1),
            Verdict::Stay => Some(level),
            Verdict::DeEscalate => {
                let is_safe = |to: &usize| self.verdict(sum(*to)) != Verdict::DeEscalate;
                (lowest..=level).rev().find(is_safe).or(lowest.checked_sub(1))
            }
        }
    }
}

impl Design for BfBoin {
    fn step(&self, known: &Known, reason: &mut Reason) -> Step {
        let (level, doses, at) = (known.level, &known.doses, known.at());
        if at.pending > 0 {
            return suspended(doses, reason);
        }
        let open = interval::first_eliminated(&self.boin, &doses[..=level]);
        let here = self.verdict(at);
        let conflict = self.conflict(level, doses, here);
        if at.evaluable == 0 || conflict.is_none() || open == 0 {
            return interval::step(&self.boin, known, reason);
        }
        let lowest = conflict.unwrap_or(level);
        let top = interval::first_eliminated(&self.boin, doses);
        let wanted = self.pooled(lowest, level, doses).unwrap_or(0);
        // Never into or above an eliminated dose.
        let next = wanted.min(top.saturating_sub(1)).min(doses.len() - 1);
        reason.say(|| {
            format!(
                "{}, but {} at dose {}: doses {} to {} count together",
                counted(at),
                counted(doses[lowest]),
                lowest + 1,
                lowest + 1,
                level + 1
            )
        });
        let step = Step::to(level, next);
        let is_kept = next.cmp(&level) == Ordering::Equal;
        if is_kept && self.boin.is_enough(at, Action::Stay) {
            reason.add(|| "; enough patients were treated at this dose".to_owned());
            return Step::end(Action::Finish);
        }
        step
    }

    fn backfill(&self, known: &Known, assigned: &[u32]) -> Option<usize> {
        let doses = &known.doses;
        let lower = &doses[..known.level];
        let is_safe = |dose: usize| {
            let both = doses[dose].with(doses[dose + 1]);
            [doses[dose], both].iter().any(|at| {
                let counts = DoseCounts::of(at.evaluable, at.dlts);
                counts.evaluable == 0 || self.verdict(counts) != Verdict::DeEscalate
            })
        };
        let most = self.settings.backfill_most + u32::from(self.settings.backfill_inclusive);
        // The first unsafe dose closes itself and all above it.
        let first = (0..lower.len()).find(|&dose| !is_safe(dose)).unwrap_or(lower.len());
        let has_response = |dose: usize| match self.settings.backfill_opens {
            Opens::AtTheDose => doses[dose].responses > 0,
            Opens::UpToTheDose => doses[..=dose].iter().any(|dose| dose.responses > 0),
        };
        let is_open = |&dose: &usize| has_response(dose) && assigned[dose] < most;
        match self.settings.backfill_to {
            Allocation::Highest => (0..first).rev().find(is_open),
            Allocation::Lowest => (0..first).find(is_open),
        }
    }

    fn backfills(&self) -> bool {
        true
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        self.boin.recommend(doses)
    }

    fn estimated_toxicity(&self, doses: &[DoseCounts]) -> Vec<Option<f64>> {
        self.boin.estimates(doses)
    }

    fn describe(&self) -> String {
        let to = match self.settings.backfill_to {
            Allocation::Highest => "highest",
            Allocation::Lowest => "lowest",
        };
        let opens = match self.settings.backfill_opens {
            Opens::AtTheDose => "there",
            Opens::UpToTheDose => "there or below",
        };
        format!(
            "{} While a cohort is under evaluation, patients who come are treated at the {to} lower \
             dose that is open: a response was seen {opens}, the dose or the dose with the next \
             higher one together is below the de-escalation boundary, and fewer than {} patients \
             were assigned to it. Their data count at every decision; when a lower dose is more \
             toxic than the decision at the current dose allows, the doses from there up count \
             together.",
            self.boin.describe(),
            self.settings.backfill_most + u32::from(self.settings.backfill_inclusive)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn design() -> BfBoin {
        BfBoin::new(Settings::new(0.3)).unwrap()
    }

    fn doses(counts: &[(u32, u32)]) -> Vec<DoseCounts> {
        counts.iter().map(|&(n, y)| DoseCounts::of(n, y)).collect()
    }

    #[test]
    fn without_conflict_it_is_boin() {
        let boin = Boin::new(BoinSettings::new(0.3)).unwrap();
        for dlts in 0..=3 {
            let doses = doses(&[(6, 0), (6, 1), (3, dlts), (0, 0)]);
            let (got, want) = (design().decide(2, &doses), boin.decide(2, &doses));
            assert_eq!((got.action, got.next_level), (want.action, want.next_level), "{dlts}");
        }
    }

    /// The rule of the paper once more, on rates: boundaries 0.2365 and 0.3585 at 0.30.
    fn by_rates(level: usize, counts: &[(u32, u32)]) -> Option<usize> {
        let rate = |from: usize, to: usize| {
            let (n, y) = counts[from..=to].iter().fold((0, 0), |(n, y), one| (n + one.0, y + one.1));
            f64::from(y) / f64::from(n)
        };
        let letter = |rate: f64| {
            if rate <= 0.236_490_7 {
                'E'
            } else if rate > 0.358_519_4 {
                'D'
            } else {
                'S'
            }
        };
        let here = letter(rate(level, level));
        let conflicts = |dose: &usize| match (here, letter(rate(*dose, *dose))) {
            ('E', other) => other != 'E',
            (_, other) => other == 'D',
        };
        let Some(lowest) = (0..level).rev().find(conflicts) else {
            return match here {
                'E' => Some(level + 1),
                'S' => Some(level),
                _ => Some(level.saturating_sub(1)),
            };
        };
        match letter(rate(lowest, level)) {
            'E' => Some(level + 1),
            'S' => Some(level),
            _ => (lowest..=level).rev().find(|&to| letter(rate(lowest, to)) != 'D').or(lowest.checked_sub(1)),
        }
    }

    #[test]
    fn conflicts_are_settled_as_by_rates() {
        let mut compared = 0;
        for first in 0..=4 {
            for second in 0..=4 {
                for third in 0..=3 {
                    let counts = [(12, first), (9, second), (6, third), (0, 0)];
                    let all = doses(&counts);
                    if interval::first_eliminated(&design().boin, &all) < 4 {
                        continue;
                    }
                    let want = by_rates(2, &counts).unwrap_or(0);
                    assert_eq!(design().decide(2, &all).next_level, Some(want), "{counts:?}");
                    compared += 1;
                }
            }
        }
        assert!(compared > 50);
    }

    #[test]
    fn a_dose_is_open_after_a_response_while_it_is_safe_and_has_room() {
        let mut doses = doses(&[(3, 0), (6, 1), (3, 0)]);
        let known = |doses: &[DoseCounts]| Known::of_counts(2, doses);
        let design = design();
        assert_eq!(design.backfill(&known(&doses), &[3, 6, 6]), None);
        doses[0].responses = 1;
        assert_eq!(design.backfill(&known(&doses), &[3, 6, 6]), Some(0));
        doses[1].responses = 1;
        assert_eq!(design.backfill(&known(&doses), &[3, 6, 6]), Some(1));
        assert_eq!(design.backfill(&known(&doses), &[3, 12, 6]), Some(0));
        doses[0].dlts = 3;
        assert_eq!(design.backfill(&known(&doses), &[3, 6, 6]), None);
    }
}
