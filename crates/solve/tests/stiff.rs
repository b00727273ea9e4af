//! The stiff method: its order, hard problems with known solutions, and the choice of a method.

#![allow(clippy::unwrap_used, reason = "a test ends where its premise fails")]
#![allow(clippy::disallowed_methods, reason = "closed forms owe nothing to the solver")]

mod common;

use common::{Problem, errors, problem, problem_from_sbml, run_problem};
use cytotrial_solve::{Method, Program, Settings, Start, compile, run, trajectories};

fn program(text: &str) -> Program {
    let model = model::antimony::read(text).unwrap_or_else(|problems| panic!("{problems:?}"));
    compile(&model).unwrap()
}

fn with(method: Method) -> Settings {
    Settings { method, ..Settings::default() }
}

/// The value of `x` at the end when every step is one of `count` equal parts of the way to `end`.
fn in_steps(program: &Program, method: Method, count: u32, end: f64) -> f64 {
    let x = program.symbol("x").unwrap();
    // No error is too large, so that every stop is reached in one step, the first apart.
    let settings = Settings { relative: 1e6, absolute: 1e6, ..with(method) };
    let mut last = f64::NAN;
    let mut passed = 0;
    let results = run(program, &[Start::default()], &settings, |_, stop| {
        last = stop.value(x);
        passed += 1;
        (passed <= count).then(|| end * f64::from(passed) / f64::from(count))
    });
    assert!(results[0].as_ref().unwrap().steps < count + 40, "{results:?}");
    last
}

#[test]
fn both_methods_show_order_5() {
    // x' = -x^2 (1 + cos t): x = 1/(1 + t + sin t)
    let smooth = program("x' = -x^2*(1 + cos(time)); x = 1");
    let want = 1.0 / (1.0 + 4.0 + 4.0_f64.sin());
    for (method, count) in [(Method::Explicit, 20), (Method::Stiff, 80)] {
        let error = |count| (in_steps(&smooth, method, count, 4.0) - want).abs();
        let slope = (error(count) / error(4 * count)).log2() / 2.0;
        assert!((4.6..6.2).contains(&slope), "{method:?}: slope {slope}, {:e}", error(count));
    }
}

#[test]
fn the_stiff_method_gains_with_its_step_however_stiff_the_problem() {
    // Prothero, Robinson, Math Comput 1974;28:145-162: x = cos t whatever the rate. Such problems
    // take orders away; what is left shows in the slope, and the errors are tiny.
    let problem = program("x' = -1e6*(x - cos(time)) - sin(time); x = 1");
    let error = |count| (in_steps(&problem, Method::Stiff, count, 2.0) - 2.0_f64.cos()).abs();
    let slope = (error(8) / error(32)).log2() / 2.0;
    assert!(slope > 2.5 && error(8) < 1e-9, "slope {slope}: {:e} {:e}", error(8), error(32));
}

#[test]
fn robertsons_kinetics_agree_with_the_published_solution() {
    // Hairer, Wanner, Solving Ordinary Differential Equations II, section IV.10 (test set ROBER), at
    // 1e11; at 40: Robertson 1966.
    let program = program(
        "A = 1; B = 0; C = 0
         A -> B; 0.04*A
         2 B -> B + C; 3e7*B^2
         B + C -> A + C; 1e4*B*C",
    );
    let outputs = ["A", "B", "C"].map(|name| program.symbol(name).unwrap());
    let times = [40.0, 1e11];
    let settings = Settings { relative: 1e-8, absolute: 1e-14, ..with(Method::Stiff) };
    let got = trajectories(&program, &[Start::default()], &settings, &times, &outputs);
    let want = [
        [0.715_827_068_718_5, 0.208_334_014_970_12e-7],
        [9.185_534_764_558e-6, 0.833_336_077_032_7e-13],
        [0.284_163_745_746_9, 0.999_999_979_166_513_7],
    ];
    for (output, want) in want.iter().enumerate() {
        for (time, want) in want.iter().enumerate() {
            let value = got.value(output, time, 0);
            assert!(
                (value / want - 1.0).abs() < 1e-5,
                "{output} at {time}: {value:e}, not {want:e}"
            );
        }
    }
    let steps = got.results[0].as_ref().unwrap().steps;
    assert!(steps < 1000, "{steps} steps");
    for time in 0..times.len() {
        let sum: f64 = (0..3).map(|output| got.value(output, time, 0)).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{sum}");
    }
}

