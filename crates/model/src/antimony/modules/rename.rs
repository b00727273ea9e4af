//! Statements and formulas under other names, in other units of time and extent.

use std::collections::BTreeMap;

use super::Frame;
use crate::antimony::syntax::{
    Coefficient, EventText, Named, Node, NodeKind, ReactionText, Statement, Term,
};
use crate::ir::{Binary, Span};

fn join(operation: Binary, left: Node, right: Node) -> Node {
    let (span, depth) = (left.span, 1 + left.depth.max(right.depth));
    Node { kind: NodeKind::Binary(operation, Box::new(left), Box::new(right)), span, depth }
}

pub(super) fn times(left: Node, right: Node) -> Node {
    join(Binary::Multiply, left, right)
}

fn over(left: Node, right: Option<&Node>) -> Node {
    match right {
        Some(right) => join(Binary::Divide, left, right.clone()),
        None => left,
    }
}

/// A formula as the flat model has it.
pub(super) fn node(node: &Node, frame: &Frame) -> Node {
    mapped(node, &|name| frame.name(name), frame.time.as_ref())
}

fn mapped(node: &Node, name_of: &dyn Fn(&str) -> String, time: Option<&Node>) -> Node {
    let inner = |node: &Node| mapped(node, name_of, time);
    let kind = match &node.kind {
        NodeKind::Number(value) => NodeKind::Number(*value),
        NodeKind::Name(name) if name == "time" => return over(node.clone(), time),
        NodeKind::Name(name) => NodeKind::Name(name_of(name)),
        NodeKind::Unary(operation, x) => NodeKind::Unary(*operation, Box::new(inner(x))),
        NodeKind::Binary(operation, left, right) => {
            NodeKind::Binary(*operation, Box::new(inner(left)), Box::new(inner(right)))
        }
        NodeKind::Call(name, arguments) => {
            NodeKind::Call(name.clone(), arguments.iter().map(inner).collect())
        }
    };
    let renamed = Node { kind, ..node.clone() };
    match (&renamed.kind, time) {
        (NodeKind::Call(name, _), Some(time)) if name == "rateOf" => times(renamed, time.clone()),
        _ => renamed,
    }
}

/// A statement as the flat model has it.
pub(super) fn statement(from: &Statement, frame: &Frame) -> Statement {
    let time = frame.time.as_ref();
    let renamed = with_names(from, &|name| frame.name(name), time);
    match renamed {
        Statement::Rate(name, rate) => Statement::Rate(name, over(rate, time)),
        Statement::Reaction(reaction) => {
            let scaled = |rate| match &frame.extent {
                Some(extent) => over(times(rate, extent.clone()), time),
                None => over(rate, time),
            };
            let conversion = frame.conversion.clone();
            let rate = reaction.rate.map(scaled);
            Statement::Reaction(ReactionText { rate, conversion, ..reaction })
        }
        Statement::Event(event) => {
            let longer = |delay| match time {
                Some(time) => times(delay, time.clone()),
                None => delay,
            };
            Statement::Event(EventText { delay: event.delay.map(longer), ..event })
        }
        other => other,
    }
}

fn with_names(
    from: &Statement,
    name_of: &dyn Fn(&str) -> String,
    time: Option<&Node>,
) -> Statement {
    let named = |named: &Named| Named { name: name_of(&named.name), span: named.span };
    let formula = |node: &Node| mapped(node, name_of, time);
    let term = |term: &Term| Term {
        amount: match &term.amount {
            Coefficient::Number(number) => Coefficient::Number(*number),
            Coefficient::Name(name) => Coefficient::Name(named(name)),
        },
        is_boundary: term.is_boundary,
        species: named(&term.species),
    };
    match from {
        Statement::Value(name, value) => Statement::Value(named(name), formula(value)),
        Statement::Assignment(name, value) => Statement::Assignment(named(name), formula(value)),
        Statement::Rate(name, value) => Statement::Rate(named(name), formula(value)),
        Statement::Declaration(words, name, boundary) => {
            Statement::Declaration(words.clone(), named(name), *boundary)
        }
        Statement::HasUnit(name, unit) => Statement::HasUnit(named(name), unit.clone()),
        Statement::Title(name, title) => Statement::Title(named(name), title.clone()),
        Statement::In(name, room) => Statement::In(named(name), named(room)),
        Statement::Conversion(of, factor) => {
            Statement::Conversion(of.as_ref().map(named), named(factor))
        }
        Statement::Same(first, second) => Statement::Same(named(first), named(second)),
        Statement::Unit(..) | Statement::Instance(_) => from.clone(),
        Statement::Reaction(reaction) => Statement::Reaction(ReactionText {
            name: reaction.name.as_ref().map(named),
            left: reaction.left.iter().map(term).collect(),
            right: reaction.right.iter().map(term).collect(),
            rate: reaction.rate.as_ref().map(formula),
            conversion: reaction.conversion.as_ref().map(named),
            ..reaction.clone()
        }),
        Statement::Event(event) => Statement::Event(EventText {
            name: event.name.as_ref().map(named),
            trigger: formula(&event.trigger),
            delay: event.delay.as_ref().map(formula),
            priority: event.priority.as_ref().map(formula),
            assignments: event.assignments.iter().map(|(n, v)| (named(n), formula(v))).collect(),
            ..event.clone()
        }),
    }
}

/// Puts the name that stays in place of those that gave way.
pub(super) fn synonyms(
    statements: Vec<(usize, Statement)>,
    synonyms: &BTreeMap<String, String>,
) -> Vec<(usize, Statement)> {
    if synonyms.is_empty() {
        return statements;
    }
    let name_of = |name: &str| {
        let mut last = name;
        // a circle of synonyms ends where it began
        for _ in 0..synonyms.len() {
            let Some(next) = synonyms.get(last) else { break };
            last = next;
            if last == name {
                break;
            }
        }
        last.to_owned()
    };
    let renamed =
        |(depth, statement): (usize, Statement)| (depth, with_names(&statement, &name_of, None));
    statements.into_iter().map(renamed).collect()
}

/// The symbol that a statement is about.
pub(super) fn target(statement: &Statement) -> Option<&str> {
    match statement {
        Statement::Value(name, _)
        | Statement::Assignment(name, _)
        | Statement::Rate(name, _)
        | Statement::Declaration(_, name, _)
        | Statement::HasUnit(name, _)
        | Statement::Title(name, _)
        | Statement::Conversion(Some(name), _) => Some(&name.name),
        _ => None,
    }
}

/// Where a statement stands.
pub(super) fn span(statement: &Statement) -> Span {
    match statement {
        Statement::Value(name, _)
        | Statement::Assignment(name, _)
        | Statement::Rate(name, _)
        | Statement::Declaration(_, name, _)
        | Statement::HasUnit(name, _)
        | Statement::Title(name, _)
        | Statement::In(name, _)
        | Statement::Same(name, _)
        | Statement::Unit(name, _) => name.span,
        Statement::Instance(instance) => instance.name.span,
        Statement::Conversion(of, factor) => of.as_ref().unwrap_or(factor).span,
        Statement::Reaction(reaction) => reaction.span,
        Statement::Event(event) => event.span,
    }
}
