//! Words, numbers and signs of a formula or criterion.

use super::expression::{ExpressionError, Reading};
use super::units::{Dimension, dimension};

/// One piece of the text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    /// As written.
    pub(super) text: String,
    /// Byte at which it starts.
    pub(super) at: usize,
    /// What it is.
    pub(super) kind: TokenKind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum TokenKind {
    Word,
    Number(f64, Option<Dimension>),
    Sign,
    End,
}

impl Token {
    /// Whether it is that keyword or sign.
    pub(super) fn is(&self, text: &str) -> bool {
        self.text == text && !matches!(self.kind, TokenKind::Number(..) | TokenKind::End)
    }
}

const KEYWORDS: [&str; 8] = ["and", "or", "not", "in", "outside", "if", "then", "else"];
const SIGNS: [&str; 16] =
    ["..", "<=", ">=", "==", "!=", "<", ">", "=", "+", "-", "*", "/", "^", "(", ")", ","];

/// Cuts a text into tokens, the last of kind `End`. In a criterion a number takes the unit after
/// it, unless what follows is an operator and a known name.
pub(super) fn tokens(
    text: &str,
    reading: Reading,
    is_name: impl Fn(&str) -> bool,
) -> Result<Vec<Token>, ExpressionError> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let rest = &text[at..];
        let (length, kind) = if first.is_ascii_digit() {
            let digits = number_length(rest);
            let number = rest[..digits].parse().map_err(|_| ExpressionError {
                code: "C303",
                at,
                message: format!("`{}` is not a number", &rest[..digits]),
                help: "write numbers like `10`, `0.26` or `5e11`".into(),
            })?;
            let (unit_length, unit) = match reading {
                Reading::Formula => (0, None),
                Reading::Criterion => unit_after(text, at + digits, &is_name)?,
            };
            (digits + unit_length, TokenKind::Number(number, unit))
        } else if first.is_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
            (length, TokenKind::Word)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (sign.len(), TokenKind::Sign)
        } else {
            return Err(ExpressionError {
                code: "C303",
                at,
                message: format!("`{first}` has no meaning here"),
                help: "use names, numbers, `< <= > >= == !=`, `and`, `or`, `not`, `in`, `outside`"
                    .into(),
            });
        };
        let written = rest[..length].to_owned();
        let kind = match kind {
            TokenKind::Word if KEYWORDS.contains(&written.as_str()) => TokenKind::Sign,
            other => other,
        };
        let text = if written == "=" { "==".to_owned() } else { written };
        found.push(Token { text, at, kind });
        at += length;
    }
    found.push(Token { text: String::new(), at: text.len(), kind: TokenKind::End });
    Ok(found)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Bytes of the number at the start of `text`; `0.26..1.65` ends before the dots.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |mut from: usize| {
        while bytes.get(from).is_some_and(u8::is_ascii_digit) {
            from += 1;
        }
        from
    };
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
            end = digits(end + 1 + sign);
        }
    }
    end
}

/// The unit that follows a number, with the bytes it takes.
fn unit_after(
    text: &str,
    from: usize,
    is_name: &impl Fn(&str) -> bool,
) -> Result<(usize, Option<Dimension>), ExpressionError> {
    let rest = &text[from..];
    let blank = rest.len() - rest.trim_start().len();
    let unit = &rest[blank..];
    let length = unit.find(|c: char| !(is_word(c) || "%/^*.-\u{b5}".contains(c)));
    let mut length = length.unwrap_or(unit.len());
    if let Some(dots) = unit[..length].find("..") {
        length = dots;
    }
    let unit = &unit[..length];
    let word = unit.trim_start_matches(['/', '*']);
    let word = &word[..word.find(|c: char| !is_word(c)).unwrap_or(word.len())];
    let starts = unit.chars().next().is_some_and(|c| c.is_alphabetic() || "%\u{b5}".contains(c))
        || (unit.starts_with('/') && !word.is_empty());
    if !starts || KEYWORDS.contains(&word) || is_name(word) {
        return Ok((0, None));
    }
    let whole = if unit.starts_with('/') { format!("1{unit}") } else { unit.to_owned() };
    match dimension(&whole) {
        Ok(dimension) => Ok((blank + length, Some(dimension))),
        Err((message, help)) => {
            Err(ExpressionError { code: "C304", at: from + blank, message, help })
        }
    }
}
