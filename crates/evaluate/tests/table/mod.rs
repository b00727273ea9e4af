//! Reads golden files: `#` lines say the source and the tolerance, the rest is CSV.

use std::collections::BTreeMap;

/// One row, by column name.
pub(crate) type Row = BTreeMap<String, String>;

/// The rows of a golden file; it must name its source and tolerance.
pub(crate) fn golden(file: &str) -> Vec<Row> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../golden/evaluate/");
    let text = std::fs::read_to_string(format!("{folder}{file}")).expect("a golden file");
    assert!(text.contains("# source: ") && text.contains("# tolerance: "), "{file}: no header");
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
    let rows: Vec<Row> = reader.deserialize().map(|row| row.expect("a row")).collect();
    assert!(!rows.is_empty(), "{file}: no rows");
    rows
}
