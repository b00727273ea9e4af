//! The units that are known by name.
//!
//! Factors: The International System of Units (SI Brochure), 9th edition, 2019; the enzyme unit U is
//! 1 micromole per minute (IUPAC Gold Book, "unit of enzyme activity"); mmHg is 133.322387415 Pa.
//! A month is 30.4375 and a year 365.25 days (the Julian year over 12), assumed throughout.

use crate::ir::Unit;
use crate::nearest::did_you_mean;

/// Exponents of metre, kilogram, second, mole, kelvin, ampere, candela, item.
type Exponents = [i8; 8];

const NONE: Exponents = [0; 8];
const LENGTH: Exponents = [1, 0, 0, 0, 0, 0, 0, 0];
const VOLUME: Exponents = [3, 0, 0, 0, 0, 0, 0, 0];
const MASS: Exponents = [0, 1, 0, 0, 0, 0, 0, 0];
const TIME: Exponents = [0, 0, 1, 0, 0, 0, 0, 0];
const RATE: Exponents = [0, 0, -1, 0, 0, 0, 0, 0];
const AMOUNT: Exponents = [0, 0, 0, 1, 0, 0, 0, 0];
const TEMPERATURE: Exponents = [0, 0, 0, 0, 1, 0, 0, 0];
const CURRENT: Exponents = [0, 0, 0, 0, 0, 1, 0, 0];
const LIGHT: Exponents = [0, 0, 0, 0, 0, 0, 1, 0];
const ITEM: Exponents = [0, 0, 0, 0, 0, 0, 0, 1];
const MOLAR: Exponents = [-3, 0, 0, 1, 0, 0, 0, 0];
const CATALYSIS: Exponents = [0, 0, -1, 1, 0, 0, 0, 0];
const PRESSURE: Exponents = [-1, 1, -2, 0, 0, 0, 0, 0];
const FORCE: Exponents = [1, 1, -2, 0, 0, 0, 0, 0];
const ENERGY: Exponents = [2, 1, -2, 0, 0, 0, 0, 0];
const DOSE: Exponents = [2, 0, -2, 0, 0, 0, 0, 0];

const DAY: f64 = 86_400.0;

/// Symbols that take prefixes such as `m` or `u`.
const SYMBOLS: [(&str, f64, Exponents); 15] = [
    ("m", 1.0, LENGTH),
    ("g", 1e-3, MASS),
    ("s", 1.0, TIME),
    ("L", 1e-3, VOLUME),
    ("l", 1e-3, VOLUME),
    ("mol", 1.0, AMOUNT),
    ("M", 1e3, MOLAR),
    ("U", 1e-6 / 60.0, CATALYSIS),
    ("kat", 1.0, CATALYSIS),
    ("IU", 1.0, ITEM),
    ("Pa", 1.0, PRESSURE),
    ("J", 1.0, ENERGY),
    ("Gy", 1.0, DOSE),
    ("Bq", 1.0, RATE),
    ("Hz", 1.0, RATE),
];

/// Words that take prefixes such as `milli`, and an `s`.
const WORDS: [(&str, f64, Exponents); 11] = [
    ("metre", 1.0, LENGTH),
    ("meter", 1.0, LENGTH),
    ("gram", 1e-3, MASS),
    ("second", 1.0, TIME),
    ("litre", 1e-3, VOLUME),
    ("liter", 1e-3, VOLUME),
    ("mole", 1.0, AMOUNT),
    ("katal", 1.0, CATALYSIS),
    ("pascal", 1.0, PRESSURE),
    ("joule", 1.0, ENERGY),
    ("newton", 1.0, FORCE),
];

/// Words that take an `s` but no prefix. Things that are counted are all items.
const COUNTED: [(&str, f64, Exponents); 24] = [
    ("minute", 60.0, TIME),
    ("hour", 3600.0, TIME),
    ("day", DAY, TIME),
    ("week", 7.0 * DAY, TIME),
    ("month", 30.4375 * DAY, TIME),
    ("year", 365.25 * DAY, TIME),
    ("ampere", 1.0, CURRENT),
    ("candela", 1.0, LIGHT),
    ("item", 1.0, ITEM),
    ("cell", 1.0, ITEM),
    ("patient", 1.0, ITEM),
    ("subject", 1.0, ITEM),
    ("event", 1.0, ITEM),
    ("molecule", 1.0, ITEM),
    ("particle", 1.0, ITEM),
    ("lesion", 1.0, ITEM),
    ("infusion", 1.0, ITEM),
    ("dose", 1.0, ITEM),
    ("count", 1.0, ITEM),
    ("beat", 1.0, ITEM),
    ("breath", 1.0, ITEM),
    ("grade", 1.0, NONE),
    ("point", 1.0, NONE),
    ("percent", 0.01, NONE),
];

