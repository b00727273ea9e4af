//! The command as a person uses it: what it prints where, and how it ends.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn cytotrial(folder: &Path, arguments: &[&str]) -> Run {
    let run = Command::new(env!("CARGO_BIN_EXE_cytotrial"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .output();
    let Output { status, stdout, stderr } = run.expect("the command starts");
    Run {
        code: status.code().expect("it ends by itself"),
        out: String::from_utf8(stdout).expect("text"),
        err: String::from_utf8(stderr).expect("text"),
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

fn sample() -> String {
    format!("{}/../cytotrial/tests/data/record_sample.json", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_new_folder_checks_clean() {
    let place = folder();
    let sample = sample();
    for from in ["NCT06379451", sample.as_str()] {
        let name = if from.starts_with("NCT") { "bundled" } else { "given" };
        let made = cytotrial(place.path(), &["new", name, "--from", from]);
        assert_eq!(made.code, 0, "{}", made.err);
        // the claims of the bundled record are written too
        let files = if name == "bundled" { 4 } else { 3 };
        assert_eq!(made.out.lines().count(), files, "{}", made.out);
        let checked = cytotrial(place.path(), &["check", name]);
        assert_eq!((checked.code, checked.err.as_str()), (0, ""), "{}", checked.err);
        assert!(checked.out.contains("left open by the record"), "{}", checked.out);
        assert!(checked.out.ends_with("the protocol can be simulated\n"), "{}", checked.out);
    }
}

#[test]
fn a_folder_that_is_not_empty_is_left_alone() {
    let place = folder();
    fs::write(place.path().join("mine.txt"), "keep me").expect("a file");
    let shown = place.path().to_string_lossy().into_owned();
    let refused = cytotrial(place.path(), &["new", &shown, "--from", "NCT06379451"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("is not empty") && refused.err.contains("--force"));
    assert!(!place.path().join("trial.toml").exists());
    let forced = cytotrial(place.path(), &["new", &shown, "--from", "NCT06379451", "--force"]);
    assert_eq!(forced.code, 0, "{}", forced.err);
    assert_eq!(fs::read_to_string(place.path().join("mine.txt")).expect("still there"), "keep me");
}

#[test]
fn problems_are_underlined_on_stderr_and_end_with_one() {
    let place = folder();
    assert_eq!(cytotrial(place.path(), &["new", "t", "--from", "NCT06379451"]).code, 0);
    let path = place.path().join("t/trial.toml");
    let text = fs::read_to_string(&path).expect("the protocol");
    let changed = text.replace("\"6e6 cells/kg\"", "\"50 mg\"");
    fs::write(&path, &changed).expect("the protocol, changed");
    let line = changed.lines().position(|line| line.contains("50 mg")).expect("there") + 1;
    let checked = cytotrial(place.path(), &["check", "t"]);
    assert_eq!(checked.code, 1);
    assert!(checked.err.contains("error[U101]: `50 mg` is mass where cells are due"));
    assert!(checked.err.contains(&format!("--> t/trial.toml:{line}:27")), "{}", checked.err);
    assert!(checked.err.contains("^^^^^^^"), "{}", checked.err);
    assert!(!checked.err.contains('\u{1b}'), "no colours outside a terminal");
    let by_file = cytotrial(place.path(), &["check", "t/trial.toml", "-q"]);
    assert_eq!((by_file.code, by_file.out.as_str()), (1, ""));
}

#[test]
fn json_is_one_document_on_stdout() {
    let place = folder();
    assert_eq!(cytotrial(place.path(), &["new", "t", "--from", "NCT06379451", "--json"]).code, 0);
    let checked = cytotrial(place.path(), &["check", "t", "none", "--json"]);
    assert_eq!(checked.code, 1);
    let document: serde_json::Value = serde_json::from_str(&checked.out).expect("one document");
    let check = &document["checks"][0]["check"];
    assert_eq!(check["trial"], "NCT06379451");
    assert_eq!(check["total"]["without"], 0);
    assert_eq!(check["arms"][0], "car-nk");
    assert_eq!(document["checks"][1]["problems"][0]["code"], "F101");
}

#[test]
fn wrong_usage_ends_with_two() {
    let place = folder();
    for arguments in
        [&["frobnicate"][..], &["new", "x"], &["check", "--frob"], &["explain", "X999"]]
    {
        let run = cytotrial(place.path(), arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.err);
        assert!(!run.err.is_empty() && run.out.is_empty());
    }
    assert_eq!(cytotrial(place.path(), &["new", "x", "--from", "NCT00000000"]).code, 1);
}

#[test]
fn explanations_and_completions_are_data() {
    let place = folder();
    let page = cytotrial(place.path(), &["explain", "u101"]);
    assert!(page.code == 0 && page.out.starts_with("# U101: "), "{}", page.out);
    assert!(cytotrial(place.path(), &["explain"]).out.lines().count() > 20);
    assert!(cytotrial(place.path(), &["completions", "bash"]).out.contains("_cytotrial"));
}
