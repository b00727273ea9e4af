//! What is not known: luck against ignorance, the share of assumptions, what matters most.

use report::figure::{Drawing, Range, RangeRow};
use report::format::{number, percent, shortest};
use report::{
    Axis, Block, Cell, Table, numbers, paragraph, reference, section, subsection, words as column,
};

use super::parts::{Words, figure, slug};
use super::words::{FINE, short};
use super::{Material, words};
use crate::summary::measure::{Kind, Measure, measure};
use crate::uncertainty::split::{Split, Subject};
use crate::uncertainty::tornado::{Term, Tornado};
use crate::uncertainty::{FEWEST, Part, frozen};

mod populations;

/// Endpoints of the tables; `uncertainty.csv` has them all.
const SHOWN: &[&str] = &[
    "orr",
    "cr",
    "pfs-mean-12-month",
    "os-12-month",
    "crs",
    "crs-grade-2-or-more",
    "crs-grade-3-or-more",
    "icans",
    "dlt",
];

/// The section.
pub fn blocks(material: &Material<'_>) -> Vec<Block> {
    let uncertainty = &material.simulation.uncertainty;
    let mut blocks = vec![section("What is not known")];
    if uncertainty.splits.is_empty() {
        blocks.push(paragraph(format!(
            "{} At least {FEWEST} trials are needed before luck and ignorance can be told apart.",
            words::trials(&material.simulation.summary)
        )));
        return blocks;
    }
    blocks.push(paragraph(
        "A range over trials has two parts. Luck is that of a finite number of patients: a larger \
         trial narrows it. Ignorance is that of the typical values, drawn once per trial: only \
         measurement narrows it.",
    ));
    blocks.push(Block::Table(luck(material)));
    blocks.extend(assumptions(material));
    blocks.extend(tornadoes(material));
    blocks.extend(populations::blocks(material));
    blocks
}

/// Splits of arms for the endpoints that are shown, in the order of arms.
fn shown_splits<'a>(material: &'a Material<'_>) -> Vec<(&'a str, &'static Measure, &'a Split)> {
    let splits = &material.simulation.uncertainty.splits;
    splits
        .iter()
        .filter_map(|split| match &split.subject {
            Subject::Arm(arm) if SHOWN.contains(&split.code) => {
                Some((arm.as_str(), measure(split.code)?, split))
            }
            _ => None,
        })
        .collect()
}

/// A standard deviation of a measure in words; a variance below 0 is none.
fn deviation(measure: &Measure, variance: f64) -> String {
    let deviation = variance.max(0.0).sqrt();
    match measure.kind() {
        Kind::Share => format!("{} points", shortest(100.0 * deviation, 2)),
        Kind::Number => format!("{} {}", shortest(deviation, 2), measure.unit),
    }
}

/// A share with its standard error, in per cent.
fn with_error(part: Part) -> String {
    format!("{} ({})", percent(part.value, FINE), shortest(100.0 * part.error, 2))
}

fn luck(material: &Material<'_>) -> Table {
    let rows = shown_splits(material).into_iter().map(|(arm, measure, split)| -> Vec<Cell> {
        let total = split.total();
        let share = split.share().map(|value| Part { value, error: split.ignorance.error / total });
        vec![
            arm.into(),
            super::answer::title(measure).into(),
            deviation(measure, split.luck.value).into(),
            deviation(measure, split.ignorance.value).into(),
            share.map_or_else(|| "no variance".into(), with_error).into(),
            split.trials.to_string().into(),
        ]
    });
    Table {
        id: "luck-and-ignorance".into(),
        caption: "What a range over trials is made of, as standard deviations".into(),
        columns: vec![
            column("arm"),
            column("endpoint"),
            numbers("luck"),
            numbers("ignorance"),
            numbers("ignorance, share of the variance (standard error, points)"),
            numbers("trials"),
        ],
        rows: rows.collect(),
        notes: vec![
            words::trials(&material.simulation.summary).into(),
            "Shares and means: variance between trials less what their patients predict. Medians \
             and survival: covariance of the odd and the even patients of a trial. Errors are \
             Monte-Carlo errors (jackknife over trials). Points are percentage points."
                .into(),
            "What the patients of a trial share for another reason, the path of a dose escalation \
             above all, counts as ignorance. uncertainty.csv has every endpoint and the paired \
             differences."
                .into(),
        ],
    }
}

