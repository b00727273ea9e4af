//! `EffTox`: the trade-off between response and toxicity.
//!
//! Thall and Cook, Biometrics 2004;60:684-693; the contours of Cook 2006 (the L-p norm); decisions
//! as in the software of the MD Anderson Cancer Center.

use serde::{Deserialize, Serialize};
use stats::math::pow;

use super::{Design, DesignError, Entry, Outcomes, is_rate, suspended, within};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Action, Reason, Step};
use crate::efftox_model::{EffToxFit, Model};

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "efftox",
    title: "EffTox",
    least: "doses = [1, 2, 4]\ntoxicity-intercept = [-2.8, 2.7]\ntoxicity-slope = [1.5, 2.7]\n\
            response-intercept = [-0.8, 1.9]\nresponse-slope = [1.5, 2.0]\nresponse-hurdle = 0.3\n\
            toxicity-hurdle = 0.4",
    from_toml: |text| Ok(Box::new(EffTox::new(toml::from_str(text)?)?)),
    in_force: |text| Ok(super::as_table(&toml::from_str::<Settings>(text)?)),
    conventions: &[
        "doses enter as the logarithm less its mean; the utility is taken at the posterior means",
        "the posterior is computed from `draws` fixed points: the same on every machine, with a standard error in the reason",
        "no untried dose is skipped",
        "waits while any patient at any dose is in the window",
    ],
};

/// The settings of the design. Priors are given as mean and standard deviation.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The doses, lowest first, in any one unit.
    pub doses: Vec<f64>,
    /// Prior of the intercept of toxicity.
    pub toxicity_intercept: [f64; 2],
    /// Prior of the slope of toxicity.
    pub toxicity_slope: [f64; 2],
    /// Prior of the intercept of response.
    pub response_intercept: [f64; 2],
    /// Prior of the slope of response.
    pub response_slope: [f64; 2],
    /// Prior of the curvature of response.
    #[serde(default = "default_curvature")]
    pub response_curvature: [f64; 2],
    /// Prior of the association.
    #[serde(default = "default_association")]
    pub association: [f64; 2],
    /// The response rate to exceed.
    pub response_hurdle: f64,
    /// A dose is admissible while it is exceeded with more than this probability.
    #[serde(default = "default_certainty")]
    pub response_certainty: f64,
    /// The DLT rate to stay below.
    pub toxicity_hurdle: f64,
    /// A dose is admissible while it is kept with more than this probability.
    #[serde(default = "default_certainty")]
    pub toxicity_certainty: f64,
    /// The response rate that is worth as much without any DLT ...
    #[serde(default = "default_response_alone")]
    pub response_without_toxicity: f64,
    /// ... as certain response with this DLT rate ...
    #[serde(default = "default_toxicity_alone")]
    pub toxicity_with_response: f64,
    /// ... and as this pair of response and DLT rates.
    #[serde(default = "default_between")]
    pub between: [f64; 2],
    /// Whether the lowest untried dose is admissible by its toxicity alone.
    #[serde(default)]
    pub untried_by_toxicity_alone: bool,
    /// How many points the posterior is computed from.
    #[serde(default = "default_draws")]
    pub draws: u32,
}

fn default_curvature() -> [f64; 2] {
    [0.0, 0.2]
}

fn default_association() -> [f64; 2] {
    [0.0, 1.0]
}

fn default_certainty() -> f64 {
    0.1
}

fn default_response_alone() -> f64 {
    0.5
}

fn default_toxicity_alone() -> f64 {
    0.65
}

fn default_between() -> [f64; 2] {
    [0.7, 0.25]
}

fn default_draws() -> u32 {
    16_384
}

/// Pairs of rates of equal worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contour {
    response: f64,
    toxicity: f64,
    power: f64,
}

