//! Claims of a record as experiments: what is claimed, on which arms it is tried, by which rule it is judged.

use std::collections::BTreeMap;

use crate::protocol::Arm;
use crate::summary::measure::Measure;

pub mod criteria;
pub mod effect;
pub mod findings;
pub mod predictive;
pub mod run;
pub mod verdict;

/// `claims.toml`, read and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimBook {
    /// How the experiments run and when a claim stands.
    pub settings: Settings,
    /// Every arm that a claim may name: the comparison's, the claims' own, and those of scans.
    pub arms: Vec<Arm>,
    /// Arms that differ in one value each.
    pub scans: BTreeMap<String, Scan>,
    /// The claims, in the order of the file.
    pub claims: Vec<Claim>,
}

/// How the experiments run, and the limits of the rules; written before any run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Patients enrolled per virtual trial and arm.
    pub patients: u32,
    /// Probability of the claimed direction from which a claim stands; it does not stand from one
    /// minus this probability down.
    pub probability: f64,
    /// Level of the predictive interval of a claimed quantity.
    pub interval: f64,
    /// Replicates at most for switches.
    pub switch_replicates: u32,
    /// Replicates at most for scans.
    pub scan_replicates: u32,
    /// Replicates at most for the share that rests on assumed values.
    pub assumption_replicates: u32,
}

/// The same arm with one value changed step by step.
#[derive(Debug, Clone, PartialEq)]
pub struct Scan {
    /// What is varied, with its unit, in words.
    pub over: String,
    /// Where the values come from.
    pub arms: Vec<ScanArm>,
}

/// One step of a scan.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanArm {
    /// The value in words.
    pub label: String,
    /// The arm.
    pub arm: String,
}

/// One claim of the record.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Its identifier, e.g. `K1`.
    pub id: String,
    /// The claim in short.
    pub title: String,
    /// The sentence of the record.
    pub quote: String,
    /// The experiment in words.
    pub experiment: String,
    /// What the experiment cannot say.
    pub limit: String,
    /// What decides: the claim stands when all of them stand.
    pub tests: Vec<Test>,
    /// The same effects with a mechanism switched off or changed; they decide nothing.
    pub switches: Vec<Switch>,
    /// Values shown beside, arm by arm; they decide nothing.
    pub shows: Vec<Show>,
}

/// One test of a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// What is tested, in words.
    pub says: String,
    /// The endpoint.
    pub measure: &'static Measure,
    /// Whose.
    pub subject: Subject,
    /// When it stands.
    pub rule: Rule,
}

/// A test's effect in other arms.
#[derive(Debug, Clone, PartialEq)]
pub struct Switch {
    /// What is switched off or changed, in words.
    pub off: String,
    /// The endpoint.
    pub measure: &'static Measure,
    /// Whose.
    pub subject: Subject,
}

/// An endpoint in several arms.
#[derive(Debug, Clone, PartialEq)]
pub struct Show {
    /// What is shown, in words.
    pub says: String,
    /// What the rows differ in.
    pub over: String,
    /// The endpoint.
    pub measure: &'static Measure,
    /// Rows: label and whose.
    pub rows: Vec<(String, Subject)>,
}

/// Whose endpoint, or which difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Mean over the patients of an arm.
    Arm {
        /// The arm.
        arm: String,
        /// Only patients who meet this criterion over covariates, as written.
        among: Option<String>,
    },
    /// First minus second arm, within the same patients.
    Paired {
        /// First arm.
        first: String,
        /// Second arm.
        second: String,
        /// Only patients who meet this criterion over covariates, as written.
        among: Option<String>,
    },
    /// Patients of one arm who meet a criterion minus those who meet another.
    Groups {
        /// The arm.
        arm: String,
        /// First criterion over covariates, as written.
        among: String,
        /// Second criterion.
        against: String,
    },
}

impl Subject {
    /// The arms that it needs.
    pub fn arms(&self) -> Vec<&str> {
        match self {
            Self::Arm { arm, .. } | Self::Groups { arm, .. } => vec![arm],
            Self::Paired { first, second, .. } => vec![first, second],
        }
    }

    /// The criteria that it needs.
    pub fn criteria(&self) -> Vec<&str> {
        match self {
            Self::Arm { among, .. } | Self::Paired { among, .. } => {
                among.as_deref().into_iter().collect()
            }
            Self::Groups { among, against, .. } => vec![among, against],
        }
    }

    /// In words, e.g. `nk - bcma-car-t`.
    pub fn words(&self) -> String {
        let of = |among: &Option<String>| {
            among.as_ref().map_or_else(String::new, |among| format!(", {among}"))
        };
        match self {
            Self::Arm { arm, among } => format!("{arm}{}", of(among)),
            Self::Paired { first, second, among } => format!("{first} - {second}{}", of(among)),
            Self::Groups { arm, among, against } => format!("{arm}: {among} - {against}"),
        }
    }

    /// Whether it is a difference.
    pub fn is_difference(&self) -> bool {
        !matches!(self, Self::Arm { .. })
    }
}

/// Which sign of a difference is claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Above zero.
    Above,
    /// Below zero.
    Below,
}

/// When a test stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// The difference points this way with at least the probability of the settings.
    Direction(Direction),
    /// The claimed share lies within the predictive interval at the claim's own number of
    /// patients, and that interval is narrower than the limit.
    Quantity {
        /// Claimed share of patients, 0 to 1.
        claimed: f64,
        /// The claim's own number of patients.
        patients: u32,
        /// Width of the interval from which on it says too little.
        narrower_than: f64,
    },
    /// What was observed settles a limit: the exact one-sided upper bound lies at or below it.
    Bound {
        /// Patients with the event.
        events: u32,
        /// Patients.
        patients: u32,
        /// The limit, a share.
        at_most: f64,
    },
}

impl ClaimBook {
    /// The claims of those identifiers, in the order of the file; all without any.
    pub fn chosen(&self, wanted: &[String]) -> Vec<&Claim> {
        let is_wanted = |claim: &&Claim| wanted.is_empty() || wanted.contains(&claim.id);
        self.claims.iter().filter(is_wanted).collect()
    }
}
