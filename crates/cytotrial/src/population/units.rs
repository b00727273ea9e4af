//! The unit of a covariate or of a limit, reduced to a size and a dimension.

use model::units;

/// Size and dimension of a unit. Counted things have no dimension here, so that a limit may say
/// `cells/L` or `1/L`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dimension {
    /// Size in base units.
    pub factor: f64,
    /// Exponents of the base units, as in [`model::Unit`]; that of items is always 0.
    pub exponents: [i8; 8],
}

/// A plain number.
pub const PLAIN: Dimension = Dimension { factor: 1.0, exponents: [0; 8] };

const ITEM: usize = 7;

/// Reads a unit; the error says what is wrong and what to do.
pub fn dimension(text: &str) -> Result<Dimension, (String, String)> {
    let unit = units::parse(text).map_err(|problem| (problem.message, problem.help))?;
    let mut exponents = unit.exponents;
    exponents[ITEM] = 0;
    Ok(Dimension { factor: unit.factor, exponents })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_per_litre_and_one_per_litre_are_the_same() {
        let (a, b) = (dimension("1e9/L").unwrap(), dimension("1e9 cells/L").unwrap());
        assert_eq!(a, b);
    }
}
