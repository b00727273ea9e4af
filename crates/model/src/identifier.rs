//! Names as SBML and Antimony both allow them.

use std::fmt::Write;

/// A name of letters, digits and `_`, not beginning with a digit: other characters by their number.
pub(crate) fn identifier(name: &str) -> String {
    let mut text = String::new();
    for (at, c) in name.chars().enumerate() {
        let fits = c.is_ascii_alphabetic() || c == '_' || at > 0 && c.is_ascii_digit();
        if fits {
            text.push(c);
        } else {
            write!(text, "_u{:x}_", u32::from(c)).expect("a text takes any number of characters");
        }
    }
    text
}
