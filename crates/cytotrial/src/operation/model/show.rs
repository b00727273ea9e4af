//! `model show`: what a model says, as tables: states with their rates, rules, parameters with units and sources, events.

use std::collections::BTreeMap;

use ::model::antimony::formula;
use ::model::{Amount, Event, ExpressionId, Kind, Model, Participant, Reaction, Role, Symbol};
use ::solve::{Program, Settings, Start, run as follow};
use serde::Serialize;

use super::check::{Counts, counts};
use super::diagram::{Diagram, diagram};
use super::{Language, Text, compiled, read};
use crate::parameters::rows;
use crate::problem::Problem;

/// What to show.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The model. Sources of its parameters are looked for in `NAME.parameters.csv` beside it, in the columns
    /// `symbol` and `source`.
    pub text: Text,
}

/// What a model says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The model's name.
    pub model: String,
    /// The language of the text.
    pub language: Language,
    /// How much of what there is.
    pub counts: Counts,
    /// What follows a rate: `formula` is the rate of change.
    pub states: Vec<Row>,
    /// What a rule computes: `formula` is the rule.
    pub assigned: Vec<Row>,
    /// What only events and protocols change.
    pub variables: Vec<Row>,
    /// What never changes within a run: `formula` is there where other values give it.
    pub constants: Vec<Row>,
    /// Reactions.
    pub reactions: Vec<ReactionRow>,
    /// Events.
    pub events: Vec<EventRow>,
    /// Which states the rate of each state reads.
    pub diagram: Diagram,
}

/// A symbol.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// What it is in words.
    pub title: Option<String>,
    /// Its unit.
    pub unit: Option<String>,
    /// Its value at the start; `None` where it is not finite.
    pub value: Option<f64>,
    /// Its rate, its rule, or the formula of its value.
    pub formula: Option<String>,
    /// Where its value comes from.
    pub source: Option<String>,
    /// Whether a protocol may set it.
    pub is_port: bool,
}

/// A reaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReactionRow {
    /// Its name.
    pub name: String,
    /// What becomes of what: `2 A -> B`.
    pub equation: String,
    /// Its rate in amount per time, where one is known.
    pub rate: Option<String>,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventRow {
    /// Its name.
    pub name: String,
    /// It happens when this turns true.
    pub condition: String,
    /// How long after.
    pub delay: Option<String>,
    /// Of several events, that with the highest one comes first.
    pub priority: Option<String>,
    /// What is set to what.
    pub sets: Vec<[String; 2]>,
}

/// Describes a model.
///
/// # Errors
/// Everything that is wrong with the text.
pub fn run(request: &Request) -> Result<Answer, Vec<Problem>> {
    let (model, language) = read(&request.text)?;
    let program = compiled(&model, &request.text.name)?;
    let values = at_start(&model, &program);
    let sources = sources(&request.text);
    let mut answer = Answer {
        model: model.name.clone(),
        language,
        counts: counts(&model),
        states: Vec::new(),
        assigned: Vec::new(),
        variables: Vec::new(),
        constants: Vec::new(),
        reactions: model
            .reactions
            .iter()
            .map(|reaction| self::reaction(&model, reaction))
            .collect(),
        events: model.events.iter().map(|event| self::event(&model, event)).collect(),
        diagram: diagram(&model),
    };
    let plain = ::model::plain(&model);
    let reduced = plain.as_deref().unwrap_or(&model);
    for (index, symbol) in model.symbols.iter().enumerate() {
        let role = reduced.symbols[index].role;
        let is_reaction = symbol.kind == Kind::Reaction;
        let follows_amount =
            matches!(role, Role::Assigned(_)) && !matches!(symbol.role, Role::Assigned(_));
        let (list, formula) = match role {
            _ if is_reaction => continue,
            Role::State(rate) => (&mut answer.states, Some(formula(reduced, rate))),
            Role::Assigned(rule) if follows_amount => {
                (&mut answer.states, Some(rate_of_amount(reduced, rule)))
            }
            Role::Assigned(rule) => (&mut answer.assigned, Some(formula(reduced, rule))),
            Role::Variable => (&mut answer.variables, start(&model, symbol)),
            Role::Constant => (&mut answer.constants, start(&model, symbol)),
        };
        list.push(Row {
            name: symbol.name.clone(),
            title: symbol.title.clone(),
            unit: symbol.unit.clone(),
            value: values[index],
            formula,
            source: sources.get(&symbol.name).cloned(),
            is_port: model.ports.iter().any(|port| port.0 as usize == index),
        });
    }
    Ok(answer)
}

