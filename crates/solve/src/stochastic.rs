//! Reactions that happen by chance: one by one, in leaps, or one by one only near extinction.
//!
//! Every run draws from its own stream, so the values are the same bits on any number of threads and
//! whatever else is run.
//!
//! ```
//! use cytotrial_solve::{Network, Start, StochasticSettings, stochastic};
//! use stats::{Purpose, stream};
//! let text = "X -> ; death*X; death = 0.1; X = 20";
//! let network = Network::new(&model::antimony::read(text).expect("a good text"))?;
//! let x = network.symbol("X").expect("it is in the text");
//! let start = |run| Start { stream: Some(stream(1, 0, run, Purpose::Reactions)), ..Start::default() };
//! let starts: Vec<Start> = (0..100).map(start).collect();
//! let runs = stochastic(&network, &starts, &StochasticSettings::default(), &[7.0], &[x])?;
//! assert!(runs.results.iter().all(Result::is_ok));
//! assert!((runs.mean(0, 0) - 20.0 * (-0.7_f64).exp()).abs() < 1.0);
//! # Ok::<(), cytotrial_solve::NetworkError>(())
//! ```

mod course;
mod direct;
mod events;
mod hybrid;
mod leap;
mod network;

use model::SymbolId;
use rayon::prelude::*;

use course::Course;
use events::Events;
use hybrid::{Hybrid, Limits};

pub use network::{Network, NetworkError};

use crate::failure::{Failure, Reason};
use crate::request::Start;

/// How reactions happen.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum StochasticMethod {
    /// One after another, exactly (Gillespie 1977).
    #[default]
    Direct,
    /// Many at once where that changes no rate by much (Cao, Gillespie, Petzold 2006). Its error is
    /// of the order of `error`; the order of each reaction is that of its reactants, and a rate that
    /// bends more sharply than that needs a smaller `error`.
    Leap {
        /// By which share a rate may change in a leap; 0.03 in the paper.
        error: f64,
        /// A reaction that could happen fewer times than this before it has used up something
        /// happens one by one; 10 in the paper.
        critical_below: f64,
    },
    /// A species below so many molecules is counted: the reactions that change it happen one by one.
    /// The others follow the equations, without chance, as do states under rate rules. A counted
    /// species follows the equations again from twice as many on.
    Hybrid {
        /// Below how many molecules.
        below: f64,
        /// Relative tolerance of each step of the equations.
        relative: f64,
        /// Absolute tolerance of each step: in molecules for species, in their unit for the rest.
        absolute: f64,
    },
}

impl StochasticMethod {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct method",
            Self::Leap { .. } => "tau-leaping",
            Self::Hybrid { .. } => "hybrid method",
        }
    }
}

/// How to simulate reactions.
#[derive(Debug, Clone, PartialEq)]
pub struct StochasticSettings {
    /// The method.
    pub method: StochasticMethod,
    /// One molecule (or cell) in the unit of amounts of the text.
    pub molecule: f64,
    /// Reactions, leaps and steps after which a run is given up.
    pub max_moves: u64,
    /// What every run is given: time, symbol, amount. Values at that time are those before it, unless
    /// the time comes twice. A species that is counted gets a whole number of molecules.
    pub doses: Vec<(f64, SymbolId, f64)>,
}

impl Default for StochasticSettings {
    fn default() -> Self {
        Self {
            method: StochasticMethod::Direct,
            molecule: 1.0,
            max_moves: 100_000_000,
            doses: Vec::new(),
        }
    }
}

/// What a run took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StochasticStatistics {
    /// Reactions that happened, one by one or in leaps.
    pub jumps: u64,
    /// Leaps.
    pub leaps: u64,
    /// Steps of the equations.
    pub steps: u64,
    /// Events that happened.
    pub events: u64,
    /// What counts against the limit: single reactions, leaps and steps, rejected ones included.
    pub moves: u64,
}

