//! Two published-style problems and the reference model, against independent integrators.

mod common;

use common::{Table, arms, errors, problem, reference_outputs, run_arm, run_problem};
use cytotrial_solve::{Method, Settings};

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

/// Few long steps, so that most of the 78 outputs come from the dense output of order 7.
#[test]
fn problem_1_is_right_by_the_method_of_high_order() {
    let problem = problem("p1");
    let mut worst = Vec::new();
    for relative in [1e-6, 1e-8, 1e-10] {
        let settings = Settings {
            method: Method::HighOrder,
            relative,
            absolute: relative * 1e-3,
            ..Settings::default()
        };
        let errors = errors(&problem, &run_problem(&problem, &settings));
        worst.push(errors.iter().copied().fold(0.0, f64::max));
    }
    // two estimates of low order choose its steps: numbalsoda's DOP853 is off by 4e-4 at 1e-6
    assert!(worst[0] <= 1e-4 && worst[1] <= 2e-6 && worst[2] <= 4e-8, "{worst:?}");
}

/// Median and largest error of problem 2 up to a day; the event happens in most patients.
fn problem_2(method: Method, until: f64) -> (f64, f64) {
    let mut problem = problem("p2");
    let shown = problem.times.iter().filter(|&&time| time <= until).count();
    let rows = problem.times.len();
    problem.times.truncate(shown);
    let mut row = 0;
    problem.reference.rows.retain(|_| {
        row += 1;
        (row - 1) % rows < shown
    });
    let got = run_problem(&problem, &Settings { method, ..Settings::default() });
    let events: Vec<u32> = got.results.iter().flatten().map(|result| result.events).collect();
    assert!(events.contains(&3) && events.iter().all(|&n| n == 2 || n == 3), "{events:?}");
    let errors = errors(&problem, &got);
    (median(&errors), errors.iter().copied().fold(0.0, f64::max))
}

#[test]
fn problem_2_is_as_accurate_as_the_best_tool() {
    for method in [Method::Stiff, Method::Automatic] {
        let (middle, worst) = problem_2(method, 365.0);
        assert!(middle <= 2e-6 && worst <= 1.2e-5, "{method:?} {middle:e}, largest {worst:e}");
    }
}

/// Its binding rates near 1,000 per day make an explicit method take 130,000 steps a year.
#[test]
fn problem_2_is_right_by_the_explicit_method_for_a_month() {
    let (middle, worst) = problem_2(Method::Explicit, 28.0);
    assert!(worst <= 2e-5, "median {middle:e}, largest {worst:e}");
}

#[test]
fn reference_model_agrees_with_its_table_in_every_arm() {
    let table = Table::golden("reference_trajectories.csv");
    let arm_column = table.column("arm");
    let outputs = reference_outputs();
    for arm in arms() {
        let (got, _) = run_arm(&arm, 1e-6, 1);
        let rows = (0..table.rows.len()).filter(|&row| table.rows[row][arm_column] == arm.name);
        let mut compared = 0;
        for (row, values) in rows.zip(&got[0]) {
            for (i, name) in outputs.iter().enumerate() {
                let want = table.number(row, i + 2);
                // The table holds five digits.
                let tolerance = 1e-3 * want.abs() + 1e-8;
                assert!(
                    (values[i] - want).abs() <= tolerance,
                    "{} {name} at {}: {} instead of {want}",
                    arm.name,
                    table.rows[row][1],
                    values[i]
                );
                compared += 1;
            }
        }
        assert_eq!(compared, 24 * 25, "{}", arm.name);
    }
}
