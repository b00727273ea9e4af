//! The names of `MathML` operations, and how many arguments each takes.

use crate::ir::{Binary, Unary};
use crate::reciprocal::{OF_RECIPROCAL, RECIPROCAL};

/// Functions of one argument that the model has too.
pub(super) const UNARY: [(&str, Unary); 19] = [
    ("not", Unary::Not),
    ("abs", Unary::Abs),
    ("exp", Unary::Exp),
    ("ln", Unary::Ln),
    ("floor", Unary::Floor),
    ("ceiling", Unary::Ceiling),
    ("factorial", Unary::Factorial),
    ("sin", Unary::Sin),
    ("cos", Unary::Cos),
    ("tan", Unary::Tan),
    ("sinh", Unary::Sinh),
    ("cosh", Unary::Cosh),
    ("tanh", Unary::Tanh),
    ("arcsin", Unary::Arcsin),
    ("arccos", Unary::Arccos),
    ("arctan", Unary::Arctan),
    ("arcsinh", Unary::Arcsinh),
    ("arccosh", Unary::Arccosh),
    ("arctanh", Unary::Arctanh),
];

/// Functions of exactly two arguments.
pub(super) const BINARY: [(&str, Binary); 5] = [
    ("divide", Binary::Divide),
    ("power", Binary::Power),
    ("neq", Binary::NotEqual),
    ("quotient", Binary::Quotient),
    ("rem", Binary::Remainder),
];

/// Functions of any number of arguments that join them from the left, and what they give without.
pub(super) const JOINED: [(&str, Binary, Option<f64>); 7] = [
    ("plus", Binary::Add, Some(0.0)),
    ("times", Binary::Multiply, Some(1.0)),
    ("and", Binary::And, Some(1.0)),
    ("or", Binary::Or, Some(0.0)),
    ("xor", Binary::Xor, Some(0.0)),
    ("min", Binary::Minimum, None),
    ("max", Binary::Maximum, None),
];

/// Comparisons, which hold when they hold for every neighbouring pair.
pub(super) const COMPARISONS: [(&str, Binary); 5] = [
    ("eq", Binary::Equal),
    ("gt", Binary::Greater),
    ("lt", Binary::Less),
    ("geq", Binary::GreaterOrEqual),
    ("leq", Binary::LessOrEqual),
];

/// Operations with rules of their own.
pub(super) const SPECIAL: [&str; 4] = ["minus", "root", "log", "implies"];

/// The entry of that name.
pub(super) fn find<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// Every operation's name.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let one = [&UNARY[..], &RECIPROCAL[..], &OF_RECIPROCAL[..]];
    let two = [&BINARY[..], &COMPARISONS[..]];
    one.into_iter()
        .flatten()
        .map(|(name, _)| *name)
        .chain(two.into_iter().flatten().map(|(name, _)| *name))
        .chain(JOINED.iter().map(|(name, ..)| *name))
        .chain(SPECIAL)
        .chain(["piecewise"])
}
