//! Lists: which records hold a word in a node, how strongly, and at which positions.
//!
//! Per record a list has the distance from the record before and a byte of strength. Positions
//! stand behind all that: per occurrence the distance from the one before, with a bit that says
//! whether another one follows. A list of more than 128 records says for every 128 of them how
//! long their positions are. A position counts the words of a record's node, with one free between
//! two values, so that no run of words reaches from one value into the next.

use super::{Part, Segment};
use crate::bytes::{Cursor, put};

/// Records between two marks.
const STRIDE: usize = 128;

/// Appends the positions of a word in one record; they rise.
fn put_positions(out: &mut Vec<u8>, positions: &[u32]) {
    let mut next = 0;
    for (index, position) in positions.iter().enumerate() {
        let is_more = u64::from(index + 1 < positions.len());
        put(out, u64::from(position - next) << 1 | is_more);
        next = position + 1;
    }
}

/// Reads the positions of one record.
#[inline]
fn take_positions(cursor: &mut Cursor, mut see: impl FnMut(u32)) {
    let mut next = 0_u32;
    loop {
        let number = cursor.number();
        let position = next.wrapping_add((number >> 1) as u32);
        see(position);
        next = position.wrapping_add(1);
        if number & 1 == 0 || cursor.is_over() {
            return;
        }
    }
}

/// Passes over the positions of one record: the lowest bit of a number is in its first byte.
#[inline]
fn skip_positions(cursor: &mut Cursor) {
    while cursor.skip() & 1 == 1 && !cursor.is_over() {}
}

/// A list while a segment is written: distance, strength and positions, record by record.
#[derive(Default)]
pub(crate) struct Growing {
    bytes: Vec<u8>,
    last: u32,
    count: u32,
}

impl Growing {
    pub(crate) fn push(&mut self, record: u32, strength: u8, positions: &[u32]) {
        put(&mut self.bytes, u64::from(record - self.last));
        self.bytes.push(strength);
        put_positions(&mut self.bytes, positions);
        self.last = record;
        self.count += 1;
    }

    /// Appends the list as it stands in the file, and what the entry of its word says about it.
    pub(crate) fn finish(&self, out: &mut Vec<u8>, entry: &mut Vec<u8>, scratch: &mut Vec<u8>) {
        scratch.clear();
        let start = out.len();
        let mut cursor = Cursor::new(&self.bytes);
        let has_marks = self.count as usize > STRIDE;
        let mut rows: Vec<(u64, u8)> = Vec::with_capacity(STRIDE);
        let mut block_start = 0;
        let mut positions: Vec<u32> = Vec::new();
        for index in 0..self.count as usize {
            rows.push((cursor.number(), cursor.byte()));
            positions.clear();
            take_positions(&mut cursor, |position| positions.push(position));
            put_positions(scratch, &positions);
            if rows.len() == STRIDE || index + 1 == self.count as usize {
                if has_marks {
                    put(out, (scratch.len() - block_start) as u64);
                    block_start = scratch.len();
                }
                for (distance, strength) in rows.drain(..) {
                    put(out, distance);
                    out.push(strength);
                }
            }
        }
        let first = (out.len() - start) as u64;
        out.extend_from_slice(scratch);
        // One record says by itself where its positions begin.
        let is_one = self.count == 1;
        let whole = (out.len() - start) as u64;
        put(entry, whole << 1 | u64::from(is_one));
        if !is_one {
            put(entry, u64::from(self.count));
            put(entry, first);
        }
    }
}

/// A list of a segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct List<'a> {
    /// Records in it.
    pub(crate) count: u32,
    records: &'a [u8],
    positions: &'a [u8],
}

impl<'a> List<'a> {
    /// The list that an entry tells of, cut from what stands there; and its length.
    fn read(entry: &mut Cursor, lists: &'a [u8]) -> (Self, usize) {
        let number = entry.number();
        let whole = (number >> 1) as usize;
        let bytes = lists.get(..whole).unwrap_or(&[]);
        let (count, first) = if number & 1 == 1 {
            let mut cursor = Cursor::new(bytes);
            cursor.number();
            cursor.byte();
            (1, cursor.at())
        } else {
            (entry.number() as u32, entry.number() as usize)
        };
        let (records, positions) = bytes.split_at(first.min(bytes.len()));
        (Self { count, records, positions }, whole)
    }

    /// Calls `see` with record and strength, in order of record.
    #[inline]
    pub(crate) fn each(&self, mut see: impl FnMut(u32, u8)) {
        self.each_marked(|_| {}, &mut see);
    }

    #[inline]
    fn each_marked(&self, mut mark: impl FnMut(usize), see: &mut impl FnMut(u32, u8)) {
        let mut cursor = Cursor::new(self.records);
        let mut record = 0_u32;
        let mut left = self.count as usize;
        let has_marks = left > STRIDE;
        // A damaged number of records ends where the bytes do.
        while left > 0 && !cursor.is_over() {
            if has_marks {
                mark(cursor.number() as usize);
            }
            for _ in 0..left.min(STRIDE) {
                record = record.wrapping_add(cursor.number() as u32);
                see(record, cursor.byte());
            }
            left -= left.min(STRIDE);
        }
    }

