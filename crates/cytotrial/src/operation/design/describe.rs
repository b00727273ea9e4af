//! `design describe` and `design list`: the paragraph for a protocol, and every design.

use serde::Serialize;

use super::choice::{Ask, Plan, Setting, choose};
use crate::problem::Problem;

/// The paragraph with everything that it stands on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The design's name.
    pub design: String,
    /// The design with the settings that were given.
    pub title: String,
    /// The paragraph for a protocol.
    pub paragraph: String,
    /// Every setting.
    pub settings: Vec<Setting>,
    /// What the design does where papers and programs differ.
    pub conventions: Vec<String>,
    /// The plan around it.
    pub plan: Plan,
}

/// The paragraph of a design.
///
/// # Errors
/// Problems of the settings.
pub fn run(ask: &Ask) -> Result<Answer, Vec<Problem>> {
    let chosen = choose(ask)?;
    Ok(Answer {
        design: chosen.entry.name.to_owned(),
        title: chosen.title(),
        paragraph: chosen.design.describe(),
        conventions: chosen.entry.conventions.iter().map(|&one| one.to_owned()).collect(),
        settings: chosen.settings,
        plan: chosen.plan,
    })
}

/// One design of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// What a protocol writes.
    pub name: String,
    /// What a report writes.
    pub title: String,
    /// What it looks at: `DLTs`, `DLTs in time`, `DLTs and responses`, `responses`.
    pub looks_at: String,
    /// The least settings that make a design, as TOML.
    pub least: String,
    /// Every setting that it can have.
    pub keys: Vec<String>,
}

/// Every design, in the order people meet them.
pub fn list() -> Vec<Listed> {
    let listed = |entry: &design::Entry| {
        let design = (entry.from_toml)(entry.least).ok();
        let looks_at = match design.map(|design| design.outcomes()) {
            Some(design::Outcomes::ToxicityInTime) => "DLTs in time",
            Some(design::Outcomes::ToxicityAndResponse) => "DLTs and responses",
            Some(design::Outcomes::Response) => "responses",
            Some(design::Outcomes::NestedResponse) => "responses of two depths",
            Some(design::Outcomes::Toxicity) | None => "DLTs",
        };
        Listed {
            name: entry.name.to_owned(),
            title: entry.title.to_owned(),
            looks_at: looks_at.to_owned(),
            least: entry.least.to_owned(),
            keys: entry.keys(),
        }
    };
    design::ALL.iter().map(listed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_design_is_described_with_all_its_settings() {
        for listed in list() {
            let settings = toml::from_str(&listed.least).unwrap();
            let ask = Ask { method: Some(listed.name.clone()), settings, ..Ask::default() };
            let answer = run(&ask).unwrap();
            assert!(answer.paragraph.len() > 40, "{}", listed.name);
            assert_eq!(answer.settings.len(), listed.keys.len(), "{}", listed.name);
        }
    }
}
