//! Writing to the terminal: data to stdout, everything else to stderr, no panic on a closed pipe.

use std::io::{self, IsTerminal, Write};

use crate::{Exit, Options};

/// Prints data. A reader that has gone away is no fault.
pub(crate) fn say(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Prints a message.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints what stands in the way, and ends with that code.
pub(crate) fn refuse(exit: Exit, message: &str, help: &str) -> Exit {
    tell(&format!("error: {message}"));
    if !help.is_empty() {
        tell(&format!("  = help: {help}"));
    }
    exit
}

/// Prints one JSON document.
pub(crate) fn say_json(value: &serde_json::Value) {
    say(&format!("{value:#}\n"));
}

/// Whether messages may have colours.
pub(crate) fn coloured(options: Options) -> bool {
    wants_colour(options) && io::stderr().is_terminal()
}

/// Whether data on stdout may have colours.
pub(crate) fn coloured_data(options: Options) -> bool {
    wants_colour(options) && io::stdout().is_terminal()
}

fn wants_colour(options: Options) -> bool {
    !options.no_color && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// A paragraph in lines of at most 100 characters; the first begins with `first`, the others with
/// `others`.
pub(crate) fn wrapped(text: &str, first: &str, others: &str) -> String {
    const WIDTH: usize = 100;
    let mut lines = first.to_owned();
    let mut length = first.chars().count();
    let mut is_start = true;
    for word in text.split_whitespace() {
        let word_length = word.chars().count();
        if !is_start && length + 1 + word_length > WIDTH {
            lines.push('\n');
            lines.push_str(others);
            length = others.chars().count();
        } else if !is_start {
            lines.push(' ');
            length += 1;
        }
        lines.push_str(word);
        length += word_length;
        is_start = false;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_paragraphs_are_broken_at_blanks() {
        let text = wrapped(&"word ".repeat(50), "- ", "  ");
        assert!(text.lines().all(|line| line.chars().count() <= 100));
        assert!(text.starts_with("- word word"));
        assert!(text.lines().skip(1).all(|line| line.starts_with("  word")));
    }
}
