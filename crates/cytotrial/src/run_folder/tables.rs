//! Summaries over replicates as tables and as JSON.

use records::column::{Column, Table};
use serde_json::{Value, json};

use crate::operation::simulate::Simulation;
use crate::summary::measure::MEASURES;

mod uncertainty;

pub(super) use uncertainty::uncertain;

/// `summary.csv`, `contrasts.csv`, `replicates.csv`, `design_history.csv`.
pub(super) fn summaries(simulation: &Simulation) -> Vec<Table> {
    vec![summary(simulation), contrasts(simulation), replicates(simulation), history(simulation)]
}

pub(super) fn text<T: ToString>(values: impl Iterator<Item = T>) -> Column {
    Column::Text(values.map(|value| value.to_string()).collect())
}

pub(super) fn numbers(values: impl Iterator<Item = Option<f64>>) -> Column {
    Column::Number(values.collect())
}

pub(super) fn whole(values: impl Iterator<Item = Option<u64>>) -> Column {
    Column::Integer(values.map(|value| value.and_then(|value| i64::try_from(value).ok())).collect())
}

/// A median time that was not reached is an empty cell.
fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

/// One row per arm and endpoint.
fn summary(simulation: &Simulation) -> Table {
    let rows: Vec<_> = simulation
        .summary
        .arms
        .iter()
        .flat_map(|arm| MEASURES.iter().zip(&arm.estimates).map(move |(m, e)| (arm, m, e)))
        .collect();
    let quantile = |place: usize| {
        numbers(rows.iter().map(move |(_, _, e)| finite(e.quantiles.map(|q| q[place]))))
    };
    Table::new("summary")
        .with("arm", "Arm", text(rows.iter().map(|(arm, _, _)| &arm.name)))
        .with("measure", "Endpoint code", text(rows.iter().map(|(_, m, _)| m.code)))
        .with("title", "Endpoint", text(rows.iter().map(|(_, m, _)| m.title)))
        .with("unit", "Unit; shares are 0 to 1", text(rows.iter().map(|(_, m, _)| m.unit)))
        .with("of", "Denominator", text(rows.iter().map(|(_, m, _)| m.of)))
        .with(
            "known_to_the_model_only",
            "No clinic sees this value",
            text(rows.iter().map(|(_, m, _)| if m.hidden { "Y" } else { "N" })),
        )
        .with(
            "published_data",
            "Published efficacy data stand behind the arm",
            text(rows.iter().map(|(arm, _, _)| if arm.published { "Y" } else { "N" })),
        )
        .with(
            "trials",
            "Replicates that can say",
            whole(rows.iter().map(|(_, _, e)| Some(e.estimable as u64))),
        )
        .with(
            "events",
            "Patients who count, all replicates",
            whole(rows.iter().map(|(_, _, e)| e.pooled.map(|pooled| pooled.0))),
        )
        .with(
            "patients",
            "Patients in the denominator, all replicates",
            whole(rows.iter().map(|(_, _, e)| e.pooled.map(|pooled| pooled.1))),
        )
        .with("mean", "Mean over replicates", numbers(rows.iter().map(|(_, _, e)| e.mean)))
        .with("p5", "5th percentile over replicates", quantile(0))
        .with("p25", "25th percentile", quantile(1))
        .with("p50", "Median; empty when not reached", quantile(2))
        .with("p75", "75th percentile", quantile(3))
        .with("p95", "95th percentile", quantile(4))
}

/// One row per contrast and endpoint.
fn contrasts(simulation: &Simulation) -> Table {
    let rows = &simulation.summary.contrasts;
    let range = |place: usize| {
        numbers(
            rows.iter()
                .map(move |row| row.range.map(|(median, low, high)| [median, low, high][place])),
        )
    };
    Table::new("contrasts")
        .with("arm", "First arm", text(rows.iter().map(|row| &row.arms.0)))
        .with("minus", "Second arm", text(rows.iter().map(|row| &row.arms.1)))
        .with("measure", "Endpoint code", text(rows.iter().map(|row| row.code)))
        .with("p50", "Median paired difference over replicates", range(0))
        .with("p5", "5th percentile", range(1))
        .with("p95", "95th percentile", range(2))
        .with(
            "above_0",
            "Share of replicates above 0",
            numbers(rows.iter().map(|row| Some(row.signs[0]))),
        )
        .with(
            "below_0",
            "Share of replicates below 0",
            numbers(rows.iter().map(|row| Some(row.signs[1]))),
        )
        .with("pairs", "Pairs per replicate, mean", numbers(rows.iter().map(|r| Some(r.pairs))))
}

