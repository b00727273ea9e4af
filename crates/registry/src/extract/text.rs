//! Sentences of a record with their places, and small readers of numbers, durations and days.

use serde_json::Value;

/// A sentence with the place of the text that it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sentence {
    /// JSON path of the text.
    pub(crate) path: String,
    /// The sentence as it stands.
    pub(crate) quote: String,
    /// The same in small letters, without the marks of Markdown, for reading.
    pub(crate) plain: String,
}

/// Every text at a path below `protocolSection`, with its own JSON path; `[]` walks a list.
pub(crate) fn texts<'a>(record: &'a Value, path: &str) -> Vec<(String, &'a str)> {
    let mut found = Vec::new();
    if let Some(section) = record.get("protocolSection") {
        walk(section, path, "protocolSection".to_owned(), &mut found);
    }
    found
}

fn walk<'a>(value: &'a Value, path: &str, here: String, found: &mut Vec<(String, &'a str)>) {
    match value {
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                walk(value, path, format!("{here}[{index}]"), found);
            }
        }
        Value::String(text) if path.is_empty() => found.push((here, text)),
        Value::Object(entries) => {
            let (key, rest) = path.split_once('.').unwrap_or((path, ""));
            if let Some(value) = entries.get(key) {
                walk(value, rest, format!("{here}.{key}"), found);
            }
        }
        _ => {}
    }
}

/// The sentences at several paths, in order.
pub(crate) fn sentences(record: &Value, paths: &[&str]) -> Vec<Sentence> {
    let mut all = Vec::new();
    for path in paths {
        for (path, text) in texts(record, path) {
            for quote in split(text) {
                let plain = plain(quote);
                all.push(Sentence { path: path.clone(), quote: quote.to_owned(), plain });
            }
        }
    }
    all
}

/// Sentences end at line ends and at `.`, `!`, `?`, `;` before a blank; numbers and usual
/// abbreviations do not end one.
fn split(text: &str) -> Vec<&str> {
    const SHORT: &[&str] = &["No", "vs", "e.g", "i.e", "approx", "Dr", "St", "i.v", "s.c", "resp"];
    let mut parts = Vec::new();
    for line in text.split('\n') {
        let mut start = 0;
        for (at, letter) in line.char_indices() {
            let rest = &line[at + letter.len_utf8()..];
            let ends = matches!(letter, '.' | '!' | '?' | ';') && rest.starts_with(' ');
            let before = &line[start..at];
            let is_short = SHORT.iter().any(|short| before.ends_with(short))
                || before.trim().bytes().all(|byte| byte.is_ascii_digit() || byte == b'\\');
            if ends && !is_short {
                parts.push(&line[start..=at]);
                start = at + 1;
            }
        }
        parts.push(&line[start..]);
    }
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// Small letters; escapes of Markdown taken out, other blanks and dashes made plain.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' => {}
            '\u{2010}'..='\u{2015}' | '\u{2212}' => plain.push('-'),
            '×' | '✕' => plain.push('x'),
            '≥' => plain.push_str(">="),
            '≤' => plain.push_str("<="),
            letter if letter.is_whitespace() => plain.push(' '),
            letter => plain.extend(letter.to_lowercase()),
        }
    }
    plain
}

/// Whether any of the words stands in a text.
pub(crate) fn has(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// Whether a word stands in a text as a word of its own.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    let is_letter = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
    text.match_indices(word).any(|(at, _)| {
        !is_letter(text[..at].chars().next_back())
            && !is_letter(text[at + word.len()..].chars().next())
    })
}

