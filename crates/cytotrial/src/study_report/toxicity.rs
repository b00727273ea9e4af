//! Toxicity: syndromes by grade with onset and duration, laboratory grades, DLTs.

use evaluate::{DltStatus, Episode, LabTerm, SubjectOutcome};
use records::{Analyte, EventTerm};
use report::figure::{BarGroup, BarSeries};
use report::format::{count_of, number};
use report::{Block, Cell, Colours, Table, numbers, paragraph, section, words as column};
use stats::interval::upper_bound_one_sided;
use stats::summary::{median, sorted};

use super::{Arm, LEVEL, arms, counted, stacked};
use crate::operation::evaluate::Evaluation;
use crate::section::parts::Words;

/// A toxicity and its worst grade in a subject; `None` where nothing tells.
type Graded = (&'static str, fn(&SubjectOutcome) -> Option<u8>);

const SYNDROMES: &[Graded] = &[
    ("cytokine release syndrome", |one| Some(one.crs.map_or(0, |episode| episode.grade))),
    ("neurotoxicity (ICANS)", |one| Some(one.icans.map_or(0, |episode| episode.grade))),
    ("acute graft-versus-host disease", |one| Some(one.gvhd_grade)),
    ("infection, as reported", |one| Some(one.infection_grade)),
    ("infusion reaction, as reported", |one| Some(one.infusion_reaction_grade)),
    ("off-tumour damage, as reported", |one| Some(one.off_tumour_grade)),
    ("early neutropenia (ICAHT)", |one| one.haematotoxicity.early_neutropenia),
    ("late neutropenia (ICAHT)", |one| one.haematotoxicity.late_neutropenia),
    ("early thrombocytopenia (ICAHT)", |one| one.haematotoxicity.early_thrombocytopenia),
    ("late thrombocytopenia (ICAHT)", |one| one.haematotoxicity.late_thrombocytopenia),
];

/// The section.
pub(super) fn blocks(evaluation: &Evaluation) -> Vec<Block> {
    let arms = arms(evaluation);
    let mut blocks = vec![section("Safety")];
    if arms.iter().all(|arm| arm.followed.is_empty()) {
        blocks.push(paragraph("Nobody was infused or observed yet."));
        return blocks;
    }
    if !evaluation.has_events {
        blocks.push(paragraph(
            "No adverse events were handed in: reported toxicities and DLTs cannot be told. What \
             follows rests on signs and laboratory values.",
        ));
    }
    if tells_of_release(evaluation) {
        blocks.push(release(evaluation, &arms));
    } else {
        blocks.push(paragraph(
            "Neither temperatures nor reports of cytokine release syndrome were handed in, so that \
             nothing can be said of it.",
        ));
    }
    blocks.push(onset(evaluation, &arms));
    blocks.push(grades(evaluation, &arms));
    blocks.push(laboratory(evaluation, &arms));
    blocks.push(limiting(evaluation, &arms));
    blocks
}

/// Whether the data could have shown cytokine release syndrome.
fn tells_of_release(evaluation: &Evaluation) -> bool {
    let study = &evaluation.study;
    study.findings.analyte.contains(&Analyte::Temperature)
        || study.events.term.contains(&EventTerm::CytokineReleaseSyndrome)
        || evaluation.outcomes.subjects.iter().any(|one| one.crs.is_some())
}

fn release(evaluation: &Evaluation, arms: &[Arm]) -> Block {
    let grade = |at: usize| evaluation.outcomes.subjects[at].crs.map_or(0, |episode| episode.grade);
    let count =
        |arm: &Arm, wanted: u8| arm.followed.iter().filter(|&&at| grade(at) == wanted).count();
    let series = (0..=5_u8).map(|wanted| BarSeries {
        name: if wanted == 0 { "none".to_owned() } else { format!("grade {wanted}") },
        values: arms
            .iter()
            .map(|arm| BarGroup {
                value: count(arm, wanted) as f64,
                interval: None,
                shown: count_of(count(arm, wanted) as u64, arm.followed.len() as u64),
            })
            .collect(),
    });
    let said: Vec<String> = arms
        .iter()
        .map(|arm| {
            let any = arm.followed.len() - count(arm, 0);
            let severe: usize = (3..=5).map(|wanted| count(arm, wanted)).sum();
            format!("{}: {any} with CRS, {severe} of grade 3 or more", arm.name)
        })
        .collect();
    let words = Words {
        id: "crs-grades".into(),
        title: "Cytokine release syndrome by worst grade".into(),
        caption: "Worst grade by the ASTCT consensus, from the signs that were recorded; a report \
                  stands in where no temperature was."
            .into(),
        alternative: format!("Stacked bars. {}.", said.join("; ")),
        denominators: counted(arms),
    };
    stacked(words, arms, Colours::Severity, series.collect())
}

fn onset(evaluation: &Evaluation, arms: &[Arm]) -> Block {
    type Of = fn(&SubjectOutcome) -> Option<Episode>;
    let kinds: [(&str, Of); 2] =
        [("cytokine release syndrome", |one| one.crs), ("neurotoxicity (ICANS)", |one| one.icans)];
    let mut rows = Vec::new();
    for (title, of) in kinds {
        for arm in arms {
            let found: Vec<Episode> = arm
                .followed
                .iter()
                .filter_map(|&at| of(&evaluation.outcomes.subjects[at]))
                .collect();
            let onsets: Vec<f64> = found.iter().map(|one| one.onset).collect();
            let lasted: Vec<f64> =
                found.iter().filter_map(|one| Some(one.end? - one.onset)).collect();
            rows.push(vec![
                Cell::from(title),
                arm.name.clone().into(),
                count_of(found.len() as u64, arm.followed.len() as u64).into(),
                spread(&onsets).into(),
                spread(&lasted).into(),
                found.iter().filter(|one| one.end.is_none()).count().to_string().into(),
            ]);
        }
    }
    Block::Table(Table {
        id: "onset".into(),
        caption: "Onset and duration of the worst episode".into(),
        columns: vec![
            column("syndrome"),
            column("arm"),
            numbers("subjects").given(),
            numbers("onset, day: median (range)").given(),
            numbers("duration, days: median (range)").given(),
            numbers("still there").given(),
        ],
        rows,
        notes: Vec::new(),
    })
}

fn spread(values: &[f64]) -> String {
    let ordered = sorted(values);
    match (median(&ordered), ordered.first(), ordered.last()) {
        (Some(middle), Some(low), Some(high)) => {
            format!("{} ({} to {})", number(middle), number(*low), number(*high))
        }
        _ => String::new(),
    }
}

/// Rows of a table of worst grades, one per term and arm.
fn grade_rows(
    evaluation: &Evaluation,
    arms: &[Arm],
    title: &str,
    grade: &dyn Fn(&SubjectOutcome) -> Option<u8>,
) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    for arm in arms {
        let told: Vec<u8> = arm
            .followed
            .iter()
            .filter_map(|&at| grade(&evaluation.outcomes.subjects[at]))
            .collect();
        if told.is_empty() {
            continue;
        }
        let mut row =
            vec![Cell::from(title), arm.name.clone().into(), told.len().to_string().into()];
        let mut counts = [0_usize; 6];
        for &grade in &told {
            counts[usize::from(grade.min(5))] += 1;
        }
        for count in &counts[1..] {
            row.push(if *count == 0 { "".into() } else { count.to_string().into() });
        }
        let severe = told.iter().filter(|&&grade| grade >= 3).count() as u32;
        let upper = upper_bound_one_sided(severe, told.len() as u32, LEVEL);
        row.push(
            format!(
                "{}, upper bound {:.0}%",
                count_of(u64::from(severe), told.len() as u64),
                100.0 * upper
            )
            .into(),
        );
        rows.push(row);
    }
    rows
}