impl Contour {
    /// The contour through a response rate without DLT, a DLT rate with certain response, and a
    /// pair (response, DLT) between.
    pub fn new(response: f64, toxicity: f64, between: [f64; 2]) -> Result<Self, DesignError> {
        is_rate("response-without-toxicity", response)?;
        is_rate("toxicity-with-response", toxicity)?;
        let [e, t] = between;
        within("between", e, e > response && e < 1.0, || format!("above {response} and below 1"))?;
        within("between", t, t > 0.0 && t < toxicity, || format!("above 0 and below {toxicity}"))?;
        let sum = |power: f64| pow((1.0 - e) / (1.0 - response), power) + pow(t / toxicity, power);
        // The sum falls from 2 towards 0 as the power rises.
        let (mut low, mut high) = (1e-6, 1.0);
        while sum(high) > 1.0 {
            low = high;
            high *= 2.0;
        }
        for _ in 0..100 {
            let middle = f64::midpoint(low, high);
            if sum(middle) > 1.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        Ok(Self { response, toxicity, power: f64::midpoint(low, high) })
    }

    /// The power p of the norm.
    pub fn power(&self) -> f64 {
        self.power
    }

    /// The utility of a pair of rates: 0 on the contour, 1 at its best.
    pub fn utility(&self, response: f64, toxicity: f64) -> f64 {
        let sum = pow((1.0 - response) / (1.0 - self.response), self.power)
            + pow(toxicity / self.toxicity, self.power);
        1.0 - pow(sum, 1.0 / self.power)
    }
}

/// The design with its model and contour.
#[derive(Debug, Clone, PartialEq)]
pub struct EffTox {
    settings: Settings,
    model: Model,
    contour: Contour,
}

impl EffTox {
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
        let priors = [
            ("toxicity-intercept", settings.toxicity_intercept),
            ("toxicity-slope", settings.toxicity_slope),
            ("response-intercept", settings.response_intercept),
            ("response-slope", settings.response_slope),
            ("response-curvature", settings.response_curvature),
            ("association", settings.association),
        ];
        for (name, [_, deviation]) in priors {
            within(name, deviation, deviation > 0.0, || {
                "a mean and a standard deviation above 0".to_owned()
            })?;
        }
        is_rate("response-hurdle", settings.response_hurdle)?;
        is_rate("toxicity-hurdle", settings.toxicity_hurdle)?;
        is_rate("response-certainty", settings.response_certainty)?;
        is_rate("toxicity-certainty", settings.toxicity_certainty)?;
        within("draws", f64::from(settings.draws), (256..=1 << 22).contains(&settings.draws), || {
            "from 256 to 4194304".to_owned()
        })?;
        let contour = Contour::new(
            settings.response_without_toxicity,
            settings.toxicity_with_response,
            settings.between,
        )?;
        let model = Model::new(priors.map(|prior| prior.1), &settings.doses);
        Ok(Self { settings, model, contour })
    }

    /// The trade-off contour.
    pub fn contour(&self) -> Contour {
        self.contour
    }

    /// The posterior by complete data.
    pub fn fit(&self, doses: &[DoseCounts]) -> EffToxFit {
        let hurdles = (self.settings.response_hurdle, self.settings.toxicity_hurdle);
        self.model.fit(doses, hurdles, self.settings.draws)
    }

    /// The utility of a dose at the posterior means of its rates.
    pub fn utility(&self, fit: &EffToxFit, dose: usize) -> f64 {
        self.contour.utility(fit.response[dose], fit.toxicity[dose])
    }

    /// Which doses are acceptable by both hurdles.
    pub fn acceptable(&self, fit: &EffToxFit) -> Vec<bool> {
        let both = fit.response_is_acceptable.iter().zip(&fit.toxicity_is_acceptable);
        let Settings { response_certainty, toxicity_certainty, .. } = self.settings;
        both.map(|(&e, &t)| e > response_certainty && t > toxicity_certainty).collect()
    }

    /// The acceptable dose with the highest utility up to a level.
    fn best(&self, fit: &EffToxFit, open: &[bool], most: usize) -> Option<usize> {
        let mut best: Option<(usize, f64)> = None;
        for dose in (0..open.len().min(most + 1)).filter(|&dose| open[dose]) {
            let utility = self.utility(fit, dose);
            if best.is_none_or(|(_, highest)| utility > highest) {
                best = Some((dose, utility));
            }
        }
        best.map(|(dose, _)| dose)
    }
}

