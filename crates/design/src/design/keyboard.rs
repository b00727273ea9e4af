//! The keyboard design.
//!
//! Yan, Mandrekar and Yuan, Clin Cancer Res 2017;23:3994-4003; the R package Keyboard 0.1.3, but
//! for elimination, which here needs three patients unless told otherwise.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{Design, DesignError, Entry, PendingRule, is_rate, when_complete, within};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Reason, Step};
use crate::interval::{self, Interval, Kept, Verdict, Verdicts};
use crate::isotonic;
use crate::keys::Keys;
use crate::posterior::least_hits_above;

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "keyboard",
    title: "Keyboard",
    least: "target = 0.3",
    from_toml: |text| Ok(Box::new(Keyboard::new(toml::from_str(text)?)?)),
    in_force: |text| Ok(super::as_table(&toml::from_str::<Settings>(text)?)),
    conventions: &[
        "of equally strong keys the highest counts; the two end keys are scaled to full width",
        "elimination is strict (above the cut-off), closes all higher doses and is never undone; an eliminated lowest dose ends the trial without a recommendation",
        "the isotonic estimate has the prior Beta(0.05, 0.05) and inverse-variance weights; in a block of equal estimates the highest dose wins below the target, the lowest above it",
        "`pending = \"wait\"` waits for every window at the current dose; `\"unless-certain\"` waits only if the open windows can change the decision",
    ],
};

/// The settings of the design.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The DLT rate aimed at.
    pub target: f64,
    /// How far the target key reaches below the target.
    #[serde(default = "default_margin")]
    pub margin_below: f64,
    /// How far the target key reaches above the target.
    #[serde(default = "default_margin")]
    pub margin_above: f64,
    /// A dose is eliminated when the probability that it exceeds the target is above this.
    #[serde(default = "default_elimination")]
    pub elimination: f64,
    /// No dose with fewer patients is eliminated; the R package has 1 in its table.
    #[serde(default = "default_least_patients")]
    pub elimination_min_patients: u32,
    /// What to do while patients are in the DLT window.
    #[serde(default)]
    pub pending: PendingRule,
}

pub(super) fn default_margin() -> f64 {
    0.05
}

pub(super) fn default_elimination() -> f64 {
    0.95
}

pub(super) fn default_least_patients() -> u32 {
    3
}

impl Settings {
    /// The default settings for a target.
    pub fn new(target: f64) -> Self {
        Self {
            target,
            margin_below: default_margin(),
            margin_above: default_margin(),
            elimination: default_elimination(),
            elimination_min_patients: default_least_patients(),
            pending: PendingRule::default(),
        }
    }

    /// Refuses values outside what the design allows.
    pub(super) fn check(&self) -> Result<(), DesignError> {
        let Self { target, margin_below, margin_above, elimination, .. } = *self;
        is_rate("target", target)?;
        within("margin-below", margin_below, margin_below > 0.0 && margin_below < target, || {
            format!("above 0 and below the target {target}")
        })?;
        let rest = 1.0 - target;
        within("margin-above", margin_above, margin_above > 0.0 && margin_above < rest, || {
            format!("above 0 and below {rest:.3}")
        })?;
        within("elimination", elimination, elimination > 0.5 && elimination < 1.0, || {
            "above 0.5 and below 1".to_owned()
        })?;
        let least = f64::from(self.elimination_min_patients);
        within("elimination-min-patients", least, least >= 1.0, || "at least 1".to_owned())
    }

    /// The number of DLTs that eliminates a dose with so many evaluable patients.
    pub(super) fn eliminate_at_least(&self, evaluable: u32) -> Option<u32> {
        if evaluable < self.elimination_min_patients {
            return None;
        }
        least_hits_above((1.0, 1.0), evaluable, self.target, self.elimination)
    }

    /// The sentence on elimination.
    pub(super) fn describe_elimination(&self) -> String {
        format!(
            "A dose and all above it are eliminated when at least {} patients were treated there \
             and the posterior probability that its rate exceeds {} is above {} (uniform prior); if \
             this is the lowest dose, the trial stops.",
            self.elimination_min_patients, self.target, self.elimination
        )
    }
}

