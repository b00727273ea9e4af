//! What `cytotrial design` says, for people: tables in columns, then settings and conventions.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use cytotrial::operation::design::choice::Setting;
use cytotrial::operation::design::describe::{self, Listed};
use cytotrial::operation::design::mechanism;
use cytotrial::operation::design::pathways::Path;
use cytotrial::operation::design::simulate::Row;
use cytotrial::operation::design::table::{Score, Table};
use cytotrial::operation::design::{
    compare, next_dose, pathways as ahead, select, simulate, table,
};

use crate::terminal::wrapped;

/// One JSON document.
pub(super) fn json(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}

/// Rows in columns: the first to the left, the others to the right.
fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| {
        rows.iter()
            .filter_map(|row| row.get(at))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (at, cell) in row.iter().enumerate() {
            let width = widths[at];
            if at == 0 {
                write!(line, "{cell:<width$}").expect("a String takes every write");
            } else {
                write!(line, "  {cell:>width$}").expect("a String takes every write");
            }
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.iter().map(|&cell| cell.to_owned()).collect()
}

fn count(value: Option<u32>) -> String {
    value.map_or_else(|| "never".to_owned(), |value| value.to_string())
}

fn line(text: &mut String, words: &str) {
    writeln!(text, "{}", wrapped(words, "", "  ")).expect("a String takes every write");
}

/// Settings that were given, defaults, what is off, and the conventions.
fn about(settings: &[Setting], conventions: &[String]) -> String {
    let mut text = String::from("\n");
    let named = |keep: &dyn Fn(&Setting) -> bool| -> Vec<String> {
        let kept = settings.iter().filter(|setting| keep(setting));
        kept.map(|setting| {
            let value = setting.value.lines().next().unwrap_or_default();
            format!("{} {value}", setting.key)
        })
        .collect()
    };
    let off: Vec<&str> = settings
        .iter()
        .filter(|setting| setting.value == "off")
        .map(|setting| setting.key.as_str())
        .collect();
    for (title, list) in [
        ("given", named(&|setting| setting.given)),
        ("defaults", named(&|setting| !setting.given && setting.value != "off")),
    ] {
        if !list.is_empty() {
            line(&mut text, &format!("{title}: {}", list.join(", ")));
        }
    }
    if !off.is_empty() {
        line(&mut text, &format!("off: {}", off.join(", ")));
    }
    for convention in conventions {
        text += &wrapped(convention, "- ", "  ");
        text.push('\n');
    }
    text
}

pub(super) fn list(designs: &[Listed], is_long: bool) -> String {
    let mut rows = vec![row(["name", "title", "looks at", "least settings"])];
    for one in designs {
        let least = if one.name == "custom" {
            "--table FILE.csv --target RATE".to_owned()
        } else {
            let lines: Vec<&str> = one.least.lines().take(4).collect();
            let more = if one.least.lines().count() > 4 { ", ..." } else { "" };
            format!("{}{more}", lines.join(", "))
        };
        rows.push(vec![one.name.clone(), one.title.clone(), one.looks_at.clone(), least]);
    }
    // All columns to the left.
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let [first, second, third] = widths;
        let told = format!("{:first$}  {:second$}  {:third$}  {}", row[0], row[1], row[2], row[3]);
        writeln!(text, "{}", told.trim_end()).expect("a String takes every write");
        if is_long && number > 0 {
            let keys = designs[number - 1].keys.join(", ");
            writeln!(text, "{}", wrapped(&keys, "    settings: ", "      "))
                .expect("a String takes every write");
        }
    }
    text
}

pub(super) fn description(answer: &describe::Answer) -> String {
    let mut text = format!("{}\n\n{}\n", answer.title, wrapped(&answer.paragraph, "", ""));
    text += &about(&answer.settings, &answer.conventions);
    line(&mut text, &format!("plan: {}", answer.plan.told()));
    text
}

