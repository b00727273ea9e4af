//! Records of doses, as in tables for population pharmacokinetics, to exact stops of a run.
//!
//! Boluses, infusions by rate or duration, further doses at an interval, and doses at steady state,
//! with the meaning of RATE, ADDL, II and SS = 1 in such tables. Every change is a stop at which the
//! method begins anew, so nothing is smoothed.

use model::SymbolId;

use crate::compile::Program;
use crate::failure::Failure;
use crate::request::{Settings, Start};
use crate::run::{Stop, run};

/// Newton's steps towards a steady state; a linear model needs two.
const STEADY_STEPS: usize = 50;

/// How a dose enters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Infusion {
    /// All at once.
    Bolus,
    /// At so much per unit of time, until the amount is in.
    Rate(f64),
    /// Evenly over so much time.
    Duration(f64),
}

/// One row of a table of doses.
#[derive(Debug, Clone, PartialEq)]
pub struct DoseRecord {
    /// Model time of the first dose.
    pub time: f64,
    /// How much, in the unit of the state.
    pub amount: f64,
    /// The state that a bolus is added to.
    pub state: SymbolId,
    /// What an infusion sets: a symbol that the state's rate adds, in amount per time.
    pub inflow: Option<SymbolId>,
    /// How it enters.
    pub infusion: Infusion,
    /// Time between doses (II).
    pub interval: f64,
    /// How many more doses follow (ADDL).
    pub additional: u32,
    /// Whether the dose is one of a series that began long ago (SS = 1): the states that the schedule
    /// was made for take their values at steady state just before it.
    pub steady: bool,
}

/// Why records cannot become a schedule. Records are counted from 1.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DoseError {
    /// A time or amount that is not a finite number, or an amount below zero.
    #[error(
        "record {record}: time {time} and amount {amount} must be numbers, the amount not below 0"
    )]
    Amount {
        /// Which record.
        record: usize,
        /// Its time.
        time: f64,
        /// Its amount.
        amount: f64,
    },
    /// An infusion without length.
    #[error("record {record}: an infusion needs a rate or duration above 0")]
    Length {
        /// Which record.
        record: usize,
    },
    /// An infusion without a symbol to set.
    #[error("record {record}: an infusion needs an `inflow`, a symbol that the state's rate adds")]
    NoInflow {
        /// Which record.
        record: usize,
    },
    /// Further doses without an interval.
    #[error("record {record}: further doses and steady state need an interval above 0")]
    Interval {
        /// Which record.
        record: usize,
    },
    /// Something computed from a rule cannot be dosed.
    #[error("record {record}: `{symbol}` is computed from a rule")]
    NotSettable {
        /// Which record.
        record: usize,
        /// The symbol's name.
        symbol: String,
    },
    /// The model could not be followed over one interval.
    #[error("record {record}: on the way to steady state: {failure}")]
    Failed {
        /// Which record.
        record: usize,
        /// What went wrong.
        failure: Failure,
    },
    /// The model has no steady state under these doses, or none was found.
    #[error("record {record}: no steady state was found; is everything given also removed?")]
    NoSteadyState {
        /// Which record.
        record: usize,
    },
}

/// What happens to a symbol at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// It takes a value.
    Set(f64),
    /// So much is added.
    Add(f64),
}

/// Everything that is given to one patient, by time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Schedule {
    changes: Vec<(f64, SymbolId, Change)>,
}

impl Schedule {
    /// Time, symbol and change, in order: at one time values are set before amounts are added.
    pub fn changes(&self) -> &[(f64, SymbolId, Change)] {
        &self.changes
    }

    /// The first time after `time` at which something changes: where the run must stop.
    pub fn next_after(&self, time: f64) -> Option<f64> {
        self.changes.iter().map(|change| change.0).find(|&other| other > time)
    }

