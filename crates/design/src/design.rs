//! What a design is, and the list of designs.

use std::fmt;

use crate::counts::{DoseCounts, Known};
use crate::decision::{Action, Decision, Reason, Step};

macro_rules! designs {
    ($($name:ident),* $(,)?) => {
        $(pub mod $name;)*
        /// Every design, in the order people meet them.
        pub const ALL: &[Entry] = &[$($name::ENTRY),*];
    };
}
designs![
    three_plus_three,
    rolling_six,
    i3_plus_3,
    mtpi,
    mtpi2,
    keyboard,
    boin,
    tite_boin,
    bf_boin,
    boin12,
    boin_et,
    u_boin,
    tepi,
    efftox,
    crm,
    tite_crm,
    blrm,
    custom,
    simon,
    bop2,
    bop2_nested,
    predictive_probability,
    toxicity_monitoring,
];

/// A rule that says which dose level the next patients get.
///
/// Levels count from 0. A decision depends on nothing but the settings and what is known.
pub trait Design: fmt::Debug + Send + Sync {
    /// What to do next, by everything known; the reason is worded only if somebody reads it.
    fn step(&self, known: &Known, reason: &mut Reason) -> Step;

    /// The dose to go on with by the counts so far (the maximum tolerated or the optimal biological
    /// dose, or the only dose if it works); `None` if there is none.
    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize>;

    /// The paragraph a protocol needs.
    fn describe(&self) -> String;

    /// The DLT rates as the design estimates them when it recommends a dose; `None` for a dose of
    /// which it says nothing, and an empty list if the design has no estimates.
    fn estimated_toxicity(&self, _doses: &[DoseCounts]) -> Vec<Option<f64>> {
        Vec::new()
    }

    /// The lower dose for a patient who comes while the cohort at the current dose is full and under
    /// evaluation; `None` if the design does not backfill or no dose is open. `assigned` is
    /// everybody assigned to each dose so far.
    fn backfill(&self, _known: &Known, _assigned: &[u32]) -> Option<usize> {
        None
    }

    /// Whether [`Design::backfill`] can open a dose.
    fn backfills(&self) -> bool {
        false
    }

    /// The number of dose levels that the settings fix; `None` if any number will do.
    fn levels(&self) -> Option<usize> {
        None
    }

    /// What the design needs to know of patients.
    fn outcomes(&self) -> Outcomes {
        Outcomes::Toxicity
    }

    /// The response rate that is too low to go on with, for designs that know one.
    fn response_floor(&self) -> Option<f64> {
        None
    }

    /// The decision by counts alone, when the last patients were treated at `level`.
    fn decide(&self, level: usize, doses: &[DoseCounts]) -> Decision {
        self.decide_on(&Known::of_counts(level, doses))
    }

    /// The decision by everything known, with its reason.
    fn decide_on(&self, known: &Known) -> Decision {
        let mut reason = Reason::spoken();
        let Step { action, next_level, patients } = self.step(known, &mut reason);
        Decision { action, next_level, patients, because: reason.into_text() }
    }
}

/// What a design needs to know of patients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcomes {
    /// DLTs alone.
    Toxicity,
    /// DLTs, and how long pending patients were followed.
    ToxicityInTime,
    /// DLTs and responses.
    ToxicityAndResponse,
    /// Responses alone, at one dose.
    Response,
    /// Responses of two depths, at one dose.
    NestedResponse,
}

/// One design of the list.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What a protocol writes.
    pub name: &'static str,
    /// What a report writes.
    pub title: &'static str,
    /// The least settings that make a design, as TOML.
    pub least: &'static str,
    /// Reads the settings of the design from TOML; a misspelt key is an error.
    pub from_toml: fn(&str) -> Result<Box<dyn Design>, DesignError>,
    /// Every setting in force, defaults included; settings that are off are left out.
    pub in_force: fn(&str) -> Result<toml::Table, DesignError>,
    /// What the design does where papers and programs differ.
    pub conventions: &'static [&'static str],
}

impl Entry {
    /// The design of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|entry| entry.name == name)
    }

    /// The keys that the settings can have.
    pub fn keys(&self) -> Vec<String> {
        // Only the reader itself knows all of them, and tells when it meets one that it does not.
        let told = (self.in_force)("no-such-key = 0")
            .map_or_else(|error| error.to_string(), |_| String::new());
        let told = told.lines().find(|line| line.contains("unknown field")).unwrap_or_default();
        told.split('`').skip(1).step_by(2).skip(1).map(str::to_owned).collect()
    }
}

/// Settings as a table.
pub(crate) fn as_table(settings: &impl serde::Serialize) -> toml::Table {
    toml::Table::try_from(settings).expect("settings are a table of numbers, texts and lists")
}

/// Adds a setting that follows from others, unless it was given.
pub(crate) fn follows(table: &mut toml::Table, key: &str, times: f64, of: &str) {
    if let Some(rate) = table.get(of).and_then(toml::Value::as_float) {
        table.entry(key).or_insert(toml::Value::Float(times * rate));
    }
}

/// Settings of the BOIN family as a table, with the rates that follow from the target.
pub(crate) fn boin_table(settings: &impl serde::Serialize, low: f64) -> toml::Table {
    let mut table = as_table(settings);
    follows(&mut table, "underdosing", low, "target");
    follows(&mut table, "overdosing", 1.4, "target");
    table
}

