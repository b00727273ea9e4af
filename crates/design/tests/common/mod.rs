//! Golden files as rows by column name, and comparisons of characteristics.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::print_stdout, reason = "scores are worth seeing")]

use std::collections::BTreeMap;

use cytotrial_design::{ALL, Characteristics, Design, DoseCounts};

/// A row of a golden file.
pub struct Row(pub BTreeMap<String, String>);

impl Row {
    pub fn text(&self, column: &str) -> &str {
        self.0.get(column).unwrap_or_else(|| panic!("column {column}"))
    }

    pub fn number(&self, column: &str) -> f64 {
        number(self.text(column))
    }

    pub fn count(&self, column: &str) -> u32 {
        self.number(column) as u32
    }

    pub fn list(&self, column: &str) -> Vec<f64> {
        self.text(column).split_whitespace().map(number).collect()
    }

    pub fn counts(&self, column: &str) -> Vec<u32> {
        self.list(column).into_iter().map(|value| value as u32).collect()
    }

    /// A number, or nothing where the cell is empty.
    pub fn maybe(&self, column: &str) -> Option<f64> {
        let text = self.text(column);
        (!text.is_empty() && text != "NA").then(|| number(text))
    }
}

pub fn number(cell: &str) -> f64 {
    cell.parse().unwrap_or_else(|_| panic!("`{cell}` is a number"))
}

/// The rows of a golden file, at least so many.
pub fn rows(name: &str, least: usize) -> Vec<Row> {
    let path = format!("{}/../../golden/design/{name}.csv", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the golden file is in the repository");
    assert!(text.starts_with("# source: ") && text.contains("\n# tolerance: "), "{name}");
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let row = |line: &str| {
        let cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        assert_eq!(cells.len(), header.len(), "{name}: {line}");
        Row(header.iter().map(|name| (*name).to_owned()).zip(cells).collect())
    };
    let rows: Vec<Row> = lines.map(row).collect();
    assert!(rows.len() >= least, "{name} has {} rows", rows.len());
    rows
}

/// A design by its name and settings.
pub fn design(name: &str, settings: &str) -> Box<dyn Design> {
    let entry = ALL.iter().find(|entry| entry.name == name).expect("a listed design");
    (entry.from_toml)(settings).unwrap_or_else(|error| panic!("{name}: {error}\n{settings}"))
}

/// A list of numbers as TOML.
pub fn toml_list(values: &[f64]) -> String {
    let values: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
    format!("[{}]", values.join(", "))
}

pub fn doses(patients: &[u32], dlts: &[u32]) -> Vec<DoseCounts> {
    patients.iter().zip(dlts).map(|(&n, &y)| DoseCounts::of(n, y)).collect()
}

pub fn assert_near(got: f64, want: f64, tolerance: f64, what: &str) {
    assert!((got - want).abs() <= tolerance, "{what}: {got} for {want}");
}

pub fn assert_all_near(got: &[f64], want: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (&got, &want) in got.iter().zip(want) {
        assert_near(got, want, tolerance, what);
    }
}

/// Exact characteristics against a row.
pub fn assert_characteristics(row: &Row, got: &Characteristics) {
    let case = row.text("case");
    assert_all_near(&got.selected, &row.list("sel_prob"), 1e-9, case);
    assert_near(got.none, row.number("none_prob"), 1e-9, case);
    assert_all_near(&got.patients, &row.list("mean_n"), 1e-9, case);
    assert_all_near(&got.dlts, &row.list("mean_tox"), 1e-9, case);
}

/// Differences over their standard errors, judged together.
#[derive(Default)]
pub struct Scores(Vec<f64>);

impl Scores {
    /// Compares a share of `trials` with a probability known with its own error.
    pub fn share(&mut self, got: f64, got_error: f64, want: f64, trials: f64) {
        // The error of the file, floored so that a share of 0 has one.
        let rate = want.clamp(0.5 / trials, 1.0 - 0.5 / trials);
        let error = (rate * (1.0 - rate) / trials + got_error * got_error).sqrt();
        // Shares with less than five trials on one side are not normal.
        if trials * want.min(1.0 - want) >= 5.0 {
            self.0.push((got - want) / error);
        } else {
            assert!((got - want).abs() < 10.0 / trials + 4.0 * got_error, "{got} for {want}");
        }
    }

    pub fn push(&mut self, score: f64) {
        self.0.push(score);
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Their standard deviation around their mean.
    pub fn spread(&self) -> f64 {
        let count = self.0.len() as f64;
        let mean = self.0.iter().sum::<f64>() / count;
        (self.0.iter().map(|z| (z - mean) * (z - mean)).sum::<f64>() / count).sqrt()
    }

    /// Every |z| below 4; the spread of z between 0.8 and 1.2 where there are enough of them.
    pub fn judge(&self, what: &str) {
        let count = self.0.len() as f64;
        let mean = self.0.iter().sum::<f64>() / count;
        let spread = self.spread();
        let most = self.0.iter().fold(0.0_f64, |most, z| most.max(z.abs()));
        println!("{what}: {count} scores, mean {mean:.3}, sd {spread:.3}, largest {most:.2}");
        assert!(most < 4.0, "{what}: largest z {most}");
        assert!(self.0.len() < 60 || (0.8..1.2).contains(&spread), "{what}: sd of z {spread}");
    }
}
