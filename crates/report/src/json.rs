//! A document as JSON with stable keys; each figure as its specification and its data.

use serde_json::{Map, Value, json};

use crate::data::{DataTable, Datum};
use crate::document::{Align, Block, Cell, Document, Mark, NoteKind, Table, Text};
use crate::figure::Figure;
use crate::palette::Palette;

/// The document as one JSON value.
pub fn value(document: &Document) -> Value {
    let palette = Palette::new(&document.arms);
    json!({
        "title": document.title,
        "subtitle": document.subtitle,
        "arms": document.arms,
        "blocks": blocks(&document.blocks, &palette),
    })
}

fn blocks(list: &[Block], palette: &Palette) -> Vec<Value> {
    list.iter().map(|item| block(item, palette)).collect()
}

fn block(block: &Block, palette: &Palette) -> Value {
    match block {
        Block::Heading { level, text } => {
            json!({ "kind": "heading", "level": level, "text": text })
        }
        Block::Paragraph(words) => json!({ "kind": "paragraph", "text": text(words) }),
        Block::Table(rows) => table(rows),
        Block::Figure(drawing) => figure(drawing, palette),
        Block::Note { kind, text: words } => {
            let weight = match kind {
                NoteKind::Note => "note",
                NoteKind::Assumption => "assumption",
                NoteKind::Warning => "warning",
            };
            json!({ "kind": "note", "weight": weight, "text": text(words) })
        }
        Block::List { numbered, items } => {
            let items: Vec<Value> = items.iter().map(text).collect();
            json!({ "kind": "list", "numbered": numbered, "items": items })
        }
        Block::KeyValues(pairs) => {
            let pairs: Vec<Value> = pairs
                .iter()
                .map(|pair| json!({ "key": pair.key, "value": cell(&pair.value) }))
                .collect();
            json!({ "kind": "key_values", "items": pairs })
        }
        Block::Details { summary, blocks: inner } => {
            json!({ "kind": "details", "summary": summary, "blocks": blocks(inner, palette) })
        }
    }
}

/// Plain words as a string; words with marks as a list of pieces.
fn text(text: &Text) -> Value {
    if text.spans.iter().all(|span| span.mark == Mark::Plain) {
        return text.words().into();
    }
    let pieces = text.spans.iter().map(|span| {
        let mut piece = Map::new();
        piece.insert("text".into(), span.text.clone().into());
        let mark = match &span.mark {
            Mark::Plain => "plain",
            Mark::Strong => "strong",
            Mark::Code => "code",
            Mark::Badge(_) => "badge",
            Mark::Link(target) => {
                piece.insert("target".into(), target.clone().into());
                "link"
            }
        };
        piece.insert("mark".into(), mark.into());
        Value::Object(piece)
    });
    pieces.collect::<Vec<Value>>().into()
}

fn cell(cell: &Cell) -> Value {
    match cell.badge {
        None => text(&cell.text),
        Some(badge) => json!({ "text": text(&cell.text), "badge": badge.word() }),
    }
}

fn table(table: &Table) -> Value {
    let columns: Vec<Value> = table
        .columns
        .iter()
        .map(|column| {
            let align = match column.align {
                Align::Left => "left",
                Align::Right => "right",
                Align::Centre => "centre",
            };
            json!({ "title": column.title, "align": align })
        })
        .collect();
    let rows: Vec<Vec<Value>> =
        table.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    let notes: Vec<Value> = table.notes.iter().map(text).collect();
    json!({
        "kind": "table", "id": table.id, "caption": table.caption, "columns": columns, "rows": rows, "notes": notes,
    })
}

fn figure(figure: &Figure, palette: &Palette) -> Value {
    let data: Vec<Value> = figure.data().iter().map(data_table).collect();
    json!({
        "kind": "figure", "drawing": figure.drawing.kind(), "id": figure.id, "title": figure.title,
        "caption": figure.caption, "alternative": figure.alternative, "denominators": figure.denominators,
        "data": data, "specification": figure.specification(palette),
    })
}

fn data_table(table: &DataTable) -> Value {
    let rows: Vec<Vec<Value>> = table
        .rows
        .iter()
        .map(|row| {
            row.iter()
                .map(|datum| match datum {
                    Datum::Words(words) => words.clone().into(),
                    Datum::Number(value) => Value::from(*value),
                    Datum::Missing => Value::Null,
                })
                .collect()
        })
        .collect();
    json!({ "name": table.name, "columns": table.columns, "rows": rows })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Badge, badge, key_value, paragraph, plain};

    #[test]
    fn keys_keep_their_order_and_marks_their_words() {
        let document = Document {
            title: "T".into(),
            blocks: vec![
                paragraph([plain("dose "), badge(Badge::Stated)]),
                Block::KeyValues(vec![key_value("n", "18")]),
            ],
            ..Document::default()
        };
        let text = value(&document).to_string();
        assert_eq!(
            text,
            "{\"title\":\"T\",\"subtitle\":\"\",\"arms\":[],\"blocks\":[{\"kind\":\"paragraph\",\"text\":\
             [{\"text\":\"dose \",\"mark\":\"plain\"},{\"text\":\"stated\",\"mark\":\"badge\"}]},\
             {\"kind\":\"key_values\",\"items\":[{\"key\":\"n\",\"value\":\"18\"}]}]}"
        );
    }
}
