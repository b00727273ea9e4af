//! A site's own names: which file holds what, which column says what, what a word means.

use super::roles::{self, Kind, analyte_column};
use super::sheet::Sheet;
use crate::terms::{Analyte, EventTerm, Treatment};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a person writes into `mapping.toml`; every part may be left out.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mapping {
    /// What a file holds: `"labor.csv" = "results"`.
    pub files: BTreeMap<String, Kind>,
    /// Columns of a file by role: `[columns."labor.csv"]` with `subject = "Pat-Nr"`.
    pub columns: BTreeMap<String, BTreeMap<String, String>>,
    /// Analytes of tests and of columns of a visit table: `"M-Gradient" = "SPEP"`; an empty text
    /// says that it is of no use.
    pub tests: BTreeMap<String, String>,
    /// Units of tests, of columns, or of an analyte wherever no other is said: `"SPEP" = "g/dL"`.
    pub units: BTreeMap<String, String>,
    /// Treatments: `"XK-17" = "CELLS"`.
    pub treatments: BTreeMap<String, String>,
    /// Adverse events: `"Zytokinsturm" = "CRS"`.
    pub events: BTreeMap<String, String>,
}

impl Mapping {
    /// What is wrong with it: path of the value, message, help.
    pub fn problems(&self) -> Vec<(String, String, String)> {
        let mut found = Vec::new();
        let mut unknown = |path: String, code: &str, known: Vec<&'static str>| {
            let message = format!("`{code}` is no code");
            found.push((path, message, format!("expected one of {}", known.join(", "))));
        };
        for (name, code) in self.tests.iter().filter(|(_, code)| !code.is_empty()) {
            if Analyte::from_code(code).is_none() {
                let known = Analyte::ALL.iter().map(|term| term.code()).collect();
                unknown(format!("tests.{name}"), code, known);
            }
        }
        for (name, code) in &self.treatments {
            if Treatment::from_code(code).is_none() {
                let known = Treatment::ALL.iter().map(|term| term.code()).collect();
                unknown(format!("treatments.{name}"), code, known);
            }
        }
        for (name, code) in &self.events {
            if EventTerm::from_code(code).is_none() {
                let known = EventTerm::ALL.iter().map(|term| term.code()).collect();
                unknown(format!("events.{name}"), code, known);
            }
        }
        for (file, columns) in &self.columns {
            let known: Vec<&'static str> = match self.files.get(file) {
                Some(kind) => roles::of(*kind).iter().map(|(role, _)| *role).collect(),
                None => every_role(),
            };
            for role in columns.keys().filter(|role| !known.contains(&role.as_str())) {
                let message = format!("`{role}` is nothing that a column can say");
                let help = format!("expected one of {}", known.join(", "));
                found.push((format!("columns.{file}.{role}"), message, help));
            }
        }
        found
    }
}

fn every_role() -> Vec<&'static str> {
    let kinds =
        [Kind::Subjects, Kind::Results, Kind::Visits, Kind::Doses, Kind::Events, Kind::Responses];
    let mut roles: Vec<&'static str> =
        kinds.iter().flat_map(|kind| roles::of(*kind)).map(|(role, _)| *role).collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}

/// The known name that is most like a typed one, when one is like it.
pub(super) fn nearest<'a>(typed: &str, known: &'a [String]) -> Option<&'a str> {
    let distance = |name: &&String| edits(typed, name);
    let best = known.iter().min_by_key(distance)?;
    let most = (typed.chars().count() / 3).min(3);
    (edits(typed, best) <= most).then_some(best.as_str())
}

