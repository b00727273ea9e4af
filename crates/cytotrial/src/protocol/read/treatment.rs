//! `[treatment]`: lymphodepletion, infusions, treatment of toxicity.

use crate::document::{Node, Value};
use crate::protocol::product::Product;
use crate::protocol::quantity;
use crate::protocol::section::{Field, Log, Section};
use crate::protocol::{DepletionDay, Dose, Rescue};

/// Body weight at which a dose per kilogram is compared with a lot, kg; the median of the drawn
/// Chinese patients.
const USUAL_WEIGHT: f64 = 63.0;

/// What the protocol gives.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Treatment {
    pub(super) product: Option<Product>,
    pub(super) depletion: Vec<DepletionDay>,
    pub(super) days: Vec<f64>,
    pub(super) levels: Vec<Dose>,
    /// 0-based.
    pub(super) start: usize,
}

pub(super) fn treatment(section: Section<'_>) -> (Option<Treatment>, Option<Rescue>) {
    let depletion = match section.may("lymphodepletion") {
        None => Some(Vec::new()),
        Some(field) => field.section().and_then(depletion),
    };
    let infusion = section.need_section("infusion").and_then(|infusion| {
        let days = infusion.need("days").and_then(days_of_infusion);
        let levels = infusion.need("levels").and_then(levels);
        let count = levels.as_ref().map_or(1000, Vec::len) as u32;
        let start = infusion.need("start").and_then(|field| field.whole(1, count));
        infusion.done();
        Some((days?, levels?, start? as usize - 1))
    });
    let rescue = section.need_section("rescue").and_then(rescue);
    section.done();
    let treatment = depletion.zip(infusion).map(|(depletion, (days, levels, start))| Treatment {
        product: None,
        depletion,
        days,
        levels,
        start,
    });
    (treatment, rescue)
}

/// Days of infusion: at least one, the first on day 0, increasing.
pub(super) fn days_of_infusion(field: Field<'_>) -> Option<Vec<f64>> {
    let here = field.clone();
    let days = field.each(|day| day.within(0.0, 365.0))?;
    if days.first() != Some(&0.0) {
        return here.error(
            "V101",
            "the first infusion is not on day 0",
            "days count from the first infusion: begin with 0",
        );
    }
    increasing(&here, &days, "day")
}

fn increasing(field: &Field<'_>, days: &[f64], what: &str) -> Option<Vec<f64>> {
    for (index, pair) in days.windows(2).enumerate() {
        if pair[1] <= pair[0] {
            field.log.error(
                "V103",
                &format!("{}.{}", field.path, index + 1),
                format!("{what} {} is not after {what} {}", pair[1], pair[0]),
                "list days from first to last",
            );
            return None;
        }
    }
    Some(days.to_vec())
}

/// Dose levels, from lowest to highest.
pub(super) fn levels(field: Field<'_>) -> Option<Vec<Dose>> {
    let here = field.clone();
    let fields = field.clone().list()?;
    if fields.is_empty() {
        return here.error("V101", "no dose level is given", "list at least one");
    }
    let levels = field.each(dose)?;
    let mut sound = true;
    for (index, pair) in levels.windows(2).enumerate() {
        let (below, level) = (fields[index].clone(), fields[index + 1].clone());
        let shown = |field: &Field<'_>| field.node.value.show();
        let ordered = match (pair[0], pair[1]) {
            (Dose::PerKilogram(low), Dose::PerKilogram(high))
            | (Dose::Flat(low), Dose::Flat(high)) => low < high,
            _ => {
                let message =
                    format!("`{}` and `{}` are of different kinds", shown(&below), shown(&level));
                let help = "give every level in cells/kg, or every level in cells";
                let _: Option<()> = level.error("U101", message, help);
                sound = false;
                continue;
            }
        };
        if !ordered {
            let (number, before) = (index + 2, index + 1);
            let message = format!(
                "dose level {number} ({}) is not above level {before} ({})",
                shown(&level),
                shown(&below)
            );
            let _: Option<()> =
                level.error("V103", message, "list dose levels from lowest to highest");
            sound = false;
        }
    }
    sound.then_some(levels)
}

/// A dose of cells.
pub(super) fn dose(field: Field<'_>) -> Option<Dose> {
    let here = field.clone();
    if let Value::Integer(_) | Value::Number(_) = field.node.value {
        let message = format!("the dose {} has no unit", field.node.value.show());
        return here.error("U104", message, "write `\"2e6 cells/kg\"` or `\"4.5e8 cells\"`");
    }
    let text = field.text()?;
    let dose = match quantity::dose(&text) {
        Ok(dose) => dose,
        Err(fault) => return here.error(fault.code, fault.message, fault.help),
    };
    let (Dose::PerKilogram(cells) | Dose::Flat(cells)) = dose;
    if cells > 0.0 && cells.is_finite() {
        return Some(dose);
    }
    here.error("V101", format!("the dose `{text}` is not above zero"), "correct the dose")
}

