//! The settings of a case of the SBML Test Suite, and a table of values as its runner reads it.

use std::collections::BTreeMap;

use records::column::{Column, Table};

use crate::problem::Problem;

/// Tolerances of steps are so much smaller than those that the results are compared with.
const TIGHTER: (f64, f64) = (1e-4, 1e-6);
/// Tolerances of steps are at most these, relative and absolute.
const LOOSEST: (f64, f64) = (1e-9, 1e-12);
/// More steps are a slip of the hand.
const MOST_STEPS: f64 = 1e7;

/// What a case asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Suite {
    /// When values are noted; a run begins at 0 whatever the first is.
    pub times: Vec<f64>,
    /// What is noted.
    pub columns: Vec<String>,
    /// Species that are noted as amounts.
    pub amounts: Vec<String>,
    /// Species that are noted as concentrations.
    pub concentrations: Vec<String>,
    /// Relative tolerance of steps.
    pub relative: f64,
    /// Absolute tolerance of steps.
    pub absolute: f64,
}

impl Suite {
    /// Reads a file of settings: `start`, `duration`, `steps`, `variables`, `absolute`, `relative`,
    /// `amount`, `concentration`, each before a colon.
    ///
    /// # Errors
    /// Every setting that is missing or no number.
    pub fn read(text: &str, file: &str) -> Result<Self, Vec<Problem>> {
        let settings: BTreeMap<&str, &str> = text
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(key, value)| (key.trim(), value.trim()))
            .collect();
        let mut problems = Vec::new();
        let mut number = |key: &str| {
            let value = settings.get(key).and_then(|value| value.parse::<f64>().ok());
            value.filter(|value| *value >= 0.0 && value.is_finite()).unwrap_or_else(|| {
                let message = format!("the settings have no number from 0 on as `{key}`");
                let help = "a case has start, duration, steps, variables, absolute and relative";
                problems.push(Problem::error("M108", file, "", message, help));
                0.0
            })
        };
        let (start, duration, steps) = (number("start"), number("duration"), number("steps"));
        let (absolute, relative) = (number("absolute"), number("relative"));
        if !(1.0..=MOST_STEPS).contains(&steps) {
            let message = format!("the settings ask for {steps} steps");
            problems.push(Problem::error("M108", file, "", message, "ask for 1 to 10 million"));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let names = |key: &str| -> Vec<String> {
            let list = settings.get(key).copied().unwrap_or_default().split(',');
            list.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
        };
        let steps = steps as u32;
        let time = |row: u32| start + duration * f64::from(row) / f64::from(steps);
        Ok(Self {
            times: (0..=steps).map(time).collect(),
            columns: names("variables"),
            amounts: names("amount"),
            concentrations: names("concentration"),
            relative: (relative * TIGHTER.0).clamp(1e-14, LOOSEST.0),
            absolute: (absolute * TIGHTER.1).clamp(1e-300, LOOSEST.1),
        })
    }
}

/// A table as the suite's runner reads it: what is not finite is `NaN`, `INF` or `-INF`.
pub fn suite_csv(table: &Table) -> String {
    let names: Vec<&str> = table.columns.iter().map(|field| field.name.as_str()).collect();
    let mut text = names.join(",") + "\n";
    for row in 0..table.rows() {
        let cells = table.columns.iter().map(|field| match &field.column {
            Column::Number(values) => values[row].map_or_else(|| "NaN".to_owned(), shown),
            _ => String::new(),
        });
        text += &cells.collect::<Vec<_>>().join(",");
        text.push('\n');
    }
    text
}

fn shown(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "INF".to_owned() } else { "-INF".to_owned() }
    } else {
        records::csv::number(value)
    }
}