pub(super) fn table(answer: &table::Answer) -> String {
    let mut text = format!("{}\n\n", answer.title);
    match &answer.table {
        Table::Limits(limits) => {
            let mut rows = vec![
                row(["evaluable", "escalate", "de-escalate", "eliminate", "stop at the"]),
                row(["patients", "if DLTs <=", "if DLTs >=", "if DLTs >=", "lowest if >="]),
            ];
            rows.extend(limits.iter().map(|limits| {
                vec![
                    limits.evaluable.to_string(),
                    count(limits.escalate_at_most),
                    count(limits.de_escalate_at_least),
                    count(limits.eliminate_at_least),
                    count(limits.stop_at_least),
                ]
            }));
            text += &columns(&rows);
        }
        Table::Looks(looks) => {
            let mut rows = vec![
                row(["evaluable", "futile if", "and deep", "promising if", "toxic if"]),
                row(["patients", "responses <=", "ones <=", "responses >=", "DLTs >="]),
            ];
            rows.extend(looks.iter().map(|look| {
                vec![
                    look.evaluable.to_string(),
                    count(look.futile_at_most),
                    look.deep_at_most.map_or_else(|| "-".to_owned(), |deep| deep.to_string()),
                    count(look.promising_at_least),
                    count(look.toxic_at_least),
                ]
            }));
            text += &columns(&rows);
        }
        Table::Letters(blocks) => {
            for block in blocks {
                writeln!(text, "{} evaluable patients", block.evaluable)
                    .expect("a String takes every write");
                for (dlts, letters) in block.rows.iter().enumerate() {
                    let letters: Vec<String> = letters.chars().map(String::from).collect();
                    writeln!(text, "  {dlts:>2} DLTs  {}", letters.join(" "))
                        .expect("a String takes every write");
                }
            }
        }
        Table::Scores(scores) => text += &score_blocks(scores),
    }
    text.push('\n');
    for note in &answer.notes {
        line(&mut text, note);
    }
    text + &about(&answer.settings, &answer.conventions)
}

/// One block per number of patients: rows of DLTs, columns of responses.
fn score_blocks(scores: &[Score]) -> String {
    let mut text = String::new();
    let most = scores.iter().map(|score| score.evaluable).max().unwrap_or(0);
    for evaluable in 0..=most {
        let of_size: Vec<&Score> = scores.iter().filter(|one| one.evaluable == evaluable).collect();
        if of_size.is_empty() {
            continue;
        }
        let mut header = vec![format!("{evaluable} patients")];
        header.extend((0..=evaluable).map(|responses| format!("{responses} resp.")));
        let mut rows = vec![header];
        for dlts in 0..=evaluable {
            let mut cells = vec![format!("{dlts} DLTs")];
            cells.extend(
                of_size
                    .iter()
                    .filter(|one| one.dlts == dlts)
                    .map(|one| one.score.map_or_else(|| "E".to_owned(), |score| score.to_string())),
            );
            rows.push(cells);
        }
        text += &columns(&rows);
    }
    text
}

pub(super) fn advice(answer: &next_dose::Answer, is_long: bool) -> String {
    let mut text = format!("{}\n\n", answer.title);
    let has_responses = answer.doses.iter().any(|dose| dose.responses > 0);
    let mut header = row(["level", "evaluable", "DLTs", "pending"]);
    if has_responses {
        header.push("responses".to_owned());
    }
    let mut rows = vec![header];
    for dose in &answer.doses {
        let mark = if dose.level == answer.level { " <" } else { "" };
        let mut cells = vec![
            format!("{}{mark}", dose.level),
            dose.evaluable.to_string(),
            dose.dlts.to_string(),
            dose.pending.to_string(),
        ];
        if has_responses {
            cells.push(dose.responses.to_string());
        }
        rows.push(cells);
    }
    text += &columns(&rows);
    let patients = |count: u32| if count == 1 { "patient" } else { "patients" };
    let next = match (answer.next_level, answer.patients) {
        (Some(level), Some(count)) => {
            format!("{}: {count} {} at level {level}", answer.action, patients(count))
        }
        _ => answer.action.clone(),
    };
    writeln!(text, "\n{next}").expect("a String takes every write");
    line(&mut text, &format!("because {}", answer.because));
    if !answer.row.is_empty() {
        text += &told_row(answer);
    }
    if let Some(level) = answer.recommended_now {
        line(&mut text, &format!("if the trial ended now, level {level} would be recommended"));
    }
    for warning in &answer.warnings {
        line(&mut text, &format!("warning: {warning}"));
    }
    line(&mut text, &answer.advice);
    if is_long {
        text += &about(&answer.settings, &answer.conventions);
    } else {
        line(&mut text, &defaults(&answer.settings));
    }
    text
}

/// The row of the table that the decision stands in.
fn told_row(answer: &next_dose::Answer) -> String {
    let evaluable = answer.row.len() - 1;
    let here = answer.doses.get(answer.level - 1).map_or(0, |dose| dose.dlts);
    let mut rows = vec![row(["DLTs", "decision", "next level"])];
    for choice in &answer.row {
        let mark = if choice.dlts == here { " <" } else { "" };
        let next = choice.next_level.map_or_else(|| "-".to_owned(), |level| level.to_string());
        rows.push(vec![format!("{}{mark}", choice.dlts), choice.action.clone(), next]);
    }
    format!(
        "\nthe row of {evaluable} evaluable patients at level {}, the other levels as they are\n{}\n",
        answer.level,
        columns(&rows)
    )
}

