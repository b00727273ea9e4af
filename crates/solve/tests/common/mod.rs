//! Golden tables and the problems they belong to.
#![allow(dead_code, reason = "each test file uses its part")]

use cytotrial_solve::{Program, Settings, Start, SymbolId, Trajectories, compile, trajectories};
use model::Model;

/// The text of a file of the repository.
pub(crate) fn text(name: &str) -> String {
    let path = format!("{}/../../{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A comma-separated table; lines that begin with # are notes.
pub(crate) struct Table {
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn golden(name: &str) -> Self {
        let text = text(&format!("golden/solve/{name}"));
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let cells = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
        let header = cells(lines.next().unwrap());
        Self { header, rows: lines.map(cells).collect() }
    }

    pub(crate) fn column(&self, name: &str) -> usize {
        self.header.iter().position(|h| h == name).unwrap_or_else(|| panic!("column {name}"))
    }

    pub(crate) fn number(&self, row: usize, column: usize) -> f64 {
        self.rows[row][column].parse().unwrap()
    }
}

pub(crate) fn read_model(name: &str) -> Model {
    model::antimony::read(&text(&format!("models/{name}.ant")))
        .unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// A problem with its patients and reference solution.
pub(crate) struct Problem {
    pub(crate) program: Program,
    pub(crate) starts: Vec<Start>,
    pub(crate) reference: Table,
    pub(crate) times: Vec<f64>,
    pub(crate) outputs: Vec<SymbolId>,
    pub(crate) dose_days: Vec<f64>,
}

/// Problem `p1` or `p2`.
pub(crate) fn problem(name: &str) -> Problem {
    let program = compile(&read_model(name)).unwrap();
    let patients = Table::golden(&format!("{name}_patients.csv"));
    let starts = (0..patients.rows.len())
        .map(|row| {
            let overrides = patients.header[1..]
                .iter()
                .enumerate()
                .map(|(i, header)| {
                    let symbol = header.strip_suffix("_0").unwrap_or(header);
                    (program.symbol(symbol).unwrap(), patients.number(row, i + 1))
                })
                .collect();
            Start { time: 0.0, overrides, stream: None }
        })
        .collect();
    let reference = Table::golden(&format!("{name}_reference.csv"));
    let times = (0..78).map(|row| reference.number(row, 1)).collect();
    let outputs = reference.header[2..].iter().map(|h| program.symbol(h).unwrap()).collect();
    let dose_days = if name == "p1" { vec![5.0] } else { vec![7.0, 14.0] };
    Problem { program, starts, reference, times, outputs, dose_days }
}

/// The problem's trajectories; its doses are events of the text.
pub(crate) fn run_problem(problem: &Problem, settings: &Settings) -> Trajectories {
    let Problem { program, starts, times, outputs, .. } = problem;
    trajectories(program, starts, settings, times, outputs, &[])
}

/// Each patient's largest |y - ref| / (|ref| + 1e-3 max|ref| + 1e-9), dose days left out.
pub(crate) fn errors(problem: &Problem, got: &Trajectories) -> Vec<f64> {
    let times = &problem.times;
    (0..got.patients)
        .map(|patient| {
            got.results[patient].as_ref().unwrap();
            let mut worst = 0.0_f64;
            for output in 0..got.outputs {
                let want = |time: usize| {
                    problem.reference.number(patient * times.len() + time, output + 2)
                };
                let largest = (0..times.len()).map(|t| want(t).abs()).fold(0.0, f64::max);
                for (t, time) in times.iter().enumerate() {
                    if !problem.dose_days.contains(time) {
                        let error = (got.value(output, t, patient) - want(t)).abs();
                        worst = worst.max(error / (want(t).abs() + 1e-3 * largest + 1e-9));
                    }
                }
            }
            worst
        })
        .collect()
}
