//! Takes persons out of a record: contacts, officials, e-mail addresses, telephone numbers.

use serde_json::Value;

/// Keys of the API whose values name or reach a person.
const PERSONS: &[&str] = &[
    "centralContacts",
    "contacts",
    "investigatorFullName",
    "investigatorTitle",
    "oldNameTitle",
    "overallOfficials",
    "pointOfContact",
];

const REMOVED: &str = "[removed]";

/// Removes persons from a whole record.
pub fn remove(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            entries.retain(|key, _| !PERSONS.contains(&key.as_str()));
            entries.values_mut().for_each(remove);
        }
        Value::Array(values) => values.iter_mut().for_each(remove),
        Value::String(text) => {
            if may_hold_contacts(text) {
                let clean = without_contacts(text);
                if clean != *text {
                    *text = clean;
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The text with `[removed]` for every e-mail address and telephone number.
///
/// ```
/// let text = "write to a.person@hospital.example or call +1 (555) 010-0199 on day 28";
/// let clean = cytotrial_registry::persons::without_contacts(text);
/// assert_eq!(clean, "write to [removed] or call [removed] on day 28");
/// ```
pub fn without_contacts(text: &str) -> String {
    without_phones(&without_addresses(text))
}

/// Whether there is an `@`, also in its other forms, or a run of seven digits and separators.
fn may_hold_contacts(text: &str) -> bool {
    let mut digits = 0;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            // The first byte of a full-width sign is the last of these.
            b'@' | b'[' | b'(' | b'{' | 0xef if sign_at(&text[index..]).is_some() => return true,
            b'0'..=b'9' => digits += 1,
            b' ' | b'-' | b'(' | b')' | b'.' | b'+' => {}
            _ => digits = 0,
        }
        if digits >= 7 {
            return true;
        }
    }
    false
}

/// Length of an `@` that a text begins with: as such, of full width, or as a word between brackets. `(AT)` in
/// capitals abbreviates something else.
fn sign_at(text: &str) -> Option<usize> {
    match text.chars().next()? {
        sign @ ('@' | '\u{ff20}') => Some(sign.len_utf8()),
        _ => bracketed(text, "at"),
    }
}

/// Length of a word between brackets that a text begins with.
fn bracketed(text: &str, word: &str) -> Option<usize> {
    let close = match text.chars().next()? {
        '[' => b']',
        '(' => b')',
        '{' => b'}',
        _ => return None,
    };
    // A word, and a space on either side.
    let end = text.bytes().take(word.len() + 4).position(|byte| byte == close)?;
    let inner = text[1..end].trim();
    let is_it = inner == word || (close == b']' && inner.eq_ignore_ascii_case(word));
    is_it.then_some(end + 1)
}

/// Length of a host that a text begins with: names between points, the last of letters alone.
fn host_length(text: &str) -> Option<usize> {
    let is_part = |letter: char| letter.is_alphanumeric() || "-_".contains(letter);
    let (mut end, mut points) = (0, 0);
    loop {
        let label = text[end..].len() - text[end..].trim_start_matches(is_part).len();
        if label == 0 {
            return None;
        }
        let last = &text[end..end + label];
        end += label;
        let rest = text[end..].trim_start_matches(' ');
        let spaces = text[end..].len() - rest.len();
        let point = match bracketed(rest, "dot") {
            Some(point) => spaces + point,
            None => usize::from(text[end..].starts_with('.')),
        };
        let next = &text[end + point..];
        let after = if point > 1 { next.trim_start_matches(' ') } else { next };
        if point == 0 || !after.starts_with(is_part) {
            let is_host = points > 0 && last.len() > 1 && last.chars().all(char::is_alphabetic);
            return is_host.then_some(end);
        }
        points += 1;
        end = text.len() - after.len();
    }
}

fn without_addresses(text: &str) -> String {
    let part = |letter: char| letter.is_alphanumeric() || "._%+-".contains(letter);
    let mut clean = String::new();
    let mut rest = text;
    let next = |text: &str| {
        let mut signs = text.match_indices(['@', '\u{ff20}', '[', '(', '{']);
        signs.find_map(|(at, _)| Some((at, sign_at(&text[at..])?)))
    };
    while let Some((at, sign)) = next(rest) {
        let (before, after) = (&rest[..at], &rest[at + sign..]);
        let host_text = after.trim_start_matches(' ');
        let spaces = after.len() - host_text.len();
        let host = host_length(host_text).map(|host| spaces + host).or_else(|| {
            // Between the parts of an address as such there is no space, and its host may be a number.
            let host = after.len() - after.trim_start_matches(part).len();
            let host = after[..host].trim_end_matches('.');
            (sign == 1 && host.contains('.')).then_some(host.len())
        });
        let name = before.trim_end_matches(' ');
        let name = name.trim_end_matches(part).len()..name.len();
        match host {
            Some(host) if !name.is_empty() => {
                clean.push_str(&before[..name.start]);
                clean.push_str(REMOVED);
                rest = &after[host..];
            }
            _ => {
                clean.push_str(&rest[..at + sign]);
                rest = after;
            }
        }
    }
    clean.push_str(rest);
    clean
}

fn without_phones(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut clean = String::new();
    let mut index = 0;
    while index < letters.len() {
        let starts = matches!(letters[index], '+' | '(' | '0'..='9')
            && index.checked_sub(1).is_none_or(|before| !within_number(letters[before]));
        let run = if starts { run_of_digits(&letters[index..]) } else { 0 };
        if run > 0 && is_phone(&letters[..index], &letters[index..index + run]) {
            clean.push_str(REMOVED);
            index += run;
        } else {
            // A long number is copied as a whole, so that no part of it is looked at again.
            let copied = run.max(1);
            clean.extend(&letters[index..index + copied]);
            index += copied;
        }
    }
    clean
}

fn within_number(letter: char) -> bool {
    letter.is_alphanumeric() || ".,-/+".contains(letter)
}

/// Length of the digits and separators from here, up to the last digit.
fn run_of_digits(letters: &[char]) -> usize {
    let mut end = 0;
    for (index, letter) in letters.iter().enumerate() {
        match letter {
            '0'..='9' => end = index + 1,
            '+' if index == 0 => {}
            ' ' | '-' | '(' | ')' | '.' => {
                let gap = index.saturating_sub(end);
                if gap > 1 {
                    break;
                }
            }
            _ => break,
        }
    }
    end
}

fn is_phone(before: &[char], run: &[char]) -> bool {
    let digits = run.iter().filter(|letter| letter.is_ascii_digit()).count();
    if !(7..=16).contains(&digits) {
        return false;
    }
    if run[0] == '+' {
        return digits >= 8;
    }
    let context: String =
        before[before.len().saturating_sub(16)..].iter().collect::<String>().to_lowercase();
    if ["phone", "tel", "fax", "mobile", "call"].iter().any(|word| context.contains(word)) {
        return true;
    }
    let text: String = run.iter().collect();
    let groups: Vec<usize> = text
        .split(|letter: char| !letter.is_ascii_digit())
        .filter(|group| !group.is_empty())
        .map(str::len)
        .collect();
    let hyphenated = text.contains('-') && !text.contains('.');
    match groups.as_slice() {
        // 555-010-0199, 1-555-010-0199, (555) 010-0199
        [3, 3, 4] | [1, 3, 3, 4] => hyphenated,
        // 0512-55501234
        [3 | 4, 7 | 8] => hyphenated && run[0] == '0',
        // Chinese mobile numbers
        [11] => run[0] == '1' && matches!(run[1], '3'..='9'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telephone_numbers_go_and_other_numbers_stay() {
        // Put together here, so that no number of somebody stands in a text of the repository.
        let numbers = ["+1 555 ", "010 0199"].concat();
        let area = ["0999", "-55", "501234"].concat();
        for phone in [numbers.as_str(), "555-010-0199", "(555) 010-0199", area.as_str()] {
            assert_eq!(without_contacts(&format!("ask {phone}, please")), "ask [removed], please");
        }
        for kept in ["2024-04-18 to 2025-12-31", "2-3/100000", "NCT06379451", "1.5e9 cells/kg"] {
            assert_eq!(without_contacts(kept), kept);
        }
        assert_eq!(without_contacts("450 000 000 cells"), "450 000 000 cells");
    }

    #[test]
    fn addresses_go_in_every_form_and_other_signs_stay() {
        let addresses = [
            "a.person@hospital.example",
            "a.person@192.0.2.1",
            "a.person @ hospital.example",
            "a.person\u{ff20}hospital.example",
            "a.person [at] hospital.example",
            "a.person[AT]hospital[DOT]example",
            "a.person (at) hospital (dot) example",
            "a_person{at}a-hospital.example",
        ];
        for address in addresses {
            assert!(may_hold_contacts(address), "{address}");
            assert_eq!(without_contacts(&format!("ask {address}, now.")), "ask [removed], now.");
            assert_eq!(without_contacts(&format!("ask {address}.")), "ask [removed].");
        }
        let kept = [
            "5 mg @ 1.8 Gy/fx",
            "UPCI @ UPMC. Then",
            "plan.@@@@Genotype",
            "therapy (AT) arm.The next",
            "look (at) it",
            "values [at] day 5.5",
            "f(x) @ baseline: 1.2mg/dL",
            "@a.example",
            "a [at",
        ];
        for text in kept {
            assert_eq!(without_contacts(text), text);
        }
    }

    #[test]
    fn contacts_are_removed_from_every_depth() {
        let mut json = serde_json::json!({"protocolSection": {
            "identificationModule": {"nctId": "NCT00000000"},
            "contactsLocationsModule": {
                "centralContacts": [{"name": "A Person", "phone": "1", "email": "a@b.example"}],
                "locations": [{"facility": "A hospital", "contacts": [{"name": "A Person"}]}],
                "overallOfficials": [{"name": "A Person"}]
            },
            "sponsorCollaboratorsModule": {"responsibleParty": {
                "type": "PRINCIPAL_INVESTIGATOR", "investigatorFullName": "A Person"}}
        }});
        remove(&mut json);
        let text = json.to_string();
        assert!(!text.contains("Person") && !text.contains('@'), "{text}");
        assert!(text.contains("A hospital") && text.contains("PRINCIPAL_INVESTIGATOR"));
    }
}
