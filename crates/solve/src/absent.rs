//! What a model's run does without when some of its ports are never used.

use model::{Expression, ExpressionId, Model, Role, SymbolId};

use crate::compile::{Builder, CompileError};

/// Symbols that are zero at every time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Absent(Vec<bool>);

impl Absent {
    /// Whether the symbol is one of them.
    pub(crate) fn has(&self, symbol: SymbolId) -> bool {
        self.0.get(symbol.0 as usize).copied().unwrap_or(false)
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        !self.0.contains(&true)
    }

    fn symbols(&self) -> impl Iterator<Item = SymbolId> {
        (0..self.0.len() as u32).map(SymbolId).filter(|symbol| self.has(*symbol))
    }
}

/// The largest set of states and variables that begin at zero and stay there while the ports
/// `unused`, and they themselves, are zero. Empty when no port is unused.
pub(crate) fn absent(model: &Model, unused: &[SymbolId]) -> Result<Absent, CompileError> {
    if unused.is_empty() {
        return Ok(Absent::default());
    }
    let is_candidate = |slot: usize| {
        let symbol = &model.symbols[slot];
        let may_move = match symbol.role {
            Role::State(_) => true,
            Role::Variable => {
                let id = SymbolId(slot as u32);
                unused.contains(&id) || !model.ports.contains(&id)
            }
            Role::Constant | Role::Assigned(_) => false,
        };
        may_move && symbol.initial.is_some_and(|initial| is_zero(model, initial))
    };
    let mut absent = Absent((0..model.symbols.len()).map(is_candidate).collect());
    loop {
        let moved = moved(model, &absent)?;
        if moved.is_empty() {
            return Ok(absent);
        }
        for symbol in moved {
            absent.0[symbol.0 as usize] = false;
        }
    }
}

fn is_zero(model: &Model, expression: ExpressionId) -> bool {
    matches!(model.expressions[expression.0 as usize], Expression::Number(value) if value == 0.0)
}

/// Those of the symbols that do not stay at zero when all of them are zero: by their rate, or by an
/// event that may happen.
fn moved(model: &Model, absent: &Absent) -> Result<Vec<SymbolId>, CompileError> {
    let mut builder = Builder::new(model, absent);
    builder.assign()?;
    let mut moved = Vec::new();
    for symbol in absent.symbols() {
        if let Role::State(rate) = model.symbols[symbol.0 as usize].role {
            let rate = builder.node(rate)?;
            if builder.graph.number(rate) != Some(0.0) {
                moved.push(symbol);
            }
        }
    }
    for event in &model.events {
        let trigger = builder.node(event.trigger)?;
        if builder.graph.number(trigger) == Some(0.0) {
            continue;
        }
        for &(symbol, value) in event.assignments.iter().filter(|(symbol, _)| absent.has(*symbol)) {
            let value = builder.node(value)?;
            if builder.graph.number(value) != Some(0.0) {
                moved.push(symbol);
            }
        }
    }
    Ok(moved)
}
