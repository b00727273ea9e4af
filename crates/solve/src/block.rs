//! Trajectories: species, time, patient, in that order.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use model::SymbolId;
use rayon::prelude::*;

use crate::compile::Program;
use crate::dosing::Change;
use crate::failure::Failure;
use crate::lanes::{LANES, Vectors};
use crate::look::{Glance, Source, Stop};
use crate::request::{Next, Settings, Start, Statistics};
use crate::run::run_with;
use crate::steer::{Glances, Steer};

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

/// Follows every patient and notes `outputs` at `times` (ascending).
pub fn trajectories(
    program: &Program,
    starts: &[Start],
    settings: &Settings,
    times: &[f64],
    outputs: &[SymbolId],
) -> Trajectories {
    let noted = Noted { times, outputs, changes: &[], goes_on: &|_| true };
    follow(program, starts, settings, &noted).0
}

/// What is noted of patients, and what is done to them.
#[derive(Clone, Copy)]
pub struct Noted<'a> {
    /// When, ascending. Values at the time of a change are those before it, unless the time comes twice.
    pub times: &'a [f64],
    /// What.
    pub outputs: &'a [SymbolId],
    /// What is done to each patient in order of time, by position among the starts; nothing is done to those beyond
    /// its end.
    pub changes: &'a [&'a [(f64, SymbolId, Change)]],
    /// Told how many patients more have ended: whether to go on.
    pub goes_on: &'a (dyn Fn(usize) -> bool + Sync),
}

/// As [`trajectories`], with changes on the way; `None` when it was not to go on.
pub fn trajectories_of(
    program: &Program,
    starts: &[Start],
    settings: &Settings,
    noted: &Noted<'_>,
) -> Option<Trajectories> {
    let (found, is_whole) = follow(program, starts, settings, noted);
    is_whole.then_some(found)
}

/// The trajectories, and whether they are those of all patients.
fn follow(
    program: &Program,
    starts: &[Start],
    settings: &Settings,
    noted: &Noted<'_>,
) -> (Trajectories, bool) {
    let (times, outputs) = (noted.times, noted.outputs);
    let (n, points) = (starts.len(), outputs.len() * times.len());
    let mut values: Vec<f64> = rayon::iter::repeat_n(0.0, points * n).collect();
    let sources: Option<Vec<_>> =
        outputs.iter().map(|symbol| Source::of(program, *symbol)).collect();
    let mut results = vec![Ok(Statistics::default()); n];
    let shares = Mutex::new(Shares {
        first: 0,
        results: &mut results,
        rows: values.chunks_exact_mut(n.max(1)).collect(),
        most: (NEAR / points.max(1)).clamp(SHARE.0, SHARE.1),
    });
    let is_stopped = AtomicBool::new(false);
    let threads = rayon::current_num_threads().min(n.div_ceil(SHARE.0));
    (0..threads).into_par_iter().with_max_len(1).for_each(|_| {
        let mut notes = Notes {
            noted,
            sources: sources.as_deref(),
            glances: sources.as_deref().map(glances),
            shares: &shares,
            is_stopped: &is_stopped,
            open: vec![],
            free: vec![],
        };
        run_with(Vectors::detect(), program, starts, settings, &mut notes);
    });
    let (outputs, times) = (outputs.len(), times.len());
    (Trajectories { outputs, times, patients: n, values, results }, !is_stopped.into_inner())
}

