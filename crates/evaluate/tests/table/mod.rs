//! Reads golden files (`#` lines say the source and the tolerance, the rest is CSV) and the tables
//! of spec files.

#![allow(dead_code, reason = "each test of the folder uses a part")]

use std::collections::BTreeMap;

/// One row, by column name.
pub(crate) type Row = BTreeMap<String, String>;

/// The rows of a golden file; it must name its source and tolerance.
pub(crate) fn golden(file: &str) -> Vec<Row> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../golden/evaluate/");
    let text = std::fs::read_to_string(format!("{folder}{file}")).expect("a golden file");
    assert!(text.contains("# source: ") && text.contains("# tolerance: "), "{file}: no header");
    let rows = rows(&text);
    assert!(!rows.is_empty(), "{file}: no rows");
    rows
}

/// The rows of a table.
pub(crate) fn rows(text: &str) -> Vec<Row> {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

/// The rows of the table under a heading: cells by column. `\|` is a bar within a cell.
pub(crate) fn spec(file: &str, heading: &str) -> Vec<Vec<String>> {
    let path = format!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/{}.md"), file);
    let text = std::fs::read_to_string(path).expect("a spec file");
    let mut lines = text.lines().skip_while(|line| *line != format!("## {heading}"));
    assert!(lines.next().is_some(), "{file}.md has no heading `{heading}`");
    let rows: Vec<Vec<String>> = lines
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| {
            let inner = line.trim_matches('|').replace("\\|", "\u{1}");
            inner.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect()
        })
        .collect();
    assert!(!rows.is_empty(), "no rows under `{heading}` of {file}.md");
    rows
}

/// A row as an array of as many cells as the table must have.
pub(crate) fn cells<const N: usize>(row: &[String]) -> [&str; N] {
    let cells: Vec<&str> = row.iter().map(String::as_str).collect();
    cells.try_into().unwrap_or_else(|cells| panic!("{cells:?} has not {N} cells"))
}

/// The number in a cell; nothing in an empty one.
pub(crate) fn number(text: &str) -> Option<f64> {
    (!text.is_empty()).then(|| text.parse().unwrap_or_else(|_| panic!("`{text}` is no number")))
}
