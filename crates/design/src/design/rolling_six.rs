//! The rolling six.
//!
//! Skolnik, Barrett, Jayaraman, Patel and Adamson, J Clin Oncol 2008;26:190-195.

use serde::{Deserialize, Serialize};

use super::{Design, Entry, Outcomes, suspended};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Action, Reason, Step};

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "rolling-six",
    title: "Rolling six",
    least: "",
    from_toml: |text| Ok(Box::new(toml::from_str::<RollingSix>(text)?)),
    in_force: |text| Ok(super::as_table(&toml::from_str::<RollingSix>(text)?)),
    conventions: &[
        "two DLTs among those enrolled exclude a dose; patients enter one at a time",
        "the recommended dose is the highest with none of three or one of six",
    ],
};

/// The settings of the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RollingSix {
    /// Whether five patients without a DLT are enough while the sixth is pending.
    pub five_of_five: bool,
}

impl Default for RollingSix {
    fn default() -> Self {
        Self { five_of_five: true }
    }
}

/// What the counts at one dose say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Escalate,
    Enrol,
    Wait,
    TooToxic,
}

impl RollingSix {
    fn verdict(self, at: DoseCounts) -> Verdict {
        let (enrolled, pending) = (at.treated(), at.pending);
        match at.dlts {
            2.. => Verdict::TooToxic,
            0 if self.five_of_five && enrolled == 6 && pending == 1 => Verdict::Escalate,
            _ if enrolled >= 6 && pending > 0 => Verdict::Wait,
            _ if enrolled >= 6 => Verdict::Escalate,
            0 if at.evaluable >= 3 => Verdict::Escalate,
            _ => Verdict::Enrol,
        }
    }

    /// The step at a dose that is not too toxic.
    fn step_at(self, from: usize, level: usize, doses: &[DoseCounts], reason: &mut Reason) -> Step {
        let is_closed = |above: &DoseCounts| above.dlts >= 2 || above.treated() >= 6;
        let said = |words: &str| format!("{}; {words}", seen(doses[level]));
        let one_at = |next| Step { patients: Some(1), ..Step::to(from, next) };
        match self.verdict(doses[level]) {
            Verdict::Wait => suspended(doses, reason),
            Verdict::Escalate => match doses.get(level + 1) {
                Some(above) if !is_closed(above) => {
                    reason.say(|| said("the next patient gets the dose above"));
                    one_at(level + 1)
                }
                // Nothing is left to try: the last windows are waited for.
                _ if doses[level].pending > 0 => suspended(doses, reason),
                _ => {
                    reason.say(|| said("no higher dose is open"));
                    Step::end(Action::Finish)
                }
            },
            Verdict::Enrol | Verdict::TooToxic => {
                reason.say(|| said("the next patient gets this dose"));
                one_at(level)
            }
        }
    }
}

/// `1 DLT among 4 patients, 2 of them still in the window`.
fn seen(at: DoseCounts) -> String {
    let pending = match at.pending {
        0 => String::new(),
        pending => format!(", {pending} of them still in the window"),
    };
    let dlts = if at.dlts == 1 { "DLT" } else { "DLTs" };
    format!("{} {dlts} among {} patients{pending}", at.dlts, at.treated())
}

impl Design for RollingSix {
    fn step(&self, known: &Known, reason: &mut Reason) -> Step {
        let (level, doses) = (known.level, &known.doses);
        let toxic = doses.iter().position(|dose| dose.dlts >= 2).unwrap_or(doses.len());
        if toxic > level {
            return self.step_at(level, level, doses, reason);
        }
        let Some(below) = toxic.checked_sub(1) else {
            reason.say(|| format!("{} at the lowest dose", seen(doses[0])));
            return Step::end(Action::StopForSafety);
        };
        self.step_at(level, below, doses, reason)
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        let toxic = doses.iter().position(|dose| dose.dlts >= 2).unwrap_or(doses.len());
        doses[..toxic].iter().rposition(|dose| match dose.dlts {
            0 => dose.evaluable >= 3,
            _ => dose.evaluable >= 6,
        })
    }

    fn describe(&self) -> String {
        let five = if self.five_of_five {
            " Five patients without a DLT are enough while the sixth is in the window."
        } else {
            ""
        };
        format!(
            "Rolling six: up to six patients are enrolled at a dose without waiting for the DLT \
             windows of those before. The dose is escalated when at least three patients have \
             completed the window and none has had a DLT, or when six have and at most one has had \
             a DLT; with six enrolled and windows open, accrual waits.{five} Two DLTs make a dose \
             too toxic, and the next patients get the dose below if fewer than six were treated \
             there. The maximum tolerated dose is the highest dose below with no DLT in at least \
             three patients or one in six."
        )
    }

    fn outcomes(&self) -> Outcomes {
        Outcomes::ToxicityInTime
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(evaluable: u32, dlts: u32, pending: u32) -> DoseCounts {
        DoseCounts { pending, ..DoseCounts::of(evaluable, dlts) }
    }

    #[test]
    fn the_dose_below_is_looked_at_once_two_dlts_are_seen() {
        let rule = RollingSix::default();
        let decide = |below, toxic| {
            let decision = rule.decide(1, &[below, toxic, at(0, 0, 0)]);
            (decision.action, decision.next_level)
        };
        assert_eq!(decide(at(3, 0, 0), at(3, 2, 0)), (Action::Finish, None));
        assert_eq!(decide(at(3, 1, 0), at(3, 2, 0)), (Action::DeEscalate, Some(0)));
        assert_eq!(decide(at(4, 1, 2), at(3, 2, 0)), (Action::Suspend, None));
        assert_eq!(decide(at(5, 2, 0), at(3, 2, 0)), (Action::StopForSafety, None));
    }

    #[test]
    fn five_of_five_can_be_switched_off() {
        let doses = [at(5, 0, 1), at(0, 0, 0)];
        assert_eq!(RollingSix::default().decide(0, &doses).action, Action::Escalate);
        assert_eq!(RollingSix { five_of_five: false }.decide(0, &doses).action, Action::Suspend);
    }
}
