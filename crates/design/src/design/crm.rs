//! The continual reassessment method (CRM).
//!
//! O'Quigley, Pepe and Fisher, Biometrics 1990;46:33-48; O'Quigley and Shen, Biometrics
//! 1996;52:673-684; restrictions as in the R package dfcrm 0.2-2.1 (crmsim).

use serde::{Deserialize, Serialize};

use super::{Design, DesignError, Entry, PendingRule, counted, is_rate, when_complete, within};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Action, Reason, Step};
use crate::one_parameter::{OneParameter, Partial, Posterior};
use crate::posterior::exceeds;
use crate::skeleton::{Model, logit, skeleton};
use crate::two_parameter::{Prior, TwoParameter};

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "crm",
    title: "CRM",
    least: "target = 0.3\nhalf-width = 0.05\nprior-mtd = 2\nlevels = 4",
    from_toml: |text| Ok(Box::new(Crm::new(toml::from_str(text)?)?)),
    in_force: |text| Ok(super::as_table(&toml::from_str::<Settings>(text)?)),
    conventions: &[
        "the estimate is the posterior mean of b, plugged in (dfcrm); `estimate = \"mean-rate\"` takes the mean of each rate",
        "of equally near levels the lowest; no level is skipped on the way up; no escalation after a cohort with a DLT rate at the target or above",
        "when the last cohort is not given, all patients of its dose stand for it",
        "no stop for safety unless `stop-above` is set",
        "`pending = \"wait\"` waits for every window at the current dose; `\"unless-certain\"` waits only if the open windows can change the decision",
    ],
};

/// The settings of the design.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The DLT rate aimed at.
    pub target: f64,
    /// Guesses of the DLT rate at every level, rising; else the three settings below make them.
    #[serde(default)]
    pub skeleton: Option<Vec<f64>>,
    /// Half the width of the indifference interval.
    #[serde(default)]
    pub half_width: Option<f64>,
    /// The level guessed to be the maximum tolerated dose, from 1.
    #[serde(default)]
    pub prior_mtd: Option<usize>,
    /// The number of levels.
    #[serde(default)]
    pub levels: Option<usize>,
    /// The working model.
    #[serde(default)]
    pub model: Model,
    /// The intercept of the logistic model; its prior mean in the two-parameter model.
    #[serde(default = "default_intercept")]
    pub intercept: f64,
    /// The prior standard deviation of b.
    #[serde(default = "default_deviation")]
    pub prior_deviation: f64,
    /// The prior standard deviation of the intercept in the two-parameter model (assumed).
    #[serde(default = "default_intercept_deviation")]
    pub intercept_deviation: f64,
    /// How the parameter is estimated.
    #[serde(default)]
    pub method: Method,
    /// Which rates are compared with the target.
    #[serde(default)]
    pub estimate: Estimate,
    /// Whether untried levels may be skipped on the way up.
    #[serde(default)]
    pub skipping: bool,
    /// Whether escalation may follow a cohort with a DLT rate at or above the target.
    #[serde(default)]
    pub incoherent: bool,
    /// The trial stops when the probability that the lowest dose exceeds the target is above this.
    #[serde(default)]
    pub stop_above: Option<f64>,
    /// From what that probability comes.
    #[serde(default)]
    pub stop_by: StopBy,
    /// Whether a level that was never tried may be recommended at the end; else the highest tried
    /// one below it is.
    #[serde(default)]
    pub recommend_untried: bool,
    /// What to do while patients are in the DLT window.
    #[serde(default)]
    pub pending: PendingRule,
}

fn default_intercept() -> f64 {
    3.0
}

fn default_deviation() -> f64 {
    1.34_f64.sqrt()
}

fn default_intercept_deviation() -> f64 {
    1.0
}

/// How the parameter is estimated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The posterior mean.
    #[default]
    Bayesian,
    /// The most likely value; up or down by one level until a DLT and a patient without were seen.
    Likelihood,
}

/// Which rates are compared with the target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Estimate {
    /// The rates at the estimate of the parameter.
    #[default]
    PlugIn,
    /// The posterior means of the rates.
    MeanRate,
}

/// From what the probability that a dose is too toxic comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopBy {
    /// The posterior of the model.
    #[default]
    Model,
    /// The counts of each dose with at least three patients under a uniform prior; a dose too toxic
    /// closes all above it.
    Counts,
}

