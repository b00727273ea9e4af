//! The ranking against the judgements of assessors, beside plain words, on a whole corpus.
//!
//! Two trials that assessors called eligible for the same patient are related; all others are not.
//! The corpus is no part of the repository: `CYTOTRIAL_REGISTRY` names the folder that holds
//! `studies.jsonl.gz`, `see_also_coeligible.tsv` and the golden assertions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Instant;

use cytotrial_registry::related::{
    Builder, Preset, Profile, Reason, Segment, Wanted, Weights, related,
};
use cytotrial_registry::{Record, lines};

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("CYTOTRIAL_REGISTRY").map(PathBuf::from);
    if folder.is_none() {
        eprintln!("skipped: CYTOTRIAL_REGISTRY names no folder with a corpus");
    }
    folder
}

fn records(folder: &Path) -> BTreeMap<String, Record> {
    let file = File::open(folder.join("studies.jsonl.gz")).expect("the corpus can be opened");
    let read = lines::records(BufReader::new(file)).expect("it can be read");
    let records = read.map(|record| record.expect("every line is a record"));
    records.map(|record| (record.key.id.clone(), record)).collect()
}

fn built(records: &BTreeMap<String, Record>, profile: Profile) -> Vec<u8> {
    let start = Instant::now();
    let mut builder = Builder::with(profile);
    for (key, record) in records {
        builder.add(key, &record.json);
    }
    let segment = builder.finish();
    let seconds = start.elapsed().as_secs_f64();
    eprintln!("{} records: {} kB in {seconds:.2} s", records.len(), segment.len() / 1000);
    segment
}

/// Trials by those that share a patient with them; trials with full structure are asked about.
fn relevant(folder: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let lines = |name: &str| -> Vec<Vec<String>> {
        let text = fs::read_to_string(folder.join(name)).expect("a table of the corpus");
        let cells = |line: &str| line.split('\t').map(str::to_owned).collect();
        text.lines().skip(1).map(cells).collect()
    };
    let mut topics: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in lines("see_also_coeligible.tsv") {
        topics.entry(row[0].clone()).or_default().push(row[1].clone());
    }
    let whole: BTreeSet<String> = lines("studies.provenance.tsv")
        .into_iter()
        .filter(|row| row[1] != "partial")
        .map(|row| row[0].clone())
        .collect();
    let mut relevant: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for trials in topics.values() {
        for one in trials.iter().filter(|one| whole.contains(*one)) {
            let others = trials.iter().filter(|other| *other != one).cloned();
            relevant.entry(one.clone()).or_default().extend(others);
        }
    }
    relevant.retain(|_, others| !others.is_empty());
    relevant
}

/// Normalised discounted cumulative gain of the first 20.
fn ndcg(ranked: &[String], relevant: &BTreeSet<String>) -> f64 {
    let gain = |place: usize| 1.0 / (place as f64 + 2.0).log2();
    let found = ranked.iter().take(20).enumerate().filter(|(_, key)| relevant.contains(*key));
    let best: f64 = (0..relevant.len().min(20)).map(gain).sum();
    found.map(|(place, _)| gain(place)).sum::<f64>() / best
}

