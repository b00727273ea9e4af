//! Formulas to expressions: built-in functions, constants, and the text's own functions in place.

use std::collections::{BTreeMap, BTreeSet};

use crate::antimony::ReadProblem;
use crate::antimony::expression::{GROUP, MAX_DEPTH};
use crate::antimony::resolve::{RESERVED, Resolver};
use crate::antimony::syntax::{FunctionText, Node, NodeKind};
use crate::ir::{Binary, Expression, ExpressionId, Span, Unary};
use crate::nearest::did_you_mean;
use crate::reciprocal::{OF_RECIPROCAL, RECIPROCAL};

/// More nodes than this are refused: functions that call functions can grow without end.
const MAX_EXPRESSIONS: usize = 1_000_000;

/// The built-in functions, and how they are called.
const BUILT_IN: [(&str, &str); 72] = [
    ("abs", "abs(x)"),
    ("exp", "exp(x)"),
    ("ln", "ln(x)"),
    ("log", "log(x) or log(base, x)"),
    ("log10", "log10(x)"),
    ("sqrt", "sqrt(x)"),
    ("root", "root(x) or root(n, x)"),
    ("pow", "pow(x, y)"),
    ("power", "power(x, y)"),
    ("floor", "floor(x)"),
    ("ceil", "ceil(x)"),
    ("ceiling", "ceiling(x)"),
    ("min", "min(a, b, ...)"),
    ("max", "max(a, b, ...)"),
    ("piecewise", "piecewise(value, condition, ..., otherwise)"),
    ("sin", "sin(x)"),
    ("cos", "cos(x)"),
    ("tan", "tan(x)"),
    ("tanh", "tanh(x)"),
    ("sinh", "sinh(x)"),
    ("cosh", "cosh(x)"),
    ("arcsin", "arcsin(x)"),
    ("arccos", "arccos(x)"),
    ("arctan", "arctan(x)"),
    ("asin", "asin(x)"),
    ("acos", "acos(x)"),
    ("atan", "atan(x)"),
    ("arcsinh", "arcsinh(x)"),
    ("arccosh", "arccosh(x)"),
    ("arctanh", "arctanh(x)"),
    ("asinh", "asinh(x)"),
    ("acosh", "acosh(x)"),
    ("atanh", "atanh(x)"),
    ("sec", "sec(x)"),
    ("csc", "csc(x)"),
    ("cot", "cot(x)"),
    ("sech", "sech(x)"),
    ("csch", "csch(x)"),
    ("coth", "coth(x)"),
    ("arcsec", "arcsec(x)"),
    ("arccsc", "arccsc(x)"),
    ("arccot", "arccot(x)"),
    ("arcsech", "arcsech(x)"),
    ("arccsch", "arccsch(x)"),
    ("arccoth", "arccoth(x)"),
    ("asec", "asec(x)"),
    ("acsc", "acsc(x)"),
    ("acot", "acot(x)"),
    ("asech", "asech(x)"),
    ("acsch", "acsch(x)"),
    ("acoth", "acoth(x)"),
    ("factorial", "factorial(n)"),
    ("plus", "plus(a, b, ...)"),
    ("times", "times(a, b, ...)"),
    ("minus", "minus(a, b)"),
    ("divide", "divide(a, b)"),
    ("quotient", "quotient(a, b)"),
    ("rem", "rem(a, b)"),
    ("implies", "implies(a, b)"),
    ("neq", "neq(a, b)"),
    ("rateOf", "rateOf(x)"),
    ("delay", "delay(x, time), which is not read"),
    ("sqr", "sqr(x)"),
    ("not", "not(x)"),
    ("and", "and(a, b, ...)"),
    ("or", "or(a, b, ...)"),
    ("xor", "xor(a, b)"),
    ("gt", "gt(a, b)"),
    ("lt", "lt(a, b)"),
    ("geq", "geq(a, b)"),
    ("leq", "leq(a, b)"),
    ("eq", "eq(a, b)"),
];

