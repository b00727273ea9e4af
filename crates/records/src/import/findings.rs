//! Measured values, one per row.

use super::days::OF_ROW;
use super::sheet::{Reader, Value, shortened, text_in};
use super::units::{self, Conversion};
use super::{Found, Import, Place, roles, synonyms};
use crate::column::Cell;
use crate::remarks::Remark;
use crate::terms::Analyte;
use std::collections::BTreeMap;

/// What the test, specimen and unit of a row mean; rows come in runs of the same.
#[derive(Debug, Clone, Copy)]
struct Meaning {
    analyte: Analyte,
    conversion: Conversion,
    /// The unit was not said.
    is_assumed: bool,
}

/// What was learnt of the combinations that a table has; `None` for what cannot be used.
type Learnt<'a> = BTreeMap<(&'a str, &'a str, &'a str), Option<Meaning>>;

/// A value that is read: the number, and whether it is a limit of quantification.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measured {
    pub(super) value: f64,
    pub(super) below_limit: bool,
}

/// Larger numbers are no measurement: more than all the cells of a body.
const LARGEST: f64 = 1e15;

impl Import<'_> {
    /// Reads a table with one value per row.
    pub(super) fn results(&mut self, reader: &Reader<'_>) {
        if !reader.requires(&["subject", "test"], &mut self.problems) {
            return;
        }
        if !reader.has("value") && !reader.has("words") {
            reader.requires(&["value"], &mut self.problems);
            return;
        }
        let mut learnt = Learnt::new();
        let mut behind = self.orders.iter().copied().max().unwrap_or(0);
        for row in 0..reader.rows() {
            if reader.text("status", row).eq_ignore_ascii_case("not done") {
                continue;
            }
            let Some(subject) = self.subject_of(reader, row) else { continue };
            let Some(meaning) = self.meaning(reader, row, &mut learnt) else { continue };
            let Some(measured) = self.measured(reader, row, meaning) else { continue };
            let Some(day) = self.needed_day(reader, row, subject, OF_ROW) else { continue };
            self.visit_numbers.see(reader, row, subject, day);
            behind += 1;
            let order = match reader.cell("order", row) {
                Cell::Integer(order) => order,
                Cell::Number(order) => order as i64,
                cell => text_in(cell).parse().unwrap_or(behind),
            };
            let Measured { value, below_limit } = measured;
            let place = Place::new(reader.place, row, reader.place_of("value"));
            let analyte = meaning.analyte;
            let remark = self.remark(reader, row, meaning);
            self.study.remarks.push(subject, analyte, day, remark);
            self.scales.see(analyte, meaning.conversion, meaning.is_assumed, value, place);
            self.push_finding(Found { subject, analyte, day, value, below_limit, place, order });
        }
    }

    /// What the row's test and unit mean; what cannot be used is told once per combination.
    fn meaning<'a>(
        &mut self,
        reader: &Reader<'a>,
        row: usize,
        learnt: &mut Learnt<'a>,
    ) -> Option<Meaning> {
        let test = reader.text("test", row);
        let key = (test, reader.text("specimen", row), unit_in(reader, row));
        if let Some(known) = learnt.get(&key) {
            return *known;
        }
        let found = self.learn(reader, row, key);
        learnt.insert(key, found);
        found
    }

    fn learn(
        &mut self,
        reader: &Reader<'_>,
        row: usize,
        (test, specimen, unit): (&str, &str, &str),
    ) -> Option<Meaning> {
        let mapped = self.mapping.tests.get(test);
        if mapped.is_some_and(String::is_empty) {
            return None;
        }
        let found = match mapped {
            Some(code) => Analyte::from_code(code),
            None => roles::analyte(test).or_else(|| roles::analyte(reader.text("name", row))),
        };
        let is_urine = specimen.eq_ignore_ascii_case("urine");
        let found = match found {
            Some(Analyte::SerumMProtein) if is_urine => Some(Analyte::UrineMProtein),
            Some(Analyte::SerumImmunofixation) if is_urine => Some(Analyte::UrineImmunofixation),
            found => found,
        };
        let Some(analyte) = found else {
            let message =
                format!("the test `{}` is not known; its rows are not used", shortened(test));
            let names = roles::analyte_names();
            let near = crate::import::mapping::nearest(&roles::plain(test), &names);
            let near = near.map_or(String::new(), |near| format!("did you mean `{near}`? else "));
            let help = format!(
                "{near}give its code in mapping.toml under [tests], or an empty text if it is of \
                 no use"
            );
            let problem = reader.wrong("E104", row, "test", message).helped(help);
            self.problems.push(problem.as_warning());
            return None;
        };
        if !analyte.codes().is_empty() {
            return Some(Meaning { analyte, conversion: Conversion::NONE, is_assumed: false });
        }
        let mapped =
            self.mapping.units.get(test).or_else(|| self.mapping.units.get(analyte.code()));
        let told = if unit.is_empty() { mapped.map(String::as_str) } else { Some(unit) };
        let told = told.filter(|unit| !unit.is_empty());
        let Some(told) = told else {
            self.no_unit(reader, row, analyte);
            let conversion = units::conversion(analyte, units::usual(analyte))?;
            return Some(Meaning { analyte, conversion, is_assumed: true });
        };
        let conversion = units::conversion(analyte, told);
        if conversion.is_none() {
            self.wrong_unit(reader, row, analyte, told);
        }
        Some(Meaning { analyte, conversion: conversion?, is_assumed: false })
    }

    fn no_unit(&mut self, reader: &Reader<'_>, row: usize, analyte: Analyte) {
        let (title, usual) = (analyte.title(), units::usual(analyte));
        if matches!(usual, "1" | "count" | "score") {
            return;
        }
        let message = format!("{title} has no unit; {usual} is taken");
        let help = "give the unit in a column `unit`, or in mapping.toml under [units]";
        let problem = reader.wrong("E107", row, "test", message).helped(help);
        self.problems.push(problem.as_warning());
    }

    fn wrong_unit(&mut self, reader: &Reader<'_>, row: usize, analyte: Analyte, unit: &str) {
        let message =
            format!("the unit of {} is `{}`, which is not known", analyte.title(), shortened(unit));
        let known: Vec<&str> = units::known(analyte).iter().map(|(name, _)| *name).collect();
        let help = format!("expected one of {}", known.join(", "));
        self.problems.push(reader.wrong("E106", row, "unit", message).helped(help));
    }

    /// The value of a row, in the unit of the study.
    fn measured(&mut self, reader: &Reader<'_>, row: usize, meaning: Meaning) -> Option<Measured> {
        let (number, words) = (reader.cell("value", row), reader.cell("words", row));
        // words say what a number cannot: below a limit
        let cell = match (Value::of(words), Value::of(number)) {
            (Value::Below(_), _) | (_, Value::Missing) => words,
            _ => number,
        };
        let role = if cell == number && reader.has("value") { "value" } else { "words" };
        let limit = if reader.has("limit") {
            match Value::of(reader.cell("limit", row)) {
                Value::Number(limit) => Some(limit),
                _ => None,
            }
        } else {
            None
        };
        let Meaning { analyte, conversion, .. } = meaning;
        let read = read_value(analyte, conversion, cell, limit);
        read.map_err(|(message, help)| {
            self.problems.push(reader.wrong("E105", row, role, message).helped(help));
        })
        .ok()
        .flatten()
    }
}