/// Values of several symbols at several times in many runs.
#[derive(Debug, Clone, PartialEq)]
pub struct StochasticRuns {
    /// How many symbols.
    pub outputs: usize,
    /// How many times.
    pub times: usize,
    /// How many runs.
    pub runs: usize,
    /// All values, at (output x times + time) x runs + run; not a number after a failure.
    pub values: Vec<f64>,
    /// How each run ended.
    pub results: Vec<Result<StochasticStatistics, Failure>>,
}

impl StochasticRuns {
    fn of(parts: Vec<Run>, times: usize, outputs: usize) -> Self {
        let runs = parts.len();
        let mut values = vec![f64::NAN; outputs * times * runs];
        let mut results = Vec::with_capacity(runs);
        for (run, (points, result)) in parts.into_iter().enumerate() {
            for (point, value) in points.into_iter().enumerate() {
                values[point * runs + run] = value;
            }
            results.push(result);
        }
        Self { outputs, times, runs, values, results }
    }

    /// One value.
    pub fn value(&self, output: usize, time: usize, run: usize) -> f64 {
        self.values[(output * self.times + time) * self.runs + run]
    }

    /// The values of all runs.
    pub fn values_at(&self, output: usize, time: usize) -> &[f64] {
        let first = (output * self.times + time) * self.runs;
        &self.values[first..first + self.runs]
    }

    /// The mean over the runs; not a number if one of them failed before.
    pub fn mean(&self, output: usize, time: usize) -> f64 {
        self.values_at(output, time).iter().sum::<f64>() / self.runs as f64
    }

    /// The variance over the runs, for one run less; not a number if one of them failed before.
    pub fn variance(&self, output: usize, time: usize) -> f64 {
        let mean = self.mean(output, time);
        let squares = self.values_at(output, time).iter().map(|value| (value - mean).powi(2));
        squares.sum::<f64>() / (self.runs as f64 - 1.0)
    }
}

/// Simulates every start until the last of `times` (ascending) and notes `outputs` at each. Each run
/// needs a stream of its own ([`Start::stream`]). A species whose value at the start is not a whole
/// number of molecules gets one of the two next to it by chance, with that mean.
///
/// The error says what in the model the method cannot follow; what goes wrong in one run ends that
/// run and stands in its result.
pub fn stochastic(
    network: &Network,
    starts: &[Start],
    settings: &StochasticSettings,
    times: &[f64],
    outputs: &[SymbolId],
) -> Result<StochasticRuns, NetworkError> {
    network.can_follow(settings.method)?;
    let runs: Vec<_> =
        starts.par_iter().map(|start| run(network, start, settings, times, outputs)).collect();
    Ok(StochasticRuns::of(runs, times.len(), outputs.len()))
}

/// As [`stochastic`], as long as `goes_on`, asked after each run; `None` when it was not to go on.
///
/// # Errors
/// What in the model the method cannot follow.
pub fn stochastic_while(
    network: &Network,
    starts: &[Start],
    settings: &StochasticSettings,
    (times, outputs): (&[f64], &[SymbolId]),
    goes_on: &(dyn Fn() -> bool + Sync),
) -> Result<Option<StochasticRuns>, NetworkError> {
    network.can_follow(settings.method)?;
    let one = |start| {
        let run = run(network, start, settings, times, outputs);
        goes_on().then_some(run)
    };
    let runs: Option<Vec<_>> = starts.par_iter().map(one).collect();
    Ok(runs.map(|runs| StochasticRuns::of(runs, times.len(), outputs.len())))
}

/// The values of a run, at output x times + time, and how it ended.
type Run = (Vec<f64>, Result<StochasticStatistics, Failure>);

fn run(
    network: &Network,
    start: &Start,
    settings: &StochasticSettings,
    times: &[f64],
    outputs: &[SymbolId],
) -> Run {
    let mut values = vec![f64::NAN; outputs.len() * times.len()];
    let result = follow(network, start, settings, times, outputs, &mut values);
    (values, result)
}

