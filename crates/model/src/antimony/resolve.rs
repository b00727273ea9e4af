//! Statements to a model: names become symbols, functions are put in place, rules become roles.

use std::collections::{BTreeMap, BTreeSet};

use crate::antimony::ReadProblem;
use crate::antimony::inline::Inliner;
use crate::antimony::lexer::Token;
use crate::antimony::modules::Flat;
use crate::antimony::syntax::{
    Declared, EventText, FunctionText, Named, Node, ReactionText, Statement, Term,
};
use crate::ir::{Event, Expression, ExpressionId, Kind, Model, Role, Span, Symbol, SymbolId, Unit};
use crate::nearest::did_you_mean;
use crate::units;

/// Names with a fixed meaning, which no statement may set.
pub(crate) const RESERVED: [&str; 10] = [
    "time",
    "pi",
    "exponentiale",
    "avogadro",
    "infinity",
    "inf",
    "true",
    "false",
    "nan",
    "notanumber",
];

/// What the statements say about one symbol.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a thing that a statement may say")]
pub(super) struct Said {
    /// `const` or `var`.
    pub(super) declared: Option<Declared>,
    pub(super) set_by_event: bool,
    pub(super) exported: bool,
    pub(super) value: Option<ExpressionId>,
    pub(super) assignment: Option<ExpressionId>,
    pub(super) rate: Option<ExpressionId>,
    /// Declared as one, in a reaction, or in a compartment.
    pub(super) is_species: bool,
    pub(super) is_amount: bool,
    pub(super) is_boundary: bool,
    pub(super) is_compartment: bool,
    pub(super) is_reaction: bool,
    pub(super) room: Option<SymbolId>,
    /// By what the extent of reactions is multiplied for this species.
    pub(super) conversion: Option<SymbolId>,
    /// How often it stands before a species in a reaction.
    pub(super) as_amount: u32,
}

/// Builds the model and collects problems.
pub(crate) struct Resolver {
    pub(crate) model: Model,
    pub(crate) problems: Vec<ReadProblem>,
    /// The height of every expression, so that no chain of functions grows without end.
    pub(crate) depths: Vec<usize>,
    pub(super) said: Vec<Said>,
    pub(super) symbols: BTreeMap<String, SymbolId>,
    /// The conversion factor of each reaction's model.
    pub(super) conversions: Vec<Option<SymbolId>>,
}

/// Makes the model of statements. `problems` are those of reading; more are added.
pub(crate) fn resolve(
    flat: &Flat,
    functions: &[FunctionText],
    unreadable: &[String],
    problems: Vec<ReadProblem>,
) -> Result<Model, Vec<ReadProblem>> {
    let mut resolver = Resolver {
        model: Model::default(),
        problems,
        depths: Vec::new(),
        said: Vec::new(),
        symbols: BTreeMap::new(),
        conversions: Vec::new(),
    };
    resolver.model.name = flat.name.as_ref().map_or_else(|| "main".into(), |n| n.name.clone());
    for export in &flat.exports {
        resolver.export(export);
    }
    let functions = Inliner::new(functions, &mut resolver.problems);
    resolver.unit_definitions(&flat.statements);
    for statement in &flat.statements {
        resolver.statement(statement, &functions);
    }
    resolver.distinguish_events();
    resolver.set_roles(unreadable);
    resolver.set_order();
    if resolver.problems.is_empty() {
        return Ok(resolver.model);
    }
    resolver.problems.sort_by_key(|problem| (problem.span.line, problem.span.column));
    Err(resolver.problems)
}

impl Resolver {
    pub(crate) fn problem(&mut self, span: Span, message: String, help: impl Into<String>) {
        self.problems.push(ReadProblem { span, message, help: help.into() });
    }

