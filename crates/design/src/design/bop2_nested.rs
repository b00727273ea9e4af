//! The Bayesian optimal phase II design (BOP2) for responses of two depths, such as complete ones among
//! all.
//!
//! Zhou, Lee and Yuan, Stat Med 2017;36:3302-3314, nested efficacy endpoints: the trial stops only if
//! neither rate is promising. Every probability is exact.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::predictive_probability::check_looks;
use super::{Design, DesignError, Entry, Outcomes, is_rate, within};
use crate::counts::{DoseCounts, Known};
use crate::cutoff::{self, Cutoff, Passed};
use crate::decision::{Action, Reason, Step};
use crate::looks::to_the_next_look;
use crate::outcome::multinomial;

/// The line of this design in the list.
pub const ENTRY: Entry = Entry {
    name: "bop2-nested",
    title: "BOP2 for nested responses",
    least: "null-response = 0.3\nnull-deep = 0.15\nlooks = [10, 20]\nlambda = 0.85\ngamma = 0.6",
    from_toml: |text| Ok(Box::new(Bop2Nested::new(&toml::from_str(text)?)?)),
    in_force: |text| Ok(super::as_table(&toml::from_str::<Settings>(text)?)),
    conventions: &[
        "the trial stops only if both rates fall short; at its end either is enough",
        "the Dirichlet prior has the means of the null rates and the weight of one patient; stopping is strict (below the cut-off)",
        "the search maximises the exact power on a grid (lambda 0.5 to 0.995 by 0.005, gamma 0 to 1 by 0.02); ties go to fewer patients at the null rates",
    ],
};

/// The settings of the design.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The response rate that is of no interest.
    pub null_response: f64,
    /// The rate of deep responses that is of no interest.
    pub null_deep: f64,
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
    /// The rate of deep responses worth finding, for the search.
    #[serde(default)]
    pub alternative_deep: Option<f64>,
    /// The probability, at most, of calling the null rates promising.
    #[serde(default = "super::bop2::default_type_one")]
    pub type_one: f64,
}

/// When to stop at each look: with so many responses or fewer, and so many deep ones or fewer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bounds {
    /// Patients at each look, rising.
    pub looks: Vec<u32>,
    /// Responses; `None` if no number falls short.
    pub response_at_most: Vec<Option<u32>>,
    /// Deep responses; `None` if no number falls short.
    pub deep_at_most: Vec<Option<u32>>,
}

/// What happens at true rates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Course {
    /// The probability of passing every look.
    pub promising: f64,
    /// The mean number of patients.
    pub mean_patients: f64,
}

impl Bounds {
    /// Whether both rates fall short at a look.
    fn falls_short(&self, look: usize, responses: u32, deep: u32) -> bool {
        self.response_at_most[look].is_some_and(|most| responses <= most)
            && self.deep_at_most[look].is_some_and(|most| deep <= most)
    }

    /// The probabilities at true rates; deep responses are among the responses.
    pub fn course(&self, response: f64, deep: f64) -> Course {
        let cells = [1.0 - response, response - deep, deep].map(|cell| cell.max(0.0));
        let mut states = BTreeMap::from([((0_u32, 0_u32), 1.0)]);
        let mut result = Course { promising: 0.0, mean_patients: 0.0 };
        let mut before = 0;
        for (look, &patients) in self.looks.iter().enumerate() {
            let more = multinomial(patients - before, cells);
            let mut next: BTreeMap<(u32, u32), f64> = BTreeMap::new();
            for (&(responses, deep), probability) in &states {
                for &([_, shallow, deeper], share) in &more {
                    let key = (responses + shallow + deeper, deep + deeper);
                    *next.entry(key).or_insert(0.0) += probability * share;
                }
            }
            let mut stopped = 0.0;
            next.retain(|&(responses, deep), probability| {
                let stops = self.falls_short(look, responses, deep);
                stopped += if stops { *probability } else { 0.0 };
                !stops
            });
            result.mean_patients += stopped * f64::from(patients);
            states = next;
            before = patients;
        }
        result.promising = states.values().sum();
        result.mean_patients += result.promising * f64::from(before);
        result
    }
}

/// The design with its bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Bop2Nested {
    settings: Settings,
    cutoff: Cutoff,
    bounds: Bounds,
}

/// Posterior probabilities by look and count: of all responses, and of the deep ones. The margins of a
/// Dirichlet law are Beta laws.
type Both = [Vec<Vec<f64>>; 2];