/// One row per replicate, arm and endpoint.
fn replicates(simulation: &Simulation) -> Table {
    let numbers_of: Vec<u32> = simulation.replicates.iter().map(|r| r.replicate).collect();
    let rows: Vec<(u32, &str, &str, Option<f64>)> = simulation
        .summary
        .arms
        .iter()
        .flat_map(|arm| arm.estimates.iter().map(move |estimate| (arm, estimate)))
        .flat_map(|(arm, estimate)| {
            let values = numbers_of.iter().zip(&estimate.values);
            values.map(|(number, value)| (*number, arm.name.as_str(), estimate.code, *value))
        })
        .collect();
    Table::new("replicates")
        .with("replicate", "Replicate", whole(rows.iter().map(|row| Some(u64::from(row.0)))))
        .with("arm", "Arm", text(rows.iter().map(|row| row.1)))
        .with("measure", "Endpoint code", text(rows.iter().map(|row| row.2)))
        .with("value", "Value in this trial", numbers(rows.iter().map(|row| finite(row.3))))
}

/// One row per decision of a dose-finding design.
fn history(simulation: &Simulation) -> Table {
    let arms = &simulation.experiment().arms;
    let rows: Vec<_> = simulation
        .replicates
        .iter()
        .flat_map(|replicate| {
            arms.iter().zip(&replicate.arms).flat_map(move |(arm, result)| {
                result.history.iter().map(move |step| (replicate.replicate, &arm.name, step))
            })
        })
        .collect();
    let counts = |of: fn(&design::DoseCounts) -> u32| {
        text(rows.iter().map(move |(_, _, step)| {
            let counts: Vec<String> = step.counts.iter().map(|at| of(at).to_string()).collect();
            counts.join(" ")
        }))
    };
    Table::new("design_history")
        .with("replicate", "Replicate", whole(rows.iter().map(|row| Some(u64::from(row.0)))))
        .with("arm", "Arm", text(rows.iter().map(|row| row.1)))
        .with("day", "Calendar day", numbers(rows.iter().map(|row| Some(row.2.day))))
        .with("level", "Level decided at", whole(rows.iter().map(|r| Some(r.2.level as u64))))
        .with("evaluable", "Evaluable per level", counts(|at| at.evaluable))
        .with("dlts", "DLTs per level", counts(|at| at.dlts))
        .with(
            "responses",
            "Responses per level, where the design looks at them",
            counts(|at| at.responses),
        )
        .with("pending", "Pending per level", counts(|at| at.pending))
        .with("action", "Action", text(rows.iter().map(|row| row.2.action)))
        .with(
            "next_level",
            "Next level",
            whole(rows.iter().map(|row| row.2.next_level.map(|level| level as u64))),
        )
        .with("because", "Why", text(rows.iter().map(|row| &row.2.because)))
}

/// The summary as JSON: codes, quantiles over replicates, pooled counts.
pub(super) fn summary_json(simulation: &Simulation) -> Value {
    let summary = &simulation.summary;
    let arms: Vec<Value> = summary
        .arms
        .iter()
        .map(|arm| {
            let estimates: serde_json::Map<String, Value> = MEASURES
                .iter()
                .zip(&arm.estimates)
                .map(|(measure, estimate)| {
                    let value = json!({
                        "unit": measure.unit,
                        "of": measure.of,
                        "known_to_the_model_only": measure.hidden,
                        "trials": estimate.estimable,
                        "events": estimate.pooled.map(|pooled| pooled.0),
                        "patients": estimate.pooled.map(|pooled| pooled.1),
                        "mean": estimate.mean,
                        "p5": estimate.quantiles.map(|q| q[0]),
                        "p50": estimate.quantiles.map(|q| q[2]),
                        "p95": estimate.quantiles.map(|q| q[4]),
                    });
                    (measure.code.to_owned(), value)
                })
                .collect();
            json!({
                "arm": arm.name,
                "published_data": arm.published,
                "estimates": estimates,
                "screened": arm.funnel.stages[0],
                "enrolled": arm.funnel.stages[1],
                "infused": arm.funnel.stages[2],
                "evaluable": arm.funnel.stages[3],
                "recommended_level_shares": arm.recommended,
                "stopped_early": arm.stopped,
            })
        })
        .collect();
    let contrasts: Vec<Value> = summary
        .contrasts
        .iter()
        .map(|row| {
            json!({
                "arm": row.arms.0, "minus": row.arms.1, "measure": row.code,
                "p5": row.range.map(|range| range.1), "p50": row.range.map(|range| range.0),
                "p95": row.range.map(|range| range.2),
                "above_0": row.signs[0], "below_0": row.signs[1], "pairs": row.pairs,
            })
        })
        .collect();
    json!({
        "replicates": summary.replicates,
        "patients": summary.patients,
        "simulated": summary.simulated,
        "failed": summary.failed,
        "arms": arms,
        "contrasts": contrasts,
    })
}
