//! The fields of a record that were asked for.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Refusal;
use crate::fields::{self, Field};
use crate::{areas, search};

/// The paths that were asked for; nothing where all were.
#[derive(Debug, Clone, Default)]
pub(super) struct Selection {
    paths: Option<BTreeSet<&'static str>>,
}

impl Selection {
    /// Reads names of areas, pieces and fields; a branch includes all below it.
    pub(super) fn read(names: &[&str], query: &search::Query) -> Result<Self, Refusal> {
        if names.is_empty() {
            return Ok(Self::default());
        }
        let mut paths = BTreeSet::new();
        for name in names {
            if *name == "@query" {
                paths.extend(searched(query));
            } else if let Some(field) = field_of(name) {
                paths.insert(field.path);
            } else if let Some(area) = areas::by_name(name) {
                paths.extend(area.parts.iter().map(|part| part.field.path));
            } else {
                return Err(Refusal::wrong(format!("unknown field `{name}`")));
            }
        }
        Ok(Self { paths: Some(paths) })
    }

    /// The record with just these fields.
    pub(super) fn of(&self, json: Value) -> Value {
        match &self.paths {
            None => json,
            Some(paths) => kept(json, "", paths).unwrap_or_else(|| Value::Object(Map::new())),
        }
    }
}

/// A node by its piece, its path, or the end of its path when that is one only.
pub(super) fn field_of(name: &str) -> Option<&'static Field> {
    let by_end = || {
        let mut ends = fields::all().iter().filter(|field| {
            field.path == name
                || field.path.strip_suffix(name).is_some_and(|front| front.ends_with('.'))
        });
        ends.next().filter(|_| ends.next().is_none())
    };
    fields::by_piece(name).or_else(|| fields::by_path(name)).or_else(by_end)
}

/// The pieces of the areas that a query searches.
fn searched(query: &search::Query) -> Vec<&'static str> {
    use crate::expression::{Expression, Operator};
    fn collect(expression: &Expression, found: &mut Vec<&'static str>) {
        match expression {
            Expression::Scoped(operator, inner) => {
                if let Operator::Area(name) = operator {
                    found.extend(fields::by_piece(name).map(|field| field.path));
                    let parts = areas::by_name(name).into_iter().flat_map(|area| &area.parts);
                    found.extend(parts.map(|part| part.field.path));
                }
                collect(inner, found);
            }
            Expression::Not(inner) => collect(inner, found),
            Expression::And(parts) | Expression::Or(parts) => {
                for part in parts {
                    collect(part, found);
                }
            }
            Expression::All
            | Expression::Missing
            | Expression::Term { .. }
            | Expression::Range { .. }
            | Expression::Distance { .. } => {}
        }
    }
    let mut found = Vec::new();
    for expression in &query.expressions {
        collect(expression, &mut found);
    }
    found
}

/// What of a value lies on the way to, or below, a path that was asked for.
fn kept(value: Value, path: &str, paths: &BTreeSet<&'static str>) -> Option<Value> {
    if paths.contains(path) {
        return Some(value);
    }
    match value {
        Value::Object(entries) => {
            let mut some = Map::new();
            for (key, value) in entries {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                if let Some(value) = kept(value, &path, paths) {
                    some.insert(key, value);
                }
            }
            (!some.is_empty()).then_some(Value::Object(some))
        }
        Value::Array(values) => {
            let some: Vec<Value> =
                values.into_iter().filter_map(|value| kept(value, path, paths)).collect();
            (!some.is_empty()).then_some(Value::Array(some))
        }
        _ => None,
    }
}
