//! What an Antimony text says, statement by statement, before names mean anything.

use crate::antimony::lexer::Token;
use crate::ir::{Binary, Span, Unary};

/// A name and where it was written.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) span: Span,
}

impl Named {
    pub(crate) fn from_token(token: &Token) -> Self {
        Self { name: token.text.clone(), span: token.span }
    }
}

/// A node of a formula.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    pub(crate) span: Span,
    /// How many levels of nodes stand below, this one included.
    pub(crate) depth: usize,
}

#[derive(Debug, Clone)]
pub(crate) enum NodeKind {
    Number(f64),
    Name(String),
    Unary(Unary, Box<Node>),
    Binary(Binary, Box<Node>, Box<Node>),
    Call(String, Vec<Node>),
}

/// What a declaration says of its symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Declared {
    Const,
    Var,
    Species,
    Compartment,
}

#[derive(Debug)]
pub(crate) struct EventText {
    pub(crate) name: Option<Named>,
    pub(crate) trigger: Node,
    pub(crate) initially_true: bool,
    pub(crate) assignments: Vec<(Named, Node)>,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) struct FunctionText {
    pub(crate) name: Named,
    pub(crate) arguments: Vec<Named>,
    pub(crate) body: Node,
}

#[derive(Debug)]
pub(crate) enum Statement {
    Value(Named, Node),
    Assignment(Named, Node),
    Rate(Named, Node),
    Event(EventText),
    Declaration(Vec<Declared>, Named),
    Unit(Named, Vec<Token>),
    HasUnit(Named, Named),
    Title(Named, String),
}

/// A text taken apart.
#[derive(Debug, Default)]
pub(crate) struct Text {
    pub(crate) name: Option<Named>,
    pub(crate) exports: Vec<Named>,
    pub(crate) statements: Vec<Statement>,
    pub(crate) functions: Vec<FunctionText>,
    /// Names at the head of statements that could not be read; nothing more is said about them.
    pub(crate) unreadable: Vec<String>,
}
