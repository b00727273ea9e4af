//! Stores: upserts, aliases, two writers, killed imports, and nothing lost but persons.

#![allow(clippy::unwrap_used, reason = "helpers of tests, outside of them")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cytotrial_registry::diff::Difference;
use cytotrial_registry::expression::Expression;
use cytotrial_registry::import::{Imported, Request, import};
use cytotrial_registry::search::{Query, search};
use cytotrial_registry::{Store, StoreError};
use serde_json::{Value, json};

fn request(store: &Path, sources: &[PathBuf]) -> Request {
    Request {
        store: store.to_owned(),
        sources: sources.to_vec(),
        now: "2026-01-02T03:04:05Z".to_owned(),
        threads: 2,
        with_bundled: false,
        segment_bytes: 0,
    }
}

fn bring(store: &Path, name: &str, text: &str) -> Imported {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    fs::write(&file, text).unwrap();
    import(&request(store, &[file]), &|_| true).unwrap()
}

fn record(id: &str, status: &str, extra: &Value) -> String {
    let mut json = json!({"protocolSection": {
        "identificationModule": {"nctId": id, "briefTitle": format!("Trial {id} of relapsed myeloma")},
        "statusModule": {"overallStatus": status}}});
    json["protocolSection"]["designModule"] = extra.clone();
    format!("{json}\n")
}

#[test]
fn a_second_import_changes_what_changed_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let none = json!({"phases": ["PHASE1"]});
    let (a, b) =
        (record("NCT00000102", "RECRUITING", &none), record("NCT00000104", "COMPLETED", &none));
    let line = bring(folder.path(), "a.jsonl", &format!("{a}{b}")).line;
    assert_eq!((line.added, line.changed, line.unchanged), (2, 0, 0));
    let changed = record("nct102", "COMPLETED", &json!({"enrollmentInfo": {"count": 9}}));
    let line = bring(folder.path(), "b.json", &format!("[{changed},{b}]")).line;
    assert_eq!((line.added, line.changed, line.unchanged), (0, 1, 1));
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.count(), 2);
    let stored = store.get_by_id("102").unwrap();
    assert!(stored.is_none(), "a number alone is no id");
    let stored = store.get_by_id("nct102").unwrap().unwrap();
    assert_eq!(stored.record.text_of("OverallStatus"), Some("COMPLETED"));
    assert_eq!(
        (stored.origin.import, stored.origin.imported.as_str()),
        (2, "2026-01-02T03:04:05Z")
    );
    let difference = Difference::of_imports(&store, 1, 2).unwrap();
    let pieces: Vec<&str> =
        difference.changed["NCT00000102"].iter().map(|change| change.piece.as_str()).collect();
    assert_eq!(pieces, ["OverallStatus", "EnrollmentCount", "BriefTitle", "Phase"]);
    // A row of a table says less than the record that is there.
    let table = "NCT Number,Title\nNCT00000102,Another title\nNCT00000105,New\n";
    let line = bring(folder.path(), "c.csv", table).line;
    assert_eq!((line.added, line.changed, line.kept), (1, 0, 1));
    assert_eq!(Store::open(folder.path()).unwrap().count(), 3);
}

#[test]
fn many_small_imports_are_written_together_and_keep_everything() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..30 {
        bring(
            folder.path(),
            "a.json",
            &record(
                &format!("NCT{number:08}", number = number % 20 + 1),
                "RECRUITING",
                &json!({"enrollmentInfo": {"count": number}}),
            ),
        );
    }
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.count(), 20);
    assert_eq!(store.imports().len(), 30);
    let segments = fs::read_dir(folder.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "seg"));
    assert!(segments.count() <= 10);
    for number in 1..=20 {
        let stored = store.get_by_id(&format!("NCT{number}")).unwrap().unwrap();
        let count = stored.record.of("EnrollmentCount")[0].as_u64().unwrap();
        assert_eq!(count % 20 + 1, number);
        assert_eq!(count >= 20, number <= 10, "the last import of a record counts");
    }
}

