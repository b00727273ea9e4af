//! What a caller asks of the solver, and what the solver says of each patient.

use model::SymbolId;
use stats::Stream;

use crate::single_cell::SingleCell;
use crate::step::Kind;

/// The way rates become trajectories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Method {
    /// The explicit pair of orders 5 and 4 (Tsitouras 2011), error-controlled per patient.
    #[default]
    Explicit,
    /// The explicit method of order 8 with dense output of order 7 (Dormand and Prince; Hairer,
    /// Norsett, Wanner 1993), for smooth models and tolerances of 1e-8 and below; error-controlled per
    /// patient.
    HighOrder,
    /// A Rosenbrock method of order 5 with the model's own Jacobian (`Rodas5P`, Steinebach 2023), for
    /// models with rates of very different size; error-controlled per patient.
    Stiff,
    /// The explicit pair, until it shows that stability decides the size of its steps; then the stiff
    /// method for the rest of that patient's time.
    Automatic,
}

impl Method {
    /// The kind of steps that it begins with.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Explicit | Self::Automatic => Kind::Fifth,
            Self::HighOrder => Kind::Eighth,
            Self::Stiff => Kind::Stiff,
        }
    }
}

/// How accurately to solve.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The method.
    pub method: Method,
    /// Relative tolerance of each step.
    pub relative: f64,
    /// Absolute tolerance of each step, for states not named in `absolute_of`.
    pub absolute: f64,
    /// Absolute tolerances of particular states.
    pub absolute_of: Vec<(SymbolId, f64)>,
    /// Steps, rejected ones included, after which a patient is given up.
    pub max_steps: u32,
    /// What becomes of a fraction of a cell.
    pub single_cell: SingleCell,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            method: Method::Explicit,
            relative: 1e-6,
            absolute: 1e-9,
            absolute_of: Vec::new(),
            max_steps: 1_000_000,
            single_cell: SingleCell::Off,
        }
    }
}

/// One patient's start: when, and which values differ from the model's text.
#[derive(Debug, Clone, Default)]
pub struct Start {
    /// Model time at the start.
    pub time: f64,
    /// Values of constants, variables and states; values that the text computes from them follow.
    pub overrides: Vec<(SymbolId, f64)>,
    /// Where the stochastic single-cell rule draws from; without it that rule is deterministic.
    pub stream: Option<Stream>,
}

/// What it took to follow a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Steps tried.
    pub steps: u32,
    /// Steps whose error was too large.
    pub rejections: u32,
    /// Stops, the start included.
    pub stops: u32,
    /// Events that fired.
    pub events: u32,
    /// Steps of those tried that were steps of the stiff method.
    pub stiff_steps: u32,
}

/// Where a patient goes from a stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Next {
    /// A step ends at this time: for what is set there, such as a dose.
    Stop(f64),
    /// The values of this time are read from within a step, by the method's dense output (order 4, of
    /// the method of order 8 order 7):
    /// for what is only looked at. What is set there all the same takes effect from those values.
    Look(f64),
}

impl Next {
    /// When.
    pub fn time(self) -> f64 {
        match self {
            Self::Stop(time) | Self::Look(time) => time,
        }
    }
}

impl From<f64> for Next {
    fn from(time: f64) -> Self {
        Self::Stop(time)
    }
}
