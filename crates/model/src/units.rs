//! Units of measurement: their text, their sizes, and whether two fit together.

mod check;
mod parse;
mod table;

use std::fmt;

use crate::ir::Unit;

pub use check::{Checked, DimensionProblem, check};
pub use parse::{in_unit, parse, parse_with, quantity, range};

/// Text that is not a unit or a quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UnitProblem {
    /// Where, in characters from the start of the text.
    pub position: usize,
    /// How many characters it is about; at least 1.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// Names of the base units, in the order of [`Unit::exponents`].
const BASE: [&str; 8] =
    ["metre", "kilogram", "second", "mole", "degC", "ampere", "candela", "item"];
/// What they measure.
const MEASURES: [&str; 8] =
    ["length", "mass", "time", "amount", "temperature", "current", "light", "count"];

impl Unit {
    /// The unit of a pure number.
    pub const ONE: Unit = Unit { factor: 1.0, exponents: [0; 8] };

    /// Whether both measure the same thing.
    pub fn compatible(&self, other: &Unit) -> bool {
        self.exponents == other.exponents
    }

    /// By what a number in this unit is multiplied to give a number in `other`.
    pub fn factor_to(&self, other: &Unit) -> Option<f64> {
        self.compatible(other).then(|| self.factor / other.factor)
    }

    /// What it measures, in words: `mass/volume`.
    pub fn dimension(&self) -> String {
        if self.exponents == [0; 8] {
            return "a pure number".into();
        }
        let words = MEASURES.iter().zip(self.exponents).map(|(word, exponent)| match *word {
            "length" if exponent % 3 == 0 => ("volume", exponent / 3),
            _ => (*word, exponent),
        });
        quotient(words)
    }
}

impl fmt::Display for Unit {
    /// In base units, so that [`parse`] reads it back unchanged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = quotient(BASE.into_iter().zip(self.exponents));
        match names.strip_prefix("1/") {
            Some(below) => write!(f, "{}/{below}", number(self.factor)),
            None if names == "1" => write!(f, "{} * dimensionless", number(self.factor)),
            None => write!(f, "{} * {names}", number(self.factor)),
        }
    }
}

/// The shortest text that reads back as the same number.
pub(crate) fn number(value: f64) -> String {
    if value.is_infinite() {
        return "infinity".into();
    }
    if value.is_nan() {
        return "notanumber".into();
    }
    let plain = format!("{value}");
    let short = format!("{value:e}");
    if plain.len() > 7 && short.len() < plain.len() { short } else { plain }
}

/// `a*b^2/c` from words and their powers.
fn quotient<'a>(words: impl Iterator<Item = (&'a str, i8)>) -> String {
    let (mut above, mut below) = (Vec::new(), Vec::new());
    for (word, exponent) in words.filter(|(_, exponent)| *exponent != 0) {
        let side = if exponent < 0 { &mut below } else { &mut above };
        side.push(match exponent.unsigned_abs() {
            1 => word.to_owned(),
            power => format!("{word}^{power}"),
        });
    }
    if above.is_empty() {
        above.push("1".into());
    }
    below.insert(0, above.join("*"));
    below.join("/")
}
