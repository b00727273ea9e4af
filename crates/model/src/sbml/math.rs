//! `MathML` to expressions.

use std::collections::BTreeMap;

use roxmltree::Node;

use super::operations::{BINARY, COMPARISONS, JOINED, UNARY, find, names};
use super::reader::{Named, Reader, child, elements};
use crate::antimony::GROUP;
use crate::ir::{Binary, Expression, ExpressionId, Kind, SymbolId, Unary};
use crate::nearest::did_you_mean;
use crate::reciprocal::{OF_RECIPROCAL, RECIPROCAL};

/// Deeper formulas are refused, so that no text can exhaust the stack.
const MAX_NESTING: usize = 200;
/// Taller formulas, functions in place, are refused; whoever walks an expression may recurse.
const MAX_DEPTH: usize = 500;
/// More expressions are refused: functions that call functions can grow without end.
const MAX_EXPRESSIONS: usize = 1_000_000;
/// Elementary entities per mole, as SBML Level 3 fixes it (CODATA 2006).
const AVOGADRO: f64 = 6.022_141_79e23;

/// A formula could not be read; the problem is noted.
pub(super) struct NotRead;

type Placed = Result<ExpressionId, NotRead>;

/// What names mean inside a formula.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s, 'a> {
    /// Arguments of the function whose body this is.
    arguments: &'s [(&'a str, ExpressionId)],
    /// Parameters of the reaction.
    pub(super) locals: &'s BTreeMap<&'a str, SymbolId>,
    /// The functions that are being put in place.
    calls: &'s [&'a str],
    nesting: usize,
}

impl<'s, 'a> Scope<'s, 'a> {
    /// A formula of the model or, with its parameters, of a reaction.
    pub(super) fn new(locals: &'s BTreeMap<&'a str, SymbolId>) -> Self {
        Self { arguments: &[], locals, calls: &[], nesting: 0 }
    }
}

impl<'a> Reader<'a> {
    /// The formula inside an element, if it has one. After a problem it is not a number.
    pub(super) fn formula(&mut self, owner: Node<'a, 'a>) -> Option<ExpressionId> {
        self.formula_with(owner, &BTreeMap::new())
    }

    /// As [`Reader::formula`], with the parameters of a reaction.
    pub(super) fn formula_with(
        &mut self,
        owner: Node<'a, 'a>,
        locals: &BTreeMap<&'a str, SymbolId>,
    ) -> Option<ExpressionId> {
        let span = self.source.span(owner);
        let math = child(owner, "math");
        let content = math.and_then(|math| elements(math).next());
        let Some(content) = content else {
            if self.level < 3 || math.is_some() {
                let message = format!("`{}` has no formula", owner.tag_name().name());
                self.problem(span, message, "write it inside `<math>`");
            }
            return None;
        };
        if let Some(second) = math.and_then(|math| elements(math).nth(1)) {
            let message = "`math` holds more than one formula".to_owned();
            self.problem(self.source.span(second), message, "join them with `<apply>`");
        }
        let placed = self.place(content, Scope::new(locals));
        Some(placed.unwrap_or_else(|NotRead| self.push(Expression::Number(f64::NAN), span, 1)))
    }

    fn refuse<T>(
        &mut self,
        at: Node<'a, 'a>,
        message: String,
        help: impl Into<String>,
    ) -> Result<T, NotRead> {
        self.problem(self.source.span(at), message, help);
        Err(NotRead)
    }

