//! A table of counts: one row per level, or one per patient in the order of treatment.

use design::{DoseCounts, Known, Patient};

use super::{Data, count, impossible, unknown_column};
use crate::operation::design::Chosen;
use crate::problem::Problem;

/// Columns of a table with one row per level.
const BY_LEVEL: &[&str] =
    &["level", "evaluable", "dlts", "pending", "responses", "responses-with-dlt", "deep-responses"];
/// Columns of a table with one row per patient.
const BY_PATIENT: &[&str] = &["subject", "level", "dlt", "response", "followed", "days", "cohort"];

/// The rows of a table with what they are called.
struct Table<'a> {
    file: &'a str,
    names: Vec<String>,
    rows: Vec<(usize, Vec<&'a str>)>,
}

impl<'a> Table<'a> {
    fn cell(&self, row: &[&'a str], column: &str) -> Option<&'a str> {
        let place = self.names.iter().position(|name| name == column)?;
        row.get(place).copied().filter(|cell| !cell.is_empty())
    }

    fn problem(&self, line: usize, what: &str, help: &str) -> Problem {
        Problem::error("D104", self.file, format!("line.{line}"), what, help)
    }
}

/// Reads either kind; the header decides which it is.
pub(crate) fn read(
    file: &str,
    text: &str,
    data: &Data,
    chosen: &Chosen,
) -> Result<Known, Vec<Problem>> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let mut lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let Some((first, header)) = lines.next() else {
        let help = "begin with a header such as `level,evaluable,dlts`";
        return Err(vec![Problem::error("D104", file, "", "the table is empty", help)]);
    };
    let plain = |name: &str| name.trim().to_lowercase().replace([' ', '_'], "-");
    let names: Vec<String> = header.split(',').map(plain).collect();
    let is_by_level = names.iter().any(|name| name == "evaluable");
    let known = if is_by_level { BY_LEVEL } else { BY_PATIENT };
    let needed: &[&str] =
        if is_by_level { &["level", "evaluable", "dlts"] } else { &["level", "dlt"] };
    let place = format!("line.{first}");
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        let (message, help) = unknown_column(name, known);
        return Err(vec![Problem::error("D104", file, place, message, help)]);
    }
    if let Some(name) = needed.iter().find(|name| !names.iter().any(|known| known == *name)) {
        let message = format!("the column `{name}` is missing");
        let help = "a table has `level,evaluable,dlts` per level or `level,dlt` per patient";
        return Err(vec![Problem::error("D104", file, place, message, help)]);
    }
    let rows = lines.map(|(line, text)| (line, text.split(',').map(str::trim).collect())).collect();
    let rows = Table { file, names, rows };
    if is_by_level { by_level(&rows, chosen) } else { by_patient(&rows, data, chosen) }
}

/// The level of a row, from 0.
fn level(rows: &Table<'_>, line: usize, row: &[&str]) -> Result<usize, Problem> {
    let text = rows.cell(row, "level").unwrap_or_default();
    match count(text) {
        Ok(level) if (1..=32).contains(&level) => Ok(level as usize - 1),
        Ok(level) => {
            let what = format!("there is no level {level}");
            Err(rows.problem(line, &what, "levels count from 1, the lowest"))
        }
        Err(what) => Err(rows.problem(line, &format!("`level`: {what}"), "write a whole number")),
    }
}

