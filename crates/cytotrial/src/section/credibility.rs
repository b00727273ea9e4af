//! Credibility: for what the model is used, how it was checked, how its predictions fared, and its limits.
//!
//! Terms of ASME V&V 40 (2018) and of the FDA guidance on computational modelling in device
//! submissions (2023): question of interest, context of use, model influence, decision consequence.

use report::{
    Block, Table, code, key_value, link, list, numbers, paragraph, plain, section, subsection,
    words as column,
};

use super::published::held_out;
use super::{Material, words};
use crate::summary::ArmSummary;
use crate::verification::references;

/// The section.
pub fn blocks(material: &Material<'_>) -> Vec<Block> {
    let mut blocks = vec![
        section("Credibility"),
        paragraph(
            "May a decision rest on this run? The terms are those of ASME V&V 40 and of the FDA's \
             guidance on computational models.",
        ),
        Block::KeyValues(vec![
            key_value(
                "Question of interest",
                material.simulation.experiment().question.clone(),
            ),
            key_value("Context of use", context(material)),
            key_value("Model influence", influence(material)),
            key_value("Decision consequence", consequence(material)),
        ]),
        subsection("Verification: is the program right?"),
    ];
    blocks.extend(verification(material));
    blocks.push(subsection("Validation: is the model right?"));
    blocks.extend(validation(material));
    blocks.push(subsection("Limits of this run"));
    blocks.push(list(limits(material)));
    blocks
}

fn context(material: &Material<'_>) -> String {
    let protocol = &material.simulation.experiment().protocol;
    format!(
        "Planning of {}: to compare {} arms of {} patients each on the same virtual patients, \
         followed for {} days, before patients are treated. The dose is found by {}. It is not for \
         the treatment of single patients.",
        protocol.id,
        material.simulation.summary.arms.len(),
        protocol.patients,
        report::format::exact(protocol.follow_up),
        crate::protocol::design(&protocol.dose_finding)
            .map_or_else(|_| protocol.dose_finding.method.clone(), |_| method(material))
    )
}

fn method(material: &Material<'_>) -> String {
    let name = &material.simulation.experiment().protocol.dose_finding.method;
    let entry = design::ALL.iter().find(|entry| entry.name == *name);
    entry.map_or_else(|| name.clone(), |entry| entry.title.to_owned())
}

fn influence(material: &Material<'_>) -> String {
    let arms = &material.simulation.summary.arms;
    let names = |wanted: fn(&ArmSummary) -> bool| -> Vec<String> {
        arms.iter().filter(|arm| !arm.observed && wanted(arm)).map(|arm| arm.name.clone()).collect()
    };
    let (alone, beside) = (names(ArmSummary::is_range_only), names(|arm| !arm.is_range_only()));
    let mut sentences: Vec<String> = Vec::new();
    if !alone.is_empty() {
        sentences.push(format!(
            "High for {}: no published efficacy data stand behind them, so the model is the only \
             source. ",
            words::list(&alone)
        ));
    }
    if !beside.is_empty() {
        sentences.push(format!(
            "Lower for {}: published trials of such products stand beside the prediction.",
            words::list(&beside)
        ));
    }
    sentences.concat()
}

fn consequence(material: &Material<'_>) -> String {
    let experiment = material.simulation.experiment();
    let protocol = &experiment.protocol;
    let escalating = experiment.arms.iter().filter(|arm| arm.escalate).count();
    format!(
        "A wrong prediction could mislead the choice of doses, of the number of patients and of \
         the observation after an infusion. Between it and a patient stand {}, a DLT window of {} \
         days, {} stopping rules and the safety committee.",
        if escalating == 0 { "fixed doses".to_owned() } else { method(material) },
        report::format::exact(protocol.dose_finding.window),
        protocol.stopping.len()
    )
}

/// What the tests of this version compare the program with.
fn verification(material: &Material<'_>) -> Vec<Block> {
    let rows: Vec<_> = references()
        .map(|reference| {
            let tolerance =
                if reference.tolerance.is_empty() { "exact" } else { reference.tolerance };
            vec![
                vec![code(reference.file)].into(),
                reference.rows.to_string().into(),
                reference.source.into(),
                tolerance.into(),
            ]
        })
        .collect();
    let total: usize = references().map(|reference| reference.rows).sum();
    let summary = &material.simulation.summary;
    vec![
        paragraph(format!(
            "The tests of version {} compare it with {} tables of {total} rows from publications, \
             written cases and independent software; each states how near the program must come. \
             In this run the solver gave up on {} of {} simulated patients; they count as not \
             evaluable.",
            env!("CARGO_PKG_VERSION"),
            rows.len(),
            summary.failed,
            summary.simulated
        )),
        Block::Details {
            summary: format!("{} tables that the program is compared with", rows.len()),
            blocks: vec![Block::Table(Table {
                id: "verification".into(),
                caption: "Reference values and cases behind the tests".into(),
                columns: vec![
                    column("table in the repository").given(),
                    numbers("rows").given(),
                    column("source").given(),
                    column("tolerance").given(),
                ],
                rows,
                notes: Vec::new(),
            })],
        },
    ]
}