/// How much of the variance goes when assumed values are held.
fn assumptions(material: &Material<'_>) -> Vec<Block> {
    let shares = &material.simulation.uncertainty.shares;
    let mut blocks = vec![subsection("How much rests on assumptions")];
    let Some(trials) = shares.iter().map(|share| share.trials).max() else {
        blocks.push(paragraph(
            "Nothing was held: either not everything is drawn in this run, or no result varies.",
        ));
        return blocks;
    };
    blocks.push(paragraph(format!(
        "The first {trials} trials were run again with the typical values that are assumed (grade \
         D) held, the same patients and the same draws otherwise. What is then missing of the \
         variance is the assumption share. What is neither that nor luck comes from typical values \
         that are known with an error (grades A to C).",
    )));
    let rows = shown_splits(material).into_iter().filter_map(|(arm, measure, split)| {
        let is_it = |share: &&frozen::Share| {
            share.subject == split.subject && share.code == measure.code
        };
        let assumed = shares.iter().find(is_it)?.share;
        let (total, luck) = (split.total(), split.luck);
        let luck = Part { value: luck.value / total, error: luck.error / total };
        // Both are estimated, so that a small rest can come out below 0.
        let known = Part {
            value: 1.0 - luck.value - assumed.value,
            error: luck.error.hypot(assumed.error),
        };
        let mut row: Vec<Cell> = vec![arm.into(), super::answer::title(measure).into()];
        row.extend([assumed, known, luck].map(|part| with_error(part).into()));
        Some(row)
    });
    blocks.push(Block::Table(Table {
        id: "assumption-share".into(),
        caption: "What the variance over trials comes from".into(),
        columns: vec![
            column("arm"),
            column("endpoint"),
            numbers("assumed (grade D)"),
            numbers("known with an error (A to C)"),
            numbers("luck"),
        ],
        rows: rows.collect(),
        notes: vec![
            format!("{trials} pairs of trials. In brackets: Monte-Carlo standard error, points.")
                .into(),
            "A share below 0 is chance, or a value that dampened others. What assumed and known \
             values do together is in the first share. Arms and endpoints without any variance \
             are left out."
                .into(),
            "A: measured in people; B: measured elsewhere; C: right order of magnitude; D: \
             assumed. Values of the protocol and product files count as B when stated or cited, \
             C when derived, D when assumed."
                .into(),
        ],
    }));
    blocks
}

fn tornadoes(material: &Material<'_>) -> Vec<Block> {
    let tornadoes = &material.simulation.uncertainty.tornadoes;
    let mut blocks = vec![subsection("What matters most")];
    if tornadoes.is_empty() {
        blocks.push(paragraph("Nothing that is not known is drawn in this run."));
        return blocks;
    }
    blocks.push(paragraph(
        "What was drawn in each trial is set against the trial's result: ten terms, chosen one by \
         one and fitted together. A bar goes from the low to the high end of what is drawn for \
         that value, everything else in the middle. Among so many candidates chance alone gives \
         some effect, so a bar is called clear only when it passes, in standard errors, the \
         largest that the same choice finds among shuffled results in 19 of 20 cases.",
    ));
    let silent: Vec<String> = tornadoes
        .iter()
        .filter(|tornado| tornado.terms.is_empty())
        .filter_map(|tornado| Some(format!("{}, {}", tornado.arm, short(measure(tornado.code)?))))
        .collect();
    for tornado in tornadoes.iter().filter(|tornado| !tornado.terms.is_empty()) {
        let Some(measure) = measure(tornado.code) else { continue };
        blocks.push(drawing(tornado, measure));
        blocks.push(Block::Details {
            summary: format!("{}, {}: the terms in numbers", tornado.arm, short(measure)),
            blocks: vec![Block::Table(terms(tornado, measure))],
        });
    }
    if !silent.is_empty() {
        blocks.push(paragraph(format!(
            "The result is the same in all but a few trials, so that nothing can be said about \
             what moves it: {}.",
            silent.join("; ")
        )));
    }
    blocks
}

