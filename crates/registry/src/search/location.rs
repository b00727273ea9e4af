//! Tests that have to hold in one location: the locations of a segment that pass them.

use super::bind::{Leaf, Node, Test};
use super::evaluate::near;
use super::hits::Hits;
use super::words;
use crate::fields;
use crate::segment::Segment;

/// Records in a segment that have a location where everything inside holds.
pub(crate) fn records(segment: &Segment, inside: &Node) -> Hits {
    let mut hits = Hits::none(segment.count);
    for key in locations(segment, inside) {
        hits.set((key >> 32) as u32);
    }
    hits
}

/// Record and place of every location that passes, sorted.
fn locations(segment: &Segment, node: &Node) -> Vec<u64> {
    match node {
        Node::All => every(segment),
        Node::Nothing => Vec::new(),
        Node::Tilt(_, _, inner) | Node::Location(inner) => locations(segment, inner),
        Node::Not(inner) => without(every(segment), &locations(segment, inner)),
        Node::And(parts) => {
            let mut all = parts.iter().map(|part| locations(segment, part));
            let first = all.next().unwrap_or_default();
            all.fold(first, |kept, other| {
                kept.into_iter().filter(|key| other.binary_search(key).is_ok()).collect()
            })
        }
        Node::Or(parts) => {
            let found = parts.iter().flat_map(|part| locations(segment, part)).collect();
            sorted(found)
        }
        Node::Leaf(leaf) => of_leaf(segment, leaf),
    }
}

fn key(record: u32, location: u32) -> u64 {
    u64::from(record) << 32 | u64::from(location)
}

fn sorted(mut keys: Vec<u64>) -> Vec<u64> {
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn without(all: Vec<u64>, gone: &[u64]) -> Vec<u64> {
    all.into_iter().filter(|key| gone.binary_search(key).is_err()).collect()
}

fn every(segment: &Segment) -> Vec<u64> {
    let mut keys = Vec::new();
    if let Some(location) = fields::by_piece("Location") {
        segment.counts(location.index, |record, count| {
            keys.extend((0..count).map(|location| key(record, location)));
        });
    }
    keys
}

fn of_leaf(segment: &Segment, leaf: &Leaf) -> Vec<u64> {
    let mut keys = Vec::new();
    match &leaf.test {
        Test::Words(terms) => {
            words::each_value(segment, leaf, terms, |record, location| {
                keys.push(key(record, location));
            });
        }
        // A location has each of its pieces once at most.
        Test::Missing | Test::Size(0) => return without(every(segment), &present(segment, leaf)),
        Test::Distance(north, east, kilometres) => segment.spots(|spot| {
            if near(spot, *north, *east, *kilometres) {
                keys.push(key(spot.record, spot.location));
            }
        }),
        Test::Size(1) => return present(segment, leaf),
        // No piece of a location is a date, an age or a number.
        Test::Size(_) | Test::Range(_) => {}
    }
    sorted(keys)
}

/// The locations that have a value in any of the pieces.
fn present(segment: &Segment, leaf: &Leaf) -> Vec<u64> {
    let mut keys = Vec::new();
    for target in &leaf.targets {
        let mut lengths = segment.lengths(target.node);
        while let Some(record) = lengths.step() {
            keys.extend(lengths.with_words().map(|location| key(record, location)));
        }
    }
    sorted(keys)
}
