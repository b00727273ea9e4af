//! Virtual patients: covariates drawn from a population file, screened by a protocol's criteria.
//!
//! Marginal laws, a Gaussian copula between some of them, conditions, and formulas; sources stand
//! beside every row of the file. A draw is addressed by seed, replicate, patient and covariate.

use std::collections::BTreeMap;

use stats::special::normal_cdf;
use stats::{Purpose, stream};

pub mod address;
pub mod baseline;
pub mod copula;
pub mod eligibility;
mod entry;
pub mod expression;
pub mod quantile;
mod read;
mod token;
pub mod units;

pub use eligibility::Eligibility;
pub use read::{read, read_values};

use copula::Copula;
use expression::{Expression, Name};
use quantile::Quantile;

/// Where a number of a population comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    /// The group of patients it was written for; empty where that has no meaning.
    pub population: String,
    /// Publication, record or reason.
    pub source: String,
    /// `SEEN ...`, `RECALLED ...`, `assumed ...` or `-`.
    pub verification: String,
    /// A to D, or `-` for a definition.
    pub grade: String,
    /// What to know besides; may be empty.
    pub note: String,
}

/// The law of a covariate, for all patients or for those who meet a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Law {
    /// Covariate by index, and the value that it must have; `None` for the rest of the patients.
    pub condition: Option<(usize, f64)>,
    /// The law.
    pub quantile: Quantile,
    /// Where it comes from.
    pub evidence: Evidence,
}

/// How a covariate gets its value.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// Drawn; laws with a condition first.
    Drawn(Vec<Law>),
    /// Computed from other covariates.
    Formula(Expression, String, Evidence),
}

/// One covariate.
#[derive(Debug, Clone, PartialEq)]
pub struct Covariate {
    /// Its name in files.
    pub name: String,
    /// Its name in reports.
    pub title: String,
    /// Its unit.
    pub unit: String,
    /// Names of its categories, in order; empty for a number.
    pub categories: Vec<String>,
    /// The value that stands for each category: the number where every name is one, else the
    /// position.
    pub codes: Vec<f64>,
    /// How it gets its value.
    pub rule: Rule,
    address: u32,
    score: Option<usize>,
}

/// A correlation between the normal scores of two covariates.
#[derive(Debug, Clone, PartialEq)]
pub struct Correlation {
    /// The covariates, as indices.
    pub between: [usize; 2],
    /// The correlation.
    pub rho: f64,
    /// Where it comes from.
    pub evidence: Evidence,
}

/// A number that turns covariates into model parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Coupling {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// The value used when what is not known is held fixed.
    pub typical: f64,
    /// The range of what is not known.
    pub range: [f64; 2],
    /// Where it comes from.
    pub evidence: Evidence,
}

/// What a published cohort reported.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// The covariate, as an index.
    pub covariate: usize,
    /// The cohort.
    pub cohort: String,
    /// Its size.
    pub subjects: Option<u32>,
    /// What was reported.
    pub statistic: baseline::Statistic,
    /// Of what: a covariate, or the criterion of a share.
    pub of: Expression,
    /// The same as written.
    pub of_text: String,
    /// The value, in the covariate's unit; a share as a fraction.
    pub value: f64,
    /// Where it comes from.
    pub evidence: Evidence,
}

/// What virtual patients are drawn from.
#[derive(Debug, Clone, PartialEq)]
pub struct Population {
    /// Its name.
    pub name: String,
    /// Who they are, in words.
    pub title: String,
    /// The covariates, in the order of the file.
    pub covariates: Vec<Covariate>,
    /// The correlations that are listed.
    pub correlations: Vec<Correlation>,
    /// Numbers that turn covariates into model parameters.
    pub couplings: Vec<Coupling>,
    /// Published cohorts to show beside what is drawn.
    pub published: Vec<Published>,
    names: Vec<Name>,
    index: BTreeMap<String, usize>,
    /// Indices in an order in which every condition and formula uses only earlier ones.
    order: Vec<usize>,
    /// The covariates in the copula, in the order of its rows.
    correlated: Vec<usize>,
    copula: Copula,
}

