//! What a step of one method needs of a model: where values stand, and the script that moves them.

use std::sync::Arc;

use super::factor::Factor;
use super::{explicit, inside, stiff};
use crate::compile::{Parts, Source};
use crate::derivative::gradients;
use crate::execute::Code;
use crate::graph::{Node, NodeId};
use crate::lanes::Lanes;
use crate::operation::Operation;
use crate::script::{Operand, Script};

/// A step of more terms than this is written in parts: a third of the machine code and a tenth less
/// time to the first step of a model of 300 states; the steps themselves take as long.
const LONG_STEP: usize = 4000;

/// What makes one plan differ from another of the same model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) is_stiff: bool,
    /// Whether steps are counted that stability held back.
    pub(crate) counts_stiffness: bool,
    /// States that read as 0 inside the rates below a value.
    pub(crate) floored: Vec<usize>,
}

/// The first of the registers of each kind, which stand one after another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registers {
    /// Values of the states at the start of the step and at its end.
    pub(super) y: u32,
    pub(super) new: u32,
    /// Rates at the start of the step.
    pub(super) rates: u32,
    /// What the dense output is made of besides, by stage; the last of the explicit method are the
    /// rates at the end, the last of the stiff method its error.
    pub(super) stages: Vec<u32>,
    pub(super) time: u32,
    pub(super) next_time: u32,
    pub(super) tried: u32,
    pub(super) relative: u32,
    pub(super) absolute: u32,
    /// For each floored state the value below which it reads as 0.
    pub(super) floors: u32,
    /// The square of the error in units of the tolerance: mean over states.
    pub(super) square_error: u32,
    /// The step times the largest eigenvalue, where steps are counted that stability held back.
    pub(super) eigenvalue: u32,
    /// The watched conditions at the end of the step, then the comparisons.
    pub(super) conditions: u32,
    pub(super) fixed: u32,
    /// Where within the step a look is due, as a share of it, and the values there.
    pub(super) share: u32,
    pub(super) seen: u32,
    pub(super) end: u32,
}

impl Registers {
    fn new(states: usize, stages: usize, parts: &Parts, floors: usize) -> Self {
        let mut end = 0;
        let mut take = |count: usize| {
            end += count as u32;
            end - count as u32
        };
        Self {
            y: take(states),
            new: take(states),
            rates: take(states),
            stages: (0..stages).map(|_| take(states)).collect(),
            time: take(1),
            next_time: take(1),
            tried: take(1),
            relative: take(1),
            absolute: take(states),
            floors: take(floors),
            square_error: take(1),
            eigenvalue: take(1),
            conditions: take(parts.conditions.len()),
            fixed: take(parts.fixed.len()),
            share: take(1),
            seen: take(states),
            end,
        }
    }
}

/// A step of one method for one model.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(super) registers: Registers,
    pub(super) states: usize,
    pub(super) conditions: usize,
    pub(super) shape: Shape,
    codes: Vec<Arc<Code>>,
    /// The codes in the order in which a step runs them.
    order: Vec<usize>,
    /// The values within a step.
    pub(super) inside: Code,
}

impl Plan {
    pub(crate) fn new(parts: &Parts, stiff: Option<&Stiff>, shape: &Shape) -> Self {
        let whole = Self::written(parts, stiff, shape, false);
        if whole.codes.iter().map(|code| code.len()).sum::<usize>() <= LONG_STEP {
            return whole;
        }
        Self::written(parts, stiff, shape, true)
    }

    /// A step as one script, or in parts of which some are run for each stage.
    fn written(parts: &Parts, stiff: Option<&Stiff>, shape: &Shape, in_parts: bool) -> Self {
        let states = parts.states.len();
        let stages = if stiff.is_some() { 8 } else { 6 };
        let registers = Registers::new(states, stages, parts, shape.floored.len());
        let mut writer = Writer::new(parts, registers, shape, in_parts);
        match stiff {
            Some(stiff) => stiff::write(&mut writer, stiff),
            None => explicit::write(&mut writer),
        }
        writer.cut();
        inside::write(&mut writer);
        let Writer { registers, script, scripts, order, .. } = writer;
        let mut codes: Vec<Arc<Code>> = Vec::with_capacity(scripts.len());
        for script in scripts {
            codes.push(Arc::new(Code::new(script, registers.end, codes.last().cloned())));
        }
        let inside = Code::new(script, registers.end, codes.last().cloned());
        let (shape, conditions) = (shape.clone(), parts.conditions.len());
        Self { registers, states, conditions, shape, codes, order, inside }
    }

