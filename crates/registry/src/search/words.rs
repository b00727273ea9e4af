//! The words of a term in a segment: where they stand, and how well that fits.

use std::cell::Cell;
use std::cmp::Reverse;

use super::bind::{Leaf, weights};
use super::hits::Hits;
use super::phrase::Phrase;
use super::terms::{APART, PARTLY, SCATTERED, Terms, Way};
use crate::expression::Coverage;
use crate::segment::Segment;
use crate::segment::columns::Lengths;
use crate::segment::lists::{Entry, List, Unpacked};
use crate::segment::write::STRONGEST;

/// The strengths of words as numbers from 0 to about 1.
const SHARES: [f32; 256] = {
    let mut shares = [0.0; 256];
    let mut strength = 0;
    while strength < 256 {
        shares[strength] = strength as f32 / 255.0 * (STRONGEST as f32) / 2.0;
        strength += 1;
    }
    shares
};

fn share(strength: u8) -> f32 {
    SHARES[usize::from(strength)]
}

/// The best score of every record of a segment, 0 where a term does not stand.
///
/// A score is the largest over nodes and ways. Single words come first, then heavy nodes before
/// light ones; where a record has a score already that a way cannot raise, or has not the words for
/// all parts, nobody looks whether its words stand side by side.
pub(crate) fn scores(segment: &Segment, leaf: &Leaf, terms: &Terms) -> Vec<f32> {
    let (weights, synonyms) = weights(leaf);
    let mut scores = vec![0.0_f32; segment.count as usize];
    let best = cells(&mut scores);
    let is_single = |way: &&Way| way.numbers.len() == 1 && terms.coverage == Coverage::Contains;
    for way in terms.ways.iter().filter(is_single) {
        let fits = |node: usize| weights[node] > 0.0 && (!way.is_synonym || synonyms[node]);
        segment.lists(&way.words[0], |node, list| {
            if fits(node) {
                let weight = weights[node] * way.quality;
                list.each(|record, strength| {
                    // Damaged lists may hold other records.
                    if let Some(best) = best.get(record as usize) {
                        best.set(best.get().max(weight * share(strength)));
                    }
                });
            }
        });
    }
    let phrases: Vec<&Way> = terms.ways.iter().filter(|way| !is_single(way)).collect();
    let mut parts = Parts::new(terms, best.len());
    let of_phrases = phrases.iter().flat_map(|way| &way.numbers);
    let of_parts = terms.parts.iter().flatten().flat_map(|way| &way.numbers);
    let numbers = of_phrases.chain(of_parts);
    let possible = possible(segment, terms, &weights);
    each_node(segment, terms, (&weights, &possible), numbers, |here| {
        let (weight, has_synonyms) = (weights[here.node], synonyms[here.node]);
        for way in phrases.iter().filter(|way| !way.is_synonym || has_synonyms) {
            let score = |strength: u8| weight * way.quality * share(strength);
            let raises = |record: u32, strength| score(strength) > best[record as usize].get();
            let raise = |record: u32, strength| {
                let best = &best[record as usize];
                best.set(best.get().max(score(strength)));
            };
            here.each(segment, way, terms.coverage, raises, raise);
        }
        parts.look(segment, here, weight, has_synonyms, best);
    });
    parts.scatter(terms, &mut scores);
    scores
}

/// Calls `see` with record and value, wherever a way to find all of a term stands.
pub(crate) fn each_value(
    segment: &Segment,
    leaf: &Leaf,
    terms: &Terms,
    mut see: impl FnMut(u32, u32),
) {
    let (weights, _) = weights(leaf);
    let numbers = terms.ways.iter().flat_map(|way| &way.numbers);
    each_node(segment, terms, (&weights, &Hits::all(segment.count)), numbers, |here| {
        for way in &terms.ways {
            let lengths = Some(segment.lengths(here.node));
            here.phrase(
                way,
                (terms.coverage, lengths),
                |_, _| true,
                |record, _, value| see(record, value),
            );
        }
    });
}

/// A word is this many times as frequent as the rarest of a way before it is not looked at in advance.
const COMMON: u32 = 4;

/// Terms of fewer words leave too many records for that to save anything.
const LONG: usize = 3;

