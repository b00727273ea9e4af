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
    let mut values = vec![0.0; points * n];
    let mut doses = doses.to_vec();
    doses.sort_by(|a, b| a.0.total_cmp(&b.0));
    let place = |symbol: &SymbolId| program.state_of.get(symbol.0 as usize).copied().flatten();
    let places: Option<Vec<_>> =
        outputs.iter().map(|symbol| place(symbol).map(|at| at as usize)).collect();
    let results: Vec<_> = starts
        .par_chunks(SHARE)
        .zip(rows_of_shares(&mut values, n, (outputs.len(), times.len())))
        // One by one: a thread that takes several at once leaves the others idle at the end.
        .with_max_len(1)
        .map(|(starts, rows)| {
            let (places, progress) = (places.as_deref(), vec![(0, 0); starts.len()]);
            let mut notes = Notes { times, outputs, places, doses: &doses, rows, progress };
            let results = run_with(Vectors::detect(), program, starts, settings, &mut notes);
            notes.forget_failed(&results);
            results
        })
        .collect();
    let results = results.into_iter().flatten().collect();
    Trajectories { outputs: outputs.len(), times: times.len(), patients: n, values, results }
}

/// The values of some patients, at time x outputs + output: what is noted together stands together.
type Rows<'a> = Vec<&'a mut [f64]>;

/// For each share of the patients its part of every row of the table.
fn rows_of_shares(
    values: &mut [f64],
    patients: usize,
    (outputs, times): (usize, usize),
) -> Vec<Rows<'_>> {
    let mut shares: Vec<Rows<'_>> = Vec::new();
    let empty = || (0..outputs * times).map(|_| Default::default()).collect();
    shares.resize_with(patients.div_ceil(SHARE), empty);
    for (row, values) in values.chunks_exact_mut(patients.max(1)).enumerate() {
        let (output, time) = (row / times, row % times);
        for (share, part) in shares.iter_mut().zip(values.chunks_mut(SHARE)) {
            share[time * outputs + output] = part;
        }
    }
    shares
}

/// Notes values and gives doses.
struct Notes<'a> {
    times: &'a [f64],
    outputs: &'a [SymbolId],
    /// The position of each output among the states, if all are states.
    places: Option<&'a [usize]>,
    /// In order of time.
    doses: &'a [(f64, SymbolId, f64)],
    rows: Rows<'a>,
    /// Per patient: times noted and doses given so far.
    progress: Vec<(usize, usize)>,
}

impl Notes<'_> {
    /// What a patient that failed did not reach is not a number.
    fn forget_failed(&mut self, results: &[Result<Statistics, Failure>]) {
        let failed = results.iter().enumerate().filter(|(_, result)| result.is_err());
        for (patient, _) in failed {
            let (noted, _) = self.progress[patient];
            for row in &mut self.rows[noted * self.outputs.len()..] {
                row[patient] = f64::NAN;
            }
        }
    }
}

impl Steer for Notes<'_> {
    fn stop(&mut self, patient: usize, stop: &mut Stop<'_>) -> Option<Next> {
        let Self { times, outputs, doses, .. } = self;
        let (noted, given) = &mut self.progress[patient];
        while *noted < times.len() && times[*noted] <= stop.time() {
            for (i, &output) in outputs.iter().enumerate() {
                self.rows[*noted * outputs.len() + i][patient] = stop.value(output);
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
        let places = self.places?;
        if next <= self.times[*noted] || self.doses.get(*given).is_some_and(|dose| dose.0 <= next) {
            return None;
        }
        let rows = &mut self.rows[*noted * places.len()..];
        for (row, &place) in rows.iter_mut().zip(places) {
            row[patient] = seen.state(place);
        }
        *noted += 1;
        Some(next)
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
        let starts: Vec<Start> = (0..2 * SHARE + 3).map(start).collect();
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
