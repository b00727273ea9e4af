//! Conduct: enrol, dose, look, decide, until the protocol says stop.
//!
//! One arm of one replicate is a [`trial::Trial`], a machine that asks for patients and is given
//! their courses; one patient is a [`course::Course`], which the solver calls at each visit. Many
//! replicates run side by side so that the solver's lanes are full; no patient sees another.

pub mod background;
pub mod candidate;
pub mod course;
pub mod handles;
mod known;
pub mod merge;
pub mod result;
pub mod run;
pub mod stopping;
pub mod trial;
pub mod visits;
pub mod world;
