//! Reactions: what they use up and make, how fast, and with which stoichiometry.

use std::collections::BTreeMap;

use roxmltree::Node;

use super::reader::{Named, Reader, child, elements};
use crate::ir::{
    Amount, Binary, Expression, ExpressionId, Kind, Participant, Reaction, Role, SymbolId,
};

impl<'a> Reader<'a> {
    /// Makes the symbols of a reaction, so that every formula can name them.
    pub(super) fn announce_reaction(&mut self, node: Node<'a, 'a>) {
        if node.tag_name().name() != "reaction" {
            return;
        }
        let Some(name) = self.required(node, "id") else { return };
        if self.flag(node, "fast", false) {
            let message = "fast reactions are not read".to_owned();
            let help = "write its equilibrium as a rule, or give it a high rate";
            self.problem(self.source.attribute(node, "fast"), message, help);
        }
        let symbol = self.add_symbol(node, name, Kind::Reaction, true);
        let mut side = |list: &str| {
            let references = child(node, list).into_iter().flat_map(elements);
            let references = references.filter(|node| node.tag_name().name() == "speciesReference");
            references.filter_map(|reference| self.participant(reference)).collect()
        };
        let (reactants, products) = (side("listOfReactants"), side("listOfProducts"));
        let is_reversible = self.flag(node, "reversible", true);
        self.model.reactions.push(Reaction { symbol, is_reversible, reactants, products });
    }

    fn participant(&mut self, node: Node<'a, 'a>) -> Option<Participant> {
        let species = self.symbol_of(node, "species")?;
        if !matches!(self.symbol(species).kind, Kind::Species(_)) {
            let message = format!("`{}` is not a species", self.symbol(species).name);
            let span = self.source.attribute(node, "species");
            self.problem(span, message, "reactions change species; declare it as one");
            return None;
        }
        let number = self.number(node, "stoichiometry");
        let amount = match node.attribute("id") {
            Some(name) => {
                let constant = self.flag(node, "constant", false);
                let id = self.add_symbol(node, name, Kind::Stoichiometry, constant);
                let default = if self.level < 3 { 1.0 } else { f64::NAN };
                let value = number.unwrap_or(default);
                let initial = self.signed(node, "stoichiometry", value);
                self.model.symbols[id.0 as usize].initial = Some(initial);
                Amount::Symbol(id)
            }
            None => Amount::Number(number.unwrap_or(1.0)),
        };
        Some(Participant { species, amount })
    }

    /// Reads the rate of a reaction, and stoichiometry that is a formula.
    pub(super) fn reaction(&mut self, node: Node<'a, 'a>) {
        let id = node.attribute("id").and_then(|name| match self.ids.get(name) {
            Some(Named::Symbol(id)) => Some(*id),
            _ => None,
        });
        let Some(symbol) = id else { return };
        let Some(at) = self.model.reactions.iter().position(|r| r.symbol == symbol) else { return };
        self.set_stoichiometry(node, at);
        let none = self.push(Expression::Number(f64::NAN), self.source.span(node), 1);
        self.model.symbols[symbol.0 as usize].initial = Some(none);
        let Some(law) = child(node, "kineticLaw") else { return };
        let locals = self.locals(law, symbol);
        if let Some(rate) = self.formula_with(law, &locals) {
            let symbol = &mut self.model.symbols[symbol.0 as usize];
            symbol.role = Role::Assigned(rate);
            symbol.initial = None;
        }
    }

    /// The parameters of a rate become parameters of the model, under the reaction's name.
    fn locals(&mut self, law: Node<'a, 'a>, reaction: SymbolId) -> BTreeMap<&'a str, SymbolId> {
        let mut locals = BTreeMap::new();
        let lists = ["listOfParameters", "listOfLocalParameters"];
        for node in lists.into_iter().filter_map(|list| child(law, list)).flat_map(elements) {
            let Some(name) = self.required(node, "id") else { continue };
            if locals.contains_key(name) {
                let message = format!("the identifier `{name}` is used twice");
                let span = self.source.attribute(node, "id");
                self.problem(span, message, "give each thing its own identifier");
                continue;
            }
            let wanted = format!("{}_{name}", self.symbol(reaction).name);
            let full = self.free_name(wanted);
            let id = self.add_symbol(node, &full, Kind::Parameter, true);
            let value = self.number(node, "value").unwrap_or(f64::NAN);
            let initial = self.signed(node, "value", value);
            self.model.symbols[id.0 as usize].initial = Some(initial);
            self.unit_of(node, "units", id);
            locals.insert(name, id);
        }
        locals
    }

    /// A name that nothing has yet.
    fn free_name(&self, mut name: String) -> String {
        while self.ids.contains_key(&name) {
            name.push('_');
        }
        name
    }

    /// Formulas of Level 2, and the species' conversion factors.
    fn set_stoichiometry(&mut self, node: Node<'a, 'a>, at: usize) {
        let references = |list: &str| -> Vec<Node<'a, 'a>> {
            let all = child(node, list).into_iter().flat_map(elements);
            all.filter(|node| node.tag_name().name() == "speciesReference").collect()
        };
        let sides = [references("listOfReactants"), references("listOfProducts")];
        for (side, references) in sides.into_iter().enumerate() {
            let parts = self.model.reactions[at].clone();
            let parts = if side == 0 { parts.reactants } else { parts.products };
            // after a problem the lists do not match, and the model is refused
            for (index, (part, reference)) in parts.into_iter().zip(references).enumerate() {
                let amount = self.formula_of(at, part, reference);
                let reaction = &mut self.model.reactions[at];
                let parts =
                    if side == 0 { &mut reaction.reactants } else { &mut reaction.products };
                parts[index].amount = amount;
            }
        }
    }

    fn formula_of(&mut self, at: usize, part: Participant, reference: Node<'a, 'a>) -> Amount {
        let mut amount = part.amount;
        if let Some(math) = child(reference, "stoichiometryMath")
            && let Some(formula) = self.formula(math)
        {
            amount = match amount {
                Amount::Symbol(id) => {
                    let symbol = &mut self.model.symbols[id.0 as usize];
                    symbol.role = Role::Assigned(formula);
                    symbol.initial = None;
                    amount
                }
                Amount::Number(_) => self.computed(at, part.species, reference, formula),
            };
        }
        let factor = self.conversions.get(&part.species).copied().or(self.conversion);
        let Some(factor) = factor.and_then(|node| self.symbol_of(node, "conversionFactor")) else {
            return amount;
        };
        let span = self.source.span(reference);
        let number = match amount {
            Amount::Number(number) => self.push(Expression::Number(number), span, 1),
            Amount::Symbol(id) => {
                self.model.symbols[id.0 as usize].kind = Kind::Parameter;
                self.push(Expression::Symbol(id), span, 1)
            }
        };
        let factor = self.push(Expression::Symbol(factor), span, 1);
        let product = self.push(Expression::Binary(Binary::Multiply, factor, number), span, 2);
        self.computed(at, part.species, reference, product)
    }

    /// A stoichiometry that follows a rule.
    fn computed(
        &mut self,
        at: usize,
        species: SymbolId,
        reference: Node<'a, 'a>,
        formula: ExpressionId,
    ) -> Amount {
        let reaction = self.model.reactions[at].symbol;
        let names = [reaction, species].map(|id| self.symbol(id).name.clone());
        let name = self.free_name(format!("{}_{}_stoichiometry", names[0], names[1]));
        let id = self.add_symbol(reference, &name, Kind::Stoichiometry, false);
        self.model.symbols[id.0 as usize].role = Role::Assigned(formula);
        Amount::Symbol(id)
    }
}
