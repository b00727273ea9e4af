//! In which order assigned symbols, and values at the start, can be worked out.

use crate::ir::{Expression, ExpressionId, Model, Role, SymbolId};

/// The assigned symbols, each after those it uses; or the symbols of a circle, in order.
pub(crate) fn assignments(model: &Model) -> Result<Vec<SymbolId>, Vec<SymbolId>> {
    let formula = |id: SymbolId| match model.symbols[id.0 as usize].role {
        Role::Assigned(formula) => Some(formula),
        _ => None,
    };
    let mut order = sorted(model, formula)?;
    order.retain(|id| formula(*id).is_some());
    Ok(order)
}

/// All symbols, each after those that its value at the start uses; or the symbols of a circle.
pub(crate) fn start(model: &Model) -> Result<Vec<SymbolId>, Vec<SymbolId>> {
    sorted(model, |id| {
        let symbol = &model.symbols[id.0 as usize];
        match symbol.role {
            Role::Assigned(formula) => Some(formula),
            _ => symbol.initial,
        }
    })
}

/// The symbols that have no number at the start (SBML lets values be left out) among those that a
/// symbol, its rate and its start use, directly or through others. The model is
/// [`plain`](crate::plain()).
pub fn without_value(model: &Model, id: SymbolId) -> Vec<SymbolId> {
    let at = |id: SymbolId| &model.symbols[id.0 as usize];
    let mut found = Vec::new();
    let mut seen = vec![false; model.symbols.len()];
    let mut waiting = vec![id];
    if let Role::State(rate) = at(id).role {
        waiting.extend(used(model, rate));
    }
    while let Some(next) = waiting.pop() {
        if std::mem::replace(&mut seen[next.0 as usize], true) {
            continue;
        }
        let formula = match at(next).role {
            Role::Assigned(formula) => Some(formula),
            _ => at(next).initial,
        };
        let Some(formula) = formula else { continue };
        match model.expressions[formula.0 as usize] {
            Expression::Number(value) if value.is_nan() => found.push(next),
            _ => waiting.extend(used(model, formula)),
        }
    }
    found.sort_unstable();
    found
}

/// The symbols that an expression uses, each once, in order of their numbers.
pub(crate) fn used(model: &Model, expression: ExpressionId) -> Vec<SymbolId> {
    let mut found = Vec::new();
    let mut waiting = vec![expression];
    while let Some(id) = waiting.pop() {
        match &model.expressions[id.0 as usize] {
            Expression::Number(_) | Expression::Time | Expression::RateOf(_) => {}
            Expression::Symbol(symbol) => found.push(*symbol),
            Expression::Unary(_, inner) => waiting.push(*inner),
            Expression::Binary(_, left, right) => waiting.extend([*left, *right]),
            Expression::Piecewise { cases, otherwise } => {
                waiting.extend(cases.iter().flat_map(|(value, condition)| [*value, *condition]));
                waiting.push(*otherwise);
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    New,
    Open,
    Done,
}

/// Depth-first, without recursion: a long chain of symbols must not exhaust the stack.
fn sorted(
    model: &Model,
    formula: impl Fn(SymbolId) -> Option<ExpressionId>,
) -> Result<Vec<SymbolId>, Vec<SymbolId>> {
    let needs = |id: SymbolId| formula(id).map_or_else(Vec::new, |formula| used(model, formula));
    let mut marks = vec![Mark::New; model.symbols.len()];
    let mut order = Vec::with_capacity(model.symbols.len());
    for first in (0..model.symbols.len()).map(|i| SymbolId(i as u32)) {
        if marks[first.0 as usize] != Mark::New {
            continue;
        }
        marks[first.0 as usize] = Mark::Open;
        let mut path = vec![(first, needs(first), 0)];
        while let Some((id, needed, next)) = path.last_mut() {
            let Some(&need) = needed.get(*next) else {
                marks[id.0 as usize] = Mark::Done;
                order.push(*id);
                path.pop();
                continue;
            };
            *next += 1;
            match marks[need.0 as usize] {
                Mark::Done => {}
                Mark::New => {
                    marks[need.0 as usize] = Mark::Open;
                    path.push((need, needs(need), 0));
                }
                Mark::Open => {
                    let circle = path.iter().map(|(id, _, _)| *id);
                    return Err(circle.skip_while(|id| *id != need).collect());
                }
            }
        }
    }
    Ok(order)
}
