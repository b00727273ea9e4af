//! Toxicity: grades, onset, DLTs, cytokines.

use evaluate::DltStatus;
use records::Analyte;
use report::figure::{Bar, BarMode, BarSeries, Curve, Drawing, HIGH_END, LOW_END};
use report::format::{count_of, exact, percent, percent_range};
use report::{
    Axis, Block, Cell, Colours, Table, list, numbers, paragraph, reference, section, subsection,
    words as column,
};
use stats::interval::{patients_to_rule_out, upper_bound_one_sided};

use super::cells::peaks;
use super::incidence::{Shown, drawn};
use super::parts::{
    Words, denominators, estimates, figure, first_treated, set_beforehand, slug,
};
use super::readings::over_time;
use super::{Material, words};
use crate::summary::grades::Grades;

/// Endpoints of the table.
const ENDPOINTS: &[&str] = &[
    "dlt",
    "crs",
    "crs-grade-2-or-more",
    "crs-grade-3-or-more",
    "icans",
    "icans-grade-3-or-more",
    "gvhd",
    "gvhd-grade-3-or-more",
    "off-tumour",
    "infusion-reaction",
    "infection-grade-3-or-more",
    "neutropenia-grade-4",
    "thrombocytopenia-grade-3-or-more",
    "anaemia-grade-3-or-more",
    "prolonged-cytopenia",
];

/// Onset of cytokine release syndrome, with which death competes.
const ONSET: Shown = Shown {
    id: "crs-onset-curve",
    title: "Onset of cytokine release syndrome",
    event: "CRS of any grade",
    caption: "Share of patients in whom CRS has begun by each day; who dies before cannot have it \
              any more.",
    cause: 0,
    time: ("days since the first infusion", 1.0),
    stride: 7,
};

/// The section.
pub fn blocks(material: &Material<'_>) -> Vec<Block> {
    let notes = vec![
        format!(
            "Patients infused (or observed), over all trials: {}.",
            denominators(material, "crs")
        )
        .into(),
        format!("Patients evaluable for DLT, over all trials: {}.", denominators(material, "dlt"))
            .into(),
        "CRS and ICANS by ASTCT 2019, GvHD by MAGIC, the others by CTCAE.".into(),
    ];
    let mut blocks = vec![section("Safety"), set_beforehand()];
    blocks.extend(known_before(material));
    blocks.push(estimates(material, ("safety", "Toxicity in each arm"), ENDPOINTS, notes));
    blocks.push(subsection("Cytokine release syndrome"));
    blocks.extend(stacked(material, "crs"));
    blocks.extend(drawn(material, &ONSET, |arm| &arm.crs_onset));
    blocks.push(estimates(
        material,
        ("crs-onset", "Onset and duration of CRS"),
        &["crs-onset", "crs-duration"],
        vec!["Days from the first infusion; medians over the patients with CRS in a trial.".into()],
    ));
    blocks.push(subsection("Other toxicity by grade"));
    for code in ["icans", "gvhd", "off-tumour"] {
        blocks.extend(stacked(material, code));
    }
    let cytopenia = ["neutropenia", "thrombocytopenia", "anaemia", "infection", "infusion-reaction"];
    blocks.push(Block::Details {
        summary: "Cytopenia, infection and infusion reactions by worst grade".into(),
        blocks: cytopenia.into_iter().filter_map(|code| stacked(material, code)).collect(),
    });
    blocks.push(Block::Details {
        summary: "Every toxicity by worst grade, counted".into(),
        blocks: vec![Block::Table(by_grade(material))],
    });
    blocks.push(subsection("Dose-limiting toxicity in the first virtual trial"));
    blocks.push(listing(material));
    blocks.push(subsection("Cytokines"));
    match cytokines(material) {
        Some(figure) => blocks.push(figure),
        None => {
            blocks.push(paragraph("Interleukin 6 was not measured in the first virtual trial."));
        }
    }
    blocks
}

