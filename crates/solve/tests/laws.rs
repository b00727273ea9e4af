//! Closed forms, conservation, events, failures: what must hold for any model.

#![allow(clippy::unwrap_used, reason = "a test ends where its premise fails")]
#![allow(clippy::disallowed_methods, reason = "closed forms owe nothing to the solver")]
#![allow(clippy::float_cmp, reason = "exact values are part of the claim")]

use std::sync::atomic::{AtomicUsize, Ordering};

use cytotrial_solve::{
    Change, CompileError, Method, Next, Noted, Program, Reason, Settings, Start, Trajectories,
    compile, run, trajectories, trajectories_of,
};

fn program(text: &str) -> Program {
    let model = model::antimony::read(text).unwrap_or_else(|problems| panic!("{problems:?}"));
    compile(&model).unwrap()
}

fn follow(program: &Program, times: &[f64], outputs: &[&str]) -> Trajectories {
    let outputs: Vec<_> = outputs.iter().map(|name| program.symbol(name).unwrap()).collect();
    trajectories(program, &[Start::default()], &Settings::default(), times, &outputs)
}

#[test]
fn decay_follows_the_exponential() {
    let program = program("x' = -k*x; x = 3; k = 0.7; y := 2*x");
    let times: Vec<f64> = (0..20).map(|i| f64::from(i) * 0.5).collect();
    let got = follow(&program, &times, &["x", "y"]);
    for (t, time) in times.iter().enumerate() {
        let want = 3.0 * (-0.7 * time).exp();
        assert!((got.value(0, t, 0) / want - 1.0).abs() < 2e-6, "at {time}");
        assert!((got.value(1, t, 0) - 2.0 * got.value(0, t, 0)).abs() < 1e-15);
    }
}

#[test]
fn time_in_a_rate_is_the_stage_time() {
    let program = program("x' = 5*time^4; x = 0");
    let x = program.symbol("x").unwrap();
    let mut end = 0.0;
    run(&program, &[Start::default()], &Settings::default(), |_, stop| {
        end = stop.value(x);
        (stop.time() < 2.0).then_some(2.0)
    });
    assert!((end - 32.0).abs() < 1e-12, "order 5 is exact for a quartic rate: {end}");
}

#[test]
fn a_look_within_a_step_is_as_good_as_a_stop() {
    let program = program("x' = v; v' = -x; x = 1; v = 0");
    let x = program.symbol("x").unwrap();
    for method in [Method::Explicit, Method::HighOrder, Method::Stiff] {
        let settings = Settings { method, relative: 1e-8, ..Settings::default() };
        let mut worst = 0.0_f64;
        let results = run(&program, &[Start::default()], &settings, |_, stop| {
            worst = worst.max((stop.value(x) - stop.time().cos()).abs());
            (stop.time() < 10.0).then_some(Next::Look(stop.time() + 0.01))
        });
        assert!(worst < 2e-6, "{method:?}: {worst}");
        let steps = results[0].as_ref().unwrap().steps;
        assert!(steps < 500, "looks cut no steps: {steps}");
    }
}

#[test]
fn what_is_set_at_a_look_takes_effect_there() {
    let program = program("x' = -k*x; x = 1; k = 0.3");
    let (x, k) = (program.symbol("x").unwrap(), program.symbol("k").unwrap());
    let settings = Settings { relative: 1e-9, ..Settings::default() };
    let mut end = 0.0;
    run(&program, &[Start::default()], &settings, |_, stop| {
        let now = stop.time();
        if now == 3.7 {
            stop.set(k, 0.9);
            stop.set(x, stop.value(x) + 2.0);
        }
        end = stop.value(x);
        if now < 3.7 { Some(Next::Look(3.7)) } else { (now < 5.0).then_some(Next::Look(5.0)) }
    });
    let want = ((-0.3 * 3.7_f64).exp() + 2.0) * (-0.9 * 1.3_f64).exp();
    assert!((end / want - 1.0).abs() < 1e-7, "{end} {want}");
}

