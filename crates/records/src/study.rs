//! The study: subjects, exposures, findings, events.
//!
//! A simulated trial writes exactly these tables and a hospital exports them; `evaluate` reads
//! nothing else. Struct of arrays: one entry per row in every column of a table. Days are elapsed
//! days from the subject's first infusion (day 0; negative before it); study days without a day 0
//! appear only in exported tables. CDISC names: ADSL, ADEX, ADLB and its siblings, ADAE.

use crate::remarks::Remarks;
use crate::response::Response;
use crate::terms::{
    Analyte, DeathCause, Disposition, EventTerm, Isotype, LightChain, Sex, Treatment,
};

/// The whole study.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Study {
    /// The study's identifier, e.g. a registry number.
    pub name: String,
    /// One row per screened subject.
    pub subjects: Subjects,
    /// One row per administration.
    pub exposures: Exposures,
    /// One row per measured value.
    pub findings: Findings,
    /// One row per adverse event as the investigator reports it.
    pub events: Events,
    /// What is said beside measured values; empty in a simulated study.
    pub remarks: Remarks,
    /// One row per response that the site adjudicated; empty in a simulated study.
    pub responses: Responses,
}

/// One row per screened subject (ADSL). Days marked "calendar" count from the study's start, the
/// others from the subject's own first infusion (or, in an arm without one, the day it would be).
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Subjects {
    /// Subject identifier, unique in the study.
    pub id: Vec<String>,
    /// Arm the subject was assigned to.
    pub arm: Vec<String>,
    /// Dose level, 1-based; `None` where the arm does not escalate.
    pub dose_level: Vec<Option<u8>>,
    /// What became of the subject.
    pub disposition: Vec<Disposition>,
    /// Calendar day of screening.
    pub screened_calendar: Vec<f64>,
    /// Calendar day of the first infusion (day 0); `None` when never infused.
    pub infused_calendar: Vec<Option<f64>>,
    /// Day of enrolment (apheresis or request of a lot), before day 0.
    pub enrolled_day: Vec<f64>,
    /// Age at screening, years.
    pub age: Vec<f64>,
    /// Sex.
    pub sex: Vec<Sex>,
    /// Body weight, kg.
    pub weight: Vec<f64>,
    /// ECOG performance status.
    pub ecog: Vec<u8>,
    /// Prior lines of therapy.
    pub prior_lines: Vec<u8>,
    /// Isotype of the M-protein.
    pub isotype: Vec<Isotype>,
    /// Involved light chain.
    pub light_chain: Vec<LightChain>,
    /// Start of a new anti-myeloma therapy, day; `None` if none.
    pub new_therapy_day: Vec<Option<f64>>,
    /// Death, day; `None` if alive when last known.
    pub death_day: Vec<Option<f64>>,
    /// Cause of death as reported.
    pub death_cause: Vec<Option<DeathCause>>,
    /// Last day the subject was known alive.
    pub last_known_alive_day: Vec<f64>,
    /// Share of the planned product dose that was given, 0 to 1.
    pub dose_fraction: Vec<f64>,
}

/// One row per administration (ADEX).
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Exposures {
    /// Row of the subject in [`Subjects`].
    pub subject: Vec<u32>,
    /// What was given.
    pub treatment: Vec<Treatment>,
    /// Day of administration.
    pub day: Vec<f64>,
    /// Amount given, in the treatment's unit ([`Treatment::unit`]).
    pub amount: Vec<f64>,
    /// Amount assigned by the protocol, same unit; differs when a lot fell short.
    pub assigned: Vec<f64>,
}

/// One row per measured value (ADLB, ADVS, ADPC, ADTR, ... by [`Analyte::domain`]).
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Findings {
    /// Row of the subject in [`Subjects`].
    pub subject: Vec<u32>,
    /// What was measured.
    pub analyte: Vec<Analyte>,
    /// Day of sampling (actual, not nominal).
    pub day: Vec<f64>,
    /// Value in the analyte's unit ([`Analyte::unit`]); for coded analytes the code. When
    /// `below_limit` is set: the limit of quantification.
    pub value: Vec<f64>,
    /// The result is below the limit of quantification.
    pub below_limit: Vec<bool>,
}

/// One row per adverse event as reported (ADAE).
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Events {
    /// Row of the subject in [`Subjects`].
    pub subject: Vec<u32>,
    /// Which event.
    pub term: Vec<EventTerm>,
    /// First day.
    pub start: Vec<f64>,
    /// Last day; `None` while it lasts.
    pub end: Vec<Option<f64>>,
    /// The investigator's grade, 1 to 5.
    pub grade: Vec<u8>,
    /// The investigator thinks the cell product may have caused it.
    pub related: Vec<bool>,
}