impl Import<'_> {
    /// What a row says beside its value: limits of normal, and that it is spurious.
    fn remark(&mut self, reader: &Reader<'_>, row: usize, meaning: Meaning) -> Remark {
        if !["lower", "upper", "spurious", "assessment"].iter().any(|role| reader.has(role)) {
            return Remark::default();
        }
        let lower = self.limit_of_normal(reader, row, "lower", meaning);
        let upper = self.limit_of_normal(reader, row, "upper", meaning);
        if let (Some(low), Some(high)) = (lower, upper)
            && low > high
        {
            let message = format!("the lower limit of normal, {low}, is above the upper, {high}");
            let problem = reader.wrong("E109", row, "lower", message);
            self.problems.push(problem.helped("one of the two limits is wrong"));
        }
        Remark {
            lower,
            upper,
            spurious: self.is_spurious(reader, row),
            begins_assessment: reader.has("assessment") && reader.text("assessment", row) == "Y",
        }
    }

    fn limit_of_normal(
        &mut self,
        reader: &Reader<'_>,
        row: usize,
        role: &str,
        meaning: Meaning,
    ) -> Option<f64> {
        if !reader.has(role) || !meaning.analyte.codes().is_empty() {
            return None;
        }
        let title = meaning.analyte.title();
        match Value::of(reader.cell(role, row)) {
            Value::Missing => None,
            Value::Number(limit) | Value::Above(limit) | Value::Below(Some(limit))
                if (0.0..=LARGEST).contains(&limit) =>
            {
                Some(meaning.conversion.apply(limit))
            }
            _ => {
                let told = shortened(reader.text(role, row));
                let message = format!("`{told}` is no limit of normal of {title}");
                let help = "write one number in the unit of the value, or leave it empty";
                self.problems.push(reader.wrong("E105", row, role, message).helped(help));
                None
            }
        }
    }

    /// Whether the row is marked as spurious.
    pub(super) fn is_spurious(&mut self, reader: &Reader<'_>, row: usize) -> bool {
        if !reader.has("spurious") {
            return false;
        }
        match text_in(reader.cell("spurious", row)).trim().to_lowercase().as_str() {
            "y" | "yes" | "true" | "1" => true,
            "" | "n" | "no" | "false" | "0" => false,
            other => {
                let message =
                    format!("`{}` does not say whether the value is spurious", shortened(other));
                let problem = reader.wrong("E105", row, "spurious", message);
                self.problems.push(problem.helped("write Y, or N, or leave it empty"));
                false
            }
        }
    }
}

