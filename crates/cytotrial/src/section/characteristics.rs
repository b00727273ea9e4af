//! The design by itself: its boundaries, how it does under assumed DLT rates, what it decides after the
//! first cohorts.

use design::characteristics::{exact, simulate, warnings};
use design::pathways::pathways;
use design::table::decision_table;
use design::{Characteristics, Design, DoseCounts, Known, Outcomes, Plan, Truth};
use report::figure::{
    Axis, Bar, BarMode, BarSeries, Curve, CurvePoint, Drawing, Line, Tree, TreeNode, reference,
};
use report::{
    Block, Cell, NoteKind, Table, marks, note, numbers, paragraph, section, subsection,
    words as column,
};

use super::Material;
use super::parts::{Words, figure};
use crate::protocol::DoseFinding;

/// The DLT rate of designs that aim at none, such as 3+3; assumed, the upper end of what is usual.
const TARGET: f64 = 0.30;
/// By how much the odds of a DLT rise from one level to the next in the scenarios; assumed.
const RISE: f64 = 2.25;
/// The DLT rate of every level in the flat scenario; assumed, about that of NK cells so far.
const FLAT: f64 = 0.05;
/// The response rate that no level exceeds in the scenarios; assumed.
const PLATEAU: f64 = 0.60;
/// Trials where enumeration would take long.
const TRIALS: u32 = 1_000;
/// Paths of two cohorts beyond which one cohort is shown.
const PATHS: usize = 40;

/// The section; nothing where no arm escalates.
pub fn blocks(material: &Material<'_>) -> Vec<Block> {
    let experiment = material.simulation.experiment();
    let finding = &experiment.protocol.dose_finding;
    let escalating = experiment.arms.iter().find(|arm| arm.escalate);
    let (Some(arm), Ok(design)) = (escalating, crate::protocol::design(finding)) else {
        return Vec::new();
    };
    let levels = arm.levels.len();
    let mut blocks = vec![
        section("The design by itself"),
        paragraph(
            "What follows asks the design of the dose escalation alone, under DLT rates that are \
             taken to be true. No virtual patient is behind these numbers, and none of them is a \
             forecast for a product.",
        ),
    ];
    if design.levels().is_none() && !by_response(design.as_ref()) {
        blocks.push(boundaries(design.as_ref(), finding));
    }
    blocks.extend(under_scenarios(design.as_ref(), finding, levels, experiment.seed));
    blocks.extend(first_cohorts(design.as_ref(), finding, levels));
    blocks
}

/// Whether the design looks at responses.
fn by_response(design: &dyn Design) -> bool {
    !matches!(design.outcomes(), Outcomes::Toxicity | Outcomes::ToxicityInTime)
}

/// The response rate of every level in the scenarios: on the way to a plateau; assumed.
fn responses(levels: usize) -> Vec<f64> {
    let rate = |level: usize| PLATEAU * (1.0 - stats::math::pow(0.5, level as f64 + 1.0));
    (0..levels).map(|level| (100.0 * rate(level)).round() / 100.0).collect()
}

/// The observed rates at which something happens, by the patients at the dose.
fn boundaries(design: &dyn Design, finding: &DoseFinding) -> Block {
    let rows = decision_table(design, finding.max_escalation);
    let line = |name: &str, limit: &dyn Fn(&design::Row) -> Option<u32>| Line {
        name: name.to_owned(),
        points: rows
            .iter()
            .map(|row| {
                let size = f64::from(row.evaluable);
                let value = limit(row).map(|dlts| f64::from(dlts) / size);
                CurvePoint { at: size, value, band: None }
            })
            .collect(),
    };
    let words = Words {
        id: "design-boundaries".into(),
        title: "Decision boundaries".into(),
        caption: "Observed share of patients with a DLT at the current dose at which the design \
                  escalates, de-escalates, or closes the dose. Between the first two lines the next \
                  cohort gets the same dose."
            .into(),
        alternative: "Three lines over the number of evaluable patients: escalation below, \
                      de-escalation above it, closing the dose at the top. The decision table has \
                      the same limits as counts."
            .into(),
        denominators: format!(
            "1 to {} evaluable patients at one dose, found by asking the design.",
            finding.max_escalation
        ),
    };
    let drawing = Drawing::Curve(Curve {
        horizontal: Axis::linear("evaluable patients at the dose"),
        vertical: Axis::percent("observed share with a DLT").between(0.0, 1.0),
        band: String::new(),
        lines: vec![
            line("escalate at or below", &|row| row.escalate_at_most),
            line("de-escalate at or above", &|row| row.de_escalate_at_least),
            line("close the dose at or above", &|row| row.close_at_least),
        ],
        references: target(finding).map(|rate| reference(rate, "target")).into_iter().collect(),
    });
    figure(words, drawing)
}

