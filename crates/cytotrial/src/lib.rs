//! the trial itself, and the list of operations.

pub mod document;
pub mod library;
pub mod problem;
pub mod protocol;
