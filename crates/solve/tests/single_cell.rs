//! The single-cell rule: nothing grows from less than a cell, and small numbers die by chance.

#![allow(clippy::unwrap_used, reason = "a test ends where its premise fails")]
#![allow(clippy::disallowed_methods, reason = "closed forms owe nothing to the solver")]
#![allow(clippy::float_cmp, reason = "exact values are part of the claim")]

mod common;

use common::{CELLS, read_model};
use cytotrial_solve::{Program, Settings, SingleCell, Start, SymbolId, compile, run};
use stats::{Purpose, stream};

const CELL: f64 = 1e-9;
const PATIENTS: u32 = 10_000;

fn symbols(program: &Program, names: &[&str]) -> Vec<SymbolId> {
    names.iter().map(|name| program.symbol(name).unwrap()).collect()
}

#[test]
fn a_product_not_given_stays_exactly_zero_and_nothing_regrows_in_five_years() {
    let program = compile(&read_model("reference-model")).unwrap();
    let cells = symbols(&program, &CELLS);
    let products = symbols(&program, &["Nb", "Np", "Nm", "Nx", "Cb", "Cm", "Cr"]);
    let tumour = symbols(&program, &["T1", "T2", "T3", "T4", "T5", "T6", "TP"]);
    let absolute_of = cells.iter().map(|&state| (state, 1e-12)).collect();
    let settings = Settings {
        absolute: 1e-4,
        absolute_of,
        single_cell: SingleCell::Deterministic { states: cells, cell: CELL },
        ..Settings::default()
    };
    let start = |burden: f64| Start {
        time: 0.0,
        overrides: vec![(program.symbol("T0").unwrap(), burden)],
        stream: None,
    };
    // a full tumour; half a cell; none at all
    let starts = [start(400.0), start(0.5 * CELL), start(0.0)];
    let results = run(&program, &starts, &settings, |patient, stop| {
        assert!(products.iter().all(|&state| stop.value(state) == 0.0));
        if patient > 0 {
            assert!(tumour.iter().all(|&state| stop.value(state) == 0.0));
        }
        let next = stop.time() + 28.0;
        (next <= 5.0 * 365.25).then_some(next)
    });
    assert!(results.iter().all(Result::is_ok), "{results:?}");
}

#[test]
fn a_tumour_cured_below_one_cell_stays_cured() {
    let model =
        model::antimony::read("T' = g*T - k*T*piecewise(1, time < 60, 0); T = 1; g = 0.1; k = 0.6");
    let program = compile(&model.unwrap()).unwrap();
    let state = program.symbol("T").unwrap();
    let last = |single_cell: SingleCell| {
        let settings = Settings { absolute: 1e-12, single_cell, ..Settings::default() };
        let mut last = f64::NAN;
        let results = run(&program, &[Start::default()], &settings, |_, stop| {
            last = stop.value(state);
            let next = stop.time() + 7.0;
            (next < 700.0).then_some(next)
        });
        assert!(results[0].is_ok(), "{results:?}");
        last
    };
    let rule = SingleCell::Deterministic { states: vec![state], cell: CELL };
    assert_eq!(last(rule), 0.0);
    assert!(last(SingleCell::Off) > 1.0, "without the rule it regrows from nothing");
}

/// Counts of cells at the end, for many patients of x' = growth x + inflow, given stops.
fn counts(growth: f64, inflow: f64, cells: f64, turnover: f64, stops: u32) -> Vec<f64> {
    let text = "x' = growth*x + inflow; x = 0; growth = 0; inflow = 0";
    let program = compile(&model::antimony::read(text).unwrap()).unwrap();
    let [x, g, i] = ["x", "growth", "inflow"].map(|name| program.symbol(name).unwrap());
    let settings = Settings {
        absolute: 1e-16,
        single_cell: SingleCell::Stochastic {
            states: vec![x],
            cell: CELL,
            turnover_per_day: vec![turnover],
            below_cells: 1000.0,
        },
        ..Settings::default()
    };
    let starts: Vec<Start> = (0..PATIENTS)
        .map(|patient| Start {
            time: 0.0,
            overrides: vec![(x, cells * CELL), (g, growth), (i, inflow * CELL)],
            stream: Some(stream(7, 0, patient, Purpose::Unknowns)),
        })
        .collect();
    let mut counts = vec![0.0; starts.len()];
    let results = run(&program, &starts, &settings, |patient, stop| {
        counts[patient] = stop.value(x) / CELL;
        let passed = (stop.time() * f64::from(stops) / 4.0).round();
        (passed < f64::from(stops)).then(|| 4.0 * (passed + 1.0) / f64::from(stops))
    });
    assert!(results.iter().all(Result::is_ok));
    counts
}

