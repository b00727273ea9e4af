//! What each symbol is, from all that the statements say about it.

use crate::antimony::resolve::{Resolver, Said};
use crate::antimony::syntax::{Coefficient, Declared, Term};
use crate::ir::{
    Amount, Binary, Expression, ExpressionId, Kind, Participant, Role, Span, Species, Symbol,
    SymbolId,
};
use crate::nearest::did_you_mean;
use crate::{order, plain};

impl Resolver {
    /// A species of a reaction and how many of it.
    pub(super) fn participant(&mut self, term: &Term) -> Option<Participant> {
        let amount = match &term.amount {
            Coefficient::Number(number) => Amount::Number(*number),
            Coefficient::Name(name) => {
                let id = self.target(name)?;
                self.said(id).as_amount += 1;
                Amount::Symbol(id)
            }
        };
        let species = self.target(&term.species)?;
        let said = self.said(species);
        said.is_species = true;
        said.is_boundary |= term.is_boundary;
        Some(Participant { species, amount })
    }

    /// Decides what each symbol is.
    pub(super) fn set_roles(&mut self, unreadable: &[String]) {
        let has_value = |said: &Said| said.value.is_some() || said.assignment.is_some();
        let symbols = self.model.symbols.iter().zip(&self.said);
        let given: Vec<String> = symbols
            .filter(|(_, said)| has_value(said))
            .map(|(symbol, _)| symbol.name.clone())
            .collect();
        for index in 0..self.model.symbols.len() {
            let said = self.said[index].clone();
            let Symbol { name, span, .. } = self.model.symbols[index].clone();
            if let Some((message, help)) = contradiction(&name, &said) {
                self.problem(span, message, help);
            }
            let has_default = said.is_compartment || said.is_reaction;
            let is_known = unreadable.contains(&name) || name.contains('.');
            if !has_value(&said) && !has_default && !is_known {
                let help = match said.rate {
                    Some(_) => format!("write its value at the start: `{name} = 0`"),
                    None => did_you_mean(&name, given.iter().map(String::as_str))
                        .unwrap_or_else(|| format!("write `{name} = ...`")),
                };
                self.problem(span, format!("`{name}` is never given a value"), help);
            }
            let default = match () {
                () if has_value(&said) => None,
                () if said.is_compartment => Some(1.0),
                () if said.is_reaction => Some(f64::NAN),
                () => None,
            };
            let default = default.map(|value| self.push(Expression::Number(value), span, 1));
            let symbol = &mut self.model.symbols[index];
            symbol.initial = said.value.or(default);
            symbol.kind = kind(&said);
            symbol.role = role(&said);
        }
        self.check_species();
        self.set_stoichiometry();
    }

    /// A species that reactions change cannot follow a rule too.
    fn check_species(&mut self) {
        for index in 0..self.model.symbols.len() {
            let id = SymbolId(index as u32);
            let said = &self.said[index];
            let follows = said.assignment.is_some() || said.rate.is_some();
            let takes_part = || {
                let mut parts =
                    self.model.reactions.iter().flat_map(|r| r.reactants.iter().chain(&r.products));
                parts.any(|part| part.species == id)
            };
            if follows && !said.is_boundary && takes_part() {
                let Symbol { name, span, .. } = self.model.symbols[index].clone();
                let message = format!("reactions change `{name}`, but it follows a rule");
                let help = format!("write `${name}` in the reactions if they do not change it");
                self.problem(span, message, help);
            }
        }
    }

    /// A name before a species is that reaction's own number if it stands nowhere else as one, and no
    /// conversion factor changes it.
    fn set_stoichiometry(&mut self) {
        for at in 0..self.model.reactions.len() {
            let reaction = self.model.reactions[at].clone();
            let name = self.model.symbols[reaction.symbol.0 as usize].name.clone();
            let count = reaction.reactants.len();
            let parts = reaction.reactants.iter().chain(&reaction.products);
            for (index, part) in parts.enumerate() {
                let factor = self.said[part.species.0 as usize].conversion;
                let factor = factor.or(self.conversions[at]);
                let Symbol { name: species, span, .. } =
                    self.model.symbols[part.species.0 as usize].clone();
                let formula = match (part.amount, factor) {
                    (Amount::Number(_), None) => continue,
                    (Amount::Symbol(id), None) if self.is_own_amount(id) => {
                        self.model.symbols[id.0 as usize].kind = Kind::Stoichiometry;
                        continue;
                    }
                    (Amount::Number(number), _) => self.push(Expression::Number(number), span, 1),
                    (Amount::Symbol(id), _) => self.push(Expression::Symbol(id), span, 1),
                };
                let formula = match factor {
                    Some(factor) => {
                        let factor = self.push(Expression::Symbol(factor), span, 1);
                        let product = Expression::Binary(Binary::Multiply, factor, formula);
                        self.push(product, span, 2)
                    }
                    None => formula,
                };
                let wanted = format!("{name}_{species}_stoichiometry");
                let own = self.computed(wanted, formula, span);
                let reaction = &mut self.model.reactions[at];
                let part = match index.checked_sub(count) {
                    Some(index) => &mut reaction.products[index],
                    None => &mut reaction.reactants[index],
                };
                part.amount = Amount::Symbol(own);
            }
        }
    }

