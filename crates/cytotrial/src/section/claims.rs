//! The record's claims: verdicts with their grounds, and each effect with its mechanism switched off.

use report::figure::{Drawing, Range, RangeRow};
use report::format::{number, percent, percent_range};
use report::{
    Axis, Block, Cell, NoteKind, Table, Text, code, note, numbers, paragraph, plain, reference, section, strong,
    subsection, words as column,
};

use super::Material;
use super::parts::{Words, figure, slug};
use super::words;
use crate::claims::effect::Effect;
use crate::claims::findings::{ClaimFinding, Findings, TestFinding};
use crate::claims::verdict::{Grounds, exact};
use crate::claims::{Claim, ClaimBook, Direction, Rule, Settings, Subject};
use crate::summary::measure::{Kind, Measure};
use crate::uncertainty::Part;

/// The section; nothing in a folder without claims.
pub fn blocks(material: &Material<'_>) -> Vec<Block> {
    match (material.book, material.findings) {
        (_, Some(findings)) => found(findings),
        (Some(book), None) => untried(book, material.command),
        (None, None) => Vec::new(),
    }
}

/// The claims of a run that did not try them.
fn untried(book: &ClaimBook, command: &str) -> Vec<Block> {
    let rows = book.claims.iter().map(|claim| -> Vec<Cell> {
        let tests: Vec<String> = claim.tests.iter().map(|test| test.says.clone()).collect();
        vec![
            claim.id.clone().into(),
            claim.title.clone().into(),
            format!("\"{}\"", claim.quote).into(),
            tests.join("; ").into(),
        ]
    });
    vec![
        section("Claims of the record"),
        paragraph(vec![
            plain("This run did not try them. To try them: "),
            code(command.replacen("cytotrial simulate", "cytotrial claims", 1)),
        ]),
        Block::Table(Table {
            id: "claims".into(),
            caption: "What the record claims, and what would be tested".into(),
            columns: vec![column("claim"), column("in short"), column("in the record"), column("tests")],
            rows: rows.collect(),
            notes: Vec::new(),
        }),
    ]
}

fn found(findings: &Findings) -> Vec<Block> {
    let mut blocks = vec![
        section("Claims of the record"),
        paragraph(rules(&findings.settings, findings)),
        Block::Table(verdicts(findings)),
        Block::Table(table(findings)),
    ];
    if findings.claims.iter().any(|claim| claim.near_limit) {
        blocks.push(note(
            NoteKind::Warning,
            "Verdicts marked \"near the limit\" may turn with more virtual trials or another seed.",
        ));
    }
    for claim in &findings.claims {
        blocks.extend(one(findings, claim));
    }
    blocks
}

/// The rules, as they stood before the run.
fn rules(settings: &Settings, findings: &Findings) -> String {
    let percent = |share: f64| percent(share, 100);
    let unknown = if findings.drawn {
        "what is not known was drawn once per trial"
    } else {
        "what is not known was held at its typical value"
    };
    format!(
        "Each claim was tried on the same virtual patients with its mechanism on and off, in {} \
         trials of {} patients per arm; {unknown}. The rules were written before the run: a \
         direction stands when at least {} of trials point that way (a trial without a difference \
         counts half) and does not stand at {} or less; a figure stands when it lies in the {} \
         predictive interval at the claim's own number of patients and that interval is narrow \
         enough. A claim stands when all its tests stand.",
        findings.replicates,
        settings.patients,
        percent(settings.probability),
        percent(1.0 - settings.probability),
        percent(settings.interval),
    )
}

fn verdict_words(verdict: crate::claims::verdict::Verdict, near_limit: bool) -> String {
    format!("{}{}", verdict.words(), if near_limit { " (near the limit)" } else { "" })
}

/// One row per claim.
fn verdicts(findings: &Findings) -> Table {
    let rows = findings.claims.iter().map(|found| -> Vec<Cell> {
        vec![
            found.claim.id.clone().into(),
            verdict_words(found.verdict, found.near_limit).into(),
            found.claim.title.clone().into(),
            found.claim.limit.clone().into(),
        ]
    });
    Table {
        id: "claims".into(),
        caption: "Verdicts".into(),
        columns: vec![
            column("claim"),
            column("verdict"),
            column("in short"),
            column("what the experiment cannot say"),
        ],
        rows: rows.collect(),
        notes: vec!["Virtual patients decide nothing about real ones: a verdict says what follows \
                     from what is known and assumed here."
            .into()],
    }
}

