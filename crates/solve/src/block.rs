//! Trajectories: species, time, patient, in that order.

use model::SymbolId;
use rayon::prelude::*;

use crate::compile::Program;
use crate::failure::Failure;
use crate::lanes::Vectors;
use crate::look::Stop;
use crate::request::{Next, Settings, Start, Statistics};
use crate::run::{Steer, run_with};
use crate::step::Seen;

/// How many patients one thread follows at a time. Results do not depend on it.
const SHARE: usize = 256;
/// How many patients' values are turned over at a time, so that they stay near the processor.
const TILE: usize = 32;
/// How many rows of the finished table one thread writes at a time.
const ROWS: usize = 16;

/// Values of several symbols at several times for many patients.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectories {
    /// How many symbols.
    pub outputs: usize,
    /// How many times.
    pub times: usize,
    /// How many patients.
    pub patients: usize,
    /// All values, at (output x times + time) x patients + patient; not a number after a failure.
    pub values: Vec<f64>,
    /// How each patient's run ended.
    pub results: Vec<Result<Statistics, Failure>>,
}

impl Trajectories {
    /// One value.
    pub fn value(&self, output: usize, time: usize, patient: usize) -> f64 {
        self.values[(output * self.times + time) * self.patients + patient]
    }
}

/// Follows every patient and notes `outputs` at `times` (ascending). Each dose (time, symbol,
/// amount) adds to a symbol; values at a dose's time are those before it, unless the time comes
/// twice.
pub fn trajectories(
    program: &Program,
    starts: &[Start],
    settings: &Settings,
    times: &[f64],
    outputs: &[SymbolId],
    doses: &[(f64, SymbolId, f64)],
) -> Trajectories {
    let parts: Vec<_> = starts
        .par_chunks(SHARE)
        // One by one: a thread that takes several at once leaves the others idle at the end.
        .with_max_len(1)
        .map(|share| follow(program, share, settings, times, outputs, doses))
        .collect();
    let (n, points) = (starts.len(), outputs.len() * times.len());
    let mut values = vec![0.0; points * n];
    if n > 0 {
        let rows = values.par_chunks_mut(ROWS * n).enumerate();
        rows.for_each(|(chunk, rows)| turn(chunk * ROWS, rows, &parts, (points, n)));
    }
    let results = parts.into_iter().flat_map(|(_, ended)| ended).collect();
    Trajectories { outputs: outputs.len(), times: times.len(), patients: n, values, results }
}

/// Writes rows of values, a row for each point from `first` on, from columns with all points of a patient.
fn turn(first: usize, rows: &mut [f64], parts: &[Followed], (points, n): (usize, usize)) {
    let mut before = 0;
    for (columns, ended) in parts {
        for tile in (0..ended.len()).step_by(TILE) {
            let tile = tile..ended.len().min(tile + TILE);
            for (row, point) in rows.chunks_exact_mut(n).zip(first..) {
                let row = &mut row[before..][tile.clone()];
                for (value, patient) in row.iter_mut().zip(tile.clone()) {
                    *value = columns[patient * points + point];
                }
            }
        }
        before += ended.len();
    }
}

type Followed = (Vec<f64>, Vec<Result<Statistics, Failure>>);

fn follow(
    program: &Program,
    starts: &[Start],
    settings: &Settings,
    times: &[f64],
    outputs: &[SymbolId],
    doses: &[(f64, SymbolId, f64)],
) -> Followed {
    let mut doses = doses.to_vec();
    doses.sort_by(|a, b| a.0.total_cmp(&b.0));
    let place = |symbol: &SymbolId| program.state_of.get(symbol.0 as usize).copied().flatten();
    let mut notes = Notes {
        times,
        outputs,
        places: outputs.iter().map(|symbol| place(symbol).map(|at| at as usize)).collect(),
        doses,
        values: vec![f64::NAN; outputs.len() * times.len() * starts.len()],
        progress: vec![(0, 0); starts.len()],
    };
    let results = run_with(Vectors::detect(), program, starts, settings, &mut notes);
    (notes.values, results)
}

/// Notes values and gives doses.
struct Notes<'a> {
    times: &'a [f64],
    outputs: &'a [SymbolId],
    /// The position of each output among the states, if all are states.
    places: Option<Vec<usize>>,
    doses: Vec<(f64, SymbolId, f64)>,
    /// At (patient x outputs + output) x times + time.
    values: Vec<f64>,
    /// Per patient: times noted and doses given so far.
    progress: Vec<(usize, usize)>,
}

impl Steer for Notes<'_> {
    fn stop(&mut self, patient: usize, stop: &mut Stop<'_>) -> Option<Next> {
        let Self { times, outputs, doses, .. } = self;
        let first = patient * outputs.len() * times.len();
        let (noted, given) = &mut self.progress[patient];
        while *noted < times.len() && times[*noted] <= stop.time() {
            for (i, &output) in outputs.iter().enumerate() {
                self.values[first + i * times.len() + *noted] = stop.value(output);
            }
            *noted += 1;
            if times.get(*noted) == Some(&stop.time()) {
                break;
            }
        }
        while *given < doses.len() && doses[*given].0 <= stop.time() {
            let (_, symbol, amount) = doses[*given];
            stop.set(symbol, stop.value(symbol) + amount);
            *given += 1;
        }
        let next_dose = doses.get(*given).map(|dose| dose.0);
        let next_time = times.get(*noted).copied()?;
        Some(next_dose.filter(|dose| *dose <= next_time).map_or(Next::Look(next_time), Next::Stop))
    }

    fn look(&mut self, patient: usize, seen: Seen<'_>) -> Option<f64> {
        let (noted, given) = &mut self.progress[patient];
        let next = *self.times.get(*noted + 1)?;
        let places = self.places.as_ref()?;
        if next <= self.times[*noted] || self.doses.get(*given).is_some_and(|dose| dose.0 <= next) {
            return None;
        }
        let first = patient * places.len() * self.times.len() + *noted;
        let values = self.values[first..].iter_mut().step_by(self.times.len());
        for (value, &place) in values.zip(places) {
            *value = seen.state(place);
        }
        *noted += 1;
        Some(next)
    }
}
