//! Who the virtual patients are: what is drawn beside published cohorts, who fails screening.

use std::collections::BTreeMap;

use report::format::{count_of, number, percent};
use report::{Block, Cell, Table, marks, numbers, paragraph, section, words as column};

use super::{Material, words};
use crate::conduct::candidate::screen;
use crate::population::baseline::{Comparison, Row, Statistic, compare};

/// Patients drawn for the comparison.
const DRAWN: u32 = 2000;

/// The section.
pub fn blocks(material: &Material<'_>) -> Vec<Block> {
    let world = &material.simulation.world;
    let seed = world.experiment.seed;
    let comparison = compare(&world.population, &world.eligibility, DRAWN, seed);
    let mut blocks = vec![
        section("Virtual patients"),
        paragraph(format!(
            "Patients are drawn from `{}`: {}. Of {DRAWN} drawn for this comparison, {} meet every \
             criterion of the protocol.",
            world.experiment.protocol.population,
            world.population.title,
            count_of(comparison.eligible.into(), comparison.patients.into())
        )),
    ];
    if comparison.rows.is_empty() {
        blocks.push(paragraph("The population names no published cohort."));
    } else {
        blocks.push(Block::Table(baseline(&comparison)));
    }
    blocks.push(Block::Table(failures(material, &comparison)));
    blocks
}

fn shown(row: &Row, value: Option<f64>) -> String {
    match (value, row.statistic) {
        (None, _) => report::format::NOT_ESTIMABLE.into(),
        (Some(value), Statistic::Share) => percent(value, words::FINE),
        (Some(value), _) => number(value),
    }
}

fn baseline(comparison: &Comparison) -> Table {
    let rows = comparison.rows.iter().map(|row| -> Vec<Cell> {
        let what = if row.statistic == Statistic::Share {
            format!("share with {}", row.of)
        } else {
            row.statistic.word().to_owned()
        };
        let unit = if row.unit.is_empty() || row.unit == "1" {
            row.title.clone()
        } else {
            format!("{}, {}", row.title, row.unit)
        };
        let range = row
            .drawn_range
            .map_or_else(|| "-".into(), |(low, high)| report::format::range(low, high));
        vec![
            unit.into(),
            what.into(),
            shown(row, Some(row.published)).into(),
            row.cohort.clone().into(),
            row.subjects.map_or_else(|| "not given".to_owned(), |n| n.to_string()).into(),
            shown(row, row.drawn).into(),
            shown(row, row.drawn_eligible).into(),
            range.into(),
            words::source(&row.source, if row.was_seen { "" } else { "RECALLED" }).into(),
        ]
    });
    Table {
        id: "baseline".into(),
        caption: "Published cohorts and the virtual patients".into(),
        columns: vec![
            column("characteristic"),
            column("what"),
            numbers("published"),
            column("cohort"),
            numbers("n"),
            numbers("drawn, all"),
            numbers("drawn, eligible"),
            numbers("eligible, 2.5th to 97.5th percentile"),
            column("source"),
        ],
        rows: rows.collect(),
        notes: vec![
            format!(
                "{} patients drawn, {} of them eligible. They are other patients than those of the \
                 trials. For the smallest and the largest value: what a cohort of the published \
                 size would show.",
                comparison.patients, comparison.eligible
            )
            .into(),
        ],
    }
}

/// Why patients fail: each criterion, in the draw and in the first trial.
fn failures(material: &Material<'_>, comparison: &Comparison) -> Table {
    let world = &material.simulation.world;
    let protocol = &world.experiment.protocol;
    let candidates = screen(world, 0, protocol.patients);
    let mut first: BTreeMap<&str, u64> = BTreeMap::new();
    for reason in candidates.iter().filter_map(|candidate| candidate.failure.as_deref()) {
        *first.entry(reason).or_insert(0) += 1;
    }
    let mut rows: Vec<Vec<Cell>> = protocol
        .include
        .iter()
        .enumerate()
        .map(|(at, criterion)| {
            let drawn = comparison.failed_first.get(at).copied().unwrap_or(0);
            let here = first.remove(criterion.as_str()).unwrap_or(0);
            let criterion = criterion.clone();
            marked(criterion, count_of(drawn.into(), comparison.patients.into()), here)
        })
        .collect();
    // reasons outside the criteria are drawn per trial, not per patient of the comparison
    rows.extend(
        first.into_iter().map(|(reason, here)| marked(reason.to_owned(), "-".to_owned(), here)),
    );
    let eligible = candidates.iter().filter(|candidate| candidate.failure.is_none()).count() as u64;
    rows.push(marked(
        "eligible".into(),
        count_of(comparison.eligible.into(), comparison.patients.into()),
        eligible,
    ));
    Table {
        id: "screening".into(),
        caption: "The first criterion that is not met".into(),
        columns: vec![
            column("criterion"),
            numbers("of the patients drawn above"),
            marks("candidates of the first trial"),
        ],
        rows,
        notes: vec![
            format!(
                "{} candidates came to the first trial until {} were eligible; every arm meets \
                 the same candidates.",
                candidates.len(),
                protocol.patients
            )
            .into(),
        ],
    }
}

fn marked(what: String, drawn: String, first: u64) -> Vec<Cell> {
    vec![what.into(), drawn.into(), first.to_string().into()]
}
