//! How sections write estimates: with their range over trials, never a bare number.

use report::format::{number, percent};

use crate::summary::Estimate;
use crate::summary::measure::{Kind, Measure};

/// Denominator that decides how many digits a share shows.
pub(super) const FINE: u64 = 1000;

/// A value of a measure in words.
pub(super) fn value(measure: &Measure, value: f64, patients: u64) -> String {
    match measure.kind() {
        _ if value.is_infinite() => "not reached".to_owned(),
        Kind::Share => percent(value, patients),
        Kind::Number => number(value),
    }
}

/// The range over trials: `median (90% of trials: low to high)`; the range alone where no
/// patient-level data stand behind the arm.
pub(super) fn range(
    measure: &Measure,
    estimate: &Estimate,
    patients: u32,
    range_only: bool,
) -> String {
    let Some((median, low, high)) = estimate.range() else {
        return "not estimable".to_owned();
    };
    let show = |number: f64| value(measure, number, u64::from(patients));
    if low.is_infinite() {
        return "not reached".to_owned();
    }
    let (low, high) = (show(low), show(high));
    let low = if measure.kind() == Kind::Share { low.trim_end_matches('%') } else { &low };
    if range_only {
        format!("{low} to {high}")
    } else {
        format!("{} ({low} to {high})", show(median))
    }
}

/// A list in words: `a, b and c`.
pub(crate) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// What a range is, for captions and notes.
pub(super) const RANGE: &str = "5th to 95th percentile of whole trials at the planned size";

/// How much was simulated.
pub(super) fn trials(summary: &crate::summary::Summary) -> String {
    format!(
        "{} virtual trials of {} planned patients per arm.",
        summary.replicates, summary.patients
    )
}

/// A source as it may be shown: what nobody has looked up again says so.
pub(super) fn source(source: &str, verification: &str) -> String {
    if verification.starts_with("RECALLED") {
        format!("recalled, not verified: {source}")
    } else {
        source.to_owned()
    }
}

/// The first words of a measure's title, short enough for an axis.
pub(super) fn short(measure: &Measure) -> &'static str {
    measure.title.split(" (").next().unwrap_or(measure.title)
}