/// The functions that the text defines.
pub(crate) struct Inliner<'a> {
    functions: BTreeMap<&'a str, &'a FunctionText>,
    /// Functions with a problem of their own; nothing is said about their calls.
    broken: BTreeSet<&'a str>,
}

/// What the arguments of a function mean inside its body.
#[derive(Clone, Copy)]
struct Scope<'a> {
    function: &'a FunctionText,
    values: &'a [Node],
    caller: Option<&'a Scope<'a>>,
}

/// A formula could not be put in place; the problem is already noted.
struct NotPlaced;

impl<'a> Inliner<'a> {
    /// Checks the functions of a text. A function sees its arguments and the functions above it.
    pub(crate) fn new(functions: &'a [FunctionText], problems: &mut Vec<ReadProblem>) -> Self {
        let mut inliner = Self { functions: BTreeMap::new(), broken: BTreeSet::new() };
        for function in functions {
            let name = function.name.name.as_str();
            let before = problems.len();
            let mut problem = |span, message, help: &str| {
                problems.push(ReadProblem { span, message, help: help.into() });
            };
            let taken = built_in(name).is_some() || inliner.functions.contains_key(name);
            if taken || RESERVED.contains(&name) {
                let message = format!("a function `{name}` exists already");
                problem(function.name.span, message, "choose another name");
            }
            for (i, argument) in function.arguments.iter().enumerate() {
                let repeated = function.arguments[..i].iter().any(|a| a.name == argument.name);
                if repeated || RESERVED.contains(&argument.name.as_str()) {
                    let message = format!("`{}` cannot be an argument here", argument.name);
                    problem(argument.span, message, "give each argument its own new name");
                }
            }
            inliner.check(&function.body, Some(function), problems);
            if problems.len() > before {
                inliner.broken.insert(name);
            }
            inliner.functions.insert(name, function);
        }
        inliner
    }

    /// Notes unknown functions, wrong numbers of arguments, and unknown names in bodies.
    fn check(&self, node: &Node, body_of: Option<&FunctionText>, problems: &mut Vec<ReadProblem>) {
        let mut note = |message: String, help: String| {
            problems.push(ReadProblem { span: node.span, message, help });
        };
        match &node.kind {
            NodeKind::Number(_) => {}
            NodeKind::Name(name) if name == "nan" => {
                note(
                    format!("`{name}` is not read"),
                    "write `notanumber` if that is what you mean".into(),
                );
            }
            NodeKind::Name(name) => {
                let Some(function) = body_of else { return };
                let names = || function.arguments.iter().map(|argument| argument.name.as_str());
                if !names().any(|argument| argument == name) && !RESERVED.contains(&name.as_str()) {
                    let help = did_you_mean(name, names())
                        .unwrap_or_else(|| "a function sees only its arguments: add one".into());
                    let function = &function.name.name;
                    note(format!("`{name}` is not an argument of `{function}`"), help);
                }
            }
            NodeKind::Unary(_, inner) => self.check(inner, body_of, problems),
            NodeKind::Binary(_, left, right) => {
                self.check(left, body_of, problems);
                self.check(right, body_of, problems);
            }
            NodeKind::Call(name, arguments) => {
                if let Some((message, help)) = self.call_problem(name, arguments.len()) {
                    note(message, help);
                }
                for argument in arguments {
                    self.check(argument, body_of, problems);
                }
            }
        }
    }

    fn call_problem(&self, name: &str, count: usize) -> Option<(String, String)> {
        let usage = if let Some(function) = self.functions.get(name) {
            let names: Vec<&str> = function.arguments.iter().map(|a| a.name.as_str()).collect();
            if count == names.len() {
                return None;
            }
            format!("{name}({})", names.join(", "))
        } else if let Some(usage) = built_in(name) {
            if takes(name, count) {
                return None;
            }
            usage.to_owned()
        } else {
            let known =
                BUILT_IN.iter().map(|(name, _)| *name).chain(self.functions.keys().copied());
            let help = did_you_mean(name, known)
                .unwrap_or_else(|| "define it above: `function name(x) ... end`".into());
            return Some((format!("no function is called `{name}`"), help));
        };
        let s = if count == 1 { "" } else { "s" };
        Some((format!("`{name}` does not take {count} argument{s}"), format!("it is `{usage}`")))
    }