    /// Makes the changes of this moment. Once at each moment, before or after values are read, as a
    /// trough or a peak is wanted.
    pub fn give(&self, stop: &mut Stop<'_>) {
        let now = stop.time();
        for &(time, symbol, change) in &self.changes {
            if time.total_cmp(&now).is_eq() {
                match change {
                    Change::Set(value) => stop.set(symbol, value),
                    Change::Add(amount) => stop.set(symbol, stop.value(symbol) + amount),
                }
            }
        }
    }
}

/// An infusion under way.
struct Flow {
    inflow: SymbolId,
    from: f64,
    to: f64,
    rate: f64,
}

/// What one patient is given, from records in any order. `states` are the drug's compartments, which
/// a record at steady state sets; `start` has the patient's parameters, on which their values depend.
pub fn schedule(
    program: &Program,
    start: &Start,
    settings: &Settings,
    states: &[SymbolId],
    records: &[DoseRecord],
) -> Result<Schedule, DoseError> {
    let mut changes = Vec::new();
    let mut flows: Vec<Flow> = Vec::new();
    for (i, record) in records.iter().enumerate() {
        let length = check(program, record, i + 1)?;
        if record.steady {
            let steady = steady_state(program, start, settings, states, record)
                .map_err(|reason| reason.at(i + 1))?;
            let set = states.iter().zip(steady);
            changes.extend(set.map(|(&state, value)| (record.time, state, Change::Set(value))));
            // what the doses before it still have to give
            let mut ago = record.interval;
            while ago < length {
                flows.extend(flow(record, record.time, record.time - ago + length, length));
                ago += record.interval;
            }
        }
        for dose in 0..=record.additional {
            let time = record.time + f64::from(dose) * record.interval;
            if record.infusion == Infusion::Bolus {
                changes.push((time, record.state, Change::Add(record.amount)));
            }
            flows.extend(flow(record, time, time + length, length));
        }
    }
    changes.extend(levels(&flows));
    let is_added = |change: &Change| matches!(change, Change::Add(_));
    changes.sort_by(|a, b| a.0.total_cmp(&b.0).then(is_added(&a.2).cmp(&is_added(&b.2))));
    Ok(Schedule { changes })
}

/// How long a dose takes to enter; the error says what is wrong with the record.
fn check(program: &Program, record: &DoseRecord, number: usize) -> Result<f64, DoseError> {
    let DoseRecord { time, amount, .. } = *record;
    if !(time.is_finite() && (0.0..f64::INFINITY).contains(&amount)) {
        return Err(DoseError::Amount { record: number, time, amount });
    }
    let repeats = record.additional > 0 || record.steady;
    if repeats && !(record.interval > 0.0 && record.interval.is_finite()) {
        return Err(DoseError::Interval { record: number });
    }
    for symbol in [Some(record.state), record.inflow].into_iter().flatten() {
        if !program.is_settable(symbol) {
            let symbol = program.name(symbol).to_owned();
            return Err(DoseError::NotSettable { record: number, symbol });
        }
    }
    let length = match record.infusion {
        Infusion::Bolus => return Ok(0.0),
        Infusion::Rate(rate) if rate > 0.0 => amount / rate,
        Infusion::Rate(_) => f64::NAN,
        Infusion::Duration(duration) => duration,
    };
    if !(length > 0.0 && length.is_finite()) {
        return Err(DoseError::Length { record: number });
    }
    if record.inflow.is_none() {
        return Err(DoseError::NoInflow { record: number });
    }
    Ok(length)
}

/// The infusion of one dose that takes `length`, or its rest.
fn flow(record: &DoseRecord, from: f64, to: f64, length: f64) -> Option<Flow> {
    let inflow = record.inflow.filter(|_| length > 0.0)?;
    Some(Flow { inflow, from, to, rate: record.amount / length })
}

/// What each inflow is set to whenever an infusion begins or ends: the sum of those under way, so
/// that nothing is left when the last one ends.
fn levels(flows: &[Flow]) -> Vec<(f64, SymbolId, Change)> {
    let mut moments: Vec<(f64, SymbolId)> =
        flows.iter().flat_map(|flow| [(flow.from, flow.inflow), (flow.to, flow.inflow)]).collect();
    moments.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    moments.dedup();
    let level = |(time, inflow): (f64, SymbolId)| {
        let under_way = |flow: &&Flow| flow.inflow == inflow && flow.from <= time && time < flow.to;
        let total = flows.iter().filter(under_way).map(|flow| flow.rate).sum();
        (time, inflow, Change::Set(total))
    };
    moments.into_iter().map(level).collect()
}