/// The unit a row says: in its column, else in brackets behind the parameter's name.
fn unit_in<'a>(reader: &Reader<'a>, row: usize) -> &'a str {
    let unit = reader.text("unit", row);
    if !unit.is_empty() {
        return unit;
    }
    let name = reader.text("name", row).trim_end();
    match name.strip_suffix(')').and_then(|name| name.rsplit_once('(')) {
        Some((_, unit)) => unit.trim(),
        None => "",
    }
}

/// The value in a cell; `None` when nothing was measured.
///
/// # Errors
/// What is wrong, and what to do.
pub(super) fn read_value(
    analyte: Analyte,
    conversion: Conversion,
    cell: Cell<'_>,
    limit: Option<f64>,
) -> Result<Option<Measured>, (String, String)> {
    let is_coded = !analyte.codes().is_empty();
    let at = |value: f64, below_limit| {
        let value = if is_coded { value } else { conversion.apply(value) };
        Measured { value, below_limit }
    };
    let title = analyte.title();
    match Value::of(cell) {
        Value::Missing => Ok(None),
        Value::Number(number) if number.abs() > LARGEST => {
            let message = format!("{title} of {number:e} is no measurement");
            Err((message, "check the exponent".into()))
        }
        Value::Number(number) => Ok(Some(at(number, false))),
        Value::Below(Some(limit)) => Ok(Some(at(limit, true))),
        Value::Below(None) => limit.map(|limit| Some(at(limit, true))).ok_or_else(|| {
            let message = format!("{title} is below a limit that is not told");
            (message, "write the limit: `<0.05`, or give a column `lloq`".into())
        }),
        Value::Above(limit) => Ok(Some(at(limit, false))),
        Value::Words(words) => match synonyms::code_of(analyte, words) {
            Some(code) => Ok(Some(at(code, false))),
            None if is_coded => {
                let known = analyte.codes().join(", ");
                let message = format!("{title}: `{}` is no known word", shortened(words));
                Err((message, format!("expected one of {known}")))
            }
            None => {
                let message = format!("{title}: `{}` is not a number", shortened(words));
                Err((message, super::sheet::number_help(words).into()))
            }
        },
    }
}
