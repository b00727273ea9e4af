//! Boundaries that stop one arm for toxicity: Bayesian, Pocock, O'Brien-Fleming, beta-binomial, and
//! repeated significance tests.
//!
//! Ivanova, Qaqish and Schell, Biometrics 2005;61:540-545; Geller et al., Stat Biosci 2003 (the
//! beta-binomial rule); conventions of the R packages stoppingrule 0.5.2 and clinfun 1.1.5.

use serde::{Deserialize, Serialize};
use stats::special::{beta_cdf, normal_cdf, normal_quantile};

use super::predictive_probability::{check_looks, check_prior};
use super::{Design, DesignError, Entry, counted, is_rate, suspended, within};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Action, Reason, Step};
use crate::looks::{Bounds, Course, to_the_next_look};
use crate::posterior::least_hits_above;

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "toxicity-monitoring",
    title: "Toxicity monitoring",
    least: "limit = 0.3\nlooks = [3, 6, 9, 12]",
    from_toml: |text| Ok(Box::new(ToxicityMonitoring::new(toml::from_str(text)?)?)),
    in_force: |text| Ok(super::as_table(&toml::from_str::<Settings>(text)?)),
    conventions: &[
        "the Bayesian rule is strict (above the cut-off)",
        "the probabilities of stopping are exact",
    ],
};

/// The settings of the boundary.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The tolerable DLT rate.
    pub limit: f64,
    /// Patients at each look; the last is the end of the arm.
    pub looks: Vec<u32>,
    /// How the boundary is made.
    #[serde(default)]
    pub rule: Rule,
    /// The Beta prior of the rules with a posterior.
    #[serde(default = "default_prior")]
    pub prior: [f64; 2],
    /// The Bayesian rule stops when the rate exceeds the limit with more than this probability.
    #[serde(default = "default_cutoff")]
    pub cutoff: f64,
    /// The other rules stop at the limit with at most this probability.
    #[serde(default = "default_type_one")]
    pub type_one: f64,
    /// The shape of repeated significance tests: 0 for Pocock, 0.5 for O'Brien-Fleming.
    #[serde(default)]
    pub shape: f64,
}

fn default_prior() -> [f64; 2] {
    [1.0, 1.0]
}

fn default_cutoff() -> f64 {
    0.95
}

fn default_type_one() -> f64 {
    0.1
}

/// How the boundary is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A fixed posterior probability.
    #[default]
    Bayesian,
    /// The same exact p-value at every look.
    Pocock,
    /// The same excess over the expected number at every look.
    ObrienFleming,
    /// The same posterior probability at every look, chosen by the type I error.
    BetaBinomial,
    /// Repeated significance tests of the family of Wang and Tsiatis.
    RepeatedSignificance,
}

/// The boundary with its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct ToxicityMonitoring {
    settings: Settings,
    bounds: Bounds,
    /// The next boundary that stops earlier and exceeds the type I error, for a bracket.
    looser: Option<Bounds>,
    constant: Option<f64>,
}

impl ToxicityMonitoring {
    /// The boundary of checked settings.
    pub fn new(settings: Settings) -> Result<Self, DesignError> {
        is_rate("limit", settings.limit)?;
        check_looks(&settings.looks)?;
        check_prior((settings.prior[0], settings.prior[1]))?;
        is_rate("cutoff", settings.cutoff)?;
        is_rate("type-one", settings.type_one)?;
        let shape = settings.shape;
        within("shape", shape, (0.0..=0.5).contains(&shape), || "from 0 to 0.5".to_owned())?;
        if settings.rule == Rule::Bayesian {
            let bounds = settings.bounds(settings.cutoff);
            return Ok(Self { settings, bounds, looser: None, constant: None });
        }
        // A constant between one that is too loose and one that keeps the error.
        let (mut loose, mut keeps) = settings.range();
        let error = |constant: f64| settings.bounds(constant).course(settings.limit).stopped();
        for _ in 0..60 {
            let middle = f64::midpoint(loose, keeps);
            if error(middle) <= settings.type_one {
                keeps = middle;
            } else {
                loose = middle;
            }
        }
        let bounds = settings.bounds(keeps);
        let looser = Some(settings.bounds(loose));
        Ok(Self { settings, bounds, looser, constant: Some(keeps) })
    }

    /// The bounds at every look.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// The bounds one step looser, whose type I error is above the one asked for; `None` for the
    /// Bayesian rule.
    pub fn looser(&self) -> Option<&Bounds> {
        self.looser.as_ref()
    }

    /// The constant that keeps the type I error; `None` for the Bayesian rule.
    pub fn constant(&self) -> Option<f64> {
        self.constant
    }

    /// The probability of stopping at a true DLT rate, and the mean patients.
    pub fn course(&self, rate: f64) -> Course {
        self.bounds.course(rate)
    }
}

impl Settings {
    /// Constants that stop surely too often, and never.
    fn range(&self) -> (f64, f64) {
        match self.rule {
            Rule::Bayesian | Rule::BetaBinomial => (0.0, 1.0),
            Rule::Pocock | Rule::RepeatedSignificance => (1.0, 0.0),
            Rule::ObrienFleming => (0.0, 40.0),
        }
    }

