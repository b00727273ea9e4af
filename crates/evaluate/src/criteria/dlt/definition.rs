//! The definition of a dose-limiting toxicity as data: what, from which grade, how long, when, by
//! whose opinion, with which exceptions.

use crate::criteria::ctcae::{CtcaeVersion, LabTerm};
use records::{Analyte, EventTerm};
use serde::{Deserialize, Serialize};

/// The definition of a dose-limiting toxicity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct DltRules {
    /// The window lasts at least this long after the first infusion, days.
    pub window_days: f64,
    /// The window lasts at least this long after the last infusion given within it, days.
    pub after_last_infusion_days: f64,
    /// A subject without a DLT counts only if this share of the planned dose was given.
    pub minimum_dose_fraction: f64,
    /// Marrow plasma cells from which a cytopenia is blamed on the disease, % (assumed: 10).
    pub marrow_disease_percent: f64,
    /// The version by which neutrophils are graded here, if not that of the whole evaluation.
    pub neutrophil_version: Option<CtcaeVersion>,
    /// The toxicities that count; one is enough.
    pub rules: Vec<DltRule>,
}

/// One toxicity that counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DltRule {
    /// What.
    pub finding: DltFinding,
    /// From this grade on.
    pub grade: u8,
    /// Only if it stays at that grade for longer than this, hours.
    #[serde(default)]
    pub longer_than_hours: f64,
    /// Only if it is still there after this day; such a rule is not bound to the window.
    #[serde(default)]
    pub beyond_day: Option<f64>,
    /// Not if the marrow is diseased (see `marrow-disease-percent`).
    #[serde(default)]
    pub without_marrow_disease: bool,
    /// Over once the grade is at most this; one below `grade` unless given. Reports have one grade
    /// and are over on their last day.
    #[serde(default)]
    pub resolved_at: Option<u8>,
    /// A window of its own: it begins within so many days of the first infusion.
    #[serde(default)]
    pub within_days: Option<f64>,
    /// Not if it begins before this day: what lymphodepletion is expected to do.
    #[serde(default)]
    pub not_before_day: Option<f64>,
    /// Not if it begins while this syndrome lasts, of which it is a part.
    #[serde(default)]
    pub not_during: Option<Syndrome>,
    /// Whose opinion on the cause is asked.
    #[serde(default)]
    pub attribution: Attribution,
}

/// A syndrome of effector cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Syndrome {
    /// Cytokine release syndrome.
    Crs,
    /// Neurotoxicity.
    Icans,
    /// Acute graft-versus-host disease.
    Gvhd,
}

/// Which reports count. What is found from signs and values always does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attribution {
    /// Those that the investigator thinks the product may have caused.
    #[default]
    Related,
    /// All.
    Any,
}

/// What a rule looks at. Reported events count only if the investigator thinks the product may have
/// caused them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DltFinding {
    /// Death that the product may have caused: from a syndrome of the product, or a related event
    /// of grade 5.
    Death,
    /// Cytokine release syndrome.
    Crs,
    /// Neurotoxicity.
    Icans,
    /// Acute graft-versus-host disease.
    Gvhd,
    /// Infection, as reported.
    Infection,
    /// Infusion reaction, as reported.
    InfusionReaction,
    /// Febrile neutropenia, as reported.
    FebrileNeutropenia,
    /// Damage to normal tissue that carries the target, as reported.
    OffTumourDamage,
    /// Other non-haematological event, as reported.
    OtherNonHaematological,
    /// Alanine or aspartate aminotransferase.
    LiverEnzymes,
    /// Bilirubin.
    Bilirubin,
    /// Creatinine.
    Creatinine,
    /// Neutrophils.
    Neutropenia,
    /// Platelets.
    Thrombocytopenia,
    /// Haemoglobin.
    Anaemia,
    /// An aminotransferase above 3 times and bilirubin above 2 times the upper limit of normal
    /// within 3 days of each other (Hy's law); other causes are for the committee to exclude.
    HysLaw,
}

