//! One patient on a lane: current values, and terms computed from them when asked for.

use std::cell::{Cell, RefCell};

use model::SymbolId;
use stats::Stream;

use crate::compile::{Program, Slice};
use crate::event::{Pending, nearness};
use crate::failure::Reason;
use crate::graph::{Node, NodeId};
use crate::lanes::{Lanes, Vectors, Work};
use crate::request::{Next, Statistics};
use crate::whole::Whole;

/// From this many operations on, assigned symbols are computed all at once where there is machine code.
const LONG: usize = 24;

/// What is known about a patient between steps.
pub(crate) struct Patient {
    /// Position among the starts.
    pub(crate) index: usize,
    pub(crate) stream: Option<Stream>,
    time: f64,
    /// The value of every symbol that is not computed.
    values: Vec<f64>,
    /// Whether each trigger held when last looked at.
    pub(crate) held: Vec<bool>,
    /// Events that were triggered and have not happened yet.
    pub(crate) pending: Vec<Pending>,
    /// Where the caller sends the patient.
    pub(crate) next: Next,
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
    /// The instructions that terms are computed with. All give the same bits.
    vectors: Vectors,
    /// The value of each node: of computed ones since the time in `stamps`, of others always.
    terms: Vec<Cell<f64>>,
    stamps: Vec<Cell<u64>>,
    moving_since: u64,
    fixed_since: u64,
    /// What rates, and what assigned symbols, are computed in by machine code.
    rates_at_once: AtOnce,
    assigned_at_once: AtOnce,
}

/// Where many values of the patient are computed at once, on the first lane.
#[derive(Debug, Default)]
struct AtOnce {
    registers: RefCell<Vec<Lanes>>,
    /// Since when the fixed terms stand there.
    since: Cell<u64>,
}

impl Patient {
    pub(crate) fn new(program: &Program) -> Self {
        let nodes = &program.graph.nodes;
        let number = |node: &Node| match node {
            Node::Number(bits) => f64::from_bits(*bits),
            _ => 0.0,
        };
        Self {
            index: usize::MAX,
            stream: None,
            time: 0.0,
            values: vec![0.0; program.value_count()],
            held: vec![false; program.events.len()],
            pending: Vec::new(),
            next: Next::Stop(f64::INFINITY),
            fixed_changed: false,
            state_changed: false,
            disturbed: false,
            mistake: None,
            anchors: Vec::new(),
            anchor_time: 0.0,
            statistics: Statistics::default(),
            vectors: Vectors::detect(),
            terms: nodes.iter().map(|node| Cell::new(number(node))).collect(),
            stamps: vec![Cell::new(0); nodes.len()],
            moving_since: 1,
            fixed_since: 1,
            rates_at_once: AtOnce::default(),
            assigned_at_once: AtOnce::default(),
        }
    }

    /// Model time.
    pub(crate) fn time(&self) -> f64 {
        self.time
    }

    /// The value of every symbol that is not computed.
    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// Gives every symbol its value at the start; `fill` writes them.
    pub(crate) fn start(&mut self, program: &Program, time: f64, fill: impl FnOnce(&mut Vec<f64>)) {
        fill(&mut self.values);
        for (slot, &value) in self.values.iter().enumerate() {
            if let Some(node) = program.leaf_of[slot] {
                self.terms[node as usize].set(value);
            }
        }
        self.set_time(program, time);
        self.forget_all();
    }

    /// Moves the patient to a time with other states.
    pub(crate) fn place(
        &mut self,
        program: &Program,
        time: f64,
        states: impl Iterator<Item = f64>,
    ) {
        for (state, value) in program.states.iter().zip(states) {
            self.put(program, *state, value);
        }
        self.set_time(program, time);
        self.forget_moving();
    }

    /// As [`Patient::place`], for what needs only some states, given by position.
    pub(crate) fn place_some(
        &mut self,
        program: &Program,
        time: f64,
        states: impl Iterator<Item = (usize, f64)>,
    ) {
        for (position, value) in states {
            self.put(program, program.states[position], value);
        }
        self.set_time(program, time);
        self.forget_moving();
    }

    fn set_time(&mut self, program: &Program, time: f64) {
        self.time = time;
        if let Some(node) = program.time_leaf {
            self.terms[node as usize].set(time);
        }
    }

    fn put(&mut self, program: &Program, symbol: SymbolId, value: f64) {
        let slot = symbol.0 as usize;
        self.values[slot] = value;
        if let Some(node) = program.leaf_of[slot] {
            self.terms[node as usize].set(value);
        }
    }

    /// When the next event is due that waits for its time.
    pub(crate) fn next_pending(&self) -> f64 {
        self.pending.iter().map(|pending| pending.time).fold(f64::INFINITY, f64::min)
    }

