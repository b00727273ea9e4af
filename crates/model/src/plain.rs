//! A model with reactions, species and compartments as a model of rules alone.
//!
//! Hucka et al., SBML Level 3 Version 2 Core, sections 4.6 to 4.11. The amount of a species changes by
//! its stoichiometry times the rate of each reaction. Where a compartment's size changes, the amount
//! of what is in it stays, so the amount becomes a state and the concentration a rule.

mod arena;

use std::borrow::Cow;

use crate::ir::{
    Amount, Binary, Expression, ExpressionId, Kind, Model, Participant, Role, Span, Species,
    Symbol, SymbolId, Unary,
};
use crate::order;
use crate::problem::ReadProblem;

/// The model without reactions, rates of change in formulas, or concentrations that follow from an
/// amount: every symbol has a rule of its own. Symbols keep their numbers; amounts that become states
/// are added after them. A model of rules alone is handed back as it is.
///
/// The problem is a rate of change that needs itself, or that of a concentration in a compartment
/// whose size is computed by a rule.
pub fn plain(model: &Model) -> Result<Cow<'_, Model>, ReadProblem> {
    let is_rate = |expression: &Expression| matches!(expression, Expression::RateOf(_));
    let has_rates = model.expressions.iter().any(is_rate);
    let with_amounts = amounts(model);
    if model.reactions.is_empty() && !has_rates && with_amounts.is_empty() {
        return Ok(Cow::Borrowed(model));
    }
    let amounts = vec![None; model.symbols.len()];
    let mut reducer = Reducer { model: model.clone(), amounts, parts: parts(model) };
    for id in with_amounts {
        reducer.add_amount(id);
    }
    for index in 0..reducer.amounts.len() {
        reducer.set_rate(SymbolId(index as u32));
    }
    reducer.set_amounts_in_events();
    let rates = reducer.rates_of_change()?;
    let mut plain = arena::sorted(reducer.model, &rates)?;
    plain.reactions.clear();
    for symbol in &mut plain.symbols {
        symbol.kind = Kind::Parameter;
    }
    match order::assignments(&plain) {
        Ok(order) => plain.assignment_order = order,
        Err(circle) => return Err(circular(&plain, &circle)),
    }
    Ok(Cow::Owned(plain))
}

/// The problem of rules that need each other.
fn circular(model: &Model, circle: &[SymbolId]) -> ReadProblem {
    let symbol = |id: &SymbolId| &model.symbols[id.0 as usize];
    let names: Vec<&str> =
        circle.iter().chain(circle.first()).map(|id| symbol(id).name.as_str()).collect();
    let message = format!("these assignment rules go in a circle: {}", names.join(" -> "));
    let span = circle.first().map_or_else(Span::default, |id| symbol(id).span);
    ReadProblem { span, message, help: "each arrow means `needs`: break one of them".into() }
}

/// The species, if the symbol is one.
fn species(model: &Model, id: SymbolId) -> Option<Species> {
    match model.symbols[id.0 as usize].kind {
        Kind::Species(species) => Some(species),
        _ => None,
    }
}

/// The compartment over whose size the species' amount is taken.
fn room(model: &Model, id: SymbolId) -> Option<SymbolId> {
    let species = species(model, id)?;
    species.compartment.filter(|_| !species.is_amount)
}

/// Whether a symbol's value can change within a run.
fn changes(model: &Model, id: SymbolId) -> bool {
    let role = model.symbols[id.0 as usize].role;
    let sets = |target: &SymbolId| *target == id;
    matches!(role, Role::State(_) | Role::Assigned(_))
        || model.ports.iter().any(sets)
        || model.events.iter().any(|event| event.assignments.iter().any(|(to, _)| sets(to)))
}

/// Species whose amount stays while the size of their compartment changes.
fn amounts(model: &Model) -> Vec<SymbolId> {
    let ids = (0..model.symbols.len()).map(|index| SymbolId(index as u32));
    ids.filter(|id| {
        let Some(room) = room(model, *id) else { return false };
        let is_assigned =
            |id: SymbolId| matches!(model.symbols[id.0 as usize].role, Role::Assigned(_));
        let has_rate = matches!(model.symbols[id.0 as usize].role, Role::State(_));
        // The concentration follows its rule; a size that jumps without an event does not exist.
        let stays = is_assigned(*id) || has_rate && is_assigned(room);
        !stays && changes(model, room)
    })
    .collect()
}