impl DltFinding {
    /// The name in words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Death => "death",
            Self::Crs => "cytokine release syndrome",
            Self::Icans => "neurotoxicity",
            Self::Gvhd => "acute graft-versus-host disease",
            Self::Infection => "infection",
            Self::InfusionReaction => "infusion reaction",
            Self::FebrileNeutropenia => "febrile neutropenia",
            Self::OffTumourDamage => "off-tumour damage",
            Self::OtherNonHaematological => "other non-haematological toxicity",
            Self::LiverEnzymes => "aminotransferases increased",
            Self::Bilirubin => "bilirubin increased",
            Self::Creatinine => "creatinine increased",
            Self::Neutropenia => "neutropenia",
            Self::Thrombocytopenia => "thrombocytopenia",
            Self::Anaemia => "anaemia",
            Self::HysLaw => "Hy's law",
        }
    }

    pub(super) fn event(self) -> Option<EventTerm> {
        Some(match self {
            Self::Infection => EventTerm::Infection,
            Self::InfusionReaction => EventTerm::InfusionReaction,
            Self::FebrileNeutropenia => EventTerm::FebrileNeutropenia,
            Self::OffTumourDamage => EventTerm::OffTumourDamage,
            Self::OtherNonHaematological => EventTerm::OtherNonHaematological,
            _ => return None,
        })
    }

    pub(super) fn labs(self) -> &'static [(LabTerm, Analyte)] {
        match self {
            Self::LiverEnzymes => &[
                (LabTerm::AlanineAminotransferase, Analyte::AlanineAminotransferase),
                (LabTerm::AspartateAminotransferase, Analyte::AspartateAminotransferase),
            ],
            Self::Bilirubin => &[(LabTerm::Bilirubin, Analyte::Bilirubin)],
            Self::Creatinine => &[(LabTerm::Creatinine, Analyte::Creatinine)],
            Self::Neutropenia => &[(LabTerm::Neutrophils, Analyte::Neutrophils)],
            Self::Thrombocytopenia => &[(LabTerm::Platelets, Analyte::Platelets)],
            Self::Anaemia => &[(LabTerm::Anaemia, Analyte::Haemoglobin)],
            _ => &[],
        }
    }
}

impl DltRule {
    /// A rule without exceptions.
    pub fn new(finding: DltFinding, grade: u8, longer_than_hours: f64) -> Self {
        Self {
            finding,
            grade,
            longer_than_hours,
            beyond_day: None,
            without_marrow_disease: false,
            resolved_at: None,
            within_days: None,
            not_before_day: None,
            not_during: None,
            attribution: Attribution::Related,
        }
    }
}

impl Default for DltRules {
    fn default() -> Self {
        let rule = DltRule::new;
        let late = |finding| DltRule {
            beyond_day: Some(42.0),
            without_marrow_disease: true,
            ..rule(finding, 4, 0.0)
        };
        Self {
            window_days: 28.0,
            after_last_infusion_days: 14.0,
            minimum_dose_fraction: 0.8,
            marrow_disease_percent: 10.0,
            neutrophil_version: None,
            rules: vec![
                rule(DltFinding::Death, 5, 0.0),
                rule(DltFinding::Crs, 4, 0.0),
                rule(DltFinding::Crs, 3, 72.0),
                rule(DltFinding::Icans, 3, 0.0),
                rule(DltFinding::Gvhd, 3, 0.0),
                rule(DltFinding::Infection, 3, 72.0),
                rule(DltFinding::InfusionReaction, 4, 0.0),
                rule(DltFinding::InfusionReaction, 3, 24.0),
                rule(DltFinding::OffTumourDamage, 3, 72.0),
                rule(DltFinding::OtherNonHaematological, 3, 72.0),
                rule(DltFinding::LiverEnzymes, 3, 168.0),
                rule(DltFinding::Bilirubin, 3, 72.0),
                rule(DltFinding::Creatinine, 3, 72.0),
                late(DltFinding::Neutropenia),
                late(DltFinding::Thrombocytopenia),
            ],
        }
    }
}