/// Names that stand alone.
const ALONE: [(&str, f64, Exponents); 13] = [
    ("%", 0.01, NONE),
    ("dimensionless", 1.0, NONE),
    ("ratio", 1.0, NONE),
    ("class", 1.0, NONE),
    ("copy", 1.0, ITEM),
    ("copies", 1.0, ITEM),
    ("min", 60.0, TIME),
    ("h", 3600.0, TIME),
    ("d", DAY, TIME),
    ("yr", 365.25 * DAY, TIME),
    ("mcg", 1e-9, MASS),
    ("mmHg", 133.322_387_415, PRESSURE),
    // Temperatures count from 0 degC in steps of one kelvin; kelvins themselves are refused,
    // because a factor alone cannot turn one into the other.
    ("degC", 1.0, TEMPERATURE),
];

const SHORT_PREFIXES: [(&str, f64); 12] = [
    ("G", 1e9),
    ("M", 1e6),
    ("k", 1e3),
    ("d", 1e-1),
    ("c", 1e-2),
    ("m", 1e-3),
    ("u", 1e-6),
    ("\u{b5}", 1e-6),
    ("\u{3bc}", 1e-6),
    ("n", 1e-9),
    ("p", 1e-12),
    ("f", 1e-15),
];

const LONG_PREFIXES: [(&str, f64); 10] = [
    ("giga", 1e9),
    ("mega", 1e6),
    ("kilo", 1e3),
    ("deci", 1e-1),
    ("centi", 1e-2),
    ("milli", 1e-3),
    ("micro", 1e-6),
    ("nano", 1e-9),
    ("pico", 1e-12),
    ("femto", 1e-15),
];

/// Prefixed symbols worth suggesting.
const COMMON: [&str; 16] = [
    "kg", "mg", "ug", "ng", "pg", "mL", "uL", "dL", "mm", "cm", "um", "mmol", "umol", "nmol", "nM",
    "uM",
];

/// The unit of that name.
pub(crate) fn named(name: &str) -> Option<Unit> {
    let exact = |table: &[(&str, f64, Exponents)], name: &str| {
        let found = table.iter().find(|(known, _, _)| *known == name);
        found.map(|(_, factor, exponents)| Unit { factor: *factor, exponents: *exponents })
    };
    let singular = name.strip_suffix('s').unwrap_or(name);
    if let Some(unit) = exact(&ALONE, name)
        .or_else(|| exact(&SYMBOLS, name))
        .or_else(|| exact(&COUNTED, name))
        .or_else(|| exact(&COUNTED, singular))
        .or_else(|| exact(&WORDS, singular))
    {
        return Some(unit);
    }
    let prefixed = |prefixes: &[(&str, f64)], table: &[(&str, f64, Exponents)], name: &str| {
        prefixes.iter().find_map(|(prefix, size)| {
            let unit = exact(table, name.strip_prefix(prefix)?)?;
            Some(Unit { factor: size * unit.factor, ..unit })
        })
    };
    if name == "kg" || singular == "kilogram" {
        return Some(Unit { factor: 1.0, exponents: MASS });
    }
    prefixed(&SHORT_PREFIXES, &SYMBOLS, name).or_else(|| prefixed(&LONG_PREFIXES, &WORDS, singular))
}

/// The help line for an unknown name.
pub(crate) fn help_for<'a>(name: &str, more: impl Iterator<Item = &'a str>) -> String {
    if ["K", "kelvin", "kelvins"].contains(&name) {
        return "write temperatures in `degC`".into();
    }
    let words = WORDS.iter().chain(&COUNTED).chain(&ALONE).map(|(known, _, _)| *known);
    did_you_mean(name, COMMON.into_iter().chain(words).chain(more))
        .unwrap_or_else(|| "write it in known units such as `g/L`, `1/day` or `1e9 cells`".into())
}
