//! A share of the patients from start to end, noted at the times that are asked for.

use std::ops::Range;

use ::model::SymbolId;
use ::solve::{Change, Failure, Next, Start, run, stochastic};
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
type Changes = Vec<(f64, SymbolId, Change)>;

impl Prepared {
    /// Follows some patients: for each, its values at column x times + time, one patient after the
    /// other; and how each ended.
    pub(super) fn share(&self, patients: Range<u32>) -> (Vec<f64>, Vec<Result<Effort, Failed>>) {
        let cells = self.cells();
        let mut values = vec![f64::NAN; cells * patients.len()];
        let mut ended = Vec::with_capacity(patients.len());
        let (mut starts, mut places, mut changes) = (Vec::new(), Vec::new(), Vec::new());
        for (place, patient) in patients.clone().enumerate() {
            let start = self.start(patient);
            match self.changes(patient, &start) {
                Ok(given) => {
                    starts.push(start);
                    places.push(place);
                    changes.push(given);
                    ended.push(Ok(Effort::default()));
                }
                Err(failed) => ended.push(Err(failed)),
            }
        }
        let results = match &self.chance {
            None => self.by_rates(&starts, &changes, &places, &mut values),
            Some(_) => self.by_chance(&starts, &places, &mut values),
        };
        for (place, result) in places.into_iter().zip(results) {
            let number = self.number(patients.start + place as u32);
            ended[place] = result.map_err(|failure| failed(number, failure));
        }
        (values, ended)
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
    fn changes(&self, patient: u32, start: &Start) -> Result<Changes, Failed> {
        let Some(table) = &self.doses else { return Ok(self.given.clone()) };
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
        Ok(changes)
    }

    fn by_rates(
        &self,
        starts: &[Start],
        changes: &[Changes],
        places: &[usize],
        values: &mut [f64],
    ) -> Vec<Result<Effort, Failure>> {
        let (times, cells) = (&self.times, self.cells());
        // per patient: times noted and changes made so far
        let mut progress = vec![(0, 0); starts.len()];
        let results = run(&self.program, starts, &self.settings, |patient, stop| {
            let (noted, made) = &mut progress[patient];
            let own = &mut values[places[patient] * cells..][..cells];
            while *noted < times.len() && times[*noted] <= stop.time() {
                for (column, output) in self.columns.iter().enumerate() {
                    let value = stop.value(output.symbol);
                    own[column * times.len() + *noted] = match output.room {
                        None => value,
                        Some((room, true)) => value * stop.value(room),
                        Some((room, false)) => value / stop.value(room),
                    };
                }
                *noted += 1;
                if times.get(*noted) == Some(&stop.time()) {
                    break;
                }
            }
            while let Some(&(time, symbol, change)) = changes[patient].get(*made) {
                if time > stop.time() {
                    break;
                }
                match change {
                    Change::Set(value) => stop.set(symbol, value),
                    Change::Add(amount) => stop.set(symbol, stop.value(symbol) + amount),
                }
                *made += 1;
            }
            let look = times.get(*noted).copied()?;
            let change = changes[patient].get(*made).map(|change| change.0);
            Some(change.filter(|time| *time <= look).map_or(Next::Look(look), Next::Stop))
        });
        results.into_iter().map(|result| result.map(Effort::from)).collect()
    }

    fn by_chance(
        &self,
        starts: &[Start],
        places: &[usize],
        values: &mut [f64],
    ) -> Vec<Result<Effort, Failure>> {
        let Some((network, settings)) = &self.chance else { return Vec::new() };
        let mut outputs: Vec<SymbolId> = self.columns.iter().map(|output| output.symbol).collect();
        outputs.extend(self.columns.iter().filter_map(|output| Some(output.room?.0)));
        let runs = stochastic(network, starts, settings, &self.times, &outputs)
            .expect("a request made ready has a method that can follow the model");
        let (cells, times) = (self.cells(), self.times.len());
        for (run, place) in places.iter().enumerate() {
            let mut rooms = self.columns.len();
            for (column, output) in self.columns.iter().enumerate() {
                for time in 0..times {
                    let value = runs.value(column, time, run);
                    values[place * cells + column * times + time] = match output.room {
                        None => value,
                        Some((_, true)) => value * runs.value(rooms, time, run),
                        Some((_, false)) => value / runs.value(rooms, time, run),
                    };
                }
                rooms += usize::from(output.room.is_some());
            }
        }
        runs.results.into_iter().map(|result| result.map(Effort::from)).collect()
    }
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