#[test]
fn an_event_in_a_stiff_model_is_found_where_it_happens() {
    // x follows cos t closely; it falls through 0 at pi/2.
    let program = program(
        "x' = -1e5*(x - cos(time)) - sin(time); x = 1; when = 0; down: at (x < 0): when = time",
    );
    let when = program.symbol("when").unwrap();
    let settings = Settings { relative: 1e-9, absolute: 1e-12, ..with(Method::Stiff) };
    let got = trajectories(&program, &[Start::default()], &settings, &[3.0], &[when]);
    let error = (got.value(0, 0, 0) - std::f64::consts::FRAC_PI_2).abs();
    assert!(error < 1e-8, "{error:e}");
}

fn worst(problem: &Problem, settings: &Settings) -> (f64, u32) {
    let got = run_problem(problem, settings);
    let steps: u32 = got.results.iter().flatten().map(|found| found.steps).sum();
    let worst = errors(problem, &got).into_iter().fold(0.0, f64::max);
    (worst, steps / problem.starts.len() as u32)
}

#[test]
fn problem_2_is_within_its_limit_for_a_year_with_its_event() {
    let problem = problem("p2");
    for method in [Method::Stiff, Method::Automatic] {
        let (error, steps) = worst(&problem, &with(method));
        assert!(error <= 2e-5, "{method:?}: {error:e} in {steps} steps");
        assert!(steps < 1500, "{method:?}: {steps} steps");
        let got = run_problem(&problem, &with(method));
        let events: Vec<u32> = got.results.iter().flatten().map(|found| found.events).collect();
        assert!(events.contains(&3) && events.iter().all(|&n| n == 2 || n == 3), "{events:?}");
        assert!(got.results.iter().flatten().all(|found| found.stiff_steps > 0));
    }
}

#[test]
fn problem_1_is_within_its_limit_with_every_method() {
    let problem = problem("p1");
    for method in [Method::Explicit, Method::Stiff, Method::Automatic] {
        let (error, steps) = worst(&problem, &with(method));
        assert!(error <= 5e-6, "{method:?}: {error:e} in {steps} steps");
    }
}

#[test]
fn a_problem_from_sbml_gives_the_same_bits() {
    for name in ["p1", "p2"] {
        let bits = |problem: &Problem| -> Vec<u64> {
            let got = run_problem(problem, &with(Method::Stiff));
            got.values.iter().map(|value| value.to_bits()).collect()
        };
        assert_eq!(bits(&problem(name)), bits(&problem_from_sbml(name)), "{name}");
    }
    let bits = |problem: &Problem| -> Vec<u64> {
        let got = run_problem(problem, &Settings::default());
        got.values.iter().map(|value| value.to_bits()).collect()
    };
    assert_eq!(bits(&problem("p1")), bits(&problem_from_sbml("p1")));
}

#[test]
fn a_model_that_is_not_stiff_stays_with_the_explicit_pair() {
    let program = program("x' = v; v' = -x; x = 1; v = 0");
    let x = program.symbol("x").unwrap();
    let settings = with(Method::Automatic);
    let got = trajectories(&program, &[Start::default()], &settings, &[500.0], &[x]);
    assert_eq!(got.results[0].as_ref().unwrap().stiff_steps, 0);
}

#[test]
fn a_rate_of_1e15_is_followed_from_time_zero() {
    // Concentrations in a femtolitre that a membrane's enzyme turns over, in moles per litre.
    let text = "x = 1; y = 1; x' = -1e15*0.1*x/(0.1 + x); y' = 1e15*0.1*x/(0.1 + x)";
    let program = program(text);
    let outputs = ["x", "y"].map(|name| program.symbol(name).unwrap());
    for method in [Method::Stiff, Method::Automatic] {
        let starts = [Start::default()];
        let settings = Settings { method, ..Settings::default() };
        let got = trajectories(&program, &starts, &settings, &[5e-15, 5.0], &outputs);
        got.results[0].as_ref().unwrap();
        // 0.1 ln x + x = 1 - 1e14 t while x falls (Michaelis and Menten)
        let x = got.value(0, 0, 0);
        assert!((0.1 * x.ln() + x - 0.5).abs() < 1e-5, "{method:?}: {x}");
        assert!((got.value(1, 1, 0) - 2.0).abs() < 1e-9, "{method:?}");
    }
}
