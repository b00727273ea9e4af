//! Dose finding: what happened in one trial, what the design decides, where whole trials end.

use design::table::decision_table;
use design::{Action, Outcomes};
use evaluate::DltStatus;
use records::Study;
use report::figure::{DoseOutcome, Drawing, EscalationHistory, EscalationPatient};
use report::format::{exact, number, percent, shortest, whole};
use report::{
    Block, Cell, NoteKind, Table, marks, note, numbers, paragraph, section, subsection,
    words as column,
};

use super::Material;
use super::parts::{Words, figure, slug};
use super::synopsis::dose_words;
use crate::conduct::result::ArmResult;
use crate::conduct::trial::Step;
use crate::protocol::Arm;
use crate::summary::ArmSummary;

/// The section.
pub fn blocks(material: &Material<'_>) -> Vec<Block> {
    let experiment = material.simulation.experiment();
    let mut blocks = vec![section("Dose finding")];
    let escalating: Vec<usize> =
        (0..experiment.arms.len()).filter(|&at| experiment.arms[at].escalate).collect();
    if escalating.is_empty() {
        blocks.push(paragraph("No arm of this comparison escalates its dose."));
        return blocks;
    }
    if let Ok(design) = crate::protocol::design(&experiment.protocol.dose_finding) {
        blocks.push(paragraph(design.describe()));
        if by_response(design.as_ref()) {
            let told = experiment.protocol.response_told();
            let (first, rest) = told.split_at(1);
            blocks.push(paragraph(format!("{}{rest}.", first.to_uppercase())));
        }
        blocks.push(note(
            NoteKind::Note,
            "The design advises; the safety committee decides on every dose.",
        ));
    }
    for (order, at) in escalating.into_iter().enumerate() {
        let (arm, summary) = (&experiment.arms[at], &material.simulation.summary.arms[at]);
        blocks.push(subsection(format!("Whole trials of {}", arm.name)));
        blocks.push(paragraph(outcome(material, summary)));
        blocks.push(Block::Table(levels(arm, summary)));
        if let Some(first) = material.simulation.replicates.first() {
            let summary = format!("The first virtual trial of {}", arm.name);
            let history = history(material, at, &first.arms[at]);
            if order == 0 {
                blocks.push(subsection(summary));
                blocks.extend(history);
            } else {
                blocks.push(Block::Details { summary, blocks: history });
            }
        }
    }
    blocks.push(subsection("Decision table"));
    blocks.extend(decisions(material));
    blocks
}

/// Whether the design looks at responses.
fn by_response(design: &dyn design::Design) -> bool {
    !matches!(design.outcomes(), Outcomes::Toxicity | Outcomes::ToxicityInTime)
}

fn outcome(material: &Material<'_>, summary: &ArmSummary) -> String {
    let trials = material.simulation.summary.replicates as u64;
    let none = summary.recommended.first().copied().unwrap_or(0.0);
    format!(
        "Of {trials} virtual trials {} stopped early and {} recommended no dose.",
        percent(summary.stopped, trials),
        percent(none, trials)
    )
}

/// What became of each level over all trials.
fn levels(arm: &Arm, summary: &ArmSummary) -> Table {
    let trials = summary.estimates.first().map_or(0, |estimate| estimate.values.len()) as u64;
    let rows = arm.levels.iter().enumerate().map(|(at, dose)| -> Vec<Cell> {
        let means = summary.levels.get(at).copied().unwrap_or_default();
        let ranges = summary.level_ranges.get(at).copied().unwrap_or_default();
        let [patients, dlts] = [0, 1].map(|which| {
            let (low, high) = ranges[which];
            let range = format!("{} to {}", shortest(low, 3), shortest(high, 3));
            if summary.is_range_only() {
                range
            } else {
                format!("{} ({range})", number(means[which]))
            }
        });
        let recommended = summary.recommended.get(at + 1).copied().unwrap_or(0.0);
        vec![
            (at + 1).to_string().into(),
            dose_words(*dose).into(),
            patients.into(),
            dlts.into(),
            percent(recommended, trials).into(),
        ]
    });
    Table {
        id: format!("levels-{}", slug(&arm.name)),
        caption: format!("Dose levels of {} over {trials} virtual trials", arm.name),
        columns: vec![
            marks("level").given(),
            column("dose of each infusion").given(),
            numbers("patients infused"),
            numbers("DLTs"),
            numbers("trials that recommend it").given(),
        ],
        rows: rows.collect(),
        notes: vec![
            "Ranges: 5th to 95th percentile of trials. Patients of the expansion are included. The \
             safety section has the range over trials \
             of the share with a DLT."
                .into(),
        ],
    }
}

