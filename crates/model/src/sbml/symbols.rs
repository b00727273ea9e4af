//! Compartments, species and parameters, and the rules and assignments that set them.

use roxmltree::Node;

use super::reader::Reader;
use crate::ir::{Binary, Expression, ExpressionId, Kind, Role, Species, SymbolId};

impl<'a> Reader<'a> {
    /// The value at the start from an attribute; not a number without it.
    fn start(&mut self, node: Node<'a, 'a>, attribute: &str) -> ExpressionId {
        let value = self.number(node, attribute).unwrap_or(f64::NAN);
        self.signed(node, attribute, value)
    }

    /// A number and its sign, as two expressions.
    pub(super) fn signed(
        &mut self,
        node: Node<'a, 'a>,
        attribute: &str,
        value: f64,
    ) -> ExpressionId {
        let span = self.source.attribute(node, attribute);
        let size = if value.is_nan() { value } else { value.abs() };
        let number = self.push(Expression::Number(size), span, 1);
        if value.is_nan() || value.is_sign_positive() {
            return number;
        }
        self.push(Expression::Unary(crate::ir::Unary::Negate, number), span, 2)
    }

    /// `compartment`
    pub(super) fn compartment(&mut self, node: Node<'a, 'a>) {
        let Some(name) = self.required(node, "id") else { return };
        let constant = self.flag(node, "constant", true);
        let id = self.add_symbol(node, name, Kind::Compartment, constant);
        let initial = self.start(node, "size");
        self.model.symbols[id.0 as usize].initial = Some(initial);
        if self.number(node, "spatialDimensions") == Some(0.0) {
            self.flat.insert(id);
        }
        self.unit_of(node, "units", id);
    }

    /// `parameter`
    pub(super) fn parameter(&mut self, node: Node<'a, 'a>) {
        let Some(name) = self.required(node, "id") else { return };
        let constant = self.flag(node, "constant", true);
        let id = self.add_symbol(node, name, Kind::Parameter, constant);
        let initial = self.start(node, "value");
        self.model.symbols[id.0 as usize].initial = Some(initial);
        self.unit_of(node, "units", id);
    }

    /// `species`
    pub(super) fn species(&mut self, node: Node<'a, 'a>) {
        let Some(name) = self.required(node, "id") else { return };
        let constant = self.flag(node, "constant", false);
        let room = self.symbol_of(node, "compartment");
        if let Some(room) = room.filter(|room| self.symbol(*room).kind != Kind::Compartment) {
            let message = format!("`{}` is not a compartment", self.symbol(room).name);
            let span = self.source.attribute(node, "compartment");
            self.problem(span, message, "name a compartment");
        }
        let is_flat = room.is_some_and(|room| self.flat.contains(&room));
        let species = Species {
            compartment: room,
            is_amount: self.flag(node, "hasOnlySubstanceUnits", false) || is_flat,
            is_boundary: self.flag(node, "boundaryCondition", false) || constant,
        };
        let id = self.add_symbol(node, name, Kind::Species(species), constant);
        let initial = self.start_of_species(node, species);
        self.model.symbols[id.0 as usize].initial = Some(initial);
        if species.is_amount {
            self.unit_of(node, "substanceUnits", id);
        }
        if node.has_attribute("conversionFactor") {
            self.conversions.insert(id, node);
        }
    }

    /// What is given as an amount or a concentration, as what the species counts in.
    fn start_of_species(&mut self, node: Node<'a, 'a>, species: Species) -> ExpressionId {
        let (amount, concentration) = ("initialAmount", "initialConcentration");
        let given = if node.has_attribute(concentration) { concentration } else { amount };
        if node.has_attribute(amount) && node.has_attribute(concentration) {
            let message = "a species is given an amount and a concentration".to_owned();
            let span = self.source.attribute(node, concentration);
            self.problem(span, message, "keep one of them");
        }
        let value = self.start(node, given);
        let Some(room) = species.compartment else { return value };
        let is_missing = !node.has_attribute(given);
        let operation = match (given == amount, species.is_amount) {
            (true, true) | (false, false) => return value,
            _ if is_missing => return value,
            (true, false) => Binary::Divide,
            (false, true) => Binary::Multiply,
        };
        let span = self.source.attribute(node, given);
        let size = self.push(Expression::Symbol(room), span, 1);
        self.push(Expression::Binary(operation, value, size), span, 3)
    }

