//! A step of an explicit method as a script: the pair of orders 5 and 4, and the method of order 8.
//!
//! Pair: Tsitouras, Comput Math Appl 2011;62:770-775. Order 8: Hairer, Norsett, Wanner, Solving
//! Ordinary Differential Equations I (1993), section II.5. Detection of stiffness: Hairer, Wanner,
//! Solving Ordinary Differential Equations II, section IV.2.

use super::plan::{Kind, Writer, read};
use super::{dormand, tsitouras, turning};
use crate::operation::Operation::{Abs, Add, Divide, Equal, Multiply, Select, Sqrt, Subtract};
use crate::script::Operand;

/// From the values and rates at the start of the step to those of all stages and of the end, the
/// error, and the conditions at the end.
pub(super) fn write(writer: &mut Writer<'_>) {
    let (rows, nodes): (&[&[f64]], &[f64]) = match writer.shape.kind {
        Kind::Eighth => (&dormand::ROWS, &dormand::NODES),
        _ => (&tsitouras::ROWS, &tsitouras::NODES),
    };
    let registers = writer.registers.clone();
    let mut rates = vec![column(writer, registers.rates)];
    let mut values = Vec::new();
    let mut before = Vec::new();
    for (stage, row) in rows.iter().enumerate() {
        before = std::mem::replace(&mut values, stage_values(writer, row, &rates));
        let time = match nodes.get(stage) {
            Some(&node) => time_within(writer, node),
            None => Operand::Register(registers.next_time),
        };
        let found = writer.rates(&values, time);
        writer.keep(&found, registers.stages[stage]);
        rates.push(found);
    }
    writer.keep(&values, registers.new);
    let floored = writer.floored(&values);
    writer.conditions(&floored);
    let middle = middle(writer, &values, [&rates[0], &rates[rates.len() - 1]]);
    turning::write(writer, &values, &middle);
    if writer.shape.kind == Kind::Eighth {
        eighth_error(writer, &values, &rates);
    } else {
        writer.error(&values, |writer, i| {
            let sum = sum(writer, &tsitouras::ERROR, &rates, i);
            writer.script.apply(Multiply, &[sum, Operand::Register(writer.registers.tried)])
        });
    }
    if writer.shape.counts_stiffness {
        let last = rates.len() - 1;
        eigenvalue(writer, [&rates[last - 1], &rates[last]], [&before, &values]);
    }
}

/// The states in the middle of the step: the cubic with these values and rates at its ends.
fn middle(writer: &mut Writer<'_>, end: &[Operand], rates: [&[Operand]; 2]) -> Vec<Operand> {
    let eighth = [Operand::number(0.125), Operand::Register(writer.registers.tried)];
    let eighth = writer.script.apply(Multiply, &eighth);
    let half = Operand::number(0.5);
    (0..writer.states())
        .map(|i| {
            let [first, last] = rates.map(|rates| rates[i]);
            let bend = writer.script.apply(Subtract, &[first, last]);
            let values = writer.script.apply(Add, &[read(writer.registers.y, i), end[i]]);
            let bend = writer.script.apply(Multiply, &[bend, eighth]);
            writer.script.multiply_add(half, values, bend)
        })
        .collect()
}

/// The stages that looks within a step of order 8 need besides, from what the step left.
pub(super) fn write_dense(writer: &mut Writer<'_>) {
    let registers = writer.registers.clone();
    let firsts = std::iter::once(&registers.rates).chain(&registers.stages);
    let mut rates: Vec<Vec<Operand>> = firsts.map(|&first| column(writer, first)).collect();
    let rows = dormand::DENSE_ROWS.iter().zip(dormand::DENSE_NODES);
    for ((row, node), &kept) in rows.zip(&registers.dense) {
        let values = stage_values(writer, row, &rates);
        let time = time_within(writer, node);
        let found = writer.rates(&values, time);
        writer.keep(&found, kept);
        rates.push(found);
    }
}

/// The registers of the states from `first` on.
fn column(writer: &Writer<'_>, first: u32) -> Vec<Operand> {
    (0..writer.states()).map(|state| read(first, state)).collect()
}