impl Design for EffTox {
    fn step(&self, known: &Known, reason: &mut Reason) -> Step {
        let (level, doses) = (known.level, &known.doses);
        if doses.iter().any(|dose| dose.pending > 0) {
            return suspended(doses, reason);
        }
        let Some(tried) = doses.iter().rposition(|dose| dose.evaluable > 0) else {
            reason.say(|| "no patient is evaluable yet".to_owned());
            return Step::to(level, level);
        };
        let fit = self.fit(doses);
        let mut open = self.acceptable(&fit);
        open.truncate(doses.len());
        let above = tried + 1;
        if self.settings.untried_by_toxicity_alone && above < open.len() {
            open[above] = fit.toxicity_is_acceptable[above] > self.settings.toxicity_certainty;
        }
        let Some(next) = self.best(&fit, &open, above) else {
            reason.say(|| "no dose is acceptable".to_owned());
            let is_toxic = fit.toxicity_is_acceptable[0] <= self.settings.toxicity_certainty;
            let action = if is_toxic { Action::StopForSafety } else { Action::StopForFutility };
            return Step::end(action);
        };
        reason.say(|| {
            format!(
                "dose {} has the highest utility, {:.3}: response {:.3}, DLT {:.3} (standard error \
                 of probabilities at most {:.4})",
                next + 1,
                self.utility(&fit, next),
                fit.response[next],
                fit.toxicity[next],
                fit.error()
            )
        });
        Step::to(level, next)
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        let tried = doses.iter().rposition(|dose| dose.evaluable > 0)?;
        let fit = self.fit(doses);
        let is_tried = |dose: usize| doses.get(dose).is_some_and(|dose| dose.evaluable > 0);
        let open: Vec<bool> = self
            .acceptable(&fit)
            .into_iter()
            .enumerate()
            .map(|(dose, is_open)| is_open && is_tried(dose))
            .collect();
        self.best(&fit, &open, tried)
    }

    fn levels(&self) -> Option<usize> {
        Some(self.settings.doses.len())
    }

    fn outcomes(&self) -> Outcomes {
        Outcomes::ToxicityAndResponse
    }

    fn response_floor(&self) -> Option<f64> {
        Some(self.settings.response_hurdle)
    }

    fn describe(&self) -> String {
        let Settings { response_hurdle, toxicity_hurdle, response_certainty, .. } = self.settings;
        format!(
            "EffTox models the log odds of a DLT as linear and those of a response as quadratic in \
             the logarithm of the dose, with an association between them. A dose is acceptable \
             while its response rate exceeds {response_hurdle} with probability above \
             {response_certainty} and its DLT rate is below {toxicity_hurdle} with probability above \
             {}. The next cohort gets the acceptable dose with the highest utility at the posterior \
             means, skipping no untried dose; the trial stops when none is acceptable. Utility is \
             0 on the contour through response {} without DLTs, certain response with a DLT rate \
             of {}, and response {} with a DLT rate of {} (power {:.4}).",
            self.settings.toxicity_certainty,
            self.settings.response_without_toxicity,
            self.settings.toxicity_with_response,
            self.settings.between[0],
            self.settings.between[1],
            self.contour.power
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untried_doses_are_not_skipped() {
        let design = EffTox::new(toml::from_str(ENTRY.least).unwrap()).unwrap();
        let doses = [DoseCounts::of_outcomes([3, 0, 0, 0]), DoseCounts::default(), DoseCounts::default()];
        assert!(design.decide(0, &doses).next_level <= Some(1));
        let toxic = [DoseCounts::of_outcomes([0, 0, 9, 0]), DoseCounts::default(), DoseCounts::default()];
        assert_eq!(design.decide(0, &toxic).action, Action::StopForSafety);
        assert_eq!(design.recommend(&toxic), None);
    }

    #[test]
    fn settings_that_make_no_model_are_refused() {
        for (change, want) in [
            ("doses = [1, 2, 4]", "doses = [2, 1]"),
            ("[-2.8, 2.7]", "[-2.8, 0.0]"),
            ("response-hurdle = 0.3", "response-hurdle = 30"),
            ("toxicity-hurdle = 0.4", "toxicity-hurdle = 0.4\nbetween = [0.4, 0.25]"),
        ] {
            let text = ENTRY.least.replace(change, want);
            let message = (ENTRY.from_toml)(&text).unwrap_err().to_string();
            assert!(message.contains("it must be"), "{message}");
        }
    }
}