impl Settings {
    /// The default settings for a target and a skeleton.
    pub fn new(target: f64, skeleton: &[f64]) -> Self {
        Self {
            target,
            skeleton: Some(skeleton.to_vec()),
            half_width: None,
            prior_mtd: None,
            levels: None,
            model: Model::default(),
            intercept: default_intercept(),
            prior_deviation: default_deviation(),
            intercept_deviation: default_intercept_deviation(),
            method: Method::default(),
            estimate: Estimate::default(),
            skipping: false,
            incoherent: false,
            stop_above: None,
            stop_by: StopBy::default(),
            recommend_untried: false,
            pending: PendingRule::default(),
        }
    }

    /// The skeleton, given or made.
    fn skeleton(&self) -> Result<Vec<f64>, DesignError> {
        let Self { target, model, intercept, .. } = *self;
        match (&self.skeleton, self.half_width, self.prior_mtd, self.levels) {
            (Some(rates), None, None, None) => Ok(rates.clone()),
            (None, Some(half_width), Some(prior_mtd), Some(levels)) => {
                skeleton(half_width, target, prior_mtd, levels, model, intercept)
            }
            _ => Err(DesignError::Settings(
                "give either `skeleton`, or all of `half-width`, `prior-mtd` and `levels`".to_owned(),
            )),
        }
    }
}

/// The working model with its prior.
#[derive(Debug, Clone, PartialEq)]
enum Working {
    One(OneParameter),
    Two(Box<TwoParameter>),
}

/// The design with its working model.
#[derive(Debug, Clone, PartialEq)]
pub struct Crm {
    settings: Settings,
    skeleton: Vec<f64>,
    working: Working,
}

