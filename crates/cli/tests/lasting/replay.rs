//! A patient who cannot be computed is counted, told, and can be looked at.

use std::fs;

use crate::place::Place;

/// The bundled trial with an arm in which no patient can be computed.
fn place() -> Place {
    let place = Place::new();
    let path = place.path("t/compare.toml");
    let text = fs::read_to_string(&path).expect("the arms");
    let arm = "[arm.runaway]\nbase = \"bcma-car-t\"\nset = { kd = 1e300 }\n\n[arm.no-treatment]";
    let source = "\"arm.runaway\" = \"assumed: a rate beyond all sense\"\n\"targets\" = ";
    let text = text.replace("[arm.no-treatment]", arm).replace("\"targets\" = ", source);
    fs::write(path, text).expect("one arm more");
    place
}

#[test]
fn a_patient_beyond_the_solver_is_named_with_the_command_that_replays_it() {
    let place = place();
    let words =
        ["simulate", "t", "--replicates", "2", "--patients", "3", "--arms", "runaway,no-treatment"];
    let run = place.ended(&words);
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert!(run.err.contains("warning[S101]: trial 0, arm `runaway`: patient 1 of NCT06379451"));
    assert!(run.err.contains("beyond day ") && run.err.contains("(state `"), "{}", run.err);
    assert!(run.err.contains("5 of 6 are shown; all are in run.json"), "{}", run.err);
    let about = fs::read_to_string(place.run("t/runs").join("run.json")).expect("run.json");
    let about: serde_json::Value = serde_json::from_str(&about).expect("a document");
    let failed = about["failed"].as_array().expect("a list");
    assert_eq!(failed.len(), 6);
    // The command in the message works as it stands.
    let help = run.err.split('`').find(|part| part.contains("--replay")).expect("a command");
    assert!(help.contains("--seed 20240418"), "{help}");
    let words: Vec<&str> = help.split_whitespace().skip(1).collect();
    let replayed = place.ended(&words);
    assert_eq!(replayed.code, Some(0), "{}", replayed.err);
    let day = format!("beyond day {:.2}", failed[0]["day"].as_f64().expect("a day"));
    assert!(replayed.out.contains(&day), "{}", replayed.out);
    assert!(replayed.out.contains("counted as not evaluable"), "{}", replayed.out);
}

fn with<'a>(words: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    words.iter().chain(more).copied().collect()
}

#[test]
fn a_subject_of_the_tables_is_replayed_with_the_same_values() {
    let place = place();
    let options = ["simulate", "t", "--replicates", "1", "--patients", "3", "--seed", "5"];
    let run = place.ended(&with(&options, &["--arms", "no-treatment"]));
    assert_eq!(run.code, Some(0), "{}", run.err);
    let table = place.run("t/runs").join("tables/adlb.csv");
    let table = fs::read_to_string(table).expect("a table");
    let mut cells = table.lines().flat_map(|line| line.split(','));
    let name = cells.find(|cell| cell.ends_with("-r0-no-treatment")).expect("a subject");
    let rows = table.lines().filter(|line| line.split(',').any(|cell| cell == name)).count();
    assert!(rows > 5, "{rows}");
    let replayed = place.ended(&with(&options, &["--replay", name, "--json"]));
    let answer: serde_json::Value = serde_json::from_str(&replayed.out).expect("one document");
    assert_eq!(answer["subject"], name);
    assert!(answer["failure"].is_null());
    let course = answer["course"].as_array().expect("a list");
    let measured = course.iter().filter(|entry| entry["kind"] == "measured").count();
    assert!(measured >= rows, "{measured} of {rows}");
    let at_start = course.iter().find(|entry| entry["what"] == "platelets").expect("platelets");
    let value = at_start["value"].as_str().and_then(|value| value.split(' ').next());
    let value: f64 = value.expect("a value").parse().expect("a number");
    let is_it = |line: &str| {
        let mut cells = line.split(',');
        let is_row = cells.any(|cell| cell == name) && line.contains(",PLAT,");
        let near = |cell: &str| cell.parse::<f64>().is_ok_and(|v| (v / value - 1.0).abs() < 1e-3);
        is_row && line.split(',').any(near)
    };
    assert!(table.lines().any(is_it), "platelets of {value} are in the table");
    let unknown = place.ended(&with(&options, &["--replay", "NCT06379451-0900-r0-no-treatment"]));
    assert_eq!(unknown.code, Some(2), "{}", unknown.err);
    assert!(unknown.err.contains("was not a subject of that trial"), "{}", unknown.err);
    assert_eq!(place.ended(&with(&options, &["--replay", "somebody"])).code, Some(2));
}