    fn place(&mut self, node: Node<'a, 'a>, mut scope: Scope<'_, 'a>) -> Placed {
        scope.nesting += 1;
        if scope.nesting > MAX_NESTING {
            let message = format!("the formula is nested more than {MAX_NESTING} deep");
            return self.refuse(node, message, "give the inner part a name with a rule");
        }
        match node.tag_name().name() {
            "cn" => self.number_of(node),
            "ci" => self.name_of(node, scope),
            "csymbol" => self.csymbol(node),
            "apply" => self.apply(node, scope),
            "piecewise" => self.piecewise(node, scope),
            "semantics" => match elements(node).next() {
                Some(inner) => self.place(inner, scope),
                None => self.refuse(node, "`semantics` is empty".into(), "write a formula in it"),
            },
            "true" => self.add(node, Expression::Number(1.0), &[]),
            "false" => self.add(node, Expression::Number(0.0), &[]),
            "pi" => self.add(node, Expression::Number(std::f64::consts::PI), &[]),
            "exponentiale" => self.add(node, Expression::Number(std::f64::consts::E), &[]),
            "infinity" => self.add(node, Expression::Number(f64::INFINITY), &[]),
            "notanumber" => self.add(node, Expression::Number(f64::NAN), &[]),
            other => {
                let help =
                    did_you_mean(other, ["cn", "ci", "csymbol", "apply", "piecewise"].into_iter())
                        .unwrap_or_else(|| "an operation stands first inside `<apply>`".into());
                self.refuse(node, format!("`{other}` is not a value"), help)
            }
        }
    }

    /// Adds an expression whose children are there.
    fn add(
        &mut self,
        at: Node<'a, 'a>,
        expression: Expression,
        children: &[ExpressionId],
    ) -> Placed {
        let depth = 1 + children.iter().map(|id| self.depths[id.0 as usize]).max().unwrap_or(0);
        let size =
            children.iter().fold(0_u64, |sum, id| sum.saturating_add(self.sizes[id.0 as usize]));
        if depth > MAX_DEPTH
            || size > MAX_EXPRESSIONS as u64
            || self.model.expressions.len() > MAX_EXPRESSIONS
        {
            let message = "with its functions in place, this formula is too large".to_owned();
            return self.refuse(at, message, "give parts of it names with rules");
        }
        let span = self.source.span(at);
        Ok(self.push(expression, span, depth))
    }

    fn join(
        &mut self,
        at: Node<'a, 'a>,
        operation: Binary,
        a: ExpressionId,
        b: ExpressionId,
    ) -> Placed {
        self.add(at, Expression::Binary(operation, a, b), &[a, b])
    }

    fn of(&mut self, at: Node<'a, 'a>, operation: Unary, x: ExpressionId) -> Placed {
        self.add(at, Expression::Unary(operation, x), &[x])
    }

    /// `cn`: a number below zero is a number and a sign, as in text.
    fn number_of(&mut self, node: Node<'a, 'a>) -> Placed {
        let parts: Vec<&str> = node.children().filter_map(|child| child.text()).collect();
        let part = |index: usize| parts.get(index).map_or("", |text| text.trim());
        let has_separator = child(node, "sep").is_some();
        let read = |text: &str| text.parse::<f64>().ok();
        let kind = node.attribute("type").unwrap_or("real");
        let value = match (kind, has_separator) {
            ("real" | "integer" | "double", false) => read(part(0)),
            ("e-notation", true) => read(&format!("{}e{}", part(0), part(1))),
            ("rational", true) => read(part(0)).zip(read(part(1))).map(|(a, b)| a / b),
            _ => None,
        };
        let Some(value) = value.filter(|value| value.is_finite()) else {
            let message = format!("`{}` is not a number of type `{kind}`", part(0));
            let help =
                "write `<cn> 1.5e-3 </cn>` or `<cn type=\"e-notation\"> 1.5 <sep/> -3 </cn>`";
            return self.refuse(node, message, help);
        };
        let size = self.add(node, Expression::Number(value.abs()), &[])?;
        if value.is_sign_negative() { self.of(node, Unary::Negate, size) } else { Ok(size) }
    }

