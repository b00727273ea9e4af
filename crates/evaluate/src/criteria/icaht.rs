//! Haematotoxicity after effector cells: depth and length of neutropenia and thrombocytopenia.
//!
//! Rejeski et al., Blood 2023;142:865-877 (EHA and EBMT) for neutropenia; the same consensus'
//! extension to platelets. Between counts the last one holds; transfusions are not seen.

use super::Criterion;
use crate::index::{Point, SubjectRecords};
use crate::outcome::{Haematotoxicity, SubjectOutcome};
use crate::rules::Rules;
use records::Analyte;
use serde::{Deserialize, Serialize};

/// The criterion.
pub const CRITERION: EffectorHaematotoxicity = EffectorHaematotoxicity;

/// Haematotoxicity after effector cells, EHA and EBMT 2023.
#[derive(Debug, Clone, Copy)]
pub struct EffectorHaematotoxicity;

/// What the consensus leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct IcahtOptions {
    /// A count holds until the next one, at most this long, days (assumed: 7).
    pub count_holds_days: f64,
    /// Late neutropenia counts when so many consecutive counts show it.
    pub late_counts: usize,
}

impl Default for IcahtOptions {
    fn default() -> Self {
        Self { count_holds_days: 7.0, late_counts: 2 }
    }
}

/// The last day of the early form.
const EARLY: usize = 30;
/// The last day on which late thrombocytopenia is looked for.
const LATE_PLATELETS: usize = 100;
const TOLERANCE: f64 = 1e-9;

/// Early grade by neutrophils (10^9/L), one value per day from day 0 on; `None` where unknown.
pub fn early_neutropenia(days: &[Option<f64>]) -> Option<u8> {
    let at_most = |limit: f64| count(days, &|value| value <= limit + TOLERANCE);
    days.iter().flatten().next()?;
    let never_above = days.len() > EARLY
        && days[..=EARLY].iter().all(|value| value.is_some_and(|value| value <= 0.5 + TOLERANCE));
    let by_half = match at_most(0.5) {
        0 => 0,
        1..=6 => 1,
        7..=13 => 2,
        _ => 3,
    };
    let by_tenth = match at_most(0.1) {
        0..=6 => 0,
        7..=13 => 3,
        _ => 4,
    };
    Some(if never_above { 4 } else { by_half.max(by_tenth) })
}

/// Early grade by platelets (10^9/L), one value per day from day 0 on.
pub fn early_thrombocytopenia(days: &[Option<f64>]) -> Option<u8> {
    let below = |limit: f64| count(days, &|value| value < limit - TOLERANCE);
    days.iter().flatten().next()?;
    let by_fifty = match below(50.0) {
        0 => 0,
        1..=6 => 1,
        _ => 2,
    };
    Some(by_fifty.max(below_twenty(below(20.0))))
}

/// Late grade by neutrophils: the worst that so many consecutive counts all show.
pub fn late_neutropenia(counts: &[f64], consecutive: usize) -> Option<u8> {
    let grade = |value: f64| {
        [1.5, 1.0, 0.5, 0.1].iter().filter(|&&limit| value <= limit + TOLERANCE).count() as u8
    };
    counts
        .windows(consecutive.max(1))
        .map(|run| run.iter().map(|&value| grade(value)).min().unwrap_or(0))
        .max()
}

/// Late grade by platelets, one value per day from day 31 to day 100.
pub fn late_thrombocytopenia(days: &[Option<f64>]) -> Option<u8> {
    let below = |limit: f64| count(days, &|value| value < limit - TOLERANCE);
    days.iter().flatten().next()?;
    let mild = u8::from(below(100.0) > 0) + u8::from(below(50.0) > 0);
    Some(mild.max(below_twenty(below(20.0))))
}

fn below_twenty(days: usize) -> u8 {
    match days {
        0 => 0,
        1..=13 => 3,
        _ => 4,
    }
}

fn count(days: &[Option<f64>], meets: &dyn Fn(f64) -> bool) -> usize {
    days.iter().flatten().filter(|value| meets(**value)).count()
}

/// The value in force at the end of each day, from `first` to `last`; values on or before day 0
/// do not hold after it.
fn daily(
    series: &[Point],
    (first, last): (usize, usize),
    until: f64,
    holds: f64,
) -> Vec<Option<f64>> {
    (first..=last)
        .filter(|&day| (day as f64) <= until + TOLERANCE)
        .map(|day| {
            let end = day as f64 + 1.0;
            let known = series.partition_point(|point| point.day < end - TOLERANCE);
            let point = series[..known].last()?;
            (point.day.floor() >= 0.0 && end - 1.0 - point.day.floor() < holds - TOLERANCE)
                .then_some(point.value)
        })
        .collect()
}

/// The grades of one subject; counts after progression, next therapy or death do not tell.
pub fn grades(
    subject: &SubjectRecords<'_>,
    progression: Option<f64>,
    options: &IcahtOptions,
) -> Haematotoxicity {
    let until = [progression, subject.new_therapy_day, subject.death_day]
        .into_iter()
        .flatten()
        .fold(f64::INFINITY, f64::min);
    let after = |analyte: Analyte| {
        let series = subject.series(analyte);
        &series[series.partition_point(|point| point.day < 0.0)..]
    };
    let (neutrophils, platelets) = (after(Analyte::Neutrophils), after(Analyte::Platelets));
    let days = |series: &[Point], span| daily(series, span, until, options.count_holds_days);
    let late: Vec<f64> = neutrophils
        .iter()
        .filter(|point| point.day >= EARLY as f64 + 1.0 && point.day <= until)
        .map(|point| point.value)
        .collect();
    let late_days = (EARLY + 1, LATE_PLATELETS);
    Haematotoxicity {
        early_neutropenia: early_neutropenia(&days(neutrophils, (0, EARLY))),
        late_neutropenia: late_neutropenia(&late, options.late_counts),
        early_thrombocytopenia: early_thrombocytopenia(&days(platelets, (0, EARLY))),
        late_thrombocytopenia: late_thrombocytopenia(&days(platelets, late_days)),
    }
}

impl Criterion for EffectorHaematotoxicity {
    fn name(&self) -> &'static str {
        "icaht"
    }

    fn title(&self) -> &'static str {
        "Haematotoxicity after effector cells, EHA and EBMT 2023"
    }

    fn source(&self) -> &'static str {
        "Rejeski et al., Blood 2023;142:865-877"
    }

    fn assess(&self, subject: &SubjectRecords<'_>, rules: &Rules, outcome: &mut SubjectOutcome) {
        outcome.haematotoxicity = grades(subject, outcome.progression_day, &rules.icaht);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[(f64, f64)]) -> Vec<Point> {
        values.iter().map(|&(day, value)| Point { day, value, below_limit: false }).collect()
    }

    #[test]
    fn a_count_holds_until_the_next_but_not_for_ever() {
        let days = daily(&points(&[(0.3, 3.0), (2.0, 0.4)]), (0, 12), f64::INFINITY, 7.0);
        assert_eq!(days[..3], [Some(3.0), Some(3.0), Some(0.4)]);
        assert_eq!((days[8], days[9]), (Some(0.4), None));
    }

    #[test]
    fn nothing_is_said_without_counts() {
        assert_eq!(early_neutropenia(&[None, None]), None);
        assert_eq!(late_neutropenia(&[0.2], 2), None);
        assert_eq!(late_thrombocytopenia(&[]), None);
    }

    #[test]
    fn counts_after_progression_do_not_tell() {
        assert_eq!(daily(&points(&[(5.0, 0.2)]), (0, 30), 4.0, 7.0), [None; 5]);
    }
}
