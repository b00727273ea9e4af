//! The Bayesian logistic regression model with escalation under overdose control (BLRM, EWOC).
//!
//! Neuenschwander, Branson and Gsponer, Stat Med 2008;27:2420-2439; Babb, Rogatko and Zacks, Stat
//! Med 1998;17:1103-1120.

use serde::{Deserialize, Serialize};

use super::{Design, DesignError, Entry, PendingRule, is_rate, when_complete, within};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Action, Reason, Step};
use crate::skeleton::logit;
use crate::two_parameter::{Prior, Summary, TwoParameter, log_ratio};

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "blrm",
    title: "BLRM with EWOC",
    least: "doses = [1, 3, 10]\nreference = 3",
    from_toml: |text| Ok(Box::new(Blrm::new(toml::from_str(text)?)?)),
    in_force: |text| Ok(super::as_table(&toml::from_str::<Settings>(text)?)),
    conventions: &[
        "one more DLT at a low dose flattens the slope and can make a high dose look safer: a property of the model",
        "log alpha is the log odds at the reference dose; the posterior is computed by quadrature, not drawn",
        "an overdose probability equal to `overdose-control` closes a dose; of doses equally often on target the highest",
        "`pending = \"wait\"` waits for every window at the current dose; `\"unless-certain\"` waits only if the open windows can change the decision",
    ],
};

/// The settings of the design.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The doses, lowest first, in any one unit.
    pub doses: Vec<f64>,
    /// The reference dose, in the same unit: log alpha is the log odds of a DLT there.
    pub reference: f64,
    /// Prior means of log alpha and log beta.
    #[serde(default = "default_mean")]
    pub prior_mean: [f64; 2],
    /// Prior standard deviations of log alpha and log beta.
    #[serde(default = "default_deviation")]
    pub prior_deviation: [f64; 2],
    /// Prior correlation of log alpha and log beta.
    #[serde(default)]
    pub prior_correlation: f64,
    /// Up to this DLT rate a dose is under the target interval.
    #[serde(default = "default_under")]
    pub under: f64,
    /// Above this DLT rate a dose is an overdose.
    #[serde(default = "default_over")]
    pub over: f64,
    /// A dose is eligible while the probability of an overdose is below this.
    #[serde(default = "default_overdose_control")]
    pub overdose_control: f64,
    /// The next dose is at most this many times the current one, or the next level.
    #[serde(default = "default_increase")]
    pub max_increase: f64,
    /// Which eligible dose is next.
    #[serde(default)]
    pub choice: Choice,
    /// What to do while patients are in the DLT window.
    #[serde(default)]
    pub pending: PendingRule,
}

fn default_mean() -> [f64; 2] {
    [logit(0.3), 0.0]
}

fn default_deviation() -> [f64; 2] {
    [2.0, 1.0]
}

fn default_under() -> f64 {
    0.16
}

fn default_over() -> f64 {
    0.33
}

fn default_overdose_control() -> f64 {
    0.25
}

fn default_increase() -> f64 {
    2.0
}

/// Which eligible dose is next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// The one with the highest probability of the target interval; of equal ones the higher.
    #[default]
    MostOnTarget,
    /// The highest.
    Highest,
}

impl Settings {
    /// The default settings for doses and a reference dose.
    pub fn new(doses: &[f64], reference: f64) -> Self {
        Self {
            doses: doses.to_vec(),
            reference,
            prior_mean: default_mean(),
            prior_deviation: default_deviation(),
            prior_correlation: 0.0,
            under: default_under(),
            over: default_over(),
            overdose_control: default_overdose_control(),
            max_increase: default_increase(),
            choice: Choice::default(),
            pending: PendingRule::default(),
        }
    }
}

/// The design with its model.
#[derive(Debug, Clone, PartialEq)]
pub struct Blrm {
    settings: Settings,
    model: TwoParameter,
}

