//! Monitoring of responses by the predictive probability of success.
//!
//! Lee and Liu, Clin Trials 2008;5:93-106.

use serde::{Deserialize, Serialize};
use stats::math::exp;
use stats::special::{ln_beta, ln_gamma};

use super::simon::step_by_looks;
use super::{Design, DesignError, Entry, Outcomes, is_rate, within};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Reason, Step};
use crate::looks::Bounds;
use crate::posterior::{exceeds_with, least_hits_above};

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "predictive-probability",
    title: "Predictive probability",
    least: "null-rate = 0.2\nlooks = [10, 20, 30]",
    from_toml: |text| Ok(Box::new(PredictiveProbability::new(toml::from_str(text)?)?)),
    in_force: |text| Ok(super::as_table(&toml::from_str::<Settings>(text)?)),
    conventions: &[
        "the posterior probability of success is strict (above `success`)",
        "predictive probabilities are exact beta-binomial sums",
    ],
};

/// The settings of the design.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The response rate to exceed.
    pub null_rate: f64,
    /// Patients at each look; the last is the end of the trial.
    pub looks: Vec<u32>,
    /// The Beta prior of the response rate; Beta(null rate, 1 - null rate) if left out.
    #[serde(default)]
    pub prior: Option<[f64; 2]>,
    /// The trial is a success if at its end the rate exceeds the null rate with more than this
    /// posterior probability.
    #[serde(default = "default_success")]
    pub success: f64,
    /// The trial stops for futility when the predictive probability of success is below this.
    #[serde(default = "default_futile")]
    pub futile_below: f64,
    /// The trial ends as a success when that probability is above this; never if left out.
    #[serde(default)]
    pub promising_above: Option<f64>,
}

fn default_success() -> f64 {
    0.95
}

fn default_futile() -> f64 {
    0.05
}

/// The design with its bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictiveProbability {
    settings: Settings,
    prior: (f64, f64),
    /// The least responses at the end that make a success; `None` if no number does.
    least: Option<u32>,
    bounds: Bounds,
}

/// A check that looks rise.
pub(super) fn check_looks(looks: &[u32]) -> Result<(), DesignError> {
    let mut before = 0;
    for &look in looks {
        within("looks", f64::from(look), look > before, || {
            format!("above {before}: looks rise in patients")
        })?;
        before = look;
    }
    if looks.is_empty() {
        return Err(DesignError::Settings("`looks` has no look".to_owned()));
    }
    Ok(())
}

/// A check that a Beta prior has positive parameters.
pub(super) fn check_prior((a, b): (f64, f64)) -> Result<(), DesignError> {
    for value in [a, b] {
        within("prior", value, value > 0.0, || "above 0 in both places".to_owned())?;
    }
    Ok(())
}

impl PredictiveProbability {
    /// The design of checked settings.
    pub fn new(settings: Settings) -> Result<Self, DesignError> {
        let rate = settings.null_rate;
        is_rate("null-rate", rate)?;
        check_looks(&settings.looks)?;
        let prior = settings.prior.map_or((rate, 1.0 - rate), |[a, b]| (a, b));
        check_prior(prior)?;
        is_rate("success", settings.success)?;
        let (futile, promising) = (settings.futile_below, settings.promising_above);
        within("futile-below", futile, (0.0..1.0).contains(&futile), || "from 0 to below 1".to_owned())?;
        if let Some(promising) = promising {
            within("promising-above", promising, promising > futile && promising <= 1.0, || {
                format!("above {futile} and at most 1")
            })?;
        }
        let looks = settings.looks.clone();
        let most = looks[looks.len() - 1];
        let least = least_hits_above(prior, most, rate, settings.success);
        let bounds = Bounds { looks, low: Vec::new(), high: Vec::new() };
        let mut result = Self { settings, prior, least, bounds };
        for look in result.bounds.looks.clone() {
            let value = |responses: u32| result.probability(look, responses);
            let low = (0..=look).rev().find(|&responses| value(responses) < futile);
            let high = promising
                .and_then(|limit| (0..=look).find(|&responses| value(responses) > limit));
            result.bounds.low.push(low);
            result.bounds.high.push(high);
        }
        Ok(result)
    }

