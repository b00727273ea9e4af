//! Words that mean unfinished work, and types whose order depends on the machine.

use super::files::{texts, texts_ending};

/// Words that no file may hold; each is put together here so that this file does not hold it.
const UNFINISHED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("X", "XX"),
    concat!("unimpl", "emented!"),
    concat!("to", "do!"),
    concat!("dum", "my"),
    concat!("place", "holder"),
];

/// Types without an order, which only the lints' settings may name.
const UNORDERED: &[&str] = &[concat!("Hash", "Map"), concat!("Hash", "Set")];

fn is_part_of_a_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Whether the text has the word standing alone; in lower case, the beginning of a sentence counts too.
fn holds(text: &str, word: &str) -> bool {
    let is_lower = !word.chars().any(char::is_uppercase);
    let lower;
    let text = if is_lower {
        lower = text.to_lowercase();
        &lower
    } else {
        text
    };
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        // A plural is still the word.
        let after = if after == Some('s') { None } else { after };
        !before.is_some_and(is_part_of_a_word) && !after.is_some_and(is_part_of_a_word)
    })
}

#[test]
fn nothing_says_that_it_is_unfinished() {
    let mut faults = Vec::new();
    for (name, text) in texts() {
        for (number, line) in (1..).zip(text.lines()) {
            for word in UNFINISHED.iter().filter(|word| holds(line, word)) {
                faults.push(format!("{name}:{number}: `{word}`"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn nothing_depends_on_the_order_of_a_hash() {
    let mut faults = Vec::new();
    for (name, text) in &texts_ending(".rs") {
        for word in UNORDERED.iter().filter(|word| holds(text, word)) {
            faults.push(format!("{name}: `{word}`"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_word_is_found_alone_and_not_inside_another() {
    let word = UNFINISHED[5];
    let first = format!("{}{}", word[..1].to_uppercase(), &word[1..]);
    assert!(holds(&format!("a {word}."), word) && holds(&first, word));
    assert!(holds(&format!("two {word}s"), word));
    assert!(!holds(&format!("a_{word}"), word) && !holds(&format!("{word}_1"), word));
    let loud = UNFINISHED[0];
    assert!(holds(&format!("// {loud}: later"), loud) && !holds(&loud.to_lowercase(), loud));
}
