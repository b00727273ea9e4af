//! The model: symbols, expressions, rules, events, units.
//!
//! A front end (Antimony now, SBML later) makes this; `solve` compiles it. Nothing here knows
//! which language a model was written in.

use std::collections::BTreeMap;

/// A place in the model's text, for messages. Lines and columns start at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Line, from 1; 0 when the thing was never written down (a built-in).
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Length in characters.
    pub length: u32,
}

/// The index of a symbol in [`Model::symbols`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SymbolId(pub u32);

/// The index of an expression in [`Model::expressions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExpressionId(pub u32);

/// What decides a symbol's value over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Never changes within a run (but may differ between patients).
    Constant,
    /// Changed only by events or by the protocol: a flag, a port, the time of the last dose.
    Variable,
    /// Follows a rate rule, `x' = ...`: the expression is its rate per unit of time.
    State(ExpressionId),
    /// Follows an assignment rule, `x := ...`: always equal to the expression.
    Assigned(ExpressionId),
}

/// A named quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct Symbol {
    /// Its name in the text.
    pub name: String,
    /// What it is in words, from `x is "..."`.
    pub title: Option<String>,
    /// Its unit as a key of [`Model::units`], from `x has unit`.
    pub unit: Option<String>,
    /// What decides its value.
    pub role: Role,
    /// Its value at the start: a number or a formula over other symbols' values at the start.
    /// `None` for assigned symbols.
    pub initial: Option<ExpressionId>,
    /// Where it was first named.
    pub span: Span,
}

/// Functions of one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unary {
    /// -x
    Negate,
    /// Logical not: 1 when x is 0, else 0.
    Not,
    /// Absolute value.
    Abs,
    /// e to the x.
    Exp,
    /// Natural logarithm.
    Ln,
    /// Logarithm to base 10.
    Log10,
    /// Square root.
    Sqrt,
    /// Largest whole number not above x.
    Floor,
    /// Smallest whole number not below x.
    Ceiling,
    /// Sine of x in radians.
    Sin,
    /// Cosine of x in radians.
    Cos,
    /// Tangent of x in radians.
    Tan,
    /// Hyperbolic tangent.
    Tanh,
}

/// Functions of two arguments. Comparisons and logic give 1 for true and 0 for false.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Binary {
    /// a + b
    Add,
    /// a - b
    Subtract,
    /// a * b
    Multiply,
    /// a / b
    Divide,
    /// a to the power b
    Power,
    /// The smaller one.
    Minimum,
    /// The larger one.
    Maximum,
    /// a < b
    Less,
    /// a <= b
    LessOrEqual,
    /// a > b
    Greater,
    /// a >= b
    GreaterOrEqual,
    /// a == b
    Equal,
    /// a != b
    NotEqual,
    /// both are not 0
    And,
    /// at least one is not 0
    Or,
    /// exactly one is not 0
    Xor,
}

/// One node of an expression; its children are earlier entries of the arena.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A number.
    Number(f64),
    /// The value of a symbol now.
    Symbol(SymbolId),
    /// Model time.
    Time,
    /// A function of one argument.
    Unary(Unary, ExpressionId),
    /// A function of two arguments.
    Binary(Binary, ExpressionId, ExpressionId),
    /// `piecewise(value, condition, ..., otherwise)`: the first value whose condition is not 0.
    Piecewise {
        /// Pairs of value and condition, in order.
        cases: Vec<(ExpressionId, ExpressionId)>,
        /// The value when no condition holds.
        otherwise: ExpressionId,
    },
}

/// Something that happens when a condition turns from false to true.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// The condition.
    pub trigger: ExpressionId,
    /// Whether the condition counts as true before the start (then it cannot fire at the start).
    pub initially_true: bool,
    /// What is set, all from the values at the moment of firing.
    pub assignments: Vec<(SymbolId, ExpressionId)>,
    /// Where it stands in the text.
    pub span: Span,
}

/// A unit as a product of base dimensions: value in base units = `factor` x value in this unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// Size in base units (metre, kilogram, second, mole, kelvin, ampere, candela, item).
    pub factor: f64,
    /// Exponents of the base dimensions in that order; cells are items.
    pub exponents: [i8; 8],
}

/// A checked model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// Every named quantity, in order of first appearance.
    pub symbols: Vec<Symbol>,
    /// The arena of expressions; children come before parents.
    pub expressions: Vec<Expression>,
    /// Where each expression starts in the text; as long as `expressions`.
    pub spans: Vec<Span>,
    /// The symbols that the protocol may set: the exported symbols of the model's header.
    pub ports: Vec<SymbolId>,
    /// Events in the order of the text.
    pub events: Vec<Event>,
    /// Unit definitions by name.
    pub units: BTreeMap<String, Unit>,
    /// Assigned symbols in an order in which each uses only earlier ones, states, constants, time.
    pub assignment_order: Vec<SymbolId>,
}

impl Model {
    /// The symbol of that name.
    pub fn symbol(&self, name: &str) -> Option<SymbolId> {
        self.symbols.iter().position(|symbol| symbol.name == name).map(|i| SymbolId(i as u32))
    }

    /// The symbols that follow a rate rule, in the order of the text.
    pub fn states(&self) -> impl Iterator<Item = SymbolId> + '_ {
        self.symbols.iter().enumerate().filter_map(|(i, symbol)| match symbol.role {
            Role::State(_) => Some(SymbolId(i as u32)),
            _ => None,
        })
    }
}
