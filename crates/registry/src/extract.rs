//! Typed design parameters of a record, each with its JSON path or the sentence it was read from.
//!
//! What is not stated is not there: no value is guessed. A value that was worked out from others says so.

use serde::Serialize;
use serde_json::Value;

mod cells;
mod conduct;
mod criteria;
pub(crate) mod text;
mod treatment;

pub use cells::{Per, Quantity, quantities};
pub use conduct::EndpointClass;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Source {
    /// A field of the record.
    Field {
        /// JSON path of the field.
        path: String,
    },
    /// A sentence of the record.
    Quote {
        /// JSON path of the text.
        path: String,
        /// The sentence as it stands.
        sentence: String,
        /// How it was read where it is not plain; empty otherwise.
        remark: String,
    },
    /// Worked out from fields.
    Derived {
        /// How, and from which.
        how: String,
    },
}

/// A value with its type.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "type")]
pub enum Typed {
    /// Words.
    Text {
        /// The words.
        text: String,
    },
    /// A number in a unit.
    Number {
        /// The number.
        number: f64,
        /// The unit; empty for a count.
        unit: String,
    },
    /// A limit.
    Limit {
        /// `>=` or `<=`.
        sign: &'static str,
        /// The number.
        number: f64,
        /// The unit; empty for a count.
        unit: String,
    },
    /// Days from the first infusion or as the record counts them.
    Days {
        /// The days.
        days: Vec<i32>,
    },
    /// A dose of cells.
    Cells(Quantity),
    /// A drug with its daily dose and days.
    Drug {
        /// Its name.
        drug: &'static str,
        /// Number and unit of a dose; none where it is not stated.
        dose: Option<(f64, &'static str)>,
        /// Days; empty where they are not stated.
        days: Vec<i32>,
    },
    /// An arm with what is given in it.
    Arm {
        /// Its label.
        label: String,
        /// Its type, e.g. `EXPERIMENTAL`; empty where it is not stated.
        role: String,
        /// Interventions by name.
        interventions: Vec<String>,
    },
    /// An endpoint.
    Endpoint {
        /// What is measured.
        measure: String,
        /// Its kind.
        class: EndpointClass,
        /// Time frame in words.
        time_frame: String,
        /// Time frame in days, where the words name exactly one.
        days: Option<f64>,
    },
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Given {
    /// The value.
    pub value: Typed,
    /// Its source.
    pub source: Source,
}

/// A parameter of a design.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parameter {
    /// A short, stable name, e.g. `dose-levels`.
    pub name: &'static str,
    /// In words.
    pub title: &'static str,
    /// What the record gives, in its own order; empty for "not stated".
    pub values: Vec<Given>,
}

impl Parameter {
    /// The values as a person reads them; `not stated` without one.
    pub fn text(&self) -> String {
        if self.values.is_empty() {
            return "not stated".to_owned();
        }
        self.values.iter().map(|given| given.value.text()).collect::<Vec<_>>().join("; ")
    }
}

type Reader = fn(&Value) -> Vec<Given>;

/// Every parameter: name, words, and how it is read.
const PARAMETERS: &[(&str, &str, Reader)] = &[
    ("arms", "arms", conduct::arms),
    ("participants", "participants", conduct::participants),
    ("allocation", "allocation", conduct::allocation),
    ("model", "intervention model", conduct::model),
    ("masking", "masking", conduct::masking),
    ("purpose", "primary purpose", conduct::purpose),
    ("dose-levels", "dose levels", treatment::doses),
    ("schedule", "schedule of infusions", treatment::schedule),
    ("lymphodepletion", "lymphodepletion", treatment::lymphodepletion),
    ("escalation", "escalation rule", conduct::escalation),
    ("dlt-window", "DLT window", conduct::dlt_window),
    ("primary-endpoints", "primary endpoints", conduct::primary_endpoints),
    ("minimum-age", "youngest age", criteria::minimum_age),
    ("maximum-age", "oldest age", criteria::maximum_age),
    ("performance-status", "performance status", criteria::performance_status),
    ("prior-lines", "prior lines of therapy", criteria::prior_lines),
    ("life-expectancy", "life expectancy", criteria::life_expectancy),
    ("accrual", "accrual", conduct::accrual),
];

/// Every parameter of a record, stated or not, in a fixed order.
pub fn of(record: &Value) -> Vec<Parameter> {
    let read = |(name, title, reader): &(&'static str, &'static str, Reader)| Parameter {
        name,
        title,
        values: reader(record),
    };
    PARAMETERS.iter().map(read).collect()
}

/// Dose levels as they are shown, in the order of the record.
pub fn dose_levels(record: &Value) -> Vec<String> {
    let levels = treatment::doses(record);
    levels.iter().map(|given| given.value.text()).collect()
}

impl Typed {
    /// The value as a person reads it.
    pub fn text(&self) -> String {
        let with_unit = |number: &f64, unit: &str| {
            let number = (number * 100.0).round() / 100.0;
            if unit.is_empty() { number.to_string() } else { format!("{number} {unit}") }
        };
        match self {
            Self::Text { text } => text.clone(),
            Self::Number { number, unit } => with_unit(number, unit),
            Self::Limit { sign, number, unit } => format!("{sign} {}", with_unit(number, unit)),
            Self::Days { days } => {
                let days: Vec<String> = days.iter().map(i32::to_string).collect();
                format!("day {}", days.join(", "))
            }
            Self::Cells(quantity) => quantity.text(),
            Self::Drug { drug, dose, days } => {
                let dose = dose.map(|(number, unit)| format!(" {number} {unit}"));
                let list: Vec<String> = days.iter().map(i32::to_string).collect();
                let days = if list.is_empty() {
                    String::new()
                } else {
                    format!(", day {}", list.join(", "))
                };
                format!("{drug}{}{days}", dose.unwrap_or_default())
            }
            Self::Arm { label, interventions, .. } if interventions.is_empty() => label.clone(),
            Self::Arm { label, interventions, .. } => {
                format!("{label} ({})", interventions.join(", "))
            }
            Self::Endpoint { measure, time_frame, .. } if time_frame.is_empty() => measure.clone(),
            Self::Endpoint { measure, time_frame, .. } => format!("{measure} [{time_frame}]"),
        }
    }
}

/// The value below `protocolSection` at a dotted path.
pub(crate) fn field<'a>(record: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(record.get("protocolSection")?, |value, key| value.get(key))
}

/// A text below `protocolSection`, not blank.
pub(crate) fn text_at<'a>(record: &'a Value, path: &str) -> Option<&'a str> {
    field(record, path)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

fn source(path: &str) -> Source {
    Source::Field { path: format!("protocolSection.{path}") }
}

fn quote(sentence: &text::Sentence, remark: &str) -> Source {
    Source::Quote {
        path: sentence.path.clone(),
        sentence: sentence.quote.clone(),
        remark: remark.to_owned(),
    }
}
