//! Words that stand side by side in a value.

use crate::expression::Coverage;
use crate::segment::Segment;
use crate::segment::lists::{List, Place, Walk};

/// The lists of some words in one node.
pub(crate) struct InNode<'a> {
    pub(crate) node: usize,
    pub(crate) lists: Vec<List<'a>>,
}

/// The nodes that hold all the words, among those that pass, each with the words' lists.
pub(crate) fn nodes<'a>(
    segment: &'a Segment,
    words: &[String],
    passes: impl Fn(usize) -> bool,
) -> Vec<InNode<'a>> {
    let mut found: Vec<InNode> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let mut at = 0;
        segment.lists(word, |node, list| {
            if !passes(node) {
                return;
            }
            if index == 0 {
                found.push(InNode { node, lists: vec![list] });
                return;
            }
            while at < found.len() && found[at].node < node {
                at += 1;
            }
            if let Some(here) = found.get_mut(at)
                && here.node == node
                && here.lists.len() == index
            {
                here.lists.push(list);
            }
        });
        found.retain(|here| here.lists.len() == index + 1);
        if found.is_empty() {
            break;
        }
    }
    found
}

/// Calls `see` with every record where the words stand side by side, as often as they do: the
/// record, the weakest strength among the words, and the value.
pub(crate) fn each(lists: &[List], coverage: Coverage, mut see: impl FnMut(u32, u8, u32)) {
    let Some(rarest) = (0..lists.len()).min_by_key(|at| lists[*at].count) else { return };
    let mut walks: Vec<Walk> = lists.iter().map(List::walk).collect();
    let mut places: Vec<Vec<Place>> = vec![Vec::new(); lists.len()];
    'records: while walks[rarest].step() {
        let record = walks[rarest].record;
        for walk in &mut walks {
            if !walk.seek(record) {
                return;
            }
            if walk.record != record {
                continue 'records;
            }
        }
        for (walk, places) in walks.iter_mut().zip(&mut places) {
            walk.places(places);
        }
        let strength = walks.iter().map(|walk| walk.strength).min().unwrap_or(0);
        side_by_side(&places, coverage, |value| see(record, strength, value));
    }
}

fn side_by_side(places: &[Vec<Place>], coverage: Coverage, mut see: impl FnMut(u32)) {
    let (first, others) = places
        .split_first()
        .map_or((&[][..], &[][..]), |(first, others)| (first.as_slice(), others));
    for start in first {
        let from_start = matches!(coverage, Coverage::FullMatch | Coverage::StartsWith);
        if from_start && start.word != 0 {
            continue;
        }
        let mut last = *start;
        let is_run = (1..).zip(others).all(|(index, places)| {
            let wanted = (start.value, start.word.wrapping_add(index));
            let at = places.binary_search_by(|place| (place.value, place.word).cmp(&wanted));
            at.is_ok_and(|at| {
                last = places[at];
                true
            })
        });
        let to_end = matches!(coverage, Coverage::FullMatch | Coverage::EndsWith);
        if is_run && (!to_end || last.is_last) {
            see(start.value);
        }
    }
}
