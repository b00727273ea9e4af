//! A step of the explicit pair of orders 5 and 4 as a script.
//!
//! Coefficients: Tsitouras, Comput Math Appl 2011;62:770-775. Detection of stiffness: Hairer, Wanner,
//! Solving Ordinary Differential Equations II, section IV.2.

use super::plan::{Writer, read};
use super::tsitouras::{A2, A3, A4, A5, A6, A7, ERROR, NODES};
use crate::operation::Operation::{Abs, Add, Divide, Multiply, Sqrt, Subtract};
use crate::script::Operand;

/// From the values and rates at the start of the step to those of all stages and of the end, the
/// error, and the conditions at the end.
pub(super) fn write(writer: &mut Writer<'_>) {
    let weights: [&[f64]; 6] = [&A2, &A3, &A4, &A5, &A6, &A7];
    let states = writer.states();
    let registers = writer.registers.clone();
    let column = |first: u32| (0..states).map(move |i| Operand::Register(first + i as u32));
    let mut rates: Vec<Vec<Operand>> = vec![column(registers.rates).collect()];
    let mut values = Vec::new();
    // the values of the stage before the last
    let mut sixth = Vec::new();
    for (stage, weights) in weights.into_iter().enumerate() {
        values = stage_values(writer, weights, &rates);
        if stage == 4 && writer.shape.counts_stiffness {
            sixth.clone_from(&values);
            writer.put_aside(&mut sixth);
        }
        let time = match NODES.get(stage).filter(|_| stage < 5) {
            Some(&node) => {
                let (tried, time) = (registers.tried, registers.time);
                let three =
                    [Operand::Register(tried), Operand::number(node), Operand::Register(time)];
                writer.script.multiply_add(three[0], three[1], three[2])
            }
            None => Operand::Register(registers.next_time),
        };
        if stage == 5 {
            writer.keep(&values, registers.new);
        }
        let mut found = writer.rates(&mut values, time);
        writer.keep(&found, registers.stages[stage]);
        if writer.in_parts {
            writer.cut();
            found = writer.column(registers.stages[stage]);
        }
        rates.push(found);
        if stage == 5 {
            let floored = writer.floored(&values);
            writer.conditions(&floored);
        }
    }
    writer.error(&values, |writer, i| {
        let parts = ERROR.iter().zip(&rates).map(|(&weight, column)| (weight, column[i]));
        let sum = writer.script.weighted(None, parts).expect("there are stages");
        writer.script.apply(Multiply, &[sum, Operand::Register(writer.registers.tried)])
    });
    if writer.shape.counts_stiffness {
        eigenvalue(writer, [&rates[5], &rates[6]], [&sixth, &values]);
    }
}

/// y plus the step times the weighted rates.
fn stage_values(writer: &mut Writer<'_>, weights: &[f64], rates: &[Vec<Operand>]) -> Vec<Operand> {
    let tried = Operand::Register(writer.registers.tried);
    let states = writer.states();
    let first = writer.registers.y;
    let value = |i: usize| {
        let parts = weights.iter().zip(rates).map(|(&weight, column)| (weight, column[i]));
        let sum = writer.script.weighted(None, parts).expect("each stage has weights");
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
