//! Progression-free survival, overall survival and duration of response with their censoring.
//!
//! FDA guidance on endpoints (2007), appendix 3, table A: events after new therapy or after two or
//! more missed assessments are censored at the last assessment before. The EMA set counts them.

use crate::index::SubjectRecords;
use crate::outcome::{Response, SubjectOutcome, TimeToEvent};
use crate::rules::{Censoring, Origin, Rules};

/// Writes the times to events; the response must have been assessed.
pub fn assess(subject: &SubjectRecords<'_>, rules: &Rules, outcome: &mut SubjectOutcome) {
    let origin = match rules.origin {
        Origin::Infusion => 0.0,
        Origin::Enrolment => subject.enrolled_day,
    };
    let from_origin = |day: f64, event| TimeToEvent { days: (day - origin).max(0.0), event };
    let (day, event) = progression_or_death(subject, rules, outcome, origin);
    outcome.progression_free = from_origin(day, event);
    outcome.response_duration =
        outcome.first_response_day.map(|start| TimeToEvent { days: (day - start).max(0.0), event });
    outcome.overall = match subject.death_day {
        Some(death) => from_origin(death, true),
        None => from_origin(subject.last_known_alive_day, false),
    };
}

/// The day of progression or death, or the day of censoring.
fn progression_or_death(
    subject: &SubjectRecords<'_>,
    rules: &Rules,
    outcome: &SubjectOutcome,
    origin: f64,
) -> (f64, bool) {
    let last_assessment = |until: f64| {
        outcome
            .visits
            .iter()
            .rfind(|visit| visit.unconfirmed != Response::NotEvaluable && visit.day <= until)
            .map_or(origin, |visit| visit.day)
    };
    let event = match (outcome.progression_day, subject.death_day) {
        (Some(progression), Some(death)) => Some(progression.min(death)),
        (progression, death) => progression.or(death),
    };
    if rules.censoring == Censoring::Fda
        && let Some(start) = subject.new_therapy_day
        && event.is_none_or(|day| start < day)
    {
        return (last_assessment(start), false);
    }
    let Some(day) = event else {
        return (last_assessment(f64::INFINITY), false);
    };
    let before = match outcome.progression_day {
        // the assessment that shows the progression is not one before it
        Some(progression) if progression <= day => last_assessment(day.next_down()),
        _ => last_assessment(day),
    };
    if rules.censoring == Censoring::Fda && day - before > rules.gap_days + 1e-9 {
        return (before, false);
    }
    (day, true)
}
