//! A table of doses with the columns of tables for population pharmacokinetics, as a schedule per patient.

use std::collections::BTreeMap;

use ::model::{Binary, Expression, ExpressionId, Kind, Model, Role, Span, Symbol, SymbolId};
use ::solve::{
    Change, DoseError, DoseRecord, Infusion, Program, Settings, Start, Steady, schedule,
};

use super::patients::{Csv, Names, Who, text};
use crate::problem::{Problem, help_with_nearest};
use crate::protocol::files::Files;

/// Columns that are read, in capitals; the first two name a patient.
const COLUMNS: [&str; 15] = [
    "ID", "PATIENT", "TIME", "AMT", "RATE", "DUR", "II", "ADDL", "SS", "CMT", "EVID", "LAG",
    "ALAG", "F", "F1",
];
/// Columns of observations, which say nothing about doses.
const IGNORED: [&str; 2] = ["DV", "MDV"];

/// A number of a table, or a symbol that has it for each patient.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Symbol(String),
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    patient: Option<u64>,
    line: usize,
    time: f64,
    amount: f64,
    /// The state's name.
    pub(super) state: String,
    infusion: Infusion,
    interval: f64,
    additional: u32,
    steady: Steady,
    lag: Value,
    bioavailability: Value,
}

/// The rows of a table, in its order.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Rows {
    file: String,
    pub(super) rows: Vec<Row>,
}

impl Rows {
    /// Reads a table; problems are added to the list.
    pub(super) fn read(files: &Files, file: &str, problems: &mut Vec<Problem>) -> Self {
        let table = text(files, file).and_then(|text| Csv::read(text, file));
        let mut found = Self { file: file.to_owned(), rows: Vec::new() };
        let table = match table {
            Ok(table) => table,
            Err(problem) => {
                problems.push(problem);
                return found;
            }
        };
        let before = problems.len();
        columns(&table, file, problems);
        if problems.len() > before {
            return found;
        }
        for (line, cells) in &table.rows {
            let reader = RowReader { table: &table, file, line: *line, cells };
            match reader.row() {
                Ok(Some(row)) => found.rows.push(row),
                Ok(None) => {}
                Err(problem) => problems.push(problem),
            }
        }
        found
    }

    /// The names of the states that something flows into.
    pub(super) fn fed(&self) -> Vec<&str> {
        let mut fed: Vec<&str> = Vec::new();
        for row in self.rows.iter().filter(|row| row.infusion != Infusion::Bolus) {
            if !fed.contains(&row.state.as_str()) {
                fed.push(&row.state);
            }
        }
        fed
    }

    /// Whether a series at steady state is among them.
    pub(super) fn has_steady(&self) -> bool {
        self.rows.iter().any(|row| row.steady != Steady::No)
    }
}

/// What is wrong with the names of columns.
fn columns(table: &Csv<'_>, file: &str, problems: &mut Vec<Problem>) {
    let path = format!("line.{}", table.header_line);
    let mut problem = |message: String, help: String| {
        problems.push(Problem::error("M109", file, path.as_str(), message, help));
    };
    for name in &table.header {
        let capitals = name.to_uppercase();
        if !COLUMNS.contains(&capitals.as_str()) && !IGNORED.contains(&capitals.as_str()) {
            let help = help_with_nearest(name, COLUMNS);
            problem(format!("`{name}` is not a column of a table of doses"), help);
        }
    }
    for needed in ["TIME", "AMT", "CMT"] {
        if !table.header.iter().any(|name| name.eq_ignore_ascii_case(needed)) {
            let help =
                "a table of doses has at least TIME, AMT and CMT, the name of a state".into();
            problem(format!("there is no column {needed}"), help);
        }
    }
}

/// One row on its way in.
struct RowReader<'a> {
    table: &'a Csv<'a>,
    file: &'a str,
    line: usize,
    cells: &'a [&'a str],
}

