//! Units of SBML: definitions over the base units, and names that every model has.

use roxmltree::Node;

use super::reader::{Reader, child, elements};
use crate::ir::{SymbolId, Unit};
use crate::nearest::did_you_mean;

/// Base units: size and exponents of metre, kilogram, second, mole, kelvin, ampere, candela, item.
/// The International System of Units (SI Brochure), 9th edition, 2019.
const BASE: [(&str, f64, [i8; 8]); 33] = [
    ("ampere", 1.0, [0, 0, 0, 0, 0, 1, 0, 0]),
    ("avogadro", 6.022_141_79e23, [0; 8]),
    ("becquerel", 1.0, [0, 0, -1, 0, 0, 0, 0, 0]),
    ("candela", 1.0, [0, 0, 0, 0, 0, 0, 1, 0]),
    ("coulomb", 1.0, [0, 0, 1, 0, 0, 1, 0, 0]),
    ("dimensionless", 1.0, [0; 8]),
    ("farad", 1.0, [-2, -1, 4, 0, 0, 2, 0, 0]),
    ("gram", 1e-3, [0, 1, 0, 0, 0, 0, 0, 0]),
    ("gray", 1.0, [2, 0, -2, 0, 0, 0, 0, 0]),
    ("henry", 1.0, [2, 1, -2, 0, 0, -2, 0, 0]),
    ("hertz", 1.0, [0, 0, -1, 0, 0, 0, 0, 0]),
    ("item", 1.0, [0, 0, 0, 0, 0, 0, 0, 1]),
    ("joule", 1.0, [2, 1, -2, 0, 0, 0, 0, 0]),
    ("katal", 1.0, [0, 0, -1, 1, 0, 0, 0, 0]),
    ("kelvin", 1.0, [0, 0, 0, 0, 1, 0, 0, 0]),
    ("kilogram", 1.0, [0, 1, 0, 0, 0, 0, 0, 0]),
    ("litre", 1e-3, [3, 0, 0, 0, 0, 0, 0, 0]),
    ("lumen", 1.0, [0, 0, 0, 0, 0, 0, 1, 0]),
    ("lux", 1.0, [-2, 0, 0, 0, 0, 0, 1, 0]),
    ("metre", 1.0, [1, 0, 0, 0, 0, 0, 0, 0]),
    ("mole", 1.0, [0, 0, 0, 1, 0, 0, 0, 0]),
    ("newton", 1.0, [1, 1, -2, 0, 0, 0, 0, 0]),
    ("ohm", 1.0, [2, 1, -3, 0, 0, -2, 0, 0]),
    ("pascal", 1.0, [-1, 1, -2, 0, 0, 0, 0, 0]),
    ("radian", 1.0, [0; 8]),
    ("second", 1.0, [0, 0, 1, 0, 0, 0, 0, 0]),
    ("siemens", 1.0, [-2, -1, 3, 0, 0, 2, 0, 0]),
    ("sievert", 1.0, [2, 0, -2, 0, 0, 0, 0, 0]),
    ("steradian", 1.0, [0; 8]),
    ("tesla", 1.0, [0, 1, -2, 0, 0, -1, 0, 0]),
    ("volt", 1.0, [2, 1, -3, 0, 0, -1, 0, 0]),
    ("watt", 1.0, [2, 1, -3, 0, 0, 0, 0, 0]),
    ("weber", 1.0, [2, 1, -2, 0, 0, -1, 0, 0]),
];

/// Names of Level 2 that a model may define anew.
const BUILT_IN: [(&str, &str, i8); 5] = [
    ("substance", "mole", 1),
    ("volume", "litre", 1),
    ("area", "metre", 2),
    ("length", "metre", 1),
    ("time", "second", 1),
];

pub(super) fn base(name: &str) -> Option<Unit> {
    let found = BASE.iter().find(|(known, ..)| *known == name);
    found.map(|(_, factor, exponents)| Unit { factor: *factor, exponents: *exponents })
}

/// unit^exponent, if its exponents stay small.
fn raised(unit: &Unit, exponent: i8) -> Option<Unit> {
    let mut exponents = unit.exponents;
    for value in &mut exponents {
        *value = value.checked_mul(exponent)?;
    }
    Some(Unit { factor: libm::pow(unit.factor, f64::from(exponent)), exponents })
}