/// Letters to change, add or take away.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// A mapping for the tables as they are, to be completed by hand: what was understood is written
/// out, what was not stands behind `#`.
pub fn propose(sheets: &[Sheet]) -> String {
    let mut text = String::from(
        "# Which file holds what: subjects, results (one value per row), visits (one visit per row),\n\
         # doses, events, responses, unused.\n[files]\n",
    );
    let mut kinds = Vec::new();
    for sheet in sheets {
        let names: Vec<String> =
            sheet.table.columns.iter().map(|field| roles::plain(&field.name)).collect();
        let kind = roles::kind_of(&sheet.table.name, &names);
        let word = kind.map_or("unused", Kind::word);
        let remark = if kind.is_none() { " # not understood" } else { "" };
        line(&mut text, &format!("{} = \"{word}\"{remark}", quoted(&sheet.file)));
        kinds.push(kind.unwrap_or(Kind::Unused));
    }
    for (sheet, kind) in sheets.iter().zip(&kinds) {
        columns(&mut text, sheet, *kind);
    }
    tests(&mut text, sheets, &kinds);
    text
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a String takes every write");
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn columns(text: &mut String, sheet: &Sheet, kind: Kind) {
    if kind == Kind::Unused {
        return;
    }
    line(text, &format!("\n[columns.{}]", quoted(&sheet.file)));
    let mut used = Vec::new();
    for (role, aliases) in roles::of(kind) {
        let found = aliases.iter().find_map(|alias| {
            sheet.table.columns.iter().find(|field| roles::plain(&field.name) == *alias)
        });
        if let Some(field) = found {
            line(text, &format!("{role} = {}", quoted(&field.name)));
            used.push(field.name.as_str());
        } else {
            line(text, &format!("# {role} = \"\""));
        }
    }
    let of_visits =
        |name: &str| kind == Kind::Visits && analyte_column(&roles::plain(name)).is_some();
    let names = sheet.table.columns.iter().map(|field| field.name.as_str());
    let others: Vec<&str> = names.filter(|name| !used.contains(name) && !of_visits(name)).collect();
    if !others.is_empty() {
        line(text, &format!("# columns not used: {}", others.join(", ").replace('\n', " ")));
    }
}

/// Most tests that a proposal lists.
const LISTED: usize = 200;

fn tests(text: &mut String, sheets: &[Sheet], kinds: &[Kind]) {
    text.push_str(
        "\n# The analyte of a test or of a column of a visit table; an empty text: of no use.\n[tests]\n",
    );
    let mut units = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for (sheet, kind) in sheets.iter().zip(kinds) {
        let names: Vec<String> = match kind {
            Kind::Visits => sheet.table.columns.iter().map(|field| field.name.clone()).collect(),
            Kind::Results => tests_in(sheet),
            _ => continue,
        };
        for name in names {
            if seen.contains(&name) || seen.len() >= LISTED {
                continue;
            }
            let plain = roles::plain(&name);
            let is_role = roles::of(Kind::Visits)
                .iter()
                .any(|(_, aliases)| aliases.contains(&plain.as_str()));
            if *kind == Kind::Visits && is_role {
                continue;
            }
            match analyte_column(&plain) {
                Some((analyte, unit)) => {
                    line(text, &format!("{} = \"{}\"", quoted(&name), analyte.code()));
                    if unit.is_none() && *kind == Kind::Visits && analyte.codes().is_empty() {
                        units.push(format!("{} = \"\"", quoted(&name)));
                    }
                }
                None => line(text, &format!("# {} = \"\"", quoted(&name))),
            }
            seen.push(name);
        }
    }
    text.push_str("\n# Units that the data do not say.\n[units]\n");
    for unit in units {
        line(text, &format!("# {unit}"));
    }
    text.push_str(
        "\n# Treatments that are not known by name, e.g. \"XK-17\" = \"CELLS\".\n[treatments]\n\
         \n# Adverse events, e.g. \"Zytokinsturm\" = \"CRS\".\n[events]\n",
    );
}

/// The different tests of a table of results, in order of appearance.
fn tests_in(sheet: &Sheet) -> Vec<String> {
    let aliases = roles::of(Kind::Results).iter().find(|(role, _)| *role == "test");
    let column = aliases.and_then(|(_, aliases)| {
        aliases.iter().find_map(|alias| {
            sheet.table.columns.iter().find(|field| roles::plain(&field.name) == *alias)
        })
    });
    let mut seen = std::collections::BTreeSet::new();
    let mut names = Vec::new();
    for cell in column.into_iter().flat_map(|field| field.column.cells()) {
        let name = super::sheet::text_in(cell);
        if !name.is_empty() && names.len() < LISTED && seen.insert(name) {
            names.push(name.to_owned());
        }
    }
    names
}