    fn name_of(&mut self, node: Node<'a, 'a>, scope: Scope<'_, 'a>) -> Placed {
        let name = node.text().unwrap_or_default().trim();
        if let Some((_, value)) = scope.arguments.iter().find(|(argument, _)| *argument == name) {
            return Ok(*value);
        }
        if let Some(function) = scope.calls.last() {
            let message = format!("`{name}` is not an argument of `{function}`");
            let help = did_you_mean(name, scope.arguments.iter().map(|(argument, _)| *argument))
                .unwrap_or_else(|| "a function sees only its arguments: add one".into());
            return self.refuse(node, message, help);
        }
        let known = scope.locals.get(name).copied().map(Named::Symbol);
        match known.or_else(|| self.ids.get(name).copied()) {
            Some(Named::Symbol(id)) => self.add(node, Expression::Symbol(id), &[]),
            Some(Named::Function) => {
                let message = format!("`{name}` is a function, not a value");
                self.refuse(node, message, "call it: `<apply><ci> f </ci> ... </apply>`")
            }
            Some(Named::Event) => {
                self.refuse(node, format!("`{name}` is an event, not a value"), "name a value")
            }
            None => {
                let names = self.ids.keys().map(String::as_str);
                let help = did_you_mean(name, names.chain(scope.locals.keys().copied()))
                    .unwrap_or_else(|| "declare it as a parameter, or correct the name".into());
                self.refuse(node, format!("nothing is called `{name}`"), help)
            }
        }
    }

