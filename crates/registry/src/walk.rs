//! Every known value of a record, with its node of the data model and its place in the lists.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use crate::fields::{self, Field};

/// The nodes below each node, by their keys; the last entry is the record itself.
static BELOW: LazyLock<Vec<BTreeMap<&'static str, usize>>> = LazyLock::new(|| {
    let mut below = vec![BTreeMap::new(); fields::all().len() + 1];
    for field in fields::all() {
        let parent = field.path.rsplit_once('.').and_then(|(parent, _)| fields::by_path(parent));
        let parent = parent.map_or(fields::all().len(), |parent| parent.index);
        below[parent].insert(field.name(), field.index);
    }
    below
});

/// The list whose elements can be searched each by itself.
const LOCATIONS: &str = "protocolSection.contactsLocationsModule.locations";

/// Whether a node lies in a location.
pub(crate) fn is_in_location(field: &Field) -> bool {
    field.path.strip_prefix(LOCATIONS).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Calls `see` for every object and every value of a known node: the node, the place of the
/// value, and the value. The place counts the values of that node, or, inside a location, is the
/// place of the location in its list.
pub(crate) fn visit<'a>(json: &'a Value, see: &mut impl FnMut(&'static Field, u32, &'a Value)) {
    let mut walk = Walk { counts: vec![0; fields::all().len()], location: None, see };
    walk.below(fields::all().len(), json);
}

struct Walk<'s, S> {
    counts: Vec<u32>,
    location: Option<u32>,
    see: &'s mut S,
}

impl<'a, S: FnMut(&'static Field, u32, &'a Value)> Walk<'_, S> {
    fn below(&mut self, node: usize, value: &'a Value) {
        let Value::Object(entries) = value else { return };
        for (key, value) in entries {
            if let Some(index) = BELOW[node].get(key.as_str()) {
                self.node(*index, value);
            }
        }
    }

    fn node(&mut self, index: usize, value: &'a Value) {
        match value {
            Value::Null => {}
            Value::Array(values) => values.iter().for_each(|value| self.node(index, value)),
            _ => {
                let field = &fields::all()[index];
                let count = self.counts[index];
                self.counts[index] += 1;
                if field.path == LOCATIONS {
                    self.location = Some(count);
                }
                (self.see)(field, self.location.unwrap_or(count), value);
                self.below(index, value);
                if field.path == LOCATIONS {
                    self.location = None;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_location_have_its_place() {
        let json = serde_json::json!({"protocolSection": {
            "conditionsModule": {"conditions": ["a", "b"]},
            "contactsLocationsModule": {"locations": [{"city": "Bonn"}, {"state": "Ohio"}]},
            "unknownModule": {"conditions": ["c"]}}});
        let mut found = Vec::new();
        visit(&json, &mut |field, place, value| {
            if let Some(text) = value.as_str() {
                found.push((field.piece, place, text));
            }
        });
        let expected = [
            ("Condition", 0, "a"),
            ("Condition", 1, "b"),
            ("LocationCity", 0, "Bonn"),
            ("LocationState", 1, "Ohio"),
        ];
        assert_eq!(found, expected);
    }
}
