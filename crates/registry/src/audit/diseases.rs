//! A disease that patients of a record are said to have, and that is none of its conditions.

use serde_json::Value;

use super::Finding;
use crate::extract::text::{Sentence, has_word, sentences, texts};

/// Diseases by the words that name them, in small letters, and words of conditions that include them.
const DISEASES: &[(&str, &[&str], &[&str])] = &[
    (
        "multiple myeloma",
        &["multiple myeloma", "myeloma", "mm"],
        &["myeloma", "plasma cell", "hematologic", "haematologic", "blood cancer"],
    ),
    (
        "acute myeloid leukaemia",
        &["aml", "acute myeloid leukemia", "acute myeloid leukaemia", "acute myelogenous leukemia"],
        &["leuk", "myeloid", "aml", "hematologic", "haematologic", "blood cancer", "transplant"],
    ),
    (
        "acute lymphoblastic leukaemia",
        &["b-all", "t-all", "acute lymphoblastic leukemia", "acute lymphocytic leukemia"],
        &[
            "leuk",
            "lymphoblastic",
            "all",
            "hematologic",
            "haematologic",
            "lymphoid",
            "b cell",
            "b-cell",
        ],
    ),
    (
        "chronic lymphocytic leukaemia",
        &["cll", "chronic lymphocytic leukemia"],
        &["leuk", "lymph", "cll", "hematologic", "haematologic", "b cell", "b-cell"],
    ),
    (
        "diffuse large B-cell lymphoma",
        &["dlbcl", "diffuse large b-cell lymphoma", "diffuse large b cell lymphoma"],
        &["lymphom", "nhl", "dlbcl", "hematologic", "haematologic", "b cell", "b-cell"],
    ),
    (
        "myelodysplastic syndrome",
        &["mds", "myelodysplastic syndrome", "myelodysplastic syndromes"],
        &["myelodysplas", "mds", "leuk", "myeloid", "hematologic", "haematologic", "preleuk"],
    ),
    ("glioblastoma", &["glioblastoma", "gbm"], &["gliom", "gliob", "brain", "nervous", "solid"]),
    (
        "hepatocellular carcinoma",
        &["hepatocellular carcinoma", "hcc"],
        &["hepat", "liver", "hcc", "solid", "carcinoma"],
    ),
    ("lupus", &["systemic lupus erythematosus", "sle"], &["lupus", "autoimmun", "nephritis"]),
];

/// Words that make a disease that of the patients.
const PATIENTS: &[&str] = &["patient", "patients", "treating", "treat", "subjects", "participants"];

/// Words of sentences about others.
const OTHERS: &[&str] =
    &["history of", "exclu", "other than", "prior malignan", "secondary", "risk of", "induced"];

pub(super) fn of(record: &Value) -> Vec<Finding> {
    let about: Vec<&str> = [
        "conditionsModule.conditions",
        "conditionsModule.keywords",
        "identificationModule.briefTitle",
        "identificationModule.officialTitle",
    ]
    .iter()
    .flat_map(|path| texts(record, path))
    .map(|(_, text)| text)
    .collect();
    let all = sentences(
        record,
        &["descriptionModule.briefSummary", "descriptionModule.detailedDescription"],
    );
    let mut own = about.join(" \n ").to_lowercase();
    if own.trim().is_empty() {
        // Without titles and conditions the disease named most often is the record's own.
        most_named(&all).clone_into(&mut own);
    }
    let finding = |(name, words, covers): &(&str, &[&str], &[&str])| {
        let is_own = own.is_empty() || covers.iter().any(|word| holds(&own, word));
        let named: Vec<&Sentence> =
            all.iter().filter(|sentence| is_of_patients(&sentence.plain, words)).collect();
        if is_own || named.is_empty() {
            return None;
        }
        let times = match named.len() {
            1 => "one sentence speaks".to_owned(),
            count => format!("{count} sentences speak"),
        };
        let shown = own.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        Some(Finding {
            code: "other-disease",
            text: format!("{times} of patients with {name}; the record is about {shown}"),
            paths: paths(&named),
            quotes: named.iter().map(|sentence| sentence.quote.clone()).collect(),
        })
    };
    DISEASES.iter().filter_map(finding).collect()
}

fn paths(sentences: &[&Sentence]) -> Vec<String> {
    let mut paths: Vec<String> = sentences.iter().map(|sentence| sentence.path.clone()).collect();
    paths.dedup();
    paths
}

/// Short words must stand alone; longer ones may be parts.
fn holds(text: &str, word: &str) -> bool {
    if word.len() <= 3 { has_word(text, word) } else { text.contains(word) }
}

fn most_named(all: &[Sentence]) -> &'static str {
    let count = |words: &[&str]| {
        all.iter()
            .filter(|sentence| words.iter().any(|word| has_word(&sentence.plain, word)))
            .count()
    };
    let counted = DISEASES.iter().map(|(name, words, _)| (count(words), *name));
    counted
        .filter(|(count, _)| *count > 0)
        .max_by_key(|(count, _)| *count)
        .map_or("", |(_, name)| name)
}

/// Whether a disease stands within a few words of the patients.
fn is_of_patients(plain: &str, disease: &[&str]) -> bool {
    const NEAR: usize = 5;
    if OTHERS.iter().any(|words| plain.contains(words)) {
        return false;
    }
    let words: Vec<&str> = plain
        .split(|letter: char| !(letter.is_alphanumeric() || letter == '-'))
        .filter(|word| !word.is_empty())
        .collect();
    let is_patient = |word: &&str| PATIENTS.contains(word);
    (0..words.len()).any(|at| {
        let is_here = disease.iter().any(|name| {
            let name: Vec<&str> = name.split(' ').collect();
            words[at..].starts_with(&name)
        });
        is_here && {
            let from = at.saturating_sub(NEAR);
            let to = (at + NEAR).min(words.len());
            words[from..to].iter().any(is_patient)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disease_that_is_no_condition_is_found_only_of_patients() {
        let record = |summary: &str| {
            serde_json::json!({ "protocolSection": {
                "conditionsModule": { "conditions": ["Multiple Myeloma"] },
                "descriptionModule": { "briefSummary": summary },
            }})
        };
        let found = of(&record("Patients with AML have received chemotherapy."));
        assert_eq!((found.len(), found[0].code), (1, "other-disease"));
        assert!(of(&record("The same receptor is known from AML cell lines.")).is_empty());
        assert!(of(&record("Patients with a history of AML are excluded.")).is_empty());
        assert!(of(&record("Patients with multiple myeloma are treated.")).is_empty());
    }
}