/// Mean, variance, share of zeros.
fn moments(counts: &[f64]) -> (f64, f64, f64) {
    let n = counts.len() as f64;
    let mean = counts.iter().sum::<f64>() / n;
    let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / n;
    (mean, variance, counts.iter().filter(|&&c| c == 0.0).count() as f64 / n)
}

#[test]
fn birth_and_death_agree_with_kendall_however_many_stops() {
    let (cells, days) = (5.0, 4.0);
    for (growth, turnover) in [(0.1_f64, 0.5), (-0.3, 0.5), (-0.4, 0.1), (0.3, 0.0)] {
        for stops in [1, 4] {
            let (mean, variance, extinct) = moments(&counts(growth, 0.0, cells, turnover, stops));
            let birth = (growth + turnover).max(0.0);
            let death = birth - growth;
            let gain = (growth * days).exp();
            let want_mean = cells * gain;
            let want_variance = cells * (birth + death) / growth * gain * (gain - 1.0);
            let line = death * (gain - 1.0) / (birth * gain - death);
            let want_extinct = line.powf(cells);
            let spread = (want_variance / f64::from(PATIENTS)).sqrt();
            let case = format!("growth {growth}, turnover {turnover}, {stops} stops");
            assert!((mean - want_mean).abs() < 4.5 * spread, "{case}: mean {mean}, {want_mean}");
            assert!((variance / want_variance - 1.0).abs() < 0.08, "{case}: {variance}");
            let noise = (want_extinct * (1.0 - want_extinct) / f64::from(PATIENTS)).sqrt() + 1e-4;
            assert!((extinct - want_extinct).abs() < 4.5 * noise, "{case}: extinct {extinct}");
        }
    }
}

#[test]
fn immigration_into_nothing_is_poisson_without_turnover_and_keeps_the_mean_with() {
    let (mean, variance, empty) = moments(&counts(0.0, 0.5, 0.0, 0.0, 1));
    assert!((mean - 2.0).abs() < 0.065 && (variance - 2.0).abs() < 0.14, "{mean} {variance}");
    assert!((empty - (-2.0_f64).exp()).abs() < 0.017);
    // from one interval to the next immigrants join those present
    for (growth, turnover) in [(0.2_f64, 0.4), (-0.5, 0.3)] {
        let (mean, ..) = moments(&counts(growth, 0.5, 3.0, turnover, 4));
        let gain = (growth * 4.0).exp();
        let want = 3.0 * gain + 0.5 * (gain - 1.0) / growth;
        assert!((mean / want - 1.0).abs() < 0.04, "{mean} {want}");
    }
}

#[test]
fn draws_do_not_depend_on_other_patients() {
    let all = counts(0.1, 0.2, 5.0, 0.5, 3);
    let program = compile(
        &model::antimony::read("x' = growth*x + inflow; x = 0; growth = 0; inflow = 0").unwrap(),
    )
    .unwrap();
    let [x, g, i] = ["x", "growth", "inflow"].map(|name| program.symbol(name).unwrap());
    let settings = Settings {
        absolute: 1e-16,
        single_cell: SingleCell::Stochastic {
            states: vec![x],
            cell: CELL,
            turnover_per_day: vec![0.5],
            below_cells: 1000.0,
        },
        ..Settings::default()
    };
    let start = Start {
        time: 0.0,
        overrides: vec![(x, 5.0 * CELL), (g, 0.1), (i, 0.2 * CELL)],
        stream: Some(stream(7, 0, 1234, Purpose::Unknowns)),
    };
    let mut last = 0.0;
    run(&program, &[start], &settings, |_, stop| {
        last = stop.value(x) / CELL;
        let passed = (stop.time() * 3.0 / 4.0).round();
        (passed < 3.0).then(|| 4.0 * (passed + 1.0) / 3.0)
    });
    assert_eq!(last.to_bits(), all[1234].to_bits());
}