fn glances(sources: &[Source]) -> Glances {
    let has_moving = sources.iter().any(|source| matches!(source, Source::Moving(_)));
    if has_moving { Glances::Table } else { Glances::States }
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

/// Notes values and makes changes.
struct Notes<'a, 'table> {
    noted: &'a Noted<'a>,
    /// Where each output comes from at looks, if that is known of all.
    sources: Option<&'a [Source]>,
    glances: Option<Glances>,
    shares: &'a Mutex<Shares<'table>>,
    /// Whether somebody was told not to go on.
    is_stopped: &'a AtomicBool,
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
        if self.is_stopped.load(Ordering::Relaxed) {
            return 0..0;
        }
        let room = self.free.pop().unwrap_or_default();
        let share = self.shares.lock().unwrap_or_else(PoisonError::into_inner).next(room);
        let range =
            share.as_ref().map_or(0..0, |share| share.first..share.first + share.results.len());
        self.open.extend(share);
        range
    }

    fn stop(&mut self, patient: usize, stop: &mut Stop<'_>) -> Option<Next> {
        let Self { noted: Noted { times, outputs, changes, .. }, open, .. } = self;
        let changes = changes.get(patient).copied().unwrap_or_default();
        let (share, patient) = own(open, patient)?;
        let patients = share.results.len();
        let (noted, made) = &mut share.progress[patient];
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
        while let Some(&(_, symbol, change)) =
            changes.get(*made).filter(|(time, ..)| *time <= stop.time())
        {
            match change {
                Change::Set(value) => stop.set(symbol, value),
                Change::Add(amount) => stop.set(symbol, stop.value(symbol) + amount),
            }
            *made += 1;
        }
        let look = times.get(*noted).copied()?;
        let change = changes.get(*made).map(|change| change.0);
        Some(change.filter(|time| *time <= look).map_or(Next::Look(look), Next::Stop))
    }

    fn glances(&self) -> Option<Glances> {
        self.glances
    }

    fn look(&mut self, patient: usize, glance: Glance<'_>) -> Option<f64> {
        let (sources, times) = (self.sources?, self.noted.times);
        let changes = self.noted.changes.get(patient).copied().unwrap_or_default();
        let (share, patient) = own(&mut self.open, patient)?;
        let patients = share.results.len();
        let (noted, made) = &mut share.progress[patient];
        let next = *times.get(*noted + 1)?;
        if next <= times[*noted] || changes.get(*made).is_some_and(|change| change.0 <= next) {
            return None;
        }
        let rows = share.values.chunks_exact_mut(patients).skip(*noted * sources.len());
        for (row, &source) in rows.zip(sources) {
            row[patient] = glance.value(source);
        }
        *noted += 1;
        Some(next)
    }

    fn ended(&mut self, patient: usize, how: Result<Statistics, Failure>) {
        let Some((share, patient)) = own(&mut self.open, patient) else { return };
        if how.is_err() {
            let (noted, _) = share.progress[patient];
            share.forget(patient, noted * self.noted.outputs.len());
        }
        share.results[patient] = how;
        share.left -= 1;
        if share.left == 0 {
            share.put((self.noted.outputs.len(), self.noted.times.len()));
            if !(self.noted.goes_on)(share.results.len()) {
                self.is_stopped.store(true, Ordering::Relaxed);
            }
        }
        let done = |share: &mut Share<'_>| share.left == 0;
        self.free.extend(self.open.extract_if(.., done).map(|share| share.values));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::compile;
    use crate::{Method, math, run};

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
        let got = trajectories(&program, &starts, &Settings::default(), &times, &[x, y]);
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

    #[test]
    fn every_kind_of_output_is_what_a_caller_sees_at_each_look() {
        let text = "model m
               x' = -k*x; x = 1; k = 1; c = 2.5
               given = 0
               other := x
               doubled := 2*k
               fraction := x/(c + x) + doubled
               clock := time
               at (x < 0.5): given = 1, c = 3
             end";
        let program = compile(&model::antimony::read(text).unwrap()).unwrap();
        let all = ["x", "k", "c", "given", "other", "doubled", "fraction", "clock"];
        let symbols = all.map(|name| program.symbol(name).unwrap());
        let start =
            |i| Start { overrides: vec![(symbols[1], 0.1 * f64::from(i))], ..Start::default() };
        let starts: Vec<Start> = (1..40).map(start).collect();
        let times: Vec<f64> = (0..50).map(|i| 0.13 * f64::from(i)).collect();
        // with and without what keeps looks from being quick
        for outputs in [&symbols[..1], &symbols[..4], &symbols[..7], &symbols[..]] {
            for method in [Method::Explicit, Method::Stiff, Method::Automatic] {
                let settings = Settings { method, ..Settings::default() };
                let got = trajectories(&program, &starts, &settings, &times, outputs);
                let mut noted = vec![0; starts.len()];
                let results = run(&program, &starts, &settings, |patient, stop| {
                    let time = noted[patient];
                    for (output, &symbol) in outputs.iter().enumerate() {
                        let (got, want) = (got.value(output, time, patient), stop.value(symbol));
                        assert_eq!(
                            got.to_bits(),
                            want.to_bits(),
                            "{} at {}",
                            all[output],
                            stop.time()
                        );
                    }
                    noted[patient] += 1;
                    times.get(noted[patient]).map(|&time| Next::Look(time))
                });
                assert_eq!(got.results, results);
                assert!(noted.iter().all(|&noted| noted == times.len()));
            }
        }
    }
}
