//! Steps of the stiff method: `Rodas5P` with the model's own Jacobian, one step size for each lane.

#![allow(clippy::needless_range_loop, reason = "stages and lanes are numbered as in the paper")]

use std::sync::Arc;

use super::plan::Plan;
use super::rodas::{A, C, D, GAMMA, NODES};
use super::{Block, STIFF_CONTROL};
use crate::compile::Codes;
use crate::execute::{REGISTERS, execute};
use crate::lanes::{LANES, Lanes};

/// What one step of the stiff method computes.
pub(super) struct Stiff {
    plan: Arc<Plan>,
    matrix: Vec<Lanes>,
    stages: [Vec<Lanes>; 8],
    /// Change of the rates with time itself.
    by_time: Vec<Lanes>,
}

impl Stiff {
    pub(super) fn new(plan: Arc<Plan>) -> Self {
        let states = plan.factor.diagonal.len();
        let column = || vec![Lanes::ZERO; states];
        Self {
            matrix: vec![Lanes::ZERO; plan.factor.entries],
            stages: std::array::from_fn(|_| column()),
            by_time: column(),
            plan,
        }
    }

    /// What the stages computed, by stage and state.
    pub(super) fn stages(&self) -> &[Vec<Lanes>] {
        &self.stages
    }

    /// The estimated error of a state.
    pub(super) fn error_of(&self, state: usize, lane: usize) -> f64 {
        self.stages[7][state].0[lane]
    }
}

/// total += weight * column, lane by lane.
#[inline(always)]
#[expect(clippy::inline_always, reason = "must be compiled for each set of vector instructions")]
fn add(total: &mut Lanes, weight: f64, column: &Lanes) {
    for lane in 0..LANES {
        total.0[lane] = weight.mul_add(column.0[lane], total.0[lane]);
    }
}

impl Block {
    /// Tries one step on every lane.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    pub(super) fn attempt_stiff(&mut self, stiff: &mut Stiff, codes: &Codes) {
        self.prepare(stiff, codes);
        let inverse = Lanes::each(|lane| 1.0 / self.tried.0[lane]);
        for stage in 0..8 {
            if stage > 0 {
                self.place_stage(stage, stiff, codes);
                execute(&codes.rates, &mut self.registers, self.native);
            }
            let (before, rest) = stiff.stages.split_at_mut(stage);
            let right = &mut rest[0];
            for (i, value) in right.iter_mut().enumerate() {
                *value = if stage == 0 {
                    self.rates[0][i]
                } else {
                    self.registers[usize::from(codes.rates.outputs[i]) % REGISTERS]
                };
                let mut sum = Lanes::ZERO;
                for (weight, column) in C[stage].iter().zip(before.iter()) {
                    add(&mut sum, *weight, &column[i]);
                }
                for lane in 0..LANES {
                    value.0[lane] = sum.0[lane].mul_add(inverse.0[lane], value.0[lane]);
                }
            }
            if stage < 5 {
                for &i in &stiff.plan.moved_by_time {
                    for lane in 0..LANES {
                        let weight = D[stage] * self.tried.0[lane];
                        let value = &mut right[i].0[lane];
                        *value = weight.mul_add(stiff.by_time[i].0[lane], *value);
                    }
                }
            }
            stiff.plan.factor.solve(&stiff.matrix, right);
        }
        self.finish(stiff);
    }

    /// Computes rates and Jacobian at the start of the step and takes I/(gamma h) - J apart.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn prepare(&mut self, stiff: &mut Stiff, codes: &Codes) {
        self.registers[..self.y.len()].copy_from_slice(&self.y);
        self.apply_floors();
        self.registers[usize::from(codes.time_register) % REGISTERS] = self.time;
        let plan = &*stiff.plan;
        execute(&plan.start, &mut self.registers, self.native);
        stiff.matrix.fill(Lanes::ZERO);
        let (entries, rest) = plan.start.outputs.split_at(plan.factor.places.len());
        let (by_time, rates) = rest.split_at(plan.moved_by_time.len());
        for (rate, &output) in self.rates[0].iter_mut().zip(rates) {
            *rate = self.registers[usize::from(output) % REGISTERS];
        }
        for (&place, &output) in plan.factor.places.iter().zip(entries) {
            let value = self.registers[usize::from(output) % REGISTERS];
            let entry = &mut stiff.matrix[place as usize];
            for lane in 0..LANES {
                entry.0[lane] = -value.0[lane];
            }
        }
        for (&state, &output) in plan.moved_by_time.iter().zip(by_time) {
            stiff.by_time[state] = self.registers[usize::from(output) % REGISTERS];
        }
        let shift = Lanes::each(|lane| 1.0 / (GAMMA * self.tried.0[lane]));
        for &place in &plan.factor.diagonal {
            let entry = &mut stiff.matrix[place as usize];
            for lane in 0..LANES {
                entry.0[lane] += shift.0[lane];
            }
        }
        plan.factor.decompose(&mut stiff.matrix);
    }

    /// Puts the states and the time of a stage where the rates read them.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn place_stage(&mut self, stage: usize, stiff: &Stiff, codes: &Codes) {
        let weights = &A[if stage < 5 { stage } else { 5 }];
        for i in 0..self.y.len() {
            let mut value = self.y[i];
            for (weight, column) in weights.iter().zip(&stiff.stages[..stage.min(5)]) {
                add(&mut value, *weight, &column[i]);
            }
            for column in stiff.stages.iter().take(stage).skip(5) {
                add(&mut value, 1.0, &column[i]);
            }
            self.new[i] = value;
        }
        self.registers[..self.new.len()].copy_from_slice(&self.new);
        self.apply_floors();
        let now = if stage < 5 {
            Lanes::each(|lane| self.tried.0[lane].mul_add(NODES[stage], self.time.0[lane]))
        } else {
            self.next_time
        };
        self.registers[usize::from(codes.time_register) % REGISTERS] = now;
    }

    /// The end of the step and its error.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn finish(&mut self, stiff: &Stiff) {
        let mut total = Lanes::ZERO;
        for i in 0..self.y.len() {
            let (error, old, absolute) = (stiff.stages[7][i], self.y[i], self.absolute[i]);
            let new = &mut self.new[i];
            for lane in 0..LANES {
                new.0[lane] += error.0[lane];
                let (before, after) = (old.0[lane].abs(), new.0[lane].abs());
                let size = if after > before { after } else { before };
                let ratio = error.0[lane] / self.relative.mul_add(size, absolute);
                total.0[lane] = ratio.mul_add(ratio, total.0[lane]);
            }
        }
        let share = 1.0 / (self.y.len().max(1) as f64);
        let error = Lanes::each(|lane| (total.0[lane] * share).sqrt());
        self.control(&error, STIFF_CONTROL);
    }

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn apply_floors(&mut self) {
        for &(state, floor) in &self.floored {
            let value = &mut self.registers[state % REGISTERS];
            for lane in 0..LANES {
                value.0[lane] = if value.0[lane] < floor { 0.0 } else { value.0[lane] };
            }
        }
    }
}
