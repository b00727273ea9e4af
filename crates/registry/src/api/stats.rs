//! Sizes of records, values of fields, and lengths of lists, counted over a store.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::parameters::Parameters;
use super::select::field_of;
use super::{Answer, Refusal};
use crate::fields::{self, Field, Kind};
use crate::record::all_below;
use crate::store::Store;

/// Records that are listed as the largest.
const LARGEST: usize = 10;

/// Most different values of a text that are listed.
const TOP: usize = 100;

/// Records, and how long they are as JSON; no record is read for it.
pub(super) fn size(store: &Store) -> Answer {
    let mut sizes: Vec<usize> = store.addresses().map(|address| store.length(address)).collect();
    sizes.sort_unstable();
    let total: usize = sizes.iter().sum();
    let percent = |share: usize| {
        let at = (sizes.len() * share / 100).min(sizes.len().saturating_sub(1));
        sizes.get(at).copied().unwrap_or(0)
    };
    let mut percentiles = Map::new();
    for share in [10, 25, 50, 75, 90, 95, 99] {
        percentiles.insert(share.to_string(), json!(percent(share)));
    }
    let least = sizes.len().checked_sub(LARGEST).map_or(0, |at| sizes[at]);
    let mut largest: Vec<(usize, &str)> = store
        .addresses()
        .map(|address| (store.length(address), store.id(address)))
        .filter(|(size, _)| *size >= least)
        .collect();
    largest.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    largest.truncate(LARGEST);
    let largest: Vec<Value> =
        largest.iter().map(|(size, id)| json!({ "id": id, "sizeBytes": size })).collect();
    let average = total.checked_div(sizes.len()).unwrap_or(0);
    Answer::json(&json!({
        "totalStudies": sizes.len(),
        "averageSizeBytes": average,
        "percentiles": percentiles,
        "largestStudies": largest,
    }))
}

/// The fields that are asked about: by name, by type, or every field with few values.
fn asked(parameters: &Parameters, field: Option<&str>) -> Result<Vec<&'static Field>, Refusal> {
    let mut names = parameters.list("fields");
    names.extend(field);
    let types = parameters.list("types");
    let by_name = names.iter().map(|name| {
        let found = field_of(name).filter(|field| field.kind != Kind::Struct || field.is_list());
        found.ok_or_else(|| Refusal::wrong(format!("unknown field `{name}`")))
    });
    let mut found: Vec<&'static Field> = by_name.collect::<Result<_, _>>()?;
    if names.is_empty() {
        found = fields::all().iter().filter(|field| field.is_leaf()).collect();
        if types.is_empty() {
            found.retain(|field| matches!(field.kind, Kind::Enum | Kind::Boolean));
        }
    }
    if !types.is_empty() {
        found.retain(|field| types.iter().any(|name| name.eq_ignore_ascii_case(stat_type(field))));
    }
    Ok(found)
}

fn stat_type(field: &Field) -> &'static str {
    match field.kind {
        Kind::Enum => "ENUM",
        Kind::Boolean => "BOOLEAN",
        Kind::Number => "INTEGER",
        Kind::Date => "DATE",
        _ => "STRING",
    }
}

/// What the values of fields are, and how many studies have each.
pub(super) fn values(
    store: &Store,
    parameters: &Parameters,
    field: Option<&str>,
) -> Result<Answer, Refusal> {
    parameters.only(&["fields", "types"])?;
    let asked = asked(parameters, field)?;
    let mut counts: Vec<BTreeMap<String, u64>> = vec![BTreeMap::new(); asked.len()];
    let mut missing = vec![0_u64; asked.len()];
    for stored in store.records(store.addresses()) {
        let json = stored?.record.json;
        for (at, field) in asked.iter().enumerate() {
            let mut own: Vec<String> =
                all_below(&json, field.path).into_iter().map(shown).collect();
            own.sort();
            own.dedup();
            missing[at] += u64::from(own.is_empty());
            for value in own {
                *counts[at].entry(value).or_default() += 1;
            }
        }
    }
    let all = asked.iter().zip(counts).zip(missing);
    let all: Vec<Value> =
        all.map(|((field, counts), missing)| told(field, counts, missing)).collect();
    Ok(Answer::json(&Value::Array(all)))
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn told(field: &Field, counts: BTreeMap<String, u64>, missing: u64) -> Value {
    let mut entries = Map::new();
    entries.insert("type".to_owned(), json!(stat_type(field)));
    entries.insert("piece".to_owned(), json!(field.piece));
    entries.insert("field".to_owned(), json!(field.path));
    entries.insert("missingStudiesCount".to_owned(), json!(missing));
    let numbers = || counts.keys().filter_map(|text| text.parse::<i64>().ok());
    match field.kind {
        Kind::Boolean => {
            let of = |value: &str| counts.get(value).copied().unwrap_or(0);
            entries.insert("trueCount".to_owned(), json!(of("true")));
            entries.insert("falseCount".to_owned(), json!(of("false")));
        }
        Kind::Number => {
            entries.insert("min".to_owned(), json!(numbers().min()));
            entries.insert("max".to_owned(), json!(numbers().max()));
        }
        Kind::Date => {
            entries.insert("min".to_owned(), json!(counts.keys().next()));
            entries.insert("max".to_owned(), json!(counts.keys().next_back()));
        }
        _ => {
            entries.insert("uniqueValuesCount".to_owned(), json!(counts.len()));
            let mut values: Vec<(String, u64)> = counts.into_iter().collect();
            values.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            let values = values.into_iter().take(TOP);
            let values =
                values.map(|(value, count)| json!({ "value": value, "studiesCount": count }));
            entries.insert("topValues".to_owned(), values.collect());
        }
    }
    Value::Object(entries)
}

/// How long lists are, and how many studies have each length.
pub(super) fn sizes(
    store: &Store,
    parameters: &Parameters,
    field: Option<&str>,
) -> Result<Answer, Refusal> {
    parameters.only(&["fields"])?;
    let mut names = parameters.list("fields");
    names.extend(field);
    let all = names.iter().map(|name| {
        let found = field_of(name).filter(|field| field.is_list());
        found.ok_or_else(|| Refusal::wrong(format!("`{name}` is no list")))
    });
    let mut asked: Vec<&'static Field> = all.collect::<Result<_, Refusal>>()?;
    if asked.is_empty() {
        asked = fields::all().iter().filter(|field| field.is_list()).collect();
    }
    let told = asked.into_iter().map(|field| {
        let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
        for live in &store.segments {
            live.segment.counts(field.index, |record, count| {
                if !live.is_gone(record) {
                    *counts.entry(count).or_default() += 1;
                }
            });
        }
        let mut top: Vec<(u32, u64)> = counts.iter().map(|(size, count)| (*size, *count)).collect();
        top.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        let top = top.into_iter().take(10);
        json!({
            "piece": field.piece,
            "field": field.path,
            "uniqueSizesCount": counts.len(),
            "minSize": counts.keys().next(),
            "maxSize": counts.keys().next_back(),
            "topSizes": top.map(|(size, count)| json!({ "size": size, "studiesCount": count })).collect::<Vec<_>>(),
        })
    });
    let told = told.collect();
    Ok(Answer::json(&told))
}
