//! Whether the two sides of every sum, comparison and rule have the same unit.
//!
//! - A number as written has no unit of its own: in products it is dimensionless, in sums,
//!   comparisons and values it takes the unit of the other side.
//! - A symbol without `has` fits everything and is listed; an assigned one takes its formula's unit.
//! - Sizes are compared too (mg against g), until a number other than 1 or -1 multiplies: it may be
//!   the conversion, and from there on only dimensions count.
//! - Time has the unit called `time_unit`, if the model defines it.

use super::MEASURES;
use crate::antimony::formula;
use crate::ir::{Binary, Expression, ExpressionId, Model, Role, Span, SymbolId, Unary, Unit};

/// Two sides that do not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{}: {message}", span.line, span.column)]
pub struct DimensionProblem {
    /// Where the formula or the part of it stands.
    pub span: Span,
    /// Both sides and their units.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// What the check of a model's units found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checked {
    /// Sides that do not fit, in the order of the text.
    pub problems: Vec<DimensionProblem>,
    /// Symbols without a unit, which fit everything.
    pub undeclared: Vec<SymbolId>,
}

/// Checks the units of every formula of a model.
pub fn check(model: &Model) -> Checked {
    let mut checker = Checker {
        model,
        known: vec![None; model.expressions.len()],
        assigned: vec![None; model.symbols.len()],
        problems: Vec::new(),
    };
    for id in &model.assignment_order {
        checker.rule(*id);
    }
    for index in 0..model.symbols.len() {
        let id = SymbolId(index as u32);
        let symbol = &model.symbols[index];
        if let Some(initial) = symbol.initial {
            checker.equation(id, initial, false);
        }
        if let Role::State(formula) = symbol.role {
            checker.equation(id, formula, true);
        }
    }
    for event in &model.events {
        checker.unit(event.trigger);
        for (id, formula) in &event.assignments {
            checker.equation(*id, *formula, false);
        }
    }
    let mut problems = checker.problems;
    problems.sort_by_key(|problem| (problem.span.line, problem.span.column));
    let without = model.symbols.iter().enumerate().filter(|(_, symbol)| symbol.unit.is_none());
    let undeclared = without.map(|(i, _)| SymbolId(i as u32)).collect();
    Checked { problems, undeclared }
}

/// What is known of an expression's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// Something in it has no unit.
    Unknown,
    /// Numbers only; the value, as long as it is one number.
    Number(Option<f64>),
    /// Exponents of the base dimensions, and the size if no number may have converted it.
    Known([f64; 8], Option<f64>),
}

/// A pure number that is the outcome of a function.
const PURE: Kind = Kind::Known([0.0; 8], Some(1.0));

struct Checker<'a> {
    model: &'a Model,
    known: Vec<Option<Kind>>,
    assigned: Vec<Option<Kind>>,
    problems: Vec<DimensionProblem>,
}

