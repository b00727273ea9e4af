//! Every record of a corpus is read, and every path and value in it is in the tables of the data model.
//!
//! The corpus is no part of the repository: `CYTOTRIAL_REGISTRY` names the folder that holds
//! `studies.jsonl.gz`; without it the tests say that they were skipped.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use cytotrial_registry::{Record, enums, fields, lines};
use serde_json::Value;

fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("CYTOTRIAL_REGISTRY").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: CYTOTRIAL_REGISTRY names no folder with studies.jsonl.gz");
    }
    folder
}

fn records() -> Option<Vec<Record>> {
    let file = File::open(corpus()?.join("studies.jsonl.gz")).expect("the corpus can be opened");
    let read = lines::records(BufReader::new(file)).expect("it can be read");
    Some(read.map(|record| record.expect("every line is a record")).collect())
}

/// Calls `visit` with path and value of every leaf.
fn leaves(value: &Value, path: &str, visit: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                leaves(value, &path, visit);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| leaves(value, path, visit)),
        leaf => visit(path, leaf),
    }
}

/// Paths that occur in records and not in the published data model.
const BEYOND: &[&str] = &["geoPoint", "modelPredictions"];

#[test]
fn every_path_and_every_value_of_an_enumeration_is_known() {
    let Some(records) = records() else { return };
    assert!(records.len() > 10_000, "{}", records.len());
    for record in &records {
        leaves(&record.json, "", &mut |path, value| {
            let Some(field) = fields::by_path(path) else {
                assert!(BEYOND.iter().any(|part| path.contains(part)), "{}: {path}", record.key);
                return;
            };
            if field.kind == fields::Kind::Enum {
                let text = value.as_str().expect("a value of an enumeration is a text");
                let name = field.type_name.trim_end_matches("[]");
                assert_eq!(
                    enums::meant(name, text),
                    Some(text).filter(|text| enums::values(name).contains(text)),
                    "{}: {path}",
                    record.key
                );
            }
        });
    }
}
