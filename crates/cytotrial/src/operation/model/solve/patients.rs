//! Who is solved: the text as it stands, so many runs of it, drawn patients, or those of a table.

use std::collections::{BTreeMap, BTreeSet};

use ::model::{Model, SymbolId};
use ::solve::Program;

use super::Request;
use crate::population::{Population, Rule, read_values};
use crate::problem::{Problem, help_with_nearest};
use crate::protocol::files::Files;

/// Who is solved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Patients {
    /// The text as it stands.
    #[default]
    One,
    /// The text as it stands, so many times; only chance tells one run from another.
    Runs(u32),
    /// So many patients, drawn from the file of that name. A patient's values depend on the seed and
    /// the patient's position, not on how many there are.
    Drawn {
        /// The file.
        file: String,
        /// How many.
        count: u32,
    },
    /// Those of a table: a row each, a column per symbol, and perhaps a column `patient` or `ID` with
    /// whole numbers.
    Listed(String),
}

/// More rows are a slip of the hand.
const MOST_LISTED: usize = 10_000_000;

/// Everything known about who is solved.
pub(super) enum Who {
    /// The text, so many times.
    Text(u32),
    /// Drawn patients; which of the drawn values are symbols of the model.
    Drawn { population: Box<Population>, symbols: Vec<(usize, SymbolId)>, count: u32 },
    /// Patients by row: their numbers, the symbols of the columns, and values by row.
    Listed { numbers: Vec<u64>, symbols: Vec<SymbolId>, values: Vec<f64> },
}

impl Who {
    /// Reads who is asked for; problems are added to the list.
    pub(super) fn new(
        request: &Request,
        model: &Model,
        program: &Program,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let files = &request.text.files;
        match &request.patients {
            Patients::One => Self::Text(1),
            Patients::Runs(count) => Self::Text(*count),
            Patients::Drawn { file, count } => {
                let names = Names { model, program, file };
                drawn(files, &names, *count, problems).unwrap_or(Self::Text(1))
            }
            Patients::Listed(file) => {
                let names = Names { model, program, file };
                listed(files, &names, problems).unwrap_or(Self::Text(1))
            }
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        match self {
            Self::Text(count) | Self::Drawn { count, .. } => *count,
            Self::Listed { numbers, .. } => numbers.len() as u32,
        }
    }

    /// The number by which a patient is known, by position from 0.
    pub(super) fn number(&self, position: u32) -> u64 {
        match self {
            Self::Text(_) | Self::Drawn { .. } => u64::from(position) + 1,
            Self::Listed { numbers, .. } => numbers[position as usize],
        }
    }

    /// The position of a patient's number.
    pub(super) fn position(&self, number: u64) -> Option<u32> {
        match self {
            Self::Text(_) | Self::Drawn { .. } => {
                let position = u32::try_from(number.checked_sub(1)?).ok()?;
                (position < self.count()).then_some(position)
            }
            Self::Listed { numbers, .. } => {
                numbers.iter().position(|known| *known == number).map(|row| row as u32)
            }
        }
    }

    /// The values of a patient that differ from the text.
    pub(super) fn values(&self, seed: u64, position: u32) -> Vec<(SymbolId, f64)> {
        match self {
            Self::Text(_) => Vec::new(),
            Self::Drawn { population, symbols, .. } => {
                let drawn = population.draw(seed, 0, position).covariates;
                symbols.iter().map(|(covariate, symbol)| (*symbol, drawn[*covariate])).collect()
            }
            Self::Listed { symbols, values, .. } => {
                let first = position as usize * symbols.len();
                symbols.iter().copied().zip(values[first..].iter().copied()).collect()
            }
        }
    }
}

/// Names in a file as symbols of a model.
pub(super) struct Names<'a> {
    pub(super) model: &'a Model,
    pub(super) program: &'a Program,
    pub(super) file: &'a str,
}

impl Names<'_> {
    /// The symbol of a name that may be given a value.
    pub(super) fn settable(&self, name: &str, path: &str) -> Result<SymbolId, Problem> {
        let symbol = self.any(name, path)?;
        if self.program.is_settable(symbol) {
            return Ok(symbol);
        }
        let message = format!("`{name}` is computed by a rule and cannot be given a value");
        let help = "set what the rule uses, or take the rule out of the text";
        Err(Problem::error("M106", self.file, path, message, help))
    }

    /// The symbol of a name.
    pub(super) fn any(&self, name: &str, path: &str) -> Result<SymbolId, Problem> {
        self.model.symbol(name).ok_or_else(|| {
            let known = self.model.symbols.iter().map(|symbol| symbol.name.as_str());
            let message = format!("the model has no `{name}`");
            Problem::error("M106", self.file, path, message, help_with_nearest(name, known))
        })
    }
}

/// The text of a file.
pub(super) fn text<'a>(files: &'a Files, file: &str) -> Result<&'a str, Problem> {
    files.text(file).ok_or_else(|| {
        Problem::error("F101", "", "", format!("there is no text `{file}`"), "name a file")
    })
}

