//! The same bits in blocks of any size, on any number of threads, with any instructions, whatever else is run.

#![allow(clippy::unwrap_used, reason = "a test ends where its premise fails")]

mod common;

use common::{Problem, problem};
use cytotrial_solve::{Method, Next, Settings, Start, VectorSet, run, run_on, trajectories};

/// The problem's patients over and over, each with a value of its own.
fn patients(problem: &Problem, varied: &str, count: usize) -> Vec<Start> {
    let varied = problem.program.symbol(varied).unwrap();
    let start = |i: usize| {
        let mut start = problem.starts[i % problem.starts.len()].clone();
        let (_, value) = start.overrides.iter_mut().find(|(symbol, _)| *symbol == varied).unwrap();
        *value *= 1.0 + 1e-4 * i as f64;
        start
    };
    (0..count).map(start).collect()
}

/// The bits of every output at the times, one patient after the other.
fn bits(problem: &Problem, starts: &[Start], method: Method, set: Option<VectorSet>) -> Vec<u64> {
    let times = [0.0, 5.0, 9.3, 14.0, 28.0];
    let settings = Settings { method, ..Settings::default() };
    let mut seen: Vec<Vec<u64>> = vec![Vec::new(); starts.len()];
    let mut passed = vec![0; starts.len()];
    let steer = |patient: usize, stop: &mut cytotrial_solve::Stop<'_>| {
        for output in &problem.outputs {
            seen[patient].push(stop.value(*output).to_bits());
        }
        passed[patient] += 1;
        times.get(passed[patient]).copied().map(Next::Look)
    };
    let results = match set {
        Some(set) => run_on(set, &problem.program, starts, &settings, steer),
        None => run(&problem.program, starts, &settings, steer),
    };
    assert!(results.iter().all(Result::is_ok));
    seen.concat()
}

const CASES: [(&str, &str, Method); 5] = [
    ("p1", "rE", Method::Explicit),
    ("p1", "rE", Method::HighOrder),
    ("p1", "rE", Method::Automatic),
    ("p2", "rn", Method::Stiff),
    ("p2", "rn", Method::Automatic),
];

fn assert_same_in_blocks(count: usize, sizes: &[usize]) {
    for (name, varied, method) in CASES {
        let problem = problem(name);
        let starts = patients(&problem, varied, count);
        let whole = bits(&problem, &starts, method, None);
        for size in sizes {
            let parts = starts.chunks(*size).map(|part| bits(&problem, part, method, None));
            assert!(
                parts.collect::<Vec<_>>().concat() == whole,
                "{name} {method:?}: blocks of {size}"
            );
        }
        for set in VectorSet::available() {
            let other = bits(&problem, &starts, method, Some(set));
            assert!(other == whole, "{name} {method:?}: {}", set.name());
        }
    }
}

#[test]
fn blocks_and_instructions_change_no_bit() {
    assert_same_in_blocks(70, &[1, 8, 64]);
}

#[test]
#[ignore = "a thousand patients, many times"]
fn blocks_and_instructions_change_no_bit_of_a_thousand_patients() {
    assert_same_in_blocks(1_000, &[1, 8, 64, 1_000]);
}

fn assert_same_on_threads(count: usize) {
    for (name, varied, method) in CASES {
        let problem = problem(name);
        let starts = patients(&problem, varied, count);
        let settings = Settings { method, ..Settings::default() };
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let (program, outputs) = (&problem.program, &problem.outputs);
            let got = pool
                .install(|| trajectories(program, &starts, &settings, &[0.0, 9.3, 28.0], outputs));
            got.values.iter().map(|value| value.to_bits()).collect::<Vec<_>>()
        };
        let one = on(1);
        for threads in [2, 7] {
            assert!(on(threads) == one, "{name} {method:?}: {threads} threads");
        }
    }
}

#[test]
fn threads_change_no_bit() {
    assert_same_on_threads(150);
}

#[test]
#[ignore = "a thousand patients, many times"]
fn threads_change_no_bit_of_a_thousand_patients() {
    assert_same_on_threads(1_000);
}

/// Values between steps are only looked at, so that how many are wanted moves none of them.
#[test]
fn more_output_times_move_no_bit_of_the_others() {
    for (name, varied, method) in CASES {
        let problem = problem(name);
        let starts = patients(&problem, varied, 20);
        let settings = Settings { method, ..Settings::default() };
        let at = |times: &[f64]| {
            trajectories(&problem.program, &starts, &settings, times, &problem.outputs)
        };
        let many: Vec<f64> = (0..=140).map(|i| 0.2 * f64::from(i)).collect();
        let (many, few) = (at(&many), at(&[0.0, 0.2 * 45.0, 28.0]));
        for output in 0..problem.outputs.len() {
            for patient in 0..starts.len() {
                for (place, dense) in [(1, 45), (2, 140)] {
                    let [got, want] = [(&few, place), (&many, dense)]
                        .map(|(values, time)| values.value(output, time, patient).to_bits());
                    assert_eq!(got, want, "{name} {method:?} {output} {patient}");
                }
            }
        }
    }
}