struct Reducer {
    model: Model,
    /// The symbol of each species' amount, where it has one of its own.
    amounts: Vec<Option<SymbolId>>,
    /// The part of each species in reactions.
    parts: Vec<Vec<Part>>,
}

/// A reaction, how many of the species it makes or uses up, and whether it makes it.
type Part = (SymbolId, Amount, bool);

/// The part of each symbol in reactions, in their order.
fn parts(model: &Model) -> Vec<Vec<Part>> {
    let mut parts: Vec<Vec<Part>> = vec![Vec::new(); model.symbols.len()];
    for reaction in &model.reactions {
        let used = reaction.reactants.iter().map(|part| (part, false));
        let made = reaction.products.iter().map(|part| (part, true));
        for (Participant { species, amount }, is_made) in used.chain(made) {
            parts[species.0 as usize].push((reaction.symbol, *amount, is_made));
        }
    }
    parts
}

impl Reducer {
    fn push(&mut self, expression: Expression, span: Span) -> ExpressionId {
        let id = ExpressionId(self.model.expressions.len() as u32);
        self.model.expressions.push(expression);
        self.model.spans.push(span);
        id
    }

    fn symbol(&mut self, id: SymbolId) -> ExpressionId {
        self.push(Expression::Symbol(id), Span::default())
    }

    fn join(&mut self, operation: Binary, left: ExpressionId, right: ExpressionId) -> ExpressionId {
        let span = self.model.spans[left.0 as usize];
        self.push(Expression::Binary(operation, left, right), span)
    }

    fn role(&self, id: SymbolId) -> Role {
        self.model.symbols[id.0 as usize].role
    }

    /// Gives a concentration an amount, from which it is computed.
    fn add_amount(&mut self, id: SymbolId) {
        let Some(room) = room(&self.model, id) else { return };
        let amount = SymbolId(self.model.symbols.len() as u32);
        let (size, at_start) = (self.symbol(room), self.symbol(amount));
        let concentration = self.join(Binary::Divide, at_start, size);
        let symbol = self.model.symbols[id.0 as usize].clone();
        let initial = symbol.initial.map(|initial| self.join(Binary::Multiply, initial, size));
        let role = match symbol.role {
            Role::State(rate) => {
                // (x C)' = x' C + x C'
                let mut total = self.join(Binary::Multiply, rate, size);
                if let Role::State(growth) = self.role(room) {
                    let value = self.symbol(id);
                    let diluted = self.join(Binary::Multiply, value, growth);
                    total = self.join(Binary::Add, total, diluted);
                }
                Role::State(total)
            }
            role => role,
        };
        self.model.symbols.push(Symbol {
            name: format!("amount of {}", symbol.name),
            kind: Kind::Parameter,
            title: None,
            unit: None,
            role,
            initial,
            span: symbol.span,
        });
        let species = &mut self.model.symbols[id.0 as usize];
        species.role = Role::Assigned(concentration);
        species.initial = None;
        self.amounts[id.0 as usize] = Some(amount);
    }

    /// Gives a species that reactions change its rate.
    fn set_rate(&mut self, id: SymbolId) {
        let Some(species) = species(&self.model, id) else { return };
        let amount = self.amounts[id.0 as usize];
        let follows_rule = match amount {
            Some(amount) => matches!(self.role(amount), Role::State(_)),
            None => matches!(self.role(id), Role::State(_) | Role::Assigned(_)),
        };
        let is_constant = self.role(amount.unwrap_or(id)) == Role::Constant;
        if species.is_boundary || follows_rule || is_constant {
            return;
        }
        let Some(mut rate) = self.change_by_reactions(id) else { return };
        if amount.is_none()
            && let Some(room) = room(&self.model, id)
        {
            let size = self.symbol(room);
            rate = self.join(Binary::Divide, rate, size);
        }
        self.model.symbols[amount.unwrap_or(id).0 as usize].role = Role::State(rate);
    }

