//! The dictionary of a segment: its words in order, sixteen to a group, each with where its lists are.
//!
//! A group says where the nodes and lists of its first word begin. A word says how many letters it
//! has in common with the one before it, how many follow, these, and how long its nodes and lists
//! are.

use std::cmp::Ordering;
use std::ops::Range;

use super::{Part, Segment};
use crate::bytes::{Cursor, at_u32, put};

/// Words of a group.
const GROUP: usize = 16;

/// A dictionary while a segment is written.
#[derive(Default)]
pub(crate) struct Growing {
    /// Where each group begins, four bytes each.
    pub(crate) starts: Vec<u8>,
    pub(crate) bytes: Vec<u8>,
    count: usize,
    last: Vec<u8>,
}

impl Growing {
    /// Adds a word behind all others: where its nodes and lists begin and end.
    pub(crate) fn push(&mut self, word: &str, nodes: Range<usize>, lists: Range<usize>) {
        let word = word.as_bytes();
        if self.count.is_multiple_of(GROUP) {
            self.starts.extend((self.bytes.len() as u32).to_le_bytes());
            put(&mut self.bytes, nodes.start as u64);
            put(&mut self.bytes, lists.start as u64);
            self.last.clear();
        }
        let same = self.last.iter().zip(word).take_while(|(a, b)| a == b).count();
        put(&mut self.bytes, same as u64);
        put(&mut self.bytes, (word.len() - same) as u64);
        self.bytes.extend_from_slice(&word[same..]);
        put(&mut self.bytes, nodes.len() as u64);
        put(&mut self.bytes, lists.len() as u64);
        self.last.clear();
        self.last.extend_from_slice(word);
        self.count += 1;
    }
}

/// Where a word's nodes are, and where its lists begin.
pub(crate) struct Found {
    pub(crate) nodes: Range<usize>,
    pub(crate) lists: usize,
}

/// Reads the words of a group.
struct Group<'a> {
    cursor: Cursor<'a>,
    nodes: usize,
    lists: usize,
}

impl<'a> Group<'a> {
    fn at(segment: &'a Segment, group: usize) -> Self {
        let starts = segment.part(Part::WordStarts);
        let words = segment.part(Part::Words);
        let start = at_u32(starts, group) as usize;
        let end = if (group + 1) * 4 < starts.len() {
            at_u32(starts, group + 1) as usize
        } else {
            words.len()
        };
        let mut cursor = Cursor::new(words.get(start..end).unwrap_or(&[]));
        let nodes = cursor.number() as usize;
        let lists = cursor.number() as usize;
        Self { cursor, nodes, lists }
    }

    /// The next word: letters in common with the one before, the others, and where it is.
    fn next(&mut self) -> Option<(usize, &'a [u8], Found)> {
        if self.cursor.is_over() {
            return None;
        }
        let same = self.cursor.number() as usize;
        let length = self.cursor.number() as usize;
        let rest = self.cursor.take(length);
        let end = self.nodes.saturating_add(self.cursor.number() as usize);
        let found = Found { nodes: self.nodes..end, lists: self.lists };
        self.nodes = end;
        self.lists = self.lists.saturating_add(self.cursor.number() as usize);
        Some((same, rest, found))
    }
}

/// Finds a word.
pub(crate) fn find(segment: &Segment, word: &str) -> Option<Found> {
    let word = word.as_bytes();
    let groups = segment.part(Part::WordStarts).len() / 4;
    let is_before = |group: usize| {
        let first = Group::at(segment, group).next();
        first.is_some_and(|(_, first, _)| first <= word)
    };
    let (mut low, mut high) = (0, groups);
    while low < high {
        let middle = low.midpoint(high);
        if is_before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let mut group = Group::at(segment, low.checked_sub(1)?);
    // As many letters of the wanted word as the word before it has.
    let mut known = 0;
    while let Some((same, rest, found)) = group.next() {
        match same.cmp(&known) {
            // Words behind one that differs later than this differ earlier, or are behind it.
            Ordering::Less => return None,
            Ordering::Greater => continue,
            Ordering::Equal => {}
        }
        let wanted = &word[known..];
        if rest == wanted {
            return Some(found);
        }
        let alike = rest.iter().zip(wanted).take_while(|(a, b)| a == b).count();
        if rest > wanted {
            return None;
        }
        known += alike;
    }
    None
}
