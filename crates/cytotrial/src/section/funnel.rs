//! From screening to an evaluable patient: who is lost on the way, and how many days.

use report::figure::{Drawing, Funnel, FunnelArm, FunnelStage};
use report::format::number;
use report::{Axis, Block, Cell, Table, numbers, paragraph, section, words as column};

use super::parts::{RANGE_NOTE, Words, estimates, figure};
use super::{Material, words};
use crate::summary::ArmSummary;

/// Names of the stages.
const STAGES: [&str; 4] =
    ["screened", "enrolled", "infused (or observed)", "evaluable for response"];

/// Names of the losses, in the order of the summary.
const LOSSES: [&str; 6] = [
    "failed screening",
    "no product released",
    "too ill after progression",
    "died before the infusion",
    "withdrew before the infusion",
    "could not be computed",
];

/// The section.
pub fn blocks(material: &Material<'_>) -> Vec<Block> {
    let arms = &material.simulation.summary.arms;
    let mut blocks = vec![
        section("From screening to evaluable"),
        paragraph(
            "Response and toxicity are shares of patients infused. This section counts those who \
             never got that far; the efficacy table has the response among all enrolled too.",
        ),
    ];
    if arms.iter().all(|arm| arm.funnel.stages[0] <= 0.0) {
        blocks.push(paragraph("Nobody was screened."));
        return blocks;
    }
    blocks.push(drawn(material));
    blocks.push(Block::Table(table(material)));
    blocks.push(estimates(
        material,
        ("waiting", "Waiting for the product"),
        &["days-to-infusion", "infused-of-enrolled"],
        Vec::new(),
    ));
    blocks
}

fn drawn(material: &Material<'_>) -> Block {
    let summary = &material.simulation.summary;
    let said: Vec<String> = summary
        .arms
        .iter()
        .map(|arm| {
            let [screened, enrolled, infused, evaluable] = [0, 1, 2, 3].map(|at| {
                counted(arm, arm.funnel.stages[at], arm.funnel.stage_ranges[at])
            });
            format!(
                "{}: {screened} screened, {enrolled} enrolled, {infused} infused or observed, \
                 {evaluable} evaluable",
                arm.name
            )
        })
        .collect();
    let words = Words {
        id: "funnel".into(),
        title: "Patients left at each stage".into(),
        caption:
            "Patients per trial who reach each stage. Bar: mean; line on it: 5th to 95th \
                  percentile of trials. Arms without published efficacy data: the bar lies on \
                  that range. Days are from enrolment to the infusion."
                .into(),
        alternative: format!("Bars. {}.", said.join("; ")),
        denominators: words::trials(summary),
    };
    let arms = summary.arms.iter().map(|arm| FunnelArm {
        arm: arm.name.clone(),
        stages: (0..STAGES.len()).map(|at| stage(arm, at)).collect(),
    });
    let drawing = Drawing::Funnel(Funnel {
        values: Axis::linear("patients, mean per trial"),
        arms: arms.collect(),
    });
    figure(words, drawing)
}

fn stage(arm: &ArmSummary, at: usize) -> FunnelStage {
    let lost = |range: std::ops::Range<usize>| -> String {
        let reasons: Vec<String> = range
            .filter(|&loss| arm.funnel.losses[loss] > 0.0)
            .map(|loss| {
                let range = arm.funnel.loss_ranges[loss];
                format!("{} {}", LOSSES[loss], counted(arm, arm.funnel.losses[loss], range))
            })
            .collect();
        reasons.join(", ")
    };
    FunnelStage {
        name: STAGES[at].into(),
        count: (!arm.is_range_only()).then_some(arm.funnel.stages[at]),
        interval: Some(arm.funnel.stage_ranges[at]),
        days: match at {
            1 => Some(0.0),
            2 => arm.funnel.wait.filter(|_| !arm.is_range_only()),
            _ => None,
        },
        because: match at {
            1 => lost(0..1),
            2 => lost(1..6),
            _ => String::new(),
        },
    }
}

fn table(material: &Material<'_>) -> Table {
    let arms = &material.simulation.summary.arms;
    let mut columns = vec![column("patients per trial")];
    columns.extend(arms.iter().map(|arm| numbers(arm.name.clone())));
    let row = |name: &str, of: &dyn Fn(&ArmSummary) -> String| -> Vec<Cell> {
        let mut row: Vec<Cell> = vec![name.into()];
        row.extend(arms.iter().map(|arm| Cell::from(of(arm))));
        row
    };
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for (at, name) in STAGES.iter().enumerate() {
        rows.push(row(name, &|arm| {
            counted(arm, arm.funnel.stages[at], arm.funnel.stage_ranges[at])
        }));
    }
    for (at, name) in LOSSES.iter().enumerate() {
        rows.push(row(&format!("lost: {name}"), &|arm| {
            counted(arm, arm.funnel.losses[at], arm.funnel.loss_ranges[at])
        }));
    }
    Table {
        id: "losses".into(),
        caption: format!("Who is lost before the infusion: mean and range ({})", words::RANGE),
        columns,
        rows,
        notes: vec![RANGE_NOTE.into(), words::trials(&material.simulation.summary).into()],
    }
}

/// A mean number of patients with its range over trials; the range alone where only that may be
/// shown.
fn counted(arm: &ArmSummary, mean: f64, (low, high): (f64, f64)) -> String {
    let range = format!("{} to {}", report::format::shortest(low, 3), report::format::shortest(high, 3));
    if arm.is_range_only() { range } else { format!("{} ({range})", number(mean)) }
}