fn bounds(looks: &[u32], both: &Both, cutoff: Cutoff) -> Bounds {
    let cutoffs = cutoff.at(looks);
    Bounds {
        looks: looks.to_vec(),
        response_at_most: cutoff::at_most(&both[0], &cutoffs),
        deep_at_most: cutoff::at_most(&both[1], &cutoffs),
    }
}

impl Bop2Nested {
    /// The design of checked settings.
    pub fn new(settings: &Settings) -> Result<Self, DesignError> {
        let Settings { null_response, null_deep, .. } = *settings;
        is_rate("null-response", null_response)?;
        is_rate("null-deep", null_deep)?;
        within("null-deep", null_deep, null_deep <= null_response, || {
            format!("at most the null rate of all responses {null_response}")
        })?;
        check_looks(&settings.looks)?;
        is_rate("type-one", settings.type_one)?;
        let looks = &settings.looks;
        let both = [null_response, null_deep].map(|null| cutoff::posteriors(null, looks));
        let cutoff = match Cutoff::of(settings.lambda, settings.gamma)? {
            Some(cutoff) => cutoff,
            None => search(settings, &both)?,
        };
        let bounds = bounds(looks, &both, cutoff);
        Ok(Self { settings: settings.clone(), cutoff, bounds })
    }

    /// The bounds at every look.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }
}

/// The best cut-off for the rates of the settings.
fn search(settings: &Settings, both: &Both) -> Result<Cutoff, DesignError> {
    let (Some(response), Some(deep)) = (settings.alternative_response, settings.alternative_deep)
    else {
        let text = "give `lambda` and `gamma`, or `alternative-response` and `alternative-deep` to \
                    search for them";
        return Err(DesignError::Settings(text.to_owned()));
    };
    let (null, null_deep) = (settings.null_response, settings.null_deep);
    within("alternative-response", response, response >= null && response < 1.0, || {
        format!("at least the null rate {null} and below 1")
    })?;
    within("alternative-deep", deep, deep >= null_deep && deep <= response, || {
        format!("at least the null rate {null_deep} and at most {response}")
    })?;
    let at = |bounds: &Bounds, response: f64, deep: f64| {
        let Course { promising, mean_patients } = bounds.course(response, deep);
        Passed { probability: promising, mean_patients }
    };
    cutoff::search(
        settings.type_one,
        |cutoff| bounds(&settings.looks, both, cutoff),
        |bounds| at(bounds, null, null_deep),
        |bounds| at(bounds, response, deep),
    )
}

impl Design for Bop2Nested {
    fn step(&self, known: &Known, reason: &mut Reason) -> Step {
        let at = known.at();
        let seen = || {
            let DoseCounts { evaluable, responses, deep_responses, .. } = at;
            format!("{responses} responses, {deep_responses} of them deep, in {evaluable} patients")
        };
        reason.say(seen);
        let bounds = &self.bounds;
        let look = bounds.looks.iter().position(|&look| look == at.evaluable);
        if let Some(look) = look.filter(|look| look + 1 < bounds.looks.len())
            && bounds.falls_short(look, at.responses, at.deep_responses)
        {
            reason.add(|| "; both rates fall short".to_owned());
            return Step::end(Action::StopForFutility);
        }
        to_the_next_look(&bounds.looks, known, reason)
    }

    fn recommend(&self, doses: &[DoseCounts]) -> Option<usize> {
        let at = doses.first()?;
        let last = self.bounds.looks.len() - 1;
        let falls_short = self.bounds.falls_short(last, at.responses, at.deep_responses);
        (at.evaluable >= self.bounds.looks[last] && !falls_short).then_some(0)
    }

    fn levels(&self) -> Option<usize> {
        Some(1)
    }

    fn outcomes(&self) -> Outcomes {
        Outcomes::NestedResponse
    }

    fn response_floor(&self) -> Option<f64> {
        Some(self.settings.null_response)
    }