impl Checker<'_> {
    fn span(&self, id: ExpressionId) -> Span {
        self.model.spans[id.0 as usize]
    }

    fn declared(&self, id: SymbolId) -> Option<Kind> {
        let name = self.model.symbols[id.0 as usize].unit.as_ref()?;
        self.model.units.get(name).map(kind_of)
    }

    fn symbol(&self, id: SymbolId) -> Kind {
        self.declared(id).or(self.assigned[id.0 as usize]).unwrap_or(Kind::Unknown)
    }

    fn time(&self) -> Kind {
        self.model.units.get("time_unit").map_or(Kind::Unknown, kind_of)
    }

    /// An assignment rule; without `has` the symbol takes the unit of its formula.
    fn rule(&mut self, id: SymbolId) {
        let Role::Assigned(formula) = self.model.symbols[id.0 as usize].role else { return };
        if self.declared(id).is_some() {
            self.equation(id, formula, false);
            return;
        }
        self.assigned[id.0 as usize] = match self.unit(formula) {
            Kind::Number(_) => None,
            kind => Some(kind),
        };
    }

    /// `symbol = formula`, or `symbol' = formula`.
    fn equation(&mut self, id: SymbolId, formula_id: ExpressionId, is_rate: bool) {
        let found = self.unit(formula_id);
        let mut wanted = self.symbol(id);
        if is_rate {
            let second = Kind::Known([0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0], None);
            let time = if self.time() == Kind::Unknown { second } else { self.time() };
            wanted = product(wanted, time, -1.0);
        }
        if let Some(difference) = difference(wanted, found) {
            let name = &self.model.symbols[id.0 as usize].name;
            let what = if is_rate { format!("the rate of `{name}`") } else { format!("`{name}`") };
            let message = format!(
                "{what} is in {}, its formula `{}` in {}{difference}",
                self.words(wanted),
                shortened(formula(self.model, formula_id)),
                self.words(found)
            );
            self.note(formula_id, message);
        }
    }

    fn note(&mut self, id: ExpressionId, message: String) {
        let help = "check the units of the symbols, or what is missing in the formula".into();
        self.problems.push(DimensionProblem { span: self.span(id), message, help });
    }

    /// The unit of an expression, worked out once.
    fn unit(&mut self, id: ExpressionId) -> Kind {
        if let Some(kind) = self.known[id.0 as usize] {
            return kind;
        }
        let model = self.model;
        let kind = match &model.expressions[id.0 as usize] {
            Expression::Number(value) => Kind::Number(Some(*value)),
            Expression::Symbol(symbol) => self.symbol(*symbol),
            Expression::Time => self.time(),
            Expression::RateOf(symbol) => product(self.symbol(*symbol), self.time(), -1.0),
            Expression::Unary(operation, inner) => self.unary(*operation, *inner),
            Expression::Binary(operation, left, right) => self.binary(*operation, *left, *right),
            Expression::Piecewise { cases, otherwise } => {
                for (_, condition) in cases {
                    self.unit(*condition);
                }
                let mut values = cases.iter().map(|(value, _)| *value).chain([*otherwise]);
                let first = values.next().expect("a last value is always there");
                values.fold(self.unit(first), |_, next| self.same(first, next))
            }
        };
        self.known[id.0 as usize] = Some(kind);
        kind
    }

    fn unary(&mut self, operation: Unary, inner: ExpressionId) -> Kind {
        let kind = self.unit(inner);
        match operation {
            Unary::Negate => match kind {
                Kind::Number(value) => Kind::Number(value.map(|value| -value)),
                kind => kind,
            },
            Unary::Abs | Unary::Floor | Unary::Ceiling | Unary::Factorial => kind,
            Unary::Sqrt => raised(kind, 0.5),
            Unary::Not => PURE,
            Unary::Exp
            | Unary::Ln
            | Unary::Log10
            | Unary::Sin
            | Unary::Cos
            | Unary::Tan
            | Unary::Tanh
            | Unary::Sinh
            | Unary::Cosh
            | Unary::Arcsin
            | Unary::Arccos
            | Unary::Arctan
            | Unary::Arcsinh
            | Unary::Arccosh
            | Unary::Arctanh => {
                self.pure(inner, "the argument");
                PURE
            }
        }
    }

    /// Notes a problem unless the expression is a pure number.
    fn pure(&mut self, id: ExpressionId, what: &str) {
        let kind = self.unit(id);
        if let Some(difference) = difference(PURE, kind) {
            let message = format!(
                "{what} `{}` must be a pure number, but is in {}{difference}",
                shortened(formula(self.model, id)),
                self.words(kind)
            );
            self.note(id, message);
        }
    }

    fn binary(&mut self, operation: Binary, left: ExpressionId, right: ExpressionId) -> Kind {
        match operation {
            Binary::Add
            | Binary::Subtract
            | Binary::Minimum
            | Binary::Maximum
            | Binary::Remainder => self.same(left, right),
            Binary::Multiply => product(self.unit(left), self.unit(right), 1.0),
            Binary::Divide | Binary::Quotient => product(self.unit(left), self.unit(right), -1.0),
            Binary::Power => {
                let base = self.unit(left);
                self.pure(right, "the exponent");
                match (base, self.unit(right)) {
                    (Kind::Number(_), Kind::Number(_)) => Kind::Number(None),
                    (base, Kind::Number(Some(power))) => raised(base, power),
                    (Kind::Known(exponents, _), _) if alike(exponents, [0.0; 8]) => {
                        Kind::Known(exponents, None)
                    }
                    _ => Kind::Unknown,
                }
            }
            Binary::Less
            | Binary::LessOrEqual
            | Binary::Greater
            | Binary::GreaterOrEqual
            | Binary::Equal
            | Binary::NotEqual => {
                self.same(left, right);
                PURE
            }
            Binary::And | Binary::Or | Binary::Xor => {
                self.unit(left);
                self.unit(right);
                PURE
            }
        }
    }

    /// Two sides that must have one unit; gives what is known of it.
    fn same(&mut self, left: ExpressionId, right: ExpressionId) -> Kind {
        let (a, b) = (self.unit(left), self.unit(right));
        if let Some(difference) = difference(a, b) {
            let message = format!(
                "`{}` is in {}, `{}` in {}{difference}",
                shortened(formula(self.model, left)),
                self.words(a),
                shortened(formula(self.model, right)),
                self.words(b)
            );
            self.note(right, message);
            return Kind::Unknown;
        }
        match (a, b) {
            (Kind::Number(_), Kind::Number(_)) => Kind::Number(None),
            (Kind::Known(exponents, x), Kind::Known(_, y)) => Kind::Known(exponents, x.or(y)),
            (Kind::Known(..), _) => a,
            (_, Kind::Known(..)) => b,
            _ => Kind::Unknown,
        }
    }

    /// A unit in the words of the model where it has them, and what it measures.
    fn words(&self, kind: Kind) -> String {
        let Kind::Known(exponents, size) = kind else { return "no unit".into() };
        let measures = measures(exponents);
        let named = size.and_then(|size| {
            let mut units = self.model.units.iter();
            units.find(|(_, unit)| {
                alike(exponents, unit.exponents.map(f64::from)) && near(size, unit.factor)
            })
        });
        named.map_or(measures.clone(), |(name, _)| format!("{name} ({measures})"))
    }
}

