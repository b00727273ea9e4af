//! Models inside models: instances are put in place, so that one flat model remains.
//!
//! A symbol `k` of an instance `A` becomes `A__k`, unless the instance was given another name for it.
//! What an outer model says of a symbol overrides what the inner one says.

mod rename;

use std::collections::{BTreeMap, BTreeSet};

use crate::antimony::ReadProblem;
use crate::antimony::syntax::{Declared, InstanceText, ModelText, Named, Node, Statement, Text};

/// Deeper instances are refused.
const MAX_DEPTH: usize = 50;
/// More statements are refused: instances of instances can grow without end.
const MAX_STATEMENTS: usize = 1_000_000;

/// One model without instances.
#[derive(Debug, Default)]
pub(crate) struct Flat {
    pub(crate) name: Option<Named>,
    pub(crate) exports: Vec<Named>,
    pub(crate) statements: Vec<Statement>,
}

/// What names mean inside an instance.
#[derive(Debug, Clone, Default)]
struct Frame {
    prefix: String,
    /// Names that the instance was given, by the module's own name.
    bindings: BTreeMap<String, String>,
    instances: BTreeMap<String, Frame>,
    /// How long a unit of the instance's time lasts in the whole model's.
    time: Option<Node>,
    /// How much a unit of the instance's reactions is in the whole model's.
    extent: Option<Node>,
    /// The conversion factor of the model's species that have none of their own.
    conversion: Option<Named>,
}

/// Puts all instances of a text's main model in place.
pub(crate) fn flatten(text: &Text, problems: &mut Vec<ReadProblem>) -> Flat {
    let main = main_model(text, problems);
    let mut flattener =
        Flattener { text, problems, statements: Vec::new(), synonyms: BTreeMap::new() };
    if main != 0 {
        let outside = text.models[0].statements.iter();
        let units = outside.filter(|statement| matches!(statement, Statement::Unit(..)));
        flattener.statements.extend(units.map(|unit| (0, unit.clone())));
    }
    let model = &text.models[main];
    let frame = flattener.frame(model, Frame::default(), &mut vec![main]);
    flattener.expand(model, &frame, 0);
    let Flattener { statements, synonyms, .. } = flattener;
    let statements = rename::synonyms(statements, &synonyms);
    Flat {
        name: model.name.clone(),
        exports: model.exports.clone(),
        statements: overridden(statements),
    }
}

/// The model marked with `*`, or what stands outside, or the last model.
fn main_model(text: &Text, problems: &mut Vec<ReadProblem>) -> usize {
    let is_unit = |statement: &Statement| matches!(statement, Statement::Unit(..));
    let last = text.models.len() - 1;
    let outside = &text.models[0].statements;
    if let Some(marked) = text.models.iter().rposition(|model| model.is_main) {
        let unused = outside.iter().find(|statement| !is_unit(statement));
        if let Some((statement, name)) = unused.zip(text.models[marked].name.as_ref()) {
            let message = format!("this stands outside of the main model `{}`", name.name);
            let help = "move it between `model` and `end`".into();
            problems.push(ReadProblem { span: rename::span(statement), message, help });
        }
        return marked;
    }
    if outside.iter().all(is_unit) {
        return last;
    }
    let statements = text.models.iter().flat_map(|model| &model.statements);
    let used: BTreeSet<&str> = statements
        .filter_map(|statement| match statement {
            Statement::Instance(instance) => Some(instance.module.name.as_str()),
            _ => None,
        })
        .collect();
    for name in text.models.iter().filter_map(|model| model.name.as_ref()) {
        if !used.contains(name.name.as_str()) {
            let message =
                format!("the model `{}` is not used by the statements outside", name.name);
            let help =
                "move all statements into one model, or mark the main one: `model *m()`".into();
            problems.push(ReadProblem { span: name.span, message, help });
        }
    }
    0
}

