//! Searching a store: expressions, filters, order, pages, and why each record was found.

use crate::expression::{Expression, ExpressionError};
use crate::store::{Address, Store, StoreError};

pub(crate) mod bind;
pub(crate) mod evaluate;
#[cfg(test)]
mod exhaustive;
mod hits;
mod location;
mod order;
mod phrase;
pub(crate) mod terms;
mod why;
mod words;

pub use order::{Key, Sort};
pub use why::Evidence;

/// What is asked of a store.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Expressions that all have to hold.
    pub expressions: Vec<Expression>,
    /// In which order; by relevance unless told otherwise.
    pub sort: Vec<Sort>,
    /// Records passed over.
    pub offset: usize,
    /// Most records given.
    pub limit: usize,
    /// Only what a record says itself: `MeSH` headings above its own and headings that were derived
    /// do not count.
    pub own_words_only: bool,
    /// Whether synonyms are looked for.
    pub without_synonyms: bool,
}

/// A record that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Where it is.
    pub address: Address,
    /// How well it fits; only the order means something.
    pub score: f64,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// How many records fit.
    pub total: usize,
    /// Those of the page, in order.
    pub hits: Vec<Hit>,
}

/// Why a query cannot be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// A text that is no expression.
    #[error(transparent)]
    Expression(#[from] ExpressionError),
    /// A name that is no area and no piece.
    #[error("Unknown area name `{name}`{}", if near.is_empty() { String::new() } else { format!(", perhaps `{near}`") })]
    Area {
        /// The name.
        name: String,
        /// The nearest name that is known; may be empty.
        near: String,
    },
    /// A test that makes no sense where it stands.
    #[error("{0}")]
    Test(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A query that is bound to a store's pieces and words, ready to be asked.
pub struct Prepared {
    pub(crate) root: bind::Node,
    query: Query,
}

impl Prepared {
    /// Binds a query.
    pub fn new(store: &Store, query: &Query) -> Result<Self, QueryError> {
        let mut root = bind::bind(query)?;
        evaluate::weigh(store, &mut root);
        Ok(Self { root, query: query.clone() })
    }

    /// Every record that fits, and those of the page.
    pub fn search(&self, store: &Store) -> Result<Found, QueryError> {
        order::page(store, &self.root, &self.query)
    }

    /// Why a record fits, strongest first: nothing where it does not.
    pub fn why(&self, record: &crate::Record) -> Vec<Evidence> {
        why::why(&self.root, record)
    }
}

/// Asks a store.
pub fn search(store: &Store, query: &Query) -> Result<Found, QueryError> {
    Prepared::new(store, query)?.search(store)
}
