//! What a caller sees of a patient; at looks, assigned symbols are computed for all lanes at once.

use std::collections::BTreeMap;

use model::SymbolId;

use crate::compile::Program;
use crate::execute::Code;
use crate::failure::Reason;
use crate::lanes::{LANES, Lanes, Vectors, Work};
use crate::patient::Patient;
use crate::step::{Block, Seen};

/// What a caller sees and may change when a patient reaches a stop.
pub struct Stop<'a> {
    pub(crate) program: &'a Program,
    pub(crate) patient: &'a mut Patient,
    pub(crate) looked: Option<Looked<'a>>,
}

impl Stop<'_> {
    /// Model time.
    pub fn time(&self) -> f64 {
        self.patient.time()
    }

    /// The present value of any symbol, computed ones included.
    pub fn value(&self, symbol: SymbolId) -> f64 {
        let looked = self.looked.as_ref();
        let looked = looked.filter(|looked| looked.revision == self.patient.revision());
        let value = looked.and_then(|looked| looked.table.value(symbol, looked.lane));
        value.unwrap_or_else(|| self.patient.value(self.program, symbol))
    }

    /// Gives a port, variable, constant or state a value. Terms that depend on it follow at once,
    /// events after the caller returns. Setting an assigned symbol ends the patient with
    /// [`Reason::NotSettable`].
    pub fn set(&mut self, symbol: SymbolId, value: f64) {
        if self.program.is_settable(symbol) {
            self.patient.set(self.program, symbol, value);
        } else {
            self.patient.mistake.get_or_insert((Reason::NotSettable, symbol));
        }
    }
}

/// Where the value of a symbol comes from at a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A state, by its position.
    State(usize),
    /// An assigned symbol that moves: it stands in the table.
    Moving(SymbolId),
    /// What stays as it is between stops.
    Fixed(SymbolId),
}

impl Source {
    /// `None` for a symbol that is time by another name.
    pub(crate) fn of(program: &Program, symbol: SymbolId) -> Option<Self> {
        let state = |wanted: &dyn Fn(SymbolId) -> bool| {
            program.states.iter().position(|&state| wanted(state)).map(Self::State)
        };
        let Some(slice) = &program.assigned[symbol.0 as usize] else {
            return Some(state(&|state| state == symbol).unwrap_or(Self::Fixed(symbol)));
        };
        if program.assigned_at_once().roots.binary_search(&slice.root).is_ok() {
            Some(Self::Moving(symbol))
        } else if program.graph.moving[slice.root as usize] {
            state(&|state| program.leaf_of[state.0 as usize] == Some(slice.root))
        } else {
            Some(Self::Fixed(symbol))
        }
    }
}

/// The values at a look where nothing happens.
#[derive(Clone, Copy)]
pub(crate) struct Glance<'a> {
    pub(crate) program: &'a Program,
    /// Its states are not those of the look.
    pub(crate) patient: &'a Patient,
    pub(crate) seen: Seen<'a>,
    /// The table and the lane in it, if the caller needs it.
    pub(crate) table: Option<(&'a Table, usize)>,
}

impl Glance<'_> {
    /// A value; not a number for one of the table without the table.
    #[inline]
    pub(crate) fn value(self, source: Source) -> f64 {
        match source {
            Source::State(position) => self.seen.state(position),
            Source::Moving(symbol) => self.moving(symbol),
            Source::Fixed(symbol) => self.patient.value(self.program, symbol),
        }
    }

    fn moving(self, symbol: SymbolId) -> f64 {
        let value = self.table.and_then(|(table, lane)| table.value(symbol, lane));
        value.unwrap_or(f64::NAN)
    }
}

/// A lane of a table, good as long as the patient's revision is that one.
pub(crate) struct Looked<'a> {
    pub(crate) table: &'a Table,
    pub(crate) lane: usize,
    pub(crate) revision: u64,
}

/// The assigned symbols of all lanes at the looks that are due.
pub(crate) struct Table {
    registers: Vec<Lanes>,
    /// What the first registers hold: a state by its position, or time.
    moving: Vec<Option<usize>>,
    /// The register of each symbol that is computed.
    place: Vec<Option<u32>>,
    /// Since when the fixed terms of each lane stand in the registers after those.
    since: [Option<u64>; LANES],
    /// Whether it was computed for the looks that are due now.
    is_current: bool,
}

impl Table {
    pub(crate) fn new(program: &Program, vectors: Vectors) -> Self {
        let whole = program.assigned_at_once();
        let leaves =
            program.states.iter().enumerate().filter_map(|(position, state)| {
                Some((program.leaf_of[state.0 as usize]?, position))
            });
        let leaves: BTreeMap<_, _> = leaves.collect();
        let first = whole.moving.len() + whole.fixed.len();
        let place = program.assigned.iter().map(|slice| {
            let root = slice.as_ref()?.root;
            Some((first + whole.roots.binary_search(&root).ok()?) as u32)
        });
        Self {
            registers: whole.code.registers(vectors == Vectors::Avx512),
            moving: whole.moving.iter().map(|leaf| leaves.get(leaf).copied()).collect(),
            place: place.collect(),
            since: [None; LANES],
            is_current: false,
        }
    }

    /// Other looks are due now.
    pub(crate) fn forget(&mut self) {
        self.is_current = false;
    }

    /// Another patient is on the lane.
    pub(crate) fn forget_lane(&mut self, lane: usize) {
        self.since[lane] = None;
    }

    /// Computes the symbols at the looks that are due, unless that was done.
    pub(crate) fn read(
        &mut self,
        program: &Program,
        vectors: Vectors,
        block: &Block,
        patients: &[Patient],
    ) {
        if self.is_current {
            return;
        }
        self.is_current = true;
        let whole = program.assigned_at_once();
        let (moving, rest) = self.registers.split_at_mut(self.moving.len());
        for (register, state) in moving.iter_mut().zip(&self.moving) {
            *register = state.map_or(block.looks(), |state| block.seen_on_all(state));
        }
        for lane in (0..LANES).filter(|&lane| block.reaches_look(lane)) {
            let patient = &patients[lane];
            if self.since[lane] != Some(patient.fixed_since()) {
                self.since[lane] = Some(patient.fixed_since());
                patient.compute(program, &whole.fixed_order);
                for (register, &id) in rest.iter_mut().zip(&whole.fixed) {
                    register.0[lane] = patient.term(id);
                }
            }
        }
        let is_native = vectors == Vectors::Avx512;
        vectors.run(Run { code: &whole.code, registers: &mut self.registers, is_native });
    }

    /// A computed symbol on a lane; `None` for one that is not computed, or does not move.
    fn value(&self, symbol: SymbolId, lane: usize) -> Option<f64> {
        self.place[symbol.0 as usize].map(|at| self.registers[at as usize].0[lane])
    }
}

struct Run<'a> {
    code: &'a Code,
    registers: &'a mut [Lanes],
    is_native: bool,
}

impl Work for Run<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn run(self) {
        self.code.run(self.registers, self.is_native);
    }
}
