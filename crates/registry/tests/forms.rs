//! The older forms make the same records as an independent conversion of the same files.
//!
//! `CYTOTRIAL_REGISTRY` names the folder with `samples` and `studies.jsonl.gz`; without it the test
//! says that it was skipped.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use cytotrial_registry::import::{Request, import};
use cytotrial_registry::{Record, Store, lines};
use serde_json::Value;

fn differences(path: &str, ours: &Value, theirs: &Value, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            // What ours says and theirs leaves out: how events were looked for, notes, units,
            // baseline characteristics, and the class of a sponsor in a table.
            let is_more = |key: &str| {
                let more = [
                    "assessmentType",
                    "notes",
                    "typeUnitsAnalyzed",
                    "class",
                    "baselineCharacteristicsModule",
                ];
                more.contains(&key) && b.get(key).is_none()
            };
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                if is_more(key) {
                    continue;
                }
                let none = Value::Null;
                let (a, b) = (a.get(key).unwrap_or(&none), b.get(key).unwrap_or(&none));
                differences(&format!("{path}.{key}"), a, b, found);
            }
        }
        // The order of ancestors means nothing.
        (Value::Array(a), Value::Array(b))
            if path.ends_with(".ancestors")
                && a.len() == b.len()
                && b.iter().all(|one| a.contains(one)) => {}
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{path}[{index}]"), a, b, found);
            }
        }
        // An empty module of theirs says nothing.
        (Value::Null, Value::Object(empty)) if empty.is_empty() => {}
        _ if ours == theirs => {}
        _ => found.push(format!("{path}: {ours} | {theirs}")),
    }
}

#[test]
fn samples_make_the_records_of_the_corpus() {
    let Some(folder) = std::env::var_os("CYTOTRIAL_REGISTRY").map(PathBuf::from) else {
        eprintln!("skipped: CYTOTRIAL_REGISTRY names no folder with samples");
        return;
    };
    let file = File::open(folder.join("studies.jsonl.gz")).expect("the corpus");
    let corpus: BTreeMap<String, Record> = lines::records(BufReader::new(file))
        .expect("it can be read")
        .map(|record| record.expect("a record"))
        .map(|record| (record.key.id.clone(), record))
        .collect();
    let forms = std::fs::read_to_string(folder.join("studies.provenance.tsv")).expect("the forms");
    let forms: BTreeMap<&str, &str> = forms
        .lines()
        .filter_map(|line| Some((line.split('\t').next()?, line.split('\t').nth(1)?)))
        .collect();
    for (pattern, form) in [("xml", "xml"), ("csv", "csv")] {
        let store = tempfile::tempdir().expect("a folder");
        let samples = std::fs::read_dir(folder.join("samples")).expect("the samples");
        let samples = samples.map(|entry| entry.expect("an entry").path());
        let request = Request {
            store: store.path().to_owned(),
            sources: samples
                .filter(|path| path.extension().is_some_and(|end| end == pattern))
                .collect(),
            now: "2026-01-02".to_owned(),
            threads: 2,
            with_bundled: false,
            segment_bytes: 0,
        };
        let imported = import(&request, &|_| true).expect("an import");
        assert_eq!(imported.damages, []);
        let store = Store::open(store.path()).expect("a store");
        let (mut compared, mut told) = (0, Vec::new());
        for stored in store.records(store.sorted()) {
            let stored = stored.expect("a record");
            let id = stored.record.key.id.as_str();
            // The corpus has descriptions of some rows from another source.
            let Some(theirs) = corpus.get(id).filter(|_| forms.get(id) == Some(&form)) else {
                continue;
            };
            compared += 1;
            let mut found = Vec::new();
            differences(id, &stored.record.json, &theirs.json, &mut found);
            found.retain(|told| form != "csv" || !told.contains(".descriptionModule: null |"));
            told.extend(found);
        }
        assert!(compared > 5, "{compared} of the {pattern} samples are in the corpus");
        assert!(told.is_empty(), "{compared} compared:\n{}", told.join("\n"));
        eprintln!("{compared} {pattern} records are the same");
    }
}

/// Baseline characteristics of the older form: groups, participants, a count and a mean.
const BASELINE: &str = r#"<clinical_study><id_info><nct_id>NCT00000104</nct_id></id_info><clinical_results><baseline>
<population>All who were treated</population>
<group_list><group group_id="B1"><title>One</title></group><group group_id="B2"><title>Total</title></group></group_list>
<analyzed_list><analyzed><units>Participants</units><scope>Overall</scope><count_list><count group_id="B1" value="7"/>
<count group_id="B2" value="7"/></count_list></analyzed></analyzed_list>
<measure_list><measure><title>Age</title><units>years</units><param>Mean</param><dispersion>Standard Deviation</dispersion>
<class_list><class><category_list><category><measurement_list><measurement group_id="B1" value="61.5" spread="9"/>
</measurement_list></category></category_list></class></class_list></measure></measure_list>
</baseline></clinical_results></clinical_study>"#;

#[test]
fn baseline_characteristics_of_the_older_form_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.xml");
    std::fs::write(&file, BASELINE).expect("a file");
    let request = Request {
        store: folder.path().join("store"),
        sources: vec![file],
        now: "2026-01-02".to_owned(),
        threads: 1,
        with_bundled: false,
        segment_bytes: 0,
    };
    assert_eq!(import(&request, &|_| true).expect("an import").damages, []);
    let store = Store::open(&request.store).expect("a store");
    let stored = store.get_by_id("NCT00000104").expect("it can be read").expect("it is there");
    let expected = serde_json::json!({
        "populationDescription": "All who were treated",
        "groups": [{"id": "BG000", "title": "One"}, {"id": "BG001", "title": "Total"}],
        "denoms": [{"units": "Participants", "counts": [
            {"groupId": "BG000", "value": "7"}, {"groupId": "BG001", "value": "7"}]}],
        "measures": [{"title": "Age", "paramType": "MEAN", "dispersionType": "STANDARD_DEVIATION",
            "unitOfMeasure": "years", "classes": [{"categories": [{"measurements": [
                {"groupId": "BG000", "value": "61.5", "spread": "9"}]}]}]}],
    });
    let found = &stored.record.json["resultsSection"]["baselineCharacteristicsModule"];
    assert_eq!(found, &expected);
}
