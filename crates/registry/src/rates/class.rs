//! What kind of endpoint a title speaks of, and which arms of many trials may be pooled.

use serde::Serialize;

use super::{ArmRate, Events};

/// Kinds of endpoints that rates are compared within, never across.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoint {
    /// Objective or overall response: partial or better.
    ObjectiveResponse,
    /// Complete response or remission.
    CompleteResponse,
    /// Absence of residual disease.
    ResidualDisease,
    /// Dose-limiting toxicity.
    DoseLimitingToxicity,
    /// Cytokine release syndrome.
    CytokineRelease,
    /// Anything else.
    Other,
}

impl Endpoint {
    /// Every kind, with its word.
    pub const ALL: [(&'static str, Self); 6] = [
        ("objective-response", Self::ObjectiveResponse),
        ("complete-response", Self::CompleteResponse),
        ("residual-disease", Self::ResidualDisease),
        ("dose-limiting-toxicity", Self::DoseLimitingToxicity),
        ("cytokine-release", Self::CytokineRelease),
        ("other", Self::Other),
    ];

    /// The word.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, endpoint)| *endpoint == self).map_or("", |(word, _)| word)
    }

    /// By the words of a title. Titles of durations and times are none of the rates.
    pub fn of(title: &str) -> Self {
        let lower = title.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let is_word = |word: &str| {
            title.split(|letter: char| !letter.is_alphanumeric()).any(|part| part == word)
        };
        if has(&["duration of", "time to", "survival"]) {
            return Self::Other;
        }
        if has(&["residual disease"]) || is_word("MRD") {
            return Self::ResidualDisease;
        }
        if has(&["dose limiting", "dose-limiting"]) || is_word("DLT") || is_word("DLTs") {
            return Self::DoseLimitingToxicity;
        }
        if has(&["cytokine release"]) || is_word("CRS") {
            return Self::CytokineRelease;
        }
        // A title that lists complete and partial responses is of both together.
        let is_overall = has(&["objective", "overall response", "overall remission"]);
        if is_overall || is_word("ORR") || has(&["tumor response", "tumour response"]) {
            return Self::ObjectiveResponse;
        }
        if has(&["complete response", "complete remission", "complete responses"]) {
            let is_partial = has(&["partial response", "partial remission"]);
            return if is_partial { Self::ObjectiveResponse } else { Self::CompleteResponse };
        }
        if has(&["response rate", "observed response"]) {
            Self::ObjectiveResponse
        } else {
            Self::Other
        }
    }
}

/// An arm that stands for a trial, or why it does not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pick {
    /// The arm.
    pub arm: ArmRate,
    /// Participants with the event and participants, where the arm is pooled.
    pub counts: Option<(u64, u64)>,
    /// Why it is not pooled; empty where it is.
    pub reason: String,
}

/// Chooses what may be pooled for one kind of endpoint: of each trial one measure, primary before
/// secondary and earlier before later, no subgroups; of a measure every arm but totals.
///
/// `by_unit` also takes counts that only their unit calls participants.
pub fn picks(rates: &[ArmRate], endpoint: Endpoint, by_unit: bool) -> Vec<Pick> {
    let wanted: Vec<&ArmRate> = rates.iter().filter(|arm| arm.endpoint == endpoint).collect();
    let events = |arm: &ArmRate| -> Option<Events> {
        arm.events.or_else(|| by_unit.then(|| super::value::by_unit(arm)).flatten())
    };
    let pick = |arm: &&ArmRate| {
        let counted = events(arm);
        let counts = counted.map(|events| events.count).zip(arm.denominator);
        let reason = match (counts, chosen(&wanted, arm, &events)) {
            (None, _) => arm.remark.clone(),
            (Some(_), Some(index)) if index != arm.outcome_index => {
                format!("measure {} of the same trial stands for it", index + 1)
            }
            _ if is_total(&wanted, arm) => "a total of other arms".to_owned(),
            _ if is_subgroup(&arm.title) => "a subgroup".to_owned(),
            _ => String::new(),
        };
        Pick { arm: (*arm).clone(), counts: counts.filter(|_| reason.is_empty()), reason }
    };
    wanted.iter().map(pick).collect()
}

/// The measure that stands for a trial.
fn chosen(
    wanted: &[&ArmRate],
    arm: &ArmRate,
    events: &dyn Fn(&ArmRate) -> Option<Events>,
) -> Option<usize> {
    let same = wanted.iter().filter(|other| other.nct_id == arm.nct_id && events(other).is_some());
    let usable = same.filter(|other| !is_subgroup(&other.title));
    let rank = |other: &&&ArmRate| {
        let kind = ["PRIMARY", "SECONDARY"].iter().position(|kind| other.outcome_type == *kind);
        (kind.unwrap_or(2), other.outcome_index)
    };
    usable.min_by_key(rank).map(|other| other.outcome_index)
}

fn is_subgroup(title: &str) -> bool {
    const WORDS: &[&str] = &[
        " by ",
        " in participants with ",
        " in patients with ",
        "subgroup",
        " positive ",
        " group",
    ];
    // "by independent review" and "by RECIST" say who judged and how, not in whom.
    const JUDGES: &[&str] = &[
        "by independent",
        "by blinded",
        "by investigator",
        "by the ",
        "by an ",
        "by central",
        "by irc",
        "by bicr",
        "by recist",
        "by imwg",
        "by best",
        "by visit",
        "by week",
        "by day",
        "by month",
        "by response",
    ];
    let lower = format!(" {} ", title.to_lowercase());
    let is_judged = JUDGES.iter().any(|words| lower.contains(words));
    WORDS.iter().any(|words| lower.contains(words) && !(*words == " by " && is_judged))
}

fn is_total(wanted: &[&ArmRate], arm: &ArmRate) -> bool {
    let same =
        |other: &&&ArmRate| other.nct_id == arm.nct_id && other.outcome_index == arm.outcome_index;
    let title = arm.group_title.to_lowercase();
    let words: Vec<&str> = title.split(|letter: char| !letter.is_alphanumeric()).collect();
    let is_named =
        ["total", "all", "overall", "combined", "pooled"].iter().any(|word| words.contains(word));
    is_named && wanted.iter().filter(same).count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_fall_into_their_kinds() {
        let cases = [
            ("Objective Response Rate (ORR)", Endpoint::ObjectiveResponse),
            ("Number of Patients With Complete Response", Endpoint::CompleteResponse),
            ("Complete Response [CR] Plus Partial Response", Endpoint::ObjectiveResponse),
            ("Duration of Complete Response", Endpoint::Other),
            ("Percentage of Participants With MRD Negativity", Endpoint::ResidualDisease),
            ("Participants with dose-limiting toxicities", Endpoint::DoseLimitingToxicity),
            ("Change in weight", Endpoint::Other),
        ];
        for (title, endpoint) in cases {
            assert_eq!(Endpoint::of(title), endpoint, "{title}");
        }
    }

    #[test]
    fn subgroups_and_judges_are_told_apart() {
        assert!(is_subgroup("Objective Response Rate by PD-L1 Tumor"));
        assert!(!is_subgroup("Objective Response Rate Assessed by Independent Review"));
    }
}