    /// The symbol of that name, made on first sight.
    pub(crate) fn symbol(&mut self, name: &str, span: Span) -> SymbolId {
        if let Some(&id) = self.symbols.get(name) {
            return id;
        }
        if let Some((instance, part)) = name.split_once('.') {
            let message = format!("no instance is called `{instance}`, so nothing is `{name}`");
            let help = format!("write `{instance}: model(...)`, or `{part}` alone");
            self.problem(span, message, help);
        }
        let id = SymbolId(self.model.symbols.len() as u32);
        self.model.symbols.push(Symbol {
            name: name.to_owned(),
            kind: Kind::Parameter,
            title: None,
            unit: None,
            role: Role::Constant,
            initial: None,
            span,
        });
        self.said.push(Said::default());
        self.symbols.insert(name.to_owned(), id);
        id
    }

    /// The symbol that a statement is about; a problem if the name has a fixed meaning.
    pub(super) fn target(&mut self, named: &Named) -> Option<SymbolId> {
        if RESERVED.contains(&named.name.as_str()) {
            let message = format!("`{}` has a fixed meaning and cannot be set", named.name);
            self.problem(named.span, message, "choose another name");
            return None;
        }
        Some(self.symbol(&named.name, named.span))
    }

    pub(super) fn said(&mut self, id: SymbolId) -> &mut Said {
        &mut self.said[id.0 as usize]
    }

    pub(crate) fn push(
        &mut self,
        expression: Expression,
        span: Span,
        depth: usize,
    ) -> ExpressionId {
        let id = ExpressionId(self.model.expressions.len() as u32);
        self.model.expressions.push(expression);
        self.model.spans.push(span);
        self.depths.push(depth);
        id
    }

    fn export(&mut self, named: &Named) {
        let Some(id) = self.target(named) else { return };
        if std::mem::replace(&mut self.said(id).exported, true) {
            let message = format!("`{}` stands twice in the header", named.name);
            self.problem(named.span, message, "write each name once");
            return;
        }
        self.model.ports.push(id);
    }

    /// Unit definitions come before anything that has units, wherever they stand.
    fn unit_definitions(&mut self, statements: &[Statement]) {
        for statement in statements {
            let Statement::Unit(name, tokens) = statement else { continue };
            if self.model.units.contains_key(&name.name) {
                let message = format!("the unit `{}` is defined twice", name.name);
                self.problem(name.span, message, "remove one of the definitions");
                continue;
            }
            let start = tokens[0].span;
            match units::parse_with(&spaced(tokens), &self.model.units) {
                Ok(unit) => {
                    self.model.units.insert(name.name.clone(), unit);
                }
                Err(found) => {
                    let column = start.column + found.position as u32;
                    let span = Span { column, length: found.length as u32, ..start };
                    self.problem(span, found.message, found.help);
                    // Uses of the name are no problems of their own.
                    let unknown = Unit { factor: 1.0, exponents: [0; 8] };
                    self.model.units.insert(name.name.clone(), unknown);
                }
            }
        }
    }