/// The first trial: figure and decisions.
fn history(material: &Material<'_>, at: usize, result: &ArmResult) -> Vec<Block> {
    let arm = &material.simulation.experiment().arms[at];
    let finding = &material.simulation.experiment().protocol.dose_finding;
    let responses = crate::protocol::design(finding).is_ok_and(|one| by_response(one.as_ref()));
    let mut blocks = Vec::new();
    if let Some((study, outcomes)) = material.first(at) {
        let patients = patients(study, outcomes, &result.history);
        if !patients.is_empty() {
            blocks.push(drawn(arm, patients, result));
        }
    }
    if !result.history.is_empty() {
        blocks.push(Block::Table(steps(arm, &result.history, responses)));
    }
    let end = match (&result.stopped, result.recommended) {
        (Some(reason), _) => format!("The trial stopped early: {reason}."),
        (None, Some(level)) => format!("The expansion was treated at level {level}."),
        (None, None) => "No level was recommended.".to_owned(),
    };
    blocks.push(paragraph(end));
    blocks
}

/// The infused patients in order, each with the cohort: one more than the decisions before it.
fn patients(study: &Study, outcomes: &evaluate::Outcomes, history: &[Step]) -> Vec<EscalationPatient> {
    let subjects = &study.subjects;
    let decided: Vec<f64> =
        history.iter().filter(|step| step.action != Action::Suspend).map(|step| step.day).collect();
    let mut infused: Vec<(f64, usize, usize)> = (0..subjects.len())
        .filter_map(|row| {
            let level = usize::from(subjects.dose_level[row]?).checked_sub(1)?;
            Some((subjects.infused_calendar[row]?, row, level))
        })
        .collect();
    infused.sort_by(|a, b| a.0.total_cmp(&b.0));
    infused
        .into_iter()
        .map(|(day, row, level)| {
            let dlt = &outcomes.subjects[row].dlt;
            EscalationPatient {
                subject: subjects.id[row].clone(),
                cohort: 1 + decided.iter().filter(|decision| **decision < day).count() as u32,
                level,
                outcome: match dlt {
                    DltStatus::Dlt(_) => DoseOutcome::Dlt,
                    DltStatus::None => DoseOutcome::NoDlt,
                    DltStatus::Pending { .. } => DoseOutcome::Pending,
                    DltStatus::NotEvaluable { .. } | DltStatus::Unknown => {
                        DoseOutcome::NotEvaluable
                    }
                },
                day: Some(day),
                remark: match dlt {
                    DltStatus::Dlt(dlt) => format!("{}: {}", dlt.term, dlt.because),
                    DltStatus::NotEvaluable { because } => because.clone(),
                    _ => String::new(),
                },
            }
        })
        .collect()
}

fn drawn(arm: &Arm, patients: Vec<EscalationPatient>, result: &ArmResult) -> Block {
    let dlts = patients.iter().filter(|patient| patient.outcome == DoseOutcome::Dlt).count();
    let highest = patients.iter().map(|patient| patient.level + 1).max().unwrap_or(0);
    let words = Words {
        id: format!("escalation-{}", slug(&arm.name)),
        title: format!("Dose escalation of {}, first virtual trial", arm.name),
        caption: "Infused patients in order, the expansion included, at their dose level. What is \
                  shown of each DLT window is what is known at the end of the trial."
            .into(),
        alternative: format!(
            "{} patients in order of infusion; the highest level used is {highest} of {}; {dlts} \
             had a DLT.",
            patients.len(),
            arm.levels.len()
        ),
        denominators: format!(
            "{} patients infused and {} decisions in the first virtual trial.",
            patients.len(),
            result.history.len()
        ),
    };
    let levels = arm
        .levels
        .iter()
        .enumerate()
        .map(|(at, dose)| format!("{}: {}", at + 1, dose_words(*dose)))
        .collect();
    figure(words, Drawing::EscalationHistory(EscalationHistory { levels, patients }))
}

