//! The arithmetic of compiled models: every operation once, for numbers and for lanes alike.

#![allow(clippy::needless_bitwise_bool, reason = "lanes are computed without branches")]

use crate::math;

/// What one instruction computes from at most three operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    Negate,
    Not,
    Abs,
    Exp,
    Ln,
    Log10,
    Sqrt,
    Floor,
    Ceiling,
    Sin,
    Cos,
    Tan,
    Tanh,
    Sinh,
    Cosh,
    Arcsin,
    Arccos,
    Arctan,
    Arcsinh,
    Arccosh,
    Arctanh,
    Factorial,
    Reciprocal,
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Minimum,
    Maximum,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    And,
    Or,
    Xor,
    Quotient,
    Remainder,
    /// a, or 0 where a is less than b.
    ZeroBelow,
    /// a * b + c, rounded once.
    MultiplyAdd,
    /// a * b - c, rounded once.
    MultiplySubtract,
    /// c - a * b, rounded once.
    SubtractProduct,
    /// (a * b) * c
    Product,
    /// (a + b) + c
    Sum,
    /// b where a is not 0, else c.
    Select,
}

fn truth(condition: bool) -> f64 {
    if condition { 1.0 } else { 0.0 }
}

impl Operation {
    /// How many operands it reads.
    pub(crate) fn arity(self) -> usize {
        match self {
            _ if self >= Self::MultiplyAdd => 3,
            _ if self <= Self::Reciprocal => 1,
            _ => 2,
        }
    }

    /// Whether it says which of two numbers is the larger.
    pub(crate) fn orders(self) -> bool {
        matches!(self, Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual)
    }

    /// Its value. The one place that says what an operation means: constants are folded, single
    /// patients evaluated and lanes run through this function.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "must be compiled into each vector loop")]
    #[expect(clippy::float_cmp, reason = "the model's == and != compare exactly")]
    pub(crate) fn apply(self, a: f64, b: f64, c: f64) -> f64 {
        match self {
            Self::Negate => -a,
            Self::Not => truth(a == 0.0),
            Self::Abs => a.abs(),
            Self::Exp => math::exp(a),
            Self::Ln => math::ln(a),
            Self::Log10 => libm::log10(a),
            Self::Sqrt => a.sqrt(),
            Self::Floor => a.floor(),
            Self::Ceiling => a.ceil(),
            Self::Sin => libm::sin(a),
            Self::Cos => libm::cos(a),
            Self::Tan => libm::tan(a),
            Self::Tanh => libm::tanh(a),
            Self::Sinh => libm::sinh(a),
            Self::Cosh => libm::cosh(a),
            Self::Arcsin => libm::asin(a),
            Self::Arccos => libm::acos(a),
            Self::Arctan => libm::atan(a),
            Self::Arcsinh => libm::asinh(a),
            Self::Arccosh => libm::acosh(a),
            Self::Arctanh => libm::atanh(a),
            Self::Factorial => libm::tgamma(a + 1.0).round(),
            Self::Reciprocal => 1.0 / a,
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::Power => math::pow(a, b),
            Self::Minimum => {
                if b < a {
                    b
                } else {
                    a
                }
            }
            Self::Maximum => {
                if b > a {
                    b
                } else {
                    a
                }
            }
            Self::Less => truth(a < b),
            Self::LessOrEqual => truth(a <= b),
            Self::Greater => truth(a > b),
            Self::GreaterOrEqual => truth(a >= b),
            Self::Equal => truth(a == b),
            Self::NotEqual => truth(a != b),
            Self::And => truth((a != 0.0) & (b != 0.0)),
            Self::Or => truth((a != 0.0) | (b != 0.0)),
            Self::Xor => truth((a != 0.0) ^ (b != 0.0)),
            Self::Quotient => (a / b).trunc(),
            Self::Remainder => libm::fmod(a, b),
            Self::ZeroBelow => {
                if a < b {
                    0.0
                } else {
                    a
                }
            }
            Self::MultiplyAdd => a.mul_add(b, c),
            Self::MultiplySubtract => a.mul_add(b, -c),
            Self::SubtractProduct => (-a).mul_add(b, c),
            Self::Product => (a * b) * c,
            Self::Sum => (a + b) + c,
            Self::Select => {
                if a == 0.0 {
                    c
                } else {
                    b
                }
            }
        }
    }
}
