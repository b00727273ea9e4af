//! Who the subjects were and what became of them.

use std::collections::BTreeMap;

use records::{Disposition, Sex};
use report::format::{count_of, number};
use report::{Block, Cell, Table, numbers, paragraph, section, words as column};
use stats::summary::{median, sorted};

use super::{Arm, arms};
use crate::operation::evaluate::Evaluation;

/// The section.
pub(super) fn blocks(evaluation: &Evaluation) -> Vec<Block> {
    let arms = arms(evaluation);
    let mut blocks = vec![section("Subjects")];
    if arms.is_empty() {
        blocks.push(paragraph("The data hold no subject."));
        return blocks;
    }
    blocks.push(disposition(evaluation, &arms));
    blocks.push(demographics(evaluation, &arms));
    blocks
}

/// A table with a column per arm.
fn by_arm(id: &str, caption: &str, arms: &[Arm], rows: Vec<Vec<Cell>>) -> Block {
    let mut columns = vec![column("")];
    columns.extend(arms.iter().map(|arm| numbers(arm.name.clone()).given()));
    Block::Table(Table { id: id.into(), caption: caption.into(), columns, rows, notes: Vec::new() })
}

fn disposition(evaluation: &Evaluation, arms: &[Arm]) -> Block {
    let about = &evaluation.study.subjects;
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut add = |title: &str, counts: &dyn Fn(&Arm) -> (usize, usize)| {
        let cells: Vec<(usize, usize)> = arms.iter().map(counts).collect();
        if cells.iter().any(|(count, _)| *count > 0) {
            let mut row: Vec<Cell> = vec![title.into()];
            row.extend(
                cells.iter().map(|(count, of)| Cell::from(count_of(*count as u64, *of as u64))),
            );
            rows.push(row);
        }
    };
    for &disposition in Disposition::ALL {
        add(disposition.title(), &|arm| {
            let has = |row: &&usize| about.disposition[**row] == disposition;
            (arm.all.iter().filter(has).count(), arm.all.len())
        });
    }
    add("new therapy since", &|arm| {
        let has = |row: &&usize| about.new_therapy_day[**row].is_some();
        (arm.followed.iter().filter(has).count(), arm.followed.len())
    });
    add("died since", &|arm| {
        let has = |row: &&usize| about.death_day[**row].is_some();
        (arm.followed.iter().filter(has).count(), arm.followed.len())
    });
    by_arm(
        "disposition",
        "What became of the subjects: number of those of the arm; the last rows of those infused \
         or observed",
        arms,
        rows,
    )
}

/// Median and range of what is known.
fn spread(values: impl Iterator<Item = f64>) -> String {
    let known = sorted(&values.filter(|value| value.is_finite()).collect::<Vec<f64>>());
    match (median(&known), known.first(), known.last()) {
        (Some(middle), Some(low), Some(high)) => format!(
            "{} ({} to {}), n = {}",
            number(middle),
            number(*low),
            number(*high),
            known.len()
        ),
        _ => "not known".to_owned(),
    }
}

fn demographics(evaluation: &Evaluation, arms: &[Arm]) -> Block {
    let about = &evaluation.study.subjects;
    let row = |title: &str, cell: &dyn Fn(&Arm) -> String| -> Vec<Cell> {
        std::iter::once(Cell::from(title)).chain(arms.iter().map(|arm| cell(arm).into())).collect()
    };
    let share = |arm: &Arm, has: &dyn Fn(usize) -> bool| {
        let count = arm.all.iter().filter(|row| has(**row)).count();
        count_of(count as u64, arm.all.len() as u64)
    };
    let rows = vec![
        row("age, years: median (range)", &|arm| spread(arm.all.iter().map(|&at| about.age[at]))),
        row("female", &|arm| share(arm, &|at| about.sex[at] == Sex::Female)),
        row("weight, kg: median (range)", &|arm| {
            spread(arm.all.iter().map(|&at| about.weight[at]))
        }),
        row("ECOG 2 or more", &|arm| share(arm, &|at| about.ecog[at] >= 2)),
        row("prior lines: median (range)", &|arm| {
            spread(arm.all.iter().map(|&at| f64::from(about.prior_lines[at])))
        }),
        row("followed by", &|arm| {
            let codes = arm.followed.iter().map(|&at| {
                let code = evaluation.outcomes.subjects[at].measurable_by.code();
                if code.is_empty() { "nothing measurable" } else { code }
            });
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            codes.for_each(|code| *counts.entry(code).or_default() += 1);
            let said: Vec<String> =
                counts.into_iter().map(|(code, count)| format!("{code} {count}")).collect();
            said.join(", ")
        }),
    ];
    by_arm("demographics", "The subjects at screening, and the disease marker followed", arms, rows)
}
