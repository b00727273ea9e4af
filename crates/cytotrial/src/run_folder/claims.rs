//! What came of the claims, as tables and as JSON.

use records::column::{Column, Table};
use serde_json::{Value, json};

use super::tables::{numbers, text, whole};
use crate::claims::effect::Effect;
use crate::claims::findings::{ClaimFinding, Findings, TestFinding};
use crate::claims::verdict::Grounds;
use crate::claims::{Direction, Rule, Subject, Test};
use crate::summary::measure::Measure;

/// `claims.csv` (one row per test), `claim_effects.csv` (one row per switch and per shown value).
pub(super) fn tables(findings: &Findings) -> Vec<Table> {
    vec![tests(findings), effects(findings)]
}

fn rule(rule: Rule) -> String {
    match rule {
        Rule::Direction(Direction::Above) => "above 0".to_owned(),
        Rule::Direction(Direction::Below) => "below 0".to_owned(),
        Rule::Quantity { claimed, patients, narrower_than } => {
            format!("{claimed} of {patients} patients, interval narrower than {narrower_than}")
        }
        Rule::Bound { events, patients, at_most } => {
            format!("{events} of {patients} patients, upper bound at most {at_most}")
        }
    }
}

/// The interval that decides: of the probability of the direction, of the share that a trial of the
/// claim's size would see, or the exact bound.
fn grounds(tested: &TestFinding) -> (Option<f64>, Option<f64>, Option<f64>, Option<u64>) {
    match tested.judged.grounds {
        Grounds::Probability { probability, interval, ties, .. } => {
            (Some(probability), Some(interval.0), Some(interval.1), Some(u64::from(ties)))
        }
        Grounds::Predictive { interval, .. } => (None, Some(interval.0), Some(interval.1), None),
        Grounds::Observed { upper, .. } => (None, Some(0.0), Some(upper), None),
        Grounds::Nothing => (None, None, None, None),
    }
}

fn yes(is: bool) -> &'static str {
    if is { "Y" } else { "N" }
}

type Row<'a> = (&'a ClaimFinding, &'a Test, &'a TestFinding);

fn tests(findings: &Findings) -> Table {
    let rows: Vec<Row<'_>> = findings
        .claims
        .iter()
        .flat_map(|found| {
            found
                .claim
                .tests
                .iter()
                .zip(&found.tests)
                .map(move |(test, tested)| (found, test, tested))
        })
        .collect();
    let ground = |place: usize| {
        numbers(rows.iter().map(move |(_, _, tested)| {
            let (probability, low, high, _) = grounds(tested);
            [probability, low, high][place]
        }))
    };
    let table = Table::new("claims")
        .with("claim", "Claim", text(rows.iter().map(|(found, ..)| &found.claim.id)))
        .with(
            "claim_verdict",
            "Verdict of the claim: all its tests",
            text(rows.iter().map(|(found, ..)| found.verdict.words())),
        )
        .with("test", "Test", text(rows.iter().map(|(_, test, _)| &test.says)))
        .with(
            "verdict",
            "Verdict of the test",
            text(rows.iter().map(|(.., tested)| tested.judged.verdict.words())),
        )
        .with(
            "near_limit",
            "More trials or another seed may turn it",
            text(rows.iter().map(|(.., tested)| yes(tested.judged.near_limit))),
        )
        .with(
            "rule",
            "Rule, written before the run",
            text(rows.iter().map(|(_, test, _)| rule(test.rule))),
        )
        .with("measure", "Endpoint code", text(rows.iter().map(|(_, test, _)| test.measure.code)))
        .with(
            "arms",
            "Arms and patients",
            text(rows.iter().map(|(_, test, _)| test.subject.words())),
        )
        .with("probability", "Share of trials in the claimed direction, ties half", ground(0))
        .with(
            "low",
            "Lower end of the deciding interval: Monte Carlo 99 %, predictive, or 0",
            ground(1),
        )
        .with("high", "Upper end of it, or the exact bound", ground(2))
        .with(
            "ties",
            "Trials without a difference",
            whole(rows.iter().map(|(.., tested)| grounds(tested).3)),
        );
    effect_columns(table, &rows)
}

