//! A registry record: its key, and its JSON in the shape of the ClinicalTrials.gov API, version 2.
//!
//! Unknown keys and the order of keys stay as they were read. A value is reached by its path
//! (`protocolSection.designModule.phases`, lists walked) or by the name of its piece (`Phase`).

use std::fmt;

use serde_json::Value;

use crate::fields;
use crate::persons;

/// What names a record: the registry, and the id in that registry's own form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Short name of the registry, e.g. `ClinicalTrials.gov` or `ChiCTR`.
    pub registry: String,
    /// The id as that registry writes it, e.g. `NCT06379451` or `ChiCTR2400080001`.
    pub id: String,
}

/// Registries by how their ids begin, in upper case.
const REGISTRIES: &[(&str, &str)] = &[
    ("ACTRN", "ANZCTR"),
    ("CHICTR", "ChiCTR"),
    ("CTRI/", "CTRI"),
    ("DRKS", "DRKS"),
    ("EUCTR", "EUCTR"),
    ("IRCT", "IRCT"),
    ("ISRCTN", "ISRCTN"),
    ("JPRN", "JPRN"),
    ("JRCT", "jRCT"),
    ("KCT", "CRiS"),
    ("NL-OMON", "CCMO"),
    ("NTR", "NTR"),
    ("PACTR", "PACTR"),
    ("RBR-", "ReBec"),
    ("TCTR", "TCTR"),
    ("UMIN", "UMIN"),
];

impl Key {
    /// Reads an id. NCT ids are brought to upper case and eight digits; others are told apart by
    /// how they begin and stay as they are.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(id) = nct_id(text) {
            return Some(Self { registry: "ClinicalTrials.gov".to_owned(), id });
        }
        let upper = text.to_uppercase();
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-/_.".contains(letter);
        if text.len() > 64
            || !text.chars().all(is_plain)
            || !text.contains(|c: char| c.is_ascii_digit())
        {
            return None;
        }
        let known = REGISTRIES.iter().find(|(start, _)| upper.starts_with(start));
        known.map(|(_, name)| Self { registry: (*name).to_owned(), id: text.to_owned() })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.id)
    }
}

/// An NCT id in upper case with eight digits: zeros may be missing or too many, case is free.
pub fn nct_id(text: &str) -> Option<String> {
    let (start, digits) = text.split_at_checked(3)?;
    if !start.eq_ignore_ascii_case("NCT") || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    (1..=8).contains(&digits.len()).then(|| format!("NCT{digits:0>8}"))
}

/// Why a text or a value is no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoRecord {
    /// Not JSON.
    #[error("not JSON: {0}")]
    Json(String),
    /// JSON, but not an object with an id where a record has it.
    #[error("no `protocolSection.identificationModule.nctId` in it")]
    NoId,
    /// An id that no registry is known to give.
    #[error("`{0}` is not an id of a registry")]
    Id(String),
    /// An object where the interface has a text, or the like.
    #[error("`{path}` is {found}, expected {expected}")]
    Shape {
        /// Dotted path, indices from 0.
        path: String,
        /// What is there.
        found: &'static str,
        /// What belongs there.
        expected: &'static str,
    },
}

/// A record without persons.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What names it.
    pub key: Key,
    /// The record as JSON.
    pub json: Value,
}

impl Record {
    /// Reads one record from JSON text; persons are removed.
    pub fn read(text: &str) -> Result<Self, NoRecord> {
        Self::from_json(
            serde_json::from_str(text).map_err(|error| NoRecord::Json(error.to_string()))?,
        )
    }

    /// Takes a record from JSON; persons are removed.
    pub fn from_json(mut json: Value) -> Result<Self, NoRecord> {
        let id = json.pointer("/protocolSection/identificationModule/nctId");
        let id = id.and_then(Value::as_str).ok_or(NoRecord::NoId)?;
        let key = Key::read(id).ok_or_else(|| NoRecord::Id(id.to_owned()))?;
        check_shape(&json, "")?;
        persons::remove(&mut json);
        let id = json.pointer_mut("/protocolSection/identificationModule/nctId");
        if let Some(id) = id {
            *id = Value::String(key.id.clone());
        }
        Ok(Self { key, json })
    }

    /// Every value at a dotted path, in order; a list gives its elements.
    pub fn all(&self, path: &str) -> Vec<&Value> {
        all_below(&self.json, path)
    }

    /// The first value at a dotted path.
    pub fn first(&self, path: &str) -> Option<&Value> {
        self.all(path).into_iter().next()
    }

    /// The texts at a dotted path.
    pub fn texts(&self, path: &str) -> Vec<&str> {
        self.all(path).into_iter().filter_map(Value::as_str).collect()
    }

