//! Two published-style problems and the reference model, against independent integrators.

mod common;

use common::{errors, problem, run_problem};
use cytotrial_solve::Settings;

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

#[test]
fn problem_1_is_as_accurate_as_the_best_tool() {
    let problem = problem("p1");
    let got = run_problem(&problem, &Settings::default());
    let errors = errors(&problem, &got);
    let (middle, worst) = (median(&errors), errors.iter().copied().fold(0.0, f64::max));
    assert!(middle <= 1.8e-6 && worst <= 3.6e-6, "median {middle:e}, largest {worst:e}");
}

#[test]
fn problem_2_is_as_accurate_as_the_best_tool() {
    let problem = problem("p2");
    let got = run_problem(&problem, &Settings::default());
    let errors = errors(&problem, &got);
    let (middle, worst) = (median(&errors), errors.iter().copied().fold(0.0, f64::max));
    assert!(middle <= 2e-6 && worst <= 1.2e-5, "median {middle:e}, largest {worst:e}");
}