/// One row per test.
fn table(findings: &Findings) -> Table {
    let rows = findings.claims.iter().flat_map(|found| {
        found.claim.tests.iter().zip(&found.tests).map(|(test, tested)| -> Vec<Cell> {
            let effect = tested.effect.as_ref().map_or_else(
                || report::format::NOT_ESTIMABLE.to_owned(),
                |effect| shown(test.measure, &test.subject, effect),
            );
            vec![
                found.claim.id.clone().into(),
                verdict_words(tested.judged.verdict, tested.judged.near_limit).into(),
                test.says.clone().into(),
                effect.into(),
                briefly(tested).into(),
                tested.assumed.map_or_else(String::new, assumed).into(),
                off(found, test.measure, &test.subject).into(),
            ]
        })
    });
    Table {
        id: "claim-tests".into(),
        caption: "Tests: the effect, how sure it is, how much of it is assumed, and without the mechanism".into(),
        columns: vec![
            column("claim"),
            column("verdict"),
            column("test"),
            column("effect, 5th to 95th percentile"),
            column("how sure"),
            column("assumed"),
            column("mechanism off"),
        ],
        rows: rows.collect(),
        notes: vec![
            "Effects of differences are means over pairs of the same patients; points are \
             percentage points. How sure: share of trials that point in the claimed direction with \
             its Monte-Carlo interval, or what a trial of the claim's own size would see, or the \
             exact upper bound of what was observed. Mechanism off: the first switch of the same \
             endpoint; every switch stands with its claim below."
                .into(),
            format!(
                "Assumed: part of the variance over trials that goes when all assumed \
                 (grade D) typical values are frozen, with its Monte-Carlo standard error, from up \
                 to {} trials. It can be negative within its error.",
                findings.settings.assumption_replicates
            )
            .into(),
        ],
    }
}

/// A share with its standard error, in per cent.
fn assumed(share: Part) -> String {
    format!("{:.0}% (s.e. {:.0})", 100.0 * share.value, 100.0 * share.error)
}

/// Why a test came out as it did.
pub fn grounds(tested: &TestFinding) -> String {
    match &tested.judged.grounds {
        Grounds::Probability { probability, interval, ties, trials } => {
            let none = if *ties == 0 {
                String::new()
            } else {
                format!("; {ties} of {trials} trials without a difference")
            };
            format!(
                "in {} of trials (Monte Carlo {}){none}",
                percent(*probability, words::FINE),
                percent_range(interval.0, interval.1, words::FINE),
            )
        }
        Grounds::Predictive { interval, claimed, patients, narrower_than, .. } => {
            let count = (claimed * f64::from(*patients)).round() as u32;
            let (low, high) = exact(count, *patients);
            format!(
                "claimed {} (exact 95% interval of {count} of {patients}: {}); a trial of {patients} \
                 would see {}; narrow enough below {} points",
                percent(*claimed, words::FINE),
                percent_range(low, high, words::FINE),
                percent_range(interval.0, interval.1, words::FINE),
                number(100.0 * narrower_than),
            )
        }
        Grounds::Observed { events, patients, upper, at_most, needed } => {
            let needed = needed.map_or_else(String::new, |needed| {
                format!("; {needed} patients without an event would settle it")
            });
            format!(
                "{events} of {patients}: at most {} (exact, one-sided 95%), limit {}{needed}",
                percent(*upper, words::FINE),
                percent(*at_most, 100)
            )
        }
        Grounds::Nothing => "no trial can say".to_owned(),
    }
}

/// The first switch of the same endpoint.
fn off(found: &ClaimFinding, measure: &Measure, subject: &Subject) -> String {
    let mut switches = found.claim.switches.iter().zip(&found.switches);
    let same = switches.find(|(switch, _)| {
        switch.measure == measure && switch.subject.is_difference() == subject.is_difference()
    });
    same.map_or_else(String::new, |(switch, effect)| {
        effect.as_ref().map_or_else(
            || report::format::NOT_ESTIMABLE.to_owned(),
            |effect| shown(switch.measure, &switch.subject, effect),
        )
    })
}

/// Why a test came out as it did, for a narrow column.
fn briefly(tested: &TestFinding) -> String {
    let range = |(low, high): (f64, f64)| percent_range(low, high, words::FINE);
    match &tested.judged.grounds {
        Grounds::Probability { probability, interval, .. } => {
            format!("{} ({})", percent(*probability, words::FINE), range(*interval))
        }
        Grounds::Predictive { interval, .. } => format!("would see {}", range(*interval)),
        Grounds::Observed { upper, .. } => format!("at most {}", percent(*upper, words::FINE)),
        Grounds::Nothing => report::format::NOT_ESTIMABLE.to_owned(),
    }
}

