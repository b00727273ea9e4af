//! Some of the patients from start to end, noted at the times that are asked for.

use std::borrow::Cow;
use std::ops::Range;

use ::model::SymbolId;
use ::solve::{
    Change, Failure, Network, Noted, Start, StochasticSettings, stochastic_while, trajectories_of,
};
use rayon::prelude::*;
use serde::Serialize;
use stats::{Purpose, stream};

use super::Effort;
use super::setup::Prepared;

/// Values of consecutive patients.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chunk {
    /// The position of the first patient.
    pub first: u32,
    /// All values, at (column x times + time) x patients + patient; not a number after a failure.
    pub values: Vec<f64>,
    /// How each patient ended.
    pub ended: Vec<Result<Effort, Failed>>,
}

/// A patient who could not be followed to the end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failed {
    /// The patient's number.
    pub patient: u64,
    /// How far the patient came, in the model's time.
    pub time: f64,
    /// The state with the largest error, or the symbol, reaction or event concerned.
    pub state: String,
    /// The method in use.
    pub method: String,
    /// What happened.
    pub reason: String,
}

/// Changes of symbols in order of time.
type Changes<'a> = Cow<'a, [(f64, SymbolId, Change)]>;

/// Rows of values, a patient each column, and how each patient ended; `None` when it was not to go on.
type Found = Option<(Vec<f64>, Vec<Result<Effort, Failure>>)>;

impl Prepared {
    /// Follows some patients as long as `goes_on`, which is told how many patients more have ended;
    /// `None` when it was not to go on.
    pub(super) fn follow(
        &self,
        patients: Range<u32>,
        goes_on: &(dyn Fn(usize) -> bool + Sync),
    ) -> Option<Chunk> {
        let first = patients.start;
        let all: Vec<_> = patients
            .into_par_iter()
            .map(|patient| {
                let start = self.start(patient);
                self.changes(patient, &start).map(|changes| (start, changes))
            })
            .collect();
        let (mut starts, mut changes, mut ended) = (Vec::new(), Vec::new(), Vec::new());
        for patient in all {
            ended.push(patient.map(|(start, given)| {
                starts.push(start);
                changes.push(given);
                Effort::default()
            }));
        }
        if starts.len() < ended.len() && !goes_on(ended.len() - starts.len()) {
            return None;
        }
        let (values, results) = match &self.chance {
            None => self.by_rates(&starts, &changes, goes_on)?,
            Some(chance) => self.by_chance(chance, &starts, goes_on)?,
        };
        let values = spread(values, self.cells(), &ended);
        let followed = (first..).zip(&mut ended).filter(|(_, ended)| ended.is_ok());
        for ((patient, ended), result) in followed.zip(results) {
            *ended = result.map_err(|failure| failed(self.number(patient), failure));
        }
        Some(Chunk { first, values, ended })
    }

    /// A patient's start.
    fn start(&self, patient: u32) -> Start {
        let mut overrides = self.who.values(self.seed, patient);
        for &(symbol, value) in &self.set {
            overrides.retain(|(known, _)| *known != symbol);
            overrides.push((symbol, value));
        }
        // What is given at the start does not follow from a parameter any more.
        let given: Vec<SymbolId> = overrides.iter().map(|(symbol, _)| *symbol).collect();
        for &(symbol, slope, is_itself) in &self.slopes {
            if given.contains(&symbol) {
                overrides.push((slope, f64::from(u8::from(is_itself))));
            }
        }
        let draws = stream(self.seed, 0, patient, Purpose::Reactions);
        let stream = self.chance.is_some().then_some(draws);
        Start { time: self.begin, overrides, stream }
    }

    /// What a patient is given, in order of time.
    fn changes(&self, patient: u32, start: &Start) -> Result<Changes<'_>, Failed> {
        let Some(table) = &self.doses else { return Ok(Cow::Borrowed(&self.given)) };
        let number = self.number(patient);
        let of_table = table.of(&self.program, &self.settings, number, start);
        let mut changes = of_table.map_err(|error| Failed {
            patient: number,
            time: start.time,
            state: String::new(),
            method: "table of doses".to_owned(),
            reason: error.to_string(),
        })?;
        changes.extend_from_slice(&self.given);
        changes.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(Cow::Owned(changes))
    }

    fn by_rates(
        &self,
        starts: &[Start],
        changes: &[Changes<'_>],
        goes_on: &(dyn Fn(usize) -> bool + Sync),
    ) -> Found {
        let outputs = self.outputs();
        let changes: Vec<_> = changes.iter().map(AsRef::as_ref).collect();
        let noted = Noted { times: &self.times, outputs: &outputs, changes: &changes, goes_on };
        let found = trajectories_of(&self.program, starts, &self.settings, &noted)?;
        let results = found.results.into_iter().map(|result| result.map(Effort::from)).collect();
        Some((self.in_rooms(found.values, starts.len()), results))
    }

    fn by_chance(
        &self,
        (network, settings): &(Network, StochasticSettings),
        starts: &[Start],
        goes_on: &(dyn Fn(usize) -> bool + Sync),
    ) -> Found {
        let (outputs, goes_on) = (self.outputs(), || goes_on(1));
        let wanted = (&self.times[..], &outputs[..]);
        let found = stochastic_while(network, starts, settings, wanted, &goes_on)
            .expect("a request made ready has a method that can follow the model")?;
        let results = found.results.into_iter().map(|result| result.map(Effort::from)).collect();
        Some((self.in_rooms(found.values, starts.len()), results))
    }

    /// The symbols of the columns, and then their rooms.
    fn outputs(&self) -> Vec<SymbolId> {
        let rooms = self.columns.iter().filter_map(|output| Some(output.room?.0));
        self.columns.iter().map(|output| output.symbol).chain(rooms).collect()
    }

    /// The columns' values, multiplied or divided by their rooms, which stand behind them.
    fn in_rooms(&self, mut values: Vec<f64>, patients: usize) -> Vec<f64> {
        let size = self.times.len() * patients;
        let (columns, rooms) = values.split_at_mut(self.columns.len() * size);
        let mut rooms = rooms.chunks_exact(size.max(1));
        for (output, values) in self.columns.iter().zip(columns.chunks_exact_mut(size.max(1))) {
            let Some((_, is_amount)) = output.room else { continue };
            for (value, room) in values.iter_mut().zip(rooms.next().into_iter().flatten()) {
                *value = if is_amount { *value * room } else { *value / room };
            }
        }
        values.truncate(self.columns.len() * size);
        values
    }
}

/// Rows of those who were followed as rows of all: not a number for the others.
fn spread(values: Vec<f64>, rows: usize, ended: &[Result<Effort, Failed>]) -> Vec<f64> {
    if ended.iter().all(Result::is_ok) {
        return values;
    }
    let mut values = values.into_iter();
    let row = || ended.iter().map(Result::is_ok);
    let is_there = (0..rows).flat_map(|_| row());
    is_there.map(|is| if is { values.next() } else { None }.unwrap_or(f64::NAN)).collect()
}

fn failed(patient: u64, failure: Failure) -> Failed {
    Failed {
        patient,
        time: failure.time,
        state: failure.state,
        method: failure.method.to_owned(),
        reason: failure.reason.to_string(),
    }
}
