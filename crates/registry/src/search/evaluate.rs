//! A bound expression evaluated on one segment.

use super::bind::{Leaf, Node, Test, weights};
use super::hits::Hits;
use super::terms::{APART, PARTLY, SCATTERED, Terms, Way};
use super::{location, phrase, why};
use crate::expression::Coverage;
use crate::segment::columns::Spot;
use crate::segment::write::STRONGEST;
use crate::segment::{LastBlock, Segment};
use crate::store::{Live, Store};

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
    let of_word = |word: &String| {
        let mut with = 0_u32;
        for live in &store.segments {
            let mut most = 0;
            live.segment.lists(word, |node, list| {
                if weights[node] > 0.0 {
                    most = most.max(list.count);
                }
            });
            with += most;
        }
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

/// The strength of a word as a number from 0 to 1.
fn share(strength: u8) -> f32 {
    f32::from(strength) / 255.0 * (STRONGEST as f32) / 2.0
}

fn words(segment: &Segment, leaf: &Leaf, terms: &Terms) -> Hits {
    let (weights, synonyms) = weights(leaf);
    let count = segment.count as usize;
    let mut scores = vec![0.0_f32; count];
    for way in &terms.ways {
        let passes = |node: usize| weights[node] > 0.0 && (!way.is_synonym || synonyms[node]);
        of_way(segment, way, terms.coverage, passes, |node, record, strength| {
            let score = weights[node] * way.quality * share(strength);
            if let Some(best) = scores.get_mut(record as usize) {
                *best = best.max(score);
            }
        });
    }
    if !terms.parts.is_empty() {
        apart(segment, terms, &weights, &synonyms, &mut scores);
    }
    for score in &mut scores {
        *score *= terms.rarity;
    }
    Hits::scored(scores)
}

/// Calls `see` with node, record and strength of everything found one way.
fn of_way(
    segment: &Segment,
    way: &Way,
    coverage: Coverage,
    passes: impl Fn(usize) -> bool,
    mut see: impl FnMut(usize, u32, u8),
) {
    match way.words.as_slice() {
        [word] if coverage == Coverage::Contains => segment.lists(word, |node, list| {
            if passes(node) {
                list.each(|posting| see(node, posting.record, posting.strength));
            }
        }),
        words => {
            for here in phrase::nodes(segment, words, passes) {
                phrase::each(&here.lists, coverage, |record, strength, _| {
                    see(here.node, record, strength);
                });
            }
        }
    }
}

/// What one part of a term has found.
struct Part {
    /// Node, record and strength, in order of node.
    found: Vec<(u32, u32, u8)>,
    /// The best per record over all nodes.
    best: Vec<f32>,
}

/// Adds records where the parts of a term stand apart, in one piece or in several.
fn apart(segment: &Segment, terms: &Terms, weights: &[f32], synonyms: &[bool], scores: &mut [f32]) {
    let parts: Vec<Part> =
        terms.parts.iter().map(|ways| part(segment, ways, weights, synonyms)).collect();
    let needed = parts.len();
    let mut seen = vec![0_u16; scores.len()];
    let mut weakest = vec![0_u8; scores.len()];
    for node in 0..weights.len() as u32 {
        let at_node = |part: &Part| -> std::ops::Range<usize> {
            let from = part.found.partition_point(|(known, _, _)| *known < node);
            from..part.found.partition_point(|(known, _, _)| *known <= node)
        };
        let ranges: Vec<_> = parts.iter().map(at_node).collect();
        if weights[node as usize] <= 0.0 || ranges.iter().any(std::ops::Range::is_empty) {
            continue;
        }
        for (index, (part, range)) in (0..).zip(parts.iter().zip(&ranges)) {
            for (_, record, strength) in &part.found[range.clone()] {
                let at = *record as usize;
                if index == 0 {
                    (seen[at], weakest[at]) =
                        (1, if seen[at] == 1 { weakest[at].max(*strength) } else { *strength });
                } else if seen[at] == index {
                    seen[at] = index + 1;
                    weakest[at] = weakest[at].min(*strength);
                }
            }
        }
        for (part, range) in parts.iter().zip(&ranges) {
            for (_, record, _) in &part.found[range.clone()] {
                let at = *record as usize;
                if usize::from(seen[at]) == needed {
                    let score = weights[node as usize] * APART * share(weakest[at]);
                    scores[at] = scores[at].max(score);
                }
                seen[at] = 0;
            }
        }
    }
    for (record, score) in scores.iter_mut().enumerate() {
        let there = parts.iter().filter(|part| part.best[record] > 0.0).count();
        if there == needed || terms.is_lossy && there > 0 {
            let sum: f32 = parts.iter().map(|part| part.best[record]).sum();
            let quality = if there == needed { SCATTERED } else { PARTLY };
            *score = score.max(quality * sum / needed as f32);
        }
    }
}

fn part(segment: &Segment, ways: &[Way], weights: &[f32], synonyms: &[bool]) -> Part {
    let mut part = Part { found: Vec::new(), best: vec![0.0; segment.count as usize] };
    for way in ways {
        let passes = |node: usize| weights[node] > 0.0 && (!way.is_synonym || synonyms[node]);
        of_way(segment, way, Coverage::Contains, passes, |node, record, strength| {
            part.found.push((node as u32, record, strength));
            if let Some(best) = part.best.get_mut(record as usize) {
                *best = best.max(weights[node] * way.quality * share(strength));
            }
        });
    }
    // Records of another segment's size cannot be; damaged lists may hold them all the same.
    part.found.retain(|(_, record, _)| *record < segment.count);
    if ways.len() > 1 {
        part.found.sort_unstable();
    }
    part
}

/// Of those found, the records where the term stands letter by letter.
fn exactly(segment: &Segment, leaf: &Leaf, terms: &Terms, mut found: Hits) -> Hits {
    let mut last = LastBlock::default();
    let mut wrong = Vec::new();
    found.each(|record| {
        let text = segment.text(record, &mut last).unwrap_or_default();
        let json = text.split_once('\n').map_or("", |(_, json)| json);
        let json = serde_json::from_str(json).unwrap_or_default();
        if !why::stands_exactly(&json, leaf, terms) {
            wrong.push(record);
        }
    });
    for record in wrong {
        found.clear(record);
    }
    found
}
