//! A table of a protocol file while it is read: what was asked for, what was found, what is wrong.
//!
//! Nothing here stops at the first problem. A value that cannot be read is `None` and a problem in
//! the log; the reader goes on, and gives no protocol at the end.

use std::cell::RefCell;

use stats::distribution::Distribution;

use super::quantity;
use crate::document::{Entry, Node, Value};
use crate::problem::{Problem, help_with_nearest};

/// The problems of one file.
pub(crate) struct Log {
    pub(crate) file: String,
    pub(crate) problems: RefCell<Vec<Problem>>,
}

impl Log {
    pub(crate) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), problems: RefCell::default() }
    }

    pub(crate) fn error(
        &self,
        code: &'static str,
        path: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.problems.borrow_mut().push(Problem::error(code, &self.file, path, message, help));
    }
}

/// A table.
pub(crate) struct Section<'a> {
    pub(crate) log: &'a Log,
    pub(crate) path: String,
    entries: &'a [Entry],
    known: RefCell<Vec<&'static str>>,
}

/// A value with its path.
#[derive(Clone)]
pub(crate) struct Field<'a> {
    pub(crate) log: &'a Log,
    pub(crate) path: String,
    pub(crate) node: &'a Node,
}

impl<'a> Section<'a> {
    /// The top table of a file.
    pub(crate) fn top(log: &'a Log, root: &'a Node) -> Self {
        let entries = match &root.value {
            Value::Table(entries) => entries.as_slice(),
            _ => &[],
        };
        Self { log, path: String::new(), entries, known: RefCell::default() }
    }

