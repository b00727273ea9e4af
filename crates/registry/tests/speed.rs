//! How long a store takes: import, opening, ranked searches, related trials; on a corpus, and on forty times as
//! many records.
//!
//! `CYTOTRIAL_REGISTRY` names the folder of the corpus. A line is `task: SECONDS s (wall SECONDS)`.

#![allow(clippy::unwrap_used, reason = "helpers of tests, outside of them")]
#![allow(clippy::print_stdout, reason = "figures are what this is for")]

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use cytotrial_registry::Store;
use cytotrial_registry::expression::Expression;
use cytotrial_registry::import::{Request, import};
use cytotrial_registry::related::{Segment, Wanted, of_store, related};
use cytotrial_registry::search::{Prepared, Query};

/// Words as people type them.
const TERMS: &[&str] = &[
    "multiple myeloma",
    "CAR-T",
    "breast cancer chemotherapy",
    "diabetes",
    "heart failure",
    "lymphoma rituximab",
    "asthma children",
    "HIV infection",
    "depression",
    "pain",
    "vaccine",
    "leukemia transplantation",
    "prostate cancer radiation",
    "hypertension",
    "obesity diet exercise",
    "natural killer cells",
    "stroke rehabilitation",
    "hepatitis C",
    "schizophrenia",
    "lung cancer",
];

/// The same, any of the words.
fn any(term: &str) -> String {
    term.split([' ', '-']).collect::<Vec<_>>().join(" OR ")
}

/// The same, all of the words.
fn all(term: &str) -> String {
    term.split([' ', '-']).collect::<Vec<_>>().join(" AND ")
}

fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("CYTOTRIAL_REGISTRY").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: CYTOTRIAL_REGISTRY names no folder with studies.jsonl.gz");
    }
    folder.map(|folder| folder.join("studies.jsonl.gz"))
}

fn told(task: &str, seconds: f64) {
    println!("{task}: {seconds:.6} s (wall {seconds:.6})");
}

/// Median and 95 % of some times.
fn told_all(task: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    told(&format!("{task}, median"), times[times.len() / 2]);
    told(&format!("{task}, 95% of them"), times[times.len() * 95 / 100]);
}

fn searched(store: &Store, name: &str, rounds: usize) {
    for (kind, make) in
        [("default", str::to_owned as fn(&str) -> String), ("OR", any), ("AND", all)]
    {
        let mut times = Vec::new();
        for round in 0..=rounds {
            for term in TERMS {
                let begin = Instant::now();
                let expressions = vec![Expression::read(&make(term)).unwrap()];
                let query = Query { expressions, limit: 20, ..Query::default() };
                let found = Prepared::new(store, &query).unwrap().search(store).unwrap();
                assert!(found.total > 0, "{term}");
                // The first round reads the tables and the files.
                if round > 0 {
                    times.push(begin.elapsed().as_secs_f64());
                }
            }
        }
        told_all(&format!("{name}, ranked {kind} query"), times);
    }
}

/// See-also of a hundred records; the vectors are made first.
fn related_to(store: &Store, name: &str) {
    let begin = Instant::now();
    let vectors = of_store(store).unwrap();
    told(&format!("{name}, vectors of related trials made"), begin.elapsed().as_secs_f64());
    println!("{name}: vectors {:.1} MB", vectors.len() as f64 / 1e6);
    let segment = Segment::open(&vectors).unwrap();
    let addresses = store.sorted();
    let mut times = Vec::new();
    for address in addresses.iter().step_by(addresses.len().div_ceil(100).max(1)) {
        let record = store.get(*address).unwrap().record;
        let begin = Instant::now();
        let rows = related(&segment, &record.json, &Wanted::default());
        times.push(begin.elapsed().as_secs_f64());
        assert!(rows.iter().all(|row| row.key != record.key.id));
    }
    told_all(&format!("{name}, related trials"), times);
}

fn measured(source: &Path, folder: &Path, name: &str, rounds: usize) {
    let request = Request {
        store: folder.to_owned(),
        sources: vec![source.to_owned()],
        now: "now".to_owned(),
        threads: 2,
        with_bundled: false,
        segment_bytes: 0,
    };
    let begin = Instant::now();
    let imported = import(&request, &|_| true).unwrap();
    assert_eq!(imported.line.damaged, 0);
    told(&format!("{name}, import on two threads"), begin.elapsed().as_secs_f64());
    let sizes = |folder: &Path| -> (u64, usize) {
        let files = std::fs::read_dir(folder).unwrap();
        let sizes: Vec<u64> = files.map(|file| file.unwrap().metadata().unwrap().len()).collect();
        (sizes.iter().sum(), sizes.len())
    };
    let told_sizes = |what: &str| {
        let (bytes, files) = sizes(folder);
        let count = imported.line.added;
        println!("{name}: {count} records, {:.1} MB in {files} files{what}", bytes as f64 / 1e6);
    };
    told_sizes("");
    let begin = Instant::now();
    let store = Store::open(folder).unwrap();
    told(&format!("{name}, opening"), begin.elapsed().as_secs_f64());
    searched(&store, name, rounds);
    related_to(&store, name);
    told_sizes(", vectors of related trials included");
}

#[test]
#[ignore = "measures"]
fn a_corpus() {
    let Some(source) = corpus() else { return };
    let folder = tempfile::tempdir().unwrap();
    measured(&source, folder.path(), "corpus", 10);
}

#[test]
#[ignore = "measures, with gigabytes on the disk"]
fn forty_one_times_a_corpus() {
    let Some(source) = corpus() else { return };
    let folder = tempfile::tempdir().unwrap();
    let many = folder.path().join("many.jsonl.gz");
    let file = std::fs::File::open(source).unwrap();
    let lines: Vec<String> = BufReader::new(flate2::bufread::GzDecoder::new(BufReader::new(file)))
        .lines()
        .map(Result::unwrap)
        .collect();
    let out = BufWriter::new(std::fs::File::create(&many).unwrap());
    let mut out = flate2::write::GzEncoder::new(out, flate2::Compression::fast());
    let mut number = 10_000_000;
    for _ in 0..41 {
        for line in &lines {
            let at = line.find("\"nctId\":\"").unwrap() + 9;
            writeln!(out, "{}NCT{number}{}", &line[..at], &line[at + 11..]).unwrap();
            number += 1;
        }
    }
    out.finish().unwrap().flush().unwrap();
    drop(lines);
    measured(&many, &folder.path().join("store"), "41 times the corpus", 3);
}
