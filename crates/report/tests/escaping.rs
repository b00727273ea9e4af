//! Whatever the words, a page stays a page and text stays text.

use cytotrial_report::figure::{Curve, CurvePoint, Line};
use cytotrial_report::terminal::Terminal;
use cytotrial_report::{
    Axis, Badge, Block, Document, Drawing, Figure, NoteKind, Table, cell, check, code, html,
    key_value, link, list, markdown, note, numbers, paragraph, plain, reference, section, strong,
    terminal, words,
};
use proptest::prelude::*;

/// Words that try to leave the place where they stand, mixed with any characters.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "</script>",
        "<script>alert(1)</script>",
        "<!--",
        "-->",
        "]]>",
        "\" onload=\"x",
        "' onload='x",
        "</style>",
        "</main>",
        "&amp;",
        "&#60;",
        "javascript:x",
        "\\u003c",
        "\u{2028}",
        "\u{0}",
        "\u{1b}[2J",
        "\r\n",
        "| a |",
        "=1+1",
        "{{x}}",
    ]);
    let piece = prop_oneof![pieces.prop_map(str::to_owned), any::<String>()];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn everywhere(text: &str) -> Document {
    let table = Table {
        id: text.into(),
        caption: text.into(),
        columns: vec![words(text), numbers(text)],
        rows: vec![vec![text.into(), cell(text, Badge::Fitted)], vec![]],
        notes: vec![text.into()],
    };
    let line = Line { name: text.into(), points: vec![CurvePoint::with_band(0.0, 1.0, 0.5, 2.0)] };
    let figure = Figure {
        id: text.into(),
        title: text.into(),
        caption: text.into(),
        alternative: format!("a {text}"),
        denominators: text.into(),
        drawing: Drawing::Curve(Curve {
            horizontal: Axis::linear(text),
            vertical: Axis::log(text),
            band: text.into(),
            lines: vec![line],
            references: vec![reference(1.0, text)],
        }),
    };
    Document {
        title: text.into(),
        subtitle: text.into(),
        arms: vec![text.into()],
        blocks: vec![
            section(text),
            paragraph([plain(text), strong(text), code(text), link(text, text)]),
            paragraph(link(text, format!("https://example.org/{text}"))),
            note(NoteKind::Warning, text),
            list([text]),
            Block::KeyValues(vec![key_value(text, text)]),
            Block::Table(table),
            Block::Details { summary: text.into(), blocks: vec![Block::Figure(figure)] },
        ],
    }
}

/// The elements of a page, without what is inside scripts and styles.
fn skeleton(page: &str) -> Vec<String> {
    let mut rest = page;
    let mut tags = Vec::new();
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find(|letter: char| !(letter.is_alphanumeric() || "/!-".contains(letter)));
        let name = &rest[..end.unwrap_or(rest.len())];
        tags.push(name.to_owned());
        if name == "script" || name == "style" {
            let close = rest.find(&format!("</{name}>")).expect("an element has an end");
            rest = &rest[close..];
        }
    }
    tags
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn words_never_become_elements(text in hostile()) {
        // a link is an element only where its target is an address, so both pages get one that is not
        prop_assume!(!text.starts_with("http") && !text.starts_with('#') && !text.contains("NaN"));
        let page = html::render(&everywhere(&text));
        let harmless = html::render(&everywhere("words"));
        let empty = text.is_empty();
        if !empty {
            prop_assert_eq!(skeleton(&page), skeleton(&harmless));
        }
        prop_assert_eq!(check::page(&page), vec![]);
    }

    #[test]
    fn words_never_steer_a_terminal_or_break_a_table(text in hostile()) {
        let document = everywhere(&text);
        let shown = terminal::render(&document, Terminal { width: 60, colour: false });
        prop_assert!(shown.chars().all(|letter| letter == '\n' || !letter.is_control()));
        let markdown = markdown::render(&document);
        let rows: Vec<&str> = markdown.lines().filter(|line| line.starts_with("| ")).collect();
        let bars = |row: &str| row.replace("\\|", "").matches('|').count();
        let counts: Vec<usize> = rows.iter().map(|row| bars(row)).collect();
        prop_assert_eq!(counts, vec![3, 3, 3, 3, 6, 6, 6]);
    }
}
