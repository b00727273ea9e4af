//! The answer in one paragraph, and a table of every arm.

use report::format::{number, percent};
use report::{
    Block, Cell, NoteKind, Table, note, numbers, paragraph, plain, section, strong, words as column,
};

use super::parts::{estimate_cell, fitted_note, marked};
use super::words::RANGE;
use super::{Material, words};
use crate::summary::ArmSummary;
use crate::summary::measure::measure;

/// Endpoints of the overview.
const OVERVIEW: &[&str] = &[
    "orr",
    "cr",
    "mrd-negative",
    "pfs-median",
    "os-12-month",
    "crs",
    "crs-grade-2-or-more",
    "crs-grade-3-or-more",
    "icans",
    "gvhd",
    "dlt",
    "days-to-infusion",
    "infused-of-enrolled",
];

/// The section.
pub fn blocks(material: &Material<'_>) -> Vec<Block> {
    let summary = &material.simulation.summary;
    let mut blocks = vec![
        section("Answer"),
        paragraph(vec![strong(material.simulation.experiment().question.clone())]),
        paragraph(answer(material)),
    ];
    if let Some(limit) = limit(material) {
        blocks.push(note(NoteKind::Note, limit));
    }
    blocks.push(note(NoteKind::Assumption, assumption(material)));
    blocks.push(Block::Table(table(material)));
    if summary.failed > 0 {
        blocks.push(note(
            NoteKind::Warning,
            format!(
                "{} of {} simulated patients could not be computed and count as not evaluable; \
                 run.json lists them.",
                summary.failed, summary.simulated
            ),
        ));
    }
    blocks
}

/// What the arms of this run rest on.
fn assumption(material: &Material<'_>) -> String {
    let summary = &material.simulation.summary;
    let named = |wanted: fn(&ArmSummary) -> bool| -> Vec<String> {
        let arms = summary.arms.iter().filter(|arm| !arm.observed && wanted(arm));
        arms.map(|arm| arm.name.clone()).collect()
    };
    let (assumed, adjusted) = (named(ArmSummary::is_range_only), named(|arm| !arm.is_range_only()));
    let mut sentences = Vec::new();
    if !assumed.is_empty() {
        sentences.push(format!(
            "No published efficacy data stand behind {}: most of their parameters are assumed, and \
             they are shown as ranges only.",
            words::list(&assumed)
        ));
    }
    if !adjusted.is_empty() {
        sentences.push(format!(
            "Values behind {} were set with published results in view; those results are no \
             predictions, and the section \"Beside published results\" lists them.",
            words::list(&adjusted)
        ));
    }
    sentences.push(
        "This is for planning and research; it is no medical device, and the committee decides."
            .to_owned(),
    );
    sentences.join(" ")
}

/// Response and CRS of the first arm against the others, in words.
fn answer(material: &Material<'_>) -> String {
    let summary = &material.simulation.summary;
    let say = |arm: &ArmSummary, code: &str| -> Option<String> {
        arm.estimate(code)?;
        Some(marked(material, arm, measure(code)?))
    };
    let mut sentences = Vec::new();
    for arm in &summary.arms {
        let (Some(orr), Some(cr), Some(crs), Some(severe)) =
            (say(arm, "orr"), say(arm, "cr"), say(arm, "crs"), say(arm, "crs-grade-3-or-more"))
        else {
            continue;
        };
        if arm.observed {
            let alive = say(arm, "os-12-month").unwrap_or_default();
            sentences.push(format!("{}: {alive} alive at 12 months.", arm.name));
        } else {
            sentences.push(format!(
                "{}: response {orr}, complete response {cr}; CRS {crs}, of grade 3 or more \
                 {severe}.",
                arm.name
            ));
        }
    }
    format!(
        "In {} virtual trials of {} patients per arm, the same patients in every arm ({RANGE}): {}",
        summary.replicates,
        summary.patients,
        sentences.join(" ")
    )
}

/// What limits the cells of the first arm: kills counted against the burden.
fn limit(material: &Material<'_>) -> Option<Vec<report::Span>> {
    let experiment = material.simulation.experiment();
    let (index, arm) =
        experiment.arms.iter().enumerate().find(|(_, arm)| {
            arm.products.iter().any(|product| product.cell == "NK") && arm.escalate
        })?;
    let mut shares: Vec<f64> = Vec::new();
    for replicate in &material.simulation.replicates {
        for patient in &replicate.arms[index].patients {
            if patient.truth.burden_at_infusion > 0.0 {
                let killed = patient.truth.kills[0];
                shares.push(killed / (killed + patient.truth.burden_at_infusion));
            }
        }
    }
    let ordered = stats::summary::sorted(&shares);
    let at = |p: f64| stats::summary::quantile_of_sorted(&ordered, p);
    let (low, median, high) = (at(0.05)?, at(0.5)?, at(0.95)?);
    let best = material.simulation.summary.arms[index].estimate("orr")?.quantiles?[4];
    let cells = arm.levels.last()?.cells(70.0) * arm.infusion_days.len() as f64;
    (best < 0.5).then(|| {
        vec![
            strong("Cell numbers limit this product. "),
            plain(format!(
                "At the highest level a patient of 70 kg is given {} cells in all, against a \
                 median of {} myeloma cells at screening. The infused cells killed {} of the \
                 burden in the median patient ({} to {} in 90% of patients). Response needs a low \
                 burden, growth of the cells in the body, or a second mechanism; the record does \
                 not say whether the product is armoured.",
                number(cells),
                number(material.simulation.world.median_burden * 1e9),
                percent(median, words::FINE),
                percent(low, words::FINE),
                percent(high, words::FINE)
            )),
        ]
    })
}

fn table(material: &Material<'_>) -> Table {
    let summary = &material.simulation.summary;
    let mut columns = vec![column("endpoint"), column("of")];
    columns.extend(summary.arms.iter().map(|arm| numbers(arm.name.clone())));
    let rows = OVERVIEW
        .iter()
        .filter_map(|code| {
            let measure = measure(code)?;
            let mut row: Vec<Cell> = vec![title(measure).into(), measure.of.into()];
            for arm in &summary.arms {
                row.push(estimate_cell(material, arm, measure));
            }
            Some(row)
        })
        .collect();
    Table {
        id: "overview".into(),
        caption: format!("Every arm at a glance: median and range ({RANGE})"),
        columns,
        rows,
        notes: std::iter::once(
            "Arms without published efficacy data: range only. A median time that a trial did \
             not reach within follow-up counts as longer than any that was."
                .into(),
        )
        .chain(fitted_note(material, OVERVIEW))
        .collect(),
    }
}

/// A measure's name with its unit.
pub(super) fn title(measure: &crate::summary::measure::Measure) -> String {
    let mark = if measure.hidden { " (known to the model only)" } else { "" };
    match measure.unit {
        "%" => format!("{}{mark}", measure.title),
        unit => format!("{}{mark}, {unit}", measure.title),
    }
}
