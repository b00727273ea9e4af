//! `simulate --replay`: the course of one virtual subject again, in full.

use evaluate::SubjectOutcome;
use records::Study;
use serde::Serialize;

use super::simulate::{SimulateRequest, prepare};
use crate::conduct::run::block;
use crate::problem::Problem;
use crate::protocol::read;

/// Whom to follow.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The simulation that the subject belongs to; its choice of arms is not looked at.
    pub simulation: SimulateRequest,
    /// The subject as tables and messages name it, e.g. `NCT06379451-0005-r17-car-nk`.
    pub subject: String,
}

/// What happened to the subject.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The subject.
    pub subject: String,
    /// The virtual trial, from 0.
    pub replicate: u32,
    /// The arm.
    pub arm: String,
    /// What became of the subject, in words.
    pub disposition: String,
    /// Where and why the solver gave up on the subject, if it did.
    pub failure: Option<Failure>,
    /// What happened, in order of days.
    pub course: Vec<Entry>,
}

/// Where the solver gave up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failure {
    /// The day, from the first infusion.
    pub day: f64,
    /// The state to look at.
    pub state: String,
    /// Why.
    pub what: String,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// Day from the first infusion.
    pub day: f64,
    /// `given`, `measured`, `event` or `response`.
    pub kind: &'static str,
    /// What was given, measured or judged.
    pub what: String,
    /// The amount, the value with its unit, the grade or the response.
    pub value: String,
}

/// The place of a problem with the subject: no file, but the option.
pub const OPTION_REPLAY: &str = "--replay";

/// The name of a subject of a replicate and an arm, from the number of the candidate.
pub fn subject(trial: &str, patient: u32, replicate: u32, arm: &str) -> String {
    format!("{trial}-{:04}-r{replicate}-{arm}", patient + 1)
}

/// Runs the subject's arm of its replicate again and tells the subject's course. The draws are the
/// same as in the whole simulation.
///
/// # Errors
/// Problems of the folder, or a subject that the simulation does not have.
pub fn run(request: &Request) -> Result<Answer, Vec<Problem>> {
    let trial = read::experiment(&request.simulation.files)?.protocol.id;
    let (row, replicate, arm) = meaning(&request.subject, &trial).ok_or_else(|| {
        let help = format!("a subject is named like `{}`", subject(&trial, 4, 17, "ARM"));
        unknown(&request.subject, "is not the name of a subject of this trial", &help)
    })?;
    let simulation =
        SimulateRequest { arms: Some(vec![arm.clone()]), ..request.simulation.clone() };
    let world = prepare(&simulation)?;
    let results = block(&world, replicate..replicate + 1, replicate + 1);
    let result = results.into_iter().next().expect("one replicate was asked for");
    let failed = result.failed.into_iter().find(|failed| failed.patient == row.patient);
    let kept = result.arms.into_iter().next().and_then(|arm| arm.study);
    let (study, outcomes) = kept.expect("the tables of this replicate were asked for");
    let Some(at) = study.subjects.id.iter().position(|id| *id == row.id) else {
        let screened = study.subjects.len();
        let help = format!("trial {replicate} screened {screened} subjects in arm `{arm}`");
        return Err(unknown(&request.subject, "was not a subject of that trial", &help));
    };
    Ok(Answer {
        subject: request.subject.clone(),
        replicate,
        arm,
        disposition: study.subjects.disposition[at].title().to_owned(),
        failure: failed.map(|failed| Failure {
            day: failed.day,
            state: failed.state,
            what: failed.what,
        }),
        course: course(&study, at as u32, &outcomes.subjects[at]),
    })
}

/// A subject in the study of its arm.
struct Row {
    id: String,
    patient: u32,
}

fn meaning(typed: &str, trial: &str) -> Option<(Row, u32, String)> {
    let rest = typed.strip_prefix(trial)?.strip_prefix('-')?;
    let (number, rest) = rest.split_once("-r")?;
    let (replicate, arm) = rest.split_once('-')?;
    let patient = number.parse::<u32>().ok()?.checked_sub(1)?;
    let replicate: u32 = replicate.parse().ok().filter(|replicate| *replicate < 16_000_000)?;
    Some((Row { id: format!("{trial}-{number}"), patient }, replicate, arm.to_owned()))
}

fn unknown(subject: &str, what: &str, help: &str) -> Vec<Problem> {
    vec![Problem::error("N101", OPTION_REPLAY, "", format!("`{subject}` {what}"), help)]
}

/// What was given to and found in one subject, in order of days.
fn course(study: &Study, row: u32, outcome: &SubjectOutcome) -> Vec<Entry> {
    let mut course = Vec::new();
    let mut tell = |day, kind, what: &str, value: String| {
        course.push(Entry { day, kind, what: what.to_owned(), value });
    };
    let given = &study.exposures;
    for at in (0..given.subject.len()).filter(|&at| given.subject[at] == row) {
        let treatment = given.treatment[at];
        let amount = format!("{:.3e} {}", given.amount[at], treatment.unit());
        tell(given.day[at], "given", treatment.title(), amount);
    }
    let found = &study.findings;
    for at in (0..found.subject.len()).filter(|&at| found.subject[at] == row) {
        let analyte = found.analyte[at];
        let below = if found.below_limit[at] { "< " } else { "" };
        let value = format!("{below}{} {}", shown(found.value[at]), analyte.unit());
        tell(found.day[at], "measured", analyte.title(), value);
    }
    let events = &study.events;
    for at in (0..events.subject.len()).filter(|&at| events.subject[at] == row) {
        let until = events.end[at].map_or(String::new(), |end| format!(", until day {end}"));
        let grade = format!("grade {}{until}", events.grade[at]);
        tell(events.start[at], "event", events.term[at].title(), grade);
    }
    for visit in &outcome.visits {
        let confirmed =
            format!("{}, confirmed {}", visit.unconfirmed.code(), visit.confirmed.code());
        tell(visit.day, "response", "assessment", confirmed);
    }
    if let Some(day) = study.subjects.death_day[row as usize] {
        tell(day, "event", "death", "grade 5".to_owned());
    }
    // Stable: what happened on one day stays in the order above.
    course.sort_by(|a, b| a.day.total_cmp(&b.day));
    course
}

/// A value with four significant digits, in the shortest way.
fn shown(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_read_as_it_is_written() {
        let name = subject("NCT06379451", 4, 17, "car-nk");
        assert_eq!(name, "NCT06379451-0005-r17-car-nk");
        let (row, replicate, arm) = meaning(&name, "NCT06379451").unwrap();
        assert_eq!((row.patient, replicate, arm.as_str()), (4, 17, "car-nk"));
        assert_eq!(row.id, "NCT06379451-0005");
        for wrong in ["", "NCT06379451-0005", "NCT1-0005-r17-car-nk", "NCT06379451-0000-r1-a"] {
            assert!(meaning(wrong, "NCT06379451").is_none(), "{wrong}");
        }
    }
}