    /// Adds a formula to the model. After a problem the answer is some number.
    pub(crate) fn expand(&self, node: &Node, resolver: &mut Resolver) -> ExpressionId {
        let before = resolver.problems.len();
        self.check(node, None, &mut resolver.problems);
        let expanded = if resolver.problems.len() == before {
            self.place(node, None, resolver, 0)
        } else {
            // Names are still noted, so that one problem does not make another.
            note_names(node, resolver);
            Err(NotPlaced)
        };
        expanded.unwrap_or_else(|NotPlaced| resolver.push(Expression::Number(0.0), node.span, 1))
    }

    fn place(
        &self,
        node: &Node,
        scope: Option<&Scope<'_>>,
        to: &mut Resolver,
        level: usize,
    ) -> Result<ExpressionId, NotPlaced> {
        if level > MAX_DEPTH || to.model.expressions.len() > MAX_EXPRESSIONS {
            let message = "with its functions in place, this formula is too large".to_owned();
            to.problem(node.span, message, "give parts of it names with `:=`");
            return Err(NotPlaced);
        }
        let level = level + 1;
        match &node.kind {
            NodeKind::Number(value) => to.add(Expression::Number(*value), node.span, &[]),
            NodeKind::Name(name) => {
                if let Some(scope) = scope {
                    let arguments = &scope.function.arguments;
                    if let Some(i) = arguments.iter().position(|argument| argument.name == *name) {
                        return self.place(&scope.values[i], scope.caller, to, level);
                    }
                }
                let expression = match constant(name) {
                    Some(constant) => constant,
                    None => Expression::Symbol(to.symbol(name, node.span)),
                };
                to.add(expression, node.span, &[])
            }
            NodeKind::Unary(operation, inner) => {
                let inner = self.place(inner, scope, to, level)?;
                to.add(Expression::Unary(*operation, inner), node.span, &[inner])
            }
            NodeKind::Binary(operation, left, right) => {
                let left = self.place(left, scope, to, level)?;
                let right = self.place(right, scope, to, level)?;
                to.binary(*operation, left, right, node.span)
            }
            NodeKind::Call(name, values) => {
                if self.broken.contains(name.as_str()) {
                    return Err(NotPlaced);
                }
                if let Some(function) = self.functions.get(name.as_str()) {
                    let inner = Scope { function, values, caller: scope };
                    return self.place(&function.body, Some(&inner), to, level);
                }
                place_built_in(
                    name,
                    values,
                    node.span,
                    |value, to| self.place(value, scope, to, level),
                    to,
                )
            }
        }
    }
}

