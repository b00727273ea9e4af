//! Survival without effective therapy, which ties two parameters of the hazard of death together.
//!
//! The hazard from myeloma is hMM (exp(kHz T) - 1). Only median survival is published
//! (Leukemia 2024;38:2554, n = 248: 13.8 months, 95 % interval 10.8 to 17.0), so the two are not
//! drawn apart: hMM follows kHz such that the typical untreated patient keeps the median survival
//! of the typical values.

use stats::math::exp;

use super::ParameterTable;

/// The typical untreated patient's survival.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct UntreatedSurvival {
    /// Position of the scale, hMM.
    pub(super) scale: usize,
    /// Position of the steepness, kHz.
    steepness: usize,
    typical_steepness: f64,
    /// Burden at even steps from the start to the median survival.
    burden: Vec<f64>,
}

/// Standard deviation of the logarithm of what is not known about survival: the half-width of
/// ln(10.8) to ln(17.0), over 1.96.
const LOG_SD: f64 = 0.1157;
/// The scale's ends at the 5 % and 95 % points of what is not known about survival.
pub(super) fn ends(scale: f64) -> [f64; 2] {
    let reach = LOG_SD * stats::special::normal_quantile(0.95);
    [scale * exp(-reach), scale * exp(reach)]
}

const STEPS: u32 = 400;
const LONGEST_DAYS: f64 = 20_000.0;

impl UntreatedSurvival {
    /// `None` when the table has no such hazard.
    pub(super) fn of(table: &ParameterTable) -> Option<Self> {
        let typical = |symbol: &str| Some(table.parameters[table.position(symbol)?].typical);
        let (scale, steepness) = (table.position("hMM")?, table.position("kHz")?);
        let (growth, capacity, start) = (typical("g")?, typical("Kmax")?, typical("T0")?);
        let (typical_scale, typical_steepness) = (typical("hMM")?, typical("kHz")?);
        // Logistic growth of the whole tumour, as in the model without any treatment.
        let burden_at = |day: f64| capacity / (1.0 + (capacity / start - 1.0) * exp(-growth * day));
        let mut survived = 0.0;
        let mut day = 0.0;
        while survived < std::f64::consts::LN_2 && day < LONGEST_DAYS {
            survived += typical_scale * (exp(typical_steepness * burden_at(day + 0.5)) - 1.0);
            day += 1.0;
        }
        let step = day / f64::from(STEPS);
        let burden = (0..STEPS).map(|k| burden_at((f64::from(k) + 0.5) * step)).collect();
        Some(Self { scale, steepness, typical_steepness, burden })
    }

    /// The scale that goes with the steepness among `values`; `score` is a standard normal.
    pub(super) fn scale(&self, values: &[f64], score: f64) -> f64 {
        let hazard = |steepness: f64| -> f64 {
            self.burden.iter().map(|burden| exp(steepness * burden) - 1.0).sum()
        };
        let kept = hazard(self.typical_steepness) / hazard(values[self.steepness]);
        values[self.scale] * kept * exp(-LOG_SD * score)
    }
}