/// The DLT rate that the settings aim at.
fn target(finding: &DoseFinding) -> Option<f64> {
    let settings: toml::Table = toml::from_str(&finding.settings).ok()?;
    settings.get("target")?.as_float()
}

/// The assumed truths: the target at each level, and a flat one.
fn scenarios(finding: &DoseFinding, levels: usize) -> Vec<(String, Vec<f64>)> {
    let aim = target(finding).unwrap_or(TARGET);
    let odds = aim / (1.0 - aim);
    let at = |mtd: usize| {
        let rate = |level: usize| {
            let odds = odds * stats::math::pow(RISE, level as f64 - mtd as f64);
            // Two digits, as a person would write a scenario.
            (100.0 * odds / (1.0 + odds)).round() / 100.0
        };
        (format!("target at level {}", mtd + 1), (0..levels).map(rate).collect())
    };
    let mut all: Vec<(String, Vec<f64>)> = (0..levels).map(at).collect();
    all.push(("flat and low".to_owned(), vec![FLAT; levels]));
    all
}

/// One scenario with what came of it.
struct Found {
    name: String,
    rates: Vec<f64>,
    characteristics: Characteristics,
    warnings: Vec<String>,
}

fn under_scenarios(
    design: &dyn Design,
    finding: &DoseFinding,
    levels: usize,
    seed: u64,
) -> Vec<Block> {
    let plan = Plan::new(finding.cohort, finding.max_escalation);
    let few = levels <= 4 && finding.max_escalation <= 18;
    let mut found = Vec::new();
    for (name, rates) in scenarios(finding, levels) {
        let truth = if by_response(design) {
            let response = responses(levels);
            let deep: Vec<f64> = response.iter().map(|rate| 0.5 * rate).collect();
            Truth::independent(&rates, &response).and_then(|truth| truth.with_deep(&deep))
        } else {
            Truth::of_toxicity(&rates)
        };
        let Ok(truth) = truth else { continue };
        let is_quick = !by_response(design) && (few || design.levels().is_none());
        let by_enumeration = if is_quick { exact(design, &truth, plan).ok() } else { None };
        let simulated = || simulate(design, &truth, plan, seed, TRIALS).ok();
        let Some(characteristics) = by_enumeration.or_else(simulated) else { continue };
        let warnings = warnings(design, &truth, &characteristics);
        found.push(Found { name, rates, characteristics, warnings });
    }
    if found.is_empty() {
        return Vec::new();
    }
    let how = match found.iter().find_map(|one| one.characteristics.errors.as_ref()) {
        Some(errors) => format!("{} simulated trials per scenario", errors.trials),
        None => "Exact, by enumeration of everything that can happen".to_owned(),
    };
    let size = format!(
        "{how}; cohorts of {}, at most {} patients in the escalation; {} scenarios.",
        finding.cohort,
        finding.max_escalation,
        found.len()
    );
    let assumed = by_response(design).then(|| responses(levels));
    let mut blocks =
        vec![subsection("Under assumed DLT rates"), table(&found, &size, assumed.as_deref())];
    blocks.push(bars(
        &found,
        Words {
            id: "design-selection".into(),
            title: "Recommended level by scenario".into(),
            caption: "Share of trials that recommend each level, or none.".into(),
            alternative: told(&found, |one, level| one.selected[level], "recommended"),
            denominators: size.clone(),
        },
        true,
    ));
    blocks.push(bars(
        &found,
        Words {
            id: "design-allocation".into(),
            title: "Patients by level and scenario".into(),
            caption: "Share of the patients of the escalation treated at each level.".into(),
            alternative: told(
                &found,
                |one, level| one.patients[level] / one.total_patients().max(1e-9),
                "of the patients",
            ),
            denominators: size,
        },
        false,
    ));
    let mut told: Vec<&String> = found.iter().flat_map(|one| &one.warnings).collect();
    told.dedup();
    blocks.extend(told.into_iter().map(|warning| {
        let mut letters = warning.chars();
        let first = letters.next().map(|letter| letter.to_uppercase().to_string());
        let sentence = format!("{}{}.", first.unwrap_or_default(), letters.as_str());
        note(NoteKind::Warning, sentence)
    }));
    blocks
}

