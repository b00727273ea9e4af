//! What is known of the treated patients: counts by level typed on a command line, or a table.

use design::{DoseCounts, Known, Patient};
use serde::Serialize;

use super::choice::wrong_levels;
use super::{Chosen, many};
use crate::problem::{Problem, help_with_nearest};

/// What a person gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Data {
    /// `DLTs/evaluable` of every level, lowest first, separated by commas: `0/3,1/6,0/0`.
    pub counts: Option<String>,
    /// Patients in the DLT window at every level.
    pub pending: Option<String>,
    /// Evaluable patients with a response at every level.
    pub responses: Option<String>,
    /// Evaluable patients with a response and a DLT at every level.
    pub responses_with_dlt: Option<String>,
    /// Evaluable patients with a deep response, such as complete, at every level.
    pub deep_responses: Option<String>,
    /// The follow-up of pending patients: `level:share` of the window, separated by commas.
    pub follow_up: Option<String>,
    /// `DLTs/evaluable` of the last cohort alone.
    pub last_cohort: Option<String>,
    /// The level at which the last patients were treated, from 1.
    pub level: Option<usize>,
    /// Name and text of a table with one row per level or one per patient.
    pub table: Option<(String, String)>,
    /// The DLT window in days, for a table that counts days.
    pub window_days: Option<f64>,
}

/// One level as answers show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Treated {
    /// The level, from 1.
    pub level: usize,
    /// Evaluable patients.
    pub evaluable: u32,
    /// Of them with a DLT.
    pub dlts: u32,
    /// Patients in the DLT window.
    pub pending: u32,
    /// Evaluable patients with a response.
    pub responses: u32,
}

/// What answers show of the doses.
pub(super) fn treated(doses: &[DoseCounts]) -> Vec<Treated> {
    let levels = doses.iter().enumerate();
    levels
        .map(|(at, dose)| Treated {
            level: at + 1,
            evaluable: dose.evaluable,
            dlts: dose.dlts,
            pending: dose.pending,
            responses: dose.responses,
        })
        .collect()
}

/// What is known, for a design that was chosen.
///
/// # Errors
/// Every problem of the counts.
pub fn known(data: &Data, chosen: &Chosen) -> Result<Known, Vec<Problem>> {
    let mut known = match (&data.table, &data.counts) {
        (Some((name, text)), _) => table::read(name, text, data, chosen)?,
        (None, Some(_)) => typed(data)?,
        (None, None) => {
            let message = "nothing is known of the patients";
            let help = "give DLTs and evaluable patients of every level, as `--counts 0/3,1/3,0/0`, \
                        or a table with `--data FILE.csv`";
            return Err(vec![usage("D104", message, help)]);
        }
    };
    if known.doses.len() > 32 {
        let message = format!("there are {} dose levels", known.doses.len());
        return Err(vec![usage("D105", message, "designs have at most 32 levels")]);
    }
    if let Some(levels) = chosen.levels {
        if known.doses.len() > levels {
            return Err(vec![wrong_levels(chosen.entry.name, levels, known.doses.len())]);
        }
        let is_short = known.doses.len() < levels;
        if is_short && chosen.design.levels().is_some() && data.table.is_none() {
            return Err(vec![wrong_levels(chosen.entry.name, levels, known.doses.len())]);
        }
        known.doses.resize(levels, DoseCounts::default());
    }
    known.level = level(data, &known)?;
    Ok(known)
}

pub(super) fn usage(
    code: &'static str,
    message: impl Into<String>,
    help: impl Into<String>,
) -> Problem {
    Problem::error(code, "", "", message, help)
}

/// The level of the last patients.
fn level(data: &Data, known: &Known) -> Result<usize, Vec<Problem>> {
    let tried: Vec<usize> =
        (0..known.doses.len()).filter(|&level| known.doses[level].treated() > 0).collect();
    let Some(level) = data.level else {
        return match tried[..] {
            [] => Ok(0),
            [only] => Ok(only),
            // A table of patients says it by its last row.
            _ if !known.patients.is_empty() && data.table.is_some() => Ok(known.level),
            _ => {
                let message = "the level of the last patients is not given";
                let help = "several levels have patients: add `--level N`, counted from 1";
                Err(vec![usage("D106", message, help)])
            }
        };
    };
    if level == 0 || level > known.doses.len() {
        let message = format!("level {level} is not among the {} levels", known.doses.len());
        return Err(vec![usage("D106", message, "levels count from 1, the lowest")]);
    }
    if !tried.is_empty() && known.doses[level - 1].treated() == 0 {
        let message = format!("nobody was treated at level {level}");
        let help = "`--level` is the level of the last treated patients, not of the next";
        return Err(vec![usage("D106", message, help)]);
    }
    Ok(level - 1)
}

/// Counts that were typed.
fn typed(data: &Data) -> Result<Known, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut doses = Vec::new();
    for (at, part) in split(data.counts.as_deref().unwrap_or_default()).enumerate() {
        match fraction(part) {
            Ok((dlts, evaluable)) => doses.push(DoseCounts::of(evaluable, dlts)),
            Err(what) => problems.push(at_level(at, &what)),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let lists = [
        ("--pending", &data.pending),
        ("--responses", &data.responses),
        ("--responses-with-dlt", &data.responses_with_dlt),
        ("--deep-responses", &data.deep_responses),
    ];
    for (which, (option, text)) in lists.into_iter().enumerate() {
        let Some(text) = text else { continue };
        let counts: Vec<&str> = split(text).collect();
        if counts.len() != doses.len() {
            let message = format!(
                "`{option}` has {}, `--counts` has {}",
                many(counts.len(), "level"),
                doses.len()
            );
            problems.push(usage("D105", message, "give every level, with 0 where there is none"));
            continue;
        }
        for (at, (dose, text)) in doses.iter_mut().zip(counts).enumerate() {
            match count(text) {
                Ok(number) => *field(dose, which) = number,
                Err(what) => problems.push(at_level(at, &format!("`{option}`: {what}"))),
            }
        }
    }
    for (at, dose) in doses.iter().enumerate() {
        problems.extend(impossible(*dose).map(|what| at_level(at, &what)));
    }
    let last_cohort = match data.last_cohort.as_deref().map(fraction) {
        None => None,
        Some(Ok((dlts, evaluable))) => Some(DoseCounts::of(evaluable, dlts)),
        Some(Err(what)) => {
            problems.push(usage("D104", format!("`--last-cohort`: {what}"), "write it like `1/3`"));
            None
        }
    };
    if !problems.is_empty() {
        return Err(problems);
    }
    let patients = followed(data, &doses)?;
    Ok(Known { level: 0, doses, last_cohort, patients })
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim)
}

