//! `model solve`: the course of a model's values over time, for one patient or for many.

use ::solve::{Method, Statistics, StochasticMethod, StochasticStatistics};
use records::column::{Cell, Column, Field, Table};
use serde::Serialize;
use serde_json::{Value, json};

use super::Text;
use crate::problem::Problem;

mod bins;
mod doses;
mod follow;
mod many;
mod patients;
mod rows;
mod setup;
mod suite;
mod summary;

pub use follow::{Chunk, Failed};
pub use many::{LISTED, Many, many};
pub use patients::Patients;
pub use rows::{header as rows_header, rows};
pub use setup::Prepared;
pub use suite::{Suite, suite_csv};
pub use summary::{MOST_CELLS, Summary};

/// What to solve, and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// The model.
    pub text: Text,
    /// When a run begins, in the model's own time; at the first of `times` unless given.
    pub begin: Option<f64>,
    /// When values are noted, in the model's own time.
    pub times: Vec<f64>,
    /// What is given when, to every patient.
    pub doses: Vec<Dose>,
    /// The name of a table of doses among the files.
    pub dose_table: Option<String>,
    /// The states that doses at steady state set, by name; every state when it is empty.
    pub compartments: Vec<String>,
    /// Values at the start that differ from the text, by name.
    pub set: Vec<(String, f64)>,
    /// What is noted, by name; everything that changes when it is empty.
    pub columns: Vec<String>,
    /// Species that are noted as amounts, whatever they count in.
    pub amounts: Vec<String>,
    /// Species that are noted as concentrations, whatever they count in.
    pub concentrations: Vec<String>,
    /// Constants and values at the start by which each column is differentiated, by name.
    pub sensitivity: Vec<String>,
    /// The method.
    pub way: Way,
    /// Relative tolerance of each step.
    pub relative: f64,
    /// Absolute tolerance of each step.
    pub absolute: f64,
    /// Steps, or reactions and leaps, after which a patient is given up.
    pub max_steps: u32,
    /// Who.
    pub patients: Patients,
    /// The seed of every draw.
    pub seed: u64,
    /// One molecule, or cell, in the unit of amounts of the text; for methods by chance.
    pub molecule: f64,
}

/// How rates become a course.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Way {
    /// The explicit pair of orders 5 and 4.
    Explicit,
    /// The explicit method of order 8, for smooth models and small tolerances.
    HighOrder,
    /// The Rosenbrock method of order 5, for rates of very different size.
    Stiff,
    /// The explicit pair until stability holds its steps back.
    #[default]
    Automatic,
    /// Reactions by chance, one after another.
    Direct,
    /// Reactions by chance, many at once where that changes no rate by much.
    TauLeap,
    /// Reactions of small numbers by chance, one after another; the rest by its rates.
    Hybrid {
        /// Numbers of molecules below this are small.
        below: f64,
    },
}

/// By which share a rate may change in a leap: the value of Cao, Gillespie and Petzold, J Chem Phys
/// 2006;124:044109.
const LEAP_ERROR: f64 = 0.03;
/// A reaction that could happen fewer times than this happens one by one; from the same paper.
const CRITICAL_BELOW: f64 = 10.0;

impl Way {
    /// The method that follows rates; `None` for methods by chance.
    fn rates(self) -> Option<Method> {
        match self {
            Self::Explicit => Some(Method::Explicit),
            Self::HighOrder => Some(Method::HighOrder),
            Self::Stiff => Some(Method::Stiff),
            Self::Automatic => Some(Method::Automatic),
            Self::Direct | Self::TauLeap | Self::Hybrid { .. } => None,
        }
    }

    /// The method by chance; `None` for methods that follow rates.
    fn chance(self, relative: f64, absolute: f64) -> Option<StochasticMethod> {
        match self {
            Self::Explicit | Self::HighOrder | Self::Stiff | Self::Automatic => None,
            Self::Direct => Some(StochasticMethod::Direct),
            Self::TauLeap => {
                Some(StochasticMethod::Leap { error: LEAP_ERROR, critical_below: CRITICAL_BELOW })
            }
            Self::Hybrid { below } => Some(StochasticMethod::Hybrid { below, relative, absolute }),
        }
    }

    /// Whether what happens is left to chance.
    pub fn is_by_chance(self) -> bool {
        self.rates().is_none()
    }
}

/// Something given.
#[derive(Debug, Clone, PartialEq)]
pub struct Dose {
    /// When, in the model's own time.
    pub time: f64,
    /// To which symbol it is added.
    pub symbol: String,
    /// How much, in the symbol's own unit.
    pub amount: f64,
}

