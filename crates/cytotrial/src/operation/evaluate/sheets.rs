//! Files of a folder to tables, whatever their format.

use records::Problem;
use records::csv::{self, Lined};
use records::import::Sheet;

/// A file of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataFile {
    /// Its name in the folder.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The tables in files; one that is no table by its ending is left out.
///
/// # Errors
/// Every file that cannot be read, with every problem that it has.
pub fn sheets(data: &[DataFile]) -> Result<Vec<Sheet>, Vec<Problem>> {
    let mut sheets = Vec::new();
    let mut problems = Vec::new();
    for file in data {
        match sheet(file) {
            Some(Ok(sheet)) => sheets.push(sheet),
            Some(Err(found)) => problems.extend(found),
            None => {}
        }
    }
    if problems.is_empty() { Ok(sheets) } else { Err(problems) }
}

fn sheet(file: &DataFile) -> Option<Result<Sheet, Vec<Problem>>> {
    let short = file.name.rsplit('/').next().unwrap_or(&file.name);
    let (stem, ending) = short.rsplit_once('.')?;
    let table_name = stem.to_lowercase();
    match ending.to_lowercase().as_str() {
        "csv" | "tsv" | "txt" => Some(csv::read(&file.name, &file.bytes).map(|read| {
            let Lined { mut table, lines, header } = read;
            table.name = table_name;
            Sheet { file: file.name.clone(), table, lines, header }
        })),
        "parquet" => Some(
            records::parquet::read(&table_name, &file.bytes)
                .map(|table| Sheet::of_table(&file.name, table))
                .map_err(|error| vec![Problem::error("E101", &file.name, error.to_string())]),
        ),
        _ => None,
    }
}