/// An effect in the unit of figures: percentage points for shares.
fn effect(measure: &Measure, value: f64) -> f64 {
    if measure.kind() == Kind::Share { 100.0 * value } else { value }
}

fn unit(measure: &Measure) -> &'static str {
    if measure.kind() == Kind::Share { "points" } else { measure.unit }
}

/// A symbol with its name, without what the name says in brackets or after a comma.
fn label(term: &Term) -> String {
    let name = term.name.split([',', ':', '(']).next().unwrap_or_default().trim();
    let doubt = if term.is_clear { "" } else { " (not clear)" };
    format!("{}: {name}{doubt}", term.symbol)
}

fn drawing(tornado: &Tornado, measure: &Measure) -> Block {
    let unit = unit(measure);
    let rows: Vec<RangeRow> = tornado
        .terms
        .iter()
        .map(|term| {
            let half = effect(measure, 0.5 * term.effect);
            RangeRow {
                label: label(term),
                group: tornado.arm.clone(),
                estimate: None,
                interval: Some((-half.abs(), half.abs())),
                observed: None,
                shown: format!(
                    "low end {:+.1}, high end {:+.1} {unit}; grade {}",
                    -half, half, term.grade
                ),
            }
        })
        .collect();
    let said: Vec<String> =
        rows.iter().map(|row| format!("{}: {}", row.label, row.shown)).collect();
    let clear = tornado.terms.iter().filter(|term| term.is_clear).count();
    let words = Words {
        id: format!("tornado-{}-{}", slug(&tornado.arm), slug(tornado.code)),
        title: format!("What moves {} of {}", short(measure), tornado.arm),
        caption: format!(
            "Bar: from the low to the high end of what is drawn, least squares of ten terms; {} of \
             the variance over these trials. {clear} of {} terms can be told from chance.",
            percent(tornado.explained, FINE),
            tornado.terms.len()
        ),
        alternative: format!("Tornado plot, widest bar first. {}.", said.join("; ")),
        denominators: format!(
            "{} trials; {} values that are not known.",
            tornado.trials, tornado.candidates
        ),
    };
    let drawing = Drawing::Range(Range {
        values: Axis::linear(format!("change of {}, {unit}", short(measure))),
        estimate_name: "from low to high end".into(),
        observed_name: String::new(),
        rows,
        references: vec![reference(0.0, "all in the middle")],
    });
    figure(words, drawing)
}

fn terms(tornado: &Tornado, measure: &Measure) -> Table {
    let unit = unit(measure);
    let rows = tornado.terms.iter().map(|term| -> Vec<Cell> {
        let range = report::format::range(term.ends[0], term.ends[1]);
        let needed = if term.is_clear {
            "clear".to_owned()
        } else {
            format!("about {} trials", number(term.needed as f64))
        };
        vec![
            term.symbol.clone().into(),
            term.name.clone().into(),
            term.grade.to_string().into(),
            format!("{range} {}", if term.unit == "1" { "" } else { &term.unit }).trim().into(),
            format!("{:+.1}", effect(measure, term.effect)).into(),
            format!("{:.1}", effect(measure, term.error)).into(),
            needed.into(),
        ]
    });
    Table {
        id: format!("terms-{}-{}", slug(&tornado.arm), slug(tornado.code)),
        caption: format!("{}: {} from low to high end, {unit}", tornado.arm, short(measure)),
        columns: vec![
            column("symbol"),
            column("what"),
            column("grade"),
            numbers("low to high end"),
            numbers("effect"),
            numbers("standard error"),
            column("told from chance"),
        ],
        rows: rows.collect(),
        notes: vec![
            format!("{} trials; {} candidates.", tornado.trials, tornado.candidates).into(),
            "Where an effect is not clear, the number of trials from which on one of this size \
             would be. The standard error takes the choice of terms as given."
                .into(),
        ],
    }
}
