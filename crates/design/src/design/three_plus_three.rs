//! The 3+3 rule.
//!
//! Storer, Biometrics 1989;45:925-937; with de-escalation as in Korn et al., Stat Med
//! 1994;13:1799-1806.

use serde::{Deserialize, Serialize};

use super::{Design, Entry, counted, suspended};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Action, Reason, Step};

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "3+3",
    title: "Traditional 3+3",
    least: "",
    from_toml: |text| Ok(Box::new(toml::from_str::<ThreePlusThree>(text)?)),
    in_force: |text| Ok(super::as_table(&toml::from_str::<ThreePlusThree>(text)?)),
    conventions: &[
        "the lowest level is the start; cohorts of three",
        "two DLTs at a dose exclude it and all above, among three or among six",
        "waits while any patient at any dose is in the window",
    ],
};

/// What happens below the first dose that is too toxic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum Variant {
    /// The dose below gets six patients before it is recommended.
    #[default]
    #[serde(rename = "confirm-below-to-6")]
    ConfirmBelowTo6,
    /// The trial ends and the dose below is recommended as it is.
    #[serde(rename = "stop-at-toxic")]
    StopAtToxic,
}

/// The settings of the rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ThreePlusThree {
    /// What happens below the first dose that is too toxic.
    pub variant: Variant,
    /// Whether the top dose, too, needs six patients before it is recommended.
    pub six_at_top: bool,
}

impl Design for ThreePlusThree {
    fn step(&self, known: &Known, reason: &mut Reason) -> Step {
        let (level, doses, at) = (known.level, &known.doses, known.at());
        if doses.iter().any(|dose| dose.pending > 0) {
            return suspended(doses, reason);
        }
        let toxic = first_toxic(doses);
        if toxic <= level {
            return self.step_down(toxic, doses, reason);
        }
        let is_top = level + 1 == doses.len();
        let above_is_open = !is_top && toxic > level + 1;
        let step = match (at.evaluable, at.dlts) {
            (3.., 0) | (6.., _) if above_is_open => Step::to(level, level + 1),
            (6.., _) => Step::end(Action::Finish),
            (3.., 0) if is_top && !self.six_at_top => Step::end(Action::Finish),
            (3.., 0) if !is_top && self.variant == Variant::StopAtToxic => Step::end(Action::Finish),
            _ => Step::to(level, level),
        };
        reason.say(|| match step.action {
            Action::Finish if is_top => format!("{} at the top dose", counted(at)),
            Action::Finish => format!("{} and the dose above is too toxic", counted(at)),
            Action::Stay if at.evaluable >= 3 => format!("{}; six are needed here", counted(at)),
            _ => counted(at),
        });
        step
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        let tolerable = &doses[..first_toxic(doses)];
        tolerable.iter().enumerate().rposition(|(level, dose)| {
            let three_are_enough = if level + 1 == doses.len() {
                !self.six_at_top
            } else {
                self.variant == Variant::StopAtToxic
            };
            dose.evaluable >= 6 || (three_are_enough && dose.evaluable >= 3 && dose.dlts == 0)
        })
    }

    fn describe(&self) -> String {
        let rule = "Patients are treated in cohorts of three, starting at the first dose level. \
            After no DLT in three patients the dose is escalated; after one, three more patients \
            are treated at the same dose, which is escalated if no more than one of the six has a \
            DLT. A dose with two or more DLTs is too toxic. ";
        let below = match self.variant {
            Variant::ConfirmBelowTo6 => {
                "The dose below it is then expanded to six patients if it had three. The maximum \
                 tolerated dose is the highest dose with at most one DLT in six patients"
            }
            Variant::StopAtToxic => {
                "The trial then ends, and the maximum tolerated dose is the dose below it"
            }
        };
        let top = if self.six_at_top {
            "; this holds for the top dose as well."
        } else {
            "; at the top dose no DLT in three patients is enough."
        };
        format!("{rule}{below}{top}")
    }
}

