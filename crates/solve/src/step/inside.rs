//! Values within the step just tried on a lane, without a step that ends there.
//!
//! Explicit pair: the interpolant of order 4 of Tsitouras, Comput Math Appl 2011;62:770-775. Stiff
//! method: the dense output of order 4 of Steinebach, BIT Numer Math 2023;63:27.

use super::plan::{Writer, read};
use super::{Block, rodas, tsitouras};
use crate::lanes::Lanes;
use crate::operation::Operation::{GreaterOrEqual, Multiply, Select, Subtract};
use crate::script::{Operand, Script};

/// From what a step leaves, and where within it to look, to the values of the states there.
pub(super) fn write(writer: &mut Writer<'_>) {
    let registers = writer.registers.clone();
    let (share, tried) = (Operand::Register(registers.share), Operand::Register(registers.tried));
    let script = &mut writer.script;
    let one = Operand::number(1.0);
    let is_end = script.apply(GreaterOrEqual, &[share, one]);
    let (weights, columns) = if writer.shape.is_stiff {
        (stiff_weights(script, share), registers.stages.clone())
    } else {
        let columns = std::iter::once(registers.rates).chain(registers.stages.iter().copied());
        (explicit_weights(script, share, tried), columns.collect())
    };
    let rest = script.apply(Subtract, &[one, share]);
    for i in 0..writer.states() {
        let [y, new] = [registers.y, registers.new].map(|first| read(first, i));
        let script = &mut writer.script;
        let start = if writer.shape.is_stiff {
            let start = script.apply(Multiply, &[rest, y]);
            script.multiply_add(share, new, start)
        } else {
            y
        };
        let parts = weights.iter().zip(&columns);
        let value = parts.fold(start, |sum, (&weight, &first)| {
            script.multiply_add(weight, Operand::Register(first + i as u32), sum)
        });
        let value = script.apply(Select, &[is_end, new, value]);
        script.keep(value, registers.seen + i as u32);
    }
}

/// The value of a polynomial whose coefficients begin with the highest power.
fn polynomial(script: &mut Script, x: Operand, coefficients: &[f64]) -> Operand {
    let mut value = Operand::number(coefficients[0]);
    for &coefficient in &coefficients[1..] {
        value = script.multiply_add(value, x, Operand::number(coefficient));
    }
    value
}

fn stiff_weights(script: &mut Script, x: Operand) -> Vec<Operand> {
    let [a, b, c] = &rodas::DENSE;
    let rest = script.apply(Subtract, &[Operand::number(1.0), x]);
    let outer = script.apply(Multiply, &[x, rest]);
    (0..8)
        .map(|j| {
            let inner = polynomial(script, x, &[c[j], b[j], a[j]]);
            script.apply(Multiply, &[outer, inner])
        })
        .collect()
}

/// Times the step, over which the weights are.
fn explicit_weights(script: &mut Script, x: Operand, tried: Operand) -> Vec<Operand> {
    let square = script.apply(Multiply, &[x, x]);
    let mut weights = Vec::new();
    for (j, coefficients) in tsitouras::INTERIOR.iter().enumerate() {
        let inner = polynomial(script, x, coefficients);
        let outer = if j == 0 { x } else { square };
        let weight = script.apply(Multiply, &[outer, inner]);
        weights.push(script.apply(Multiply, &[weight, tried]));
    }
    weights
}

/// One moment of the step just tried on a lane.
pub(crate) struct Inside<'a> {
    block: &'a Block,
    lane: usize,
    /// The share of the states at the start of the step, and at its end.
    ends: [f64; 2],
    /// The first registers of the columns between them, and their weights.
    columns: [u32; 8],
    weights: [f64; 8],
    count: usize,
}

/// The values at a look.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    states: &'a [Lanes],
    lane: usize,
}

impl<'a> Seen<'a> {
    /// One state, by its position.
    pub(crate) fn state(self, position: usize) -> f64 {
        self.states[position].0[self.lane]
    }

    /// The states in their order.
    pub(crate) fn states(self) -> impl Iterator<Item = f64> + 'a {
        self.states.iter().map(move |value| value.0[self.lane])
    }
}

impl Inside<'_> {
    /// A state at this moment.
    pub(crate) fn state(&self, i: usize) -> f64 {
        let Self { block, lane, ends: [start, end], columns, weights, count } = *self;
        let at = &block.plan.registers;
        let read = |first: u32| block.register(first, i).0[lane];
        let mut value = start * read(at.y);
        if end > 0.0 {
            value += end * read(at.new);
        }
        for (weight, column) in weights.iter().zip(columns).take(count) {
            value += weight * read(column);
        }
        value
    }
}

impl Block {
    /// What is seen at the look that is due on a lane.
    pub(crate) fn seen(&self, lane: usize) -> Seen<'_> {
        let first = self.plan.registers.seen as usize;
        Seen { states: &self.registers[first..][..self.plan.states], lane }
    }

    /// When the step just tried on the lane ends.
    pub(crate) fn end(&self, lane: usize) -> f64 {
        self.next_time.0[lane]
    }

    /// A moment of the step just tried on the lane.
    pub(crate) fn inside(&self, lane: usize, time: f64) -> Inside<'_> {
        let (from, to) = (self.time.0[lane], self.next_time.0[lane]);
        let mut inside = Inside {
            block: self,
            lane,
            ends: [0.0, 1.0],
            columns: [0; 8],
            weights: [0.0; 8],
            count: 0,
        };
        if time >= to {
            return inside;
        }
        let x = (time - from) / (to - from);
        let at = &self.plan.registers;
        if self.plan.is_stiff() {
            let [a, b, c] = &rodas::DENSE;
            inside.ends = [1.0 - x, x];
            for (j, (weight, &stage)) in inside.weights.iter_mut().zip(&at.stages).enumerate() {
                *weight = x * (1.0 - x) * (a[j] + x * (b[j] + x * c[j]));
                inside.columns[j] = stage;
            }
            inside.count = 8;
        } else {
            inside.ends = [1.0, 0.0];
            let columns = std::iter::once(&at.rates).chain(&at.stages);
            for (j, (share, &column)) in tsitouras::interior(x).into_iter().zip(columns).enumerate()
            {
                inside.weights[j] = (to - from) * share;
                inside.columns[j] = column;
            }
            inside.count = 7;
        }
        inside
    }
}
