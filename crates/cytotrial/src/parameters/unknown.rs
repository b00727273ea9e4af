//! What is not known about typical values, drawn once per replicate and the same in every arm.
//!
//! The law is ours (assumed): a standard normal cut at its 5 % and 95 % points moves the typical
//! value towards `low` or `high`, on the logarithmic scale where `low` is positive. So the median is
//! the typical value and no draw leaves the range. For grades A and B only a third of the way.

use std::collections::BTreeMap;

use stats::math::{exp, ln};
use stats::special::normal_quantile;
use stats::{Purpose, Stream, stream};

use super::patient::COUPLINGS;
use super::{Parameter, ParameterTable, Role, survival};
use crate::population::Population;
use crate::population::address::address;
use crate::protocol::{Grade, Unknowns};

/// Typical values of one replicate in one arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Typical {
    /// One per parameter of the table.
    pub values: Vec<f64>,
    /// Whether a product or the arm set it.
    pub(super) is_set: Vec<bool>,
    /// The coupling numbers, in the order of [`COUPLINGS`].
    pub(super) couplings: Vec<f64>,
}

/// One thing that is not known: a typical value that is drawn once per replicate.
#[derive(Debug, Clone, PartialEq)]
pub struct Unknown {
    /// Symbol of the parameter, or name of the coupling.
    pub symbol: String,
    /// What it is, in words.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// How well it is known.
    pub grade: Grade,
    /// The typical value at the low and at the high end of what is drawn.
    pub ends: [f64; 2],
}

/// The patient number that stands for the replicate itself.
const REPLICATE: u32 = u32::MAX;
/// Parameters that follow from covariates, but with a typical value that is itself not known.
const UNKNOWN_COVARIATE: [&str; 2] = ["aM", "IgGu"];
/// Drawn together with another: gP is g + kd (the progenitor pool keeps its share), hMM follows kHz.
const TIED: [&str; 2] = ["gP", "hMM"];

impl ParameterTable {
    /// The typical values of a replicate. `set` holds what the products and the arm set; such a
    /// value replaces the table's, and what is not known about it is drawn all the same, as a
    /// ratio to the typical value. `held` holds what the arm fixes: taken exactly as given.
    /// Only what has a grade among `unknowns` is drawn.
    pub fn typical(
        &self,
        population: &Population,
        seed: u64,
        replicate: u32,
        unknowns: Unknowns,
        set: &BTreeMap<String, f64>,
        held: &BTreeMap<String, f64>,
    ) -> Typical {
        let draws = stream(seed, replicate, REPLICATE, Purpose::Unknowns);
        let is_drawn = |grade: &str| Grade::of(grade).is_some_and(|grade| unknowns.draws(grade));
        let mut is_set = Vec::with_capacity(self.parameters.len());
        let mut values = Vec::with_capacity(self.parameters.len());
        for (parameter, &address) in self.parameters.iter().zip(&self.addresses) {
            let (given, kept) = (set.get(&parameter.symbol), held.get(&parameter.symbol));
            is_set.push(given.is_some() || kept.is_some());
            let base = *given.unwrap_or(&parameter.typical);
            values.push(match kept {
                Some(kept) => *kept,
                None if parameter.is_unknown() && is_drawn(&parameter.grade) => {
                    parameter.around(base, direction(draws, address))
                }
                None => base,
            });
        }
        if let Some(survival) = &self.survival
            && !is_set[survival.scale]
        {
            // The scale keeps untreated survival whatever the steepness, drawn or held.
            let grade = &self.parameters[survival.scale].grade;
            let score =
                if is_drawn(grade) { draws.normal(self.addresses[survival.scale]) } else { 0.0 };
            values[survival.scale] = survival.scale(&values, score);
        }
        let couplings = COUPLINGS.iter().map(|name| {
            let coupling = population.couplings.iter().find(|coupling| coupling.name == *name);
            let coupling = coupling.expect("a checked population has every coupling");
            match held.get(*name).or_else(|| set.get(*name)) {
                Some(given) => *given,
                None if !is_drawn(&coupling.evidence.grade) => coupling.typical,
                None => {
                    let narrowing = narrowing(&coupling.evidence.grade);
                    let towards = direction(draws, address(name)) * narrowing;
                    moved(coupling.typical, coupling.range, towards)
                }
            }
        });
        let couplings = couplings.collect();
        Typical { values, is_set, couplings }
    }
}