/// Every decision with its reason.
fn steps(arm: &Arm, history: &[Step], responses: bool) -> Table {
    let rows = history.iter().map(|step| -> Vec<Cell> {
        let at = step.counts.get(step.level - 1).copied().unwrap_or_default();
        let seen = responses.then(|| at.responses.to_string().into());
        let mut cells: Vec<Cell> = vec![
            whole(step.day).into(),
            step.level.to_string().into(),
            at.evaluable.to_string().into(),
            at.dlts.to_string().into(),
        ];
        cells.extend(seen);
        cells.extend([
            at.pending.to_string().into(),
            step.action.to_string().into(),
            step.next_level.map_or_else(|| "-".to_owned(), |level| level.to_string()).into(),
            step.because.clone().into(),
        ]);
        cells
    });
    let mut columns = vec![
        numbers("day of the trial").given(),
        marks("level").given(),
        numbers("evaluable").given(),
        numbers("DLTs").given(),
    ];
    columns.extend(responses.then(|| numbers("responses").given()));
    columns.extend([
        numbers("pending").given(),
        column("decision"),
        marks("next level").given(),
        column("because").given(),
    ]);
    Table {
        id: format!("decisions-{}", slug(&arm.name)),
        caption: format!("Decisions in the first virtual trial of {}", arm.name),
        columns,
        rows: rows.collect(),
        notes: vec![
            "Counts at the level of the decision, as known on that day. Days count from the \
             start of the trial."
                .into(),
        ],
    }
}

/// What the design does for every count, found by asking it.
fn decisions(material: &Material<'_>) -> Vec<Block> {
    let finding = &material.simulation.experiment().protocol.dose_finding;
    let Ok(design) = crate::protocol::design(finding) else {
        return vec![paragraph("The design of the protocol has no decision table.")];
    };
    if by_response(design.as_ref()) {
        let name = &finding.method;
        return vec![paragraph(format!(
            "The design looks at responses, too, so that DLTs alone make no table. Every decision is \
             `cytotrial design next-dose {name}`; the next cohorts are `cytotrial design pathways \
             {name}`."
        ))];
    }
    let limit = |count: Option<u32>| -> Cell {
        count.map_or_else(|| "never".to_owned(), |count| count.to_string()).into()
    };
    let rows = decision_table(design.as_ref(), finding.max_escalation).into_iter().map(|row| {
        vec![
            row.evaluable.to_string().into(),
            limit(row.escalate_at_most),
            limit(row.de_escalate_at_least),
            limit(row.close_at_least),
            limit(row.stop_at_least),
        ]
    });
    let table = Table {
        id: "decision-table".into(),
        caption: format!(
            "What {} decides, by the evaluable patients at the current dose",
            design::ALL
                .iter()
                .find(|entry| entry.name == finding.method)
                .map_or(finding.method.as_str(), |entry| entry.title)
        ),
        columns: vec![
            numbers("evaluable patients"),
            numbers("escalate at so many DLTs or fewer"),
            numbers("de-escalate at so many or more"),
            numbers("close the dose at so many or more"),
            numbers("stop at the lowest dose at so many or more"),
        ],
        rows: rows.collect(),
        notes: vec![
            format!(
                "Cohorts of {}; the window is {} days from the first infusion and at least {} from \
                 the last; at most {} patients in the escalation.",
                finding.cohort,
                exact(finding.window),
                exact(finding.window_after_last),
                finding.max_escalation
            )
            .into(),
            "Between the two limits the next cohort is treated at the same dose. Patients whose \
             window still runs are not evaluable."
                .into(),
        ],
    };
    vec![Block::Table(table)]
}