/// What the patients treated before say, and what they cannot say.
fn known_before(material: &Material<'_>) -> Option<Block> {
    let known = material.simulation.experiment().protocol.prior_patients?;
    let bound =
        |events: u32| percent(upper_bound_one_sided(events, known.patients, 0.95), words::FINE);
    let mut items = vec![
        format!(
            "DLT: {}; the exact one-sided 95% upper bound is {}.",
            count_of(known.dlts.into(), known.patients.into()),
            bound(known.dlts)
        ),
        format!(
            "CRS: {}; the exact one-sided 95% upper bound is {}.",
            count_of(known.crs.into(), known.patients.into()),
            bound(known.crs)
        ),
    ];
    if let (Some(tenth), Some(fifth)) =
        (patients_to_rule_out(0.1, 0.95), patients_to_rule_out(0.2, 0.95))
    {
        items.push(format!(
            "Without any event, {fifth} patients are needed to rule out a rate above 20%, and \
             {tenth} for 10%."
        ));
    }
    Some(Block::Details {
        summary: format!("What {} patients treated before this trial say", known.patients),
        blocks: vec![list(items)],
    })
}

fn grades_of<'a>(material: &'a Material<'_>, code: &str) -> Vec<(&'a str, &'a Grades)> {
    let arms = &material.simulation.summary.arms;
    arms.iter()
        .filter_map(|arm| {
            let grades = arm.grades.iter().find(|grades| grades.code == code)?;
            (grades.patients > 0).then_some((arm.name.as_str(), grades))
        })
        .collect()
}

/// Shares of patients by worst grade, one bar per arm.
fn stacked(material: &Material<'_>, code: &str) -> Option<Block> {
    let arms = grades_of(material, code);
    let title = arms.first()?.1.title;
    if arms.iter().all(|(_, grades)| grades.at_least(1) == 0) {
        return Some(paragraph(format!("No patient had {title} in any trial.")));
    }
    // every grade, used or not, so that a colour means the same grade in every figure
    let bars: Vec<(String, [f64; 6])> =
        arms.iter().flat_map(|(name, grades)| bars(material, name, grades)).collect();
    let series: Vec<BarSeries> = (0..=5)
        .map(|grade| BarSeries {
            name: if grade == 0 { "none".into() } else { format!("grade {grade}") },
            values: bars.iter().map(|(_, shares)| shares[grade].into()).collect(),
        })
        .collect();
    let said: Vec<String> = arms
        .iter()
        .map(|(arm, grades)| {
            let range = |grade: usize| {
                percent_range(grades.ends[0][grade], grades.ends[1][grade], words::FINE)
            };
            format!("{arm}: any grade {}, grade 3 or more {}", range(1), range(3))
        })
        .collect();
    let counted: Vec<String> =
        arms.iter().map(|(arm, grades)| format!("{arm} {}", grades.patients)).collect();
    let words = Words {
        id: format!("grades-{}", slug(code)),
        title: format!("Worst grade: {title}"),
        caption: "Each treated patient once, by the worst grade. Arms with published efficacy data: \
                  all trials pooled. The others: the two ends of the range over single trials, at \
                  which 5% and 95% of trials have fewer patients of that grade or a worse one."
            .into(),
        alternative: format!("Stacked bars. Ranges over trials: {}.", said.join("; ")),
        denominators: format!(
            "{} Patients infused (or observed) over all trials: {}.",
            words::trials(&material.simulation.summary),
            words::list(&counted)
        ),
    };
    let drawing = Drawing::Bar(Bar {
        group_title: "arm".into(),
        values: Axis::percent("share of patients by worst grade").between(0.0, 1.0),
        mode: BarMode::Stacked,
        colours: Colours::Severity,
        groups: bars.into_iter().map(|(group, _)| group).collect(),
        series,
        references: Vec::new(),
    });
    Some(figure(words, drawing))
}

/// The bars of an arm: one of all patients, or the two ends of the range of single trials.
fn bars(material: &Material<'_>, name: &str, grades: &Grades) -> Vec<(String, [f64; 6])> {
    let arms = &material.simulation.summary.arms;
    if arms.iter().any(|arm| arm.name == name && arm.is_range_only()) {
        return [LOW_END, HIGH_END]
            .into_iter()
            .enumerate()
            .map(|(end, words)| (format!("{name}{words}"), grades.shares_at(end)))
            .collect();
    }
    vec![(name.to_owned(), grades.counts.map(|count| count as f64 / grades.patients as f64))]
}

