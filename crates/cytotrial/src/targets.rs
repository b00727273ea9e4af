//! Published results that predictions are shown beside, each with its role.

use crate::problem::{Problem, help_with_nearest};

/// What a published result may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Values may be set to it; agreement with it is no prediction.
    Fit,
    /// Only ever compared with a prediction.
    HoldOut,
    /// Updates a posterior.
    Evidence,
    /// A statement to be tested; never fitted.
    Claim,
    /// To know; never scored.
    Context,
}

impl Role {
    /// Every role with its word in the table.
    pub const ALL: [(&'static str, Self); 5] = [
        ("fit", Self::Fit),
        ("hold-out", Self::HoldOut),
        ("evidence", Self::Evidence),
        ("claim", Self::Claim),
        ("context", Self::Context),
    ];

    /// The role that a word names.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == word).map(|(_, role)| *role)
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, role)| *role == self).map_or("", |(word, _)| word)
    }

    /// Whether a prediction may be scored against such a result: it was kept from setting values,
    /// and is more than something to know.
    pub fn is_scored(self) -> bool {
        matches!(self, Self::HoldOut | Self::Evidence | Self::Claim)
    }
}

/// A result with the role `fit`. There is no other way to make one, so that no hold-out, evidence
/// or claim can reach what sets values or weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitTarget<'a>(&'a Target);

impl<'a> FitTarget<'a> {
    /// The target, if its role is `fit`.
    pub fn of(target: &'a Target) -> Option<Self> {
        (target.role == Role::Fit).then_some(Self(target))
    }

    /// The result.
    pub fn target(self) -> &'a Target {
        self.0
    }
}

/// One published result.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Identifier in `evidence/targets.csv`.
    pub id: String,
    /// Product.
    pub product: String,
    /// Trial.
    pub trial: String,
    /// Patients, when given.
    pub patients: Option<u64>,
    /// Endpoint in words.
    pub endpoint: String,
    /// Dose or arm in words.
    pub dose: String,
    /// Estimate in its unit.
    pub estimate: Option<f64>,
    /// Unit.
    pub unit: String,
    /// Interval or range as published or computed.
    pub interval: Option<(f64, f64)>,
    /// What it may be used for.
    pub role: Role,
    /// Source.
    pub source: String,
    /// Whether the source was read (`SEEN`) or recalled.
    pub verification: String,
}

/// Reads the table.
///
/// # Errors
/// Rows without an identifier, rows with an identifier that another has, and unknown roles.
pub fn read(text: &str, file: &str) -> Result<Vec<Target>, Vec<Problem>> {
    let mut targets = Vec::new();
    let mut problems = Vec::new();
    for (line, row) in crate::parameters::rows(text) {
        let field =
            |name: &str| row.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
        let number = |name: &str| field(name).parse::<f64>().ok();
        if field("id").is_empty() {
            let help = "every published result has an identifier";
            let path = format!("line.{line}");
            problems.push(Problem::error("F203", file, path, "a row without an identifier", help));
            continue;
        }
        if targets.iter().any(|target: &Target| target.id == field("id")) {
            let message = format!("`{}` names two published results", field("id"));
            let help = "give each row an identifier of its own";
            problems.push(Problem::error("F203", file, format!("line.{line}"), message, help));
            continue;
        }
        let word = field("role");
        let Some(role) = Role::of(&word) else {
            let message = format!("the role of `{}` is `{word}`", field("id"));
            let help = help_with_nearest(&word, Role::ALL.map(|(word, _)| word));
            let path = place(text, line, &word);
            problems.push(Problem::error("F204", file, path, message, help));
            continue;
        };
        targets.push(Target {
            id: field("id"),
            product: field("product"),
            trial: field("trial"),
            patients: field("n").parse().ok(),
            endpoint: field("endpoint"),
            dose: field("arm_or_dose"),
            estimate: number("estimate"),
            unit: field("unit"),
            interval: number("ci_low").zip(number("ci_high")),
            role,
            source: field("source"),
            verification: field("verification"),
        });
    }
    if problems.is_empty() { Ok(targets) } else { Err(problems) }
}

