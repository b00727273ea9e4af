//! Expressions made at random from what records say, and as they are written.

use cytotrial_registry::Record;
use cytotrial_registry::fields::{self, Kind};

/// Pieces whose texts are searched.
pub(crate) const PIECES: &[&str] = &[
    "BriefTitle",
    "OfficialTitle",
    "Condition",
    "Keyword",
    "InterventionName",
    "InterventionDescription",
    "BriefSummary",
    "DetailedDescription",
    "EligibilityCriteria",
    "PrimaryOutcomeMeasure",
    "SecondaryOutcomeTimeFrame",
    "LeadSponsorName",
    "ConditionMeshTerm",
    "InterventionAncestorTerm",
    "LocationCity",
    "LocationState",
    "LocationCountry",
    "LocationFacility",
    "OutcomeMeasureTitle",
];

/// Pieces whose values are.
const VALUES: &[&str] = &[
    "OverallStatus",
    "Phase",
    "StudyType",
    "Sex",
    "StdAge",
    "DesignAllocation",
    "DesignMasking",
    "InterventionType",
    "LeadSponsorClass",
    "HealthyVolunteers",
    "HasResults",
    "EnrollmentType",
];

/// Pieces with an order.
const ORDERED: &[&str] = &[
    "StartDate",
    "CompletionDate",
    "StudyFirstPostDate",
    "LastUpdatePostDate",
    "EnrollmentCount",
    "MinimumAge",
    "MaximumAge",
];

/// Areas that are searched.
pub(crate) const AREAS: &[&str] = &[
    "BasicSearch",
    "ConditionSearch",
    "InterventionSearch",
    "TitleSearch",
    "OutcomeSearch",
    "SponsorSearch",
    "LocationSearch",
];

/// Pieces of a location.
const IN_LOCATIONS: &[&str] =
    &["LocationCity", "LocationState", "LocationCountry", "LocationFacility"];

