//! The tree of an SBML text to a model: what comes first, and what every part needs.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::{Document, Node};

use super::document::Source;
use super::functions::Function;
use crate::identifier::identifier;
use crate::ir::{Expression, ExpressionId, Kind, Model, Role, Span, Symbol, SymbolId};
use crate::nearest::did_you_mean;
use crate::problem::ReadProblem;
use crate::{order, plain};

/// Packages whose elements say nothing about how a model behaves.
const HARMLESS: [&str; 3] = ["layout", "render", "groups"];
/// The operations of Level 3 Version 2 for Version 1: they are read anyway.
const MORE_MATHEMATICS: &str = "l3v2extendedmath";

/// What an identifier names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    Symbol(SymbolId),
    Function,
    Event,
}

/// What the text says of a symbol beside its kind.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    /// The attribute `constant`.
    pub(super) is_constant: bool,
    /// A rule was read.
    pub(super) has_rule: bool,
    /// An initial assignment was read.
    pub(super) has_assignment: bool,
}

/// Builds the model and collects problems.
pub(super) struct Reader<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) level: u32,
    pub(super) model: Model,
    pub(super) problems: Vec<ReadProblem>,
    /// The height of every expression.
    pub(super) depths: Vec<usize>,
    /// How many expressions each would be if it were written out: arguments of functions are shared.
    pub(super) sizes: Vec<u64>,
    pub(super) said: Vec<Said>,
    pub(super) ids: BTreeMap<String, Named>,
    pub(super) functions: BTreeMap<&'a str, Function<'a>>,
    /// Rooms without dimensions: what is in them is an amount.
    pub(super) flat: BTreeSet<SymbolId>,
    /// Elements that name a factor for all reactions' changes, or for those of one species.
    pub(super) conversion: Option<Node<'a, 'a>>,
    pub(super) conversions: BTreeMap<SymbolId, Node<'a, 'a>>,
}

/// The model of a tree.
pub(super) fn read<'a>(
    source: &'a Source<'a>,
    tree: &'a Document<'a>,
) -> Result<Model, Vec<ReadProblem>> {
    let mut reader = Reader {
        source,
        level: 3,
        model: Model::default(),
        problems: Vec::new(),
        depths: Vec::new(),
        sizes: Vec::new(),
        said: Vec::new(),
        ids: BTreeMap::new(),
        functions: BTreeMap::new(),
        flat: BTreeSet::new(),
        conversion: None,
        conversions: BTreeMap::new(),
    };
    if let Some(model) = reader.root(tree.root_element()) {
        reader.model(model);
        reader.finish();
    }
    if reader.problems.is_empty() {
        return Ok(reader.model);
    }
    reader.problems.sort_by_key(|problem| (problem.span.line, problem.span.column));
    Err(reader.problems)
}

/// The elements inside an element.
pub(super) fn elements<'a>(node: Node<'a, 'a>) -> impl Iterator<Item = Node<'a, 'a>> {
    node.children().filter(Node::is_element)
}

/// The first element of that name inside an element.
pub(super) fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    elements(node).find(|child| child.tag_name().name() == name)
}

impl<'a> Reader<'a> {
    pub(super) fn problem(&mut self, span: Span, message: String, help: impl Into<String>) {
        self.problems.push(ReadProblem { span, message, help: help.into() });
    }

    /// Checks level, version and packages; gives the element `model`.
    fn root(&mut self, root: Node<'a, 'a>) -> Option<Node<'a, 'a>> {
        let span = self.source.span(root);
        if root.tag_name().name() != "sbml" {
            let message = format!("the text is `{}`, not `sbml`", root.tag_name().name());
            self.problem(span, message, "an SBML text begins with `<sbml xmlns=... level=...>`");
            return None;
        }
        let number = |name| root.attribute(name).and_then(|value| value.parse::<u32>().ok());
        let (level, version) = (number("level"), number("version"));
        match (level, version) {
            (Some(2), Some(4 | 5)) | (Some(3), Some(1 | 2)) => self.level = level.unwrap_or(3),
            _ => {
                let text = |value: Option<u32>| value.map_or("?".to_owned(), |v| v.to_string());
                let message =
                    format!("SBML Level {} Version {} is not read", text(level), text(version));
                self.problem(span, message, "convert it to Level 3 Version 2");
                return None;
            }
        }
        for attribute in root.attributes().filter(|a| a.name() == "required") {
            let Some(space) = attribute.namespace() else { continue };
            let package = space.split('/').rfind(|part| !part.starts_with("version"));
            let package = package.unwrap_or(space).to_owned();
            if package == MORE_MATHEMATICS {
                continue;
            }
            let changes = matches!(attribute.value(), "true" | "1");
            if changes || !HARMLESS.contains(&package.as_str()) {
                let message = format!("the SBML package `{package}` is not read");
                self.problem(span, message, "convert the model to SBML core");
            }
        }
        let model = child(root, "model");
        if model.is_none() {
            self.problem(span, "the text has no `model`".into(), "add `<model>`");
        }
        model.filter(|_| self.problems.is_empty())
    }

