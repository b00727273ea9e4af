//! `model convert`: a model in the other language.

use serde::Serialize;

use super::{Language, Text, read};
use crate::problem::Problem;

/// What to convert.
#[derive(Debug, Clone)]
pub struct Request {
    /// The model.
    pub text: Text,
    /// The language that is wanted.
    pub to: Language,
}

/// The model in that language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The model's name.
    pub model: String,
    /// The language it was written in.
    pub from: Language,
    /// The language of `text`.
    pub to: Language,
    /// The text; reading it gives the same model.
    pub text: String,
}

/// Writes a model. Functions and modules stay in place, and units stand in base units.
///
/// # Errors
/// Everything that is wrong with the text.
pub fn run(request: &Request) -> Result<Answer, Vec<Problem>> {
    let (model, from) = read(&request.text)?;
    let text = match request.to {
        Language::Antimony => ::model::antimony::write(&model),
        Language::Sbml => ::model::sbml::write(&model),
    };
    Ok(Answer { model: model.name, from, to: request.to, text })
}