impl ParameterTable {
    /// What is drawn per replicate in an arm with these set and held values, and makes a
    /// difference there: a value that is set to 0 stays 0 wherever in its range the table's is.
    pub fn unknowns(
        &self,
        unknowns: Unknowns,
        set: &BTreeMap<String, f64>,
        held: &BTreeMap<String, f64>,
    ) -> Vec<Unknown> {
        let scale = self.survival.as_ref().map(|survival| survival.scale);
        let mut found = Vec::new();
        for (place, parameter) in self.parameters.iter().enumerate() {
            let (symbol, given) = (&parameter.symbol, set.get(&parameter.symbol));
            let base = *given.unwrap_or(&parameter.typical);
            let ends = if Some(place) == scale {
                if given.is_some() { [base; 2] } else { survival::ends(base) }
            } else if parameter.is_unknown() {
                [-1.0, 1.0].map(|direction| parameter.around(base, direction))
            } else {
                [base; 2]
            };
            let grade = Grade::of(&parameter.grade).filter(|grade| unknowns.draws(*grade));
            if let Some(grade) = grade.filter(|_| ends[0] < ends[1] && !held.contains_key(symbol)) {
                found.push(Unknown {
                    symbol: symbol.clone(),
                    name: parameter.name.clone(),
                    unit: parameter.unit.clone(),
                    grade,
                    ends,
                });
            }
        }
        found
    }

    /// Where in its range a typical value was drawn in a replicate: -1 at the low end, 0 at the
    /// typical value, 1 at the high end. For a symbol among [`Self::unknowns`].
    pub fn direction(&self, symbol: &str, seed: u64, replicate: u32) -> f64 {
        let draws = stream(seed, replicate, REPLICATE, Purpose::Unknowns);
        let address = address(symbol);
        let scale = self.survival.as_ref().map(|survival| survival.scale);
        if scale.is_some() && self.position(symbol) == scale {
            return -draws.normal(address) / normal_quantile(0.95);
        }
        direction(draws, address)
    }
}

/// The couplings of a population that are drawn per replicate in an arm.
pub fn unknown_couplings(
    population: &Population,
    unknowns: Unknowns,
    set: &BTreeMap<String, f64>,
    held: &BTreeMap<String, f64>,
) -> Vec<Unknown> {
    let is_open = |name: &str| !set.contains_key(name) && !held.contains_key(name);
    let couplings = population.couplings.iter().filter(|coupling| is_open(&coupling.name));
    couplings
        .filter_map(|coupling| {
            let grade = Grade::of(&coupling.evidence.grade)?;
            let reach = narrowing(&coupling.evidence.grade);
            let ends = [-reach, reach].map(|to| moved(coupling.typical, coupling.range, to));
            (unknowns.draws(grade) && ends[0] < ends[1]).then(|| Unknown {
                symbol: coupling.name.clone(),
                name: coupling.name.replace('_', " "),
                unit: coupling.unit.clone(),
                grade,
                ends,
            })
        })
        .collect()
}

impl Parameter {
    /// Whether its typical value is drawn per replicate when what is not known is drawn.
    pub fn is_unknown(&self) -> bool {
        let is_graded = matches!(self.grade.as_str(), "A" | "B" | "C" | "D");
        let has_room = self.range.is_some_and(|[low, high]| low < high);
        let is_open = match self.role {
            Role::Patient | Role::Physiology => true,
            // A product feature that is absent stays absent.
            Role::Product => self.typical != 0.0,
            Role::Covariate => UNKNOWN_COVARIATE.contains(&self.symbol.as_str()),
            Role::Numeric | Role::Port | Role::Initial => false,
        };
        is_graded && has_room && is_open && !TIED.contains(&self.symbol.as_str())
    }

    /// `base` moved by what is not known, in direction -1 (to `low`) to 1 (to `high`).
    fn around(&self, base: f64, direction: f64) -> f64 {
        let Some([low, high]) = self.range else { return base };
        let drawn = moved(self.typical, [low, high], direction * narrowing(&self.grade));
        if self.typical == 0.0 {
            return if base == 0.0 { drawn } else { base };
        }
        (base * (drawn / self.typical)).clamp(low.min(base), high.max(base))
    }
}

/// Measured values are known three times as well as their range says.
fn narrowing(grade: &str) -> f64 {
    if matches!(grade, "A" | "B") { 1.0 / 3.0 } else { 1.0 }
}

/// A standard normal cut at its 5 % and 95 % points, over the latter.
fn direction(draws: Stream, address: u32) -> f64 {
    normal_quantile(0.05 + 0.9 * draws.uniform(address)) / normal_quantile(0.95)
}

/// A typical value moved towards the end of its range.
fn moved(typical: f64, [low, high]: [f64; 2], direction: f64) -> f64 {
    let end = if direction < 0.0 { low } else { high };
    if low > 0.0 {
        exp(ln(typical) + direction.abs() * (ln(end) - ln(typical)))
    } else {
        typical + direction.abs() * (end - typical)
    }
}
