//! A document as one self-contained page: no request to any host, readable without scripts, fit to print.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::data::DataTable;
use crate::document::{
    Align, Block, Cell, Column, Document, KeyValue, Mark, NoteKind, Span, Table, Text,
};
use crate::figure::Figure;
use crate::palette::Palette;

mod bundle;
mod escape;

const STYLE: &str = include_str!("html/page.css");

/// More rows of a figure's data than this stay in the file behind the link.
const SHOWN_ROWS: usize = 300;

/// Words longer than this get a column that is wide enough to read, on a narrow screen too.
const LONG: usize = 40;

/// The page.
pub fn render(document: &Document) -> String {
    let mut page = Page {
        palette: Palette::new(&document.arms),
        arms: document.arms.clone(),
        body: String::new(),
        contents: Vec::new(),
        taken: BTreeSet::from(["content".to_owned()]),
        named: names(document),
        figures: 0,
        tables: 0,
    };
    page.blocks(&document.blocks);
    let script = (page.figures > 0).then(bundle::script);
    let policy = bundle::policy(script.as_deref());
    let title = escape::text(&document.title);
    let frame = if page.contents.is_empty() { "frame" } else { "frame with-contents" };
    let subtitle = match document.subtitle.as_str() {
        "" => String::new(),
        words => format!("<p class=\"subtitle\">{}</p>\n", escape::text(words)),
    };
    let script = script.map(|script| format!("<script>{script}</script>\n")).unwrap_or_default();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#content\">Skip to the report</a>\n\
         <header>\n<h1>{title}</h1>\n{subtitle}</header>\n<div class=\"{frame}\">\n{}\
         <main id=\"content\" tabindex=\"-1\">\n{}</main>\n</div>\n{script}</body>\n</html>\n",
        contents(&page.contents),
        page.body,
    )
}

/// The id that a heading of these words gets, if no other element has it.
pub(crate) fn anchor_of(words: &str) -> String {
    escape::slug(words)
}

fn names(document: &Document) -> BTreeSet<String> {
    let figures = document.figures().into_iter().map(|figure| &figure.id);
    let tables = document.tables().into_iter().map(|table| &table.id);
    figures.chain(tables).map(|id| escape::slug(id)).collect()
}

/// The page while it is written.
struct Page {
    palette: Palette,
    arms: Vec<String>,
    body: String,
    contents: Vec<(u8, String, String)>,
    taken: BTreeSet<String>,
    /// Ids that figures and tables ask for; no heading takes one of them.
    named: BTreeSet<String>,
    figures: usize,
    tables: usize,
}

