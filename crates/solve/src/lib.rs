//! model to trajectories, many patients at once.

mod block;
mod compile;
mod event;
mod execute;
mod explicit;
mod failure;
mod graph;
mod initial;
mod lanes;
mod math;
mod operation;
mod patient;
mod run;
mod single_cell;

pub use block::{Trajectories, trajectories};
pub use compile::{CompileError, Program, compile};
pub use failure::{Failure, Reason};
pub use model::SymbolId;
pub use run::{Method, Settings, Start, Statistics, Stop, run};
pub use single_cell::SingleCell;
