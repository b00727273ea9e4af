//! What is compared besides words: subject headings, phase, targets, design and status, in fixed bytes.

use serde_json::Value;

use super::dictionary::{self, Targets};
use super::words::{each_text, hash};

/// Facts of one record.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    /// Length of the vector of words.
    pub text_norm: f32,
    /// Length of the vector of subject headings of conditions.
    pub condition_norm: f32,
    /// Length of the vector of subject headings of interventions.
    pub intervention_norm: f32,
    /// Antigens and platforms.
    pub targets: Targets,
    /// Phases as bits in the order of `PHASES`.
    pub phases: u8,
    /// Place in `STATUSES` plus one; 0 where there is none.
    pub status: u8,
    /// Whether results are posted.
    pub has_results: bool,
    /// Type of study, allocation, model, purpose and masking: places in `DESIGN` plus one.
    pub design: [u8; 5],
    /// A hash of the title, to know copies by.
    pub title: u64,
    /// A hash of the lead sponsor's name; 0 without one.
    pub sponsor: u64,
}

/// Phases in the order of their bits.
pub(crate) const PHASES: &[&str] = &["EARLY_PHASE1", "PHASE1", "PHASE2", "PHASE3", "PHASE4", "NA"];

const STATUSES: &[&str] = &[
    "NOT_YET_RECRUITING",
    "RECRUITING",
    "ENROLLING_BY_INVITATION",
    "ACTIVE_NOT_RECRUITING",
    "AVAILABLE",
    "SUSPENDED",
    "TERMINATED",
    "COMPLETED",
    "WITHDRAWN",
    "UNKNOWN",
    "NO_LONGER_AVAILABLE",
    "TEMPORARILY_NOT_AVAILABLE",
    "APPROVED_FOR_MARKETING",
    "WITHHELD",
];

/// The first so many of `STATUSES` are trials that run or will.
const OPEN: u8 = 5;

/// Where the parts of a design stand, and their values.
const DESIGN: &[(&str, &[&str])] = &[
    ("designModule.studyType", &["INTERVENTIONAL", "OBSERVATIONAL", "EXPANDED_ACCESS"]),
    ("designModule.designInfo.allocation", &["RANDOMIZED", "NON_RANDOMIZED", "NA"]),
    (
        "designModule.designInfo.interventionModel",
        &["SINGLE_GROUP", "PARALLEL", "CROSSOVER", "FACTORIAL", "SEQUENTIAL"],
    ),
    (
        "designModule.designInfo.primaryPurpose",
        &[
            "TREATMENT",
            "PREVENTION",
            "DIAGNOSTIC",
            "ECT",
            "SUPPORTIVE_CARE",
            "SCREENING",
            "HEALTH_SERVICES_RESEARCH",
            "BASIC_SCIENCE",
            "DEVICE_FEASIBILITY",
            "OTHER",
        ],
    ),
    (
        "designModule.designInfo.maskingInfo.masking",
        &["NONE", "SINGLE", "DOUBLE", "TRIPLE", "QUADRUPLE"],
    ),
];

/// Bytes of one record's facts.
pub(crate) const SIZE: usize = 48;

impl Facts {
    /// Facts of a record; the lengths of its vectors are known later.
    pub(crate) fn of(record: &Value) -> Self {
        let mut facts = Self { targets: dictionary::of(record), ..Self::default() };
        each_text(record, "designModule.phases", &mut |text| {
            if let Some(place) = PHASES.iter().position(|phase| *phase == text) {
                facts.phases |= 1 << place;
            }
        });
        each_text(record, "statusModule.overallStatus", &mut |text| {
            facts.status = place(STATUSES, text);
        });
        facts.has_results = record.get("hasResults").and_then(Value::as_bool).unwrap_or(false)
            || record.get("resultsSection").is_some();
        for (part, (path, values)) in facts.design.iter_mut().zip(DESIGN) {
            each_text(record, path, &mut |text| *part = place(values, text));
        }
        each_text(record, "identificationModule.briefTitle", &mut |text| {
            facts.title = hash(text.trim().to_lowercase().as_bytes());
        });
        each_text(record, "sponsorCollaboratorsModule.leadSponsor.name", &mut |text| {
            facts.sponsor = hash(text.trim().to_lowercase().as_bytes());
        });
        facts
    }

