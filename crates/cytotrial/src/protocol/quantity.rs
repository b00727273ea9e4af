//! Quantities as a person writes them, in the unit that the program counts in.

use model::units;
use stats::distribution::Distribution;

use super::Dose;

/// Why a text is not the quantity that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Problem code.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// What each unit counts, for messages.
const DUE: &[(&str, &str, &str)] = &[
    ("day", "a time is", "14 day"),
    ("mg/kg", "a drug per body weight is", "8 mg/kg"),
    ("mg/m2", "a drug per body surface is", "30 mg/m2"),
    ("mg", "an amount of a drug is", "10 mg"),
    ("cells", "cells are", "1e10 cells"),
    ("patients/day", "patients per time are", "1.2 patients/month"),
    ("1/day", "a rate is", "0.01 per day"),
    ("1/week", "a rate is", "0.025 per week"),
];

/// A quantity of that unit, as an example.
pub fn example(unit: &str) -> String {
    let known = DUE.iter().find(|(name, _, _)| *name == unit);
    known.map_or_else(|| format!("1 {unit}"), |(_, _, example)| (*example).to_owned())
}

/// The number of `text` in `unit`: `read("2 week", "day")` is 14.
pub fn read(text: &str, unit: &str) -> Result<f64, Fault> {
    let (value, found) = units::quantity(text).map_err(|problem| of_unit(text, problem))?;
    let wanted = units::parse(unit).expect("the program asks for units that exist");
    found.factor_to(&wanted).map(|factor| value * factor).ok_or_else(|| {
        let due = DUE.iter().find(|(name, _, _)| *name == unit);
        let due = due.map_or_else(|| format!("`{unit}` is"), |(_, due, _)| (*due).to_owned());
        wrong_dimension(text, &found, &due, &example(unit))
    })
}

/// A dose of cells: `2e6 cells/kg` or `4.5e8 cells`.
pub fn dose(text: &str) -> Result<Dose, Fault> {
    let (value, found) = units::quantity(text).map_err(|problem| of_unit(text, problem))?;
    let per_kilogram = units::parse("cells/kg").expect("a known unit");
    let flat = units::parse("cells").expect("a known unit");
    if let Some(factor) = found.factor_to(&per_kilogram) {
        return Ok(Dose::PerKilogram(value * factor));
    }
    if let Some(factor) = found.factor_to(&flat) {
        return Ok(Dose::Flat(value * factor));
    }
    Err(wrong_dimension(text, &found, "cells are", "2e6 cells/kg` or `4.5e8 cells"))
}

fn wrong_dimension(text: &str, found: &model::ir::Unit, due: &str, example: &str) -> Fault {
    let message = if found.compatible(&model::ir::Unit::ONE) {
        format!("`{text}` has no unit where {due} due")
    } else {
        format!("`{text}` is {} where {due} due", found.dimension())
    };
    Fault { code: "U101", message, help: format!("write it like `{example}`") }
}

fn of_unit(text: &str, problem: units::UnitProblem) -> Fault {
    let unknown = problem.message.starts_with("no unit is called");
    Fault {
        code: if unknown { "U102" } else { "U103" },
        message: format!("`{text}`: {}", problem.message),
        help: problem.help,
    }
}

