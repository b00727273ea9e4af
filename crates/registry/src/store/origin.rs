//! Where a record came from: the file, its form, and the day of the import.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The form that a record was read from, from the poorest to the richest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// A row of a table.
    Csv,
    /// The older form, XML.
    Xml,
    /// JSON of the interface's first version.
    JsonV1,
    /// JSON of the interface's second version.
    Json,
}

/// Every form with its name.
const NAMES: &[(Form, &str)] =
    &[(Form::Csv, "csv"), (Form::Xml, "xml"), (Form::JsonV1, "json-v1"), (Form::Json, "json")];

impl Form {
    /// Its name, e.g. `json`.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(form, _)| *form == self).map_or("json", |(_, name)| name)
    }

    fn of(name: &str) -> Self {
        NAMES.iter().find(|(_, known)| *known == name).map_or(Self::Json, |(form, _)| *form)
    }

    /// How rich it is: JSON of both versions says the same.
    pub(crate) fn richness(self) -> u8 {
        match self {
            Self::Csv => 1,
            Self::Xml => 2,
            Self::JsonV1 | Self::Json => 3,
        }
    }

    /// What tells one content from another; the last byte is the richness.
    pub(crate) fn digest(self, text: &str) -> [u8; 16] {
        let whole = Sha256::digest(text.as_bytes());
        let mut digest = [0; 16];
        digest.copy_from_slice(&whole[..16]);
        digest[15] = self.richness();
        digest
    }
}

/// Where a record came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file as it was named, with the entry of an archive behind it.
    pub source: String,
    /// Its form.
    pub form: Form,
    /// When it was imported, as the caller told the time.
    pub imported: String,
    /// Number of the import, from 1.
    pub import: u64,
}

impl Origin {
    /// On one line, as it is kept.
    pub(crate) fn to_line(&self) -> String {
        json!({
            "source": self.source,
            "form": self.form.name(),
            "imported": self.imported,
            "import": self.import,
        })
        .to_string()
    }

    pub(crate) fn from_line(line: &str) -> Self {
        let json: Value = serde_json::from_str(line).unwrap_or_default();
        let text = |key: &str| json[key].as_str().unwrap_or("").to_owned();
        Self {
            source: text("source"),
            form: Form::of(&text("form")),
            imported: text("imported"),
            import: json["import"].as_u64().unwrap_or(0),
        }
    }

    /// As JSON, with stable keys.
    pub fn to_json(&self) -> Value {
        json!({ "source": self.source, "form": self.form.name(), "imported": self.imported })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_comes_back_from_its_line() {
        let source = "a \"folder\"\n/studies.zip: NCT00000102.xml".to_owned();
        let imported = "2026-01-02T03:04:05Z".to_owned();
        let origin = Origin { source, form: Form::Xml, imported, import: 3 };
        assert!(!origin.to_line().contains('\n'));
        assert_eq!(Origin::from_line(&origin.to_line()), origin);
    }

    #[test]
    fn digests_differ_by_content_and_by_form() {
        assert_ne!(Form::Json.digest("a"), Form::Json.digest("b"));
        assert_ne!(Form::Json.digest("a"), Form::Csv.digest("a"));
        assert!(Form::Csv.richness() < Form::Xml.richness());
    }
}
