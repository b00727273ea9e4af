//! Parameters read from records against what a person read in them, and every record of a corpus.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;

use cytotrial_registry::extract::{self, Source};
use cytotrial_registry::{Record, audit, lines};

fn records() -> BTreeMap<String, Record> {
    let name = "../../golden/registry/extract_records.jsonl.gz";
    let file = File::open(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).expect("the records");
    let read = lines::records(BufReader::new(file)).expect("they can be read");
    let records = read.map(|record| record.expect("every line is a record"));
    records.map(|record| (record.key.id.clone(), record)).collect()
}

#[test]
fn parameters_are_those_that_a_person_reads() {
    let records = records();
    let name = "../../golden/registry/extract.tsv";
    let text = std::fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR")));
    let text = text.expect("the golden table");
    assert!(text.contains("# source: ") && text.contains("# tolerance: "));
    let mut rows = 0;
    for line in text.lines().filter(|line| !line.starts_with('#')).skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [id, name, value, quote] = cells[..] else { panic!("four columns: {line}") };
        let parameters = extract::of(&records[id].json);
        let parameter = parameters.iter().find(|parameter| parameter.name == name);
        let parameter = parameter.expect("a parameter of that name");
        rows += 1;
        if value == "not stated" {
            assert_eq!(parameter.text(), value, "{line}");
            continue;
        }
        let given = parameter.values.iter().find(|given| given.value.text() == value);
        let given = given.unwrap_or_else(|| panic!("{line}: {}", parameter.text()));
        let Source::Quote { path, sentence, .. } = &given.source else {
            panic!("no quote: {line}")
        };
        assert!(sentence.contains(quote), "{line}: {sentence}");
        assert!(path.starts_with("protocolSection."), "{line}: {path}");
    }
    assert!(rows >= 50, "{rows} rows");
}

#[test]
fn the_contradiction_of_the_first_record_is_found() {
    let records = records();
    let found = audit::of(&records["NCT06379451"].json);
    let other = found.contradictions.iter().find(|finding| finding.code == "other-disease");
    let other = other.expect("another disease is named");
    assert!(other.text.contains("acute myeloid leukaemia"), "{}", other.text);
    assert_eq!(other.quotes.len(), 3);
    assert!(other.quotes.iter().all(|quote| quote.contains("AML")));
    let missing: Vec<&str> = found.missing().iter().map(|need| need.name).collect();
    for name in ["arms", "participants", "dose-levels", "schedule", "lymphodepletion", "dlt-window"]
    {
        assert!(missing.contains(&name), "{name}: {missing:?}");
    }
}

/// Every quotation stands in the record, whatever the record; nothing stops.
#[test]
fn every_record_of_a_corpus_is_read_and_quoted_word_for_word() {
    let Some(folder) = std::env::var_os("CYTOTRIAL_REGISTRY") else {
        eprintln!("skipped: CYTOTRIAL_REGISTRY names no folder with studies.jsonl.gz");
        return;
    };
    let path = std::path::PathBuf::from(folder).join("studies.jsonl.gz");
    let file = File::open(path).expect("the corpus can be opened");
    let (mut read, mut quotes) = (0, 0);
    for record in lines::records(BufReader::new(file)).expect("it can be read") {
        let record = record.expect("every line is a record");
        for parameter in extract::of(&record.json) {
            for given in parameter.values {
                if let Source::Quote { path, sentence, .. } = &given.source {
                    let pointer = path.replace(['.', '['], "/").replace(']', "");
                    let text = record.json.pointer(&format!("/{pointer}"));
                    let text = text.and_then(serde_json::Value::as_str).unwrap_or_default();
                    assert!(text.contains(sentence), "{} {path}: {sentence}", record.key.id);
                    quotes += 1;
                }
            }
        }
        let _ = audit::of(&record.json);
        read += 1;
    }
    eprintln!("{read} records, {quotes} quotations");
    assert!(read > 10_000 && quotes > 1_000);
}
