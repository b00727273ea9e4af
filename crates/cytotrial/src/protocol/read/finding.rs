//! `[dose-finding]`, `[dlt]` and `[rules]`: the design, what it counts, and how outcomes are judged.

use super::trial::as_toml;
use crate::document::Value;
use crate::problem::help_with_nearest;
use crate::protocol::quantity;
use crate::protocol::section::{Field, Section};
use crate::protocol::{DoseFinding, Schedule};

/// Keys of the DLT rules that `dose-finding.window` says.
const WINDOW: &[&str] = &["window-days", "after-last-infusion-days"];

pub(super) fn dose_finding(section: &Section<'_>) -> Option<DoseFinding> {
    let method = section.need("method").and_then(method);
    let target = section.may("target").map(target);
    let cohort = section.need("cohort").and_then(|field| field.whole(1, 100));
    let most = section.need("max-patients").and_then(|field| field.whole(1, 1000));
    let window = section.need("window").and_then(window);
    let stagger = section.need("stagger").and_then(|field| field.each(|field| field.amount("day")));
    let response_window = section.may("response-window").map(response_window);
    // What else is written belongs to the design, which knows its own settings.
    let mut settings = toml::Table::new();
    if let Some(Some(target)) = target {
        settings.insert("target".to_owned(), toml::Value::Float(target));
    }
    let others = section.unasked();
    for entry in &others {
        settings.insert(entry.key.clone(), as_toml(&entry.node.value));
    }
    let settings = settings.to_string();
    let sound = method
        .as_ref()
        .is_none_or(|method| target == Some(None) || check_settings(section, method, &settings));
    let (method, cohort, max_escalation) = (method?, cohort?, most?);
    let ((window, window_after_last), stagger) = (window?, stagger?);
    if target == Some(None) || response_window == Some(None) || !sound {
        return None;
    }
    Some(DoseFinding {
        method,
        settings,
        cohort,
        max_escalation,
        window,
        window_after_last,
        response_window: response_window.flatten(),
        stagger,
    })
}

/// A `[dose-finding]` table whose design is asked alone: what is written, nothing needed.
#[derive(Debug, Default)]
pub(crate) struct Alone {
    pub(crate) method: Option<String>,
    pub(crate) settings: toml::Table,
    pub(crate) cohort: Option<u32>,
    pub(crate) max_patients: Option<u32>,
    pub(crate) window_days: Option<f64>,
}

/// Reads what a design needs and passes over what belongs to the conduct of a trial.
pub(crate) fn alone(section: &Section<'_>) -> Alone {
    let method = section.may("method").and_then(method);
    let cohort = section.may("cohort").and_then(|field| field.whole(1, 100));
    let max_patients = section.may("max-patients").and_then(|field| field.whole(1, 1000));
    let window = section.may("window").and_then(window);
    let _ = (section.may("stagger"), section.may("response-window"));
    let entries = section.unasked();
    let own = entries.iter().map(|entry| (entry.key.clone(), as_toml(&entry.node.value)));
    Alone {
        method,
        settings: own.collect(),
        cohort,
        max_patients,
        window_days: window.map(|(days, _)| days),
    }
}

fn method(field: Field<'_>) -> Option<String> {
    let here = field.clone();
    let name = field.text()?;
    let known = design::ALL.iter().map(|entry| entry.name);
    if known.clone().any(|known| known == name) {
        return Some(name);
    }
    here.error("N101", format!("no design is called `{name}`"), help_with_nearest(&name, known))
}

/// The design reads its own settings; what it does not know is told here.
fn check_settings(section: &Section<'_>, method: &str, settings: &str) -> bool {
    let Some(entry) = design::ALL.iter().find(|entry| entry.name == method) else { return false };
    match crate::protocol::design_of(entry, settings) {
        Ok(_) => true,
        Err(error) => {
            let message = error.to_string();
            let (code, key, message, help) = of_serde(&message, method);
            let path = match key {
                Some(key) => format!("{}.{key}!key", section.path),
                None => section.path.clone(),
            };
            section.log.error(code, &path, message, help);
            false
        }
    }
}

/// A DLT rate aimed at.
fn target(field: Field<'_>) -> Option<f64> {
    let here = field.clone();
    let target = field.number()?;
    if target > 0.0 && target < 1.0 {
        return Some(target);
    }
    let help = if (1.0..100.0).contains(&target) {
        format!("a rate lies between 0 and 1: {:.2}?", target / 100.0)
    } else {
        "a rate lies between 0 and 1, for example 0.30".to_owned()
    };
    here.error("D101", format!("a DLT target of {target}"), help)
}

/// The time until a response is scored, days.
fn response_window(field: Field<'_>) -> Option<f64> {
    let here = field.clone();
    let days = field.amount("day")?;
    if days > 0.0 {
        return Some(days);
    }
    here.error("V101", "the window for responses is not above zero", "correct the days")
}

