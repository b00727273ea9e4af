//! Events between reactions: which conditions can be followed exactly, and what happens when one turns true.

use model::SymbolId;

use super::StochasticMethod;
use super::course::Course;
use super::hybrid::Hybrid;
use super::network::{Network, NetworkError, touched};
use crate::compile::{Program, Slice, operations};
use crate::event::{REPEATS, holds};
use crate::failure::{Failure, Reason};
use crate::graph::{Node, NodeId};
use crate::operation::Operation;

/// What the conditions of a model's events depend on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watched {
    /// With what conditions compare time.
    clocks: Vec<Slice>,
    /// An event whose moment depends on something that reactions or rates change, and that.
    moved: Option<(usize, SymbolId)>,
}

impl Watched {
    /// Looks the events of a model through; `moving` are its species and its states under rate rules.
    pub(crate) fn new(program: &Program, moving: &[SymbolId]) -> Result<Self, NetworkError> {
        let mut watched = Self::default();
        for (position, event) in program.events.iter().enumerate() {
            let order = &event.trigger.order;
            let by_time = touched(program, order, program.time_leaf.into_iter());
            for &id in order.iter().filter(|id| by_time[**id as usize]) {
                let Node::Apply(operation, _) = program.graph.nodes[id as usize] else { continue };
                let operands = program.graph.operands(id);
                let is_time = |id: NodeId| program.graph.nodes[id as usize] == Node::Time;
                let other = match *operands {
                    [a, b] if is_time(a) && !by_time[b as usize] => Some(b),
                    [a, b] if is_time(b) && !by_time[a as usize] => Some(a),
                    _ => None,
                };
                let compares = Operation::Less <= operation && operation <= Operation::NotEqual;
                if let Some(root) = other.filter(|_| compares) {
                    let order = operations(&program.graph, &[root]);
                    watched.clocks.push(Slice { root, order, ..Slice::default() });
                } else if operands.iter().any(|operand| is_time(*operand)) {
                    return Err(NetworkError::EventTime { event: event.name.clone() });
                }
            }
            let leaf = |symbol: &SymbolId| program.leaf_of[symbol.0 as usize];
            for symbol in moving {
                let touched = touched(program, order, leaf(symbol).into_iter());
                if touched[event.trigger.root as usize] {
                    watched.moved.get_or_insert((position, *symbol));
                }
            }
        }
        Ok(watched)
    }

    /// Whether conditions must be looked at after every reaction.
    pub(crate) fn moves(&self) -> bool {
        self.moved.is_some()
    }

    /// What forbids a method that sees the conditions only now and then.
    pub(crate) fn refuse(
        &self,
        program: &Program,
        method: StochasticMethod,
    ) -> Result<(), NetworkError> {
        match self.moved {
            Some((event, symbol)) if method != StochasticMethod::Direct => {
                Err(NetworkError::EventWatches {
                    event: program.events[event].name.clone(),
                    symbol: program.name(symbol).to_owned(),
                    method: method.name(),
                })
            }
            _ => Ok(()),
        }
    }
}

/// An event that was triggered and has not happened yet.
struct Pending {
    event: usize,
    time: f64,
    /// What it will set, if that was decided when it was triggered.
    values: Option<Vec<f64>>,
}

/// Events of one run.
pub(crate) struct Events {
    held: Vec<bool>,
    pending: Vec<Pending>,
}

impl Events {
    pub(crate) fn new(network: &Network) -> Self {
        let held = network.program.events.iter().map(|event| event.initially_true).collect();
        Self { held, pending: Vec::new() }
    }

    /// The next time at which something may happen without a reaction; infinite if there is none. A
    /// comparison with time may turn at the time that it names or just after it.
    pub(crate) fn next(&self, course: &mut Course<'_>) -> f64 {
        let mut next =
            self.pending.iter().map(|pending| pending.time).fold(f64::INFINITY, f64::min);
        let network = course.network;
        for clock in &network.watched.clocks {
            let named = course.slice(clock);
            for time in [named, named.next_up()] {
                if time > course.time {
                    next = next.min(time);
                }
            }
        }
        next
    }

