//! The course of one subject: what was measured, how it was judged, and what would have changed it.

use evaluate::criteria::imwg::explain::{Reason, explain};
use evaluate::{DltStatus, Index, MrdOutcome, SubjectOutcome, TimeToEvent};
use records::{Analyte, Study};
use report::figure::{Curve, CurvePoint, Drawing, Line, Swimmer};
use report::format::number;
use report::{
    Axis, Block, Cell, Colours, Document, KeyValue, Table, key_value, numbers, paragraph,
    reference, section, subsection, words as column,
};

mod toxicity;

use toxicity::{grade_figure, grades};

use super::kinetics::samples;
use super::listings::{RESPONSE_NOTE, response_columns, response_difference};
use crate::operation::evaluate::Evaluation;
use crate::section::parts::{Words, figure};
use crate::section::subjects::{EVENTS, STATES, lane};

/// Method, cells analysed and sensitivity of the sample that tells of residual disease.
fn assay(mrd: &MrdOutcome) -> String {
    let method = mrd.method.and_then(|code| Analyte::MrdMethod.codes().get(usize::from(code)));
    let parts: Vec<String> = [
        method.map(|method| method.to_lowercase()),
        mrd.cells.map(|cells| format!("{cells:e} cells analysed")),
        mrd.sensitivity.map(|reached| format!("sensitivity {reached:.1e}")),
        mrd.day.map(|day| format!("day {}", number(day))),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() { String::new() } else { format!("; {}", parts.join(", ")) }
}

/// The course of a subject as a document; `None` when there is no such subject.
pub fn course(evaluation: &Evaluation, subject: &str) -> Option<Document> {
    let about = &evaluation.study.subjects;
    let at = about.id.iter().position(|id| id == subject)?;
    let outcome = &evaluation.outcomes.subjects[at];
    let mut blocks = vec![section(format!("Subject {subject}")), summary(evaluation, at, outcome)];
    blocks.push(subsection("Response"));
    blocks.push(assessments(evaluation, at, outcome));
    blocks.extend(responses_of_the_site(outcome));
    blocks.extend(response_lane(evaluation, at, outcome));
    blocks.extend(markers(&evaluation.study, at));
    blocks.push(subsection("Cells and cytokines"));
    let series = |id: &str, title: &str, unit: &str, analytes: &[Analyte]| {
        lines(&evaluation.study, at, (id, title, unit), analytes)
    };
    let cells = [Analyte::InfusedCells, Analyte::InfusedCellsSecond, Analyte::TransgeneCopies];
    let drawn: Vec<Block> = [
        series("course-cells", "Cells in blood", "cells per uL, or copies per ug", &cells),
        series("course-cytokines", "Cytokines", "pg/mL", &CYTOKINES),
    ]
    .into_iter()
    .flatten()
    .collect();
    if drawn.is_empty() {
        blocks.push(paragraph("Neither cells nor cytokines were measured."));
    }
    blocks.extend(drawn);
    blocks.push(subsection("Toxicity"));
    blocks.extend(temperature(&evaluation.study, at));
    blocks.extend(grade_figure(outcome));
    blocks.push(grades(evaluation, at, outcome));
    Some(Document {
        title: format!("Subject {subject}"),
        subtitle: format!(
            "{}: every call with its rule, its values and what would have changed it. Days are \
             elapsed days from the first infusion",
            evaluation.protocol.id
        ),
        arms: Vec::new(),
        blocks,
    })
}

const CYTOKINES: [Analyte; 7] = [
    Analyte::Interleukin6,
    Analyte::Interleukin15,
    Analyte::Interleukin1,
    Analyte::Interleukin10,
    Analyte::InterferonGamma,
    Analyte::TumourNecrosisFactor,
    Analyte::GmCsf,
];

fn day(day: Option<f64>) -> String {
    day.map_or("none".to_owned(), |day| format!("day {}", number(day)))
}

fn time(time: TimeToEvent) -> String {
    let what = if time.event { "event" } else { "censored" };
    format!("{} days, {what}", number(time.days))
}

fn summary(evaluation: &Evaluation, at: usize, outcome: &SubjectOutcome) -> Block {
    let about = &evaluation.study.subjects;
    let rules = &evaluation.rules;
    let code = outcome.measurable_by.code();
    let mut values: Vec<KeyValue> = vec![
        key_value("arm", about.arm[at].clone()),
        key_value("what became of the subject", about.disposition[at].title()),
        key_value("followed by", if code.is_empty() { "nothing measurable" } else { code }),
        key_value("best confirmed response", outcome.best_response.title()),
        key_value("first confirmed response", day(outcome.first_response_day)),
        key_value("progression", day(outcome.progression_day)),
        key_value("complete response lost", day(outcome.relapse_from_complete)),
        key_value(
            "clinical relapse",
            outcome.clinical_relapse.map_or("none".to_owned(), |found| {
                format!("day {}: {}", number(found.day), found.sign.title())
            }),
        ),
        key_value("new therapy", day(about.new_therapy_day[at])),
        key_value("death", day(about.death_day[at])),
        key_value(
            "progression-free survival",
            format!(
                "{} (censoring by the {} rules, gap {} days)",
                time(outcome.progression_free),
                match rules.censoring {
                    evaluate::Censoring::Fda => "FDA's",
                    evaluate::Censoring::Ema => "EMA's",
                },
                rules.gap_days
            ),
        ),
        key_value("overall survival", time(outcome.overall)),
    ];
    if let Some(duration) = outcome.response_duration {
        values.push(key_value("duration of response", time(duration)));
    }
    if let Some(negative) = outcome.mrd.negative_1e5 {
        let depth = outcome.mrd.depth.map_or(String::new(), |depth| format!(", to {depth:e}"));
        let word = if negative { "negative at 1e-5" } else { "positive at 1e-5" };
        let assay = assay(&outcome.mrd);
        values.push(key_value("residual disease", format!("{word}{depth}{assay}")));
    }
    let dlt = match &outcome.dlt {
        DltStatus::Dlt(dlt) => {
            format!("yes, day {}: {}; {}", number(dlt.day), dlt.term, dlt.because)
        }
        DltStatus::None => "none; the window is complete".to_owned(),
        DltStatus::Pending { follow_up } => {
            format!("pending; seen for {} days so far", number(*follow_up))
        }
        DltStatus::NotEvaluable { because } => format!("not evaluable: {because}"),
        DltStatus::Unknown => "not told".to_owned(),
    };
    values.push(key_value("dose-limiting toxicity", dlt));
    Block::KeyValues(values)
}

/// The values of an assessment, those that were done.
fn inputs(reason: &Reason) -> String {
    let visit = &reason.visit;
    let value = |name: &str, value: Option<f64>, unit: &str| {
        value.map(|value| format!("{name} {} {unit}", number(value)).trim_end().to_owned())
    };
    let band = |name: &str, band: Option<bool>| {
        band.map(|is| format!("{name} {}", if is { "positive" } else { "negative" }))
    };
    [
        value("serum", visit.serum, "g/L"),
        value("urine", visit.urine, "mg/24 h"),
        band("serum band", visit.serum_band),
        band("urine band", visit.urine_band),
        value("kappa", visit.kappa, "mg/L"),
        value("lambda", visit.lambda, "mg/L"),
        value("marrow", visit.marrow, "%"),
        visit.clonal.map(|is| if is { "marrow clonal" } else { "marrow not clonal" }.to_owned()),
        value("plasmacytomas", visit.plasmacytoma, "mm2"),
        value("longest lesion", visit.diameter, "mm"),
        visit.new_lesion.then(|| "new lesion".to_owned()),
        value("circulating plasma cells", visit.circulating, "cells/uL"),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<String>>()
    .join(", ")
}

fn assessments(evaluation: &Evaluation, at: usize, outcome: &SubjectOutcome) -> Block {
    let index = Index::one(&evaluation.study, at);
    let subject = index.subject(&evaluation.study, at).with_baseline(evaluation.rules.baseline);
    let (baseline, reasons) = explain(&subject, &evaluation.rules.imwg);
    let first = Reason {
        visit: baseline.values,
        level: evaluate::Response::NotEvaluable,
        rule: String::new(),
        better: String::new(),
        progression: String::new(),
    };
    let mut rows: Vec<Vec<Cell>> = vec![vec![
        number(baseline.values.day).into(),
        inputs(&first).into(),
        "baseline".into(),
        "".into(),
        format!("followed by {}", outcome.measurable_by.code()).into(),
        "".into(),
    ]];
    for (reason, visit) in reasons.iter().zip(&outcome.visits) {
        let mut changes = Vec::new();
        if !reason.better.is_empty() {
            changes.push(reason.better.clone());
        }
        if !reason.progression.is_empty() && reason.level != evaluate::Response::Progression {
            changes.push(format!("progression: {}", reason.progression));
        }
        rows.push(vec![
            number(visit.day).into(),
            inputs(reason).into(),
            visit.unconfirmed.code().into(),
            visit.confirmed.code().into(),
            reason.rule.clone().into(),
            changes.join(". ").into(),
        ]);
    }
    Block::Table(Table {
        id: "assessments".into(),
        caption: "Assessments: what was measured, the level and its rule, and what would have \
                  changed it"
            .into(),
        columns: vec![
            numbers("day").given(),
            column("values"),
            column("level"),
            column("status"),
            column("rule"),
            column("what would have changed it"),
        ],
        rows,
        notes: vec![
            "The level is that of the assessment alone. The status is the best level that two \
             consecutive assessments share so far; progression from its day on. A level that is \
             not confirmed needs the next assessment to show it again before any new therapy."
                .into(),
        ],
    })
}

/// The site's responses that differ, or that none does; nothing where the site gave none.
fn responses_of_the_site(outcome: &SubjectOutcome) -> Option<Block> {
    let compared = outcome.responses_compared;
    let rows: Vec<Vec<Cell>> = outcome
        .response_differences
        .iter()
        .map(|found| response_difference(found).into())
        .collect();
    if compared > 0 && rows.is_empty() {
        let all = if compared == 1 { "The one response" } else { "Every response" };
        return Some(paragraph(format!("{all} of the site agrees ({compared} compared).")));
    }
    (compared > 0).then(|| {
        Block::Table(Table {
            id: "course-response-differences".into(),
            caption: format!(
                "Responses of the site that differ: {} of {compared} compared",
                rows.len()
            ),
            columns: response_columns().into(),
            rows,
            notes: vec![RESPONSE_NOTE.into()],
        })
    })
}

fn response_lane(evaluation: &Evaluation, at: usize, outcome: &SubjectOutcome) -> Option<Block> {
    if !evaluation.is_followed(at) {
        return None;
    }
    let lane = lane(&evaluation.study, at, outcome);
    let events: Vec<String> = lane
        .events
        .iter()
        .map(|event| format!("{} on day {}", event.name, number(event.at)))
        .collect();
    let words = Words {
        id: "course-response".into(),
        title: "Response and events".into(),
        caption: "The best confirmed response so far, until progression, and what happened.".into(),
        alternative: format!("One lane; {}.", events.join(", ")),
        denominators: "One subject.".into(),
    };
    let drawing = Drawing::Swimmer(Swimmer {
        horizontal: Axis::linear("days since the first infusion"),
        states: STATES.map(str::to_owned).into(),
        events: EVENTS.map(str::to_owned).into(),
        colours: Colours::Benefit,
        lanes: vec![lane],
    });
    Some(figure(words, drawing))
}

/// One figure per unit of the markers, so that no axis has two.
fn markers(study: &Study, at: usize) -> Vec<Block> {
    [
        ("course-serum", "Serum M-protein", "g/L", vec![Analyte::SerumMProtein]),
        ("course-urine", "Urine M-protein", "mg/24 h", vec![Analyte::UrineMProtein]),
        (
            "course-chains",
            "Free light chains",
            "mg/L",
            vec![Analyte::KappaFreeLightChain, Analyte::LambdaFreeLightChain],
        ),
        ("course-marrow", "Marrow plasma cells", "%", vec![Analyte::MarrowPlasmaCells]),
    ]
    .into_iter()
    .filter_map(|(id, title, unit, analytes)| {
        let values = analytes.iter().flat_map(|&analyte| samples(study, at, analyte));
        let highest = values.filter(|(.., below)| !below).map(|value| value.1).reduce(f64::max)?;
        let axis = Axis::linear(unit).between(0.0, (1.05 * highest).max(f64::MIN_POSITIVE));
        drawn(study, at, (id, title, unit), &analytes, axis)
    })
    .collect()
}

fn lines(
    study: &Study,
    at: usize,
    words: (&str, &str, &str),
    analytes: &[Analyte],
) -> Option<Block> {
    drawn(study, at, words, analytes, Axis::log(words.2))
}

/// The name of an analyte in a legend, which has room for some forty letters on a narrow screen.
fn name_of(analyte: Analyte) -> &'static str {
    if analyte == Analyte::GmCsf { "GM-CSF" } else { analyte.title() }
}

/// Values of some analytes over time, with the limit of quantification where one was met.
fn drawn(
    study: &Study,
    at: usize,
    (id, title, unit): (&str, &str, &str),
    analytes: &[Analyte],
    vertical: Axis,
) -> Option<Block> {
    let mut limits: Vec<f64> = Vec::new();
    let mut lines = Vec::new();
    for &analyte in analytes {
        let values = samples(study, at, analyte);
        if values.is_empty() {
            continue;
        }
        limits.extend(values.iter().filter(|(.., below)| *below).map(|value| value.1));
        let points = values.iter().map(|&(day, value, _)| CurvePoint::new(day, value));
        lines.push(Line { name: name_of(analyte).to_owned(), points: points.collect() });
    }
    if lines.is_empty() {
        return None;
    }
    limits.sort_by(f64::total_cmp);
    limits.dedup();
    let values = lines.iter().flat_map(|line| &line.points).filter_map(|point| point.value);
    let highest = values.fold(f64::NEG_INFINITY, f64::max);
    let words = Words {
        id: id.into(),
        title: title.into(),
        caption: if limits.is_empty() {
            format!("Values by day. Unit: {unit}.")
        } else {
            format!(
                "Values by day. Results below their limit of quantification (LLOQ) stand at the \
                 limit. Unit: {unit}."
            )
        },
        alternative: format!("Line chart; the highest value is {} {unit}.", number(highest)),
        denominators: "One subject.".into(),
    };
    let drawing = Drawing::Curve(Curve {
        horizontal: Axis::linear("days since the first infusion"),
        vertical,
        band: String::new(),
        lines,
        // several analytes have several limits: only a common one is a line
        references: match limits.as_slice() {
            [only] => vec![reference(*only, "LLOQ")],
            _ => Vec::new(),
        },
    });
    Some(figure(words, drawing))
}

fn temperature(study: &Study, at: usize) -> Option<Block> {
    let values = samples(study, at, Analyte::Temperature);
    let highest = values.iter().map(|value| value.1).reduce(f64::max)?;
    let lowest = values.iter().map(|value| value.1).fold(36.5, f64::min);
    let words = Words {
        id: "course-temperature".into(),
        title: "Temperature".into(),
        caption: "Body temperature by day; fever begins at 38.0 degrees Celsius.".into(),
        alternative: format!("Line chart; the highest value is {} degrees.", number(highest)),
        denominators: "One subject.".into(),
    };
    let points = values.iter().map(|&(day, value, _)| CurvePoint::new(day, value));
    let drawing = Drawing::Curve(Curve {
        horizontal: Axis::linear("days since the first infusion"),
        vertical: Axis::linear("degrees Celsius").between(lowest - 0.5, highest.max(38.0) + 0.5),
        band: String::new(),
        lines: vec![Line { name: "temperature".into(), points: points.collect() }],
        references: vec![reference(38.0, "fever")],
    });
    Some(figure(words, drawing))
}