/// At least the records that have all words of a way to find the term, or of a way for each of its
/// parts, in whatever nodes; all records where to know that would take longer than it saves.
fn possible(segment: &Segment, terms: &Terms, weights: &[f32]) -> Hits {
    let all = Hits::all(segment.count);
    let has_phrases = terms.parts.iter().flatten().any(|way| way.numbers.len() > 1);
    let is_long = terms.ways.first().is_some_and(|way| way.words.len() >= LONG);
    if terms.is_lossy || !has_phrases || !is_long {
        return all;
    }
    let weighs = |node: usize| weights.get(node).is_some_and(|weight| *weight > 0.0);
    let vocabulary = terms.vocabulary.iter();
    let entries: Vec<Option<Entry>> = vocabulary.map(|word| segment.entry(word)).collect();
    let each_list = |number: usize, see: &mut dyn FnMut(List)| {
        if let Some(entry) = &entries[number] {
            entry.each(|node, list| {
                if weighs(node) {
                    see(list);
                }
            });
        }
    };
    let count = |number: usize| {
        let mut count = 0_u32;
        each_list(number, &mut |list| count = count.saturating_add(list.count));
        count
    };
    let counts: Vec<u32> = (0..entries.len()).map(count).collect();
    let mut known: Vec<Option<Hits>> = vec![None; entries.len()];
    let mut any = |ways: &Vec<Way>| {
        let mut any = Hits::none(segment.count);
        for way in ways {
            let fewest = way.numbers.iter().map(|number| counts[*number]).min().unwrap_or(0);
            let is_rare = |number: &&usize| counts[**number] <= fewest.saturating_mul(COMMON);
            let mut every = all.clone();
            for number in way.numbers.iter().filter(is_rare) {
                let of_word = known[*number].get_or_insert_with(|| {
                    let mut hits = Hits::none(segment.count);
                    each_list(*number, &mut |list| list.each(|record, _| hits.set(record)));
                    hits
                });
                every = every.and(of_word);
            }
            any = any.or(&every);
        }
        any
    };
    let whole = any(&terms.ways);
    terms.parts.iter().fold(all.clone(), |hits, ways| hits.and(&any(ways))).or(&whole)
}

fn cells(numbers: &mut [f32]) -> &[Cell<f32>] {
    Cell::from_mut(numbers).as_slice_of_cells()
}

/// A node with the lists of a term's words in it, by the words' numbers.
struct Here<'a, 'b> {
    node: usize,
    lists: Vec<Option<List<'a>>>,
    unpacked: Vec<Option<Unpacked<'a>>>,
    /// The records that are looked at.
    possible: &'b Hits,
}

/// Calls `see` with the nodes that weigh something and hold any of some words, heaviest first.
fn each_node<'a, 'b>(
    segment: &'a Segment,
    terms: &Terms,
    (weights, possible): (&[f32], &'b Hits),
    numbers: impl Iterator<Item = &'a usize>,
    mut see: impl FnMut(&mut Here<'a, 'b>),
) {
    let mut is_needed = vec![false; terms.vocabulary.len()];
    numbers.for_each(|number| is_needed[*number] = true);
    let mut found: Vec<(usize, usize, List)> = Vec::new();
    for (number, word) in terms.vocabulary.iter().enumerate().filter(|(at, _)| is_needed[*at]) {
        segment.lists(word, |node, list| {
            if weights.get(node).is_some_and(|weight| *weight > 0.0) {
                found.push((node, number, list));
            }
        });
    }
    // Weights are above 0, so their bits are in the same order as they are.
    found.sort_unstable_by_key(|(node, number, _)| {
        (Reverse(weights[*node].to_bits()), *node, *number)
    });
    let none = || vec![None; terms.vocabulary.len()];
    let unpacked = vec![None; terms.vocabulary.len()];
    let mut here = Here { node: 0, lists: none(), unpacked, possible };
    for same in found.chunk_by(|a, b| a.0 == b.0) {
        here.node = same[0].0;
        for (_, number, list) in same {
            here.lists[*number] = Some(*list);
        }
        see(&mut here);
        for (_, number, _) in same {
            here.lists[*number] = None;
            here.unpacked[*number] = None;
        }
    }
}

impl<'a> Here<'a, '_> {
    /// Calls `see` with record and strength of everything found one way, except where finding it
    /// would take long and it `raises` nothing. What does not raise anything must not do so with
    /// less strength either.
    fn each(
        &mut self,
        segment: &'a Segment,
        way: &Way,
        coverage: Coverage,
        raises: impl Fn(u32, u8) -> bool,
        mut see: impl FnMut(u32, u8),
    ) {
        if let [number] = way.numbers[..]
            && coverage == Coverage::Contains
        {
            if let Some(list) = self.lists[number] {
                list.each(|record, strength| {
                    if self.possible.has(record) {
                        see(record, strength);
                    }
                });
            }
            return;
        }
        let lengths = (coverage != Coverage::Contains).then(|| segment.lengths(self.node));
        self.phrase(way, (coverage, lengths), raises, |record, strength, _| {
            see(record, strength);
        });
    }

    /// The same for words side by side, with the value that they stand in.
    fn phrase(
        &mut self,
        way: &Way,
        (coverage, lengths): (Coverage, Option<Lengths<'a>>),
        raises: impl Fn(u32, u8) -> bool,
        see: impl FnMut(u32, u8, u32),
    ) {
        let counts = way.numbers.iter().map(|number| self.lists[*number].map(|list| list.count));
        let Some(counts) = counts.collect::<Option<Vec<u32>>>() else { return };
        let Some(leader) = (0..counts.len()).min_by_key(|at| counts[*at]) else { return };
        self.unpack(way.numbers[leader]);
        let Some(list) = &self.unpacked[way.numbers[leader]] else { return };
        let rows = list.records.iter().zip(&list.strengths).enumerate();
        let places: Vec<usize> = rows
            .filter(|(_, (record, strength))| raises(**record, **strength))
            .map(|(place, _)| place)
            .collect();
        if places.is_empty() {
            return;
        }
        way.numbers.iter().for_each(|number| self.unpack(*number));
        let lists = way.numbers.iter().filter_map(|number| self.unpacked[*number].as_ref());
        Phrase::new(lists, (leader, places), coverage, lengths).each(raises, see);
    }

    fn unpack(&mut self, number: usize) {
        if let (Some(list), unpacked @ None) = (self.lists[number], &mut self.unpacked[number]) {
            *unpacked = Some(list.unpack(|record| self.possible.has(record)));
        }
    }
}

/// The parts of a term that may stand apart.
struct Parts<'t>(Vec<Part<'t>>);

