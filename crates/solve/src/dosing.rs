//! Records of doses, as in tables for population pharmacokinetics, to exact stops of a run.
//!
//! Boluses, infusions by rate or duration, further doses at an interval, and doses at steady state,
//! with the meaning of RATE, ADDL, II, SS, ALAG and F in such tables. Every change is a stop at which
//! the method begins anew, so nothing is smoothed.

mod steady;

use model::SymbolId;
use steady::Series;

use crate::compile::Program;
use crate::failure::Failure;
use crate::look::Stop;
use crate::request::{Settings, Start};

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

/// Whether a dose is one of a series that began long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Steady {
    /// It is not (SS = 0).
    #[default]
    No,
    /// It is (SS = 1): what was given before ends, and the states that the schedule was made for take
    /// their values at steady state.
    Instead,
    /// It is, and what was given before goes on (SS = 2): the values at steady state are added, as
    /// superposition has it. That is right where rates are linear in the states.
    Besides,
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
    /// Whether it is one of a series (SS).
    pub steady: Steady,
    /// How long after its time a dose enters (ALAG).
    pub lag: f64,
    /// The share of the amount that enters (F). An infusion by rate becomes shorter, one by duration
    /// slower.
    pub bioavailability: f64,
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
    /// A lag below zero, or a share that enters below zero.
    #[error(
        "record {record}: lag {lag} and bioavailability {bioavailability} must be numbers from 0 on"
    )]
    Entry {
        /// Which record.
        record: usize,
        /// Its lag.
        lag: f64,
        /// Its bioavailability.
        bioavailability: f64,
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
    let mut plan = Plan { changes: Vec::new(), flows: Vec::new() };
    let lengths: Result<Vec<f64>, DoseError> =
        records.iter().enumerate().map(|(i, record)| check(program, record, i + 1)).collect();
    let lengths = lengths?;
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_by(|&a, &b| records[a].time.total_cmp(&records[b].time));
    for i in order {
        let dose = Dose { record: &records[i], length: lengths[i] };
        if dose.record.steady != Steady::No {
            let series = Series { program, start, settings, states, dose: &dose };
            let values = series.steady_state().map_err(|reason| reason.at(i + 1))?;
            plan.enter_steady(&dose, states, &values);
        }
        for number in 0..=dose.record.additional {
            plan.enter(&dose, dose.record.time + f64::from(number) * dose.record.interval);
        }
    }
    let mut changes = plan.changes;
    changes.extend(levels(&plan.flows));
    let is_added = |change: &Change| matches!(change, Change::Add(_));
    changes.sort_by(|a, b| a.0.total_cmp(&b.0).then(is_added(&a.2).cmp(&is_added(&b.2))));
    Ok(Schedule { changes })
}

/// A record with the time that its infusion takes; 0 for a bolus.
struct Dose<'a> {
    record: &'a DoseRecord,
    length: f64,
}

impl Dose<'_> {
    /// What enters of it.
    fn amount(&self) -> f64 {
        self.record.amount * self.record.bioavailability
    }
}

/// What was put in the schedule so far.
struct Plan {
    changes: Vec<(f64, SymbolId, Change)>,
    flows: Vec<Flow>,
}

impl Plan {
    /// One dose, given at a time.
    fn enter(&mut self, dose: &Dose<'_>, given: f64) {
        let from = given + dose.record.lag;
        if dose.record.infusion == Infusion::Bolus {
            self.changes.push((from, dose.record.state, Change::Add(dose.amount())));
        }
        self.flow(dose, from, from + dose.length);
    }

    /// Values at steady state, and what the doses before still have to give.
    fn enter_steady(&mut self, dose: &Dose<'_>, states: &[SymbolId], values: &[f64]) {
        let &DoseRecord { time, interval, lag, .. } = dose.record;
        let is_instead = dose.record.steady == Steady::Instead;
        if is_instead {
            self.changes.retain(|change| change.0 < time);
            self.flows.retain(|flow| flow.from < time);
            for flow in &mut self.flows {
                flow.to = flow.to.min(time);
            }
        }
        for (&state, &value) in states.iter().zip(values) {
            let change = if is_instead { Change::Set(value) } else { Change::Add(value) };
            self.changes.push((time, state, change));
        }
        // Not counted up, so that what is a multiple of the interval is one to the last bit.
        for ago in 1_u32.. {
            let entered = lag - f64::from(ago) * interval;
            if entered + dose.length < 0.0 || (entered < 0.0 && dose.length <= 0.0) {
                break;
            }
            if entered >= 0.0 && dose.record.infusion == Infusion::Bolus {
                let add = Change::Add(dose.amount());
                self.changes.push((time + entered, dose.record.state, add));
            }
            self.flow(dose, time + entered.max(0.0), time + entered + dose.length);
        }
    }

    /// The flow of a dose from one time to another; none for a bolus, whose length is 0.
    fn flow(&mut self, dose: &Dose<'_>, from: f64, to: f64) {
        let Some(inflow) = dose.record.inflow.filter(|_| dose.length > 0.0 && to > from) else {
            return;
        };
        self.flows.push(Flow { inflow, from, to, rate: dose.amount() / dose.length });
    }
}

/// How long a dose takes to enter; the error says what is wrong with the record.
fn check(program: &Program, record: &DoseRecord, number: usize) -> Result<f64, DoseError> {
    let DoseRecord { time, amount, .. } = *record;
    if !(time.is_finite() && (0.0..f64::INFINITY).contains(&amount)) {
        return Err(DoseError::Amount { record: number, time, amount });
    }
    let (lag, bioavailability) = (record.lag, record.bioavailability);
    let is_share = |value: f64| (0.0..f64::INFINITY).contains(&value);
    if !(is_share(lag) && is_share(bioavailability)) {
        return Err(DoseError::Entry { record: number, lag, bioavailability });
    }
    let repeats = record.additional > 0 || record.steady != Steady::No;
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
        Infusion::Rate(rate) if rate > 0.0 => amount * bioavailability / rate,
        Infusion::Rate(_) => f64::NAN,
        Infusion::Duration(duration) => duration,
    };
    let is_nothing = length.abs() <= 0.0 && amount * bioavailability <= 0.0;
    if !(length > 0.0 && length.is_finite() || is_nothing) {
        return Err(DoseError::Length { record: number });
    }
    if record.inflow.is_none() {
        return Err(DoseError::NoInflow { record: number });
    }
    Ok(length)
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