    /// Whether a symbol stands before one species of one reaction and is nothing else.
    fn is_own_amount(&self, id: SymbolId) -> bool {
        let said = &self.said[id.0 as usize];
        said.as_amount == 1 && !(said.is_species || said.is_compartment || said.is_reaction)
    }

    /// A stoichiometry that follows a formula.
    fn computed(&mut self, mut name: String, formula: ExpressionId, span: Span) -> SymbolId {
        while self.symbols.contains_key(&name) {
            name.push('_');
        }
        let id = self.symbol(&name, span);
        let symbol = &mut self.model.symbols[id.0 as usize];
        symbol.kind = Kind::Stoichiometry;
        symbol.role = Role::Assigned(formula);
        id
    }

    /// Orders the assignment rules; a circle is a problem that names its members.
    pub(super) fn set_order(&mut self) {
        match order::assignments(&self.model) {
            Ok(order) => self.model.assignment_order = order,
            Err(circle) => self.circle(&circle, "assignment rules"),
        }
        if !self.problems.is_empty() {
            return;
        }
        let reduced = plain(&self.model).map(|plain| order::start(&plain));
        match reduced {
            Ok(Err(circle)) => {
                let known = self.model.symbols.len() as u32;
                let circle: Vec<SymbolId> = circle.into_iter().filter(|id| id.0 < known).collect();
                self.circle(&circle, "values at the start");
            }
            Err(problem) => self.problems.push(problem),
            Ok(Ok(_)) => {}
        }
    }

    fn circle(&mut self, circle: &[SymbolId], what: &str) {
        let symbols = &self.model.symbols;
        let names: Vec<&str> = circle
            .iter()
            .chain(circle.first())
            .map(|id| symbols[id.0 as usize].name.as_str())
            .collect();
        let message = format!("these {what} go in a circle: {}", names.join(" -> "));
        let span = circle.first().map_or_else(Span::default, |id| symbols[id.0 as usize].span);
        self.problem(span, message, "each arrow means `needs`: break one of them");
    }
}

fn kind(said: &Said) -> Kind {
    match said {
        Said { is_reaction: true, .. } => Kind::Reaction,
        Said { is_compartment: true, .. } => Kind::Compartment,
        Said { is_species: true, .. } => Kind::Species(Species {
            compartment: said.room,
            is_amount: said.is_amount,
            is_boundary: said.is_boundary || said.declared == Some(Declared::Const),
        }),
        _ => Kind::Parameter,
    }
}

fn role(said: &Said) -> Role {
    match *said {
        Said { assignment: Some(formula), .. } => Role::Assigned(formula),
        Said { rate: Some(formula), .. } => Role::State(formula),
        Said { declared: Some(Declared::Const), .. } => Role::Constant,
        Said { declared: Some(Declared::Var), .. }
        | Said { is_species: true, .. }
        | Said { set_by_event: true, .. }
        | Said { exported: true, .. } => Role::Variable,
        _ => Role::Constant,
    }
}

/// Two statements about one symbol that cannot both hold.
fn contradiction(name: &str, said: &Said) -> Option<(String, &'static str)> {
    let kinds = [said.is_reaction, said.is_compartment, said.is_species, said.as_amount > 0];
    if kinds.iter().filter(|is_it| **is_it).count() > 1 {
        let message =
            format!("`{name}` is two of species, compartment, reaction and stoichiometry");
        return Some((message, "give each its own name"));
    }
    if said.assignment.is_some() {
        if said.value.is_some() {
            let message = format!("`{name}` has a value at the start and a rule `:=`");
            return Some((message, "the rule holds at the start too: remove `=`"));
        }
        if said.set_by_event {
            let message = format!("`{name}` follows a rule `:=` and is set by an event");
            return Some((message, "set what the rule uses, or drop the rule"));
        }
        if said.exported && !said.is_reaction {
            let message = format!("`{name}` stands in the header but follows a rule `:=`");
            return Some((message, "names in the header are set by the protocol; remove it there"));
        }
    }
    if said.declared == Some(Declared::Const) {
        let changed_by = match said {
            Said { assignment: Some(_), .. } | Said { rate: Some(_), .. } => "follows a rule",
            Said { set_by_event: true, .. } => "is set by an event",
            Said { exported: true, .. } => "may be set by the protocol (it stands in the header)",
            _ => return None,
        };
        let message = format!("`{name}` is declared `const` but {changed_by}");
        return Some((message, "declare it `var`"));
    }
    None
}
