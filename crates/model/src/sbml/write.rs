//! A model to SBML Level 3 Version 2.

mod formula;

use crate::identifier::identifier;
use crate::ir::{
    Amount, Binary, Event, Expression, ExpressionId, Kind, Model, Participant, Reaction, Role,
    Species, Symbol, SymbolId, Unary, Unit,
};

/// The compartment of species without one, as Antimony calls it.
const DEFAULT_ROOM: &str = "default_compartment";
/// The base units in the order of [`Unit::exponents`].
const BASE: [&str; 8] =
    ["metre", "kilogram", "second", "mole", "kelvin", "ampere", "candela", "item"];

/// The text of a model. Reading it gives the same model, but for places, for the order of symbols
/// of different kinds, for [`Model::ports`], and for species without a compartment, which are in one
/// of size 1 after that.
pub fn write(model: &Model) -> String {
    let mut writer = Writer { model, text: String::new(), depth: 0 };
    writer.line("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    writer.open(
        "sbml xmlns=\"http://www.sbml.org/sbml/level3/version2/core\" level=\"3\" version=\"2\"",
    );
    let time = if model.units.contains_key("time_unit") { " timeUnits=\"time_unit\"" } else { "" };
    writer.open(&format!("model id=\"{}\"{time}", identifier(&model.name)));
    writer.units();
    writer.symbols();
    writer.initial_assignments();
    writer.rules();
    writer.list("listOfReactions", &model.reactions, Writer::reaction);
    writer.list("listOfEvents", &model.events, Writer::event);
    writer.close("model");
    writer.close("sbml");
    writer.text
}

/// A text as the value of an attribute. Letters that XML cannot hold become blanks.
fn quoted(text: &str) -> String {
    let is_foreign = |letter: char| letter < ' ' || ('\u{fffe}'..='\u{ffff}').contains(&letter);
    let text = text.replace(is_foreign, " ");
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    format!("\"{escaped}\"")
}

/// A number as the value of an attribute.
fn number(value: f64) -> String {
    match value {
        _ if value.is_nan() => "NaN".into(),
        _ if value.is_infinite() => if value > 0.0 { "INF" } else { "-INF" }.into(),
        _ => crate::units::number(value),
    }
}

struct Writer<'a> {
    model: &'a Model,
    text: String,
    depth: usize,
}

