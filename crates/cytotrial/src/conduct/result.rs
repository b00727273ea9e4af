//! What is kept of every simulated patient and trial: enough for every table, small enough for all.

use evaluate::{DltStatus, Outcomes, Response, SubjectOutcome, TimeToEvent};
use records::{Disposition, Study};

use super::course::Truth;
use super::trial::{Step, Trial};

/// One enrolled patient of one arm, as judged from the study, with the hidden truth beside it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PatientResult {
    /// The candidate's number in the replicate: the same person in every arm.
    pub patient: u32,
    /// Dose level, 1-based.
    pub level: Option<u8>,
    /// What became of the patient.
    pub disposition: Disposition,
    /// Days from enrolment to the first infusion, when infused.
    pub waited: Option<f64>,
    /// Cells given over cells assigned, all infusions together.
    pub dose_fraction: f64,
    /// Best confirmed response.
    pub response: Response,
    /// Days to the first confirmed partial response or better.
    pub first_response: Option<f64>,
    /// Residual disease negative at 1e-5; `None` without a sample that could tell.
    pub mrd_negative: Option<bool>,
    /// Progression-free survival.
    pub progression_free: TimeToEvent,
    /// Overall survival.
    pub overall: TimeToEvent,
    /// Duration of response.
    pub response_duration: Option<TimeToEvent>,
    /// CRS: worst grade (0 none), onset, duration.
    pub crs: (u8, Option<f64>, Option<f64>),
    /// ICANS: worst grade (0 none), onset.
    pub icans: (u8, Option<f64>),
    /// Acute graft-versus-host disease, overall grade.
    pub gvhd: u8,
    /// Damage of normal tissue, grade.
    pub off_tumour: u8,
    /// Infusion reaction, grade.
    pub infusion_reaction: u8,
    /// Infection, worst grade.
    pub infection: u8,
    /// Worst CTCAE grade of neutrophils, platelets, haemoglobin.
    pub cytopenia: [u8; 3],
    /// Neutropenia or thrombocytopenia of grade 3 or more not recovered by day 30.
    pub prolonged_cytopenia: bool,
    /// DLT: `Some(true)` had one, `Some(false)` none in a full window, `None` not evaluable.
    pub dlt: Option<bool>,
    /// Cells in blood: largest (cells/uL), its day, area to day 28, last quantifiable day.
    pub kinetics: Option<[f64; 4]>,
    /// What the model knew.
    pub truth: Truth,
}

/// One arm of one replicate.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ArmResult {
    /// Enrolled patients in order.
    pub patients: Vec<PatientResult>,
    /// Candidates who failed screening on the way.
    pub screen_failures: u32,
    /// Decisions of the design.
    pub history: Vec<Step>,
    /// Level chosen for expansion, 1-based.
    pub recommended: Option<usize>,
    /// Why the trial stopped early.
    pub stopped: Option<String>,
    /// The tables, for the first replicates only.
    pub study: Option<(Study, Outcomes)>,
}

/// A patient the solver gave up on.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct FailedPatient {
    /// Replicate.
    pub replicate: u32,
    /// Arm.
    pub arm: String,
    /// The candidate's number.
    pub patient: u32,
    /// How far the patient came, days from the first infusion.
    pub day: f64,
    /// The state to look at: the one with the largest error.
    pub state: String,
    /// The reason in words.
    pub what: String,
}

/// Judges a finished trial.
pub fn judge(trial: Trial<'_>, rules: &evaluate::Rules, keep: bool) -> ArmResult {
    let outcomes = evaluate::evaluate(&trial.study, rules);
    let mut patients = Vec::new();
    let mut screen_failures = 0;
    for (row, outcome) in outcomes.subjects.iter().enumerate() {
        match trial.truths[row] {
            (patient, Some(truth)) => {
                patients.push(patient_result(&trial.study, row, patient, outcome, truth));
            }
            (_, None) => screen_failures += 1,
        }
    }
    ArmResult {
        patients,
        screen_failures,
        history: trial.history,
        recommended: trial.recommended,
        stopped: trial.stopped,
        study: keep.then_some((trial.study, outcomes)),
    }
}

fn patient_result(
    study: &Study,
    row: usize,
    patient: u32,
    outcome: &SubjectOutcome,
    truth: Truth,
) -> PatientResult {
    use evaluate::LabTerm;
    let subjects = &study.subjects;
    let infused = subjects.infused_calendar[row];
    let worst = |term: LabTerm| {
        outcome.lab_grades.iter().find(|grade| grade.term == term).map_or(0, |grade| grade.worst)
    };
    PatientResult {
        patient,
        level: subjects.dose_level[row],
        disposition: subjects.disposition[row],
        waited: infused.map(|_| -subjects.enrolled_day[row]),
        dose_fraction: subjects.dose_fraction[row],
        response: outcome.best_response,
        first_response: outcome.first_response_day,
        mrd_negative: outcome.mrd.negative_1e5,
        progression_free: outcome.progression_free,
        overall: outcome.overall,
        response_duration: outcome.response_duration,
        crs: outcome.crs.map_or((0, None, None), |episode| {
            (episode.grade, Some(episode.onset), episode.end.map(|end| end - episode.onset))
        }),
        icans: outcome.icans.map_or((0, None), |episode| (episode.grade, Some(episode.onset))),
        gvhd: outcome.gvhd_grade,
        off_tumour: outcome.off_tumour_grade,
        infusion_reaction: outcome.infusion_reaction_grade,
        infection: outcome.infection_grade,
        cytopenia: [
            worst(LabTerm::Neutrophils),
            worst(LabTerm::Platelets),
            worst(LabTerm::Anaemia),
        ],
        prolonged_cytopenia: outcome.cytopenia.prolonged_neutropenia == Some(true)
            || outcome.cytopenia.prolonged_thrombocytopenia == Some(true),
        dlt: match outcome.dlt {
            DltStatus::Dlt(_) => Some(true),
            DltStatus::None => Some(false),
            _ => None,
        },
        kinetics: outcome.kinetics.and_then(|kinetics| {
            Some([kinetics.cmax?, kinetics.tmax?, kinetics.auc_28, kinetics.tlast?])
        }),
        truth,
    }
}
