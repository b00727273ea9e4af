//! Events and doses between reactions that happen by chance.

#![allow(clippy::unwrap_used, reason = "a test ends where its premise fails")]
#![allow(clippy::float_cmp, reason = "numbers are compared with copies of themselves")]
#![allow(clippy::disallowed_methods, reason = "closed forms owe nothing to the solver")]

use cytotrial_solve::{
    Network, NetworkError, Start, StochasticMethod, StochasticRuns, StochasticSettings, stochastic,
};
use stats::{Purpose, stream};

const HYBRID: StochasticMethod =
    StochasticMethod::Hybrid { below: 50.0, relative: 1e-6, absolute: 1e-6 };
const LEAP: StochasticMethod = StochasticMethod::Leap { error: 0.01, critical_below: 10.0 };
const ALL: [StochasticMethod; 3] = [StochasticMethod::Direct, LEAP, HYBRID];

fn simulate(
    text: &str,
    runs: u32,
    settings: &StochasticSettings,
    times: &[f64],
    outputs: &[&str],
) -> StochasticRuns {
    let network = Network::new(&model::antimony::read(text).unwrap()).unwrap();
    let start =
        |run| Start { stream: Some(stream(11, 0, run, Purpose::Reactions)), ..Start::default() };
    let starts: Vec<Start> = (0..runs).map(start).collect();
    let outputs: Vec<_> = outputs.iter().map(|name| network.symbol(name).unwrap()).collect();
    let runs = stochastic(&network, &starts, settings, times, &outputs).unwrap();
    assert!(runs.results.iter().all(Result::is_ok), "{:?}", runs.results[0]);
    runs
}

fn with(method: StochasticMethod) -> StochasticSettings {
    StochasticSettings { method, ..StochasticSettings::default() }
}

/// The score of the mean, and that of the variance.
fn scores(runs: &StochasticRuns, output: usize, time: usize, mean: f64, variance: f64) -> [f64; 2] {
    let n = runs.runs as f64;
    [
        (runs.mean(output, time) - mean) * (n / variance).sqrt(),
        (n / 2.0).sqrt() * (runs.variance(output, time) / variance - 1.0),
    ]
}

#[expect(clippy::print_stdout, reason = "scores, for those who ask with --nocapture")]
fn assert_scores(name: &str, scores: [f64; 2]) {
    println!("{name}: {:.2} {:.2}", scores[0], scores[1]);
    assert!(scores[0].abs() < 4.0 && scores[1].abs() < 5.0, "{name}: {scores:?}");
}

#[test]
fn an_event_at_a_time_happens_then_and_not_before() {
    // Every one of 20 lives to 2 with chance e^-0.6, of those and 30 more to 5 with e^-0.9.
    let text = "X -> ; 0.3*X; X = 20; e: at (time >= 2): X = X + 30";
    for method in ALL {
        let runs = simulate(text, 2_000, &with(method), &[1.999_999, 2.0, 5.0], &["X"]);
        let [first, later] = [(-0.6_f64).exp(), (-0.9_f64).exp()];
        let both = first * later;
        let mean = 20.0 * both + 30.0 * later;
        let variance = 20.0 * both * (1.0 - both) + 30.0 * later * (1.0 - later);
        assert_scores(&format!("{method:?}"), scores(&runs, 0, 2, mean, variance));
        for run in 0..runs.runs {
            let rise = runs.value(0, 1, run) - runs.value(0, 0, run);
            assert!((28.0..=30.0).contains(&rise), "{method:?}: {rise}");
        }
    }
}

#[test]
fn a_dose_is_given_at_its_time() {
    let text = "X -> ; 0.3*X; X = 20";
    for method in ALL {
        let mut settings = with(method);
        let network = Network::new(&model::antimony::read(text).unwrap()).unwrap();
        settings.doses = vec![(2.0, network.symbol("X").unwrap(), 30.0)];
        let runs = simulate(text, 100, &settings, &[2.0, 2.0, 5.0], &["X"]);
        for run in 0..runs.runs {
            assert_eq!(runs.value(0, 1, run), runs.value(0, 0, run) + 30.0, "{method:?}");
        }
    }
}

#[test]
fn the_moment_at_which_a_count_is_reached_is_exact() {
    // The tenth of arrivals at rate 2 comes after a gamma time of mean 5 and variance 2.5.
    let text = "-> X; 2; X = 0; hit = 0; e: at (X >= 10): hit = time";
    let runs = simulate(text, 10_000, &with(StochasticMethod::Direct), &[60.0], &["hit", "X"]);
    assert_scores("tenth arrival", scores(&runs, 0, 0, 5.0, 2.5));
}

#[test]
fn delays_and_priorities_are_those_of_other_methods() {
    let text = "-> X; 0.5*go; X = 0; go = 0; a = 0; b = 0; late = 0; taken = 0; \
                start: at (time >= 1): go = 1; \
                first: at (time > 3), priority = 1, fromTrigger = false: a = a + 1, b = 10*b + 1; \
                second: at (time > 3), priority = 2, fromTrigger = false: b = 10*b + 2; \
                wait: at 1.5 after (time > 3), fromTrigger = true: late = time, taken = a";
    for method in ALL {
        let outputs = ["a", "b", "late", "taken", "X"];
        let runs = simulate(text, 3, &with(method), &[1.0, 3.0, 3.5, 4.4, 4.6], &outputs);
        for run in 0..3 {
            let value = |output: usize, time: usize| runs.value(output, time, run);
            assert_eq!(value(4, 0), 0.0, "{method:?}");
            assert_eq!([value(0, 1), value(1, 1)], [0.0, 0.0], "{method:?}");
            assert_eq!([value(0, 2), value(1, 2)], [1.0, 21.0], "{method:?}");
            assert_eq!(value(2, 3), 0.0, "{method:?}");
            assert!((value(2, 4) - 3.0).abs() < 1e-9, "{method:?}: {}", value(2, 4));
            assert_eq!(value(3, 4), 0.0, "{method:?}");
        }
    }
}

#[test]
fn events_do_not_depend_on_other_runs_or_threads() {
    let text = "-> X; 20; X -> ; X; X = 3; e: at (X < 5 || time > 7): X = X + 2; n = 0; \
                f: at (X > 25): n = n + 1";
    let settings = with(StochasticMethod::Direct);
    let bits = |threads: usize, runs: u32| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let got = pool.install(|| simulate(text, runs, &settings, &[5.0, 20.0], &["X", "n"]));
        let run = |run: usize| [0, 1].map(|output| got.value(output, 1, run).to_bits());
        (0..50).map(run).collect::<Vec<_>>()
    };
    assert_eq!(bits(1, 50), bits(2, 64));
    assert_eq!(bits(1, 50), bits(7, 200));
}

#[test]
fn what_a_method_would_miss_is_refused_by_name() {
    let text = "-> X; 2; X = 0; e: at (X >= 10): X = 0";
    let network = Network::new(&model::antimony::read(text).unwrap()).unwrap();
    for method in [LEAP, HYBRID] {
        let refused = network.can_follow(method).unwrap_err();
        let is_named = matches!(&refused, NetworkError::EventWatches { event, symbol, .. }
            if event == "e" && symbol == "X");
        assert!(is_named, "{refused}");
    }
    assert_eq!(network.can_follow(StochasticMethod::Direct), Ok(()));
}