/// What an amount, over which a concentration is computed, does.
fn rate_of_amount(model: &Model, rule: ExpressionId) -> String {
    let mut names = model.symbols.iter().filter(|symbol| symbol.name.starts_with("amount of "));
    let text = formula(model, rule);
    let amount = names.find(|symbol| text.starts_with(&symbol.name));
    match amount.map(|symbol| symbol.role) {
        Some(Role::State(rate)) => format!("its amount changes by {}", formula(model, rate)),
        _ => "its amount stays, the size of its compartment changes".to_owned(),
    }
}

/// The formula of a value at the start, if it is more than a number.
fn start(model: &Model, symbol: &Symbol) -> Option<String> {
    let text = formula(model, symbol.initial?);
    let is_number = text.trim_start_matches('-').parse::<f64>().is_ok();
    (!is_number && text != "notanumber").then_some(text)
}

/// The value of every symbol at the start.
fn at_start(model: &Model, program: &Program) -> Vec<Option<f64>> {
    let mut values = vec![None; model.symbols.len()];
    follow(program, &[Start::default()], &Settings::default(), |_, stop| {
        for (index, value) in values.iter_mut().enumerate() {
            let now = stop.value(::model::SymbolId(index as u32));
            *value = Some(now).filter(|now| now.is_finite());
        }
        None::<f64>
    });
    values
}

/// The sources of values by name, from the table beside the text.
fn sources(text: &Text) -> BTreeMap<String, String> {
    let stem = text.name.rsplit_once('.').map_or(text.name.as_str(), |(stem, _)| stem);
    let Some(table) = text.files.text(&format!("{stem}.parameters.csv")) else {
        return BTreeMap::new();
    };
    let source = |mut row: BTreeMap<String, String>| {
        let symbol = row.remove("symbol")?;
        row.remove("source").filter(|source| !source.is_empty()).map(|source| (symbol, source))
    };
    rows(table).into_iter().filter_map(|(_, row)| source(row)).collect()
}

fn reaction(model: &Model, reaction: &Reaction) -> ReactionRow {
    let name = |id: ::model::SymbolId| model.symbols[id.0 as usize].name.clone();
    let side = |parts: &[Participant]| -> String {
        let part = |part: &Participant| match part.amount {
            Amount::Number(1.0) => name(part.species),
            Amount::Number(number) => format!("{number} {}", name(part.species)),
            Amount::Symbol(symbol) => format!("{} {}", name(symbol), name(part.species)),
        };
        parts.iter().map(part).collect::<Vec<_>>().join(" + ")
    };
    let arrow = if reaction.is_reversible { "->" } else { "=>" };
    let equation = format!("{} {arrow} {}", side(&reaction.reactants), side(&reaction.products));
    let rate = match model.symbols[reaction.symbol.0 as usize].role {
        Role::Assigned(rate) => Some(formula(model, rate)),
        _ => None,
    };
    ReactionRow { name: name(reaction.symbol), equation: equation.trim().to_owned(), rate }
}

fn event(model: &Model, event: &Event) -> EventRow {
    let text = |id: &ExpressionId| formula(model, *id);
    let set = |(id, value): &(::model::SymbolId, ExpressionId)| {
        [model.symbols[id.0 as usize].name.clone(), text(value)]
    };
    EventRow {
        name: event.name.clone(),
        condition: text(&event.trigger),
        delay: event.delay.as_ref().map(text),
        priority: event.priority.as_ref().map(text),
        sets: event.assignments.iter().map(set).collect(),
    }
}
