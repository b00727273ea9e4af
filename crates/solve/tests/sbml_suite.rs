//! The cases of the SBML Test Suite in the folder that `CYTOTRIAL_SBML_SUITE` names.
//!
//! The suite is not part of this repository: <https://github.com/sbmlteam/sbml-test-suite>. The folder
//! holds `cases.csv` (case, levels, tags) and `cases/NNNNN/`. Each model of a case, at every level and
//! version that is there and read, must give the case's results.

#![allow(clippy::unwrap_used, reason = "a case that cannot be read must end the test")]
#![allow(clippy::print_stderr, reason = "a test says what it skipped and what it found")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cytotrial_solve::{Method, Settings, Start, compile, run};
use model::{Kind, Model};

/// How a case is run and judged.
struct Case {
    start: f64,
    duration: f64,
    steps: u32,
    variables: Vec<String>,
    absolute: f64,
    relative: f64,
    amounts: Vec<String>,
    concentrations: Vec<String>,
}

fn case(text: &str) -> Case {
    let fields: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(key, value)| (key.trim(), value.trim()))
        .collect();
    let number = |key: &str| fields[key].parse::<f64>().unwrap();
    let names = |key: &str| -> Vec<String> {
        let list = fields.get(key).copied().unwrap_or_default().split(',');
        list.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
    };
    Case {
        start: number("start"),
        duration: number("duration"),
        steps: fields["steps"].parse().unwrap(),
        variables: names("variables"),
        absolute: number("absolute"),
        relative: number("relative"),
        amounts: names("amount"),
        concentrations: names("concentration"),
    }
}

/// A column of the results: a symbol, and the compartment by which its value is multiplied (1) or
/// divided (-1).
struct Column {
    name: String,
    room: Option<String>,
    power: i32,
}

fn columns(case: &Case, model: &Model) -> Vec<Column> {
    case.variables
        .iter()
        .map(|name| {
            // a name that is a word of Antimony has a `_` more when it comes from there
            let id = model.symbol(name).or_else(|| model.symbol(&format!("{name}_")));
            let id = id.unwrap_or_else(|| panic!("no `{name}`"));
            let own = &model.symbols[id.0 as usize].name;
            let column = |room, power| Column { name: own.clone(), room, power };
            let Kind::Species(species) = model.symbols[id.0 as usize].kind else {
                return column(None, 0);
            };
            let room = species.compartment.map(|id| model.symbols[id.0 as usize].name.clone());
            match species.is_amount {
                true if case.concentrations.contains(name) => column(room, -1),
                false if case.amounts.contains(name) => column(room, 1),
                _ => column(None, 0),
            }
        })
        .collect()
}

/// What is off with a model, and with what becomes of it in either language.
fn difference(case: &Case, path: &Path, results: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let model = match model::sbml::read(&text) {
        Ok(model) => model,
        Err(problems) => return Some(format!("{:?}", problems[0])),
    };
    let antimony = model::antimony::write(&model);
    let rewritten = [
        ("SBML", model::sbml::read(&model::sbml::write(&model))),
        ("Antimony", model::antimony::read(&antimony)),
    ];
    for (language, read) in rewritten {
        let wrong = match read {
            Ok(model) => wrong_value(case, &model, results),
            Err(problems) => Some(format!("{:?} in {antimony}", problems[0])),
        };
        if let Some(wrong) = wrong {
            return Some(format!("as {language}: {wrong}"));
        }
    }
    wrong_value(case, &model, results)
}

/// The first value that is off, in words.
fn wrong_value(case: &Case, model: &Model, results: &str) -> Option<String> {
    let program = match compile(model) {
        Ok(program) => program,
        Err(error) => return Some(error.to_string()),
    };
    let columns = columns(case, model);
    let rows: Vec<Vec<f64>> = results
        .lines()
        .skip(1)
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.split(',').map(|cell| cell.trim().parse().unwrap()).collect())
        .collect();
    assert_eq!(rows.len(), case.steps as usize + 1);
    let settings = Settings {
        method: Method::Automatic,
        relative: 1e-9_f64.min(case.relative * 1e-4),
        absolute: 1e-12_f64.min(case.absolute * 1e-6),
        ..Settings::default()
    };
    let start = Start { time: 0.0, ..Start::default() };
    let mut row = 0;
    let mut wrong = None;
    let time = |row: usize| case.start + case.duration * row as f64 / f64::from(case.steps);
    let ended = run(&program, &[start], &settings, |_, stop| {
        if stop.time() < time(row) {
            return Some(time(row));
        }
        for (column, want) in columns.iter().zip(&rows[row][1..]) {
            let read = |name: &str| stop.value(program.symbol(name).unwrap());
            let size = column.room.as_ref().map_or(1.0, |room| read(room));
            let got = read(&column.name) * size.powi(column.power);
            let fits = (got - want).abs() <= case.absolute + case.relative * want.abs()
                || (got.is_nan() && want.is_nan())
                || got.to_bits() == want.to_bits();
            if !fits && wrong.is_none() {
                let at = stop.time();
                wrong = Some(format!("{} at {at}: {got} instead of {want}", column.name));
            }
        }
        row += 1;
        (row < rows.len() && wrong.is_none()).then(|| time(row))
    });
    wrong.or_else(|| ended[0].as_ref().err().map(ToString::to_string))
}

/// What is wrong with a case, over all its models.
fn run_case(folder: &Path, name: &str) -> Vec<String> {
    let read = |end: &str| std::fs::read_to_string(folder.join(format!("{name}-{end}"))).unwrap();
    let case = case(&read("settings.txt"));
    let results = read("results.csv");
    let mut wrong = Vec::new();
    for level in ["l2v4", "l2v5", "l3v1", "l3v2"] {
        let path: PathBuf = folder.join(format!("{name}-sbml-{level}.xml"));
        if path.exists()
            && let Some(difference) = difference(&case, &path, &results)
        {
            wrong.push(format!("{name} {level}: {difference}"));
        }
    }
    wrong
}

#[test]
fn every_case_of_the_suite_passes() {
    let Some(root) = std::env::var_os("CYTOTRIAL_SBML_SUITE").map(PathBuf::from) else {
        eprintln!(
            "skipped: CYTOTRIAL_SBML_SUITE names no folder with cases of the SBML Test Suite"
        );
        return;
    };
    let list = std::fs::read_to_string(root.join("cases.csv")).unwrap();
    let mut rates: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let mut failed = Vec::new();
    for line in list.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let wrong = run_case(&root.join("cases").join(cells[0]), cells[0]);
        for tag in cells[2].split(' ').chain(["all"]) {
            let rate = rates.entry(tag.to_owned()).or_default();
            rate.0 += u32::from(wrong.is_empty());
            rate.1 += 1;
        }
        failed.extend(wrong);
    }
    for (tag, (passed, cases)) in &rates {
        eprintln!("{tag:32} {passed:4} of {cases:4}");
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
