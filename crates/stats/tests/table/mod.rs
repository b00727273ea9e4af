//! Reads golden files, and the data sets of R where a folder with them is named.

#![allow(dead_code, reason = "each test of the folder uses a part")]

use std::collections::BTreeMap;
use std::path::Path;

/// One row, by column name.
pub(crate) type Row = BTreeMap<String, String>;

/// The rows of a table; lines that start with `#` are left out.
fn rows(text: &str) -> Vec<Row> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let cells = |line: &str| -> Vec<String> {
        line.split(',').map(|cell| cell.trim_matches('"').to_owned()).collect()
    };
    let header = cells(lines.next().expect("a header"));
    let row = |line: &str| -> Row { header.iter().cloned().zip(cells(line)).collect() };
    let rows: Vec<Row> = lines.map(row).collect();
    assert!(rows.iter().all(|row| row.len() == header.len()), "a row has other columns");
    rows
}

/// The rows of a golden file, which must name its source and tolerance. A folder named by
/// `CYTOTRIAL_MADE_UP` has other files that `golden/stats/made_up.R` made.
pub(crate) fn golden(name: &str) -> Vec<Row> {
    let other = std::env::var("CYTOTRIAL_MADE_UP").ok().filter(|_| name.starts_with("made_up"));
    let folder =
        other.unwrap_or_else(|| format!("{}/../../golden/stats", env!("CARGO_MANIFEST_DIR")));
    let path = format!("{folder}/{name}");
    let text = std::fs::read_to_string(path).expect("the golden file is in the repository");
    assert!(text.contains("# source: ") && text.contains("# tolerance: "), "{name}: no header");
    let rows = rows(&text);
    assert!(rows.len() > 1, "{name} has rows");
    rows
}

/// A data set of R, which is under a copyleft licence and not part of the repository; `None`, and
/// said so, when `CYTOTRIAL_CRITERIA_DATA` names no folder with it.
pub(crate) fn data(name: &str) -> Option<Vec<Row>> {
    let Some(folder) = std::env::var_os("CYTOTRIAL_CRITERIA_DATA") else {
        eprintln!("skipped: CYTOTRIAL_CRITERIA_DATA names no folder with the data sets of R");
        return None;
    };
    let path = Path::new(&folder).join(format!("{name}.csv"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(rows(&text))
}

/// The number in a cell.
pub(crate) fn number(row: &Row, column: &str) -> f64 {
    let cell = row.get(column).unwrap_or_else(|| panic!("a column {column}"));
    cell.parse().unwrap_or_else(|_| panic!("{column}: `{cell}` is a number"))
}

/// A cell that may be blank or NA.
pub(crate) fn optional(row: &Row, column: &str) -> Option<f64> {
    let cell = row.get(column).unwrap_or_else(|| panic!("a column {column}"));
    (!cell.is_empty() && cell != "NA").then(|| number(row, column))
}

/// Equal within a share of what is wanted.
#[track_caller]
pub(crate) fn close(got: f64, want: f64, relative: f64, what: &Row) {
    assert!((got - want).abs() <= relative * want.abs() + 1e-12, "{got} for {want}: {what:?}");
}

/// Both undefined, or both defined and equal within a share of what is wanted.
#[track_caller]
pub(crate) fn same(got: Option<f64>, want: Option<f64>, relative: f64, what: &Row) {
    match (got, want) {
        (Some(got), Some(want)) => close(got, want, relative, what),
        _ => assert_eq!(got, want, "{what:?}"),
    }
}
