//! The infused cells in blood: every subject on a log axis, and kinetics without a model.

use evaluate::{Kinetics, SubjectOutcome};
use records::{Analyte, Study};
use report::figure::{Drawing, Spider, SpiderLine};
use report::format::number;
use report::{
    Axis, Block, Cell, Colours, Table, numbers, paragraph, reference, section, words as column,
};
use stats::math::{exp10, log10};
use stats::summary::{geometric_mean, geometric_variation, median, sorted};

use super::{Arm, arms};
use crate::operation::evaluate::Evaluation;
use crate::section::parts::{Words, figure, slug};
use crate::section::subjects::{CATEGORIES, category, name};

/// What is followed in blood, and where its kinetics stand.
type Product = (Analyte, fn(&SubjectOutcome) -> Option<Kinetics>);

const PRODUCTS: &[Product] = &[
    (Analyte::InfusedCells, |one| one.kinetics),
    (Analyte::InfusedCellsSecond, |one| one.kinetics_second),
    (Analyte::TransgeneCopies, |one| one.kinetics_transgene),
];

/// The section.
pub(super) fn blocks(evaluation: &Evaluation) -> Vec<Block> {
    let mut blocks = vec![section("Cells in blood")];
    for arm in arms(evaluation) {
        for &(analyte, of) in PRODUCTS {
            let sampled: Vec<usize> = arm
                .followed
                .iter()
                .copied()
                .filter(|&at| of(&evaluation.outcomes.subjects[at]).is_some())
                .collect();
            if !sampled.is_empty() {
                blocks.extend(curves(evaluation, &arm, analyte, &sampled));
                blocks.push(summary(evaluation, &arm, analyte, &sampled, of));
            }
        }
    }
    if blocks.len() == 1 {
        blocks.push(paragraph("No infused cells were measured."));
    }
    blocks
}

/// Values of an analyte in one subject: day, value, and whether it is below the limit.
pub(super) fn samples(study: &Study, subject: usize, analyte: Analyte) -> Vec<(f64, f64, bool)> {
    let all = &study.findings;
    let mut found: Vec<(f64, f64, bool)> = (0..all.len())
        .filter(|&row| all.subject[row] as usize == subject && all.analyte[row] == analyte)
        .map(|row| (all.day[row], all.value[row], all.below_limit[row]))
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found
}

