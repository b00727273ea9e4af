//! Model parameters: read from a table, what is not known drawn per replicate, patients around it.
//!
//! Spread between patients and ignorance of the typical value are two things: the first is drawn
//! per patient, the second once per replicate. Both are addressed by the parameter's symbol.

use std::collections::BTreeMap;

use crate::population::quantile::Quantile;

mod patient;
mod survival;
mod table;
mod unknown;

pub use table::rows;
pub use unknown::{Typical, Unknown, unknown_couplings};

/// The numbers of a population that turn covariates into parameters.
pub(crate) use patient::COUPLINGS;

/// How a parameter differs between patients.
#[derive(Debug, Clone, PartialEq)]
pub enum Spread {
    /// Not at all.
    Fixed,
    /// By this law around the typical value.
    Between(Quantile),
    /// It follows from the patient's covariates.
    Covariate,
    /// It defines a product.
    Product,
    /// The model computes it from other parameters.
    Derived,
}

/// What a parameter belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Differs between patients.
    Patient,
    /// The same biology in everybody.
    Physiology,
    /// Follows from covariates.
    Covariate,
    /// Defines a product.
    Product,
    /// Keeps the computation sound.
    Numeric,
    /// Set by the protocol while the model runs.
    Port,
    /// The start of a state; the model computes it.
    Initial,
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Symbol in the model.
    pub symbol: String,
    /// What it is, in words.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Typical value.
    pub typical: f64,
    /// Spread between patients.
    pub spread: Spread,
    /// The same as written.
    pub spread_text: String,
    /// What is not known about the typical value; `None` where the table gives no range.
    pub range: Option<[f64; 2]>,
    /// Where the values come from.
    pub source: String,
    /// `SEEN ...`, `RECALLED ...` or `-`.
    pub verification: String,
    /// A to D, or `-` for a definition.
    pub grade: String,
    /// What it belongs to.
    pub role: Role,
}

/// The parameters of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterTable {
    /// What a patient's start sets, in the order of the table; drawn values are aligned with it.
    pub parameters: Vec<Parameter>,
    /// Ports and starts of states, which no draw touches.
    pub others: Vec<Parameter>,
    index: BTreeMap<String, usize>,
    addresses: Vec<u32>,
    places: Option<patient::Places>,
    survival: Option<survival::UntreatedSurvival>,
}

impl ParameterTable {
    /// The symbols that drawn values are aligned with.
    pub fn symbols(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().map(|parameter| parameter.symbol.as_str())
    }

    /// Position of a symbol among [`Self::parameters`].
    pub fn position(&self, symbol: &str) -> Option<usize> {
        self.index.get(symbol).copied()
    }

    /// Whether a product or an arm may set this name: a parameter or a coupling number.
    pub fn may_set(&self, name: &str) -> bool {
        self.index.contains_key(name) || COUPLINGS.contains(&name)
    }

    /// The names that a product or an arm may set.
    pub fn settable(&self) -> impl Iterator<Item = &str> {
        self.index.keys().map(String::as_str).chain(COUPLINGS.iter().copied())
    }

    /// How many parameters have each grade; ports and starts of states are not counted.
    pub fn counts_by_grade(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for parameter in &self.parameters {
            *counts.entry(parameter.grade.clone()).or_insert(0) += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests;