/// The time at a share of the step.
fn time_within(writer: &mut Writer<'_>, node: f64) -> Operand {
    let (tried, time) = (writer.registers.tried, writer.registers.time);
    let node = Operand::number(node);
    writer.script.multiply_add(Operand::Register(tried), node, Operand::Register(time))
}

/// The weighted rates of a state; stages without a weight are left out.
fn sum(writer: &mut Writer<'_>, weights: &[f64], rates: &[Vec<Operand>], i: usize) -> Operand {
    let parts = weights.iter().zip(rates).filter(|(weight, _)| **weight != 0.0);
    let parts = parts.map(|(&weight, column)| (weight, column[i]));
    writer.script.weighted(None, parts).expect("there are weights")
}

/// The square of the error of order 8 from its estimates of orders 5 and 3, which has the step's eighth
/// power: |5|^4 / (|5|^2 + |3|^2 / 100), as in the book's program.
fn eighth_error(writer: &mut Writer<'_>, new: &[Operand], rates: &[Vec<Operand>]) {
    let mut totals = [Operand::ZERO; 2];
    for (i, &new) in new.iter().enumerate() {
        let scale = writer.tolerance(i, new);
        for (total, weights) in totals.iter_mut().zip([&dormand::ERROR, &dormand::COARSE_ERROR]) {
            let error = sum(writer, weights, rates, i);
            let ratio = writer.script.apply(Divide, &[error, scale]);
            *total = writer.script.multiply_add(ratio, ratio, *total);
        }
    }
    let [fine, coarse] = totals;
    let below = writer.script.multiply_add(Operand::number(0.01), coarse, fine);
    let share = writer.script.apply(Divide, &[fine, below]);
    let none = writer.script.apply(Equal, &[below, Operand::ZERO]);
    let share = writer.script.apply(Select, &[none, Operand::ZERO, share]);
    let mean = writer.over_states(fine);
    let tried = Operand::Register(writer.registers.tried);
    let square = writer.script.apply(Multiply, &[tried, tried]);
    let mean = writer.script.apply(Multiply, &[mean, square]);
    let error = writer.script.apply(Multiply, &[mean, share]);
    writer.script.keep(error, writer.registers.square_error);
}

/// y plus the step times the weighted rates.
fn stage_values(writer: &mut Writer<'_>, weights: &[f64], rates: &[Vec<Operand>]) -> Vec<Operand> {
    let tried = Operand::Register(writer.registers.tried);
    let states = writer.states();
    let first = writer.registers.y;
    let value = |i: usize| {
        let sum = sum(writer, weights, rates, i);
        writer.script.multiply_add(tried, sum, Operand::Register(first + i as u32))
    };
    (0..states).map(value).collect()
}

/// The step times the largest eigenvalue: the last two stages are at one time, and their difference
/// shows it.
fn eigenvalue(writer: &mut Writer<'_>, rates: [&[Operand]; 2], values: [&[Operand]; 2]) {
    let relative = Operand::Register(writer.registers.relative);
    let (mut above, mut below) = (Operand::ZERO, Operand::ZERO);
    for i in 0..writer.states() {
        let absolute = read(writer.registers.absolute, i);
        let script = &mut writer.script;
        let size = script.apply(Abs, &[values[1][i]]);
        let scale = script.multiply_add(relative, size, absolute);
        for (total, pair) in [(&mut above, rates), (&mut below, values)] {
            let difference = script.apply(Subtract, &[pair[1][i], pair[0][i]]);
            let ratio = script.apply(Divide, &[difference, scale]);
            let square = script.apply(Multiply, &[ratio, ratio]);
            *total = script.apply(Add, &[*total, square]);
        }
    }
    let tried = Operand::Register(writer.registers.tried);
    let ratio = writer.script.apply(Divide, &[above, below]);
    let root = writer.script.apply(Sqrt, &[ratio]);
    let product = writer.script.apply(Multiply, &[tried, root]);
    writer.script.keep(product, writer.registers.eigenvalue);
}