    /// Whether the trial runs or will.
    pub fn is_open(&self) -> bool {
        (1..=OPEN).contains(&self.status)
    }

    /// Whether the other has the same type, and the same of every part of a design stated here.
    pub fn is_same_design(&self, other: &Self) -> bool {
        let is_known = self.design.iter().any(|part| *part > 0);
        is_known
            && self.design.iter().zip(&other.design).all(|(own, part)| *own == 0 || own == part)
    }

    /// The phase as a number: early 1 is 0.5, 1/2 is 1.5; none where there is none.
    pub fn phase_number(&self) -> Option<f32> {
        const NUMBERS: [f32; 5] = [0.5, 1.0, 2.0, 3.0, 4.0];
        let has = |place: &usize| self.phases >> place & 1 == 1;
        let numbers: Vec<f32> = (0..5).filter(has).map(|place| NUMBERS[place]).collect();
        (!numbers.is_empty()).then(|| numbers.iter().sum::<f32>() / numbers.len() as f32)
    }

    /// How close two phases are, from 0 to 1; one half where one is not known.
    pub fn phase_closeness(&self, other: &Self) -> f32 {
        match (self.phase_number(), other.phase_number()) {
            (Some(own), Some(other)) => (1.0 - (own - other).abs() / 4.0).max(0.0),
            _ => 0.5,
        }
    }

    pub(crate) fn write(&self, into: &mut Vec<u8>) {
        let start = into.len();
        for norm in [self.text_norm, self.condition_norm, self.intervention_norm] {
            into.extend(norm.to_le_bytes());
        }
        into.extend(self.targets.antigens.to_le_bytes());
        into.extend(self.title.to_le_bytes());
        into.extend(self.targets.platforms.to_le_bytes());
        into.extend([self.phases, self.status, u8::from(self.has_results)]);
        into.extend(self.design);
        into.extend(self.sponsor.to_le_bytes());
        into.resize(start + SIZE, 0);
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; SIZE] = bytes.get(..SIZE)?.try_into().ok()?;
        let real = |at: usize| {
            f32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let long = |at: usize| {
            (0..8).fold(0_u64, |value, index| value | u64::from(bytes[at + index]) << (8 * index))
        };
        Some(Self {
            text_norm: real(0),
            condition_norm: real(4),
            intervention_norm: real(8),
            targets: Targets {
                antigens: long(12),
                platforms: u16::from_le_bytes([bytes[28], bytes[29]]),
            },
            title: long(20),
            phases: bytes[30],
            status: bytes[31],
            has_results: bytes[32] != 0,
            design: [bytes[33], bytes[34], bytes[35], bytes[36], bytes[37]],
            sponsor: long(38),
        })
    }
}

fn place(values: &[&str], text: &str) -> u8 {
    values.iter().position(|value| *value == text).map_or(0, |place| place as u8 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_survive_their_bytes() {
        let facts = Facts {
            text_norm: 3.25,
            condition_norm: 1.5,
            intervention_norm: 0.5,
            targets: Targets { antigens: 1 << 50 | 3, platforms: 9 },
            phases: 6,
            status: 2,
            has_results: true,
            design: [1, 2, 3, 4, 5],
            title: 0x0123_4567_89ab_cdef,
            sponsor: 77,
        };
        let mut bytes = Vec::new();
        facts.write(&mut bytes);
        assert_eq!(bytes.len(), SIZE);
        assert_eq!(Facts::read(&bytes), Some(facts));
        assert_eq!(Facts::read(&bytes[1..]), None);
    }

    #[test]
    fn phases_are_closer_the_nearer_they_are() {
        let phase = |phases| Facts { phases, ..Facts::default() };
        let close = |a, b| phase(a).phase_closeness(&phase(b));
        assert!((close(1, 2) - 0.875).abs() < 1e-6, "early 1 and 1");
        assert!((close(2 | 4, 4) - 0.875).abs() < 1e-6, "1/2 and 2");
        assert!((close(2, 16) - 0.25).abs() < 1e-6, "1 and 4");
        assert!((close(32, 2) - 0.5).abs() < 1e-6, "not applicable says nothing");
    }
}
