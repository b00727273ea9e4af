//! The infused cells in blood: how far they expand, how long they are seen.

use records::Analyte;
use report::figure::{Curve, Drawing, Line};
use report::format::{days, number};
use report::{Axis, Block, paragraph, reference, section};

use super::Material;
use super::parts::{Words, estimates, figure, first_treated};
use super::readings::{over_time, peak};

/// The section.
pub fn blocks(material: &Material<'_>) -> Vec<Block> {
    let mut blocks = vec![section("Cells in blood")];
    match expansion(material) {
        Some(figure) => blocks.push(figure),
        None => {
            blocks.push(paragraph("No infused cells were measured in the first virtual trial."));
        }
    }
    blocks.push(estimates(
        material,
        ("kinetics", "Cellular kinetics from the planned samples, without a model"),
        &["cmax", "tmax", "auc-28", "tlast"],
        vec![
            "Cmax is the largest measured count, Tmax its day, AUC the area to day 28 by \
             trapezoids, Tlast the last day above the limit of quantification. Each is the median \
             over the patients of one trial in whom cells were seen. Where two products are given, \
             the first one counts."
                .into(),
        ],
    ));
    blocks
}

fn expansion(material: &Material<'_>) -> Option<Block> {
    let experiment = material.simulation.experiment();
    let mut lines: Vec<Line> = Vec::new();
    let mut counted = Vec::new();
    for (at, arm) in experiment.arms.iter().enumerate() {
        let Some((study, _)) = material.first(at).filter(|_| !arm.products.is_empty()) else {
            continue;
        };
        lines.push(over_time(material, study, Analyte::InfusedCells, &arm.name));
        if let Some(second) = arm.products.get(1) {
            let name = format!("{}: {}", arm.name, second.name);
            lines.push(over_time(material, study, Analyte::InfusedCellsSecond, &name));
        }
        counted.push(format!("{} {}", arm.name, first_treated(material, at)));
    }
    lines.retain(|line| !line.points.is_empty());
    if lines.is_empty() {
        return None;
    }
    let said = peaks(&lines, "cells/uL");
    let limit = material.simulation.world.assays.of(Analyte::InfusedCells).limit;
    let words = Words {
        id: "expansion".into(),
        title: "Infused cells in blood, first virtual trial".into(),
        caption:
            "Median over the patients at each planned visit; the band runs from the lowest to \
                  the highest patient. Results below the limit of quantification (LLOQ) stand at \
                  the limit. The axis is logarithmic."
                .into(),
        alternative: format!("Line chart. {}.", said.join("; ")),
        denominators: format!(
            "Patients infused in the first virtual trial: {}.",
            super::words::list(&counted)
        ),
    };
    let drawing = Drawing::Curve(Curve {
        horizontal: Axis::linear("days since the first infusion"),
        vertical: Axis::log("cells per uL of blood"),
        band: "lowest to highest patient".into(),
        lines,
        references: limit.map(|limit| reference(limit, "LLOQ")).into_iter().collect(),
    });
    Some(figure(words, drawing))
}

/// In words where each line peaks: from the lowest to the highest patient on that day.
pub(super) fn peaks(lines: &[Line], unit: &str) -> Vec<String> {
    let said = lines.iter().filter_map(|line| {
        let (low, high, day) = peak(line)?;
        Some(format!(
            "{} peaks at {} to {} {unit} {}",
            line.name,
            number(low),
            number(high),
            at_day(day)
        ))
    });
    said.collect()
}

/// When a peak is, in words: `on day 7`.
fn at_day(day: f64) -> String {
    if day < 1.0 {
        return "on the day of the infusion".to_owned();
    }
    format!("on day {}", days(day).split(' ').next().unwrap_or_default())
}
