//! Times to progression, death, next therapy and loss of response, with their censoring.
//!
//! FDA guidance on endpoints (2007), appendix 3, table A: events after new therapy or after two or
//! more missed assessments are censored at the last assessment before. The EMA set counts them.

use crate::index::SubjectRecords;
use crate::outcome::{Response, SubjectOutcome, TimeToEvent, VisitResponse};
use crate::rules::{Censoring, Origin, OtherDeath, Rules};
use records::DeathCause;

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
    outcome.to_progression = {
        let (day, event) = progression_alone(subject, rules, outcome, (day, event));
        from_origin(day, event)
    };
    outcome.to_next_therapy = {
        let (day, event) = next_therapy(subject, rules);
        from_origin(day, event)
    };
    outcome.disease_free = outcome.complete_response_day.map(|start| {
        let (day, event) = disease_free(subject, rules, outcome, start);
        TimeToEvent { days: (day - start).max(0.0), event }
    });
}

/// Progression-free survival without the deaths that myeloma did not cause.
fn progression_alone(
    subject: &SubjectRecords<'_>,
    rules: &Rules,
    outcome: &SubjectOutcome,
    (day, event): (f64, bool),
) -> (f64, bool) {
    let by_progression = outcome.progression_day.is_some_and(|progression| progression <= day);
    let by_myeloma = subject.death_cause == Some(DeathCause::Myeloma);
    if !event || by_progression || by_myeloma {
        return (day, event);
    }
    let day = match rules.other_death {
        OtherDeath::AtDeath => day,
        OtherDeath::AtAssessment => last_assessment(outcome, day).unwrap_or(0.0),
    };
    (day, false)
}

/// The start of the next therapy; a death before it by the rule, otherwise the last day known alive.
fn next_therapy(subject: &SubjectRecords<'_>, rules: &Rules) -> (f64, bool) {
    match (subject.new_therapy_day, subject.death_day) {
        (Some(start), _) => (start, true),
        (None, Some(death)) => (death, rules.next_therapy_counts_death),
        (None, None) => (subject.last_known_alive_day, false),
    }
}

/// Loss of complete response or death, else the last assessment.
fn disease_free(
    subject: &SubjectRecords<'_>,
    rules: &Rules,
    outcome: &SubjectOutcome,
    start: f64,
) -> (f64, bool) {
    let event =
        [outcome.relapse_from_complete, subject.death_day].into_iter().flatten().reduce(f64::min);
    let censored = |until: f64| last_assessment(outcome, until).unwrap_or(start).max(start);
    if rules.censoring == Censoring::Fda
        && let Some(therapy) = subject.new_therapy_day
        && event.is_none_or(|day| therapy < day)
    {
        return (censored(therapy), false);
    }
    event.map_or_else(|| (censored(f64::INFINITY), false), |day| (day, true))
}

/// The last evaluable assessment up to a day.
fn last_assessment(outcome: &SubjectOutcome, until: f64) -> Option<f64> {
    let evaluable =
        |visit: &&VisitResponse| visit.unconfirmed != Response::NotEvaluable && visit.day <= until;
    outcome.visits.iter().rfind(evaluable).map(|visit| visit.day)
}

/// The day of progression or death, or the day of censoring.
fn progression_or_death(
    subject: &SubjectRecords<'_>,
    rules: &Rules,
    outcome: &SubjectOutcome,
    origin: f64,
) -> (f64, bool) {
    let last_assessment = |until: f64| last_assessment(outcome, until).unwrap_or(origin);
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
