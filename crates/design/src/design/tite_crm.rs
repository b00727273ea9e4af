//! The continual reassessment method with late toxicity (TITE-CRM).
//!
//! Cheung and Chappell, Biometrics 2000;56:1177-1182; the R package dfcrm 0.2-2.1 (titecrm).

use serde::{Deserialize, Serialize};

use super::crm::{Crm, Method, Settings as CrmSettings};
use super::{Design, DesignError, Entry, Outcomes};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Reason, Step};
use crate::one_parameter::{Partial, Posterior};
use crate::skeleton::Model;

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "tite-crm",
    title: "TITE-CRM",
    least: "target = 0.3\nhalf-width = 0.05\nprior-mtd = 2\nlevels = 4",
    from_toml: |text| {
        let Settings { weights, crm } = toml::from_str::<Given>(text)?.settings();
        Ok(Box::new(TiteCrm::new(weights, crm)?))
    },
    in_force: |text| {
        let Settings { weights, crm } = toml::from_str::<Given>(text)?.settings();
        let mut table = super::as_table(&crm);
        // Every patient counts, so there is nothing to wait for; the model has one parameter.
        table.remove("pending");
        table.remove("intercept-deviation");
        table.insert("weights".to_owned(), super::as_value(&weights));
        Ok(table)
    },
    conventions: &[
        "a pending patient counts without a DLT by its weight; a DLT has weight 1 from the day it is seen",
        "a pending patient whose follow-up is not given has weight 0",
        "of equally near levels the lowest; no level is skipped on the way up; no escalation after a cohort with a DLT rate at the target or above",
        "no stop for safety unless `stop-above` is set",
    ],
};

/// How much a pending patient counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weights {
    /// The observed share of the window.
    #[default]
    Linear,
    /// By when DLTs came so far.
    Adaptive,
}

/// The settings of the design: those of the CRM, and the weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How much a pending patient counts.
    pub weights: Weights,
    /// The model and its restrictions.
    pub crm: CrmSettings,
}

/// The settings as they are written: without a rule for pending patients, who all count.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Given {
    target: f64,
    skeleton: Option<Vec<f64>>,
    half_width: Option<f64>,
    prior_mtd: Option<usize>,
    levels: Option<usize>,
    #[serde(default)]
    model: Model,
    intercept: Option<f64>,
    prior_deviation: Option<f64>,
    #[serde(default)]
    method: Method,
    #[serde(default)]
    estimate: super::crm::Estimate,
    #[serde(default)]
    skipping: bool,
    #[serde(default)]
    incoherent: bool,
    stop_above: Option<f64>,
    #[serde(default)]
    stop_by: super::crm::StopBy,
    #[serde(default)]
    recommend_untried: bool,
    #[serde(default)]
    weights: Weights,
}

impl Given {
    fn settings(self) -> Settings {
        let default = CrmSettings::new(self.target, &[]);
        let crm = CrmSettings {
            skeleton: self.skeleton,
            half_width: self.half_width,
            prior_mtd: self.prior_mtd,
            levels: self.levels,
            model: self.model,
            intercept: self.intercept.unwrap_or(default.intercept),
            prior_deviation: self.prior_deviation.unwrap_or(default.prior_deviation),
            method: self.method,
            estimate: self.estimate,
            skipping: self.skipping,
            incoherent: self.incoherent,
            stop_above: self.stop_above,
            stop_by: self.stop_by,
            recommend_untried: self.recommend_untried,
            ..default
        };
        Settings { weights: self.weights, crm }
    }
}

/// The design.
#[derive(Debug, Clone, PartialEq)]
pub struct TiteCrm {
    weights: Weights,
    crm: Crm,
}

impl TiteCrm {
    /// The design of checked settings.
    pub fn new(weights: Weights, settings: CrmSettings) -> Result<Self, DesignError> {
        if settings.model == Model::TwoParameter {
            let text = "TITE-CRM has a model with one parameter: `power` or `logistic`";
            return Err(DesignError::Settings(text.to_owned()));
        }
        Ok(Self { weights, crm: Crm::new(settings)? })
    }

    /// The model without late toxicity.
    pub fn crm(&self) -> &Crm {
        &self.crm
    }