    /// When a step must end, and when a look within a step is due; infinite where there is none.
    /// An event that waited happens a little late, so that what turns true at the same moment is seen
    /// before.
    pub(crate) fn ahead(&self, program: &Program) -> (f64, f64) {
        let due = self.next_pending();
        let pending = if program.watched.is_empty() { due } else { due + 0.5 * nearness(due) };
        match self.next {
            Next::Stop(time) => (time.min(pending), f64::INFINITY),
            Next::Look(time) => (pending, time),
        }
    }

    /// A number that grows when a value is set.
    pub(crate) fn revision(&self) -> u64 {
        self.moving_since
    }

    /// A number that changes when a value is set that terms without states and time depend on.
    pub(crate) fn fixed_since(&self) -> u64 {
        self.fixed_since
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
        self.put(program, symbol, value);
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
        let Some(slice) = &program.assigned[symbol.0 as usize] else {
            return self.values[symbol.0 as usize];
        };
        if slice.order.len() >= LONG && !self.is_known(program, slice.root) {
            self.compute_at_once(program, program.assigned_at_once(), &self.assigned_at_once);
        }
        self.slice(program, slice)
    }

    /// What a slice would be if a state had another value.
    pub(crate) fn slice_with(
        &mut self,
        program: &Program,
        slice: &Slice,
        state: SymbolId,
        value: f64,
    ) -> f64 {
        let kept = self.values[state.0 as usize];
        self.put(program, state, value);
        self.forget_moving();
        let found = self.slice(program, slice);
        self.put(program, state, kept);
        self.forget_moving();
        found
    }

    /// The value of a slice's root.
    pub(crate) fn slice(&self, program: &Program, slice: &Slice) -> f64 {
        if !self.is_known(program, slice.root) {
            self.compute(program, &slice.order);
        }
        self.term(slice.root)
    }

    /// Computes all that `whole` gives by machine code; false where there is none.
    fn compute_at_once(&self, program: &Program, whole: &Whole, at_once: &AtOnce) -> bool {
        if self.vectors != Vectors::Avx512 || !whole.code.has_native() {
            return false;
        }
        let mut registers = at_once.registers.borrow_mut();
        if registers.is_empty() {
            *registers = whole.code.registers(true);
        }
        if at_once.since.get() < self.fixed_since {
            at_once.since.set(self.moving_since);
            self.compute(program, &whole.fixed_order);
            for (register, &id) in registers[whole.moving.len()..].iter_mut().zip(&whole.fixed) {
                register.0[0] = self.term(id);
            }
        }
        for (register, &id) in registers.iter_mut().zip(&whole.moving) {
            register.0[0] = self.term(id);
        }
        whole.code.run(&mut registers, true);
        let first = whole.moving.len() + whole.fixed.len();
        for (register, &id) in registers[first..].iter().zip(&whole.roots) {
            self.terms[id as usize].set(register.0[0]);
            self.stamps[id as usize].set(self.moving_since);
        }
        true
    }

    /// Whether a node that is computed was computed since what it needs changed.
    fn is_known(&self, program: &Program, id: NodeId) -> bool {
        let at = id as usize;
        let since = if program.graph.moving[at] { self.moving_since } else { self.fixed_since };
        self.stamps[at].get() >= since
    }

    /// Computes those of the terms that are out of date.
    pub(crate) fn compute(&self, program: &Program, order: &[NodeId]) {
        self.vectors.run(Compute { patient: self, program, order });
    }

    /// The value of a node: one that is not computed, or one that was.
    pub(crate) fn term(&self, id: NodeId) -> f64 {
        self.terms[id as usize].get()
    }

    /// The rates of all states now.
    pub(crate) fn rates(&self, program: &Program, rates: &mut [f64]) {
        if !self.compute_at_once(program, program.rates_at_once(), &self.rates_at_once) {
            self.compute(program, &program.rate_order);
        }
        for (rate, slice) in rates.iter_mut().zip(&program.rate_slices) {
            *rate = self.term(slice.root);
        }
    }
}

/// Terms to compute.
struct Compute<'a> {
    patient: &'a Patient,
    program: &'a Program,
    order: &'a [NodeId],
}

impl Work for Compute<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn run(self) {
        let Self { patient, program, order } = self;
        for &id in order {
            if patient.is_known(program, id) {
                continue;
            }
            if let Node::Apply(operation, [a, b, c]) = program.graph.nodes[id as usize] {
                let value = operation.apply(patient.term(a), patient.term(b), patient.term(c));
                patient.terms[id as usize].set(value);
                patient.stamps[id as usize].set(patient.moving_since);
            }
        }
    }
}
