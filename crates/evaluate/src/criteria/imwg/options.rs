//! What the consensus on myeloma response leaves open: every choice has a name and a default.

use crate::outcome::Response;
use serde::{Deserialize, Serialize};

/// What the consensus leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
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
    /// The size of plasmacytomas holds until they are measured again; otherwise a visit without
    /// imaging shows no response better than stable in a subject that had any.
    pub lesions_carried_forward: bool,
    /// A plasmacytoma that is measured in a subject whose lesions were never measured before.
    pub unseen_plasmacytoma: UnseenPlasmacytoma,
    /// Of several marrow samples at one assessment (aspirate, biopsy).
    pub marrow: MarrowSample,
    /// The best response that marrow alone can show, where nothing else is measurable.
    pub marrow_best: MarrowBest,
    /// Progression at the last assessment, alive, counts without a second assessment.
    pub count_unconfirmed_last_pd: bool,
    /// Values within this time of the first belong to one assessment, days (assumed: 3), unless a
    /// marker is measured again on a later day: that begins the next.
    pub visit_span_days: f64,
    /// Whether a fall of haemoglobin is a sign of clinical relapse.
    pub relapse_haemoglobin: RelapseHaemoglobin,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ImwgVersion {
    /// The consensus of 2016.
    #[default]
    #[serde(rename = "imwg-2016")]
    Imwg2016,
}

/// The value progression is measured from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nadir {
    /// The lowest earlier value, baseline included.
    #[default]
    LowestAny,
    /// The lowest earlier value that the next one confirmed, or baseline.
    LowestConfirmed,
}

/// Whether a very good partial response needs a urine value where urine was not measurable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VgprUrine {
    /// It does.
    #[default]
    Required,
    /// A missing value counts as none.
    NotRequired,
}

/// What a plasmacytoma is that is measured where nothing was measured before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnseenPlasmacytoma {
    /// Old or new: nobody can tell, unless it is told to be a new lesion.
    #[default]
    NotKnown,
    /// New, which is progression.
    New,
}

/// Which of several marrow samples at one assessment counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarrowSample {
    /// The one with most plasma cells.
    #[default]
    Highest,
    /// The last.
    Last,
}

/// The best response that marrow alone can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarrowBest {
    /// Partial response: the consensus defines no more.
    #[default]
    Partial,
    /// A fall of at least 90% is a very good partial response.
    VeryGoodPartial,
}

impl MarrowBest {
    /// The response.
    pub fn response(self) -> Response {
        match self {
            Self::Partial => Response::Partial,
            Self::VeryGoodPartial => Response::VeryGoodPartial,
        }
    }
}

/// Whether a fall of haemoglobin is a sign of clinical relapse; its cause is not on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RelapseHaemoglobin {
    /// Only from the day of progression on: before it the therapy may be the cause.
    #[default]
    WithProgression,
    /// At any time.
    Always,
    /// Never.
    Never,
}

impl Default for ImwgOptions {
    fn default() -> Self {
        Self {
            criteria: ImwgVersion::default(),
            nadir: Nadir::default(),
            vgpr_urine: VgprUrine::default(),
            carry_forward_days: 0.0,
            lesions_carried_forward: true,
            unseen_plasmacytoma: UnseenPlasmacytoma::default(),
            marrow: MarrowSample::default(),
            marrow_best: MarrowBest::default(),
            count_unconfirmed_last_pd: false,
            visit_span_days: 3.0,
            relapse_haemoglobin: RelapseHaemoglobin::default(),
            serum_measurable: 10.0,
            urine_measurable: 200.0,
            light_chain_measurable: 100.0,
            marrow_measurable: 30.0,
        }
    }
}
