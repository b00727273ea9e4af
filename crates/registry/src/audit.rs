//! What a record lacks for a design, and where it contradicts itself.
//!
//! Everything is computed from the record alone; there is no clock: a date is old beside another date
//! of the record, never beside today.

use serde::Serialize;
use serde_json::Value;

use crate::extract;

mod contradictions;
mod diseases;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A short, stable name, e.g. `other-disease`.
    pub code: &'static str,
    /// What was found, in words.
    pub text: String,
    /// Where: JSON paths of the values behind it.
    pub paths: Vec<String>,
    /// Sentences of the record behind it; empty where the finding is about fields.
    pub quotes: Vec<String>,
}

/// Something that a design needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Need {
    /// The parameter's name, as `extract` has it.
    pub name: &'static str,
    /// In words.
    pub title: &'static str,
    /// Why it matters.
    pub matters: &'static str,
    /// Whether the record states it.
    pub is_stated: bool,
}

/// All findings on a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// What a design needs, stated or not.
    pub needs: Vec<Need>,
    /// Where the record contradicts itself.
    pub contradictions: Vec<Finding>,
}

/// Why a parameter matters; those of cell products are asked of cell products only.
const MATTERS: &[(&str, bool, &str)] = &[
    ("arms", false, "without arms nothing says who gets what"),
    ("participants", false, "sets the width of every interval"),
    ("allocation", false, "decides what may be compared"),
    ("model", false, "decides what may be compared"),
    ("masking", false, "decides how soft endpoints are to be read"),
    ("purpose", false, "says what the trial is for"),
    ("dose-levels", true, "nothing can be simulated without a dose"),
    ("schedule", true, "exposure depends on it"),
    ("lymphodepletion", true, "decides how long cells persist"),
    ("escalation", true, "decides who gets which dose"),
    ("dlt-window", true, "the dose decision waits for it"),
    ("primary-endpoints", false, "no success can be defined afterwards"),
    ("minimum-age", false, "decides who the patients are"),
    ("performance-status", true, "decides who the patients are"),
    ("prior-lines", true, "decides who the patients are"),
    ("accrual", false, "decides how long the trial takes"),
];

/// Looks a record through.
pub fn of(record: &Value) -> Audit {
    let parameters = extract::of(record);
    let is_of_cells = crate::related::dictionary::of(record).platforms != 0;
    let need = |(name, of_cells, matters): &(&str, bool, &'static str)| {
        let parameter = parameters.iter().find(|parameter| parameter.name == *name)?;
        let is_stated = !parameter.values.is_empty();
        let need = Need { name: parameter.name, title: parameter.title, matters, is_stated };
        (!of_cells || is_of_cells).then_some(need)
    };
    Audit {
        needs: MATTERS.iter().filter_map(need).collect(),
        contradictions: contradictions::of(record, &parameters),
    }
}

impl Audit {
    /// What a design needs and the record lacks.
    pub fn missing(&self) -> Vec<&Need> {
        self.needs.iter().filter(|need| !need.is_stated).collect()
    }
}
