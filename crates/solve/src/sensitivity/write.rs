//! Terms of a graph written back as expressions of a model, and what expressions use.

use model::{Binary, Expression, ExpressionId, Model, Role, SymbolId, Unary};

use super::push;
use crate::compile::reachable;
use crate::graph::{Graph, Node, NodeId};
use crate::operation::Operation;

/// Every symbol that the formulas use, through rules as well; no more than once each.
pub(super) fn used(model: &Model, formulas: impl Iterator<Item = ExpressionId>) -> Vec<SymbolId> {
    let mut open: Vec<ExpressionId> = formulas.collect();
    let mut found = Vec::new();
    while let Some(root) = open.pop() {
        for id in reachable(model, root) {
            let Expression::Symbol(symbol) = model.expressions[id] else { continue };
            if found.contains(&symbol) {
                continue;
            }
            found.push(symbol);
            if let Role::Assigned(rule) = model.symbols[symbol.0 as usize].role {
                open.push(rule);
            }
        }
    }
    found
}

/// Adds the terms to the model's expressions; where each root is.
pub(super) fn expressions(model: &mut Model, graph: &Graph, roots: &[NodeId]) -> Vec<ExpressionId> {
    let mut places = vec![ExpressionId(0); graph.nodes.len()];
    for id in graph.needed(roots) {
        let expression = match graph.nodes[id as usize] {
            Node::Number(bits) => Expression::Number(f64::from_bits(bits)),
            Node::Value(slot) => Expression::Symbol(SymbolId(slot)),
            Node::Time => Expression::Time,
            Node::Apply(operation, operands) => {
                apply(model, operation, operands.map(|operand| places[operand as usize]))
            }
        };
        places[id as usize] = push(model, expression);
    }
    roots.iter().map(|&root| places[root as usize]).collect()
}

fn apply(model: &mut Model, operation: Operation, operands: [ExpressionId; 3]) -> Expression {
    use Operation as O;
    let [a, b, c] = operands;
    let mut join =
        |operation: Binary, left, right| push(model, Expression::Binary(operation, left, right));
    match operation {
        O::Reciprocal => {
            let one = push(model, Expression::Number(1.0));
            Expression::Binary(Binary::Divide, one, a)
        }
        O::MultiplyAdd => Expression::Binary(Binary::Add, join(Binary::Multiply, a, b), c),
        O::MultiplySubtract => {
            Expression::Binary(Binary::Subtract, join(Binary::Multiply, a, b), c)
        }
        O::SubtractProduct => Expression::Binary(Binary::Subtract, c, join(Binary::Multiply, a, b)),
        O::Product => Expression::Binary(Binary::Multiply, join(Binary::Multiply, a, b), c),
        O::Sum => Expression::Binary(Binary::Add, join(Binary::Add, a, b), c),
        O::Select => Expression::Piecewise { cases: vec![(b, a)], otherwise: c },
        _ => match unary(operation) {
            Some(function) => Expression::Unary(function, a),
            None => Expression::Binary(binary(operation), a, b),
        },
    }
}

fn unary(operation: Operation) -> Option<Unary> {
    Some(match operation {
        Operation::Negate => Unary::Negate,
        Operation::Not => Unary::Not,
        Operation::Abs => Unary::Abs,
        Operation::Exp => Unary::Exp,
        Operation::Ln => Unary::Ln,
        Operation::Log10 => Unary::Log10,
        Operation::Sqrt => Unary::Sqrt,
        Operation::Floor => Unary::Floor,
        Operation::Ceiling => Unary::Ceiling,
        Operation::Sin => Unary::Sin,
        Operation::Cos => Unary::Cos,
        Operation::Tan => Unary::Tan,
        Operation::Tanh => Unary::Tanh,
        Operation::Sinh => Unary::Sinh,
        Operation::Cosh => Unary::Cosh,
        Operation::Arcsin => Unary::Arcsin,
        Operation::Arccos => Unary::Arccos,
        Operation::Arctan => Unary::Arctan,
        Operation::Arcsinh => Unary::Arcsinh,
        Operation::Arccosh => Unary::Arccosh,
        Operation::Arctanh => Unary::Arctanh,
        Operation::Factorial => Unary::Factorial,
        _ => return None,
    })
}

fn binary(operation: Operation) -> Binary {
    match operation {
        Operation::Add => Binary::Add,
        Operation::Subtract => Binary::Subtract,
        Operation::Multiply => Binary::Multiply,
        Operation::Divide => Binary::Divide,
        Operation::Power => Binary::Power,
        Operation::Minimum => Binary::Minimum,
        Operation::Maximum => Binary::Maximum,
        Operation::Less => Binary::Less,
        Operation::LessOrEqual => Binary::LessOrEqual,
        Operation::Greater => Binary::Greater,
        Operation::GreaterOrEqual => Binary::GreaterOrEqual,
        Operation::Equal => Binary::Equal,
        Operation::NotEqual => Binary::NotEqual,
        Operation::And => Binary::And,
        Operation::Or => Binary::Or,
        Operation::Xor => Binary::Xor,
        Operation::Quotient => Binary::Quotient,
        Operation::Remainder => Binary::Remainder,
        _ => unreachable!("functions of one or three arguments are written elsewhere"),
    }
}