/// Compares every dose of a value that can be read, a list or a single one, with what a lot holds.
pub(super) fn check_lot(field: &Field<'_>, products: &[Product]) {
    let single = [(field.path.clone(), field.node)];
    let several: Vec<(String, &Node)> = match &field.node.value {
        Value::List(nodes) => {
            let path = |index| format!("{}.{index}", field.path);
            nodes.iter().enumerate().map(|(index, node)| (path(index), node)).collect()
        }
        _ => single.to_vec(),
    };
    for (path, node) in several {
        if let Value::Text(text) = &node.value
            && let Ok(dose) = quantity::dose(text)
        {
            check_dose(field.log, &path, dose, products);
        }
    }
}

/// Compares one dose with the smallest lot of the products.
pub(super) fn check_dose(log: &Log, path: &str, dose: Dose, products: &[Product]) {
    let smallest = |one: &&Product, other: &&Product| one.max_per_lot.total_cmp(&other.max_per_lot);
    let Some(product) = products.iter().min_by(smallest) else { return };
    let lot = product.max_per_lot;
    let (typed, most, unit, weight) = match dose {
        Dose::PerKilogram(cells) => {
            let weight = format!(" for a patient of {USUAL_WEIGHT} kg");
            (cells, lot / USUAL_WEIGHT, "cells/kg", weight)
        }
        Dose::Flat(cells) => (cells, lot, "cells", String::new()),
    };
    if typed > most {
        let name = &product.name;
        let message = format!(
            "a dose of {typed:e} {unit} is beyond one lot of {name}, which holds {lot:e} cells{weight}"
        );
        log.error("V102", path, message, typed_for(typed, most));
    }
}

/// `typed 1e13 for 1e7?`: the same digits with the largest power of ten that leaves a lot room for
/// ten such doses.
fn typed_for(typed: f64, most: f64) -> String {
    let mut exponent = 0;
    while exponent < 300 && typed / 10_f64.powi(exponent) > most / 10.0 {
        exponent += 1;
    }
    format!("typed {typed:e} for {:e}?", typed / 10_f64.powi(exponent))
}

fn depletion(section: Section<'_>) -> Option<Vec<DepletionDay>> {
    let days = section.need("days").and_then(|field| {
        let here = field.clone();
        let days = field.each(|day| day.within(-60.0, -1.0))?;
        increasing(&here, &days, "day")
    });
    let drug = |key| match section.may(key) {
        None => Some(0.0),
        Some(field) => field.amount("mg/m2"),
    };
    let (fludarabine, cyclophosphamide) = (drug("fludarabine"), drug("cyclophosphamide"));
    section.done();
    let (fludarabine, cyclophosphamide) = (fludarabine?, cyclophosphamide?);
    let day = |day| DepletionDay { day, fludarabine, cyclophosphamide };
    Some(days?.into_iter().map(day).collect())
}

fn rescue(section: Section<'_>) -> Option<Rescue> {
    let grade =
        |key| section.need(key).and_then(|field| field.whole(1, 5)).map(|grade| grade as u8);
    let amount = |key, unit| section.need(key).and_then(|field: Field<'_>| field.amount(unit));
    let tocilizumab = amount("tocilizumab", "mg/kg");
    let tocilizumab_grade = grade("tocilizumab-at-crs-grade");
    let tocilizumab_after_days = amount("tocilizumab-after-grade-1", "day");
    let doses = section.need("tocilizumab-doses").and_then(|field| field.whole(0, 100));
    let dexamethasone = amount("dexamethasone", "mg");
    let dexamethasone_crs_grade = grade("dexamethasone-at-crs-grade");
    let dexamethasone_icans_grade = grade("dexamethasone-at-icans-grade");
    section.done();
    Some(Rescue {
        tocilizumab: tocilizumab?,
        tocilizumab_grade: tocilizumab_grade?,
        tocilizumab_after_days: tocilizumab_after_days?,
        tocilizumab_doses: doses?,
        dexamethasone: dexamethasone?,
        dexamethasone_crs_grade: dexamethasone_crs_grade?,
        dexamethasone_icans_grade: dexamethasone_icans_grade?,
    })
}