    /// Tries one step on every lane.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    pub(super) fn run(&self, registers: &mut [Lanes], native: bool) {
        for &code in &self.order {
            self.codes[code].run(registers, native);
        }
    }

    pub(crate) fn is_stiff(&self) -> bool {
        self.shape.is_stiff
    }

    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }
}

/// What the stiff method needs besides the rates.
#[derive(Debug)]
pub(crate) struct Stiff {
    pub(crate) parts: Parts,
    pub(super) factor: Factor,
    /// The states whose rates change with time itself.
    pub(super) moved_by_time: Vec<usize>,
    /// The entries of the Jacobian in the order of the factor's pattern.
    pub(super) entries: Vec<NodeId>,
    /// The rates' own change with time.
    pub(super) by_time: Vec<NodeId>,
}

impl Stiff {
    pub(crate) fn new(source: &Source) -> Self {
        let mut graph = source.graph.clone();
        let states = source.states.iter().map(|state| graph.add_value(state.0, true));
        let mut variables: Vec<NodeId> = states.collect();
        variables.push(graph.add_time());
        let time = source.states.len() as u32;
        let gradients = gradients(&mut graph, &source.rates, &variables);
        let mut pattern = Vec::new();
        let (mut entries, mut moved_by_time, mut by_time) = (Vec::new(), Vec::new(), Vec::new());
        for (row, gradient) in gradients.iter().enumerate() {
            for &(variable, node) in gradient {
                if variable == time {
                    moved_by_time.push(row);
                    by_time.push(node);
                } else {
                    pattern.push((row as u32, variable));
                    entries.push(node);
                }
            }
        }
        let factor = Factor::new(source.states.len(), &pattern);
        let more: Vec<NodeId> = entries.iter().chain(&by_time).copied().collect();
        let parts = Parts::new(Source { graph, ..source.clone() }, &more);
        Self { parts, factor, moved_by_time, entries, by_time }
    }
}

/// The register of a state among those that begin with `first`.
pub(super) fn read(first: u32, state: usize) -> Operand {
    Operand::Register(first + state as u32)
}

/// What a method writes its steps with.
pub(super) struct Writer<'a> {
    pub(super) parts: &'a Parts,
    pub(super) registers: Registers,
    pub(super) shape: &'a Shape,
    pub(super) script: Script,
    scripts: Vec<Script>,
    order: Vec<usize>,
    /// Whether what every stage does is written once.
    pub(super) in_parts: bool,
    rates: Option<Shared>,
    solve: Option<Shared>,
}

/// A script that several stages run, and the registers that it reads and leaves.
#[derive(Debug, Clone, Copy)]
struct Shared {
    script: usize,
    input: u32,
    time: u32,
    output: u32,
}

impl<'a> Writer<'a> {
    fn new(parts: &'a Parts, registers: Registers, shape: &'a Shape, in_parts: bool) -> Self {
        let (script, scripts, order) = (Script::default(), Vec::new(), Vec::new());
        let (rates, solve) = (None, None);
        Self { parts, registers, shape, script, scripts, order, in_parts, rates, solve }
    }

    pub(super) fn states(&self) -> usize {
        self.parts.states.len()
    }

    fn allocate(&mut self, count: usize) -> u32 {
        self.registers.end += count as u32;
        self.registers.end - count as u32
    }

    /// Ends the script; what follows reads what it left in registers.
    pub(super) fn cut(&mut self) {
        if !self.script.terms.is_empty() {
            self.order.push(self.scripts.len());
            self.scripts.push(std::mem::take(&mut self.script));
        }
    }

    /// Values that stay within reach after a cut.
    pub(super) fn put_aside(&mut self, values: &mut [Operand]) {
        for value in values {
            if self.in_parts && matches!(value, Operand::Term(_)) {
                let register = self.allocate(1);
                self.script.keep(*value, register);
                *value = Operand::Register(register);
            }
        }
    }

    /// The registers of the states from `first` on.
    pub(super) fn column(&self, first: u32) -> Vec<Operand> {
        (0..self.states()).map(|state| read(first, state)).collect()
    }

    /// The rates at values of the states and a time. In parts the values stand elsewhere afterwards.
    pub(super) fn rates(&mut self, values: &mut Vec<Operand>, time: Operand) -> Vec<Operand> {
        let parts = self.parts;
        if !self.in_parts {
            let floored = self.floored(values);
            return self.formulas(&parts.rates, &floored, time);
        }
        let shared = self.rates.unwrap_or_else(|| {
            self.share(|writer, input, time| {
                let floored = writer.floored(input);
                writer.formulas(&parts.rates, &floored, time)
            })
        });
        self.rates = Some(shared);
        self.keep(values, shared.input);
        self.script.keep(time, shared.time);
        self.call(shared);
        *values = self.column(shared.input);
        self.column(shared.output)
    }