/// The bytes of a field that stands in a line exactly as it reads; the line otherwise.
fn place(text: &str, line: usize, field: &str) -> String {
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let row = text[start..].lines().next().unwrap_or_default();
    match row.find(&format!(",{field},")) {
        Some(at) if !field.is_empty() => {
            format!("@{}..{}", start + at + 1, start + at + 1 + field.len())
        }
        _ => format!("line.{line}"),
    }
}

impl Target {
    /// Patients with the event and patients, of a share with a number of patients; the number of
    /// events is the one that the printed percentage was rounded from.
    pub fn counts(&self) -> Option<(u64, u64)> {
        let patients = self.patients.filter(|patients| *patients > 0 && self.unit == "%")?;
        let events = (self.estimate? / 100.0 * patients as f64).round();
        // A count of n patients is printed to within half of the last digit.
        let is_count = (events / patients as f64 * 100.0 - self.estimate?).abs() <= 0.55;
        is_count.then_some((events as u64, patients))
    }

    /// The code of the measure that answers to this endpoint, and the factor from the published
    /// unit to the measure's own (0.01 for per cent).
    pub fn measure(&self) -> Option<(&'static str, f64)> {
        let code = match self.endpoint.as_str() {
            "ORR" | "ORR pooled" => "orr",
            "CR" | "CR or sCR" | ">=CR" => "cr",
            "sCR" | "sCR pooled" => "scr",
            "MRD-negative conversion" | "MRD-negative" => "mrd-negative",
            "CRS any grade" => "crs",
            "CRS grade >=3" => "crs-grade-3-or-more",
            "neurotoxicity any grade" | "ICANS any grade" => "icans",
            "DLT" => "dlt",
            "Tmax median" => return Some(("tmax", 1.0)),
            "PFS median" => return Some(("pfs-median", 1.0)),
            "OS median" => return Some(("os-median", 1.0)),
            _ => return None,
        };
        Some((code, 0.01))
    }

    /// The 95 % interval of a share: published, or exact from estimate and number of patients.
    pub fn share_interval(&self) -> Option<(f64, f64)> {
        if let Some((low, high)) = self.interval {
            return Some((low / 100.0, high / 100.0));
        }
        let patients = self.patients.filter(|_| self.unit == "%")?;
        let events = (self.estimate? / 100.0 * patients as f64).round();
        Some(stats::interval::clopper_pearson(events as u32, patients as u32, 0.95))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundled() -> &'static str {
        crate::library::text("evidence/targets.csv").unwrap()
    }

    #[test]
    fn only_results_to_fit_can_be_fitted() {
        let targets = read(bundled(), "evidence/targets.csv").unwrap();
        for target in &targets {
            assert_eq!(FitTarget::of(target).is_some(), target.role == Role::Fit, "{}", target.id);
            assert!(target.role != Role::Fit || !target.role.is_scored());
        }
        let role = |id: &str| targets.iter().find(|target| target.id == id).unwrap().role;
        assert_eq!(role("KM12"), Role::Fit);
        assert_eq!(role("S01"), Role::HoldOut);
        assert_eq!(role("S11"), Role::Evidence);
        assert_eq!(role("S16"), Role::Claim);
        assert_eq!(role("Q03"), Role::Context);
    }

    #[test]
    fn an_unknown_role_is_shown_where_it_stands() {
        let text = bundled().replacen(",evidence,", ",evidnce,", 1);
        let problems = read(&text, "evidence/targets.csv").unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].code, "F204");
        assert!(problems[0].help.contains("evidence"), "{}", problems[0].help);
        let span = crate::problem::locate(&text, &problems[0].path).unwrap();
        assert_eq!(&text[span], "evidnce");
    }

    #[test]
    fn counts_are_found_again_from_percentages() {
        let targets = read(bundled(), "evidence/targets.csv").unwrap();
        let counts = |id: &str| targets.iter().find(|target| target.id == id).unwrap().counts();
        // As printed: 44/54, 107/128, 20/21, 51/54; S01 has no number of patients.
        assert_eq!(counts("KM12"), Some((44, 54)));
        assert_eq!(counts("KM37"), Some((107, 128)));
        assert_eq!(counts("S05"), Some((20, 21)));
        assert_eq!(counts("W01"), Some((51, 54)));
        assert_eq!(counts("S01"), None);
        assert_eq!(counts("KM34"), None);
    }
}
