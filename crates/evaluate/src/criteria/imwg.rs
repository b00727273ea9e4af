//! Myeloma response by the IMWG consensus of 2016.
//!
//! Kumar et al., Lancet Oncol 2016;17:e328-46. What its text leaves open is an option of
//! [`ImwgOptions`]. Serum M-protein in g/L (10 g/L = 1 g/dL), urine in mg/24 h, light chains in
//! mg/L, marrow in per cent. Nothing is rounded; comparisons tolerate 1e-9.

pub mod confirm;
pub mod explain;
pub mod level;
pub mod options;
pub mod relapse;
pub mod visit;

pub use options::{
    ImwgOptions, ImwgVersion, MarrowBest, MarrowSample, Nadir, RelapseHaemoglobin,
    UnseenPlasmacytoma, VgprUrine,
};

use super::Criterion;
use crate::index::SubjectRecords;
use crate::outcome::{Response, SubjectOutcome, VisitResponse};
use crate::rules::Rules;
use records::DeathCause;

/// The criterion.
pub const CRITERION: MyelomaResponse = MyelomaResponse;

/// The day of confirmed progression. Of what was measured it needs [`visit::MARKERS`] only.
pub fn progression(subject: &SubjectRecords<'_>, options: &ImwgOptions) -> Option<f64> {
    let levels = levels(subject, options).2;
    confirmed(subject, &levels, options).progression_day
}

/// Baseline, visits, and the level of each by itself.
fn levels(
    subject: &SubjectRecords<'_>,
    options: &ImwgOptions,
) -> (visit::Baseline, Vec<visit::Visit>, Vec<level::Level>) {
    let baseline = visit::baseline(subject, options);
    let visits = visit::after_baseline(subject, options);
    let levels = level::levels(&baseline, &visits, options);
    (baseline, visits, levels)
}

/// What further assessments confirm.
fn confirmed(
    subject: &SubjectRecords<'_>,
    levels: &[level::Level],
    options: &ImwgOptions,
) -> confirm::Confirmed {
    let myeloma_death =
        subject.death_day.filter(|_| subject.death_cause == Some(DeathCause::Myeloma));
    confirm::confirm(levels, subject.new_therapy_day, myeloma_death, options)
}

/// Myeloma response, IMWG 2016.
#[derive(Debug, Clone, Copy)]
pub struct MyelomaResponse;

impl Criterion for MyelomaResponse {
    fn name(&self) -> &'static str {
        "imwg"
    }

    fn title(&self) -> &'static str {
        "Myeloma response, IMWG 2016"
    }

    fn source(&self) -> &'static str {
        "Kumar et al., Lancet Oncol 2016;17:e328-46"
    }

    fn assess(&self, subject: &SubjectRecords<'_>, rules: &Rules, outcome: &mut SubjectOutcome) {
        let options = &rules.imwg;
        let (baseline, visits, levels) = levels(subject, options);
        let confirmed = confirmed(subject, &levels, options);
        outcome.measurable_by = baseline.measurable;
        outcome.best_response = confirmed.best;
        outcome.progression_day = confirmed.progression_day;
        let first = |response: Response| confirm::first_day(&levels, &confirmed, response);
        outcome.first_response_day = first(Response::Partial);
        outcome.complete_response_day = first(Response::Complete);
        outcome.best_response_day =
            confirmed.best.is_response().then(|| first(confirmed.best)).flatten();
        outcome.relapse_from_complete = outcome
            .complete_response_day
            .and_then(|day| relapse::from_complete(&visits, day, confirmed.progression_day));
        outcome.clinical_relapse =
            relapse::clinical(subject, options, confirmed.progression_day);
        outcome.visits = levels
            .iter()
            .zip(&confirmed.status)
            .map(|(level, &status)| VisitResponse {
                day: level.day,
                unconfirmed: level.level,
                confirmed: status,
            })
            .collect();
    }
}
