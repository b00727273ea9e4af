//! A protocol's inclusion criteria, checked against a patient's covariates.
//!
//! A criterion is an expression with units, e.g. `age >= 18 year` or `flc_ratio outside 0.26..1.65`.
//! `flc_ratio` is kappa over lambda as in the IMWG criteria, whichever chain is involved.

use super::expression::{Expression, Reading};
use super::{Patient, Population};
use crate::problem::Problem;

/// Parsed inclusion criteria.
#[derive(Debug, Clone, PartialEq)]
pub struct Eligibility {
    criteria: Vec<Expression>,
}

/// Reads inclusion criteria; the `index`-th one stands at `path.index` of `file`.
///
/// # Errors
/// Every criterion that cannot be read, names no covariate, or has a unit that does not fit.
pub fn parse(
    include: &[String],
    population: &Population,
    file: &str,
    path: &str,
) -> Result<Eligibility, Vec<Problem>> {
    let mut criteria = Vec::with_capacity(include.len());
    let mut problems = Vec::new();
    for (index, text) in include.iter().enumerate() {
        match Expression::parse(text, population.names(), &[], Reading::Criterion) {
            Ok(criterion) => criteria.push(criterion),
            Err(error) => problems.push(Problem::error(
                error.code,
                file,
                format!("{path}.{index}"),
                format!("in `{text}`: {}", error.message),
                error.help,
            )),
        }
    }
    if problems.is_empty() { Ok(Eligibility { criteria }) } else { Err(problems) }
}

impl Eligibility {
    /// The first criterion that a patient of `population` does not meet, by its index.
    pub fn first_failure(&self, population: &Population, patient: &Patient) -> Option<usize> {
        debug_assert_eq!(population.covariates.len(), patient.covariates.len());
        self.criteria.iter().position(|criterion| !criterion.holds(&patient.covariates))
    }

    /// Number of criteria.
    pub fn len(&self) -> usize {
        self.criteria.len()
    }

    /// Whether everybody is eligible.
    pub fn is_empty(&self) -> bool {
        self.criteria.is_empty()
    }
}