struct Flattener<'a> {
    text: &'a Text,
    problems: &'a mut Vec<ReadProblem>,
    /// Statements and how deep inside instances they stood.
    statements: Vec<(usize, Statement)>,
    /// Names that gave way to others.
    synonyms: BTreeMap<String, String>,
}

impl Flattener<'_> {
    fn problem(&mut self, at: &Named, message: String, help: &str) {
        self.problems.push(ReadProblem { span: at.span, message, help: help.into() });
    }

    fn module(&self, name: &str) -> Option<usize> {
        let is_it = |model: &ModelText| model.name.as_ref().is_some_and(|n| n.name == name);
        self.text.models.iter().rposition(is_it)
    }

    /// Adds the instances of a model to its frame; `path` are the models that are open.
    fn frame(&mut self, model: &ModelText, mut frame: Frame, path: &mut Vec<usize>) -> Frame {
        for statement in &model.statements {
            let Statement::Instance(instance) = statement else { continue };
            let name = &instance.name;
            if frame.instances.contains_key(&name.name) {
                self.problem(
                    name,
                    format!("two instances are called `{}`", name.name),
                    "rename one",
                );
                continue;
            }
            let inner = self.instance(instance, &frame, path).unwrap_or_default();
            frame.instances.insert(name.name.clone(), inner);
        }
        for statement in &model.statements {
            let Statement::Conversion(None, factor) = statement else { continue };
            let own = Named { name: frame.name(&factor.name), span: factor.span };
            let earlier = frame.conversion.replace(own.clone());
            if earlier.is_some_and(|earlier| earlier.name != own.name) {
                let message = "the model has two conversion factors".to_owned();
                self.problem(factor, message, "keep one of them");
            }
        }
        frame
    }

    fn instance(
        &mut self,
        instance: &InstanceText,
        frame: &Frame,
        path: &mut Vec<usize>,
    ) -> Option<Frame> {
        let module = &instance.module;
        let Some(index) = self.module(&module.name) else {
            let message = format!("no model is called `{}`", module.name);
            self.problem(module, message, "write it as `model name(...) ... end`");
            return None;
        };
        if path.contains(&index) || path.len() > MAX_DEPTH {
            let message = format!("the model `{}` is inside itself", module.name);
            self.problem(module, message, "a model cannot be a part of its parts");
            return None;
        }
        let text = self.text;
        let inner = &text.models[index];
        if instance.arguments.len() > inner.exports.len() {
            let message = format!(
                "`{}` has {} names to give, not {}",
                module.name,
                inner.exports.len(),
                instance.arguments.len()
            );
            self.problem(module, message, "write as many names as stand in its header");
            return None;
        }
        let bound = inner.exports.iter().zip(&instance.arguments);
        let bindings =
            bound.map(|(own, outer)| (own.name.clone(), frame.name(&outer.name))).collect();
        let scale = |own: &Option<Node>, outer: &Option<Node>| match (own, outer) {
            (Some(own), Some(outer)) => {
                Some(rename::times(rename::node(own, frame), outer.clone()))
            }
            (Some(own), None) => Some(rename::node(own, frame)),
            (None, outer) => outer.clone(),
        };
        let started = Frame {
            prefix: format!("{}{}__", frame.prefix, instance.name.name),
            bindings,
            instances: BTreeMap::new(),
            time: scale(&instance.time, &frame.time),
            extent: scale(&instance.extent, &frame.extent),
            conversion: None,
        };
        path.push(index);
        let frame = self.frame(inner, started, path);
        path.pop();
        Some(frame)
    }

    /// Adds the statements of a model, its instances in place.
    fn expand(&mut self, model: &ModelText, frame: &Frame, depth: usize) {
        let mut expanded = BTreeSet::new();
        for statement in &model.statements {
            if self.statements.len() > MAX_STATEMENTS {
                return;
            }
            match statement {
                Statement::Instance(instance) => {
                    let Some(inner) = frame.instances.get(&instance.name.name) else { continue };
                    let Some(index) = self.module(&instance.module.name) else { continue };
                    let is_new = expanded.insert(&instance.name.name);
                    if is_new && !inner.prefix.is_empty() {
                        let text = self.text;
                        self.expand(&text.models[index], inner, depth + 1);
                    }
                }
                Statement::Same(first, second) => {
                    let (first, second) = (frame.name(&first.name), frame.name(&second.name));
                    if first != second {
                        self.synonyms.insert(first, second);
                    }
                }
                Statement::Unit(..) if depth > 0 => {
                    let is_new =
                        !self.statements.iter().any(|(_, other)| match (other, statement) {
                            (Statement::Unit(a, _), Statement::Unit(b, _)) => a.name == b.name,
                            _ => false,
                        });
                    if is_new {
                        self.statements.push((depth, statement.clone()));
                    }
                }
                statement => self.statements.push((depth, rename::statement(statement, frame))),
            }
        }
    }
}

