//! What is not known is complete, and nothing that was fitted is shown as a prediction.

use report::{Badge, Document, Table, check};

use super::super::answer::title;
use super::*;
use crate::summary::measure::MEASURES;
use crate::targets::Role;

fn document_of(small: &Small) -> Document {
    report(&small.material()).document(Audience::Reviewer)
}

fn table<'a>(document: &'a Document, id: &str) -> &'a Table {
    let tables = document.tables();
    tables.into_iter().find(|table| table.id == id).unwrap_or_else(|| panic!("no table {id}"))
}

/// Every place where a result that values may have been set to is shown like a prediction.
fn shown_as_prediction(document: &Document, small: &Small) -> Vec<String> {
    let experiment = small.simulation.experiment();
    let mut found = Vec::new();
    let is_fit = |text: &str| {
        let id = text.split(' ').next().unwrap_or_default();
        small.targets.iter().any(|target| target.id == id && target.role == Role::Fit)
    };
    for table in document.tables() {
        let rows = table.rows.iter();
        if table.id == "published" {
            let names = rows.clone().map(|row| row[2].text.words());
            found.extend(names.filter(|name| is_fit(name)));
        }
        for row in rows {
            let name = row[0].text.words();
            let Some(measure) = MEASURES.iter().find(|measure| title(measure) == name) else {
                continue;
            };
            for (column, cell) in table.columns.iter().zip(row) {
                let is_fitted = experiment.is_fitted(&column.title, measure.code);
                if is_fitted && cell.badge != Some(Badge::Fitted) {
                    found.push(format!("{}: {name}, {}", table.id, column.title));
                }
            }
        }
    }
    for figure in document.figures() {
        if let (Drawing::Range(range), "published-forest") = (&figure.drawing, figure.id.as_str()) {
            found.extend(range.rows.iter().map(|row| row.label.clone()).filter(|l| is_fit(l)));
        }
    }
    let answer = document.blocks.iter().find_map(|block| match block {
        Block::Paragraph(text) if text.words().contains("virtual trials of") => Some(text.words()),
        _ => None,
    });
    let answer = answer.expect("there is an answer");
    for arm in &small.simulation.summary.arms {
        let sentence = answer.split(&format!("{}: response ", arm.name)).nth(1);
        let said = sentence.and_then(|text| text.split("complete response").next());
        if let Some(said) = said
            && experiment.is_fitted(&arm.name, "orr") != said.contains("[fitted]")
        {
            found.push(format!("answer: {said}"));
        }
    }
    found
}

/// The same document without one of its marks: every table, at any depth.
fn without_marks(blocks: &mut [Block]) {
    for block in blocks {
        match block {
            Block::Table(table) => {
                for cell in table.rows.iter_mut().flatten() {
                    cell.badge = None;
                }
            }
            Block::Details { blocks, .. } => without_marks(blocks),
            _ => {}
        }
    }
}

#[test]
fn no_fitted_result_is_shown_as_a_prediction() {
    let small = Small::new(&["bcma-car-t", "car-nk", "bcma-cd19"]);
    let good = document_of(&small);
    assert_eq!(shown_as_prediction(&good, &small), [] as [&str; 0]);
    let mut unmarked = good.clone();
    without_marks(&mut unmarked.blocks);
    let found = shown_as_prediction(&unmarked, &small);
    assert!(found.iter().any(|place| place.starts_with("overview")), "{found:?}");
    // A result to fit that calls itself a prediction.
    let mut moved = Small::new(&["bcma-car-t"]);
    let place = moved.targets.iter().position(|target| target.id == "KM12").unwrap();
    moved.targets[place].role = Role::HoldOut;
    let document = document_of(&moved);
    moved.targets[place].role = Role::Fit;
    let found = shown_as_prediction(&document, &moved);
    assert!(found.iter().any(|place| place.starts_with("KM12")), "{found:?}");
}

#[test]
fn what_is_not_known_is_complete_with_enough_trials() {
    let small = Small::sized(&["bcma-car-t", "car-nk"], 24, 3);
    let document = document_of(&small);
    assert_eq!(check::document(&document), []);
    for id in [
        "luck-and-ignorance",
        "assumption-share",
        "two-populations",
        "two-populations-baseline",
        "earlier-patients",
        "earlier-patients-and-model",
    ] {
        assert!(!table(&document, id).rows.is_empty(), "{id}");
    }
    let tornado =
        document.figures().into_iter().find(|figure| figure.id == "tornado-bcma-car-t-crs");
    let tornado = tornado.expect("CRS differs between trials");
    let Drawing::Range(range) = &tornado.drawing else { panic!("a tornado has ranges") };
    assert!((1..=10).contains(&range.rows.len()));
    let widths: Vec<f64> = range.rows.iter().map(|row| row.interval.unwrap().1).collect();
    assert!(widths.windows(2).all(|pair| pair[0] >= pair[1]), "{widths:?}");
    // A product that gives no response in any trial has no causes of response.
    assert!(document.figures().iter().all(|figure| figure.id != "tornado-car-nk-orr"));
    assert!(html::render(&document).contains("nothing can be said about what moves it"));
    let fitted = &table(&document, "two-populations").rows;
    let is_fitted = |name: &str| {
        let row = fitted.iter().find(|row| {
            row[0].text.words() == "bcma-car-t" && row[1].text.words().starts_with(name)
        });
        row.unwrap()[3].badge == Some(Badge::Fitted)
    };
    assert!(is_fitted("CRS of any grade") && !is_fitted("mean progression-free"));
}

#[test]
fn none_of_five_is_told_with_its_bounds() {
    let small = Small::new(&["car-nk", "bcma-car-t"]);
    let document = document_of(&small);
    let bounds = table(&document, "earlier-patients");
    for row in &bounds.rows {
        let said: Vec<String> = row.iter().map(|cell| cell.text.words()).collect();
        assert_eq!(said[1..], ["0 of 5", "45.1%", "39.3%", "30.6%"], "{said:?}");
    }
    assert_eq!(bounds.rows.len(), 2);
    let notes: String = bounds.notes.iter().map(report::Text::words).collect();
    assert!(
        notes.contains("29 for at most 10%") && notes.contains("14 for at most 20%"),
        "{notes}"
    );
    let model = table(&document, "earlier-patients-and-model");
    assert!(model.rows.iter().all(|row| row[0].text.words() == "car-nk"));
}