/// The design with its keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Keyboard {
    settings: Settings,
    keys: Keys,
    kept: Kept,
}

impl Keyboard {
    /// The design of checked settings.
    pub fn new(settings: Settings) -> Result<Self, DesignError> {
        settings.check()?;
        let (low, high) = (settings.target - settings.margin_below, settings.target + settings.margin_above);
        Ok(Self { settings, keys: Keys::new(low, high), kept: Kept::default() })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The numbers of DLTs at which something happens, for a number of evaluable patients: the most
    /// that escalates, the least that de-escalates, the least that eliminates.
    pub fn boundaries(&self, evaluable: u32) -> (Option<u32>, Option<u32>, Option<u32>) {
        let verdicts = self.verdicts(evaluable);
        let (most, least) = (verdicts.escalate_at_most(), verdicts.de_escalate_at_least());
        (most, least, verdicts.eliminate_at_least)
    }
}

impl Interval for Keyboard {
    fn verdicts(&self, evaluable: u32) -> Cow<'_, Verdicts> {
        self.kept.get(evaluable, || {
            let eliminate = self.settings.eliminate_at_least(evaluable);
            let verdict = |dlts: u32| {
                if eliminate.is_some_and(|least| dlts >= least) {
                    return Verdict::DeEscalate;
                }
                // Of equally strong keys the highest counts.
                let masses = self.keys.unit_masses(evaluable, dlts);
                self.keys.verdict_of(Keys::strongest(&masses, true))
            };
            Verdicts::new((0..=evaluable).map(verdict).collect(), eliminate)
        })
    }
}

impl Design for Keyboard {
    fn step(&self, known: &Known, reason: &mut Reason) -> Step {
        when_complete(self.settings.pending, known, reason, |known, reason| {
            interval::step(self, known, reason)
        })
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        let open = interval::first_eliminated(self, doses);
        isotonic::nearest(doses, open, self.settings.target, f64::INFINITY)
    }

    fn estimated_toxicity(&self, doses: &[DoseCounts]) -> Vec<Option<f64>> {
        isotonic::estimates(doses, interval::first_eliminated(self, doses), 0.05)
    }

    fn describe(&self) -> String {
        let Settings { target, margin_below, margin_above, .. } = self.settings;
        format!(
            "The keyboard design aims at a DLT rate of {target}. The scale from 0 to 1 is divided \
             into keys as wide as the target key, {:.3} to {:.3}. The strongest key is the one with \
             the highest posterior probability (uniform prior) of containing the DLT rate of the \
             current dose; the dose is escalated when it lies below the target key, de-escalated \
             when it lies above, and kept otherwise. {} The maximum tolerated dose is the one whose \
             isotonic estimate is nearest to the target.",
            target - margin_below,
            target + margin_above,
            self.settings.describe_elimination()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Action;

    #[test]
    fn the_strongest_key_moves_the_dose() {
        let design = Keyboard::new(Settings::new(0.3)).unwrap();
        // Table 1 of the paper for a target of 0.30.
        for (evaluable, boundaries) in
            [(3, (0, 2, 3)), (6, (1, 3, 4)), (9, (2, 4, 5)), (12, (2, 5, 7))]
        {
            let (most, least, out) = boundaries;
            assert_eq!(design.boundaries(evaluable), (Some(most), Some(least), Some(out)));
        }
        let doses = [DoseCounts::of(3, 3), DoseCounts::default()];
        assert_eq!(design.decide(0, &doses).action, Action::StopForSafety);
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        for (text, setting) in [
            ("target = 30", "target"),
            ("target = 0.3\nmargin-below = 0.3", "margin-below"),
            ("target = 0.3\nmargin-above = 0.8", "margin-above"),
            ("target = 0.3\nelimination = 0.5", "elimination"),
            ("target = 0.3\nelimination-min-patients = 0", "elimination-min-patients"),
        ] {
            let message = (ENTRY.from_toml)(text).unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{setting}` is ")), "{message}");
        }
    }
}
