//! Response: every arm with its range, beside published results, and the subjects of one trial.

use report::figure::{Drawing, Range, RangeRow};
use report::format::proportion;
use report::{Axis, Badge, Block, Cell, Table, cell, numbers, paragraph, section, subsection, words as column};
use stats::interval::clopper_pearson;

use super::parts::{self, POINT, Words, denominators, estimates, figure, point, marked};
use super::{Material, subjects, words};
use crate::summary::measure::measure;

/// Endpoints of the table.
const ENDPOINTS: &[&str] =
    &["orr", "vgpr", "cr", "scr", "mrd-negative", "orr-enrolled", "time-to-response"];

/// What only the model knows.
const HIDDEN: &[&str] = &["log10-burden-day-28", "kills"];

/// The section.
pub fn blocks(material: &Material<'_>) -> Vec<Block> {
    let notes = vec![
        format!(
            "Patients infused (or observed), over all trials: {}.",
            denominators(material, "orr")
        )
        .into(),
        format!("Patients enrolled, over all trials: {}.", denominators(material, "orr-enrolled"))
            .into(),
        "Residual disease counts as not negative where no sample could tell.".into(),
    ];
    let mut blocks = vec![
        section("Efficacy"),
        paragraph(
            "Response follows the IMWG criteria of 2016, from the visits that each patient had; a \
             response counts when it is confirmed.",
        ),
        parts::set_beforehand(),
        estimates(material, ("efficacy", "Response in each arm"), ENDPOINTS, notes),
    ];
    blocks.extend(forest(material));
    blocks.extend(exact(material));
    blocks.extend(subjects::blocks(material));
    blocks.push(subsection("Known to the model only"));
    blocks.push(paragraph(
        "No clinic sees these numbers. They show an effect where no response is reached.",
    ));
    blocks.push(estimates(material, ("hidden", "Burden and kills"), HIDDEN, Vec::new()));
    blocks
}

/// Predicted ranges of overall and complete response, published results beside them.
fn forest(material: &Material<'_>) -> Option<Block> {
    let summary = &material.simulation.summary;
    let mut rows = Vec::new();
    let mut said = Vec::new();
    for code in ["orr", "cr"] {
        let measure = measure(code)?;
        for arm in summary.arms.iter().filter(|arm| !arm.observed) {
            let Some((median, low, high)) =
                arm.estimate(code).and_then(crate::summary::Estimate::range)
            else {
                continue;
            };
            let text = marked(material, arm, measure);
            let observed = published(material, &arm.name, code);
            let beside = observed.map_or_else(String::new, |(value, is_fitted)| {
                let mark = if is_fitted { " [fitted]" } else { "" };
                format!(", published {}{mark}", report::format::percent(value, words::FINE))
            });
            let text = format!("{text}{beside}");
            said.push(format!("{} {}: {text}", arm.name, words::short(measure)));
            rows.push(RangeRow {
                label: words::short(measure).into(),
                group: arm.name.clone(),
                estimate: point(arm.is_range_only(), (median, low, high)),
                interval: Some((low, high)),
                observed: observed.map(|(value, _)| value),
                shown: text,
            });
        }
    }
    if rows.is_empty() {
        return None;
    }
    let words = Words {
        id: "response-forest".into(),
        title: "Overall and complete response".into(),
        caption: format!(
            "Line: {}. {POINT} Diamond: the \
             first published result of the same kind that the comparison names; section \"Beside \
             published results\" has them all, and says which of them values may have been set to.",
            words::RANGE
        ),
        alternative: format!("Forest plot. {}.", said.join("; ")),
        denominators: format!(
            "{} Shares of patients infused; over all trials {}.",
            words::trials(summary),
            denominators(material, "orr")
        ),
    };
    let observed = rows.iter().any(|row| row.observed.is_some());
    let drawing = Drawing::Range(Range {
        values: Axis::percent("share of infused patients").between(0.0, 1.0),
        estimate_name: "simulated".into(),
        observed_name: if observed { "published".into() } else { String::new() },
        rows,
        references: Vec::new(),
    });
    Some(figure(words, drawing))
}

/// The first published result that answers to a measure, in the measure's unit, and whether values
/// may have been set to it.
fn published(material: &Material<'_>, arm: &str, code: &str) -> Option<(f64, bool)> {
    let named = material.simulation.experiment().targets.get(arm)?;
    named.iter().find_map(|id| {
        let target = material.targets.iter().find(|target| target.id == *id)?;
        let (found, factor) = target.measure()?;
        (found == code).then_some((target.estimate? * factor, target.role == crate::targets::Role::Fit))
    })
}

/// What the first trial alone would report, with exact intervals.
fn exact(material: &Material<'_>) -> Option<Block> {
    let first = material.simulation.replicates.first()?;
    let arms = &material.simulation.summary.arms;
    let experiment = material.simulation.experiment();
    let mut columns = vec![column("endpoint")];
    columns.extend(arms.iter().map(|arm| numbers(arm.name.clone())));
    let rows = ENDPOINTS.iter().filter_map(|code| measure(code)).filter(|it| it.is_share());
    let rows = rows.map(|measure| {
        let mut row: Vec<Cell> = vec![parts::named(measure).into()];
        row.extend(first.arms.iter().zip(arms).map(|(result, arm)| {
            let (events, patients) = measure.counts(&result.patients);
            let interval = clopper_pearson(events as u32, patients as u32, 0.95);
            let text = proportion(events, patients, interval, 0.95);
            if experiment.is_fitted(&arm.name, measure.code) {
                cell(text, Badge::Fitted)
            } else {
                text.into()
            }
        }));
        row
    });
    let table = Table {
        id: "efficacy-first-trial".into(),
        caption: "What the first virtual trial alone would report".into(),
        columns,
        rows: rows.collect(),
        notes: vec![
            "One trial of many, not a forecast. Intervals: Clopper and Pearson, exact, 95%.".into(),
        ],
    };
    let treated: Vec<String> = arms
        .iter()
        .enumerate()
        .map(|(at, arm)| format!("{} {}", arm.name, parts::first_treated(material, at)))
        .collect();
    Some(Block::Details {
        summary: "The first virtual trial, with exact intervals".into(),
        blocks: vec![
            paragraph(format!("Patients infused (or observed): {}.", words::list(&treated))),
            Block::Table(table),
        ],
    })
}
