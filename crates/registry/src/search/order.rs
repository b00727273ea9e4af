//! The order of what was found, and a page of it.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::bind::Node;
use super::evaluate::{MANY, evaluate};
use super::{Found, Hit, Query, QueryError};
use crate::fields::{self, Field, Kind};
use crate::store::{Address, Live, Store};

/// What records are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// How well they fit.
    Relevance,
    /// A date or a number.
    Piece(&'static Field),
}

/// An order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub key: Key,
    /// Whether the largest, the newest or the best come first.
    pub is_descending: bool,
}

impl Sort {
    /// Reads `@relevance`, `StartDate`, `EnrollmentCount:desc`. Dates have the newest first and
    /// numbers the smallest unless told otherwise.
    pub fn read(text: &str) -> Result<Self, QueryError> {
        let (name, way) = text.trim().split_once(':').unwrap_or((text.trim(), ""));
        let field = fields::by_piece(name);
        let (key, descends) = match field.map(|field| (field, field.kind)) {
            _ if name == "@relevance" => (Key::Relevance, true),
            Some((field, Kind::Date)) => (Key::Piece(field), true),
            Some((field, Kind::Number | Kind::Time)) => (Key::Piece(field), false),
            _ => {
                let what = format!(
                    "`{name}` is nothing to sort by: it has to be a date, an age, a number, or `@relevance`"
                );
                return Err(QueryError::Test(what));
            }
        };
        let is_descending = match way.to_lowercase().as_str() {
            "" => descends,
            "asc" => false,
            "desc" => true,
            _ => return Err(QueryError::Test(format!("`{text}`: the order is `asc` or `desc`"))),
        };
        Ok(Self { key, is_descending })
    }
}

/// A record with what it is ordered by; smaller comes first.
#[derive(Clone, Copy)]
struct Row {
    keys: [f64; 2],
    rank: u32,
    segment: u32,
    record: u32,
    score: f32,
}

/// Every record that fits is counted; those of the page are given in order.
pub(crate) fn page(store: &Store, root: &Node, query: &Query) -> Result<Found, QueryError> {
    if query.sort.len() > 2 {
        return Err(QueryError::Test("records are sorted by two things at most".to_owned()));
    }
    let wanted = query.offset.saturating_add(query.limit);
    let of_segment = |number: usize| rows(number, &store.segments[number], root, query, wanted);
    let count = store.segments.len();
    let found: Vec<(usize, Vec<Row>)> = if count < MANY {
        (0..count).map(of_segment).collect()
    } else {
        (0..count).into_par_iter().map(of_segment).collect()
    };
    let total = found.iter().map(|(total, _)| total).sum();
    let mut best: Vec<Row> = found.into_iter().flat_map(|(_, rows)| rows).collect();
    let compare = |a: &Row, b: &Row| {
        let id = |row: &Row| store.id(Address { segment: row.segment, record: row.record });
        by_keys(a, b).then_with(|| id(a).cmp(id(b)))
    };
    if best.len() > wanted && wanted > 0 {
        best.select_nth_unstable_by(wanted - 1, compare);
    }
    best.truncate(wanted);
    best.sort_unstable_by(compare);
    let page = best.into_iter().skip(query.offset);
    let hits = page.map(|row| Hit {
        address: Address { segment: row.segment, record: row.record },
        score: f64::from(row.score),
    });
    Ok(Found { total, hits: hits.collect() })
}

fn by_keys(a: &Row, b: &Row) -> Ordering {
    a.keys[0].total_cmp(&b.keys[0]).then_with(|| a.keys[1].total_cmp(&b.keys[1]))
}

/// How many records of a segment fit, and the best of them, as many as are wanted.
fn rows(
    number: usize,
    live: &Live,
    root: &Node,
    query: &Query,
    wanted: usize,
) -> (usize, Vec<Row>) {
    let mut hits = evaluate(live, root);
    if !live.gone.is_empty() {
        (0..live.segment.count)
            .filter(|record| live.is_gone(*record))
            .for_each(|record| hits.clear(record));
    }
    let total = hits.len();
    let columns: Vec<Option<Vec<f64>>> =
        query.sort.iter().map(|sort| column(live, *sort)).collect();
    let mut rows: Vec<Row> = Vec::new();
    if wanted == 0 {
        return (total, rows);
    }
    let key = |sort: Option<(&Sort, &Option<Vec<f64>>)>, score: f32, record: u32| match sort {
        None => 0.0,
        Some((sort, None)) => f64::from(if sort.is_descending { -score } else { score }),
        Some((_, Some(column))) => column[record as usize],
    };
    let limit = wanted.saturating_mul(2).max(1024);
    let order = |a: &Row, b: &Row| by_keys(a, b).then(a.rank.cmp(&b.rank));
    let mut worst: Option<Row> = None;
    hits.each(|record| {
        let score = hits.score(record);
        let mut sorts = query.sort.iter().zip(&columns);
        let keys = if query.sort.is_empty() {
            [f64::from(-score), 0.0]
        } else {
            [key(sorts.next(), score, record), key(sorts.next(), score, record)]
        };
        let rank = live.segment.rank(record);
        let row = Row { keys, rank, segment: number as u32, record, score };
        if worst.as_ref().is_some_and(|worst| order(&row, worst) == Ordering::Greater) {
            return;
        }
        rows.push(row);
        if rows.len() >= limit {
            rows.select_nth_unstable_by(wanted - 1, order);
            rows.truncate(wanted);
            worst = rows.last().copied();
        }
    });
    (total, rows)
}

/// What every record is sorted by; records without a value come last.
fn column(live: &Live, sort: Sort) -> Option<Vec<f64>> {
    let Key::Piece(field) = sort.key else { return None };
    let mut column = vec![f64::INFINITY; live.segment.count as usize];
    live.segment.values(field.index, |record, value| {
        if let Some(best) = column.get_mut(record as usize) {
            let value = if sort.is_descending { -(value.low as f64) } else { value.low as f64 };
            *best = best.min(value);
        }
    });
    Some(column)
}