fn curves(
    evaluation: &Evaluation,
    arm: &Arm,
    analyte: Analyte,
    sampled: &[usize],
) -> Option<Block> {
    let study = &evaluation.study;
    let mut limit: Option<f64> = None;
    let lines: Vec<SpiderLine> = sampled
        .iter()
        .map(|&at| {
            let values = samples(study, at, analyte);
            for (_, value, _) in values.iter().filter(|(.., below)| *below) {
                limit = Some(limit.map_or(*value, |known| known.max(*value)));
            }
            let points = values.iter().filter(|(day, value, _)| *day >= 0.0 && *value > 0.0);
            SpiderLine {
                subject: name(study, at),
                category: category(evaluation.outcomes.subjects[at].best_response).to_owned(),
                points: points.map(|&(day, value, _)| (day, value)).collect(),
            }
        })
        .filter(|line| !line.points.is_empty())
        .collect();
    if lines.is_empty() {
        return None;
    }
    let values = || lines.iter().flat_map(|line| &line.points).map(|point| point.1);
    let (lowest, highest) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
    // whole decades, so that each has its label
    let (from, to) = (exp10(log10(lowest).floor()), exp10(log10(highest).ceil()));
    let words = Words {
        id: format!("expansion-{}-{}", slug(analyte.code()), slug(&arm.name)),
        title: format!("{} by subject, {}", capital(analyte.title()), arm.name),
        caption: "One line per subject at the days on which samples were taken. Results below the \
                  limit of quantification (LLOQ) stand at the limit. The axis is logarithmic; the \
                  colour is the best confirmed response."
            .into(),
        alternative: format!(
            "Line chart of {} subjects; the highest value is {} {}.",
            lines.len(),
            number(highest),
            analyte.unit()
        ),
        denominators: format!("Subjects with samples: {}.", sampled.len()),
    };
    let drawing = Drawing::Spider(Spider {
        horizontal: Axis::linear("days since the first infusion"),
        vertical: Axis::log(format!("{}, {}", analyte.title(), analyte.unit())).between(from, to),
        categories: CATEGORIES.map(str::to_owned).into(),
        colours: Colours::Benefit,
        lines,
        references: limit.map(|limit| reference(limit, "LLOQ")).into_iter().collect(),
    });
    Some(figure(words, drawing))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// One row of the table: what, and how it is summarised.
fn summary(
    evaluation: &Evaluation,
    arm: &Arm,
    analyte: Analyte,
    sampled: &[usize],
    of: fn(&SubjectOutcome) -> Option<Kinetics>,
) -> Block {
    let all: Vec<Kinetics> =
        sampled.iter().filter_map(|&at| of(&evaluation.outcomes.subjects[at])).collect();
    let seen: Vec<&Kinetics> = all.iter().filter(|one| one.cmax.is_some()).collect();
    let unit = analyte.unit();
    let days = evaluation.rules.kinetics.auc_days;
    let values = |value: &dyn Fn(&Kinetics) -> Option<f64>| -> Vec<f64> {
        seen.iter().filter_map(|one| value(one)).collect()
    };
    let rows = [
        row(&format!("Cmax, {unit}"), &values(&|one| one.cmax), true),
        row("Tmax, day", &values(&|one| one.tmax), false),
        row("Tlast, day", &values(&|one| one.tlast), false),
        row(&format!("AUC0-{days}d, day {unit}"), &values(&|one| Some(one.auc_28)), true),
        row(&format!("AUC0-84d, day {unit}"), &values(&|one| Some(one.auc_84.value)), true),
        row(
            &format!("AUC to the last value, day {unit}"),
            &values(&|one| Some(one.auc_last)),
            true,
        ),
        row("terminal half-life, days", &values(&|one| one.half_life), true),
    ];
    let partial = seen.iter().filter(|one| one.auc_28_is_partial).count();
    let slopes = seen.iter().filter(|one| one.half_life.is_some() && !one.warnings().is_empty());
    Block::Table(Table {
        id: format!("kinetics-{}-{}", slug(analyte.code()), slug(&arm.name)),
        caption: format!("Kinetics without a model, {}, {}", analyte.title(), arm.name),
        columns: vec![
            column("quantity"),
            numbers("n").given(),
            numbers("geometric mean").given(),
            numbers("geometric CV").given(),
            numbers("median").given(),
            numbers("range").given(),
        ],
        rows: rows.into(),
        notes: vec![
            format!(
                "{} of {} sampled subjects had cells at all. In {partial} values ended before day \
                 {days} and the area stops there. In {} a terminal slope is uncertain (R squared, \
                 span or share extrapolated).",
                seen.len(),
                all.len(),
                slopes.count()
            )
            .into(),
        ],
    })
}

fn row(title: &str, values: &[f64], is_geometric: bool) -> Vec<Cell> {
    let ordered = sorted(values);
    let shown = |value: Option<f64>| value.map_or(String::new(), number);
    let geometric = |value: Option<f64>| if is_geometric { shown(value) } else { String::new() };
    let variation = geometric_variation(values).filter(|_| is_geometric);
    vec![
        title.into(),
        values.len().to_string().into(),
        geometric(geometric_mean(values)).into(),
        variation.map_or(String::new(), |share| format!("{:.0}%", 100.0 * share)).into(),
        shown(median(&ordered)).into(),
        ordered
            .first()
            .zip(ordered.last())
            .map_or(String::new(), |(low, high)| format!("{} to {}", number(*low), number(*high)))
            .into(),
    ]
}
