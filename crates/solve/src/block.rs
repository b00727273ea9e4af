//! Trajectories: species, time, patient, in that order.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use model::SymbolId;
use rayon::prelude::*;

use crate::compile::Program;
use crate::failure::Failure;
use crate::lanes::{LANES, Vectors};
use crate::look::Stop;
use crate::request::{Next, Settings, Start, Statistics};
use crate::run::run_with;
use crate::steer::Steer;
use crate::step::Seen;

/// A thread is given as many patients at a time as have about so many values: they stay near the processor until
/// they are put into the table, a row at a time.
const NEAR: usize = 1 << 16;
/// A thread is given from so many patients to so many at a time. Results do not depend on it.
const SHARE: (usize, usize) = (LANES, 8 * LANES);

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
    let (n, points) = (starts.len(), outputs.len() * times.len());
    let mut values: Vec<f64> = rayon::iter::repeat_n(0.0, points * n).collect();
    let mut doses = doses.to_vec();
    doses.sort_by(|a, b| a.0.total_cmp(&b.0));
    let place = |symbol: &SymbolId| program.state_of.get(symbol.0 as usize).copied().flatten();
    let places: Option<Vec<_>> =
        outputs.iter().map(|symbol| place(symbol).map(|at| at as usize)).collect();
    let mut results = vec![Ok(Statistics::default()); n];
    let shares = Mutex::new(Shares {
        first: 0,
        results: &mut results,
        rows: values.chunks_exact_mut(n.max(1)).collect(),
        most: (NEAR / points.max(1)).clamp(SHARE.0, SHARE.1),
    });
    let threads = rayon::current_num_threads().min(n.div_ceil(SHARE.0));
    (0..threads).into_par_iter().with_max_len(1).for_each(|_| {
        let (places, shares) = (places.as_deref(), &shares);
        let mut notes =
            Notes { times, outputs, places, doses: &doses, shares, open: vec![], free: vec![] };
        run_with(Vectors::detect(), program, starts, settings, &mut notes);
    });
    Trajectories { outputs: outputs.len(), times: times.len(), patients: n, values, results }
}

/// What is still to be given to threads: whoever has a free lane takes the next, so that no thread waits long for
/// the last.
struct Shares<'a> {
    first: usize,
    results: &'a mut [Result<Statistics, Failure>],
    /// The rest of each row of the table.
    rows: Vec<&'a mut [f64]>,
    /// How many patients are given at a time, less towards the end.
    most: usize,
}

/// Patients of one thread, and where their results and values go.
struct Share<'a> {
    first: usize,
    results: &'a mut [Result<Statistics, Failure>],
    rows: Vec<&'a mut [f64]>,
    /// At (time x outputs + output) x patients + patient: what is noted together stands together.
    values: Vec<f64>,
    /// Per patient: times noted and doses given so far.
    progress: Vec<(usize, usize)>,
    /// How many patients have not ended.
    left: usize,
}

impl<'a> Shares<'a> {
    /// The next share; its values are kept in the given room.
    fn next(&mut self, mut values: Vec<f64>) -> Option<Share<'a>> {
        let even = self.results.len().div_ceil(2 * rayon::current_num_threads());
        let count = self.most.min(even).max(SHARE.0).min(self.results.len());
        let first = self.first;
        self.first += count;
        values.resize(self.rows.len() * count, 0.0);
        let results = self.results.split_off_mut(..count).filter(|results| !results.is_empty())?;
        let rows = self.rows.iter_mut().filter_map(|row| row.split_off_mut(..count)).collect();
        Some(Share { first, results, rows, values, progress: vec![(0, 0); count], left: count })
    }
}

impl Share<'_> {
    /// What a patient that failed did not reach, from a row on, is not a number.
    fn forget(&mut self, patient: usize, from: usize) {
        for row in self.values.chunks_exact_mut(self.results.len()).skip(from) {
            row[patient] = f64::NAN;
        }
    }

    /// Puts the values into the table.
    fn put(&mut self, (outputs, times): (usize, usize)) {
        let patients = self.results.len();
        for (row, to) in self.rows.iter_mut().enumerate() {
            let (output, time) = (row / times, row % times);
            to.copy_from_slice(&self.values[(time * outputs + output) * patients..][..patients]);
        }
    }
}

