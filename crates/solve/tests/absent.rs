//! A program without what unused ports would bring about computes what the whole program computes.

#![allow(clippy::unwrap_used, reason = "a test ends where its premise fails")]

mod common;

use common::read_model;
use cytotrial_solve::{
    Method, Program, Reason, Settings, Start, SymbolId, compile, compile_without, run, trajectories,
};
use model::Model;

fn read(text: &str) -> Model {
    model::antimony::read(text).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn symbols(model: &Model, names: &[&str]) -> Vec<SymbolId> {
    names.iter().map(|name| model.symbol(name).unwrap()).collect()
}

/// The symbols that may be given a value in the whole program, but not in the other.
fn left_out(whole: &Program, without: &Program) -> Vec<String> {
    let all = (0..whole.value_count() as u32).map(SymbolId);
    let lost = all.filter(|id| whole.is_settable(*id) && !without.is_settable(*id));
    lost.map(|id| whole.name(id).to_owned()).collect()
}

const MODEL: &str = "model *m(dose_a, dose_b)
    dose_a = 0; dose_b = 0; sum = 0; last = 0; A = 0; B = 0; C = 0; D = 0; E = 3; k = 0.7
    total := A + B
    A' = -k*A; B' = k*A - B*E; C' = B + D; D' = 0.1; E' = -k*E*(1 + total)
    give_a: at (dose_a > 0), t0 = false: A = A + dose_a, last = time, dose_a = 0
    give_b: at (dose_b > 0), t0 = false: C = C + dose_b, dose_b = 0
    late: at (time > 1): sum = A + dose_a
    end";

#[test]
fn left_out_is_what_stays_at_zero_and_nothing_else() {
    let model = read(MODEL);
    let whole = compile(&model).unwrap();
    let of = |ports: &[&str]| {
        left_out(&whole, &compile_without(&model, &symbols(&model, ports)).unwrap())
    };
    assert!(of(&[]).is_empty());
    assert_eq!(of(&["dose_a"]), ["dose_a", "sum", "last", "A", "B"]);
    // C grows with D, whatever is given.
    assert_eq!(of(&["dose_b"]), ["dose_b"]);
}

#[test]
fn a_value_for_what_was_left_out_ends_the_patient() {
    let model = read(MODEL);
    let [dose, state] = symbols(&model, &["dose_a", "A"])[..] else { panic!("two symbols") };
    let program = compile_without(&model, &[dose]).unwrap();
    let settings = Settings::default();
    let given = run(&program, &[Start::default()], &settings, |_, stop| {
        stop.set(dose, 1.0);
        (stop.time() < 1.0).then_some(1.0)
    });
    assert_eq!(given[0].as_ref().unwrap_err().reason, Reason::NotSettable);
    let start = Start { overrides: vec![(state, 1.0)], ..Start::default() };
    let begun = run(&program, &[start], &settings, |_, _| None::<f64>);
    assert_eq!(begun[0].as_ref().unwrap_err().reason, Reason::NotSettable);
}

/// What is given: port and amount.
type Given<'a> = &'a [(&'a str, f64)];

/// Every state of the trial's model at some days, given doses at day 0 and lymphodepletion before.
fn course(program: &Program, method: Method, doses: Given) -> Vec<Vec<f64>> {
    let port = |name: &str| program.symbol(name).unwrap();
    let days = [-5.0, 0.0, 3.0, 7.0, 14.0, 28.0, 90.0];
    let mut seen = Vec::new();
    let starts = [Start { time: -7.0, ..Start::default() }];
    let settings = Settings { method, relative: 1e-9, absolute: 1e-12, ..Settings::default() };
    let mut next = 0;
    let results = run(program, &starts, &settings, |_, stop| {
        if next > 0 {
            seen.push(program.states().iter().map(|&state| stop.value(state)).collect());
        }
        for &(name, amount) in doses {
            let is_depletion = name == "depletion";
            if (next == 1 && is_depletion) || (next == 2 && !is_depletion) {
                stop.set(port(name), amount);
            }
        }
        next += 1;
        days.get(next - 1).copied()
    });
    results[0].as_ref().unwrap();
    seen
}

#[test]
fn the_trial_model_without_other_products_gives_the_same_states() {
    let model = read_model("rrmm-cells");
    let whole = compile(&model).unwrap();
    let arms: [(Given, &[&str]); 4] = [
        (&[("depletion", 1.5), ("dose_nk", 1.2)], &["dose_cart", "dose_cart2", "dose_anti_cd38"]),
        (&[("depletion", 1.5), ("dose_cart", 0.45)], &["dose_nk", "dose_cart2", "dose_anti_cd38"]),
        (
            &[("depletion", 1.5), ("dose_cart", 0.3), ("dose_cart2", 0.2)],
            &["dose_nk", "dose_anti_cd38"],
        ),
        (&[], &["dose_nk", "dose_cart", "dose_cart2", "dose_anti_cd38", "depletion"]),
    ];
    for (doses, unused) in arms {
        let without = compile_without(&model, &symbols(&model, unused)).unwrap();
        assert!(without.instruction_count() * 10 < whole.instruction_count() * 9, "{doses:?}");
        for method in [Method::Stiff, Method::Explicit] {
            let (want, got) = (course(&whole, method, doses), course(&without, method, doses));
            assert_eq!(want.len(), 7);
            for (day, (want, got)) in want.iter().zip(&got).enumerate() {
                for (state, (want, got)) in whole.states().iter().zip(want.iter().zip(got)) {
                    let name = whole.name(*state);
                    let close = (want - got).abs() <= 1e-7 * want.abs() + 1e-10;
                    assert!(close, "{doses:?}, {method:?}, look {day}, {name}: {want}, {got}");
                }
            }
        }
    }
}

#[test]
fn a_patient_has_the_same_bits_alone_and_beside_others() {
    let model = read_model("rrmm-cells");
    let unused = symbols(&model, &["dose_cart", "dose_cart2", "dose_anti_cd38"]);
    let program = compile_without(&model, &unused).unwrap();
    let burden = model.symbol("T0").unwrap();
    let outputs = symbols(&model, &["T1", "Lh", "ANC"]);
    let settings = Settings { method: Method::Stiff, ..Settings::default() };
    let starts: Vec<Start> = (0..11)
        .map(|i| Start {
            overrides: vec![(burden, 100.0 + 37.0 * f64::from(i))],
            ..Start::default()
        })
        .collect();
    let times = [1.0, 10.0, 40.0];
    let all = trajectories(&program, &starts, &settings, &times, &outputs);
    for (patient, start) in starts.iter().enumerate() {
        let one = trajectories(&program, std::slice::from_ref(start), &settings, &times, &outputs);
        for (output, time) in (0..outputs.len()).flat_map(|o| (0..times.len()).map(move |t| (o, t)))
        {
            let (crowd, alone) = (all.value(output, time, patient), one.value(output, time, 0));
            assert_eq!(crowd.to_bits(), alone.to_bits(), "patient {patient}");
        }
    }
}
