//! Columns: which records have a node and how often, and what its values are as numbers.

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
    fn at(&mut self, record: u32) {
        put(&mut self.bytes, u64::from(record - self.next));
        self.next = record + 1;
    }

    /// So many values in a record.
    pub(crate) fn push_count(&mut self, record: u32, count: u32) {
        self.at(record);
        put(&mut self.bytes, u64::from(count));
    }

    /// The values of a record as numbers.
    pub(crate) fn push_values(&mut self, record: u32, values: &[Interval]) {
        self.at(record);
        put(&mut self.bytes, values.len() as u64);
        for value in values {
            put(&mut self.bytes, fold(value.low));
            put(&mut self.bytes, (value.high - value.low).cast_unsigned());
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
        let mut cursor = Cursor::new(self.piece(Part::ColumnStarts, Part::Columns, 2 * node));
        let mut next = 0_u32;
        while !cursor.is_over() {
            let record = next.wrapping_add(cursor.number() as u32);
            see(record, cursor.number() as u32);
            next = record.wrapping_add(1);
        }
    }

    /// Calls `see` with every value of a node as a number, in order of record.
    pub(crate) fn values(&self, node: usize, mut see: impl FnMut(u32, Interval)) {
        let mut cursor = Cursor::new(self.piece(Part::ColumnStarts, Part::Columns, 2 * node + 1));
        let mut next = 0_u32;
        while !cursor.is_over() {
            let record = next.wrapping_add(cursor.number() as u32);
            let count = cursor.number();
            for _ in 0..count {
                let low = unfold(cursor.number());
                let high = low.wrapping_add(cursor.number().cast_signed());
                see(record, Interval { low, high });
                if cursor.is_over() {
                    break;
                }
            }
            next = record.wrapping_add(1);
        }
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