impl<'a> Reader<'a> {
    /// `unitDefinition`
    pub(super) fn unit_definition(&mut self, node: Node<'a, 'a>) {
        if node.tag_name().name() != "unitDefinition" {
            return;
        }
        let Some(name) = self.required(node, "id") else { return };
        let mut product = Unit::ONE;
        let parts = child(node, "listOfUnits").into_iter().flat_map(elements);
        for part in parts.filter(|part| part.tag_name().name() == "unit") {
            let Some(unit) = self.unit(part) else { return };
            product.factor *= unit.factor;
            let sums = product.exponents.iter().zip(unit.exponents);
            let sums: Option<Vec<i8>> = sums.map(|(a, b)| a.checked_add(b)).collect();
            let fits = sums.and_then(|sums| <[i8; 8]>::try_from(sums).ok());
            let Some(exponents) = fits.filter(|_| product.factor.is_normal()) else {
                let message = format!("the unit `{name}` is too large or too small");
                let help = "check its multipliers, scales and exponents";
                return self.problem(self.source.span(part), message, help);
            };
            product.exponents = exponents;
        }
        if self.model.units.insert(name.to_owned(), product).is_some() {
            let message = format!("the unit `{name}` is defined twice");
            let span = self.source.attribute(node, "id");
            self.problem(span, message, "remove one of the definitions");
        }
    }

    /// (multiplier 10^scale kind)^exponent
    fn unit(&mut self, node: Node<'a, 'a>) -> Option<Unit> {
        let kind = self.required(node, "kind")?;
        let Some(unit) = base(kind) else {
            let help = did_you_mean(kind, BASE.iter().map(|(name, ..)| *name))
                .unwrap_or_else(|| "SBML names its base units in section 4.4.2".into());
            let span = self.source.attribute(node, "kind");
            self.problem(span, format!("no base unit is called `{kind}`"), help);
            return None;
        };
        let exponent = self.number(node, "exponent").unwrap_or(1.0);
        let scale = self.number(node, "scale").unwrap_or(0.0);
        let multiplier = self.number(node, "multiplier").unwrap_or(1.0);
        if multiplier.is_nan() || multiplier <= 0.0 {
            let message = format!("the multiplier {multiplier} of a unit is not above 0");
            let span = self.source.attribute(node, "multiplier");
            self.problem(span, message, "a unit is a positive multiple of base units");
            return None;
        }
        let factor = multiplier * libm::pow(10.0, scale) * unit.factor;
        let whole = exponent as i8;
        let raised = raised(&Unit { factor, ..unit }, whole);
        let Some(unit) = raised.filter(|_| f64::from(whole).to_bits() == exponent.to_bits()) else {
            let message = format!("the exponent {exponent} of a unit is not a small whole number");
            self.problem(
                self.source.attribute(node, "exponent"),
                message,
                "write the base differently",
            );
            return None;
        };
        Some(unit)
    }

    /// The unit of time of the model.
    pub(super) fn time_unit(&mut self, model: Node<'a, 'a>) {
        let name = model.attribute("timeUnits").unwrap_or(if self.level < 3 { "time" } else { "" });
        if let Some(unit) = self.known_unit(name) {
            self.model.units.entry("time_unit".to_owned()).or_insert(unit);
        }
    }

    fn known_unit(&self, name: &str) -> Option<Unit> {
        let built_in = || {
            let (_, name, exponent) = BUILT_IN.iter().find(|(known, ..)| *known == name)?;
            raised(&base(name)?, *exponent)
        };
        self.model.units.get(name).cloned().or_else(|| base(name)).or_else(built_in)
    }

    /// The unit that an attribute names.
    pub(super) fn unit_of(&mut self, node: Node<'a, 'a>, attribute: &str, id: SymbolId) {
        let Some(name) = node.attribute(attribute).map(str::trim) else { return };
        let Some(unit) = self.known_unit(name) else {
            let help = did_you_mean(name, self.model.units.keys().map(String::as_str))
                .unwrap_or_else(|| "define it in `listOfUnitDefinitions`".into());
            let span = self.source.attribute(node, attribute);
            return self.problem(span, format!("no unit is called `{name}`"), help);
        };
        self.model.units.insert(name.to_owned(), unit);
        self.model.symbols[id.0 as usize].unit = Some(name.to_owned());
    }
}
