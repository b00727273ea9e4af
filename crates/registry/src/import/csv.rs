//! Tables as the registry's site exports them, in the present and in the classic form.
//!
//! Columns are known by their names, in any order; a table may have only some of them.

use std::io::BufRead;

use csv::{ReaderBuilder, StringRecord};
use serde_json::{Map, Value, json};

use super::words;
use crate::lines::LONGEST;

/// Columns that have another name in the classic form.
const NAMES: &[(&str, &str)] = &[
    ("title", "study title"),
    ("status", "study status"),
    ("url", "study url"),
    ("gender", "sex"),
    ("funded bys", "funder type"),
    ("study designs", "study design"),
    ("sponsor/collaborators", "sponsor/collaborators"),
];

/// Calls `see` with every row: its line, and the record that it makes with its size, or why it makes
/// none. `see` answers whether to go on.
///
/// # Errors
/// Why the whole is no such table.
pub(crate) fn rows(
    reader: impl BufRead,
    mut see: impl FnMut(u64, Result<(Value, usize), String>) -> bool,
) -> Result<(), String> {
    let limited = Limited { inner: reader, left: LONGEST };
    let mut table = ReaderBuilder::new().flexible(true).from_reader(limited);
    let header = table.headers().map_err(|error| no_table(&error))?.clone();
    let columns: Vec<String> = header.iter().map(name).collect();
    if !columns.iter().any(|column| column == "nct number") {
        return Err("no known form: neither JSON nor XML, and no table with a column `NCT Number`"
            .to_owned());
    }
    let mut row = StringRecord::new();
    loop {
        table.get_mut().left = LONGEST;
        match table.read_record(&mut row) {
            Ok(false) => return Ok(()),
            Ok(true) => {
                let line = row.position().map_or(0, csv::Position::line);
                let made = if row.len() == columns.len() {
                    record(&columns, &row).map(|json| (json, row.as_slice().len()))
                } else {
                    Err(format!("{} fields, the table has {} columns", row.len(), columns.len()))
                };
                if !see(line, made) {
                    return Ok(());
                }
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                let is_over = error.is_io_error();
                if !see(line, Err(no_table(&error))) || is_over {
                    return Ok(());
                }
            }
        }
    }
}

fn no_table(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "not UTF-8".to_owned(),
        csv::ErrorKind::Io(error) => error.to_string(),
        _ => error.to_string(),
    }
}

/// Refuses a row that is longer than any.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: std::io::Read> std::io::Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.saturating_sub(read as u64);
        if self.left == 0 && read > 0 {
            let what = format!("a row is longer than {} MiB", LONGEST >> 20);
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, what));
        }
        Ok(read)
    }
}

fn name(column: &str) -> String {
    let plain = column.trim().trim_start_matches('\u{feff}').to_lowercase();
    let other = NAMES.iter().find(|(classic, _)| *classic == plain);
    other.map_or(plain, |(_, present)| (*present).to_owned())
}

struct Row<'a> {
    columns: &'a [String],
    row: &'a StringRecord,
}

impl Row<'_> {
    fn text(&self, column: &str) -> Option<&str> {
        let at = self.columns.iter().position(|known| known == column)?;
        self.row.get(at).map(str::trim).filter(|text| !text.is_empty() && *text != "null")
    }

    fn list(&self, column: &str) -> Vec<&str> {
        let parts = self.text(column).into_iter().flat_map(|text| text.split('|'));
        parts.map(str::trim).filter(|part| !part.is_empty()).collect()
    }
}

