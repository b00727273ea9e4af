//! The Bayesian optimal phase II design (BOP2) for responses, alone or with toxicity.
//!
//! Zhou, Lee and Yuan, Stat Med 2017;36:3302-3314. The search for the cut-off is exact.

use serde::{Deserialize, Serialize};

use super::predictive_probability::check_looks;
use super::{Design, DesignError, Entry, Outcomes, is_rate, within};
use crate::counts::{DoseCounts, Known};
use crate::cutoff::{self, Cutoff, Passed};
use crate::decision::{Action, Reason, Step};
use crate::joint_looks::{JointBounds, JointCourse};
use crate::looks::to_the_next_look;

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "bop2",
    title: "BOP2",
    least: "null-response = 0.2\nlooks = [10, 20]\nlambda = 0.85\ngamma = 0.6",
    from_toml: |text| Ok(Box::new(Bop2::new(&toml::from_str(text)?)?)),
    in_force: |text| Ok(super::as_table(&toml::from_str::<Settings>(text)?)),
    conventions: &[
        "the prior has the mean of the null rate and the weight of one patient; stopping is strict (below the cut-off)",
        "the search maximises the exact power on a grid (lambda 0.5 to 0.995 by 0.005, gamma 0 to 1 by 0.02); ties go to fewer patients at the null rates",
    ],
};

/// The settings of the design.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The response rate that is of no interest.
    pub null_response: f64,
    /// The DLT rate that is too high; toxicity is not monitored if left out.
    #[serde(default)]
    pub null_toxicity: Option<f64>,
    /// Patients at each look; the last is the end of the trial.
    pub looks: Vec<u32>,
    /// The cut-off at the end; searched for if left out.
    #[serde(default)]
    pub lambda: Option<f64>,
    /// The power of the share of patients by which the cut-off grows; searched for if left out.
    #[serde(default)]
    pub gamma: Option<f64>,
    /// The response rate worth finding, for the search.
    #[serde(default)]
    pub alternative_response: Option<f64>,
    /// The DLT rate that would be fine, for the search with toxicity.
    #[serde(default)]
    pub alternative_toxicity: Option<f64>,
    /// The probability, at most, of calling the null rates promising.
    #[serde(default = "default_type_one")]
    pub type_one: f64,
}

pub(super) fn default_type_one() -> f64 {
    0.1
}

/// The design with its bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Bop2 {
    settings: Settings,
    cutoff: Cutoff,
    bounds: JointBounds,
}

/// Posterior probabilities that rates are good enough, by look and count.
struct Posteriors {
    looks: Vec<u32>,
    /// By responses: that the response rate exceeds the null rate.
    response: Vec<Vec<f64>>,
    /// By DLTs: that the DLT rate is at most the null rate; empty without toxicity.
    toxicity: Vec<Vec<f64>>,
}

impl Posteriors {
    fn new(settings: &Settings) -> Self {
        let toxicity = settings.null_toxicity.map_or(Vec::new(), |rate| {
            let mut rows = cutoff::posteriors(rate, &settings.looks);
            rows.iter_mut().flatten().for_each(|above| *above = 1.0 - *above);
            rows
        });
        let response = cutoff::posteriors(settings.null_response, &settings.looks);
        Self { looks: settings.looks.clone(), response, toxicity }
    }

    /// The bounds of a cut-off.
    fn bounds(&self, cutoff: Cutoff) -> JointBounds {
        let cutoffs = cutoff.at(&self.looks);
        let least = |(row, cutoff): (&Vec<f64>, &f64)| {
            row.iter().position(|value| value < cutoff).map(|dlts| dlts as u32)
        };
        let dlts_at_least = if self.toxicity.is_empty() {
            vec![None; self.looks.len()]
        } else {
            self.toxicity.iter().zip(&cutoffs).map(least).collect()
        };
        JointBounds {
            looks: self.looks.clone(),
            response_at_most: cutoff::at_most(&self.response, &cutoffs),
            dlts_at_least,
        }
    }
}

impl Bop2 {
    /// The design of checked settings.
    pub fn new(settings: &Settings) -> Result<Self, DesignError> {
        is_rate("null-response", settings.null_response)?;
        if let Some(rate) = settings.null_toxicity {
            is_rate("null-toxicity", rate)?;
        }
        check_looks(&settings.looks)?;
        is_rate("type-one", settings.type_one)?;
        let posteriors = Posteriors::new(settings);
        let cutoff = match Cutoff::of(settings.lambda, settings.gamma)? {
            Some(cutoff) => cutoff,
            None => search(settings, &posteriors)?,
        };
        let bounds = posteriors.bounds(cutoff);
        Ok(Self { settings: settings.clone(), cutoff, bounds })
    }

    /// The bounds at every look.
    pub fn bounds(&self) -> &JointBounds {
        &self.bounds
    }

    /// The cut-off at the end, and the power by which it grows.
    pub fn cutoff(&self) -> (f64, f64) {
        (self.cutoff.lambda, self.cutoff.gamma)
    }

    /// The exact probabilities at true rates, DLTs and responses independent.
    pub fn course(&self, response: f64, toxicity: f64) -> JointCourse {
        self.bounds.course(response, toxicity)
    }
}

