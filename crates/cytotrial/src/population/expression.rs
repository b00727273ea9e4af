//! Formulas and criteria over covariates: parsed once, evaluated per patient.
//!
//! A formula (population file) is plain numbers in the units that the covariates are given in. A
//! criterion (protocol, published share) carries units, which must fit the covariates' dimensions.

use stats::math;

use super::token::{Token, TokenKind, tokens};
use super::units::{Dimension, PLAIN};
use crate::problem::help_with_nearest;

/// What an expression may name.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    /// Name of the covariate.
    pub name: String,
    /// Its unit as written.
    pub unit: String,
    /// Size and dimension of that unit.
    pub dimension: Dimension,
    /// Labels of its categories; empty when it is a number, or when all labels are numbers.
    pub labels: Vec<String>,
}

/// How the numbers of an expression are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Plain numbers in the covariates' own units.
    Formula,
    /// Quantities with units, checked and brought to base units.
    Criterion,
}

/// What is wrong with an expression, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionError {
    /// Code of the problem.
    pub code: &'static str,
    /// Byte at which it was noticed.
    pub at: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    nodes: Vec<Node>,
    root: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Node {
    Number(f64),
    /// Covariate by index, times the size of its unit.
    Covariate(usize, f64),
    Call(Function, usize),
    Binary(Operator, usize, usize),
    /// value, lower, upper: 1 when inside, limits included.
    Inside(usize, usize, usize),
    If(usize, usize, usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Negate,
    Not,
    Exp,
    Ln,
    Sqrt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

impl Expression {
    /// Parses `text`; bare words that name no covariate are looked up among `labels`, the
    /// categories of the formula's own covariate, or among those of the covariate beside them.
    pub fn parse(
        text: &str,
        names: &[Name],
        labels: &[String],
        reading: Reading,
    ) -> Result<Self, ExpressionError> {
        let tokens = tokens(text, reading, |word| names.iter().any(|n| n.name == word))?;
        let mut parser = Parser { tokens, next: 0, names, labels, reading, nodes: Vec::new() };
        let parsed = parser.branch()?;
        let root = parser.own_label(parsed)?;
        let token = parser.peek();
        if token.kind != TokenKind::End {
            return Err(unexpected(token, "`and`, `or` or the end"));
        }
        Ok(Self { nodes: parser.nodes, root: root.node })
    }

    /// Its value for a patient's covariates; 1 and 0 for true and false.
    pub fn value(&self, covariates: &[f64]) -> f64 {
        self.at(self.root, covariates)
    }

    /// Whether it holds.
    pub fn holds(&self, covariates: &[f64]) -> bool {
        self.value(covariates) != 0.0
    }

    /// Indices of the covariates it names.
    pub fn uses(&self) -> impl Iterator<Item = usize> + '_ {
        self.nodes.iter().filter_map(|node| match node {
            Node::Covariate(index, _) => Some(*index),
            _ => None,
        })
    }

    fn at(&self, node: usize, covariates: &[f64]) -> f64 {
        match self.nodes[node] {
            Node::Number(number) => number,
            Node::Covariate(index, size) => covariates[index] * size,
            Node::Call(function, inner) => {
                let x = self.at(inner, covariates);
                match function {
                    Function::Negate => -x,
                    Function::Not => truth(x == 0.0),
                    Function::Exp => math::exp(x),
                    Function::Ln => math::ln(x),
                    Function::Sqrt => x.sqrt(),
                }
            }
            Node::Binary(Operator::And, a, b) => {
                truth(self.at(a, covariates) != 0.0 && self.at(b, covariates) != 0.0)
            }
            Node::Binary(Operator::Or, a, b) => {
                truth(self.at(a, covariates) != 0.0 || self.at(b, covariates) != 0.0)
            }
            Node::Binary(operator, a, b) => {
                binary(operator, self.at(a, covariates), self.at(b, covariates))
            }
            Node::Inside(value, low, high) => {
                let x = self.at(value, covariates);
                truth(self.at(low, covariates) <= x && x <= self.at(high, covariates))
            }
            Node::If(condition, yes, no) => {
                let chosen = if self.at(condition, covariates) == 0.0 { no } else { yes };
                self.at(chosen, covariates)
            }
        }
    }
}

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

#[allow(clippy::float_cmp, reason = "categories and counts are whole numbers")]
fn binary(operator: Operator, a: f64, b: f64) -> f64 {
    match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide => a / b,
        Operator::Power => math::pow(a, b),
        Operator::Less => truth(a < b),
        Operator::LessOrEqual => truth(a <= b),
        Operator::Greater => truth(a > b),
        Operator::GreaterOrEqual => truth(a >= b),
        Operator::Equal => truth(a == b),
        Operator::NotEqual => truth(a != b),
        Operator::And => truth(a != 0.0 && b != 0.0),
        Operator::Or => truth(a != 0.0 || b != 0.0),
    }
}

