//! Myeloma as a laboratory sees it: paraprotein, light chains, marrow, residual disease, lesions.

use records::{Analyte, Isotype, LightChain};

use super::Observer;

/// The truth about the disease at one visit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Disease {
    /// M-protein, g/L.
    pub m_protein: f64,
    /// Involved and uninvolved free light chain, mg/L.
    pub light_chains: [f64; 2],
    /// Urine M-protein, mg/24h.
    pub urine: f64,
    /// Myeloma cells, 1e9.
    pub tumour: f64,
    /// Other nucleated cells of the marrow for the percentage, 1e9.
    pub marrow_other: f64,
    /// Normal plasma cells relative to a healthy marrow.
    pub normal_plasma_cells: f64,
    /// Sum of products of diameters of plasmacytomas, mm2; `None` when there was none at baseline.
    pub plasmacytoma: Option<f64>,
}

/// Serum immunofixation finds monoclonal free light chain in serum, mg/L: assumed.
const SERUM_FIXATION_LIGHT_CHAIN: f64 = 100.0;
/// Normal plasma cells of a whole healthy marrow, 1e9 cells (about 0.5 % of 1e12): assumed.
const NORMAL_PLASMA_CELLS: f64 = 5.0;
/// Smaller plasmacytomas are called gone, mm2 (5 mm x 5 mm): assumed.
const VISIBLE_PLASMACYTOMA: f64 = 25.0;

/// What is measured with an error in serum and urine.
pub const NOISY_IN_BLOOD: [Analyte; 4] = [
    Analyte::SerumMProtein,
    Analyte::UrineMProtein,
    Analyte::KappaFreeLightChain,
    Analyte::LambdaFreeLightChain,
];
/// What is measured with an error in marrow.
pub const NOISY_IN_MARROW: [Analyte; 2] =
    [Analyte::MarrowPlasmaCells, Analyte::MinimalResidualDisease];

/// Serum and urine.
pub fn blood_and_urine(
    observer: &mut Observer<'_>,
    disease: &Disease,
    isotype: Isotype,
    chain: LightChain,
) {
    let secretes_intact = !matches!(isotype, Isotype::LightChainOnly | Isotype::NonSecretory);
    observer.measure(Analyte::SerumMProtein, if secretes_intact { disease.m_protein } else { 0.0 });
    observer.measure(Analyte::UrineMProtein, disease.urine);
    let [involved, uninvolved] = disease.light_chains;
    let serum_positive = (secretes_intact
        && observer.detects(Analyte::SerumImmunofixation, disease.m_protein))
        || (isotype != Isotype::NonSecretory && involved >= SERUM_FIXATION_LIGHT_CHAIN);
    observer.write(Analyte::SerumImmunofixation, f64::from(u8::from(serum_positive)));
    let urine_positive = observer.detects(Analyte::UrineImmunofixation, disease.urine);
    observer.write(Analyte::UrineImmunofixation, f64::from(u8::from(urine_positive)));
    let (kappa, lambda) = match chain {
        LightChain::Kappa => (involved, uninvolved),
        LightChain::Lambda => (uninvolved, involved),
    };
    observer.measure(Analyte::KappaFreeLightChain, kappa);
    observer.measure(Analyte::LambdaFreeLightChain, lambda);
    match disease.plasmacytoma {
        Some(size) if size >= VISIBLE_PLASMACYTOMA => {
            observer.measure(Analyte::PlasmacytomaSize, size);
        }
        Some(_) => observer.write(Analyte::PlasmacytomaSize, 0.0),
        None => {}
    }
}

/// Aspirate: percentage by morphology, clonality, residual disease by flow or sequencing.
pub fn aspirate(observer: &mut Observer<'_>, disease: &Disease, sensitivity: f64) {
    let normal = NORMAL_PLASMA_CELLS * disease.normal_plasma_cells;
    let plasma_cells = disease.tumour + normal;
    let share = plasma_cells / (disease.marrow_other + plasma_cells);
    // Counting 500 cells: binomial error, taken as normal and kept within 0 and 1.
    let error =
        (share * (1.0 - share) / 500.0).sqrt() * observer.normal(Analyte::MarrowPlasmaCells);
    let percentage = (100.0 * (share + error)).clamp(0.0, 100.0);
    observer.write(Analyte::MarrowPlasmaCells, (percentage * 10.0).round() / 10.0);
    // Clonal fractions keep 1e12 nucleated cells as their denominator (baseline covariates,
    // "Coupling to the model").
    let fraction = disease.tumour / (1000.0 + disease.tumour);
    let clonal = observer.detects(Analyte::MarrowClonality, fraction);
    observer.write(Analyte::MarrowClonality, f64::from(u8::from(clonal)));
    let variation = observer.assays.of(Analyte::MinimalResidualDisease).variation;
    // A share, whatever the noise says.
    let value = (fraction
        * stats::math::exp(variation * observer.normal(Analyte::MinimalResidualDisease)))
    .min(1.0);
    let below = value < sensitivity;
    let day = observer.day;
    let written = if below { sensitivity } else { value };
    observer.findings.push(0, Analyte::MinimalResidualDisease, day, written, below);
    observer.write(Analyte::MrdSensitivity, sensitivity);
}
