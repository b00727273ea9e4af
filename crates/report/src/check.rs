//! What every report must hold: figures that can be read without seeing them, pages that ask no host for anything.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::{Block, Cell, Document, Mark, Text};
use crate::figure::{Figure, SCHEMA};
use crate::palette::Palette;

mod evidence;
mod page;

pub use evidence::{Fitted, fitted, ranges};
pub use page::page;

/// Something that a report lacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A part that every figure or table needs is empty.
    #[error("{block} has no {part}")]
    Missing {
        /// Which block.
        block: String,
        /// Which part.
        part: &'static str,
    },
    /// Two blocks share an id.
    #[error("two blocks have the id `{0}`")]
    Twice(String),
    /// A row does not fit the columns.
    #[error("{block}: row {row} has {cells} cells for {columns} columns")]
    Ragged {
        /// Which block.
        block: String,
        /// Which row, counted from 1.
        row: usize,
        /// Cells in it.
        cells: usize,
        /// Columns there are.
        columns: usize,
    },
    /// A link leads to nothing in the report.
    #[error("a link leads to `{0}`, which is not there")]
    DeadLink(String),
    /// A specification draws a field that its data do not hold.
    #[error("{block} draws the field `{field}`, which its data do not hold")]
    UnknownField {
        /// Which block.
        block: String,
        /// The field.
        field: String,
    },
    /// A number that is none was printed.
    #[error("{block} prints `{word}`")]
    NotANumber {
        /// Which block.
        block: String,
        /// What was printed.
        word: String,
    },
    /// An arm that may only be shown as a range is shown as a point.
    #[error("{block} shows {arm} without its range: {text}")]
    BareEstimate {
        /// Which block.
        block: String,
        /// The arm.
        arm: String,
        /// What is shown.
        text: String,
    },
    /// A result that values may have been set to lacks its mark.
    #[error("{block} shows {what} without the mark \"fitted\"")]
    NotMarked {
        /// Which block.
        block: String,
        /// The published result.
        what: String,
    },
    /// The page as text breaks a rule.
    #[error("page: {0}")]
    Page(String),
}

/// Everything that the document lacks.
pub fn document(document: &Document) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut ids = BTreeSet::new();
    let palette = Palette::new(&document.arms);
    if document.title.trim().is_empty() {
        faults.push(Fault::Missing { block: "the document".into(), part: "title" });
    }
    for figure in document.figures() {
        note_id(&figure.id, &mut ids, &mut faults);
        check_figure(figure, &palette, &mut faults);
    }
    for table in document.tables() {
        note_id(&table.id, &mut ids, &mut faults);
        let block = format!("table `{}`", table.id);
        let parts = [("id", &table.id), ("caption", &table.caption)];
        missing(&block, &parts, &mut faults);
        if table.columns.is_empty() {
            faults.push(Fault::Missing { block: block.clone(), part: "columns" });
        }
        for (at, row) in table.rows.iter().enumerate() {
            let (cells, columns) = (row.len(), table.columns.len());
            if cells > columns {
                faults.push(Fault::Ragged { block: block.clone(), row: at + 1, cells, columns });
            }
        }
    }
    let targets = targets(document);
    for text in texts(&document.blocks) {
        for span in &text.spans {
            not_a_number("the text", &span.text, &mut faults);
            if let Mark::Link(target) = &span.mark
                && let Some(id) = target.strip_prefix('#')
                && !targets.contains(&crate::html::anchor_of(id))
            {
                faults.push(Fault::DeadLink(target.clone()));
            }
        }
    }
    faults
}

/// Everything that a link inside the document may lead to: figures, tables and headings.
pub(crate) fn targets(document: &Document) -> BTreeSet<String> {
    let figures = document.figures().into_iter().map(|figure| &figure.id);
    let tables = document.tables().into_iter().map(|table| &table.id);
    let ids = figures.chain(tables).map(|id| crate::html::anchor_of(id));
    ids.chain(headings(&document.blocks)).collect()
}

fn check_figure(figure: &Figure, palette: &Palette, faults: &mut Vec<Fault>) {
    let block = format!("figure `{}`", figure.id);
    let parts = [
        ("id", &figure.id),
        ("title", &figure.title),
        ("caption", &figure.caption),
        ("alternative text", &figure.alternative),
        ("denominators", &figure.denominators),
    ];
    missing(&block, &parts, faults);
    let tables = figure.data();
    if tables.iter().all(|table| table.rows.is_empty()) {
        faults.push(Fault::Missing { block: block.clone(), part: "data" });
    }
    for table in &tables {
        let columns = table.columns.len();
        for (at, row) in table.rows.iter().enumerate() {
            if row.len() != columns {
                let (row, cells) = (at + 1, row.len());
                faults.push(Fault::Ragged { block: block.clone(), row, cells, columns });
            }
            for datum in row {
                not_a_number(&block, &datum.shown(), faults);
            }
        }
    }
    for (_, words) in parts {
        not_a_number(&block, words, faults);
    }
    let specification = figure.specification(palette);
    if specification["$schema"] != SCHEMA {
        faults.push(Fault::Missing { block: block.clone(), part: "schema" });
    }
    check_fields(&block, &specification, &Value::Null, faults);
}