    /// Solves the equations of a matrix that was taken apart.
    pub(super) fn solve(&mut self, factor: &Factor, matrix: &[Operand], right: &mut Vec<Operand>) {
        if !self.in_parts {
            factor.solve(&mut self.script, matrix, right);
            return;
        }
        let shared = self.solve.unwrap_or_else(|| {
            self.share(|writer, input, _| {
                let mut x = input.to_vec();
                factor.solve(&mut writer.script, matrix, &mut x);
                x
            })
        });
        self.solve = Some(shared);
        self.keep(right, shared.input);
        self.call(shared);
        *right = self.column(shared.output);
    }

    /// Writes a script from values of the states to others, to be called.
    fn share(
        &mut self,
        write: impl FnOnce(&mut Self, &[Operand], Operand) -> Vec<Operand>,
    ) -> Shared {
        let (input, output) = (self.allocate(self.states()), self.allocate(self.states()));
        let time = self.allocate(1);
        let open = std::mem::take(&mut self.script);
        let column = self.column(input);
        let found = write(self, &column, Operand::Register(time));
        self.keep(&found, output);
        let script = self.scripts.len();
        self.scripts.push(std::mem::replace(&mut self.script, open));
        Shared { script, input, time, output }
    }

    fn call(&mut self, shared: Shared) {
        self.cut();
        self.order.push(shared.script);
    }

    /// Computes terms of the model from values of the states and time.
    pub(super) fn formulas(
        &mut self,
        roots: &[NodeId],
        values: &[Operand],
        time: Operand,
    ) -> Vec<Operand> {
        let Self { parts, registers, script, .. } = self;
        script.formulas(&parts.graph, roots, |id| {
            if let Some(position) = parts.fixed_place[id as usize] {
                return Some(Operand::Register(registers.fixed + position));
            }
            match parts.graph.nodes[id as usize] {
                Node::Time => Some(time),
                Node::Value(slot) => parts.state_place(slot).map(|state| values[state]),
                _ => None,
            }
        })
    }

    /// The values as the rates read them.
    pub(super) fn floored(&mut self, values: &[Operand]) -> Vec<Operand> {
        let mut floored = values.to_vec();
        for (position, &state) in self.shape.floored.iter().enumerate() {
            let floor = Operand::Register(self.registers.floors + position as u32);
            floored[state] = self.script.apply(Operation::ZeroBelow, &[values[state], floor]);
        }
        floored
    }

    /// Leaves the values of states in registers.
    pub(super) fn keep(&mut self, values: &[Operand], first: u32) {
        for (i, &value) in values.iter().enumerate() {
            self.script.keep(value, first + i as u32);
        }
    }

    /// The square of the step's error: mean over states of the error over the tolerance, squared.
    pub(super) fn error(
        &mut self,
        new: &[Operand],
        mut of_state: impl FnMut(&mut Self, usize) -> Operand,
    ) {
        use Operation::{Abs, Divide, Maximum, Multiply};
        let mut total = Operand::ZERO;
        let relative = Operand::Register(self.registers.relative);
        for (i, &new) in new.iter().enumerate() {
            let error = of_state(self, i);
            let before = self.script.apply(Abs, &[read(self.registers.y, i)]);
            let after = self.script.apply(Abs, &[new]);
            let size = self.script.apply(Maximum, &[before, after]);
            let absolute = read(self.registers.absolute, i);
            let scale = self.script.multiply_add(relative, size, absolute);
            let ratio = self.script.apply(Divide, &[error, scale]);
            total = self.script.multiply_add(ratio, ratio, total);
        }
        let share = Operand::number(1.0 / (new.len().max(1) as f64));
        let mean = self.script.apply(Multiply, &[total, share]);
        self.script.keep(mean, self.registers.square_error);
    }

    /// The watched conditions and comparisons at the end of the step.
    pub(super) fn conditions(&mut self, values: &[Operand]) {
        let parts = self.parts;
        let time = Operand::Register(self.registers.next_time);
        let found = self.formulas(&parts.conditions, values, time);
        for (position, &value) in found.iter().enumerate() {
            self.script.keep(value, self.registers.conditions + position as u32);
        }
    }
}
