//! A bound expression evaluated on one segment.

use rayon::prelude::*;

use super::bind::{Leaf, Node, Test, weights};
use super::hits::Hits;
use super::terms::{Terms, Way};
use super::{location, why, words};
use crate::segment::columns::Spot;
use crate::segment::{LastBlock, Segment};
use crate::store::{Live, Store};

/// From so many segments on, several threads look through them.
pub(crate) const MANY: usize = 8;

/// Days after which a date that is tilted counts half.
const HALF_DAYS: f32 = 3652.5;

/// Fills in what only a store knows: how rare terms are, and the newest of tilted dates.
pub(crate) fn weigh(store: &Store, node: &mut Node) {
    match node {
        Node::All | Node::Nothing => {}
        Node::Not(inner) | Node::Location(inner) => weigh(store, inner),
        Node::And(parts) | Node::Or(parts) => parts.iter_mut().for_each(|part| weigh(store, part)),
        Node::Tilt(date, newest, inner) => {
            for live in &store.segments {
                live.segment.values(*date, |_, value| *newest = (*newest).max(value.low));
            }
            weigh(store, inner);
        }
        Node::Leaf(leaf) => {
            let (weights, _) = weights(leaf);
            if let Test::Words(terms) = &mut leaf.test {
                terms.rarity = rarity(store, terms, &weights);
            }
        }
    }
}

/// How much a term counts for being rare: the sum over its parts of the rarest word of each.
fn rarity(store: &Store, terms: &Terms, weights: &[f32]) -> f32 {
    let total: u32 = store.segments.iter().map(|live| live.segment.count).sum();
    let in_segment = |word: &str, live: &Live| {
        let mut most = 0;
        live.segment.lists(word, |node, list| {
            if weights.get(node).is_some_and(|weight| *weight > 0.0) {
                most = most.max(list.count);
            }
        });
        most
    };
    let of_word = |word: &String| {
        let all = &store.segments;
        let with: u32 = if all.len() < MANY {
            all.iter().map(|live| in_segment(word, live)).sum()
        } else {
            all.par_iter().map(|live| in_segment(word, live)).sum()
        };
        let (total, with) = (f64::from(total), f64::from(with));
        (1.0 + (total - with + 0.5).max(0.0) / (with + 0.5)).ln()
    };
    let of_way = |way: &Way| way.words.iter().map(of_word).fold(0.0, f64::max);
    let first = |ways: &[Way]| ways.first().map_or(0.0, of_way);
    let sum = if terms.parts.is_empty() {
        first(&terms.ways)
    } else {
        terms.parts.iter().map(|ways| first(ways)).sum()
    };
    sum.max(0.01) as f32
}

/// The records of a segment that fit, those that are gone included.
pub(crate) fn evaluate(live: &Live, node: &Node) -> Hits {
    let segment = &live.segment;
    match node {
        Node::All => Hits::all(segment.count),
        Node::Nothing => Hits::none(segment.count),
        Node::Not(inner) => evaluate(live, inner).not(),
        Node::And(parts) => {
            let mut all = parts.iter().map(|part| evaluate(live, part));
            let first = all.next().unwrap_or_else(|| Hits::all(segment.count));
            all.fold(first, |found, other| found.and(&other))
        }
        Node::Or(parts) => {
            let mut all = parts.iter().map(|part| evaluate(live, part));
            let first = all.next().unwrap_or_else(|| Hits::none(segment.count));
            all.fold(first, |found, other| found.or(&other))
        }
        Node::Location(inner) => location::records(segment, inner),
        Node::Tilt(date, newest, inner) => {
            let mut hits = evaluate(live, inner);
            if !hits.scores.is_empty() {
                segment.values(*date, |record, value| {
                    let age = (*newest - value.low).max(0) as f32;
                    hits.scores[record as usize] *= HALF_DAYS / (HALF_DAYS + age);
                });
            }
            hits
        }
        Node::Leaf(leaf) => of_leaf(live, leaf),
    }
}

fn of_leaf(live: &Live, leaf: &Leaf) -> Hits {
    let segment = &live.segment;
    let mut hits = Hits::none(segment.count);
    match &leaf.test {
        Test::Words(terms) => {
            let found = words(segment, leaf, terms);
            return if terms.is_exact { exactly(segment, leaf, terms, found) } else { found };
        }
        Test::Range(interval) => {
            for target in &leaf.targets {
                segment.values(target.node, |record, value| {
                    if value.is_within(*interval) {
                        hits.set(record);
                    }
                });
            }
        }
        Test::Missing => {
            for target in &leaf.targets {
                segment.counts(target.node, |record, _| hits.set(record));
            }
            return hits.not();
        }
        Test::Size(size) => {
            for target in &leaf.targets {
                let mut any = Hits::none(segment.count);
                segment.counts(target.node, |record, count| {
                    any.set(record);
                    if count == *size {
                        hits.set(record);
                    }
                });
                if *size == 0 {
                    hits = hits.or(&any.not());
                }
            }
        }
        Test::Distance(north, east, kilometres) => segment.spots(|spot| {
            if near(spot, *north, *east, *kilometres) {
                hits.set(spot.record);
            }
        }),
    }
    hits
}

/// Whether a place is so near to a point.
pub(crate) fn near(spot: Spot, north: f64, east: f64, kilometres: f64) -> bool {
    kilometres_between(spot.north, spot.east, north, east) <= kilometres
}

/// Great-circle distance on a sphere with the mean radius of the earth (6371.0088 km, IUGG).
pub(crate) fn kilometres_between(north: f64, east: f64, other_north: f64, other_east: f64) -> f64 {
    let half = |a: f64, b: f64| ((a - b).to_radians() / 2.0).sin().powi(2);
    let cosines = north.to_radians().cos() * other_north.to_radians().cos();
    let sum = half(north, other_north) + cosines * half(east, other_east);
    2.0 * 6371.0088 * sum.sqrt().min(1.0).asin()
}

fn words(segment: &Segment, leaf: &Leaf, terms: &Terms) -> Hits {
    let mut scores = words::scores(segment, leaf, terms);
    for score in &mut scores {
        *score *= terms.rarity;
    }
    Hits::scored(scores)
}

/// Of those found, the records where the term stands letter by letter.
fn exactly(segment: &Segment, leaf: &Leaf, terms: &Terms, mut found: Hits) -> Hits {
    let mut last = LastBlock::default();
    let mut wrong = Vec::new();
    found.each(|record| {
        let (_, json) = segment.text(record, &mut last).unwrap_or_default();
        let json = serde_json::from_str(&json).unwrap_or_default();
        if !why::stands_exactly(&json, leaf, terms) {
            wrong.push(record);
        }
    });
    for record in wrong {
        found.clear(record);
    }
    found
}
