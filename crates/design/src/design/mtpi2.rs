//! The second modified toxicity probability interval design (mTPI-2).
//!
//! Guo, Wang, Yang, Lynn and Ji, Contemp Clin Trials 2017;58:23-33.

use std::borrow::Cow;

use super::keyboard;
use super::{Design, DesignError, Entry, when_complete};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Reason, Step};
use crate::interval::{self, Interval, Kept, Verdict, Verdicts};
use crate::isotonic;
use crate::keys::Keys;

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "mtpi2",
    title: "mTPI-2",
    least: "target = 0.3",
    from_toml: |text| {
        Ok(Box::new(UnitMass::new(toml::from_str(text)?, Masses::Equal, Keys::new)?))
    },
    in_force: |text| Ok(super::as_table(&toml::from_str::<Settings>(text)?)),
    conventions: &[
        "equal unit probability masses go to escalation first, then to staying",
        "elimination is strict (above the cut-off), closes all higher doses and is never undone; an eliminated lowest dose ends the trial without a recommendation",
        "the recommended dose is by isotonic posterior means under Beta(1, 1); at equal distance the highest dose not above the target",
        "`pending = \"wait\"` waits for every window at the current dose; `\"unless-certain\"` waits only if the open windows can change the decision",
    ],
};

/// The settings of the design: those of the keyboard design.
pub use super::keyboard::Settings;

/// Into what the scale of rates is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Masses {
    /// Below, in and above the equivalence interval.
    Three,
    /// Intervals as wide as the equivalence interval.
    Equal,
}

/// A design that follows the interval with the highest unit probability mass.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitMass {
    settings: Settings,
    masses: Masses,
    keys: Keys,
    kept: Kept,
}

impl UnitMass {
    /// The design of checked settings.
    pub(super) fn new(
        settings: Settings,
        masses: Masses,
        cut: fn(f64, f64) -> Keys,
    ) -> Result<Self, DesignError> {
        settings.check()?;
        let keyboard::Settings { target, margin_below, margin_above, .. } = settings;
        let keys = cut(target - margin_below, target + margin_above);
        Ok(Self { settings, masses, keys, kept: Kept::default() })
    }
}

impl Interval for UnitMass {
    fn verdicts(&self, evaluable: u32) -> Cow<'_, Verdicts> {
        self.kept.get(evaluable, || {
            let masses = |dlts| self.keys.by_verdict(&self.keys.unit_masses(evaluable, dlts));
            let order = [Verdict::Escalate, Verdict::Stay, Verdict::DeEscalate];
            // In mTPI-2 ties go to escalation first, then to staying; in mTPI to the lower dose,
            // as in the R package escalation (1 of 2 at a target of 0.25 is such a tie).
            let is_cautious = self.masses == Masses::Three;
            let open = |dlts| order[Keys::strongest(&masses(dlts), is_cautious)];
            let closed = |dlts| order[1 + Keys::strongest(&masses(dlts)[1..], is_cautious)];
            Verdicts {
                open: (0..=evaluable).map(open).collect(),
                closed: (0..=evaluable).map(closed).collect(),
                eliminate_at_least: self.settings.eliminate_at_least(evaluable),
            }
        })
    }
}

impl Design for UnitMass {
    fn step(&self, known: &Known, reason: &mut Reason) -> Step {
        when_complete(self.settings.pending, known, reason, |known, reason| {
            interval::step(self, known, reason)
        })
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        let open = interval::first_eliminated(self, doses);
        let target = self.settings.target;
        let mut best: Option<(usize, f64)> = None;
        for (level, rate) in isotonic::estimates(doses, open, 1.0).into_iter().enumerate() {
            let Some(rate) = rate else { continue };
            let by = (rate - target).abs();
            // At one distance the highest dose below the target is taken, else the lowest.
            let is_better = best.is_none_or(|(_, least)| {
                by < least - 1e-12 || (by < least + 1e-12 && rate <= target)
            });
            if is_better {
                best = Some((level, by));
            }
        }
        best.map(|(level, _)| level)
    }

    fn estimated_toxicity(&self, doses: &[DoseCounts]) -> Vec<Option<f64>> {
        isotonic::estimates(doses, interval::first_eliminated(self, doses), 1.0)
    }

    fn describe(&self) -> String {
        let Settings { target, margin_below, margin_above, .. } = self.settings;
        let (name, cut) = match self.masses {
            Masses::Three => ("mTPI", "the part below it and the part above it"),
            Masses::Equal => ("mTPI-2", "intervals of the same width on both sides"),
        };
        format!(
            "The {name} design aims at a DLT rate of {target}, with the equivalence interval {:.3} \
             to {:.3}. The scale from 0 to 1 is divided into this interval and {cut}; the interval \
             with the highest unit probability mass (posterior probability over width, uniform \
             prior) decides: below the equivalence interval the dose is escalated, above it \
             de-escalated, in it kept. {} The maximum tolerated dose is the one whose isotonic \
             posterior mean is nearest to the target.",
            target - margin_below,
            target + margin_above,
            self.settings.describe_elimination()
        )
    }
}