/// Defaults in one line.
fn defaults(settings: &[Setting]) -> String {
    let list: Vec<String> = settings
        .iter()
        .filter(|setting| !setting.given && setting.value != "off")
        .map(|setting| format!("{} {}", setting.key, setting.value))
        .collect();
    if list.is_empty() {
        "-v prints the conventions".to_owned()
    } else {
        format!("defaults: {}; -v prints the conventions", list.join(", "))
    }
}

pub(super) fn selection(answer: &select::Answer, is_long: bool) -> String {
    let mut text = format!("{}\n\n", answer.title);
    let mut rows = vec![row(["level", "evaluable", "DLTs", "responses", "estimate", "5 to 95 %"])];
    for level in &answer.levels {
        let mark = if answer.recommended == Some(level.level) { " <" } else { "" };
        let estimate = level.estimate.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.3}"));
        let interval = level
            .interval
            .map_or_else(|| "-".to_owned(), |(low, high)| format!("{low:.3} to {high:.3}"));
        rows.push(vec![
            format!("{}{mark}", level.level),
            level.evaluable.to_string(),
            level.dlts.to_string(),
            level.responses.to_string(),
            estimate,
            interval,
        ]);
    }
    text += &columns(&rows);
    let told = answer.recommended.map_or_else(
        || "no level is recommended".to_owned(),
        |level| format!("recommended: level {level}"),
    );
    writeln!(text, "\n{told}").expect("a String takes every write");
    line(
        &mut text,
        "estimate: the DLT rate by which the design recommends, where it has one; 5 to 95 %: \
         posterior of the DLT rate by this level alone, uniform prior",
    );
    line(&mut text, &answer.advice);
    if is_long {
        text += &about(&answer.settings, &answer.conventions);
    } else {
        line(&mut text, &defaults(&answer.settings));
    }
    text
}

/// A share in per cent with its error, if it has one. What happened in none or all of the simulated
/// trials has a limit instead: three in so many trials, with 95 % confidence.
fn share(value: f64, error: Option<f64>, trials: Option<u32>) -> String {
    let limit = trials.map_or(0.0, |trials| 300.0 / f64::from(trials.max(1)));
    match error {
        Some(_) if value <= 0.0 => format!("0 <{limit:.2}"),
        Some(_) if value >= 1.0 => format!("100 >{:.2}", 100.0 - limit),
        Some(error) => format!("{:.1} +-{:.1}", 100.0 * value, 100.0 * error),
        None => format!("{:.2}", 100.0 * value),
    }
}

fn mean(value: f64, error: Option<f64>) -> String {
    match error {
        Some(error) => format!("{value:.2} +-{error:.2}"),
        None => format!("{value:.3}"),
    }
}

/// One design under one truth.
fn told_characteristics(text: &mut String, found: &Row, title: &str) {
    let all = &found.characteristics;
    let errors = all.errors.as_ref();
    let trials = errors.map(|errors| errors.trials);
    let has_responses = !found.scenario.response.is_empty();
    writeln!(text, "\n{title}").expect("a String takes every write");
    let mut header = row(["level", "true DLT rate", "selected %", "patients", "DLTs"]);
    if has_responses {
        header.insert(2, "true response".to_owned());
        header.push("responses".to_owned());
    }
    let mut rows = vec![header];
    for level in 0..all.selected.len() {
        let mut cells = vec![
            (level + 1).to_string(),
            found.scenario.toxicity[level].to_string(),
            share(all.selected[level], errors.map(|errors| errors.selected[level]), trials),
            mean(all.patients[level], errors.map(|errors| errors.patients[level])),
            mean(all.dlts[level], errors.map(|errors| errors.dlts[level])),
        ];
        if has_responses {
            cells.insert(2, found.scenario.response[level].to_string());
            cells.push(mean(all.responses[level], errors.map(|errors| errors.responses[level])));
        }
        rows.push(cells);
    }
    let mut none = row(["none", ""]);
    if has_responses {
        none.push(String::new());
    }
    none.push(share(all.none, errors.map(|errors| errors.none), trials));
    rows.push(none);
    *text += &columns(&rows);
    let mut last = format!("{:.1} patients on average", found.total_patients);
    if all.stopped_for_safety > 0.0 {
        write!(last, ", {:.1} % stopped for safety", 100.0 * all.stopped_for_safety)
            .expect("a String takes every write");
    }
    if all.stopped_for_futility > 0.0 {
        write!(last, ", {:.1} % stopped for futility", 100.0 * all.stopped_for_futility)
            .expect("a String takes every write");
    }
    if let Some((duration, error)) = found.duration {
        write!(last, ", duration {duration:.1} +-{error:.1}").expect("a String takes every write");
    }
    line(text, &last);
    for warning in &found.warnings {
        line(text, &format!("warning: {warning}"));
    }
}

