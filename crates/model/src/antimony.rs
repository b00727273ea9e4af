//! Antimony text to a model and back.
//!
//! Smith et al., Bioinformatics 2009;25:2452-2454. Read are reactions, species, compartments, values,
//! assignment and rate rules, events, functions, units, titles, and models inside models, which are
//! put in place. Annotations change nothing and are passed over. DNA strands, interactions, deletions
//! and constraints are refused with a problem that says so.

mod expression;
mod inline;
mod lexer;
mod modules;
mod parser;
mod resolve;
mod roles;
mod syntax;
mod write;

pub(crate) use expression::GROUP;

use crate::ir::Model;
pub use crate::problem::ReadProblem;

pub use write::{formula, write};

/// Reads a model. All problems are found in one pass, in the order of the text.
///
/// Names in the header, `model *m(dose)`, become [`Model::ports`]. `log` is the natural logarithm,
/// as in Antimony. Functions of the text are put in place where they are called. A text that imports
/// others needs [`read_with`].
pub fn read(text: &str) -> Result<Model, Vec<ReadProblem>> {
    read_with(text, &|_| None)
}

/// As [`read`]; `files` gives the text of a file that is imported, by the name in the text.
pub fn read_with(
    text: &str,
    files: &dyn Fn(&str) -> Option<String>,
) -> Result<Model, Vec<ReadProblem>> {
    let (text, mut problems) = parser::parse(text, files, 0);
    let flat = modules::flatten(&text, &mut problems);
    resolve::resolve(&flat, &text.functions, &text.unreadable, problems)
}