impl Page {
    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            match block {
                Block::Heading { level, text } => self.heading(*level, text),
                Block::Paragraph(text) => self.put(&format!("<p>{}</p>\n", inline(text))),
                Block::Table(table) => self.table(table),
                Block::Figure(figure) => self.figure(figure),
                Block::Note { kind, text } => self.note(*kind, text),
                Block::List { numbered, items } => self.list(*numbered, items),
                Block::KeyValues(pairs) => self.key_values(pairs),
                Block::Details { summary, blocks } => {
                    let summary = escape::text(summary);
                    self.put(&format!("<details class=\"fold\">\n<summary>{summary}</summary>\n"));
                    self.blocks(blocks);
                    self.put("</details>\n");
                }
            }
        }
    }

    fn put(&mut self, html: &str) {
        self.body.push_str(html);
    }

    /// An id that no other element has.
    fn anchor(&mut self, wish: &str) -> String {
        let wish = escape::slug(wish);
        let mut anchor = wish.clone();
        let mut count = 1;
        while !self.taken.insert(anchor.clone()) {
            count += 1;
            anchor = format!("{wish}-{count}");
        }
        anchor
    }

    /// Whether words are the name of an arm, which is not broken at its hyphens.
    fn is_name(&self, words: &str) -> bool {
        self.arms.iter().any(|arm| arm == words)
    }

    fn heading(&mut self, level: u8, text: &str) {
        let level = level.clamp(1, 3);
        let words = anchor_of(text);
        let is_named = self.named.contains(&words);
        let anchor = self.anchor(&if is_named { format!("section-{words}") } else { words });
        let tag = level + 1;
        self.put(&format!("<h{tag} id=\"{anchor}\">{}</h{tag}>\n", escape::text(text)));
        if level < 3 {
            self.contents.push((level, anchor, text.to_owned()));
        }
    }

    fn note(&mut self, kind: NoteKind, text: &Text) {
        let class = match kind {
            NoteKind::Note => "note",
            NoteKind::Assumption => "note note-assumption",
            NoteKind::Warning => "note note-warning",
        };
        let word = kind.word();
        self.put(&format!(
            "<div class=\"{class}\" role=\"note\"><p><strong>{word}.</strong> {}</p></div>\n",
            inline(text)
        ));
    }

    fn list(&mut self, numbered: bool, items: &[Text]) {
        let tag = if numbered { "ol" } else { "ul" };
        self.put(&format!("<{tag}>\n"));
        for item in items {
            self.put(&format!("<li>{}</li>\n", inline(item)));
        }
        self.put(&format!("</{tag}>\n"));
    }

    fn key_values(&mut self, pairs: &[KeyValue]) {
        self.put("<dl class=\"key-values\">\n");
        for pair in pairs {
            self.put(&format!(
                "<div><dt>{}</dt><dd>{}</dd></div>\n",
                escape::text(&pair.key),
                cell(&pair.value)
            ));
        }
        self.put("</dl>\n");
    }

    fn table(&mut self, table: &Table) {
        self.tables += 1;
        let anchor = self.anchor(&table.id);
        // no slug holds two hyphens in a row, so this is nobody else's
        let caption = format!("{anchor}--caption");
        let number = self.tables;
        self.put(&format!(
            "<div class=\"table\" id=\"{anchor}\">\n<div class=\"caption\" id=\"{caption}\">Table {number}. {}</div>\n\
             <div class=\"scroll\" role=\"region\" aria-labelledby=\"{caption}\" tabindex=\"0\">\n\
             <table aria-labelledby=\"{caption}\">\n<thead><tr>",
            escape::text(&table.caption)
        ));
        for column in &table.columns {
            let class = class(column.align, self.is_name(&column.title));
            self.put(&format!("<th scope=\"col\"{class}>{}</th>", escape::text(&column.title)));
        }
        self.put("</tr></thead>\n<tbody>\n");
        for row in &table.rows {
            self.row(&table.columns, row);
        }
        self.put("</tbody>\n</table>\n</div>\n");
        if !table.notes.is_empty() {
            self.put("<ul class=\"notes\">\n");
            for note in &table.notes {
                self.put(&format!("<li>{}</li>\n", inline(note)));
            }
            self.put("</ul>\n");
        }
        self.put("</div>\n");
    }

    fn row(&mut self, columns: &[Column], row: &[Cell]) {
        let empty = Cell::default();
        self.put("<tr>");
        for (at, column) in columns.iter().enumerate() {
            let value = row.get(at).unwrap_or(&empty);
            let value = if column.align == Align::Right { estimate(value) } else { cell(value) };
            let words = row.get(at).map(|cell| cell.text.words()).unwrap_or_default();
            let is_number = column.align == Align::Right && words.len() <= 24;
            let mut class = class(column.align, is_number || self.is_name(&words));
            if column.align == Align::Left && words.len() > LONG {
                class = " class=\"long\"";
            }
            if at == 0 {
                self.put(&format!("<th scope=\"row\"{class}>{value}</th>"));
            } else {
                self.put(&format!("<td{class}>{value}</td>"));
            }
        }
        self.put("</tr>\n");
    }

    fn figure(&mut self, figure: &Figure) {
        self.figures += 1;
        let number = self.figures;
        let anchor = self.anchor(&figure.id);
        let tables = figure.data();
        let rows: usize = tables.iter().map(|table| table.rows.len()).sum();
        self.put(&format!(
            "<figure id=\"{anchor}\">\n<figcaption>\n\
             <p class=\"figure-title\">Figure {number}. {}</p>\n<p>{}</p>\n\
             <p class=\"denominators\">{}</p>\n</figcaption>\n",
            escape::text(&figure.title),
            escape::text(&figure.caption),
            escape::text(&figure.denominators),
        ));
        if rows == 0 {
            self.put("<p class=\"undrawn\">There are no data to draw.</p>\n</figure>\n");
            return;
        }
        let specification = format!("{anchor}--specification");
        self.put(&format!(
            "<div class=\"drawing\" role=\"img\" aria-label=\"{}\" data-specification=\"{specification}\">\
             <p class=\"undrawn\">A script draws this figure. Its data are in the table below.</p></div>\n\
             <details class=\"figure-data\">\n<summary>Data of figure {number} ({})</summary>\n",
            escape::text(&figure.alternative),
            counted(rows),
        ));
        let is_alone = tables.len() == 1;
        for table in tables.iter().filter(|table| !table.rows.is_empty()) {
            self.data_table(&anchor, table, is_alone);
        }
        let json = escape::json(&figure.specification(&self.palette));
        self.put(&format!(
            "</details>\n<script type=\"application/json\" id=\"{specification}\">{json}</script>\n</figure>\n"
        ));
    }

    fn data_table(&mut self, figure: &str, table: &DataTable, is_alone: bool) {
        let name = escape::text(&table.name);
        let file = if is_alone {
            figure.to_owned()
        } else {
            format!("{figure}-{}", escape::slug(&table.name))
        };
        self.put(&format!(
            "<div class=\"scroll\" role=\"region\" aria-label=\"{name}\" tabindex=\"0\">\n<table>\n<caption>{name}</caption>\n\
             <thead><tr>"
        ));
        let classes: Vec<&str> = (0..table.columns.len())
            .map(|at| if table.is_numeric(at) { " class=\"right\"" } else { "" })
            .collect();
        for (column, class) in table.columns.iter().zip(&classes) {
            self.put(&format!("<th scope=\"col\"{class}>{}</th>", escape::text(column)));
        }
        self.put("</tr></thead>\n<tbody>\n");
        for row in table.rows.iter().take(SHOWN_ROWS) {
            self.put("<tr>");
            for (datum, class) in row.iter().zip(&classes) {
                self.put(&format!("<td{class}>{}</td>", escape::text(&datum.shown())));
            }
            self.put("</tr>\n");
        }
        self.put("</tbody>\n</table>\n</div>\n");
        if table.rows.len() > SHOWN_ROWS {
            self.put(&format!(
                "<p>The first {SHOWN_ROWS} of {}; the file holds all.</p>\n",
                counted(table.rows.len())
            ));
        }
        self.put(&format!(
            "<p class=\"download\"><a download=\"{file}.csv\" href=\"data:text/csv;charset=utf-8,{}\">Download {name} as {file}.csv</a></p>\n",
            escape::address(&table.csv())
        ));
    }
}

