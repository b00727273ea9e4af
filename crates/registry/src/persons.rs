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

/// Whether there is an `@`, or a run of seven digits and separators.
fn may_hold_contacts(text: &str) -> bool {
    let mut digits = 0;
    for byte in text.bytes() {
        match byte {
            b'@' => return true,
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

fn without_addresses(text: &str) -> String {
    let part = |letter: char| letter.is_alphanumeric() || "._%+-".contains(letter);
    let mut clean = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        let name = before.len() - before.trim_end_matches(part).len();
        let host = after.len() - after.trim_start_matches(part).len();
        let host_text = after[..host].trim_end_matches('.');
        if name > 0 && host_text.contains('.') {
            clean.push_str(&before[..before.len() - name]);
            clean.push_str(REMOVED);
            rest = &after[host_text.len()..];
        } else {
            clean.push_str(&rest[..=at]);
            rest = after;
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
