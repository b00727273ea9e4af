//! What a report says, before anyone decides how it looks: a closed list of blocks.

use crate::figure::Figure;
use serde::{Deserialize, Serialize};

/// A report: a title and what follows it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The title of the page.
    pub title: String,
    /// One line under the title; may be empty.
    pub subtitle: String,
    /// Names of the arms in the order that fixes their colours in every figure.
    pub arms: Vec<String>,
    /// What the report says, in order.
    pub blocks: Vec<Block>,
}

/// One piece of a report. The list is closed: a new kind must be printed by every renderer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(
    clippy::large_enum_variant,
    reason = "a report has tens of blocks, and authors write them plainly"
)]
pub enum Block {
    /// A heading; level 1 opens a section, 2 a part of it, 3 a part of that.
    Heading {
        /// From 1 to 3.
        level: u8,
        /// The words.
        text: String,
    },
    /// A paragraph.
    Paragraph(Text),
    /// A table.
    Table(Table),
    /// A figure with its caption and its data.
    Figure(Figure),
    /// A remark set apart from the text.
    Note {
        /// How loud it is.
        kind: NoteKind,
        /// What it says.
        text: Text,
    },
    /// A list of points.
    List {
        /// True for a numbered list.
        numbered: bool,
        /// The points.
        items: Vec<Text>,
    },
    /// Names and their values, such as a synopsis.
    KeyValues(Vec<KeyValue>),
    /// Blocks folded under a line; open in print.
    Details {
        /// The line that stays visible.
        summary: String,
        /// What it hides.
        blocks: Vec<Block>,
    },
}

/// How loud a note is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoteKind {
    /// Something to know.
    Note,
    /// Something assumed that moves the result.
    Assumption,
    /// Something that limits what may be concluded.
    Warning,
}

impl NoteKind {
    /// The word printed before the note.
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "Note",
            Self::Assumption => "Assumed",
            Self::Warning => "Caution",
        }
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Badge {
    /// The record says so.
    Stated,
    /// Worked out from what is stated.
    Derived,
    /// Chosen, with a reason and a plausible range.
    Assumed,
    /// From a publication.
    Cited,
    /// Calibrated to a target; never a prediction.
    Fitted,
}

impl Badge {
    /// Every badge, in the order of a legend.
    pub const ALL: [Self; 5] =
        [Self::Stated, Self::Derived, Self::Assumed, Self::Cited, Self::Fitted];

    /// The word on the badge.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stated => "stated",
            Self::Derived => "derived",
            Self::Assumed => "assumed",
            Self::Cited => "cited",
            Self::Fitted => "fitted",
        }
    }
}

/// Words with marks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// The pieces, printed one after the other without a space between them.
    pub spans: Vec<Span>,
}

/// A piece of text with one mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// The words.
    pub text: String,
    /// How they are set.
    pub mark: Mark,
}

/// How a piece of text is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// As the rest.
    Plain,
    /// Strong.
    Strong,
    /// As typed: names of files, commands, keys.
    Code,
    /// A word that says where the value before it comes from.
    Badge(Badge),
    /// A link to an `https://` address, or to a block of this report as `#id`.
    Link(String),
}

/// Plain words.
pub fn plain(text: impl Into<String>) -> Span {
    Span { text: text.into(), mark: Mark::Plain }
}

/// Strong words.
pub fn strong(text: impl Into<String>) -> Span {
    Span { text: text.into(), mark: Mark::Strong }
}

/// Words as typed.
pub fn code(text: impl Into<String>) -> Span {
    Span { text: text.into(), mark: Mark::Code }
}

/// The badge of a value.
pub fn badge(badge: Badge) -> Span {
    Span { text: badge.word().into(), mark: Mark::Badge(badge) }
}

/// Words that lead to an `https://` address or to `#id` in this report.
pub fn link(text: impl Into<String>, target: impl Into<String>) -> Span {
    Span { text: text.into(), mark: Mark::Link(target.into()) }
}

impl Text {
    /// The words without their marks.
    pub fn words(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }

    /// True when there is nothing to print.
    pub fn is_empty(&self) -> bool {
        self.spans.iter().all(|span| span.text.trim().is_empty())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self { spans: vec![plain(text)] }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self { spans: vec![plain(text)] }
    }
}

impl From<Span> for Text {
    fn from(span: Span) -> Self {
        Self { spans: vec![span] }
    }
}

impl From<Vec<Span>> for Text {
    fn from(spans: Vec<Span>) -> Self {
        Self { spans }
    }
}

impl<const N: usize> From<[Span; N]> for Text {
    fn from(spans: [Span; N]) -> Self {
        Self { spans: spans.into() }
    }
}