fn counted(rows: usize) -> String {
    if rows == 1 { "1 row".into() } else { format!("{rows} rows") }
}

/// How a cell is set, and whether its words stay on one line.
fn class(align: Align, is_whole: bool) -> &'static str {
    match (align, is_whole) {
        (Align::Left, false) => "",
        (Align::Left, true) => " class=\"whole\"",
        (Align::Right, false) => " class=\"right\"",
        (Align::Right, true) => " class=\"right whole\"",
        (Align::Centre, false) => " class=\"centre\"",
        (Align::Centre, true) => " class=\"centre whole\"",
    }
}

fn inline(text: &Text) -> String {
    text.spans.iter().map(span).collect()
}

fn span(span: &Span) -> String {
    let words = escape::text(&span.text);
    match &span.mark {
        Mark::Plain => words,
        Mark::Strong => format!("<strong>{words}</strong>"),
        Mark::Code => format!("<code>{words}</code>"),
        Mark::Badge(badge) => {
            format!("<span class=\"badge badge-{}\">{words}</span>", badge.word())
        }
        Mark::Link(target) => match target.strip_prefix('#') {
            Some(id) => format!("<a href=\"#{}\">{words}</a>", escape::slug(id)),
            None if target.starts_with("https://") || target.starts_with("http://") => {
                format!(
                    "<a href=\"{}\" rel=\"noopener noreferrer\">{words}</a>",
                    escape::text(target)
                )
            }
            None => words,
        },
    }
}

fn cell(cell: &Cell) -> String {
    let text = inline(&cell.text);
    match cell.badge {
        None => text,
        Some(badge) => {
            let word = badge.word();
            let space = if text.is_empty() { "" } else { " " };
            format!("{text}{space}<span class=\"badge badge-{word}\">{word}</span>")
        }
    }
}

/// A number with its range: the range may stand on a line of its own but is not broken inside.
fn estimate(value: &Cell) -> String {
    let html = cell(value);
    let is_plain = value.text.spans.iter().all(|span| span.mark == Mark::Plain);
    match html.split_once(" (").filter(|_| is_plain && html.len() < 60) {
        Some((number, range)) => format!("{number} ({}", range.replace(' ', "\u{a0}")),
        None => html,
    }
}

/// The table of contents: sections, and their parts inside them.
fn contents(headings: &[(u8, String, String)]) -> String {
    if headings.is_empty() {
        return String::new();
    }
    let mut html = String::from(
        "<nav class=\"contents\" aria-label=\"Contents\">\n<details open>\n<summary>Contents</summary>\n<ol>\n",
    );
    let mut is_inside = false;
    for (at, (level, anchor, text)) in headings.iter().enumerate() {
        let is_part = *level > 1 && at > 0;
        if is_part && !is_inside {
            html.push_str("<ol>\n");
        } else if !is_part {
            html.push_str(if is_inside {
                "</ol>\n</li>\n"
            } else if at > 0 {
                "</li>\n"
            } else {
                ""
            });
        }
        is_inside = is_part;
        write!(html, "<li><a href=\"#{anchor}\">{}</a>", escape::text(text))
            .expect("a string can always be written to");
        html.push_str(if is_part { "</li>\n" } else { "\n" });
    }
    html.push_str(if is_inside { "</ol>\n</li>\n" } else { "</li>\n" });
    html.push_str("</ol>\n</details>\n</nav>\n");
    html
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{link, paragraph, section};

    #[test]
    fn a_link_finds_the_table_although_a_heading_has_the_same_words() {
        let table = Table { id: "doses".into(), caption: "Doses".into(), ..Table::default() };
        let blocks = vec![
            section("Doses"),
            section("Doses"),
            Block::Table(table),
            paragraph(link("x", "#doses")),
        ];
        let page = render(&Document { blocks, ..Document::default() });
        assert!(page.contains("<div class=\"table\" id=\"doses\">"));
        assert!(
            page.contains("<h2 id=\"section-doses\">")
                && page.contains("<h2 id=\"section-doses-2\">")
        );
    }

    #[test]
    fn a_link_that_is_no_address_stays_text() {
        let blocks = vec![paragraph(link("x", "javascript:alert(1)"))];
        let page = render(&Document { blocks, ..Document::default() });
        assert!(page.contains("<p>x</p>") && !page.contains("javascript"));
    }
}