    /// The estimate by everything known; `None` where the likelihood has no highest point.
    pub fn posterior(&self, known: &Known) -> Option<Posterior> {
        self.crm.posterior_with(&known.doses, &self.partial(known))
    }

    /// The weight of a pending patient followed for a share of the window.
    pub fn weight(&self, follow_up: f64, dlt_times: &[f64]) -> f64 {
        match self.weights {
            Weights::Linear => follow_up.min(1.0),
            Weights::Adaptive => adaptive(follow_up, dlt_times),
        }
    }

    /// The pending patients with their weights.
    fn partial(&self, known: &Known) -> Vec<Partial> {
        let mut times: Vec<f64> = known.patients.iter().filter_map(|one| one.dlt).collect();
        times.sort_by(f64::total_cmp);
        let levels = self.crm.skeleton().len();
        if known.patients.is_empty() {
            let pending = known.doses.iter().enumerate().take(levels);
            let unseen = |(level, dose): (usize, &DoseCounts)| {
                std::iter::repeat_n(Partial { level, weight: 0.0 }, dose.pending as usize)
            };
            return pending.flat_map(unseen).collect();
        }
        let pending = known.patients.iter().filter(|one| one.is_pending() && one.level < levels);
        let weigh = |one: &crate::counts::Patient| Partial {
            level: one.level,
            weight: self.weight(one.follow_up, &times),
        };
        pending.map(weigh).collect()
    }
}

/// The adaptive weight: each earlier DLT stands for an equal part of the risk, and the rest of the
/// window for one more.
fn adaptive(follow_up: f64, times: &[f64]) -> f64 {
    let (Some(&first), Some(&last)) = (times.first(), times.last()) else {
        return follow_up.min(1.0);
    };
    let parts = times.len() as f64 + 1.0;
    let before = times.partition_point(|&time| time <= follow_up);
    let share = |from: f64, to: f64| if to > from { (follow_up - from) / (to - from) } else { 1.0 };
    let passed = match before {
        0 => follow_up / first,
        all if all == times.len() => all as f64 + share(last, 1.0),
        some => some as f64 + share(times[some - 1], times[some]),
    };
    (passed / parts).min(1.0)
}

impl Design for TiteCrm {
    fn step(&self, known: &Known, reason: &mut Reason) -> Step {
        self.crm.step_with(known, &self.partial(known), reason)
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        self.crm.recommend(doses)
    }

    fn levels(&self) -> Option<usize> {
        self.crm.levels()
    }

    fn outcomes(&self) -> Outcomes {
        Outcomes::ToxicityInTime
    }

    fn estimated_toxicity(&self, doses: &[DoseCounts]) -> Vec<Option<f64>> {
        self.crm.estimated_toxicity(doses)
    }

    fn describe(&self) -> String {
        let weights = match self.weights {
            Weights::Linear => "the observed share of the DLT window",
            Weights::Adaptive => "a weight that follows the times of the DLTs so far",
        };
        format!(
            "TITE-CRM never waits for pending patients: each counts without a DLT by {weights}. {}",
            self.crm.describe()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adaptive_weights_follow_the_dlts() {
        let times = [0.2, 0.5];
        for (follow_up, want) in
            [(0.1, 0.5 / 3.0), (0.2, 1.0 / 3.0), (0.35, 0.5), (0.75, 2.5 / 3.0), (1.0, 1.0)]
        {
            assert!((adaptive(follow_up, &times) - want).abs() < 1e-12, "{follow_up}");
        }
        assert!((adaptive(0.4, &[]) - 0.4).abs() < 1e-15);
    }

    #[test]
    fn unseen_follow_up_counts_for_nothing() {
        let settings = CrmSettings::new(0.25, &[0.1, 0.25, 0.4]);
        let design = TiteCrm::new(Weights::Linear, settings).unwrap();
        let complete = [DoseCounts::of(3, 1), DoseCounts::default(), DoseCounts::default()];
        let mut pending = complete;
        pending[0].pending = 3;
        let estimate = |doses: &[DoseCounts]| {
            design.posterior(&Known::of_counts(0, doses)).unwrap().estimate
        };
        assert!((estimate(&complete) - estimate(&pending)).abs() < 1e-12);
    }
}
