//! The grades of one subject over time, each with the signs and the rule that gave it.

use evaluate::{GradeStep, SubjectOutcome};
use records::{Analyte, Study};
use report::figure::{Curve, CurvePoint, Drawing, Line};
use report::format::number;
use report::{Axis, Block, Cell, Table, numbers, words as column};

use super::samples;
use crate::operation::evaluate::Evaluation;
use crate::section::parts::{Words, figure};

fn syndromes(outcome: &SubjectOutcome) -> [(&'static str, &[GradeStep]); 3] {
    [
        ("CRS", &outcome.courses.crs),
        ("ICANS", &outcome.courses.icans),
        ("GvHD", &outcome.courses.gvhd),
    ]
}

/// Grades over time, as steps; nothing without a grade.
pub(super) fn grade_figure(outcome: &SubjectOutcome) -> Option<Block> {
    let mut lines = Vec::new();
    for (name, steps) in syndromes(outcome) {
        let mut points = Vec::new();
        let mut before = 0.0;
        for step in steps {
            points.push(CurvePoint::new(step.day, before));
            before = f64::from(step.grade);
            points.push(CurvePoint::new(step.day, before));
        }
        if !points.is_empty() {
            lines.push(Line { name: name.to_owned(), points });
        }
    }
    if lines.is_empty() {
        return None;
    }
    let said: Vec<String> = syndromes(outcome)
        .iter()
        .filter_map(|(name, steps)| {
            let worst = steps.iter().map(|step| step.grade).max()?;
            Some(format!("{name} up to grade {worst}"))
        })
        .collect();
    let words = Words {
        id: "course-grades".into(),
        title: "Grades of syndromes over time".into(),
        caption: "Each grade holds until the next step.".into(),
        alternative: format!("Step chart: {}.", said.join(", ")),
        denominators: "One subject.".into(),
    };
    // from the infusion to a little after the last step, so that no step stands on the frame
    let days = || lines.iter().flat_map(|line| line.points.iter().map(|point| point.at));
    let (first, last) = (days().fold(0.0, f64::min), days().fold(0.0, f64::max));
    let after = last + 1.0 + 0.1 * (last - first);
    let drawing = Drawing::Curve(Curve {
        horizontal: Axis::linear("days since the first infusion").between(first, after),
        vertical: Axis::linear("grade").between(0.0, 5.0).at(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
        band: String::new(),
        lines,
        references: Vec::new(),
    });
    Some(figure(words, drawing))
}

/// Signs recorded within a day before a step.
fn signs(study: &Study, at: usize, day: f64, analytes: &[Analyte]) -> String {
    let each = analytes.iter().filter_map(|&analyte| {
        let values = samples(study, at, analyte);
        let last = values.iter().rfind(|(when, ..)| *when <= day + 1e-9 && day - when <= 1.0)?;
        let words = analyte.codes();
        let value = match words.get(last.1 as usize) {
            Some(word) => word.to_lowercase(),
            None => number(last.1),
        };
        let unit = if words.is_empty() { analyte.unit() } else { "" };
        Some(format!("{} {value} {unit}", analyte.title()).trim_end().to_owned())
    });
    each.collect::<Vec<String>>().join(", ")
}

const CRS_SIGNS: [Analyte; 6] = [
    Analyte::Temperature,
    Analyte::SystolicPressure,
    Analyte::Vasopressors,
    Analyte::Vasopressin,
    Analyte::OxygenDevice,
    Analyte::OxygenFlow,
];
const ICANS_SIGNS: [Analyte; 5] = [
    Analyte::IceScore,
    Analyte::Consciousness,
    Analyte::Seizure,
    Analyte::DeepMotorWeakness,
    Analyte::CerebralOedema,
];
const GVHD_SIGNS: [Analyte; 6] = [
    Analyte::RashArea,
    Analyte::BullousSkin,
    Analyte::Bilirubin,
    Analyte::StoolVolume,
    Analyte::SevereGut,
    Analyte::PersistentNausea,
];

fn crs_rule(grade: u8) -> (&'static str, &'static str) {
    match grade {
        0 => ("no fever and neither limb", "fever of 38.0 C starts an episode"),
        1 => ("fever alone", "grade 2: hypotension, or low-flow oxygen"),
        2 => (
            "hypotension without a vasopressor, or low-flow oxygen",
            "grade 3: a vasopressor, or high-flow oxygen or a mask",
        ),
        3 => (
            "one vasopressor, or high-flow oxygen or a mask",
            "grade 4: two vasopressors, or positive pressure",
        ),
        4 => ("two vasopressors or positive pressure", "grade 2: off pressors and on low flow"),
        _ => ("death from it", ""),
    }
}

fn icans_rule(grade: u8) -> (&'static str, &'static str) {
    match grade {
        0 => ("ICE 10 and no sign", "grade 1: ICE 9 or less"),
        1 => ("ICE 7 to 9, or wakes by itself", "grade 2: ICE 6 or less, or wakes to voice"),
        2 => ("ICE 3 to 6, or wakes to voice", "grade 3: ICE 2 or less, touch, or a seizure"),
        3 => (
            "ICE 0 to 2, wakes to touch, a brief seizure or focal oedema",
            "grade 4: not to be roused, a long seizure, deep weakness or diffuse oedema",
        ),
        4 => ("not to be roused, a long seizure, deep weakness or diffuse oedema", ""),
        _ => ("death from it", ""),
    }
}

fn gvhd_rule(grade: u8) -> (&'static str, &'static str) {
    match grade {
        0 => ("no stage", "rash, stool of 500 mL/day or bilirubin of 2 mg/dL"),
        1 => ("rash on up to 50% alone", "grade II: rash on more than 50%, or any other organ"),
        2 => ("skin stage 3, or stage 1 elsewhere", "grade III: liver or lower gut stage 2"),
        3 => ("liver or lower gut stage 2 or 3", "grade IV: stage 4 of any of the three"),
        4 => ("stage 4 of skin, liver or lower gut", ""),
        _ => ("death from it", ""),
    }
}

/// When grades changed, by which signs and rule.
pub(super) fn grades(evaluation: &Evaluation, at: usize, outcome: &SubjectOutcome) -> Block {
    type Rule = fn(u8) -> (&'static str, &'static str);
    let study = &evaluation.study;
    let kinds: [(&[Analyte], Rule); 3] =
        [(&CRS_SIGNS, crs_rule), (&ICANS_SIGNS, icans_rule), (&GVHD_SIGNS, gvhd_rule)];
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for ((name, steps), (analytes, rule)) in syndromes(outcome).into_iter().zip(kinds) {
        for step in steps {
            let (because, change) = rule(step.grade);
            let recorded = signs(study, at, step.day, analytes);
            let because = if recorded.is_empty() { "as reported" } else { because };
            rows.push(vec![
                name.into(),
                number(step.day).into(),
                step.grade.to_string().into(),
                recorded.into(),
                because.into(),
                change.into(),
            ]);
        }
    }
    for grade in outcome.lab_grades.iter().filter(|grade| grade.worst > 0) {
        rows.push(vec![
            grade.term.title().into(),
            number(grade.day).into(),
            grade.worst.to_string().into(),
            signs(study, at, grade.day, &[grade.term.analyte()]).into(),
            "worst after the first infusion, CTCAE".into(),
            "".into(),
        ]);
    }
    for found in &outcome.grade_differences {
        rows.push(vec![
            found.term.title().into(),
            number(found.day).into(),
            found.computed.to_string().into(),
            format!("reported as grade {}", found.reported).into(),
            "the signs tell more than the report".into(),
            "".into(),
        ]);
    }
    Block::Table(Table {
        id: "course-grade-table".into(),
        caption: "Grades: when they changed, by which signs and rule, and what would change them"
            .into(),
        columns: vec![
            column("toxicity"),
            numbers("day").given(),
            numbers("grade").given(),
            column("recorded"),
            column("rule"),
            column("what would have changed it"),
        ],
        rows,
        notes: Vec::new(),
    })
}
