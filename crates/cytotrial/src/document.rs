//! A TOML text as a tree that keeps the order and the position of everything.
//!
//! Reading through this tree instead of straight into types lets one pass collect every problem.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::problem::Problem;

/// A value and the bytes that it was written in.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Bytes of the value; of a table's header for a table.
    pub span: Range<usize>,
    /// What it is.
    pub value: Value,
}

/// What a TOML text can hold.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A date, as written.
    Date(String),
    /// A list.
    List(Vec<Node>),
    /// A table, in the order of the text.
    Table(Vec<Entry>),
}

/// One key of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Bytes of the key.
    pub key_span: Range<usize>,
    /// Its value.
    pub node: Node,
}

impl Value {
    /// What a person calls it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) => "a whole number",
            Self::Number(_) => "a number",
            Self::Boolean(_) => "true or false",
            Self::Date(_) => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }

    /// The value as a synopsis shows it.
    pub fn show(&self) -> String {
        match self {
            Self::Text(text) | Self::Date(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Boolean(truth) => if *truth { "yes" } else { "no" }.to_owned(),
            Self::List(nodes) => {
                nodes.iter().map(|node| node.value.show()).collect::<Vec<_>>().join("; ")
            }
            Self::Table(entries) => entries
                .iter()
                .map(|entry| format!("{} {}", entry.key, entry.node.value.show()))
                .collect::<Vec<_>>()
                .join("; "),
        }
    }
}

/// A whole text.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The top table.
    pub root: Node,
}

impl Document {
    /// The tree of a text, or every place where it is not TOML.
    pub fn parse(text: &str, file: &str) -> Result<Self, Vec<Problem>> {
        let (document, errors) = Self::parse_recoverable(text);
        if errors.is_empty() {
            return Ok(document);
        }
        let problems = errors.into_iter().map(|(span, message)| {
            let path = format!("@{}..{}", span.start, span.end);
            let help = "the text is not TOML from here; strings need quotes, lists need commas";
            Problem::error("T101", file, path, message, help)
        });
        Err(problems.collect())
    }

    /// As much of the tree as can be read, and where it could not.
    pub fn parse_recoverable(text: &str) -> (Self, Vec<(Range<usize>, String)>) {
        let (table, errors) = DeTable::parse_recoverable(text);
        let errors = errors
            .iter()
            .map(|error| (error.span().unwrap_or(0..0), error.message().to_owned()))
            .collect();
        let root = Node { span: 0..0, value: table_of(table.get_ref()) };
        (Self { root }, errors)
    }

    /// The value at a dotted path.
    pub fn get(&self, path: &str) -> Option<&Node> {
        parts(path).into_iter().try_fold(&self.root, step)
    }

    /// The bytes of the value at a dotted path, or of the nearest table around it.
    ///
    /// A path that ends in `!key` means the key itself.
    pub fn span(&self, path: &str) -> Option<Range<usize>> {
        let (path, key) = path.strip_suffix("!key").map_or((path, false), |path| (path, true));
        let mut node = &self.root;
        let mut key_span = None;
        for part in parts(path) {
            let Some(next) = step(node, part) else { break };
            key_span = match &node.value {
                Value::Table(entries) => {
                    entries.iter().find(|entry| entry.key == part).map(|e| e.key_span.clone())
                }
                _ => None,
            };
            node = next;
        }
        let is_table = matches!(node.value, Value::Table(_));
        key_span
            .filter(|_| key || is_table)
            .or_else(|| (!node.span.is_empty()).then(|| node.span.clone()))
    }

    /// Every value with its dotted path, in the order of the text. A list or an inline table of
    /// settings is one value.
    pub fn leaves(&self) -> Vec<(String, &Node)> {
        let mut leaves = Vec::new();
        collect(&self.root, "", &mut leaves);
        leaves
    }
}

/// The keys and positions of a dotted path; a key that holds dots stands in double quotes.
fn parts(path: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let quoted = rest.strip_prefix('"').and_then(|rest| rest.split_once('"'));
        let (part, after) = match quoted {
            Some((part, after)) => (part, after.strip_prefix('.').unwrap_or(after)),
            None => rest.split_once('.').unwrap_or((rest, "")),
        };
        parts.push(part);
        rest = after;
    }
    parts
}

fn step<'a>(node: &'a Node, part: &str) -> Option<&'a Node> {
    match &node.value {
        Value::Table(entries) => entries.iter().find(|entry| entry.key == part).map(|e| &e.node),
        Value::List(nodes) => nodes.get(part.parse::<usize>().ok()?),
        _ => None,
    }
}

fn collect<'a>(node: &'a Node, path: &str, leaves: &mut Vec<(String, &'a Node)>) {
    match &node.value {
        Value::Table(entries) => {
            for entry in entries {
                let path = if path.is_empty() {
                    entry.key.clone()
                } else {
                    format!("{path}.{}", entry.key)
                };
                collect(&entry.node, &path, leaves);
            }
        }
        _ => leaves.push((path.to_owned(), node)),
    }
}

fn table_of(table: &DeTable<'_>) -> Value {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_span: key.span(),
            node: Node { span: value.span(), value: value_of(value.get_ref()) },
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_span.start);
    Value::Table(entries)
}

fn value_of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| Value::Text(number.as_str().to_owned()), Value::Integer),
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .map_or_else(|_| Value::Text(number.as_str().to_owned()), Value::Number),
        DeValue::Boolean(truth) => Value::Boolean(*truth),
        DeValue::Datetime(date) => Value::Date(date.to_string()),
        DeValue::Array(nodes) => Value::List(
            nodes
                .iter()
                .map(|node| Node { span: node.span(), value: value_of(node.get_ref()) })
                .collect(),
        ),
        DeValue::Table(table) => table_of(table),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_keep_the_order_of_the_text() {
        let text = "[arm.b]\nx = 1\n[arm.a]\ny = [1, 2.5]\n";
        let document = Document::parse(text, "t").unwrap();
        let paths: Vec<String> = document.leaves().into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["arm.b.x", "arm.a.y"]);
    }

    #[test]
    fn every_syntax_error_of_a_text_is_told() {
        let problems = Document::parse("a = \nb = 1\nc = [1, \"x\nd = 2\n", "t").unwrap_err();
        assert!(problems.len() >= 2, "{problems:?}");
        assert!(problems.iter().all(|p| p.code == "T101" && p.path.starts_with('@')));
    }
}
