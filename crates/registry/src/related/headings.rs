//! Subject headings of a record: its own, and those above them at half the weight.

use serde_json::Value;

use super::words::each_text;
use crate::mesh::{self, Descriptor};

/// Conditions or interventions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What is treated.
    Condition,
    /// What it is treated with.
    Intervention,
}

/// A heading of the record itself, in 255ths.
const OWN: u8 = 255;
/// A heading above one of its own.
const ABOVE: u8 = 127;

impl Kind {
    fn module(self) -> &'static str {
        match self {
            Self::Condition => "conditionBrowseModule",
            Self::Intervention => "interventionBrowseModule",
        }
    }

    /// Whether a descriptor is of this kind, by its place in the tree.
    fn has(self, descriptor: &Descriptor) -> bool {
        let starts: &[&str] = match self {
            Self::Condition => &["C", "F03"],
            Self::Intervention => &["D", "E"],
        };
        descriptor.trees.iter().any(|tree| starts.iter().any(|start| tree.starts_with(start)))
    }

    /// A heading as a term of a segment; words have no colon.
    pub(super) fn term(self, id: &str) -> String {
        match self {
            Self::Condition => format!("c:{id}"),
            Self::Intervention => format!("i:{id}"),
        }
    }

    /// 0 for words, 1 for conditions, 2 for interventions.
    pub(super) fn space(term: &str) -> usize {
        match term.as_bytes() {
            [b'c', b':', ..] => 1,
            [b'i', b':', ..] => 2,
            _ => 0,
        }
    }
}

/// A subject heading of a record.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Heading {
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it was found.
    pub found: Found,
}

/// Where a heading was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    /// The record carries it.
    InRecord,
    /// A condition or intervention of the record is a name of it.
    ByName,
    /// The title or the summary names it.
    InText,
}

/// The record's own headings: those that it carries; without any, those that its conditions or
/// interventions name; conditions also from the title and, failing that, from the summary.
pub fn own(record: &Value, kind: Kind) -> Vec<Heading> {
    let carried = listed(record, kind, "meshes");
    let carried: Vec<Heading> = carried
        .into_iter()
        .map(|(id, name)| Heading { id: mesh::canonical_id(&id), name, found: Found::InRecord })
        .collect();
    if !carried.is_empty() {
        return carried;
    }
    let path = match kind {
        Kind::Condition => "conditionsModule.conditions",
        Kind::Intervention => "armsInterventionsModule.interventions.name",
    };
    let mut found = Vec::new();
    each_text(record, path, &mut |text| {
        if let Some(descriptor) = mesh::by_term(text).filter(|known| kind.has(known)) {
            note(&mut found, descriptor, Found::ByName);
        }
    });
    if found.is_empty() && kind == Kind::Condition {
        for path in [
            "identificationModule.briefTitle",
            "identificationModule.officialTitle",
            "descriptionModule.briefSummary",
        ] {
            each_text(record, path, &mut |text| in_text(text, kind, &mut found));
            // A title that names no heading is not made up for by what a summary also mentions.
            if !found.is_empty() || path.ends_with("officialTitle") && has_title(record) {
                break;
            }
        }
    }
    found
}

fn has_title(record: &Value) -> bool {
    let mut has = false;
    each_text(record, "identificationModule.briefTitle", &mut |_| has = true);
    has
}

fn note(found: &mut Vec<Heading>, descriptor: &Descriptor, place: Found) {
    if found.iter().all(|heading| heading.id != descriptor.id) {
        let (id, name) = (descriptor.id.clone(), descriptor.name.clone());
        found.push(Heading { id, name, found: place });
    }
}

/// Words of a text that are read for headings; a summary says at its beginning what it is about.
const READ: usize = 80;
/// Words of the longest name that is looked for.
const LONGEST: usize = 6;

fn in_text(text: &str, kind: Kind, found: &mut Vec<Heading>) {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '-';
    let words = text.split(|letter: char| !is_part(letter)).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.take(READ).collect();
    let mut start = 0;
    while start < words.len() {
        let longest = LONGEST.min(words.len() - start);
        let named = (1..=longest).rev().find_map(|count| {
            let name = words[start..start + count].join(" ");
            // Short names are abbreviations and everyday words.
            let descriptor = mesh::by_term(&name).filter(|_| name.len() > 5)?;
            let is_general = descriptor.trees.iter().all(|tree| tree.starts_with("C23"));
            (kind.has(descriptor) && !is_general).then_some((count, descriptor))
        });
        if let Some((count, descriptor)) = named {
            note(found, descriptor, Found::InText);
            start += count;
        } else {
            start += 1;
        }
    }
}

fn listed(record: &Value, kind: Kind, list: &str) -> Vec<(String, String)> {
    let module = record.get("derivedSection").and_then(|section| section.get(kind.module()));
    let list = module.and_then(|module| module.get(list)).and_then(Value::as_array);
    let entries = list.map(Vec::as_slice).unwrap_or_default().iter();
    let text = |entry: &Value, key: &str| entry.get(key)?.as_str().map(str::to_owned);
    let pair = |entry: &Value| Some((text(entry, "id")?, text(entry, "term").unwrap_or_default()));
    entries.filter_map(pair).collect()
}

/// Identifiers of headings with their weights, each once, in order: the record's own, and those
/// above them in the tree.
pub(super) fn weighted(record: &Value, kind: Kind) -> Vec<(String, u8)> {
    let own = own(record, kind);
    let mut all: Vec<(String, u8)> = own.iter().map(|own| (own.id.clone(), OWN)).collect();
    let above = listed(record, kind, "ancestors");
    if above.is_empty() {
        let known = own.iter().filter_map(|own| mesh::by_id(&own.id));
        let above = known.flat_map(mesh::ancestors);
        all.extend(above.map(|above| (above.id.clone(), ABOVE)));
    }
    all.extend(above.into_iter().map(|(id, _)| (mesh::canonical_id(&id), ABOVE)));
    all.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
    all.dedup_by(|later, earlier| later.0 == earlier.0);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_carried_named_or_read() {
        let carried = serde_json::json!({ "derivedSection": { "conditionBrowseModule": {
            "meshes": [{ "id": "D000009101", "term": "Multiple Myeloma" }],
        }}});
        let heading = &own(&carried, Kind::Condition)[0];
        assert_eq!((heading.id.as_str(), heading.found), ("D009101", Found::InRecord));
        let named = serde_json::json!({ "protocolSection": { "conditionsModule": {
            "conditions": ["Asthma"],
        }}});
        assert_eq!(own(&named, Kind::Condition)[0].found, Found::ByName);
        let read = serde_json::json!({ "protocolSection": { "descriptionModule": {
            "briefSummary": "Multiple myeloma (MM) is a malignant disease of plasma cells.",
        }}});
        let headings = own(&read, Kind::Condition);
        assert_eq!((headings[0].id.as_str(), headings[0].found), ("D009101", Found::InText));
    }

    #[test]
    fn headings_above_count_half() {
        let named = serde_json::json!({ "protocolSection": { "conditionsModule": {
            "conditions": ["Multiple Myeloma"],
        }}});
        let all = weighted(&named, Kind::Condition);
        assert!(all.contains(&("D009101".to_owned(), OWN)));
        assert!(all.contains(&("D010265".to_owned(), ABOVE)), "paraproteinemias: {all:?}");
    }
}
