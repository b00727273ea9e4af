//! Golden tables and the problems they belong to.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a golden file that cannot be read must end the test")]
#![allow(clippy::float_cmp, reason = "times are copied, not computed")]

use cytotrial_solve::{
    Next, Program, Settings, SingleCell, Start, SymbolId, Trajectories, compile, run, trajectories,
};
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
    problem_of(name, &read_model(name))
}

/// Problem `p1` or `p2` from its SBML text.
pub(crate) fn problem_from_sbml(name: &str) -> Problem {
    let text = text(&format!("golden/solve/{name}.sbml.xml"));
    let model = model::sbml::read(&text).unwrap_or_else(|problems| panic!("{problems:?}"));
    problem_of(name, &model)
}

fn problem_of(name: &str, model: &Model) -> Problem {
    let program = compile(model).unwrap();
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
    trajectories(program, starts, settings, times, outputs)
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

/// One arm of the reference model's table.
pub(crate) struct Arm {
    pub(crate) name: &'static str,
    pub(crate) overrides: &'static [(&'static str, f64)],
    /// Time, state, amount.
    pub(crate) doses: &'static [(f64, &'static str, f64)],
}

/// The eight arms; the weights of the second antigen are those of the table of parameters.
pub(crate) fn arms() -> Vec<Arm> {
    const A: (f64, &str, f64) = (-5.0, "Dld", 0.5);
    const B: (f64, &str, f64) = (-4.0, "Dld", 0.5);
    const C: (f64, &str, f64) = (-3.0, "Dld", 0.5);
    const NK: &[(f64, &str, f64)] =
        &[A, B, C, (0.0, "Nb", 0.6), (7.0, "Nb", 0.6), (14.0, "Nb", 0.6)];
    const T450: &[(f64, &str, f64)] = &[A, B, C, (0.0, "Cb", 0.45)];
    let arm = |name, overrides, doses| Arm { name, overrides, doses };
    vec![
        arm("no_treatment", &[], &[]),
        arm("car_nk_3x1e9_unarmoured", &[], NK),
        arm("car_nk_3x1e9_armoured", &[("a15", 0.6)], NK),
        arm("bcma_car_t_450e6", &[], T450),
        arm("bcma_car_t_50e6", &[], &[A, B, C, (0.0, "Cb", 0.05)]),
        arm("bcma_car_t_450e6_toci_t6", &[], &[A, B, C, (0.0, "Cb", 0.45), (6.0, "TOCI", 16.0)]),
        arm("bcma_cs1_car_t_450e6", &[("k2", 1.0), ("cB2", 0.8), ("cP2", 0.8)], T450),
        arm("bcma_cd19_car_t_450e6", &[("k2", 1.0), ("cB2", 0.02), ("cP2", 0.9)], T450),
    ]
}

/// The states that count cells.
pub(crate) const CELLS: [&str; 14] =
    ["T1", "T2", "T3", "T4", "T5", "T6", "TP", "Nb", "Np", "Nm", "Nx", "Cb", "Cm", "Cr"];

/// Columns of the reference table: the 25 states.
pub(crate) fn reference_outputs() -> Vec<String> {
    Table::golden("reference_trajectories.csv").header[2..27].to_vec()
}

/// Runs an arm of the reference model on `patients` copies of the typical patient; for each, the
/// values at the table's times (just after a dose) by time and output. Also the mean step count.
pub(crate) fn run_arm(arm: &Arm, relative: f64, patients: usize) -> (Vec<Vec<Vec<f64>>>, u32) {
    arm_runner(arm, relative)(patients)
}

/// As [`run_arm`], with everything but the run done beforehand.
pub(crate) fn arm_runner(
    arm: &Arm,
    relative: f64,
) -> impl Fn(usize) -> (Vec<Vec<Vec<f64>>>, u32) + use<> {
    let program = compile(&read_model("reference-model")).unwrap();
    let symbol = |name: &str| program.symbol(name).unwrap();
    let table = Table::golden("reference_trajectories.csv");
    let (arm_column, day) = (table.column("arm"), table.column("t_day"));
    let times: Vec<f64> = (0..table.rows.len())
        .filter(|&row| table.rows[row][arm_column] == arm.name)
        .map(|row| table.number(row, day))
        .collect();
    let outputs: Vec<SymbolId> = reference_outputs().iter().map(|name| symbol(name)).collect();
    let cells: Vec<SymbolId> = CELLS.iter().map(|name| symbol(name)).collect();
    let settings = Settings {
        relative,
        absolute: 1e-4,
        absolute_of: cells
            .iter()
            .copied()
            .map(|state| (state, 1e-12))
            .chain(["Rh", "Dld", "MAC"].map(|state| (symbol(state), 1e-9)))
            .collect(),
        single_cell: SingleCell::Deterministic { states: cells, cell: 1e-9 },
        ..Settings::default()
    };
    let overrides = arm.overrides.iter().map(|&(name, value)| (symbol(name), value)).collect();
    let start = Start { time: times[0], overrides, stream: None };
    let doses: Vec<(f64, SymbolId, f64)> =
        arm.doses.iter().map(|&(time, state, amount)| (time, symbol(state), amount)).collect();
    let (nb, tlast) = (symbol("Nb"), symbol("tlast"));
    move |patients| {
        let starts = vec![start.clone(); patients];
        let mut rows = vec![Vec::new(); patients];
        let results = run(&program, &starts, &settings, |patient, stop| {
            let now = stop.time();
            for &(_, state, amount) in doses.iter().filter(|dose| dose.0 == now) {
                stop.set(state, stop.value(state) + amount);
                if state == nb {
                    stop.set(tlast, now);
                }
            }
            if times.contains(&now) {
                rows[patient].push(outputs.iter().map(|&o| stop.value(o)).collect());
            }
            let dose = doses.iter().map(|dose| dose.0).find(|&time| time > now);
            let look = times.iter().copied().find(|&time| time > now);
            match (dose, look) {
                (Some(dose), Some(look)) if look < dose => Some(Next::Look(look)),
                (Some(dose), _) => Some(Next::Stop(dose)),
                (None, look) => look.map(Next::Look),
            }
        });
        let steps: u32 = results.iter().map(|result| result.as_ref().unwrap().steps).sum();
        (rows, steps / patients as u32)
    }
}

/// The largest relative difference where the second is above `least`.
pub(crate) fn largest_error(got: &[Vec<f64>], want: &[Vec<f64>], least: f64) -> f64 {
    let pairs = got.iter().flatten().zip(want.iter().flatten());
    pairs.filter(|(_, want)| **want > least).map(|(g, w)| (g / w - 1.0).abs()).fold(0.0, f64::max)
}
