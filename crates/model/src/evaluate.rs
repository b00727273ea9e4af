//! Values of expressions, one patient at a time: plain and slow, the measure for faster ways.
//!
//! Functions come from `libm`, so that the bits are the same on every machine. Models with
//! reactions must be made plain first ([`crate::plain()`]).

use crate::ir::{Binary, Expression, ExpressionId, Model, Role, SymbolId, Unary};
use crate::order;

/// The value of every symbol at the start, by the number of its symbol.
///
/// `overrides` replace values at the start; formulas that use an overridden symbol follow it.
/// Rules `:=` hold at the start too and cannot be overridden.
pub fn start_values(model: &Model, time: f64, overrides: &[(SymbolId, f64)]) -> Vec<f64> {
    let mut values = vec![0.0; model.symbols.len()];
    let order = order::start(model).expect("a model that was read has no circle");
    for id in order {
        let symbol = &model.symbols[id.0 as usize];
        let given = overrides.iter().rev().find(|(other, _)| *other == id);
        let formula = match (symbol.role, given) {
            (Role::Assigned(formula), _) => Some(formula),
            (_, Some(_)) => None,
            (_, None) => symbol.initial,
        };
        let given = given.map_or(0.0, |(_, given)| *given);
        values[id.0 as usize] = formula.map_or(given, |id| value(model, id, &values, time));
    }
    values
}

/// Brings the assigned symbols up to date with all others.
pub fn assign(model: &Model, values: &mut [f64], time: f64) {
    for id in &model.assignment_order {
        if let Role::Assigned(formula) = model.symbols[id.0 as usize].role {
            values[id.0 as usize] = value(model, formula, values, time);
        }
    }
}

/// The rate of every state, in the order of [`Model::states`]; assigned symbols must be up to date.
pub fn rates(model: &Model, values: &[f64], time: f64) -> Vec<f64> {
    let rules = model.symbols.iter().filter_map(|symbol| match symbol.role {
        Role::State(formula) => Some(formula),
        _ => None,
    });
    rules.map(|formula| value(model, formula, values, time)).collect()
}

/// The value of an expression, given the value of every symbol.
pub fn value(model: &Model, id: ExpressionId, values: &[f64], time: f64) -> f64 {
    let value = |id: ExpressionId| value(model, id, values, time);
    match &model.expressions[id.0 as usize] {
        Expression::Number(number) => *number,
        Expression::Symbol(symbol) => values[symbol.0 as usize],
        Expression::Time => time,
        Expression::RateOf(_) => unreachable!("a plain model has rules in place of rates"),
        Expression::Unary(operation, x) => unary(*operation, value(*x)),
        Expression::Binary(operation, left, right) => {
            binary(*operation, value(*left), value(*right))
        }
        Expression::Piecewise { cases, otherwise } => {
            let holds = cases.iter().find(|(_, condition)| is_true(value(*condition)));
            value(holds.map_or(*otherwise, |(value, _)| *value))
        }
    }
}

/// Whether a value counts as true.
pub fn is_true(value: f64) -> bool {
    value != 0.0
}

fn unary(operation: Unary, x: f64) -> f64 {
    match operation {
        Unary::Negate => -x,
        Unary::Not => f64::from(!is_true(x)),
        Unary::Abs => x.abs(),
        Unary::Exp => libm::exp(x),
        Unary::Ln => libm::log(x),
        Unary::Log10 => libm::log10(x),
        Unary::Sqrt => x.sqrt(),
        Unary::Floor => x.floor(),
        Unary::Ceiling => x.ceil(),
        Unary::Sin => libm::sin(x),
        Unary::Cos => libm::cos(x),
        Unary::Tan => libm::tan(x),
        Unary::Tanh => libm::tanh(x),
        Unary::Sinh => libm::sinh(x),
        Unary::Cosh => libm::cosh(x),
        Unary::Arcsin => libm::asin(x),
        Unary::Arccos => libm::acos(x),
        Unary::Arctan => libm::atan(x),
        Unary::Arcsinh => libm::asinh(x),
        Unary::Arccosh => libm::acosh(x),
        Unary::Arctanh => libm::atanh(x),
        Unary::Factorial => libm::tgamma(x + 1.0).round(),
    }
}

#[expect(clippy::float_cmp, reason = "`==` in a model's text means equal")]
fn binary(operation: Binary, a: f64, b: f64) -> f64 {
    match operation {
        Binary::Add => a + b,
        Binary::Subtract => a - b,
        Binary::Multiply => a * b,
        Binary::Divide => a / b,
        Binary::Power => libm::pow(a, b),
        Binary::Minimum => a.min(b),
        Binary::Maximum => a.max(b),
        Binary::Less => f64::from(a < b),
        Binary::LessOrEqual => f64::from(a <= b),
        Binary::Greater => f64::from(a > b),
        Binary::GreaterOrEqual => f64::from(a >= b),
        Binary::Equal => f64::from(a == b),
        Binary::NotEqual => f64::from(a != b),
        Binary::And => f64::from(is_true(a) && is_true(b)),
        Binary::Or => f64::from(is_true(a) || is_true(b)),
        Binary::Xor => f64::from(is_true(a) != is_true(b)),
        Binary::Quotient => (a / b).trunc(),
        Binary::Remainder => libm::fmod(a, b),
    }
}