fn record(columns: &[String], row: &StringRecord) -> Result<Value, String> {
    let row = Row { columns, row };
    let id = row.text("nct number").ok_or("no `NCT Number` in this row")?;
    let mut protocol = Map::new();
    words::put(&mut protocol, "identificationModule", identification(&row, id));
    words::put(&mut protocol, "statusModule", status(&row));
    words::put(&mut protocol, "sponsorCollaboratorsModule", sponsors(&row));
    let mut description = Map::new();
    words::put(&mut description, "briefSummary", words::text(row.text("brief summary")));
    words::put(&mut protocol, "descriptionModule", Value::Object(description));
    let conditions: Vec<Value> =
        row.list("conditions").into_iter().map(|name| json!(name)).collect();
    if !conditions.is_empty() {
        protocol.insert("conditionsModule".to_owned(), json!({ "conditions": conditions }));
    }
    words::put(&mut protocol, "designModule", design(&row));
    words::put(&mut protocol, "armsInterventionsModule", interventions(&row));
    words::put(&mut protocol, "outcomesModule", outcomes(&row));
    words::put(&mut protocol, "eligibilityModule", eligibility(&row));
    words::put(&mut protocol, "contactsLocationsModule", locations(&row));
    let results = row.text("study results").unwrap_or("");
    let has_results =
        results.eq_ignore_ascii_case("yes") || results.eq_ignore_ascii_case("has results");
    Ok(json!({ "protocolSection": protocol, "hasResults": has_results }))
}

fn identification(row: &Row, id: &str) -> Value {
    let mut module = Map::new();
    words::put(&mut module, "nctId", json!(id));
    words::put(&mut module, "briefTitle", words::text(row.text("study title")));
    words::put(&mut module, "acronym", words::text(row.text("acronym")));
    let others = row.list("other ids").into_iter().map(|id| json!({ "id": id }));
    words::put(&mut module, "secondaryIdInfos", others.collect());
    Value::Object(module)
}

fn status(row: &Row) -> Value {
    let mut module = Map::new();
    let status = row.text("study status").map(|text| words::value("Status", text));
    words::put(&mut module, "overallStatus", words::text(status.as_deref()));
    for (column, key) in [
        ("start date", "startDateStruct"),
        ("primary completion date", "primaryCompletionDateStruct"),
        ("completion date", "completionDateStruct"),
        ("first posted", "studyFirstPostDateStruct"),
        ("results first posted", "resultsFirstPostDateStruct"),
        ("last update posted", "lastUpdatePostDateStruct"),
    ] {
        words::put(&mut module, key, words::dated(row.text(column).and_then(words::date), None));
    }
    Value::Object(module)
}

fn sponsors(row: &Row) -> Value {
    let mut names = row.list("sponsor/collaborators");
    if let Some(sponsor) = row.text("sponsor") {
        names = vec![sponsor];
        names.extend(row.list("collaborators"));
    }
    let mut module = Map::new();
    if let Some((lead, others)) = names.split_first() {
        let mut sponsor = Map::new();
        words::put(&mut sponsor, "name", json!(lead));
        // The classic form tells one class per sponsor, without saying whose it is.
        let is_present = row.text("sponsor").is_some();
        let class = row.text("funder type").filter(|_| is_present);
        let class = class.map(|class| words::value("AgencyClass", class));
        words::put(&mut sponsor, "class", words::text(class.as_deref()));
        module.insert("leadSponsor".to_owned(), Value::Object(sponsor));
        let others = others.iter().map(|name| json!({ "name": name })).collect();
        words::put(&mut module, "collaborators", others);
    }
    Value::Object(module)
}

fn design(row: &Row) -> Value {
    let mut module = Map::new();
    let kind = row
        .text("study type")
        .map(|text| words::value("StudyType", text.split(['[', '|']).next().unwrap_or("")));
    words::put(&mut module, "studyType", words::text(kind.as_deref()));
    let phases: Vec<Value> = row.list("phases").into_iter().flat_map(words::phases).collect();
    words::put(&mut module, "phases", Value::Array(phases));
    let mut info = Map::new();
    for part in row.list("study design") {
        let Some((name, text)) = part.split_once(':') else { continue };
        let text = text.trim();
        match name.trim().to_lowercase().as_str() {
            _ if text.is_empty() => {}
            "allocation" => {
                words::put(&mut info, "allocation", json!(words::value("DesignAllocation", text)));
            }
            "intervention model" => {
                words::put(
                    &mut info,
                    "interventionModel",
                    json!(words::value("InterventionalAssignment", text)),
                );
            }
            "primary purpose" => {
                words::put(
                    &mut info,
                    "primaryPurpose",
                    json!(words::value("PrimaryPurpose", text)),
                );
            }
            "observational model" => {
                words::put(
                    &mut info,
                    "observationalModel",
                    json!(words::value("ObservationalModel", text)),
                );
            }
            "time perspective" => {
                words::put(&mut info, "timePerspective", json!(time_perspective(text)));
            }
            "masking" => words::put(&mut info, "maskingInfo", words::masking(text)),
            _ => {}
        }
    }
    words::put(&mut module, "designInfo", Value::Object(info));
    let count = row.text("enrollment").and_then(crate::values::number);
    if let Some(count) = count {
        module.insert("enrollmentInfo".to_owned(), json!({ "count": count.low }));
    }
    Value::Object(module)
}

