//! The data model, the enumerations and the search areas as clients read them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::fields::{self, Field, Kind};
use crate::{areas, enums};

/// The tree of fields.
pub(super) fn metadata() -> Value {
    fields::children("").map(node).collect()
}

fn node(field: &Field) -> Value {
    let mut entries = Map::new();
    entries.insert("name".to_owned(), json!(field.name()));
    entries.insert("piece".to_owned(), json!(field.piece));
    entries.insert("title".to_owned(), json!(title(field.piece)));
    entries.insert("sourceType".to_owned(), json!(field.source_type));
    entries.insert("type".to_owned(), json!(field.type_name));
    if let Some(longest) = field.longest {
        entries.insert("maxChars".to_owned(), json!(longest));
    }
    if field.kind == Kind::Enum {
        entries.insert("isEnum".to_owned(), json!(true));
    }
    if field.has_synonyms {
        entries.insert("synonyms".to_owned(), json!(true));
    }
    let children: Vec<Value> = fields::children(field.path).map(node).collect();
    if !children.is_empty() {
        entries.insert("children".to_owned(), Value::Array(children));
    }
    Value::Object(entries)
}

/// A piece's name with blanks between its words.
fn title(piece: &str) -> String {
    let letters: Vec<char> = piece.chars().collect();
    let mut title = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| letters.get(index));
        let after = letters.get(index + 1);
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase() || after.is_some_and(|after| after.is_lowercase())
            });
        if begins && index > 0 {
            title.push(' ');
        }
        title.push(*letter);
    }
    title
}

/// The enumerations with the pieces that have them.
pub(super) fn enums() -> Value {
    let mut pieces: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for field in fields::all().iter().filter(|field| field.kind == Kind::Enum) {
        pieces.entry(field.type_name.trim_end_matches("[]")).or_default().push(field.piece);
    }
    let one = |name: &'static str| {
        let values: Vec<Value> = enums::values(name)
            .iter()
            .map(|value| json!({ "value": value, "legacyValue": enums::shown(name, value) }))
            .collect();
        json!({ "type": name, "pieces": pieces.get(name).cloned().unwrap_or_default(), "values": values })
    };
    enums::names().map(one).collect()
}

/// The search areas with the pieces in each.
pub(super) fn search_areas() -> Value {
    let part = |part: &areas::Part| {
        json!({
            "pieces": [part.field.piece],
            "weight": part.weight,
            "type": part.type_name,
            "isEnum": part.type_name.starts_with("enum"),
            "isSynonyms": part.has_synonyms,
        })
    };
    let area = |area: &areas::Area| {
        let parts: Vec<Value> = area.parts.iter().map(part).collect();
        let mut entries = Map::new();
        entries.insert("name".to_owned(), json!(area.name));
        if !area.parameter.is_empty() {
            entries.insert("param".to_owned(), json!(area.parameter));
        }
        entries.insert("uiLabel".to_owned(), json!(title(area.name.trim_end_matches("Search"))));
        entries.insert("parts".to_owned(), Value::Array(parts));
        Value::Object(entries)
    };
    let areas: Vec<Value> = areas::all().iter().map(area).collect();
    json!([{ "name": "Study", "areas": areas }])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(node: &Value) -> usize {
        1 + node["children"].as_array().map_or(0, |children| children.iter().map(count).sum())
    }

    #[test]
    fn every_node_enumeration_and_area_is_told() {
        let total: usize = metadata().as_array().unwrap().iter().map(count).sum();
        assert_eq!(total, fields::all().len());
        assert_eq!(enums().as_array().unwrap().len(), 41);
        assert_eq!(search_areas()[0]["areas"].as_array().unwrap().len(), 19);
        assert_eq!(title("NCTIdAlias"), "NCT Id Alias");
    }
}
