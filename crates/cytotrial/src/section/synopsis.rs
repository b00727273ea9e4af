//! The protocol's synopsis: each value with its mark, what the record leaves open, what clashes.

use report::{
    Badge, Block, Cell, KeyValue, Table, cell, key_value, list, paragraph, section, subsection,
    words,
};

use super::Material;
use crate::protocol::Source;

/// The mark of a source.
pub(super) fn badge(source: &Source) -> Badge {
    match source {
        Source::Stated(_) => Badge::Stated,
        Source::Derived(_) => Badge::Derived,
        Source::Assumed(_) => Badge::Assumed,
        Source::Cited(_) => Badge::Cited,
    }
}

/// The section.
pub fn blocks(material: &Material<'_>) -> Vec<Block> {
    let protocol = &material.simulation.experiment().protocol;
    let lines: Vec<KeyValue> = protocol
        .synopsis
        .iter()
        .map(|line| key_value(line.path.clone(), cell(line.value.clone(), badge(&line.source))))
        .collect();
    let count = |wanted: Badge| {
        protocol.synopsis.iter().filter(|line| badge(&line.source) == wanted).count()
    };
    let mut blocks = vec![
        section("Synopsis"),
        paragraph(format!(
            "Of {} values of the protocol the record states {}; {} are derived from it, {} are \
             cited from publications and {} are assumed.",
            protocol.synopsis.len(),
            count(Badge::Stated),
            count(Badge::Derived),
            count(Badge::Cited),
            count(Badge::Assumed)
        )),
        Block::KeyValues(lines),
        Block::Table(arms(material)),
    ];
    if let Some(audit) = material.audit {
        blocks.push(subsection("What the record leaves open"));
        blocks.push(list(audit.open.iter().map(|item| format!("{}: {}", item.title, item.text))));
        blocks.push(subsection("What does not fit"));
        blocks.push(list(
            audit.contradictions.iter().map(|item| format!("{}: {}", item.title, item.text)),
        ));
    }
    blocks
}

/// What each arm is given.
fn arms(material: &Material<'_>) -> Table {
    let rows = material
        .simulation
        .experiment()
        .arms
        .iter()
        .map(|arm| {
            let products: Vec<String> =
                arm.products.iter().map(|product| product.name.clone()).collect();
            let days: Vec<String> =
                arm.infusion_days.iter().map(|day| report::format::exact(*day)).collect();
            let row: Vec<Cell> = vec![
                arm.name.clone().into(),
                if products.is_empty() { "none".into() } else { products.join(" + ").into() },
                arm.levels
                    .iter()
                    .map(|dose| dose_words(*dose))
                    .collect::<Vec<_>>()
                    .join("; ")
                    .into(),
                days.join(", ").into(),
                if arm.depletion { "yes".into() } else { "no".into() },
                if arm.escalate { "escalated by the design".into() } else { "fixed".into() },
            ];
            row
        })
        .collect();
    Table {
        id: "arms".into(),
        caption: "What each arm is given".into(),
        columns: vec![
            words("arm"),
            words("product").given(),
            words("dose of each infusion").given(),
            words("days").given(),
            words("lymphodepletion"),
            words("dose"),
        ],
        rows,
        notes: Vec::new(),
    }
}

/// A dose in words.
pub(super) fn dose_words(dose: crate::protocol::Dose) -> String {
    match dose {
        crate::protocol::Dose::PerKilogram(cells) => format!("{cells:e} cells/kg"),
        crate::protocol::Dose::Flat(cells) => format!("{cells:e} cells"),
    }
}
