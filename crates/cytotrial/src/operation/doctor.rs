//! `doctor`: whether this machine computes the numbers that it should.

use std::fmt::Display;

use serde::Serialize;

use super::Unwatched;
use super::simulate::{SimulateRequest, prepare, simulate};
use crate::library;
use crate::protocol::files::Files;
use crate::run_folder::{patient_tables, sha256};

mod arms;
mod functions;

/// Bits that every machine must give; the file says when they change.
const DIGESTS: &str = include_str!("doctor/digests.txt");

/// One thing that was examined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What.
    pub name: String,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub found: String,
    /// Whether that is right.
    pub passes: bool,
}

impl Check {
    /// Right when the two are the same.
    pub fn same(name: &str, expected: impl Display, found: impl Display) -> Self {
        let (expected, found) = (expected.to_string(), found.to_string());
        Self { name: name.to_owned(), passes: expected == found, expected, found }
    }

    /// Right when the largest deviation is at most the limit; what is not a number is not.
    fn within(name: &str, what: &str, largest: f64, limit: f64) -> Self {
        Self {
            name: name.to_owned(),
            expected: format!("at most {limit} {what}"),
            found: format!("at most {largest:.2}"),
            passes: largest <= limit,
        }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The processor's architecture.
    pub architecture: String,
    /// Vector instructions that are used.
    pub vectors: Vec<String>,
    /// Processors that the program may use.
    pub threads: usize,
    /// What was examined, in order.
    pub checks: Vec<Check>,
}

impl Answer {
    /// Whether every number is as it should be.
    pub fn passes(&self) -> bool {
        self.checks.iter().all(|check| check.passes)
    }
}

/// Examines the machine. It takes a second or two.
pub fn run() -> Answer {
    let mut checks = vec![random_words(), elementary_bits()];
    checks.extend(functions::checks());
    checks.extend(arms::checks());
    checks.push(small_simulation());
    checks.extend(bundled_texts());
    Answer {
        architecture: std::env::consts::ARCH.to_owned(),
        vectors: solve::VectorSet::available().map(|set| set.name().to_owned()).collect(),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        checks,
    }
}

/// The published vectors of the generator: counters and keys of zeros, ones, and digits of pi.
fn random_words() -> Check {
    let hex = |words: [u32; 4]| words.map(|word| format!("{word:08x}")).join(" ");
    let pi = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
    let found = [
        stats::stream::philox([0; 4], [0; 2]),
        stats::stream::philox([u32::MAX; 4], [u32::MAX; 2]),
        stats::stream::philox(pi, [0xa409_3822, 0x299f_31d0]),
    ];
    let expected = "6627e8d5 e169c58d bc57ac4c 9b00dbd8, 408f276d 41c83b0e a20bc7c6 6d5451fd, \
                    d16cfe09 94fdcceb 5001e420 24126ea1";
    Check::same("random words, published vectors", expected, found.map(hex).join(", "))
}

/// The bits of exp, ln and pow at the places of the reference table.
fn elementary_bits() -> Check {
    let values = functions::elementary().into_iter();
    let bytes: Vec<u8> = values.flat_map(|(value, _)| value.to_bits().to_le_bytes()).collect();
    Check::same("bits of exp, ln and pow", digest("elementary"), sha256(&bytes))
}

/// The patient-level tables of a small simulation of the bundled trial.
fn small_simulation() -> Check {
    let name = "bits of a small simulation";
    let request = SimulateRequest {
        files: Files::bundled("NCT06379451").unwrap_or_default(),
        replicates: Some(1),
        patients: Some(3),
        arms: Some(vec!["car-nk".to_owned(), "bcma-car-t".to_owned()]),
        seed: Some(1),
    };
    let found = match simulate(&request, &Unwatched) {
        Ok(simulation) => {
            let tables = patient_tables(&simulation);
            let texts = tables.iter().filter_map(|table| records::csv::write(table).ok());
            sha256(&texts.flatten().collect::<Vec<u8>>())
        }
        Err(_) => "it does not run".to_owned(),
    };
    Check::same(name, digest("simulation"), found)
}

/// Every bundled trial can be read with everything that it names.
fn bundled_texts() -> Vec<Check> {
    let check = |trial: &str| {
        let files = Files::bundled(trial).unwrap_or_default();
        let found = match prepare(&SimulateRequest { files, ..SimulateRequest::default() }) {
            Ok(_) => "complete".to_owned(),
            Err(problems) => {
                problems.first().map_or(String::new(), |problem| problem.message.clone())
            }
        };
        Check::same(&format!("texts of {trial}"), "complete", found)
    };
    library::trials().into_iter().map(check).collect()
}

/// The digest of that name.
fn digest(name: &str) -> &'static str {
    let named = |line: &'static str| line.split_once(" = ").filter(|(known, _)| *known == name);
    DIGESTS.lines().find_map(named).map_or("", |(_, digest)| digest)
}

/// Rows of a reference table without its notes and header.
fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.skip(1).map(|line| line.split(',').collect())
}

/// A number of a reference table; what is none fails every comparison.
fn number(cell: &str) -> f64 {
    cell.parse().unwrap_or(f64::NAN)
}

/// The larger of two deviations; one that is not a number stays.
fn larger(largest: f64, deviation: f64) -> f64 {
    if deviation.is_nan() || deviation > largest { deviation } else { largest }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails after every change that moves simulated numbers on purpose, too. Then, and only when
    /// the change says so in the list of changes, the new digest goes into `doctor/digests.txt`.
    #[test]
    fn this_machine_passes() {
        let answer = run();
        for check in &answer.checks {
            let Check { name, expected, found, .. } = check;
            assert!(
                check.passes,
                "{name}: {found} where {expected} is due; were numbers meant to change? \
                 crates/cytotrial/src/operation/doctor/digests.txt says what to do then"
            );
        }
        assert!(answer.checks.len() >= 10, "{}", answer.checks.len());
    }

    #[test]
    fn a_deviation_that_is_not_a_number_does_not_pass() {
        let largest = [1e-9, f64::NAN, 1e-3].into_iter().fold(0.0, larger);
        assert!(!Check::within("a", "b", largest, 1.0).passes);
        assert!(Check::within("a", "b", [1e-9, 0.1].into_iter().fold(0.0, larger), 1.0).passes);
    }
}
