//! XML with limits, and where things stand in it.

use roxmltree::{Document, Node, ParsingOptions};

use crate::ir::Span;
use crate::problem::ReadProblem;

/// Longer texts are refused.
const MAX_BYTES: usize = 64 << 20;
/// More elements, attributes and pieces of text are refused.
const MAX_NODES: u32 = 4_000_000;

/// Bytes between two places up to which characters are counted beforehand.
const BLOCK: usize = 1024;

/// A text and where its lines begin.
pub(super) struct Source<'a> {
    text: &'a str,
    lines: Vec<usize>,
    /// Characters before each block: a text may be one long line.
    before: Vec<usize>,
}

/// Characters that begin in these bytes.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

impl<'a> Source<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        let mut before = vec![0];
        for block in text.as_bytes().chunks(BLOCK) {
            before.push(before[before.len() - 1] + characters(block));
        }
        Self { text, lines: std::iter::once(0).chain(ends).collect(), before }
    }

    /// Characters before a byte.
    fn characters_before(&self, at: usize) -> usize {
        let at = at.min(self.text.len());
        let block = at / BLOCK;
        self.before[block] + characters(&self.text.as_bytes()[block * BLOCK..at])
    }

    /// Where a byte stands, for something so long.
    fn place(&self, at: usize, length: usize) -> Span {
        let line = self.lines.partition_point(|start| *start <= at).max(1);
        let start = self.lines[line - 1];
        let column = (self.characters_before(at) - self.characters_before(start)) as u32 + 1;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_in_long_lines() {
        let text = format!("<a>\n{}b", "é".repeat(3_000));
        let span = Source::new(&text).place(text.len() - 1, 1);
        assert_eq!((span.line, span.column), (2, 3_001));
        assert_eq!(Source::new("x").place(0, 1).column, 1);
    }
}
