//! What a design is, what it decides from, and the list of designs.

use std::fmt;

macro_rules! designs {
    ($($name:ident),* $(,)?) => {
        $(pub mod $name;)*
        /// Every design, in the order people meet them.
        pub const ALL: &[Entry] = &[$($name::ENTRY),*];
    };
}
designs![three_plus_three, boin];

/// A rule that says which dose level the next patients get.
///
/// Levels count from 0. A decision depends on nothing but the settings and the counts.
pub trait Design: fmt::Debug + Send + Sync {
    /// What to do next, when the last patients were treated at `level`.
    fn decide(&self, level: usize, doses: &[DoseCounts]) -> Decision;

    /// The maximum tolerated dose by the counts so far; `None` if there is none.
    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize>;

    /// The paragraph a protocol needs.
    fn describe(&self) -> String;
}

/// One design of the list.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What a protocol writes.
    pub name: &'static str,
    /// What a report writes.
    pub title: &'static str,
    /// Reads the settings of the design from TOML; a misspelt key is an error.
    pub from_toml: fn(&str) -> Result<Box<dyn Design>, DesignError>,
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
}

/// The patients of one dose level.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct DoseCounts {
    /// Patients with a complete DLT window or a DLT; pending ones are not among them.
    pub evaluable: u32,
    /// Evaluable patients with a DLT.
    pub dlts: u32,
    /// Patients whose DLT window still runs.
    pub pending: u32,
}

impl DoseCounts {
    /// Counts without pending patients.
    pub const fn of(evaluable: u32, dlts: u32) -> Self {
        Self { evaluable, dlts, pending: 0 }
    }

    /// The counts if every pending patient ends without a DLT.
    #[must_use]
    pub const fn at_best(self) -> Self {
        Self::of(self.evaluable + self.pending, self.dlts)
    }

    /// The counts if every pending patient ends with a DLT.
    #[must_use]
    pub const fn at_worst(self) -> Self {
        Self::of(self.evaluable + self.pending, self.dlts + self.pending)
    }
}

/// What happens next.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub enum Action {
    /// Treat the next patients one level higher.
    Escalate,
    /// Treat the next patients at the same level.
    Stay,
    /// Treat the next patients at a lower level.
    DeEscalate,
    /// Wait for patients whose window still runs.
    Suspend,
    /// End the dose finding and recommend a dose.
    Finish,
    /// End the trial: the lowest level is too toxic.
    StopForSafety,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Escalate => "escalate",
            Self::Stay => "stay",
            Self::DeEscalate => "de-escalate",
            Self::Suspend => "suspend",
            Self::Finish => "finish",
            Self::StopForSafety => "stop for safety",
        })
    }
}

/// A decision with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What happens next.
    pub action: Action,
    /// The level of the next patients; `None` when nobody is treated next.
    pub next_level: Option<usize>,
    /// The sentence that says why.
    pub because: String,
}

/// `1 of 3 evaluable patients had a DLT`.
fn counted(at: DoseCounts) -> String {
    let patients = if at.evaluable == 1 { "patient" } else { "patients" };
    format!("{} of {} evaluable {patients} had a DLT", at.dlts, at.evaluable)
}

/// The decision to wait for pending patients.
fn suspended(doses: &[DoseCounts]) -> Decision {
    let pending: u32 = doses.iter().map(|dose| dose.pending).sum();
    let because = if pending == 1 {
        "1 patient is still in the DLT window".to_owned()
    } else {
        format!("{pending} patients are still in the DLT window")
    };
    Decision { action: Action::Suspend, next_level: None, because }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_design_reads_its_least_settings_and_survives_no_patients() {
        for entry in ALL {
            let text = if entry.name == "boin" { "target = 0.3" } else { "" };
            let design = (entry.from_toml)(text).unwrap();
            let doses = [DoseCounts::default(); 3];
            let decision = design.decide(0, &doses);
            assert_eq!((decision.action, decision.next_level), (Action::Stay, Some(0)));
            assert_eq!(design.recommend(&doses), None);
            assert_eq!(design.recommend(&[]), None);
            assert!(design.describe().len() > 40);
        }
    }

    #[test]
    fn a_misspelt_setting_is_an_error() {
        for entry in ALL {
            let error = (entry.from_toml)("target = 0.3\nchort = 3").unwrap_err().to_string();
            assert!(error.contains("unknown field"), "{}: {error}", entry.name);
        }
    }
}
