//! Limits of eligibility.

use serde_json::Value;

use super::text::{Sentence, durations, has, number, sentences};
use super::{Given, Typed, quote, source, text_at};

pub(super) fn minimum_age(record: &Value) -> Vec<Given> {
    age(record, "eligibilityModule.minimumAge", ">=")
}

pub(super) fn maximum_age(record: &Value) -> Vec<Given> {
    age(record, "eligibilityModule.maximumAge", "<=")
}

/// `18 Years`.
fn age(record: &Value, path: &str, sign: &'static str) -> Vec<Given> {
    let read = || {
        let (number, unit) = text_at(record, path)?.split_once(' ')?;
        let number: f64 = number.parse().ok()?;
        let unit = unit.trim().trim_end_matches('s').to_lowercase();
        let value = Typed::Limit { sign, number, unit };
        Some(Given { value, source: source(path) })
    };
    read().into_iter().collect()
}

/// Sentences of what patients must have; what they must not have follows after its heading.
fn inclusion(record: &Value) -> Vec<Sentence> {
    let all = sentences(record, &["eligibilityModule.eligibilityCriteria"]);
    let ends = |sentence: &Sentence| {
        has(
            &sentence.plain,
            &["exclusion criteria", "exclusion:", "excluded if", "not eligible if"],
        )
    };
    all.into_iter().take_while(|sentence| !ends(sentence)).collect()
}

/// The worst ECOG or WHO status that is allowed, where one sentence gives it.
pub(super) fn performance_status(record: &Value) -> Vec<Given> {
    let read = |sentence: &Sentence| {
        let name = ["ecog", "eastern cooperative oncology group", "zubrod", "who performance"];
        let at =
            name.iter().filter_map(|name| Some(sentence.plain.rfind(name)? + name.len())).max()?;
        let worst = worst_status(sentence.plain.get(at..)?)?;
        let value = Typed::Limit { sign: "<=", number: f64::from(worst), unit: String::new() };
        Some(Given { value, source: quote(sentence, "") })
    };
    inclusion(record).iter().find_map(read).into_iter().collect()
}

/// `0-2`, `0 or 1`, `<= 2`, `of 0, 1 or 2`: the first run of single digits after the name.
fn worst_status(text: &str) -> Option<u32> {
    const NEAR: usize = 48;
    let near: String = text.chars().take(NEAR).collect();
    let start = near.find(|letter: char| letter.is_ascii_digit())?;
    let lead = &near[..start];
    if lead.contains(['.', ';', '>']) || lead.contains("greater") || lead.contains("karnofsky") {
        return None;
    }
    let mut rest = &near[start..];
    let mut worst = None;
    while let Some(status) = rest.chars().next().and_then(|letter| letter.to_digit(10)) {
        rest = &rest[1..];
        let goes_on = rest.starts_with(|letter: char| letter.is_ascii_digit() || letter == '%');
        if status > 4 || goes_on {
            return None;
        }
        worst = Some(worst.map_or(status, |worst: u32| worst.max(status)));
        let after = rest.trim_start();
        let joins = ["-", ",", "/", "or ", "to ", "and ", "~"];
        let Some(next) = joins.iter().find_map(|join| after.strip_prefix(join)) else { break };
        rest = next.trim_start();
        rest = rest.strip_prefix("or ").unwrap_or(rest);
    }
    let is_below = lead.trim_end().ends_with('<') || lead.trim_end().ends_with("less than");
    if is_below { worst?.checked_sub(1) } else { worst }
}

/// Lines of therapy that patients must have had at least.
pub(super) fn prior_lines(record: &Value) -> Vec<Given> {
    let read = |sentence: &Sentence| {
        // Where untreated patients may enter too, there is no limit.
        let lines = at_least_lines(&sentence.plain)
            .filter(|_| !has(&sentence.plain, &["untreated", "naive", "naïve"]))?;
        let value = Typed::Limit { sign: ">=", number: lines, unit: String::new() };
        Some(Given { value, source: quote(sentence, "") })
    };
    inclusion(record).iter().find_map(read).into_iter().collect()
}

/// `at least 3 prior lines`, `>= 2 prior regimens`, `two or more lines of therapy`.
fn at_least_lines(plain: &str) -> Option<f64> {
    let what = |text: &str| {
        let near: String = text.chars().take(40).collect();
        let near = near.split(['.', ';', ',']).next().unwrap_or_default().to_owned();
        let lines = [
            "lines of",
            "prior line",
            "prior therap",
            "prior regimen",
            "previous line",
            "prior treatment",
            "previous therap",
            "previous regimen",
            "previous treatment",
            "prior systemic",
            "lines therap",
            "lines treat",
            "line of",
        ];
        lines.iter().any(|words| near.contains(words))
    };
    for start in ["at least ", ">= ", ">=", "minimum of ", "a minimum of "] {
        for (at, _) in plain.match_indices(start) {
            let Some((lines, rest)) = number(&plain[at + start.len()..]) else { continue };
            if what(rest)
                && !super::text::has(&rest[..rest.len().min(12)], &["week", "day", "month"])
            {
                return Some(lines).filter(|lines| *lines <= 10.0);
            }
        }
    }
    for (at, _) in plain.match_indices(" or more ") {
        let before = plain[..at].rsplit(' ').next()?;
        if let Some((lines, "")) = number(before)
            && what(&plain[at + 8..])
        {
            return Some(lines).filter(|lines| *lines <= 10.0);
        }
    }
    None
}

/// The shortest expected survival that is allowed, in days.
pub(super) fn life_expectancy(record: &Value) -> Vec<Given> {
    let read = |sentence: &Sentence| {
        let has_name =
            has(&sentence.plain, &["life expectancy", "expected survival", "life-expectancy"]);
        let [days] = durations(&sentence.plain)[..] else { return None };
        let value = Typed::Limit { sign: ">=", number: days, unit: "day".to_owned() };
        has_name.then(|| Given { value, source: quote(sentence, "") })
    };
    inclusion(record).iter().find_map(read).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_status_is_read() {
        assert_eq!(worst_status(" performance status of 0-2."), Some(2));
        assert_eq!(worst_status(" 0 or 1"), Some(1));
        assert_eq!(worst_status(" <= 2"), Some(2));
        assert_eq!(worst_status(" < 2"), Some(1));
        assert_eq!(worst_status(" status > 2"), None);
        assert_eq!(worst_status(" 80%"), None);
        assert_eq!(worst_status(" 0-1 life expectancy: more than 3 months"), Some(1));
        assert_eq!(worst_status(" status of 2 or better"), Some(2));
        assert_eq!(worst_status(" of 0, 1, or 2"), Some(2));
    }

    #[test]
    fn prior_lines_are_read() {
        assert_eq!(at_least_lines("at least 3 prior lines of therapy"), Some(3.0));
        assert_eq!(at_least_lines("received >= 2 prior regimens"), Some(2.0));
        assert_eq!(at_least_lines("two or more lines of therapy"), Some(2.0));
        assert_eq!(at_least_lines("at least 4 weeks since prior therapy"), None);
        assert_eq!(at_least_lines("no more than 2 prior lines"), None);
    }
}