/// A table. A row shorter than the columns is filled with empty cells.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// What links and files call it: letters, digits and hyphens.
    pub id: String,
    /// What the table shows.
    pub caption: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
    /// Remarks under the table.
    pub notes: Vec<Text>,
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its heading, with the unit.
    pub title: String,
    /// How its cells are set.
    pub align: Align,
    /// True for what is given, counted or seen in one patient: doses, days, reasons, denominators.
    /// Every other number of an arm without data behind it must be a range.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_given: bool,
}

impl Column {
    /// The same column, for what is given, counted or seen in one patient and not estimated.
    #[must_use]
    pub fn given(mut self) -> Self {
        self.is_given = true;
        self
    }
}

/// How the cells of a column are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
    /// Marks.
    Centre,
}

/// A column of words.
pub fn words(title: impl Into<String>) -> Column {
    Column { title: title.into(), align: Align::Left, is_given: false }
}

/// A column of numbers.
pub fn numbers(title: impl Into<String>) -> Column {
    Column { title: title.into(), align: Align::Right, is_given: false }
}

/// A column of marks or short codes.
pub fn marks(title: impl Into<String>) -> Column {
    Column { title: title.into(), align: Align::Centre, is_given: false }
}

/// One cell of a table, or the value of a key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// What it says.
    pub text: Text,
    /// Where the value comes from.
    pub badge: Option<Badge>,
}

/// A cell with the badge of its value.
pub fn cell(text: impl Into<Text>, badge: Badge) -> Cell {
    Cell { text: text.into(), badge: Some(badge) }
}

impl<T: Into<Text>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.into(), badge: None }
    }
}

/// A name and its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyValue {
    /// The name.
    pub key: String,
    /// Its value.
    pub value: Cell,
}

/// A name and its value.
pub fn key_value(key: impl Into<String>, value: impl Into<Cell>) -> KeyValue {
    KeyValue { key: key.into(), value: value.into() }
}

/// A heading that opens a section.
pub fn section(text: impl Into<String>) -> Block {
    Block::Heading { level: 1, text: text.into() }
}

/// A heading inside a section.
pub fn subsection(text: impl Into<String>) -> Block {
    Block::Heading { level: 2, text: text.into() }
}

/// A paragraph.
pub fn paragraph(text: impl Into<Text>) -> Block {
    Block::Paragraph(text.into())
}

/// A note.
pub fn note(kind: NoteKind, text: impl Into<Text>) -> Block {
    Block::Note { kind, text: text.into() }
}

/// A list of points.
pub fn list<T: Into<Text>>(items: impl IntoIterator<Item = T>) -> Block {
    Block::List { numbered: false, items: items.into_iter().map(Into::into).collect() }
}

/// A numbered list.
pub fn steps<T: Into<Text>>(items: impl IntoIterator<Item = T>) -> Block {
    Block::List { numbered: true, items: items.into_iter().map(Into::into).collect() }
}

impl Document {
    /// Every figure, also inside folded parts, in order.
    pub fn figures(&self) -> Vec<&Figure> {
        let mut found = Vec::new();
        collect(&self.blocks, &mut |block| {
            if let Block::Figure(figure) = block {
                found.push(figure);
            }
        });
        found
    }

    /// Every table, also inside folded parts, in order.
    pub fn tables(&self) -> Vec<&Table> {
        let mut found = Vec::new();
        collect(&self.blocks, &mut |block| {
            if let Block::Table(table) = block {
                found.push(table);
            }
        });
        found
    }
}

fn collect<'a>(blocks: &'a [Block], visit: &mut impl FnMut(&'a Block)) {
    for block in blocks {
        visit(block);
        if let Block::Details { blocks, .. } = block {
            collect(blocks, visit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_inside_folded_parts_are_found() {
        let table = Table { id: "inner".into(), ..Table::default() };
        let inner = Block::Details { summary: "more".into(), blocks: vec![Block::Table(table)] };
        let outer = Block::Details { summary: "all".into(), blocks: vec![inner] };
        let document = Document { blocks: vec![outer], ..Document::default() };
        assert_eq!(document.tables().len(), 1);
        assert_eq!(document.tables()[0].id, "inner");
    }

    #[test]
    fn words_drop_marks_and_keep_order() {
        let text = Text::from([plain("dose "), strong("5e8"), plain(" "), badge(Badge::Assumed)]);
        assert_eq!(text.words(), "dose 5e8 assumed");
        assert!(!text.is_empty());
        assert!(Text::from("  ").is_empty());
    }
}