    fn statement(&mut self, statement: &Statement, functions: &Inliner<'_>) {
        match statement {
            Statement::Value(name, formula) => {
                let id = self.target(name);
                let formula = self.formula(formula, functions);
                if let Some(id) = id {
                    self.set_once(id, name.span, "value", formula, |said| &mut said.value);
                }
            }
            Statement::Assignment(name, formula) => {
                let id = self.target(name);
                let formula = self.formula(formula, functions);
                if let Some(id) = id {
                    self.set_once(id, name.span, ":=", formula, |said| &mut said.assignment);
                }
            }
            Statement::Rate(name, formula) => {
                let id = self.target(name);
                let formula = self.formula(formula, functions);
                if let Some(id) = id {
                    self.set_once(id, name.span, "'", formula, |said| &mut said.rate);
                }
            }
            Statement::Event(event) => self.event(event, functions),
            Statement::Declaration(words, name, is_boundary) => {
                self.declaration(words, name, *is_boundary);
            }
            Statement::In(name, room) => {
                let (Some(id), Some(room)) = (self.target(name), self.target(room)) else { return };
                self.said(room).is_compartment = true;
                let said = self.said(id);
                said.is_species = true;
                if said.room.replace(room).is_some_and(|earlier| earlier != room) {
                    let message = format!("`{}` is in two compartments", name.name);
                    self.problem(name.span, message, "keep one of them");
                }
            }
            Statement::Reaction(reaction) => self.reaction(reaction, functions),
            Statement::Conversion(Some(species), factor) => {
                let (Some(id), Some(factor)) = (self.target(species), self.target(factor)) else {
                    return;
                };
                let said = self.said(id);
                said.is_species = true;
                if said.conversion.replace(factor).is_some_and(|earlier| earlier != factor) {
                    let message = format!("`{}` has two conversion factors", species.name);
                    self.problem(species.span, message, "keep one of them");
                }
            }
            Statement::Conversion(None, factor) => {
                self.target(factor);
            }
            Statement::Unit(..) | Statement::Same(..) | Statement::Instance(_) => {}
            Statement::HasUnit(name, unit) => self.has_unit(name, unit),
            Statement::Title(name, title) => {
                if let Some(id) = self.target(name) {
                    let place = &mut self.model.symbols[id.0 as usize].title;
                    if place.replace(title.clone()).is_some_and(|earlier| earlier != *title) {
                        let message = format!("`{}` has two titles", name.name);
                        self.problem(name.span, message, "remove one of them");
                    }
                }
            }
        }
    }

    fn declaration(&mut self, words: &[Declared], name: &Named, is_boundary: bool) {
        let Some(id) = self.target(name) else { return };
        let said = self.said(id);
        said.is_boundary |= is_boundary;
        for word in words {
            match word {
                Declared::Species => said.is_species = true,
                Declared::Compartment => said.is_compartment = true,
                Declared::Reaction => {}
                Declared::SubstanceOnly => {
                    said.is_species = true;
                    said.is_amount = true;
                }
                Declared::Const | Declared::Var => {
                    let earlier = *said.declared.get_or_insert(*word);
                    if earlier != *word {
                        let message = format!("`{}` is declared `const` and variable", name.name);
                        self.problem(name.span, message, "keep one of the declarations");
                        return;
                    }
                }
            }
        }
    }

    /// Stores what a statement gives its symbol; twice is a problem.
    fn set_once(
        &mut self,
        id: SymbolId,
        span: Span,
        what: &str,
        formula: ExpressionId,
        place: impl Fn(&mut Said) -> &mut Option<ExpressionId>,
    ) {
        let name = self.model.symbols[id.0 as usize].name.clone();
        let said = self.said(id);
        let is_rule = what != "value";
        let has_rule = said.assignment.is_some() || said.rate.is_some();
        if is_rule && has_rule {
            let help = "a symbol follows one `:=` or one `'`: remove one of them";
            self.problem(span, format!("`{name}` has two rules"), help);
        } else if place(said).replace(formula).is_some() {
            let help = "remove one of the two values";
            self.problem(span, format!("`{name}` is given two values at the start"), help);
        }
    }

    fn has_unit(&mut self, name: &Named, unit: &Named) {
        let Some(id) = self.target(name) else { return };
        if !self.model.units.contains_key(&unit.name) {
            match units::parse(&unit.name) {
                Ok(known) => {
                    self.model.units.insert(unit.name.clone(), known);
                }
                Err(found) => {
                    let help =
                        did_you_mean(&unit.name, self.model.units.keys().map(String::as_str))
                            .unwrap_or(found.help);
                    let message = format!("no unit is called `{}`", unit.name);
                    self.problem(unit.span, message, help);
                }
            }
        }
        let symbol = &mut self.model.symbols[id.0 as usize];
        if symbol.unit.as_ref().is_some_and(|earlier| *earlier != unit.name) {
            let message = format!("`{}` has two units", name.name);
            self.problem(unit.span, message, "remove one of them");
        } else {
            symbol.unit = Some(unit.name.clone());
        }
    }

