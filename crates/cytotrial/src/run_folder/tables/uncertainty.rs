//! What is not known as tables: variances by cause, what matters most, predictions of results.

use records::column::Table;

use super::{finite, numbers, text, whole};
use crate::conduct::result::PatientResult;
use crate::operation::simulate::Simulation;
use crate::summary::measure::{Kind, measure};
use crate::targets::Target;
use crate::uncertainty::prediction::{Basis, Prediction, predict};
use crate::uncertainty::split::Split;
use crate::uncertainty::tornado::{Term, Tornado};
use crate::uncertainty::{Part, frozen};

/// `uncertainty.csv`, `tornado.csv`, `targets.csv`.
pub(in crate::run_folder) fn uncertain(simulation: &Simulation, targets: &[Target]) -> Vec<Table> {
    vec![uncertainty(simulation), tornado(simulation), predictions(simulation, targets)]
}

/// One row per arm or pair of arms and endpoint whose variance can be split.
fn uncertainty(simulation: &Simulation) -> Table {
    let splits = &simulation.uncertainty.splits;
    let share = |split: &Split| -> Option<Part> {
        let mut shares = simulation.uncertainty.shares.iter();
        let is_it =
            |share: &&frozen::Share| share.subject == split.subject && share.code == split.code;
        shares.find(is_it).map(|share| share.share)
    };
    let column = |of: fn(&Split) -> f64| numbers(splits.iter().map(move |split| Some(of(split))));
    Table::new("uncertainty")
        .with("arm", "Arm, or first arm of a pair", text(splits.iter().map(|s| s.subject.arms().0)))
        .with(
            "minus",
            "Second arm of a pair; empty for an arm",
            text(splits.iter().map(|split| split.subject.arms().1.unwrap_or_default())),
        )
        .with("measure", "Endpoint code", text(splits.iter().map(|split| split.code)))
        .with("method", "How it was split", text(splits.iter().map(|split| split.method.word())))
        .with("trials", "Replicates", whole(splits.iter().map(|s| Some(s.trials as u64))))
        .with("variance", "Variance over replicates", column(Split::total))
        .with("luck", "Variance from the number of patients", column(|s| s.luck.value))
        .with("luck_error", "Monte-Carlo standard error", column(|s| s.luck.error))
        .with("ignorance", "Variance from what is not known", column(|s| s.ignorance.value))
        .with("ignorance_error", "Monte-Carlo standard error", column(|s| s.ignorance.error))
        .with(
            "assumption_share",
            "Share of the variance that goes with assumed values (grade D) held",
            numbers(splits.iter().map(|split| share(split).map(|part| part.value))),
        )
        .with(
            "assumption_share_error",
            "Monte-Carlo standard error",
            numbers(splits.iter().map(|split| share(split).map(|part| part.error))),
        )
}

/// One row per arm, result and term.
fn tornado(simulation: &Simulation) -> Table {
    let rows: Vec<(&Tornado, usize, &Term)> = simulation
        .uncertainty
        .tornadoes
        .iter()
        .flat_map(|tornado| {
            let terms = tornado.terms.iter().enumerate();
            terms.map(move |(rank, term)| (tornado, rank + 1, term))
        })
        .collect();
    let column = |of: fn(&Term) -> f64| numbers(rows.iter().map(move |row| Some(of(row.2))));
    Table::new("tornado")
        .with("arm", "Arm", text(rows.iter().map(|row| &row.0.arm)))
        .with("measure", "Endpoint code", text(rows.iter().map(|row| row.0.code)))
        .with("rank", "Place by size of effect", whole(rows.iter().map(|r| Some(r.1 as u64))))
        .with("symbol", "What is not known", text(rows.iter().map(|row| &row.2.symbol)))
        .with("name", "In words", text(rows.iter().map(|row| &row.2.name)))
        .with("grade", "How well it is known", text(rows.iter().map(|row| row.2.grade)))
        .with("unit", "Unit of the ends", text(rows.iter().map(|row| &row.2.unit)))
        .with("low", "Typical value at the low end", column(|term| term.ends[0]))
        .with("high", "Typical value at the high end", column(|term| term.ends[1]))
        .with("effect", "Result at the high end minus low end", column(|term| term.effect))
        .with("error", "Standard error", column(|term| term.error))
        .with(
            "clear",
            "Can be told from chance",
            text(rows.iter().map(|row| if row.2.is_clear { "Y" } else { "N" })),
        )
        .with(
            "trials_needed",
            "Replicates from which on such an effect is clear",
            whole(rows.iter().map(|row| Some(row.2.needed))),
        )
        .with("trials", "Replicates", whole(rows.iter().map(|r| Some(r.0.trials as u64))))
        .with(
            "explained",
            "Share of the variance that all terms explain",
            numbers(rows.iter().map(|row| Some(row.0.explained))),
        )
}