fn by_level(rows: &Table<'_>, chosen: &Chosen) -> Result<Known, Vec<Problem>> {
    let mut doses = vec![DoseCounts::default(); chosen.levels.unwrap_or(0)];
    let mut seen = Vec::new();
    let mut problems = Vec::new();
    for (line, row) in &rows.rows {
        let at = match level(rows, *line, row) {
            Ok(at) => at,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        if seen.contains(&at) {
            let what = format!("level {} was there before", at + 1);
            problems.push(rows.problem(*line, &what, "write every level once"));
            continue;
        }
        seen.push(at);
        if doses.len() <= at {
            doses.resize(at + 1, DoseCounts::default());
        }
        let mut number = |column: &str| match rows.cell(row, column).map_or(Ok(0), count) {
            Ok(number) => number,
            Err(what) => {
                let what = format!("`{column}`: {what}");
                problems.push(rows.problem(*line, &what, "write a whole number"));
                0
            }
        };
        let dose = DoseCounts {
            evaluable: number("evaluable"),
            dlts: number("dlts"),
            pending: number("pending"),
            responses: number("responses"),
            responses_with_dlt: number("responses-with-dlt"),
            deep_responses: number("deep-responses"),
        };
        doses[at] = dose;
        let help = "correct the counts of this level";
        problems.extend(impossible(dose).map(|what| rows.problem(*line, &what, help)));
    }
    if problems.is_empty() { Ok(Known::of_counts(0, &doses)) } else { Err(problems) }
}

fn by_patient(rows: &Table<'_>, data: &Data, chosen: &Chosen) -> Result<Known, Vec<Problem>> {
    let window = data.window_days.or(chosen.window_days);
    if window.is_none()
        && let Some((line, _)) = rows.rows.iter().find(|(_, row)| rows.cell(row, "days").is_some())
    {
        let help = "add `--window-days DAYS`, or `window` in the file of the design";
        let what = "`days` needs the length of the DLT window";
        return Err(vec![rows.problem(*line, what, help)]);
    }
    let mut known = Known::of_counts(0, &vec![DoseCounts::default(); chosen.levels.unwrap_or(0)]);
    let mut problems = Vec::new();
    let mut cohort: Option<&str> = None;
    for (line, row) in &rows.rows {
        let (level, patient, has_response) = match patient(rows, *line, row, window) {
            Ok(patient) => patient,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        if known.doses.len() <= level {
            known.doses.resize(level + 1, DoseCounts::default());
        }
        let mine = rows.cell(row, "cohort");
        if mine.is_some() && mine != cohort {
            known.last_cohort = Some(DoseCounts::default());
            cohort = mine;
        }
        if patient.is_pending() {
            known.doses[level].pending += 1;
        } else {
            known.doses[level].add(patient.dlt.is_some(), has_response);
            if let Some(last) = &mut known.last_cohort {
                last.add(patient.dlt.is_some(), has_response);
            }
        }
        known.level = level;
        known.patients.push(patient);
    }
    if problems.is_empty() { Ok(known) } else { Err(problems) }
}

/// One patient of a row, with the level and whether there is a response.
fn patient(
    rows: &Table<'_>,
    line: usize,
    row: &[&str],
    window: Option<f64>,
) -> Result<(usize, Patient, bool), Problem> {
    let level = level(rows, line, row)?;
    let truth = |column: &str| match rows.cell(row, column) {
        None | Some("0" | "no" | "n" | "false") => Ok(false),
        Some("1" | "yes" | "y" | "true") => Ok(true),
        Some(other) => {
            let what = format!("`{column}`: `{other}` is neither yes nor no");
            Err(rows.problem(line, &what, "write 1 or 0"))
        }
    };
    let (has_dlt, has_response) = (truth("dlt")?, truth("response")?);
    let number = |column: &str| match rows.cell(row, column).map(str::parse::<f64>) {
        None => Ok(None),
        Some(Ok(number)) if number >= 0.0 && number.is_finite() => Ok(Some(number)),
        Some(_) => {
            let what = format!("`{column}`: `{}` is no time", rows.cell(row, column).unwrap_or(""));
            Err(rows.problem(line, &what, "write a number that is not negative"))
        }
    };
    let share = match (number("followed")?, number("days")?, window) {
        (Some(share), _, _) if share > 1.0 => {
            let what = format!("`followed` is {share}, more than the whole window");
            let help = "`followed` is a share of the window; for days use the column `days`";
            return Err(rows.problem(line, &what, help));
        }
        (Some(share), _, _) => share,
        (None, Some(days), Some(window)) => (days / window).min(1.0),
        (None, _, _) => 1.0,
    };
    let dlt = has_dlt.then_some(share);
    Ok((level, Patient { level, follow_up: share, dlt }, has_response))
}