impl RowReader<'_> {
    /// The cell of a column under any of its names; `None` where there is no value.
    fn cell(&self, names: &[&str]) -> Option<&str> {
        let is_named = |name: &&str| names.iter().any(|known| name.eq_ignore_ascii_case(known));
        let column = self.table.header.iter().position(is_named)?;
        Some(self.cells[column]).filter(|cell| !cell.is_empty() && *cell != ".")
    }

    fn number(&self, names: &[&str]) -> Result<f64, Problem> {
        let Some(cell) = self.cell(names) else { return Ok(0.0) };
        let number = cell.parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| self.table.wrong(self.line, names[0], cell, "a number"))
    }

    fn whole(&self, names: &[&str]) -> Result<u64, Problem> {
        let number = self.number(names)?;
        if number >= 0.0 && number.fract() == 0.0 && number < 1e15 {
            return Ok(number as u64);
        }
        Err(self.table.wrong(self.line, names[0], &number.to_string(), "a whole number from 0 on"))
    }

    fn value(&self, names: &[&str], otherwise: f64) -> Value {
        match self.cell(names) {
            None => Value::Number(otherwise),
            Some(cell) => {
                cell.parse().map_or_else(|_| Value::Symbol(cell.to_owned()), Value::Number)
            }
        }
    }

    fn problem(&self, message: &str, help: &str) -> Problem {
        Problem::error("M109", self.file, format!("line.{}", self.line), message, help)
    }

    /// The row; `None` where it gives nothing.
    fn row(&self) -> Result<Option<Row>, Problem> {
        let amount = self.number(&["AMT"])?;
        let kind = match self.cell(&["EVID"]) {
            None => u64::from(amount > 0.0),
            Some(_) => self.whole(&["EVID"])?,
        };
        match kind {
            0 | 2 => return Ok(None),
            1 => {}
            _ => {
                let message = format!("EVID {kind} (a reset) is not understood");
                let help = "use EVID 0 and 2 for rows that give nothing, 1 for doses; SS = 1 ends what \
                            was given before";
                return Err(self.problem(&message, help));
            }
        }
        let steady = match self.whole(&["SS"])? {
            0 => Steady::No,
            1 => Steady::Instead,
            2 => Steady::Besides,
            other => return Err(self.problem(&format!("SS is {other}"), "use SS 0, 1 or 2")),
        };
        let Some(state) = self.cell(&["CMT"]) else {
            return Err(self.problem("a dose has no CMT", "name the state that it is given to"));
        };
        let patient = match self.cell(&["ID", "PATIENT"]) {
            None => None,
            Some(_) => Some(self.whole(&["ID", "PATIENT"])?),
        };
        let additional = u32::try_from(self.whole(&["ADDL"])?).unwrap_or(u32::MAX);
        if additional > 1_000_000 {
            return Err(self.problem("ADDL is above a million", "give fewer doses"));
        }
        Ok(Some(Row {
            patient,
            line: self.line,
            time: self.number(&["TIME"])?,
            amount,
            state: state.to_owned(),
            infusion: self.infusion()?,
            interval: self.number(&["II"])?,
            additional,
            steady,
            lag: self.value(&["LAG", "ALAG"], 0.0),
            bioavailability: self.value(&["F", "F1"], 1.0),
        }))
    }

    fn infusion(&self) -> Result<Infusion, Problem> {
        let (rate, duration) = (self.number(&["RATE"])?, self.number(&["DUR"])?);
        if rate < 0.0 || duration < 0.0 {
            let message = "RATE or DUR is below 0, which asks for a rate that the model computes";
            return Err(self.problem(message, "give the rate or the duration as a number"));
        }
        match (rate > 0.0, duration > 0.0) {
            (true, true) => {
                Err(self.problem("a dose has both RATE and DUR", "leave one of them empty"))
            }
            (true, false) => Ok(Infusion::Rate(rate)),
            (false, true) => Ok(Infusion::Duration(duration)),
            (false, false) => Ok(Infusion::Bolus),
        }
    }
}

/// The name of what an infusion sets.
fn inflow_name(state: &str) -> String {
    format!("flow into {state}")
}

/// The model with a symbol for each state that something flows into, which its rate adds.
pub(super) fn with_inflows(model: &Model, fed: &[&str]) -> Result<Model, Problem> {
    let plain = ::model::plain(model)
        .map_err(|found| Problem::error("M102", "", "", found.message, found.help))?;
    let mut model = plain.into_owned();
    for state in fed {
        let Some(id) = model.symbol(state) else { continue };
        let Role::State(rate) = model.symbols[id.0 as usize].role else { continue };
        let inflow = SymbolId(model.symbols.len() as u32);
        let zero = push(&mut model, Expression::Number(0.0));
        let flow = push(&mut model, Expression::Symbol(inflow));
        let total = push(&mut model, Expression::Binary(Binary::Add, rate, flow));
        model.symbols.push(Symbol {
            name: inflow_name(state),
            title: None,
            kind: Kind::Parameter,
            unit: None,
            role: Role::Variable,
            initial: Some(zero),
            span: Span::default(),
        });
        model.symbols[id.0 as usize].role = Role::State(total);
    }
    Ok(model)
}

fn push(model: &mut Model, expression: Expression) -> ExpressionId {
    model.expressions.push(expression);
    model.spans.push(Span::default());
    ExpressionId(model.expressions.len() as u32 - 1)
}

/// A table of doses in terms of a program.
pub(super) struct Table {
    /// Rows for every patient, and for some.
    all: Vec<Entry>,
    of: BTreeMap<u64, Vec<Entry>>,
    /// What a series at steady state sets.
    states: Vec<SymbolId>,
    /// Symbols whose values at the start rows use.
    asked: Vec<SymbolId>,
}

/// A row with symbols for names: lag and bioavailability as numbers or positions in `asked`.
#[derive(Clone)]
struct Entry {
    record: DoseRecord,
    lag: Option<usize>,
    bioavailability: Option<usize>,
}