    /// The bounds at every look.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// The posterior probability that the response rate exceeds the null rate.
    pub fn posterior(&self, evaluable: u32, responses: u32) -> f64 {
        exceeds_with(self.prior, responses, evaluable, self.settings.null_rate)
    }

    /// The predictive probability of success after so many responses.
    pub fn probability(&self, evaluable: u32, responses: u32) -> f64 {
        let Some(least) = self.least else { return 0.0 };
        let most = self.bounds.looks.last().copied().unwrap_or(evaluable).max(evaluable);
        let left = most - evaluable;
        let a = self.prior.0 + f64::from(responses);
        let b = self.prior.1 + f64::from(evaluable - responses);
        let missing = least.saturating_sub(responses);
        let size = f64::from(left);
        let chance = |more: u32| {
            let (more, rest) = (f64::from(more), f64::from(left - more));
            let ways = ln_gamma(size + 1.0) - ln_gamma(more + 1.0) - ln_gamma(rest + 1.0);
            exp(ways + ln_beta(a + more, b + rest) - ln_beta(a, b))
        };
        (missing..=left).map(chance).sum()
    }
}

impl Design for PredictiveProbability {
    fn step(&self, known: &Known, reason: &mut Reason) -> Step {
        let step = step_by_looks(&self.bounds, known, reason);
        let at = known.at();
        reason.add(|| {
            let probability = self.probability(at.evaluable, at.responses);
            format!("; predictive probability of success {probability:.3}")
        });
        step
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        let at = doses.first()?;
        let look = self.bounds.at(at.evaluable);
        let is_early = look.and_then(|look| self.bounds.high[look]).is_some_and(|high| at.responses >= high);
        let is_last = self.bounds.looks.last().is_none_or(|&last| at.evaluable >= last);
        let is_success = is_last && self.posterior(at.evaluable, at.responses) > self.settings.success;
        (at.evaluable > 0 && (is_early || is_success)).then_some(0)
    }

    fn levels(&self) -> Option<usize> {
        Some(1)
    }

    fn outcomes(&self) -> Outcomes {
        Outcomes::Response
    }

    fn response_floor(&self) -> Option<f64> {
        Some(self.settings.null_rate)
    }

    fn describe(&self) -> String {
        let Settings { null_rate, success, futile_below, promising_above, .. } = self.settings;
        let early = promising_above.map_or(String::new(), |limit| {
            format!(" It ends as a success when that probability is above {limit}.")
        });
        let looks: Vec<String> = self.bounds.looks.iter().map(u32::to_string).collect();
        format!(
            "Responses are looked at after {} patients under a Beta({}, {}) prior. The trial is a \
             success if at its end the response rate exceeds {null_rate} with a posterior \
             probability above {success}. It stops for futility when the predictive probability of \
             success is below {futile_below}.{early}",
            looks.join(", "),
            self.prior.0,
            self.prior.1
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Action;

    #[test]
    fn the_published_example_stops_where_the_paper_does() {
        // Lee and Liu 2008: Beta(0.6, 0.4), 40 patients, 60 % to exceed, theta T 0.922. 16 of 23
        // responses: predictive probability 0.5656, posterior probability at the look 0.8.
        let settings = Settings {
            null_rate: 0.6,
            looks: vec![23, 40],
            prior: Some([0.6, 0.4]),
            success: 0.9,
            futile_below: 0.1,
            promising_above: None,
        };
        let design = PredictiveProbability::new(settings).unwrap();
        assert!((design.probability(23, 16) - 0.5656).abs() < 5e-5);
        let futile = DoseCounts { responses: 10, ..DoseCounts::of(23, 0) };
        assert_eq!(design.decide(0, &[futile]).action, Action::StopForFutility);
    }

    #[test]
    fn settings_that_make_no_design_are_refused() {
        for (text, want) in [
            ("null-rate = 20\nlooks = [10]", "`null-rate` is 20"),
            ("null-rate = 0.2\nlooks = []", "no look"),
            ("null-rate = 0.2\nlooks = [10, 10]", "`looks` is 10"),
            ("null-rate = 0.2\nlooks = [10]\nprior = [0.0, 1.0]", "`prior` is 0"),
        ] {
            let message = (ENTRY.from_toml)(text).unwrap_err().to_string();
            assert!(message.contains(want), "{message}");
        }
    }
}
