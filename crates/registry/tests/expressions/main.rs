//! Random expressions: the index finds what a plain walk over every record finds.
//!
//! The walk is a second reading of the query language, from the records' JSON: words, synonyms, derived headings,
//! ranges, lists and locations. The group over a corpus needs `CYTOTRIAL_REGISTRY`, the folder that holds it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use cytotrial_registry::expression::Expression;
use cytotrial_registry::search::{Query, search};
use cytotrial_registry::{Form, Origin, Record, Store, bundled, lines};

mod made;
mod study;
mod words;

use made::Maker;
use study::{Headings, Study};

/// Compares index and walk on some expressions; the answer says how many of these found anything.
fn compared(records: &[Record], expressions: usize, state: u64) -> usize {
    let origin =
        Origin { source: String::new(), form: Form::Json, imported: String::new(), import: 1 };
    let store = Store::in_memory(records, &origin).expect("a store");
    let headings = Headings::read();
    let studies: Vec<Study> = records.iter().map(|record| Study::new(record, &headings)).collect();
    let mut maker = Maker { records: records.iter().collect(), state };
    let (mut wrong, mut found_any) = (Vec::new(), 0);
    for _ in 0..expressions {
        let asked = maker.make(3);
        let text = asked.text();
        let expression = Expression::read(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let query =
            Query { expressions: vec![expression], limit: records.len(), ..Query::default() };
        let found = search(&store, &query).unwrap_or_else(|error| panic!("{text}: {error}"));
        let ids: BTreeSet<&str> = found.hits.iter().map(|hit| store.id(hit.address)).collect();
        let fitting = studies.iter().filter(|study| study.fits(&asked, &headings));
        let expected: BTreeSet<&str> = fitting.map(|study| study.id.as_str()).collect();
        assert_eq!(found.total, ids.len(), "{text}");
        found_any += usize::from(!ids.is_empty() && ids.len() < records.len());
        if ids != expected {
            let few =
                |ids: Vec<&&str>| ids.iter().take(3).map(|id| **id).collect::<Vec<_>>().join(" ");
            wrong.push(format!(
                "{text}\n  {} by the index, {} by the walk; only the index {}; only the walk {}",
                ids.len(),
                expected.len(),
                few(ids.difference(&expected).collect()),
                few(expected.difference(&ids).collect()),
            ));
        }
    }
    let count = wrong.len();
    wrong.truncate(12);
    assert!(wrong.is_empty(), "{count} of {expressions} differ:\n{}", wrong.join("\n"));
    found_any
}

#[test]
fn index_and_walk_agree_on_the_bundled_records() {
    let records: Vec<Record> = bundled::records().values().step_by(4).cloned().collect();
    let found_any = compared(&records, 200, 17);
    assert!(found_any > 100, "{found_any}");
}

#[test]
#[ignore = "takes a minute"]
fn index_and_walk_agree_on_all_of_the_bundled_records() {
    let records: Vec<Record> = bundled::records().values().cloned().collect();
    let found_any = compared(&records, 2000, 18);
    assert!(found_any > 1000, "{found_any}");
}

#[test]
#[ignore = "takes minutes, and a corpus"]
fn index_and_walk_agree_on_a_corpus() {
    let Some(folder) = std::env::var_os("CYTOTRIAL_REGISTRY").map(PathBuf::from) else {
        eprintln!("skipped: CYTOTRIAL_REGISTRY names no folder with studies.jsonl.gz");
        return;
    };
    let file = File::open(folder.join("studies.jsonl.gz")).expect("the corpus");
    let records = lines::records(BufReader::new(file)).expect("it can be read");
    let records: Vec<Record> = records.map(|record| record.expect("a record")).collect();
    // A part at a time: words take more room than texts.
    for (state, part) in (1..).zip(records.chunks(2000)) {
        let found_any = compared(part, 250, state);
        eprintln!("{} records, 250 expressions, {found_any} of them found some", part.len());
    }
}
