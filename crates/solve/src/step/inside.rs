//! Values within the step just tried on a lane, without a step that ends there.
//!
//! Explicit pair: the interpolant of order 4 of Tsitouras, Comput Math Appl 2011;62:770-775. Stiff
//! method: the dense output of order 4 of Steinebach, BIT Numer Math 2023;63:27.

use super::Block;
use super::{rodas, tsitouras};
use crate::lanes::Lanes;

/// One moment of the step just tried on a lane.
pub(crate) struct Inside<'a> {
    block: &'a Block,
    lane: usize,
    /// The share of the states at the start of the step, and at its end.
    ends: [f64; 2],
    /// The columns between them, and their weights.
    columns: &'a [Vec<Lanes>],
    weights: [f64; 8],
}

impl Inside<'_> {
    /// The states at this moment, in their order.
    pub(crate) fn states(&self) -> impl Iterator<Item = f64> {
        let Self { block, lane, ends, columns, weights } = *self;
        (0..block.y.len()).map(move |i| {
            let [start, end] = ends;
            let mut value = start * block.y[i].0[lane];
            if end > 0.0 {
                value += end * block.new[i].0[lane];
            }
            for (weight, column) in weights.iter().zip(columns) {
                value += weight * column[i].0[lane];
            }
            value
        })
    }
}

impl Block {
    /// When the step just tried on the lane ends.
    pub(crate) fn end(&self, lane: usize) -> f64 {
        self.next_time.0[lane]
    }

    /// A moment of the step just tried on the lane.
    pub(crate) fn inside(&self, lane: usize, time: f64) -> Inside<'_> {
        let (from, to) = (self.time.0[lane], self.next_time.0[lane]);
        let mut weights = [0.0; 8];
        if time >= to {
            return Inside { block: self, lane, ends: [0.0, 1.0], columns: &[], weights };
        }
        let x = (time - from) / (to - from);
        if let Some(stiff) = &self.stiff {
            let [a, b, c] = &rodas::DENSE;
            for (j, weight) in weights.iter_mut().enumerate() {
                *weight = x * (1.0 - x) * (a[j] + x * (b[j] + x * c[j]));
            }
            Inside { block: self, lane, ends: [1.0 - x, x], columns: stiff.stages(), weights }
        } else {
            for (weight, share) in weights.iter_mut().zip(tsitouras::interior(x)) {
                *weight = (to - from) * share;
            }
            Inside { block: self, lane, ends: [1.0, 0.0], columns: &self.rates, weights }
        }
    }
}
