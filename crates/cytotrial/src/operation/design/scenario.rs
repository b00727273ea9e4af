//! What is taken to be true of the doses: scenarios on a command line or in a file.

use design::{Truth, truth::TruthError};
use serde::Serialize;

use crate::problem::Problem;
use crate::protocol::section::Field;

/// One truth as a person wrote it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scenario {
    /// What it is called.
    pub name: String,
    /// The probability of a DLT at every level, lowest first.
    pub toxicity: Vec<f64>,
    /// The probability of a response at every level; empty when nobody responds.
    pub response: Vec<f64>,
    /// The probability of a deep response at every level, such as a complete one; empty when nothing
    /// is said of depth.
    pub deep_response: Vec<f64>,
    /// The odds ratio between DLT and response in a patient; 1 is independence.
    pub odds_ratio: f64,
    /// Where it was written: file and path, both empty for the command line.
    #[serde(skip)]
    pub place: (String, String),
}

impl Scenario {
    /// A scenario of the command line.
    pub fn typed(name: &str, toxicity: &[f64], response: &[f64], odds_ratio: f64) -> Self {
        Self {
            name: name.to_owned(),
            toxicity: toxicity.to_vec(),
            response: response.to_vec(),
            deep_response: Vec::new(),
            odds_ratio,
            place: <(String, String)>::default(),
        }
    }

    /// The truth of checked rates.
    ///
    /// # Errors
    /// A problem with the rate that is none, or with lists of different lengths.
    pub fn truth(&self) -> Result<Truth, Problem> {
        let truth = if self.response.is_empty() {
            Truth::of_toxicity(&self.toxicity)
        } else {
            Truth::with_odds_ratio(&self.toxicity, &self.response, self.odds_ratio)
        };
        let truth = truth.and_then(|truth| match &self.deep_response[..] {
            [] => Ok(truth),
            deep => truth.with_deep(deep),
        });
        truth.map_err(|error| {
            let help = match &error {
                TruthError::Rate { found, .. } if (1.0..=100.0).contains(found) => {
                    format!("a rate lies between 0 and 1: {}?", super::decimal(found / 100.0, 4))
                }
                TruthError::Depth { .. } => {
                    "deep responses are among the responses: correct one of the rates".to_owned()
                }
                TruthError::Depths { .. } => "give every level its deep responses".to_owned(),
                TruthError::Lengths { .. } => "give every level both rates".to_owned(),
                TruthError::Empty => "give one DLT rate per dose level".to_owned(),
                _ => "correct the number".to_owned(),
            };
            let message = format!("scenario `{}`: {error}", self.name);
            let (file, path) = self.place.clone();
            Problem::error("D107", file, path, message, help)
        })
    }
}

/// The `[[scenario]]` tables of a file.
pub(super) fn in_file(field: &Field<'_>) -> Vec<Scenario> {
    let mut scenarios = Vec::new();
    for (place, table) in field.clone().list().into_iter().flatten().enumerate() {
        let path = table.path.clone();
        let file = table.log.file.clone();
        let Some(section) = table.section() else { continue };
        let rates = |key: &'static str| {
            section.may(key).map(|field| field.each(Field::number).unwrap_or_default())
        };
        let toxicity = section.need("toxicity").and_then(|field| field.each(Field::number));
        let response = rates("response").unwrap_or_default();
        let deep_response = rates("deep-response").unwrap_or_default();
        let odds_ratio = section.may("odds-ratio").and_then(Field::number).unwrap_or(1.0);
        let name = section.may("name").and_then(Field::text);
        section.done();
        if let Some(toxicity) = toxicity {
            scenarios.push(Scenario {
                name: name.unwrap_or_else(|| (place + 1).to_string()),
                toxicity,
                response,
                deep_response,
                odds_ratio,
                place: (file, path),
            });
        }
    }
    scenarios
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_in_per_cent_are_told() {
        let problem = Scenario::typed("1", &[0.05, 15.0], &[], 1.0).truth().unwrap_err();
        assert_eq!(problem.code, "D107");
        assert!(problem.message.contains("dose 2 is 15") && problem.help.contains("0.15?"));
        let lengths = Scenario::typed("1", &[0.05, 0.15], &[0.3], 1.0).truth().unwrap_err();
        assert!(lengths.message.contains("2 DLT rates and 1"), "{lengths}");
    }
}
