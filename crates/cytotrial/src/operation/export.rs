//! `export`: the tables of a run or of an evaluation in another format.

pub use records::Format;
use records::format;

use super::evaluate::DataFile;
use crate::outcome_tables::columns;
use crate::problem::Problem;
use crate::run_folder::RunFile;

/// What to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The tables of the run: its Parquet files, which know types and labels.
    pub tables: Vec<DataFile>,
    /// The format.
    pub to: Format,
    /// The time that Dataset-JSON asks for, ISO 8601.
    pub created: String,
}

/// The tables in the format; one that lists every column with label, type, length and unit, as CSV,
/// stands beside them.
///
/// # Errors
/// Every table that cannot be read, or that the format cannot hold.
pub fn run(request: &Request) -> Result<Vec<RunFile>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut tables = Vec::new();
    for file in &request.tables {
        match format::read(&file.name, &file.bytes) {
            Ok(sheet) if sheet.table.name == "columns" => {}
            Ok(sheet) => tables.push(sheet.table),
            Err(found) => problems.extend(found.into_iter().map(|problem| {
                Problem::error(problem.code, &file.name, "", problem.message, problem.help)
            })),
        }
    }
    let mut files = Vec::new();
    let named = columns(&tables);
    let all = tables.iter().map(|table| (table, request.to));
    for (table, to) in all.chain([(&named, Format::Csv)]) {
        match format::write(table, to, &request.created) {
            Ok(bytes) => {
                files.push(RunFile { name: format!("{}.{}", table.name, to.ending()), bytes });
            }
            Err(error) => {
                let help = "another format holds it: csv, parquet, dataset-json";
                problems.push(Problem::error("E116", "", "", error.to_string(), help));
            }
        }
    }
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}
