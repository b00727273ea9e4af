//! Differences between arms on the same virtual patients.

use report::figure::{Drawing, Range, RangeRow};
use report::format::{number, percent};
use report::{Axis, Block, Cell, Table, numbers, paragraph, reference, section, words as column};

use super::Material;
use super::parts::{POINT, Words, figure, point, slug};
use super::words;
use crate::summary::contrast::Contrast;
use crate::summary::measure::{Kind, Measure, measure};

/// Endpoints of the figure: shares of patients.
const DRAWN: &[&str] = &["orr", "cr", "crs", "crs-grade-2-or-more", "icans", "dlt"];

/// The section.
pub fn blocks(material: &Material<'_>) -> Vec<Block> {
    let summary = &material.simulation.summary;
    let mut blocks = vec![section("Differences between arms")];
    if summary.contrasts.is_empty() {
        blocks.push(paragraph("This comparison names no pair of arms."));
        return blocks;
    }
    blocks.push(paragraph(
        "Each virtual patient goes through both arms with the same disease, the same enrolment and \
         the same draws of chance. A patient who never got a product counts as without response \
         and without toxicity. The difference is the first arm minus the second.",
    ));
    blocks.extend(forest(material));
    let mut pairs: Vec<&(String, String)> = Vec::new();
    for contrast in &summary.contrasts {
        if !pairs.contains(&&contrast.arms) {
            pairs.push(&contrast.arms);
        }
    }
    for arms in pairs {
        let rows: Vec<&Contrast> =
            summary.contrasts.iter().filter(|contrast| contrast.arms == *arms).collect();
        blocks.push(Block::Details {
            summary: format!("{} minus {}: every endpoint", arms.0, arms.1),
            blocks: vec![Block::Table(table(material, &rows))],
        });
    }
    blocks
}

/// Whether one of the two arms may be shown as a range only.
fn is_range_only(material: &Material<'_>, contrast: &Contrast) -> bool {
    let arms = &material.simulation.summary.arms;
    let named = |name: &String| arms.iter().find(|arm| arm.name == *name);
    [&contrast.arms.0, &contrast.arms.1]
        .into_iter()
        .filter_map(named)
        .any(crate::summary::ArmSummary::is_range_only)
}

/// A difference as a number; shares in percentage points.
fn value(measure: &Measure, value: f64) -> String {
    match measure.kind() {
        Kind::Share => report::format::shortest(100.0 * value, 3),
        Kind::Number => number(value),
    }
}

/// The unit of a difference.
fn unit(measure: &Measure) -> &'static str {
    match measure.kind() {
        Kind::Share => "points",
        Kind::Number => measure.unit,
    }
}

/// What a row is about: the title without the words that do not hold for pairs.
fn name(measure: &Measure) -> String {
    let mark = if measure.hidden { " (known to the model only)" } else { "" };
    let title = measure.title.strip_prefix("median ").unwrap_or(measure.title);
    format!("{title}{mark}")
}

fn forest(material: &Material<'_>) -> Option<Block> {
    let summary = &material.simulation.summary;
    let mut rows = Vec::new();
    let mut said = Vec::new();
    for measure in DRAWN.iter().filter_map(|code| measure(code)) {
        for contrast in summary.contrasts.iter().filter(|found| found.code == measure.code) {
            let Some((median, low, high)) = contrast.range else { continue };
            let group = format!("{} - {}", contrast.arms.0, contrast.arms.1);
            let text = format!("{} to {} points", value(measure, low), value(measure, high));
            said.push(format!("{group}, {}: {text}", words::short(measure)));
            rows.push(RangeRow {
                label: words::short(measure).into(),
                group,
                estimate: point(is_range_only(material, contrast), (median, low, high))
                    .map(|median| 100.0 * median),
                interval: Some((100.0 * low, 100.0 * high)),
                observed: None,
                shown: text,
            });
        }
    }
    if rows.is_empty() {
        return None;
    }
    let pairs: Vec<String> = summary
        .contrasts
        .iter()
        .filter(|contrast| contrast.code == "orr")
        .map(|found| format!("{} - {} {}", found.arms.0, found.arms.1, number(found.pairs)))
        .collect();
    let words = Words {
        id: "differences".into(),
        title: "Paired differences in shares of patients".into(),
        caption: format!(
            "Line: {}. {POINT} A line that crosses zero leaves the direction open.",
            words::RANGE
        ),
        alternative: format!("Forest plot in percentage points. {}.", said.join("; ")),
        denominators: format!(
            "{} Pairs of patients per trial, mean: {}.",
            words::trials(summary),
            words::list(&pairs)
        ),
    };
    let drawing = Drawing::Range(Range {
        values: Axis::linear("difference, percentage points"),
        estimate_name: "simulated".into(),
        observed_name: String::new(),
        rows,
        references: vec![reference(0.0, "no difference")],
    });
    Some(figure(words, drawing))
}

fn table(material: &Material<'_>, contrasts: &[&Contrast]) -> Table {
    let trials = material.simulation.summary.replicates as u64;
    let rows = contrasts.iter().filter_map(|contrast| -> Option<Vec<Cell>> {
        // with pairs of all enrolled patients the two overall responses are the same number
        let measure = measure(contrast.code).filter(|measure| measure.code != "orr-enrolled")?;
        let range_only = is_range_only(material, contrast);
        let (median, range) = match contrast.range {
            None => (String::new(), report::format::NOT_ESTIMABLE.to_owned()),
            Some((median, low, high)) => (
                if range_only { "range only".into() } else { value(measure, median) },
                format!("{} to {}", value(measure, low), value(measure, high)),
            ),
        };
        Some(vec![
            name(measure).into(),
            unit(measure).into(),
            median.into(),
            range.into(),
            percent(contrast.signs[0], trials).into(),
            percent(contrast.signs[1], trials).into(),
            number(contrast.pairs).into(),
        ])
    });
    let (first, second) = contrasts.first().map_or(("", ""), |it| (&it.arms.0, &it.arms.1));
    Table {
        id: format!("difference-{}-{}", slug(first), slug(second)),
        caption: format!("{first} minus {second}, the same patients in both arms"),
        columns: vec![
            column("endpoint").given(),
            column("unit").given(),
            numbers("median"),
            numbers("5th to 95th percentile"),
            numbers("trials above 0").given(),
            numbers("trials below 0").given(),
            numbers("pairs per trial, mean").given(),
        ],
        rows: rows.collect(),
        notes: vec![
            words::trials(&material.simulation.summary).into(),
            "The value of one trial is the mean over its pairs; points are percentage points. Only \
             patients with a value in both arms make a pair, so a difference in a time of onset \
             speaks of those who had the event in both."
                .into(),
        ],
    }
}
