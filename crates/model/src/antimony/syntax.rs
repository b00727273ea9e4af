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
    SubstanceOnly,
    Reaction,
}

#[derive(Debug, Clone)]
pub(crate) struct EventText {
    pub(crate) name: Option<Named>,
    pub(crate) trigger: Node,
    pub(crate) initially_true: bool,
    pub(crate) delay: Option<Node>,
    pub(crate) priority: Option<Node>,
    pub(crate) is_persistent: bool,
    pub(crate) from_trigger: bool,
    pub(crate) assignments: Vec<(Named, Node)>,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) struct FunctionText {
    pub(crate) name: Named,
    pub(crate) arguments: Vec<Named>,
    pub(crate) body: Node,
}

/// One species of a reaction's side.
#[derive(Debug, Clone)]
pub(crate) struct Term {
    pub(crate) amount: Coefficient,
    pub(crate) is_boundary: bool,
    pub(crate) species: Named,
}

#[derive(Debug, Clone)]
pub(crate) enum Coefficient {
    Number(f64),
    Name(Named),
}

#[derive(Debug, Clone)]
pub(crate) struct ReactionText {
    pub(crate) name: Option<Named>,
    pub(crate) is_reversible: bool,
    pub(crate) left: Vec<Term>,
    pub(crate) right: Vec<Term>,
    pub(crate) rate: Option<Node>,
    /// By what its extent is multiplied for species without a conversion factor of their own.
    pub(crate) conversion: Option<Named>,
    pub(crate) span: Span,
}

/// `name: module(arguments), timeconv = ..., extentconv = ...`
#[derive(Debug, Clone)]
pub(crate) struct InstanceText {
    pub(crate) name: Named,
    pub(crate) module: Named,
    pub(crate) arguments: Vec<Named>,
    pub(crate) time: Option<Node>,
    pub(crate) extent: Option<Node>,
}

#[derive(Debug, Clone)]
pub(crate) enum Statement {
    Value(Named, Node),
    Assignment(Named, Node),
    Rate(Named, Node),
    Event(EventText),
    /// The words, the name, whether `$` stands before it.
    Declaration(Vec<Declared>, Named, bool),
    /// A species and its compartment.
    In(Named, Named),
    /// Two names for one thing; the first gives way to the second.
    Same(Named, Named),
    Reaction(ReactionText),
    Instance(InstanceText),
    Unit(Named, Vec<Token>),
    HasUnit(Named, Named),
    /// A species, or a whole model, and by what the extent of reactions is multiplied for it.
    Conversion(Option<Named>, Named),
    Title(Named, String),
}

/// `model name(exports) ... end`, or what stands outside.
#[derive(Debug, Clone, Default)]
pub(crate) struct ModelText {
    pub(crate) name: Option<Named>,
    /// Marked with `*`.
    pub(crate) is_main: bool,
    pub(crate) exports: Vec<Named>,
    pub(crate) statements: Vec<Statement>,
}

/// A text taken apart.
#[derive(Debug, Default)]
pub(crate) struct Text {
    /// What stands outside of models comes first.
    pub(crate) models: Vec<ModelText>,
    pub(crate) functions: Vec<FunctionText>,
    /// Names at the head of statements that could not be read; nothing more is said about them.
    pub(crate) unreadable: Vec<String>,
}