/// What one part has found.
struct Part<'t> {
    ways: &'t [Way],
    /// The best score per record over all nodes.
    best: Vec<f32>,
    /// The greatest strength per record in the node at hand, and the records that have one.
    strengths: Vec<Cell<u8>>,
    records: Vec<u32>,
}

impl<'t> Parts<'t> {
    fn new(terms: &'t Terms, count: usize) -> Self {
        let part = |ways: &'t Vec<Way>| Part {
            ways,
            best: vec![0.0; count],
            strengths: vec![Cell::new(0); count],
            records: Vec::new(),
        };
        Self(terms.parts.iter().map(part).collect())
    }

    /// Finds each part in a node; where all of them stand in it, a record may score higher.
    fn look<'a>(
        &mut self,
        segment: &'a Segment,
        here: &mut Here<'a, '_>,
        weight: f32,
        has_synonyms: bool,
        scores: &[Cell<f32>],
    ) {
        let together = |weakest: u8| weight * APART * share(weakest);
        for part in &mut self.0 {
            let Part { ways, best, strengths, records } = part;
            let best = cells(best);
            for way in ways.iter().filter(|way| !way.is_synonym || has_synonyms) {
                let score = |strength: u8| weight * way.quality * share(strength);
                let raises = |record: u32, strength: u8| {
                    let at = record as usize;
                    score(strength) > best[at].get()
                        || strength > strengths[at].get() && together(strength) > scores[at].get()
                };
                here.each(segment, way, Coverage::Contains, raises, |record, strength| {
                    let at = record as usize;
                    best[at].set(best[at].get().max(score(strength)));
                    let before = strengths[at].replace(strengths[at].get().max(strength));
                    if before == 0 {
                        records.push(record);
                    }
                });
            }
        }
        if let Some(fewest) = self.0.iter().min_by_key(|part| part.records.len()) {
            for record in &fewest.records {
                let at = *record as usize;
                let weakest = self.0.iter().map(|part| part.strengths[at].get()).min();
                if let Some(weakest @ 1..) = weakest {
                    scores[at].set(scores[at].get().max(together(weakest)));
                }
            }
        }
        for part in &mut self.0 {
            for record in part.records.drain(..) {
                part.strengths[record as usize].set(0);
            }
        }
    }

    /// Where the parts stand in several nodes, or some of them are missing and may be.
    fn scatter(&self, terms: &Terms, scores: &mut [f32]) {
        if self.0.is_empty() {
            return;
        }
        let needed = self.0.len();
        let mut there = vec![0_u8; scores.len()];
        let mut sums = vec![0.0_f32; scores.len()];
        for part in &self.0 {
            for ((there, sum), best) in there.iter_mut().zip(&mut sums).zip(&part.best) {
                *there += u8::from(*best > 0.0);
                *sum += best;
            }
        }
        for ((score, there), sum) in scores.iter_mut().zip(there).zip(sums) {
            let is_all = usize::from(there) == needed;
            if is_all || terms.is_lossy && there > 0 {
                let quality = if is_all { SCATTERED } else { PARTLY };
                *score = score.max(quality * sum / needed as f32);
            }
        }
    }
}
