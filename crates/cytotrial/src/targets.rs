//! Published results that predictions are shown beside, each with its role.

use crate::problem::Problem;

/// One published result.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Identifier in `evidence/targets.csv`.
    pub id: String,
    /// Product.
    pub product: String,
    /// Trial.
    pub trial: String,
    /// Patients, when given.
    pub patients: Option<u64>,
    /// Endpoint in words.
    pub endpoint: String,
    /// Dose or arm in words.
    pub dose: String,
    /// Estimate in its unit.
    pub estimate: Option<f64>,
    /// Unit.
    pub unit: String,
    /// Interval or range as published or computed.
    pub interval: Option<(f64, f64)>,
    /// `fit`, `hold-out`, `evidence`, `claim` or `context`.
    pub role: String,
    /// Source.
    pub source: String,
    /// Whether the source was read (`SEEN`) or recalled.
    pub verification: String,
}

/// Reads the table.
///
/// # Errors
/// A row without an identifier.
pub fn read(text: &str, file: &str) -> Result<Vec<Target>, Vec<Problem>> {
    let mut targets = Vec::new();
    let mut problems = Vec::new();
    for (line, row) in crate::parameters::rows(text) {
        let field =
            |name: &str| row.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
        let number = |name: &str| field(name).parse::<f64>().ok();
        if field("id").is_empty() {
            let help = "every published result has an identifier";
            let path = format!("line.{line}");
            problems.push(Problem::error("F203", file, path, "a row without an identifier", help));
            continue;
        }
        targets.push(Target {
            id: field("id"),
            product: field("product"),
            trial: field("trial"),
            patients: field("n").parse().ok(),
            endpoint: field("endpoint"),
            dose: field("arm_or_dose"),
            estimate: number("estimate"),
            unit: field("unit"),
            interval: number("ci_low").zip(number("ci_high")),
            role: field("role"),
            source: field("source"),
            verification: field("verification"),
        });
    }
    if problems.is_empty() { Ok(targets) } else { Err(problems) }
}

impl Target {
    /// The code of the measure that answers to this endpoint, and the factor from the published
    /// unit to the measure's own (0.01 for per cent).
    pub fn measure(&self) -> Option<(&'static str, f64)> {
        let code = match self.endpoint.as_str() {
            "ORR" => "orr",
            "CR" | "CR or sCR" => "cr",
            "sCR" => "scr",
            "MRD-negative conversion" | "MRD-negative" => "mrd-negative",
            "CRS any grade" => "crs",
            "CRS grade >=3" => "crs-grade-3-or-more",
            "neurotoxicity any grade" => "icans",
            "DLT" => "dlt",
            "Tmax median" => return Some(("tmax", 1.0)),
            "PFS median" => return Some(("pfs-median", 1.0)),
            "OS median" => return Some(("os-median", 1.0)),
            _ => return None,
        };
        Some((code, 0.01))
    }

    /// The 95 % interval of a share: published, or exact from estimate and number of patients.
    pub fn share_interval(&self) -> Option<(f64, f64)> {
        if let Some((low, high)) = self.interval {
            return Some((low / 100.0, high / 100.0));
        }
        let patients = self.patients.filter(|_| self.unit == "%")?;
        let events = (self.estimate? / 100.0 * patients as f64).round();
        Some(stats::interval::clopper_pearson(events as u32, patients as u32, 0.95))
    }
}