    /// Its records and strengths in a row, for those that are wanted.
    pub(crate) fn unpack(&self, is_wanted: impl Fn(u32) -> bool) -> Unpacked<'a> {
        let most = (self.count as usize).min(self.records.len());
        let mut unpacked = Unpacked {
            records: vec![0; most],
            strengths: vec![0; most],
            places: vec![0; most],
            marks: vec![0],
            positions: self.positions,
        };
        let mut marks = Vec::new();
        let (mut place, mut kept) = (0, 0);
        let Unpacked { records, strengths, places, .. } = &mut unpacked;
        // Every row is written where the next one that is kept belongs.
        let mut keep = |record, strength| {
            if kept < most {
                (records[kept], strengths[kept], places[kept]) = (record, strength, place);
            }
            kept += usize::from(is_wanted(record));
            place += 1;
        };
        self.each_marked(|length| marks.push(length), &mut keep);
        records.truncate(kept);
        strengths.truncate(kept);
        places.truncate(kept);
        for length in marks {
            let before = unpacked.marks[unpacked.marks.len() - 1];
            unpacked.marks.push(before.saturating_add(length));
        }
        unpacked
    }
}

/// A list as it is worked with.
#[derive(Debug, Clone)]
pub(crate) struct Unpacked<'a> {
    pub(crate) records: Vec<u32>,
    pub(crate) strengths: Vec<u8>,
    /// Where each stands in the list.
    places: Vec<u32>,
    /// Where the positions of every 128 records begin.
    marks: Vec<usize>,
    positions: &'a [u8],
}

impl<'a> Unpacked<'a> {
    /// A reader of positions.
    pub(crate) fn positions(&self) -> Positions<'a> {
        Positions { cursor: Cursor::new(self.positions), passed: 0 }
    }
}

/// Reads positions from front to back.
pub(crate) struct Positions<'a> {
    cursor: Cursor<'a>,
    /// How many records it has passed.
    passed: usize,
}

impl<'a> Positions<'a> {
    /// The positions in a record by its number among those unpacked; it rises from call to call.
    pub(crate) fn at(&mut self, number: usize, list: &Unpacked<'a>, found: &mut Vec<u32>) {
        let place = list.places[number] as usize;
        if place / STRIDE > self.passed / STRIDE
            && let Some(mark) = list.marks.get(place / STRIDE)
        {
            self.cursor = Cursor::new(list.positions.get(*mark..).unwrap_or(&[]));
            self.passed = place / STRIDE * STRIDE;
        }
        for _ in self.passed..place {
            skip_positions(&mut self.cursor);
        }
        found.clear();
        take_positions(&mut self.cursor, |position| found.push(position));
        self.passed = place + 1;
    }
}

/// Where the nodes and lists of a word are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    nodes: &'a [u8],
    lists: &'a [u8],
}

impl<'a> Entry<'a> {
    /// Calls `see` with every node that holds the word, in order, and its list.
    pub(crate) fn each(&self, mut see: impl FnMut(usize, List<'a>)) {
        let mut entry = Cursor::new(self.nodes);
        let (mut node, mut at) = (0_usize, 0_usize);
        while !entry.is_over() {
            node = node.wrapping_add(entry.number() as usize);
            let (list, length) = List::read(&mut entry, self.lists.get(at..).unwrap_or(&[]));
            see(node, list);
            at = at.saturating_add(length);
        }
    }
}

impl Segment {
    /// Calls `see` with every node that holds a word, in order, and its list.
    pub(crate) fn lists<'a>(&'a self, word: &str, see: impl FnMut(usize, List<'a>)) {
        if let Some(entry) = self.entry(word) {
            entry.each(see);
        }
    }

    /// What is known of a word.
    pub(crate) fn entry(&self, word: &str) -> Option<Entry<'_>> {
        let found = super::dictionary::find(self, word)?;
        let nodes = self.part(Part::Entries).get(found.nodes)?;
        let lists = self.part(Part::Lists).get(found.lists..)?;
        Some(Entry { nodes, lists })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(record: u32) -> Vec<u32> {
        (0..=record % 4).map(|index| record % 500 + index * (1 + record % 200)).collect()
    }

    #[test]
    fn a_list_comes_back_with_its_positions() {
        for count in [1, 2, 128, 129, 1000] {
            let mut growing = Growing::default();
            let records: Vec<u32> = (0..count).map(|index| index * 3 + index % 2 + 1).collect();
            for record in &records {
                growing.push(*record, (*record % 200) as u8, &positions(*record));
            }
            let (mut out, mut entry, mut scratch) = (Vec::new(), Vec::new(), Vec::new());
            growing.finish(&mut out, &mut entry, &mut scratch);
            let (list, length) = List::read(&mut Cursor::new(&entry), &out);
            assert_eq!((list.count, length), (count, out.len()));
            let mut seen = Vec::new();
            list.each(|record, strength| seen.push((record, strength)));
            let expected: Vec<(u32, u8)> =
                records.iter().map(|record| (*record, (*record % 200) as u8)).collect();
            assert_eq!(seen, expected);
            let few = list.unpack(|record| record % 5 == 1);
            let mut reader = few.positions();
            let mut found = Vec::new();
            for (number, record) in few.records.iter().enumerate() {
                reader.at(number, &few, &mut found);
                assert_eq!(found, positions(*record), "{record} of a fifth");
            }
            let unpacked = list.unpack(|_| true);
            assert_eq!(unpacked.records, records);
            for every in [1, 2, 7, 130, 999] {
                let mut reader = unpacked.positions();
                let mut found = Vec::new();
                for (place, record) in records.iter().enumerate().step_by(every) {
                    reader.at(place, &unpacked, &mut found);
                    assert_eq!(found, positions(*record), "{record} of every {every}");
                }
            }
        }
    }
}
