//! Functions of both languages that are made of another function and a division.

use crate::ir::Unary;

/// One over another function.
pub(crate) const RECIPROCAL: [(&str, Unary); 6] = [
    ("sec", Unary::Cos),
    ("csc", Unary::Sin),
    ("cot", Unary::Tan),
    ("sech", Unary::Cosh),
    ("csch", Unary::Sinh),
    ("coth", Unary::Tanh),
];

/// Another function of one over the argument.
pub(crate) const OF_RECIPROCAL: [(&str, Unary); 6] = [
    ("arcsec", Unary::Arccos),
    ("arccsc", Unary::Arcsin),
    ("arccot", Unary::Arctan),
    ("arcsech", Unary::Arccosh),
    ("arccsch", Unary::Arcsinh),
    ("arccoth", Unary::Arctanh),
];