    /// The symbol that a rule or assignment sets, and its formula.
    fn set(
        &mut self,
        node: Node<'a, 'a>,
        attribute: &str,
    ) -> Option<(SymbolId, Option<ExpressionId>)> {
        let id = self.symbol_of(node, attribute);
        let formula = self.formula(node);
        let id = id?;
        if self.symbol(id).kind == Kind::Reaction {
            let message =
                format!("`{}` is a reaction and follows its own rate", self.symbol(id).name);
            self.problem(self.source.attribute(node, attribute), message, "name a species");
            return None;
        }
        Some((id, formula))
    }

    /// `initialAssignment`
    pub(super) fn initial_assignment(&mut self, node: Node<'a, 'a>) {
        let Some((id, formula)) = self.set(node, "symbol") else { return };
        if std::mem::replace(&mut self.said[id.0 as usize].has_assignment, true) {
            let message = format!("`{}` is given two values at the start", self.symbol(id).name);
            let span = self.source.attribute(node, "symbol");
            self.problem(span, message, "remove one of the initial assignments");
        }
        if formula.is_some() {
            self.model.symbols[id.0 as usize].initial = formula;
        }
    }

    /// `assignmentRule` or `rateRule`
    pub(super) fn rule(&mut self, node: Node<'a, 'a>) {
        let span = self.source.span(node);
        let kind = node.tag_name().name();
        match kind {
            "algebraicRule" => {
                let message = "algebraic rules are not read".to_owned();
                self.problem(span, message, "solve it for one symbol and write an assignment rule");
                return;
            }
            "assignmentRule" | "rateRule" => {}
            "notes" | "annotation" => return,
            other => {
                let message = format!("`{other}` is not a rule");
                self.problem(span, message, "SBML has `assignmentRule` and `rateRule`");
                return;
            }
        }
        let Some((id, Some(formula))) = self.set(node, "variable") else { return };
        let span = self.source.attribute(node, "variable");
        let name = self.symbol(id).name.clone();
        let said = &mut self.said[id.0 as usize];
        if std::mem::replace(&mut said.has_rule, true) {
            let help = "a symbol follows one rule: remove one of them";
            return self.problem(span, format!("`{name}` has two rules"), help);
        }
        if said.is_constant {
            let message = format!("`{name}` is constant but follows a rule");
            return self.problem(span, message, "write `constant=\"false\"`");
        }
        if let Kind::Species(species) = self.symbol(id).kind
            && !species.is_boundary
            && self.takes_part(id)
        {
            let message = format!("reactions change `{name}`, but it follows a rule");
            return self.problem(span, message, "write `boundaryCondition=\"true\"`");
        }
        let said = &self.said[id.0 as usize];
        if kind == "assignmentRule" && said.has_assignment {
            let message = format!("`{name}` has an initial assignment and an assignment rule");
            return self.problem(
                span,
                message,
                "the rule holds at the start too: remove the other",
            );
        }
        let symbol = &mut self.model.symbols[id.0 as usize];
        if kind == "assignmentRule" {
            symbol.role = Role::Assigned(formula);
            symbol.initial = None;
        } else {
            symbol.role = Role::State(formula);
        }
    }

    /// Whether a reaction uses up or makes the species.
    fn takes_part(&self, id: SymbolId) -> bool {
        self.model.reactions.iter().any(|reaction| {
            reaction.reactants.iter().chain(&reaction.products).any(|part| part.species == id)
        })
    }
}
