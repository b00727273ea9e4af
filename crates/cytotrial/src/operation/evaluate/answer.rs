//! An evaluation as a person reads it, and as JSON.

use std::fmt::Write as _;

use evaluate::{DltStatus, Response, SubjectOutcome, TimeToEvent};
use records::Disposition;
use serde_json::{Value, json};
use stats::interval::clopper_pearson;

use super::Evaluation;

/// Confidence of the intervals.
const LEVEL: f64 = 0.95;

/// One number of subjects of a denominator, with its exact interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    /// What is counted.
    pub title: &'static str,
    /// Key in the JSON.
    pub code: &'static str,
    /// How many.
    pub count: u32,
    /// Of how many.
    pub of: u32,
    /// Clopper-Pearson interval of 95 %.
    pub interval: (f64, f64),
}

/// DLTs and those who count for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct DltCounts {
    /// Evaluable: with a DLT, or a complete window without one.
    pub evaluable: u32,
    /// With a DLT.
    pub dlts: u32,
    /// The window is still open.
    pub pending: u32,
    /// Cannot be counted.
    pub not_evaluable: u32,
}

impl Evaluation {
    /// Subjects who were infused, or observed in an arm without a product.
    pub fn followed(&self) -> impl Iterator<Item = (usize, &SubjectOutcome)> {
        self.outcomes.subjects.iter().enumerate().filter(|(row, _)| self.is_followed(*row))
    }

    /// Whether a subject was infused, or observed in an arm without a product.
    pub fn is_followed(&self, row: usize) -> bool {
        let disposition = self.study.subjects.disposition[row];
        matches!(disposition, Disposition::Infused | Disposition::Observed)
    }

    /// Responses among all who were followed; who was never assessed did not respond.
    pub fn rates(&self) -> Vec<Rate> {
        let of = self.followed().count() as u32;
        let rate = |title, code, least: Response| {
            let count =
                self.followed().filter(|(_, outcome)| outcome.best_response >= least).count()
                    as u32;
            Rate { title, code, count, of, interval: clopper_pearson(count, of.max(1), LEVEL) }
        };
        vec![
            rate("PR or better", "orr", Response::Partial),
            rate("VGPR or better", "vgpr_or_better", Response::VeryGoodPartial),
            rate("CR or better", "cr_or_better", Response::Complete),
        ]
    }

    /// DLTs of everybody who was infused.
    pub fn dlt_counts(&self) -> DltCounts {
        let mut counts = DltCounts::default();
        for (_, outcome) in self.followed() {
            match outcome.dlt {
                DltStatus::Dlt(_) => {
                    counts.evaluable += 1;
                    counts.dlts += 1;
                }
                DltStatus::None => counts.evaluable += 1,
                DltStatus::Pending { .. } => counts.pending += 1,
                DltStatus::NotEvaluable { .. } | DltStatus::Unknown => counts.not_evaluable += 1,
            }
        }
        counts
    }

    /// How many responses that the site adjudicated were compared, and how many differ.
    pub fn responses_compared(&self) -> (usize, usize) {
        let each = || self.outcomes.subjects.iter();
        let compared = each().map(|one| one.responses_compared as usize).sum();
        (compared, each().map(|one| one.response_differences.len()).sum())
    }

    /// A table with a line per subject, and what it comes to.
    pub fn text(&self) -> String {
        let mut rows = vec![
            ["subject", "arm", "by", "best", "response", "PD", "PFS", "OS", "CRS", "ICANS", "DLT"]
                .map(str::to_owned),
        ];
        for (row, outcome) in self.outcomes.subjects.iter().enumerate() {
            rows.push(self.line(row, outcome));
        }
        let mut text = aligned(&rows);
        let mut say = |line: &str| writeln!(text, "{line}").expect("a String takes every write");
        say("");
        let followed = self.followed().count();
        let all = self.study.subjects.len();
        say(&format!("{all} subjects, {followed} of them infused or observed"));
        for Rate { title, count, of, interval: (low, high), .. } in self.rates() {
            say(&format!(
                "{title}: {count} of {of} ({:.0} %, exact 95 % interval {:.0} to {:.0} %)",
                100.0 * f64::from(count) / f64::from(of.max(1)),
                100.0 * low,
                100.0 * high
            ));
        }
        let DltCounts { evaluable, dlts, pending, not_evaluable } = self.dlt_counts();
        if self.has_events {
            say(&format!(
                "DLT: {dlts} of {evaluable} evaluable; {pending} pending, {not_evaluable} not \
                 evaluable"
            ));
        } else {
            say("DLT: not told, there is no table of adverse events");
        }
        let (compared, differing) = self.responses_compared();
        if compared > 0 {
            say(&format!(
                "responses of the site: {compared} compared, {differing} different (see the report \
                 and `--explain`)"
            ));
        }
        say("days are elapsed days from the first infusion (day 0); + is censored");
        text
    }

