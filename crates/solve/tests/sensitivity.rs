//! Sensitivities against closed forms and against differences of tight solutions.

#![allow(clippy::unwrap_used, reason = "a test ends where its premise fails")]
#![allow(clippy::disallowed_methods, reason = "closed forms owe nothing to the solver")]

mod common;

use common::{problem, read_model};
use cytotrial_solve::{
    Method, SensitivityError, Settings, Start, compile, sensitivities, trajectories,
};
use model::Model;

fn read(text: &str) -> Model {
    model::antimony::read(text).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn tight(method: Method) -> Settings {
    Settings { method, relative: 1e-10, absolute: 1e-12, ..Settings::default() }
}

/// The derivatives of an output with respect to the parameters: parameter, then time.
fn solved(
    model: &Model,
    output: &str,
    parameters: &[&str],
    times: &[f64],
    method: Method,
) -> Vec<Vec<f64>> {
    let symbol = |name: &str| model.symbol(name).unwrap();
    let named: Vec<_> = parameters.iter().map(|name| symbol(name)).collect();
    let answers = sensitivities(model, &named, &[symbol(output)]).unwrap();
    let program = compile(&answers.model).unwrap();
    let outputs: Vec<_> = (0..named.len()).map(|p| answers.symbol(0, p)).collect();
    let got = trajectories(&program, &[Start::default()], &tight(method), times, &outputs);
    assert!(got.results[0].is_ok(), "{:?}", got.results);
    (0..named.len()).map(|p| (0..times.len()).map(|t| got.value(p, t, 0)).collect()).collect()
}

/// Compares with closed forms: for each time, the derivative for each parameter.
fn assert_closed(text: &str, output: &str, parameters: &[&str], want: impl Fn(f64) -> Vec<f64>) {
    let times = [0.0, 0.5, 2.0, 5.5, 9.0];
    let model = read(text);
    for method in [Method::Explicit, Method::HighOrder, Method::Stiff] {
        let got = solved(&model, output, parameters, &times, method);
        for (t, &time) in times.iter().enumerate() {
            for (p, want) in want(time).into_iter().enumerate() {
                let error = (got[p][t] - want).abs() / (1e-3 + want.abs());
                let name = parameters[p];
                assert!(error < 1e-7, "{name} at {time}: {} for {want} ({method:?})", got[p][t]);
            }
        }
    }
}

#[test]
fn decay_answers_to_its_rate_its_start_and_what_they_come_from() {
    // the start is twice a; k and the output depend on further constants
    let text = "x' = -k*x; x = 2*a; k = q^2; q = 0.5; a = 3; s = 4; y := s*x + q";
    assert_closed(text, "y", &["k", "q", "a", "x", "s"], |time| {
        let (q, s, gain) = (0.5, 4.0, (-0.25 * time).exp());
        let by_rate = -time * 6.0 * gain;
        vec![s * by_rate, s * by_rate * 2.0 * q + 1.0, s * 2.0 * gain, s * gain, 6.0 * gain]
    });
}

#[test]
fn absorbed_doses_answer_to_every_constant_across_their_events() {
    let text = "A' = -ka*A; C' = ka*A/V - ke*C; A = dose; C = 0; ka = 1.2; ke = 0.3; V = 10; \
                dose = 100; again: at (time >= 5): A = A + dose";
    let one = |time: f64| {
        let (ka, ke, v, dose) = (1.2, 0.3, 10.0, 100.0);
        let (e1, e2) = ((-ke * time).exp(), (-ka * time).exp());
        let (apart, g) = (ka - ke, dose * ka / v);
        let c = g * (e1 - e2) / apart;
        let by_ka = dose / v * (e1 - e2) / apart + g * (time * e2 / apart)
            - g * (e1 - e2) / (apart * apart);
        let by_ke = -g * time * e1 / apart + g * (e1 - e2) / (apart * apart);
        [by_ka, by_ke, -c / v, c / dose]
    };
    assert_closed(text, "C", &["ka", "ke", "V", "dose"], |time| {
        let first = one(time);
        let second = if time > 5.0 { one(time - 5.0) } else { [0.0; 4] };
        first.iter().zip(second).map(|(a, b)| a + b).collect()
    });
}

#[test]
fn logistic_growth_answers_to_rate_limit_and_start() {
    let text = "x' = r*x*(1 - x/K); x = 2; r = 0.9; K = 50";
    assert_closed(text, "x", &["r", "K", "x"], |time| {
        let (r, k, start) = (0.9, 50.0, 2.0);
        let gone = (-r * time).exp();
        let u = (k / start - 1.0) * gone;
        let below = (1.0 + u) * (1.0 + u);
        vec![
            k * time * u / below,
            1.0 / (1.0 + u) - k * gone / start / below,
            k * k / (start * start) * gone / below,
        ]
    });
}

#[test]
fn what_a_constant_rules_out_is_zero_and_of_itself_one() {
    let model = read("x' = -k*x; x = 1; k = 2; z' = 1; z = 0; unused = 3");
    let times = [1.0];
    assert!(solved(&model, "z", &["k"], &times, Method::Explicit)[0][0].abs() < f64::EPSILON);
    let own = solved(&model, "unused", &["unused"], &times, Method::Explicit)[0][0];
    assert!((own - 1.0).abs() < f64::EPSILON);
}

#[test]
fn the_cell_therapy_problem_agrees_with_differences() {
    let model = read_model("p1");
    let names = ["rE", "KT", "dE", "kk", "Emax", "dose", "T"];
    let times = [3.0, 8.0, 15.0, 28.0, 90.0];
    let problem = problem("p1");
    let output = model.symbol("E").unwrap();
    let settings = Settings { relative: 1e-12, absolute: 1e-13, ..Settings::default() };
    let values = |name: &str, factor: f64| {
        let symbol = model.symbol(name).unwrap();
        let start = initial(&model, symbol) * factor;
        let start = Start { overrides: vec![(symbol, start)], ..Start::default() };
        trajectories(&problem.program, &[start], &settings, &times, &[output]).values
    };
    for method in [Method::Explicit, Method::HighOrder, Method::Stiff] {
        let got = solved(&model, "E", &names, &times, method);
        for (p, name) in names.iter().enumerate() {
            let step = 2e-4;
            let (up, down) = (values(name, 1.0 + step), values(name, 1.0 - step));
            let size = initial(&model, model.symbol(name).unwrap());
            let want: Vec<f64> =
                up.iter().zip(&down).map(|(a, b)| (a - b) / (2.0 * step * size)).collect();
            let largest = want.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
            assert!(largest > 0.0, "{name} does something");
            for (got, want) in got[p].iter().zip(&want) {
                let error = (got - want).abs() / (want.abs() + 1e-3 * largest);
                assert!(error < 2e-5, "{name}: {got} for {want} ({method:?})");
            }
        }
    }
}

/// A number that the text gives.
fn initial(model: &Model, symbol: model::SymbolId) -> f64 {
    model::evaluate::start_values(model, 0.0, &[])[symbol.0 as usize]
}

#[test]
fn events_whose_moment_moves_and_computed_parameters_are_refused_by_name() {
    let refused = |text: &str, parameter: &str| {
        let model = read(text);
        let symbol = |name: &str| model.symbol(name).unwrap();
        sensitivities(&model, &[symbol(parameter)], &[symbol("x")]).unwrap_err()
    };
    let moves = |symbol: &str| SensitivityError::EventMoves {
        event: "e".into(),
        symbol: symbol.into(),
        parameter: "k".into(),
    };
    let text = "x' = -k*x; x = 1; k = 2; e: at (x < 0.5): x = 1";
    assert_eq!(refused(text, "k"), moves("x"));
    let computed = refused("y := x + 1; x' = -x; x = 1", "y");
    assert_eq!(computed, SensitivityError::Computed { symbol: "y".into() });
    let text = "x' = -x; x = 1; k = 2; e: at (time > k): x = 1";
    assert_eq!(refused(text, "k"), moves("k"));
    let text = "compartment c; c' = 1; c = 1; species x in c = 1; k = 2; R: x -> ; k*x; \
                e: at (time > 1): x = 1";
    let sets = SensitivityError::EventSetsConcentration { event: "e".into() };
    assert_eq!(refused(text, "k"), sets);
    // an event that watches something else does no harm
    let text = "x' = -k*x; x = 1; k = 2; z' = 1; z = 0; e: at (z > 0.5): x = x + 1";
    let got = solved(&read(text), "x", &["k"], &[1.0], Method::Explicit)[0][0];
    let (first, second) = ((-2.0_f64).exp(), (-1.0_f64).exp());
    assert!((got + first + 0.5 * second).abs() < 1e-8, "{got}");
}
