//! A document as Markdown with pipe tables.

use crate::document::{Align, Badge, Block, Cell, Document, KeyValue, Mark, NoteKind, Table, Text};
use crate::figure::Figure;

/// More rows of a figure's data than this are only counted.
const SHOWN_ROWS: usize = 40;

/// The text.
pub fn render(document: &Document) -> String {
    let mut writer = Writer { text: String::new(), tables: 0, figures: 0 };
    writer.paragraph(&format!("# {}", escape(&document.title)));
    if !document.subtitle.is_empty() {
        writer.paragraph(&escape(&document.subtitle));
    }
    writer.blocks(&document.blocks);
    writer.text
}

struct Writer {
    text: String,
    tables: usize,
    figures: usize,
}

impl Writer {
    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            match block {
                Block::Heading { level, text } => {
                    let marks = "#".repeat(usize::from((*level).clamp(1, 3)) + 1);
                    self.paragraph(&format!("{marks} {}", escape(text)));
                }
                Block::Paragraph(text) => self.paragraph(&inline(text)),
                Block::Table(table) => self.table(table),
                Block::Figure(figure) => self.figure(figure),
                Block::Note { kind, text } => self.note(*kind, text),
                Block::List { numbered, items } => self.list(*numbered, items),
                Block::KeyValues(pairs) => self.key_values(pairs),
                Block::Details { summary, blocks } => {
                    self.paragraph(&format!("**{}**", escape(summary)));
                    self.blocks(blocks);
                }
            }
        }
    }

    /// Text followed by an empty line.
    fn paragraph(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn note(&mut self, kind: NoteKind, text: &Text) {
        self.paragraph(&format!("> **{}.** {}", kind.word(), inline(text)));
    }

    fn list(&mut self, numbered: bool, items: &[Text]) {
        let lines: Vec<String> = items
            .iter()
            .enumerate()
            .map(|(at, item)| {
                let mark = if numbered { format!("{}.", at + 1) } else { "-".into() };
                format!("{mark} {}", inline(item))
            })
            .collect();
        self.paragraph(&lines.join("\n"));
    }

    fn key_values(&mut self, pairs: &[KeyValue]) {
        let lines: Vec<String> = pairs
            .iter()
            .map(|pair| format!("- **{}**: {}", escape(&pair.key), cell(&pair.value)))
            .collect();
        self.paragraph(&lines.join("\n"));
    }

    fn table(&mut self, table: &Table) {
        self.tables += 1;
        self.paragraph(&format!("**Table {}.** {}", self.tables, escape(&table.caption)));
        let heads: Vec<String> = table.columns.iter().map(|column| escape(&column.title)).collect();
        let aligns: Vec<Align> = table.columns.iter().map(|column| column.align).collect();
        let empty = Cell::default();
        let rows: Vec<Vec<String>> = table
            .rows
            .iter()
            .map(|row| (0..heads.len()).map(|at| cell(row.get(at).unwrap_or(&empty))).collect())
            .collect();
        self.grid(&heads, &aligns, &rows);
        for note in &table.notes {
            self.paragraph(&inline(note));
        }
    }

    fn figure(&mut self, figure: &Figure) {
        self.figures += 1;
        self.paragraph(&format!("**Figure {}.** {}", self.figures, escape(&figure.title)));
        for part in [&figure.caption, &figure.denominators, &figure.alternative] {
            if !part.is_empty() {
                self.paragraph(&escape(part));
            }
        }
        for data in figure.data() {
            if data.rows.len() > SHOWN_ROWS {
                self.paragraph(&format!(
                    "{}: {} rows, in the page.",
                    escape(&data.name),
                    data.rows.len()
                ));
                continue;
            }
            let heads: Vec<String> = data.columns.iter().map(|column| escape(column)).collect();
            let aligns: Vec<Align> = (0..heads.len())
                .map(|at| if data.is_numeric(at) { Align::Right } else { Align::Left })
                .collect();
            let rows: Vec<Vec<String>> = data
                .rows
                .iter()
                .map(|row| row.iter().map(|datum| escape(&datum.shown())).collect())
                .collect();
            self.grid(&heads, &aligns, &rows);
        }
    }

    fn grid(&mut self, heads: &[String], aligns: &[Align], rows: &[Vec<String>]) {
        if heads.is_empty() {
            return;
        }
        let mut lines = vec![format!("| {} |", heads.join(" | "))];
        let rule: Vec<&str> = aligns
            .iter()
            .map(|align| match align {
                Align::Left => "---",
                Align::Right => "---:",
                Align::Centre => ":---:",
            })
            .collect();
        lines.push(format!("| {} |", rule.join(" | ")));
        lines.extend(rows.iter().map(|row| format!("| {} |", row.join(" | "))));
        self.paragraph(&lines.join("\n"));
    }
}