pub(super) fn characteristics(answer: &simulate::Answer, is_long: bool) -> String {
    let mut text = format!("{}\n", answer.title);
    line(&mut text, &format!("{}; {}", answer.plan_told, answer.method));
    for found in &answer.rows {
        let odds = found.scenario.odds_ratio;
        let odds = if (odds - 1.0).abs() > 1e-12 && !found.scenario.response.is_empty() {
            format!(", odds ratio {odds}")
        } else {
            String::new()
        };
        let title = format!("scenario {}{odds}", found.scenario.name);
        told_characteristics(&mut text, found, &title);
    }
    for note in &answer.notes {
        line(&mut text, &format!("\nnote: {note}"));
    }
    text += &about(&answer.settings, if is_long { &answer.conventions } else { &[] });
    text
}

pub(super) fn conduct(answer: &mechanism::Answer) -> String {
    let mut text = format!("{}\n", answer.title);
    let told = format!(
        "{} whole virtual trials of {} in {}, seed {}; +- is a Monte Carlo standard error",
        answer.replicates, answer.arm, answer.trial, answer.seed
    );
    line(&mut text, &told);
    text.push('\n');
    let range = |(low, high): (f64, f64)| format!("{low:.0} to {high:.0}");
    let mut rows = vec![
        row(["level", "dose", "recommended", "patients", "DLTs", "DLTs of", "cells given"]),
        row(["", "", "%", "per trial", "per trial", "evaluable, all", "of assigned, %"]),
    ];
    for level in &answer.levels {
        let delivered = level
            .delivered
            .map_or_else(|| "-".to_owned(), |(low, high)| range((100.0 * low, 100.0 * high)));
        rows.push(vec![
            level.level.to_string(),
            level.dose.clone(),
            share(level.recommended, Some(level.recommended_error), Some(answer.replicates)),
            range(level.patients),
            range(level.dlts),
            format!("{}/{}", level.pooled.1, level.pooled.0),
            delivered,
        ]);
    }
    let none = answer.none;
    let error = (none * (1.0 - none) / f64::from(answer.replicates.max(1))).sqrt();
    rows.push(row(["none", "", &share(none, Some(error), Some(answer.replicates))]));
    text += &columns(&rows);
    let days = answer.last_decision_day.map_or_else(String::new, |(low, high)| {
        format!("; the last one between days {low:.0} and {high:.0} of the trial")
    });
    let (all, waits) = answer.decisions;
    line(
        &mut text,
        &format!(
            "{all:.1} decisions per trial, {waits:.1} of them to wait for open windows{days}; \
             {:.0} % of trials stopped early",
            100.0 * answer.stopped
        ),
    );
    for warning in &answer.warnings {
        line(&mut text, &format!("warning: {warning}"));
    }
    for note in &answer.notes {
        line(&mut text, note);
    }
    text + &about(&answer.settings, &[])
}

pub(super) fn comparison(answer: &compare::Answer, is_long: bool) -> String {
    let mut text = String::new();
    line(&mut text, &format!("{}; {}", answer.plan_told, answer.method));
    for found in &answer.rows {
        let title = format!("scenario {}: {}", found.scenario.name, found.design);
        told_characteristics(&mut text, found, &title);
    }
    for note in &answer.notes {
        line(&mut text, &format!("\nnote: {note}"));
    }
    for one in &answer.designs {
        write!(text, "\n{}", one.title).expect("a String takes every write");
        text += &about(&one.settings, if is_long { &one.conventions } else { &[] });
    }
    text
}

pub(super) fn pathways(answer: &ahead::Answer, is_long: bool) -> String {
    let mut text = format!("{}\n{}\n\n", answer.title, answer.plan_told);
    // Every path stands below the one that it goes on.
    let mut after: BTreeMap<&[ahead::Cohort], Vec<&Path>> = BTreeMap::new();
    for path in &answer.paths {
        let before = path.cohorts.split_last().map_or(&[][..], |(_, before)| before);
        after.entry(before).or_default().push(path);
    }
    below(&mut text, answer.has_responses, &after, &[], is_long);
    text += &about(&answer.settings, if is_long { &answer.conventions } else { &[] });
    text
}

/// The paths that go on after these cohorts.
fn below(
    text: &mut String,
    has_responses: bool,
    after: &BTreeMap<&[ahead::Cohort], Vec<&Path>>,
    before: &[ahead::Cohort],
    is_long: bool,
) {
    for path in after.get(before).into_iter().flatten() {
        let last = path.cohorts.last().map(|one| one.told(has_responses)).unwrap_or_default();
        let next = path.next_level.map_or_else(String::new, |next| format!(", level {next}"));
        let why = if is_long { format!(" ({})", path.because) } else { String::new() };
        let indent = "    ".repeat(before.len());
        writeln!(text, "{indent}{last} -> {}{next}{why}", path.action)
            .expect("a String takes every write");
        below(text, has_responses, after, &path.cohorts, is_long);
    }
}
