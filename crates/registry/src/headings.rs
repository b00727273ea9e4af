//! `MeSH` headings that a record does not carry itself, found in its own conditions and interventions.
//!
//! Records from tables and from the older form often have none. They are looked for in the names
//! of conditions and interventions, or in the title where there are none: the longest terms that
//! stand there. A search of an area finds them as it finds the record's own; no piece is changed.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use crate::fields;
use crate::mesh::{self, Descriptor};
use crate::record::all_below;
use crate::text::plain_words;

/// The pieces that derived headings stand for, in order of their nodes behind the data model.
pub(crate) const DERIVED: &[&str] = &[
    "ConditionMeshTerm",
    "ConditionAncestorTerm",
    "InterventionMeshTerm",
    "InterventionAncestorTerm",
];

/// The node of derived headings that stand for a piece.
pub(crate) fn node_for(piece: &str) -> Option<usize> {
    let index = DERIVED.iter().position(|known| *known == piece)?;
    Some(fields::all().len() + index)
}

/// Descriptors by the words of their names.
static BY_WORDS: LazyLock<BTreeMap<Vec<String>, &'static Descriptor>> = LazyLock::new(|| {
    let mut by_words = BTreeMap::new();
    for descriptor in mesh::all() {
        for term in &descriptor.entry_terms {
            by_words.entry(plain_words(term)).or_insert(descriptor);
        }
    }
    for descriptor in mesh::all() {
        by_words.insert(plain_words(&descriptor.name), descriptor);
    }
    by_words.remove(&Vec::new());
    by_words
});

/// Most words of a term that is looked for.
const LONGEST: usize = 8;

/// The descriptor whose name or entry term has just these words.
pub(crate) fn by_words(words: &[String]) -> Option<&'static Descriptor> {
    BY_WORDS.get(words).copied()
}

/// The longest terms in a row of words, from front to back: where each begins, how long it is.
pub(crate) fn spans(words: &[String]) -> Vec<(usize, usize, &'static Descriptor)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let most = LONGEST.min(words.len() - at);
        let term = (1..=most).rev().find_map(|length| {
            by_words(&words[at..at + length]).map(|descriptor| (at, length, descriptor))
        });
        at += term.map_or(1, |(_, length, _)| length);
        found.extend(term);
    }
    found
}

const MODULES: &[(&str, &str, &str)] = &[
    (
        "derivedSection.conditionBrowseModule",
        "protocolSection.conditionsModule.conditions",
        "ConditionMeshTerm",
    ),
    (
        "derivedSection.interventionBrowseModule",
        "protocolSection.armsInterventionsModule.interventions.name",
        "InterventionMeshTerm",
    ),
];

/// Nodes, places and terms of the headings that a record lacks, and of those above them.
pub(crate) fn derived(json: &Value) -> Vec<(usize, u32, &'static str)> {
    let mut found = Vec::new();
    for (module, own, piece) in MODULES {
        if !all_below(json, module).is_empty() {
            continue;
        }
        let mut texts = all_below(json, own);
        if texts.is_empty() && *piece == "ConditionMeshTerm" {
            texts = all_below(json, "protocolSection.identificationModule.briefTitle");
        }
        let mut terms: BTreeMap<&str, &'static Descriptor> = BTreeMap::new();
        for text in texts.into_iter().filter_map(Value::as_str).take(200) {
            let words = plain_words(text);
            terms.extend(spans(&words).into_iter().map(|(_, _, term)| (term.id.as_str(), term)));
        }
        let mut above: BTreeMap<&str, &'static Descriptor> = BTreeMap::new();
        for term in terms.values() {
            above.extend(mesh::ancestors(term).into_iter().map(|term| (term.id.as_str(), term)));
        }
        let node = node_for(piece).expect("the piece is in the list");
        let own = terms.values().zip(0..).map(|(term, place)| (node, place, term.name.as_str()));
        found.extend(own);
        let others = above.iter().filter(|(id, _)| !terms.contains_key(*id));
        found.extend(
            others.zip(0..).map(|((_, term), place)| (node + 1, place, term.name.as_str())),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_term_is_taken() {
        let words = plain_words("Relapsed Plasma Cell Myelomas and asthma");
        let names: Vec<&str> =
            spans(&words).iter().map(|(_, _, term)| term.name.as_str()).collect();
        assert!(names.contains(&"Multiple Myeloma") && names.contains(&"Asthma"), "{names:?}");
    }

    #[test]
    fn headings_are_derived_only_where_there_are_none() {
        let own = serde_json::json!({"protocolSection": {"conditionsModule": {"conditions": ["Multiple myeloma, relapsed"]}}});
        let found = derived(&own);
        let node = node_for("ConditionMeshTerm").unwrap();
        assert!(found.contains(&(node, 0, "Multiple Myeloma")), "{found:?}");
        assert!(found.iter().any(|(at, _, term)| *at == node + 1 && *term == "Neoplasms"));
        let carried = serde_json::json!({
            "protocolSection": {"conditionsModule": {"conditions": ["Multiple myeloma"]}},
            "derivedSection": {"conditionBrowseModule": {"meshes": [{"id": "D1", "term": "A"}]}}});
        assert!(derived(&carried).is_empty());
    }
}
