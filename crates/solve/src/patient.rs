//! One patient on a lane: current values, and terms computed from them when asked for.

use std::cell::Cell;

use model::SymbolId;
use stats::Stream;

use crate::compile::{Program, Slice};
use crate::event::Pending;
use crate::failure::Reason;
use crate::graph::{Node, NodeId};
use crate::run::Statistics;

/// What is known about a patient between steps.
pub(crate) struct Patient {
    /// Position among the starts.
    pub(crate) index: usize,
    pub(crate) stream: Option<Stream>,
    pub(crate) time: f64,
    /// The value of every symbol that is not computed.
    pub(crate) values: Vec<f64>,
    /// Whether each trigger held when last looked at.
    pub(crate) held: Vec<bool>,
    /// Events that were triggered and have not happened yet.
    pub(crate) pending: Vec<Pending>,
    /// The next stop that the caller asked for.
    pub(crate) stop: f64,
    /// A constant or variable has a new value.
    pub(crate) fixed_changed: bool,
    /// A state has a new value.
    pub(crate) state_changed: bool,
    /// An event or the caller set something, so the planned step may be too long.
    pub(crate) disturbed: bool,
    /// The first mistake made at a stop.
    pub(crate) mistake: Option<(Reason, SymbolId)>,
    /// Values of the states under the single-cell rule when it was last applied, and when.
    pub(crate) anchors: Vec<f64>,
    pub(crate) anchor_time: f64,
    pub(crate) statistics: Statistics,
    terms: Vec<Cell<f64>>,
    stamps: Vec<Cell<u64>>,
    moving_since: u64,
    fixed_since: u64,
}

impl Patient {
    pub(crate) fn new(program: &Program) -> Self {
        let nodes = program.graph.nodes.len();
        Self {
            index: usize::MAX,
            stream: None,
            time: 0.0,
            values: vec![0.0; program.value_count()],
            held: vec![false; program.events.len()],
            pending: Vec::new(),
            stop: f64::INFINITY,
            fixed_changed: false,
            state_changed: false,
            disturbed: false,
            mistake: None,
            anchors: Vec::new(),
            anchor_time: 0.0,
            statistics: Statistics::default(),
            terms: vec![Cell::new(0.0); nodes],
            stamps: vec![Cell::new(0); nodes],
            moving_since: 1,
            fixed_since: 1,
        }
    }

    /// When the next event is due that waits for its time.
    pub(crate) fn next_pending(&self) -> f64 {
        self.pending.iter().map(|pending| pending.time).fold(f64::INFINITY, f64::min)
    }

    /// Everything computed so far is out of date.
    pub(crate) fn forget_all(&mut self) {
        self.moving_since += 1;
        self.fixed_since = self.moving_since;
    }

    /// Everything computed from states or time is out of date.
    pub(crate) fn forget_moving(&mut self) {
        self.moving_since += 1;
    }

    /// Gives a symbol a value.
    pub(crate) fn set(&mut self, program: &Program, symbol: SymbolId, value: f64) {
        if self.values[symbol.0 as usize].to_bits() != value.to_bits() {
            self.round(program, symbol, value);
            self.disturbed = true;
        }
    }

    /// Gives a symbol a value so near its old one that the planned step still fits.
    pub(crate) fn round(&mut self, program: &Program, symbol: SymbolId, value: f64) {
        let slot = symbol.0 as usize;
        self.values[slot] = value;
        if program.state_of[slot].is_some() {
            self.state_changed = true;
            self.forget_moving();
        } else {
            self.fixed_changed = true;
            self.forget_all();
        }
    }

    /// The value of any symbol now.
    pub(crate) fn value(&self, program: &Program, symbol: SymbolId) -> f64 {
        match &program.assigned[symbol.0 as usize] {
            Some(slice) => self.slice(program, slice),
            None => self.values[symbol.0 as usize],
        }
    }

    /// The value of a slice's root.
    pub(crate) fn slice(&self, program: &Program, slice: &Slice) -> f64 {
        self.compute(program, &slice.order);
        self.term(program, slice.root)
    }

    /// Computes those of the terms that are out of date.
    pub(crate) fn compute(&self, program: &Program, order: &[NodeId]) {
        for &id in order {
            let at = id as usize;
            let since = if program.graph.moving[at] { self.moving_since } else { self.fixed_since };
            if self.stamps[at].get() >= since {
                continue;
            }
            if let Node::Apply(operation, operands) = program.graph.nodes[at] {
                let [a, b, c] = operands.map(|operand| self.term(program, operand));
                self.terms[at].set(operation.apply(a, b, c));
                self.stamps[at].set(self.moving_since);
            }
        }
    }

    /// The value of a term that was computed.
    pub(crate) fn term(&self, program: &Program, id: NodeId) -> f64 {
        match program.graph.nodes[id as usize] {
            Node::Number(bits) => f64::from_bits(bits),
            Node::Value(slot) => self.values[slot as usize],
            Node::Time => self.time,
            Node::Apply(..) => self.terms[id as usize].get(),
        }
    }

    /// The rates of all states now.
    pub(crate) fn rates(&self, program: &Program, rates: &mut [f64]) {
        self.compute(program, &program.rate_order);
        for (rate, &root) in rates.iter_mut().zip(&program.rate_roots) {
            *rate = self.term(program, root);
        }
    }
}
