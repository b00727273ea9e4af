//! A document as plain text for a terminal: wrapped, tables aligned, colour only if asked for.

use crate::data::DataTable;
use crate::document::{Align, Badge, Block, Cell, Document, KeyValue, Mark, NoteKind, Table, Text};
use crate::figure::Figure;

/// How the terminal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Columns of text; at least 40 are used.
    pub width: usize,
    /// True to mark headings and badges with colour.
    pub colour: bool,
}

impl Default for Terminal {
    fn default() -> Self {
        Self { width: 96, colour: false }
    }
}

/// More rows of a figure's data than this are only counted.
const SHOWN_ROWS: usize = 12;
const BOLD: &str = "1";
const DIM: &str = "2";

/// The text.
pub fn render(document: &Document, terminal: Terminal) -> String {
    let mut writer = Writer {
        width: terminal.width.max(40),
        colour: terminal.colour,
        text: String::new(),
        tables: 0,
        figures: 0,
    };
    let title = writer.paint(BOLD, &clean(&document.title));
    writer.line(&title);
    if !document.subtitle.is_empty() {
        writer.wrapped(&clean(&document.subtitle), "", "");
    }
    writer.line(&"=".repeat(writer.width));
    writer.blocks(&document.blocks);
    writer.text
}

struct Writer {
    width: usize,
    colour: bool,
    text: String,
    tables: usize,
    figures: usize,
}

impl Writer {
    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            self.line("");
            match block {
                Block::Heading { level, text } => self.heading(*level, text),
                Block::Paragraph(text) => self.wrapped(&words(text), "", ""),
                Block::Table(table) => self.table(table),
                Block::Figure(figure) => self.figure(figure),
                Block::Note { kind, text } => self.note(*kind, text),
                Block::List { numbered, items } => self.list(*numbered, items),
                Block::KeyValues(pairs) => self.key_values(pairs),
                Block::Details { summary, blocks } => {
                    let summary = self.paint(BOLD, &clean(summary));
                    self.line(&summary);
                    self.blocks(blocks);
                }
            }
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn wrapped(&mut self, text: &str, first: &str, rest: &str) {
        let width = self.width.saturating_sub(length(first).max(length(rest))).max(20);
        for (at, line) in wrap(text, width).into_iter().enumerate() {
            let indent = if at == 0 { first } else { rest };
            self.line(&format!("{indent}{line}"));
        }
    }

    fn heading(&mut self, level: u8, text: &str) {
        let text = clean(text);
        let painted = self.paint(BOLD, &text);
        self.line(&painted);
        let rule = match level {
            0 | 1 => "=",
            2 => "-",
            _ => return,
        };
        self.line(&rule.repeat(length(&text).min(self.width)));
    }

    fn note(&mut self, kind: NoteKind, text: &Text) {
        let text = format!("{}: {}", kind.word(), words(text));
        self.wrapped(&text, "| ", "| ");
    }

    fn list(&mut self, numbered: bool, items: &[Text]) {
        for (at, item) in items.iter().enumerate() {
            let first = if numbered { format!("{:>2}. ", at + 1) } else { "  - ".into() };
            self.wrapped(&words(item), &first, "    ");
        }
    }

    fn key_values(&mut self, pairs: &[KeyValue]) {
        let widest = pairs.iter().map(|pair| length(&clean(&pair.key))).max().unwrap_or(0);
        let indent = widest.min(self.width / 3) + 2;
        for pair in pairs {
            let key = clean(&pair.key);
            let value = cell_words(&pair.value);
            if length(&key) + 2 > indent {
                self.line(&key);
                self.wrapped(&value, &" ".repeat(indent), &" ".repeat(indent));
            } else {
                let first = pad(&key, indent, Align::Left);
                self.wrapped(&value, &first, &" ".repeat(indent));
            }
        }
    }

    fn table(&mut self, table: &Table) {
        self.tables += 1;
        let caption = format!("Table {}. {}", self.tables, clean(&table.caption));
        self.wrapped(&caption, "", "");
        let heads: Vec<String> = table.columns.iter().map(|column| clean(&column.title)).collect();
        let aligns: Vec<Align> = table.columns.iter().map(|column| column.align).collect();
        let empty = Cell::default();
        let rows: Vec<Vec<String>> = table
            .rows
            .iter()
            .map(|row| {
                (0..heads.len()).map(|at| cell_words(row.get(at).unwrap_or(&empty))).collect()
            })
            .collect();
        self.grid(&heads, &aligns, &rows);
        for note in &table.notes {
            self.wrapped(&words(note), "  ", "  ");
        }
    }

    fn figure(&mut self, figure: &Figure) {
        self.figures += 1;
        let title = format!("Figure {}. {}", self.figures, clean(&figure.title));
        self.wrapped(&title, "", "");
        for part in [&figure.caption, &figure.denominators, &figure.alternative] {
            self.wrapped(&clean(part), "  ", "  ");
        }
        let tables = figure.data();
        for data in &tables {
            self.data(data, tables.len() > 1);
        }
    }