    /// The last word of the address that says what a `csymbol` means.
    fn symbol_kind(node: Node<'a, 'a>) -> &'a str {
        node.attribute("definitionURL").and_then(|url| url.rsplit('/').next()).unwrap_or("").trim()
    }

    fn csymbol(&mut self, node: Node<'a, 'a>) -> Placed {
        match Self::symbol_kind(node) {
            "time" => self.add(node, Expression::Time, &[]),
            "avogadro" => self.add(node, Expression::Number(AVOGADRO), &[]),
            other => {
                let message = format!("the symbol `{other}` is not a value");
                self.refuse(node, message, "SBML has `time` and `avogadro`")
            }
        }
    }

    fn piecewise(&mut self, node: Node<'a, 'a>, scope: Scope<'_, 'a>) -> Placed {
        let mut cases = Vec::new();
        let mut otherwise = None;
        let mut children = Vec::new();
        for part in elements(node) {
            let mut placed = Vec::new();
            for inner in elements(part) {
                placed.push(self.place(inner, scope)?);
            }
            children.extend(placed.iter().copied());
            match (part.tag_name().name(), &placed[..]) {
                ("piece", [value, condition]) => cases.push((*value, *condition)),
                ("otherwise", [value]) if otherwise.is_none() => otherwise = Some(*value),
                (name, _) => {
                    let message = format!("this `{name}` does not fit into `piecewise`");
                    let help = "a `piece` holds a value and a condition, `otherwise` a value";
                    return self.refuse(part, message, help);
                }
            }
        }
        let otherwise = match otherwise {
            Some(value) => value,
            None => self.add(node, Expression::Number(f64::NAN), &[])?,
        };
        children.push(otherwise);
        if cases.is_empty() {
            return Ok(otherwise);
        }
        self.add(node, Expression::Piecewise { cases, otherwise }, &children)
    }

    fn apply(&mut self, node: Node<'a, 'a>, scope: Scope<'_, 'a>) -> Placed {
        let mut parts = elements(node);
        let Some(operator) = parts.next() else {
            return self.refuse(
                node,
                "`apply` is empty".into(),
                "write an operation and its arguments",
            );
        };
        let arguments: Vec<Node<'a, 'a>> = parts.collect();
        match operator.tag_name().name() {
            "ci" => self.call(operator, &arguments, scope),
            "csymbol" => self.rate_of(operator, &arguments, scope),
            name => {
                let is_qualifier =
                    |part: &Node<'a, 'a>| matches!(part.tag_name().name(), "degree" | "logbase");
                let (qualifiers, values): (Vec<Node<'a, 'a>>, Vec<Node<'a, 'a>>) =
                    arguments.into_iter().partition(is_qualifier);
                if let Some((_, operation, empty)) =
                    JOINED.iter().find(|(known, ..)| *known == name)
                {
                    return self.joined(operator, *operation, *empty, &values, scope);
                }
                let mut placed = Vec::with_capacity(values.len());
                for value in values {
                    placed.push(self.place(value, scope)?);
                }
                let qualifier = qualifiers.first().and_then(|part| elements(*part).next());
                let qualifier = qualifier.map(|part| self.place(part, scope)).transpose()?;
                self.operation(operator, name, &placed, qualifier)
            }
        }
    }

    /// Arguments joined from the left, each placed right before it is joined, as in text.
    fn joined(
        &mut self,
        at: Node<'a, 'a>,
        operation: Binary,
        empty: Option<f64>,
        values: &[Node<'a, 'a>],
        scope: Scope<'_, 'a>,
    ) -> Placed {
        let Some((first, rest)) = values.split_first() else {
            return match empty {
                Some(empty) => self.add(at, Expression::Number(empty), &[]),
                None => self.no_operation(at, at.tag_name().name(), 0),
            };
        };
        let mut joined = self.place(*first, scope)?;
        let (mut groups, mut count) = (Vec::new(), 1);
        for value in rest {
            let next = self.place(*value, scope)?;
            if count == GROUP {
                groups.push(std::mem::replace(&mut joined, next));
                count = 1;
            } else {
                joined = self.join(at, operation, joined, next)?;
                count += 1;
            }
        }
        let mut groups = groups.into_iter().rev();
        groups.try_fold(joined, |after, group| self.join(at, operation, group, after))
    }

    fn operation(
        &mut self,
        at: Node<'a, 'a>,
        name: &str,
        values: &[ExpressionId],
        qualifier: Option<ExpressionId>,
    ) -> Placed {
        match (name, values) {
            ("minus", [x]) => self.of(at, Unary::Negate, *x),
            ("minus", [a, b]) => self.join(at, Binary::Subtract, *a, *b),
            ("root", [x]) => self.root_of(at, *x, qualifier),
            ("log", [x]) => self.log(at, *x, qualifier),
            ("implies", [a, b]) => {
                let not = self.of(at, Unary::Not, *a)?;
                self.join(at, Binary::Or, not, *b)
            }
            (_, [x]) if find(&UNARY, name).is_some() => {
                self.of(at, find(&UNARY, name).unwrap_or(Unary::Abs), *x)
            }
            (_, [x]) if find(&RECIPROCAL, name).is_some() => {
                let one = self.add(at, Expression::Number(1.0), &[])?;
                let below = self.of(at, find(&RECIPROCAL, name).unwrap_or(Unary::Abs), *x)?;
                self.join(at, Binary::Divide, one, below)
            }
            (_, [x]) if find(&OF_RECIPROCAL, name).is_some() => {
                let one = self.add(at, Expression::Number(1.0), &[])?;
                let inner = self.join(at, Binary::Divide, one, *x)?;
                self.of(at, find(&OF_RECIPROCAL, name).unwrap_or(Unary::Abs), inner)
            }
            (_, [a, b]) if find(&BINARY, name).is_some() => {
                self.join(at, find(&BINARY, name).unwrap_or(Binary::Add), *a, *b)
            }
            (_, [_, _, ..]) if find(&COMPARISONS, name).is_some() => {
                self.compared(at, name, values)
            }
            _ => self.no_operation(at, name, values.len()),
        }
    }

    fn no_operation(&mut self, at: Node<'a, 'a>, name: &str, count: usize) -> Placed {
        if names().any(|known| known == name) {
            let s = if count == 1 { "" } else { "s" };
            let message = format!("`{name}` does not take {count} argument{s}");
            return self.refuse(at, message, "give it as many as MathML says");
        }
        let help = did_you_mean(name, names())
            .unwrap_or_else(|| "SBML reads a subset of MathML 2: see its section 3.4".into());
        self.refuse(at, format!("no operation is called `{name}`"), help)
    }

    /// The root of a degree; the second without one.
    fn root_of(
        &mut self,
        at: Node<'a, 'a>,
        x: ExpressionId,
        degree: Option<ExpressionId>,
    ) -> Placed {
        let Some(degree) = degree else { return self.of(at, Unary::Sqrt, x) };
        if matches!(self.model.expressions[degree.0 as usize], Expression::Number(n) if n.to_bits() == 2.0_f64.to_bits())
        {
            return self.of(at, Unary::Sqrt, x);
        }
        let one = self.add(at, Expression::Number(1.0), &[])?;
        let exponent = self.join(at, Binary::Divide, one, degree)?;
        self.join(at, Binary::Power, x, exponent)
    }

    /// The logarithm to a base; to 10 without one.
    fn log(&mut self, at: Node<'a, 'a>, x: ExpressionId, base: Option<ExpressionId>) -> Placed {
        let Some(base) = base else { return self.of(at, Unary::Log10, x) };
        if matches!(self.model.expressions[base.0 as usize], Expression::Number(n) if n.to_bits() == 10.0_f64.to_bits())
        {
            return self.of(at, Unary::Log10, x);
        }
        let (above, below) = (self.of(at, Unary::Ln, x)?, self.of(at, Unary::Ln, base)?);
        self.join(at, Binary::Divide, above, below)
    }

    /// a < b < c is a < b and b < c.
    fn compared(&mut self, at: Node<'a, 'a>, name: &str, values: &[ExpressionId]) -> Placed {
        let operation = find(&COMPARISONS, name).unwrap_or(Binary::Equal);
        let mut all: Option<ExpressionId> = None;
        for pair in values.windows(2) {
            let next = self.join(at, operation, pair[0], pair[1])?;
            all = Some(match all {
                Some(all) => self.join(at, Binary::And, all, next)?,
                None => next,
            });
        }
        all.ok_or(NotRead)
    }

    /// A function of the text in place.
    fn call(
        &mut self,
        at: Node<'a, 'a>,
        arguments: &[Node<'a, 'a>],
        scope: Scope<'_, 'a>,
    ) -> Placed {
        let name = at.text().unwrap_or_default().trim();
        let Some(function) = self.functions.get(name).cloned() else {
            let help = did_you_mean(name, self.functions.keys().copied())
                .unwrap_or_else(|| "define it in `listOfFunctionDefinitions`".into());
            return self.refuse(at, format!("no function is called `{name}`"), help);
        };
        if scope.calls.contains(&name) {
            let message = format!("the function `{name}` calls itself");
            return self.refuse(at, message, "write a formula that ends");
        }
        if function.arguments.len() != arguments.len() {
            let s = if arguments.len() == 1 { "" } else { "s" };
            let message = format!("`{name}` does not take {} argument{s}", arguments.len());
            let help = format!("it is `{name}({})`", function.arguments.join(", "));
            return self.refuse(at, message, help);
        }
        let Some(body) = function.body else {
            let message = format!("the function `{name}` has no formula");
            return self.refuse(at, message, "write one after its arguments");
        };
        let mut values = Vec::with_capacity(arguments.len());
        for (argument, value) in function.arguments.iter().zip(arguments) {
            values.push((*argument, self.place(*value, scope)?));
        }
        let calls: Vec<&str> = scope.calls.iter().copied().chain([name]).collect();
        self.place(body, Scope { arguments: &values, calls: &calls, ..scope })
    }

    /// `rateOf(x)`; `delay(x, d)` is refused.
    fn rate_of(
        &mut self,
        at: Node<'a, 'a>,
        arguments: &[Node<'a, 'a>],
        scope: Scope<'_, 'a>,
    ) -> Placed {
        let kind = Self::symbol_kind(at);
        if kind == "delay" {
            let message = "delayed values (`delay`) are not read".to_owned();
            return self.refuse(at, message, "write the delay as a chain of states");
        }
        if kind != "rateOf" {
            let message = format!("the symbol `{kind}` is not a function");
            return self.refuse(at, message, "SBML has `rateOf` and `delay`");
        }
        let [argument] = arguments else {
            return self.refuse(at, "`rateOf` takes one name".into(), "write `<ci> x </ci>`");
        };
        let placed = self.place(*argument, scope)?;
        let Expression::Symbol(id) = self.model.expressions[placed.0 as usize] else {
            return self.refuse(*argument, "`rateOf` takes a name".into(), "write `<ci> x </ci>`");
        };
        if self.symbol(id).kind == Kind::Reaction {
            let message = "a reaction has a rate, not a rate of change".to_owned();
            return self.refuse(*argument, message, "name the reaction itself");
        }
        self.add(at, Expression::RateOf(id), &[])
    }
}
