//! Model to trajectories, many patients at once.
//!
//! A [`Program`] is a model compiled to instructions over lanes of patients. [`run`] follows every
//! patient with a step size of its own and calls back at stops; [`trajectories`] notes values at
//! given times. Answers are the same bits for any number of patients, threads and vector widths.
//!
//! States under the [`SingleCell`] rule read as 0 inside the rates below 1e-5 of a cell, so rounding
//! below zero neither grows nor breaks a power; the state itself is set to 0 at the next stop.
//!
//! ```
//! use cytotrial_solve::{Settings, Start, compile, run};
//! let model = model::antimony::read("x' = -x; x = 1;").expect("a good text");
//! let program = compile(&model)?;
//! let x = program.symbol("x").expect("it is in the text");
//! let mut last = 0.0;
//! run(&program, &[Start::default()], &Settings::default(), |_, stop| {
//!     last = stop.value(x);
//!     (stop.time() < 1.0).then_some(1.0)
//! });
//! assert!((last - (-1.0_f64).exp()).abs() < 1e-6);
//! # Ok::<(), cytotrial_solve::CompileError>(())
//! ```

mod absent;
mod block;
mod compile;
mod derivative;
mod dosing;
mod event;
mod execute;
mod failure;
mod fixed;
mod graph;
mod initial;
mod lanes;
mod look;
mod math;
mod native;
mod operation;
mod patient;
mod request;
mod run;
mod script;
mod sensitivity;
mod single_cell;
mod steer;
mod step;
mod stochastic;
mod whole;

pub use block::{Noted, Trajectories, trajectories, trajectories_of};
pub use compile::{CompileError, Program, compile, compile_without};
pub use dosing::{Change, DoseError, DoseRecord, Infusion, Schedule, Steady, schedule};
pub use failure::{Failure, Reason};
pub use lanes::VectorSet;
pub use look::Stop;
pub use model::SymbolId;
pub use request::{Method, Next, Settings, Start, Statistics};
pub use run::{run, run_on};
pub use sensitivity::{Sensitivities, SensitivityError, sensitivities};
pub use single_cell::SingleCell;
pub use stochastic::{
    Network, NetworkError, StochasticMethod, StochasticRuns, StochasticSettings,
    StochasticStatistics, stochastic, stochastic_while,
};
