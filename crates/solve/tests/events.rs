//! Events with delay, priority and persistence, as SBML has them.

#![allow(clippy::unwrap_used, reason = "a test ends where its premise fails")]
#![allow(clippy::float_cmp, reason = "exact values are part of the claim")]

use cytotrial_solve::{Method, Reason, Settings, Start, compile, run, trajectories};

/// The values of one symbol at some times.
fn values(text: &str, symbol: &str, times: &[f64]) -> Vec<f64> {
    let model = model::antimony::read(text).unwrap_or_else(|problems| panic!("{problems:?}"));
    let program = compile(&model).unwrap();
    let symbol = program.symbol(symbol).unwrap();
    let starts = [Start::default()];
    let got = trajectories(&program, &starts, &Settings::default(), times, &[symbol]);
    got.results[0].as_ref().unwrap();
    (0..times.len()).map(|time| got.value(0, time, 0)).collect()
}

#[test]
fn a_delayed_event_waits_and_takes_values_of_either_moment() {
    let text = |from| {
        format!(
            "x = 0; x' = 1; y = 0; when = 0
             E: at 2.5 after (x >= 1), fromTrigger = {from}: y = x, when = time"
        )
    };
    let times = [3.0, 3.6, 5.0];
    for (from, want) in [(true, 1.0), (false, 3.5)] {
        let got = values(&text(from), "y", &times);
        assert!(got[0] == 0.0 && (got[1] - want).abs() < 1e-9 && got[2] == got[1], "{got:?}");
    }
    assert!((values(&text(false), "when", &times)[1] - 3.5).abs() < 1e-9);
}

#[test]
fn the_highest_priority_goes_first_and_may_change_with_what_happens() {
    let text = "x = 0; x' = 1; trace = 0; p = 2
        a: at (x > 1), fromTrigger = false: trace = 10*trace + 1
        b: at (x > 1), priority = p, fromTrigger = false: trace = 10*trace + 2
        c: at (x > 1), priority = 1, fromTrigger = false: trace = 10*trace + 3
        d: at (x > 1), priority = 3, fromTrigger = false: trace = 10*trace + 4, p = 0";
    assert_eq!(values(text, "trace", &[2.0]), [4321.0]);
}

#[test]
fn only_a_persistent_event_outlives_its_condition() {
    // The condition holds from 1 to 2; the delay is over at 2.5.
    let text = |persistent| {
        format!(
            "x = 0; x' = 1; y = 0
             E: at 1.5 after (x > 1 && x < 2), persistent = {persistent}: y = y + 1"
        )
    };
    assert_eq!(values(&text(true), "y", &[2.4, 3.0]), [0.0, 1.0]);
    assert_eq!(values(&text(false), "y", &[2.4, 3.0]), [0.0, 0.0]);
    // A condition that comes back starts the delay anew.
    let text = |persistent| {
        format!(
            "x = 0; x' = 1; y = 0
             E: at 1.5 after ((x > 1 && x < 2) || x > 2.25), persistent = {persistent}, \
             fromTrigger = false: y = y + 1"
        )
    };
    assert_eq!(values(&text(true), "y", &[2.6, 4.0]), [1.0, 2.0]);
    assert_eq!(values(&text(false), "y", &[2.6, 4.0]), [0.0, 1.0]);
}

#[test]
fn an_event_takes_the_condition_of_another_away() {
    let text = |persistent| {
        format!(
            "x = 0; x' = 1; y = 0; flag = 1
             first: at (x > 1), priority = 2: flag = 0
             second: at (x > 1 && flag > 0), priority = 1, persistent = {persistent}: y = 1"
        )
    };
    assert_eq!(values(&text(true), "y", &[2.0]), [1.0]);
    assert_eq!(values(&text(false), "y", &[2.0]), [0.0]);
}

#[test]
fn an_event_at_the_start_needs_a_condition_that_was_false_before() {
    for (before, want) in [(false, 1.0), (true, 0.0)] {
        let text = format!("x = 5; x' = 1; y = 0; E: at (x > 1), t0 = {before}: y = 1");
        assert_eq!(values(&text, "y", &[0.0]), [want]);
    }
}

#[test]
fn delays_pile_up_and_each_keeps_its_values() {
    let text = "x = 0; x' = 1; n = 0; last = 0; next = 1
        tick: at (x >= next): next = next + 1
        now: at 10 after (x >= next), fromTrigger = false: n = n + 1
        then: at 10 after (x >= next): last = x";
    // The conditions turn true at 1, 2, 3, ...; each time something happens 10 later.
    assert_eq!(values(text, "n", &[10.5, 11.5, 14.5]), [0.0, 1.0, 4.0]);
    assert!((values(text, "last", &[14.5])[0] - 4.0).abs() < 1e-9);
}

#[test]
fn a_delay_below_zero_ends_the_patient() {
    let text = "x = 0; x' = 1; d = -1; E: at d after (x > 1): x = 0";
    let program = compile(&model::antimony::read(text).unwrap()).unwrap();
    let results = run(&program, &[Start::default()], &Settings::default(), |_, stop| {
        (stop.time() < 3.0).then_some(3.0)
    });
    let failure = results[0].as_ref().unwrap_err();
    assert_eq!(failure.reason, Reason::DelayNotAhead { delay: -1.0 });
    assert_eq!(failure.state, "E");
}