    fn line(&self, row: usize, outcome: &SubjectOutcome) -> [String; 11] {
        let about = &self.study.subjects;
        let (id, arm) = (about.id[row].clone(), about.arm[row].clone());
        if !self.is_followed(row) {
            let nothing = String::new;
            let what = about.disposition[row].title().to_owned();
            return [
                id,
                arm,
                what,
                nothing(),
                nothing(),
                nothing(),
                nothing(),
                nothing(),
                nothing(),
                nothing(),
                nothing(),
            ];
        }
        let time =
            |time: TimeToEvent| format!("{}{}", day(time.days), if time.event { "" } else { "+" });
        let grade = |grade: Option<u8>| grade.map_or("-".to_owned(), |grade| grade.to_string());
        let dlt = match &outcome.dlt {
            DltStatus::None | DltStatus::Pending { .. } if !self.has_events => "-".to_owned(),
            DltStatus::Dlt(dlt) => format!("{} (day {})", dlt.term, day(dlt.day)),
            DltStatus::None => "none".to_owned(),
            DltStatus::Pending { .. } => "pending".to_owned(),
            DltStatus::NotEvaluable { .. } => "not evaluable".to_owned(),
            DltStatus::Unknown => "-".to_owned(),
        };
        let days = |value: Option<f64>| value.map_or("-".to_owned(), day);
        let by = outcome.measurable_by.code();
        [
            id,
            arm,
            if by.is_empty() { "none".to_owned() } else { by.to_owned() },
            outcome.best_response.code().to_owned(),
            days(outcome.first_response_day),
            days(outcome.progression_day),
            time(outcome.progression_free),
            time(outcome.overall),
            grade(outcome.crs.map(|episode| episode.grade)),
            grade(outcome.icans.map(|episode| episode.grade)),
            dlt,
        ]
    }

    /// The documented JSON of an evaluation.
    pub fn json(&self) -> Value {
        let subjects: Vec<Value> = (0..self.study.subjects.len())
            .map(|row| self.subject_json(row, &self.outcomes.subjects[row]))
            .collect();
        let rates: serde_json::Map<String, Value> = self
            .rates()
            .into_iter()
            .map(|rate| {
                let Rate { code, count, of, interval: (low, high), .. } = rate;
                (code.to_owned(), json!({ "count": count, "of": of, "low": low, "high": high }))
            })
            .collect();
        json!({
            "trial": self.protocol.id,
            "criteria": super::CRITERIA[0],
            "days": "elapsed days from the first infusion, day 0",
            "subjects": subjects,
            "rates": rates,
            "responses_compared": self.responses_compared().0,
            "dlt": self.has_events.then(|| self.dlt_counts()),
            "warnings": self.warnings,
        })
    }

    fn subject_json(&self, row: usize, outcome: &SubjectOutcome) -> Value {
        let about = &self.study.subjects;
        let visits: Vec<Value> = outcome
            .visits
            .iter()
            .map(|visit| {
                json!({
                    "day": visit.day,
                    "unconfirmed": visit.unconfirmed.code(),
                    "confirmed": visit.confirmed.code(),
                })
            })
            .collect();
        let lab_grades: Vec<Value> = outcome
            .lab_grades
            .iter()
            .map(|found| {
                json!({ "term": found.term.title(), "grade": found.worst, "day": found.day })
            })
            .collect();
        let code = |response: Option<Response>| response.map(Response::code);
        let differences: Vec<Value> = outcome
            .response_differences
            .iter()
            .map(|found| {
                json!({
                    "day": found.day,
                    "best": found.is_best,
                    "evaluator": found.evaluator,
                    "reported": found.reported.code(),
                    "computed": code(found.computed),
                    "confirmed": code(found.confirmed),
                    "because": found.because,
                })
            })
            .collect();
        json!({
            "subject": about.id[row],
            "arm": about.arm[row],
            "dose_level": about.dose_level[row],
            "disposition": about.disposition[row].code(),
            "measurable_by": outcome.measurable_by.code(),
            "best_response": outcome.best_response.code(),
            "first_response_day": outcome.first_response_day,
            "best_response_day": outcome.best_response_day,
            "complete_response_day": outcome.complete_response_day,
            "progression_day": outcome.progression_day,
            "progression_free": outcome.progression_free,
            "overall": outcome.overall,
            "response_duration": outcome.response_duration,
            "to_progression": outcome.to_progression,
            "to_next_therapy": outcome.to_next_therapy,
            "disease_free": outcome.disease_free,
            "relapse_from_complete_day": outcome.relapse_from_complete,
            "clinical_relapse": outcome.clinical_relapse.map(|relapse| {
                json!({ "day": relapse.day, "sign": relapse.sign.title() })
            }),
            "mrd": outcome.mrd,
            "crs": outcome.crs,
            "icans": outcome.icans,
            "gvhd_grade": outcome.gvhd_grade,
            "infusion_reaction_grade": outcome.infusion_reaction_grade,
            "off_tumour_grade": outcome.off_tumour_grade,
            "infection_grade": outcome.infection_grade,
            "lab_grades": lab_grades,
            "haematotoxicity": outcome.haematotoxicity,
            "cytopenia": outcome.cytopenia,
            "grade_differences": outcome.grade_differences,
            "response_differences": differences,
            "dlt": if self.has_events { dlt_json(&outcome.dlt) } else { Value::Null },
            "kinetics": outcome.kinetics,
            "kinetics_second": outcome.kinetics_second,
            "transgene": outcome.kinetics_transgene,
            "visits": visits,
        })
    }
}

fn dlt_json(status: &DltStatus) -> Value {
    match status {
        DltStatus::Dlt(dlt) => json!({
            "status": "dlt", "day": dlt.day, "term": dlt.term, "because": dlt.because,
        }),
        DltStatus::None => json!({ "status": "none" }),
        DltStatus::Pending { follow_up } => {
            json!({ "status": "pending", "follow_up_days": follow_up })
        }
        DltStatus::NotEvaluable { because } => {
            json!({ "status": "not-evaluable", "because": because })
        }
        DltStatus::Unknown => json!({ "status": "unknown" }),
    }
}

/// A day without digits that mean nothing.
fn day(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    rounded.to_string()
}

/// Columns under each other, two blanks between them.
fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let mut text = String::new();
    let widths: Vec<usize> = (0..N)
        .map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0))
        .collect();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths).filter(|(_, width)| **width > 0) {
            write!(line, "{cell:width$}  ").expect("a String takes every write");
        }
        writeln!(text, "{}", line.trim_end()).expect("a String takes every write");
    }
    text
}