/// One run; `values` at output x times + time.
fn follow(
    network: &Network,
    start: &Start,
    settings: &StochasticSettings,
    times: &[f64],
    outputs: &[SymbolId],
    values: &mut [f64],
) -> Result<StochasticStatistics, Failure> {
    let mut walk = Walk::new(network, start, settings)?;
    let mut noted = 0;
    while let Some(&time) = times.get(noted) {
        walk.until(time)?;
        for (output, &symbol) in outputs.iter().enumerate() {
            values[output * times.len() + noted] = walk.course.value(symbol);
        }
        noted += 1;
        if times.get(noted).is_none_or(|next| next.total_cmp(&time).is_ne()) || walk.gave(time) {
            continue;
        }
        walk.give()?;
    }
    Ok(walk.course.statistics)
}

/// A run with its events and doses.
struct Walk<'a> {
    course: Course<'a>,
    hybrid: Option<Hybrid>,
    events: Events,
    /// Doses in order of time, and how many were given.
    doses: Vec<(f64, SymbolId, f64)>,
    given: usize,
}

impl<'a> Walk<'a> {
    fn new(
        network: &'a Network,
        start: &Start,
        settings: &'a StochasticSettings,
    ) -> Result<Self, Failure> {
        let mut course = Course::new(network, settings, start)?;
        let mut hybrid = None;
        if let StochasticMethod::Hybrid { below, relative, absolute } = settings.method {
            hybrid = Some(Hybrid::new(&mut course, Limits { below, relative, absolute }));
        } else {
            (0..course.counts.len()).for_each(|position| course.make_whole(position));
            course.refresh()?;
        }
        let mut doses = settings.doses.clone();
        doses.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut walk = Self { course, hybrid, events: Events::new(network), doses, given: 0 };
        walk.settle()?;
        Ok(walk)
    }

    /// On to a time: everything before it happens, and the events of that time, not its doses.
    fn until(&mut self, time: f64) -> Result<(), Failure> {
        if !(time >= self.course.time && time < f64::INFINITY) {
            return Err(self.course.failure("", Reason::StopNotAhead { next: time }));
        }
        while self.course.time < time {
            self.give()?;
            let dose = self.doses.get(self.given).map_or(f64::INFINITY, |dose| dose.0);
            let stop = time.min(dose).min(self.events.next(&mut self.course));
            self.pass(stop)?;
            self.settle()?;
        }
        Ok(())
    }

    /// Reactions until a time; fewer where conditions must be looked at in between.
    fn pass(&mut self, until: f64) -> Result<(), Failure> {
        let course = &mut self.course;
        match (&mut self.hybrid, course.settings.method) {
            (Some(hybrid), _) => hybrid.pass(course, until),
            (None, StochasticMethod::Leap { error, critical_below }) => {
                leap::pass(course, until, error, critical_below)
            }
            _ if course.network.watched.moves() => direct::pass(course, until, 1).map(|_| ()),
            _ => {
                while !direct::pass(course, until, u32::MAX)? {}
                Ok(())
            }
        }
    }

    fn settle(&mut self) -> Result<(), Failure> {
        let events = self.course.statistics.events;
        self.events.settle(&mut self.course, self.hybrid.as_ref())?;
        if self.course.statistics.events > events { self.refresh() } else { Ok(()) }
    }

    /// Whether the doses of this time were given.
    fn gave(&self, time: f64) -> bool {
        self.doses.get(self.given).is_none_or(|dose| dose.0 > time)
    }

    /// Gives what is due by now.
    fn give(&mut self) -> Result<(), Failure> {
        let before = self.given;
        while let Some(&(time, symbol, amount)) = self.doses.get(self.given) {
            if time > self.course.time {
                break;
            }
            let value = self.course.value(symbol) + amount;
            events::put(&mut self.course, self.hybrid.as_ref(), symbol, value)?;
            self.given += 1;
        }
        if self.given > before {
            self.course.renew();
            self.refresh()?;
            self.settle()?;
        }
        Ok(())
    }

    /// Looks at whether rates can be rates, where jumps alone follow them.
    fn refresh(&mut self) -> Result<(), Failure> {
        if self.hybrid.is_none() { self.course.refresh() } else { Ok(()) }
    }
}
