//! Typed columns with missing values, and tables of them: defined once, written in every format.

use std::borrow::Cow;

/// A table: equally long columns under one name, which becomes the file's name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Name in lower case, e.g. `adsl`.
    pub name: String,
    /// What it is, in words; may be empty.
    pub label: String,
    /// The columns, in order.
    pub columns: Vec<Field>,
}

/// A named column.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Name, at most 8 capital letters and digits where CDISC asks for it.
    pub name: String,
    /// What it is, in words.
    pub label: String,
    /// Unit of the numbers; empty when there is none or when it differs by row.
    pub unit: String,
    /// The values.
    pub column: Column,
}

/// The values of a column. A missing text is empty; a missing number is `None`.
#[derive(Debug, Clone)]
pub enum Column {
    /// Text.
    Text(Vec<String>),
    /// Text as it is read from files: one allocation for all rows.
    Packed(Texts),
    /// Text from a short list of words; each row is the place of its word.
    Coded {
        /// The words.
        words: Vec<Cow<'static, str>>,
        /// Place of each row's word.
        rows: Vec<u32>,
    },
    /// Numbers.
    Number(Vec<Option<f64>>),
    /// Whole numbers.
    Integer(Vec<Option<i64>>),
}

/// Many texts in one allocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    text: String,
    ends: Vec<usize>,
}

impl Texts {
    /// Adds a text.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    /// Number of texts.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// No text at all.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text of a row.
    pub fn get(&self, row: usize) -> Option<&str> {
        let end = *self.ends.get(row)?;
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        Some(&self.text[start..end])
    }
}

impl<'a> Extend<&'a str> for Texts {
    fn extend<I: IntoIterator<Item = &'a str>>(&mut self, texts: I) {
        for text in texts {
            self.push(text);
        }
    }
}

/// One value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Missing,
    /// Text, not empty.
    Text(&'a str),
    /// A number.
    Number(f64),
    /// A whole number.
    Integer(i64),
}

impl Table {
    /// A table without columns.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), label: String::new(), columns: Vec::new() }
    }

    /// The table with that label.
    #[must_use]
    pub fn labelled(mut self, label: &str) -> Self {
        self.label = label.into();
        self
    }

    /// The table with a unit for its last column.
    #[must_use]
    pub fn in_unit(mut self, unit: &str) -> Self {
        if let Some(field) = self.columns.last_mut() {
            field.unit = unit.into();
        }
        self
    }

    /// The table with one more column.
    #[must_use]
    pub fn with(mut self, name: &str, label: &str, column: Column) -> Self {
        self.columns.push(Field {
            name: name.into(),
            label: label.into(),
            unit: String::new(),
            column,
        });
        self
    }

    /// The table with one more column of text.
    #[must_use]
    pub fn text(self, name: &str, label: &str, values: Vec<String>) -> Self {
        self.with(name, label, Column::Text(values))
    }

    /// The table with one more column of numbers.
    #[must_use]
    pub fn number(self, name: &str, label: &str, values: Vec<Option<f64>>) -> Self {
        self.with(name, label, Column::Number(values))
    }

    /// The table with one more column of whole numbers.
    #[must_use]
    pub fn integer(self, name: &str, label: &str, values: Vec<Option<i64>>) -> Self {
        self.with(name, label, Column::Integer(values))
    }

    /// Number of rows; that of the shortest column, should they differ.
    pub fn rows(&self) -> usize {
        self.columns.iter().map(|field| field.column.len()).min().unwrap_or(0)
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|field| field.name == name).map(|field| &field.column)
    }

    /// Adds the rows of another table with the same columns.
    ///
    /// # Panics
    /// When the columns differ in number or kind: both come from the same definition.
    pub fn append(&mut self, other: Self) {
        assert_eq!(self.columns.len(), other.columns.len(), "tables of one definition");
        for (mine, theirs) in self.columns.iter_mut().zip(other.columns) {
            mine.column.append(theirs.column);
        }
    }
}

impl Field {
    /// Bytes of the longest text; 0 for numbers.
    pub fn longest(&self) -> usize {
        let length = |cell| match cell {
            Cell::Text(text) => text.len(),
            _ => 0,
        };
        self.column.cells().map(length).max().unwrap_or(0)
    }
}

