//! One study in four formats, and one simulated and read back: the same outcomes.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{cytotrial, evaluate, folder, protocol, root};

fn examples() -> std::path::PathBuf {
    root().join("examples/evaluate")
}

fn answer(data: &Path) -> Value {
    let run = evaluate(data, &["--json", "--quiet"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let mut answer: Value = serde_json::from_str(&run.out).expect("one JSON document");
    // warnings name files and lines, which differ by format
    answer["warnings"] = Value::Null;
    answer
}

/// The tables of a study that `evaluate` reads again: what it derived stays behind.
fn exported(result: &Path, to: &str, place: &Path) {
    let (result, place_shown) = (result.display().to_string(), place.display().to_string());
    let run = cytotrial(&["export", &result, "--to", to, "--out", &place_shown]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("adsl") && run.out.contains("columns.csv"), "{}", run.out);
}

#[test]
fn the_same_study_in_every_format_has_the_same_outcomes() {
    let place = folder(&[]);
    let result = place.path().join("result");
    let run = evaluate(&examples(), &["--quiet", "--out", &result.display().to_string()]);
    assert_eq!(run.code, 0, "{}", run.err);
    let want = answer(&examples());
    assert_eq!(want["subjects"].as_array().map(Vec::len), Some(6));
    for to in ["csv", "parquet", "dataset-json", "dataset-ndjson", "dataset-dsjc", "xpt"] {
        let folder = place.path().join(to);
        exported(&result, to, &folder);
        let mut got = answer(&folder);
        for (got, want) in got["subjects"]
            .as_array_mut()
            .expect("a list")
            .iter_mut()
            .zip(want["subjects"].as_array().expect("a list"))
        {
            assert_eq!(got, want, "{to}");
        }
        assert_eq!(got, want, "{to}");
    }
}

#[test]
fn a_simulated_study_read_from_files_has_the_outcomes_that_were_reported() {
    let place = folder(&[]);
    let trial = place.path().join("t").display().to_string();
    assert_eq!(cytotrial(&["new", &trial, "--from", "NCT06379451"]).code, 0);
    let arguments =
        ["simulate", &trial, "--replicates", "1", "--patients", "4", "--quiet", "--json"];
    let run = cytotrial(&arguments);
    assert_eq!(run.code, 0, "{}", run.err);
    let about: Value = serde_json::from_str(&run.out).expect("one JSON document");
    let made = about["run"].as_str().expect("a folder").to_owned();
    let reported = |name: &str| {
        fs::read_to_string(Path::new(&made).join("tables").join(name)).expect("a table")
    };
    for to in ["csv", "xpt", "dataset-dsjc"] {
        let data = place.path().join(to);
        exported(Path::new(&made), to, &data);
        let out = place.path().join(format!("{to}-result"));
        let run = evaluate(&data, &["--quiet", "--out", &out.display().to_string()]);
        assert_eq!(run.code, 0, "{}", run.err);
        for name in ["adrs.csv", "adtte.csv", "adpp.csv", "adsl.csv", "adae.csv", "adex.csv"] {
            let again = fs::read_to_string(out.join("tables").join(name)).expect("a table");
            assert!(again.lines().count() > 4, "{name} has rows");
            assert_eq!(again, reported(name), "{to}: {name}");
        }
    }
    let arms = reported("adsl.csv");
    for arm in ["car-nk", "bcma-car-t", "no-treatment"] {
        assert!(arms.contains(&format!(",{arm},")), "{arm}");
    }
}

#[test]
fn the_next_dose_comes_from_the_patients_or_has_to_wait() {
    let data = examples().display().to_string();
    let protocol = protocol();
    let ask = ["design", "next-dose", "--protocol", &protocol, "--data"];
    let asked = |data: &str| cytotrial(&[&ask[..], &[data, "--json"]].concat());
    let run = asked(&data);
    assert_eq!(run.code, 0, "{}", run.err);
    let answer: Value = serde_json::from_str(&run.out).expect("one JSON document");
    assert_eq!(answer["action"], "escalate", "{answer}");
    assert_eq!(answer["next_level"], 3);
    assert_eq!(answer["doses"][1]["evaluable"], 3);
    let cut = [&ask[..], &[&data, "--cutoff", "2025-04-30"]].concat();
    let run = cytotrial(&cut);
    assert!(run.code == 4 && run.err.contains("still in the DLT window"), "{}", run.err);
    let counts = ["design", "next-dose", "boin", "--target", "0.3", "--counts", "0/3"];
    let run = cytotrial(&[&counts[..], &["--cutoff", "2025-04-30"]].concat());
    assert!(run.code == 2 && run.err.contains("--data DIR"), "{}", run.err);
    // seen a week after the last infusion: the window of the last patient is open
    let copy = folder(&[]);
    for name in ["subjects.csv", "doses.csv", "visits.csv", "results.csv", "events.csv"] {
        let text = fs::read_to_string(examples().join(name)).expect("an example");
        let text: String = if name == "subjects.csv" {
            text.replace("2025-06-30", "2025-05-06")
                .replace("2025-06-02,myeloma,2025-06-02", ",,2025-05-06")
        } else {
            let header = text.lines().next().unwrap_or_default().to_owned();
            let early = text
                .lines()
                .skip(1)
                .filter(|line| !line.contains("2025-05-") && !line.contains("2025-06-"));
            let lines: Vec<&str> = std::iter::once(header.as_str()).chain(early).collect();
            lines.join("\n") + "\n"
        };
        fs::write(copy.path().join(name), text).expect("a copy");
    }
    let run = asked(&copy.path().display().to_string());
    assert_eq!(run.code, 4, "{}{}", run.out, run.err);
    assert!(run.err.contains("still in the DLT window"), "{}", run.err);
    fs::remove_file(copy.path().join("events.csv")).expect("an example");
    let run = asked(&copy.path().display().to_string());
    assert!(run.code == 1 && run.err.contains("error[E118]"), "{}", run.err);
}
