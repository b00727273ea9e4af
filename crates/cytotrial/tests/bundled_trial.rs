//! The bundled trial reads without a problem, and every value of it has a source.

use cytotrial::protocol::{files::Files, read};

#[test]
fn the_bundled_trial_has_no_problem_and_no_value_without_a_source() {
    let files = Files::bundled("NCT06379451").expect("bundled");
    let reading = read::read(&files);
    assert!(reading.problems.is_empty(), "{}", show(&reading.problems));
    let without: Vec<_> = reading.values.iter().filter(|value| value.source.is_none()).collect();
    assert!(without.is_empty(), "{without:?}");
    let experiment = reading.experiment.expect("no problem, so an experiment");
    let names: Vec<&str> = experiment.arms.iter().map(|arm| arm.name.as_str()).collect();
    assert_eq!(
        names,
        ["car-nk", "nk-expanded", "bcma-car-t", "bcma-cs1", "bcma-cd19", "no-treatment"]
    );
}

fn show(problems: &[cytotrial::problem::Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
