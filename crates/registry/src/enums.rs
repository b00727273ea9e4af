//! The enumerations of the data model, and how their values are shown.

use std::collections::BTreeMap;
use std::sync::LazyLock;

const TABLE: &str = include_str!("../data/enums.tsv");

static ENUMS: LazyLock<BTreeMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    let mut enums: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in TABLE.lines().skip(1) {
        if let Some((name, value)) = row.split_once('\t') {
            enums.entry(name).or_default().push(value);
        }
    }
    enums
});

/// The names of the enumerations, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    ENUMS.keys().copied()
}

/// The values of an enumeration, e.g. of `Phase`; nothing where there is none of that name.
pub fn values(name: &str) -> &'static [&'static str] {
    ENUMS.get(name).map_or(&[], Vec::as_slice)
}

/// Values whose words are not the value's own words.
const SHOWN: &[(&str, &str, &str)] = &[
    ("Status", "ACTIVE_NOT_RECRUITING", "Active, not recruiting"),
    ("RecruitmentStatus", "ACTIVE_NOT_RECRUITING", "Active, not recruiting"),
    ("Status", "UNKNOWN", "Unknown status"),
    ("Phase", "NA", "N/A"),
    ("Phase", "EARLY_PHASE1", "Early Phase 1"),
    ("Phase", "PHASE1", "Phase 1"),
    ("Phase", "PHASE2", "Phase 2"),
    ("Phase", "PHASE3", "Phase 3"),
    ("Phase", "PHASE4", "Phase 4"),
    ("DesignAllocation", "NON_RANDOMIZED", "Non-Randomized"),
    ("DesignAllocation", "NA", "N/A"),
    ("DesignMasking", "NONE", "None (Open Label)"),
    ("InterventionalAssignment", "SINGLE_GROUP", "Single Group Assignment"),
    ("InterventionalAssignment", "PARALLEL", "Parallel Assignment"),
    ("InterventionalAssignment", "CROSSOVER", "Crossover Assignment"),
    ("InterventionalAssignment", "FACTORIAL", "Factorial Assignment"),
    ("InterventionalAssignment", "SEQUENTIAL", "Sequential Assignment"),
    ("PrimaryPurpose", "ECT", "Educational/Counseling/Training"),
    ("ObservationalModel", "CASE_CONTROL", "Case-Control"),
    ("ObservationalModel", "CASE_ONLY", "Case-Only"),
    ("ObservationalModel", "CASE_CROSSOVER", "Case-Crossover"),
    ("ObservationalModel", "ECOLOGIC_OR_COMMUNITY", "Ecologic or Community"),
    ("ObservationalModel", "FAMILY_BASED", "Family-Based"),
    ("DesignTimePerspective", "CROSS_SECTIONAL", "Cross-Sectional"),
    ("BioSpecRetention", "NONE_RETAINED", "None Retained"),
    ("BioSpecRetention", "SAMPLES_WITH_DNA", "Samples With DNA"),
    ("BioSpecRetention", "SAMPLES_WITHOUT_DNA", "Samples Without DNA"),
    ("AgencyClass", "NIH", "NIH"),
    ("AgencyClass", "FED", "U.S. Fed"),
    ("AgencyClass", "OTHER_GOV", "Other Gov"),
    ("AgencyClass", "INDIV", "Individual"),
];

/// A value as people read it, e.g. `Not yet recruiting`; enumerations that are written in title
/// case are (`Combination Product`).
pub fn shown(name: &str, value: &str) -> String {
    let told = SHOWN.iter().find(|(known, key, _)| *known == name && *key == value);
    if let Some((_, _, text)) = told {
        return (*text).to_owned();
    }
    let is_sentence = matches!(name, "Status" | "RecruitmentStatus" | "ExpandedAccessStatus");
    let mut text = String::new();
    for (index, word) in value.split('_').enumerate() {
        if index > 0 {
            text.push(' ');
        }
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        if index > 0 && is_sentence {
            text.push_str(&first.to_lowercase());
        } else {
            text.push_str(first);
        }
        text.push_str(&rest.to_lowercase());
    }
    text
}

/// The value that a person means: the value itself, or as it is shown, in any case of letters,
/// with blanks, hyphens or underscores.
pub fn meant(name: &str, text: &str) -> Option<&'static str> {
    let plain = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let wanted = plain(text);
    let is_it = |value: &&&str| plain(value) == wanted || plain(&shown(name, value)) == wanted;
    values(name).iter().find(is_it).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_meant_by_itself_and_by_how_it_is_shown() {
        assert_eq!(names().count(), 41);
        let mut count = 0;
        for name in names() {
            for value in values(name) {
                count += 1;
                assert_eq!(meant(name, value), Some(*value), "{name}");
                assert_eq!(meant(name, &shown(name, value)), Some(*value), "{name}");
            }
        }
        assert_eq!(count, 209);
    }

    #[test]
    fn values_are_shown_as_people_read_them() {
        assert_eq!(shown("Status", "NOT_YET_RECRUITING"), "Not yet recruiting");
        assert_eq!(shown("InterventionType", "COMBINATION_PRODUCT"), "Combination Product");
        assert_eq!(shown("Phase", "EARLY_PHASE1"), "Early Phase 1");
        assert_eq!(meant("Status", "active not recruiting"), Some("ACTIVE_NOT_RECRUITING"));
        assert_eq!(meant("Phase", "phase 5"), None);
    }
}