/// The range of an effect with its unit.
pub fn shown(measure: &Measure, subject: &Subject, effect: &Effect) -> String {
    let (low, _, high) = effect.range;
    match (measure.kind(), subject.is_difference()) {
        (Kind::Share, false) => percent_range(low, high, words::FINE),
        (Kind::Share, true) => {
            format!("{} to {} points", number(100.0 * low), number(100.0 * high))
        }
        (Kind::Number, _) => format!("{} to {} {}", number(low), number(high), measure.unit),
    }
}

/// A claim by itself.
fn one(findings: &Findings, found: &ClaimFinding) -> Vec<Block> {
    let claim = &found.claim;
    let mut blocks = vec![
        subsection(format!("{}: {}", claim.id, claim.title)),
        paragraph(vec![
            strong(format!("{}. ", capital(&verdict_words(found.verdict, found.near_limit)))),
            plain(format!("The record: \"{}\" {}", claim.quote, claim.experiment)),
        ]),
    ];
    let grounds_of_tests = claim.tests.iter().zip(&found.tests).map(|(test, tested)| {
        let verdict = verdict_words(tested.judged.verdict, tested.judged.near_limit);
        Text::from(format!("{}: {verdict}; {}.", test.says, grounds(tested)))
    });
    blocks.push(Block::List { numbered: false, items: grounds_of_tests.collect() });
    blocks.extend(on_and_off(findings, found));
    let mut inside = vec![Block::Table(spread(found))];
    inside.extend(shows(found));
    blocks.push(Block::Details {
        summary: format!("{}: rules, scatter, and what stands beside", claim.id),
        blocks: inside,
    });
    blocks.push(note(NoteKind::Assumption, claim.limit.clone()));
    blocks
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Figures of the effects, one per endpoint: as claimed, and with the mechanism off.
fn on_and_off(findings: &Findings, found: &ClaimFinding) -> Vec<Block> {
    let mut measures: Vec<(&'static Measure, bool)> = Vec::new();
    for test in &found.claim.tests {
        let key = (test.measure, test.subject.is_difference());
        if !measures.contains(&key) {
            measures.push(key);
        }
    }
    measures
        .into_iter()
        .filter_map(|(measure, is_difference)| {
            effects_figure(findings, found, measure, is_difference)
        })
        .collect()
}

fn effects_figure(
    findings: &Findings,
    found: &ClaimFinding,
    measure: &'static Measure,
    is_difference: bool,
) -> Option<Block> {
    let fits = |other: &Measure, subject: &Subject| {
        other == measure && subject.is_difference() == is_difference
    };
    let tests = found.claim.tests.iter().zip(&found.tests).filter_map(|(test, tested)| {
        let effect = tested.effect.as_ref().filter(|_| fits(test.measure, &test.subject))?;
        Some((format!("as claimed: {}", test.says), &test.subject, effect, test.rule))
    });
    let switches = found.claim.switches.iter().zip(&found.switches).filter_map(|(switch, effect)| {
        let effect = effect.as_ref().filter(|_| fits(switch.measure, &switch.subject))?;
        let rule = Rule::Direction(Direction::Above);
        Some((format!("switch: {}", switch.off), &switch.subject, effect, rule))
    });
    let scale = if measure.kind() == Kind::Share { 100.0 } else { 1.0 };
    let mut said = Vec::new();
    let mut pairs = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    let rows: Vec<RangeRow> = tests
        .chain(switches)
        .filter_map(|(label, subject, effect, rule)| {
            if seen.contains(&label) {
                return None;
            }
            seen.push(label.clone());
            let text = shown(measure, subject, effect);
            said.push(format!("{label}: {text}"));
            pairs.push(format!("{label} {}", number(effect.patients)));
            let (low, _, high) = effect.range;
            let observed = match rule {
                Rule::Quantity { claimed, .. } => Some(scale * claimed),
                _ => None,
            };
            Some(RangeRow {
                label,
                group: String::new(),
                estimate: (high - low < 1e-9).then_some(scale * low),
                interval: Some((scale * low, scale * high)),
                observed,
                shown: text,
            })
        })
        .collect();
    if rows.is_empty() {
        return None;
    }
    let unit = match (measure.kind(), is_difference) {
        (Kind::Share, true) => "percentage points",
        (Kind::Share, false) => "% of patients",
        (Kind::Number, _) => measure.unit,
    };
    let title = measure.title.strip_prefix("median ").unwrap_or(measure.title);
    let what = if is_difference { "difference" } else { "value" };
    let words = Words {
        id: format!("claim-{}-{}-{what}", slug(&found.claim.id), measure.code),
        title: format!("{}: {title}", found.claim.id),
        caption: format!(
            "Line: {}. A point stands only where all trials agree. {}{}",
            words::RANGE,
            if is_difference { "First arm minus second, the same patients. " } else { "Diamond: claimed. " },
            if measure.hidden { "Known to the model only." } else { "" }
        )
        .trim_end()
        .to_owned(),
        alternative: format!("Ranges of {what}s. {}.", said.join("; ")),
        denominators: format!(
            "{} virtual trials for tests, up to {} for switches. Patients or pairs per trial, mean: {}.",
            findings.replicates,
            findings.settings.switch_replicates,
            words::list(&pairs)
        ),
    };
    let drawing = Drawing::Range(Range {
        values: Axis::linear(format!("{what}, {unit}")),
        estimate_name: "simulated range".into(),
        observed_name: if is_difference { String::new() } else { "claimed".into() },
        rows,
        references: if is_difference { vec![reference(0.0, "no difference")] } else { Vec::new() },
    });
    Some(figure(words, drawing))
}

/// What makes the effects scatter.
fn spread(found: &ClaimFinding) -> Table {
    let tests = found.claim.tests.iter().zip(&found.tests).map(|(test, tested)| {
        (test.says.clone(), test.measure, &test.subject, tested.effect.as_ref(), tested.assumed)
    });
    let switches = found.claim.switches.iter().zip(&found.switches).map(|(switch, effect)| {
        let says = format!("switch: {}", switch.off);
        (says, switch.measure, &switch.subject, effect.as_ref(), None)
    });
    let rows = tests.chain(switches).map(|(says, measure, subject, effect, share)| -> Vec<Cell> {
        let none = || report::format::NOT_ESTIMABLE.to_owned();
        let part = |of: fn(f64) -> f64| {
            effect
                .and_then(|effect| effect.luck)
                .map(|luck| Part { value: of(luck.value), ..luck })
                .map_or_else(none, assumed)
        };
        vec![
            says.into(),
            super::answer::title(measure).into(),
            subject.words().into(),
            effect.map_or_else(none, |effect| shown(measure, subject, effect)).into(),
            effect.map_or_else(none, |effect| number(effect.patients)).into(),
            part(|luck| luck).into(),
            part(|luck| 1.0 - luck).into(),
            share.map_or_else(String::new, assumed).into(),
        ]
    });
    Table {
        id: format!("claim-{}-scatter", slug(&found.claim.id)),
        caption: format!("{}: what was compared, and why trials scatter", found.claim.id),
        columns: vec![
            column("effect"),
            column("endpoint"),
            column("arms"),
            numbers("5th to 95th percentile"),
            numbers("patients or pairs per trial").given(),
            numbers("scatter by luck of few patients").given(),
            numbers("scatter by what is not known").given(),
            numbers("assumption share"),
        ],
        rows: rows.collect(),
        notes: Vec::new(),
    }
}

/// What stands beside a claim.
fn shows(found: &ClaimFinding) -> Vec<Block> {
    let Claim { id, shows, .. } = &found.claim;
    shows
        .iter()
        .zip(&found.shows)
        .enumerate()
        .map(|(place, (show, effects))| {
            let rows = show.rows.iter().zip(effects).map(|((label, subject), effect)| -> Vec<Cell> {
                let text = effect.as_ref().map_or_else(
                    || report::format::NOT_ESTIMABLE.to_owned(),
                    |effect| shown(show.measure, subject, effect),
                );
                let patients = effect.as_ref().map_or(0.0, |effect| effect.patients);
                vec![label.clone().into(), subject.words().into(), text.into(), number(patients).into()]
            });
            Block::Table(Table {
                id: format!("claim-{}-show-{}", slug(id), place + 1),
                caption: format!("{id}: {} by {}", show.says, show.over),
                columns: vec![
                    column(show.over.clone()),
                    column("arms"),
                    numbers("5th to 95th percentile of trials"),
                    numbers("patients or pairs per trial").given(),
                ],
                rows: rows.collect(),
                notes: Vec::new(),
            })
        })
        .collect()
}
