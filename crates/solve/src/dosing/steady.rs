//! The states at steady state: where one interval of an endless series of doses leads back to itself.

use model::SymbolId;

use super::{Dose, DoseError, Infusion};
use crate::compile::Program;
use crate::failure::Failure;
use crate::request::{Settings, Start};
use crate::run::run;

/// Newton's steps towards a steady state; a linear model needs two.
const STEPS: usize = 50;

/// Why there is no steady state.
pub(super) enum NotSteady {
    Failed(Failure),
    NotFound,
}

impl NotSteady {
    pub(super) fn at(self, record: usize) -> DoseError {
        match self {
            Self::Failed(failure) => DoseError::Failed { record, failure },
            Self::NotFound => DoseError::NoSteadyState { record },
        }
    }
}

/// A series of doses that began long ago.
pub(super) struct Series<'a> {
    pub(super) program: &'a Program,
    pub(super) start: &'a Start,
    pub(super) settings: &'a Settings,
    /// The states that are at steady state.
    pub(super) states: &'a [SymbolId],
    pub(super) dose: &'a Dose<'a>,
}

impl Series<'_> {
    /// The states at the time of the record, before what enters just then, by Newton's method with
    /// differences.
    pub(super) fn steady_state(&self) -> Result<Vec<f64>, NotSteady> {
        let n = self.states.len();
        let mut values: Vec<f64> = vec![0.0; n];
        for _ in 0..STEPS {
            let largest = values.iter().fold(0.0, |a: f64, b: &f64| a.max(b.abs()));
            let step = self.dose.amount().max(largest);
            let step = if step > 0.0 { step } else { 1.0 };
            let mut tries = vec![values.clone()];
            for i in 0..n {
                let mut other = values.clone();
                other[i] += step;
                tries.push(other);
            }
            let ends = self.interval(&tries)?;
            let missing: Vec<f64> =
                ends[0].iter().zip(&values).map(|(end, value)| end - value).collect();
            let row = |i: usize| -> Vec<f64> {
                let slope = |j: usize| (ends[j + 1][i] - ends[0][i]) / step;
                (0..n).map(|j| f64::from(u8::from(i == j)) - slope(j)).collect()
            };
            let rows = (0..n).map(row).collect();
            let Some(moves) = solve(rows, missing) else { return Err(NotSteady::NotFound) };
            let mut is_done = true;
            for (value, change) in values.iter_mut().zip(&moves) {
                *value += change;
                let limit = 100.0 * self.settings.relative * (value.abs() + 1e-3 * step);
                is_done &= change.abs() <= limit;
            }
            if is_done {
                return Ok(values);
            }
        }
        Err(NotSteady::NotFound)
    }

    /// Where the interval before the record leads from each of several places.
    fn interval(&self, places: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, NotSteady> {
        let record = self.dose.record;
        let begin = record.time - record.interval;
        let (moments, flow) = self.moments(begin);
        let from = |place: &Vec<f64>| {
            let mut overrides = self.start.overrides.clone();
            overrides.extend(self.states.iter().copied().zip(place.iter().copied()));
            Start { time: begin, overrides, stream: self.start.stream }
        };
        let starts: Vec<Start> = places.iter().map(from).collect();
        let mut ends = vec![Vec::new(); places.len()];
        let results = run(self.program, &starts, self.settings, |patient, stop| {
            let now = stop.time();
            if now >= record.time {
                ends[patient] = self.states.iter().map(|&state| stop.value(state)).collect();
                return None;
            }
            for moment in moments.iter().filter(|moment| moment.time.total_cmp(&now).is_eq()) {
                if let Some(inflow) = record.inflow.filter(|_| self.dose.length > 0.0) {
                    stop.set(inflow, f64::from(moment.running) * flow);
                } else if record.infusion == Infusion::Bolus {
                    stop.set(record.state, stop.value(record.state) + self.dose.amount());
                }
            }
            let next = moments.iter().map(|moment| moment.time).find(|&time| time > now);
            Some(next.unwrap_or(record.time).min(record.time))
        });
        match results.into_iter().find_map(Result::err) {
            Some(failure) => Err(NotSteady::Failed(failure)),
            None => Ok(ends),
        }
    }

    /// When doses enter within the interval, how many infusions run from then on, and the rate of one.
    fn moments(&self, begin: f64) -> (Vec<Moment>, f64) {
        let record = self.dose.record;
        let (interval, length) = (record.interval, self.dose.length);
        let phase = record.lag - (record.lag / interval).floor() * interval;
        if length <= 0.0 {
            return (vec![Moment { time: begin + phase, running: 0 }], 0.0);
        }
        // infusions that never stop, and how long one more runs
        let always = (length / interval).floor();
        let rest = length - always * interval;
        let always = always as u32;
        let end = phase + rest;
        let moment = |offset: f64, running: u32| Moment { time: begin + offset, running };
        let moments = if end <= interval {
            vec![moment(0.0, always), moment(phase, always + 1), moment(end, always)]
        } else {
            let over = end - interval;
            vec![moment(0.0, always + 1), moment(over, always), moment(phase, always + 1)]
        };
        (moments, self.dose.amount() / length)
    }
}

/// A time within the interval.
struct Moment {
    time: f64,
    /// How many infusions run from then on.
    running: u32,
}

/// Solves linear equations by elimination with pivots; `None` where there is no single answer.
fn solve(mut rows: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let n = right.len();
    for column in 0..n {
        let pivot =
            (column..n).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()))?;
        if rows[pivot][column].abs() <= 1e-12 || rows[pivot][column].is_nan() {
            return None;
        }
        rows.swap(column, pivot);
        right.swap(column, pivot);
        let top = rows[column].clone();
        for row in column + 1..n {
            let factor = rows[row][column] / top[column];
            for (value, above) in rows[row].iter_mut().zip(&top).skip(column) {
                *value -= factor * above;
            }
            right[row] -= factor * right[column];
        }
    }
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|i| rows[row][i] * right[i]).sum();
        right[row] = (right[row] - known) / rows[row][row];
    }
    Some(right)
}
