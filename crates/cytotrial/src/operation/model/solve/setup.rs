//! A request made ready: the text read and compiled, names found, problems collected.

use ::model::{Kind, Model, Role, Symbol, SymbolId};
use ::solve::{
    Change, Network, Program, Settings, StochasticMethod, StochasticSettings, sensitivities,
};
use records::column::Table;

use super::doses::{Rows, Table as DoseTable, with_inflows};
use super::follow::Chunk;
use super::patients::{Names, Who};
use super::{Answer, Effort, Request, Text};
use crate::operation::model::{compiled, read};
use crate::problem::Problem;

/// A request made ready, for any of its patients.
pub struct Prepared {
    pub(super) model: Model,
    pub(super) program: Program,
    pub(super) settings: Settings,
    /// What follows reactions by chance.
    pub(super) chance: Option<(Network, StochasticSettings)>,
    pub(super) seed: u64,
    pub(super) begin: f64,
    pub(super) times: Vec<f64>,
    pub(super) columns: Vec<Output>,
    pub(super) set: Vec<(SymbolId, f64)>,
    /// Doses to every patient, in order of time.
    pub(super) given: Vec<(f64, SymbolId, Change)>,
    pub(super) doses: Option<DoseTable>,
    pub(super) who: Who,
    /// Derivatives of values at the start: the symbol, its derivative by one parameter, and whether
    /// the parameter is the symbol itself.
    pub(super) slopes: Vec<(SymbolId, SymbolId, bool)>,
}

/// Something noted.
pub(super) struct Output {
    pub(super) symbol: SymbolId,
    /// The compartment by whose size the value is multiplied, or divided.
    pub(super) room: Option<(SymbolId, bool)>,
    pub(super) name: String,
    pub(super) label: String,
}

impl Prepared {
    /// Reads and compiles what is asked for.
    ///
    /// # Errors
    /// Everything that is wrong with the text, the files beside it, the names and the times; a method
    /// that cannot follow the model.
    pub fn new(request: &Request) -> Result<Self, Vec<Problem>> {
        let Text { name, files } = &request.text;
        let (mut model, _) = read(&request.text)?;
        let mut problems = times(request, name);
        let rows = request.dose_table.as_ref().map(|file| Rows::read(files, file, &mut problems));
        let fed = rows.as_ref().map(Rows::fed).unwrap_or_default();
        let shown = if request.columns.is_empty() { changing(&model) } else { Vec::new() };
        let described = model.clone();
        if !fed.is_empty() {
            model = with_inflows(&model, &fed).map_err(|problem| vec![problem])?;
        }
        let program = compiled(&model, name)?;
        let names = Names { model: &model, program: &program, file: name };
        let mut finder = Finder { names, problems };
        let set = request.set.iter().map(|(name, value)| (finder.settable(name), *value)).collect();
        let given = finder.given(request);
        let columns = if request.columns.is_empty() {
            shown
        } else {
            request.columns.iter().map(|name| finder.any(name)).collect()
        };
        let parameters: Vec<SymbolId> =
            request.sensitivity.iter().map(|name| finder.settable(name)).collect();
        let compartments: Vec<SymbolId> =
            request.compartments.iter().map(|name| finder.settable(name)).collect();
        let mut problems = finder.problems;
        let who = Who::new(request, &model, &program, &mut problems);
        let begin = request.begin.or(request.times.first().copied()).unwrap_or(0.0);
        let states = program.states().to_vec();
        let compartments = if compartments.is_empty() { states } else { compartments };
        refused(request, rows.as_ref(), &who, name, &mut problems);
        let doses = rows.as_ref().map(|rows| {
            let of = (&model, &program);
            DoseTable::new(rows, of, compartments, (&who, begin), &mut problems)
        });
        if !problems.is_empty() {
            return Err(problems);
        }
        let chance = chance(request, &model)?;
        let mut prepared = Self {
            columns: columns.iter().map(|symbol| output(request, &described, *symbol)).collect(),
            begin,
            settings: settings(request),
            chance,
            seed: request.seed,
            times: request.times.clone(),
            set,
            given,
            doses,
            who,
            slopes: Vec::new(),
            program,
            model,
        };
        if !parameters.is_empty() {
            prepared.differentiate(&columns, &parameters, name)?;
        }
        Ok(prepared)
    }