#[test]
fn what_leaves_one_state_arrives_in_another() {
    let program = program(
        "a' = -f; b' = f - g; c' = g; f := 3*a*b/(1 + a); g := 0.4*b; a = 2; b = 0.5; c = 0.1",
    );
    let times = [0.0, 1.0, 10.0, 100.0];
    let got = follow(&program, &times, &["a", "b", "c"]);
    for t in 0..times.len() {
        let sum: f64 = (0..3).map(|output| got.value(output, t, 0)).sum();
        assert!((sum - 2.6).abs() < 1e-13, "{sum}");
    }
}

#[test]
fn events_are_found_where_they_happen() {
    // The oscillator passes through 0 at pi/2, 3 pi/2, ...: from above at pi/2.
    let program = program(
        "x' = v; v' = -x; x = 1; v = 0; when = 0; count = 0;
         down: at (x < 0): when = time, count = count + 1;",
    );
    let got = follow(&program, &[0.0, 3.0, 12.0], &["when", "count"]);
    let error = (got.value(0, 1, 0) - std::f64::consts::FRAC_PI_2).abs();
    assert!(error < 1e-6, "the solution's own error allows 1e-6; {error:e}");
    assert_eq!(got.value(1, 1, 0), 1.0);
    assert_eq!(got.value(1, 2, 0), 2.0, "again at 5 pi/2");
}

#[test]
fn a_polynomial_event_is_found_to_rounding() {
    let program = program("x' = 2*time; x = 0; y = 0; hit: at (x >= 2): y = time; var y");
    let got = follow(&program, &[0.0, 5.0], &["y"]);
    assert!((got.value(0, 1, 0) - 2.0_f64.sqrt()).abs() < 1e-11);
}

#[test]
fn events_at_one_time_fire_in_order_and_set_each_other_off() {
    let program = program(
        "x' = 0; x = 0; port = 0; trace = 0;
         first: at (port > 0), fromTrigger=false: trace = 10*trace + 1, x = x + port, port = 0;
         second: at (port > 0), fromTrigger=false: trace = 10*trace + 2;
         third: at (x > 1), fromTrigger=false: trace = 10*trace + 3;",
    );
    let [port, trace, x] = ["port", "trace", "x"].map(|name| program.symbol(name).unwrap());
    let mut seen = Vec::new();
    let starts = [Start::default()];
    let results = run(&program, &starts, &Settings::default(), |_, stop| {
        seen.push((stop.time(), stop.value(trace), stop.value(x)));
        match seen.len() {
            1 => Some(1.0),
            2 => {
                stop.set(port, 2.5);
                Some(1.0) // call again, now that the events happened
            }
            _ => None,
        }
    });
    assert_eq!(seen, [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 123.0, 2.5)]);
    assert_eq!(results[0].as_ref().unwrap().events, 3);
}

#[test]
fn events_that_never_settle_end_the_patient() {
    let program = program(
        "x' = 1; x = 0; a = 0;
         up: at (x > 1 && a < 1): a = 1;
         down: at (a > 0): a = 0;",
    );
    let got = follow(&program, &[0.0, 2.0], &["x"]);
    let failure = got.results[0].as_ref().unwrap_err();
    assert!(matches!(failure.reason, Reason::EventsDoNotSettle { limit: 100 }), "{failure}");
    assert!((failure.time - 1.0).abs() < 1e-9);
    assert!(got.value(0, 1, 0).is_nan());
}

#[test]
fn failures_name_time_and_state_and_spare_the_others() {
    let program = program("x' = x^2; x = 1; z' = -z; z = 1");
    let x = program.symbol("x").unwrap();
    let starts: Vec<Start> = [1.0, 0.01, f64::NAN]
        .iter()
        .map(|&value| Start { overrides: vec![(x, value)], ..Start::default() })
        .collect();
    let settings = Settings { max_steps: 10_000, ..Settings::default() };
    let got = trajectories(&program, &starts, &settings, &[0.0, 2.0], &[x]);
    let blown = got.results[0].as_ref().unwrap_err();
    assert!((blown.time - 1.0).abs() < 1e-3, "1/(1 - t) ends at 1: {blown}");
    assert_eq!(blown.state, "x");
    assert!((got.value(0, 1, 1) - 0.01 / 0.98).abs() < 1e-8, "the neighbour is well");
    let absent = got.results[2].as_ref().unwrap_err();
    assert_eq!((absent.reason, absent.time), (Reason::NotFinite, 0.0));
}

