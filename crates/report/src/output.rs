//! The ways to print a document: a closed list.

use crate::document::Document;
use crate::terminal::Terminal;
use crate::{html, json, markdown, terminal};

/// A way to print a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One self-contained page.
    Page,
    /// Plain text for a terminal.
    Terminal(Terminal),
    /// Markdown.
    Markdown,
    /// One JSON document on one line.
    Json,
}

/// The document printed that way.
pub fn print(document: &Document, format: Format) -> String {
    match format {
        Format::Page => html::render(document),
        Format::Terminal(terminal) => terminal::render(document, terminal),
        Format::Markdown => markdown::render(document),
        Format::Json => format!("{}\n", json::value(document)),
    }
}