/// What a figure shows, in words: the level with the largest share in every scenario.
fn told(found: &[Found], share: impl Fn(&Characteristics, usize) -> f64, what: &str) -> String {
    let most = found.iter().map(|one| {
        let shares = (0..one.rates.len()).map(|level| share(&one.characteristics, level));
        let (level, most) = shares.enumerate().fold((0, 0.0), |best, (level, share)| {
            if share > best.1 { (level, share) } else { best }
        });
        format!("{}: level {} has most, {:.0}% {what}", one.name, level + 1, 100.0 * most)
    });
    format!("Stacked bars. {}.", most.collect::<Vec<_>>().join("; "))
}

fn bars(found: &[Found], words: Words, is_selection: bool) -> Block {
    let levels = found.iter().map(|one| one.rates.len()).max().unwrap_or(0);
    let mut series = Vec::new();
    if is_selection {
        series.push(BarSeries {
            name: "none".into(),
            values: found.iter().map(|one| one.characteristics.none.into()).collect(),
        });
    }
    for level in 0..levels {
        let value = |one: &Found| {
            let all = &one.characteristics;
            if is_selection {
                all.selected[level]
            } else {
                all.patients[level] / all.total_patients().max(1e-9)
            }
        };
        series.push(BarSeries {
            name: format!("level {}", level + 1),
            values: found.iter().map(|one| value(one).into()).collect(),
        });
    }
    let what = if is_selection { "share of trials" } else { "share of patients" };
    let drawing = Drawing::Bar(Bar {
        group_title: "scenario".into(),
        values: Axis::percent(what).between(0.0, 1.0),
        mode: BarMode::Stacked,
        colours: report::Colours::Benefit,
        groups: found.iter().map(|one| one.name.clone()).collect(),
        series,
        references: Vec::new(),
    });
    figure(words, drawing)
}

fn table(found: &[Found], size: &str, responses: Option<&[f64]>) -> Block {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for one in found {
        let all = &one.characteristics;
        let errors = all.errors.as_ref();
        let with = |text: String, error: Option<String>| -> Cell {
            error.map_or_else(|| text.clone(), |error| format!("{text} (se {error})")).into()
        };
        for (level, rate) in one.rates.iter().enumerate() {
            let percent = |share: f64| format!("{:.1}%", 100.0 * share);
            rows.push(vec![
                one.name.clone().into(),
                (level + 1).to_string().into(),
                rate.to_string().into(),
                with(percent(all.selected[level]), errors.map(|e| percent(e.selected[level]))),
                with(
                    format!("{:.2}", all.patients[level]),
                    errors.map(|e| format!("{:.2}", e.patients[level])),
                ),
                with(
                    format!("{:.2}", all.dlts[level]),
                    errors.map(|e| format!("{:.2}", e.dlts[level])),
                ),
            ]);
        }
    }
    Block::Table(Table {
        id: "design-characteristics".into(),
        caption: "How the design does when these DLT rates are true".into(),
        columns: vec![
            column("scenario").given(),
            marks("level").given(),
            numbers("true DLT rate").given(),
            numbers("trials that recommend it").given(),
            numbers("mean patients").given(),
            numbers("mean DLTs").given(),
        ],
        rows,
        notes: std::iter::once(size.into())
            .chain([format!(
                "The rates are assumed: the target at one level, with odds that rise by a factor of \
                 {RISE} per level, and {FLAT} at every level."
            )
            .into()])
            .chain(responses.map(|rates| told_responses(rates).into()))
            .collect(),
    })
}

/// The response rates of the scenarios in words.
fn told_responses(rates: &[f64]) -> String {
    let rates: Vec<String> = rates.iter().map(f64::to_string).collect();
    format!(
        "Response rates are assumed, too, and the same in every scenario: {} from the lowest level \
         on, half of the responses deep, independent of DLTs.",
        rates.join(", ")
    )
}