/// A law of values in `unit`: `14 day`, `2..3 week`, `lognormal(median=22; sigma=0.25) day`, and
/// without a unit `0.7`, `0.5..0.9`, `beta(a=5; b=15)`.
pub fn law(text: &str, unit: &str) -> Result<Distribution, Fault> {
    let text = text.trim();
    if let Some(end) = text.rfind(')').filter(|_| text.contains('(') && text.contains('=')) {
        let (named, rest) = text.split_at(end + 1);
        let factor = read(&format!("1 {}", rest.trim()), unit)?;
        let law = Distribution::parse(named).map_err(|error| Fault {
            code: "V105",
            message: error.to_string(),
            help: "write it like `lognormal(median=22; sigma=0.25; lo=12; hi=60)`".to_owned(),
        })?;
        return scaled(law, factor).ok_or_else(|| Fault {
            code: "U103",
            message: format!("`{named}` cannot be turned into `{unit}`"),
            help: format!("give its numbers in `{unit}`"),
        });
    }
    if text.contains("..") {
        let (low, high, found) = units::range(text).map_err(|problem| of_unit(text, problem))?;
        let wanted = units::parse(unit).expect("the program asks for units that exist");
        let Some(factor) = found.factor_to(&wanted) else {
            return read(text.split_once("..").map_or(text, |(_, high)| high), unit)
                .map(|value| Distribution::Constant { value });
        };
        return Ok(Distribution::Uniform { lo: low * factor, hi: high * factor });
    }
    read(text, unit).map(|value| Distribution::Constant { value })
}

/// The law of `factor` times the value.
fn scaled(law: Distribution, factor: f64) -> Option<Distribution> {
    use Distribution as D;
    let by = |value: f64| value * factor;
    Some(match law {
        law if (factor - 1.0).abs() < 1e-12 => law,
        D::Normal { mean, sd, lo, hi } => {
            D::Normal { mean: by(mean), sd: by(sd), lo: by(lo), hi: by(hi) }
        }
        D::LogNormal { median, sigma, lo, hi } => {
            D::LogNormal { median: by(median), sigma, lo: by(lo), hi: by(hi) }
        }
        D::ZeroLogNormal { p_zero, median, sigma, lo, hi } => {
            D::ZeroLogNormal { p_zero, median: by(median), sigma, lo: by(lo), hi: by(hi) }
        }
        D::Constant { value } => D::Constant { value: by(value) },
        D::Weibull { shape, median } => D::Weibull { shape, median: by(median) },
        D::Uniform { lo, hi } => D::Uniform { lo: by(lo), hi: by(hi) },
        D::LogitNormal { .. } | D::Beta { .. } | D::Bernoulli { .. } | D::Categorical { .. } => {
            return None;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_come_in_the_unit_asked_for() {
        assert!((read("2 week", "day").unwrap() - 14.0).abs() < 1e-12);
        assert!((read("12 month", "day").unwrap() - 365.25).abs() < 1e-9);
        assert!(
            (read("1.2 patients/month", "patients/day").unwrap() - 1.2 / 30.4375).abs() < 1e-15
        );
        assert!((read("0.025 /week", "1/week").unwrap() - 0.025).abs() < 1e-15);
    }

    #[test]
    fn a_dose_in_mg_is_not_cells() {
        let fault = dose("50 mg").unwrap_err();
        assert_eq!(fault.code, "U101");
        assert_eq!(fault.message, "`50 mg` is mass where cells are due");
        assert_eq!(dose("2e6 cells/kg").unwrap(), Dose::PerKilogram(2e6));
        assert_eq!(dose("4.5e8 cells").unwrap(), Dose::Flat(4.5e8));
        assert_eq!(dose("4.5e8 cels").unwrap_err().code, "U102");
        assert_eq!(dose("cells").unwrap_err().code, "U103");
    }

    #[test]
    fn laws_carry_their_unit() {
        assert_eq!(law("2..3 week", "day").unwrap(), Distribution::Uniform { lo: 14.0, hi: 21.0 });
        assert_eq!(law("3 day", "day").unwrap(), Distribution::Constant { value: 3.0 });
        assert_eq!(law("14..21 mg", "day").unwrap_err().code, "U101");
        assert_eq!(law("beta(a=5; b=15)", "1").unwrap(), Distribution::Beta { a: 5.0, b: 15.0 });
        assert_eq!(law("lognormal(median=2; sigma=0.5)", "day").unwrap_err().code, "U101");
        let weeks = law("lognormal(median=2; sigma=0.5; lo=1; hi=4) week", "day").unwrap();
        assert!((weeks.quantile(0.5) - 14.0).abs() < 1.0);
    }
}
