//! `registry`: what one record says, lacks and is like, and what rates records report.

pub mod audit;
pub mod extract;
pub mod rates;
pub mod related;
mod shelf;
pub mod show;

pub use shelf::{Entry, Shelf, read};
