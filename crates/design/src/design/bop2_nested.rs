//! The Bayesian optimal phase II design (BOP2) for responses of two depths, such as complete ones among
//! all.
//!
//! Zhou, Lee and Yuan, Stat Med 2017;36:3302-3314, nested efficacy endpoints: the trial stops only if
//! neither rate is promising. Every probability is exact.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use stats::math::pow;

use super::predictive_probability::check_looks;
use super::{Design, DesignError, Entry, Outcomes, is_rate, within};
use crate::counts::{DoseCounts, Known};
use crate::decision::{Action, Reason, Step};
use crate::outcome::multinomial;
use crate::posterior::exceeds_with;

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

/// Probabilities this close are equal.
const SAME: f64 = 1e-12;

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
    #[serde(default = "default_type_one")]
    pub type_one: f64,
}

fn default_type_one() -> f64 {
    0.1
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
        let cells = [1.0 - response, response - deep, deep, 0.0].map(|cell| cell.max(0.0));
        let mut states = BTreeMap::from([((0_u32, 0_u32), 1.0)]);
        let mut result = Course { promising: 0.0, mean_patients: 0.0 };
        let mut before = 0;
        for (look, &patients) in self.looks.iter().enumerate() {
            let more = multinomial(patients - before, cells);
            let mut next: BTreeMap<(u32, u32), f64> = BTreeMap::new();
            for (&(responses, deep), probability) in &states {
                for &([_, shallow, deeper, _], share) in &more {
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
    lambda: f64,
    gamma: f64,
    bounds: Bounds,
}

/// By look and count, the posterior probability that a rate exceeds its null rate.
fn posteriors(null: f64, looks: &[u32]) -> Vec<Vec<f64>> {
    // The margins of a Dirichlet law are Beta laws.
    let row = |&look: &u32| {
        (0..=look).map(|hits| exceeds_with((null, 1.0 - null), hits, look, null)).collect()
    };
    looks.iter().map(row).collect()
}

fn bounds(looks: &[u32], both: &[Vec<Vec<f64>>; 2], (lambda, gamma): (f64, f64)) -> Bounds {
    let last = f64::from(looks[looks.len() - 1]);
    let most = |rows: &[Vec<f64>]| -> Vec<Option<u32>> {
        let limit = |(row, &look): (&Vec<f64>, &u32)| {
            let cutoff = lambda * pow(f64::from(look) / last, gamma);
            row.iter().rposition(|&value| value < cutoff).map(|hits| hits as u32)
        };
        rows.iter().zip(looks).map(limit).collect()
    };
    Bounds {
        looks: looks.to_vec(),
        response_at_most: most(&both[0]),
        deep_at_most: most(&both[1]),
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
        let both = [posteriors(null_response, looks), posteriors(null_deep, looks)];
        let (lambda, gamma) = match (settings.lambda, settings.gamma) {
            (Some(lambda), Some(gamma)) => {
                is_rate("lambda", lambda)?;
                within("gamma", gamma, gamma >= 0.0, || "at least 0".to_owned())?;
                (lambda, gamma)
            }
            (None, None) => search(settings, &both)?,
            _ => {
                let text = "give both `lambda` and `gamma`, or neither";
                return Err(DesignError::Settings(text.to_owned()));
            }
        };
        let bounds = bounds(looks, &both, (lambda, gamma));
        Ok(Self { settings: settings.clone(), lambda, gamma, bounds })
    }

    /// The bounds at every look.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }
}

/// The cut-off with the highest power that keeps the type I error.
fn search(settings: &Settings, both: &[Vec<Vec<f64>>; 2]) -> Result<(f64, f64), DesignError> {
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
    let mut distinct: BTreeMap<Bounds, (f64, f64)> = BTreeMap::new();
    for lambda in 0..=99 {
        for gamma in 0..=50 {
            let cutoff = (0.5 + 0.005 * f64::from(lambda), 0.02 * f64::from(gamma));
            distinct.entry(bounds(&settings.looks, both, cutoff)).or_insert(cutoff);
        }
    }
    let mut best: Option<(f64, f64, (f64, f64))> = None;
    for (bounds, cutoff) in distinct {
        let at_null = bounds.course(null, null_deep);
        if at_null.promising > settings.type_one {
            continue;
        }
        let power = bounds.course(response, deep).promising;
        let is_better = best.is_none_or(|(most, patients, _)| {
            power > most + SAME || (power > most - SAME && at_null.mean_patients < patients - SAME)
        });
        if is_better {
            best = Some((power, at_null.mean_patients, cutoff));
        }
    }
    best.map(|(_, _, cutoff)| cutoff).ok_or_else(|| {
        let error = settings.type_one;
        DesignError::Settings(format!("no cut-off keeps a type I error of {error}: add patients"))
    })
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
        match bounds.looks.iter().find(|&&look| look > at.evaluable) {
            Some(look) => {
                let patients = Some(look - at.evaluable);
                Step { patients, ..Step::to(known.level, known.level) }
            }
            None => Step::end(Action::Finish),
        }
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
            self.lambda,
            self.bounds.looks[self.bounds.looks.len() - 1],
            self.gamma,
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
