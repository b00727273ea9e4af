//! A run repeated from its own inputs; anything changed in it is found.

use std::fs;
use std::path::{Path, PathBuf};

use crate::place::{Ended, Place};

const RUN: &[&str] = &[
    "simulate",
    "t",
    "--replicates",
    "2",
    "--patients",
    "3",
    "--seed",
    "7",
    "--arms",
    "car-nk,bcma-car-t",
];

/// A complete run, moved away from its trial.
fn run() -> (Place, PathBuf) {
    let place = Place::new();
    let made = place.ended(RUN);
    assert_eq!(made.code, Some(0), "{}", made.err);
    let moved = place.path("elsewhere");
    fs::rename(place.run("t/runs"), &moved).expect("it can be moved");
    fs::remove_dir_all(place.path("t")).expect("the trial is not needed");
    (place, moved)
}

fn verified(place: &Place) -> Ended {
    place.ended(&["verify", "elsewhere"])
}

/// Replaces the first `from` of a file after its header.
fn change(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).expect("a text of the run");
    assert!(text.contains(from), "{}", path.display());
    fs::write(path, text.replacen(from, to, 1)).expect("it can be changed");
}

#[test]
fn a_moved_run_is_reproduced_and_every_change_in_it_is_found() {
    let (place, run) = run();
    let untouched = verified(&place);
    assert_eq!(untouched.code, Some(0), "{}{}", untouched.out, untouched.err);
    assert!(untouched.out.contains("reproduced: every byte is the same"), "{}", untouched.out);
    let again = place.ended(&["verify", "elsewhere", "--threads", "2", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&again.out).expect("one document");
    assert_eq!(document["reproduced"], true);
    assert_eq!(document["ledger"], 3, "the first verification is in the ledger");
    let table = run.join("tables/adlb.csv");
    let whole = fs::read_to_string(&table).expect("a table");
    let digit = whole.rfind(|letter: char| letter.is_ascii_digit()).expect("a digit");
    let mut changed = whole.clone().into_bytes();
    changed[digit] = if changed[digit] == b'1' { b'2' } else { b'1' };
    fs::write(&table, &changed).expect("one byte is changed");
    let line = whole[..digit].matches('\n').count() + 1;
    let found = verified(&place);
    assert_eq!(found.code, Some(5), "{}", found.out);
    assert!(found.out.contains(&format!("tables/adlb.csv:{line}: was changed after the run")));
    assert!(found.out.contains("when repeated\nnot reproduced: 1 difference"), "{}", found.out);
    fs::write(&table, whole).expect("it is as before");
    fs::write(run.join("notes.txt"), "mine").expect("a file more");
    fs::remove_file(run.join("summary.csv")).expect("a file less");
    let found = verified(&place);
    assert!(found.out.contains("notes.txt: was not made by the run"), "{}", found.out);
    assert!(found.out.contains("summary.csv: is missing"), "{}", found.out);
    assert_eq!(found.code, Some(5));
}

#[test]
fn a_changed_input_is_found_and_not_simulated() {
    let (place, run) = run();
    change(&run.join("inputs/trial.toml"), "6e6 cells/kg", "7e6 cells/kg");
    let found = verified(&place);
    assert_eq!(found.code, Some(5), "{}", found.out);
    assert!(found.out.contains("inputs/trial.toml: was changed after the run"), "{}", found.out);
    assert!(found.out.contains("not repeated"), "{}", found.out);
}

#[test]
fn a_broken_chain_is_found_and_left_as_it_is() {
    let (place, run) = run();
    let ledger = run.join("ledger.jsonl");
    change(&ledger, "\"event\":\"begun\"", "\"event\":\"resumed\"");
    let before = fs::read(&ledger).expect("a ledger");
    let found = verified(&place);
    assert_eq!(found.code, Some(5), "{}", found.out);
    assert!(found.out.contains("ledger.jsonl:1: was changed"), "{}", found.out);
    assert!(found.err.contains("not noted in the ledger"), "{}", found.err);
    assert_eq!(fs::read(&ledger).expect("a ledger"), before);
}

#[test]
fn changed_facts_are_found_by_the_ledger() {
    let (place, run) = run();
    change(&run.join("run.json"), "\"seconds\": ", "\"seconds\": 1");
    let found = verified(&place);
    assert_eq!(found.code, Some(5), "{}", found.out);
    assert!(found.out.contains("run.json: was changed after the run was completed"));
    assert_eq!(place.ended(&["verify", "nowhere"]).code, Some(1));
    let no_run = place.ended(&["verify", "elsewhere/inputs"]);
    assert!(no_run.code == Some(1) && no_run.err.contains("error[F106]"), "{}", no_run.err);
}
