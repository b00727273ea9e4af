//! Patients per second on one core: problem 1, problem 2, and a year of the reference model; and what a second
//! core brings.
//!
//! `cargo run --release -p cytotrial-solve --example rates [PART OF A NAME]`

#![allow(clippy::print_stdout, reason = "a program that prints its measurements")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::Instant;

use common::{
    Problem, arm_runner, arms, errors, largest_error, problem, read_model, run_arm, run_problem,
};
use cytotrial_solve::{Method, Settings, compile};
use rayon::prelude::*;

/// How many patients are followed at a time: as many as leave their values near the processor.
const PATIENTS: usize = 240;

/// Seconds that this process has spent on a processor, where the system says so.
fn processor_seconds() -> Option<f64> {
    let mut nanoseconds = 0.0;
    for task in std::fs::read_dir("/proc/self/task").ok()? {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        nanoseconds += text.split(' ').next()?.parse::<f64>().ok()?;
    }
    Some(nanoseconds * 1e-9)
}

/// Runs `work` on one thread on that many patients again and again for three seconds; patients per second of the
/// processor over all of it, as its time is told in ticks of some milliseconds.
fn rate(patients: usize, work: impl Fn() + Sync) -> f64 {
    let pool = threads(1);
    let begin = Instant::now();
    let now = || processor_seconds().unwrap_or_else(|| begin.elapsed().as_secs_f64());
    let (first, mut count) = (now(), 0);
    while begin.elapsed().as_secs_f64() < 3.0 {
        pool.install(&work);
        count += patients;
    }
    count as f64 / (now() - first)
}

fn threads(count: usize) -> rayon::ThreadPool {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
    pool.expect("threads can be started")
}

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let methods = [Method::Explicit, Method::HighOrder, Method::Stiff, Method::Automatic];
    for (name, methods) in [("p1", &methods[..]), ("p2", &methods[2..])] {
        for &method in methods {
            let title = format!("{name} {method:?}");
            if title.contains(&wanted) {
                show_problem(&title, problem(name), method);
            }
        }
    }
    if "two cores".contains(&wanted) {
        for name in ["p1", "p2"] {
            show_cores(name);
        }
    }
    if !"reference model".contains(&wanted) {
        return;
    }
    let reference = compile(&read_model("reference-model")).expect("the model compiles");
    println!("reference model: {} instructions", reference.instruction_count());
    for relative in [1e-4, 1e-5, 1e-6] {
        for arm in arms() {
            let (got, steps) = run_arm(&arm, relative, 1);
            let (exact, _) = run_arm(&arm, 1e-9, 1);
            let error = largest_error(&got[0], &exact[0], 1e-6);
            let n = 256;
            let again = arm_runner(&arm, relative);
            let rate = rate(n, || {
                std::hint::black_box(again(n));
            });
            println!(
                "{relative:.0e} {:28} {rate:.0} patient-years/s, {steps} steps, error {error:.1e}",
                arm.name
            );
        }
    }
}

/// Rate, steps and errors of a problem's patients, repeated to [`PATIENTS`].
fn show_problem(title: &str, mut problem: Problem, method: Method) {
    let settings = Settings { method, ..Settings::default() };
    let got = run_problem(&problem, &settings);
    let mut worst = errors(&problem, &got);
    worst.sort_by(f64::total_cmp);
    let steps: u32 = got.results.iter().flatten().map(|s| s.steps).sum();
    let rejections: u32 = got.results.iter().flatten().map(|s| s.rejections).sum();
    let patients = problem.starts.len() as u32;
    problem.starts = problem.starts.iter().cycle().take(PATIENTS).cloned().collect();
    let rate = rate(problem.starts.len(), || {
        std::hint::black_box(run_problem(&problem, &settings));
    });
    println!(
        "{title}: {rate:.0} patients/s, {} steps, {} rejected, {} instructions, errors {:.1e} {:.1e}",
        steps / patients,
        rejections / patients,
        problem.program.instruction_count(),
        worst[worst.len() / 2],
        worst[worst.len() - 1],
    );
}

/// How much sooner two threads are done than one, and what the machine itself gives at the same time: the middle one
/// of the ratios of many short pairs, as other work on a machine comes and goes.
fn show_cores(name: &str) {
    let mut problem = problem(name);
    let count = if name == "p1" { 20_480 } else { 5_120 };
    problem.starts = problem.starts.iter().cycle().take(count).cloned().collect();
    let settings = Settings { method: Method::Stiff, ..Settings::default() };
    let pools = [1, 2].map(threads);
    let sooner = |work: &(dyn Fn() + Sync)| {
        let [one, two] = [0, 1].map(|pool: usize| {
            let begin = Instant::now();
            pools[pool].install(work);
            begin.elapsed().as_secs_f64()
        });
        one / two
    };
    let (mut ours, mut machine) = (Vec::new(), Vec::new());
    for _ in 0..15 {
        // The table is given back after the clock has stopped.
        let tables = std::sync::Mutex::new(Vec::new());
        ours.push(sooner(&|| {
            let table = run_problem(&problem, &settings);
            tables.lock().expect("nobody fails").push(table);
        }));
        machine
            .push(sooner(&|| (0..64).into_par_iter().with_max_len(1).for_each(|_| arithmetic())));
    }
    let [ours, machine] = [ours, machine].map(|mut ratios| {
        ratios.sort_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    });
    println!("two cores: {name} stiff {ours:.2} times, arithmetic alone {machine:.2} times");
}

/// Some milliseconds of work without memory.
fn arithmetic() {
    let mut values = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7];
    for _ in 0..1_500_000 {
        for value in &mut values {
            *value = *value * 0.999_999 + 1e-7;
        }
    }
    std::hint::black_box(values);
}