fn kind_of(unit: &Unit) -> Kind {
    Kind::Known(unit.exponents.map(f64::from), Some(unit.factor))
}

/// `left * right^power` for a power of 1 or -1.
fn product(left: Kind, right: Kind, power: f64) -> Kind {
    let sign_only = |value: Option<f64>| value.is_some_and(|value| near(value.abs(), 1.0));
    match (left, right) {
        (Kind::Unknown, _) | (_, Kind::Unknown) => Kind::Unknown,
        (Kind::Number(_), Kind::Number(_)) => Kind::Number(None),
        (Kind::Known(exponents, size), Kind::Number(value)) => {
            Kind::Known(exponents, size.filter(|_| sign_only(value)))
        }
        (Kind::Number(value), Kind::Known(exponents, size)) => {
            let size = size.filter(|_| sign_only(value)).map(|size| libm::pow(size, power));
            Kind::Known(exponents.map(|exponent| power * exponent), size)
        }
        (Kind::Known(mut exponents, size), Kind::Known(more, other)) => {
            for (exponent, more) in exponents.iter_mut().zip(more) {
                *exponent += power * more;
            }
            let size = size.zip(other).map(|(size, other)| size * libm::pow(other, power));
            Kind::Known(exponents, size)
        }
    }
}

fn raised(kind: Kind, power: f64) -> Kind {
    match kind {
        Kind::Unknown => Kind::Unknown,
        Kind::Number(_) => Kind::Number(None),
        Kind::Known(exponents, size) => Kind::Known(
            exponents.map(|exponent| exponent * power),
            size.map(|size| libm::pow(size, power)),
        ),
    }
}

/// Sizes come out of products and roots, so they are compared to nine digits.
fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

/// Whether exponents are the same; they are small whole numbers or fractions.
fn alike(a: [f64; 8], b: [f64; 8]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9)
}

/// Why two units do not fit: `Some` and, if only their sizes differ, by how much.
fn difference(a: Kind, b: Kind) -> Option<String> {
    let (Kind::Known(left, size), Kind::Known(right, other)) = (a, b) else { return None };
    if !alike(left, right) {
        return Some(String::new());
    }
    let (size, other) = size.zip(other)?;
    (!near(size, other)).then(|| {
        let ratio = if size > other { size / other } else { other / size };
        format!("; one is {} times the other", super::number((ratio * 1e6).round() / 1e6))
    })
}

/// What exponents measure, in words.
fn measures(exponents: [f64; 8]) -> String {
    let whole = exponents.map(|exponent| exponent.round() as i8);
    if alike(exponents, whole.map(f64::from)) {
        return Unit { factor: 1.0, exponents: whole }.dimension();
    }
    let parts = MEASURES.iter().zip(exponents).filter(|(_, exponent)| exponent.abs() >= 1e-9);
    let parts: Vec<String> = parts.map(|(word, exponent)| format!("{word}^{exponent}")).collect();
    parts.join(" ")
}

/// A long formula by its beginning.
fn shortened(text: String) -> String {
    const LONGEST: usize = 60;
    if text.chars().count() <= LONGEST {
        return text;
    }
    let start: String = text.chars().take(LONGEST - 4).collect();
    format!("{start} ...")
}