/// One row per response that the site adjudicated (RS, ADRS). Nothing is judged from it: it is
/// compared with what is computed.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Responses {
    /// Row of the subject in [`Subjects`].
    pub subject: Vec<u32>,
    /// Day of the assessment; a best response may have none.
    pub day: Vec<Option<f64>>,
    /// The response.
    pub response: Vec<Response>,
    /// It is the best response, not that of one assessment.
    pub is_best: Vec<bool>,
    /// Who adjudicated, in the site's words; may be empty.
    pub evaluator: Vec<String>,
}

impl Study {
    /// Adds a subject with nothing else known; see [`Subjects::push`].
    pub fn push_subject(&mut self, id: &str, arm: &str) -> u32 {
        self.subjects.push(id, arm)
    }
}

impl Subjects {
    /// Number of subjects.
    pub fn len(&self) -> usize {
        self.id.len()
    }

    /// No subject at all.
    pub fn is_empty(&self) -> bool {
        self.id.is_empty()
    }

    /// Adds a subject with nothing else known, infused on calendar day 0; returns its row.
    pub fn push(&mut self, id: &str, arm: &str) -> u32 {
        let row = self.id.len() as u32;
        self.id.push(id.into());
        self.arm.push(arm.into());
        self.dose_level.push(None);
        self.disposition.push(Disposition::Infused);
        self.screened_calendar.push(0.0);
        self.infused_calendar.push(Some(0.0));
        self.enrolled_day.push(0.0);
        self.age.push(f64::NAN);
        self.sex.push(Sex::Female);
        self.weight.push(f64::NAN);
        self.ecog.push(0);
        self.prior_lines.push(0);
        self.isotype.push(Isotype::IgG);
        self.light_chain.push(LightChain::Kappa);
        self.new_therapy_day.push(None);
        self.death_day.push(None);
        self.death_cause.push(None);
        self.last_known_alive_day.push(0.0);
        self.dose_fraction.push(1.0);
        row
    }
}

impl Subjects {
    /// Adds a row of another study's subjects; returns its row here.
    pub fn push_row(&mut self, other: &Self, row: usize) -> u32 {
        let at = self.push(&other.id[row], &other.arm[row]) as usize;
        self.dose_level[at] = other.dose_level[row];
        self.disposition[at] = other.disposition[row];
        self.screened_calendar[at] = other.screened_calendar[row];
        self.infused_calendar[at] = other.infused_calendar[row];
        self.enrolled_day[at] = other.enrolled_day[row];
        self.age[at] = other.age[row];
        self.sex[at] = other.sex[row];
        self.weight[at] = other.weight[row];
        self.ecog[at] = other.ecog[row];
        self.prior_lines[at] = other.prior_lines[row];
        self.isotype[at] = other.isotype[row];
        self.light_chain[at] = other.light_chain[row];
        self.new_therapy_day[at] = other.new_therapy_day[row];
        self.death_day[at] = other.death_day[row];
        self.death_cause[at] = other.death_cause[row];
        self.last_known_alive_day[at] = other.last_known_alive_day[row];
        self.dose_fraction[at] = other.dose_fraction[row];
        at as u32
    }
}

impl Findings {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.subject.len()
    }

    /// No row at all.
    pub fn is_empty(&self) -> bool {
        self.subject.is_empty()
    }

    /// Makes room for so many more rows.
    pub fn reserve(&mut self, rows: usize) {
        self.subject.reserve(rows);
        self.analyte.reserve(rows);
        self.day.reserve(rows);
        self.value.reserve(rows);
        self.below_limit.reserve(rows);
    }

    /// Adds a row.
    #[inline]
    pub fn push(
        &mut self,
        subject: u32,
        analyte: Analyte,
        day: f64,
        value: f64,
        below_limit: bool,
    ) {
        self.subject.push(subject);
        self.analyte.push(analyte);
        self.day.push(day);
        self.value.push(value);
        self.below_limit.push(below_limit);
    }
}

impl Exposures {
    /// Adds a row.
    pub fn push(
        &mut self,
        subject: u32,
        treatment: Treatment,
        day: f64,
        amount: f64,
        assigned: f64,
    ) {
        self.subject.push(subject);
        self.treatment.push(treatment);
        self.day.push(day);
        self.amount.push(amount);
        self.assigned.push(assigned);
    }
}

impl Events {
    /// Adds a row.
    pub fn push(
        &mut self,
        subject: u32,
        term: EventTerm,
        start: f64,
        end: Option<f64>,
        grade: u8,
        related: bool,
    ) {
        self.subject.push(subject);
        self.term.push(term);
        self.start.push(start);
        self.end.push(end);
        self.grade.push(grade);
        self.related.push(related);
    }
}

impl Responses {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.subject.len()
    }

    /// No row at all.
    pub fn is_empty(&self) -> bool {
        self.subject.is_empty()
    }

    /// Adds a row.
    pub fn push(
        &mut self,
        subject: u32,
        day: Option<f64>,
        response: Response,
        is_best: bool,
        evaluator: &str,
    ) {
        self.subject.push(subject);
        self.day.push(day);
        self.response.push(response);
        self.is_best.push(is_best);
        self.evaluator.push(evaluator.to_owned());
    }
}