/// `28 day, at least 14 day after the last infusion`.
fn window(field: Field<'_>) -> Option<(f64, f64)> {
    let here = field.clone();
    let text = field.text()?;
    let (first, rest) = match text.split_once(',') {
        None => (text.as_str(), None),
        Some((first, rest)) => (first, Some(rest.trim())),
    };
    let after = match rest {
        None => "0 day",
        Some(rest) => {
            let stripped = rest.strip_prefix("at least ");
            match stripped.and_then(|rest| rest.strip_suffix(" after the last infusion")) {
                Some(time) => time,
                None => {
                    return here.error(
                        "V105",
                        format!("`{rest}` is not understood"),
                        "write `\"28 day, at least 14 day after the last infusion\"`",
                    );
                }
            }
        }
    };
    let days =
        quantity::read(first, "day").and_then(|one| Ok((one, quantity::read(after, "day")?)));
    match days {
        Ok((window, after)) if window > 0.0 && after >= 0.0 => Some((window, after)),
        Ok(_) => here.error("V101", "the DLT window is not above zero", "correct the days"),
        Err(fault) => here.error(fault.code, fault.message, fault.help),
    }
}

/// How outcomes are judged: `[rules]` for every choice, `[dlt]` for what limits the dose.
///
/// The window of a DLT is that of the dose finding, so that it is written once.
pub(super) fn rules(
    top: &Section<'_>,
    finding: Option<&DoseFinding>,
    response: Option<&Schedule>,
) -> Option<evaluate::Rules> {
    let mut table = toml::Table::new();
    if let Some(field) = top.may("rules")
        && let toml::Value::Table(rules) = as_toml(&field.node.value)
    {
        table.extend(rules);
    }
    let mut sound = true;
    if let Some(field) = top.need("dlt") {
        sound = matches!(field.node.value, Value::Table(_))
            || field.wrong_type("a table", "`[dlt]`").unwrap_or(false);
        table.insert("dlt".to_owned(), as_toml(&field.node.value));
    }
    if let Some(toml::Value::Table(dlt)) = table.get_mut("dlt") {
        for key in WINDOW {
            if dlt.contains_key(*key) {
                let message = format!("`[dlt]` has a window of its own, `{key}`");
                let help = "the window is `dose-finding.window`; remove it here";
                top.log.error("K101", &format!("dlt.{key}!key"), message, help);
                sound = false;
            }
        }
    }
    if !sound {
        return None;
    }
    // One at a time, so that a problem is told at its own table.
    let mut one_by_one = true;
    for (key, value) in &table {
        let single = toml::Table::from_iter([(key.clone(), value.clone())]);
        if let Err(error) = single.try_into::<evaluate::Rules>() {
            let (code, name, message, help) = of_serde(error.message(), key);
            let table = if key == "dlt" { "dlt".to_owned() } else { format!("rules.{key}") };
            let path = match name {
                Some(name) if name == *key => format!("rules.{key}!key"),
                Some(name) => format!("{table}.{name}!key"),
                None => table,
            };
            top.log.error(code, &path, message, help);
            one_by_one = false;
        }
    }
    if !one_by_one {
        return None;
    }
    let own_gap = table.contains_key("gap-days");
    let mut rules: evaluate::Rules = table.try_into().ok()?;
    if let Some(response) = response.filter(|_| !own_gap) {
        rules.gap_days = gap(response);
    }
    let finding = finding?;
    rules.dlt.window_days = finding.window;
    rules.dlt.after_last_infusion_days = finding.window_after_last;
    Some(rules)
}

/// Two missed assessments: twice the longest interval between planned ones, and the window.
fn gap(response: &Schedule) -> f64 {
    let days = std::iter::once(0.0).chain(response.visits.iter().map(|visit| visit.day));
    let next = response.visits.iter().map(|visit| (visit.day, visit.window));
    let planned = days.zip(next).map(|(before, (day, window))| (day - before, window));
    let later = response.then_every.iter().map(|visit| (visit.day, visit.window));
    planned.chain(later).map(|(interval, window)| 2.0 * interval + window).fold(0.0, f64::max)
}

/// A problem that serde tells: code, the unknown key if that is it, message, help.
pub(crate) fn of_serde(
    message: &str,
    place: &str,
) -> (&'static str, Option<String>, String, String) {
    let message = message
        .lines()
        .find(|line| line.contains("field") || line.contains("invalid"))
        .unwrap_or(message);
    let mut quoted = message.split('`').skip(1).step_by(2);
    if message.contains("unknown field")
        && let Some(key) = quoted.next()
    {
        let known: Vec<&str> = quoted.collect();
        let text = format!("unknown key `{key}` for `{place}`");
        return ("K101", Some(key.to_owned()), text, help_with_nearest(key, known));
    }
    if message.contains("missing field")
        && let Some(key) = quoted.next()
    {
        let text = format!("`{key}` is missing for `{place}`");
        return ("K102", None, text, format!("add `{key} = ...`"));
    }
    ("V101", None, format!("`{place}`: {message}"), "correct the value".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Visit;

    #[test]
    fn two_missed_visits_are_counted_by_the_longest_planned_interval() {
        let visits = vec![Visit { day: 28.0, window: 7.0 }, Visit { day: 56.0, window: 7.0 }];
        let monthly = Schedule { visits: visits.clone(), then_every: None };
        assert!((gap(&monthly) - 63.0).abs() < 1e-12);
        let later = Schedule { visits, then_every: Some(Visit { day: 56.0, window: 14.0 }) };
        assert!((gap(&later) - 126.0).abs() < 1e-12);
    }
}
