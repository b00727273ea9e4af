//! What a monitor would ask about: visits without the marker, two values of a day, grades without
//! their signs.

use std::collections::BTreeMap;

use evaluate::{Index, Measurable, Response, SubjectOutcome, SubjectRecords};
use records::import::Place;
use records::{Analyte, EventTerm, Problem};

use super::{Evaluation, repeated};

/// Days before and after an event in which a sign may have been recorded (assumed).
const AROUND: f64 = 1.0;
/// Oxygen flow above which a nasal cannula is high flow, L/min (ASTCT).
const LOW_FLOW: f64 = 6.0;

/// Every warning, subject by subject.
pub(super) fn warnings(evaluation: &Evaluation) -> Vec<Problem> {
    let index = Index::new(&evaluation.study);
    let (mut missed, mut pairs) = (Vec::new(), Vec::new());
    for (row, outcome) in evaluation.outcomes.subjects.iter().enumerate() {
        let subject = index.subject(&evaluation.study, row);
        visits_without_marker(evaluation, row, outcome, &subject, &mut missed);
        repeated::pairs(row, &subject, &mut pairs);
    }
    let mut found = placed(evaluation, missed);
    found.extend(repeated::warnings(evaluation, &pairs));
    signs(evaluation, &index, &mut found);
    if !evaluation.has_events && !evaluation.study.subjects.is_empty() {
        let message = "no table of adverse events was handed in, so that no DLT can be told";
        let help = "add the table, empty but for its header if there were none";
        found.push(Problem::error("E118", "", message).as_warning().helped(help));
    }
    found
}

/// A visit without its marker: row of the subject, day, what is told.
struct Missed {
    subject: usize,
    day: f64,
    message: String,
}

/// The warnings with the places that the visits were read from.
fn placed(evaluation: &Evaluation, missed: Vec<Missed>) -> Vec<Problem> {
    let key = |subject: usize, day: f64| (subject, day.to_bits());
    let mut places: BTreeMap<(usize, u64), Option<Place>> =
        missed.iter().map(|visit| (key(visit.subject, visit.day), None)).collect();
    if !places.is_empty() {
        let findings = &evaluation.study.findings;
        for row in 0..findings.len() {
            let wanted = places.get_mut(&key(findings.subject[row] as usize, findings.day[row]));
            if let Some(place @ None) = wanted {
                *place = Some(evaluation.origins.findings[row]);
            }
        }
    }
    let problem = |Missed { subject, day, message }| {
        let problem = match places.get(&key(subject, day)).copied().flatten() {
            Some(place) => at(evaluation, "E114", place, message),
            None => Problem::error("E114", "", message),
        };
        let help = "add the result if it was measured; nothing is filled in";
        problem.as_warning().of_subject(&evaluation.study.subjects.id[subject]).helped(help)
    };
    missed.into_iter().map(problem).collect()
}

/// The markers that are followed.
fn markers(measurable: Measurable) -> &'static [Analyte] {
    match measurable {
        Measurable::Serum => &[Analyte::SerumMProtein],
        Measurable::Urine => &[Analyte::UrineMProtein],
        Measurable::SerumAndUrine => &[Analyte::SerumMProtein, Analyte::UrineMProtein],
        Measurable::FreeLightChain => {
            &[Analyte::KappaFreeLightChain, Analyte::LambdaFreeLightChain]
        }
        Measurable::Marrow => &[Analyte::MarrowPlasmaCells],
        Measurable::Nothing => &[],
    }
}

/// Visits at which the marker was not measured: no response can be told there, and two in a row
/// censor what comes after.
fn visits_without_marker(
    evaluation: &Evaluation,
    row: usize,
    outcome: &SubjectOutcome,
    subject: &SubjectRecords<'_>,
    found: &mut Vec<Missed>,
) {
    let span = evaluation.rules.imwg.visit_span_days;
    let mut missed = 0;
    for (at, visit) in outcome.visits.iter().enumerate() {
        let next = outcome.visits.get(at + 1).map_or(f64::INFINITY, |next| next.day);
        let missing: Vec<&str> = markers(outcome.measurable_by)
            .iter()
            .filter(|&&analyte| {
                let points = subject.series(analyte);
                let from = points.partition_point(|point| point.day < visit.day - 1e-9);
                let end = next.min(visit.day + span.max(1e-9));
                points.get(from).is_none_or(|point| point.day >= end)
            })
            .map(|analyte| analyte.title())
            .collect();
        if missing.is_empty() {
            missed = 0;
            continue;
        }
        missed += 1;
        let day = visit.day;
        let consequence = if visit.unconfirmed != Response::NotEvaluable {
            "it is judged by what is there"
        } else if missed > 1 {
            "the response is not evaluable; two such visits in a row censor a later event"
        } else {
            "the response is not evaluable"
        };
        let message =
            format!("the visit of day {day} has no {}: {consequence}", missing.join(" and no "));
        found.push(Missed { subject: row, day, message });
    }
}

/// A problem at a place of the data.
fn at(evaluation: &Evaluation, code: &'static str, place: Place, message: String) -> Problem {
    let told = evaluation.origins.told(place);
    let mut problem = Problem::error(code, told.file, message);
    (problem.line, problem.row) = (told.line, Some(told.row));
    problem
}

/// Reported cytokine release syndromes of grade 3 or 4 whose signs were not recorded.
fn signs(evaluation: &Evaluation, index: &Index, found: &mut Vec<Problem>) {
    let events = &evaluation.study.events;
    for row in 0..events.subject.len() {
        let grade = events.grade[row];
        if events.term[row] != EventTerm::CytokineReleaseSyndrome || !(3..=4).contains(&grade) {
            continue;
        }
        let subject = index.subject(&evaluation.study, events.subject[row] as usize);
        let (start, end) = (events.start[row], events.end[row].unwrap_or(f64::INFINITY));
        let has = |analyte: Analyte, least: f64| {
            subject.series(analyte).iter().any(|point| {
                point.day >= start - AROUND && point.day <= end + AROUND && point.value >= least
            })
        };
        let pressor = has(Analyte::Vasopressors, 1.0) || has(Analyte::Vasopressin, 1.0);
        // code 3 is a high-flow nasal cannula; what follows needs more
        let oxygen = has(Analyte::OxygenDevice, 3.0) || has(Analyte::OxygenFlow, LOW_FLOW + 0.001);
        if pressor || oxygen {
            continue;
        }
        let message = format!(
            "cytokine release syndrome of grade {grade} from day {start} without hypotension on a \
             vasopressor and without high-flow oxygen"
        );
        let help = "grade 3 needs one of the two (ASTCT 2019): add the signs that were recorded, \
                    or correct the grade";
        let told = evaluation.origins.told(evaluation.origins.events[row]);
        let mut problem = Problem::error("E115", told.file, message).in_column(told.column);
        (problem.line, problem.row) = (told.line, Some(told.row));
        let id = &evaluation.study.subjects.id[events.subject[row] as usize];
        found.push(problem.as_warning().of_subject(id).helped(help));
    }
}