impl Crm {
    /// The design of checked settings.
    pub fn new(settings: Settings) -> Result<Self, DesignError> {
        let Settings { target, model, intercept, prior_deviation, .. } = settings;
        is_rate("target", target)?;
        let rates = settings.skeleton()?;
        if rates.is_empty() {
            return Err(DesignError::Settings("`skeleton` has no level".to_owned()));
        }
        let mut before = 0.0;
        for &rate in &rates {
            within("skeleton", rate, rate > before && rate < 1.0, || {
                format!("above {before} and below 1: it rises from level to level")
            })?;
            before = rate;
        }
        within("prior-deviation", prior_deviation, prior_deviation > 0.0, || "above 0".to_owned())?;
        let wide = settings.intercept_deviation;
        within("intercept-deviation", wide, wide > 0.0, || "above 0".to_owned())?;
        if let Some(cutoff) = settings.stop_above {
            is_rate("stop-above", cutoff)?;
        }
        if model == Model::Logistic {
            let highest = logit(before);
            within("intercept", intercept, intercept > highest, || {
                format!("above {highest:.3}, the log odds of the highest rate of the skeleton")
            })?;
        }
        if model == Model::TwoParameter && settings.method == Method::Likelihood {
            let text = "the two-parameter model is estimated by its posterior: drop `method`";
            return Err(DesignError::Settings(text.to_owned()));
        }
        let working = if model == Model::TwoParameter {
            let prior = Prior {
                mean: [intercept, 0.0],
                deviation: [wide, prior_deviation],
                correlation: 0.0,
            };
            let scaled = rates.iter().map(|&rate| logit(rate) - intercept).collect();
            Working::Two(Box::new(TwoParameter::new(prior, scaled, &[target])))
        } else {
            Working::One(OneParameter::new(model, &rates, intercept, prior_deviation))
        };
        Ok(Self { settings, skeleton: rates, working })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The guesses of the DLT rates.
    pub fn skeleton(&self) -> &[f64] {
        &self.skeleton
    }

    /// The estimate of a one-parameter model from complete data; `None` where the likelihood has no
    /// highest point, or for the model with two parameters.
    pub fn posterior(&self, doses: &[DoseCounts]) -> Option<Posterior> {
        self.posterior_with(doses, &[])
    }

    /// The estimate when some patients count by a weight.
    pub(super) fn posterior_with(
        &self,
        doses: &[DoseCounts],
        partial: &[Partial],
    ) -> Option<Posterior> {
        let Working::One(model) = &self.working else { return None };
        match self.settings.method {
            Method::Likelihood => model.most_likely(doses, partial),
            Method::Bayesian => {
                let has_means = self.settings.estimate == Estimate::MeanRate;
                Some(model.posterior(doses, partial, has_means))
            }
        }
    }

    /// The DLT rates between which each level lies with 90 % probability, by the normal
    /// approximation on the scale of the parameter; `None` for the most likely value.
    pub fn interval(&self, posterior: &Posterior) -> Option<Vec<(f64, f64)>> {
        let Working::One(model) = &self.working else { return None };
        let reach = stats::special::normal_quantile(0.95) * posterior.variance?.sqrt();
        let bounds = |level: usize| {
            let rate = |b: f64| model.rate(level, b);
            (rate(posterior.estimate + reach), rate(posterior.estimate - reach))
        };
        Some((0..self.skeleton.len()).map(bounds).collect())
    }

    /// The estimated DLT rates.
    pub(super) fn rates(&self, doses: &[DoseCounts], partial: &[Partial]) -> Option<Vec<f64>> {
        match &self.working {
            Working::One(_) => {
                let posterior = self.posterior_with(doses, partial)?;
                let has_means = !posterior.means.is_empty();
                Some(if has_means { posterior.means } else { posterior.at_estimate })
            }
            Working::Two(model) => {
                let summary = model.summary(doses);
                let means = self.settings.estimate == Estimate::MeanRate;
                Some(if means { summary.means } else { model.rates_at(summary.parameters) })
            }
        }
    }

    /// The level recommended by rates, without restrictions.
    pub fn level_of(&self, rates: &[f64]) -> usize {
        let target = self.settings.target;
        if rates.iter().all(|&rate| rate <= target) {
            return rates.len() - 1;
        }
        if rates.iter().all(|&rate| rate >= target) {
            return 0;
        }
        let mut nearest = 0;
        for (level, rate) in rates.iter().enumerate() {
            if (rate - target).abs() < (rates[nearest] - target).abs() {
                nearest = level;
            }
        }
        nearest
    }

    /// The number of levels that toxicity leaves open.
    fn open(&self, doses: &[DoseCounts], partial: &[Partial]) -> usize {
        let all = self.skeleton.len().min(doses.len());
        let Some(cutoff) = self.settings.stop_above else { return all };
        let target = self.settings.target;
        match (self.settings.stop_by, &self.working) {
            (StopBy::Counts, _) => {
                let is_toxic = |dose: &DoseCounts| {
                    dose.evaluable >= 3 && exceeds(dose.dlts, dose.evaluable, target) > cutoff
                };
                doses[..all].iter().position(is_toxic).unwrap_or(all)
            }
            (StopBy::Model, Working::One(model)) => {
                if model.exceeds(0, target, doses, partial) > cutoff { 0 } else { all }
            }
            (StopBy::Model, Working::Two(model)) => {
                if 1.0 - model.summary(doses).at_most[0][0] > cutoff { 0 } else { all }
            }
        }
    }

    /// The step by complete data and patients with weights.
    pub(super) fn step_with(&self, known: &Known, partial: &[Partial], reason: &mut Reason) -> Step {
        let (level, doses, at) = (known.level, &known.doses, known.at());
        if doses.iter().all(|dose| dose.evaluable == 0) && partial.is_empty() {
            reason.say(|| "no patient is evaluable yet".to_owned());
            return Step::to(level, level);
        }
        let open = self.open(doses, partial);
        if open == 0 {
            reason.say(|| {
                let target = self.settings.target;
                format!("the lowest dose probably exceeds a DLT rate of {target}")
            });
            return Step::end(Action::StopForSafety);
        }
        let wanted = match self.rates(doses, partial) {
            Some(rates) => {
                let wanted = self.level_of(&rates[..rates.len().min(doses.len())]);
                reason.say(|| {
                    format!("the estimated DLT rate of dose {} is {:.3}", wanted + 1, rates[wanted])
                });
                wanted
            }
            None if doses.iter().all(|dose| dose.dlts == 0) => {
                reason.say(|| "no DLT was seen yet".to_owned());
                level + 1
            }
            None => {
                reason.say(|| "every patient had a DLT".to_owned());
                level.saturating_sub(1)
            }
        };
        let mut next = wanted.min(open - 1);
        // Unless the last cohort is known by itself, all patients of its dose stand for it.
        let last = known.last_cohort.filter(|last| last.evaluable > 0).unwrap_or(at);
        let is_high = f64::from(last.dlts) >= f64::from(last.evaluable) * self.settings.target - 1e-12;
        if !self.settings.incoherent && is_high && last.evaluable > 0 && next > level {
            next = level;
            reason.add(|| format!(", but no escalation follows when {}", counted(last)));
        }
        if !self.settings.skipping && next > level + 1 {
            next = level + 1;
            reason.add(|| ", but no level is skipped".to_owned());
        }
        Step::to(level, next)
    }
}

impl Design for Crm {
    fn step(&self, known: &Known, reason: &mut Reason) -> Step {
        when_complete(self.settings.pending, known, reason, |known, reason| {
            self.step_with(known, &[], reason)
        })
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        let tried = doses.iter().rposition(|dose| dose.evaluable > 0)?;
        let open = self.open(doses, &[]);
        let wanted = match self.rates(doses, &[]) {
            Some(rates) => self.level_of(&rates[..rates.len().min(doses.len())]),
            None if doses.iter().all(|dose| dose.dlts == 0) => tried,
            None => return None,
        };
        let wanted = wanted.min(open.checked_sub(1)?);
        if self.settings.recommend_untried {
            return Some(wanted);
        }
        doses[..=wanted].iter().rposition(|dose| dose.evaluable > 0)
    }