/// Exports have this one cut to its first letter.
fn time_perspective(text: &str) -> String {
    let values = crate::enums::values("DesignTimePerspective");
    let first =
        values.iter().find(|value| text.len() == 1 && value.starts_with(&text.to_uppercase()));
    first.map_or_else(|| words::value("DesignTimePerspective", text), |value| (*value).to_owned())
}

fn interventions(row: &Row) -> Value {
    let one = |text: &str| match text.split_once(':') {
        Some((kind, name)) if crate::enums::meant("InterventionType", kind).is_some() => {
            json!({ "type": words::value("InterventionType", kind), "name": name.trim() })
        }
        _ => json!({ "name": text }),
    };
    let mut module = Map::new();
    let all: Vec<Value> = row.list("interventions").into_iter().map(one).collect();
    words::put(&mut module, "interventions", Value::Array(all));
    Value::Object(module)
}

fn outcomes(row: &Row) -> Value {
    let mut module = Map::new();
    for (column, key) in [
        ("outcome measures", "primaryOutcomes"),
        ("primary outcome measures", "primaryOutcomes"),
        ("secondary outcome measures", "secondaryOutcomes"),
        ("other outcome measures", "otherOutcomes"),
    ] {
        let all = row.list(column).into_iter().map(|text| json!({ "measure": text }));
        words::put(&mut module, key, all.collect());
    }
    Value::Object(module)
}

fn eligibility(row: &Row) -> Value {
    let mut module = Map::new();
    let sex = row.text("sex").map(|text| words::value("Sex", text));
    words::put(&mut module, "sex", words::text(sex.as_deref()));
    let ages = row.text("age").unwrap_or("");
    let (range, classes) = ages.split_once('(').unwrap_or((ages, ""));
    let classes = if classes.is_empty() { ages } else { classes.trim_end_matches(')') };
    let (low, high) = limits(range);
    words::put(&mut module, "minimumAge", words::text(low));
    words::put(&mut module, "maximumAge", words::text(high));
    let classes =
        classes.split(',').filter_map(|name| crate::enums::meant("StandardAge", name.trim()));
    words::put(&mut module, "stdAges", classes.map(|name| json!(name)).collect());
    Value::Object(module)
}

/// The limits of a range such as `18 Years and older`, `up to 12 Months`, `18 Years to 70 Years`.
fn limits(range: &str) -> (Option<&str>, Option<&str>) {
    let range = range.trim();
    if let Some(low) = range.strip_suffix("and older") {
        return (Some(low.trim()), None);
    }
    let up_to = range.strip_prefix("up to").or_else(|| range.strip_prefix("Up to"));
    if let Some(high) = up_to {
        return (None, Some(high.trim()));
    }
    match range.split_once(" to ") {
        Some((low, high)) => (Some(low.trim()), Some(high.trim())),
        None => (None, None),
    }
}

fn locations(row: &Row) -> Value {
    // Facility, city, state or postcode, country; the facility may have commas of its own.
    let one = |text: &&str| {
        let parts: Vec<&str> = text.split(", ").map(str::trim).collect();
        let facility = parts[..parts.len().saturating_sub(3).max(1)].join(", ");
        let mut place = Map::new();
        let last = parts.last().filter(|_| parts.len() > 1);
        words::put(&mut place, "facility", json!(facility));
        words::put(&mut place, "country", words::text(last.copied()));
        Value::Object(place)
    };
    let mut module = Map::new();
    words::put(&mut module, "locations", row.list("locations").iter().map(one).collect());
    Value::Object(module)
}
