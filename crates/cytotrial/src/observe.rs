//! Truth to data: assays with noise, limits of quantification, and the signs a nurse writes down.
//!
//! Every draw has an address (patient, visit, analyte): a missed visit or another arm moves no
//! draw. Nothing but what is written here into a `Study` is seen by the endpoints.

use std::collections::BTreeMap;

use records::{Analyte, Findings};
use stats::stream::Stream;

use crate::problem::Problem;

pub mod marrow;
pub mod signs;

/// How well one analyte is measured.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Assay {
    /// Coefficient of variation of repeated measurements, 0 to 1.
    pub variation: f64,
    /// Limit of quantification in the analyte's unit; below it the result says so.
    pub limit: Option<f64>,
}

/// The assays of a trial, one per analyte, from `models/assays.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct Assays {
    by_analyte: Vec<Assay>,
}

impl Assays {
    /// Reads the table: `analyte,cv,lloq,unit,source,grade`, comment lines start with `#`.
    ///
    /// # Errors
    /// Unknown analytes, units that differ from the analyte's, and numbers that are none.
    pub fn read(text: &str, file: &str) -> Result<Self, Vec<Problem>> {
        let mut by_analyte = vec![Assay::default(); Analyte::ALL.len()];
        let mut problems = Vec::new();
        for (line, row) in crate::parameters::rows(text) {
            match Self::row(&row) {
                Ok((analyte, assay)) => by_analyte[analyte as usize] = assay,
                Err(message) => problems.push(Problem::error(
                    "F201",
                    file,
                    format!("line.{line}"),
                    message,
                    "one row per analyte: code, cv, lloq, unit, source, grade",
                )),
            }
        }
        if problems.is_empty() { Ok(Self { by_analyte }) } else { Err(problems) }
    }

    fn row(row: &BTreeMap<String, String>) -> Result<(Analyte, Assay), String> {
        let field = |name: &str| row.get(name).map_or("", |text| text.trim());
        let code = field("analyte");
        let analyte =
            Analyte::from_code(code).ok_or_else(|| format!("`{code}` is no known analyte"))?;
        let number = |name: &str| -> Result<Option<f64>, String> {
            match field(name) {
                "" => Ok(None),
                text => text
                    .parse::<f64>()
                    .ok()
                    .filter(|value| value.is_finite() && *value >= 0.0)
                    .map(Some)
                    .ok_or_else(|| format!("`{text}` in column `{name}` of {code} is no number")),
            }
        };
        let unit = field("unit");
        // A coded result has the limit of the quantity that it is read from.
        if analyte.unit() != "code" && unit != analyte.unit() {
            return Err(format!("{code} is in {}, not in `{unit}`", analyte.unit()));
        }
        Ok((analyte, Assay { variation: number("cv")?.unwrap_or(0.0), limit: number("lloq")? }))
    }

    /// The assay of an analyte.
    pub fn of(&self, analyte: Analyte) -> Assay {
        self.by_analyte[analyte as usize]
    }
}

/// The address of a visit: hours since day -200, so that no two visits share one.
pub fn slot(nominal_day: f64) -> u32 {
    ((nominal_day + 200.0) * 24.0).round().max(0.0) as u32
}

/// Writes the measurements of one patient at one visit.
pub struct Observer<'a> {
    /// Precision and limits.
    pub assays: &'a Assays,
    /// Where rows go.
    pub findings: &'a mut Findings,
    /// Actual day of sampling.
    pub day: f64,
    noise: Stream,
    slot: u32,
    /// Analytes whose draws stand in the two tables below.
    ahead: [bool; ANALYTES],
    normals: [f64; ANALYTES],
    /// By which a true value is multiplied.
    factors: [f64; ANALYTES],
}

const ANALYTES: usize = Analyte::ALL.len();
/// Addresses between two hours. Visits are a day or more apart, so that those of one never reach
/// another's.
const PLACES: u32 = 64;

impl<'a> Observer<'a> {
    /// An observer of the visit with that address, on its actual day. `noise` is the patient's
    /// stream for assay noise.
    pub fn new(
        assays: &'a Assays,
        findings: &'a mut Findings,
        noise: Stream,
        (slot, day): (u32, f64),
    ) -> Self {
        let (ahead, normals, factors) = ([false; ANALYTES], [0.0; ANALYTES], [1.0; ANALYTES]);
        Self { assays, findings, day, noise, slot, ahead, normals, factors }
    }

    /// Draws the errors of these analytes, eight at a time: quicker than one by one, and the same.
    pub fn draw_ahead(&mut self, analytes: &[Analyte]) {
        for some in analytes.chunks(8) {
            let analytes: [Analyte; 8] = std::array::from_fn(|k| some[k.min(some.len() - 1)]);
            let normals = self.noise.normals(analytes.map(|analyte| self.address(analyte)));
            let variations = analytes.map(|analyte| self.assays.of(analyte).variation);
            let logarithms = std::array::from_fn(|k| logarithm(variations[k], normals[k]));
            let factors = stats::math::exp_of_eight(logarithms);
            for (k, analyte) in analytes.into_iter().enumerate() {
                self.normals[analyte as usize] = normals[k];
                self.factors[analyte as usize] = factors[k];
                self.ahead[analyte as usize] = true;
            }
        }
    }

    fn address(&self, analyte: Analyte) -> u32 {
        self.slot * PLACES + analyte as u32
    }

    /// The standard normal of this visit and analyte.
    pub fn normal(&self, analyte: Analyte) -> f64 {
        if self.ahead[analyte as usize] {
            return self.normals[analyte as usize];
        }
        self.noise.normal(self.address(analyte))
    }

    /// What a measurement of this visit multiplies the true value by.
    fn factor(&self, analyte: Analyte) -> f64 {
        if self.ahead[analyte as usize] {
            return self.factors[analyte as usize];
        }
        let variation = self.assays.of(analyte).variation;
        stats::math::exp(logarithm(variation, self.normal(analyte)))
    }

    /// Measures a positive quantity with multiplicative noise.
    pub fn measure(&mut self, analyte: Analyte, truth: f64) {
        let assay = self.assays.of(analyte);
        let value = truth.max(0.0) * self.factor(analyte);
        match assay.limit {
            Some(limit) if value < limit => self.findings.push(0, analyte, self.day, limit, true),
            _ => self.findings.push(0, analyte, self.day, value, false),
        }
    }

    /// Whether a coded assay reads positive at this value of the quantity behind it.
    pub fn detects(&self, analyte: Analyte, truth: f64) -> bool {
        self.assays.of(analyte).limit.is_some_and(|limit| truth >= limit)
    }

    /// Writes a value as it is: codes, scores, counts.
    pub fn write(&mut self, analyte: Analyte, value: f64) {
        self.findings.push(0, analyte, self.day, value, false);
    }
}

/// The logarithm of a lognormal factor with mean 1.
fn logarithm(variation: f64, normal: f64) -> f64 {
    variation * normal - 0.5 * variation * variation
}