/// A built-in function with as many arguments as it takes. Arguments are placed one by one, so
/// that each expression follows right after its children.
fn place_built_in(
    name: &str,
    values: &[Node],
    span: Span,
    place: impl Fn(&Node, &mut Resolver) -> Result<ExpressionId, NotPlaced>,
    to: &mut Resolver,
) -> Result<ExpressionId, NotPlaced> {
    if let Some(operation) = unary(name).filter(|_| values.len() == 1) {
        let x = place(&values[0], to)?;
        return to.add(Expression::Unary(operation, x), span, &[x]);
    }
    if let Some(below) = reciprocal(&RECIPROCAL, name) {
        let one = to.add(Expression::Number(1.0), span, &[])?;
        let x = place(&values[0], to)?;
        let below = to.add(Expression::Unary(below, x), span, &[x])?;
        return to.binary(Binary::Divide, one, below, span);
    }
    if let Some(operation) = reciprocal(&OF_RECIPROCAL, name) {
        let one = to.add(Expression::Number(1.0), span, &[])?;
        let x = place(&values[0], to)?;
        let x = to.binary(Binary::Divide, one, x, span)?;
        return to.add(Expression::Unary(operation, x), span, &[x]);
    }
    match name {
        "rateOf" => {
            let NodeKind::Name(of) = &values[0].kind else {
                to.problem(values[0].span, "`rateOf` takes a name".into(), "write `rateOf(x)`");
                return Err(NotPlaced);
            };
            let x = place(&values[0], to)?;
            let Expression::Symbol(id) = to.model.expressions[x.0 as usize] else {
                let message = format!("`{of}` has no rate of change");
                to.problem(values[0].span, message, "write `rateOf(x)` of a symbol");
                return Err(NotPlaced);
            };
            to.add(Expression::RateOf(id), span, &[])
        }
        "sqr" => {
            let (x, two) = (place(&values[0], to)?, to.add(Expression::Number(2.0), span, &[])?);
            to.binary(Binary::Power, x, two, span)
        }
        "implies" => {
            let a = place(&values[0], to)?;
            let not = to.add(Expression::Unary(Unary::Not, a), span, &[a])?;
            let b = place(&values[1], to)?;
            to.binary(Binary::Or, not, b, span)
        }
        "root" => {
            let x = place(&values[1], to)?;
            let one = to.add(Expression::Number(1.0), span, &[])?;
            let degree = place(&values[0], to)?;
            let exponent = to.binary(Binary::Divide, one, degree, span)?;
            to.binary(Binary::Power, x, exponent, span)
        }
        "log" => {
            let x = place(&values[1], to)?;
            let above = to.add(Expression::Unary(Unary::Ln, x), span, &[x])?;
            let base = place(&values[0], to)?;
            let below = to.add(Expression::Unary(Unary::Ln, base), span, &[base])?;
            to.binary(Binary::Divide, above, below, span)
        }
        "piecewise" => {
            let mut arguments = Vec::with_capacity(values.len());
            for value in values {
                arguments.push(place(value, to)?);
            }
            let otherwise = *arguments.last().expect("it takes at least three");
            let cases = arguments.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
            to.add(Expression::Piecewise { cases, otherwise }, span, &arguments)
        }
        _ => {
            let operation = binary(name).expect("every other built-in joins its arguments");
            let mut joined = place(&values[0], to)?;
            let (mut groups, mut count) = (Vec::new(), 1);
            for value in &values[1..] {
                let next = place(value, to)?;
                if count == GROUP {
                    groups.push(std::mem::replace(&mut joined, next));
                    count = 1;
                } else {
                    joined = to.binary(operation, joined, next, span)?;
                    count += 1;
                }
            }
            let mut groups = groups.into_iter().rev();
            groups.try_fold(joined, |after, group| to.binary(operation, group, after, span))
        }
    }
}

impl Resolver {
    /// Adds an expression whose children are there already.
    fn add(
        &mut self,
        expression: Expression,
        span: Span,
        children: &[ExpressionId],
    ) -> Result<ExpressionId, NotPlaced> {
        let depth = 1 + children.iter().map(|id| self.depths[id.0 as usize]).max().unwrap_or(0);
        if depth > MAX_DEPTH {
            let message = format!("the formula has more than {MAX_DEPTH} operations in a row");
            self.problem(span, message, "give a part of it a name with `:=`");
            return Err(NotPlaced);
        }
        Ok(self.push(expression, span, depth))
    }

    fn binary(
        &mut self,
        operation: Binary,
        left: ExpressionId,
        right: ExpressionId,
        span: Span,
    ) -> Result<ExpressionId, NotPlaced> {
        let below = &self.model.expressions[right.0 as usize];
        if operation == Binary::Divide && matches!(below, Expression::Number(0.0)) {
            let message = "this divides by zero".to_owned();
            self.problem(
                self.model.spans[right.0 as usize],
                message,
                "write `infinity` if you mean it",
            );
            return Err(NotPlaced);
        }
        self.add(Expression::Binary(operation, left, right), span, &[left, right])
    }
}

