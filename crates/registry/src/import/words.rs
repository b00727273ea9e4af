//! Words of the older forms as the present one has them: dates, values, ages, lists that are left out.

use serde_json::{Map, Value, json};

use crate::{enums, mesh, values};

/// Names of months as they begin.
const MONTHS: &[&str] =
    &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// A date such as `June 1999`, `June 5, 1999` or `1999-06-05` as `1999-06` or `1999-06-05`.
pub(crate) fn date(text: &str) -> Option<String> {
    let text = text.trim();
    if values::date(text).is_some() && !text.contains('/') {
        return Some(text.to_owned());
    }
    let mut parts = text.split([' ', ',']).filter(|part| !part.is_empty());
    let name = parts.next()?.to_lowercase();
    let month = MONTHS.iter().position(|month| name.starts_with(month))? + 1;
    let second = parts.next()?;
    let found = match parts.next() {
        None => format!("{second}-{month:02}"),
        Some(year) => format!("{year}-{month:02}-{:02}", second.parse::<u32>().ok()?),
    };
    (parts.next().is_none() && values::date(&found).is_some()).then_some(found)
}

/// The value of an enumeration that a text means; what means none in capitals with underscores.
pub(crate) fn value(name: &str, text: &str) -> String {
    enums::meant(name, text).map_or_else(
        || {
            let letters = text.trim().chars();
            let plain =
                letters.map(|c| if c.is_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
            plain.collect::<String>().trim_matches('_').to_owned()
        },
        str::to_owned,
    )
}

/// Phases such as `Phase 1/Phase 2`, `Phase 1|Phase 2`, `PHASE1|PHASE2`, `N/A`.
pub(crate) fn phases(text: &str) -> Vec<Value> {
    let text = text.trim();
    if text.is_empty() {
        return Vec::new();
    }
    if enums::meant("Phase", text).is_some() {
        return vec![json!(value("Phase", text))];
    }
    let parts = text.split(['/', '|']).map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| json!(value("Phase", part))).collect()
}

/// The classes of age that a range from one age to another touches.
pub(crate) fn standard_ages(from: Option<&str>, to: Option<&str>) -> Vec<Value> {
    let years = |text: Option<&str>| text.and_then(values::age).map(|age| age.low);
    let year = values::age("1 year").map_or(1, |age| age.low);
    let from = years(from).unwrap_or(0);
    let to = years(to).unwrap_or(i64::MAX);
    let classes = [("CHILD", 0, 18), ("ADULT", 18, 65), ("OLDER_ADULT", 65, 1000)];
    let touched = classes.iter().filter(|(_, low, high)| from < high * year && to >= low * year);
    touched.map(|(name, _, _)| json!(name)).collect()
}

/// Masking such as `Double (Participant, Investigator)` or `None (Open Label)`.
pub(crate) fn masking(text: &str) -> Value {
    let (kind, who) = text.split_once('(').unwrap_or((text, ""));
    let mut info = Map::new();
    put(&mut info, "masking", json!(value("DesignMasking", kind)));
    let who = who.trim_end().trim_end_matches(')').split(',');
    let who: Vec<Value> = who
        .filter_map(|name| enums::meant("WhoMasked", name.trim()))
        .map(|name| json!(name))
        .collect();
    put(&mut info, "whoMasked", Value::Array(who));
    Value::Object(info)
}

/// Puts a value where it says something: absent means absent.
pub(crate) fn put(into: &mut Map<String, Value>, key: &str, value: Value) {
    let is_empty = match &value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    if !is_empty {
        into.insert(key.to_owned(), value);
    }
}

/// A text that says something.
pub(crate) fn text(text: Option<&str>) -> Value {
    text.map(str::trim).filter(|text| !text.is_empty()).map_or(Value::Null, |text| json!(text))
}

/// A date with or without its type.
pub(crate) fn dated(date: Option<String>, kind: Option<String>) -> Value {
    let Some(date) = date else { return Value::Null };
    let mut entries = Map::new();
    put(&mut entries, "date", json!(date));
    put(&mut entries, "type", kind.map_or(Value::Null, Value::String));
    Value::Object(entries)
}

/// Headings and those above them, from the names of headings.
pub(crate) fn headings(terms: &[&str]) -> Value {
    let mut meshes = Vec::new();
    let mut own = Vec::new();
    for term in terms {
        // A name that the carried part of MeSH does not know has no id and is left out.
        if let Some(descriptor) = mesh::by_term(term) {
            meshes.push(json!({ "id": descriptor.id, "term": descriptor.name }));
            own.push(descriptor);
        }
    }
    let mut ancestors: Vec<Value> = Vec::new();
    for descriptor in &own {
        for above in mesh::ancestors(descriptor) {
            let one = json!({ "id": above.id, "term": above.name });
            if !own.contains(&above) && !ancestors.contains(&one) {
                ancestors.push(one);
            }
        }
    }
    let mut module = Map::new();
    put(&mut module, "meshes", Value::Array(meshes));
    put(&mut module, "ancestors", Value::Array(ancestors));
    Value::Object(module)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_the_older_forms_are_read() {
        assert_eq!(date("June 1999").as_deref(), Some("1999-06"));
        assert_eq!(date("June 5, 1999").as_deref(), Some("1999-06-05"));
        assert_eq!(date("2014-10-16").as_deref(), Some("2014-10-16"));
        for wrong in ["null", "", "June", "June 45, 1999", "Foo 1999", "June 5, 1999, x"] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn words_mean_values() {
        assert_eq!(phases("Phase 1/Phase 2"), [json!("PHASE1"), json!("PHASE2")]);
        assert_eq!(phases("N/A"), [json!("NA")]);
        assert_eq!(standard_ages(Some("18 Years"), None), [json!("ADULT"), json!("OLDER_ADULT")]);
        assert_eq!(standard_ages(None, Some("12 Months")), [json!("CHILD")]);
        let masked = masking("Double (Participant, Outcomes Assessor)");
        assert_eq!(
            masked,
            json!({"masking": "DOUBLE", "whoMasked": ["PARTICIPANT", "OUTCOMES_ASSESSOR"]})
        );
        assert_eq!(masking("None (Open Label)"), json!({"masking": "NONE"}));
        assert_eq!(value("Status", "Brand new"), "BRAND_NEW");
    }
}
