//! JSON of the interface's first version as the second has it.
//!
//! Keys begin with a capital, and every list is wrapped twice: `PhaseList: {Phase: [..]}`.

use serde_json::{Map, Value, json};

use super::words;
use crate::fields::{self, Field, Kind};

/// The study in a value of the first version: the value itself, or what stands under `Study`.
pub(crate) fn study(json: &Value) -> Option<&Value> {
    let study = json.get("Study").or_else(|| json.get("FullStudy")?.get("Study")).unwrap_or(json);
    study.get("ProtocolSection").is_some().then_some(study)
}

/// The record of a study.
pub(crate) fn convert(study: &Value) -> Value {
    let mut record = below("", study);
    let has_results = study.get("ResultsSection").is_some();
    if let Value::Object(entries) = &mut record {
        entries.insert("hasResults".to_owned(), json!(has_results));
    }
    record
}

/// The object of a node, from all values of the first version that lie below it.
fn below(path: &str, study: &Value) -> Value {
    let mut entries = Map::new();
    for field in fields::children(path) {
        let value = if field.kind == Kind::Struct && !field.is_list() {
            let inner = find(study, field.piece).unwrap_or(study);
            below(field.path, inner)
        } else {
            find(study, field.piece).map_or(Value::Null, |value| converted(field, value))
        };
        words::put(&mut entries, field.name(), value);
    }
    Value::Object(entries)
}

/// The value of a piece: under its own name, or in the list of its name.
fn find<'a>(value: &'a Value, piece: &str) -> Option<&'a Value> {
    let entries = value.as_object()?;
    if let Some(found) = entries.get(piece) {
        return Some(found);
    }
    if let Some(list) = entries.get(&format!("{piece}List")) {
        return Some(list.get(piece).unwrap_or(list));
    }
    // A list may be named for what it is, and its elements for what they hold.
    let mut lists = entries.iter().filter(|(key, _)| key.ends_with("List"));
    if let Some(found) = lists.find_map(|(_, list)| list.get(piece)) {
        return Some(found);
    }
    // Lists hold elements that are looked into one by one; objects may be nested differently.
    entries
        .iter()
        .filter(|(key, _)| !key.ends_with("List"))
        .find_map(|(_, inner)| find(inner, piece))
}

fn converted(field: &Field, value: &Value) -> Value {
    match value {
        Value::Array(values) => {
            let values = values.iter().map(|value| converted(field, value));
            values.filter(|value| !value.is_null()).collect()
        }
        Value::Object(_) if field.kind == Kind::Struct => below(field.path, value),
        Value::String(text) => plain(field, text),
        Value::Number(_) | Value::Bool(_) => value.clone(),
        Value::Object(_) | Value::Null => Value::Null,
    }
}

fn plain(field: &Field, text: &str) -> Value {
    let text = text.trim();
    match field.kind {
        Kind::Enum => {
            let name = field.type_name.trim_end_matches("[]");
            let text = if text == "Anticipated" { "Estimated" } else { text };
            json!(words::value(name, text.split('(').next().unwrap_or(text)))
        }
        Kind::Date => words::date(text).map_or(Value::Null, Value::String),
        Kind::Number => crate::values::number(text).map_or(Value::Null, |number| json!(number.low)),
        Kind::Boolean => match text.to_lowercase().as_str() {
            "yes" | "y" | "true" | "accepts healthy volunteers" => json!(true),
            "no" | "n" | "false" => json!(false),
            _ => Value::Null,
        },
        _ => words::text(Some(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_lists_and_capitals_go() {
        let old = json!({"Rank": 1, "Study": {"ProtocolSection": {
            "IdentificationModule": {"NCTId": "NCT00000102", "BriefTitle": "A title"},
            "StatusModule": {"OverallStatus": "Active, not recruiting",
                "StartDateStruct": {"StartDate": "June 5, 1999", "StartDateType": "Anticipated"}},
            "ConditionsModule": {"ConditionList": {"Condition": ["Asthma"]}},
            "DesignModule": {"PhaseList": {"Phase": ["Phase 1", "Phase 2"]},
                "EnrollmentInfo": {"EnrollmentCount": "12"}},
            "ArmsInterventionsModule": {"ArmGroupList": {"ArmGroup": [{"ArmGroupLabel": "A",
                "ArmGroupInterventionList": {"ArmGroupInterventionName": ["Drug: X"]}}]}}}}});
        let record = convert(study(&old).unwrap());
        let expected = json!({"protocolSection": {
            "identificationModule": {"nctId": "NCT00000102", "briefTitle": "A title"},
            "statusModule": {"overallStatus": "ACTIVE_NOT_RECRUITING",
                "startDateStruct": {"date": "1999-06-05", "type": "ESTIMATED"}},
            "conditionsModule": {"conditions": ["Asthma"]},
            "designModule": {"phases": ["PHASE1", "PHASE2"], "enrollmentInfo": {"count": 12}},
            "armsInterventionsModule": {"armGroups": [{"label": "A", "interventionNames": ["Drug: X"]}]}},
            "hasResults": false});
        assert_eq!(record, expected);
    }
}
