//! What decides where patients go: a caller's function, or a table to be filled.

use std::ops::Range;

use crate::failure::Failure;
use crate::look::{Glance, Stop};
use crate::request::{Next, Statistics};

/// What decides where patients go.
pub(crate) trait Steer {
    /// Patients to follow next, by their positions among the starts, asked for while lanes are free; none to
    /// end.
    fn more(&mut self) -> Range<usize>;

    /// At the start and at each stop and look: where to go next, the present time to be called again
    /// after events were handled, or `None` to end.
    fn stop(&mut self, patient: usize, stop: &mut Stop<'_>) -> Option<Next>;

    /// What [`Steer::look`] reads; `None` when it would read nothing and [`Steer::stop`] is to be asked.
    fn glances(&self) -> Option<Glances>;

    /// At a look where nothing happens: when the next look is due, or `None` to be asked by
    /// [`Steer::stop`] instead.
    fn look(&mut self, patient: usize, glance: Glance<'_>) -> Option<f64>;

    /// How a patient ended.
    fn ended(&mut self, patient: usize, how: Result<Statistics, Failure>);
}

/// What a caller reads at looks where nothing happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Glances {
    /// States, and what stays as it is between stops.
    States,
    /// Assigned symbols that move as well.
    Table,
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

    fn glances(&self) -> Option<Glances> {
        None
    }

    fn look(&mut self, _: usize, _: Glance<'_>) -> Option<f64> {
        None
    }

    fn ended(&mut self, patient: usize, how: Result<Statistics, Failure>) {
        self.results[patient] = how;
    }
}
