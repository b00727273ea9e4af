//! `cytotrial evaluate` as a person uses it: files in, outcomes, messages and tables out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

mod damaged;
mod formats;
mod shapes;
mod site;

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn cytotrial(arguments: &[&str]) -> Run {
    let run = Command::new(env!("CARGO_BIN_EXE_cytotrial"))
        .args(arguments)
        .env("NO_COLOR", "1")
        .output()
        .expect("the command starts");
    Run {
        code: run.status.code().expect("it ends by itself"),
        out: String::from_utf8(run.stdout).expect("text"),
        err: String::from_utf8(run.stderr).expect("text"),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn protocol() -> String {
    root().join("trials/NCT06379451").display().to_string()
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder for the test");
    for (name, text) in files {
        fs::write(place.path().join(name), text).expect("a file");
    }
    place
}

fn evaluate(data: &Path, more: &[&str]) -> Run {
    let (data, protocol) = (data.display().to_string(), protocol());
    let mut arguments = vec!["evaluate", &data, "--protocol", &protocol];
    arguments.extend(more);
    cytotrial(&arguments)
}

fn golden(name: &str) -> String {
    fs::read_to_string(root().join("golden/evaluate").join(name)).expect("a golden table")
}

/// Rows of a golden table by column; a cell may hold commas in quotation marks.
fn rows(text: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let cells = |line: &str| -> Vec<String> {
        let (mut cells, mut is_quoted) = (vec![String::new()], false);
        for letter in line.chars() {
            match letter {
                '"' => is_quoted = !is_quoted,
                ',' if !is_quoted => cells.push(String::new()),
                letter => cells.last_mut().expect("never empty").push(letter),
            }
        }
        cells
    };
    lines
        .map(|line| header.iter().map(|name| (*name).to_owned()).zip(cells(line)).collect())
        .collect()
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

#[test]
fn the_golden_cases_come_out_right_through_the_command() {
    let place = folder(&[
        ("imwg_visits.csv", &golden("imwg_visits.csv")),
        ("imwg_subjects.csv", &golden("imwg_subjects.csv")),
    ]);
    let run = evaluate(place.path(), &["--json"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let answer: Value = serde_json::from_str(&run.out).expect("one JSON document");
    let found = answer["subjects"].as_array().expect("a list");
    let expected = rows(&golden("imwg_expected_subjects.csv"));
    assert_eq!((found.len(), expected.len()), (25, 25));
    for (got, want) in found.iter().zip(&expected) {
        let case = want["case"].as_str();
        assert_eq!(got["subject"], case);
        assert_eq!(got["measurable_by"], want["measurable_by"].as_str(), "{case}");
        assert_eq!(got["best_response"], want["best_confirmed_response"].as_str(), "{case}");
        let days = [
            ("first_response_day", got["first_response_day"].as_f64()),
            ("pd_day", got["progression_day"].as_f64()),
            ("dor_fda_days", got["response_duration"]["days"].as_f64()),
            ("pfs_fda_day", got["progression_free"]["days"].as_f64()),
        ];
        for (column, day) in days {
            assert_eq!(day, number(&want[column]), "{case} {column}");
        }
        let event = got["progression_free"]["event"].as_bool();
        assert_eq!(event, Some(want["pfs_fda_event"] == "1"), "{case}");
    }
    let visits: usize =
        found.iter().map(|subject| subject["visits"].as_array().expect("a list").len()).sum();
    let expected = rows(&golden("imwg_expected_visits.csv"));
    assert_eq!(visits, expected.len());
    let levels = found.iter().flat_map(|subject| subject["visits"].as_array().expect("a list"));
    for (got, want) in levels.zip(&expected) {
        assert_eq!(got["day"].as_f64(), number(&want["day"]), "{}", want["case"]);
        assert_eq!(got["unconfirmed"], want["response_unconfirmed"].as_str(), "{}", want["case"]);
        assert_eq!(got["confirmed"], want["response_confirmed_status"].as_str());
    }
}

#[test]
fn a_result_appears_whole_and_is_replaced_only_when_asked() {
    let place = folder(&[
        ("imwg_visits.csv", &golden("imwg_visits.csv")),
        ("imwg_subjects.csv", &golden("imwg_subjects.csv")),
    ]);
    let out = place.path().join("out/result");
    let shown = out.display().to_string();
    assert_eq!(evaluate(place.path(), &["--quiet", "--out", &shown]).code, 0);
    assert!(out.join("tables/adrs.csv").is_file() && out.join("evaluation.json").is_file());
    let before = fs::read(out.join("tables/adrs.parquet")).expect("a table");
    let again = evaluate(place.path(), &["--out", &shown]);
    assert_eq!(again.code, 2, "{}", again.err);
    assert!(again.err.contains("is not empty") && again.err.contains("--force"), "{}", again.err);
    assert_eq!(evaluate(place.path(), &["--quiet", "--out", &shown, "--force"]).code, 0);
    assert_eq!(fs::read(out.join("tables/adrs.parquet")).expect("a table"), before);
    let beside: Vec<_> = fs::read_dir(place.path().join("out")).expect("a folder").collect();
    assert_eq!(beside.len(), 1, "{beside:?}");
    let other = folder(&[("mine.txt", "keep me")]);
    let mine = other.path().display().to_string();
    assert_eq!(evaluate(place.path(), &["--out", &mine, "--force"]).code, 2);
    assert_eq!(fs::read_to_string(other.path().join("mine.txt")).expect("still there"), "keep me");
}

#[test]
fn a_visit_without_its_marker_is_told_with_its_line() {
    let subjects = "subject,involved_light_chain\nP-01,kappa\n";
    let visits =
        "subject,day,spep_g_dl,sife\nP-01,0,3.0,P\nP-01,28,1.2,P\nP-01,56,,P\nP-01,84,,P\n";
    let place = folder(&[("subjects.csv", subjects), ("visits.csv", visits)]);
    let run = evaluate(place.path(), &[]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("warning[E114]: subject P-01: the visit of day 56 has no serum"));
    assert!(run.err.contains("visits.csv:4"), "{}", run.err);
    assert!(run.err.contains("two such visits in a row censor a later event"), "{}", run.err);
}

/// Message, its code, and where it points, for data with one mistake.
#[track_caller]
fn assert_told(files: &[(&str, &str)], code: &str, place: &str, message: &str) {
    let folder = folder(files);
    let out = folder.path().join("out");
    let run = evaluate(folder.path(), &["--out", &out.display().to_string()]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.err.contains(&format!("error[{code}]: ")), "{}", run.err);
    assert!(run.err.contains(message), "{}", run.err);
    assert!(run.err.contains(place), "{}", run.err);
    assert!(!out.exists() && run.out.is_empty(), "nothing is written or printed");
}

#[test]
fn a_negative_m_protein_is_refused_at_its_cell() {
    let visits = "subject,day,spep_g_dl\nP-01,0,3.0\nP-01,28,-1.2\n";
    let files = [("subjects.csv", "subject,sex\nP-01,F\n"), ("visits.csv", visits)];
    assert_told(&files, "E109", "visits.csv:3:9", "P-01: serum M-protein is -12 g/L, below 0");
}

#[test]
fn a_subject_with_two_years_of_birth_is_refused() {
    let subjects = "subject,birth_year\nP-03,1956\nP-04,1960\nP-03,1965\n";
    let files = [("subjects.csv", subjects), ("visits.csv", "subject,day,spep_g_dl\nP-03,0,3\n")];
    let message =
        "subject `P-03` is already in line 2, and `birth_year` differs: `1956` there, `1965` here";
    assert_told(&files, "E110", "subjects.csv:4:6", message);
}

#[test]
fn values_ten_times_too_large_without_a_unit_are_refused() {
    let visits = "subject,day,spep\nP-01,0,32\nP-01,28,14\nP-02,0,41\n";
    let files = [("subjects.csv", "subject,sex\nP-01,F\nP-02,M\n"), ("visits.csv", visits)];
    let message = "serum M-protein looks ten times too large for g/dL: 3 of 3 values are above 12";
    assert_told(&files, "E108", "visits.csv:2:8", message);
}

#[test]
fn a_grade_of_crs_without_its_signs_is_told() {
    let files = [
        ("subjects.csv", "subject,sex\nP-01,F\n"),
        ("visits.csv", "subject,day,spep_g_dl\nP-01,0,3\n"),
        (
            "events.csv",
            "subject,term,grade,start_day,end_day\nP-01,Cytokine release syndrome,3,2,5\n",
        ),
    ];
    let place = folder(&files);
    let run = evaluate(place.path(), &[]);
    assert_eq!(run.code, 0, "{}", run.err);
    let message = "without hypotension on a vasopressor and without high-flow oxygen";
    assert!(run.err.contains("warning[E115]") && run.err.contains(message), "{}", run.err);
    assert!(run.err.contains("events.csv:2:32"), "{}", run.err);
    let signs = "subject,day,test,value,unit\nP-01,3,PRESSORS,1,\n";
    fs::write(place.path().join("results.csv"), signs).expect("a file");
    let run = evaluate(place.path(), &[]);
    assert!(!run.err.contains("E115"), "{}", run.err);
}
