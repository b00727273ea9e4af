//! No file holds the contact of a person: no e-mail address, no telephone number, no contact of a record.

use super::files::texts;

/// Endings of domains that belong to nobody (RFC 2606), for invented persons in tests.
const NOBODYS: &[&str] = &[".example", "example.org", "example.com", ".invalid"];

/// Fields of a registry record that hold persons.
const FIELDS: &[&str] =
    &["centralContacts", "overallOfficials", "pointOfContact", "responsibleParty"];

/// E-mail addresses in a line, except those that belong to nobody.
fn addresses(line: &str) -> Vec<String> {
    let is_local = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-' | '%');
    let is_domain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let mut found = Vec::new();
    for (at, _) in line.match_indices('@') {
        let before = &line[..at];
        let local = &before[before.trim_end_matches(is_local).len()..];
        let after = &line[at + 1..];
        let length = after.len() - after.trim_start_matches(is_domain).len();
        let domain = after[..length].trim_matches(['.', '-']);
        let last = domain.rsplit('.').next().unwrap_or("");
        let is_host = domain.contains('.')
            && last.len() >= 2
            && last.chars().all(|c| c.is_ascii_alphabetic());
        if !local.is_empty() && is_host && !NOBODYS.iter().any(|end| domain.ends_with(end)) {
            found.push(format!("{local}@{domain}"));
        }
    }
    found
}

/// Telephone numbers in a line: `+` and a country, an area in brackets or with its 0, or a Chinese mobile.
///
/// Numbers that contain 555-01, with or without the hyphen, belong to nobody.
fn telephones(line: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '(' | ')' | ' ');
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit() || matches!(c, '+' | '(')) {
        let before = rest[..start].chars().next_back();
        let run = &rest[start..];
        let end = run.find(|c| !is_part(c)).unwrap_or(run.len());
        let (number, next) = (run[..end].trim(), run[end..].chars().next());
        // Numbers inside words, decimals, versions and identifiers are no telephones.
        let joins = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/');
        let is_inside = before.is_some_and(joins)
            || next.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '/'))
            || (next == Some('.') && run[end + 1..].starts_with(|c: char| c.is_ascii_digit()));
        if !is_inside && is_telephone(number) && !is_nobodys(number) {
            found.push(number.to_owned());
        }
        rest = &run[end.max(1)..];
    }
    found
}

fn is_nobodys(number: &str) -> bool {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    digits.contains("55501")
}

fn is_telephone(number: &str) -> bool {
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let is_plain = number.chars().all(|c| c.is_ascii_digit());
    let is_international = number.starts_with('+')
        && number[1..].starts_with(|c: char| c.is_ascii_digit() && c != '0');
    let is_area = number.split_once('-').is_some_and(|(area, line)| {
        area.starts_with('0')
            && (3..=4).contains(&area.len())
            && (7..=8).contains(&line.len())
            && line.chars().all(|c| c.is_ascii_digit())
    });
    let is_mobile =
        is_plain && digits == 11 && matches!(number.as_bytes(), [b'1', b'3'..=b'9', ..]);
    (is_international && (9..=15).contains(&digits)) || is_area || is_mobile
}

#[test]
fn no_file_holds_the_contact_of_a_person() {
    let mut faults = Vec::new();
    for (name, text) in texts() {
        // Golden tables are numbers of eleven digits by the thousand; the lock file is hashes.
        let has_numbers_only = name.starts_with("golden/") || name == "Cargo.lock";
        for (number, line) in (1..).zip(text.lines()) {
            let mut found = addresses(line);
            if !has_numbers_only {
                found.extend(telephones(line));
            }
            faults.extend(found.into_iter().map(|what| format!("{name}:{number}: {what}")));
        }
        if name.starts_with("trials/") {
            let fields = FIELDS.iter().filter(|field| text.contains(&format!("\"{field}\"")));
            faults.extend(fields.map(|field| format!("{name}: the field `{field}`")));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn addresses_and_telephones_are_seen() {
    let at = '@';
    assert_eq!(addresses(&format!("to a.b{at}hospital.cn now")).len(), 1);
    assert!(addresses(&format!("a{at}b, x {at}y.z, a.b{at}c.example, q{at}1.2")).is_empty());
    let joined = |parts: &[&str]| parts.concat();
    for number in [
        joined(&["+86 519 ", "8810 1234"]),
        joined(&["0519", "-88101234"]),
        joined(&["139", "01234567"]),
    ] {
        assert_eq!(telephones(&format!("call {number}, or")), [number.as_str()], "{number}");
    }
    for number in ["1.13901234567", "+1 (555) 010-0199", "1e11", "2026-11-22", "0006-4971", "+0.5"]
    {
        assert!(telephones(&format!("x {number} y")).is_empty(), "{number}");
    }
}
