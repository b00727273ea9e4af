//! The formats a table can have, by the ending of a file's name.

use crate::column::Table;
use crate::csv;
use crate::dataset_json::{self, Layout, Wrapper};
use crate::error::RecordsError;
use crate::import::Sheet;
use crate::problem::Problem;
use crate::{parquet, xpt};

/// A format of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// Parquet.
    Parquet,
    /// Dataset-JSON 1.1 as one document.
    DatasetJson,
    /// Dataset-JSON 1.1, one row per line.
    DatasetNdjson,
    /// The same, compressed.
    DatasetDsjc,
    /// SAS transport, version 5.
    Xpt,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 6] = [
        Self::Csv,
        Self::Parquet,
        Self::DatasetJson,
        Self::DatasetNdjson,
        Self::DatasetDsjc,
        Self::Xpt,
    ];

    /// The ending of its files.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::DatasetJson => "json",
            Self::DatasetNdjson => "ndjson",
            Self::DatasetDsjc => "dsjc",
            Self::Xpt => "xpt",
        }
    }

    /// The format of a file by its name; semicolons and tabs are comma-separated values too.
    pub fn of_name(name: &str) -> Option<Self> {
        let ending = name.rsplit_once('.')?.1.to_lowercase();
        if ending == "tsv" {
            return Some(Self::Csv);
        }
        Self::ALL.into_iter().find(|format| format.ending() == ending)
    }
}

/// The table in a file; its name is the file's without folder and ending, in lower case.
///
/// # Errors
/// Every problem that keeps it from being read.
pub fn read(file: &str, bytes: &[u8]) -> Result<Sheet, Vec<Problem>> {
    let short = file.rsplit('/').next().unwrap_or(file);
    let name = short.rsplit_once('.').map_or(short, |(stem, _)| stem).to_lowercase();
    let Some(format) = Format::of_name(short) else {
        let endings: Vec<&str> = Format::ALL.iter().map(|format| format.ending()).collect();
        let problem = Problem::error("E101", file, format!("`{file}` is no table by its ending"));
        return Err(vec![problem.helped(format!("a table ends in {}", endings.join(", ")))]);
    };
    if bytes.is_empty() {
        let problem = Problem::error("E101", file, "the file is empty");
        return Err(vec![problem.helped("write it again; an empty table has its header")]);
    }
    let one = |problem: Box<Problem>| vec![*problem];
    let table = match format {
        Format::Csv => {
            let read = csv::read(file, bytes)?;
            let table = Table { name, ..read.table };
            let lines = read.lines;
            return Ok(Sheet { file: file.into(), table, lines, header: read.header });
        }
        Format::Parquet => parquet::read(&name, bytes).map_err(|error| {
            let help = "is the file whole, and are its columns plain (no lists, no structures)?";
            vec![Problem::error("E101", file, error.to_string()).helped(help)]
        })?,
        Format::DatasetJson => dataset_json::read(file, bytes, Layout::Whole).map_err(one)?,
        Format::DatasetNdjson => dataset_json::read(file, bytes, Layout::Lines).map_err(one)?,
        Format::DatasetDsjc => {
            let text = dataset_json::unpack(file, bytes).map_err(one)?;
            dataset_json::read(file, &text, Layout::Lines).map_err(one)?
        }
        Format::Xpt => xpt::read(file, bytes).map_err(one)?,
    };
    Ok(Sheet::of_table(file, Table { name, ..table }))
}

/// The bytes of a table in a format. `created` is the time that Dataset-JSON asks for, ISO 8601.
///
/// # Errors
/// What the format cannot hold.
pub fn write(table: &Table, format: Format, created: &str) -> Result<Vec<u8>, RecordsError> {
    match format {
        Format::Csv => csv::write(table),
        Format::Parquet => parquet::write(table),
        Format::DatasetJson => Ok(dataset_json::write(table, Layout::Whole, created)),
        Format::DatasetNdjson => Ok(dataset_json::write(table, Layout::Lines, created)),
        Format::DatasetDsjc => {
            let lines = dataset_json::write(table, Layout::Lines, created);
            Ok(dataset_json::pack(&lines, Wrapper::Zlib))
        }
        Format::Xpt => xpt::write(table),
    }
}
