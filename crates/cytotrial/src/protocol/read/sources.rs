//! Where every value of a file comes from, and values that come from nowhere.

use crate::document::{Document, Value};
use crate::problem::help_with_nearest;
use crate::protocol::Source;
use crate::protocol::section::Section;

/// One value of a file and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Sourced {
    /// The file.
    pub file: String,
    /// Dotted path of the value.
    pub path: String,
    /// The value as a synopsis shows it.
    pub shown: String,
    /// Its source; `None` when there is none.
    pub source: Option<Source>,
}

/// A source as it is written: `stated: ...`, `derived: ...`, `assumed: ...`, `bib: ...`.
pub fn parse(text: &str) -> Option<Source> {
    let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
    let rest = rest.trim().to_owned();
    match kind.trim() {
        "assumed" => Some(Source::Assumed(rest)),
        _ if rest.is_empty() => None,
        "stated" => Some(Source::Stated(rest)),
        "derived" => Some(Source::Derived(rest)),
        "bib" => Some(Source::Cited(rest)),
        _ => None,
    }
}

impl Source {
    /// The word that marks it: stated, derived, assumed, cited.
    pub fn mark(&self) -> &'static str {
        match self {
            Self::Stated(_) => "stated",
            Self::Derived(_) => "derived",
            Self::Assumed(_) => "assumed",
            Self::Cited(_) => "cited",
        }
    }

    /// What follows the mark.
    pub fn text(&self) -> &str {
        match self {
            Self::Stated(text) | Self::Derived(text) | Self::Assumed(text) | Self::Cited(text) => {
                text
            }
        }
    }
}

/// Every value of the file with the source that covers it; logs values without one, sources that
/// cover nothing, and sources of no known kind.
pub(crate) fn account(top: &Section<'_>, document: &Document) -> Vec<Sourced> {
    let written = written_sources(top);
    let log = top.log;
    let mut used = vec![false; written.len()];
    let mut values = Vec::new();
    let leaves: Vec<_> = document
        .leaves()
        .into_iter()
        .filter(|(path, _)| path != "schema" && !path.starts_with("source."))
        .collect();
    for (path, node) in &leaves {
        let covering = written
            .iter()
            .enumerate()
            .filter(|(_, (covered, _))| covers(covered, path))
            .max_by_key(|(_, (covered, _))| covered.len());
        let source = covering.and_then(|(index, (_, source))| {
            used[index] = true;
            source.clone()
        });
        if covering.is_none() {
            log.error(
                "P101",
                path,
                format!("`{path}` = {} has no source", short(&node.value.show())),
                format!("add `\"{path}\" = \"assumed: why; range\"` under `[source]`"),
            );
        }
        let shown = node.value.show();
        values.push(Sourced { file: log.file.clone(), path: path.clone(), shown, source });
    }
    for (covered, _) in written.iter().zip(&used).filter(|(_, used)| !**used).map(|(w, _)| w) {
        // A general entry may be wholly overridden by more exact ones.
        if leaves.iter().any(|(path, _)| covers(covered, path)) {
            continue;
        }
        // One element of a list may have a source of its own.
        if let Some(node) = document.get(covered).filter(|_| covered != "schema") {
            let source = written.iter().find(|(path, _)| path == covered).and_then(|w| w.1.clone());
            let (file, path) = (log.file.clone(), covered.clone());
            values.push(Sourced { file, path, shown: node.value.show(), source });
            continue;
        }
        let message = format!("`[source]` names `{covered}`, but there is no such value");
        let paths = leaves.iter().map(|(path, _)| path.as_str());
        log.error(
            "P103",
            &format!("{}!key", source_path(covered)),
            message,
            help_with_nearest(covered, paths),
        );
    }
    values
}

fn covers(covered: &str, path: &str) -> bool {
    path.strip_prefix(covered).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn written_sources(top: &Section<'_>) -> Vec<(String, Option<Source>)> {
    let Some(field) = top.may("source") else { return Vec::new() };
    let Some(section) = field.section() else { return Vec::new() };
    let mut written = Vec::new();
    for (covered, field) in section.each() {
        let Value::Text(text) = &field.node.value else {
            let _: Option<()> = field.wrong_type("a text", "`\"assumed: why; range\"`");
            continue;
        };
        let source = parse(text);
        if source.is_none() {
            top.log.error(
                "P102",
                &source_path(covered),
                format!("the source of `{covered}` is of no known kind: `{}`", short(text)),
                "begin with `stated: quote`, `derived: how`, `assumed: why` or `bib: publication`",
            );
        }
        written.push((covered.to_owned(), source));
    }
    written
}

/// Keys under `[source]` hold dots themselves, so they are found by the whole key.
fn source_path(covered: &str) -> String {
    format!("source.\"{covered}\"")
}

fn short(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
