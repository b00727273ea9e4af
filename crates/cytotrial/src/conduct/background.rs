//! Events that no mechanism of the model makes: infusion reactions, infections, other toxicity.
//!
//! Probabilities and rates stand in `models/rrmm-signs.parameters.csv`; a replicate has its own.

/// The patient number that stands for the replicate itself.
pub const REPLICATE: u32 = u32::MAX;

/// The background of one replicate; symbols of the table in the order of the fields.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Background {
    /// Probability of any infusion reaction: NK, T.
    pub infusion_reaction: [f64; 2],
    /// Probability of an infusion reaction of grade 3: NK (T: none seen).
    pub infusion_reaction_severe: f64,
    /// Infections per day at normal counts.
    pub infection_hazard: f64,
    /// Factor on it without neutrophils.
    pub infection_neutropenia: f64,
    /// Factor on it without `IgG`.
    pub infection_hypogamma: f64,
    /// Share of infections of grade 3 or more.
    pub infection_severe: f64,
    /// Share of infections attributed to the product.
    pub infection_related: f64,
    /// Probability of another severe related event within 28 days.
    pub other_severe: f64,
    /// Probability that CRS of grade 4 is fatal.
    pub crs_death: f64,
    /// Damage of normal tissue (0 to 1) at grades 1 to 4.
    pub off_tumour: [f64; 4],
    /// Graft-versus-host damage: noticed from; rash (%) and stool (mL/day) and bilirubin (umol/L)
    /// at full damage; damage from which gut and liver show.
    pub host: [f64; 5],
}

impl Background {
    /// The background from named values.
    pub fn from_values(value: impl Fn(&str) -> f64) -> Self {
        Self {
            infusion_reaction: [
                value("infusion_reaction_any_nk"),
                value("infusion_reaction_any_cart"),
            ],
            infusion_reaction_severe: value("infusion_reaction_grade3_nk"),
            infection_hazard: value("infection_hazard"),
            infection_neutropenia: value("infection_neutropenia"),
            infection_hypogamma: value("infection_hypogamma"),
            infection_severe: value("infection_grade3_share"),
            infection_related: value("infection_related_share"),
            other_severe: value("other_severe_after_depletion"),
            crs_death: value("crs_death_given_grade_4"),
            off_tumour: [
                value("offtumour_grade1"),
                value("offtumour_grade2"),
                value("offtumour_grade3"),
                value("offtumour_grade4"),
            ],
            host: [
                value("gvhd_onset"),
                value("gvhd_rash_full"),
                value("gvhd_stool_full"),
                value("gvhd_bilirubin_full"),
                value("gvhd_stool_from"),
            ],
        }
    }
}