    fn levels(&self) -> Option<usize> {
        Some(self.skeleton.len())
    }

    fn estimated_toxicity(&self, doses: &[DoseCounts]) -> Vec<Option<f64>> {
        self.rates(doses, &[]).into_iter().flatten().map(Some).collect()
    }

    fn describe(&self) -> String {
        use std::fmt::Write as _;
        let Settings { target, model, intercept, prior_deviation, .. } = self.settings;
        let skeleton: Vec<String> = self.skeleton.iter().map(|rate| format!("{rate:.3}")).collect();
        let form = match model {
            Model::Power => "a power model".to_owned(),
            Model::Logistic => format!("a logistic model with intercept {intercept}"),
            Model::TwoParameter => "a logistic model with two parameters".to_owned(),
        };
        let estimate = match (self.settings.method, self.settings.estimate) {
            (Method::Likelihood, _) => "maximum likelihood, once a DLT and a patient without were seen",
            (_, Estimate::PlugIn) => "the posterior mean of the parameter",
            (_, Estimate::MeanRate) => "the posterior mean of each rate",
        };
        let mut text = format!(
            "The continual reassessment method aims at a DLT rate of {target} with {form}, the \
             skeleton {}, and a normal prior with standard deviation {prior_deviation:.3}. Rates are \
             estimated by {estimate}; the dose whose rate is nearest to the target is next.",
            skeleton.join(", ")
        );
        if !self.settings.skipping {
            text += " No level is skipped on the way up.";
        }
        if !self.settings.incoherent {
            text += " No escalation follows a cohort with a DLT rate at or above the target.";
        }
        if let Some(cutoff) = self.settings.stop_above {
            let _ = write!(
                text,
                " The trial stops when the probability that the lowest dose exceeds the target is \
                 above {cutoff}."
            );
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_not_skipped_and_escalation_is_coherent() {
        let crm = Crm::new(Settings::new(0.25, &[0.05, 0.12, 0.25, 0.4, 0.55])).unwrap();
        let mut doses = [DoseCounts::default(); 5];
        doses[1] = DoseCounts::of(3, 0);
        assert_eq!(crm.decide(1, &doses).next_level, Some(2));
        doses[2] = DoseCounts::of(3, 1);
        let mut known = Known::of_counts(2, &doses);
        known.last_cohort = Some(DoseCounts::of(3, 1));
        assert!(crm.decide_on(&known).next_level <= Some(2));
    }

    #[test]
    fn a_toxic_lowest_dose_stops_when_asked() {
        for stop_by in [StopBy::Model, StopBy::Counts] {
            let settings =
                Settings { stop_above: Some(0.9), stop_by, ..Settings::new(0.25, &[0.1, 0.25, 0.4]) };
            let crm = Crm::new(settings).unwrap();
            let doses = [DoseCounts::of(6, 5), DoseCounts::default(), DoseCounts::default()];
            assert_eq!(crm.decide(0, &doses).action, Action::StopForSafety);
            assert_eq!(crm.recommend(&doses), None);
        }
    }

    #[test]
    fn the_two_parameter_model_follows_the_data() {
        let settings =
            Settings { model: Model::TwoParameter, ..Settings::new(0.25, &[0.1, 0.25, 0.4]) };
        let crm = Crm::new(settings).unwrap();
        let safe = [DoseCounts::of(6, 0), DoseCounts::of(6, 0), DoseCounts::of(6, 0)];
        assert_eq!(crm.recommend(&safe), Some(2));
        let toxic = [DoseCounts::of(6, 3), DoseCounts::of(6, 4), DoseCounts::default()];
        assert_eq!(crm.recommend(&toxic), Some(0));
    }

    #[test]
    fn settings_that_make_no_model_are_refused() {
        for (text, want) in [
            ("target = 0.3\nskeleton = [0.3, 0.2]", "`skeleton` is 0.2"),
            ("target = 0.3\nskeleton = []", "no level"),
            ("target = 0.3", "half-width"),
            ("target = 30\nskeleton = [0.1]", "`target` is 30"),
            ("target = 0.3\nskeleton = [0.1, 0.99]\nmodel = \"logistic\"", "`intercept` is 3"),
            ("target = 0.3\nskeleton = [0.1]\nprior-deviation = 0.0", "`prior-deviation` is 0"),
        ] {
            let message = (ENTRY.from_toml)(text).unwrap_err().to_string();
            assert!(message.contains(want), "{message}");
        }
    }
}
