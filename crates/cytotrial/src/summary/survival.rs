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
pub const GRID: f64 = 7.0;

/// The least share of those without an event so far that has to be under observation still for a
/// curve to be drawn: the last few would move it by leaps. After Pocock, Clayton and Altman, Lancet
/// 2002;359:1686-1689, who end curves at 10 to 20 % of patients; here of those without an event.
const FOLLOWED: f64 = 0.1;
/// Sums of counts that should be equal may differ by this.
const ROUNDING: f64 = 1e-9;

/// How many points of a curve may be drawn; each is told as the number at risk and the number
/// without an event so far.
pub(super) fn followed(points: impl Iterator<Item = (f64, f64)>) -> usize {
    points.take_while(|(at_risk, without)| at_risk + ROUNDING >= FOLLOWED * without).count()
}

impl Curve {
    /// The points as long as at least one in ten of those without an event so far is under
    /// observation.
    pub fn drawn(&self) -> &[Point] {
        let all = self.points.first().map_or(0.0, |first| first.counts[0]);
        let points = self.points.iter().map(|point| (point.counts[0], all - point.counts[1]));
        &self.points[..followed(points)]
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(counts: &[[f64; 3]]) -> Curve {
        let points = counts.iter().enumerate().map(|(at, &counts)| Point {
            day: at as f64 * GRID,
            survival: 1.0,
            band: [0.0, 1.0],
            counts,
        });
        Curve { points: points.collect(), median: None, patients: 20 }
    }

    #[test]
    fn a_curve_ends_before_the_last_few_who_are_still_followed() {
        // of 20 patients 10 have no event; 1 of them is one in ten, 0.9 is fewer
        let curve =
            curve(&[[20.0, 0.0, 0.0], [1.0, 10.0, 9.0], [0.9, 10.0, 9.1], [5.0, 10.0, 5.0]]);
        assert_eq!(curve.drawn().len(), 2);
        assert_eq!(curve.points.len(), 4);
    }

    #[test]
    fn a_curve_on_which_everybody_had_the_event_is_drawn_to_its_end() {
        let whole = curve(&[[20.0, 0.0, 0.0], [2.0, 18.0, 0.0], [0.0, 20.0, 0.0]]);
        assert_eq!(whole.drawn().len(), 3);
        assert!(curve(&[]).drawn().is_empty());
    }
}