    /// The first text at a dotted path.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.texts(path).into_iter().next()
    }

    /// Every value of a piece, e.g. `LocationCity`; nothing where no piece has that name.
    pub fn of(&self, piece: &str) -> Vec<&Value> {
        fields::by_piece(piece).map_or_else(Vec::new, |field| self.all(field.path))
    }

    /// The texts of a piece.
    pub fn texts_of(&self, piece: &str) -> Vec<&str> {
        self.of(piece).into_iter().filter_map(Value::as_str).collect()
    }

    /// The first text of a piece.
    pub fn text_of(&self, piece: &str) -> Option<&str> {
        self.texts_of(piece).into_iter().next()
    }
}

/// Every value at a dotted path below a value, in order; a list gives its elements.
pub fn all_below<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    collect(value, path, &mut found);
    found
}

fn collect<'a>(value: &'a Value, path: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, path, found)),
        Value::Null => {}
        _ if path.is_empty() => found.push(value),
        Value::Object(entries) => {
            let (key, rest) = path.split_once('.').unwrap_or((path, ""));
            if let Some(value) = entries.get(key) {
                collect(value, rest, found);
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Known paths hold what the data model says: an object is never where a text belongs.
fn check_shape(value: &Value, path: &str) -> Result<(), NoRecord> {
    match value {
        Value::Array(values) => values.iter().try_for_each(|value| check_shape(value, path)),
        Value::Object(entries) => {
            if fields::by_path(path).is_some_and(fields::Field::is_leaf) {
                let (path, expected) = (path.to_owned(), "a text, a number, true or false");
                return Err(NoRecord::Shape { path, found: "an object", expected });
            }
            entries.iter().try_for_each(|(key, value)| {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                // What the data model does not know is kept as it is.
                if fields::by_path(&path).is_none() { Ok(()) } else { check_shape(value, &path) }
            })
        }
        Value::Null => Ok(()),
        _ if fields::by_path(path).is_some_and(|field| !field.is_leaf()) => {
            let (path, found) = (path.to_owned(), "a single value");
            Err(NoRecord::Shape { path, found, expected: "an object" })
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// A text without the marks that protect letters from Markdown.
///
/// ```
/// assert_eq!(cytotrial_registry::record::without_marks("CR \\> 0 \\[day 28\\]"), "CR > 0 [day 28]");
/// ```
pub fn without_marks(text: &str) -> String {
    let mut letters = text.chars().peekable();
    let mut plain = String::with_capacity(text.len());
    while let Some(letter) = letters.next() {
        let protects = letter == '\\' && letters.peek().is_some_and(char::is_ascii_punctuation);
        if !protects {
            plain.push(letter);
        }
        if protects && let Some(letter) = letters.next() {
            plain.push(letter);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_nct_id_may_miss_zeros_or_have_too_many() {
        assert_eq!(nct_id("nct6379451").as_deref(), Some("NCT06379451"));
        assert_eq!(nct_id("NCT0006379451").as_deref(), Some("NCT06379451"));
        for wrong in ["NCT", "NCT0", "NCT123456789", "NC", "NCTé", "NCT12a"] {
            assert_eq!(nct_id(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn ids_of_other_registries_keep_their_form() {
        for (id, registry) in [
            ("ChiCTR2400080001", "ChiCTR"),
            ("CTRI/2024/01/061234", "CTRI"),
            ("jRCT2031230001", "jRCT"),
            ("ACTRN12626001215314", "ANZCTR"),
        ] {
            let key = Key::read(id).unwrap();
            assert_eq!((key.registry.as_str(), key.id.as_str()), (registry, id));
        }
        assert_eq!(Key::read("something 12"), None);
    }

    #[test]
    fn values_are_reached_through_lists() {
        let text = r#"{"protocolSection": {"identificationModule": {"nctId": "NCT00000102"},
            "contactsLocationsModule": {"locations": [{"city": "Boston"}, {}, {"city": "Bonn"}]}},
            "extra": {"kept": [1, null]}}"#;
        let record = Record::read(text).unwrap();
        assert_eq!(record.texts_of("LocationCity"), ["Boston", "Bonn"]);
        assert_eq!(record.of("Location").len(), 3);
        assert_eq!(record.json["extra"]["kept"][0], 1);
        assert!(record.of("NoSuchPiece").is_empty());
    }

    #[test]
    fn what_is_no_record_says_why() {
        assert!(matches!(Record::read("{"), Err(NoRecord::Json(_))));
        assert_eq!(Record::read("[]"), Err(NoRecord::NoId));
        let text = r#"{"protocolSection": {"identificationModule": {"nctId": "NCT00000102",
            "briefTitle": {"a": 1}}}}"#;
        assert!(matches!(Record::read(text), Err(NoRecord::Shape { .. })));
        let text = r#"{"protocolSection": {"identificationModule": {"nctId": "NCT00000102"},
            "designModule": 3}}"#;
        assert!(matches!(Record::read(text), Err(NoRecord::Shape { .. })));
    }
}
