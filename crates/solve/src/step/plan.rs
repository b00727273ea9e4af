//! What a step of one method needs of a model: where values stand, and the script that moves them.

use std::sync::Arc;

use super::factor::Factor;
use super::{dormand, explicit, inside, stiff, tsitouras};
use crate::compile::{Parts, Source};
use crate::derivative::gradients;
use crate::execute::Code;
use crate::graph::{Node, NodeId};
use crate::lanes::Lanes;
use crate::operation::Operation;
use crate::script::{Operand, Script};

/// The methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The explicit pair of orders 5 and 4.
    Fifth,
    /// The explicit method of order 8 with estimates of orders 5 and 3.
    Eighth,
    /// The Rosenbrock method of order 5.
    Stiff,
}

impl Kind {
    pub(crate) fn is_stiff(self) -> bool {
        self == Self::Stiff
    }

    /// The method's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fifth => "explicit 5(4)",
            Self::Eighth => "explicit 8(5,3)",
            Self::Stiff => "Rodas5P",
        }
    }

    /// The power of the step with which the estimated error grows.
    pub(super) fn error_order(self) -> f64 {
        if self == Self::Eighth { 8.0 } else { 5.0 }
    }

    /// Columns of rates or increments that a step leaves, those at its start not counted.
    fn stages(self) -> usize {
        match self {
            Self::Fifth => tsitouras::ROWS.len(),
            Self::Eighth => dormand::ROWS.len(),
            Self::Stiff => 8,
        }
    }

    /// Columns that looks within the step need besides.
    fn dense_stages(self) -> usize {
        if self == Self::Eighth { dormand::DENSE_ROWS.len() } else { 0 }
    }
}

/// What makes one plan differ from another of the same model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) kind: Kind,
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
    /// What is computed for looks alone.
    pub(super) dense: Vec<u32>,
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
    /// Whether those of them that may have changed and changed back did.
    pub(super) turning: u32,
    pub(super) fixed: u32,
    /// Where within the step a look is due, as a share of it, and the values there.
    pub(super) share: u32,
    pub(super) seen: u32,
    pub(super) end: u32,
}

impl Registers {
    fn new(kind: Kind, parts: &Parts, floors: usize) -> Self {
        let states = parts.states.len();
        let mut end = 0;
        let mut take = |count: usize| {
            end += count as u32;
            end - count as u32
        };
        Self {
            y: take(states),
            new: take(states),
            rates: take(states),
            stages: (0..kind.stages()).map(|_| take(states)).collect(),
            dense: (0..kind.dense_stages()).map(|_| take(states)).collect(),
            time: take(1),
            next_time: take(1),
            tried: take(1),
            relative: take(1),
            absolute: take(states),
            floors: take(floors),
            square_error: take(1),
            eigenvalue: take(1),
            conditions: take(parts.conditions.len()),
            turning: take(parts.bending().len()),
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
    /// The positions among the conditions of those that may change and change back within a step.
    pub(super) turning: Vec<usize>,
    pub(super) shape: Shape,
    step: Arc<Code>,
    /// What looks within a step need besides what the step leaves.
    dense: Option<Arc<Code>>,
    /// The values within a step.
    pub(super) inside: Code,
    /// The first registers of the columns that values within a step are made of.
    pub(super) columns: Vec<u32>,
}

impl Plan {
    pub(crate) fn new(parts: &Parts, stiff: Option<&Stiff>, shape: &Shape) -> Self {
        let registers = Registers::new(shape.kind, parts, shape.floored.len());
        let mut writer = Writer { parts, registers, shape, script: Script::default() };
        match stiff {
            Some(stiff) => stiff::write(&mut writer, stiff),
            None => explicit::write(&mut writer),
        }
        let end = writer.registers.end;
        let step = Arc::new(Code::new(writer.take(), end, None));
        let dense = (shape.kind.dense_stages() > 0).then(|| {
            explicit::write_dense(&mut writer);
            Arc::new(Code::new(writer.take(), end, Some(step.clone())))
        });
        inside::write(&mut writer);
        let before = dense.as_ref().unwrap_or(&step).clone();
        let inside = Code::new(writer.take(), end, Some(before));
        Self {
            columns: inside::columns(shape.kind, &writer.registers),
            registers: writer.registers,
            states: parts.states.len(),
            conditions: parts.conditions.len(),
            turning: parts.bending().into_iter().map(|(position, _)| position).collect(),
            shape: shape.clone(),
            step,
            dense,
            inside,
        }
    }

    /// Tries one step on every lane.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    pub(super) fn run(&self, registers: &mut [Lanes], native: bool) {
        self.step.run(registers, native);
    }

    /// Computes what looks within the step just tried need besides.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    pub(super) fn run_dense(&self, registers: &mut [Lanes], native: bool) {
        if let Some(dense) = &self.dense {
            dense.run(registers, native);
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.shape.kind
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
                if graph.number(node) == Some(0.0) {
                    continue;
                }
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
}

impl Writer<'_> {
    pub(super) fn states(&self) -> usize {
        self.parts.states.len()
    }

    /// Ends the script; what follows is another, which reads what this one left in registers.
    fn take(&mut self) -> Script {
        std::mem::take(&mut self.script).pruned()
    }

    /// The rates at values of the states and a time.
    pub(super) fn rates(&mut self, values: &[Operand], time: Operand) -> Vec<Operand> {
        let floored = self.floored(values);
        self.formulas(&self.parts.rates, &floored, time)
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
        let mut total = Operand::ZERO;
        for (i, &new) in new.iter().enumerate() {
            let error = of_state(self, i);
            if error == Operand::ZERO {
                continue;
            }
            let scale = self.tolerance(i, new);
            let ratio = self.script.apply(Operation::Divide, &[error, scale]);
            total = self.script.multiply_add(ratio, ratio, total);
        }
        let mean = self.over_states(total);
        self.script.keep(mean, self.registers.square_error);
    }

    /// How large an error of a state may be.
    pub(super) fn tolerance(&mut self, i: usize, new: Operand) -> Operand {
        let before = self.script.apply(Operation::Abs, &[read(self.registers.y, i)]);
        let after = self.script.apply(Operation::Abs, &[new]);
        let size = self.script.apply(Operation::Maximum, &[before, after]);
        let absolute = read(self.registers.absolute, i);
        self.script.multiply_add(Operand::Register(self.registers.relative), size, absolute)
    }

    /// A sum over states as their mean.
    pub(super) fn over_states(&mut self, total: Operand) -> Operand {
        let share = Operand::number(1.0 / (self.states().max(1) as f64));
        self.script.apply(Operation::Multiply, &[total, share])
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
