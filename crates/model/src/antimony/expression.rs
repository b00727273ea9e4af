//! Formulas: operators by precedence, calls, parentheses.
//!
//! Precedence, weakest first: `||` and `&&` (not mixed), comparisons (not chained), `+ -`, `* /`,
//! signs and `!`, `^` (groups to the right), as in the infix formulas of SBML Level 3. There `&&`
//! does not bind tighter than `||`, as it does nearly everywhere else; so parentheses are asked for.

use crate::antimony::ReadProblem;
use crate::antimony::lexer::Kind;
use crate::antimony::parser::Parser;
use crate::antimony::syntax::{Node, NodeKind};
use crate::ir::{Binary, Span, Unary};

/// Deeper parentheses than this are refused, so that no text can exhaust the stack.
const MAX_NESTING: usize = 250;
/// Taller formulas than this are refused; whoever walks an expression may recurse.
pub(crate) const MAX_DEPTH: usize = 500;

/// Sums of more terms than this are put in groups, each added to the sum of those after it, so that no
/// sum is too tall. The same text always gives the same groups.
pub(crate) const GROUP: usize = 100;

/// How tightly a sign binds.
const LOGICAL: u8 = 1;
const COMPARISON: u8 = 3;
const SUM: u8 = 4;
const SIGN: u8 = 6;
const POWER: u8 = 7;

impl Parser<'_> {
    /// A whole formula.
    pub(crate) fn formula(&mut self) -> Result<Node, ReadProblem> {
        self.binary(0)
    }

    fn binary(&mut self, weakest: u8) -> Result<Node, ReadProblem> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(self.problem_here(
                format!("the formula is nested more than {MAX_NESTING} deep"),
                "give the inner part a name with `:=`",
            ));
        }
        let mut left = self.signed()?;
        let mut compared = false;
        let mut logical = None;
        let (mut groups, mut terms) = (Vec::new(), 1);
        while let Some((operation, strength)) = self.binary_sign() {
            if strength < weakest {
                break;
            }
            if strength < SUM {
                left = self.sum(std::mem::take(&mut groups), left)?;
            }
            if strength == COMPARISON && std::mem::replace(&mut compared, true) {
                return Err(self.problem_here(
                    "comparisons do not chain".into(),
                    "join two comparisons: `a < b && b < c`",
                ));
            }
            compared &= strength >= COMPARISON;
            if strength == LOGICAL && *logical.get_or_insert(operation) != operation {
                return Err(self.problem_here(
                    "`&&` and `||` are mixed without parentheses".into(),
                    "write `(a && b) || c` or `a && (b || c)`: readers differ on which it means",
                ));
            }
            let span = left.span;
            self.at += 1;
            let right = self.binary(strength + u8::from(strength != POWER))?;
            if strength == SUM && terms == GROUP {
                let next = match operation {
                    Binary::Subtract => self.negated(right)?,
                    _ => right,
                };
                groups.push(std::mem::replace(&mut left, next));
                terms = 1;
                continue;
            }
            terms += usize::from(strength == SUM);
            left = self.join(operation, left, right, span)?;
        }
        self.nesting -= 1;
        self.sum(groups, left)
    }

    /// Groups of terms, each added to the sum of those after it.
    fn sum(&self, groups: Vec<Node>, last: Node) -> Result<Node, ReadProblem> {
        groups.into_iter().rev().try_fold(last, |after, group| {
            let span = group.span;
            self.join(Binary::Add, group, after, span)
        })
    }

    fn negated(&self, inner: Node) -> Result<Node, ReadProblem> {
        let (span, depth) = (inner.span, inner.depth + 1);
        self.limited(Node { kind: NodeKind::Unary(Unary::Negate, Box::new(inner)), span, depth })
    }

    fn binary_sign(&self) -> Option<(Binary, u8)> {
        let Kind::Sign(sign) = self.token().kind else { return None };
        Some(match sign {
            "||" => (Binary::Or, LOGICAL),
            "&&" => (Binary::And, LOGICAL),
            "<" => (Binary::Less, COMPARISON),
            "<=" => (Binary::LessOrEqual, COMPARISON),
            ">" => (Binary::Greater, COMPARISON),
            ">=" => (Binary::GreaterOrEqual, COMPARISON),
            "==" => (Binary::Equal, COMPARISON),
            "!=" => (Binary::NotEqual, COMPARISON),
            "+" => (Binary::Add, SUM),
            "-" => (Binary::Subtract, SUM),
            "*" => (Binary::Multiply, 5),
            "/" => (Binary::Divide, 5),
            "^" => (Binary::Power, POWER),
            _ => return None,
        })
    }

    /// Signs before an operand; `-x^2` is `-(x^2)`.
    fn signed(&mut self) -> Result<Node, ReadProblem> {
        let span = self.token().span;
        let operation = match self.token().kind {
            Kind::Sign("-") => Some(Unary::Negate),
            Kind::Sign("!") => Some(Unary::Not),
            Kind::Sign("+") => None,
            _ => return self.operand(),
        };
        self.at += 1;
        let inner = self.binary(SIGN)?;
        let Some(operation) = operation else { return Ok(inner) };
        let depth = inner.depth + 1;
        self.limited(Node { kind: NodeKind::Unary(operation, Box::new(inner)), span, depth })
    }

    fn operand(&mut self) -> Result<Node, ReadProblem> {
        let token = self.token().clone();
        let span = token.span;
        match token.kind {
            Kind::Number(value) => {
                self.at += 1;
                Ok(Node { kind: NodeKind::Number(value), span, depth: 1 })
            }
            Kind::Name => {
                let named = self.dotted_name("a name")?;
                if self.token().kind == Kind::Sign("(") {
                    self.at += 1;
                    let arguments = self.arguments()?;
                    let depth = 1 + arguments.iter().map(|node| node.depth).max().unwrap_or(0);
                    return self.limited(Node {
                        kind: NodeKind::Call(named.name, arguments),
                        span,
                        depth,
                    });
                }
                Ok(Node { kind: NodeKind::Name(named.name), span, depth: 1 })
            }
            Kind::Sign("(") => {
                self.at += 1;
                let inner = self.binary(0)?;
                self.expect(")", "to close the parenthesis")?;
                Ok(inner)
            }
            _ => Err(self.expected("a number, a name or `(`", "")),
        }
    }

    /// The arguments of a call, after its opening parenthesis.
    fn arguments(&mut self) -> Result<Vec<Node>, ReadProblem> {
        let mut arguments = Vec::new();
        if self.take(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.binary(0)?);
            if self.take(")") {
                return Ok(arguments);
            }
            if !self.take(",") {
                return Err(self.expected("`,` or `)`", "after the argument of a function"));
            }
        }
    }

    fn join(
        &self,
        operation: Binary,
        left: Node,
        right: Node,
        span: Span,
    ) -> Result<Node, ReadProblem> {
        let depth = 1 + left.depth.max(right.depth);
        let kind = NodeKind::Binary(operation, Box::new(left), Box::new(right));
        self.limited(Node { kind, span, depth })
    }

    fn limited(&self, node: Node) -> Result<Node, ReadProblem> {
        if node.depth <= MAX_DEPTH {
            return Ok(node);
        }
        Err(self.problem_here(
            format!("the formula has more than {MAX_DEPTH} operations one upon the other"),
            "give a part of it a name with `:=`",
        ))
    }
}
