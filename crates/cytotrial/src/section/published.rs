//! Predictions beside published results, misses first.

use report::figure::{Drawing, Range, RangeRow};
use report::format::{number, percent, percent_range, range as number_range};
use report::{
    Axis, Badge, Block, Cell, Table, badge as mark, cell, list, marks, numbers, paragraph, plain,
    section, subsection, words as column,
};

use super::parts::{RANGE_NOTE, Words, figure, marked};
use super::{Material, words};
use crate::conduct::result::PatientResult;
use crate::summary::ArmSummary;
use crate::summary::measure::{Kind, Measure, measure};
use crate::targets::{Role, Target};
use crate::uncertainty::prediction::{Basis, Prediction, predict};

/// A published result beside what the arm predicts.
struct Pair<'a> {
    arm: &'a ArmSummary,
    target: &'a Target,
    measure: &'static Measure,
    /// The published value in the measure's unit.
    value: Option<f64>,
    /// Its interval.
    interval: Option<(f64, f64)>,
    /// What the arm predicts for it.
    prediction: Option<Prediction>,
}

impl Pair<'_> {
    /// Whether the published value lies in the predicted range.
    fn is_inside(&self) -> Option<bool> {
        let ((low, high), value) = (self.prediction?.range, self.value?);
        // Percentages are printed rounded, and a predicted share is a number of patients.
        let rounding = if self.measure.is_share() { 0.005 } else { 0.0 };
        Some((low - rounding..=high + rounding).contains(&value))
    }
}

/// A published result that no value was set to, beside what the arm predicts.
pub(super) struct HeldOut {
    /// The identifier, the endpoint and the arm.
    pub(super) what: String,
    /// Whether the published value lies in the predicted range.
    pub(super) is_inside: bool,
}

/// Every named result with another role than `fit` that can be judged.
pub(super) fn held_out(material: &Material<'_>) -> Vec<HeldOut> {
    let (pairs, _) = pairs(material);
    let predicted = pairs.iter().filter(|pair| pair.target.role != Role::Fit);
    let judged = predicted.filter_map(|pair| {
        let what =
            format!("{}, {} in {}", pair.target.id, words::short(pair.measure), pair.arm.name);
        Some(HeldOut { what, is_inside: pair.is_inside()? })
    });
    judged.collect()
}

/// The section.
pub fn blocks(material: &Material<'_>) -> Vec<Block> {
    let mut blocks = vec![
        section("Beside published results"),
        paragraph(
            "This run fits nothing; some values were set beforehand with results in view. The role says what a result may be \
             used for: fit for setting values, hold-out and claim for predictions only, evidence \
             for updating what is known, context for reading. The program keeps to it: a result \
             with another role than fit reaches nothing that sets a value or a weight.",
        ),
        paragraph(
            "A prediction is the range in which a trial with the published number of patients \
             would fall in 90% of cases: it holds the luck of those patients and everything that \
             is not known.",
        ),
    ];
    blocks.extend(set_by_hand(material));
    let (mut pairs, others) = pairs(material);
    if pairs.is_empty() {
        blocks.push(paragraph("The comparison names no published result that can be predicted."));
    } else {
        // misses first, then what cannot be judged, then the others; stable within each
        pairs.sort_by_key(|pair| match pair.is_inside() {
            Some(false) => 0,
            None => 1,
            Some(true) => 2,
        });
        let (set_to, predicted): (Vec<_>, Vec<_>) =
            pairs.into_iter().partition(|pair| pair.target.role == Role::Fit);
        blocks.push(subsection("Predictions"));
        if predicted.is_empty() {
            blocks.push(paragraph("The comparison names no result that values were kept from."));
        } else {
            blocks.push(paragraph(misses(&predicted)));
            let words = ("published", "Predictions beside published results, misses first");
            blocks.push(Block::Table(table(material, words, &predicted)));
            blocks.extend(forest(material, &predicted));
        }
        if !set_to.is_empty() {
            blocks.push(subsection("Results that values may have been set to"));
            blocks.push(paragraph(vec![
                mark(Badge::Fitted),
                plain(format!(
                    " Agreement here is no prediction; a miss shows what the model cannot do or \
                     was not set to do. {}",
                    misses(&set_to)
                )),
            ]));
            let words = ("published-fit", "Results with the role fit, misses first");
            blocks.push(Block::Table(table(material, words, &set_to)));
        }
    }
    if !others.is_empty() {
        blocks.push(Block::Details {
            summary: "Named, but not predicted by this simulation".into(),
            blocks: vec![list(others)],
        });
    }
    blocks
}

