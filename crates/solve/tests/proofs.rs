//! What must hold whatever the method: order of convergence, conservation, positivity, times of events.

#![allow(clippy::unwrap_used, reason = "a test ends where its premise fails")]
#![allow(clippy::disallowed_methods, reason = "closed forms owe nothing to the solver")]
#![allow(clippy::print_stdout, reason = "slopes and errors, for those who ask with --nocapture")]

mod common;

use common::problem;
use cytotrial_solve::{
    Method, Network, Next, Program, Settings, Start, StochasticMethod, StochasticSettings,
    SymbolId, compile, run, stochastic, trajectories,
};
use stats::{Purpose, stream};

const METHODS: [Method; 4] =
    [Method::Explicit, Method::HighOrder, Method::Stiff, Method::Automatic];

fn program(text: &str) -> Program {
    let model = model::antimony::read(text).unwrap_or_else(|problems| panic!("{problems:?}"));
    compile(&model).unwrap()
}

fn symbols(program: &Program, names: &[&str]) -> Vec<SymbolId> {
    names.iter().map(|name| program.symbol(name).unwrap()).collect()
}

/// Steps, the error at the end, and the largest error within steps, of `x` against a closed form.
fn errors(
    program: &Program,
    method: Method,
    relative: f64,
    want: impl Fn(f64) -> f64,
) -> (f64, f64, f64) {
    let x = program.symbol("x").unwrap();
    let settings = Settings { method, relative, absolute: relative, ..Settings::default() };
    let (mut inside, mut end) = (0.0_f64, 0.0);
    let results = run(program, &[Start::default()], &settings, |_, stop| {
        let now = stop.time();
        end = (stop.value(x) - want(now)).abs();
        inside = inside.max(end);
        let next = if now < 5.98 { Next::Look(now + 0.01) } else { Next::Stop(6.0) };
        (now < 6.0).then_some(next)
    });
    (f64::from(results[0].as_ref().unwrap().steps), end, inside)
}

#[test]
fn errors_fall_with_the_steps_as_the_order_of_each_method_says() {
    // x' = -x^2 (1 + cos t): x = 1/(1 + t + sin t)
    let smooth = program("x' = -x^2*(1 + cos(time)); x = 1");
    let want = |t: f64| 1.0 / (1.0 + t + t.sin());
    for method in METHODS {
        // the dense output of order 7 leaves nothing to see below 1e-10
        let (ends, orders) = match method {
            Method::HighOrder => ([1e-3, 1e-9], 6.6..10.5),
            _ => ([1e-5, 1e-10], 4.4..6.2),
        };
        let (coarse, _, inside) = errors(&smooth, method, ends[0], want);
        let (fine, _, inside_fine) = errors(&smooth, method, ends[1], want);
        let slope = (inside / inside_fine).ln() / (fine / coarse).ln();
        println!(
            "{method:?}: {coarse} steps {inside:.1e}, {fine} steps {inside_fine:.1e}, slope {slope:.2}"
        );
        assert!(orders.contains(&slope), "{method:?}: {slope}");
    }
}

#[test]
fn errors_follow_the_tolerance() {
    let oscillator = program("x' = v; v' = -x; x = 1; v = 0");
    for method in METHODS {
        for relative in [1e-4, 1e-6, 1e-8, 1e-10] {
            let (steps, end, inside) = errors(&oscillator, method, relative, f64::cos);
            println!("{method:?} at {relative:.0e}: {steps} steps, {end:.1e}, within {inside:.1e}");
            assert!(inside < 100.0 * relative, "{method:?} at {relative:e}: {inside:e}");
        }
    }
}

#[test]
fn the_equations_of_the_hybrid_method_follow_its_tolerance() {
    let text = "F: X => Y; a*X; B: Y => X; b*Y; X = 1000; Y = 0; a = 0.7; b = 0.2";
    let network = Network::new(&model::antimony::read(text).unwrap()).unwrap();
    let x = network.symbol("X").unwrap();
    let start = Start { stream: Some(stream(1, 0, 0, Purpose::Reactions)), ..Start::default() };
    let mut found = Vec::new();
    for relative in [1e-4, 1e-6, 1e-8] {
        let method = StochasticMethod::Hybrid { below: 0.0, relative, absolute: relative };
        let settings = StochasticSettings { method, ..StochasticSettings::default() };
        let starts = std::slice::from_ref(&start);
        let runs = stochastic(&network, starts, &settings, &[3.0], &[x]).unwrap();
        let want = 1000.0 * (0.2 + 0.7 * (-2.7_f64).exp()) / 0.9;
        let error = (runs.value(0, 0, 0) / want - 1.0).abs();
        let steps = runs.results[0].as_ref().unwrap().steps as f64;
        println!("hybrid at {relative:.0e}: {steps} steps, {error:.1e}");
        assert!(error < 10.0 * relative, "{relative:e}: {error:e}");
        found.push((steps, error));
    }
    let slope = (found[0].1 / found[2].1).ln() / (found[2].0 / found[0].0).ln();
    println!("hybrid: slope {slope:.2}");
    assert!((4.4..6.2).contains(&slope), "{slope}");
}

