//! `model solve`: the course of a model's values over time.

use ::model::{Kind, Model, Role, SymbolId};
use ::solve::{Failure, Method, Program, Settings, Start, Statistics, run as follow};
use records::column::{Column, Table};
use serde::Serialize;

use super::{Text, compiled, read};
use crate::problem::{Problem, help_with_nearest};

/// What to solve, and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// The model.
    pub text: Text,
    /// When values are noted, in the model's own time; the first is the start.
    pub times: Vec<f64>,
    /// What is given when.
    pub doses: Vec<Dose>,
    /// Values at the start that differ from the text, by name.
    pub set: Vec<(String, f64)>,
    /// What is noted, by name; everything that changes when it is empty.
    pub columns: Vec<String>,
    /// The method.
    pub way: Way,
    /// Relative tolerance of each step.
    pub relative: f64,
    /// Absolute tolerance of each step.
    pub absolute: f64,
    /// Steps after which it is given up.
    pub max_steps: u32,
}

/// How rates become a course.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Way {
    /// The explicit pair of orders 5 and 4.
    Explicit,
    /// The Rosenbrock method of order 5, for rates of very different size.
    Stiff,
    /// The explicit pair until stability holds its steps back.
    #[default]
    Automatic,
}

impl From<Way> for Method {
    fn from(way: Way) -> Self {
        match way {
            Way::Explicit => Self::Explicit,
            Way::Stiff => Self::Stiff,
            Way::Automatic => Self::Automatic,
        }
    }
}

/// Something given.
#[derive(Debug, Clone, PartialEq)]
pub struct Dose {
    /// When, in the model's own time.
    pub time: f64,
    /// To which symbol it is added.
    pub symbol: String,
    /// How much, in the symbol's own unit.
    pub amount: f64,
}

/// The course.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The model's name.
    pub model: String,
    /// A column `time`, then one per symbol; a value that is not finite is missing.
    pub table: Table,
    /// What it took.
    pub effort: Effort,
}

/// What it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Effort {
    /// Steps tried.
    pub steps: u32,
    /// Steps whose error was too large.
    pub rejections: u32,
    /// Steps that were steps of the stiff method.
    pub stiff_steps: u32,
    /// Events that happened.
    pub events: u32,
}

/// Solves a model. At a time that is noted, the values are those after the events of that time and
/// before its doses, unless the time is noted twice.
///
/// # Errors
/// Problems of the text, names that the model does not have, and `S102` where the model cannot be
/// followed to the end.
pub fn run(request: &Request) -> Result<Answer, Vec<Problem>> {
    let (model, _) = read(&request.text)?;
    let file = request.text.name.as_str();
    let program = compiled(&model, file)?;
    let plan = Plan::new(request, &model, &program)?;
    let start = Start { time: request.times[0], overrides: plan.set.clone(), stream: None };
    let settings = Settings {
        method: request.way.into(),
        relative: request.relative,
        absolute: request.absolute,
        max_steps: request.max_steps,
        ..Settings::default()
    };
    let mut values: Vec<Vec<Option<f64>>> = vec![Vec::new(); plan.columns.len()];
    let (mut noted, mut given) = (0, 0);
    let mut ended = follow(&program, &[start], &settings, |_, stop| {
        while noted < request.times.len() && request.times[noted] <= stop.time() {
            for (column, symbol) in values.iter_mut().zip(&plan.columns) {
                column.push(Some(stop.value(*symbol)).filter(|value| value.is_finite()));
            }
            noted += 1;
            if request.times.get(noted) == Some(&stop.time()) {
                break;
            }
        }
        while given < plan.doses.len() && plan.doses[given].0 <= stop.time() {
            let (_, symbol, amount) = plan.doses[given];
            stop.set(symbol, stop.value(symbol) + amount);
            given += 1;
        }
        let next = request.times.get(noted).copied()?;
        Some(plan.doses.get(given).map_or(next, |dose| dose.0.min(next)))
    });
    let statistics = ended.remove(0).map_err(|failure| vec![failed(&failure, file)])?;
    Ok(Answer {
        model: model.name.clone(),
        table: table(request, &model, &plan, values),
        effort: statistics.into(),
    })
}

impl Answer {
    /// The course as CSV.
    ///
    /// # Errors
    /// Why it cannot be written, in words.
    pub fn csv(&self) -> Result<Vec<u8>, String> {
        records::csv::write(&self.table).map_err(|error| error.to_string())
    }

    /// The course as Parquet.
    ///
    /// # Errors
    /// Why it cannot be written, in words.
    pub fn parquet(&self) -> Result<Vec<u8>, String> {
        records::parquet::write(&self.table).map_err(|error| error.to_string())
    }