impl Table {
    /// Names become symbols; problems are added to the list.
    pub(super) fn new(
        rows: &Rows,
        (model, program): (&Model, &Program),
        compartments: Vec<SymbolId>,
        (who, begin): (&Who, f64),
        problems: &mut Vec<Problem>,
    ) -> Self {
        let names = Names { model, program, file: &rows.file };
        let mut table =
            Self { all: Vec::new(), of: BTreeMap::new(), states: compartments, asked: Vec::new() };
        for row in &rows.rows {
            match table.entry(row, &names, (who, begin)) {
                Err(problem) => problems.push(problem),
                Ok(entry) => match row.patient {
                    None => table.all.push(entry),
                    Some(number) => table.of.entry(number).or_default().push(entry),
                },
            }
        }
        table
    }

    fn entry(
        &mut self,
        row: &Row,
        names: &Names<'_>,
        (who, begin): (&Who, f64),
    ) -> Result<Entry, Problem> {
        let path = format!("line.{}", row.line);
        if row.time < begin {
            let message = format!("the dose at {} comes before the start at {begin}", row.time);
            let help = "name times that begin before the first dose";
            return Err(Problem::error("M108", names.file, path, message, help));
        }
        if let Some(number) = row.patient.filter(|number| who.position(*number).is_none()) {
            let message = format!("there is no patient {number}");
            let help = "number patients from 1 on, or as in the table that they come from";
            return Err(Problem::error("M109", names.file, path, message, help));
        }
        let state = names.settable(&row.state, &path)?;
        let inflow = names.program.symbol(&inflow_name(&row.state));
        if !names.program.states().contains(&state) {
            let message = format!("`{}` does not follow a rate, so it holds no dose", row.state);
            let known = names.program.states().iter().map(|state| names.program.name(*state));
            let help = help_with_nearest(&row.state, known);
            return Err(Problem::error("M109", names.file, path, message, help));
        }
        let record = DoseRecord {
            time: row.time,
            amount: row.amount,
            state,
            inflow,
            infusion: row.infusion,
            interval: row.interval,
            additional: row.additional,
            steady: row.steady,
            lag: 0.0,
            bioavailability: 1.0,
        };
        let mut entry = Entry { record, lag: None, bioavailability: None };
        match &row.lag {
            Value::Number(lag) => entry.record.lag = *lag,
            Value::Symbol(name) => entry.lag = Some(self.ask(names.any(name, &path)?)),
        }
        match &row.bioavailability {
            Value::Number(share) => entry.record.bioavailability = *share,
            Value::Symbol(name) => {
                entry.bioavailability = Some(self.ask(names.any(name, &path)?));
            }
        }
        fits(names.program, &entry.record).map_err(|error| {
            let message = error.to_string();
            let message = message.strip_prefix("record 1: ").unwrap_or(&message);
            Problem::error("M109", names.file, path, message, "mend the row")
        })?;
        Ok(entry)
    }

    fn ask(&mut self, symbol: SymbolId) -> usize {
        if let Some(known) = self.asked.iter().position(|asked| *asked == symbol) {
            return known;
        }
        self.asked.push(symbol);
        self.asked.len() - 1
    }

    /// What one patient is given, in order of time.
    pub(super) fn of(
        &self,
        program: &Program,
        settings: &Settings,
        number: u64,
        start: &Start,
    ) -> Result<Vec<(f64, SymbolId, Change)>, DoseError> {
        let own = self.of.get(&number).into_iter().flatten();
        let values = at_start(program, start, &self.asked);
        let record = |entry: &Entry| {
            let mut record = entry.record.clone();
            record.lag = entry.lag.map_or(record.lag, |asked| values[asked]);
            record.bioavailability =
                entry.bioavailability.map_or(record.bioavailability, |asked| values[asked]);
            record
        };
        let records: Vec<DoseRecord> = self.all.iter().chain(own).map(record).collect();
        let given = schedule(program, start, settings, &self.states, &records)?;
        Ok(given.changes().to_vec())
    }
}

/// Whether a record can be followed at all, whoever the patient is.
fn fits(program: &Program, record: &DoseRecord) -> Result<(), DoseError> {
    if record.steady != Steady::No && record.interval <= 0.0 {
        return Err(DoseError::Interval { record: 1 });
    }
    let alone = DoseRecord { steady: Steady::No, ..record.clone() };
    schedule(program, &Start::default(), &Settings::default(), &[], &[alone]).map(|_| ())
}

/// The values of symbols at a patient's start.
fn at_start(program: &Program, start: &Start, symbols: &[SymbolId]) -> Vec<f64> {
    let mut values = vec![f64::NAN; symbols.len()];
    if !symbols.is_empty() {
        let starts = std::slice::from_ref(start);
        ::solve::run(program, starts, &Settings::default(), |_, stop| {
            for (value, symbol) in values.iter_mut().zip(symbols) {
                *value = stop.value(*symbol);
            }
            None::<f64>
        });
    }
    values
}