/// What came out, and why it scatters.
fn effect_columns(table: Table, rows: &[Row<'_>]) -> Table {
    let effect = |of: fn(&Effect) -> Option<f64>| {
        numbers(rows.iter().map(move |(_, _, tested)| tested.effect.as_ref().and_then(of)))
    };
    table
        .with(
            "effect_p5",
            "Effect, 5th percentile of trials",
            effect(|effect| Some(effect.range.0)),
        )
        .with("effect_p50", "Effect, median of trials", effect(|effect| Some(effect.range.1)))
        .with(
            "effect_p95",
            "Effect, 95th percentile of trials",
            effect(|effect| Some(effect.range.2)),
        )
        .with("effect_mean", "Effect, mean of trials", effect(|effect| Some(effect.mean)))
        .with(
            "patients",
            "Patients or pairs per trial, mean",
            effect(|effect| Some(effect.patients)),
        )
        .with(
            "luck",
            "Share of the variance that is the luck of few patients",
            effect(|effect| effect.luck.map(|luck| luck.value)),
        )
        .with(
            "luck_error",
            "Its standard error",
            effect(|effect| effect.luck.map(|luck| luck.error)),
        )
        .with(
            "assumption_share",
            "Share of the variance that rests on assumed values",
            numbers(rows.iter().map(|(.., tested)| tested.assumed.map(|share| share.value))),
        )
        .with(
            "assumption_share_error",
            "Its Monte-Carlo standard error",
            numbers(rows.iter().map(|(.., tested)| tested.assumed.map(|share| share.error))),
        )
}

/// A switch or a shown value.
struct Beside<'a> {
    claim: &'a str,
    kind: &'static str,
    says: String,
    measure: &'a Measure,
    subject: &'a Subject,
    effect: Option<&'a Effect>,
}

fn beside(findings: &Findings) -> Vec<Beside<'_>> {
    let mut rows = Vec::new();
    for found in &findings.claims {
        let claim = found.claim.id.as_str();
        for (switch, effect) in found.claim.switches.iter().zip(&found.switches) {
            let (measure, subject, says) = (switch.measure, &switch.subject, switch.off.clone());
            let effect = effect.as_ref();
            rows.push(Beside { claim, kind: "switch", says, measure, subject, effect });
        }
        for (show, effects) in found.claim.shows.iter().zip(&found.shows) {
            for ((label, subject), effect) in show.rows.iter().zip(effects) {
                let says = format!("{}; {}: {label}", show.says, show.over);
                let (measure, effect) = (show.measure, effect.as_ref());
                rows.push(Beside { claim, kind: "show", says, measure, subject, effect });
            }
        }
    }
    rows
}

fn effects(findings: &Findings) -> Table {
    let rows = beside(findings);
    let effect = |of: fn(&Effect) -> f64| -> Column {
        numbers(rows.iter().map(move |row| row.effect.map(of)))
    };
    Table::new("claim_effects")
        .with("claim", "Claim", text(rows.iter().map(|row| row.claim)))
        .with(
            "kind",
            "switch: a mechanism off or changed; show: a value beside",
            text(rows.iter().map(|row| row.kind)),
        )
        .with("says", "What it is", text(rows.iter().map(|row| &row.says)))
        .with("measure", "Endpoint code", text(rows.iter().map(|row| row.measure.code)))
        .with("arms", "Arms and patients", text(rows.iter().map(|row| row.subject.words())))
        .with("p5", "5th percentile of trials", effect(|effect| effect.range.0))
        .with("p50", "Median of trials", effect(|effect| effect.range.1))
        .with("p95", "95th percentile of trials", effect(|effect| effect.range.2))
        .with("mean", "Mean of trials", effect(|effect| effect.mean))
        .with("patients", "Patients or pairs per trial, mean", effect(|effect| effect.patients))
        .with(
            "trials",
            "Trials that can say",
            whole(
                rows.iter().map(|row| {
                    row.effect.map(|effect| effect.trials.iter().flatten().count() as u64)
                }),
            ),
        )
}

/// The claims as one JSON document, for `--json`.
pub fn json(findings: &Findings) -> Value {
    let effect = |effect: Option<&Effect>| {
        effect.map(|effect| {
            json!({
                "p5": effect.range.0, "p50": effect.range.1, "p95": effect.range.2,
                "mean": effect.mean, "patients": effect.patients, "luck": effect.luck.map(|luck| luck.value),
            })
        })
    };
    let claims: Vec<Value> = findings
        .claims
        .iter()
        .map(|found| {
            let tests: Vec<Value> = found
                .claim
                .tests
                .iter()
                .zip(&found.tests)
                .map(|(test, tested)| {
                    let (probability, low, high, ties) = grounds(tested);
                    json!({
                        "says": test.says, "verdict": tested.judged.verdict,
                        "near_limit": tested.judged.near_limit, "rule": rule(test.rule),
                        "measure": test.measure.code, "arms": test.subject.words(),
                        "probability": probability, "low": low, "high": high, "ties": ties,
                        "effect": effect(tested.effect.as_ref()),
                        "assumption_share": tested.assumed.map(|share| share.value),
                        "assumption_share_error": tested.assumed.map(|share| share.error),
                    })
                })
                .collect();
            let switches: Vec<Value> = found
                .claim
                .switches
                .iter()
                .zip(&found.switches)
                .map(|(switch, found)| {
                    json!({
                        "off": switch.off, "measure": switch.measure.code,
                        "arms": switch.subject.words(), "effect": effect(found.as_ref()),
                    })
                })
                .collect();
            json!({
                "claim": found.claim.id, "title": found.claim.title, "quote": found.claim.quote,
                "verdict": found.verdict, "near_limit": found.near_limit,
                "tests": tests, "switches": switches,
            })
        })
        .collect();
    json!({ "replicates": findings.replicates, "claims": claims })
}