    /// The model's name.
    pub fn model(&self) -> &str {
        &self.model.name
    }

    /// How many patients there are.
    pub fn patients(&self) -> u32 {
        self.who.count()
    }

    /// The number by which a patient is known, by position from 0.
    pub fn number(&self, position: u32) -> u64 {
        self.who.number(position)
    }

    /// The position of the patient with that number.
    pub fn position(&self, number: u64) -> Option<u32> {
        self.who.position(number)
    }

    /// How many values are noted of each patient.
    pub fn cells(&self) -> usize {
        self.times.len() * self.columns.len()
    }

    /// The course of one patient, by position.
    pub(super) fn course(&self, patient: u32) -> Answer {
        let chunk = self.follow(patient..patient + 1, &|_| true).expect("nobody stops it");
        let Chunk { values, mut ended, .. } = chunk;
        let ended = ended.remove(0);
        let failed = ended.as_ref().err().cloned();
        let reached = match &failed {
            Some(failed) => self.times.iter().take_while(|time| **time <= failed.time).count(),
            None => self.times.len(),
        };
        let times = self.times[..reached].iter().copied().map(Some).collect();
        let mut table = Table::new("course").number("time", "Model time", times);
        for (output, column) in self.columns.iter().zip(values.chunks(self.times.len())) {
            let column = column[..reached].iter().copied().map(Some).collect();
            table = table.number(&output.name, &output.label, column);
        }
        let name = |symbol: SymbolId| self.model.symbols[symbol.0 as usize].name.clone();
        let own = self.who.values(self.seed, patient);
        Answer {
            model: self.model.name.clone(),
            table,
            effort: ended.unwrap_or_else(|_| Effort::default()),
            values: own.into_iter().map(|(symbol, value)| (name(symbol), value)).collect(),
            failed,
        }
    }

    /// Adds the derivatives of columns, as columns.
    fn differentiate(
        &mut self,
        columns: &[SymbolId],
        parameters: &[SymbolId],
        file: &str,
    ) -> Result<(), Vec<Problem>> {
        let extended = sensitivities(&self.model, parameters, columns).map_err(|error| {
            let help = "leave it out of --sensitivity, or solve twice with another value";
            vec![Problem::error("M110", file, "", error.to_string(), help)]
        })?;
        self.program = compiled(&extended.model, file)?;
        for (column, symbol) in columns.iter().enumerate() {
            for (position, parameter) in parameters.iter().enumerate() {
                let (of, by) = (self.name(*symbol), self.name(*parameter));
                let (name, label) =
                    (format!("d {of}/d {by}"), format!("Derivative of {of} by {by}"));
                let symbol = extended.symbol(column, position);
                self.columns.push(Output { symbol, room: None, name, label });
            }
        }
        for symbol in 0..self.model.symbols.len() as u32 {
            for parameter in parameters {
                let slope =
                    format!("d {}/d {}", self.name(SymbolId(symbol)), self.name(*parameter));
                let Some(slope) = extended.model.symbol(&slope) else { continue };
                if self.program.is_settable(slope) {
                    self.slopes.push((SymbolId(symbol), slope, symbol == parameter.0));
                }
            }
        }
        Ok(())
    }

    fn name(&self, symbol: SymbolId) -> &str {
        &self.model.symbols[symbol.0 as usize].name
    }
}

/// Finds names, and keeps what is wrong with them.
struct Finder<'a> {
    names: Names<'a>,
    problems: Vec<Problem>,
}

impl Finder<'_> {
    fn settable(&mut self, name: &str) -> SymbolId {
        let found = self.names.settable(name, "");
        found.unwrap_or_else(|problem| {
            self.problems.push(problem);
            SymbolId(0)
        })
    }

    fn any(&mut self, name: &str) -> SymbolId {
        let found = self.names.any(name, "");
        found.unwrap_or_else(|problem| {
            self.problems.push(problem);
            SymbolId(0)
        })
    }

    fn given(&mut self, request: &Request) -> Vec<(f64, SymbolId, Change)> {
        let dose =
            |dose: &super::Dose| (dose.time, self.settable(&dose.symbol), Change::Add(dose.amount));
        let mut given: Vec<_> = request.doses.iter().map(dose).collect();
        given.sort_by(|a, b| a.0.total_cmp(&b.0));
        given
    }
}