impl Column {
    /// A column of words: each row's word is found or added.
    pub fn coded(values: impl IntoIterator<Item = Cow<'static, str>>) -> Self {
        let mut words: Vec<Cow<'static, str>> = Vec::new();
        let mut rows = Vec::new();
        for value in values {
            // the last words are the likeliest: rows come in runs
            let place = words.iter().rposition(|word| *word == value).unwrap_or_else(|| {
                words.push(value);
                words.len() - 1
            });
            rows.push(place as u32);
        }
        Self::Coded { words, rows }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(values) => values.len(),
            Self::Packed(values) => values.len(),
            Self::Coded { rows, .. } => rows.len(),
            Self::Number(values) => values.len(),
            Self::Integer(values) => values.len(),
        }
    }

    /// No row at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a row; missing beyond the end.
    pub fn cell(&self, row: usize) -> Cell<'_> {
        let text = |text: &'_ str| -> bool { text.is_empty() };
        match self {
            Self::Text(values) => match values.get(row) {
                Some(value) if !text(value) => Cell::Text(value),
                _ => Cell::Missing,
            },
            Self::Packed(values) => match values.get(row) {
                Some(value) if !text(value) => Cell::Text(value),
                _ => Cell::Missing,
            },
            Self::Coded { words, rows } => {
                match rows.get(row).and_then(|&at| words.get(at as usize)) {
                    Some(word) if !text(word) => Cell::Text(word),
                    _ => Cell::Missing,
                }
            }
            Self::Number(values) => match values.get(row).copied().flatten() {
                Some(value) if !value.is_nan() => Cell::Number(value),
                _ => Cell::Missing,
            },
            Self::Integer(values) => {
                values.get(row).copied().flatten().map_or(Cell::Missing, Cell::Integer)
            }
        }
    }

    /// Every value, in order.
    pub fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        (0..self.len()).map(|row| self.cell(row))
    }

    fn append(&mut self, other: Self) {
        match (self, other) {
            (Self::Text(mine), Self::Text(theirs)) => mine.extend(theirs),
            (Self::Packed(mine), Self::Packed(theirs)) => {
                mine.extend((0..theirs.len()).filter_map(|row| theirs.get(row)));
            }
            (Self::Number(mine), Self::Number(theirs)) => mine.extend(theirs),
            (Self::Integer(mine), Self::Integer(theirs)) => mine.extend(theirs),
            (Self::Coded { words, rows }, Self::Coded { words: new, rows: theirs }) => {
                let places: Vec<u32> = new
                    .into_iter()
                    .map(|word| {
                        let known = words.iter().position(|mine| *mine == word);
                        known.unwrap_or_else(|| {
                            words.push(word);
                            words.len() - 1
                        }) as u32
                    })
                    .collect();
                rows.extend(theirs.into_iter().map(|row| places[row as usize]));
            }
            _ => panic!("tables of one definition have columns of one kind"),
        }
    }
}

impl PartialEq for Column {
    /// Equal when every row has the same value, however the column holds it.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.cells().eq(other.cells())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coded_and_plain_text_with_the_same_rows_are_equal() {
        let plain = Column::Text(vec!["a".into(), String::new(), "b".into(), "a".into()]);
        let coded = Column::coded(["a", "", "b", "a"].map(Cow::Borrowed));
        assert_eq!(plain, coded);
        assert_eq!(coded.cell(1), Cell::Missing);
    }

    #[test]
    fn appending_keeps_every_row() {
        let table = |words: [&'static str; 2]| {
            Table::new("t").with("W", "word", Column::coded(words.map(Cow::Borrowed))).number(
                "X",
                "number",
                vec![Some(1.0), None],
            )
        };
        let mut joined = table(["a", "b"]);
        joined.append(table(["b", "c"]));
        let want = Column::Text(["a", "b", "b", "c"].map(String::from).to_vec());
        assert_eq!(joined.column("W"), Some(&want));
        assert_eq!(joined.rows(), 4);
    }
}