/// Why there is no steady state.
enum NotSteady {
    Failed(Failure),
    NotFound,
}

impl NotSteady {
    fn at(self, record: usize) -> DoseError {
        match self {
            Self::Failed(failure) => DoseError::Failed { record, failure },
            Self::NotFound => DoseError::NoSteadyState { record },
        }
    }
}

/// The states just before a dose of an endless series: where one interval leads back to itself, by
/// Newton's method with differences.
fn steady_state(
    program: &Program,
    start: &Start,
    settings: &Settings,
    states: &[SymbolId],
    record: &DoseRecord,
) -> Result<Vec<f64>, NotSteady> {
    let mut values: Vec<f64> = vec![0.0; states.len()];
    for _ in 0..STEADY_STEPS {
        let step = record.amount.max(values.iter().fold(0.0, |a: f64, b: &f64| a.max(b.abs())));
        let step = if step > 0.0 { step } else { 1.0 };
        let mut tries = vec![values.clone()];
        for i in 0..states.len() {
            let mut other = values.clone();
            other[i] += step;
            tries.push(other);
        }
        let ends = interval(program, start, settings, states, record, &tries)?;
        let missing: Vec<f64> =
            ends[0].iter().zip(&values).map(|(end, value)| end - value).collect();
        let row = |i: usize| -> Vec<f64> {
            let slope = |j: usize| (ends[j + 1][i] - ends[0][i]) / step;
            (0..states.len()).map(|j| f64::from(u8::from(i == j)) - slope(j)).collect()
        };
        let rows = (0..states.len()).map(row).collect();
        let Some(moves) = solve(rows, missing) else { return Err(NotSteady::NotFound) };
        let mut is_done = true;
        for (value, change) in values.iter_mut().zip(&moves) {
            *value += change;
            is_done &= change.abs() <= 100.0 * settings.relative * (value.abs() + 1e-3 * step);
        }
        if is_done {
            return Ok(values);
        }
    }
    Err(NotSteady::NotFound)
}

/// Where one interval with its dose leads from each of several places.
fn interval(
    program: &Program,
    start: &Start,
    settings: &Settings,
    states: &[SymbolId],
    record: &DoseRecord,
    places: &[Vec<f64>],
) -> Result<Vec<Vec<f64>>, NotSteady> {
    let length = match record.infusion {
        Infusion::Bolus => 0.0,
        Infusion::Rate(rate) => record.amount / rate,
        Infusion::Duration(duration) => duration,
    };
    let begin = record.time - record.interval;
    // infusions that never stop, and how long one more runs
    let always = (length / record.interval).floor();
    let rest = begin + (length - always * record.interval);
    let from = |place: &Vec<f64>| {
        let mut overrides = start.overrides.clone();
        overrides.extend(states.iter().copied().zip(place.iter().copied()));
        Start { time: begin, overrides, stream: start.stream }
    };
    let starts: Vec<Start> = places.iter().map(from).collect();
    let mut ends = vec![Vec::new(); places.len()];
    let results = run(program, &starts, settings, |patient, stop| {
        let now = stop.time();
        if now >= record.time {
            ends[patient] = states.iter().map(|&state| stop.value(state)).collect();
            return None;
        }
        if let Some(inflow) = record.inflow.filter(|_| length > 0.0) {
            let running = always + f64::from(u8::from(now < rest));
            stop.set(inflow, running * record.amount / length);
        } else {
            stop.set(record.state, stop.value(record.state) + record.amount);
        }
        Some(if now < rest && rest < record.time { rest } else { record.time })
    });
    match results.into_iter().find_map(Result::err) {
        Some(failure) => Err(NotSteady::Failed(failure)),
        None => Ok(ends),
    }
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
