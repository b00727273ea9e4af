//! The model: symbols, expressions, rules, events, units.
//!
//! A front end (Antimony or SBML) makes this, [`crate::plain()`] reduces it to rules, `solve`
//! compiles those. Nothing here knows which language a model was written in.

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

/// What kind of thing a symbol stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// A number with a name.
    #[default]
    Parameter,
    /// A room; the value is its size.
    Compartment,
    /// Something that reactions make and use up.
    Species(Species),
    /// A reaction; the value is its rate in amount per time.
    Reaction,
    /// How many of a species one reaction makes or uses up.
    Stoichiometry,
}

/// What is said of a species beside its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Species {
    /// Where it is.
    pub compartment: Option<SymbolId>,
    /// Its value is an amount; otherwise amount over the size of its compartment.
    pub is_amount: bool,
    /// Reactions do not change it.
    pub is_boundary: bool,
}

/// A named quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct Symbol {
    /// Its name in the text.
    pub name: String,
    /// What it is in words, from `x is "..."`.
    pub title: Option<String>,
    /// What kind of thing it is.
    pub kind: Kind,
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
    /// Hyperbolic sine.
    Sinh,
    /// Hyperbolic cosine.
    Cosh,
    /// Inverse sine in radians.
    Arcsin,
    /// Inverse cosine in radians.
    Arccos,
    /// Inverse tangent in radians.
    Arctan,
    /// Inverse hyperbolic sine.
    Arcsinh,
    /// Inverse hyperbolic cosine.
    Arccosh,
    /// Inverse hyperbolic tangent.
    Arctanh,
    /// Product of the whole numbers up to x.
    Factorial,
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
    /// a / b without its fraction
    Quotient,
    /// what a whole-number division of a by b leaves, with the sign of a
    Remainder,
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
    /// The rate of change of a symbol that follows no assignment rule.
    RateOf(SymbolId),
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
    /// How long after the condition turned true it happens.
    pub delay: Option<ExpressionId>,
    /// Of events due at one moment the one with the highest priority happens first; those without
    /// one come last, in the order in which they were triggered.
    pub priority: Option<ExpressionId>,
    /// Whether it still happens when the condition turns false before it does.
    pub is_persistent: bool,
    /// Whether what is set is computed when the condition turns true, not when it happens.
    pub from_trigger: bool,
    /// What is set, all at once.
    pub assignments: Vec<(SymbolId, ExpressionId)>,
    /// Positions of assignments whose value is multiplied by the size that a compartment has when the
    /// event happens, before it sets anything: a concentration that sets an amount. Only
    /// [`crate::plain()`] makes them.
    pub sizes: Vec<(usize, SymbolId)>,
    /// Where it stands in the text.
    pub span: Span,
}

/// How many of a species one reaction makes or uses up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// A number.
    Number(f64),
    /// The value of a symbol, which may change.
    Symbol(SymbolId),
}

/// A species on one side of a reaction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Participant {
    /// The species.
    pub species: SymbolId,
    /// How many of it.
    pub amount: Amount,
}

/// A reaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Reaction {
    /// The symbol whose value is the rate, of kind [`Kind::Reaction`]; it follows an assignment rule
    /// if the rate is known.
    pub symbol: SymbolId,
    /// Whether it also runs backwards (its rate says how fast either way).
    pub is_reversible: bool,
    /// What it uses up.
    pub reactants: Vec<Participant>,
    /// What it makes.
    pub products: Vec<Participant>,
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
    /// Reactions in the order of the text.
    pub reactions: Vec<Reaction>,
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