/// How many lie outside, in words.
fn misses(pairs: &[Pair<'_>]) -> String {
    let judged: Vec<bool> = pairs.iter().filter_map(Pair::is_inside).collect();
    let misses = judged.iter().filter(|inside| !**inside).count();
    format!(
        "{misses} of {} published values that can be judged lie outside the predicted range.",
        judged.len()
    )
}

/// Values whose own source says that they were calibrated.
fn set_by_hand(material: &Material<'_>) -> Option<Block> {
    let world = &material.simulation.world;
    let is_set = |source: &str| source.contains("calibrated");
    let values = material.values.iter().filter_map(|value| {
        let source = value.source.as_ref()?.text();
        is_set(source).then(|| format!("{}, {}: {source}", value.file, value.path))
    });
    let tables = [&world.parameters, &world.sign_parameters];
    let parameters = tables.into_iter().flat_map(|table| &table.parameters);
    let parameters = parameters.filter(|parameter| is_set(&parameter.source)).map(|parameter| {
        format!(
            "{}: {}",
            parameter.symbol,
            words::source(&parameter.source, &parameter.verification)
        )
    });
    let items: Vec<String> = values.chain(parameters).collect();
    (!items.is_empty()).then(|| Block::Details {
        summary: format!(
            "{} values were set beforehand with published results in view",
            items.len()
        ),
        blocks: vec![
            paragraph(
                "Their own sources say so. Where they were set to a result, agreement with that \
                 result, and with others of the same trial, is no prediction.",
            ),
            list(items),
        ],
    })
}

/// The results that the comparison names, with their predictions; and in words those without one.
fn pairs<'a>(material: &'a Material<'_>) -> (Vec<Pair<'a>>, Vec<String>) {
    let experiment = material.simulation.experiment();
    let (mut pairs, mut others) = (Vec::new(), Vec::new());
    for (place, arm) in material.simulation.summary.arms.iter().enumerate() {
        for id in experiment.targets.get(&arm.name).into_iter().flatten() {
            let Some(target) = material.targets.iter().find(|target| target.id == *id) else {
                continue;
            };
            let can_be_scored = target.role == Role::Fit || target.role.is_scored();
            let found = target.measure().filter(|_| can_be_scored);
            let found = found.and_then(|(code, factor)| Some((measure(code)?, factor)));
            let Some((measure, factor)) = found else {
                others.push(format!(
                    "{}: {id}, {} ({}), {}",
                    arm.name,
                    target.endpoint,
                    target.trial,
                    target.role.word()
                ));
                continue;
            };
            let interval = match measure.kind() {
                Kind::Share => target.share_interval(),
                Kind::Number => target.interval.map(|(a, b)| (a * factor, b * factor)),
            };
            pairs.push(Pair {
                arm,
                target,
                measure,
                value: target.estimate.map(|value| value * factor),
                interval,
                prediction: predict(
                    measure,
                    &replicates(material, place),
                    &material.simulation.uncertainty.splits,
                    &arm.name,
                    target,
                ),
            });
        }
    }
    (pairs, others)
}

fn table(material: &Material<'_>, (id, caption): (&str, &str), pairs: &[Pair<'_>]) -> Table {
    let rows = pairs.iter().map(|pair| -> Vec<Cell> {
        let target = pair.target;
        let patients = target.patients.unwrap_or(0);
        let of = [&target.trial, &target.dose].map(String::as_str);
        let of: Vec<&str> = of.into_iter().filter(|part| !part.is_empty()).collect();
        vec![
            match pair.is_inside() {
                Some(true) => "inside",
                Some(false) => "miss",
                None => "cannot tell",
            }
            .into(),
            pair.arm.name.clone().into(),
            format!("{} {}", target.id, words::short(pair.measure)).into(),
            of.join(", ").into(),
            match target.role {
                Role::Fit => cell(target.role.word(), Badge::Fitted),
                role => role.word().into(),
            },
            if patients > 0 { patients.to_string() } else { "not given".into() }.into(),
            published(pair).into(),
            predicted(pair).into(),
            marked(material, pair.arm, pair.measure).into(),
            words::source(&target.source, &target.verification).into(),
        ]
    });
    Table {
        id: id.into(),
        caption: caption.into(),
        columns: vec![
            marks("published value"),
            column("arm"),
            column("result").given(),
            column("trial, dose").given(),
            marks("role"),
            numbers("n").given(),
            numbers("published (95% CI or range)").given(),
            numbers("predicted, 90% of trials of that size"),
            numbers("simulated at the planned size"),
            column("source").given(),
        ],
        rows: rows.collect(),
        notes: vec![
            RANGE_NOTE.into(),
            format!(
                "{} Simulated: {}. Where no number of patients is given, the range is that of the rate \
                 itself. A published trial had other patients, another size and often \
                 another definition, so a value outside is a question, not yet a refutation; a \
                 value inside a wide range says little.",
                words::trials(&material.simulation.summary),
                words::RANGE
            )
            .into(),
            "Intervals of published shares are as published or, where only counts are known, \
             exact (Clopper and Pearson)."
                .into(),
        ],
    }
}