fn grade_table(id: &str, caption: &str, rows: Vec<Vec<Cell>>, note: &str) -> Block {
    let mut columns = vec![column("term"), column("arm"), numbers("of").given()];
    columns.extend((1..=5).map(|grade| numbers(format!("grade {grade}")).given()));
    columns.push(numbers("grade 3 or more").given());
    Block::Table(Table {
        id: id.into(),
        caption: caption.into(),
        columns,
        rows,
        notes: vec![note.into()],
    })
}

fn grades(evaluation: &Evaluation, arms: &[Arm]) -> Block {
    let rows = SYNDROMES
        .iter()
        .flat_map(|(title, grade)| grade_rows(evaluation, arms, title, grade))
        .collect();
    grade_table(
        "toxicity-grades",
        "Subjects by worst grade of each toxicity",
        rows,
        "Upper bound: exact, one-sided, 95%. Haematotoxicity after effector cells counts days; \
         transfusions are not seen.",
    )
}

fn laboratory(evaluation: &Evaluation, arms: &[Arm]) -> Block {
    let rows = LabTerm::ALL
        .iter()
        .flat_map(|&term| {
            grade_rows(evaluation, arms, term.title(), &|one| {
                one.lab_grades.iter().find(|grade| grade.term == term).map(|grade| grade.worst)
            })
        })
        .collect();
    grade_table(
        "laboratory-grades",
        "Subjects by worst laboratory grade after the first infusion, CTCAE",
        rows,
        "Grades that need symptoms cannot be seen in numbers: such terms are lower bounds.",
    )
}

fn limiting(evaluation: &Evaluation, arms: &[Arm]) -> Block {
    let mut rows = Vec::new();
    for arm in arms {
        for &at in &arm.followed {
            let (status, because) = match &evaluation.outcomes.subjects[at].dlt {
                DltStatus::Dlt(dlt) => {
                    (format!("DLT on day {}: {}", number(dlt.day), dlt.term), dlt.because.clone())
                }
                DltStatus::NotEvaluable { because } => ("not evaluable".into(), because.clone()),
                DltStatus::Pending { follow_up } => {
                    ("pending".into(), format!("seen for {} days so far", number(*follow_up)))
                }
                DltStatus::None => continue,
                DltStatus::Unknown => ("not told".into(), String::new()),
            };
            let about = &evaluation.study.subjects;
            let level = about.dose_level[at].map_or(String::new(), |level| level.to_string());
            rows.push(vec![
                Cell::from(about.id[at].clone()),
                arm.name.clone().into(),
                level.into(),
                status.into(),
                because.into(),
            ]);
        }
    }
    let all: usize = arms.iter().map(|arm| arm.followed.len()).sum();
    Block::Table(Table {
        id: "dlt-listing".into(),
        caption: "Dose-limiting toxicity: everybody but those whose window closed without one"
            .into(),
        columns: vec![
            column("subject"),
            column("arm"),
            numbers("dose level").given(),
            column("status"),
            column("ground"),
        ],
        notes: vec![format!("{} of {all} windows closed without a DLT.", all - rows.len()).into()],
        rows,
    })
}
