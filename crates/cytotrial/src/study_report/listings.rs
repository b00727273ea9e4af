//! Listings: what every subject's endpoints are, and what differs from what the site reported.

use evaluate::{Response, ResponseDifference, TimeToEvent};
use report::format::number;
use report::{
    Block, Cell, Column, Table, numbers, paragraph, section, subsection, words as column,
};

use crate::operation::evaluate::Evaluation;

/// The section.
pub(super) fn blocks(evaluation: &Evaluation) -> Vec<Block> {
    let mut blocks = vec![section("Listings"), endpoints(evaluation)];
    blocks.push(subsection("Grades that differ from those reported"));
    let differences = differences(evaluation);
    if differences.is_empty() {
        blocks.push(paragraph(
            "No report of a syndrome has another grade than the signs recorded while it lasted.",
        ));
    } else {
        blocks.push(Block::Table(Table {
            id: "grade-differences".into(),
            caption: "The investigator's grade beside the one computed from the signs".into(),
            columns: vec![
                column("subject"),
                column("event"),
                numbers("from day").given(),
                numbers("reported").given(),
                numbers("computed").given(),
            ],
            rows: differences,
            notes: vec![
                "The computed grade is used; the reported one stays in the data. Where no sign was \
                 recorded the report stands."
                    .into(),
            ],
        }));
    }
    let (compared, _) = evaluation.responses_compared();
    if compared > 0 {
        blocks.push(subsection("Responses that differ from those of the site"));
        blocks.push(responses(evaluation, compared));
    }
    blocks
}

/// The site's responses that differ, or that none does.
fn responses(evaluation: &Evaluation, compared: usize) -> Block {
    let about = &evaluation.study.subjects;
    let rows: Vec<Vec<Cell>> = (evaluation.outcomes.subjects.iter().zip(&about.id))
        .flat_map(|(one, id)| one.response_differences.iter().map(move |found| (id, found)))
        .map(|(id, found)| {
            let mut row = vec![Cell::from(id.clone())];
            row.extend(response_difference(found));
            row
        })
        .collect();
    if rows.is_empty() {
        return paragraph(format!(
            "All {compared} responses of the site agree with those computed."
        ));
    }
    let mut columns = vec![column("subject")];
    columns.extend(response_columns());
    Block::Table(Table {
        id: "response-differences".into(),
        caption: format!(
            "Responses of the site that differ: {} of {compared} compared",
            rows.len()
        ),
        columns,
        rows,
        notes: vec![RESPONSE_NOTE.into()],
    })
}

/// How responses are compared.
pub(super) const RESPONSE_NOTE: &str = "The computed response is used; the site's stays in the \
    data. A site's response agrees when it is the level of the assessment alone or its status, \
    the best confirmed level so far.";

/// The columns of [`response_difference`].
pub(super) fn response_columns() -> [Column; 6] {
    [
        numbers("day").given(),
        column("who"),
        column("site"),
        column("computed"),
        column("confirmed"),
        column("why"),
    ]
}

/// Day, who adjudicated, the site's response, the computed ones, and why.
pub(super) fn response_difference(found: &ResponseDifference) -> [Cell; 6] {
    let code = |response: Option<Response>| response.map_or("none", Response::code);
    let day = found.day.map_or(String::new(), number);
    let site = found.reported.code();
    [
        day.into(),
        found.evaluator.clone().into(),
        if found.is_best { format!("best {site}") } else { site.to_owned() }.into(),
        code(found.computed).into(),
        if found.is_best { "" } else { code(found.confirmed) }.into(),
        found.because.clone().into(),
    ]
}

fn endpoints(evaluation: &Evaluation) -> Block {
    let day = |day: Option<f64>| day.map_or(String::new(), number);
    let time = |time: Option<TimeToEvent>| {
        time.map_or(String::new(), |time| {
            format!("{}{}", number(time.days), if time.event { "" } else { "+" })
        })
    };
    let about = &evaluation.study.subjects;
    let rows = evaluation.followed().map(|(at, one)| {
        let mrd = match (one.mrd.negative_1e5, one.mrd.depth) {
            (None, _) => String::new(),
            (Some(false), _) => "positive".to_owned(),
            (Some(true), depth) => depth.map_or(String::new(), |depth| format!("< {depth:e}")),
        };
        let clinical = one.clinical_relapse.map_or(String::new(), |relapse| {
            format!("day {}: {}", number(relapse.day), relapse.sign.title())
        });
        vec![
            Cell::from(about.id[at].clone()),
            about.arm[at].clone().into(),
            one.best_response.code().into(),
            day(one.first_response_day).into(),
            day(one.progression_day).into(),
            time(Some(one.progression_free)).into(),
            time(one.response_duration).into(),
            time(Some(one.overall)).into(),
            mrd.into(),
            day(one.relapse_from_complete).into(),
            clinical.into(),
        ]
    });
    Block::Table(Table {
        id: "endpoints".into(),
        caption: "Endpoints of every subject; days from the start, + is censored".into(),
        columns: vec![
            column("subject"),
            column("arm"),
            column("best"),
            numbers("response, day").given(),
            numbers("progression, day").given(),
            numbers("PFS").given(),
            numbers("DOR").given(),
            numbers("OS").given(),
            column("MRD"),
            numbers("CR lost, day").given(),
            column("clinical relapse"),
        ],
        rows: rows.collect(),
        notes: Vec::new(),
    })
}

fn differences(evaluation: &Evaluation) -> Vec<Vec<Cell>> {
    let about = &evaluation.study.subjects;
    let mut rows = Vec::new();
    for (at, one) in evaluation.followed() {
        for found in &one.grade_differences {
            rows.push(vec![
                Cell::from(about.id[at].clone()),
                found.term.title().into(),
                number(found.day).into(),
                found.reported.to_string().into(),
                found.computed.to_string().into(),
            ]);
        }
    }
    rows
}
