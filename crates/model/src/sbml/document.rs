//! XML with limits, and where things stand in it.

use roxmltree::{Document, Node, ParsingOptions};

use crate::ir::Span;
use crate::problem::ReadProblem;

/// Longer texts are refused.
const MAX_BYTES: usize = 64 << 20;
/// More elements, attributes and pieces of text are refused.
const MAX_NODES: u32 = 4_000_000;

/// A text and where its lines begin.
pub(super) struct Source<'a> {
    text: &'a str,
    lines: Vec<usize>,
}

impl<'a> Source<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, lines: std::iter::once(0).chain(ends).collect() }
    }

    /// Where a byte stands, for something so long.
    fn place(&self, at: usize, length: usize) -> Span {
        let line = self.lines.partition_point(|start| *start <= at).max(1);
        let start = self.lines[line - 1];
        let before = self.text.get(start..at).unwrap_or_default();
        let column = before.chars().count() as u32 + 1;
        Span { line: line as u32, column, length: length.max(1) as u32 }
    }

    /// Where an element begins.
    pub(super) fn span(&self, node: Node<'_, '_>) -> Span {
        let name = node.tag_name().name().chars().count();
        self.place(node.range().start, name + 1)
    }

    /// Where the value of an attribute stands, or the element without it.
    pub(super) fn attribute(&self, node: Node<'_, '_>, name: &str) -> Span {
        let Some(attribute) = node.attribute_node(name) else { return self.span(node) };
        self.place(attribute.range_value().start, attribute.value().chars().count())
    }
}

/// The tree of a text, if it is XML within the limits.
pub(super) fn parse(text: &str) -> Result<Document<'_>, ReadProblem> {
    let refused =
        |message: String, help: &str, span: Span| ReadProblem { span, message, help: help.into() };
    let start = Span { line: 1, column: 1, length: 1 };
    if text.len() > MAX_BYTES {
        let message = format!("the text is longer than {} MiB", MAX_BYTES >> 20);
        return Err(refused(message, "split the model", start));
    }
    let options = ParsingOptions { nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| {
        let at = error.pos();
        let span = Span { line: at.row, column: at.col, length: 1 };
        match error {
            roxmltree::Error::DtdDetected => {
                let message = "a document type with its entities is not read".to_owned();
                refused(message, "remove `<!DOCTYPE ...>`; SBML needs none", span)
            }
            roxmltree::Error::NodesLimitReached => {
                let message = format!("the text has more than {MAX_NODES} elements");
                refused(message, "split the model", start)
            }
            error => {
                let message = format!("this is not XML: {error}");
                refused(message, "an SBML text is well-formed XML", span)
            }
        }
    })
}
