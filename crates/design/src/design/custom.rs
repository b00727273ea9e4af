//! A design given as a decision table: the rows of a protocol, in text with commas.
//!
//! Movement, elimination and the recommended dose follow section 2 of Yan et al., J Stat Softw
//! 2020;94(13).

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Design, DesignError, Entry, PendingRule, is_rate, when_complete};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Reason, Step};
use crate::interval::{self, Interval, Verdict, Verdicts};
use crate::isotonic;

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "custom",
    title: "Decision table",
    least: "target = 0.3\ntable = \"evaluable,escalate-at-most,de-escalate-at-least,eliminate-at-least\\n3,0,2,3\"",
    from_toml: |text| Ok(Box::new(Custom::new(&toml::from_str(text)?)?)),
    in_force: |text| Ok(super::as_table(&toml::from_str::<Settings>(text)?)),
    conventions: &[
        "where the table has no row the dose is kept; an empty cell is never",
        "elimination is strict (above the cut-off), closes all higher doses and is never undone; an eliminated lowest dose ends the trial without a recommendation",
        "the isotonic estimate has the prior Beta(0.05, 0.05) and inverse-variance weights; in a block of equal estimates the highest dose wins below the target, the lowest above it",
        "`pending = \"wait\"` waits for every window at the current dose; `\"unless-certain\"` waits only if the open windows can change the decision",
    ],
};

/// The columns of a table, in any order.
const COLUMNS: [&str; 4] =
    ["evaluable", "escalate-at-most", "de-escalate-at-least", "eliminate-at-least"];

/// The settings of the design.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The DLT rate aimed at: the recommended dose is the one nearest to it.
    pub target: f64,
    /// The table: a header with `evaluable`, `escalate-at-most`, `de-escalate-at-least` and
    /// `eliminate-at-least`, then one row per number of patients; an empty cell is never.
    pub table: String,
    /// What to do while patients are in the DLT window.
    #[serde(default)]
    pub pending: PendingRule,
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limits {
    escalate_at_most: Option<u32>,
    de_escalate_at_least: Option<u32>,
    eliminate_at_least: Option<u32>,
}

/// The design with its table.
#[derive(Debug, Clone, PartialEq)]
pub struct Custom {
    target: f64,
    pending: PendingRule,
    rows: BTreeMap<u32, Limits>,
}

impl Custom {
    /// The design of checked settings.
    pub fn new(settings: &Settings) -> Result<Self, DesignError> {
        is_rate("target", settings.target)?;
        let mut rows = BTreeMap::new();
        for (line, cells) in cells(&settings.table)? {
            let [Some(evaluable), escalate_at_most, de_escalate_at_least, eliminate_at_least] = cells
            else {
                return Err(table_error(line, "`evaluable` is empty"));
            };
            let limits = Limits { escalate_at_most, de_escalate_at_least, eliminate_at_least };
            if let (Some(most), Some(least)) = (escalate_at_most, de_escalate_at_least)
                && most >= least
            {
                let what = format!("escalation at {most} or fewer meets de-escalation at {least} or more");
                return Err(table_error(line, &what));
            }
            if evaluable == 0 || rows.insert(evaluable, limits).is_some() {
                let what = format!("`evaluable` is {evaluable}, which is zero or was there before");
                return Err(table_error(line, &what));
            }
        }
        if rows.is_empty() {
            return Err(table_error(1, "there is no row below the header"));
        }
        Ok(Self { target: settings.target, pending: settings.pending, rows })
    }
}

fn table_error(line: usize, what: &str) -> DesignError {
    DesignError::Table { line, what: what.to_owned() }
}

/// The line of a row in the text, and its cells in the order of [`COLUMNS`].
type Cells = (usize, [Option<u32>; 4]);

/// The rows of the table.
fn cells(text: &str) -> Result<Vec<Cells>, DesignError> {
    let mut lines = text.lines().enumerate().map(|(place, line)| (place + 1, line.trim()));
    let mut lines = lines.by_ref().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let (first, header) = lines.next().ok_or_else(|| table_error(1, "the table is empty"))?;
    let names: Vec<&str> = header.split(',').map(str::trim).collect();
    if let Some(name) = names.iter().find(|name| !COLUMNS.contains(name)) {
        return Err(table_error(first, &format!("no column is called `{name}`")));
    }
    let mut places = [0; 4];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        let missing = || table_error(first, &format!("the column `{column}` is missing"));
        *place = names.iter().position(|name| *name == column).ok_or_else(missing)?;
    }
    let row = |(line, text): (usize, &str)| {
        let found: Vec<&str> = text.split(',').map(str::trim).collect();
        if found.len() != names.len() {
            let what = format!("{} cells under {} columns", found.len(), names.len());
            return Err(table_error(line, &what));
        }
        let mut cells = [None; 4];
        for (cell, &place) in cells.iter_mut().zip(&places) {
            *cell = match found[place] {
                "" => None,
                text => Some(text.parse().map_err(|_| {
                    table_error(line, &format!("`{text}` is not a whole number"))
                })?),
            };
        }
        Ok((line, cells))
    };
    lines.map(row).collect()
}

