//! Statements to a model: names become symbols, functions are put in place, rules become roles.

use std::collections::{BTreeMap, BTreeSet};

use crate::antimony::ReadProblem;
use crate::antimony::inline::Inliner;
use crate::antimony::lexer::Token;
use crate::antimony::syntax::{Declared, EventText, Named, Node, Statement, Text};
use crate::ir::{Event, Expression, ExpressionId, Model, Role, Span, Symbol, SymbolId, Unit};
use crate::nearest::did_you_mean;
use crate::{order, units};

/// Names with a fixed meaning, which no statement may set.
pub(crate) const RESERVED: [&str; 9] =
    ["time", "pi", "exponentiale", "infinity", "inf", "true", "false", "nan", "notanumber"];

/// What the statements say about one symbol.
#[derive(Default)]
struct Said {
    declared: Option<Declared>,
    set_by_event: bool,
    exported: bool,
    value: Option<ExpressionId>,
    assignment: Option<ExpressionId>,
    rate: Option<ExpressionId>,
}

/// Builds the model and collects problems.
pub(crate) struct Resolver {
    pub(crate) model: Model,
    pub(crate) problems: Vec<ReadProblem>,
    /// The height of every expression, so that no chain of functions grows without end.
    pub(crate) depths: Vec<usize>,
    said: Vec<Said>,
    symbols: BTreeMap<String, SymbolId>,
}

/// Makes the model of a text. `problems` are those of reading; more are added.
pub(crate) fn resolve(text: &Text, problems: Vec<ReadProblem>) -> Result<Model, Vec<ReadProblem>> {
    let mut resolver = Resolver {
        model: Model::default(),
        problems,
        depths: Vec::new(),
        said: Vec::new(),
        symbols: BTreeMap::new(),
    };
    resolver.model.name = text.name.as_ref().map_or_else(|| "main".into(), |n| n.name.clone());
    for export in &text.exports {
        resolver.export(export);
    }
    let functions = Inliner::new(&text.functions, &mut resolver.problems);
    resolver.unit_definitions(&text.statements);
    for statement in &text.statements {
        resolver.statement(statement, &functions);
    }
    resolver.set_roles(&text.unreadable);
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
        let id = SymbolId(self.model.symbols.len() as u32);
        self.model.symbols.push(Symbol {
            name: name.to_owned(),
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
    fn target(&mut self, named: &Named) -> Option<SymbolId> {
        if RESERVED.contains(&named.name.as_str()) {
            let message = format!("`{}` has a fixed meaning and cannot be set", named.name);
            self.problem(named.span, message, "choose another name");
            return None;
        }
        Some(self.symbol(&named.name, named.span))
    }

    fn said(&mut self, id: SymbolId) -> &mut Said {
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
            Statement::Declaration(words, name) => {
                let Some(id) = self.target(name) else { return };
                for word in words {
                    let declared = match word {
                        Declared::Const => Declared::Const,
                        Declared::Var | Declared::Species => Declared::Var,
                        Declared::Compartment => continue,
                    };
                    let said = self.said(id);
                    let earlier = *said.declared.get_or_insert(declared);
                    if earlier != declared {
                        let message = format!("`{}` is declared `const` and variable", name.name);
                        self.problem(name.span, message, "keep one of the declarations");
                    }
                }
            }
            Statement::Unit(..) => {}
            Statement::HasUnit(name, unit) => self.has_unit(name, unit),
            Statement::Title(name, title) => {
                if let Some(id) = self.target(name) {
                    let place = &mut self.model.symbols[id.0 as usize].title;
                    if place.replace(title.clone()).is_some() {
                        let message = format!("`{}` has two titles", name.name);
                        self.problem(name.span, message, "remove one of them");
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
        self.model.events.push(Event { name, trigger, initially_true, assignments, span });
    }

    fn formula(&mut self, node: &Node, functions: &Inliner<'_>) -> ExpressionId {
        functions.expand(node, self)
    }

    /// Decides what each symbol is from all that was said about it.
    fn set_roles(&mut self, unreadable: &[String]) {
        let given: Vec<String> = self
            .model
            .symbols
            .iter()
            .zip(&self.said)
            .filter(|(_, said)| said.value.is_some() || said.assignment.is_some())
            .map(|(symbol, _)| symbol.name.clone())
            .collect();
        for (index, said) in std::mem::take(&mut self.said).into_iter().enumerate() {
            let (name, span) = {
                let symbol = &self.model.symbols[index];
                (symbol.name.clone(), symbol.span)
            };
            if let Some((message, help)) = contradiction(&name, &said) {
                self.problem(span, message, help);
            }
            let has_value = said.value.is_some() || said.assignment.is_some();
            if !has_value && !unreadable.contains(&name) {
                let help = match said.rate {
                    Some(_) => format!("write its value at the start: `{name} = 0`"),
                    None => did_you_mean(&name, given.iter().map(String::as_str))
                        .unwrap_or_else(|| format!("write `{name} = ...`")),
                };
                self.problem(span, format!("`{name}` is never given a value"), help);
            }
            let symbol = &mut self.model.symbols[index];
            symbol.initial = said.value;
            symbol.role = match said {
                Said { assignment: Some(formula), .. } => Role::Assigned(formula),
                Said { rate: Some(formula), .. } => Role::State(formula),
                Said { declared: Some(Declared::Var), .. }
                | Said { set_by_event: true, .. }
                | Said { exported: true, .. } => Role::Variable,
                _ => Role::Constant,
            };
        }
    }

    /// Orders the assignment rules; a circle is a problem that names its members.
    fn set_order(&mut self) {
        match order::assignments(&self.model) {
            Ok(order) => self.model.assignment_order = order,
            Err(circle) => self.circle(&circle, "assignment rules"),
        }
        if self.problems.is_empty()
            && let Err(circle) = order::start(&self.model)
        {
            self.circle(&circle, "values at the start");
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

/// Two statements about one symbol that cannot both hold.
fn contradiction(name: &str, said: &Said) -> Option<(String, &'static str)> {
    if said.assignment.is_some() {
        if said.value.is_some() {
            let message = format!("`{name}` has a value at the start and a rule `:=`");
            return Some((message, "the rule holds at the start too: remove `=`"));
        }
        if said.set_by_event {
            let message = format!("`{name}` follows a rule `:=` and is set by an event");
            return Some((message, "set what the rule uses, or drop the rule"));
        }
        if said.exported {
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