/// What the design decides after every outcome of the first two cohorts.
fn first_cohorts(design: &dyn Design, finding: &DoseFinding, levels: usize) -> Vec<Block> {
    let known = Known::of_counts(0, &vec![DoseCounts::default(); levels]);
    let ahead = |cohorts: u32| pathways(design, &known, finding.cohort, cohorts).ok();
    let two = ahead(2).filter(|paths| paths.len() <= PATHS);
    let Some(paths) = two.or_else(|| ahead(1)) else { return Vec::new() };
    let longest = paths.iter().map(|path| path.cohorts.len()).max().unwrap_or(1);
    let with_responses = by_response(design);
    let cohort = |path: &design::Pathway, place: usize| {
        path.cohorts.get(place).map_or_else(String::new, |cohort| {
            let at = cohort.outcomes;
            let level = cohort.level + 1;
            let responses = match at.responses_with_dlt {
                _ if !with_responses => String::new(),
                0 => format!(", {} responses", at.responses),
                both => format!(", {} responses, {both} of them with a DLT", at.responses),
            };
            format!("{} of {} at level {level}{responses}", at.dlts, at.evaluable)
        })
    };
    // A path that goes on is told by those that are longer.
    let is_end = |path: &&design::Pathway| {
        path.cohorts.len() == longest || path.decision.next_level.is_none()
    };
    let rows = paths.iter().filter(is_end).map(|path| -> Vec<Cell> {
        let mut cells: Vec<Cell> = (0..longest).map(|place| cohort(path, place).into()).collect();
        let next = path.decision.next_level;
        cells.push(path.decision.action.to_string().into());
        cells.push(next.map_or_else(|| "-".to_owned(), |level| (level + 1).to_string()).into());
        cells
    });
    let rows: Vec<Vec<Cell>> = rows.collect();
    let mut columns: Vec<report::Column> = (1..=longest)
        .map(|number| column(format!("DLTs of cohort {number}")).given())
        .collect();
    columns.push(column("decision").given());
    columns.push(marks("next level").given());
    let note = format!(
        "{} ways in which {} of {} patients can end, from the lowest level.",
        rows.len(),
        if longest == 1 { "the first cohort" } else { "the first two cohorts" },
        finding.cohort
    );
    let drawn = (!with_responses).then(|| tree(design, &known, &paths, finding));
    let mut blocks = vec![subsection("After the first cohorts")];
    blocks.extend(drawn);
    blocks.push(Block::Table(Table {
            id: "design-pathways".into(),
            caption: "What the design decides after every outcome of the first cohorts".into(),
            columns,
            rows,
            notes: vec![note.into()],
        }));
    blocks
}

/// The usual decisions, so that each has one mark in every report.
const DECISIONS: [&str; 4] = ["escalate", "stay", "de-escalate", "stop for safety"];

/// The same as a tree: the decision now, and after each outcome.
fn tree(
    design: &dyn Design,
    known: &Known,
    paths: &[design::Pathway],
    finding: &DoseFinding,
) -> Block {
    let node = |from, seen: String, decision: &design::Decision| TreeNode {
        from,
        seen,
        decision: decision.action.to_string(),
        next: decision.next_level.map_or_else(String::new, |level| format!("level {}", level + 1)),
    };
    let mut nodes = vec![node(None, String::new(), &design.decide_on(known))];
    for path in paths {
        let Some((last, before)) = path.cohorts.split_last() else { continue };
        let from = paths.iter().position(|other| other.cohorts == before).map_or(0, |at| at + 1);
        let seen = format!("{}/{}", last.outcomes.dlts, last.outcomes.evaluable);
        nodes.push(node(Some(from), seen, &path.decision));
    }
    let longest = paths.iter().map(|path| path.cohorts.len()).max().unwrap_or(1);
    let stages = std::iter::once("now".to_owned())
        .chain((1..=longest).map(|number| format!("after cohort {number}")));
    let mut decisions = DECISIONS.map(str::to_owned).to_vec();
    for node in &nodes {
        if !decisions.contains(&node.decision) {
            decisions.push(node.decision.clone());
        }
    }
    let ends = nodes.len() - 1;
    let words = Words {
        id: "design-tree".into(),
        title: "What is decided after the first cohorts".into(),
        caption: "Every outcome of the next cohorts, as DLTs of the evaluable patients, and the \
                  level that follows; the mark is the decision."
            .into(),
        alternative: format!("Tree of {ends} outcomes of the first cohorts and the decisions after them."),
        denominators: format!(
            "Cohorts of {}; decisions of the design, without any patient.",
            finding.cohort
        ),
    };
    figure(words, Drawing::Tree(Tree { stages: stages.collect(), decisions, nodes }))
}