    fn describe(&self) -> String {
        let Settings { null_response, null_deep, alternative_response, alternative_deep, .. } =
            self.settings;
        let looks = self.bounds.looks.iter().enumerate();
        let limit = |count: Option<u32>, what: &str| {
            count.map_or_else(|| format!("no {what}"), |most| format!("{most} {what} or fewer"))
        };
        let limits: Vec<String> = looks
            .map(|(look, patients)| {
                let all = limit(self.bounds.response_at_most[look], "responses");
                let deep = limit(self.bounds.deep_at_most[look], "deep ones");
                format!("of {patients}: {all} and {deep}")
            })
            .collect();
        let mut text = format!(
            "BOP2 for nested responses: the trial stops when the posterior probabilities that the \
             response rate exceeds {null_response} and that the rate of deep responses exceeds \
             {null_deep} are both below {} x (n / {})^{} (Dirichlet prior with the means of the null \
             rates and the weight of one patient). It stops with, {}. Treatment is promising if \
             either rate is above its limit at the end.",
            self.cutoff.lambda,
            self.bounds.looks[self.bounds.looks.len() - 1],
            self.cutoff.gamma,
            limits.join("; ")
        );
        let mut told = |response: f64, deep: f64| {
            let Course { promising, mean_patients } = self.bounds.course(response, deep);
            let _ = write!(
                text,
                " At rates of {response} and {deep} it is called promising with probability \
                 {promising:.4}, and {mean_patients:.1} patients are treated on average."
            );
        };
        told(null_response, null_deep);
        if let (Some(response), Some(deep)) = (alternative_response, alternative_deep) {
            told(response, deep);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(evaluable: u32, responses: u32, deep_responses: u32) -> DoseCounts {
        DoseCounts { responses, deep_responses, ..DoseCounts::of(evaluable, 0) }
    }

    #[test]
    fn one_promising_rate_is_enough_to_go_on() {
        let design = Bop2Nested::new(&toml::from_str(ENTRY.least).unwrap()).unwrap();
        let Bounds { response_at_most, deep_at_most, .. } = design.bounds().clone();
        let (all, deep) = (response_at_most[0].unwrap(), deep_at_most[0].unwrap());
        let action = |responses: u32, deep: u32| design.decide(0, &[at(10, responses, deep)]).action;
        assert_eq!(action(all, deep), Action::StopForFutility);
        assert_eq!(action(all + 1, deep), Action::Stay);
        assert_eq!(action(all, deep + 1), Action::Stay);
        let (all, deep) = (response_at_most[1].unwrap(), deep_at_most[1].unwrap());
        assert_eq!(design.recommend(&[at(20, all, deep)]), None);
        assert_eq!(design.recommend(&[at(20, all, deep + 1)]), Some(0));
    }

    /// The probability once more, patient by patient over every sequence of outcomes.
    fn by_sequences(bounds: &Bounds, rates: [f64; 3], so_far: (u32, u32, u32)) -> f64 {
        let (patients, responses, deep) = so_far;
        if let Some(look) = bounds.looks.iter().position(|&look| look == patients) {
            let low = bounds.response_at_most[look].is_some_and(|most| responses <= most);
            if low && bounds.deep_at_most[look].is_some_and(|most| deep <= most) {
                return 0.0;
            }
            if look + 1 == bounds.looks.len() {
                return 1.0;
            }
        }
        let next = |more: u32, deeper: u32| (patients + 1, responses + more, deep + deeper);
        rates[0] * by_sequences(bounds, rates, next(0, 0))
            + rates[1] * by_sequences(bounds, rates, next(1, 0))
            + rates[2] * by_sequences(bounds, rates, next(1, 1))
    }

    #[test]
    fn probabilities_are_those_of_all_sequences() {
        let text = ENTRY.least.replace("[10, 20]", "[4, 7, 10]");
        let design = Bop2Nested::new(&toml::from_str(&text).unwrap()).unwrap();
        for (response, deep) in [(0.3, 0.15), (0.5, 0.15), (0.4, 0.35)] {
            let rates = [1.0 - response, response - deep, deep];
            let want = by_sequences(design.bounds(), rates, (0, 0, 0));
            let got = design.bounds().course(response, deep).promising;
            assert!((got - want).abs() < 1e-12, "{got} for {want}");
        }
    }

    #[test]
    fn the_search_keeps_the_error_and_settings_are_checked() {
        let text = "null-response = 0.3\nnull-deep = 0.15\nlooks = [10, 20]\n\
                    alternative-response = 0.5\nalternative-deep = 0.3";
        let design = Bop2Nested::new(&toml::from_str(text).unwrap()).unwrap();
        assert!(design.bounds().course(0.3, 0.15).promising <= 0.1);
        assert!(design.bounds().course(0.5, 0.3).promising > 0.6);
        assert!(design.describe().matches("is called promising").count() == 2);
        for (change, want) in [("null-deep = 0.15", "null-deep = 0.4"), ("0.5", "0.2"), ("= 0.3\nlooks", "= 30\nlooks")] {
            let wrong = text.replace(change, want);
            if wrong != text {
                assert!((ENTRY.from_toml)(&wrong).is_err(), "{wrong}");
            }
        }
    }
}
