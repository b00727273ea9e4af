//! Response categories of myeloma, from worst to best.

/// Response categories, from worst to best; "best of" is `max`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    serde::Serialize,
    serde::Deserialize,
)]
pub enum Response {
    /// Not evaluable.
    #[default]
    NotEvaluable,
    /// Progressive disease.
    Progression,
    /// Stable disease.
    Stable,
    /// Minimal response.
    Minimal,
    /// Partial response.
    Partial,
    /// Very good partial response.
    VeryGoodPartial,
    /// Complete response.
    Complete,
    /// Stringent complete response.
    StringentComplete,
}

impl Response {
    /// Every category, from worst to best.
    pub const ALL: [Self; 8] = [
        Self::NotEvaluable,
        Self::Progression,
        Self::Stable,
        Self::Minimal,
        Self::Partial,
        Self::VeryGoodPartial,
        Self::Complete,
        Self::StringentComplete,
    ];

    /// The abbreviation used in papers and in CDISC tables.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotEvaluable => "NE",
            Self::Progression => "PD",
            Self::Stable => "SD",
            Self::Minimal => "MR",
            Self::Partial => "PR",
            Self::VeryGoodPartial => "VGPR",
            Self::Complete => "CR",
            Self::StringentComplete => "sCR",
        }
    }

    /// The name in words.
    pub fn title(self) -> &'static str {
        match self {
            Self::NotEvaluable => "not evaluable",
            Self::Progression => "progressive disease",
            Self::Stable => "stable disease",
            Self::Minimal => "minimal response",
            Self::Partial => "partial response",
            Self::VeryGoodPartial => "very good partial response",
            Self::Complete => "complete response",
            Self::StringentComplete => "stringent complete response",
        }
    }

    /// The category of that abbreviation.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|response| response.code() == code)
    }

    /// Partial response or better.
    pub fn is_response(self) -> bool {
        self >= Self::Partial
    }
}