/// An expression.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    Term { place: Option<&'static str>, text: String, is_phrase: bool },
    Value(&'static str, String),
    Range(&'static str, Option<String>, Option<String>),
    Missing(&'static str),
    Size(&'static str, usize),
    InLocation(Box<Self>),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
}

impl Asked {
    /// As it is written, with no more brackets than are needed.
    pub(crate) fn text(&self) -> String {
        let joined = |parts: &[Self], word: &str| {
            let texts: Vec<String> = parts.iter().map(Self::text).collect();
            texts.join(word)
        };
        let operand = |part: &Self| match part {
            Self::And(_) | Self::Or(_) => format!("({})", part.text()),
            _ => part.text(),
        };
        match self {
            Self::Term { place, text, is_phrase } => {
                let text = if *is_phrase { format!("\"{text}\"") } else { text.clone() };
                place.map_or(text.clone(), |place| format!("AREA[{place}]{text}"))
            }
            Self::Value(piece, value) => format!("AREA[{piece}]\"{value}\""),
            Self::Range(piece, low, high) => {
                let end = |end: &Option<String>, open: &str| end.clone().unwrap_or(open.to_owned());
                format!("AREA[{piece}]RANGE[{},{}]", end(low, "MIN"), end(high, "MAX"))
            }
            Self::Missing(piece) => format!("AREA[{piece}]MISSING"),
            Self::Size(piece, size) => format!("AREA[{piece}:size] {size}"),
            Self::InLocation(inside) => format!("SEARCH[Location]({})", inside.text()),
            Self::Not(part) => format!("NOT {}", operand(part)),
            Self::And(parts) => {
                let part = |part: &Self| match part {
                    Self::Or(_) => format!("({})", part.text()),
                    _ => part.text(),
                };
                parts.iter().map(part).collect::<Vec<_>>().join(" AND ")
            }
            Self::Or(parts) => joined(parts, " OR "),
        }
    }
}

/// Makes expressions; the same ones every time.
pub(crate) struct Maker<'a> {
    pub(crate) records: Vec<&'a Record>,
    pub(crate) state: u64,
}

impl Maker<'_> {
    fn below(&mut self, count: usize) -> usize {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) as usize % count.max(1)
    }

    fn one(&mut self, of: &'static [&'static str]) -> &'static str {
        of[self.below(of.len())]
    }

    /// A value of a piece in some record.
    fn value(&mut self, piece: &str) -> Option<String> {
        for _ in 0..20 {
            let at = self.below(self.records.len());
            let record = self.records[at];
            let values = record.of(piece);
            if !values.is_empty() {
                let value = values[self.below(values.len())];
                return Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            }
        }
        None
    }

    /// Some words in a row of a value.
    fn words(&mut self, piece: &str) -> String {
        let value = self.value(piece).unwrap_or_else(|| "Multiple Myeloma".to_owned());
        let plain: String =
            value
                .chars()
                .map(|letter| {
                    if letter.is_alphanumeric() || "-'/.,".contains(letter) { letter } else { ' ' }
                })
                .collect();
        let words: Vec<&str> = plain.split_whitespace().collect();
        let from = self.below(words.len());
        let count = 1 + self.below(4);
        let some: Vec<&str> = words[from.min(words.len())..].iter().take(count).copied().collect();
        let text = some.join(" ");
        let is_said = text.chars().any(char::is_alphanumeric);
        let is_operator = |word: &&str| {
            ["AND", "OR", "NOT", "ALL", "MISSING"].contains(word)
                || word.to_uppercase().starts_with("NCT")
        };
        if !is_said || some.iter().any(is_operator) {
            "plasma cell myeloma".to_owned()
        } else {
            text
        }
    }

    fn test(&mut self) -> Asked {
        match self.below(12) {
            0..5 => {
                let piece = self.one(PIECES);
                let text = self.words(piece);
                let place = match self.below(3) {
                    0 => None,
                    1 => Some(self.one(AREAS)),
                    _ => Some(piece),
                };
                Asked::Term { place, text, is_phrase: self.below(3) == 0 }
            }
            5..7 => {
                let piece = self.one(VALUES);
                let value = self.value(piece).unwrap_or_else(|| "true".to_owned());
                Asked::Value(piece, value)
            }
            7..9 => self.range(),
            9 => {
                let all = [PIECES, VALUES, ORDERED][self.below(3)];
                Asked::Missing(self.one(all))
            }
            10 => {
                let lists = ["Condition", "Keyword", "InterventionName", "Phase", "LocationCity"];
                Asked::Size(lists[self.below(lists.len())], self.below(4))
            }
            _ => {
                let inside = self.in_location(2);
                Asked::InLocation(Box::new(inside))
            }
        }
    }

    fn range(&mut self) -> Asked {
        let piece = self.one(ORDERED);
        let kind = fields::by_piece(piece).map(|field| field.kind);
        let usual = match kind {
            Some(Kind::Date) => "2015-06",
            Some(Kind::Time) => "18 Years",
            _ => "20",
        };
        let mut end = |open: usize| {
            let value = self.value(piece).unwrap_or_else(|| usual.to_owned());
            (self.below(open) != 0).then_some(value)
        };
        let (low, high) = (end(3), end(3));
        Asked::Range(piece, low, high)
    }

    fn in_location(&mut self, depth: usize) -> Asked {
        let piece = self.one(IN_LOCATIONS);
        match self.below(if depth == 0 { 3 } else { 6 }) {
            0 | 1 => {
                let is_phrase = true;
                Asked::Term { place: Some(piece), text: self.words(piece), is_phrase }
            }
            2 => Asked::Missing(piece),
            3 => Asked::Not(Box::new(self.in_location(depth - 1))),
            4 => Asked::Or(vec![self.in_location(depth - 1), self.in_location(depth - 1)]),
            _ => Asked::And(vec![self.in_location(depth - 1), self.in_location(depth - 1)]),
        }
    }

    /// An expression nested at most so deep.
    pub(crate) fn make(&mut self, depth: usize) -> Asked {
        match self.below(if depth == 0 { 1 } else { 6 }) {
            0 | 1 => self.test(),
            2 => Asked::Not(Box::new(self.make(depth - 1))),
            3 => Asked::Or((0..2 + self.below(2)).map(|_| self.make(depth - 1)).collect()),
            _ => Asked::And((0..2 + self.below(2)).map(|_| self.make(depth - 1)).collect()),
        }
    }
}