fn by_grade(material: &Material<'_>) -> Table {
    let mut columns = vec![column("toxicity"), column("arm"), numbers("patients").given()];
    columns.extend((0..=5).map(|grade| {
        numbers(if grade == 0 { "none".to_owned() } else { format!("grade {grade}") }).given()
    }));
    let mut rows = Vec::new();
    let arms = &material.simulation.summary.arms;
    let codes = arms.first().map(|arm| arm.grades.as_slice()).unwrap_or_default();
    for code in codes.iter().map(|grades| grades.code) {
        for (arm, grades) in grades_of(material, code) {
            let mut row: Vec<Cell> =
                vec![grades.title.into(), arm.into(), grades.patients.to_string().into()];
            row.extend(grades.counts.iter().map(|count| Cell::from(count.to_string())));
            rows.push(row);
        }
    }
    Table {
        id: "grades".into(),
        caption: "Patients by worst grade, counted over all trials".into(),
        columns,
        rows,
        notes: vec!["Counts of simulated patients, not a forecast for one trial.".into()],
    }
}

/// Every DLT of the first trial, with the rule behind it.
fn listing(material: &Material<'_>) -> Block {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for (at, arm) in material.simulation.experiment().arms.iter().enumerate() {
        let Some((study, outcomes)) = material.first(at) else { continue };
        for (row, outcome) in outcomes.subjects.iter().enumerate() {
            let DltStatus::Dlt(dlt) = &outcome.dlt else { continue };
            let level = study.subjects.dose_level[row];
            rows.push(vec![
                arm.name.clone().into(),
                study.subjects.id[row].clone().into(),
                level.map_or_else(|| "fixed".to_owned(), |level| level.to_string()).into(),
                exact(dlt.day).into(),
                dlt.term.clone().into(),
                dlt.because.clone().into(),
            ]);
        }
    }
    if rows.is_empty() {
        return paragraph("No DLT in any arm.");
    }
    Block::Table(Table {
        id: "dlt-listing".into(),
        caption: "Dose-limiting toxicities of the first virtual trial".into(),
        columns: vec![
            column("arm"),
            column("subject").given(),
            column("dose level").given(),
            numbers("day").given(),
            column("what"),
            column("because").given(),
        ],
        rows,
        notes: vec!["Days from the first infusion, which is day 0.".into()],
    })
}

fn cytokines(material: &Material<'_>) -> Option<Block> {
    let mut lines = Vec::new();
    let mut counted = Vec::new();
    for (at, arm) in material.simulation.experiment().arms.iter().enumerate() {
        let Some((study, _)) = material.first(at) else { continue };
        let line = over_time(material, study, Analyte::Interleukin6, &arm.name);
        if !line.points.is_empty() {
            lines.push(line);
            counted.push(format!("{} {}", arm.name, first_treated(material, at)));
        }
    }
    if lines.is_empty() {
        return None;
    }
    let said = peaks(&lines, "pg/mL");
    let limit = material.simulation.world.assays.of(Analyte::Interleukin6).limit;
    let words = Words {
        id: "interleukin-6".into(),
        title: "Interleukin 6 in blood, first virtual trial".into(),
        caption:
            "Median over the patients at each planned visit; the band runs from the lowest to \
                  the highest patient. After tocilizumab interleukin 6 rises because its receptor \
                  is blocked. The axis is logarithmic."
                .into(),
        alternative: format!("Line chart. {}.", said.join("; ")),
        denominators: format!(
            "Patients treated in the first virtual trial: {}.",
            words::list(&counted)
        ),
    };
    let drawing = Drawing::Curve(Curve {
        horizontal: Axis::linear("days since the first infusion"),
        vertical: Axis::log("interleukin 6, pg/mL"),
        band: "lowest to highest patient".into(),
        lines,
        references: limit.map(|limit| reference(limit, "LLOQ")).into_iter().collect(),
    });
    Some(figure(words, drawing))
}