#[test]
fn limits_and_mistakes_are_reasons() {
    let program = program("x' = -x; x = 1; y := 2*x");
    let (x, y) = (program.symbol("x").unwrap(), program.symbol("y").unwrap());
    assert!(program.is_settable(x) && !program.is_settable(y));
    let starts = [Start::default()];
    let few = Settings { max_steps: 3, ..Settings::default() };
    let reason = |settings: &Settings, next: f64, set: bool| {
        let results = run(&program, &starts, settings, |_, stop| {
            if set {
                stop.set(y, 1.0);
            }
            Some(next)
        });
        results[0].clone().unwrap_err().reason
    };
    assert_eq!(reason(&few, 100.0, false), Reason::TooManySteps { limit: 3 });
    let settings = Settings::default();
    assert_eq!(reason(&settings, 1.0, true), Reason::NotSettable);
    assert_eq!(reason(&settings, -1.0, false), Reason::StopNotAhead { next: -1.0 });
    assert_eq!(reason(&settings, 0.0, false), Reason::StopNotAhead { next: 0.0 });
}

#[test]
fn changes_come_at_their_time_and_twice_a_time_shows_both_sides() {
    let program = program("x' = 0; x = 0; y' = 0; y = 1");
    let [x, y] = ["x", "y"].map(|name| program.symbol(name).unwrap());
    let given =
        [(1.0, x, Change::Add(5.0)), (1.5, y, Change::Set(4.0)), (1.5, y, Change::Add(2.0))];
    // every second patient is given nothing
    let changes: Vec<&[_]> = (0..199).map(|i| if i % 2 == 0 { &given[..] } else { &[] }).collect();
    let told = AtomicUsize::new(0);
    let noted = Noted {
        times: &[0.0, 1.0, 1.0, 2.0],
        outputs: &[x, y],
        changes: &changes,
        goes_on: &|patients| {
            told.fetch_add(patients, Ordering::Relaxed);
            true
        },
    };
    let starts = vec![Start::default(); 200];
    let got = trajectories_of(&program, &starts, &Settings::default(), &noted).unwrap();
    for patient in 0..200 {
        let of = |output| [0, 1, 2, 3].map(|time| got.value(output, time, patient));
        let want = if patient % 2 == 0 {
            ([0.0, 0.0, 5.0, 5.0], [1.0, 1.0, 1.0, 6.0])
        } else {
            ([0.0; 4], [1.0; 4])
        };
        assert_eq!((of(0), of(1)), want, "patient {patient}");
    }
    assert_eq!(told.load(Ordering::Relaxed), 200);
    let stopped = Noted { goes_on: &|_| false, ..noted };
    assert_eq!(trajectories_of(&program, &starts, &Settings::default(), &stopped), None);
}

#[test]
fn start_values_follow_what_is_overridden() {
    let program = program("a = 2; b = 3*a; x = b + c; c := a*10; x' = -x");
    let [a, b, x] = ["a", "b", "x"].map(|name| program.symbol(name).unwrap());
    let start =
        |overrides: &[(_, f64)]| Start { overrides: overrides.to_vec(), ..Start::default() };
    let starts = [start(&[]), start(&[(a, 1.0)]), start(&[(b, 1.0)]), start(&[(x, 1.0)])];
    let got = trajectories(&program, &starts, &Settings::default(), &[0.0], &[x]);
    let values: Vec<f64> = (0..4).map(|patient| got.value(0, 0, patient)).collect();
    assert_eq!(values, [26.0, 13.0, 21.0, 1.0]);
}

#[test]
fn circular_start_values_are_refused() {
    use model::{Expression, ExpressionId, Model, Role, Symbol, SymbolId};
    let constant = |name: &str, initial: u32| Symbol {
        name: name.into(),
        kind: model::Kind::Parameter,
        title: None,
        unit: None,
        role: Role::Constant,
        initial: Some(ExpressionId(initial)),
        span: model::Span::default(),
    };
    let model = Model {
        symbols: vec![constant("a", 1), constant("b", 0)],
        expressions: vec![Expression::Symbol(SymbolId(0)), Expression::Symbol(SymbolId(1))],
        spans: vec![model::Span::default(); 2],
        ..Model::default()
    };
    assert!(matches!(compile(&model), Err(CompileError::Circular { .. })));
}