    /// Lets every event happen whose condition turned true and whose delay is over, one after another:
    /// the highest priority first, then the order in which they were triggered.
    pub(crate) fn settle(
        &mut self,
        course: &mut Course<'_>,
        hybrid: Option<&Hybrid>,
    ) -> Result<(), Failure> {
        let network = course.network;
        let mut counts = vec![0_u32; network.program.events.len()];
        while !counts.is_empty() {
            self.trigger(course)?;
            let Some(pending) = self.next_due(course) else { break };
            counts[pending.event] += 1;
            let event = &network.program.events[pending.event];
            if counts[pending.event] > REPEATS {
                let reason = Reason::EventsDoNotSettle { limit: REPEATS };
                return Err(course.failure(&event.name, reason));
            }
            let values = pending.values.unwrap_or_else(|| assigned(course, pending.event));
            for ((symbol, ..), value) in event.assignments.iter().zip(values) {
                put(course, hybrid, *symbol, value)?;
            }
            course.statistics.events += 1;
            course.renew();
        }
        Ok(())
    }

    /// Notes which conditions turned true, and forgets what one that turned false takes back.
    fn trigger(&mut self, course: &mut Course<'_>) -> Result<(), Failure> {
        let network = course.network;
        for (position, event) in network.program.events.iter().enumerate() {
            let now = holds(course.slice(&event.trigger));
            let rises = now && !self.held[position];
            if !event.is_persistent && (rises || !now) {
                self.pending.retain(|pending| pending.event != position);
            }
            self.held[position] = now;
            if !rises {
                continue;
            }
            let delay = event.delay.as_ref().map_or(0.0, |slice| course.slice(slice));
            if !(0.0..f64::INFINITY).contains(&delay) {
                return Err(course.failure(&event.name, Reason::DelayNotAhead { delay }));
            }
            let values = event.from_trigger.then(|| assigned(course, position));
            self.pending.push(Pending { event: position, time: course.time + delay, values });
        }
        Ok(())
    }

    /// Takes the event that happens next at the present time, if one does.
    fn next_due(&mut self, course: &mut Course<'_>) -> Option<Pending> {
        let network = course.network;
        let mut first: Option<(usize, Option<f64>)> = None;
        for (position, pending) in self.pending.iter().enumerate() {
            if pending.time > course.time {
                continue;
            }
            let slice = network.program.events[pending.event].priority.as_ref();
            let priority = slice.map(|slice| course.slice(slice));
            if first.is_none_or(|(_, highest)| priority > highest) {
                first = Some((position, priority));
            }
        }
        first.map(|(position, _)| self.pending.remove(position))
    }
}

/// What an event would set now.
fn assigned(course: &mut Course<'_>, event: usize) -> Vec<f64> {
    let assignments = course.network.program.events[event].assignments.iter();
    assignments.map(|(_, slice, _)| course.slice(slice)).collect()
}

/// Gives a symbol a value; rates are to be computed afterwards. A species that is counted gets a whole
/// number of molecules.
pub(crate) fn put(
    course: &mut Course<'_>,
    hybrid: Option<&Hybrid>,
    symbol: SymbolId,
    value: f64,
) -> Result<(), Failure> {
    let network = course.network;
    let name = network.program.name(symbol);
    if !network.program.is_settable(symbol) {
        return Err(course.failure(name, Reason::NotSettable));
    }
    let Some(position) = network.species.iter().position(|species| species.symbol == symbol) else {
        course.set_value(symbol, value);
        return Ok(());
    };
    let count = value / course.unit(position);
    if !count.is_finite() {
        return Err(course.failure(name, Reason::NotFinite));
    }
    if count < 0.0 {
        return Err(course.failure(name, Reason::BelowZero));
    }
    course.set_count(position, count);
    if hybrid.is_none_or(|hybrid| hybrid.is_counted(position)) {
        course.make_whole(position);
    }
    Ok(())
}
