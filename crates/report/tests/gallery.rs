//! The gallery holds every block and every figure; each output prints it whole.

use std::collections::BTreeSet;

use cytotrial_report::check::Fault;
use cytotrial_report::figure::SCHEMA;
use cytotrial_report::terminal::Terminal;
use cytotrial_report::{
    Block, Document, Drawing, Figure, Format, Palette, check, html, json, markdown, print, terminal,
};
use serde_json::Value;
use sha2::{Digest, Sha256};

#[path = "../examples/gallery/sample.rs"]
mod sample;

#[test]
fn the_gallery_holds_every_kind_of_figure_and_block() {
    let document = sample::document();
    let kinds: BTreeSet<&str> =
        document.figures().iter().map(|figure| figure.drawing.kind()).collect();
    assert_eq!(kinds, Drawing::KINDS.into_iter().collect());
    let mut blocks = BTreeSet::new();
    for block in &document.blocks {
        blocks.insert(match block {
            Block::Heading { .. } => 0,
            Block::Paragraph(_) => 1,
            Block::Table(_) => 2,
            Block::Figure(_) => 3,
            Block::Note { .. } => 4,
            Block::List { .. } => 5,
            Block::KeyValues(_) => 6,
            Block::Details { .. } => 7,
        });
    }
    assert_eq!(blocks.len(), 8);
}

#[test]
fn every_figure_has_a_schema_words_and_data() {
    let document = sample::document();
    assert_eq!(check::document(&document), []);
    let palette = Palette::new(&document.arms);
    for figure in document.figures() {
        let specification = figure.specification(&palette);
        assert_eq!(specification["$schema"], SCHEMA, "{}", figure.id);
        assert_eq!(specification["description"], figure.alternative.as_str());
        assert!(specification["layer"].as_array().is_some_and(|layers| !layers.is_empty()));
        assert!(!has_url(&specification), "{} loads data", figure.id);
        for table in figure.data() {
            assert_eq!(table.csv().lines().count(), table.rows.len() + 1, "{}", figure.id);
        }
    }
}

fn has_url(value: &Value) -> bool {
    match value {
        Value::Object(parts) => parts.iter().any(|(key, part)| key == "url" || has_url(part)),
        Value::Array(parts) => parts.iter().any(has_url),
        _ => false,
    }
}

/// The same kind of drawing with nothing in it.
fn emptied(drawing: &Drawing) -> Drawing {
    let mut drawing = drawing.clone();
    match &mut drawing {
        Drawing::Curve(curve) => curve.lines.clear(),
        Drawing::Step(step) => step.arms.clear(),
        Drawing::Bar(bar) => {
            bar.groups.clear();
            bar.series.clear();
        }
        Drawing::Range(range) => range.rows.clear(),
        Drawing::Waterfall(waterfall) => waterfall.bars.clear(),
        Drawing::Spider(spider) => spider.lines.clear(),
        Drawing::Swimmer(swimmer) => swimmer.lanes.clear(),
        Drawing::Histogram(histogram) => histogram.groups.clear(),
        Drawing::Strip(strip) => strip.rows.clear(),
        Drawing::Funnel(funnel) => funnel.arms.clear(),
        Drawing::EscalationHistory(history) => {
            history.levels.clear();
            history.patients.clear();
        }
        Drawing::Tree(tree) => tree.nodes.clear(),
    }
    drawing
}

#[test]
fn a_figure_without_data_is_printed_and_told() {
    for figure in sample::document().figures() {
        let empty = Figure { drawing: emptied(&figure.drawing), ..figure.clone() };
        let told = Fault::Missing { block: format!("figure `{}`", figure.id), part: "data" };
        let document = Document {
            title: "T".into(),
            blocks: vec![Block::Figure(empty)],
            ..Document::default()
        };
        assert!(check::document(&document).contains(&told), "{}", figure.id);
        for format in [
            Format::Page,
            Format::Terminal(Terminal { width: 400, colour: false }),
            Format::Markdown,
            Format::Json,
        ] {
            assert!(print(&document, format).contains(&figure.caption), "{} {format:?}", figure.id);
        }
    }
}

#[test]
fn an_arm_has_one_colour_in_every_figure() {
    let document = sample::document();
    let palette = Palette::new(&document.arms);
    let mut colours = BTreeSet::new();
    for figure in document.figures() {
        pairs(&figure.specification(&palette), &mut |domain, range| {
            let places = domain.iter().zip(range);
            for (name, colour) in places.filter(|(name, _)| *name == "bcma-car-t") {
                if let Some(colour) = colour.as_str().filter(|colour| colour.starts_with('#')) {
                    colours.insert((name.to_string(), colour.to_owned()));
                }
            }
        });
    }
    assert_eq!(colours.len(), 1, "{colours:?}");
}

fn pairs(value: &Value, visit: &mut impl FnMut(&[Value], &[Value])) {
    if let (Some(domain), Some(range)) = (value["domain"].as_array(), value["range"].as_array()) {
        visit(domain, range);
    }
    match value {
        Value::Object(parts) => parts.values().for_each(|part| pairs(part, visit)),
        Value::Array(parts) => parts.iter().for_each(|part| pairs(part, visit)),
        _ => {}
    }
}

#[test]
fn the_page_keeps_every_rule() {
    let document = sample::document();
    let page = html::render(&document);
    assert_eq!(check::page(&page), []);
    assert_eq!(page.matches("<figure ").count(), document.figures().len());
    assert_eq!(page.matches("download=\"").count(), page.matches("href=\"data:text/csv").count());
    assert_eq!(page, html::render(&sample::document()), "a second time gives other bytes");
}

#[test]
fn a_page_without_figures_carries_no_script() {
    let mut document = sample::document();
    document.blocks.truncate(12);
    assert!(document.figures().is_empty());
    let page = html::render(&document);
    assert_eq!(check::page(&page), []);
    assert!(!page.contains("<script") && page.contains("script-src 'none'"));
}

#[test]
fn text_and_markdown_print_every_title_and_no_long_line() {
    let document = sample::document();
    let text = terminal::render(&document, Terminal { width: 90, colour: false });
    let long: Vec<&str> = text.lines().filter(|line| line.chars().count() > 90).collect();
    assert!(long.is_empty(), "{long:?}");
    let pages = [text, markdown::render(&document)];
    for figure in document.figures() {
        let first = figure.title.split(',').next().unwrap_or_default();
        assert!(pages.iter().all(|page| page.contains(first)), "{first}");
    }
}

#[test]
fn json_holds_each_figure_with_its_data() {
    let document = sample::document();
    let value = json::value(&document);
    let text = value.to_string();
    assert_eq!(text.matches("\"specification\":").count(), document.figures().len());
    assert!(!text.contains("NaN"));
    assert_eq!(text, json::value(&sample::document()).to_string());
}

#[test]
fn vendored_scripts_are_the_ones_named() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/vendor");
    let readme = std::fs::read_to_string(format!("{folder}/README.md")).unwrap();
    for file in ["vega.min.js", "vega-lite.min.js", "vega-interpreter.js"] {
        let bytes = std::fs::read(format!("{folder}/{file}")).unwrap();
        let hash = format!("{:x}", Sha256::digest(bytes));
        let row = readme.lines().find(|line| line.contains(&format!("| `{file}`"))).unwrap();
        assert!(row.contains(&hash), "{file} is {hash}");
    }
}
