//! Sources of the values that stand in tables: populations, parameters, assays.

use std::collections::BTreeMap;

use super::Counts;
use crate::document::{Document, Entry, Value};
use crate::parameters::rows;
use crate::protocol::files::Files;

/// Tables with one value per row, its source in columns.
const TABLES: &[&str] =
    &["models/rrmm-cells.parameters.csv", "models/rrmm-signs.parameters.csv", "models/assays.csv"];
/// Lists of a population file whose entries are used; published cohorts are only compared.
const LISTS: &[&str] = &["covariate", "correlation", "coupling"];

/// Counts of the population file and of the model's tables.
pub(super) fn counts(files: &Files, population: Option<&str>) -> Vec<Counts> {
    let mut all = Vec::new();
    if let Some((name, text)) = population.and_then(|name| Some((name, files.text(name)?))) {
        all.push(of_population(name, text));
    }
    for name in TABLES {
        let Some(text) = files.text(name) else { continue };
        let mut counts = Counts { file: (*name).to_owned(), ..Counts::default() };
        for (_, row) in rows(text) {
            let field = |column: &str| row.get(column).map_or("", |text| text.trim());
            add(&mut counts, field("source"), field("verification"), field("grade"));
        }
        all.push(counts);
    }
    all
}

fn of_population(name: &str, text: &str) -> Counts {
    let mut counts = Counts { file: name.to_owned(), ..Counts::default() };
    let document = Document::parse_recoverable(text).0;
    for list in LISTS {
        let Some(Value::List(nodes)) = document.get(list).map(|node| &node.value) else { continue };
        for node in nodes {
            let Value::Table(entries) = &node.value else { continue };
            let fields = texts(entries);
            let field = |key: &str| fields.get(key).copied().unwrap_or_default();
            add(&mut counts, field("source"), field("verification"), field("grade"));
        }
    }
    counts
}

fn texts(entries: &[Entry]) -> BTreeMap<&str, &str> {
    entries
        .iter()
        .filter_map(|entry| match &entry.node.value {
            Value::Text(text) => Some((entry.key.as_str(), text.as_str())),
            _ => None,
        })
        .collect()
}

/// Tables say `SEEN` or `RECALLED` for publications, `computed`, and `assumed`; `-` as a grade is a
/// definition.
fn add(counts: &mut Counts, source: &str, verification: &str, grade: &str) {
    let mentions = |word: &str| {
        source.to_lowercase().contains(word) || verification.to_lowercase().contains(word)
    };
    if verification.starts_with("SEEN") || verification.starts_with("RECALLED") {
        counts.cited += 1;
    } else if mentions("assum") {
        counts.assumed += 1;
    } else if source.is_empty() || (source == "-" && grade != "-") {
        counts.without += 1;
    } else if verification.starts_with("computed") || mentions("definition") || grade == "-" {
        counts.derived += 1;
    } else if grade == "D" {
        counts.assumed += 1;
    } else {
        counts.derived += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_bundled_tables_has_a_source() {
        let files = Files::bundled("NCT06379451").unwrap();
        let counts = counts(&files, Some("populations/rrmm-2024.toml"));
        assert_eq!(counts.len(), 4);
        for table in counts {
            assert_eq!(table.without, 0, "{table:?}");
            assert!(table.cited + table.assumed > 10, "{table:?}");
        }
    }
}
