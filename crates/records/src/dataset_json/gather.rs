//! Rows of JSON arrays gathered column by column, whatever types they turn out to have.

use crate::column::Texts;
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use std::fmt;

/// The cells of one column: a number or a text per row, or neither.
#[derive(Debug, Clone, Default)]
pub(super) struct Gathered {
    pub(super) numbers: Vec<Option<f64>>,
    pub(super) texts: Texts,
    /// First row that holds a number.
    pub(super) first_number: Option<usize>,
    /// First row that holds a text, not empty.
    pub(super) first_text: Option<usize>,
}

/// Rows read so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    pub(super) columns: Vec<Gathered>,
    pub(super) count: usize,
    /// First row of another width than the first, and its width.
    pub(super) uneven: Option<(usize, usize)>,
}

impl Rows {
    /// Reads one row.
    pub(super) fn read(&mut self, line: &[u8]) -> Result<(), serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_slice(line);
        RowSeed(self).deserialize(&mut deserializer)?;
        deserializer.end()
    }
}

impl<'de> serde::Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(RowsVisitor)
    }
}

struct RowsVisitor;

impl<'de> Visitor<'de> for RowsVisitor {
    type Value = Rows;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Rows, A::Error> {
        let mut gathered = Rows::default();
        while rows.next_element_seed(RowSeed(&mut gathered))?.is_some() {}
        Ok(gathered)
    }
}

struct RowSeed<'a>(&'a mut Rows);

impl<'de> DeserializeSeed<'de> for RowSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for RowSeed<'_> {
    type Value = ();

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("a row: a list of values")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut cells: A) -> Result<(), A::Error> {
        let rows = self.0;
        let row = rows.count;
        let mut width = 0;
        loop {
            if rows.columns.len() == width && row == 0 {
                rows.columns.push(Gathered::default());
            }
            let mut beyond = Gathered::default();
            let column = rows.columns.get_mut(width).unwrap_or(&mut beyond);
            if cells.next_element_seed(CellSeed { column, row })?.is_none() {
                break;
            }
            width += 1;
        }
        if row == 0 {
            rows.columns.truncate(width);
        }
        rows.count += 1;
        if width != rows.columns.len() {
            rows.uneven = rows.uneven.or(Some((row, width)));
        }
        Ok(())
    }
}

struct CellSeed<'a> {
    column: &'a mut Gathered,
    row: usize,
}

impl CellSeed<'_> {
    fn number(self, number: f64) {
        self.column.numbers.push(Some(number));
        self.column.texts.push("");
        self.column.first_number = self.column.first_number.or(Some(self.row));
    }
}

impl<'de> DeserializeSeed<'de> for CellSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for CellSeed<'_> {
    type Value = ();

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("a number, a text or null")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.column.numbers.push(None);
        self.column.texts.push("");
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.number(f64::from(u8::from(value)));
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.number(value as f64);
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.number(value as f64);
        Ok(())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.number(value);
        Ok(())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.column.numbers.push(None);
        self.column.texts.push(value);
        if !value.is_empty() {
            self.column.first_text = self.column.first_text.or(Some(self.row));
        }
        Ok(())
    }
}
