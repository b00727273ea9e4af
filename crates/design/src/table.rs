//! Decision tables: what a design does for every count of DLTs at one dose.

use crate::counts::DoseCounts;
use crate::decision::Action;
use crate::design::Design;

/// The decisions for one number of evaluable patients at the current dose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Evaluable patients at the dose.
    pub evaluable: u32,
    /// The action after 0, 1, 2, ... DLTs, at a dose with open doses above and below.
    pub actions: Vec<Action>,
    /// Escalate at this many DLTs or fewer.
    pub escalate_at_most: Option<u32>,
    /// De-escalate, or leave the dose for good, at this many DLTs or more.
    pub de_escalate_at_least: Option<u32>,
    /// At this many DLTs or more the dose is not reached again from below.
    pub close_at_least: Option<u32>,
    /// At this many DLTs or more at the lowest dose, the trial stops.
    pub stop_at_least: Option<u32>,
}

/// The rows for 1 to `most` evaluable patients, found by asking the design.
///
/// The dose below is taken to have had no DLT in three patients, the dose above none treated.
pub fn decision_table(design: &dyn Design, most: u32) -> Vec<Row> {
    (1..=most).map(|evaluable| row(design, evaluable)).collect()
}

fn row(design: &dyn Design, evaluable: u32) -> Row {
    let below = DoseCounts::of(3, 0);
    let untried = DoseCounts::default();
    let at = |dlts: u32| DoseCounts::of(evaluable, dlts);
    let in_the_middle = |dlts: u32| design.decide(1, &[below, at(dlts), untried]).action;
    let actions: Vec<Action> = (0..=evaluable).map(in_the_middle).collect();
    let leaves = |dlts: u32| match actions[dlts as usize] {
        Action::DeEscalate | Action::StopForSafety | Action::StopForFutility => true,
        // A design may end instead of stepping down; it does not when it would stay.
        Action::Finish => design.decide(0, &[below, at(dlts), untried]).action != Action::Escalate,
        _ => false,
    };
    let escalates = |dlts: &u32| actions[*dlts as usize] == Action::Escalate;
    let closes =
        |dlts: &u32| design.decide(0, &[below, at(*dlts), untried]).action != Action::Escalate;
    let stops = |dlts: &u32| {
        design.decide(0, &[at(*dlts), untried, untried]).action == Action::StopForSafety
    };
    Row {
        evaluable,
        escalate_at_most: (0..=evaluable).rev().find(escalates),
        de_escalate_at_least: (0..=evaluable).find(|&dlts| leaves(dlts)),
        close_at_least: (0..=evaluable).find(closes),
        stop_at_least: (0..=evaluable).find(stops),
        actions,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::boin::{Boin, Settings};
    use crate::design::three_plus_three::{ThreePlusThree, Variant};

    #[test]
    fn the_table_of_boin_shows_its_boundaries() {
        let design = Boin::new(Settings::new(0.3)).unwrap();
        for row in decision_table(&design, 30) {
            let limits = design.boundaries(row.evaluable);
            assert_eq!(row.escalate_at_most, Some(limits.escalate_at_most));
            assert_eq!(row.de_escalate_at_least, Some(limits.de_escalate_at_least));
            assert_eq!(row.close_at_least, limits.eliminate_at_least);
            assert_eq!(row.stop_at_least, limits.eliminate_at_least);
        }
    }

    #[test]
    fn the_table_of_three_plus_three_is_the_textbook_one() {
        for variant in [Variant::ConfirmBelowTo6, Variant::StopAtToxic] {
            let rows = decision_table(&ThreePlusThree { variant, six_at_top: false }, 6);
            let limits = |row: &Row| (row.escalate_at_most, row.de_escalate_at_least);
            assert_eq!(limits(&rows[2]), (Some(0), Some(2)));
            assert_eq!(limits(&rows[5]), (Some(1), Some(2)));
            assert_eq!((rows[2].close_at_least, rows[2].stop_at_least), (Some(2), Some(2)));
        }
    }
}
