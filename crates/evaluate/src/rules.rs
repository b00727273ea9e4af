//! The choices a protocol makes where published criteria leave room; every default is named.

use crate::criteria::astct_crs::CrsOptions;
use crate::criteria::astct_icans::IcansOptions;
use crate::criteria::ctcae::CtcaeOptions;
use crate::criteria::dlt::DltRules;
use crate::criteria::icaht::IcahtOptions;
use crate::criteria::imwg::ImwgOptions;
use crate::criteria::magic::GvhdOptions;
use crate::criteria::mrd::MrdOptions;
use crate::kinetics::KineticsOptions;
use serde::{Deserialize, Serialize};

/// All choices of one evaluation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rules {
    /// Myeloma response.
    pub imwg: ImwgOptions,
    /// Cytokine release syndrome.
    pub crs: CrsOptions,
    /// Neurotoxicity.
    pub icans: IcansOptions,
    /// Acute graft-versus-host disease.
    pub gvhd: GvhdOptions,
    /// Laboratory grades, the version for neutrophils included.
    pub ctcae: CtcaeOptions,
    /// Dose-limiting toxicity.
    pub dlt: DltRules,
    /// Cellular kinetics.
    pub kinetics: KineticsOptions,
    /// Censoring of progression-free survival and duration of response.
    pub censoring: Censoring,
    /// Longest time between assessments, days, before an event counts as seen after missed ones;
    /// the default is two intervals of 28 days and a window of 7.
    pub gap_days: f64,
    /// Where times to events start.
    pub origin: Origin,
    /// Which value is the baseline.
    pub baseline: Baseline,
    /// Minimal residual disease.
    pub mrd: MrdOptions,
    /// Haematotoxicity after effector cells.
    pub icaht: IcahtOptions,
    /// In time to progression: where a death that myeloma did not cause is censored.
    pub other_death: OtherDeath,
    /// A death before any next therapy is an event of the time to next therapy.
    pub next_therapy_counts_death: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            imwg: ImwgOptions::default(),
            crs: CrsOptions::default(),
            icans: IcansOptions::default(),
            gvhd: GvhdOptions::default(),
            ctcae: CtcaeOptions::default(),
            dlt: DltRules::default(),
            kinetics: KineticsOptions::default(),
            censoring: Censoring::default(),
            gap_days: 63.0,
            origin: Origin::default(),
            baseline: Baseline::default(),
            mrd: MrdOptions::default(),
            icaht: IcahtOptions::default(),
            other_death: OtherDeath::default(),
            next_therapy_counts_death: true,
        }
    }
}

/// Rule set for censoring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Censoring {
    /// Censored before new therapy and before two or more missed assessments (FDA guidance 2007).
    #[default]
    Fda,
    /// New therapy and gaps are ignored (treatment policy, EMA).
    Ema,
}

/// Which value is the baseline: the last one on or before that day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Baseline {
    /// The first study treatment: in cell therapy the first day of lymphodepletion.
    #[default]
    FirstTreatment,
    /// The first infusion.
    Infusion,
}

/// Where a death that myeloma did not cause is censored in the time to progression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OtherDeath {
    /// At the death.
    #[default]
    AtDeath,
    /// At the last evaluable assessment before it.
    AtAssessment,
}

/// Where times to events start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The first infusion, day 0.
    #[default]
    Infusion,
    /// The day of enrolment.
    Enrolment,
}
