//! Files of a folder to tables, whatever their format.

use rayon::prelude::*;
use records::Problem;
use records::format;
use records::import::Sheet;

/// A file of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataFile {
    /// Its name in the folder.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The tables in files.
///
/// # Errors
/// Every file that cannot be read, with every problem that it has.
pub fn sheets(data: &[DataFile]) -> Result<Vec<Sheet>, Vec<Problem>> {
    let mut sheets = Vec::new();
    let mut problems = Vec::new();
    let read: Vec<_> = data.par_iter().map(|file| format::read(&file.name, &file.bytes)).collect();
    for read in read {
        match read {
            Ok(sheet) => sheets.push(sheet),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(sheets) } else { Err(problems) }
}