/// The patients of an arm in every replicate.
fn replicates<'a>(material: &'a Material<'_>, arm: usize) -> Vec<&'a [PatientResult]> {
    let replicates = material.simulation.replicates.iter();
    replicates.map(|replicate| replicate.arms[arm].patients.as_slice()).collect()
}

/// The predicted range in words.
fn predicted(pair: &Pair<'_>) -> String {
    let Some(prediction) = pair.prediction else { return report::format::NOT_ESTIMABLE.into() };
    let (low, high) = prediction.range;
    let range = match pair.measure.kind() {
        Kind::Share => percent_range(low, high, words::FINE),
        Kind::Number if low.is_infinite() => "not reached".into(),
        Kind::Number if high.is_infinite() => format!("{} or more", number(low)),
        Kind::Number => number_range(low, high),
    };
    match prediction.basis {
        Basis::Patients(_) => range,
        Basis::Rate => format!("{range} (of the rate)"),
        Basis::Planned => format!("{range} (at the planned size)"),
    }
}

/// The published value with its interval.
fn published(pair: &Pair<'_>) -> String {
    let Some(value) = pair.value else { return "no figure".into() };
    let digits = words::FINE;
    match (pair.measure.kind(), pair.interval) {
        (Kind::Share, None) => percent(value, digits),
        (Kind::Share, Some((low, high))) => {
            format!("{} ({})", percent(value, digits), percent_range(low, high, digits))
        }
        (Kind::Number, None) => number(value),
        (Kind::Number, Some((low, high))) => {
            format!("{} ({})", number(value), number_range(low, high))
        }
    }
}

/// The shares among them, as a figure.
fn forest(material: &Material<'_>, pairs: &[Pair<'_>]) -> Option<Block> {
    let shares: Vec<&Pair<'_>> = pairs
        .iter()
        .filter(|pair| pair.measure.kind() == Kind::Share)
        .filter(|pair| pair.prediction.is_some() && pair.value.is_some())
        .collect();
    if shares.is_empty() {
        return None;
    }
    let summary = &material.simulation.summary;
    let label = |pair: &Pair<'_>| format!("{} {}", pair.target.id, words::short(pair.measure));
    let said: Vec<String> = shares
        .iter()
        .map(|pair| {
            format!(
                "{}, {}: published {}, predicted {}",
                pair.arm.name,
                label(pair),
                published(pair),
                predicted(pair)
            )
        })
        .collect();
    let sizes: Vec<String> = shares
        .iter()
        .map(|pair| {
            let patients = pair.target.patients;
            let patients = patients.map_or_else(|| "n not given".into(), |n| format!("n {n}"));
            format!("{} {patients}", pair.target.id)
        })
        .collect();
    let words = Words {
        id: "published-forest".into(),
        title: "Predicted ranges and published shares".into(),
        caption: format!(
            "Line: predicted, 5th to 95th percentile of trials with the published number of \
             patients. Diamond: published. {} Misses stand first.",
            "Results that values may have been set to are not in this figure."
        ),
        alternative: format!("Forest plot. {}.", said.join("; ")),
        denominators: format!(
            "{} Published patients: {}.",
            words::trials(summary),
            words::list(&sizes)
        ),
    };
    let rows = shares.iter().map(|pair| RangeRow {
            label: label(pair),
            group: pair.arm.name.clone(),
            estimate: None,
            interval: pair.prediction.map(|prediction| prediction.range),
            observed: pair.value,
            shown: predicted(pair),
    });
    let drawing = Drawing::Range(Range {
        values: Axis::percent("share of patients").between(0.0, 1.0),
        estimate_name: "predicted range".into(),
        observed_name: "published".into(),
        rows: rows.collect(),
        references: Vec::new(),
    });
    Some(figure(words, drawing))
}
