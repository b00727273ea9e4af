//! Problems of data as problems of texts, so that a door can show the line.

use std::collections::BTreeMap;

use records::{Problem as DataProblem, Severity};

use super::DataFile;
use crate::problem::Problem;
use crate::protocol::files::Files;

/// How many problems of one kind in one column are shown one by one.
const SHOWN: usize = 20;

/// Problems with the texts around them.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// The problems; many of one kind are cut and counted.
    pub problems: Vec<Problem>,
    /// The texts that they point into.
    pub files: Files,
}

/// The problems as a door shows them: the bytes of the cell in a text, the row in other formats.
pub fn shown(found: &[DataProblem], data: &[DataFile]) -> Shown {
    let mut shown = Shown::default();
    let mut counts: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for problem in found {
        let key = (problem.code, problem.file.as_str(), problem.column.as_str());
        let count = counts.entry(key).or_default();
        *count += 1;
        if *count <= SHOWN {
            let text = data
                .iter()
                .find(|file| file.name == problem.file)
                .and_then(|file| std::str::from_utf8(&file.bytes).ok());
            if let Some(text) = text.filter(|_| problem.line.is_some()) {
                shown.files.texts.entry(problem.file.clone()).or_insert_with(|| text.to_owned());
            }
            shown.problems.push(of_text(problem, text));
        }
    }
    for ((code, file, column), count) in counts {
        if count > SHOWN {
            let place = if column.is_empty() { String::new() } else { format!(" in `{column}`") };
            let message = format!("{} more like the {SHOWN} above{place}", count - SHOWN);
            let like = found.iter().find(|problem| problem.code == code && problem.file == file);
            let Some(like) = like else { continue };
            let mut problem = Problem::error(like.code, file, "", message, "");
            if like.severity == Severity::Warning {
                problem = problem.as_warning();
            }
            shown.problems.push(problem);
        }
    }
    shown
}

fn of_text(found: &DataProblem, text: Option<&str>) -> Problem {
    let path = match (found.line, found.row, text) {
        (Some(line), _, Some(text)) => cell(text, line, &found.column)
            .map_or_else(|| format!("line.{line}"), |(from, to)| format!("@{from}..{to}")),
        (_, Some(row), _) if found.column.is_empty() => format!("row {row}"),
        (_, Some(row), _) => format!("row {row}, {}", found.column),
        (_, None, _) => String::new(),
    };
    let mut message = found.message.clone();
    if !found.subject.is_empty() && !message.contains(&format!("`{}`", found.subject)) {
        message = format!("subject {}: {message}", found.subject);
    }
    let problem = Problem::error(found.code, &found.file, path, message, &found.help);
    if found.severity == Severity::Warning { problem.as_warning() } else { problem }
}

/// The bytes of a column's cell in a line of a table; `None` when there is no such column.
fn cell(text: &str, line: usize, column: &str) -> Option<(usize, usize)> {
    let header_line = text.trim_start_matches('\u{feff}').lines();
    let header = header_line.into_iter().find(|line| !line.starts_with('#') && !line.is_empty())?;
    let separator = [',', ';', '\t'].into_iter().find(|letter| header.contains(*letter))?;
    let place = cells(header, separator)
        .position(|(from, to)| header[from..to].trim().trim_matches('"').trim() == column)?;
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let row = text.get(start..)?.lines().next()?;
    let (from, to) = cells(row, separator).nth(place)?;
    // an empty cell has no letters: its comma is shown
    let to = if from == to { (to + 1).min(row.len()) } else { to };
    (from < to).then_some((start + from, start + to))
}

/// Where the cells of one line begin and end.
fn cells(line: &str, separator: char) -> impl Iterator<Item = (usize, usize)> + '_ {
    let mut from = Some(0);
    std::iter::from_fn(move || {
        let start = from?;
        let mut is_quoted = false;
        for (at, letter) in line[start..].char_indices() {
            match letter {
                '"' => is_quoted = !is_quoted,
                letter if letter == separator && !is_quoted => {
                    from = Some(start + at + letter.len_utf8());
                    return Some((start, start + at));
                }
                _ => {}
            }
        }
        from = None;
        Some((start, line.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_found_by_its_line_and_column() {
        let text = "# remark\nid,\"spep, g/dL\",day\nA,\"1,5\",28\nB,,56\n";
        let of = |line, column| cell(text, line, column).map(|(from, to)| &text[from..to]);
        assert_eq!(of(3, "spep, g/dL"), Some("\"1,5\""));
        assert_eq!(of(3, "day"), Some("28"));
        assert_eq!(of(4, "spep, g/dL"), Some(","));
        assert_eq!(of(4, "weight"), None);
    }
}