impl ThreePlusThree {
    /// The decision at or above the first toxic dose.
    fn step_down(self, toxic: usize, doses: &[DoseCounts], reason: &mut Reason) -> Step {
        let why = || counted(doses[toxic]);
        let Some(below) = toxic.checked_sub(1) else {
            reason.say(|| format!("{} at the lowest dose", why()));
            return Step::end(Action::StopForSafety);
        };
        if self.variant == Variant::StopAtToxic || doses[below].evaluable >= 6 {
            reason.say(|| format!("{}, which is too toxic", why()));
            return Step::end(Action::Finish);
        }
        reason.say(|| format!("{}; the dose below needs six patients", why()));
        Step { action: Action::DeEscalate, next_level: Some(below), patients: None }
    }
}

/// The lowest dose with two or more DLTs; the number of doses if there is none.
fn first_toxic(doses: &[DoseCounts]) -> usize {
    doses.iter().position(|dose| dose.dlts >= 2).unwrap_or(doses.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(design: ThreePlusThree, level: usize, counts: &[(u32, u32)]) -> (Action, Option<usize>) {
        let doses: Vec<DoseCounts> = counts.iter().map(|&(n, y)| DoseCounts::of(n, y)).collect();
        let decision = design.decide(level, &doses);
        (decision.action, decision.next_level)
    }

    #[test]
    fn two_dlts_at_the_lowest_level_stop_the_trial() {
        let got = decide(ThreePlusThree::default(), 0, &[(3, 2), (0, 0)]);
        assert_eq!(got, (Action::StopForSafety, None));
    }

    #[test]
    fn one_dlt_in_three_asks_for_three_more() {
        let design = ThreePlusThree::default();
        assert_eq!(decide(design, 0, &[(3, 1), (0, 0)]), (Action::Stay, Some(0)));
        assert_eq!(decide(design, 0, &[(6, 1), (0, 0)]), (Action::Escalate, Some(1)));
        assert_eq!(decide(design, 1, &[(3, 0), (6, 2)]), (Action::DeEscalate, Some(0)));
    }

    #[test]
    fn the_dose_below_a_toxic_one_is_confirmed_in_six() {
        let design = ThreePlusThree::default();
        assert_eq!(decide(design, 0, &[(3, 0), (3, 2)]), (Action::Stay, Some(0)));
        assert_eq!(decide(design, 0, &[(6, 1), (3, 2)]), (Action::Finish, None));
        assert_eq!(decide(design, 1, &[(6, 1), (3, 2)]), (Action::Finish, None));
    }

    #[test]
    fn a_variant_stops_at_the_first_toxic_dose() {
        let design = ThreePlusThree { variant: Variant::StopAtToxic, six_at_top: false };
        assert_eq!(decide(design, 1, &[(3, 0), (3, 2)]), (Action::Finish, None));
        assert_eq!(design.recommend(&[DoseCounts::of(3, 0), DoseCounts::of(3, 2)]), Some(0));
        assert_eq!(ThreePlusThree::default().recommend(&[DoseCounts::of(3, 0), DoseCounts::of(3, 2)]), None);
    }

    #[test]
    fn the_top_dose_needs_six_only_when_asked() {
        let doses = [DoseCounts::of(3, 0), DoseCounts::of(3, 0)];
        assert_eq!(ThreePlusThree::default().decide(1, &doses).action, Action::Finish);
        assert_eq!(ThreePlusThree::default().recommend(&doses), Some(1));
        let six: ThreePlusThree = toml::from_str("six-at-top = true").unwrap();
        assert_eq!(six.decide(1, &doses).action, Action::Stay);
        assert_eq!(six.recommend(&doses), None);
    }

    #[test]
    fn pending_patients_are_waited_for() {
        let doses = [DoseCounts { evaluable: 2, pending: 1, ..DoseCounts::default() }, DoseCounts::default()];
        let decision = ThreePlusThree::default().decide(0, &doses);
        assert_eq!(decision.action, Action::Suspend);
        assert_eq!(decision.because, "1 patient is still in the DLT window");
    }
}