/// A published result that a comparison names for an arm.
struct Row<'a> {
    arm: &'a str,
    target: &'a Target,
    code: &'static str,
    published: Option<f64>,
    interval: Option<(f64, f64)>,
    prediction: Option<Prediction>,
}

/// One row per arm and published result that it is set beside.
fn predictions(simulation: &Simulation, targets: &[Target]) -> Table {
    let experiment = simulation.experiment();
    let mut rows = Vec::new();
    for (place, arm) in experiment.arms.iter().enumerate() {
        let patients: Vec<&[PatientResult]> =
            simulation.replicates.iter().map(|it| it.arms[place].patients.as_slice()).collect();
        for id in experiment.targets.get(&arm.name).into_iter().flatten() {
            let Some(target) = targets.iter().find(|target| target.id == *id) else { continue };
            rows.push(row(simulation, &arm.name, &patients, target));
        }
    }
    let basis = |prediction: Option<Prediction>| match prediction.map(|it| it.basis) {
        Some(Basis::Patients(_)) => "published size",
        Some(Basis::Rate) => "rate",
        Some(Basis::Planned) => "planned size",
        None => "",
    };
    Table::new("targets")
        .with("arm", "Arm", text(rows.iter().map(|row| row.arm)))
        .with("id", "Identifier in the table of results", text(rows.iter().map(|r| &r.target.id)))
        .with(
            "role",
            "What it may be used for; agreement with fit is no prediction",
            text(rows.iter().map(|row| row.target.role.word())),
        )
        .with("trial", "Published trial", text(rows.iter().map(|row| &row.target.trial)))
        .with("endpoint", "As published", text(rows.iter().map(|row| &row.target.endpoint)))
        .with("measure", "Endpoint code", text(rows.iter().map(|row| row.code)))
        .with("patients", "Published patients", whole(rows.iter().map(|r| r.target.patients)))
        .with("published", "Published value", numbers(rows.iter().map(|row| row.published)))
        .with(
            "published_low",
            "Published or exact interval",
            numbers(rows.iter().map(|row| row.interval.map(|ends| ends.0))),
        )
        .with(
            "published_high",
            "Published or exact interval",
            numbers(rows.iter().map(|row| row.interval.map(|ends| ends.1))),
        )
        .with(
            "predicted_low",
            "5th percentile of trials; empty when not reached",
            numbers(rows.iter().map(|row| finite(row.prediction.map(|it| it.range.0)))),
        )
        .with(
            "predicted_high",
            "95th percentile of trials; empty when not reached",
            numbers(rows.iter().map(|row| finite(row.prediction.map(|it| it.range.1)))),
        )
        .with("basis", "Predicted of what", text(rows.iter().map(|row| basis(row.prediction))))
}

fn row<'a>(
    simulation: &Simulation,
    arm: &'a str,
    patients: &[&[PatientResult]],
    target: &'a Target,
) -> Row<'a> {
    let found = target.measure().and_then(|(code, factor)| Some((measure(code)?, factor)));
    let is_open = target.role.is_scored() || target.role == crate::targets::Role::Fit;
    let Some((measure, factor)) = found.filter(|_| is_open) else {
        let (published, interval) = (target.estimate, target.interval);
        return Row { arm, target, code: "", published, interval, prediction: None };
    };
    let interval = match measure.kind() {
        Kind::Share => target.share_interval(),
        Kind::Number => target.interval.map(|(low, high)| (low * factor, high * factor)),
    };
    Row {
        arm,
        target,
        code: measure.code,
        published: target.estimate.map(|value| value * factor),
        interval,
        prediction: predict(measure, patients, &simulation.uncertainty.splits, arm, target),
    }
}
