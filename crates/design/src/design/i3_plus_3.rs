//! The i3+3 design.
//!
//! Liu, Wang and Ji, J Biopharm Stat 2020;30:294-304.

use std::borrow::Cow;

use super::keyboard;
use super::{Design, DesignError, Entry, when_complete};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Reason, Step};
use crate::interval::{self, Interval, Kept, Verdict, Verdicts};
use crate::isotonic;

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "i3+3",
    title: "i3+3",
    least: "target = 0.3",
    from_toml: |text| Ok(Box::new(IThreePlusThree::new(toml::from_str(text)?)?)),
    in_force: |text| Ok(super::as_table(&toml::from_str::<Settings>(text)?)),
    conventions: &[
        "the ends of the equivalence interval belong to it",
        "elimination is strict (above the cut-off), closes all higher doses and is never undone; an eliminated lowest dose ends the trial without a recommendation",
        "the isotonic estimate has the prior Beta(0.05, 0.05) and inverse-variance weights; in a block of equal estimates the highest dose wins below the target, the lowest above it",
        "`pending = \"wait\"` waits for every window at the current dose; `\"unless-certain\"` waits only if the open windows can change the decision",
    ],
};

/// The settings of the design: those of the keyboard design.
pub use super::keyboard::Settings;

/// A rate times a number of patients this close to an integer is that integer.
const SAME_COUNT: f64 = 1e-9;

/// The design with its equivalence interval.
#[derive(Debug, Clone, PartialEq)]
pub struct IThreePlusThree {
    settings: Settings,
    kept: Kept,
}

impl IThreePlusThree {
    /// The design of checked settings.
    pub fn new(settings: Settings) -> Result<Self, DesignError> {
        settings.check()?;
        Ok(Self { settings, kept: Kept::default() })
    }

    /// The fewest and the most DLTs whose rate lies in the equivalence interval, ends included.
    fn inside(&self, evaluable: u32) -> (u32, u32) {
        let keyboard::Settings { target, margin_below, margin_above, .. } = self.settings;
        let patients = f64::from(evaluable);
        let fewest = (patients * (target - margin_below) - SAME_COUNT).ceil() as u32;
        let most = (patients * (target + margin_above) + SAME_COUNT).floor() as u32;
        (fewest, most)
    }
}

impl Interval for IThreePlusThree {
    fn verdicts(&self, evaluable: u32) -> Cow<'_, Verdicts> {
        self.kept.get(evaluable, || {
            let (fewest, most) = self.inside(evaluable);
            let verdict = |dlts: u32| {
                if dlts < fewest {
                    Verdict::Escalate
                } else if dlts <= most || dlts - 1 < fewest {
                    // In the interval, or one DLT less would be below it.
                    Verdict::Stay
                } else {
                    Verdict::DeEscalate
                }
            };
            let open = (0..=evaluable).map(verdict).collect();
            Verdicts::new(open, self.settings.eliminate_at_least(evaluable))
        })
    }
}

impl Design for IThreePlusThree {
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
            "The i3+3 design aims at a DLT rate of {target}, with the equivalence interval {:.3} to \
             {:.3}. The dose is escalated when the observed rate at the current dose is below the \
             interval and kept when it is inside. When it is above, the dose is kept if one DLT \
             less would put the rate below the interval, and de-escalated otherwise. {} The maximum \
             tolerated dose is the one whose isotonic estimate is nearest to the target.",
            target - margin_below,
            target + margin_above,
            self.settings.describe_elimination()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rule once more, in fractions of whole numbers: target 30/100, interval 25 to 35.
    fn by_fractions(dlts: u32, evaluable: u32) -> Verdict {
        let is_below = |dlts: u32| 100 * dlts < 25 * evaluable;
        let is_above = |dlts: u32| 100 * dlts > 35 * evaluable;
        match dlts {
            _ if is_below(dlts) => Verdict::Escalate,
            1.. if is_above(dlts) && !is_below(dlts - 1) => Verdict::DeEscalate,
            _ => Verdict::Stay,
        }
    }

    #[test]
    fn verdicts_are_those_of_the_rule_in_fractions() {
        let design = IThreePlusThree::new(Settings::new(0.3)).unwrap();
        for evaluable in 1..=60 {
            for dlts in 0..=evaluable {
                let got = design.verdicts(evaluable).open[dlts as usize];
                assert_eq!(got, by_fractions(dlts, evaluable), "{dlts} of {evaluable}");
            }
        }
    }

    #[test]
    fn one_dlt_less_can_keep_the_dose() {
        let design = IThreePlusThree::new(Settings::new(0.3)).unwrap();
        let row = |evaluable: u32| {
            let letter = |verdict: &Verdict| match verdict {
                Verdict::Escalate => 'E',
                Verdict::Stay => 'S',
                Verdict::DeEscalate => 'D',
            };
            design.verdicts(evaluable).open.iter().map(letter).collect::<String>()
        };
        assert_eq!((row(1), row(2), row(3)), ("ES".into(), "ESD".into(), "ESDD".into()));
        assert_eq!((row(5), row(6)), ("EESDDD".into(), "EESDDDD".into()));
    }
}