    /// The sum over reactions of stoichiometry times rate.
    fn change_by_reactions(&mut self, id: SymbolId) -> Option<ExpressionId> {
        let mut total: Option<ExpressionId> = None;
        for (reaction, amount, is_made) in std::mem::take(&mut self.parts[id.0 as usize]) {
            if !matches!(self.role(reaction), Role::Assigned(_)) {
                continue;
            }
            let flow = self.flow(reaction, amount);
            total = Some(match (total, is_made) {
                (Some(total), true) => self.join(Binary::Add, total, flow),
                (Some(total), false) => self.join(Binary::Subtract, total, flow),
                (None, true) => flow,
                (None, false) => {
                    let span = self.model.spans[flow.0 as usize];
                    self.push(Expression::Unary(Unary::Negate, flow), span)
                }
            });
        }
        total
    }

    fn flow(&mut self, reaction: SymbolId, amount: Amount) -> ExpressionId {
        let rate = self.symbol(reaction);
        let number = match amount {
            Amount::Number(1.0) => return rate,
            Amount::Number(number) => self.push(Expression::Number(number), Span::default()),
            Amount::Symbol(symbol) => self.symbol(symbol),
        };
        self.join(Binary::Multiply, number, rate)
    }

    /// An event that sets such a concentration sets the amount, for the size that the compartment has
    /// just before it happens.
    fn set_amounts_in_events(&mut self) {
        for index in 0..self.model.events.len() {
            let given = self.model.events[index].assignments.clone();
            let mut set = Vec::with_capacity(given.len());
            let mut sizes = Vec::new();
            for (position, &(target, formula)) in given.iter().enumerate() {
                let amount = self.amounts.get(target.0 as usize).copied().flatten();
                let (Some(amount), Some(room)) = (amount, room(&self.model, target)) else {
                    set.push((target, formula));
                    continue;
                };
                sizes.push((position, room));
                set.push((amount, formula));
            }
            self.model.events[index].assignments = set;
            self.model.events[index].sizes = sizes;
        }
    }

    /// The rate of change of each symbol that a formula asks for.
    fn rates_of_change(&mut self) -> Result<Vec<Option<ExpressionId>>, ReadProblem> {
        let mut rates = vec![None; self.model.symbols.len()];
        for index in 0..self.model.expressions.len() {
            let Expression::RateOf(id) = self.model.expressions[index] else { continue };
            if rates[id.0 as usize].is_none() {
                rates[id.0 as usize] = Some(self.rate_of(id, self.model.spans[index])?);
            }
        }
        Ok(rates)
    }

    fn rate_of(&mut self, id: SymbolId, span: Span) -> Result<ExpressionId, ReadProblem> {
        let role = self.role(id);
        let (Some(amount), Some(room)) =
            (self.amounts.get(id.0 as usize).copied().flatten(), room(&self.model, id))
        else {
            return match role {
                Role::State(rate) => Ok(rate),
                Role::Constant | Role::Variable => Ok(self.push(Expression::Number(0.0), span)),
                Role::Assigned(_) => Err(self.no_rate(id, span)),
            };
        };
        // (A/C)' = (A' - (A/C) C')/C
        let mut total = match self.role(amount) {
            Role::State(rate) => rate,
            _ => self.push(Expression::Number(0.0), span),
        };
        match self.role(room) {
            Role::State(growth) => {
                let value = self.symbol(id);
                let diluted = self.join(Binary::Multiply, value, growth);
                total = self.join(Binary::Subtract, total, diluted);
            }
            Role::Assigned(_) => return Err(self.no_rate(id, span)),
            Role::Constant | Role::Variable => {}
        }
        let size = self.symbol(room);
        Ok(self.join(Binary::Divide, total, size))
    }

    fn no_rate(&self, id: SymbolId, span: Span) -> ReadProblem {
        let name = &self.model.symbols[id.0 as usize].name;
        let message =
            format!("the rate of change of `{name}`, which a rule computes, is not known");
        ReadProblem { span, message, help: "ask for the rate of what the rule uses".into() }
    }
}
