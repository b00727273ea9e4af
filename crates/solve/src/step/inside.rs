//! Values within the step just tried on a lane, without a step that ends there.
//!
//! Explicit pair: the interpolant of order 4 of Tsitouras, Comput Math Appl 2011;62:770-775. Method of
//! order 8: the dense output of order 7 of Hairer, Norsett, Wanner (1993, section II.6). Stiff method:
//! the dense output of order 4 of Steinebach, BIT Numer Math 2023;63:27.

use super::plan::{Kind, Registers, Writer, read};
use super::{Block, dormand, rodas, tsitouras};
use crate::lanes::Lanes;
use crate::operation::Operation::{GreaterOrEqual, Multiply, Negate, Select, Subtract};
use crate::script::{Operand, Script};

/// From what a step leaves, and where within it to look, to the values of the states there.
pub(super) fn write(writer: &mut Writer<'_>) {
    let registers = writer.registers.clone();
    let share = Operand::Register(registers.share);
    let script = &mut writer.script;
    let one = Operand::number(1.0);
    let is_end = script.apply(GreaterOrEqual, &[share, one]);
    // the share of the values at the end of the step, where those at its start have the rest
    let (end, weights) = match writer.shape.kind {
        Kind::Fifth => (None, explicit_weights(script, share, registers.tried)),
        Kind::Eighth => eighth_weights(script, share, registers.tried),
        Kind::Stiff => (Some(share), stiff_weights(script, share)),
    };
    let start = end.map(|end| script.apply(Subtract, &[one, end]));
    let columns = columns(writer.shape.kind, &registers);
    for i in 0..writer.states() {
        let [y, new] = [registers.y, registers.new].map(|first| read(first, i));
        let script = &mut writer.script;
        let ends = match (start, end) {
            (Some(start), Some(end)) => {
                let value = script.apply(Multiply, &[start, y]);
                script.multiply_add(end, new, value)
            }
            _ => y,
        };
        let parts = weights.iter().zip(&columns);
        let value = parts.fold(ends, |sum, (&weight, &first)| {
            script.multiply_add(weight, Operand::Register(first + i as u32), sum)
        });
        let value = script.apply(Select, &[is_end, new, value]);
        script.keep(value, registers.seen + i as u32);
    }
}

/// The first registers of the columns that the weights are for.
pub(super) fn columns(kind: Kind, registers: &Registers) -> Vec<u32> {
    let rates = (kind != Kind::Stiff).then_some(registers.rates);
    let all = rates.into_iter().chain(registers.stages.iter().copied());
    let all = all.chain(registers.dense.iter().copied()).enumerate();
    let all = all.filter(|(j, _)| kind != Kind::Eighth || USED.contains(j));
    all.map(|(_, first)| first).collect()
}

/// The stages that the dense output of order 8 reads; the others have no weight in it.
const USED: [usize; 12] = [0, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

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

/// The share of the values at the end, and the weights of the columns, times the step.
fn eighth_weights(script: &mut Script, x: Operand, tried: u32) -> (Option<Operand>, Vec<Operand>) {
    let tried = Operand::Register(tried);
    let one = Operand::number(1.0);
    let rest = script.apply(Subtract, &[one, x]);
    let square = script.apply(Multiply, &[x, x]);
    let hermite = script.multiply_add(Operand::number(2.0), rest, one);
    let end = script.apply(Multiply, &[square, hermite]);
    let rest_square = script.apply(Multiply, &[rest, rest]);
    let first = script.apply(Multiply, &[square, rest_square]);
    let second = script.apply(Multiply, &[first, x]);
    let third = script.apply(Multiply, &[second, rest]);
    let fourth = script.apply(Multiply, &[third, x]);
    let terms = [first, second, third, fourth];
    let at_start = script.apply(Multiply, &[x, rest_square]);
    let at_end = script.apply(Multiply, &[square, rest]);
    let at_end = script.apply(Negate, &[at_end]);
    let weights = USED.map(|j| {
        let start = match j {
            0 => Some(at_start),
            12 => Some(at_end),
            _ => None,
        };
        let parts = dormand::DENSE.iter().zip(terms).map(|(row, term)| (row[j], term));
        let weight = script.weighted(start, parts).expect("there are four terms");
        script.apply(Multiply, &[weight, tried])
    });
    (Some(end), weights.to_vec())
}

/// Times the step, over which the weights are.
fn explicit_weights(script: &mut Script, x: Operand, tried: u32) -> Vec<Operand> {
    let tried = Operand::Register(tried);
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
    columns: &'a [u32],
    weights: [f64; USED.len()],
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
        let Self { block, lane, ends: [start, end], columns, ref weights } = *self;
        let at = &block.plan.registers;
        let read = |first: u32| block.register(first, i).0[lane];
        let mut value = start * read(at.y);
        if end > 0.0 {
            value += end * read(at.new);
        }
        for (&column, weight) in columns.iter().zip(weights) {
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

    /// When the looks are due, on every lane.
    pub(crate) fn looks(&self) -> Lanes {
        self.look
    }

    /// A state at the looks that are due, on every lane.
    pub(crate) fn seen_on_all(&self, position: usize) -> Lanes {
        *self.register(self.plan.registers.seen, position)
    }

    /// When the step just tried on the lane ends.
    pub(crate) fn end(&self, lane: usize) -> f64 {
        self.next_time.0[lane]
    }

    /// A moment of the step just tried on the lane.
    pub(crate) fn inside(&self, lane: usize, time: f64) -> Inside<'_> {
        let (from, to) = (self.time.0[lane], self.next_time.0[lane]);
        let weights = [0.0; USED.len()];
        let mut inside = Inside { block: self, lane, ends: [0.0, 1.0], columns: &[], weights };
        if time >= to {
            return inside;
        }
        let x = (time - from) / (to - from);
        let weights = &mut inside.weights;
        let end = match self.plan.kind() {
            Kind::Fifth => {
                let shares = tsitouras::interior(x).map(|share| (to - from) * share);
                weights[..shares.len()].copy_from_slice(&shares);
                None
            }
            Kind::Eighth => {
                let (end, shares) = dormand::interior(x);
                *weights = USED.map(|j| (to - from) * shares[j]);
                Some(end)
            }
            Kind::Stiff => {
                let shares = rodas::interior(x);
                weights[..shares.len()].copy_from_slice(&shares);
                Some(x)
            }
        };
        inside.ends = end.map_or([1.0, 0.0], |end| [1.0 - end, end]);
        inside.columns = &self.plan.columns;
        inside
    }
}
