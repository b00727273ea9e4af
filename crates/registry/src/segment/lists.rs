//! Lists: which records hold a word in a node, how strongly, and at which places.
//!
//! Per record a list has the distance from the record before and a byte of strength. Every 128
//! records it says how long their places are. Places stand behind all that: per occurrence a
//! number whose lowest three bits say whether another one follows, whether the word is the last
//! of its value, and whether a new value begins.

use super::{Part, Segment};
use crate::bytes::{Cursor, put};

/// Records between two marks.
const STRIDE: usize = 128;

/// One occurrence of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// Which value of the node, or which location.
    pub(crate) value: u32,
    /// Which word of that value.
    pub(crate) word: u32,
    /// Whether the value ends with it.
    pub(crate) is_last: bool,
}

/// Appends the places of a word in one record; they are sorted.
pub(crate) fn put_places(out: &mut Vec<u8>, places: &[Place]) {
    let (mut value, mut next) = (0, 0);
    for (index, place) in places.iter().enumerate() {
        let mut flags = u64::from(index + 1 < places.len()) | u64::from(place.is_last) << 1;
        if place.value == value {
            put(out, u64::from(place.word - next) << 3 | flags);
        } else {
            flags |= 4;
            put(out, u64::from(place.value - value) << 3 | flags);
            put(out, u64::from(place.word));
        }
        value = place.value;
        next = place.word;
    }
}

/// Reads the places of one record.
#[inline]
pub(crate) fn take_places(cursor: &mut Cursor, mut see: impl FnMut(Place)) {
    let (mut value, mut word) = (0_u32, 0_u32);
    loop {
        let number = cursor.number();
        if number & 4 == 0 {
            word = word.wrapping_add((number >> 3) as u32);
        } else {
            value = value.wrapping_add((number >> 3) as u32);
            word = cursor.number() as u32;
        }
        see(Place { value, word, is_last: number & 2 != 0 });
        if number & 1 == 0 || cursor.is_over() {
            return;
        }
    }
}

/// A list while a segment is written: distance, strength and places, record by record.
#[derive(Default)]
pub(crate) struct Growing {
    bytes: Vec<u8>,
    last: u32,
    count: u32,
}

impl Growing {
    pub(crate) fn push(&mut self, record: u32, strength: u8, places: &[Place]) {
        put(&mut self.bytes, u64::from(record - self.last));
        self.bytes.push(strength);
        put_places(&mut self.bytes, places);
        self.last = record;
        self.count += 1;
    }

    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Appends the list as it stands in the file; returns the lengths of its two halves.
    pub(crate) fn finish(&self, out: &mut Vec<u8>, scratch: &mut Vec<u8>) -> (usize, usize) {
        scratch.clear();
        let start = out.len();
        let mut cursor = Cursor::new(&self.bytes);
        let mut rows: Vec<(u64, u8)> = Vec::with_capacity(STRIDE);
        let mut block_start = 0;
        let mut places: Vec<Place> = Vec::new();
        for index in 0..self.count as usize {
            rows.push((cursor.number(), cursor.byte()));
            places.clear();
            take_places(&mut cursor, |place| places.push(place));
            put_places(scratch, &places);
            if rows.len() == STRIDE || index + 1 == self.count as usize {
                put(out, (scratch.len() - block_start) as u64);
                block_start = scratch.len();
                for (distance, strength) in rows.drain(..) {
                    put(out, distance);
                    out.push(strength);
                }
            }
        }
        let first = out.len() - start;
        out.extend_from_slice(scratch);
        (first, scratch.len())
    }
}

/// A list of a segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct List<'a> {
    /// Records in it.
    pub(crate) count: u32,
    records: &'a [u8],
    places: &'a [u8],
}

/// One record of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Posting {
    pub(crate) record: u32,
    pub(crate) strength: u8,
}

impl<'a> List<'a> {
    /// Calls `see` with every record in order.
    #[inline]
    pub(crate) fn each(&self, mut see: impl FnMut(Posting)) {
        let mut cursor = Cursor::new(self.records);
        let mut record = 0_u32;
        for index in 0..self.count as usize {
            if index % STRIDE == 0 {
                cursor.number();
            }
            record = record.wrapping_add(cursor.number() as u32);
            see(Posting { record, strength: cursor.byte() });
        }
    }

    /// A reader that goes from record to record and can tell the places of the one it stands on.
    pub(crate) fn walk(&self) -> Walk<'a> {
        Walk {
            records: Cursor::new(self.records),
            places: Cursor::new(self.places),
            left: self.count,
            index: 0,
            record: 0,
            strength: 0,
            block: 0,
            next_block: 0,
            in_block: 0,
            passed: 0,
            bytes: self.places,
        }
    }
}

