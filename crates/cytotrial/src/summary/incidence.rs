//! Cumulative incidence of competing events over all replicates, and how much single trials scatter.

use evaluate::TimeToEvent;
use stats::summary::{quantile_of_sorted, sorted};
use stats::{Cause, CumulativeIncidence};

use super::measure::treated;
use super::survival::followed;
use crate::conduct::result::PatientResult;

/// Pooled cumulative incidence of two causes on a grid of days, with the range of single trials.
#[derive(Debug, Clone, PartialEq)]
pub struct Incidence {
    /// One entry per grid day.
    pub points: Vec<Point>,
    /// Patients pooled.
    pub patients: usize,
}

/// One grid day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Day.
    pub day: f64,
    /// Pooled cumulative incidence of each cause.
    pub share: [f64; 2],
    /// 5 % and 95 % of single trials, per cause.
    pub band: [[f64; 2]; 2],
    /// Mean per trial: at risk, events of each cause so far, censored so far.
    pub counts: [f64; 4],
}

/// Progression, or death without it: what ended the time free of progression. A progression seen
/// on the day of death counts as death.
pub fn progression_or_death(patient: &PatientResult) -> (f64, Cause) {
    let end = patient.progression_free;
    let cause = match (end.event, patient.overall) {
        (false, _) => Cause::Censored,
        (true, TimeToEvent { days, event: true }) if days <= end.days => Cause::Event(1),
        (true, _) => Cause::Event(0),
    };
    (end.days, cause)
}

/// The first sign of cytokine release syndrome, or death before any.
pub fn cytokine_release(patient: &PatientResult) -> (f64, Cause) {
    match patient.crs.1 {
        Some(onset) => (onset, Cause::Event(0)),
        None if patient.overall.event => (patient.overall.days, Cause::Event(1)),
        None => (patient.overall.days, Cause::Censored),
    }
}

impl Incidence {
    /// The points as long as at least one in ten of those without an event of either cause so far
    /// is under observation.
    pub fn drawn(&self) -> &[Point] {
        let all = self.points.first().map_or(0.0, |first| first.counts[0]);
        let points = self.points.iter().map(|Point { counts, .. }| {
            let [at_risk, first, second, _] = *counts;
            (at_risk, all - first - second)
        });
        &self.points[..followed(points)]
    }

    /// Incidence among the treated patients, read every `grid` days until the last of them is
    /// followed, or until day `last`.
    pub fn new(
        replicates: &[&[PatientResult]],
        (grid, last): (f64, f64),
        of: impl Fn(&PatientResult) -> (f64, Cause),
    ) -> Self {
        let trials: Vec<Vec<(f64, Cause)>> = replicates
            .iter()
            .map(|patients| patients.iter().filter(|patient| treated(patient)).map(&of).collect())
            .collect();
        let pooled: Vec<(f64, Cause)> = trials.iter().flatten().copied().collect();
        let end = pooled.iter().fold(0.0_f64, |end, (day, _)| end.max(*day)).min(last);
        let whole = CumulativeIncidence::new(&pooled, 2);
        let single: Vec<CumulativeIncidence> = trials
            .iter()
            .filter(|trial| !trial.is_empty())
            .map(|trial| CumulativeIncidence::new(trial, 2))
            .collect();
        let scale = 1.0 / single.len().max(1) as f64;
        let count = |counts: &dyn Fn(&(f64, Cause)) -> bool| {
            pooled.iter().filter(|entry| counts(entry)).count() as f64 * scale
        };
        let steps = if pooled.is_empty() { 0 } else { (end / grid).ceil() as usize + 1 };
        let points = (0..steps).map(|step| {
            let day = step as f64 * grid;
            let until = |wanted: Cause| count(&|(time, cause)| *time <= day && *cause == wanted);
            Point {
                day,
                share: [0, 1].map(|cause| whole.at(cause, day)),
                band: [0, 1].map(|cause| {
                    let values: Vec<f64> =
                        single.iter().map(|trial| trial.at(cause, day)).collect();
                    let ordered = sorted(&values);
                    [0.05, 0.95].map(|p| quantile_of_sorted(&ordered, p).unwrap_or_default())
                }),
                counts: [
                    count(&|(time, _)| *time >= day),
                    until(Cause::Event(0)),
                    until(Cause::Event(1)),
                    until(Cause::Censored),
                ],
            }
        });
        Self { points: points.collect(), patients: pooled.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_no_incidence() {
        let none = Incidence::new(&[&[], &[]], (7.0, 365.0), progression_or_death);
        assert_eq!(none, Incidence { points: Vec::new(), patients: 0 });
    }

    #[test]
    fn competing_events_count_among_the_events_so_far() {
        let point = |day, counts| Point { day, share: [0.5; 2], band: [[0.0, 1.0]; 2], counts };
        let incidence = Incidence {
            points: vec![
                point(0.0, [20.0, 0.0, 0.0, 0.0]),
                // of 20 patients 5 have neither event; half a patient is one in ten of them
                point(7.0, [0.5, 5.0, 10.0, 4.5]),
                point(14.0, [0.4, 5.0, 10.0, 4.6]),
            ],
            patients: 20,
        };
        assert_eq!(incidence.drawn().len(), 2);
    }
}
