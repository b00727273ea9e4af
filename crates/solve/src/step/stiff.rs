//! A step of the stiff method as a script: `Rodas5P` with the model's own Jacobian.

use super::plan::{Stiff, Writer, read};
use super::rodas::{A, C, D, GAMMA, NODES, interior};
use super::turning;
use crate::operation::Operation::{Add, Multiply, Reciprocal, Subtract};
use crate::script::Operand;

/// From the values at the start of the step to those of all stages and of the end, the error, and
/// the conditions at the end.
pub(super) fn write(writer: &mut Writer<'_>, stiff: &Stiff) {
    let registers = writer.registers.clone();
    let (tried, start) = (Operand::Register(registers.tried), Operand::Register(registers.time));
    let y: Vec<Operand> = (0..writer.states()).map(|i| read(registers.y, i)).collect();
    let Start { matrix, by_time, rates } = prepare(writer, stiff, &y);
    writer.keep(&rates, registers.rates);
    // What never moves has no stages.
    let still: Vec<bool> = rates.iter().map(|&rate| rate == Operand::ZERO).collect();
    let inverse = writer.script.apply(Reciprocal, &[tried]);
    let mut stages: Vec<Vec<Operand>> = Vec::new();
    let mut values = y.clone();
    for stage in 0..8 {
        let found = if stage == 0 {
            rates.clone()
        } else {
            values = stage_values(writer, stage, &y, &stages);
            let time = if stage < 5 {
                writer.script.multiply_add(tried, Operand::number(NODES[stage]), start)
            } else {
                Operand::Register(registers.next_time)
            };
            writer.rates(&values, time)
        };
        let mut right = found;
        for (i, value) in right.iter_mut().enumerate() {
            let parts = C[stage].iter().zip(&stages).map(|(&weight, column)| (weight, column[i]));
            if let Some(sum) = writer.script.weighted(None, parts) {
                *value = writer.script.multiply_add(sum, inverse, *value);
            }
        }
        if stage < 5 {
            for (&i, &change) in stiff.moved_by_time.iter().zip(&by_time) {
                let weight = writer.script.apply(Multiply, &[Operand::number(D[stage]), tried]);
                right[i] = writer.script.multiply_add(weight, change, right[i]);
            }
        }
        stiff.factor.solve(&mut writer.script, &matrix, &mut right);
        for (value, _) in right.iter_mut().zip(&still).filter(|(_, still)| **still) {
            *value = Operand::ZERO;
        }
        writer.keep(&right, registers.stages[stage]);
        stages.push(right);
    }
    let error = &stages[7];
    let new: Vec<Operand> =
        values.iter().zip(error).map(|(&v, &e)| writer.script.apply(Add, &[v, e])).collect();
    writer.keep(&new, registers.new);
    let floored = writer.floored(&new);
    writer.conditions(&floored);
    let shares = interior(0.5);
    let middle: Vec<Operand> = (0..y.len())
        .map(|i| {
            let ends = [0.5, 0.5].into_iter().zip([y[i], new[i]]);
            let stages = shares.into_iter().zip(stages.iter().map(|column| column[i]));
            writer.script.weighted(None, ends.chain(stages)).unwrap_or(y[i])
        })
        .collect();
    turning::write(writer, &new, &middle);
    writer.error(&new, |_, i| error[i]);
}

/// What is computed once for all stages.
struct Start {
    matrix: Vec<Operand>,
    by_time: Vec<Operand>,
    rates: Vec<Operand>,
}

/// Computes rates and Jacobian at the start of the step and takes I/(gamma h) - J apart.
fn prepare(writer: &mut Writer<'_>, stiff: &Stiff, y: &[Operand]) -> Start {
    let parts = writer.parts;
    let floored = writer.floored(y);
    let time = Operand::Register(writer.registers.time);
    let roots: Vec<_> =
        [&stiff.entries, &stiff.by_time, &parts.rates].into_iter().flatten().copied().collect();
    let mut found = writer.formulas(&roots, &floored, time);
    let rates = found.split_off(stiff.entries.len() + stiff.by_time.len());
    let by_time = found.split_off(stiff.entries.len());
    let scaled = Operand::Register(writer.registers.tried);
    let scaled = writer.script.apply(Multiply, &[Operand::number(GAMMA), scaled]);
    let shift = writer.script.apply(Reciprocal, &[scaled]);
    let mut matrix = vec![Operand::ZERO; stiff.factor.entries];
    for &place in &stiff.factor.diagonal {
        matrix[place as usize] = shift;
    }
    for (&place, &entry) in stiff.factor.places.iter().zip(&found) {
        let before = matrix[place as usize];
        matrix[place as usize] = writer.script.apply(Subtract, &[before, entry]);
    }
    stiff.factor.decompose(&mut writer.script, &mut matrix);
    Start { matrix, by_time, rates }
}

/// The values of the states at a stage.
fn stage_values(
    writer: &mut Writer<'_>,
    stage: usize,
    y: &[Operand],
    stages: &[Vec<Operand>],
) -> Vec<Operand> {
    let weights = A[if stage < 5 { stage } else { 5 }];
    let value = |i: usize| {
        let parts = weights.iter().zip(stages).take(stage.min(5));
        let parts = parts.map(|(&weight, column)| (weight, column[i]));
        let value = writer.script.weighted(Some(y[i]), parts).unwrap_or(y[i]);
        let rest = stages.iter().take(stage).skip(5).filter(|column| column[i] != Operand::ZERO);
        rest.fold(value, |value, column| writer.script.apply(Add, &[column[i], value]))
    };
    (0..y.len()).map(value).collect()
}