/// Goes through a list once.
pub(crate) struct Walk<'a> {
    records: Cursor<'a>,
    places: Cursor<'a>,
    bytes: &'a [u8],
    left: u32,
    index: usize,
    /// The record that it stands on.
    pub(crate) record: u32,
    /// Its strength.
    pub(crate) strength: u8,
    /// Where the places of this block begin, and those of the next.
    block: usize,
    next_block: usize,
    /// Which record of the block it stands on, and of how many the places were passed.
    in_block: usize,
    passed: usize,
}

impl Walk<'_> {
    /// Goes to the next record; false at the end.
    #[inline]
    pub(crate) fn step(&mut self) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        if self.index.is_multiple_of(STRIDE) {
            self.block = self.next_block;
            let length = self.records.number() as usize;
            self.next_block = self.block.saturating_add(length);
            self.places = Cursor::new(self.bytes.get(self.block..).unwrap_or(&[]));
            (self.in_block, self.passed) = (0, 0);
        } else {
            self.in_block += 1;
        }
        self.index += 1;
        self.record = self.record.wrapping_add(self.records.number() as u32);
        self.strength = self.records.byte();
        true
    }

    /// Goes to the first record that is not before this one; false at the end.
    #[inline]
    pub(crate) fn seek(&mut self, record: u32) -> bool {
        while self.index == 0 || self.record < record {
            if !self.step() {
                return false;
            }
        }
        true
    }

    /// The places in the record that it stands on; asked once per record.
    pub(crate) fn places(&mut self, found: &mut Vec<Place>) {
        for _ in self.passed..self.in_block {
            take_places(&mut self.places, |_| {});
        }
        found.clear();
        take_places(&mut self.places, |place| found.push(place));
        self.passed = self.in_block + 1;
    }
}

impl Segment {
    /// The number of a word.
    pub(crate) fn word(&self, word: &str) -> Option<u32> {
        let count = (self.part(Part::WordStarts).len() / 4).saturating_sub(1);
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low.midpoint(high);
            let known = self.piece(Part::WordStarts, Part::Words, middle);
            match known.cmp(word.as_bytes()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle as u32),
            }
        }
        None
    }

    /// Calls `see` with every node that holds a word, in order, and its list.
    pub(crate) fn lists<'a>(&'a self, word: &str, see: impl FnMut(usize, List<'a>)) {
        if let Some(number) = self.word(word) {
            self.lists_of(number, see);
        }
    }

    /// Calls `see` with the lists of every word.
    pub(crate) fn every_list<'a>(&'a self, mut see: impl FnMut(usize, List<'a>)) {
        let count = (self.part(Part::WordStarts).len() / 4).saturating_sub(1);
        (0..count as u32).for_each(|word| self.lists_of(word, &mut see));
    }

    fn lists_of<'a>(&'a self, number: u32, mut see: impl FnMut(usize, List<'a>)) {
        let entries = self.piece(Part::EntryStarts, Part::Entries, number as usize);
        let mut entries = Cursor::new(entries);
        let lists = self.part(Part::Lists);
        let mut at = entries.number() as usize;
        let mut node = 0;
        while !entries.is_over() {
            node += entries.number() as usize;
            let count = entries.number() as u32;
            let first = entries.number() as usize;
            let second = entries.number() as usize;
            let middle = at.saturating_add(first);
            let end = middle.saturating_add(second);
            let records = lists.get(at..middle).unwrap_or(&[]);
            let places = lists.get(middle..end).unwrap_or(&[]);
            see(node, List { count, records, places });
            at = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_comes_back_with_its_places() {
        let mut growing = Growing::default();
        let places = |record: u32| -> Vec<Place> {
            (0..=record % 4)
                .map(|index| Place {
                    value: index / 2,
                    word: record % 50 + index * 3,
                    is_last: index == 1,
                })
                .collect()
        };
        let records: Vec<u32> = (0..1000).map(|index| index * 3 + index % 2).collect();
        for record in &records {
            growing.push(*record, (*record % 200) as u8, &places(*record));
        }
        let (mut out, mut scratch) = (Vec::new(), Vec::new());
        let (first, second) = growing.finish(&mut out, &mut scratch);
        assert_eq!(first + second, out.len());
        let list = List { count: 1000, records: &out[..first], places: &out[first..] };
        let mut seen = Vec::new();
        list.each(|posting| seen.push(posting.record));
        assert_eq!(seen, records);
        for every in [1, 2, 7, 130, 999] {
            let mut walk = list.walk();
            let mut found = Vec::new();
            for record in records.iter().step_by(every) {
                assert!(walk.seek(*record));
                assert_eq!(walk.record, *record);
                walk.places(&mut found);
                assert_eq!(found, places(*record), "{record} of every {every}");
            }
        }
        assert!(!list.walk().seek(10_000));
    }
}
