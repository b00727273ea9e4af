//! Columns: which records have a node and how often, what its values are as numbers, and how long as words.

use super::{Part, Segment};
use crate::bytes::{Cursor, fold, put, unfold};
use crate::values::Interval;

/// A column while a segment is written.
#[derive(Default)]
pub(crate) struct Growing {
    pub(crate) bytes: Vec<u8>,
    next: u32,
}

impl Growing {
    /// The distance from the record before, and whether what follows is of the usual form.
    fn at(&mut self, record: u32, is_usual: bool) {
        put(&mut self.bytes, u64::from(record - self.next) << 1 | u64::from(is_usual));
        self.next = record + 1;
    }

    /// So many values in a record; usually one.
    pub(crate) fn push_count(&mut self, record: u32, count: u32) {
        self.at(record, count == 1);
        if count != 1 {
            put(&mut self.bytes, u64::from(count));
        }
    }

    /// The values of a record as numbers; usually one, and exact.
    pub(crate) fn push_values(&mut self, record: u32, values: &[Interval]) {
        if let [Interval { low, high }] = values
            && low == high
        {
            self.at(record, true);
            return put(&mut self.bytes, fold(*low));
        }
        self.at(record, false);
        put(&mut self.bytes, values.len() as u64);
        for value in values {
            put(&mut self.bytes, fold(value.low));
            put(&mut self.bytes, (value.high - value.low).cast_unsigned());
        }
    }

    /// The words of each value of a record; usually of one value.
    pub(crate) fn push_lengths(&mut self, record: u32, lengths: &[u32]) {
        self.at(record, lengths.len() == 1);
        if lengths.len() != 1 {
            put(&mut self.bytes, lengths.len() as u64);
        }
        for length in lengths {
            put(&mut self.bytes, u64::from(*length));
        }
    }

    /// A place on the globe: the location in the record, degrees north and east.
    pub(crate) fn push_place(&mut self, record: u32, location: u32, north: f32, east: f32) {
        put(&mut self.bytes, u64::from(record - self.next));
        self.next = record;
        put(&mut self.bytes, u64::from(location));
        self.bytes.extend(north.to_le_bytes());
        self.bytes.extend(east.to_le_bytes());
    }
}

/// The columns of a node, in order, and how many there are.
const COUNTS: usize = 0;
const VALUES: usize = 1;
const LENGTHS: usize = 2;
pub(crate) const PER_NODE: usize = 3;

/// Goes through a column.
struct Column<'a> {
    cursor: Cursor<'a>,
    next: u32,
}

impl Column<'_> {
    /// The next record, and whether what follows is of the usual form.
    #[inline]
    fn next(&mut self) -> Option<(u32, bool)> {
        if self.cursor.is_over() {
            return None;
        }
        let number = self.cursor.number();
        let record = self.next.wrapping_add((number >> 1) as u32);
        self.next = record.wrapping_add(1);
        Some((record, number & 1 == 1))
    }
}

/// The values of a node by the positions of their words, record by record.
pub(crate) struct Lengths<'a> {
    column: Column<'a>,
    record: Option<u32>,
    /// Where each value of the record begins, and where the next one would.
    starts: Vec<u32>,
}

impl Lengths<'_> {
    /// Goes to the next record that has words; `None` at the end.
    pub(crate) fn step(&mut self) -> Option<u32> {
        let (record, is_usual) = self.column.next()?;
        let cursor = &mut self.column.cursor;
        let count = if is_usual { 1 } else { cursor.number() };
        self.starts.clear();
        let mut start = 0_u32;
        self.starts.push(start);
        for _ in 0..count {
            // One position is free behind each value.
            start = start.saturating_add(cursor.number() as u32).saturating_add(1);
            self.starts.push(start);
            if cursor.is_over() {
                break;
            }
        }
        self.record = Some(record);
        Some(record)
    }

    /// Goes to a record; records rise from call to call.
    pub(crate) fn seek(&mut self, record: u32) {
        while self.record.is_none_or(|at| at < record) && self.step().is_some() {}
    }

    /// The value that a position is in: its number, where it begins, how many words it has.
    pub(crate) fn value(&self, position: u32) -> (u32, u32, u32) {
        let behind = self.starts.partition_point(|start| *start <= position);
        let value = behind.saturating_sub(1);
        let start = self.starts.get(value).copied().unwrap_or(0);
        let next = self.starts.get(value + 1).copied().unwrap_or(start);
        (value as u32, start, next.saturating_sub(start + 1))
    }

    /// The values of the record that have words.
    pub(crate) fn with_words(&self) -> impl Iterator<Item = u32> {
        (0..)
            .zip(self.starts.windows(2))
            .filter(|(_, ends)| ends[1] > ends[0] + 1)
            .map(|(at, _)| at)
    }
}

/// A place on the globe in a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot {
    pub(crate) record: u32,
    pub(crate) location: u32,
    /// Degrees.
    pub(crate) north: f64,
    /// Degrees.
    pub(crate) east: f64,
}

impl Segment {
    /// Calls `see` with every record that has a node, in order, and how many values there are.
    pub(crate) fn counts(&self, node: usize, mut see: impl FnMut(u32, u32)) {
        let mut column = self.column(node, COUNTS);
        while let Some((record, is_usual)) = column.next() {
            see(record, if is_usual { 1 } else { column.cursor.number() as u32 });
        }
    }

    /// Calls `see` with every value of a node as a number, in order of record.
    pub(crate) fn values(&self, node: usize, mut see: impl FnMut(u32, Interval)) {
        let mut column = self.column(node, VALUES);
        while let Some((record, is_usual)) = column.next() {
            let cursor = &mut column.cursor;
            if is_usual {
                let low = unfold(cursor.number());
                see(record, Interval { low, high: low });
                continue;
            }
            let count = cursor.number();
            for _ in 0..count {
                let low = unfold(cursor.number());
                let high = low.wrapping_add(cursor.number().cast_signed());
                see(record, Interval { low, high });
                if cursor.is_over() {
                    break;
                }
            }
        }
    }

    /// A reader of the lengths of a node's values.
    pub(crate) fn lengths(&self, node: usize) -> Lengths<'_> {
        Lengths { column: self.column(node, LENGTHS), record: None, starts: Vec::new() }
    }

    fn column(&self, node: usize, which: usize) -> Column<'_> {
        let bytes = self.piece(Part::ColumnStarts, Part::Columns, PER_NODE * node + which);
        Column { cursor: Cursor::new(bytes), next: 0 }
    }

    /// Calls `see` with every place on the globe.
    pub(crate) fn spots(&self, mut see: impl FnMut(Spot)) {
        let mut cursor = Cursor::new(self.part(Part::Places));
        let mut record = 0_u32;
        while !cursor.is_over() {
            record = record.wrapping_add(cursor.number() as u32);
            let location = cursor.number() as u32;
            let mut degrees = || match cursor.take(4) {
                &[a, b, c, d] => f64::from(f32::from_le_bytes([a, b, c, d])),
                _ => f64::NAN,
            };
            let (north, east) = (degrees(), degrees());
            see(Spot { record, location, north, east });
        }
    }
}