#[test]
fn persons_are_left_at_the_door() {
    let folder = tempfile::tempdir().unwrap();
    let text = include_str!("../../cytotrial/tests/data/record_sample.json");
    assert!(text.contains("Invented Person"));
    let line = bring(folder.path(), "a.json", text).line;
    assert_eq!(line.added, 1);
    let store = Store::open(folder.path()).unwrap();
    for stored in store.records(store.sorted()) {
        let text = stored.unwrap().record.json.to_string();
        for person in
            ["Invented Person", "Professor", "hospital.example", "0199", "centralContacts"]
        {
            assert!(!text.contains(person), "{person}");
        }
    }
    for word in ["Invented", "Professor"] {
        let query =
            Query { expressions: vec![Expression::words(word)], limit: 5, ..Query::default() };
        let found = search(&store, &query).unwrap();
        for hit in found.hits {
            let text = store.get(hit.address).unwrap().record.json.to_string();
            assert!(!text.contains("Invented Person"));
        }
    }
}

#[test]
fn a_store_that_is_being_changed_says_so_and_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    bring(folder.path(), "a.json", &record("NCT00000102", "RECRUITING", &json!({})));
    let lock = fs::File::options().write(true).open(folder.path().join("lock")).unwrap();
    lock.lock().unwrap();
    let held = import(&request(folder.path(), &[]), &|_| true);
    assert!(
        matches!(&held, Err(StoreError::Held { holder, .. }) if holder.starts_with("process ")),
        "{held:?}"
    );
    assert_eq!(Store::open(folder.path()).unwrap().count(), 1, "readers do not wait");
    drop(lock);
    assert!(import(&request(folder.path(), &[]), &|_| true).is_ok());
}

#[test]
fn damaged_files_of_a_store_are_told() {
    let folder = tempfile::tempdir().unwrap();
    bring(folder.path(), "a.json", &record("NCT00000102", "RECRUITING", &json!({})));
    let segment = folder.path().join("000000.seg");
    let bytes = fs::read(&segment).unwrap();
    for (at, cut) in
        [(0, bytes.len()), (bytes.len() - 5, bytes.len()), (0, bytes.len() / 2), (0, 3)]
    {
        let mut damaged = bytes[..cut].to_vec();
        if let Some(byte) = damaged.get_mut(at) {
            *byte ^= 0xff;
        }
        fs::write(&segment, damaged).unwrap();
        assert!(matches!(Store::open(folder.path()), Err(StoreError::File { .. })), "{at} {cut}");
    }
    // Bytes in the middle are not looked at when a store is opened, and do no harm later.
    for at in (8..bytes.len() - 300).step_by(97) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x55;
        fs::write(&segment, damaged).unwrap();
        let store = Store::open(folder.path()).unwrap();
        let query = Query {
            expressions: vec![
                Expression::read("myeloma OR AREA[Phase]MISSING OR \"relapsed myeloma\"").unwrap(),
            ],
            limit: 5,
            ..Query::default()
        };
        let _ = search(&store, &query);
        let _ = store.get_by_id("NCT00000102");
    }
}

/// Imports what the environment names; run by the test below in a process of its own.
#[test]
#[ignore = "run by another test in a process of its own"]
fn child_that_imports() {
    let (Some(store), Some(source)) =
        (std::env::var_os("CHILD_STORE"), std::env::var_os("CHILD_SOURCE"))
    else {
        return;
    };
    let mut request = request(Path::new(&store), &[source.into()]);
    request.segment_bytes = 200_000;
    import(&request, &|_| true).unwrap();
}

