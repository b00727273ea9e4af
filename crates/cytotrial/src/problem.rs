//! What is wrong with an input: code, what, where, why, and how to mend it.
//!
//! A problem has no line number. It carries the file and the dotted path of the value inside it,
//! and each door finds the position in the text that it holds: see [`locate`].

use std::fmt;
use std::ops::Range;

use crate::document::Document;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The input cannot be used.
    Error,
    /// The input can be used; somebody should look.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One thing that is wrong with an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The code that `explain` knows, e.g. `U101`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The file, by the name it was handed in with.
    pub file: String,
    /// Where in the file: a dotted path such as `treatment.infusion.levels.2`, keys and indices
    /// from 0; `line.12` in a table of rows; `@120..125` for bytes of a text that cannot be parsed;
    /// empty for the whole file.
    pub path: String,
    /// What is wrong: the thing, the value found, and the limit.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
}

impl Problem {
    /// An error.
    pub fn error(
        code: &'static str,
        file: impl Into<String>,
        path: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity: Severity::Error,
            file: file.into(),
            path: path.into(),
            message: message.into(),
            help: help.into(),
        }
    }

    /// The same as a warning.
    #[must_use]
    pub fn as_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, severity, file, path, message, help } = self;
        write!(formatter, "{severity}[{code}]: {message}\n --> {file}")?;
        if !path.is_empty() {
            write!(formatter, ", {path}")?;
        }
        if help.is_empty() { Ok(()) } else { write!(formatter, "\n  = help: {help}") }
    }
}

/// Whether any of them is an error.
pub fn any_error(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| problem.severity == Severity::Error)
}

/// The bytes of `text` that a problem's path means.
///
/// A path that is not in the text (a missing key) gives its nearest table that is.
///
/// ```
/// let text = "[dose-finding]\ntarget = 30\n";
/// let span = cytotrial::problem::locate(text, "dose-finding.target").unwrap();
/// assert_eq!(&text[span], "30");
/// ```
pub fn locate(text: &str, path: &str) -> Option<Range<usize>> {
    if path.is_empty() {
        return None;
    }
    if let Some(bytes) = path.strip_prefix('@') {
        let (start, end) = bytes.split_once("..")?;
        let (start, end) = (start.parse().ok()?, end.parse().ok()?);
        return (start <= end && text.get(start..end).is_some()).then_some(start..end);
    }
    if let Some(line) = path.strip_prefix("line.").and_then(|line| line.parse::<usize>().ok()) {
        let start: usize =
            text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
        let length = text.get(start..)?.lines().next()?.len();
        return Some(start..start + length);
    }
    Document::parse_recoverable(text).0.span(path)
}

/// Line and column, both from 1, of a byte in a text; columns count characters.
pub fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// The known name that a typed one probably means.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| name.to_lowercase().replace(['_', ' '], "-");
    let typed = plain(typed);
    let mut best: Option<(f64, &'a str)> = None;
    for name in known {
        let likeness = strsim::jaro_winkler(&typed, &plain(name));
        if best.is_none_or(|(most, _)| likeness > most) {
            best = Some((likeness, name));
        }
    }
    best.filter(|(likeness, _)| *likeness >= 0.75).map(|(_, name)| name)
}

/// A help line that names the nearest known name, or lists what is known.
pub fn help_with_nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(typed, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if known.is_empty() => String::new(),
        None if known.len() <= 12 => format!("known here: `{}`", known.join("`, `")),
        None => format!("known here: `{}` and {} more", known[..12].join("`, `"), known.len() - 12),
    }
}

/// Every code with its one-line title, in order; the page of each is
/// `docs/reference/problems/CODE.md`.
pub fn codes() -> Vec<(String, String)> {
    crate::library::names()
        .filter_map(|name| {
            let code = name.strip_prefix("docs/reference/problems/")?.strip_suffix(".md")?;
            let text = crate::library::text(name)?;
            let title = text.lines().next().unwrap_or_default().trim_start_matches("# ");
            let title = title.split_once(": ").map_or(title, |(_, title)| title);
            Some((code.to_owned(), title.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_into_a_list_is_found_at_its_element() {
        let text = "[a]\nlist = [5e8, 2e9, \"x\"]\n";
        assert_eq!(&text[locate(text, "a.list.1").unwrap()], "2e9");
        assert_eq!(&text[locate(text, "a.list.2").unwrap()], "\"x\"");
    }

    #[test]
    fn a_missing_key_is_found_at_its_table() {
        let text = "x = 1\n[trial]\nid = \"N\"\n";
        let span = locate(text, "trial.title").unwrap();
        assert_eq!(line_and_column(text, span.start), (2, 2));
    }

    #[test]
    fn columns_count_characters_not_bytes() {
        assert_eq!(line_and_column("a\nµg x", 6), (2, 4));
    }

    #[test]
    fn the_nearest_name_forgives_case_underscores_and_slips() {
        let known = ["follow-up", "kinetics", "response"];
        assert_eq!(nearest("follow_up", known), Some("follow-up"));
        assert_eq!(nearest("kinetcs", known), Some("kinetics"));
        assert_eq!(nearest("zzz", known), None);
    }
}