/// One virtual patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Patient {
    /// A value per covariate, in the population's order; for categories see [`Covariate::codes`].
    pub covariates: Vec<f64>,
}

impl Population {
    /// A patient: the same whatever else is drawn, and in whichever order.
    pub fn draw(&self, seed: u64, replicate: u32, patient: u32) -> Patient {
        let draws = stream(seed, replicate, patient, Purpose::Covariates);
        let mut scores: Vec<f64> =
            self.correlated.iter().map(|&i| draws.normal(self.covariates[i].address)).collect();
        self.copula.correlate(&mut scores);
        let mut values = vec![0.0; self.covariates.len()];
        for &i in &self.order {
            let covariate = &self.covariates[i];
            values[i] = match &covariate.rule {
                Rule::Formula(formula, _, _) => formula.value(&values),
                Rule::Drawn(laws) => {
                    let uniform = match covariate.score {
                        Some(row) => normal_cdf(scores[row]),
                        None => draws.uniform(covariate.address),
                    };
                    let value = law(laws, &values).quantile.at(uniform);
                    if covariate.codes.is_empty() { value } else { covariate.codes[value as usize] }
                }
            };
        }
        Patient { covariates: values }
    }

    /// Position of a covariate.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// A patient's value of a covariate that every population has, or that the caller looked up.
    pub fn value(&self, patient: &Patient, name: &str) -> f64 {
        patient.covariates[self.known(name)]
    }

    /// The name of a patient's category; empty for a covariate that is a number.
    pub fn category(&self, patient: &Patient, name: &str) -> &str {
        let i = self.known(name);
        self.covariates[i].category(patient.covariates[i])
    }

    /// The median of a covariate drawn by one law for everybody; `None` for any other.
    pub fn median(&self, name: &str) -> Option<f64> {
        match &self.covariates[self.index(name)?].rule {
            Rule::Drawn(laws) if laws.len() == 1 => Some(laws[0].quantile.at(0.5)),
            _ => None,
        }
    }

    /// The correlation of two covariates' normal scores, by the rule for pairs not listed:
    /// rho(a, burden) x rho(b, burden), 0 when either is not listed with burden (assumed).
    pub fn correlation(&self, a: usize, b: usize) -> f64 {
        if a == b {
            return 1.0;
        }
        let listed = |a: usize, b: usize| {
            let pair = |found: &&Correlation| found.between == [a, b] || found.between == [b, a];
            self.correlations.iter().find(pair).map(|found| found.rho)
        };
        let through =
            |c: usize| self.index("burden").and_then(|burden| listed(c, burden)).unwrap_or(0.0);
        listed(a, b).unwrap_or_else(|| through(a) * through(b))
    }

    /// The names that expressions over these covariates may use.
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    fn known(&self, name: &str) -> usize {
        self.index(name).unwrap_or_else(|| panic!("`{name}` is in every checked population"))
    }
}

impl Covariate {
    /// The name of the category that a value stands for; empty for a number.
    #[allow(clippy::float_cmp, reason = "codes are whole numbers that were copied, not computed")]
    pub fn category(&self, value: f64) -> &str {
        let place = self.codes.iter().position(|code| *code == value);
        place.map_or("", |place| &self.categories[place])
    }
}

/// The first law whose condition holds.
#[allow(clippy::float_cmp, reason = "codes are whole numbers that were copied, not computed")]
fn law<'a>(laws: &'a [Law], values: &[f64]) -> &'a Law {
    laws.iter()
        .find(|law| law.condition.is_none_or(|(covariate, code)| values[covariate] == code))
        .expect("a checked population has a law for every patient")
}

#[cfg(test)]
mod tests;
