//! The summary of a simulation in about twelve lines.

use std::fmt::Write as _;

use cytotrial::operation::simulate::Simulation;
use cytotrial::summary::ArmSummary;

/// One line per arm under a header.
pub(crate) fn of(simulation: &Simulation) -> String {
    let summary = &simulation.summary;
    let mut text = String::new();
    let mut line = |words: &str| writeln!(text, "{words}").expect("a String takes every write");
    line(&format!(
        "{}: {} virtual trials of {} patients, the same patients in every arm",
        simulation.experiment().protocol.id,
        summary.replicates,
        summary.patients
    ));
    line(&format!(
        "{:14} {:>13} {:>13} {:>13} {:>13} {:>13} {:>13} {:>11}",
        "5 to 95% of",
        "response %",
        "complete %",
        "CRS %",
        "CRS >= 3 %",
        "DLT %",
        "PFS months",
        "wait days"
    ));
    let experiment = simulation.experiment();
    let mut is_any_fitted = false;
    for arm in &summary.arms {
        let mut range = |code: &str, factor: f64| {
            let is_fitted = experiment.is_fitted(&arm.name, code);
            is_any_fitted |= is_fitted;
            format!("{}{}", range(arm, code, factor), if is_fitted { "*" } else { "" })
        };
        let mut share = |code: &str| range(code, 100.0);
        line(&format!(
            "{:14} {:>13} {:>13} {:>13} {:>13} {:>13} {:>13} {:>11}",
            arm.name,
            share("orr"),
            share("cr"),
            share("crs"),
            share("crs-grade-3-or-more"),
            share("dlt"),
            range("pfs-median", 1.0),
            range("days-to-infusion", 1.0),
        ));
    }
    if is_any_fitted {
        line(
            "* fitted: values were set with such a published result in view, so this is no prediction",
        );
    }
    if summary.failed > 0 {
        line(&format!("{} patients could not be computed: see run.json", summary.failed));
    }
    line(
        "the report says what is assumed and what was set to published results; the committee decides",
    );
    text
}

/// The range over trials, without a centre.
fn range(arm: &ArmSummary, code: &str, factor: f64) -> String {
    let range = arm.estimate(code).and_then(cytotrial::summary::Estimate::range);
    match range {
        Some((_, low, high)) if factor > 1.0 => {
            format!("{:.0} to {:.0}", low * factor, high * factor)
        }
        Some((_, low, _)) if low.is_infinite() => "not reached".to_owned(),
        Some((_, low, high)) if high.is_infinite() => format!("{low:.1} or more"),
        Some((_, low, high)) => format!("{low:.1} to {high:.1}"),
        None => "-".to_owned(),
    }
}
