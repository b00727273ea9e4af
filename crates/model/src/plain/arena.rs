//! Expressions put in order again, with rates in place of questions for rates.

use crate::ir::{Expression, ExpressionId, Model, Role};
use crate::problem::ReadProblem;

/// The model with `rates` (by number of symbol) in place of [`Expression::RateOf`], and with every
/// expression after those it uses. The problem is a rate of change that needs itself.
pub(super) fn sorted(
    mut model: Model,
    rates: &[Option<ExpressionId>],
) -> Result<Model, ReadProblem> {
    if model.expressions.iter().all(|e| !matches!(e, Expression::RateOf(_))) {
        return Ok(model);
    }
    let mut copier = Copier {
        rates,
        from: std::mem::take(&mut model.expressions),
        spans: std::mem::take(&mut model.spans),
        places: Vec::new(),
        open: Vec::new(),
        to: Model::default(),
    };
    copier.places = vec![None; copier.from.len()];
    copier.open = vec![false; copier.from.len()];
    for symbol in &mut model.symbols {
        if let Some(initial) = &mut symbol.initial {
            *initial = copier.place(*initial)?;
        }
        if let Role::State(id) | Role::Assigned(id) = &mut symbol.role {
            *id = copier.place(*id)?;
        }
    }
    for event in &mut model.events {
        event.trigger = copier.place(event.trigger)?;
        for formula in event.delay.iter_mut().chain(&mut event.priority) {
            *formula = copier.place(*formula)?;
        }
        for (_, formula) in &mut event.assignments {
            *formula = copier.place(*formula)?;
        }
    }
    model.expressions = copier.to.expressions;
    model.spans = copier.to.spans;
    Ok(model)
}

struct Copier<'a> {
    rates: &'a [Option<ExpressionId>],
    from: Vec<Expression>,
    spans: Vec<crate::ir::Span>,
    /// Where each expression stands now.
    places: Vec<Option<ExpressionId>>,
    /// Expressions whose children are being placed.
    open: Vec<bool>,
    to: Model,
}

impl Copier<'_> {
    /// Depth-first, without recursion.
    fn place(&mut self, root: ExpressionId) -> Result<ExpressionId, ReadProblem> {
        let mut waiting = vec![root];
        while let Some(&id) = waiting.last() {
            let at = id.0 as usize;
            if self.places[at].is_some() {
                waiting.pop();
                continue;
            }
            let children = self.children(id);
            let missing: Vec<ExpressionId> =
                children.into_iter().filter(|c| self.places[c.0 as usize].is_none()).collect();
            if missing.is_empty() {
                self.copy(id);
                waiting.pop();
                continue;
            }
            if std::mem::replace(&mut self.open[at], true) {
                let message = "a rate of change needs itself".to_owned();
                let help = "`rateOf(x)` cannot stand in the rate of `x`".into();
                return Err(ReadProblem { span: self.spans[at], message, help });
            }
            waiting.extend(missing.into_iter().rev());
        }
        Ok(self.at(root))
    }

    fn at(&self, id: ExpressionId) -> ExpressionId {
        self.places[id.0 as usize].expect("children are placed first")
    }

    fn children(&self, id: ExpressionId) -> Vec<ExpressionId> {
        match &self.from[id.0 as usize] {
            Expression::Number(_) | Expression::Symbol(_) | Expression::Time => Vec::new(),
            Expression::RateOf(symbol) => self.rates[symbol.0 as usize].into_iter().collect(),
            Expression::Unary(_, inner) => vec![*inner],
            Expression::Binary(_, left, right) => vec![*left, *right],
            Expression::Piecewise { cases, otherwise } => {
                let pairs = cases.iter().flat_map(|(value, condition)| [*value, *condition]);
                pairs.chain([*otherwise]).collect()
            }
        }
    }

    fn copy(&mut self, id: ExpressionId) {
        let expression = match self.from[id.0 as usize].clone() {
            Expression::RateOf(symbol) => {
                let rate = self.rates[symbol.0 as usize].expect("every rate asked for is known");
                self.places[id.0 as usize] = Some(self.at(rate));
                return;
            }
            Expression::Unary(operation, inner) => Expression::Unary(operation, self.at(inner)),
            Expression::Binary(operation, left, right) => {
                Expression::Binary(operation, self.at(left), self.at(right))
            }
            Expression::Piecewise { cases, otherwise } => {
                let pair = |(value, condition)| (self.at(value), self.at(condition));
                let cases = cases.into_iter().map(pair).collect();
                Expression::Piecewise { cases, otherwise: self.at(otherwise) }
            }
            leaf => leaf,
        };
        self.places[id.0 as usize] = Some(ExpressionId(self.to.expressions.len() as u32));
        self.to.expressions.push(expression);
        self.to.spans.push(self.spans[id.0 as usize]);
    }
}