/// Words on one line with every character that Markdown would read as a mark escaped.
fn escape(text: &str) -> String {
    let mut safe = String::new();
    for character in text.chars() {
        match character {
            control if control.is_control() => safe.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' => {
                safe.push('\\');
                safe.push(character);
            }
            '&' => safe.push_str("&amp;"),
            other => safe.push(other),
        }
    }
    // what would start a list at the start of a line
    let start = safe.len() - safe.trim_start().len();
    let digits = safe[start..].bytes().take_while(u8::is_ascii_digit).count();
    let after = safe[start + digits..].chars().next();
    let is_list = match after {
        Some('-' | '+') => digits == 0,
        Some('.' | ')') => digits > 0 && safe[start + digits + 1..].starts_with(' '),
        _ => false,
    };
    if is_list {
        safe.insert(start + digits, '\\');
    }
    safe
}

fn inline(text: &Text) -> String {
    text.spans
        .iter()
        .map(|span| match &span.mark {
            Mark::Strong => format!("**{}**", escape(&span.text)),
            Mark::Code => typed(&span.text),
            Mark::Badge(badge) => tag(*badge),
            Mark::Link(target)
                if target.starts_with("https://") || target.starts_with("http://") =>
            {
                let target = address(target);
                format!("[{}]({target})", escape(&span.text))
            }
            Mark::Plain | Mark::Link(_) => escape(&span.text),
        })
        .collect()
}

/// An address without what would end it.
fn address(target: &str) -> String {
    let mut safe = String::new();
    for character in target.chars() {
        match character {
            '(' => safe.push_str("%28"),
            ')' => safe.push_str("%29"),
            '|' => safe.push_str("%7C"),
            '<' => safe.push_str("%3C"),
            '>' => safe.push_str("%3E"),
            '\\' => safe.push_str("%5C"),
            other if other.is_whitespace() || other.is_control() => safe.push_str("%20"),
            other => safe.push(other),
        }
    }
    safe
}

/// Words as typed; as plain words where a fence would not hold.
fn typed(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    if !text.contains(['`', '|']) {
        return format!("`{text}`");
    }
    escape(&text)
}

fn cell(cell: &Cell) -> String {
    let text = inline(&cell.text);
    match cell.badge {
        None => text,
        Some(badge) => format!("{text} {}", tag(badge)).trim_start().to_owned(),
    }
}

fn tag(badge: Badge) -> String {
    format!("*({})*", badge.word())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{code, numbers, paragraph, words};

    #[test]
    fn a_table_cannot_be_broken_by_its_words() {
        let table = Table {
            id: "t".into(),
            caption: "a|b".into(),
            columns: vec![words("x|y"), numbers("n")],
            rows: vec![vec!["1|2\n3".into()], vec!["a".into(), "<b>".into()]],
            notes: vec![],
        };
        let document = Document {
            title: "T".into(),
            blocks: vec![Block::Table(table)],
            ..Document::default()
        };
        let text = render(&document);
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(rows, ["| x\\|y | n |", "| --- | ---: |", "| 1\\|2 3 |  |", "| a | \\<b\\> |"]);
    }

    #[test]
    fn marks_in_words_are_escaped() {
        let text = Text::from([crate::document::plain("- *a* "), code("b")]);
        let blocks = vec![paragraph(text), paragraph("12. may"), paragraph("1.5 g")];
        let text = render(&Document { blocks, ..Document::default() });
        assert!(text.contains("\\- \\*a\\* `b`"), "{text}");
        assert!(text.contains("12\\. may") && text.contains("\n1.5 g"), "{text}");
    }
}