    /// The bounds of a constant.
    fn bounds(&self, constant: f64) -> Bounds {
        let last = f64::from(self.looks[self.looks.len() - 1]);
        let least = |&patients: &u32| {
            let size = f64::from(patients);
            let variance = self.limit * (1.0 - self.limit);
            let least = match self.rule {
                Rule::Bayesian | Rule::BetaBinomial => {
                    let prior = (self.prior[0], self.prior[1]);
                    return least_hits_above(prior, patients, self.limit, constant);
                }
                Rule::Pocock => self.least_significant(patients, constant),
                Rule::RepeatedSignificance => {
                    let z = normal_quantile(1.0 - constant) * stats::math::pow(last / size, self.shape);
                    self.least_significant(patients, 1.0 - normal_cdf(z))
                }
                Rule::ObrienFleming => {
                    let excess = constant * (last * variance).sqrt();
                    (size * self.limit + excess - 1e-9).ceil().max(1.0) as u32
                }
            };
            (least <= patients).then_some(least)
        };
        Bounds::upper(&self.looks, self.looks.iter().map(least).collect())
    }

    /// The least number of DLTs whose exact one-sided p-value is at most `level`.
    fn least_significant(&self, patients: u32, level: f64) -> u32 {
        let value = |dlts: u32| {
            beta_cdf(self.limit, f64::from(dlts), f64::from(patients - dlts) + 1.0)
        };
        (1..=patients).find(|&dlts| value(dlts) <= level).unwrap_or(patients + 1)
    }
}

impl Course {
    /// The probability of stopping at any look.
    pub fn stopped(&self) -> f64 {
        self.low.iter().chain(&self.high).sum()
    }
}

impl Design for ToxicityMonitoring {
    fn step(&self, known: &Known, reason: &mut Reason) -> Step {
        let at = known.at();
        if at.pending > 0 {
            return suspended(&known.doses, reason);
        }
        let least = self.bounds.at(at.evaluable).and_then(|look| self.bounds.high[look]);
        if let Some(least) = least.filter(|&least| at.dlts >= least) {
            reason.say(|| format!("{}; the arm stops at {least} or more", counted(at)));
            return Step::end(Action::StopForSafety);
        }
        reason.say(|| counted(at));
        to_the_next_look(&self.bounds.looks, known, reason)
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        let at = doses.first().filter(|dose| dose.evaluable > 0)?;
        let least = self.bounds.at(at.evaluable).and_then(|look| self.bounds.high[look]);
        least.is_none_or(|least| at.dlts < least).then_some(0)
    }

    fn levels(&self) -> Option<usize> {
        Some(1)
    }

    fn describe(&self) -> String {
        let Settings { limit, cutoff, type_one, shape, prior, .. } = self.settings;
        let rule = match self.settings.rule {
            Rule::Bayesian => format!(
                "the posterior probability that the DLT rate exceeds {limit} is above {cutoff} \
                 (prior Beta({}, {}))",
                prior[0], prior[1]
            ),
            Rule::Pocock => "the exact p-value is below a constant".to_owned(),
            Rule::ObrienFleming => "the DLTs exceed their expected number by a constant".to_owned(),
            Rule::BetaBinomial => format!(
                "the posterior probability that the DLT rate exceeds {limit} is above a constant \
                 (prior Beta({}, {}))",
                prior[0], prior[1]
            ),
            Rule::RepeatedSignificance => {
                format!("a repeated significance test of shape {shape} rejects")
            }
        };
        let kept = match self.settings.rule {
            Rule::Bayesian => String::new(),
            _ => format!(
                "; the constant keeps the probability of stopping at a DLT rate of {limit} at or \
                 below {type_one}"
            ),
        };
        let looks: Vec<String> = self
            .bounds
            .looks
            .iter()
            .zip(&self.bounds.high)
            .filter_map(|(look, least)| least.map(|least| format!("{least} of {look}")))
            .collect();
        format!(
            "The arm stops for toxicity when {rule}{kept}. That is with so many DLTs or more: {}.",
            looks.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_keeps_its_error() {
        for rule in ["pocock", "obrien-fleming", "beta-binomial", "repeated-significance"] {
            let text = format!("limit = 0.2\nlooks = [5, 10, 15, 20]\nrule = \"{rule}\"\nshape = 0.25");
            let design = ToxicityMonitoring::new(toml::from_str(&text).unwrap()).unwrap();
            assert!(design.course(0.2).stopped() <= 0.1, "{rule}");
            let looser = design.looser().unwrap().course(0.2).stopped();
            assert!(looser > 0.1, "{rule}: {looser}");
        }
    }

    #[test]
    fn settings_that_make_no_boundary_are_refused() {
        for (text, want) in [
            ("limit = 30\nlooks = [10]", "`limit` is 30"),
            ("limit = 0.3\nlooks = [10, 5]", "`looks` is 5"),
            ("limit = 0.3\nlooks = [10]\nshape = 0.7", "`shape` is 0.7"),
            ("limit = 0.3\nlooks = [10]\ntype-one = 5", "`type-one` is 5"),
        ] {
            let message = (ENTRY.from_toml)(text).unwrap_err().to_string();
            assert!(message.contains(want), "{message}");
        }
    }
}
