//! `cytotrial report` on a small run: every reader, every form, and what it refuses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Run {
    code: i32,
    out: String,
    err: String,
}

fn cytotrial(folder: &Path, arguments: &[&str]) -> Run {
    let run = Command::new(env!("CARGO_BIN_EXE_cytotrial"))
        .args(arguments)
        .current_dir(folder)
        .env("TMPDIR", folder)
        // no browser is found there
        .env("PATH", folder)
        .env_remove("BROWSER")
        .output()
        .expect("the command starts");
    Run {
        code: run.status.code().expect("it ends by itself"),
        out: String::from_utf8(run.stdout).expect("text"),
        err: String::from_utf8(run.stderr).expect("text"),
    }
}

/// A folder with the trial `t`, simulated for clinicians, and the run's folder.
fn simulated() -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().expect("a folder for the test");
    let root = place.path();
    assert_eq!(cytotrial(root, &["new", "t", "--from", "NCT06379451"]).code, 0);
    let path = root.join("t/compare.toml");
    let text = fs::read_to_string(&path).expect("the comparison");
    let text = text.replace("[report]\n", "[report]\naudience = \"clinician\"\n");
    fs::write(&path, text).expect("the comparison, changed");
    let arguments =
        ["simulate", "t", "--replicates", "1", "--patients", "3", "--arms", "car-nk,no-treatment"];
    let run = cytotrial(root, &arguments);
    assert_eq!(run.code, 0, "{}", run.err);
    let mut runs = fs::read_dir(root.join("t/runs")).expect("runs");
    let run = runs.next().expect("a run").expect("readable").path();
    (place, run)
}

fn every_file(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            found.extend(every_file(&path));
        } else {
            let bytes = fs::read(&path).expect("a file");
            found.push((path, bytes));
        }
    }
    found.sort();
    found
}

#[test]
fn a_kept_report_is_made_for_any_reader_in_any_form_and_the_run_stays_as_it_was() {
    let (place, run) = simulated();
    let root = place.path();
    let before = every_file(&run);
    let own = fs::read_to_string(run.join("report.html")).expect("the page");
    assert!(own.contains("Made for the clinician") && !own.contains("id=\"provenance\""));
    // the same bytes as those the simulation wrote, from the data alone
    let page = cytotrial(root, &["report", "t", "--to", "html"]);
    assert_eq!((page.code, page.err.as_str()), (0, ""));
    assert!(page.out == own, "the page made from report.json is another one");
    let whole = cytotrial(root, &["report", "t", "--audience", "reviewer", "--to", "html"]);
    assert!(whole.out.contains("id=\"provenance\"") && !whole.out.contains("Made for the"));
    let text = cytotrial(&root.join("t"), &["report"]);
    assert!(text.code == 0 && text.out.contains("Answer"), "{}", text.err);
    assert!(!text.out.contains('\u{1b}'), "no colours outside a terminal");
    let shown = run.to_string_lossy().into_owned();
    let markdown = cytotrial(root, &["report", &shown, "--to", "markdown"]);
    assert!(markdown.out.contains("## Answer"), "{}", markdown.out);
    for arguments in [&["report", "t", "--json"][..], &["report", "t", "--to", "json"]] {
        let json = cytotrial(root, arguments);
        let value: serde_json::Value = serde_json::from_str(&json.out).expect("one document");
        assert!(value["blocks"].as_array().is_some_and(|blocks| blocks.len() > 20));
    }
    let written = cytotrial(root, &["report", "t", "--audience", "statistician", "--out", "s.md"]);
    assert_eq!((written.code, written.out.as_str()), (0, "report: s.md\n"), "{}", written.err);
    assert!(fs::read_to_string(root.join("s.md")).expect("it").contains("Made for the statist"));
    assert_eq!(every_file(&run), before);
}

#[test]
fn without_a_browser_the_report_is_still_there_and_said_to_be() {
    let (place, run) = simulated();
    let root = place.path();
    let own = cytotrial(root, &["report", "t", "--open"]);
    assert_eq!(own.code, 0);
    assert!(own.err.contains("no browser could be started"), "{}", own.err);
    assert!(own.out.trim_end().ends_with("report.html") && own.out.contains("runs"), "{}", own.out);
    let other = cytotrial(root, &["report", "t", "--open", "--audience", "reviewer", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&other.out).expect("one document");
    assert_eq!(value["opened"], false);
    let file = PathBuf::from(value["file"].as_str().expect("a path"));
    assert!(!file.starts_with(&run) && fs::read_to_string(file).expect("it").contains("<!doctype"));
}

#[test]
fn what_cannot_be_done_is_refused_with_its_reason() {
    let (place, run) = simulated();
    let root = place.path();
    let inside = run.join("report-clinician.html").to_string_lossy().into_owned();
    fs::write(root.join("there.html"), "mine").expect("a file");
    let page = run.join("report.html").to_string_lossy().into_owned();
    for (arguments, code, said) in [
        (&["report", "nowhere"][..], 1, "error[F101]"),
        (&["report", "t", "--out", &inside], 2, "a run is never changed"),
        (&["report", "t", "--out", &page, "--force"], 2, "a run is never changed"),
        (&["report", "t", "--out", "there.html"], 2, "is there already"),
        (&["report", "t", "--out", "there.xyz"], 2, "names no form"),
        (&["report", "t", "--open", "--to", "json"], 2, "only a page"),
        (&["report", "t", "--audience", "lawyer"], 2, "possible values"),
        (&["report", "t", "--out", "no/such/folder/r.html"], 3, "error[F303]"),
    ] {
        let ran = cytotrial(root, arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(said), "{arguments:?}: {}", ran.err);
    }
    assert_eq!(fs::read_to_string(root.join("there.html")).expect("it"), "mine");
    fs::create_dir(root.join("empty")).expect("a folder");
    let none = cytotrial(root, &["report", "empty"]);
    assert!(none.code == 1 && none.err.contains("error[F301]"), "{}", none.err);
    let copy = root.join("copy");
    fs::create_dir(&copy).expect("a folder");
    fs::write(copy.join("run.json"), "{}").expect("a file");
    let lost = cytotrial(root, &["report", "copy"]);
    assert!(lost.code == 1 && lost.err.contains("error[F302]"), "{}", lost.err);
    fs::write(copy.join("report.json"), "{\"schema\":7}").expect("a file");
    let other = cytotrial(root, &["report", "copy"]);
    assert!(other.code == 1 && other.err.contains("the form 7"), "{}", other.err);
}