fn validation(material: &Material<'_>) -> Vec<Block> {
    let mut judged = held_out(material);
    // misses first; the sort is stable
    judged.sort_by_key(|one| one.is_inside);
    let misses = judged.iter().filter(|one| !one.is_inside).count();
    let mut blocks = Vec::new();
    if judged.is_empty() {
        blocks.push(paragraph(
            "This run names no published result that was kept from setting values, so nothing here \
             speaks for or against its predictions.",
        ));
    } else {
        blocks.push(paragraph(vec![
            plain(format!(
                "{misses} of {} published results that no value was set to lie outside what a \
                 trial of their size is predicted to see. Predicted and observed values stand in ",
                judged.len()
            )),
            link("Beside published results", "#beside-published-results"),
            plain(". Outside first:"),
        ]));
        blocks.push(list(judged.iter().map(|one| {
            format!("{}: {}", if one.is_inside { "inside" } else { "outside" }, one.what)
        })));
    }
    let fitted = fitted_targets(material);
    blocks.push(paragraph(if fitted.is_empty() {
        "No result that the comparison names was used to set values.".to_owned()
    } else {
        format!(
            "Values were set with these results in view, so that agreement with them is fitted and \
             no prediction: {}.",
            words::list(&fitted)
        )
    }));
    blocks
}

/// The results with the role `fit` that the arms of this run name.
fn fitted_targets(material: &Material<'_>) -> Vec<String> {
    let experiment = material.simulation.experiment();
    let arms = material.simulation.summary.arms.iter();
    let ids = arms.flat_map(|arm| experiment.targets.get(&arm.name).into_iter().flatten());
    let mut found: Vec<String> = Vec::new();
    for id in ids {
        let target = material.targets.iter().find(|target| target.id == *id && target.role == crate::targets::Role::Fit);
        if let Some(target) = target {
            let name = format!("{id} ({}, {})", target.endpoint, target.trial);
            if !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found
}

fn limits(material: &Material<'_>) -> Vec<String> {
    let summary = &material.simulation.summary;
    let world = &material.simulation.world;
    let experiment = material.simulation.experiment();
    let mut items = vec![format!(
        "{} virtual trials: the ends of a 90% range rest on about {} trials at either side.",
        summary.replicates,
        (summary.replicates as f64 * 0.05).ceil()
    )];
    let tables = [&world.parameters, &world.sign_parameters];
    let weak: usize = tables
        .iter()
        .map(|table| {
            let counts = table.counts_by_grade();
            counts.get("C").copied().unwrap_or(0) + counts.get("D").copied().unwrap_or(0)
        })
        .sum();
    let all: usize = tables.iter().map(|table| table.parameters.len()).sum();
    items.push(format!(
        "{weak} of {all} parameters are assumed or known in their order of magnitude only."
    ));
    let recalled =
        tables.iter().flat_map(|table| &table.parameters).filter(|one| {
            one.verification.starts_with("RECALLED")
        });
    let recalled = recalled.count();
    if recalled > 0 {
        items.push(format!("{recalled} sources of parameters were recalled and not looked up again."));
    }
    if let Some(audit) = material.audit {
        items.push(format!(
            "The record leaves {} points open and holds {} that do not fit together; the protocol \
             fills them with derived or assumed values.",
            audit.open.len(),
            audit.contradictions.len()
        ));
    }
    let judged = held_out(material);
    let with = |arm: &ArmSummary| judged.iter().any(|one| one.what.ends_with(&format!("in {}", arm.name)));
    let without: Vec<String> = summary
        .arms
        .iter()
        .filter(|arm| !with(arm))
        .map(|arm| arm.name.clone())
        .collect();
    if !without.is_empty() {
        items.push(format!("No held-out result speaks to {}.", words::list(&without)));
    }
    if !experiment.protocol.exclude.is_empty() {
        items.push(format!(
            "{} reasons for exclusion are in the protocol but not in the virtual patients.",
            experiment.protocol.exclude.len()
        ));
    }
    items
}