    /// Reads everything in the order in which it can be understood.
    fn model(&mut self, model: Node<'a, 'a>) {
        let given = ["id", "name"].into_iter().filter_map(|name| model.attribute(name));
        let name = given.into_iter().find(|name| !name.is_empty()).unwrap_or("model");
        name.clone_into(&mut self.model.name);
        let list = |name: &str| child(model, name).into_iter().flat_map(elements);
        for function in list("listOfFunctionDefinitions") {
            self.function(function);
        }
        for unit in list("listOfUnitDefinitions") {
            self.unit_definition(unit);
        }
        self.time_unit(model);
        for compartment in list("listOfCompartments") {
            self.compartment(compartment);
        }
        for species in list("listOfSpecies") {
            self.species(species);
        }
        for parameter in list("listOfParameters") {
            self.parameter(parameter);
        }
        self.conversion = Some(model).filter(|model| model.has_attribute("conversionFactor"));
        let reactions: Vec<Node<'a, 'a>> = list("listOfReactions").collect();
        for reaction in &reactions {
            self.announce_reaction(*reaction);
        }
        for assignment in list("listOfInitialAssignments") {
            self.initial_assignment(assignment);
        }
        for rule in list("listOfRules") {
            self.rule(rule);
        }
        for reaction in reactions {
            self.reaction(reaction);
        }
        for event in list("listOfEvents") {
            self.event(event);
        }
        for other in elements(model) {
            self.known_list(other);
        }
    }

    /// A part of the model that is not known is not passed over.
    fn known_list(&mut self, node: Node<'a, 'a>) {
        const KNOWN: [&str; 14] = [
            "listOfFunctionDefinitions",
            "listOfUnitDefinitions",
            "listOfCompartmentTypes",
            "listOfSpeciesTypes",
            "listOfCompartments",
            "listOfSpecies",
            "listOfParameters",
            "listOfInitialAssignments",
            "listOfRules",
            "listOfConstraints",
            "listOfReactions",
            "listOfEvents",
            "notes",
            "annotation",
        ];
        let name = node.tag_name().name();
        let is_core = node.tag_name().namespace().is_none_or(|space| {
            space.starts_with("http://www.sbml.org/sbml/level")
                && !space.contains("version1/layout")
        });
        if is_core && !KNOWN.contains(&name) {
            let help = did_you_mean(name, KNOWN.into_iter())
                .unwrap_or_else(|| "remove it, or write it as SBML core has it".into());
            let message = format!("`{name}` is not a part of a model");
            self.problem(self.source.span(node), message, help);
        }
    }

    /// Gives the symbols their final roles, orders the rules, and looks for circles.
    fn finish(&mut self) {
        let set: BTreeSet<SymbolId> =
            self.model.events.iter().flat_map(|event| &event.assignments).map(|a| a.0).collect();
        for (index, said) in self.said.iter().enumerate() {
            let symbol = &mut self.model.symbols[index];
            if symbol.role == Role::Constant
                && (!said.is_constant || set.contains(&SymbolId(index as u32)))
            {
                symbol.role = Role::Variable;
            }
        }
        match order::assignments(&self.model) {
            Ok(order) => self.model.assignment_order = order,
            Err(circle) => self.circle(&circle, "rules"),
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
        let symbol = |id: &SymbolId| &self.model.symbols[id.0 as usize];
        let names: Vec<&str> =
            circle.iter().chain(circle.first()).map(|id| symbol(id).name.as_str()).collect();
        let message = format!("these {what} go in a circle: {}", names.join(" -> "));
        let span = circle.first().map_or_else(Span::default, |id| symbol(id).span);
        self.problem(span, message, "each arrow means `needs`: break one of them");
    }
}

/// Attributes and identifiers.
impl<'a> Reader<'a> {
    /// Notes that an identifier names something; a second time is a problem.
    pub(super) fn name(&mut self, id: &str, span: Span, what: Named) {
        if !is_identifier(id) {
            let message = format!("`{id}` is not an identifier");
            self.problem(span, message, "use letters, digits and `_`, not beginning with a digit");
        }
        if self.ids.insert(id.to_owned(), what).is_some() {
            let message = format!("the identifier `{id}` is used twice");
            self.problem(span, message, "give each thing its own identifier");
        }
    }

