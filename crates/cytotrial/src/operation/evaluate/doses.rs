//! The patients of an evaluation as a dose-finding design asks for them.

use std::fmt::Write as _;

use evaluate::DltStatus;
use evaluate::criteria::dlt::window_end;
use records::{Disposition, Problem, Treatment};

use super::Evaluation;

/// The patients by which a design decides.
#[derive(Debug, Clone, PartialEq)]
pub struct DoseTable {
    /// One row per patient who counts or is pending, in order of infusion:
    /// `subject,level,dlt,response,followed`.
    pub text: String,
    /// Who does not count, and why.
    pub left_out: Vec<String>,
}

impl Evaluation {
    /// The patients who were infused, each with level, DLT, response and the observed share of the
    /// DLT window.
    ///
    /// # Errors
    /// No table of adverse events, a patient without a level, or nobody infused.
    pub fn dose_table(&self) -> Result<DoseTable, Vec<Problem>> {
        let mut problems = Vec::new();
        if !self.has_events {
            let message = "no table of adverse events was handed in, so that no DLT can be told";
            let help = "add the table, empty but for its header if there were none";
            problems.push(Problem::error("E118", "", message).helped(help));
        }
        let about = &self.study.subjects;
        let mut order: Vec<usize> = (0..about.len())
            .filter(|&row| about.disposition[row] == Disposition::Infused)
            .collect();
        let day = |row: usize| about.infused_calendar[row].unwrap_or(0.0);
        order.sort_by(|&a, &b| day(a).total_cmp(&day(b)));
        let mut table = DoseTable {
            text: "subject,level,dlt,response,followed\n".into(),
            left_out: Vec::new(),
        };
        for &row in &order {
            let Some(level) = about.dose_level[row] else {
                let told = self.origins.told(self.origins.subjects[row]);
                let message = "the subject was infused and has no dose level";
                let mut problem = Problem::error("E103", told.file, message)
                    .of_subject(&about.id[row])
                    .helped("give the level, from 1, in a column `dose_level` of the subjects");
                (problem.line, problem.row) = (told.line, Some(told.row));
                problems.push(problem);
                continue;
            };
            self.dose_row(row, level, &mut table);
        }
        if order.is_empty() {
            let message = "nobody was infused";
            let help = "a design decides by patients: give the doses, or `infusion_date`";
            problems.push(Problem::error("E119", "", message).helped(help));
        }
        if problems.is_empty() { Ok(table) } else { Err(problems) }
    }

    fn dose_row(&self, row: usize, level: u8, table: &mut DoseTable) {
        let outcome = &self.outcomes.subjects[row];
        let id = &self.study.subjects.id[row];
        let window = self.window_days(row);
        let share = |days: f64| (days / window).clamp(0.0, 1.0);
        let (dlt, followed) = match &outcome.dlt {
            DltStatus::Dlt(dlt) => (1, share(dlt.day)),
            DltStatus::None => (0, 1.0),
            // a window that is complete but for a value still due is not complete
            DltStatus::Pending { follow_up } => (0, share(*follow_up).min(1.0 - 1e-6)),
            DltStatus::NotEvaluable { because } => {
                table.left_out.push(format!("{id} does not count: {because}"));
                return;
            }
            DltStatus::Unknown => return,
        };
        let response = u8::from(outcome.best_response.is_response());
        // commas and line ends would break the table; the name is only for people
        let id: String = id.chars().filter(|letter| !matches!(letter, ',' | '\n' | '\r')).collect();
        writeln!(table.text, "{id},{level},{dlt},{response},{followed}")
            .expect("a String takes every write");
    }

    /// Length of a subject's DLT window, days.
    fn window_days(&self, subject: usize) -> f64 {
        let given = &self.study.exposures;
        let mut days: Vec<f64> = (0..given.subject.len())
            .filter(|&row| given.subject[row] as usize == subject)
            .filter(|&row| {
                matches!(
                    given.treatment[row],
                    Treatment::CellProduct | Treatment::CellProductSecond
                )
            })
            .map(|row| given.day[row])
            .collect();
        days.sort_by(f64::total_cmp);
        let first = days.first().copied().unwrap_or(0.0);
        let end = window_end(days.into_iter(), &self.rules.dlt);
        end.map_or(self.rules.dlt.window_days, |end| end - first)
    }
}
