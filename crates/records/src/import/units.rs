//! Units as files write them, and their factor to the unit that the study keeps.
//!
//! Factors of bilirubin, creatinine and calcium: molar masses, as laboratories print them
//! (17.1, 88.4 and 0.2495).

use crate::terms::Analyte;

/// A conversion: canonical value = value x factor + offset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conversion {
    /// Factor.
    pub factor: f64,
    /// Offset, for temperatures.
    pub offset: f64,
}

impl Conversion {
    /// Nothing changes.
    pub const NONE: Self = Self { factor: 1.0, offset: 0.0 };

    /// The value in the canonical unit.
    pub fn apply(self, value: f64) -> f64 {
        // dividing by a whole number rounds once, multiplying by its reciprocal twice
        let inverse = (1.0 / self.factor).round();
        if self.factor < 1.0 && (inverse * self.factor - 1.0).abs() < 1e-12 {
            value / inverse + self.offset
        } else {
            value * self.factor + self.offset
        }
    }
}

const MASS_PER_VOLUME: &[(&str, f64)] =
    &[("g/L", 1.0), ("g/dL", 10.0), ("mg/dL", 0.01), ("mg/mL", 1.0), ("mg/L", 0.001)];
const MILLIGRAM_PER_LITRE: &[(&str, f64)] =
    &[("mg/L", 1.0), ("mg/dL", 10.0), ("g/L", 1000.0), ("ug/mL", 1.0), ("ug/L", 0.001)];
const PER_DAY: &[(&str, f64)] = &[
    ("mg/24h", 1.0),
    ("mg/24hr", 1.0),
    ("mg/24hrs", 1.0),
    ("mg/day", 1.0),
    ("mg/d", 1.0),
    ("g/24h", 1000.0),
    ("g/24hr", 1000.0),
    ("g/day", 1000.0),
    ("g/d", 1000.0),
];
const PERCENT: &[(&str, f64)] =
    &[("%", 1.0), ("pct", 1.0), ("percent", 1.0), ("fraction", 100.0), ("proportion", 100.0)];
const SHARE: &[(&str, f64)] = &[
    ("1", 1.0),
    ("fraction", 1.0),
    ("ratio", 1.0),
    ("%", 0.01),
    ("per 10^5", 1e-5),
    ("per 10^6", 1e-6),
    ("per million", 1e-6),
];
const AREA: &[(&str, f64)] = &[("mm2", 1.0), ("mm^2", 1.0), ("cm2", 100.0), ("cm^2", 100.0)];
const CELLS_PER_MICROLITRE: &[(&str, f64)] = &[
    ("cells/uL", 1.0),
    ("/uL", 1.0),
    ("cells/mm3", 1.0),
    ("10^6/L", 1.0),
    ("cells/mL", 0.001),
    ("/mL", 0.001),
    ("10^9/L", 1000.0),
    ("10^3/uL", 1000.0),
];
const COPIES: &[(&str, f64)] = &[
    ("copies/ug", 1.0),
    ("copies/ug DNA", 1.0),
    ("copies/ug gDNA", 1.0),
    ("copies/ng", 1000.0),
    ("copies/ng DNA", 1000.0),
];
const PICOGRAM: &[(&str, f64)] =
    &[("pg/mL", 1.0), ("ng/L", 1.0), ("ng/mL", 1000.0), ("ug/L", 1000.0), ("pg/dL", 0.01)];
const MICROGRAM_PER_LITRE: &[(&str, f64)] =
    &[("ug/L", 1.0), ("ng/mL", 1.0), ("ug/dL", 10.0), ("mg/L", 1000.0)];
const NANOGRAM: &[(&str, f64)] =
    &[("ng/mL", 1.0), ("ug/L", 1.0), ("pg/mL", 0.001), ("ug/mL", 1000.0)];
const COUNT: &[(&str, f64)] = &[
    ("10^9/L", 1.0),
    ("x10^9/L", 1.0),
    ("10e9/L", 1.0),
    ("G/L", 1.0),
    ("10^3/uL", 1.0),
    ("x10^3/uL", 1.0),
    ("10e3/uL", 1.0),
    ("10^3/mm3", 1.0),
    ("K/uL", 1.0),
    ("10^6/L", 0.001),
    ("/uL", 0.001),
    ("cells/uL", 0.001),
    ("/mm3", 0.001),
    ("cells/mm3", 0.001),
];
const ENZYME: &[(&str, f64)] = &[("U/L", 1.0), ("IU/L", 1.0), ("ukat/L", 60.0)];
const BILIRUBIN: &[(&str, f64)] = &[("umol/L", 1.0), ("mg/dL", 17.1), ("mg/L", 1.71)];
const CREATININE: &[(&str, f64)] = &[("umol/L", 1.0), ("mg/dL", 88.4), ("mmol/L", 1000.0)];
const CALCIUM: &[(&str, f64)] = &[("mmol/L", 1.0), ("mg/dL", 0.2495)];
const TEMPERATURE: &[(&str, f64)] = &[("degC", 1.0), ("C", 1.0), ("Celsius", 1.0)];
const FAHRENHEIT: &[&str] = &["degf", "f", "fahrenheit"];
const PRESSURE: &[(&str, f64)] = &[("mmHg", 1.0), ("kPa", 7.500_62)];
const FLOW: &[(&str, f64)] = &[("L/min", 1.0), ("LPM", 1.0)];
const STOOL: &[(&str, f64)] = &[("mL/day", 1.0), ("mL/24h", 1.0), ("mL/d", 1.0), ("L/day", 1000.0)];
const LENGTH: &[(&str, f64)] = &[("mm", 1.0), ("cm", 10.0)];
const SECONDS: &[(&str, f64)] = &[("s", 1.0), ("sec", 1.0), ("seconds", 1.0)];
const SALT: &[(&str, f64)] = &[("mmol/L", 1.0), ("mEq/L", 1.0)];
const RATIO: &[(&str, f64)] = &[("1", 1.0), ("ratio", 1.0), ("INR", 1.0)];
const PLAIN: &[(&str, f64)] = &[("count", 1.0), ("score", 1.0), ("code", 1.0), ("1", 1.0)];