fn settings(request: &Request) -> Settings {
    Settings {
        method: request.way.rates().unwrap_or_default(),
        relative: request.relative,
        absolute: request.absolute,
        max_steps: request.max_steps,
        ..Settings::default()
    }
}

/// What cannot go together.
fn refused(
    request: &Request,
    rows: Option<&Rows>,
    who: &Who,
    file: &str,
    problems: &mut Vec<Problem>,
) {
    let mut refuse = |message: &str, help: &str| {
        problems.push(Problem::error("M110", file, "", message, help));
    };
    if request.way.is_by_chance() {
        if !request.sensitivity.is_empty() {
            let message = "what is left to chance has no derivatives";
            refuse(message, "leave out --sensitivity, or choose a method that follows rates");
        }
        if rows.is_some() {
            let message = "methods by chance do not read tables of doses";
            refuse(message, "give each dose by --dose NAME=AMOUNT@TIME");
        }
    } else if matches!(who, Who::Text(count) if *count > 1) {
        let message = "every run of a method that follows rates is the same";
        refuse(message, "choose `direct`, `tau-leap` or `hybrid`, or draw patients with --from");
    }
    if !request.sensitivity.is_empty() && rows.is_some_and(Rows::has_steady) {
        let message = "the derivatives of values at steady state are not known";
        refuse(message, "give the doses of the series one by one, with ADDL");
    }
}

/// What is needed to follow reactions by chance.
fn chance(
    request: &Request,
    model: &Model,
) -> Result<Option<(Network, StochasticSettings)>, Vec<Problem>> {
    let Some(method) = request.way.chance(request.relative, request.absolute) else {
        return Ok(None);
    };
    let file = request.text.name.as_str();
    let help = "choose `automatic`, which follows the rates, or change the text";
    let refused = |why: String| vec![Problem::error("M110", file, "", why, help)];
    let network = Network::new(model).map_err(|error| refused(error.to_string()))?;
    network.can_follow(method).map_err(|error| refused(error.to_string()))?;
    let symbol = |name: &str| network.symbol(name);
    let doses = request.doses.iter();
    let settings = StochasticSettings {
        method,
        molecule: request.molecule,
        max_moves: moves(request.max_steps, method),
        doses: doses
            .filter_map(|dose| Some((dose.time, symbol(&dose.symbol)?, dose.amount)))
            .collect(),
    };
    Ok(Some((network, settings)))
}

/// Reactions one by one are many and cheap: a hundred count as one step.
fn moves(max_steps: u32, method: StochasticMethod) -> u64 {
    match method {
        StochasticMethod::Direct => 100 * u64::from(max_steps),
        _ => u64::from(max_steps),
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
    let (first, last) = (request.begin.unwrap_or(times[0]), times[times.len() - 1]);
    if first > times[0] {
        let message = format!("the time {} comes before the start at {first}", times[0]);
        problem(message, "name times from the start on");
    }
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

fn output(request: &Request, model: &Model, id: SymbolId) -> Output {
    let symbol = &model.symbols[id.0 as usize];
    let title = symbol.title.as_deref().unwrap_or(&symbol.name);
    let label = match &symbol.unit {
        Some(unit) => format!("{title} ({unit})"),
        None => title.to_owned(),
    };
    Output { symbol: id, room: room(request, symbol), name: symbol.name.clone(), label }
}

/// The compartment by which a species' value is to be multiplied or divided.
fn room(request: &Request, symbol: &Symbol) -> Option<(SymbolId, bool)> {
    let Kind::Species(species) = symbol.kind else { return None };
    let is_asked = |names: &[String]| names.contains(&symbol.name);
    match species.is_amount {
        false if is_asked(&request.amounts) => Some((species.compartment?, true)),
        true if is_asked(&request.concentrations) => Some((species.compartment?, false)),
        _ => None,
    }
}
