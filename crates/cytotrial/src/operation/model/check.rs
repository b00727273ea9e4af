//! `model check`: whether a model can be read, whether its units fit, and whether it can begin.

use ::model::{Kind, Model, Role, Span, SymbolId, units, without_value};
use ::solve::{Failure, Reason, Settings, Start, run as follow};
use serde::Serialize;

use super::{Language, Text, compiled, problems, read};
use crate::operation::check::Found;
use crate::problem::Problem;

/// What to check.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The model.
    pub text: Text,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The model's name, when it can be read.
    pub model: Option<String>,
    /// The language of the text.
    pub language: Option<Language>,
    /// Whether it can be solved: nothing is an error, or only units do not fit.
    pub usable: bool,
    /// How much of what there is.
    pub counts: Counts,
    /// Symbols without a unit, which fit everything.
    pub undeclared: Vec<String>,
    /// Errors and warnings with their positions.
    pub problems: Vec<Found>,
}

/// How much of what there is in a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Symbols that follow a rate, species that reactions change among them.
    pub states: usize,
    /// Symbols computed by a rule.
    pub assigned: usize,
    /// Symbols that never change within a run.
    pub constants: usize,
    /// Symbols that only events and protocols change.
    pub variables: usize,
    /// Reactions.
    pub reactions: usize,
    /// Events.
    pub events: usize,
    /// Symbols that a protocol may set.
    pub ports: usize,
    /// Symbols of any kind.
    pub symbols: usize,
}

/// Everything that was found, with the problems as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The answer.
    pub answer: Answer,
    /// Its problems, for a door that shows the text around them.
    pub problems: Vec<Problem>,
}

/// Looks a model through. It always answers; problems are part of the answer.
pub fn run(request: &Request) -> Checked {
    let Text { name, files } = &request.text;
    let text = files.text(name).unwrap_or_default();
    let mut answer = Answer {
        model: None,
        language: None,
        usable: false,
        counts: Counts::default(),
        undeclared: Vec::new(),
        problems: Vec::new(),
    };
    let problems = match read(&request.text) {
        Err(problems) => problems,
        Ok((model, language)) => {
            answer.model = Some(model.name.clone());
            answer.language = Some(language);
            answer.counts = counts(&model);
            let begins = begins(&model, text, name);
            answer.usable = begins.is_empty();
            let checked = units::check(&model);
            let symbol = |id: &::model::SymbolId| model.symbols[id.0 as usize].name.clone();
            answer.undeclared = checked.undeclared.iter().map(symbol).collect();
            let found = checked.problems.into_iter().map(|problem| {
                let units::DimensionProblem { span, message, help } = problem;
                (span, message, help)
            });
            begins.into_iter().chain(problems(text, name, "M105", found)).collect()
        }
    };
    answer.problems = problems.iter().map(|problem| Found::new(problem, files)).collect();
    Checked { answer, problems }
}

/// How much of what there is.
pub(super) fn counts(model: &Model) -> Counts {
    let mut counts = Counts {
        reactions: model.reactions.len(),
        events: model.events.len(),
        ports: model.ports.len(),
        symbols: model.symbols.len(),
        ..Counts::default()
    };
    let plain = ::model::plain(model);
    let roles = plain.as_deref().unwrap_or(model);
    for (symbol, reduced) in model.symbols.iter().zip(&roles.symbols) {
        // A concentration that follows from an amount changes like a state.
        let follows_amount =
            matches!(reduced.role, Role::Assigned(_)) && !matches!(symbol.role, Role::Assigned(_));
        match reduced.role {
            _ if symbol.kind == Kind::Reaction => {}
            Role::Assigned(_) if !follows_amount => counts.assigned += 1,
            Role::State(_) | Role::Assigned(_) => counts.states += 1,
            Role::Constant => counts.constants += 1,
            Role::Variable => counts.variables += 1,
        }
    }
    counts
}

/// What keeps a model from its first step.
fn begins(model: &Model, text: &str, file: &str) -> Vec<Problem> {
    let program = match compiled(model, file) {
        Ok(program) => program,
        Err(problems) => return problems,
    };
    // The way to the stop is not of interest: whatever fails at the start has failed by then.
    let settings = Settings { max_steps: 1, ..Settings::default() };
    let mut is_first = true;
    let ended = follow(&program, &[Start::default()], &settings, |_, stop| {
        let next = is_first.then(|| stop.time() + 1.0);
        is_first = false;
        next
    });
    let failure = ended.into_iter().find_map(Result::err).filter(|failure| failure.time <= 0.0);
    let found: Vec<_> = failure.iter().filter_map(|failure| in_words(model, failure)).collect();
    problems(text, file, "M107", found.into_iter())
}

/// Where a failure at the start has its ground, what it is, and how to mend it.
fn in_words(model: &Model, failure: &Failure) -> Option<(Span, String, String)> {
    let name = &failure.state;
    let place = |name: &str| {
        let symbol = model.symbol(name).map(|id| model.symbols[id.0 as usize].span);
        let event = || model.events.iter().find(|event| event.name == name).map(|event| event.span);
        symbol.or_else(event).unwrap_or_default()
    };
    let (place, message, help) = match failure.reason {
        Reason::NotFinite => {
            let missing = missing(model, name);
            let names: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
            let (why, help) = if missing.is_empty() {
                (String::new(), "give it, and all that its rate uses, another value at the start")
            } else {
                let why = format!(", as there is no number for {}", names.join(", "));
                (why, "give it, or each of them, a value at the start")
            };
            let message = format!("at the start, `{name}` or its rate is not a finite number{why}");
            (place(missing.first().unwrap_or(name)), message, help)
        }
        Reason::EventsDoNotSettle { .. } => {
            let message = format!("at the start, the event `{name}` happens without end");
            (place(name), message, "let the event make its own condition false")
        }
        Reason::DelayNotAhead { delay } => {
            let message = format!(
                "at the start, the event `{name}` has a delay of {delay}, which does not lie ahead"
            );
            (place(name), message, "a delay is 0 or more")
        }
        _ => return None,
    };
    Some((place, message, help.to_owned()))
}

/// What was given no value and keeps this symbol from having one, or a rate.
fn missing(model: &Model, name: &str) -> Vec<String> {
    let Ok(plain) = ::model::plain(model) else { return Vec::new() };
    let Some(id) = plain.symbol(name) else { return Vec::new() };
    let name = |id: SymbolId| plain.symbols[id.0 as usize].name.clone();
    without_value(&plain, id).into_iter().map(name).collect()
}
