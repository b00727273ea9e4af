//! Whether a comparison may have changed and changed back within a step, at whose ends it is the same.
//!
//! The difference of the two sides at both ends and in the middle of the step gives a parabola. Where that turns
//! within the step, and has come at least half of the way to zero, the step is looked at closely.

use super::plan::{Writer, read};
use crate::operation::Operation::{And, Greater, GreaterOrEqual, Less, Multiply, Subtract};
use crate::script::Operand;

/// Writes it for each of the comparisons, given the states at the end of the step and in its middle.
pub(super) fn write(writer: &mut Writer<'_>, end: &[Operand], middle: &[Operand]) {
    let registers = writer.registers.clone();
    let half = Operand::number(0.5);
    let [from, to] = [registers.time, registers.next_time].map(Operand::Register);
    let late = writer.script.apply(Multiply, &[half, to]);
    let between = writer.script.multiply_add(half, from, late);
    let start: Vec<Operand> = (0..writer.states()).map(|i| read(registers.y, i)).collect();
    let moments = [(&start[..], from), (middle, between), (end, to)];
    let sides: Vec<_> = writer.parts.bending().into_iter().flat_map(|(_, sides)| sides).collect();
    let differences = moments.map(|(values, time)| {
        let values = writer.floored(values);
        let found = writer.formulas(&sides, &values, time);
        let differences = found.chunks_exact(2);
        differences.map(|sides| writer.script.apply(Subtract, sides)).collect::<Vec<_>>()
    });
    for position in 0..sides.len() / 2 {
        let value = turns(writer, differences.each_ref().map(|moment| moment[position]));
        writer.script.keep(value, registers.turning + position as u32);
    }
}

/// Whether the parabola through these turns towards zero and comes halfway.
fn turns(writer: &mut Writer<'_>, [start, middle, end]: [Operand; 3]) -> Operand {
    let script = &mut writer.script;
    let (zero, three) = (Operand::ZERO, Operand::number(3.0));
    let four = script.apply(Multiply, &[Operand::number(4.0), middle]);
    // the slopes at the ends, times the step
    let sum = script.multiply_add(three, start, end);
    let first = script.apply(Subtract, &[four, sum]);
    let sum = script.multiply_add(three, end, start);
    let last = script.apply(Subtract, &[sum, four]);
    let bend = script.apply(Subtract, &[last, first]);
    let [ends, falls, rises, way] = [(start, end), (end, first), (end, last), (bend, start)]
        .map(|(a, b)| script.apply(Multiply, &[a, b]));
    let square = script.apply(Multiply, &[first, first]);
    let parts = [
        // at the start they may be equal
        script.apply(GreaterOrEqual, &[ends, zero]),
        script.apply(Less, &[falls, zero]),
        script.apply(Greater, &[rises, zero]),
        // from the start to its turn the parabola goes first^2 / (2 bend): at least half of the difference
        script.apply(GreaterOrEqual, &[square, way]),
    ];
    let [first, rest @ ..] = parts;
    rest.into_iter().fold(first, |all, part| script.apply(And, &[all, part]))
}
