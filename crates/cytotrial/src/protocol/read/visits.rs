//! `[visits]`: days with their windows.

use crate::document::Value;
use crate::protocol::section::{Field, Section};
use crate::protocol::{Schedule, Visit};

pub(super) struct Visits {
    pub(super) safety: Schedule,
    pub(super) kinetics: Schedule,
    pub(super) response: Schedule,
    pub(super) marrow: Schedule,
    /// Days.
    pub(super) follow_up: f64,
}

pub(super) fn visits(section: Section<'_>) -> Option<Visits> {
    let plan = |key| section.need(key).and_then(schedule);
    let (safety, kinetics) = (plan("safety"), plan("kinetics"));
    let (response, marrow) = (plan("response"), plan("marrow"));
    let follow_up = section.need("follow-up").and_then(|field| field.amount("day"));
    section.done();
    let (safety, kinetics) = (safety?, kinetics?);
    let (response, marrow, follow_up) = (response?, marrow?, follow_up?);
    Some(Visits { safety, kinetics, response, marrow, follow_up })
}

fn schedule(field: Field<'_>) -> Option<Schedule> {
    let mut schedule = Schedule::default();
    let fields = field.list()?;
    let last = fields.len();
    let mut sound = true;
    for (index, field) in fields.into_iter().enumerate() {
        let text = match &field.node.value {
            Value::Text(text) => text.clone(),
            Value::Integer(_) | Value::Number(_) => field.node.value.show(),
            _ => {
                sound = field.wrong_type("a visit", "`\"28 (+-3)\"`").unwrap_or(false);
                continue;
            }
        };
        let (repeats, rest) = match text.trim().strip_prefix("then every ") {
            Some(rest) => (true, rest),
            None => (false, text.trim()),
        };
        let Some(visit) = visit(rest) else {
            let message = format!("`{text}` is not a visit");
            let help = "write `\"28 (+-3)\"`, or as the last one `\"then every 56 (+-14)\"`";
            sound = field.error("V104", message, help).unwrap_or(false);
            continue;
        };
        let before = schedule.visits.last().map_or(f64::NEG_INFINITY, |visit: &Visit| visit.day);
        if repeats {
            if index + 1 != last || visit.day <= 0.0 {
                let message = format!("`{text}` is not the last visit or not an interval");
                sound = field.error("V104", message, "write it last").unwrap_or(false);
                continue;
            }
            schedule.then_every = Some(visit);
        } else if visit.day <= before {
            let message = format!("visit day {} is not after day {before}", visit.day);
            sound = field.error("V103", message, "list visits from first to last").unwrap_or(false);
        } else {
            schedule.visits.push(visit);
        }
    }
    sound.then_some(schedule)
}

/// `28`, `28 (+-3)`.
fn visit(text: &str) -> Option<Visit> {
    let (day, window) = match text.split_once('(') {
        None => (text, 0.0),
        Some((day, rest)) => {
            let rest = rest.trim().strip_suffix(')')?.trim();
            let window = rest.strip_prefix("+-").or_else(|| rest.strip_prefix('±'))?;
            (day, window.trim().parse().ok()?)
        }
    };
    let day: f64 = day.trim().parse().ok()?;
    let sound = (0.0..=36_525.0).contains(&day) && (0.0..=365.0).contains(&window);
    sound.then_some(Visit { day, window })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_has_a_day_and_perhaps_a_window() {
        assert_eq!(visit("28 (+-7)"), Some(Visit { day: 28.0, window: 7.0 }));
        assert_eq!(visit("0.04"), Some(Visit { day: 0.04, window: 0.0 }));
        assert_eq!(visit("28 (7)"), None);
        assert_eq!(visit("-3"), None);
    }
}