#[test]
fn what_is_conserved_stays_to_rounding_in_every_method() {
    let closed = program(
        "A' = -r + s; B' = -r + s; C' = r - s - q; D' = q; r := 0.3*A*B; s := 0.1*C; q := 50*C/(1 + C); \
         A = 2; B = 1; C = 0.2; D = 0.1",
    );
    let outputs = symbols(&closed, &["A", "B", "C", "D"]);
    for method in METHODS {
        let settings = Settings { method, ..Settings::default() };
        let times = [0.0, 0.1, 1.0, 10.0, 100.0];
        let got = trajectories(&closed, &[Start::default()], &settings, &times, &outputs);
        for time in 0..times.len() {
            let value = |output: usize| got.value(output, time, 0);
            let (first, second) = (value(0) + value(2) + value(3), value(0) - value(1));
            assert!((first - 2.3).abs() < 1e-12, "{method:?}: {first}");
            assert!((second - 1.0).abs() < 1e-12, "{method:?}: {second}");
        }
    }
}

#[test]
fn molecules_are_conserved_one_by_one() {
    let text = "F: 2 P => D; 0.001*P*(P - 1)/2; R: D => 2 P; 0.01*D; P = 1000; D = 0";
    let network = Network::new(&model::antimony::read(text).unwrap()).unwrap();
    let outputs = ["P", "D"].map(|name| network.symbol(name).unwrap());
    let start =
        |run| Start { stream: Some(stream(5, 0, run, Purpose::Reactions)), ..Start::default() };
    let starts: Vec<Start> = (0..50).map(start).collect();
    let hybrid = StochasticMethod::Hybrid { below: 100.0, relative: 1e-6, absolute: 1e-6 };
    let leap = StochasticMethod::Leap { error: 0.03, critical_below: 10.0 };
    for (method, allowed) in [(StochasticMethod::Direct, 0.0), (leap, 0.0), (hybrid, 1.0)] {
        let settings = StochasticSettings { method, ..StochasticSettings::default() };
        let runs = stochastic(&network, &starts, &settings, &[1.0, 5.0, 50.0], &outputs).unwrap();
        for run in 0..runs.runs {
            for time in 0..3 {
                let (p, d) = (runs.value(0, time, run), runs.value(1, time, run));
                // the hybrid method makes a number whole when it becomes small, at random
                assert!((p + 2.0 * d - 1000.0).abs() <= allowed, "{method:?}: {p} {d}");
                assert!(p >= 0.0 && d >= 0.0, "{method:?}: {p} {d}");
            }
        }
    }
}

#[test]
fn what_the_equations_keep_above_zero_stays_there() {
    for (name, patients) in [("p1", 20), ("p2", 4)] {
        let mut problem = problem(name);
        problem.starts.truncate(patients);
        for method in [Method::Stiff, Method::Automatic] {
            let settings = Settings { method, ..Settings::default() };
            let (program, starts) = (&problem.program, &problem.starts);
            let got = trajectories(program, starts, &settings, &problem.times, &problem.outputs);
            assert!(got.results.iter().all(Result::is_ok), "{name} {method:?}");
            let least = got.values.iter().copied().fold(f64::INFINITY, f64::min);
            println!("{name} {method:?}: least value {least:.1e}");
            assert!(least >= -1e-9, "{name} {method:?}: {least:e}");
        }
    }
}

#[test]
fn a_bouncing_ball_touches_the_ground_when_it_must() {
    // Each bounce keeps 0.8 of the speed, so that it lasts 0.8 times as long.
    let ball = program(
        "h' = v; v' = -9.81; h = 10; v = 0; count = 0; last = 0; \
         bounce: at (h < 0): v = -0.8*v, h = 0, count = count + 1, last = time",
    );
    let outputs = symbols(&ball, &["last", "count"]);
    let first = (20.0_f64 / 9.81).sqrt();
    let mut touches = vec![first];
    let mut lasts = 2.0 * first;
    for _ in 0..7 {
        lasts *= 0.8;
        touches.push(touches[touches.len() - 1] + lasts);
    }
    let times: Vec<f64> =
        std::iter::once(0.0).chain(touches.iter().map(|touch| touch + 0.01)).collect();
    for method in METHODS {
        let settings = Settings { method, ..Settings::default() };
        let got = trajectories(&ball, &[Start::default()], &settings, &times, &outputs);
        for (bounce, touch) in touches.iter().enumerate() {
            let error = (got.value(0, bounce + 1, 0) - touch).abs();
            assert!(error < 1e-9, "{method:?}, bounce {bounce}: {error:e}");
            assert!((got.value(1, bounce + 1, 0) - bounce as f64 - 1.0).abs() < 0.5);
        }
    }
}

#[test]
fn thresholds_are_crossed_at_the_times_of_the_closed_forms() {
    // Decay through 0.1, logistic growth through a half, and absorption through its peak.
    let text = "x' = -x; x = 1; low = 0; e: at (x < 0.1): low = time; \
                y' = y*(1 - y); y = 0.01; half = 0; f: at (y >= 0.5): half = time; \
                d' = -2*d; c' = 2*d - 0.5*c; d = 1; c = 0; peak = 0; g: at (2*d < 0.5*c): peak = time";
    let program = program(text);
    let outputs = symbols(&program, &["low", "half", "peak"]);
    let want = [10.0_f64.ln(), 99.0_f64.ln(), 4.0_f64.ln() / 1.5];
    for method in METHODS {
        let settings = Settings { method, relative: 1e-11, absolute: 1e-13, ..Settings::default() };
        let times = [0.0, 20.0];
        let got = trajectories(&program, &[Start::default()], &settings, &times, &outputs);
        for (output, want) in want.iter().enumerate() {
            let error = (got.value(output, 1, 0) - want).abs();
            println!("{method:?}: {want:.6} off by {error:.1e}");
            assert!(error < 1e-9, "{method:?}: {error:e}");
        }
    }
}
