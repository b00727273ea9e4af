//! The registry's interface, version 2, over a store: a request in, an answer out.
//!
//! Nothing here listens or waits. A door hands over method, path and parameters, and sends what
//! comes back; the paths, parameters, errors and forms are those that clients of the public
//! interface know.

use serde_json::{Value, json};

use crate::expression::Expression;
use crate::search::QueryError;
use crate::store::Store;

mod model;
mod parameters;
mod select;
mod stats;
mod studies;
mod table;

pub use table::COLUMNS;
pub use table::csv as csv_of;

/// Longest path and parameters, in bytes.
pub const LONGEST: usize = 16 << 10;

/// The version of the interface that is spoken.
pub const VERSION: &str = "2.0.5";

/// What is sent back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status of HTTP.
    pub status: u16,
    /// Type of the body.
    pub content_type: &'static str,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What stands in the way of an answer: a status and a plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal(u16, String);

impl Refusal {
    fn wrong(what: impl Into<String>) -> Self {
        Self(400, what.into())
    }
}

impl From<QueryError> for Refusal {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Store(error) => Self(500, error.to_string()),
            error => Self(400, error.to_string()),
        }
    }
}

impl From<crate::expression::ExpressionError> for Refusal {
    fn from(error: crate::expression::ExpressionError) -> Self {
        Self(400, error.to_string())
    }
}

impl From<crate::store::StoreError> for Refusal {
    fn from(error: crate::store::StoreError) -> Self {
        Self(500, error.to_string())
    }
}

impl Answer {
    /// A refusal in plain text.
    pub fn refusal(status: u16, what: &str) -> Self {
        Self {
            status,
            content_type: "text/plain; charset=utf-8",
            headers: Vec::new(),
            body: what.as_bytes().to_vec(),
        }
    }

    fn json(value: &Value) -> Self {
        Self::of("application/json", value.to_string().into_bytes())
    }

    fn of(content_type: &'static str, body: Vec<u8>) -> Self {
        Self { status: 200, content_type, headers: Vec::new(), body }
    }
}

/// Answers a request: the method, and the target as it stands on the first line of HTTP.
pub fn answer(store: &Store, method: &str, target: &str) -> Answer {
    if !matches!(method, "GET" | "HEAD") {
        let mut refused = Answer::refusal(405, "only GET and HEAD are answered");
        refused.headers.push(("allow", "GET, HEAD".to_owned()));
        return refused;
    }
    if target.len() > LONGEST {
        return Answer::refusal(414, "the address is too long");
    }
    match attempt(store, target) {
        Ok(answer) => answer,
        Err(Refusal(status, what)) => Answer::refusal(status, &what),
    }
}

fn attempt(store: &Store, target: &str) -> Result<Answer, Refusal> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = parameters::decoded(path, false)?;
    let nothing = || Refusal(404, format!("`{path}` is not served here"));
    let is_plain = path.starts_with('/')
        && path.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.".contains(c));
    if !is_plain || path.contains("..") || path.contains("//") {
        return Err(nothing());
    }
    let parameters = parameters::Parameters::read(query)?;
    let inner =
        path.strip_prefix("/api/v2").or_else(|| path.strip_prefix("/api/int")).unwrap_or(&path);
    let parts: Vec<&str> = inner.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        ["studies"] => studies::list(store, &parameters),
        ["studies", "metadata"] => {
            parameters.only(&["includeIndexedOnly", "includeHistoricOnly"])?;
            Ok(Answer::json(&model::metadata()))
        }
        ["studies", "search-areas"] => {
            parameters.only(&[])?;
            Ok(Answer::json(&model::search_areas()))
        }
        ["studies", "enums"] => {
            parameters.only(&[])?;
            Ok(Answer::json(&model::enums()))
        }
        ["studies", id] => studies::single(store, id, &parameters),
        ["version"] => {
            parameters.only(&[])?;
            let date = store.imports().last().map_or("", |line| line.date.as_str());
            let date = date.get(..19).unwrap_or(date);
            Ok(Answer::json(&json!({ "apiVersion": VERSION, "dataTimestamp": date })))
        }
        ["stats", "size"] => {
            parameters.only(&[])?;
            Ok(stats::size(store))
        }
        ["stats", "field", "values"] | ["stats", "fieldValues"] => {
            stats::values(store, &parameters, None)
        }
        ["stats", "fieldValues", field] => stats::values(store, &parameters, Some(field)),
        ["stats", "field", "sizes"] | ["stats", "listSizes"] => {
            stats::sizes(store, &parameters, None)
        }
        ["stats", "listSizes", field] => stats::sizes(store, &parameters, Some(field)),
        _ => Err(nothing()),
    }
}

/// An expression that is searched in an area.
fn within(area: &str, text: &str) -> Result<Expression, Refusal> {
    Ok(Expression::read(text)?.within(area))
}