    fn event(&mut self, event: &EventText, functions: &Inliner<'_>) {
        let number = self.model.events.len();
        let name = event.name.as_ref().map_or_else(|| format!("_E{number}"), |n| n.name.clone());
        if self.model.events.iter().any(|earlier| earlier.name == name) {
            let message = format!("two events are called `{name}`");
            self.problem(event.span, message, "give each event its own name");
        }
        let trigger = self.formula(&event.trigger, functions);
        let delay = event.delay.as_ref().map(|delay| self.formula(delay, functions));
        let priority = event.priority.as_ref().map(|value| self.formula(value, functions));
        let mut assignments = Vec::new();
        let mut targets = BTreeSet::new();
        for (target, formula) in &event.assignments {
            let id = self.target(target);
            let formula = self.formula(formula, functions);
            let Some(id) = id else { continue };
            self.said(id).set_by_event = true;
            if !targets.insert(id) {
                let message = format!("the event sets `{}` twice", target.name);
                self.problem(target.span, message, "all assignments of an event happen at once");
            }
            assignments.push((id, formula));
        }
        let initially_true = event.initially_true;
        let span = event.span;
        self.model.events.push(Event {
            name,
            trigger,
            initially_true,
            delay,
            priority,
            is_persistent: event.is_persistent,
            from_trigger: event.from_trigger,
            assignments,
            sizes: Vec::new(),
            span,
        });
    }

    /// An event and a symbol of one name could not be told apart.
    fn distinguish_events(&mut self) {
        let is_taken = |event: &&Event| self.symbols.contains_key(&event.name);
        let taken: Vec<_> = self.model.events.iter().filter(is_taken).collect();
        let taken: Vec<_> =
            taken.into_iter().map(|event| (event.span, event.name.clone())).collect();
        for (span, name) in taken {
            let message = format!("`{name}` is the name of a symbol and of an event");
            self.problem(span, message, "give the event a name of its own");
        }
    }

    /// The reaction's own symbol, its species, and its rate.
    fn reaction(&mut self, reaction: &ReactionText, functions: &Inliner<'_>) {
        let number = self.model.reactions.len();
        let named = reaction
            .name
            .clone()
            .unwrap_or_else(|| Named { name: format!("_J{number}"), span: reaction.span });
        let Some(symbol) = self.target(&named) else { return };
        if self.said(symbol).is_reaction {
            let message = format!("two reactions are called `{}`", named.name);
            self.problem(named.span, message, "give each reaction its own name");
            return;
        }
        self.said(symbol).is_reaction = true;
        let mut side = |terms: &[Term]| -> Vec<_> {
            terms.iter().filter_map(|term| self.participant(term)).collect()
        };
        let (reactants, products) = (side(&reaction.left), side(&reaction.right));
        if let Some(rate) = &reaction.rate {
            let rate = self.formula(rate, functions);
            self.set_once(symbol, named.span, ":=", rate, |said| &mut said.assignment);
        }
        let conversion = reaction.conversion.as_ref().and_then(|factor| self.target(factor));
        self.conversions.push(conversion);
        let is_reversible = reaction.is_reversible;
        self.model.reactions.push(crate::ir::Reaction {
            symbol,
            is_reversible,
            reactants,
            products,
        });
    }

    fn formula(&mut self, node: &Node, functions: &Inliner<'_>) -> ExpressionId {
        functions.expand(node, self)
    }
}

/// The characters of tokens at their distances, so that positions can be found again.
fn spaced(tokens: &[Token]) -> String {
    let mut text = String::new();
    let mut length = 0;
    let start = tokens.first().map_or(0, |token| token.span.column);
    for token in tokens {
        let wanted = token.span.column.saturating_sub(start);
        while length < wanted {
            text.push(' ');
            length += 1;
        }
        text.push_str(&token.text);
        length += token.span.length;
    }
    text
}