/// Makes the symbols of a formula that is not placed.
fn note_names(node: &Node, resolver: &mut Resolver) {
    match &node.kind {
        NodeKind::Number(_) => {}
        NodeKind::Name(name) => {
            if !RESERVED.contains(&name.as_str()) {
                resolver.symbol(name, node.span);
            }
        }
        NodeKind::Unary(_, inner) => note_names(inner, resolver),
        NodeKind::Binary(_, left, right) => {
            note_names(left, resolver);
            note_names(right, resolver);
        }
        NodeKind::Call(_, arguments) => {
            for argument in arguments {
                note_names(argument, resolver);
            }
        }
    }
}

/// The constants of the language, and time.
fn constant(name: &str) -> Option<Expression> {
    Some(match name {
        "time" => Expression::Time,
        "pi" => Expression::Number(std::f64::consts::PI),
        "exponentiale" => Expression::Number(std::f64::consts::E),
        "infinity" | "inf" => Expression::Number(f64::INFINITY),
        "notanumber" => Expression::Number(f64::NAN),
        // as SBML Level 3 fixes it (CODATA 2006)
        "avogadro" => Expression::Number(6.022_141_79e23),
        "true" => Expression::Number(1.0),
        "false" => Expression::Number(0.0),
        _ => return None,
    })
}

fn unary(name: &str) -> Option<Unary> {
    Some(match name {
        "abs" => Unary::Abs,
        "exp" => Unary::Exp,
        // Antimony's `log` is the natural logarithm.
        "ln" | "log" => Unary::Ln,
        "log10" => Unary::Log10,
        "sqrt" | "root" => Unary::Sqrt,
        "floor" => Unary::Floor,
        "ceil" | "ceiling" => Unary::Ceiling,
        "sin" => Unary::Sin,
        "cos" => Unary::Cos,
        "tan" => Unary::Tan,
        "tanh" => Unary::Tanh,
        "sinh" => Unary::Sinh,
        "cosh" => Unary::Cosh,
        "arcsin" | "asin" => Unary::Arcsin,
        "arccos" | "acos" => Unary::Arccos,
        "arctan" | "atan" => Unary::Arctan,
        "arcsinh" | "asinh" => Unary::Arcsinh,
        "arccosh" | "acosh" => Unary::Arccosh,
        "arctanh" | "atanh" => Unary::Arctanh,
        "factorial" => Unary::Factorial,
        "not" => Unary::Not,
        _ => return None,
    })
}

/// The entry of a table for a name; `asec` is `arcsec`.
fn reciprocal(table: &[(&str, Unary)], name: &str) -> Option<Unary> {
    let is_it = |known: &str| {
        known == name
            || known.strip_prefix("arc").is_some_and(|rest| name.strip_prefix('a') == Some(rest))
    };
    table.iter().find(|(known, _)| is_it(known)).map(|(_, operation)| *operation)
}

fn binary(name: &str) -> Option<Binary> {
    Some(match name {
        "plus" => Binary::Add,
        "times" => Binary::Multiply,
        "minus" => Binary::Subtract,
        "divide" => Binary::Divide,
        "pow" | "power" => Binary::Power,
        "min" => Binary::Minimum,
        "max" => Binary::Maximum,
        "and" => Binary::And,
        "or" => Binary::Or,
        "xor" => Binary::Xor,
        "gt" => Binary::Greater,
        "lt" => Binary::Less,
        "geq" => Binary::GreaterOrEqual,
        "leq" => Binary::LessOrEqual,
        "eq" => Binary::Equal,
        "neq" => Binary::NotEqual,
        "quotient" => Binary::Quotient,
        "rem" => Binary::Remainder,
        _ => return None,
    })
}

/// How a built-in function is called, if it is one.
fn built_in(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, usage)| *usage)
}

/// Whether a built-in function takes that many arguments.
fn takes(name: &str, count: usize) -> bool {
    match name {
        "log" | "root" => count == 1 || count == 2,
        "pow" | "power" | "xor" | "gt" | "lt" | "geq" | "leq" | "eq" | "neq" | "quotient"
        | "rem" | "implies" | "minus" | "divide" => count == 2,
        "delay" => false,
        "min" | "max" | "and" | "or" | "plus" | "times" => count >= 1,
        "piecewise" => count >= 3 && count % 2 == 1,
        _ => count == 1,
    }
}
