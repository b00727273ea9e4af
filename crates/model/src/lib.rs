//! Model text to a checked model (IR).

pub mod ir;

pub use ir::*;