/// The posterior at the doses.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// Means of the parameters and of the rates, and the standard deviations of the rates.
    pub summary: Summary,
    /// The probability of underdosing, by dose.
    pub under: Vec<f64>,
    /// The probability of the target interval, by dose.
    pub target: Vec<f64>,
    /// The probability of an overdose, by dose.
    pub over: Vec<f64>,
}

impl Blrm {
    /// The design of checked settings.
    pub fn new(settings: Settings) -> Result<Self, DesignError> {
        if settings.doses.is_empty() {
            return Err(DesignError::Settings("`doses` has no dose".to_owned()));
        }
        let mut before = 0.0;
        for &dose in &settings.doses {
            within("doses", dose, dose > before && dose.is_finite(), || {
                format!("above {before}: doses rise from level to level")
            })?;
            before = dose;
        }
        let Settings { reference, prior_correlation, under, over, .. } = settings;
        within("reference", reference, reference > 0.0 && reference.is_finite(), || {
            "above 0".to_owned()
        })?;
        for deviation in settings.prior_deviation {
            within("prior-deviation", deviation, deviation > 0.0, || "above 0".to_owned())?;
        }
        within("prior-correlation", prior_correlation, prior_correlation.abs() < 1.0, || {
            "above -1 and below 1".to_owned()
        })?;
        is_rate("under", under)?;
        within("over", over, over > under && over < 1.0, || format!("above {under} and below 1"))?;
        is_rate("overdose-control", settings.overdose_control)?;
        let increase = settings.max_increase;
        within("max-increase", increase, increase >= 1.0, || "at least 1".to_owned())?;
        let prior = Prior {
            mean: settings.prior_mean,
            deviation: settings.prior_deviation,
            correlation: prior_correlation,
        };
        let scaled = settings.doses.iter().map(|&dose| log_ratio(dose, reference)).collect();
        let model = TwoParameter::new(prior, scaled, &[under, over]);
        Ok(Self { settings, model })
    }

    /// The posterior by complete data.
    pub fn fit(&self, doses: &[DoseCounts]) -> Fit {
        let summary = self.model.summary(doses);
        let under: Vec<f64> = summary.at_most.iter().map(|limits| limits[0]).collect();
        let target = summary.at_most.iter().map(|limits| limits[1] - limits[0]).collect();
        let over = summary.at_most.iter().map(|limits| 1.0 - limits[1]).collect();
        Fit { summary, under, target, over }
    }

    /// Which doses are eligible under overdose control.
    pub fn eligible(&self, fit: &Fit) -> Vec<bool> {
        fit.over.iter().map(|&over| over < self.settings.overdose_control).collect()
    }

    /// The chosen dose among those that may be given; `None` if none may.
    pub fn choose(&self, fit: &Fit, may_be: impl Fn(usize) -> bool, choice: Choice) -> Option<usize> {
        let eligible = self.eligible(fit);
        let open = (0..eligible.len()).filter(|&dose| eligible[dose] && may_be(dose));
        match choice {
            Choice::Highest => open.max(),
            Choice::MostOnTarget => open.fold(None, |best: Option<usize>, dose| match best {
                Some(best) if fit.target[best] > fit.target[dose] + 1e-12 => Some(best),
                _ => Some(dose),
            }),
        }
    }
}