/// The course of one patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The model's name.
    pub model: String,
    /// A column `time`, then one per symbol, with values that may be infinite or not a number. After a
    /// failure it holds the times that were reached.
    pub table: Table,
    /// What it took; nothing is known of it after a failure.
    pub effort: Effort,
    /// The values that were drawn or listed for this patient, by name.
    pub values: Vec<(String, f64)>,
    /// Why the patient could not be followed to the end.
    pub failed: Option<Failed>,
}

/// What it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Effort {
    /// Steps tried.
    pub steps: u64,
    /// Steps whose error was too large.
    pub rejections: u64,
    /// Steps that were steps of the stiff method.
    pub stiff_steps: u64,
    /// Events that happened.
    pub events: u64,
    /// Reactions that happened by chance, one by one or in leaps.
    pub reactions: u64,
    /// Leaps.
    pub leaps: u64,
}

/// Solves a model for one patient, by position from 0. At a time that is noted, the values are those
/// after the events of that time and before its doses, unless the time is noted twice.
///
/// # Errors
/// Problems of the text, and names that the model does not have. A patient who cannot be followed to
/// the end is no error: see [`Answer::failed`] and [`failed`].
pub fn run(request: &Request, patient: u32) -> Result<Answer, Vec<Problem>> {
    let prepared = Prepared::new(request)?;
    if patient >= prepared.patients() {
        let message = format!("there are {} patients", prepared.patients());
        let help = "name one of them";
        return Err(vec![Problem::error("M106", "", "", message, help)]);
    }
    Ok(prepared.course(patient))
}

/// The problem of a patient who could not be followed to the end.
pub fn failed(failed: &Failed, file: &str) -> Problem {
    let Failed { time, state, method, reason, .. } = failed;
    let at = if state.is_empty() { String::new() } else { format!(" (look at `{state}`)") };
    let message = format!("the model could not be solved beyond time {time}: {reason}{at}");
    let help = if *time <= 0.0 {
        "`model check` tells which value is missing, if one is; otherwise look at the rate of that \
         symbol at that time"
    } else if method.starts_with("explicit") {
        "`--method stiff` follows models with rates of very different size; otherwise look at the rate \
         of that symbol near that time"
    } else {
        "look at the rate of that symbol near that time"
    };
    Problem::error("S102", file, "", message, help)
}

/// A table as CSV; a value that is not finite is left empty.
///
/// # Errors
/// Why it cannot be written, in words.
pub fn csv(table: &Table) -> Result<Vec<u8>, String> {
    records::csv::write(&finite(table)).map_err(|error| error.to_string())
}

/// A table as Parquet; a value that is not finite is null.
///
/// # Errors
/// Why it cannot be written, in words.
pub fn parquet(table: &Table) -> Result<Vec<u8>, String> {
    records::parquet::write(&finite(table)).map_err(|error| error.to_string())
}

/// The table without values that are not finite.
fn finite(table: &Table) -> Table {
    let mut table = table.clone();
    for field in &mut table.columns {
        if let Column::Number(values) = &mut field.column {
            for value in values {
                *value = value.filter(|value| value.is_finite());
            }
        }
    }
    table
}

/// A table by columns, each with name, label and values; a value that is missing is null.
pub fn columns(table: &Table) -> Value {
    let value = |cell: Cell<'_>| match cell {
        Cell::Missing => Value::Null,
        Cell::Text(text) => json!(text),
        Cell::Number(number) => json!(number),
        Cell::Integer(number) => json!(number),
    };
    let column = |field: &Field| {
        let values: Vec<Value> = field.column.cells().map(value).collect();
        json!({ "name": field.name, "label": field.label, "values": values })
    };
    table.columns.iter().map(column).collect()
}

impl From<Statistics> for Effort {
    fn from(statistics: Statistics) -> Self {
        Self {
            steps: statistics.steps.into(),
            rejections: statistics.rejections.into(),
            stiff_steps: statistics.stiff_steps.into(),
            events: statistics.events.into(),
            ..Self::default()
        }
    }
}

impl From<StochasticStatistics> for Effort {
    fn from(statistics: StochasticStatistics) -> Self {
        Self {
            steps: statistics.steps,
            events: statistics.events,
            reactions: statistics.jumps,
            leaps: statistics.leaps,
            ..Self::default()
        }
    }
}

impl std::ops::AddAssign for Effort {
    fn add_assign(&mut self, other: Self) {
        self.steps += other.steps;
        self.rejections += other.rejections;
        self.stiff_steps += other.stiff_steps;
        self.events += other.events;
        self.reactions += other.reactions;
        self.leaps += other.leaps;
    }
}
