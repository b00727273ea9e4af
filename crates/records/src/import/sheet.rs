//! One table of a site as it was read, and its columns by what they mean.

use super::roles::{self, Kind};
use crate::column::{Cell, Column, Table};
use crate::problem::Problem;
use std::collections::BTreeMap;

/// A table of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// The file, by the name it was handed in with.
    pub file: String,
    /// The table; its name is the file's without folder and ending, in lower case.
    pub table: Table,
    /// Line of each row, from 1; empty where the file is no text.
    pub lines: Vec<u32>,
    /// Line of the header, from 1; 0 where the file is no text.
    pub header: usize,
}

impl Sheet {
    /// A sheet of a table that has no lines.
    pub fn of_table(file: &str, table: Table) -> Self {
        Self { file: file.into(), table, lines: Vec::new(), header: 0 }
    }

    /// An error in a row, from 0.
    pub(super) fn wrong(&self, code: &'static str, row: usize, message: String) -> Problem {
        let problem = Problem::error(code, &self.file, message).at_row(row);
        match self.lines.get(row) {
            Some(&line) => problem.at_line(line as usize),
            None => problem,
        }
    }

    /// An error in the header or of the table as a whole.
    pub(super) fn wrong_header(&self, code: &'static str, message: String) -> Problem {
        let problem = Problem::error(code, &self.file, message);
        if self.header > 0 { problem.at_line(self.header) } else { problem }
    }
}

/// A sheet with the columns that it was found to have.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    /// Place of the sheet among the sheets.
    pub(super) place: u32,
    /// The sheet.
    pub(super) sheet: &'a Sheet,
    /// What it holds.
    pub(super) kind: Kind,
    columns: BTreeMap<&'static str, usize>,
}

impl<'a> Reader<'a> {
    /// Finds the columns of a sheet by their names; `named` are roles that a person gave a column.
    pub(super) fn new(
        place: u32,
        sheet: &'a Sheet,
        kind: Kind,
        named: Option<&BTreeMap<String, String>>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let names: Vec<String> =
            sheet.table.columns.iter().map(|field| roles::plain(&field.name)).collect();
        let mut columns = BTreeMap::new();
        for (role, aliases) in roles::of(kind) {
            let given = named.and_then(|named| named.get(*role));
            let found = match given {
                Some(column) => {
                    let at = sheet.table.columns.iter().position(|field| field.name == *column);
                    if at.is_none() {
                        let message = format!(
                            "the mapping gives `{role}` the column `{column}`, which is not there"
                        );
                        problems.push(sheet.wrong_header("E117", message));
                    }
                    at
                }
                None => aliases.iter().find_map(|alias| names.iter().position(|n| n == alias)),
            };
            if let Some(at) = found {
                columns.insert(*role, at);
            }
        }
        Self { place, sheet, kind, columns }
    }

    pub(super) fn rows(&self) -> usize {
        self.sheet.table.rows()
    }

    /// Whether a column has the role.
    pub(super) fn has(&self, role: &str) -> bool {
        self.columns.contains_key(role)
    }

    /// Whether the column of that place has any role.
    pub(super) fn is_used(&self, column: usize) -> bool {
        self.columns.values().any(|&at| at == column)
    }

    /// The column of a role.
    pub(super) fn column(&self, role: &str) -> Option<&'a Column> {
        self.columns.get(role).map(|&at| &self.sheet.table.columns[at].column)
    }

    /// Name of the column of a role as the file has it; empty without one.
    pub(super) fn name(&self, role: &str) -> &'a str {
        self.columns.get(role).map_or("", |&at| self.sheet.table.columns[at].name.as_str())
    }

    /// Place of the column of a role among the columns; 0 without one.
    pub(super) fn place_of(&self, role: &str) -> usize {
        self.columns.get(role).copied().unwrap_or(0)
    }

    /// The cell of a role.
    pub(super) fn cell(&self, role: &str, row: usize) -> Cell<'a> {
        self.column(role).map_or(Cell::Missing, |column| column.cell(row))
    }

    /// The text of a role; a number is no text.
    pub(super) fn text(&self, role: &str, row: usize) -> &'a str {
        text_in(self.cell(role, row))
    }

    /// A problem with the cell of a role.
    pub(super) fn wrong(
        &self,
        code: &'static str,
        row: usize,
        role: &str,
        message: String,
    ) -> Problem {
        let subject = match self.cell("subject", row) {
            Cell::Integer(number) => number.to_string(),
            cell => text_in(cell).to_owned(),
        };
        self.sheet.wrong(code, row, message).in_column(self.name(role)).of_subject(&subject)
    }

    /// The number of a role; what is none is a problem.
    pub(super) fn number(
        &self,
        role: &str,
        row: usize,
        problems: &mut Vec<Problem>,
    ) -> Option<f64> {
        match Value::of(self.cell(role, row)) {
            Value::Missing => None,
            Value::Number(number) => Some(number),
            Value::Below(_) | Value::Above(_) | Value::Words(_) => {
                let text = self.text(role, row);
                let message = format!("`{}` is not a number", shortened(text));
                problems.push(self.wrong("E105", row, role, message).helped(number_help(text)));
                None
            }
        }
    }

    /// Whether every role is there; what is missing is a problem.
    pub(super) fn requires(&self, roles: &[&str], problems: &mut Vec<Problem>) -> bool {
        let missing: Vec<&str> = roles.iter().copied().filter(|role| !self.has(role)).collect();
        for role in &missing {
            let message = format!("there is no column for `{role}`");
            let aliases = roles::of(self.kind).iter().find(|(name, _)| name == role);
            let known = aliases.map_or(String::new(), |(_, aliases)| aliases.join("`, `"));
            let help = format!(
                "call it one of `{known}`, or name it in mapping.toml: `cytotrial evaluate \
                 --map-help` writes one"
            );
            problems.push(self.sheet.wrong_header("E103", message).helped(help));
        }
        missing.is_empty()
    }
}

