//! A cell product: what is infused, how it is made, the model parameters that define it.

use std::collections::BTreeMap;

use stats::distribution::Distribution;

use super::Source;

/// A drug that belongs to a product: an antibody that its cells need.
#[derive(Debug, Clone, PartialEq)]
pub struct Companion {
    /// Dose, mg per kg of body weight.
    pub per_kilogram: f64,
    /// Days.
    pub days: Vec<f64>,
}

/// A cell product.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    /// Name, e.g. `NKG2D-CAR-NK`.
    pub name: String,
    /// `NK` or `T`.
    pub cell: String,
    /// `allogeneic` or `autologous`.
    pub origin: String,
    /// Donor source in words.
    pub donor: String,
    /// Targets.
    pub targets: Vec<String>,
    /// Ways it kills, in words.
    pub killing: Vec<String>,
    /// The model port that receives it, as named in the model, e.g. `dose_nk`.
    pub port: String,
    /// Whether published efficacy data stand behind it; an arm without is shown as a range only.
    pub published: bool,
    /// Made for the patient (true) or taken from stock.
    pub made_to_order: bool,
    /// Enrolment to first infusion, days.
    pub wait: Distribution,
    /// Probability that no lot is released for a patient; drawn once per replicate.
    pub release_failure: Distribution,
    /// Cells one lot can hold at most.
    pub max_per_lot: f64,
    /// Cells a lot yields, drawn per patient: delivered = min(assigned, yield).
    pub lot_yield: Distribution,
    /// Hazard of dropping out while waiting: per week, at the median burden; grows with the square
    /// root of burden over its median (reference model, section 4).
    pub waiting_hazard_per_week: f64,
    /// Anti-CD38 antibody given with the cells.
    pub anti_cd38: Option<Companion>,
    /// Model parameters that define the product.
    pub parameters: BTreeMap<String, f64>,
    /// Every value's source by its path.
    pub sources: BTreeMap<String, Source>,
}
