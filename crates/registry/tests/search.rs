//! Searches of a corpus have their exact totals.
//!
//! `CYTOTRIAL_REGISTRY` names the folder of the corpus; without it the tests say that they were skipped.

use std::path::PathBuf;

use cytotrial_registry::Store;
use cytotrial_registry::expression::Expression;
use cytotrial_registry::import::{Request, import};
use cytotrial_registry::search::{Query, search};

fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("CYTOTRIAL_REGISTRY").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: CYTOTRIAL_REGISTRY names no folder with studies.jsonl.gz");
    }
    folder
}

/// The corpus in a store, with the folder that it is in.
fn store() -> Option<(Store, tempfile::TempDir)> {
    let folder = tempfile::tempdir().expect("a folder");
    let request = Request {
        store: folder.path().to_owned(),
        sources: vec![corpus()?.join("studies.jsonl.gz")],
        now: "2026-01-02T03:04:05Z".to_owned(),
        threads: 2,
        with_bundled: false,
        segment_bytes: 0,
    };
    let imported = import(&request, &|_| true).expect("an import");
    assert_eq!((imported.line.damaged, imported.line.kept), (0, 0));
    Some((Store::open(folder.path()).expect("a store"), folder))
}

fn query(text: &str, limit: usize) -> Query {
    let expressions = vec![Expression::read(text).expect("an expression")];
    Query { expressions, limit, ..Query::default() }
}

/// What differs from a table of expressions, totals and first three records.
fn differences(store: &Store, table: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for row in table.lines().filter(|row| !row.starts_with('#')).skip(1) {
        let cells: Vec<&str> = row.split('\t').collect();
        let found = search(store, &query(cells[0], 100_000)).expect("an answer");
        let mut ids: Vec<&str> = found.hits.iter().map(|hit| store.id(hit.address)).collect();
        ids.sort_unstable();
        let first = ids[..3.min(ids.len())].join(",");
        if found.total.to_string() != cells[1] || first != cells[2] || ids.len() != found.total {
            wrong.push(format!(
                "{}: {} ({first}), expected {} ({})",
                cells[0], found.total, cells[1], cells[2]
            ));
        }
    }
    wrong
}

#[test]
fn filters_have_their_exact_totals() {
    let Some((store, _folder)) = store() else { return };
    let table = corpus().expect("there is a store").join("filter_cases.tsv");
    let table = std::fs::read_to_string(table).expect("the cases");
    let made = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../golden/registry/filter_totals.tsv"
    ));
    let mut wrong = differences(&store, &table);
    wrong.extend(differences(&store, made));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