/// A number at the beginning of a text, and what follows: `1,500`, `2.5`, `two`.
pub(crate) fn number(text: &str) -> Option<(f64, &str)> {
    const WORDS: &[&str] = &[
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    for (index, word) in WORDS.iter().enumerate() {
        if let Some(rest) = text.strip_prefix(word)
            && !rest.starts_with(|letter: char| letter.is_alphanumeric())
        {
            return Some(((index + 1) as f64, rest));
        }
    }
    let bytes = text.as_bytes();
    let mut end = 0;
    let mut digits = String::new();
    while let Some(byte) = bytes.get(end) {
        let next_is_digit = bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
        match byte {
            b'0'..=b'9' => digits.push(*byte as char),
            b'.' if next_is_digit && !digits.is_empty() && !digits.contains('.') => {
                digits.push('.');
            }
            b',' if !digits.is_empty()
                && bytes
                    .get(end + 1..end + 4)
                    .is_some_and(|part| part.iter().all(u8::is_ascii_digit))
                && !bytes.get(end + 4).is_some_and(u8::is_ascii_digit) => {}
            _ => break,
        }
        end += 1;
    }
    let value: f64 = digits.parse().ok()?;
    (value.is_finite() && digits.len() < 16).then_some((value, &text[end..]))
}

/// Days of a unit of time at the beginning of a text, and what follows.
fn unit_days(text: &str) -> Option<(f64, &str)> {
    const UNITS: &[(&str, f64)] =
        &[("day", 1.0), ("week", 7.0), ("month", 30.4375), ("year", 365.25), ("hour", 1.0 / 24.0)];
    let text = text.trim_start_matches([' ', '-']);
    UNITS.iter().find_map(|(unit, days)| {
        let rest = text.strip_prefix(unit)?;
        let rest = rest.strip_prefix('s').unwrap_or(rest);
        (!rest.starts_with(|letter: char| letter.is_alphanumeric())).then_some((*days, rest))
    })
}

/// Every duration in a small text, in days: `28 days`, `two years`, `day 28`.
pub(crate) fn durations(plain: &str) -> Vec<f64> {
    let mut found = Vec::new();
    for (at, _) in plain.char_indices().filter(|(at, _)| starts_word(plain, *at)) {
        let here = &plain[at..];
        if let Some((value, rest)) = number(here)
            && let Some((days, _)) = unit_days(rest)
        {
            found.push(value * days);
        } else if let Some((days, rest)) = unit_days(here)
            && let Some((value, rest)) = number(rest.trim_start_matches(' '))
            && unit_days(rest).is_none()
            && !rest.starts_with(['/', '%'])
        {
            found.push(value * days);
        }
    }
    found
}

/// Whether a word begins here.
pub(crate) fn starts_word(text: &str, at: usize) -> bool {
    let joins = |letter: char| letter.is_alphanumeric() || letter == '.' || letter == ',';
    let here = text[at..].chars().next().is_some_and(char::is_alphanumeric);
    here && !text[..at].chars().next_back().is_some_and(joins)
}

/// Days of a list after `day` or `days`: `days -5, -4 and -3`, `day -5 to -3`, `day 0, day 7`.
pub(crate) fn listed_days(plain: &str) -> Vec<i32> {
    let mut days = Vec::new();
    for (at, _) in plain.match_indices("day").filter(|(at, _)| starts_word(plain, *at)) {
        let rest = plain[at + 3..].strip_prefix('s').unwrap_or(&plain[at + 3..]);
        read_days(rest.trim_start_matches([' ', '(']), &mut days);
    }
    days.sort_unstable();
    days.dedup();
    days
}

fn read_days(mut rest: &str, days: &mut Vec<i32>) {
    let mut is_range = false;
    while let Some((day, after)) = signed(rest) {
        if is_range && let Some(first) = days.last().copied().filter(|first| *first < day) {
            days.extend((first + 1..=day).take(30));
        } else {
            days.push(day);
        }
        let after = after.trim_start();
        let (next, range) = match () {
            () if after.starts_with("to ") => (&after[3..], true),
            () if after.starts_with("through ") => (&after[8..], true),
            () if after.starts_with("and ") => (&after[4..], false),
            () if after.starts_with('~') => (&after[1..], true),
            () if after.starts_with(", and ") => (&after[6..], false),
            () if after.starts_with(',') || after.starts_with('/') => (&after[1..], false),
            () => return,
        };
        is_range = range;
        rest = next.trim_start();
        rest = rest.strip_prefix("days ").or_else(|| rest.strip_prefix("day ")).unwrap_or(rest);
    }
}

/// A day of at most three digits with its sign; a number that goes on is none.
fn signed(text: &str) -> Option<(i32, &str)> {
    let digits = text.trim_start_matches(['-', '+']);
    if text.len() - digits.len() > 1 {
        return None;
    }
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    let day: i32 = digits.get(..length).filter(|_| (1..=3).contains(&length))?.parse().ok()?;
    let rest = &digits[length..];
    let goes_on = rest
        .starts_with(|letter: char| letter.is_alphanumeric() || "%/^*".contains(letter))
        || rest
            .strip_prefix('.')
            .is_some_and(|rest| rest.starts_with(|l: char| l.is_ascii_digit()));
    (!goes_on).then_some((if text.starts_with('-') { -day } else { day }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_both_orders() {
        assert_eq!(durations("within 28 days"), [28.0]);
        assert_eq!(durations("up to day 28 after infusion"), [28.0]);
        assert_eq!(durations("two weeks and 3-day windows"), [14.0, 3.0]);
        assert_eq!(durations("30 mg/m2/day"), Vec::<f64>::new());
        assert_eq!(durations("12 patients"), Vec::<f64>::new());
    }

    #[test]
    fn lists_of_days_are_read() {
        assert_eq!(listed_days("on days -5, -4 and -3"), [-5, -4, -3]);
        assert_eq!(listed_days("day -5 to -3"), [-5, -4, -3]);
        assert_eq!(listed_days("day 0, day 7, and day 14"), [0, 7, 14]);
        assert_eq!(listed_days("30 mg per day"), Vec::<i32>::new());
    }

    #[test]
    fn sentences_keep_decimals_and_numbered_lists() {
        let parts = split("Dose is 2.5 mg. Given once.\n1\\. Age over 18. 2. No more");
        assert_eq!(parts, ["Dose is 2.5 mg.", "Given once.", "1\\. Age over 18.", "2. No more"]);
    }

    #[test]
    fn numbers_may_be_words() {
        assert_eq!(number("two prior"), Some((2.0, " prior")));
        assert_eq!(number("1,500 cells"), Some((1500.0, " cells")));
        assert_eq!(number("tenfold"), None);
    }
}