    /// A value that may be absent.
    pub(crate) fn may(&self, key: &'static str) -> Option<Field<'a>> {
        self.known.borrow_mut().push(key);
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some(Field { log: self.log, path: self.below(key), node: &entry.node })
    }

    /// A value that must be there.
    pub(crate) fn need(&self, key: &'static str) -> Option<Field<'a>> {
        let field = self.may(key);
        if field.is_none() {
            let place = match self.path.as_str() {
                "" => "at the top of the file".to_owned(),
                path => format!("in `[{path}]`"),
            };
            let written = self.entries.iter().map(|entry| entry.key.as_str());
            let help = match crate::problem::nearest(key, written) {
                Some(near) => format!("is `{near}` meant for it?"),
                None => format!("add `{key} = ...`, and its source under `[source]`"),
            };
            self.log.error("K102", &self.below(key), format!("`{key}` is missing {place}"), help);
        }
        field
    }

    /// A table that must be there.
    pub(crate) fn need_section(&self, key: &'static str) -> Option<Section<'a>> {
        self.need(key)?.section()
    }

    /// Every key with its value, in the order of the text; they count as asked for.
    pub(crate) fn each(&self) -> Vec<(&'a str, Field<'a>)> {
        let field = |entry: &'a Entry| {
            let field = Field { log: self.log, path: self.below(&entry.key), node: &entry.node };
            (entry.key.as_str(), field)
        };
        self.entries.iter().map(field).collect()
    }

    /// Keys that were written but never asked for.
    pub(crate) fn unasked(&self) -> Vec<&'a Entry> {
        let known = self.known.borrow();
        self.entries.iter().filter(|entry| !known.contains(&entry.key.as_str())).collect()
    }

    /// Ends the reading: a key that nobody asked for is a problem.
    pub(crate) fn done(self) {
        for entry in self.unasked() {
            let path = format!("{}!key", self.below(&entry.key));
            let place = match self.path.as_str() {
                "" => "at the top of the file".to_owned(),
                path => format!("in `[{path}]`"),
            };
            let message = format!("unknown key `{}` {place}", entry.key);
            let known = self.known.borrow();
            self.log.error(
                "K101",
                &path,
                message,
                help_with_nearest(&entry.key, known.iter().copied()),
            );
        }
    }

    fn below(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

impl<'a> Field<'a> {
    /// Logs that the value has the wrong type.
    pub(crate) fn wrong_type<T>(&self, wanted: &str, example: &str) -> Option<T> {
        let message = format!("`{}` is {}, wanted {wanted}", self.name(), self.node.value.kind());
        self.log.error("T102", &self.path, message, format!("write it like {example}"));
        None
    }

    /// Logs a problem here.
    pub(crate) fn error<T>(
        &self,
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Option<T> {
        self.log.error(code, &self.path, message, help);
        None
    }

    /// The path without list positions at its end.
    pub(crate) fn name(&self) -> &str {
        self.path.trim_end_matches(|letter: char| letter.is_ascii_digit()).trim_end_matches('.')
    }

    /// A value of a table, without a word when there is none.
    pub(crate) fn quiet_below(&self, key: &str) -> Option<Field<'a>> {
        let Value::Table(entries) = &self.node.value else { return None };
        let entry = entries.iter().find(|entry| entry.key == key)?;
        Some(Field { log: self.log, path: format!("{}.{key}", self.path), node: &entry.node })
    }

    pub(crate) fn section(self) -> Option<Section<'a>> {
        match &self.node.value {
            Value::Table(entries) => {
                let known = RefCell::default();
                Some(Section { log: self.log, path: self.path, entries, known })
            }
            _ => self.wrong_type("a table", "`{ key = value }`"),
        }
    }

    pub(crate) fn list(self) -> Option<Vec<Field<'a>>> {
        match &self.node.value {
            Value::List(nodes) => Some(
                nodes
                    .iter()
                    .enumerate()
                    .map(|(index, node)| Field {
                        log: self.log,
                        path: format!("{}.{index}", self.path),
                        node,
                    })
                    .collect(),
            ),
            _ => self.wrong_type("a list", "`[a, b, c]`"),
        }
    }

    /// Every element of a list read by `read`; `None` when any of them cannot be.
    pub(crate) fn each<T>(self, read: impl Fn(Field<'a>) -> Option<T>) -> Option<Vec<T>> {
        let read: Vec<Option<T>> = self.list()?.into_iter().map(read).collect();
        read.into_iter().collect()
    }

    pub(crate) fn text(self) -> Option<String> {
        match &self.node.value {
            Value::Text(text) if text.trim().is_empty() => {
                self.error("V101", format!("`{}` is empty", self.name()), "write a few words")
            }
            Value::Text(text) => Some(text.clone()),
            _ => self.wrong_type("a text", "`\"some words\"`"),
        }
    }

    pub(crate) fn texts(self) -> Option<Vec<String>> {
        self.each(Field::text)
    }

    pub(crate) fn truth(self) -> Option<bool> {
        match self.node.value {
            Value::Boolean(truth) => Some(truth),
            _ => self.wrong_type("true or false", "`true`"),
        }
    }

    pub(crate) fn date(self) -> Option<String> {
        let text = match &self.node.value {
            Value::Date(text) | Value::Text(text) => text.clone(),
            _ => return self.wrong_type("a date", "`2024-04-18`"),
        };
        match text.parse::<jiff::civil::Date>() {
            Ok(_) => Some(text),
            Err(_) => self.error(
                "V101",
                format!("`{}` = {text} is not a day of the calendar", self.name()),
                "write year, month and day like `2024-04-18`",
            ),
        }
    }

    pub(crate) fn number(self) -> Option<f64> {
        match self.node.value {
            Value::Integer(number) => Some(number as f64),
            Value::Number(number) if number.is_finite() => Some(number),
            _ => self.wrong_type("a number", "`0.30`"),
        }
    }

    pub(crate) fn within(self, low: f64, high: f64) -> Option<f64> {
        let field = self.clone();
        let number = self.number()?;
        if (low..=high).contains(&number) {
            return Some(number);
        }
        let message = format!("`{}` = {number} is outside {low} to {high}", field.name());
        field.error("V101", message, "correct the value")
    }

    pub(crate) fn whole(self, low: u32, high: u32) -> Option<u32> {
        match self.node.value {
            Value::Integer(number) => match u32::try_from(number) {
                Ok(count) if (low..=high).contains(&count) => Some(count),
                _ => {
                    let message =
                        format!("`{}` = {number} is outside {low} to {high}", self.name());
                    self.error("V101", message, "correct the value")
                }
            },
            _ => self.wrong_type("a whole number", "`3`"),
        }
    }

    /// A probability.
    pub(crate) fn share(self) -> Option<f64> {
        let field = self.clone();
        let number = self.number()?;
        if (0.0..=1.0).contains(&number) {
            return Some(number);
        }
        let help = if (1.0..=100.0).contains(&number) {
            format!("typed {number} for {}?", number / 100.0)
        } else {
            "a probability lies between 0 and 1".to_owned()
        };
        let message = format!("`{}` = {number} is not a probability", field.name());
        field.error("V101", message, help)
    }

    /// A quantity written with its unit, in the unit asked for.
    pub(crate) fn quantity(self, unit: &str) -> Option<f64> {
        let example = format!("`\"{}\"`", quantity::example(unit));
        let text = match &self.node.value {
            Value::Text(text) => text,
            Value::Integer(_) | Value::Number(_) => {
                let shown = self.node.value.show();
                let message = format!("`{}` = {shown} has no unit", self.name());
                return self.error("U104", message, format!("write it like {example}"));
            }
            _ => return self.wrong_type("a quantity with its unit", &example),
        };
        match quantity::read(text, unit) {
            Ok(value) if value.is_finite() => Some(value),
            Ok(_) => self.error("V101", format!("`{text}` is not finite"), "correct the value"),
            Err(fault) => {
                let message = format!("`{}`: {}", self.name(), fault.message);
                self.error(fault.code, message, fault.help)
            }
        }
    }

    /// A quantity that is not negative.
    pub(crate) fn amount(self, unit: &str) -> Option<f64> {
        let field = self.clone();
        let value = self.quantity(unit)?;
        if value >= 0.0 {
            return Some(value);
        }
        let message = format!("`{}` is {value} {unit}, below zero", field.name());
        field.error("V101", message, "an amount cannot be negative")
    }

    /// A law that values are drawn from. With a unit: `14 day`, `14..21 day`, or a named law
    /// followed by exactly that unit. Without: a number, or a named law.
    pub(crate) fn law(self, unit: &str) -> Option<Distribution> {
        let text = match &self.node.value {
            Value::Text(text) => text.trim().to_owned(),
            Value::Integer(_) | Value::Number(_) if unit == "1" => {
                format!("constant(value={})", self.clone().number()?)
            }
            Value::Integer(_) | Value::Number(_) => return self.quantity(unit).and(None),
            _ => return self.wrong_type("a distribution", "`\"beta(a=5; b=15)\"`"),
        };
        match quantity::law(&text, unit) {
            Ok(law) => Some(law),
            Err(fault) => {
                let message = format!("`{}`: {}", self.name(), fault.message);
                self.error(fault.code, message, fault.help)
            }
        }
    }

    /// A law of probabilities.
    pub(crate) fn chance(self) -> Option<Distribution> {
        let field = self.clone();
        let law = self.law("1")?;
        let (low, high) = (law.quantile(1e-6), law.quantile(1.0 - 1e-6));
        if (0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high) {
            return Some(law);
        }
        let message =
            format!("`{}` reaches from {low} to {high}, beyond a probability", field.name());
        field.error("V101", message, "keep it between 0 and 1")
    }
}
