//! What is wrong with a model's text, and where.

use crate::ir::Span;

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