impl Writer<'_> {
    fn line(&mut self, line: &str) {
        for _ in 0..self.depth {
            self.text.push_str("  ");
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn open(&mut self, tag: &str) {
        self.line(&format!("<{tag}>"));
        self.depth += 1;
    }

    fn close(&mut self, tag: &str) {
        self.depth -= 1;
        self.line(&format!("</{tag}>"));
    }

    /// A list, unless it would be empty.
    fn list<T>(&mut self, name: &str, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        if items.is_empty() {
            return;
        }
        self.open(name);
        for item in items {
            each(self, item);
        }
        self.close(name);
    }

    fn symbol(&self, id: SymbolId) -> &Symbol {
        &self.model.symbols[id.0 as usize]
    }

    fn name(&self, id: SymbolId) -> String {
        identifier(&self.symbol(id).name)
    }

    fn math(&mut self, id: ExpressionId) {
        let content = formula::mathml(self.model, id);
        self.line(&format!("<math xmlns=\"http://www.w3.org/1998/Math/MathML\">{content}</math>"));
    }

    fn units(&mut self) {
        let units: Vec<(String, Unit)> = self
            .model
            .units
            .iter()
            .filter(|(name, _)| super::units::base(name).is_none())
            .map(|(name, unit)| (name.clone(), unit.clone()))
            .collect();
        self.list("listOfUnitDefinitions", &units, |writer, (name, unit)| {
            writer.open(&format!("unitDefinition id=\"{}\"", identifier(name)));
            writer.open("listOfUnits");
            let factor = format!(
                "<unit kind=\"dimensionless\" exponent=\"1\" scale=\"0\" multiplier=\"{}\"/>",
                number(unit.factor)
            );
            writer.line(&factor);
            for (kind, exponent) in BASE.iter().zip(unit.exponents).filter(|(_, e)| *e != 0) {
                writer.line(&format!(
                    "<unit kind=\"{kind}\" exponent=\"{exponent}\" scale=\"0\" multiplier=\"1\"/>"
                ));
            }
            writer.close("listOfUnits");
            writer.close("unitDefinition");
        });
    }

    /// The value at the start, if a number says all of it.
    fn number_at_start(&self, symbol: &Symbol) -> Option<f64> {
        signed_number(self.model, symbol.initial?)
    }

    fn symbols(&mut self) {
        let of_kind = |wanted: fn(&Kind) -> bool| -> Vec<Symbol> {
            self.model.symbols.iter().filter(|symbol| wanted(&symbol.kind)).cloned().collect()
        };
        let rooms = of_kind(|kind| matches!(kind, Kind::Compartment));
        let species = of_kind(|kind| matches!(kind, Kind::Species(_)));
        let parameters = of_kind(|kind| matches!(kind, Kind::Parameter));
        let is_outside = |symbol: &Symbol| {
            matches!(symbol.kind, Kind::Species(Species { compartment: None, .. }))
        };
        let needs_room = species.iter().any(is_outside);
        if needs_room || !rooms.is_empty() {
            self.open("listOfCompartments");
            for room in &rooms {
                self.with_value("compartment", "spatialDimensions=\"3\" ", "size", room);
            }
            if needs_room && self.model.symbol(DEFAULT_ROOM).is_none() {
                self.line(&format!(
                    "<compartment id=\"{DEFAULT_ROOM}\" spatialDimensions=\"3\" size=\"1\" constant=\"true\"/>"
                ));
            }
            self.close("listOfCompartments");
        }
        self.list("listOfSpecies", &species, Self::species);
        self.list("listOfParameters", &parameters, |writer, symbol| {
            writer.with_value("parameter", "", "value", symbol);
        });
    }

    /// Unit, title, and whether it is constant.
    fn attributes(symbol: &Symbol, unit: &str) -> String {
        let unit = symbol.unit.as_ref().map(|name| format!(" {unit}=\"{}\"", identifier(name)));
        let title = symbol.title.as_ref().map(|title| format!(" name={}", quoted(title)));
        let constant = symbol.role == Role::Constant;
        format!("{}{} constant=\"{constant}\"", unit.unwrap_or_default(), title.unwrap_or_default())
    }

    fn with_value(&mut self, element: &str, more: &str, attribute: &str, symbol: &Symbol) {
        let value = self.number_at_start(symbol).filter(|value| !value.is_nan());
        let value = value.map(|value| format!("{attribute}=\"{}\"", number(value)));
        let name = identifier(&symbol.name);
        let rest = Self::attributes(symbol, "units");
        let line = format!("<{element} id=\"{name}\" {more}{}{rest}/>", value.unwrap_or_default());
        self.line(&line);
    }

    fn species(&mut self, symbol: &Symbol) {
        let Kind::Species(species) = symbol.kind else { return };
        let room = species.compartment.map_or(DEFAULT_ROOM.into(), |room| self.name(room));
        let own = if species.is_amount { "initialAmount" } else { "initialConcentration" };
        let other = if species.is_amount { "initialConcentration" } else { "initialAmount" };
        let value = match (self.number_at_start(symbol), converted(self.model, symbol, species)) {
            (Some(value), _) if !value.is_nan() => format!(" {own}=\"{}\"", number(value)),
            (None, Some(value)) => format!(" {other}=\"{}\"", number(value)),
            _ => String::new(),
        };
        let line = format!(
            "<species id=\"{}\" compartment=\"{room}\"{value} hasOnlySubstanceUnits=\"{}\" \
             boundaryCondition=\"{}\"{}/>",
            identifier(&symbol.name),
            species.is_amount,
            species.is_boundary,
            Self::attributes(symbol, "substanceUnits"),
        );
        self.line(&line);
    }

    fn initial_assignments(&mut self) {
        let formulas: Vec<(String, ExpressionId)> = self
            .model
            .symbols
            .iter()
            .filter(|symbol| {
                symbol.kind != Kind::Reaction && self.number_at_start(symbol).is_none()
            })
            .filter(|symbol| match symbol.kind {
                Kind::Species(species) => converted(self.model, symbol, species).is_none(),
                _ => true,
            })
            .filter_map(|symbol| Some((identifier(&symbol.name), symbol.initial?)))
            .collect();
        self.list("listOfInitialAssignments", &formulas, |writer, (name, formula)| {
            writer.open(&format!("initialAssignment symbol=\"{name}\""));
            writer.math(*formula);
            writer.close("initialAssignment");
        });
    }

    fn rules(&mut self) {
        let symbols = self.model.symbols.iter().filter(|symbol| symbol.kind != Kind::Reaction);
        let rules: Vec<(&str, String, ExpressionId)> = symbols
            .filter_map(|symbol| {
                let name = identifier(&symbol.name);
                match symbol.role {
                    Role::Assigned(formula) => Some(("assignmentRule", name, formula)),
                    Role::State(formula) => Some(("rateRule", name, formula)),
                    Role::Constant | Role::Variable => None,
                }
            })
            .collect();
        self.list("listOfRules", &rules, |writer, (kind, name, formula)| {
            writer.open(&format!("{kind} variable=\"{name}\""));
            writer.math(*formula);
            writer.close(kind);
        });
    }

    fn reaction(&mut self, reaction: &Reaction) {
        let name = self.name(reaction.symbol);
        self.open(&format!("reaction id=\"{name}\" reversible=\"{}\"", reaction.is_reversible));
        self.list("listOfReactants", &reaction.reactants, Self::participant);
        self.list("listOfProducts", &reaction.products, Self::participant);
        if let Role::Assigned(rate) = self.symbol(reaction.symbol).role {
            let takes_part = |id: &SymbolId| {
                reaction.reactants.iter().chain(&reaction.products).any(|p| p.species == *id)
            };
            let used = crate::order::used(self.model, rate);
            let is_species = |id: &SymbolId| matches!(self.symbol(*id).kind, Kind::Species(_));
            let modifiers: Vec<SymbolId> =
                used.into_iter().filter(|id| is_species(id) && !takes_part(id)).collect();
            self.list("listOfModifiers", &modifiers, |writer, id| {
                let species = writer.name(*id);
                writer.line(&format!("<modifierSpeciesReference species=\"{species}\"/>"));
            });
            self.open("kineticLaw");
            self.math(rate);
            self.close("kineticLaw");
        }
        self.close("reaction");
    }

    fn participant(&mut self, participant: &Participant) {
        let species = self.name(participant.species);
        let (id, amount, constant) = match participant.amount {
            Amount::Number(amount) => (String::new(), Some(amount), true),
            Amount::Symbol(id) => {
                let symbol = self.symbol(id);
                let amount = self.number_at_start(symbol).filter(|amount| !amount.is_nan());
                let constant = symbol.role == Role::Constant;
                (format!("id=\"{}\" ", self.name(id)), amount, constant)
            }
        };
        let amount = amount.map(|amount| format!(" stoichiometry=\"{}\"", number(amount)));
        let line = format!(
            "<speciesReference {id}species=\"{species}\"{} constant=\"{constant}\"/>",
            amount.unwrap_or_default()
        );
        self.line(&line);
    }

    fn event(&mut self, event: &Event) {
        let name = identifier(&event.name);
        let at_trigger = event.from_trigger;
        self.open(&format!("event id=\"{name}\" useValuesFromTriggerTime=\"{at_trigger}\""));
        self.open(&format!(
            "trigger initialValue=\"{}\" persistent=\"{}\"",
            event.initially_true, event.is_persistent
        ));
        self.math(event.trigger);
        self.close("trigger");
        for (element, formula) in [("delay", event.delay), ("priority", event.priority)] {
            if let Some(formula) = formula {
                self.open(element);
                self.math(formula);
                self.close(element);
            }
        }
        self.list("listOfEventAssignments", &event.assignments, |writer, (target, formula)| {
            let target = writer.name(*target);
            writer.open(&format!("eventAssignment variable=\"{target}\""));
            writer.math(*formula);
            writer.close("eventAssignment");
        });
        self.close("event");
    }
}

/// A number, perhaps with a sign before it.
fn signed_number(model: &Model, id: ExpressionId) -> Option<f64> {
    match model.expressions[id.0 as usize] {
        Expression::Number(value) => Some(value),
        Expression::Unary(Unary::Negate, inner) => {
            signed_number(model, inner).filter(|value| *value >= 0.0).map(|value| -value)
        }
        _ => None,
    }
}

/// The number of an amount over, or a concentration times, the size of the species' compartment.
fn converted(model: &Model, symbol: &Symbol, species: Species) -> Option<f64> {
    let due = if species.is_amount { Binary::Multiply } else { Binary::Divide };
    let Expression::Binary(operation, value, size) = model.expressions[symbol.initial?.0 as usize]
    else {
        return None;
    };
    let is_size = species.compartment.is_some_and(
        |room| matches!(model.expressions[size.0 as usize], Expression::Symbol(id) if id == room),
    );
    signed_number(model, value).filter(|_| is_size && operation == due)
}
