//! Where each row of a study comes from: file, row and column.

use super::sheet::Sheet;

/// Where a row of the study comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Place of the file in [`Origins::files`].
    pub file: u32,
    /// Row of the table, from 0.
    pub row: u32,
    /// Column of the table, from 0; that of the value where there is one.
    pub column: u32,
}

impl Place {
    /// A place.
    pub fn new(file: u32, row: usize, column: usize) -> Self {
        Self { file, row: row as u32, column: column as u32 }
    }
}

/// Where the rows of a study come from; each list is as long as the study's own.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Origins {
    /// The files.
    pub files: Vec<FileOrigin>,
    /// Of each subject.
    pub subjects: Vec<Place>,
    /// Of each exposure.
    pub exposures: Vec<Place>,
    /// Of each finding.
    pub findings: Vec<Place>,
    /// Of each event.
    pub events: Vec<Place>,
    /// Of each response that the site adjudicated.
    pub responses: Vec<Place>,
}

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FileOrigin {
    /// Its name.
    pub name: String,
    /// Names of its columns.
    pub columns: Vec<String>,
    /// Line of each row, from 1; empty where the file is no text.
    pub lines: Vec<u32>,
}

impl FileOrigin {
    pub(super) fn of(sheet: &Sheet) -> Self {
        let columns = sheet.table.columns.iter().map(|field| field.name.clone()).collect();
        Self { name: sheet.file.clone(), columns, lines: sheet.lines.clone() }
    }
}

impl Origins {
    /// File, line (where the file is text), row from 1 and column of a place.
    pub fn told(&self, place: Place) -> Told<'_> {
        let row = place.row as usize;
        let file = &self.files[place.file as usize];
        Told {
            file: &file.name,
            line: file.lines.get(row).map(|&line| line as usize),
            row: row + 1,
            column: file.columns.get(place.column as usize).map_or("", String::as_str),
        }
    }
}

/// A place in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told<'a> {
    /// The file.
    pub file: &'a str,
    /// Line of the file, from 1.
    pub line: Option<usize>,
    /// Row of the table, from 1, the header not counted.
    pub row: usize,
    /// The column.
    pub column: &'a str,
}