    /// A new symbol of the name that an element gives it.
    pub(super) fn add_symbol(
        &mut self,
        node: Node<'a, 'a>,
        name: &str,
        kind: Kind,
        is_constant: bool,
    ) -> SymbolId {
        let span = self.source.attribute(node, "id");
        let id = SymbolId(self.model.symbols.len() as u32);
        self.name(name, span, Named::Symbol(id));
        let title = node.attribute("name").filter(|title| *title != name && is_title(title));
        self.model.symbols.push(Symbol {
            name: name.to_owned(),
            kind,
            title: title.map(str::to_owned),
            unit: None,
            role: Role::Constant,
            initial: None,
            span,
        });
        self.said.push(Said { is_constant, ..Said::default() });
        id
    }

    /// The value of an attribute that must be there.
    pub(super) fn required(&mut self, node: Node<'a, 'a>, attribute: &str) -> Option<&'a str> {
        let found = node.attribute(attribute).map(str::trim);
        if found.is_none() {
            let element = node.tag_name().name();
            let message = format!("`{element}` has no `{attribute}`");
            self.problem(self.source.span(node), message, format!("add `{attribute}=\"...\"`"));
        }
        found
    }

    /// A number, if the attribute is there.
    pub(super) fn number(&mut self, node: Node<'a, 'a>, attribute: &str) -> Option<f64> {
        let text = node.attribute(attribute)?.trim();
        let value = match text {
            "INF" => Some(f64::INFINITY),
            "-INF" => Some(f64::NEG_INFINITY),
            "NaN" => Some(f64::NAN),
            _ => text.parse().ok().filter(|value: &f64| value.is_finite()),
        };
        if value.is_none() {
            let message = format!("`{text}` is not a number");
            let span = self.source.attribute(node, attribute);
            self.problem(span, message, format!("write `{attribute}=\"1.5e-3\"` or the like"));
        }
        value
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, node: Node<'a, 'a>, attribute: &str, default: bool) -> bool {
        match node.attribute(attribute).map(str::trim) {
            None => default,
            Some("true" | "1") => true,
            Some("false" | "0") => false,
            Some(other) => {
                let message = format!("`{other}` is neither `true` nor `false`");
                let span = self.source.attribute(node, attribute);
                self.problem(span, message, format!("write `{attribute}=\"true\"` or `\"false\"`"));
                default
            }
        }
    }

    /// The symbol that an attribute names; a problem if there is none.
    pub(super) fn symbol_of(&mut self, node: Node<'a, 'a>, attribute: &str) -> Option<SymbolId> {
        let name = self.required(node, attribute)?;
        if let Some(Named::Symbol(id)) = self.ids.get(name) {
            return Some(*id);
        }
        let help = did_you_mean(name, self.ids.keys().map(String::as_str))
            .unwrap_or_else(|| "declare it, or correct the name".into());
        let span = self.source.attribute(node, attribute);
        self.problem(span, format!("nothing is called `{name}`"), help);
        None
    }

    pub(super) fn symbol(&self, id: SymbolId) -> &Symbol {
        &self.model.symbols[id.0 as usize]
    }

    /// Adds an expression whose children are there.
    pub(super) fn push(
        &mut self,
        expression: Expression,
        span: Span,
        depth: usize,
    ) -> ExpressionId {
        let id = ExpressionId(self.model.expressions.len() as u32);
        let size = |id: &ExpressionId| self.sizes[id.0 as usize];
        let below = match &expression {
            Expression::Unary(_, inner) => size(inner),
            Expression::Binary(_, left, right) => size(left).saturating_add(size(right)),
            Expression::Piecewise { cases, otherwise } => {
                cases.iter().fold(size(otherwise), |sum, (value, condition)| {
                    sum.saturating_add(size(value)).saturating_add(size(condition))
                })
            }
            _ => 0,
        };
        self.sizes.push(below.saturating_add(1));
        self.model.expressions.push(expression);
        self.model.spans.push(span);
        self.depths.push(depth);
        id
    }
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && identifier(text) == text
}

/// Whether a title can be written between double quotes on one line.
fn is_title(text: &str) -> bool {
    !text.is_empty() && !text.contains(['"', '\n', '\r'])
}