impl Interval for Custom {
    fn verdicts(&self, evaluable: u32) -> Cow<'_, Verdicts> {
        let stay = Limits {
            escalate_at_most: None,
            de_escalate_at_least: None,
            eliminate_at_least: None,
        };
        let limits = self.rows.get(&evaluable).copied().unwrap_or(stay);
        let verdict = |dlts: u32| {
            if limits.eliminate_at_least.is_some_and(|least| dlts >= least)
                || limits.de_escalate_at_least.is_some_and(|least| dlts >= least)
            {
                Verdict::DeEscalate
            } else if limits.escalate_at_most.is_some_and(|most| dlts <= most) {
                Verdict::Escalate
            } else {
                Verdict::Stay
            }
        };
        let open = (0..=evaluable).map(verdict).collect();
        Cow::Owned(Verdicts::new(open, limits.eliminate_at_least))
    }
}

impl Design for Custom {
    fn step(&self, known: &Known, reason: &mut Reason) -> Step {
        when_complete(self.pending, known, reason, |known, reason| {
            let step = interval::step(self, known, reason);
            let evaluable = known.at().evaluable;
            if evaluable > 0 && !self.rows.contains_key(&evaluable) {
                reason.add(|| format!("; the table has no row for {evaluable} patients"));
            }
            step
        })
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        let open = interval::first_eliminated(self, doses);
        isotonic::nearest(doses, open, self.target, f64::INFINITY)
    }

    fn estimated_toxicity(&self, doses: &[DoseCounts]) -> Vec<Option<f64>> {
        isotonic::estimates(doses, interval::first_eliminated(self, doses), 0.05)
    }

    fn describe(&self) -> String {
        use std::fmt::Write as _;
        let mut text = format!(
            "Doses are chosen by a decision table with the target DLT rate {}; where the table has \
             no row, the dose is kept.",
            self.target
        );
        for (evaluable, limits) in &self.rows {
            let _ = write!(text, " Of {evaluable} evaluable patients:");
            let said = [
                (limits.escalate_at_most, "escalate", "or fewer"),
                (limits.de_escalate_at_least, "de-escalate", "or more"),
                (limits.eliminate_at_least, "eliminate", "or more"),
            ];
            let parts: Vec<String> = said
                .iter()
                .filter_map(|(at, what, side)| at.map(|at| format!("{what} at {at} {side}")))
                .collect();
            let _ = write!(text, " {}.", if parts.is_empty() { "stay".to_owned() } else { parts.join(", ") });
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Action;

    fn custom(table: &str) -> Result<Custom, DesignError> {
        Custom::new(&Settings { target: 0.3, table: table.to_owned(), pending: PendingRule::Wait })
    }

    #[test]
    fn the_rows_decide_and_a_missing_row_stays() {
        let table = "# protocol, page 31\n\
            evaluable, de-escalate-at-least, escalate-at-most, eliminate-at-least\n\
            3, 2, 0, 3\n6, 3, 1, 4\n9, 4, , \n";
        let design = custom(table).unwrap();
        let action = |n: u32, y: u32| {
            let doses = [DoseCounts::of(3, 0), DoseCounts::of(n, y), DoseCounts::default()];
            design.decide(1, &doses).action
        };
        assert_eq!(action(3, 0), Action::Escalate);
        assert_eq!(action(6, 2), Action::Stay);
        assert_eq!(action(6, 3), Action::DeEscalate);
        assert_eq!(action(9, 0), Action::Stay);
        assert_eq!(action(7, 0), Action::Stay);
        let stop = design.decide(0, &[DoseCounts::of(6, 4), DoseCounts::default()]);
        assert_eq!(stop.action, Action::StopForSafety);
    }

    #[test]
    fn a_table_that_cannot_be_read_says_where() {
        let header = "evaluable,escalate-at-most,de-escalate-at-least,eliminate-at-least\n";
        for (table, want) in [
            (String::new(), "line 1"),
            ("evaluable,escalate\n".to_owned(), "`escalate`"),
            ("evaluable,escalate-at-most,de-escalate-at-least\n".to_owned(), "is missing"),
            (header.to_owned(), "no row"),
            (format!("{header}3,0,2"), "3 cells under 4 columns"),
            (format!("{header}3,0,x,3"), "line 2 of the table: `x`"),
            (format!("{header}3,2,2,3"), "meets"),
            (format!("{header}3,0,2,3\n3,0,2,3"), "line 3"),
        ] {
            let message = custom(&table).unwrap_err().to_string();
            assert!(message.contains(want), "{message}");
        }
    }
}
