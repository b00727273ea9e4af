//! The modified toxicity probability interval design (mTPI).
//!
//! Ji, Liu, Li and Bekele, Clin Trials 2010;7:653-663.

use serde::{Deserialize, Serialize};

use super::keyboard::{default_elimination, default_least_patients, default_margin};
use super::mtpi2::{Masses, Settings as Mtpi2Settings, UnitMass};
use super::{DesignError, Entry, PendingRule};
use crate::keys::Keys;

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "mtpi",
    title: "mTPI",
    least: "target = 0.3",
    from_toml: |text| Ok(Box::new(design(&toml::from_str(text)?)?)),
    in_force: |text| Ok(super::as_table(&toml::from_str::<Settings>(text)?)),
    conventions: &[
        "equal unit probability masses go to the lower dose",
        "elimination is strict (above the cut-off), closes all higher doses and is never undone; an eliminated lowest dose ends the trial without a recommendation",
        "the recommended dose is by isotonic posterior means under Beta(1, 1); at equal distance the highest dose not above the target",
        "`pending = \"wait\"` waits for every window at the current dose; `\"unless-certain\"` waits only if the open windows can change the decision",
    ],
};

/// The settings of the design.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The DLT rate aimed at.
    pub target: f64,
    /// How far the equivalence interval reaches below the target (epsilon 1).
    #[serde(default = "default_margin")]
    pub margin_below: f64,
    /// How far the equivalence interval reaches above the target (epsilon 2).
    #[serde(default = "default_margin")]
    pub margin_above: f64,
    /// A dose is unsafe when the probability that it exceeds the target is above this.
    #[serde(default = "default_elimination")]
    pub elimination: f64,
    /// No dose with fewer patients is unsafe; the R package escalation has 2.
    #[serde(default = "default_least_patients")]
    pub elimination_min_patients: u32,
    /// What to do while patients are in the DLT window.
    #[serde(default)]
    pub pending: PendingRule,
}

/// The design of checked settings: three intervals.
pub fn design(settings: &Settings) -> Result<UnitMass, DesignError> {
    let Settings { target, margin_below, margin_above, elimination, .. } = *settings;
    let settings = Mtpi2Settings {
        target,
        margin_below,
        margin_above,
        elimination,
        elimination_min_patients: settings.elimination_min_patients,
        pending: settings.pending,
    };
    UnitMass::new(settings, Masses::Three, Keys::three)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, DoseCounts};

    #[test]
    fn three_wide_intervals_stay_too_long() {
        // The known fault that mTPI-2 mends: 3 of 6 at a target of 0.30 stays.
        let mtpi = (ENTRY.from_toml)("target = 0.3").unwrap();
        let mtpi2 = (super::super::mtpi2::ENTRY.from_toml)("target = 0.3").unwrap();
        let doses = [DoseCounts::of(3, 0), DoseCounts::of(6, 3), DoseCounts::default()];
        assert_eq!(mtpi.decide(1, &doses).action, Action::Stay);
        assert_eq!(mtpi2.decide(1, &doses).action, Action::DeEscalate);
    }

    #[test]
    fn of_doses_at_one_distance_the_highest_below_the_target_is_recommended() {
        let mtpi = (ENTRY.from_toml)("target = 0.3").unwrap();
        let pooled = [DoseCounts::of(6, 1), DoseCounts::of(6, 0), DoseCounts::default()];
        assert_eq!(mtpi.recommend(&pooled), Some(1));
    }
}
