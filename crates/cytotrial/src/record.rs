//! A registry record in the shape of the ClinicalTrials.gov API, version 2, without persons.
//!
//! Names of contacts and officials, e-mail addresses and telephone numbers are removed when a
//! record is read: nothing that is written later can hold them.

use serde_json::Value;

use crate::problem::Problem;

pub use registry::persons::without_contacts;

/// A record.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The record as JSON, persons removed.
    pub json: Value,
}

impl Record {
    /// Reads a record; `file` is the name for problems.
    pub fn read(text: &str, file: &str) -> Result<Self, Vec<Problem>> {
        let mut json: Value = serde_json::from_str(text).map_err(|error| {
            let path = position(text, error.line(), error.column());
            let help = "a record is JSON in the shape of the ClinicalTrials.gov API, version 2";
            vec![Problem::error("R101", file, path, format!("not JSON: {error}"), help)]
        })?;
        if json.pointer("/protocolSection/identificationModule").is_none() {
            let message = "no `protocolSection.identificationModule` in this file";
            let help = "a record is JSON in the shape of the ClinicalTrials.gov API, version 2, \
                        one study per file";
            return Err(vec![Problem::error("R101", file, "", message, help)]);
        }
        registry::persons::remove(&mut json);
        Ok(Self { json })
    }

    /// A value by its path below `protocolSection`, e.g. `designModule.enrollmentInfo.count`.
    pub fn value(&self, path: &str) -> Option<&Value> {
        let found = path
            .split('.')
            .try_fold(self.json.get("protocolSection")?, |value, key| value.get(key))?;
        let empty = match found {
            Value::Null => true,
            Value::String(text) => text.trim().is_empty(),
            Value::Array(values) => values.is_empty(),
            Value::Object(entries) => entries.is_empty(),
            _ => false,
        };
        (!empty).then_some(found)
    }

    /// A text by its path below `protocolSection`; a list of texts is joined.
    pub fn text(&self, path: &str) -> Option<String> {
        match self.value(path)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Array(values) => {
                let texts: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
                (!texts.is_empty()).then(|| texts.join("; "))
            }
            _ => None,
        }
    }

    /// The registry number.
    pub fn id(&self) -> Option<String> {
        self.text("identificationModule.nctId")
    }

    /// The titles, summary, description and criteria, one below the other.
    pub fn narrative(&self) -> String {
        const PARTS: &[&str] = &[
            "identificationModule.briefTitle",
            "identificationModule.officialTitle",
            "descriptionModule.briefSummary",
            "descriptionModule.detailedDescription",
            "eligibilityModule.eligibilityCriteria",
        ];
        let parts: Vec<String> = PARTS.iter().filter_map(|path| self.text(path)).collect();
        parts.join("\n")
    }

    /// The sentences of the narrative.
    pub fn sentences(&self) -> Vec<String> {
        sentences(&self.narrative())
    }

    /// Whether a quotation stands in the record, blanks and case apart. ` ... ` leaves words out,
    /// and what follows a `;` is a remark.
    pub fn holds(&self, quote: &str) -> bool {
        let quote = quote.split(';').next().unwrap_or_default();
        let text = plain(&self.everything());
        quote.split("...").map(plain).all(|piece| !piece.is_empty() && text.contains(&piece))
    }

    /// The record as it is written to a file.
    pub fn to_text(&self) -> String {
        let mut text =
            serde_json::to_string_pretty(&self.json).expect("JSON values can be written");
        text.push('\n');
        text
    }

    fn everything(&self) -> String {
        let mut text = String::new();
        collect(&self.json, &mut text);
        text
    }
}

fn collect(value: &Value, into: &mut String) {
    match value {
        Value::String(text) => {
            into.push_str(text);
            into.push('\n');
        }
        Value::Number(number) => {
            into.push_str(&number.to_string());
            into.push('\n');
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, into)),
        Value::Object(entries) => entries.values().for_each(|value| collect(value, into)),
        Value::Null | Value::Bool(_) => {}
    }
}

fn plain(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Sentences end at `.`, `!` or `?` before a blank or a capital letter, and at line ends.
fn sentences(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut sentences = Vec::new();
    let mut sentence = String::new();
    for (index, &letter) in letters.iter().enumerate() {
        if letter == '\n' {
            sentences.push(std::mem::take(&mut sentence));
            continue;
        }
        sentence.push(letter);
        let next = letters.get(index + 1).copied().unwrap_or(' ');
        let before = index.checked_sub(1).map_or(' ', |before| letters[before]);
        let ends = matches!(letter, '.' | '!' | '?')
            && (next.is_whitespace() || (next.is_uppercase() && before.is_lowercase()));
        // `No. 2`, `vs. 3`
        let abbreviation = ["No.", "vs.", "e.g.", "i.e."].iter().any(|a| sentence.ends_with(a));
        if ends && !abbreviation {
            sentences.push(std::mem::take(&mut sentence));
        }
    }
    sentences.push(sentence);
    sentences
        .into_iter()
        .map(|sentence| sentence.trim().to_owned())
        .filter(|sentence| !sentence.is_empty())
        .collect()
}

fn position(text: &str, line: usize, column: usize) -> String {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut end = (start + column).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let begin = text[..end].char_indices().next_back().map_or(0, |(begin, _)| begin);
    format!("@{begin}..{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundled() -> Record {
        let text = crate::library::text("trials/NCT06379451/record.json").unwrap();
        Record::read(text, "record.json").unwrap()
    }

    #[test]
    fn quotations_are_found_whatever_their_blanks() {
        let record = bundled();
        assert!(record.holds("to evaluate  its efficacy and safety; a remark"));
        assert!(record.holds("5 recurrent MM ... no CRS"));
        assert!(record.holds("EARLY_PHASE1"));
        assert!(!record.holds("18 patients"));
        assert!(!record.holds(""));
    }

    #[test]
    fn what_the_record_leaves_empty_is_absent() {
        let record = bundled();
        assert_eq!(record.id().as_deref(), Some("NCT06379451"));
        assert!(record.value("contactsLocationsModule").is_none());
        assert!(record.value("designModule.enrollmentInfo.count").is_none());
    }

    #[test]
    fn text_that_is_not_json_is_told_with_its_place() {
        let problems = Record::read("{\n \"a\": ,\n}", "r.json").unwrap_err();
        assert_eq!(problems[0].code, "R101");
        let text = "{\n \"a\": ,\n}";
        let span = crate::problem::locate(text, &problems[0].path).unwrap();
        assert_eq!(crate::problem::line_and_column(text, span.start), (2, 7));
    }
}