fn field(dose: &mut DoseCounts, which: usize) -> &mut u32 {
    match which {
        0 => &mut dose.pending,
        1 => &mut dose.responses,
        2 => &mut dose.responses_with_dlt,
        _ => &mut dose.deep_responses,
    }
}

fn at_level(at: usize, what: &str) -> Problem {
    usage("D104", format!("level {}: {what}", at + 1), HELP)
}

const HELP: &str = "a level is written as DLTs of evaluable patients, such as `1/3`";

/// `1/3`: DLTs and evaluable patients.
fn fraction(text: &str) -> Result<(u32, u32), String> {
    let Some((dlts, evaluable)) = text.split_once('/') else {
        return Err(if text.trim().is_empty() {
            "nothing is written".to_owned()
        } else {
            format!("`{text}` is not written as DLTs/evaluable")
        });
    };
    let (dlts, evaluable) = (count(dlts)?, count(evaluable)?);
    if dlts > evaluable {
        return Err(format!("{dlts} DLTs in {evaluable} evaluable patients; the DLTs come first"));
    }
    Ok((dlts, evaluable))
}

/// A number of patients.
pub(super) fn count(text: &str) -> Result<u32, String> {
    let text = text.trim();
    match text.parse::<i64>() {
        Ok(number) if number < 0 => Err(format!("`{number}` patients are less than none")),
        Ok(number) if number > 1000 => Err(format!("`{number}` patients are more than 1000")),
        Ok(number) => Ok(number as u32),
        Err(_) if text.is_empty() => Err("a number is missing".to_owned()),
        Err(_) => Err(format!("`{text}` is not a whole number")),
    }
}

/// Why counts cannot be true.
pub(super) fn impossible(dose: DoseCounts) -> Option<String> {
    let DoseCounts { evaluable, dlts, responses, responses_with_dlt: both, .. } = dose;
    if dlts > evaluable {
        return Some(format!("{dlts} DLTs in {evaluable} evaluable patients"));
    }
    if responses > evaluable {
        return Some(format!("{responses} responses in {evaluable} evaluable patients"));
    }
    if dose.deep_responses > responses {
        let deep = dose.deep_responses;
        return Some(format!("{deep} deep responses among {responses} responses"));
    }
    if both > responses.min(dlts) {
        return Some(format!(
            "{both} patients with a response and a DLT, but {responses} responses and {dlts} DLTs"
        ));
    }
    (dlts + responses > evaluable + both).then(|| {
        format!(
            "{dlts} DLTs and {responses} responses in {evaluable} patients need at least {} \
             patients with both; {both} are given",
            dlts + responses - evaluable
        )
    })
}

/// The patients one by one, where the follow-up of pending ones is given.
fn followed(data: &Data, doses: &[DoseCounts]) -> Result<Vec<Patient>, Vec<Problem>> {
    let Some(text) = &data.follow_up else { return Ok(Vec::new()) };
    let help = "write the level and the observed share of the window of every pending patient, \
                such as `2:0.5,2:0.25`";
    let wrong = |message: String| vec![usage("D104", message, help)];
    let mut patients = Vec::new();
    for part in split(text) {
        let parsed = part.split_once(':').and_then(|(level, share)| {
            Some((level.trim().parse::<usize>().ok()?, share.trim().parse::<f64>().ok()?))
        });
        let Some((level, follow_up)) = parsed else {
            return Err(wrong(format!("`--follow-up`: `{part}` is not understood")));
        };
        if level == 0 || level > doses.len() {
            return Err(wrong(format!("`--follow-up`: there is no level {level}")));
        }
        if !(0.0..1.0).contains(&follow_up) {
            return Err(wrong(format!(
                "`--follow-up`: {follow_up} is not the share of a window that still runs"
            )));
        }
        patients.push(Patient { level: level - 1, follow_up, dlt: None });
    }
    for (level, dose) in doses.iter().enumerate() {
        let given = patients.iter().filter(|patient| patient.level == level).count();
        if given != dose.pending as usize {
            return Err(wrong(format!(
                "`--follow-up` has {given} patients at level {}, `--pending` has {}",
                level + 1,
                dose.pending
            )));
        }
        // Without the day of a DLT it is taken to have come at the end of the window.
        let complete = dose.evaluable - dose.dlts;
        let settled = Patient { level, follow_up: 1.0, dlt: None };
        patients.extend(std::iter::repeat_n(settled, complete as usize));
        let with_dlt = Patient { dlt: Some(1.0), ..settled };
        patients.extend(std::iter::repeat_n(with_dlt, dose.dlts as usize));
    }
    Ok(patients)
}

pub(super) mod table;

/// A column that is not known.
fn unknown_column(name: &str, known: &[&str]) -> (String, String) {
    let help = help_with_nearest(name, known.iter().copied());
    (format!("no column is called `{name}`"), help)
}
