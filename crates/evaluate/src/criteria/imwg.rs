//! Myeloma response by the IMWG consensus of 2016.
//!
//! Kumar et al., Lancet Oncol 2016;17:e328-46. What its text leaves open is an option of
//! [`ImwgOptions`]. Serum M-protein in g/L (10 g/L = 1 g/dL), urine in mg/24 h, light chains in
//! mg/L, marrow in per cent. Nothing is rounded; comparisons tolerate 1e-9.

pub mod confirm;
pub mod level;
pub mod visit;

use super::Criterion;
use crate::index::SubjectRecords;
use crate::outcome::{Response, SubjectOutcome, VisitResponse};
use crate::rules::Rules;
use records::DeathCause;
use serde::Deserialize;

/// The criterion.
pub const CRITERION: MyelomaResponse = MyelomaResponse;

/// Myeloma response, IMWG 2016.
#[derive(Debug, Clone, Copy)]
pub struct MyelomaResponse;

/// What the consensus leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImwgOptions {
    /// Which version of the criteria.
    pub criteria: ImwgVersion,
    /// The value progression is measured from.
    pub nadir: Nadir,
    /// Whether a very good partial response needs urine where urine was not measurable.
    pub vgpr_urine: VgprUrine,
    /// A urine value stands in for a missing one for this long, days.
    pub carry_forward_days: f64,
    /// Progression at the last assessment, alive, counts without a second assessment.
    pub count_unconfirmed_last_pd: bool,
    /// Values within this time of the first belong to one assessment, days (assumed: 3).
    pub visit_span_days: f64,
    /// Serum M-protein that is measurable, g/L.
    pub serum_measurable: f64,
    /// Urine M-protein that is measurable, mg/24 h.
    pub urine_measurable: f64,
    /// Involved free light chain that is measurable (with an abnormal ratio), mg/L.
    pub light_chain_measurable: f64,
    /// Marrow plasma cells that are measurable, %.
    pub marrow_measurable: f64,
}

/// Version of the criteria.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum ImwgVersion {
    /// The consensus of 2016.
    #[default]
    #[serde(rename = "imwg-2016")]
    Imwg2016,
}

/// The value progression is measured from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nadir {
    /// The lowest earlier value, baseline included.
    #[default]
    LowestAny,
    /// The lowest earlier value that the next one confirmed, or baseline.
    LowestConfirmed,
}

/// Whether a very good partial response needs a urine value where urine was not measurable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VgprUrine {
    /// It does.
    #[default]
    Required,
    /// A missing value counts as none.
    NotRequired,
}

impl Default for ImwgOptions {
    fn default() -> Self {
        Self {
            criteria: ImwgVersion::default(),
            nadir: Nadir::default(),
            vgpr_urine: VgprUrine::default(),
            carry_forward_days: 0.0,
            count_unconfirmed_last_pd: false,
            visit_span_days: 3.0,
            serum_measurable: 10.0,
            urine_measurable: 200.0,
            light_chain_measurable: 100.0,
            marrow_measurable: 30.0,
        }
    }
}

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
        let baseline = visit::baseline(subject, options);
        let visits = visit::after_baseline(subject, options);
        let levels = level::levels(&baseline, &visits, options);
        let myeloma_death =
            subject.death_day.filter(|_| subject.death_cause == Some(DeathCause::Myeloma));
        let confirmed =
            confirm::confirm(&levels, subject.new_therapy_day, myeloma_death, options);

        outcome.measurable_by = baseline.measurable;
        outcome.best_response = confirmed.best;
        outcome.progression_day = confirmed.progression_day;
        let first = |response: Response| confirm::first_day(&levels, &confirmed, response);
        outcome.first_response_day = first(Response::Partial);
        outcome.complete_response_day = first(Response::Complete);
        outcome.best_response_day =
            confirmed.best.is_response().then(|| first(confirmed.best)).flatten();
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