/// A setting as a value.
pub(crate) fn as_value(setting: &impl serde::Serialize) -> toml::Value {
    toml::Value::try_from(setting).expect("a setting is a number, a text or a list")
}

/// Why settings make no design.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DesignError {
    /// Not TOML, an unknown key, or a value of the wrong type.
    #[error(transparent)]
    Toml(#[from] toml::de::Error),
    /// A value outside what the design allows.
    #[error("`{setting}` is {found}; it must be {limit}")]
    Limit {
        /// The key in the settings.
        setting: &'static str,
        /// The value found.
        found: f64,
        /// What it must be.
        limit: String,
    },
    /// Settings that do not go together.
    #[error("{0}")]
    Settings(String),
    /// A decision table that cannot be read.
    #[error("line {line} of the table: {what}")]
    Table {
        /// The line in the text of the table.
        line: usize,
        /// What is wrong there.
        what: String,
    },
}

/// A check of one setting.
pub(crate) fn within(
    setting: &'static str,
    found: f64,
    holds: bool,
    limit: impl Fn() -> String,
) -> Result<(), DesignError> {
    if holds { Ok(()) } else { Err(DesignError::Limit { setting, found, limit: limit() }) }
}

/// A check that a setting is a probability strictly between 0 and 1.
pub(crate) fn is_rate(setting: &'static str, found: f64) -> Result<(), DesignError> {
    within(setting, found, found > 0.0 && found < 1.0, || "above 0 and below 1".to_owned())
}

/// `1 of 3 evaluable patients had a DLT`.
pub(crate) fn counted(at: DoseCounts) -> String {
    let patients = if at.evaluable == 1 { "patient" } else { "patients" };
    format!("{} of {} evaluable {patients} had a DLT", at.dlts, at.evaluable)
}

/// The step to wait for pending patients.
pub(crate) fn suspended(doses: &[DoseCounts], reason: &mut Reason) -> Step {
    let pending: u32 = doses.iter().map(|dose| dose.pending).sum();
    reason.say(|| {
        if pending == 1 {
            "1 patient is still in the DLT window".to_owned()
        } else {
            format!("{pending} patients are still in the DLT window")
        }
    });
    Step::end(Action::Suspend)
}

/// What to do while patients are in the DLT window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PendingRule {
    /// Wait for all of them at the current dose.
    #[default]
    Wait,
    /// Wait only if their outcomes can change the decision.
    UnlessCertain,
}

/// The step by complete data, or to wait for it.
pub(crate) fn when_complete(
    rule: PendingRule,
    known: &Known,
    reason: &mut Reason,
    complete: impl Fn(&Known, &mut Reason) -> Step,
) -> Step {
    match rule {
        PendingRule::Wait if known.at().pending > 0 => suspended(&known.doses, reason),
        PendingRule::Wait => complete(known, reason),
        PendingRule::UnlessCertain if known.doses.iter().all(|dose| dose.pending == 0) => {
            complete(known, reason)
        }
        PendingRule::UnlessCertain => {
            let settled = |settle: fn(DoseCounts) -> DoseCounts| Known {
                doses: known.doses.iter().map(|&dose| settle(dose)).collect(),
                ..known.clone()
            };
            let at_best = complete(&settled(DoseCounts::at_best), reason);
            let at_worst = complete(&settled(DoseCounts::at_worst), &mut Reason::silent());
            if at_best != at_worst {
                return suspended(&known.doses, reason);
            }
            reason.say(|| {
                let counted = counted(known.at());
                format!(
                    "{counted}, and the patients still in the DLT window cannot change the decision"
                )
            });
            at_best
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_design_reads_its_least_settings_and_survives_no_patients() {
        for entry in ALL {
            let design = (entry.from_toml)(entry.least).unwrap();
            let doses = vec![DoseCounts::default(); design.levels().unwrap_or(3)];
            let decision = design.decide(0, &doses);
            assert_eq!(
                (decision.action, decision.next_level),
                (Action::Stay, Some(0)),
                "{design:?}"
            );
            assert!(!decision.because.is_empty());
            assert_eq!(design.recommend(&doses), None, "{}", entry.name);
            assert_eq!(design.recommend(&[]), None, "{}", entry.name);
            assert!(design.describe().len() > 40);
        }
    }

    #[test]
    fn the_settings_in_force_make_the_same_design() {
        for entry in ALL {
            let table = (entry.in_force)(entry.least).unwrap();
            let again = (entry.from_toml)(&table.to_string()).unwrap();
            let first = (entry.from_toml)(entry.least).unwrap();
            assert_eq!(again.describe(), first.describe(), "{}", entry.name);
            assert_eq!((entry.in_force)(&table.to_string()).unwrap(), table, "{}", entry.name);
            let keys = entry.keys();
            for key in table.keys() {
                assert!(keys.contains(key), "{}: {key} of {keys:?}", entry.name);
            }
            assert!(!entry.conventions.is_empty(), "{}", entry.name);
        }
        assert!(Entry::named("boin").unwrap().keys().contains(&"titration-cohort".to_owned()));
        assert!(Entry::named("bion").is_none());
    }

    #[test]
    fn a_misspelt_setting_is_an_error() {
        for entry in ALL {
            let text = format!("chort = 3\n{}", entry.least);
            let error = (entry.from_toml)(&text).unwrap_err().to_string();
            assert!(error.contains("unknown field"), "{}: {error}", entry.name);
        }
    }
}
