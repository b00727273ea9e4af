//! What decides where patients go: a caller's function, or a table to be filled.

use std::ops::Range;

use crate::failure::Failure;
use crate::look::Stop;
use crate::request::{Next, Statistics};
use crate::step::Seen;

/// What decides where patients go.
pub(crate) trait Steer {
    /// Patients to follow next, by their positions among the starts, asked for while lanes are free; none to
    /// end.
    fn more(&mut self) -> Range<usize>;

    /// At the start and at each stop and look: where to go next, the present time to be called again
    /// after events were handled, or `None` to end.
    fn stop(&mut self, patient: usize, stop: &mut Stop<'_>) -> Option<Next>;

    /// At a look where nothing happens: when the next look is due, or `None` to be asked by
    /// [`Steer::stop`] instead.
    fn look(&mut self, patient: usize, seen: Seen<'_>) -> Option<f64>;

    /// How a patient ended.
    fn ended(&mut self, patient: usize, how: Result<Statistics, Failure>);
}

/// A caller who wants to see everything of all patients.
pub(crate) struct Closure<F> {
    steer: F,
    waiting: Range<usize>,
    /// How each patient ended.
    pub(crate) results: Vec<Result<Statistics, Failure>>,
}

impl<F> Closure<F> {
    /// For so many patients.
    pub(crate) fn new(patients: usize, steer: F) -> Self {
        Self { steer, waiting: 0..patients, results: vec![Ok(Statistics::default()); patients] }
    }
}

impl<N: Into<Next>, F: FnMut(usize, &mut Stop<'_>) -> Option<N>> Steer for Closure<F> {
    fn more(&mut self) -> Range<usize> {
        std::mem::take(&mut self.waiting)
    }

    fn stop(&mut self, patient: usize, stop: &mut Stop<'_>) -> Option<Next> {
        (self.steer)(patient, stop).map(Into::into)
    }

    fn look(&mut self, _: usize, _: Seen<'_>) -> Option<f64> {
        None
    }

    fn ended(&mut self, patient: usize, how: Result<Statistics, Failure>) {
        self.results[patient] = how;
    }
}
