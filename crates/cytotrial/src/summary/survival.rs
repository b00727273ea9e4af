//! Survival over all replicates: one pooled curve, and how much single small trials scatter.

use evaluate::TimeToEvent;
use stats::KaplanMeier;
use stats::summary::{quantile_of_sorted, sorted};

use super::measure::treated;
use crate::conduct::result::PatientResult;

/// A pooled Kaplan-Meier curve on a grid of days, with the range of single trials.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Per grid day: survival of the pooled patients, 5 % and 95 % of single trials' curves, and
    /// the mean number at risk, with the event so far, and censored so far per trial.
    pub points: Vec<Point>,
    /// Pooled median in days; `None` when not reached.
    pub median: Option<f64>,
    /// Patients pooled.
    pub patients: usize,
}

/// One grid day of a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Day.
    pub day: f64,
    /// Pooled survival.
    pub survival: f64,
    /// 5 % and 95 % of single trials.
    pub band: [f64; 2],
    /// Mean per trial: at risk, events so far, censored so far.
    pub counts: [f64; 3],
}

/// Days between grid points.
const GRID: f64 = 7.0;

impl Curve {
    /// The curve of the treated patients.
    pub fn new(
        replicates: &[&[PatientResult]],
        of: impl Fn(&PatientResult) -> TimeToEvent,
    ) -> Self {
        let trials: Vec<Vec<(f64, bool)>> = replicates
            .iter()
            .map(|patients| {
                let treated = patients.iter().filter(|patient| treated(patient));
                treated.map(&of).map(|time| (time.days, time.event)).collect()
            })
            .collect();
        let pooled: Vec<(f64, bool)> = trials.iter().flatten().copied().collect();
        let last = pooled.iter().fold(0.0_f64, |last, (day, _)| last.max(*day));
        let curve = KaplanMeier::new(&pooled);
        let single: Vec<KaplanMeier> = trials
            .iter()
            .filter(|trial| !trial.is_empty())
            .map(|trial| KaplanMeier::new(trial))
            .collect();
        let scale = 1.0 / single.len().max(1) as f64;
        let mut ordered = pooled.clone();
        ordered.sort_by(|a, b| a.0.total_cmp(&b.0));
        let steps = if pooled.is_empty() { 0 } else { (last / GRID).ceil() as usize + 1 };
        let points = (0..steps)
            .map(|step| {
                let day = step as f64 * GRID;
                let values: Vec<f64> = single.iter().map(|trial| trial.at(day)).collect();
                let values = sorted(&values);
                let until = ordered.partition_point(|(time, _)| *time <= day);
                let events = ordered[..until].iter().filter(|(_, event)| *event).count();
                let before = ordered.partition_point(|(time, _)| *time < day);
                Point {
                    day,
                    survival: curve.at(day),
                    band: [0.05, 0.95].map(|p| quantile_of_sorted(&values, p).unwrap_or(f64::NAN)),
                    counts: [
                        (ordered.len() - before) as f64 * scale,
                        events as f64 * scale,
                        (until - events) as f64 * scale,
                    ],
                }
            })
            .collect();
        Self { points, median: curve.median(), patients: pooled.len() }
    }
}