/// Middle 95 % of the mean difference over resampled queries.
fn bootstrap(differences: &[f64]) -> (f64, f64) {
    let mut state = 20_240_418_u64;
    let mut draw = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % differences.len()
    };
    let mut means: Vec<f64> = (0..4000)
        .map(|_| {
            let sum: f64 = differences.iter().map(|_| differences[draw()]).sum();
            sum / differences.len() as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    (means[99], means[3899])
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn judged_trials_are_found_better_than_by_words_alone() {
    let Some(folder) = folder() else { return };
    let records = records(&folder);
    let relevant = relevant(&folder);
    let judge = |bytes: &[u8], profile: Profile, weights: Weights| -> Vec<f64> {
        let segment = Segment::open(bytes).expect("a segment just made");
        let wanted = Wanted { weights, profile, ..Wanted::default() };
        let of = |(id, others): (&String, &BTreeSet<String>)| {
            let rows = related(&segment, &records[id].json, &wanted);
            ndcg(&rows.into_iter().map(|row| row.key).collect::<Vec<_>>(), others)
        };
        relevant.iter().map(of).collect()
    };
    // Plain words and the best of the usual rankers: 0.15, 0.10 and 0.03 for headings and phase.
    let usual = built(&records, Profile::USUAL);
    let words = judge(&usual, Profile::USUAL, Weights::TEXT_ONLY);
    let headings =
        Weights { conditions: 0.15, interventions: 0.10, phase: 0.03, ..Weights::TEXT_ONLY };
    let best = judge(&usual, Profile::USUAL, headings);
    let ours = built(&records, Profile::OURS);
    let own_words = judge(&ours, Profile::OURS, Weights::TEXT_ONLY);
    let scores = judge(&ours, Profile::OURS, Weights::default());
    eprintln!("{} queries, nDCG@20: ours {:.4}", scores.len(), mean(&scores));
    for (name, other) in
        [("usual words", &words), ("usual words and headings", &best), ("our words", &own_words)]
    {
        let differences: Vec<f64> = scores.iter().zip(other).map(|(a, b)| a - b).collect();
        let ((low, high), by) = (bootstrap(&differences), mean(&differences));
        eprintln!("{name} {:.4}: ours {by:+.4} ({low:+.4} to {high:+.4})", mean(other));
    }
    assert!(mean(&scores) >= mean(&best), "{} {}", mean(&scores), mean(&best));
    assert!(mean(&scores) >= 0.25, "{}", mean(&scores));
}

#[test]
fn the_first_trial_has_the_neighbours_that_it_must_have() {
    let Some(folder) = folder() else { return };
    let records = records(&folder);
    let bytes = built(&records, Profile::OURS);
    let segment = Segment::open(&bytes).expect("a segment just made");
    let seed = fs::read_to_string(folder.join("NCT06379451.json")).expect("the first record");
    let seed = Record::read(&seed).expect("a record");
    let rows = related(&segment, &seed.json, &Wanted::default());
    for row in &rows {
        let title = records[&row.key].text_of("BriefTitle").unwrap_or_default();
        let reasons: Vec<String> = row.reasons.iter().map(Reason::text).collect();
        eprintln!("{} {:.3} {:.3} {title} | {}", row.key, row.score, row.text, reasons.join(" | "));
    }
    let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
    let place = |key: &str| keys.iter().position(|known| *known == key).unwrap_or(usize::MAX);
    assert_eq!(rows.len(), 20);
    assert!(place("NCT05247957") < 5 && place("NCT05734898") < 5, "A1");
    assert!(place("NCT02203825") < 10, "A2");
    assert!(place("NCT04658004") < 20, "A3");
    let labels = fs::read_to_string(folder.join("cell_therapy_labels.tsv")).expect("labels");
    let engineered: BTreeSet<&str> = labels
        .lines()
        .filter(|line| line.split('\t').nth(1).is_some_and(|kind| kind.contains("CAR-")))
        .filter_map(|line| line.split('\t').next())
        .collect();
    let engineered = keys.iter().filter(|key| engineered.contains(*key)).count();
    let myeloma = |key: &&&str| records[**key].json.to_string().to_lowercase().contains("myeloma");
    let myeloma = keys.iter().filter(myeloma).count();
    eprintln!("A4 {engineered}, A5 {myeloma}");
    assert!(engineered >= 8 && myeloma >= 6, "A4 {engineered}, A5 {myeloma}");
    assert!(!keys.contains(&"NCT06379451"), "A6");
    assert!(rows.iter().all(|row| !row.reasons.is_empty()), "A7");
    assert_eq!(rows, related(&segment, &seed.json, &Wanted::default()), "A8");
    for (_, preset) in Preset::ALL {
        let wanted = Wanted { preset, ..Wanted::default() };
        let start = Instant::now();
        let found = related(&segment, &seed.json, &wanted).len();
        eprintln!("{preset:?}: {found} in {:.2} ms", start.elapsed().as_secs_f64() * 1e3);
    }
}