    fn data(&mut self, data: &DataTable, is_named: bool) {
        if data.rows.is_empty() {
            return;
        }
        if data.rows.len() > SHOWN_ROWS {
            let text = format!("  ({}: {} rows, in the page)", clean(&data.name), data.rows.len());
            let text = self.paint(DIM, &text);
            self.line(&text);
            return;
        }
        if is_named {
            let name = format!("  {}:", clean(&data.name));
            self.line(&name);
        }
        let heads: Vec<String> = data.columns.iter().map(|column| clean(column)).collect();
        let aligns: Vec<Align> = (0..heads.len())
            .map(|at| if data.is_numeric(at) { Align::Right } else { Align::Left })
            .collect();
        let rows: Vec<Vec<String>> = data
            .rows
            .iter()
            .map(|row| row.iter().map(|datum| clean(&datum.shown())).collect())
            .collect();
        self.grid(&heads, &aligns, &rows);
    }

    fn grid(&mut self, heads: &[String], aligns: &[Align], rows: &[Vec<String>]) {
        if heads.is_empty() {
            return;
        }
        let widths = widths(heads, rows, self.width);
        let rule: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
        for line in lines(heads, aligns, &widths) {
            let line = self.paint(BOLD, &line);
            self.line(&line);
        }
        self.line(&rule.join("  "));
        for row in rows {
            for line in lines(row, aligns, &widths) {
                self.line(&line);
            }
        }
    }
}

/// Widths of the columns: as wide as needed; the widest give way until the row fits.
fn widths(heads: &[String], rows: &[Vec<String>], width: usize) -> Vec<usize> {
    const LEAST: usize = 6;
    let widest = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at));
        cells.chain(heads.get(at)).map(|text| length(text)).max().unwrap_or(0).max(1)
    };
    let mut widths: Vec<usize> = (0..heads.len()).map(widest).collect();
    let room = width.saturating_sub(2 * (heads.len() - 1));
    while widths.iter().sum::<usize>() > room {
        let Some(broadest) = widths.iter_mut().max_by_key(|width| **width) else { break };
        if *broadest <= LEAST {
            break;
        }
        *broadest -= 1;
    }
    widths
}

/// The printed lines of one row.
fn lines(cells: &[String], aligns: &[Align], widths: &[usize]) -> Vec<String> {
    let wrapped: Vec<Vec<String>> =
        cells.iter().zip(widths).map(|(text, &width)| wrap(text, width)).collect();
    let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
    (0..height)
        .map(|at| {
            let parts: Vec<String> = wrapped
                .iter()
                .zip(aligns.iter().zip(widths))
                .map(|(cell, (&align, &width))| {
                    pad(cell.get(at).map_or("", String::as_str), width, align)
                })
                .collect();
            parts.join("  ")
        })
        .collect()
}

fn pad(text: &str, width: usize, align: Align) -> String {
    let space = width.saturating_sub(length(text));
    let left = match align {
        Align::Left => 0,
        Align::Right => space,
        Align::Centre => space / 2,
    };
    format!("{}{text}{}", " ".repeat(left), " ".repeat(space - left))
}

/// Lines of at most `width` characters, broken at spaces, or inside a word that is longer.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let mut word = word;
        if !line.is_empty() && length(&line) + 1 + length(word) > width {
            lines.push(std::mem::take(&mut line));
        }
        while length(word) > width {
            let cut = word.char_indices().nth(width).map_or(word.len(), |(at, _)| at);
            lines.push(word[..cut].to_owned());
            word = &word[cut..];
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// Text without characters that a terminal would obey.
fn clean(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

fn words(text: &Text) -> String {
    let mut line = String::new();
    for span in &text.spans {
        match &span.mark {
            Mark::Code => line.extend(["`", &span.text, "`"]),
            Mark::Badge(badge) => line.push_str(&tag(*badge)),
            Mark::Link(target) if target.starts_with("http") && *target != span.text => {
                line.extend([&span.text, " (", target, ")"]);
            }
            Mark::Plain | Mark::Strong | Mark::Link(_) => line.push_str(&span.text),
        }
    }
    clean(&line)
}

fn cell_words(cell: &Cell) -> String {
    let text = words(&cell.text);
    match cell.badge {
        None => text,
        Some(badge) => format!("{text} {}", tag(badge)).trim_start().to_owned(),
    }
}

fn tag(badge: Badge) -> String {
    format!("[{}]", badge.word())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{cell, numbers, paragraph, words as column};

    fn table() -> Document {
        let table = Table {
            id: "t".into(),
            caption: "Responses".into(),
            columns: vec![column("arm"), numbers("ORR")],
            rows: vec![
                vec!["car-nk".into(), cell("3/18 (17%)", Badge::Assumed)],
                vec!["a name that is far too long for such a narrow terminal as this".into()],
            ],
            notes: vec![],
        };
        Document { title: "T".into(), blocks: vec![Block::Table(table)], ..Document::default() }
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let text = render(&table(), Terminal { width: 44, colour: false });
        assert!(text.lines().all(|line| length(line) <= 44), "{text}");
        assert!(text.contains("3/18 (17%) [assumed]"), "{text}");
    }

    #[test]
    fn numbers_stand_on_the_right() {
        let heads = ["a".to_owned(), "count".to_owned()];
        let rows = vec![vec!["x".to_owned(), "7".to_owned()]];
        let widths = widths(&heads, &rows, 80);
        assert_eq!(lines(&rows[0], &[Align::Left, Align::Right], &widths), ["x      7"]);
    }

    #[test]
    fn text_cannot_steer_the_terminal() {
        let document =
            Document { blocks: vec![paragraph("a\u{1b}[2Jb\u{7}")], ..Document::default() };
        let text = render(&document, Terminal::default());
        assert!(!text.contains(['\u{1b}', '\u{7}']));
        assert!(render(&document, Terminal { width: 80, colour: true }).contains("\u{1b}[1m"));
    }
}
