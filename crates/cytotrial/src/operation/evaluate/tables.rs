//! The tables that an evaluation leaves behind: the study as it was understood, and the results.

use records::Table;

use super::Evaluation;
use crate::outcome_tables;
use crate::problem::Problem;
use crate::run_folder::{PAGE, REPORT, RunFile};
use crate::study_report;

impl Evaluation {
    /// Every table: the study in canonical units and elapsed days, responses, times to events.
    pub fn tables(&self) -> Vec<Table> {
        let mut tables = outcome_tables::tables(&self.study, &self.outcomes);
        tables.push(outcome_tables::columns(&tables));
        tables
    }

    /// The text of the study's report, as [`crate::operation::report`] reads it.
    pub fn report(&self) -> String {
        study_report::report(self).text()
    }

    /// The files of a result: `evaluation.json`, the report, and the tables in two formats.
    ///
    /// # Errors
    /// A table that cannot be written: a fault of ours.
    pub fn files(&self) -> Result<Vec<RunFile>, Problem> {
        let json = format!("{:#}\n", self.json());
        let whole = study_report::report(self);
        let page = report::html::render(&whole.document(whole.audience));
        let mut files = vec![
            RunFile { name: "evaluation.json".into(), bytes: json.into_bytes() },
            RunFile { name: PAGE.into(), bytes: page.into_bytes() },
            RunFile { name: REPORT.into(), bytes: whole.text().into_bytes() },
        ];
        for table in self.tables() {
            let failed = |error: records::RecordsError| {
                let message = format!("table `{}` cannot be written: {error}", table.name);
                Problem::error("X101", "", "", message, "this is a fault of the program")
            };
            let csv = records::csv::write(&table).map_err(failed)?;
            files.push(RunFile { name: format!("tables/{}.csv", table.name), bytes: csv });
            let parquet = records::parquet::write(&table).map_err(failed)?;
            files.push(RunFile { name: format!("tables/{}.parquet", table.name), bytes: parquet });
        }
        Ok(files)
    }
}