    /// Name, label and values of each column, `time` first.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &str, &[Option<f64>])> {
        self.table.columns.iter().filter_map(|field| match &field.column {
            Column::Number(values) => {
                Some((field.name.as_str(), field.label.as_str(), &values[..]))
            }
            _ => None,
        })
    }
}

impl From<Statistics> for Effort {
    fn from(statistics: Statistics) -> Self {
        let Statistics { steps, rejections, stiff_steps, events, .. } = statistics;
        Self { steps, rejections, stiff_steps, events }
    }
}

/// Names as symbols.
struct Plan {
    set: Vec<(SymbolId, f64)>,
    doses: Vec<(f64, SymbolId, f64)>,
    columns: Vec<SymbolId>,
}

impl Plan {
    fn new(request: &Request, model: &Model, program: &Program) -> Result<Self, Vec<Problem>> {
        let file = request.text.name.as_str();
        let mut problems = times(request, file);
        let mut find = |name: &str, is_set: bool| -> SymbolId {
            let Some(symbol) = model.symbol(name) else {
                let known = model.symbols.iter().map(|symbol| symbol.name.as_str());
                let message = format!("the model has no `{name}`");
                let help = help_with_nearest(name, known);
                problems.push(Problem::error("M106", file, "", message, help));
                return SymbolId(0);
            };
            if is_set && !program.is_settable(symbol) {
                let message = format!("`{name}` is computed by a rule and cannot be given a value");
                let help = "set what the rule uses, or take the rule out of the text";
                problems.push(Problem::error("M106", file, "", message, help));
            }
            symbol
        };
        let set = request.set.iter().map(|(name, value)| (find(name, true), *value)).collect();
        let mut doses: Vec<(f64, SymbolId, f64)> = request
            .doses
            .iter()
            .map(|dose| (dose.time, find(&dose.symbol, true), dose.amount))
            .collect();
        doses.sort_by(|a, b| a.0.total_cmp(&b.0));
        let columns = if request.columns.is_empty() {
            changing(model)
        } else {
            request.columns.iter().map(|name| find(name, false)).collect()
        };
        if problems.is_empty() { Ok(Self { set, doses, columns }) } else { Err(problems) }
    }
}

/// What is wrong with the times.
fn times(request: &Request, file: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut problem = |message: String, help: &str| {
        problems.push(Problem::error("M108", file, "", message, help));
    };
    let times = &request.times;
    if times.is_empty() || times.iter().any(|time| !time.is_finite()) {
        problem(
            "no times are given, or one is not a number".into(),
            "name times in ascending order",
        );
        return problems;
    }
    if let Some([before, after]) = times.array_windows().find(|[before, after]| after < before) {
        let message = format!("the time {after} comes after {before}");
        problem(message, "name times in ascending order");
    }
    let (first, last) = (times[0], times[times.len() - 1]);
    for dose in &request.doses {
        if !(first..=last).contains(&dose.time) {
            let message = format!(
                "the dose of `{}` at {} lies outside of the times {first} to {last}",
                dose.symbol, dose.time
            );
            problem(message, "name times that begin before it and end after it");
        }
    }
    problems
}

/// Everything whose value can change within a run, in the order of the text.
fn changing(model: &Model) -> Vec<SymbolId> {
    let plain = ::model::plain(model);
    let reduced = plain.as_deref().unwrap_or(model);
    let mut ids = Vec::new();
    for (index, symbol) in model.symbols.iter().enumerate() {
        let role = reduced.symbols[index].role;
        let is_rate = symbol.kind == Kind::Reaction;
        if role != Role::Constant && !is_rate {
            ids.push(SymbolId(index as u32));
        }
    }
    ids
}

fn table(request: &Request, model: &Model, plan: &Plan, values: Vec<Vec<Option<f64>>>) -> Table {
    let times = request.times.iter().copied().map(Some).collect();
    let mut table = Table::new("course").number("time", "Model time", times);
    for (id, column) in plan.columns.iter().zip(values) {
        let symbol = &model.symbols[id.0 as usize];
        let title = symbol.title.as_deref().unwrap_or(&symbol.name);
        let label = match &symbol.unit {
            Some(unit) => format!("{title} ({unit})"),
            None => title.to_owned(),
        };
        table = table.number(&symbol.name, &label, column);
    }
    table
}

/// The problem of a model that could not be followed to the end.
fn failed(failure: &Failure, file: &str) -> Problem {
    let Failure { time, state, method, reason } = failure;
    let at = if state.is_empty() { String::new() } else { format!(" (look at `{state}`)") };
    let message = format!("the model could not be solved beyond time {time}: {reason}{at}");
    let help = if method.starts_with("explicit") {
        "`--method stiff` follows models with rates of very different size; otherwise look at the rate \
         of that symbol near that time"
    } else {
        "look at the rate of that symbol near that time"
    };
    Problem::error("S102", file, "", message, help)
}
