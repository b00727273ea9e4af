//! Tests of the house: what crates may use, how files begin, and what no file may hold.

mod edges;
mod files;
mod golden;
mod links;
mod model;
mod persons;
mod words;
