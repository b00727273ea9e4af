//! What a design decides: an action, a level, and the sentence that says why.

use std::fmt;

/// What happens next.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub enum Action {
    /// Treat the next patients at a higher level.
    Escalate,
    /// Treat the next patients at the same level.
    Stay,
    /// Treat the next patients at a lower level.
    DeEscalate,
    /// Wait for patients whose window still runs.
    Suspend,
    /// End the trial as planned; a dose may be recommended.
    Finish,
    /// End the trial: the lowest level is too toxic.
    StopForSafety,
    /// End the trial: too few responses.
    StopForFutility,
}

impl Action {
    /// The action that leads from one level to the next.
    pub const fn between(from: usize, to: usize) -> Self {
        if to > from {
            Self::Escalate
        } else if to < from {
            Self::DeEscalate
        } else {
            Self::Stay
        }
    }

    /// Whether nobody is treated after this.
    pub const fn is_end(self) -> bool {
        matches!(self, Self::Finish | Self::StopForSafety | Self::StopForFutility)
    }

    /// One letter for a table: E, S, D, W (wait), F, T (toxic), U (futile).
    pub const fn letter(self) -> char {
        match self {
            Self::Escalate => 'E',
            Self::Stay => 'S',
            Self::DeEscalate => 'D',
            Self::Suspend => 'W',
            Self::Finish => 'F',
            Self::StopForSafety => 'T',
            Self::StopForFutility => 'U',
        }
    }
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
            Self::StopForFutility => "stop for futility",
        })
    }
}

/// A decision without its reason: cheap enough for millions of simulated cohorts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// What happens next.
    pub action: Action,
    /// The level of the next patients; `None` when nobody is treated next.
    pub next_level: Option<usize>,
    /// How many patients come next; `None` for a cohort of the protocol.
    pub patients: Option<u32>,
}

impl Step {
    /// An action after which nobody is treated for now.
    pub const fn end(action: Action) -> Self {
        Self { action, next_level: None, patients: None }
    }

    /// The next cohort at a level.
    pub const fn to(from: usize, next: usize) -> Self {
        Self { action: Action::between(from, next), next_level: Some(next), patients: None }
    }
}

/// A decision with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What happens next.
    pub action: Action,
    /// The level of the next patients; `None` when nobody is treated next.
    pub next_level: Option<usize>,
    /// How many patients come next; `None` for a cohort of the protocol.
    pub patients: Option<u32>,
    /// The sentence that says why.
    pub because: String,
}

/// The sentence of a decision, written only where somebody reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(Option<String>);

impl Reason {
    /// Nobody will read it.
    pub const fn silent() -> Self {
        Self(None)
    }

    /// Somebody will read it.
    pub const fn spoken() -> Self {
        Self(Some(String::new()))
    }

    /// Says why; what was said before is replaced.
    pub fn say(&mut self, sentence: impl FnOnce() -> String) {
        if let Some(text) = &mut self.0 {
            *text = sentence();
        }
    }

    /// Adds to what was said.
    pub fn add(&mut self, words: impl FnOnce() -> String) {
        if let Some(text) = &mut self.0 {
            text.push_str(&words());
        }
    }

    /// The sentence; empty if nobody wanted it.
    pub fn into_text(self) -> String {
        self.0.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_reason_is_never_worded() {
        let mut reason = Reason::silent();
        reason.say(|| unreachable!("nobody reads it"));
        assert_eq!(reason.into_text(), "");
        let mut reason = Reason::spoken();
        reason.say(|| "first".to_owned());
        reason.add(|| " and more".to_owned());
        assert_eq!(reason.into_text(), "first and more");
    }
}