impl Frame {
    /// The name in the flat model.
    fn name(&self, name: &str) -> String {
        if super::resolve::RESERVED.contains(&name) {
            return name.to_owned();
        }
        if let Some((instance, rest)) = name.split_once('.') {
            return match self.instances.get(instance) {
                Some(inner) => inner.name(rest),
                // A name with a point remains, of which the resolver speaks.
                None => format!("{}{name}", self.prefix),
            };
        }
        match self.bindings.get(name) {
            Some(bound) => bound.clone(),
            None => format!("{}{name}", self.prefix),
        }
    }
}

/// Leaves out what an outer model says differently.
fn overridden(statements: Vec<(usize, Statement)>) -> Vec<Statement> {
    /// What kinds of statements there are about a symbol.
    #[derive(Default)]
    struct Least {
        value: Option<usize>,
        rule: Option<usize>,
        declared: Option<usize>,
        title: Option<usize>,
        unit: Option<usize>,
        conversion: Option<usize>,
    }
    let mut least: BTreeMap<String, Least> = BTreeMap::new();
    let lower = |place: &mut Option<usize>, depth: usize| {
        *place = Some(place.map_or(depth, |other| other.min(depth)));
    };
    for (depth, statement) in &statements {
        let Some(name) = rename::target(statement) else { continue };
        let entry = least.entry(name.to_owned()).or_default();
        match statement {
            Statement::Value(..) => lower(&mut entry.value, *depth),
            Statement::Assignment(..) | Statement::Rate(..) => lower(&mut entry.rule, *depth),
            Statement::Declaration(..) => lower(&mut entry.declared, *depth),
            Statement::Title(..) => lower(&mut entry.title, *depth),
            Statement::HasUnit(..) => lower(&mut entry.unit, *depth),
            Statement::Conversion(..) => lower(&mut entry.conversion, *depth),
            _ => {}
        }
    }
    let below = |place: Option<usize>, depth: usize| place.is_some_and(|other| other < depth);
    let stays = |(depth, statement): &(usize, Statement)| {
        let Some(entry) = rename::target(statement).and_then(|name| least.get(name)) else {
            return true;
        };
        let is_overridden = match statement {
            Statement::Value(..) | Statement::Assignment(..) => {
                below(entry.value, *depth) || below(entry.rule, *depth)
            }
            Statement::Rate(..) => below(entry.rule, *depth),
            Statement::Declaration(words, ..) => {
                let says_whether =
                    words.contains(&Declared::Const) || words.contains(&Declared::Var);
                says_whether && below(entry.declared, *depth)
            }
            Statement::Title(..) => below(entry.title, *depth),
            Statement::HasUnit(..) => below(entry.unit, *depth),
            Statement::Conversion(..) => below(entry.conversion, *depth),
            _ => false,
        };
        !is_overridden
    };
    statements.into_iter().filter(stays).map(|(_, statement)| statement).collect()
}
