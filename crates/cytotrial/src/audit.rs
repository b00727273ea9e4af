//! What a record states, what it leaves open, and where it contradicts itself.
//!
//! Everything is computed from the record, and from the protocol where the two are compared.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::protocol::Experiment;
use crate::record::Record;

mod contradictions;
mod open;
mod percentages;

pub use percentages::{Fraction, common_denominator};

/// One finding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditItem {
    /// A short, stable name, e.g. `other-disease`.
    pub code: String,
    /// What it is about.
    pub title: String,
    /// The finding in words.
    pub text: String,
    /// The words of the record behind it; empty when the finding is that there are none.
    pub quote: String,
    /// The figures of the finding by name.
    pub numbers: BTreeMap<String, f64>,
}

/// All findings.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Audit {
    /// What the record states.
    pub stated: Vec<AuditItem>,
    /// What it leaves open, though a trial needs it.
    pub open: Vec<AuditItem>,
    /// Where it contradicts itself, the calendar or arithmetic, and what its figures allow.
    pub contradictions: Vec<AuditItem>,
}

/// Looks a record through; with an experiment, compares the two.
pub fn audit(record: &Record, experiment: Option<&Experiment>) -> Audit {
    Audit {
        stated: stated(record),
        open: open::items(record),
        contradictions: contradictions::items(record, experiment),
    }
}

/// Fields that a person looks for first.
const FIELDS: &[(&str, &str, &str)] = &[
    ("id", "registry number", "identificationModule.nctId"),
    ("title", "title", "identificationModule.officialTitle"),
    ("brief-title", "brief title", "identificationModule.briefTitle"),
    ("status", "status", "statusModule.overallStatus"),
    ("start", "start", "statusModule.startDateStruct.date"),
    ("completion", "completion", "statusModule.completionDateStruct.date"),
    ("sponsor", "sponsor", "sponsorCollaboratorsModule.leadSponsor.name"),
    ("type", "type of study", "designModule.studyType"),
    ("phase", "phase", "designModule.phases"),
    ("patients", "number of patients", "designModule.enrollmentInfo.count"),
    ("allocation", "allocation", "designModule.designInfo.allocation"),
    ("conditions", "conditions", "conditionsModule.conditions"),
    ("minimum-age", "youngest age", "eligibilityModule.minimumAge"),
    ("maximum-age", "oldest age", "eligibilityModule.maximumAge"),
    ("sex", "sex", "eligibilityModule.sex"),
];

fn stated(record: &Record) -> Vec<AuditItem> {
    let field = |(code, title, path): &(&str, &str, &str)| {
        let text = record.text(path)?;
        Some(item(code, title, text.clone(), text))
    };
    let mut stated: Vec<AuditItem> = FIELDS.iter().filter_map(field).collect();
    let aim = record.sentences().into_iter().find(|sentence| {
        let lower = sentence.to_lowercase();
        lower.contains("evaluate") && (lower.contains("efficacy") || lower.contains("safety"))
    });
    if let Some(sentence) = aim {
        stated.push(item("aim", "aim", sentence.clone(), sentence));
    }
    stated
}

fn item(code: &str, title: &str, text: impl Into<String>, quote: impl Into<String>) -> AuditItem {
    AuditItem {
        code: code.to_owned(),
        title: title.to_owned(),
        text: text.into(),
        quote: quote.into(),
        numbers: BTreeMap::new(),
    }
}

/// How often a word stands in a text, case respected, as a whole word.
fn count_word(text: &str, word: &str) -> usize {
    let boundary = |letter: Option<char>| letter.is_none_or(|letter| !letter.is_alphanumeric());
    text.match_indices(word)
        .filter(|(start, _)| {
            boundary(text[..*start].chars().next_back())
                && boundary(text[start + word.len()..].chars().next())
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_whole() {
        assert_eq!(count_word("AML, AMLS and (AML)", "AML"), 2);
    }
}
