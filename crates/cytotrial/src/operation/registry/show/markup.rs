//! Texts of a record, which are written in a little Markdown, as paragraphs and lists.

use registry::record::without_marks;
use report::{Block, list, paragraph, steps};

/// Paragraphs are parted by blank lines; lines that begin with a mark or a number are points.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Open> = None;
    for line in text.lines() {
        let line = line.trim();
        let (kind, words) = match () {
            () if line.is_empty() => {
                if matches!(open, Some(Open::Words(_))) {
                    close(&mut open, &mut blocks);
                }
                continue;
            }
            () if point(line).is_some() => (1, point(line).unwrap_or(line)),
            () if step(line).is_some() => (2, step(line).unwrap_or(line)),
            () => (0, line),
        };
        let words = without_marks(words);
        match (&mut open, kind) {
            (Some(Open::Words(text)), 0) => {
                text.push(' ');
                text.push_str(&words);
            }
            (Some(Open::Points(points)), 1) | (Some(Open::Steps(points)), 2) => points.push(words),
            _ => {
                close(&mut open, &mut blocks);
                open = Some(match kind {
                    0 => Open::Words(words),
                    1 => Open::Points(vec![words]),
                    _ => Open::Steps(vec![words]),
                });
            }
        }
    }
    close(&mut open, &mut blocks);
    blocks
}

/// What is being read.
enum Open {
    Words(String),
    Points(Vec<String>),
    Steps(Vec<String>),
}

fn close(open: &mut Option<Open>, blocks: &mut Vec<Block>) {
    match open.take() {
        Some(Open::Words(text)) => blocks.push(paragraph(text)),
        Some(Open::Points(points)) => blocks.push(list(points)),
        Some(Open::Steps(points)) => blocks.push(steps(points)),
        None => {}
    }
}

fn point(line: &str) -> Option<&str> {
    ["* ", "- ", "• "].iter().find_map(|mark| line.strip_prefix(mark)).map(str::trim)
}

/// `1. ` and `1\. `.
fn step(line: &str) -> Option<&str> {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = line.get(digits..).filter(|_| (1..=2).contains(&digits))?;
    let rest = rest.strip_prefix('\\').unwrap_or(rest);
    rest.strip_prefix(". ").map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_points_and_steps_are_told_apart() {
        let found = blocks("One\ntwo\n\nthree\n\n* a\n* b \\> 2\n\n1\\. first\n2\\. second");
        assert_eq!(found.len(), 4);
        assert_eq!(found[0], paragraph("One two"));
        assert_eq!(found[2], list(["a", "b > 2"]));
        assert_eq!(found[3], steps(["first", "second"]));
    }
}