fn drawn(files: &Files, names: &Names<'_>, count: u32, problems: &mut Vec<Problem>) -> Option<Who> {
    let text = text(files, names.file).map_err(|problem| problems.push(problem)).ok()?;
    let population = read_values(text, names.file).map_err(|found| problems.extend(found)).ok()?;
    let mut symbols = Vec::new();
    let used = used(&population);
    for (position, covariate) in population.covariates.iter().enumerate() {
        let name = covariate.name.as_str();
        if names.model.symbol(name).is_none() && used.contains(&position) {
            continue;
        }
        let entry = entry(text, name);
        match names.settable(name, &format!("value.{entry}.name")) {
            Ok(symbol) => symbols.push((position, symbol)),
            Err(problem) => problems.push(problem),
        }
    }
    Some(Who::Drawn { population: Box::new(population), symbols, count })
}

/// The position among the entries of the first with that name.
fn entry(text: &str, name: &str) -> usize {
    let document: toml::Table = text.parse().unwrap_or_default();
    let entries = document.get("value").and_then(toml::Value::as_array);
    let is_named =
        |entry: &toml::Value| entry.get("name").and_then(toml::Value::as_str) == Some(name);
    entries.and_then(|entries| entries.iter().position(is_named)).unwrap_or(0)
}

/// The values that other values use: these need not be symbols of the model.
fn used(population: &Population) -> BTreeSet<usize> {
    let mut used = BTreeSet::new();
    for covariate in &population.covariates {
        match &covariate.rule {
            Rule::Formula(formula, _, _) => used.extend(formula.uses()),
            Rule::Drawn(laws) => {
                used.extend(laws.iter().filter_map(|law| Some(law.condition?.0)));
            }
        }
    }
    used
}

/// The columns that number the patients.
const NUMBERS: [&str; 2] = ["patient", "id"];

fn listed(files: &Files, names: &Names<'_>, problems: &mut Vec<Problem>) -> Option<Who> {
    let text = text(files, names.file).map_err(|problem| problems.push(problem)).ok()?;
    let table = Csv::read(text, names.file).map_err(|problem| problems.push(problem)).ok()?;
    if table.rows.is_empty() || table.rows.len() > MOST_LISTED {
        let message = format!("the table has {} patients", table.rows.len());
        let help = "a table has a row for each patient, at least one and at most 10 million";
        problems.push(Problem::error("M109", names.file, "", message, help));
        return None;
    }
    let is_number = |name: &str| NUMBERS.contains(&name.to_lowercase().as_str());
    let mut symbols = Vec::new();
    for name in table.header.iter().filter(|name| !is_number(name)) {
        match names.settable(name, &format!("line.{}", table.header_line)) {
            Ok(symbol) => symbols.push(symbol),
            Err(problem) => problems.push(problem),
        }
    }
    let (mut numbers, mut values) = (Vec::new(), Vec::new());
    let mut seen = BTreeMap::new();
    for (row, (line, cells)) in table.rows.iter().enumerate() {
        let mut number = row as u64 + 1;
        for (name, cell) in table.header.iter().zip(cells) {
            if is_number(name) {
                match cell.parse() {
                    Ok(read) => number = read,
                    Err(_) => problems.push(table.wrong(*line, name, cell, "a whole number")),
                }
                continue;
            }
            match cell.parse::<f64>().ok().filter(|value| value.is_finite()) {
                Some(value) => values.push(value),
                None => problems.push(table.wrong(*line, name, cell, "a number")),
            }
        }
        if let Some(first) = seen.insert(number, *line) {
            let message = format!("patient {number} stands in line {first} already");
            let help = "give each patient one row";
            problems.push(Problem::error(
                "M109",
                names.file,
                format!("line.{line}"),
                message,
                help,
            ));
        }
        numbers.push(number);
    }
    Some(Who::Listed { numbers, symbols, values })
}

/// A comma-separated table; lines that begin with # are notes.
pub(super) struct Csv<'a> {
    file: &'a str,
    pub(super) header_line: usize,
    pub(super) header: Vec<&'a str>,
    /// Lines and their cells.
    pub(super) rows: Vec<(usize, Vec<&'a str>)>,
}

impl<'a> Csv<'a> {
    /// Cells without quotes; each row as long as the header.
    pub(super) fn read(text: &'a str, file: &'a str) -> Result<Self, Problem> {
        let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
        let mut lines = lines
            .map(|(before, line)| (before + 1, line.trim()))
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let cells = |line: &'a str| line.split(',').map(|cell| cell.trim().trim_matches('"'));
        let Some((header_line, header)) = lines.next() else {
            let message = "the table is empty";
            return Err(Problem::error("M109", file, "", message, "begin it with a row of names"));
        };
        let header: Vec<&str> = cells(header).collect();
        let mut rows = Vec::new();
        for (line, text) in lines {
            let row: Vec<&str> = cells(text).collect();
            if row.len() != header.len() {
                let message =
                    format!("this row has {} cells, the header {}", row.len(), header.len());
                let help = "give every row a cell for each column; an empty one or `.` is no value";
                return Err(Problem::error("M109", file, format!("line.{line}"), message, help));
            }
            rows.push((line, row));
        }
        Ok(Self { file, header_line, header, rows })
    }

    /// The problem of a cell that is not what its column holds.
    pub(super) fn wrong(&self, line: usize, column: &str, cell: &str, wanted: &str) -> Problem {
        let message = format!("`{column}` is `{cell}`, not {wanted}");
        let help = format!("write {wanted}");
        Problem::error("M109", self.file, format!("line.{line}"), message, help)
    }
}