#[test]
fn what_waits_when_a_patient_ends_is_not_handed_to_the_next() {
    let text = "x = 0; x' = 1; y = 0; E: at 5 after (x > 1): y = 1";
    let program = compile(&model::antimony::read(text).unwrap()).unwrap();
    let y = program.symbol("y").unwrap();
    let starts = vec![Start::default(); 40];
    let results = run(&program, &starts, &Settings::default(), |_, stop| {
        assert_eq!(stop.value(y), 0.0);
        (stop.time() < 5.5).then_some(5.5)
    });
    assert!(results.iter().all(Result::is_ok));
}

#[test]
fn a_condition_that_turns_before_another_in_the_same_step_keeps_its_time() {
    // Nothing bends, so the steps are long.
    let text = "x = 0; x' = 1; first = 0; second = 0
        A: at (x > 3.2): first = time
        B: at (x > 1 && time > 3.3): second = time";
    for (symbol, want) in [("first", 3.2), ("second", 3.3)] {
        let got = values(text, symbol, &[40.0])[0];
        assert!((got - want).abs() < 1e-9, "{symbol}: {got}");
    }
}

#[test]
fn what_is_due_at_one_moment_is_put_in_order_however_it_became_due() {
    let text = |one, other| {
        format!(
            "x = 0; x' = 1; y = 1
             A: at (time > 4.1), priority = {one}, fromTrigger = false: y = 10*y
             B: at 1.1 after (time > 3), priority = {other}, fromTrigger = false: y = y + 1"
        )
    };
    assert_eq!(values(&text(2, 1), "y", &[5.0]), [11.0]);
    assert_eq!(values(&text(1, 2), "y", &[5.0]), [20.0]);
}

#[test]
fn a_delayed_event_sets_a_concentration_for_the_size_of_its_own_moment() {
    // Checked with libroadrunner 2.10: the value is that of the trigger, the size that before the event.
    let text = "compartment V; V = 2; V' = 1; species A in V; A = 3
        E: at 2 after (time > 1): A = 5, V = 20";
    let got = values(text, "A", &[2.9, 3.1]);
    assert!((got[0] - 6.0 / 4.9).abs() < 1e-9, "{got:?}");
    assert!((got[1] - 5.0 * 5.0 / 20.1).abs() < 1e-9, "{got:?}");
}

#[test]
fn a_condition_that_holds_for_a_small_part_of_a_step_is_seen() {
    // x is the sine; it is beyond the level around each peak and trough, at two times for each way to say so.
    let level: f64 = 0.999;
    let rise = level.asin();
    let peaks = |first: f64| (0..4).map(move |i| first + std::f64::consts::TAU * f64::from(i));
    let cases = [
        ("x > level", rise),
        ("x >= level && n < 100", rise),
        ("level < x || x < -2", rise),
        ("exp(x) > exp(level)", rise),
        // it holds at both ends and not between
        ("x > -level", 2.0 * std::f64::consts::PI - rise),
        ("level > -x && n < 100", 2.0 * std::f64::consts::PI - rise),
    ];
    for (condition, first) in cases {
        let text = format!(
            "x' = v; v' = -x; x = 0; v = 1; level = {level}; n = 0; sum = 0
             at ({condition}): n = n + 1, sum = sum + time"
        );
        let program = compile(&model::antimony::read(&text).unwrap()).unwrap();
        let outputs = ["n", "sum"].map(|name| program.symbol(name).unwrap());
        for method in [Method::Explicit, Method::HighOrder, Method::Stiff, Method::Automatic] {
            for relative in [1e-4, 1e-6, 1e-9] {
                // With larger tolerances steps of order 8 span several peaks.
                if method == Method::HighOrder && relative > 1e-8 {
                    continue;
                }
                let settings = Settings { method, relative, ..Settings::default() };
                let got = trajectories(&program, &[Start::default()], &settings, &[25.0], &outputs);
                let want: f64 = peaks(first).sum();
                let [n, sum] = [0, 1].map(|output| got.value(output, 0, 0));
                // a peak is flat: an error of the value is a much larger one of the time
                let near = 4.0 * 400.0 * relative + 1e-6;
                assert!(
                    n == 4.0 && (sum - want).abs() < near,
                    "{condition}: {method:?} {relative}: {n} {sum} {want}"
                );
            }
        }
    }
}

#[test]
fn what_is_looked_at_moves_no_event() {
    // The peak passes the level by a little, for a short time, and decays.
    let text = "x' = v; v' = -x - 0.02*v; x = 0; v = 1; n = 0; when = 0
        at (x > 0.984): n = n + 1, when = time";
    let program = compile(&model::antimony::read(text).unwrap()).unwrap();
    let [x, n, when] = ["x", "n", "when"].map(|name| program.symbol(name).unwrap());
    for method in [Method::Explicit, Method::HighOrder, Method::Stiff] {
        let settings = Settings { method, ..Settings::default() };
        let follow = |times: &[f64]| {
            let got = trajectories(&program, &[Start::default()], &settings, times, &[x, n, when]);
            [0, 1, 2].map(|output| got.value(output, times.len() - 1, 0))
        };
        let few = follow(&[10.0]);
        let many: Vec<f64> = (0..=1000).map(|i| f64::from(i) * 0.01).collect();
        assert_eq!(few, follow(&many), "{method:?}");
        assert_eq!(few[1], 1.0, "{method:?}");
    }
}
