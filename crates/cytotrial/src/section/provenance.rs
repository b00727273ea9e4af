//! Where every number comes from: values of the files, parameters of the model, with their grades.

use report::format::exact;
use report::{
    Badge, Block, Cell, Table, badge as mark, cell, marks, numbers, paragraph, plain, section,
    subsection, words as column,
};

use super::parts::slug;
use super::synopsis::badge;
use super::{Material, words};
use crate::parameters::{Parameter, ParameterTable};
use crate::protocol::read::sources::Sourced;

/// Marks of the files, in the order of the table.
const MARKS: [Badge; 4] = [Badge::Stated, Badge::Derived, Badge::Cited, Badge::Assumed];

/// Grades with what they mean.
const GRADES: [(&str, &str); 5] = [
    ("A", "measured in people and directly usable"),
    ("B", "measured or fitted elsewhere and transferable"),
    ("C", "right order of magnitude"),
    ("D", "assumed, to be calibrated or varied"),
    ("-", "a definition"),
];

/// The section.
pub fn blocks(material: &Material<'_>) -> Vec<Block> {
    let world = &material.simulation.world;
    let mut blocks = vec![
        section("Provenance"),
        paragraph(vec![
            plain("Every value has a source. "),
            mark(Badge::Stated),
            plain(" is quoted from the record, "),
            mark(Badge::Derived),
            plain(" says how it follows, "),
            mark(Badge::Cited),
            plain(" names a publication, "),
            mark(Badge::Assumed),
            plain(" says why and gives the plausible range."),
        ]),
    ];
    let files = files(material.values);
    if files.is_empty() {
        blocks.push(paragraph("No list of values was kept."));
    } else {
        blocks.push(Block::Table(counts(&files)));
        blocks.extend(files.iter().map(|(file, values)| every_value(file, values)));
    }
    blocks.push(subsection("Parameters of the model"));
    blocks.push(Block::Table(grades(material)));
    blocks.push(every_parameter(
        "cells",
        "Parameters of cells, tumour and cytokines",
        &world.parameters,
    ));
    blocks.push(every_parameter("signs", "Parameters of signs and events", &world.sign_parameters));
    blocks
}

/// The values of each file, in the order in which the files were read.
fn files(values: &[Sourced]) -> Vec<(&str, Vec<&Sourced>)> {
    let mut files: Vec<(&str, Vec<&Sourced>)> = Vec::new();
    for value in values {
        match files.iter_mut().find(|(file, _)| *file == value.file) {
            Some((_, known)) => known.push(value),
            None => files.push((&value.file, vec![value])),
        }
    }
    files
}

fn counts(files: &[(&str, Vec<&Sourced>)]) -> Table {
    let count = |values: &[&Sourced], wanted: Badge| {
        let of = |value: &&&Sourced| value.source.as_ref().map(badge) == Some(wanted);
        values.iter().filter(of).count()
    };
    let row = |name: String, values: &[&Sourced]| {
        let mut row: Vec<Cell> = vec![name.into(), values.len().to_string().into()];
        row.extend(MARKS.iter().map(|wanted| Cell::from(count(values, *wanted).to_string())));
        row
    };
    let all: Vec<&Sourced> = files.iter().flat_map(|(_, values)| values.iter().copied()).collect();
    let mut rows: Vec<Vec<Cell>> =
        files.iter().map(|(file, values)| row((*file).to_owned(), values)).collect();
    rows.push(row("all files".into(), &all));
    let mut columns = vec![column("file"), numbers("values").given()];
    columns.extend(MARKS.iter().map(|wanted| numbers(wanted.word()).given()));
    Table {
        id: "sources".into(),
        caption: "Values of the protocol, the comparison and the products by source".into(),
        columns,
        rows,
        notes: vec!["A value that several arms share is counted once per file.".into()],
    }
}

fn every_value(file: &str, values: &[&Sourced]) -> Block {
    let rows = values.iter().map(|value| -> Vec<Cell> {
        let source = match &value.source {
            Some(source) => cell(source.text().to_owned(), badge(source)),
            None => "no source".into(),
        };
        vec![value.path.clone().into(), value.shown.clone().into(), source]
    });
    Block::Details {
        summary: format!("Every value of {file}: {}", values.len()),
        blocks: vec![Block::Table(Table {
            id: format!("values-{}", slug(file)),
            caption: format!("Values of {file}"),
            columns: vec![column("value").given(), column("is").given(), column("source").given()],
            rows: rows.collect(),
            notes: Vec::new(),
        })],
    }
}

fn grades(material: &Material<'_>) -> Table {
    let world = &material.simulation.world;
    let cells = world.parameters.counts_by_grade();
    let signs = world.sign_parameters.counts_by_grade();
    let mut rows: Vec<Vec<Cell>> = GRADES
        .iter()
        .map(|(grade, meaning)| {
            let of = |counts: &std::collections::BTreeMap<String, usize>| {
                Cell::from(counts.get(*grade).copied().unwrap_or(0).to_string())
            };
            vec![(*grade).into(), (*meaning).into(), of(&cells), of(&signs)]
        })
        .collect();
    let total = |counts: &std::collections::BTreeMap<String, usize>| {
        Cell::from(counts.values().sum::<usize>().to_string())
    };
    rows.push(vec!["all".into(), "".into(), total(&cells), total(&signs)]);
    Table {
        id: "parameter-grades".into(),
        caption: "Parameters by how well they are known".into(),
        columns: vec![
            marks("grade"),
            column("meaning"),
            numbers("cells, tumour, cytokines"),
            numbers("signs, events"),
        ],
        rows,
        notes: vec![
            "Typical values are drawn once per virtual trial from what is not known about them, \
             patients around the typical value; both ranges are below."
                .into(),
        ],
    }
}

fn every_parameter(id: &str, title: &str, table: &ParameterTable) -> Block {
    let all = table.parameters.len();
    Block::Details {
        summary: format!("{title}: {all}"),
        blocks: vec![Block::Table(Table {
            id: format!("parameters-{id}"),
            caption: title.to_owned(),
            columns: vec![
                column("symbol"),
                column("name"),
                column("unit"),
                numbers("typical"),
                column("spread between patients"),
                numbers("not known: from, to"),
                marks("grade"),
                column("source"),
            ],
            rows: table.parameters.iter().map(parameter).collect(),
            notes: vec!["Products may set other values; their files are listed above.".into()],
        })],
    }
}

fn parameter(parameter: &Parameter) -> Vec<Cell> {
    let range = parameter
        .range
        .map_or_else(|| "-".into(), |[low, high]| format!("{} to {}", exact(low), exact(high)));
    vec![
        parameter.symbol.clone().into(),
        parameter.name.clone().into(),
        parameter.unit.clone().into(),
        exact(parameter.typical).into(),
        parameter.spread_text.clone().into(),
        range.into(),
        parameter.grade.clone().into(),
        words::source(&parameter.source, &parameter.verification).into(),
    ]
}