/// Notes values and gives doses.
struct Notes<'a, 'table> {
    times: &'a [f64],
    outputs: &'a [SymbolId],
    /// The position of each output among the states, if all are states.
    places: Option<&'a [usize]>,
    /// In order of time.
    doses: &'a [(f64, SymbolId, f64)],
    shares: &'a Mutex<Shares<'table>>,
    /// Shares with patients who have not ended.
    open: Vec<Share<'table>>,
    /// Room of shares that were put into the table.
    free: Vec<Vec<f64>>,
}

/// The share of a patient and the patient's position in it.
fn own<'a, 'table>(
    open: &'a mut [Share<'table>],
    patient: usize,
) -> Option<(&'a mut Share<'table>, usize)> {
    let position =
        |share: &Share<'_>| patient.checked_sub(share.first).filter(|at| *at < share.results.len());
    open.iter_mut().find_map(|share| position(share).map(|at| (share, at)))
}

impl Steer for Notes<'_, '_> {
    fn more(&mut self) -> Range<usize> {
        let room = self.free.pop().unwrap_or_default();
        let share = self.shares.lock().unwrap_or_else(PoisonError::into_inner).next(room);
        let range =
            share.as_ref().map_or(0..0, |share| share.first..share.first + share.results.len());
        self.open.extend(share);
        range
    }

    fn stop(&mut self, patient: usize, stop: &mut Stop<'_>) -> Option<Next> {
        let Self { times, outputs, doses, open, .. } = self;
        let (share, patient) = own(open, patient)?;
        let patients = share.results.len();
        let (noted, given) = &mut share.progress[patient];
        while *noted < times.len() && times[*noted] <= stop.time() {
            for (i, &output) in outputs.iter().enumerate() {
                let row = *noted * outputs.len() + i;
                share.values[row * patients + patient] = stop.value(output);
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
        let (share, patient) = own(&mut self.open, patient)?;
        let patients = share.results.len();
        let (noted, given) = &mut share.progress[patient];
        let next = *self.times.get(*noted + 1)?;
        let places = self.places?;
        if next <= self.times[*noted] || self.doses.get(*given).is_some_and(|dose| dose.0 <= next) {
            return None;
        }
        let rows = share.values.chunks_exact_mut(patients).skip(*noted * places.len());
        for (row, &place) in rows.zip(places) {
            row[patient] = seen.state(place);
        }
        *noted += 1;
        Some(next)
    }

    fn ended(&mut self, patient: usize, how: Result<Statistics, Failure>) {
        let Some((share, patient)) = own(&mut self.open, patient) else { return };
        if how.is_err() {
            let (noted, _) = share.progress[patient];
            share.forget(patient, noted * self.outputs.len());
        }
        share.results[patient] = how;
        share.left -= 1;
        if share.left == 0 {
            share.put((self.outputs.len(), self.times.len()));
        }
        let done = |share: &mut Share<'_>| share.left == 0;
        self.free.extend(self.open.extract_if(.., done).map(|share| share.values));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::compile;
    use crate::math;

    #[test]
    fn each_value_stands_with_its_patient_time_and_output() {
        let text = "model m\n x' = -k*x; y' = k*y*y; x = 1; y = 1; k = 1;\nend\n";
        let program = compile(&model::antimony::read(text).unwrap()).unwrap();
        let [x, y, k] = ["x", "y", "k"].map(|name| program.symbol(name).unwrap());
        // y runs away at 1 / k: later for every patient but the last of each hundred
        let rate = |patient: usize| if patient % 100 == 99 { 0.4 } else { 1e-4 * patient as f64 };
        let start = |patient| Start { overrides: vec![(k, rate(patient))], ..Start::default() };
        let starts: Vec<Start> = (0..2 * SHARE.1 + 3).map(start).collect();
        let times = [0.0, 1.0, 2.0, 4.0];
        let got = trajectories(&program, &starts, &Settings::default(), &times, &[x, y], &[]);
        for patient in 0..starts.len() {
            let runs_away = patient % 100 == 99;
            assert_eq!(got.results[patient].is_err(), runs_away, "patient {patient}");
            for (at, &time) in times.iter().enumerate() {
                let [x, y] = [0, 1].map(|output| got.value(output, at, patient));
                let kt = rate(patient) * time;
                if runs_away && time > 2.0 {
                    assert!(x.is_nan() && y.is_nan(), "patient {patient}: {x} {y}");
                } else {
                    let far = (x / math::exp(-kt) - 1.0).abs().max((y * (1.0 - kt) - 1.0).abs());
                    assert!(far < 2e-5, "patient {patient} at {time}: {x} {y}");
                }
            }
        }
    }
}
