//! the trial itself, and the list of operations.

pub mod audit;
pub mod conduct;
pub mod document;
pub mod library;
pub mod observe;
pub mod operation;
pub mod parameters;
pub mod population;
pub mod problem;
pub mod protocol;
pub mod record;
pub mod section;
pub mod summary;
pub mod targets;
