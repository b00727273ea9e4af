//! Results under two ways of making the virtual population, with how much each way rests on.

use report::format::{number, percent, percent_range, range as number_range};
use report::{Badge, Block, Cell, Table, cell, numbers, paragraph, subsection, words as column};

use super::super::words::FINE;
use super::super::{Material, words};
use crate::summary::measure::{Kind, measure};
use crate::uncertainty::weights::{Balance, Ranges, Weighted, fits, weigh};

/// Fewer equally weighted replicates than this carry no range.
const TOO_FEW: f64 = 10.0;

/// The part of the section.
pub(super) fn blocks(material: &Material<'_>) -> Vec<Block> {
    let simulation = material.simulation;
    let fits = fits(simulation.experiment(), material.targets);
    let mut blocks = vec![subsection("Two ways of making the virtual population")];
    let Some(found) = weigh(&simulation.world, &simulation.replicates, &fits) else {
        blocks.push(paragraph(
            "The comparison names no published count that may be fitted, so there is one \
             population only: patients and typical values as drawn.",
        ));
        return blocks;
    };
    blocks.push(paragraph(explanation(&found, simulation.replicates.len())));
    if found.effective < TOO_FEW {
        blocks.push(paragraph(format!(
            "So few trials agree with the fitted results that the weighted ranges rest on about \
             {} of them; they say where to look, not how wide the range is.",
            number(found.effective)
        )));
    }
    blocks.push(Block::Table(results(material, &found)));
    blocks.push(Block::Details {
        summary: format!("Patients before and after weighting to {}", found.balance.cohort),
        blocks: vec![Block::Table(baseline(&found.balance))],
    });
    blocks
}

fn explanation(found: &Weighted, trials: usize) -> String {
    let balance = &found.balance;
    let patients = if balance.marginals.is_empty() {
        "No baseline of the fitted trials is known, so patients keep equal weights.".to_owned()
    } else if balance.is_met {
        format!(
            "Patients are weighted to the published baseline of {} (entropy balancing): {} patients \
             count like {} equally weighted ones.",
            balance.cohort,
            balance.patients,
            number(balance.effective)
        )
    } else {
        format!(
            "The virtual patients cannot be weighted to the published baseline of {}; they keep \
             equal weights.",
            balance.cohort
        )
    };
    format!(
        "First, patients and typical values as drawn. Second, weighted. {patients} Trials are \
         weighted by the probability of {} (role fit, nothing else can be used): {trials} trials \
         count like {} equally weighted ones.",
        words::list(&found.fitted),
        number(found.effective)
    )
}

fn results(material: &Material<'_>, found: &Weighted) -> Table {
    let arms = &material.simulation.summary.arms;
    let rows = found.ranges.iter().filter_map(|ranges| -> Option<Vec<Cell>> {
        let measure = measure(ranges.code)?;
        let arm = arms.iter().find(|arm| arm.name == ranges.arm)?;
        let show = |points: [f64; 3]| {
            let [low, median, high] = points;
            let (range, median) = match measure.kind() {
                Kind::Share => (percent_range(low, high, FINE), percent(median, FINE)),
                Kind::Number => (number_range(low, high), number(median)),
            };
            if arm.is_range_only() { range } else { format!("{median} ({range})") }
        };
        Some(vec![
            ranges.arm.clone().into(),
            super::super::answer::title(measure).into(),
            mark(ranges, show(ranges.drawn)),
            mark(ranges, show(ranges.weighted)),
        ])
    });
    Table {
        id: "two-populations".into(),
        caption: "Results under two ways of making the virtual population, 90% of trials".into(),
        columns: vec![
            column("arm"),
            column("endpoint"),
            numbers("as drawn"),
            numbers("weighted to baseline and fitted results"),
        ],
        rows: rows.collect(),
        notes: vec![
            words::trials(&material.simulation.summary).into(),
            format!(
                "Weighted by {}: what bears the mark fitted was weighted towards the published \
                 result itself and is no prediction; the others follow from it.",
                words::list(&found.fitted)
            )
            .into(),
        ],
    }
}

fn mark(ranges: &Ranges, text: String) -> Cell {
    if ranges.is_fitted { cell(text, Badge::Fitted) } else { text.into() }
}

fn baseline(balance: &Balance) -> Table {
    let rows = balance.marginals.iter().map(|marginal| -> Vec<Cell> {
        vec![
            marginal.what.clone().into(),
            percent(marginal.published, FINE).into(),
            percent(marginal.drawn, FINE).into(),
            percent(marginal.weighted, FINE).into(),
        ]
    });
    Table {
        id: "two-populations-baseline".into(),
        caption: format!("Share of patients, {} and virtual", balance.cohort),
        columns: vec![
            column("patients with"),
            numbers("published"),
            numbers("as drawn"),
            numbers("weighted"),
        ],
        rows: rows.collect(),
        notes: vec![
            format!("{} enrolled virtual patients of all trials.", balance.patients).into(),
            "Categories that cover everybody are brought to a sum of 1, and one of them follows \
             from the others. Smallest and largest values of a cohort are not used."
                .into(),
        ],
    }
}