/// The text in a cell; a number is no text.
pub(super) fn text_in(cell: Cell<'_>) -> &str {
    match cell {
        Cell::Text(text) => text,
        _ => "",
    }
}

/// At most forty characters of a text, for messages.
pub(super) fn shortened(text: &str) -> String {
    if text.chars().count() <= 40 {
        return text.to_owned();
    }
    text.chars().take(39).chain(['…']).collect()
}

/// What to do about a text that is no number.
pub(super) fn number_help(text: &str) -> &'static str {
    if text.contains(',') {
        "write a decimal point and no separator of thousands"
    } else if text.contains(char::is_whitespace) {
        "the number alone stands here; its unit has a column of its own"
    } else {
        "leave the cell empty where there is no value"
    }
}

/// What a cell says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    /// Nothing, or a word for nothing.
    Missing,
    /// A finite number.
    Number(f64),
    /// Below a limit, which may not be said.
    Below(Option<f64>),
    /// Above a limit.
    Above(f64),
    /// Words.
    Words(&'a str),
}

/// Words that mean that nothing was measured.
const NOTHING: &[&str] = &["", ".", "na", "n/a", "not done", "missing", "unknown", "unk"];
/// Words that mean a value below the limit of quantification.
const BELOW: &[&str] =
    &["blq", "bloq", "blod", "<lloq", "< lloq", "<lloq.", "not detected", "undetectable"];

impl<'a> Value<'a> {
    pub(super) fn of(cell: Cell<'a>) -> Self {
        match cell {
            Cell::Missing => Self::Missing,
            Cell::Number(number) if number.is_finite() => Self::Number(number),
            Cell::Number(_) => Self::Words("infinity"),
            Cell::Integer(number) => Self::Number(number as f64),
            Cell::Text(text) => Self::of_text(text.trim()),
        }
    }

    fn of_text(text: &'a str) -> Self {
        let finite = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
        // letters that `parse` takes for infinity or no number are words here
        if text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first))
            && let Some(number) = finite(text)
        {
            return Self::Number(number);
        }
        if let Some(limit) = text.strip_prefix('<')
            && let Some(limit) = finite(limit.trim_start_matches('=').trim())
        {
            return Self::Below(Some(limit));
        }
        if let Some(limit) = text.strip_prefix('>')
            && let Some(limit) = finite(limit.trim_start_matches('=').trim())
        {
            return Self::Above(limit);
        }
        let lower = text.to_ascii_lowercase();
        if NOTHING.contains(&lower.as_str()) {
            Self::Missing
        } else if BELOW.contains(&lower.as_str()) {
            Self::Below(None)
        } else {
            Self::Words(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_say_numbers_limits_words_or_nothing() {
        let of = |text| Value::of(Cell::Text(text));
        assert_eq!(of("3.5"), Value::Number(3.5));
        assert_eq!(of("-1e3"), Value::Number(-1000.0));
        assert_eq!(of("<0.05"), Value::Below(Some(0.05)));
        assert_eq!(of("BLQ"), Value::Below(None));
        assert_eq!(of("> 500"), Value::Above(500.0));
        assert_eq!(of("N/A"), Value::Missing);
        for words in ["NaN", "inf", "3,5", "1e999", "positive", "+inf"] {
            assert_eq!(of(words), Value::Words(words));
        }
    }
}
