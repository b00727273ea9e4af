//! Antimony text to a model: the part of the language that models of rate rules need.
//!
//! Smith et al., Bioinformatics 2009;25:2452-2454. Read are values, assignment and rate rules,
//! events, declarations, units, titles and functions. Reactions, compartments, modules, event
//! delays and priorities are refused with a problem that says so; nothing is skipped in silence.

mod expression;
mod inline;
mod lexer;
mod parser;
mod resolve;
mod syntax;
mod write;

use crate::ir::{Model, Span};

pub use write::{formula, write};

/// Something in a model's text that cannot be read, or that cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{}: {message}", span.line, span.column)]
pub struct ReadProblem {
    /// Where it stands.
    pub span: Span,
    /// What is wrong, with the names in question.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// Reads a model. All problems are found in one pass, in the order of the text.
///
/// Names in the header, `model *m(dose)`, become [`Model::ports`]. `log` is the natural logarithm,
/// as in Antimony. Functions of the text are put in place where they are called.
pub fn read(text: &str) -> Result<Model, Vec<ReadProblem>> {
    let (statements, problems) = parser::parse(text);
    resolve::resolve(&statements, problems)
}
