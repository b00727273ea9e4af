//! Tests that have to hold in one location: the locations of a segment that pass them.

use super::bind::{Leaf, Node, Test, weights};
use super::evaluate::near;
use super::hits::Hits;
use super::phrase;
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
            let (weights, _) = weights(leaf);
            for way in terms.all_ways_of_whole() {
                for here in phrase::nodes(segment, &way.words, |node| weights[node] > 0.0) {
                    phrase::each(&here.lists, terms.coverage, |record, _, location| {
                        keys.push(key(record, location));
                    });
                }
            }
        }
        Test::Missing => return without(every(segment), &sorted(present(segment, leaf))),
        Test::Distance(north, east, kilometres) => segment.spots(|spot| {
            if near(spot, *north, *east, *kilometres) {
                keys.push(key(spot.record, spot.location));
            }
        }),
        Test::Size(size) => {
            let mut counts: Vec<u64> = present(segment, leaf);
            counts.sort_unstable();
            for same in counts.chunk_by(|a, b| a == b) {
                if same.len() as u32 == *size {
                    keys.push(same[0]);
                }
            }
            if *size == 0 {
                counts.dedup();
                keys.extend(without(every(segment), &counts));
            }
        }
        // No piece of a location is a date, an age or a number.
        Test::Range(_) => {}
    }
    sorted(keys)
}

/// The locations that have a value in any of the pieces, once for each value.
fn present(segment: &Segment, leaf: &Leaf) -> Vec<u64> {
    let mut keys = Vec::new();
    let (weights, _) = weights(leaf);
    segment.every_list(|node, list| {
        if weights[node] > 0.0 {
            phrase::each(
                &[list],
                crate::expression::Coverage::StartsWith,
                |record, _, location| {
                    keys.push(key(record, location));
                },
            );
        }
    });
    keys.sort_unstable();
    keys.dedup();
    keys
}