#[test]
fn an_import_killed_at_any_moment_leaves_a_store_that_opens() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("all.jsonl");
    let filler =
        "The patients receive an infusion of cells and are followed for a year. ".repeat(20);
    let mut text = String::new();
    for number in 1..=3000 {
        let design = json!({"enrollmentInfo": {"count": number}, "designInfo": {"interventionModelDescription": filler}});
        text.push_str(&record(&format!("NCT{number:08}"), "RECRUITING", &design));
    }
    fs::write(&source, text).unwrap();
    let store_at = folder.path().join("store");
    let mut seed = 7_u64;
    let mut killed = 0;
    for _ in 0..12 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "child_that_imports"])
            .env("CHILD_STORE", &store_at)
            .env("CHILD_SOURCE", &source)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(seed >> 33 & 0x3ff));
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        match Store::open(&store_at) {
            // Killed before anything was in the manifest.
            Err(StoreError::None(_)) => {}
            Err(error) => panic!("{error}"),
            Ok(store) => {
                for stored in store.records(store.sorted()) {
                    assert_eq!(stored.unwrap().record.of("EnrollmentCount").len(), 1);
                }
            }
        }
    }
    assert!(killed > 0, "no import was killed");
    let done = import(&request(&store_at, &[source]), &|_| true).unwrap();
    assert_eq!(done.line.damaged, 0);
    let store = Store::open(&store_at).unwrap();
    assert_eq!(store.count(), 3000);
    let left = fs::read_dir(&store_at).unwrap().filter(|entry| {
        entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "part")
    });
    assert_eq!(left.count(), 0, "what was left over is removed");
}

#[test]
fn the_records_of_a_corpus_come_out_as_they_went_in() {
    let Some(corpus) = std::env::var_os("CYTOTRIAL_REGISTRY").map(PathBuf::from) else {
        eprintln!("skipped: CYTOTRIAL_REGISTRY names no folder with studies.jsonl.gz");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let source = corpus.join("studies.jsonl.gz");
    let imported =
        import(&request(folder.path(), std::slice::from_ref(&source)), &|_| true).unwrap();
    assert_eq!(imported.line.damaged, 0);
    let store = Store::open(folder.path()).unwrap();
    let forms = fs::read_to_string(corpus.join("studies.provenance.tsv")).unwrap();
    let native: Vec<&str> = forms
        .lines()
        .filter(|line| line.contains("\tv2\t"))
        .filter_map(|line| line.split('\t').next())
        .collect();
    assert!(native.len() > 1000);
    let file = std::io::BufReader::new(fs::File::open(source).unwrap());
    let mut same = 0;
    let lines =
        std::io::BufRead::lines(std::io::BufReader::new(flate2::bufread::GzDecoder::new(file)));
    for line in lines {
        let before: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let id = before["protocolSection"]["identificationModule"]["nctId"].as_str().unwrap();
        if native.binary_search(&id).is_err() {
            continue;
        }
        let after = store.get_by_id(id).unwrap().unwrap().record.json;
        // Telephone numbers that the corpus has left in texts may go; nothing else may.
        let (after, before) = (after.to_string(), before.to_string());
        if after == before {
            same += 1;
        } else {
            assert!(after.contains("[removed]"), "{id}");
        }
    }
    eprintln!("{same} of {} native records are the same to the byte", native.len());
    assert!(same + 5 >= native.len(), "{same} of {}", native.len());
}

#[test]
fn the_records_that_come_with_the_program_make_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let request = Request { with_bundled: true, ..request(folder.path(), &[]) };
    let imported = import(&request, &|_| true).unwrap();
    let all = cytotrial_registry::bundled::records();
    assert_eq!((imported.line.added, imported.line.damaged), (all.len() as u64, 0));
    let store = Store::open(folder.path()).unwrap();
    let stored = store.get_by_id("NCT06379451").unwrap().unwrap();
    assert_eq!(stored.origin.source, cytotrial_registry::bundled::SOURCE);
    assert_eq!(store.imports()[0].sources, [cytotrial_registry::bundled::SOURCE]);
    assert_eq!(stored.record.json, all["NCT06379451"].json);
}