/// What the parser knows about a part: its node, its dimension, and whether it is still a bare
/// word or the covariate whose labels a bare word beside it may name.
#[derive(Debug, Clone)]
struct Part {
    node: usize,
    exponents: [i8; 8],
    word: Option<Token>,
    covariate: Option<usize>,
    at: usize,
}

struct Parser<'a> {
    tokens: Vec<Token>,
    next: usize,
    names: &'a [Name],
    labels: &'a [String],
    reading: Reading,
    nodes: Vec<Node>,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        &self.tokens[self.next]
    }

    fn take(&mut self) -> Token {
        let token = self.tokens[self.next].clone();
        if token.kind != TokenKind::End {
            self.next += 1;
        }
        token
    }

    fn accept(&mut self, text: &str) -> bool {
        let found = self.peek().is(text);
        if found {
            self.next += 1;
        }
        found
    }

    fn expect(&mut self, text: &str) -> Result<(), ExpressionError> {
        if self.accept(text) {
            return Ok(());
        }
        Err(unexpected(self.peek(), &format!("`{text}`")))
    }

    fn part(&mut self, node: Node, exponents: [i8; 8], at: usize) -> Part {
        self.nodes.push(node);
        Part { node: self.nodes.len() - 1, exponents, word: None, covariate: None, at }
    }

    /// `if c then a else b`, or a disjunction.
    fn branch(&mut self) -> Result<Part, ExpressionError> {
        let at = self.peek().at;
        if !self.accept("if") {
            return self.any();
        }
        let condition = self.any()?;
        self.expect("then")?;
        let yes = self.branch()?;
        let yes = self.own_label(yes)?;
        self.expect("else")?;
        let no = self.branch()?;
        let no = self.own_label(no)?;
        self.same_dimension(&yes, &no)?;
        Ok(self.part(Node::If(condition.node, yes.node, no.node), yes.exponents, at))
    }

    fn any(&mut self) -> Result<Part, ExpressionError> {
        let mut left = self.all()?;
        while self.accept("or") {
            let right = self.all()?;
            left = self.join(Operator::Or, &left, &right);
        }
        Ok(left)
    }

    fn all(&mut self) -> Result<Part, ExpressionError> {
        let mut left = self.comparison()?;
        while self.accept("and") {
            let right = self.comparison()?;
            left = self.join(Operator::And, &left, &right);
        }
        Ok(left)
    }

    fn join(&mut self, operator: Operator, left: &Part, right: &Part) -> Part {
        self.part(Node::Binary(operator, left.node, right.node), PLAIN.exponents, left.at)
    }

    fn comparison(&mut self) -> Result<Part, ExpressionError> {
        if self.peek().is("not") {
            let at = self.take().at;
            let inner = self.comparison()?;
            return Ok(self.part(Node::Call(Function::Not, inner.node), PLAIN.exponents, at));
        }
        let left = self.sum()?;
        if self.peek().is("in") || self.peek().is("outside") {
            return self.range(left);
        }
        let operator = match self.peek().text.as_str() {
            "<" => Operator::Less,
            "<=" => Operator::LessOrEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterOrEqual,
            "==" => Operator::Equal,
            "!=" => Operator::NotEqual,
            _ => return Ok(left),
        };
        self.take();
        let right = self.sum()?;
        let (left, right) = self.beside(left, right)?;
        self.same_dimension(&left, &right)?;
        Ok(self.join(operator, &left, &right))
    }

    /// `x in a..b`, `x outside a..b`; a unit after `b` holds for both limits.
    fn range(&mut self, value: Part) -> Result<Part, ExpressionError> {
        let value = self.known(value)?;
        let outside = self.take().is("outside");
        let low_token = self.take();
        self.expect("..")?;
        let high_token = self.take();
        let (TokenKind::Number(low, low_unit), TokenKind::Number(high, high_unit)) =
            (&low_token.kind, &high_token.kind)
        else {
            return Err(unexpected(&low_token, "two numbers such as `0.26..1.65`"));
        };
        let low_unit = low_unit.unwrap_or(high_unit.unwrap_or(PLAIN));
        let high_unit = high_unit.unwrap_or(PLAIN);
        let low = self.part(Node::Number(low * low_unit.factor), low_unit.exponents, low_token.at);
        let high =
            self.part(Node::Number(high * high_unit.factor), high_unit.exponents, high_token.at);
        self.same_dimension(&value, &low)?;
        self.same_dimension(&value, &high)?;
        let inside = Node::Inside(value.node, low.node, high.node);
        let part = self.part(inside, PLAIN.exponents, value.at);
        if !outside {
            return Ok(part);
        }
        Ok(self.part(Node::Call(Function::Not, part.node), PLAIN.exponents, value.at))
    }

    fn sum(&mut self) -> Result<Part, ExpressionError> {
        let mut left = self.product()?;
        loop {
            let operator = match self.peek().text.as_str() {
                "+" => Operator::Add,
                "-" => Operator::Subtract,
                _ => return Ok(left),
            };
            self.take();
            left = self.known(left)?;
            let right = self.product()?;
            let right = self.known(right)?;
            self.same_dimension(&left, &right)?;
            let exponents = left.exponents;
            left = self.part(Node::Binary(operator, left.node, right.node), exponents, left.at);
        }
    }

    fn product(&mut self) -> Result<Part, ExpressionError> {
        let mut left = self.power()?;
        loop {
            let (operator, sign) = match self.peek().text.as_str() {
                "*" => (Operator::Multiply, 1),
                "/" => (Operator::Divide, -1),
                _ => return Ok(left),
            };
            self.take();
            left = self.known(left)?;
            let right = self.power()?;
            let right = self.known(right)?;
            let mut exponents = left.exponents;
            for (mine, other) in exponents.iter_mut().zip(right.exponents) {
                *mine = mine.saturating_add(sign * other);
            }
            left = self.part(Node::Binary(operator, left.node, right.node), exponents, left.at);
        }
    }

    fn power(&mut self) -> Result<Part, ExpressionError> {
        let base = self.primary()?;
        if !self.accept("^") {
            return Ok(base);
        }
        let base = self.known(base)?;
        let token = self.take();
        let TokenKind::Number(exponent, None) = token.kind else {
            return Err(unexpected(&token, "a number as exponent"));
        };
        let mut exponents = base.exponents;
        for mine in &mut exponents {
            let scaled = f64::from(*mine) * exponent;
            if scaled.fract() != 0.0 || scaled.abs() > 100.0 {
                return Err(unexpected(&token, "an exponent that leaves whole dimensions"));
            }
            *mine = scaled as i8;
        }
        let exponent = self.part(Node::Number(exponent), PLAIN.exponents, token.at);
        let node = Node::Binary(Operator::Power, base.node, exponent.node);
        Ok(self.part(node, exponents, base.at))
    }

    fn primary(&mut self) -> Result<Part, ExpressionError> {
        let token = self.take();
        match &token.kind {
            TokenKind::Number(number, unit) => {
                let unit = unit.unwrap_or(PLAIN);
                Ok(self.part(Node::Number(number * unit.factor), unit.exponents, token.at))
            }
            TokenKind::Word if self.peek().is("(") => self.call(&token),
            TokenKind::Word => Ok(self.word(token)),
            TokenKind::Sign if token.text == "(" => {
                let inner = self.branch()?;
                self.expect(")")?;
                Ok(inner)
            }
            TokenKind::Sign if token.text == "-" => {
                let inner = self.power()?;
                let inner = self.known(inner)?;
                let exponents = inner.exponents;
                Ok(self.part(Node::Call(Function::Negate, inner.node), exponents, token.at))
            }
            _ => Err(unexpected(&token, "a covariate, a number or `(`")),
        }
    }

    fn call(&mut self, name: &Token) -> Result<Part, ExpressionError> {
        let function = match name.text.as_str() {
            "exp" => Function::Exp,
            "ln" => Function::Ln,
            "sqrt" => Function::Sqrt,
            other => {
                return Err(ExpressionError {
                    code: "C302",
                    at: name.at,
                    message: format!("`{other}` is not a function"),
                    help: "functions are `exp`, `ln` and `sqrt`".into(),
                });
            }
        };
        self.expect("(")?;
        let inner = self.branch()?;
        let inner = self.known(inner)?;
        self.expect(")")?;
        let mut exponents = inner.exponents;
        if function == Function::Sqrt && exponents.iter().all(|exponent| exponent % 2 == 0) {
            for exponent in &mut exponents {
                *exponent /= 2;
            }
        } else if exponents != PLAIN.exponents {
            return Err(ExpressionError {
                code: "C301",
                at: name.at,
                message: format!("`{}` of something that has a unit", name.text),
                help: "divide by a quantity of the same unit first".into(),
            });
        }
        Ok(self.part(Node::Call(function, inner.node), exponents, name.at))
    }

    /// A covariate, or a bare word that may turn out to be a label.
    fn word(&mut self, token: Token) -> Part {
        let Some(index) = self.names.iter().position(|name| name.name == token.text) else {
            let at = token.at;
            let mut part = self.part(Node::Number(f64::NAN), PLAIN.exponents, at);
            part.word = Some(token);
            return part;
        };
        let dimension = match self.reading {
            Reading::Criterion => self.names[index].dimension,
            Reading::Formula => PLAIN,
        };
        let node = Node::Covariate(index, dimension.factor);
        let mut part = self.part(node, dimension.exponents, token.at);
        part.covariate = Some(index);
        part
    }

    /// Both sides of a comparison: a bare word names a label of the covariate beside it.
    fn beside(&mut self, mut left: Part, mut right: Part) -> Result<(Part, Part), ExpressionError> {
        if let (Some(word), Some(covariate)) = (&right.word, left.covariate) {
            self.label(right.node, word, &self.names[covariate].labels)?;
            right.word = None;
        } else if let (Some(word), Some(covariate)) = (&left.word, right.covariate) {
            self.label(left.node, word, &self.names[covariate].labels)?;
            left.word = None;
        }
        Ok((self.known(left)?, self.known(right)?))
    }

    fn own_label(&mut self, mut part: Part) -> Result<Part, ExpressionError> {
        if let Some(word) = part.word.take() {
            self.label(part.node, &word, self.labels)?;
        }
        Ok(part)
    }

    fn label(
        &mut self,
        node: usize,
        word: &Token,
        labels: &[String],
    ) -> Result<(), ExpressionError> {
        match labels.iter().position(|label| *label == word.text) {
            Some(index) => {
                self.nodes[node] = Node::Number(index as f64);
                Ok(())
            }
            None if labels.is_empty() => Err(self.unknown(word)),
            None => Err(ExpressionError {
                code: "C302",
                at: word.at,
                message: format!("`{}` is not one of its categories", word.text),
                help: help_with_nearest(&word.text, labels.iter().map(String::as_str)),
            }),
        }
    }

    fn known(&self, part: Part) -> Result<Part, ExpressionError> {
        match &part.word {
            Some(word) => Err(self.unknown(word)),
            None => Ok(part),
        }
    }

    fn unknown(&self, word: &Token) -> ExpressionError {
        ExpressionError {
            code: "C302",
            at: word.at,
            message: format!("`{}` is not a covariate of this population", word.text),
            help: help_with_nearest(&word.text, self.names.iter().map(|name| name.name.as_str())),
        }
    }

    fn same_dimension(&self, left: &Part, right: &Part) -> Result<(), ExpressionError> {
        if left.exponents == right.exponents {
            return Ok(());
        }
        let named = [left, right].into_iter().find_map(|part| part.covariate);
        let (message, help) = match named.map(|index| &self.names[index]) {
            Some(name) if name.dimension.exponents == PLAIN.exponents => (
                format!("`{}` is a plain number and is compared with a quantity", name.name),
                "remove the unit".to_owned(),
            ),
            Some(name) => (
                format!("`{}` is in {}; it is compared with something else", name.name, name.unit),
                format!("give the limit in {} or a unit of the same dimension", name.unit),
            ),
            None => (
                "the two sides have different dimensions".to_owned(),
                "add or compare quantities of one dimension".to_owned(),
            ),
        };
        Err(ExpressionError { code: "C301", at: right.at, message, help })
    }
}

fn unexpected(token: &Token, wanted: &str) -> ExpressionError {
    let found = match token.kind {
        TokenKind::End => "the end".to_owned(),
        _ => format!("`{}`", token.text),
    };
    ExpressionError {
        code: "C303",
        at: token.at,
        message: format!("found {found} where {wanted} was expected"),
        help: "write for example `age >= 18 year` or `ecog <= 2`".into(),
    }
}
