//! The reference model's eight arms: against independent solvers, and alike on all vectors.

use solve::{Program, Settings, SingleCell, Start, SymbolId, VectorSet, run_on};

use super::{Check, larger, number, rows};
use crate::library;

const REFERENCE: &str = include_str!("../../../../../golden/solve/reference_trajectories.csv");
const MODEL: &str = "models/reference-model.ant";

/// Columns of the table that are states: after arm and day.
const STATES: std::ops::Range<usize> = 2..27;
/// States that count cells.
const CELLS: std::ops::Range<usize> = 2..16;

/// An arm of the table: constants that differ, and doses by day, state and amount.
struct Arm {
    name: &'static str,
    sets: &'static [(&'static str, f64)],
    doses: Vec<(f64, &'static str, f64)>,
}

fn arms() -> [Arm; 8] {
    let depletion = [-5.0, -4.0, -3.0].map(|day| (day, "Dld", 0.5));
    let arm = |name, sets, doses: &[(f64, &'static str, f64)]| {
        let depletion = if doses.is_empty() { &[][..] } else { &depletion };
        Arm { name, sets, doses: [depletion, doses].concat() }
    };
    let nk = [0.0, 7.0, 14.0].map(|day| (day, "Nb", 0.6));
    let t = (0.0, "Cb", 0.45);
    [
        arm("no_treatment", &[], &[]),
        arm("car_nk_3x1e9_unarmoured", &[], &nk),
        arm("car_nk_3x1e9_armoured", &[("a15", 0.6)], &nk),
        arm("bcma_car_t_450e6", &[], &[t]),
        arm("bcma_car_t_50e6", &[], &[(0.0, "Cb", 0.05)]),
        arm("bcma_car_t_450e6_toci_t6", &[], &[t, (6.0, "TOCI", 16.0)]),
        arm("bcma_cs1_car_t_450e6", &[("k2", 1.0), ("cB2", 0.8), ("cP2", 0.8)], &[t]),
        arm("bcma_cd19_car_t_450e6", &[("k2", 1.0), ("cB2", 0.02), ("cP2", 0.9)], &[t]),
    ]
}

/// One check of the values, and one per set of vector instructions beyond the plain ones.
pub(super) fn checks() -> Vec<Check> {
    let name = "the reference model's eight arms against LSODA and CVODE";
    let Some(program) = program() else {
        return vec![Check::same(name, "the model compiles", "it does not")];
    };
    let mut largest = 0.0;
    let mut plain = Vec::new();
    let arms = arms();
    for arm in &arms {
        let (days, reference) = table(arm.name);
        let values = follow(VectorSet::available().next(), &program, arm, &days);
        largest = larger(largest, deviation(&values, &reference));
        plain.push(values);
    }
    let what = "of the tolerance (1e-3 relative, 1e-8)";
    let mut checks = vec![Check::within(name, what, largest, 1.0)];
    for set in VectorSet::available().skip(1) {
        let alike = arms.iter().zip(&plain).filter(|(arm, plain)| {
            let values = follow(Some(set), &program, arm, &table(arm.name).0);
            let bits = |rows: &[Vec<f64>]| -> Vec<u64> {
                rows.iter().flatten().map(|value| value.to_bits()).collect()
            };
            bits(&values) == bits(plain)
        });
        let name = format!("the same bits on {}", set.name());
        checks.push(Check::same(&name, "8 arms", format!("{} arms", alike.count())));
    }
    checks
}

fn program() -> Option<Program> {
    let model = model::antimony::read(library::text(MODEL)?).ok()?;
    let program = solve::compile(&model).ok()?;
    let has_all = states(&program, STATES).len() == STATES.len();
    (has_all && program.symbol("tlast").is_some()).then_some(program)
}

fn states(program: &Program, columns: std::ops::Range<usize>) -> Vec<SymbolId> {
    let header = REFERENCE.lines().find(|line| !line.starts_with('#')).unwrap_or_default();
    let names = header.split(',').skip(columns.start).take(columns.len());
    names.filter_map(|name| program.symbol(name)).collect()
}

/// Days and values of an arm.
fn table(arm: &str) -> (Vec<f64>, Vec<Vec<f64>>) {
    let rows = rows(REFERENCE).filter(|row| row[0] == arm);
    rows.map(|row| (number(row[1]), row[STATES].iter().map(|cell| number(cell)).collect())).unzip()
}

/// The typical patient of an arm: values on the table's days, just after a dose.
fn follow(set: Option<VectorSet>, program: &Program, arm: &Arm, days: &[f64]) -> Vec<Vec<f64>> {
    let (Some(set), Some(first)) = (set, days.first()) else { return Vec::new() };
    let cells = states(program, CELLS);
    let symbol = |name: &str| program.symbol(name);
    let small = ["Rh", "Dld", "MAC"].into_iter().filter_map(symbol).map(|state| (state, 1e-9));
    let settings = Settings {
        relative: 1e-6,
        absolute: 1e-4,
        absolute_of: cells.iter().map(|&state| (state, 1e-12)).chain(small).collect(),
        single_cell: SingleCell::Deterministic { states: cells, cell: 1e-9 },
        ..Settings::default()
    };
    let sets = arm.sets.iter();
    let overrides = sets.filter_map(|&(name, value)| Some((symbol(name)?, value))).collect();
    let start = Start { time: *first, overrides, stream: None };
    let (outputs, last_infusion) = (states(program, STATES), symbol("tlast"));
    let mut rows = Vec::new();
    let results = run_on(set, program, &[start], &settings, |_, stop| {
        let now = stop.time();
        for &(_, name, amount) in arm.doses.iter().filter(|dose| is_now(dose.0, now)) {
            if let Some(state) = symbol(name) {
                stop.set(state, stop.value(state) + amount);
            }
            if let Some(last) = last_infusion.filter(|_| name == "Nb") {
                stop.set(last, now);
            }
        }
        if days.iter().any(|&day| is_now(day, now)) {
            rows.push(outputs.iter().map(|&output| stop.value(output)).collect());
        }
        let later = days.iter().chain(arm.doses.iter().map(|dose| &dose.0));
        later.copied().filter(|&day| day > now).reduce(f64::min)
    });
    if results.iter().all(Result::is_ok) { rows } else { Vec::new() }
}

/// Times are copied, never computed.
#[allow(clippy::float_cmp, reason = "the time of a stop is the very number that was asked for")]
fn is_now(day: f64, now: f64) -> bool {
    day == now
}

/// The largest deviation in units of the tolerance; not a number when rows are missing.
fn deviation(values: &[Vec<f64>], reference: &[Vec<f64>]) -> f64 {
    if values.is_empty() || values.len() != reference.len() {
        return f64::NAN;
    }
    let pairs = values.iter().flatten().zip(reference.iter().flatten());
    let deviations = pairs.map(|(ours, want)| (ours - want).abs() / (1e-3 * want.abs() + 1e-8));
    deviations.fold(0.0, larger)
}