/// Every field that a view encodes is in the rows it draws; views without rows are left alone.
fn check_fields(block: &str, view: &Value, inherited: &Value, faults: &mut Vec<Fault>) {
    let own = view.pointer("/data/values").unwrap_or(inherited);
    if let (Some(channels), Some(rows)) = (view["encoding"].as_object(), own.as_array()) {
        for channel in channels.values() {
            let several = channel.as_array().cloned().unwrap_or_else(|| vec![channel.clone()]);
            for field in several.iter().filter_map(|part| part["field"].as_str()) {
                if !rows.is_empty() && rows.iter().all(|row| row.get(field).is_none()) {
                    faults.push(Fault::UnknownField { block: block.into(), field: field.into() });
                }
            }
        }
    }
    for layer in view["layer"].as_array().into_iter().flatten() {
        check_fields(block, layer, own, faults);
    }
}

fn note_id(id: &str, ids: &mut BTreeSet<String>, faults: &mut Vec<Fault>) {
    if !ids.insert(id.to_owned()) {
        faults.push(Fault::Twice(id.to_owned()));
    }
}

fn missing(block: &str, parts: &[(&'static str, &String)], faults: &mut Vec<Fault>) {
    for (part, text) in parts {
        if text.trim().is_empty() {
            faults.push(Fault::Missing { block: block.into(), part });
        }
    }
}

/// Words that a number formatter leaves behind when it should not have been asked.
fn not_a_number(block: &str, text: &str, faults: &mut Vec<Fault>) {
    let is_wrong = |word: &&str| matches!(*word, "NaN" | "nan" | "inf" | "-inf" | "Infinity");
    let mut words =
        text.split(|letter: char| !(letter.is_alphanumeric() || letter == '-' || letter == '.'));
    if let Some(word) = words.find(is_wrong) {
        faults.push(Fault::NotANumber { block: block.into(), word: word.into() });
    }
}

fn headings(blocks: &[Block]) -> Vec<String> {
    let mut found = Vec::new();
    for block in blocks {
        match block {
            Block::Heading { text, .. } => found.push(crate::html::anchor_of(text)),
            Block::Details { blocks, .. } => found.extend(headings(blocks)),
            _ => {}
        }
    }
    found
}

fn texts(blocks: &[Block]) -> Vec<&Text> {
    let mut found: Vec<&Text> = Vec::new();
    for block in blocks {
        match block {
            Block::Paragraph(text) | Block::Note { text, .. } => found.push(text),
            Block::List { items, .. } => found.extend(items),
            Block::KeyValues(pairs) => found.extend(pairs.iter().map(|pair| &pair.value.text)),
            Block::Table(table) => {
                found.extend(table.rows.iter().flatten().map(|cell: &Cell| &cell.text));
                found.extend(&table.notes);
            }
            Block::Details { blocks, .. } => found.extend(texts(blocks)),
            Block::Heading { .. } | Block::Figure(_) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Table, plain};
    use crate::document::{link, numbers, paragraph, section};
    use crate::figure::{Axis, Curve, CurvePoint, Drawing, Line};

    fn figure() -> Figure {
        let line = Line { name: "a".into(), points: vec![CurvePoint::new(0.0, 1.0)] };
        Figure {
            id: "f".into(),
            title: "t".into(),
            caption: "c".into(),
            alternative: "a".into(),
            denominators: "n = 1".into(),
            drawing: Drawing::Curve(Curve {
                horizontal: Axis::linear("days"),
                vertical: Axis::linear("cells"),
                band: String::new(),
                lines: vec![line],
                references: vec![],
            }),
        }
    }

    fn with(blocks: Vec<Block>) -> Document {
        Document { title: "T".into(), blocks, ..Document::default() }
    }

    #[test]
    fn a_whole_figure_has_no_fault() {
        assert_eq!(document(&with(vec![Block::Figure(figure())])), []);
    }

    #[test]
    fn a_figure_without_words_for_it_is_found() {
        let bare = Figure { alternative: " ".into(), ..figure() };
        let faults = document(&with(vec![Block::Figure(bare)]));
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].to_string(), "figure `f` has no alternative text");
    }

    #[test]
    fn a_figure_without_data_and_an_id_given_twice_are_found() {
        let mut empty = figure();
        if let Drawing::Curve(curve) = &mut empty.drawing {
            curve.lines.clear();
        }
        let faults = document(&with(vec![Block::Figure(figure()), Block::Figure(empty)]));
        assert!(faults.contains(&Fault::Twice("f".into())));
        assert!(faults.iter().any(|fault| matches!(fault, Fault::Missing { part: "data", .. })));
    }

    #[test]
    fn ragged_rows_dead_links_and_numbers_that_are_none_are_found() {
        let table = Table {
            id: "t".into(),
            caption: "c".into(),
            columns: vec![numbers("n")],
            rows: vec![vec!["1".into(), "2".into()]],
            notes: vec![],
        };
        let words = paragraph([plain("ORR NaN"), link("here", "#t"), link("there", "#nothing")]);
        let faults = document(&with(vec![section("Results"), Block::Table(table), words]));
        assert_eq!(faults.len(), 3, "{faults:?}");
        let linked = paragraph([link("up", "#results")]);
        assert_eq!(document(&with(vec![section("Results"), linked])), []);
    }

    #[test]
    fn a_field_that_the_rows_do_not_hold_is_found() {
        let view = serde_json::json!({
            "data": { "values": [{ "a": 1 }] },
            "layer": [{ "encoding": { "x": { "field": "a" }, "tooltip": [{ "field": "b" }] } }]
        });
        let mut faults = Vec::new();
        check_fields("figure", &view, &Value::Null, &mut faults);
        assert_eq!(faults, [Fault::UnknownField { block: "figure".into(), field: "b".into() }]);
    }
}