/// The units an analyte may have in a file, the canonical one first.
pub fn known(analyte: Analyte) -> &'static [(&'static str, f64)] {
    match analyte {
        Analyte::Bilirubin => BILIRUBIN,
        Analyte::Creatinine => CREATININE,
        Analyte::Calcium => CALCIUM,
        Analyte::NormalizedRatio => RATIO,
        _ => match analyte.unit() {
            "g/L" => MASS_PER_VOLUME,
            "mg/24h" => PER_DAY,
            "mg/L" => MILLIGRAM_PER_LITRE,
            "%" => PERCENT,
            "1" => SHARE,
            "mm2" => AREA,
            "mm" => LENGTH,
            "s" => SECONDS,
            "mmol/L" => SALT,
            "cells/uL" => CELLS_PER_MICROLITRE,
            "copies/ug" => COPIES,
            "pg/mL" => PICOGRAM,
            "ug/L" => MICROGRAM_PER_LITRE,
            "ng/mL" => NANOGRAM,
            "degC" => TEMPERATURE,
            "mmHg" => PRESSURE,
            "L/min" => FLOW,
            "10^9/L" => COUNT,
            "U/L" => ENZYME,
            "mL/day" => STOOL,
            _ => PLAIN,
        },
    }
}

/// The unit that a file means when it says none: what laboratories and the criteria use most.
pub fn usual(analyte: Analyte) -> &'static str {
    match analyte {
        // the criteria's own unit
        Analyte::SerumMProtein => "g/dL",
        _ => analyte.unit(),
    }
}

/// Letters, digits and `%` in lower case; micro is `u`.
fn plain(unit: &str) -> String {
    unit.chars()
        .map(|letter| if matches!(letter, 'µ' | 'μ') { 'u' } else { letter })
        .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '%')
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

/// The conversion from a unit as it is written; `None` for a unit that the analyte cannot have.
pub fn conversion(analyte: Analyte, unit: &str) -> Option<Conversion> {
    let written = plain(unit);
    if analyte == Analyte::Temperature && FAHRENHEIT.contains(&written.as_str()) {
        return Some(Conversion { factor: 1.0 / 1.8, offset: -32.0 / 1.8 });
    }
    let factor = known(analyte).iter().find(|(name, _)| plain(name) == written)?.1;
    Some(Conversion { factor, offset: 0.0 })
}

/// Highest and, for the largest of many values, lowest plausible value in the canonical unit;
/// assumed, wide enough for the sickest patient and narrow enough for a unit taken for another.
pub fn plausible(analyte: Analyte) -> Option<(f64, f64)> {
    use Analyte as A;
    Some(match analyte {
        A::SerumMProtein | A::PolyclonalIgg => (0.0, 120.0),
        A::UrineMProtein | A::KappaFreeLightChain | A::LambdaFreeLightChain => (0.0, 40_000.0),
        A::Neutrophils | A::Lymphocytes => (0.0, 200.0),
        A::WhiteCells => (0.0, 500.0),
        A::Platelets => (0.0, 2500.0),
        A::Haemoglobin => (25.0, 230.0),
        A::Albumin => (10.0, 70.0),
        A::Calcium => (0.5, 6.0),
        A::Creatinine => (5.0, 2500.0),
        A::Bilirubin => (0.5, 1200.0),
        A::CReactiveProtein => (0.0, 1000.0),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_converts(analyte: Analyte, unit: &str, value: f64, want: f64) {
        let got = conversion(analyte, unit).unwrap().apply(value);
        assert!((got - want).abs() <= 1e-12 * want.abs(), "{value} {unit} is {got}");
    }

    #[test]
    fn units_convert_as_a_laboratory_would() {
        assert_converts(Analyte::SerumMProtein, "g/dL", 3.2, 32.0);
        assert_converts(Analyte::SerumMProtein, "g_dl", 3.2, 32.0);
        assert_converts(Analyte::SerumMProtein, "mg/dL", 3200.0, 32.0);
        assert_converts(Analyte::UrineMProtein, "g/24 h", 0.5, 500.0);
        assert_converts(Analyte::KappaFreeLightChain, "mg/dL", 12.5, 125.0);
        assert_converts(Analyte::Neutrophils, "/µL", 1500.0, 1.5);
        assert_converts(Analyte::Neutrophils, "10*9/L", 1.5, 1.5);
        assert_converts(Analyte::Platelets, "x10^3/uL", 150.0, 150.0);
        assert_converts(Analyte::Haemoglobin, "g/dL", 8.1, 81.0);
        assert_converts(Analyte::Creatinine, "mg/dL", 1.5, 132.6);
        assert_converts(Analyte::Bilirubin, "mg/dL", 2.0, 34.2);
        assert_converts(Analyte::Temperature, "degF", 100.4, 38.0);
        assert_converts(Analyte::MinimalResidualDisease, "%", 0.001, 1e-5);
    }

    #[test]
    fn every_analyte_knows_its_own_unit_first() {
        for &analyte in Analyte::ALL {
            assert_eq!(conversion(analyte, analyte.unit()), Some(Conversion::NONE), "{analyte:?}");
            assert!(conversion(analyte, usual(analyte)).is_some());
            assert_eq!(conversion(analyte, "furlong"), None);
        }
    }
}