/// The best cut-off for the rates of the settings.
fn search(settings: &Settings, posteriors: &Posteriors) -> Result<Cutoff, DesignError> {
    let Some(response) = settings.alternative_response else {
        let text = "give `lambda` and `gamma`, or `alternative-response` to search for them";
        return Err(DesignError::Settings(text.to_owned()));
    };
    let null = settings.null_response;
    within("alternative-response", response, response > null && response < 1.0, || {
        format!("above the null rate {null} and below 1")
    })?;
    let toxicity = match (settings.null_toxicity, settings.alternative_toxicity) {
        (None, _) => (0.0, 0.0),
        (Some(null), Some(alternative)) => {
            within("alternative-toxicity", alternative, (0.0..null).contains(&alternative), || {
                format!("at least 0 and below the null rate {null}")
            })?;
            (null, alternative)
        }
        (Some(_), None) => {
            let text = "give `alternative-toxicity` to search for `lambda` and `gamma`";
            return Err(DesignError::Settings(text.to_owned()));
        }
    };
    let at = |bounds: &JointBounds, response: f64, toxicity: f64| {
        let JointCourse { promising, mean_patients, .. } = bounds.course(response, toxicity);
        Passed { probability: promising, mean_patients }
    };
    cutoff::search(
        settings.type_one,
        |cutoff| posteriors.bounds(cutoff),
        |bounds| at(bounds, null, toxicity.0),
        |bounds| at(bounds, response, toxicity.1),
    )
}

impl Design for Bop2 {
    fn step(&self, known: &Known, reason: &mut Reason) -> Step {
        let at = known.at();
        let seen = || {
            format!("{} responses and {} DLTs in {} patients", at.responses, at.dlts, at.evaluable)
        };
        let look = self.bounds.looks.iter().position(|&look| look == at.evaluable);
        if let Some(look) = look.filter(|look| look + 1 < self.bounds.looks.len()) {
            if let Some(least) = self.bounds.dlts_at_least[look].filter(|&least| at.dlts >= least) {
                reason.say(|| format!("{}; too toxic at {least} DLTs or more", seen()));
                return Step::end(Action::StopForSafety);
            }
            if let Some(most) =
                self.bounds.response_at_most[look].filter(|&most| at.responses <= most)
            {
                reason.say(|| format!("{}; futile at {most} responses or fewer", seen()));
                return Step::end(Action::StopForFutility);
            }
        }
        reason.say(seen);
        to_the_next_look(&self.bounds.looks, known, reason)
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        let at = doses.first()?;
        let last = self.bounds.looks.len() - 1;
        let is_futile = self.bounds.response_at_most[last].is_some_and(|most| at.responses <= most);
        let is_toxic = self.bounds.dlts_at_least[last].is_some_and(|least| at.dlts >= least);
        (at.evaluable >= self.bounds.looks[last] && !is_futile && !is_toxic).then_some(0)
    }

    fn levels(&self) -> Option<usize> {
        Some(1)
    }

    fn outcomes(&self) -> Outcomes {
        if self.settings.null_toxicity.is_some() {
            Outcomes::ToxicityAndResponse
        } else {
            Outcomes::Response
        }
    }

    fn response_floor(&self) -> Option<f64> {
        Some(self.settings.null_response)
    }

    fn describe(&self) -> String {
        let Settings { null_response, null_toxicity, .. } = self.settings;
        let toxicity = null_toxicity.map_or(String::new(), |rate| {
            format!(" or that the DLT rate is at most {rate}")
        });
        let limits: Vec<String> = self
            .bounds
            .looks
            .iter()
            .zip(self.bounds.response_at_most.iter().zip(&self.bounds.dlts_at_least))
            .map(|(look, (most, least))| {
                let most = most.map_or("no stop".to_owned(), |most| format!("{most} responses or fewer"));
                let least = least.map_or(String::new(), |least| format!(" or {least} DLTs or more"));
                format!("of {look}: {most}{least}")
            })
            .collect();
        format!(
            "BOP2: the trial stops when the posterior probability that the response rate exceeds \
             {null_response}{toxicity} falls below {} x (n / {})^{}, with a prior that has the mean \
             of the null rate and the weight of one patient. The limits are {}. Treatment is \
             promising if none is met at the end.",
            self.cutoff.lambda,
            self.bounds.looks[self.bounds.looks.len() - 1],
            self.cutoff.gamma,
            limits.join("; ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toxicity_stops_before_futility() {
        let text = "null-response = 0.2\nnull-toxicity = 0.3\nlooks = [10, 20]\nlambda = 0.8\ngamma = 0.5";
        let design = (ENTRY.from_toml)(text).unwrap();
        let at = |dlts, responses| DoseCounts { responses, ..DoseCounts::of(10, dlts) };
        assert_eq!(design.decide(0, &[at(8, 5)]).action, Action::StopForSafety);
        assert_eq!(design.decide(0, &[at(0, 0)]).action, Action::StopForFutility);
        assert_eq!(design.decide(0, &[at(1, 6)]).patients, Some(10));
    }

    #[test]
    fn the_search_keeps_both_errors_with_toxicity() {
        let text = "null-response = 0.2\nnull-toxicity = 0.4\nlooks = [10, 20]\n\
            alternative-response = 0.5\nalternative-toxicity = 0.15";
        let design = Bop2::new(&toml::from_str(text).unwrap()).unwrap();
        assert!(design.course(0.2, 0.4).promising <= 0.1);
        assert!(design.course(0.5, 0.15).promising > 0.8);
    }

    #[test]
    fn settings_that_make_no_design_are_refused() {
        for (text, want) in [
            ("null-response = 20\nlooks = [10]", "`null-response` is 20"),
            ("null-response = 0.2\nlooks = [10]", "alternative-response"),
            ("null-response = 0.2\nlooks = [10]\nlambda = 0.9", "both `lambda` and `gamma`"),
            ("null-response = 0.2\nlooks = [10]\nalternative-response = 0.1", "`alternative-response`"),
            (
                "null-response = 0.2\nnull-toxicity = 0.3\nlooks = [10]\nalternative-response = 0.4",
                "alternative-toxicity",
            ),
        ] {
            let message = (ENTRY.from_toml)(text).unwrap_err().to_string();
            assert!(message.contains(want), "{message}");
        }
    }
}