impl Design for Blrm {
    fn step(&self, known: &Known, reason: &mut Reason) -> Step {
        when_complete(self.settings.pending, known, reason, |known, reason| {
            let (level, doses) = (known.level, &known.doses);
            if doses.iter().all(|dose| dose.evaluable == 0) {
                reason.say(|| "no patient is evaluable yet".to_owned());
                return Step::to(level, level);
            }
            let fit = self.fit(doses);
            let sizes = &self.settings.doses;
            // A level beyond the settings is measured against the highest dose of the settings.
            let most = self.settings.max_increase * sizes[level.min(sizes.len() - 1)];
            let may_be = |dose: usize| {
                dose < doses.len() && (dose <= level + 1 || sizes[dose] <= most * (1.0 + 1e-12))
            };
            let Some(next) = self.choose(&fit, may_be, self.settings.choice) else {
                reason.say(|| {
                    format!("every dose is an overdose with probability {:.3} or more", fit.over[0])
                });
                return Step::end(Action::StopForSafety);
            };
            reason.say(|| {
                format!(
                    "dose {} is on target with probability {:.3} and an overdose with {:.3}",
                    next + 1,
                    fit.target[next],
                    fit.over[next]
                )
            });
            Step::to(level, next)
        })
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        if doses.iter().all(|dose| dose.evaluable == 0) {
            return None;
        }
        let is_tried = |dose: usize| doses.get(dose).is_some_and(|dose| dose.evaluable > 0);
        self.choose(&self.fit(doses), is_tried, self.settings.choice)
    }

    fn levels(&self) -> Option<usize> {
        Some(self.settings.doses.len())
    }

    fn estimated_toxicity(&self, doses: &[DoseCounts]) -> Vec<Option<f64>> {
        self.fit(doses).summary.means.into_iter().map(Some).collect()
    }

    fn describe(&self) -> String {
        let Settings { reference, prior_mean, prior_deviation, prior_correlation, .. } =
            self.settings;
        let Settings { under, over, overdose_control, max_increase, choice, .. } = self.settings;
        let next = match choice {
            Choice::MostOnTarget => "the one with the highest probability of the target interval",
            Choice::Highest => "the highest of them",
        };
        format!(
            "The Bayesian logistic regression model describes the log odds of a DLT as log alpha + \
             beta log(dose / {reference}). The prior of (log alpha, log beta) is normal with means \
             {:.3} and {:.3}, standard deviations {:.3} and {:.3}, and correlation \
             {prior_correlation}. A DLT rate above {over} is an overdose, one above {under} and up \
             to {over} on target. A dose is eligible while the posterior probability of an overdose \
             is below {overdose_control}; the next dose is {next}, at most {max_increase} times the \
             current dose or the next level. The trial stops when no dose is eligible.",
            prior_mean[0], prior_mean[1], prior_deviation[0], prior_deviation[1]
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overdose_at_every_dose_stops_the_trial() {
        let design = Blrm::new(Settings::new(&[1.0, 3.0, 10.0], 3.0)).unwrap();
        let toxic = [DoseCounts::of(6, 5), DoseCounts::default(), DoseCounts::default()];
        assert_eq!(design.decide(0, &toxic).action, Action::StopForSafety);
        assert_eq!(design.recommend(&toxic), None);
    }

    #[test]
    fn a_dose_is_at_most_doubled() {
        let doses = [1.0, 1.5, 2.0, 4.0, 8.0];
        let design = Blrm::new(Settings::new(&doses, 8.0)).unwrap();
        let mut counts = vec![DoseCounts::default(); 5];
        counts[0] = DoseCounts::of(6, 0);
        let next = |level: usize, counts: &[DoseCounts]| design.decide(level, counts).next_level;
        assert!(next(0, &counts) <= Some(2));
        counts[2] = DoseCounts::of(12, 0);
        assert_eq!(next(2, &counts), Some(3));
    }

    #[test]
    fn settings_that_make_no_model_are_refused() {
        for (text, want) in [
            ("doses = []\nreference = 1", "no dose"),
            ("doses = [2, 1]\nreference = 1", "`doses` is 1"),
            ("doses = [1]\nreference = 0", "`reference` is 0"),
            ("doses = [1]\nreference = 1\nover = 0.1", "`over` is 0.1"),
            ("doses = [1]\nreference = 1\nprior-correlation = 1", "`prior-correlation` is 1"),
        ] {
            let message = (ENTRY.from_toml)(text).unwrap_err().to_string();
            assert!(message.contains(want), "{message}");
        }
    }
}
