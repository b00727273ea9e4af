//! Operating characteristics: how a design does under a truth, exactly or by simulated trials.

pub mod calendar;
mod exact;
mod simulated;

pub use calendar::{Accrual, Calendar, InTime, Waiting, in_time};
pub use exact::exact;
pub use simulated::{Tally, simulate, tally};

use crate::design::{Design, Outcomes};
use crate::truth::Truth;

/// How a trial is run besides its design.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Patients per cohort.
    pub cohort: u32,
    /// Patients at most; the last cohort is cut to fit.
    pub max_patients: u32,
    /// The level of the first cohort, from 0.
    pub start: usize,
}

impl Plan {
    /// Cohorts of a size from the lowest dose on.
    pub const fn new(cohort: u32, max_patients: u32) -> Self {
        Self { cohort, max_patients, start: 0 }
    }
}

/// Why characteristics cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A cohort of nobody, or a trial of nobody.
    #[error("a cohort has {cohort} patients and the trial {max_patients}; both need at least one")]
    Nobody {
        /// Patients per cohort.
        cohort: u32,
        /// Patients at most.
        max_patients: u32,
    },
    /// The first level is not among the doses.
    #[error("the trial starts at dose {start}, but there are {doses} doses")]
    Start {
        /// The first level, from 1.
        start: usize,
        /// The number of doses.
        doses: usize,
    },
    /// The settings of the design fix another number of doses.
    #[error("the design is set for {settings} doses, the truth has {truth}")]
    Doses {
        /// Doses of the settings.
        settings: usize,
        /// Doses of the truth.
        truth: usize,
    },
    /// Responses of two depths, of which the truth says one.
    #[error("the design looks at two depths of response, and nothing is said of deep responses")]
    TwoDepths,
    /// More doses or patients than states can hold.
    #[error("{doses} doses with {patients} patients cannot be enumerated; simulate trials instead")]
    TooLarge {
        /// The number of doses.
        doses: usize,
        /// Patients at most.
        patients: u32,
    },
    /// More states than memory can hold.
    #[error("more than {0} states arise; simulate trials instead of enumerating them")]
    TooManyStates(usize),
}

/// What happens in a trial, on average.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Characteristics {
    /// The probability that a dose is recommended, by dose.
    pub selected: Vec<f64>,
    /// The probability that no dose is recommended.
    pub none: f64,
    /// The probability that the trial stops for toxicity of the lowest dose.
    pub stopped_for_safety: f64,
    /// The probability that the trial stops for lack of responses.
    pub stopped_for_futility: f64,
    /// Mean patients by dose.
    pub patients: Vec<f64>,
    /// Mean patients with a DLT by dose.
    pub dlts: Vec<f64>,
    /// Mean patients with a response by dose.
    pub responses: Vec<f64>,
    /// Standard errors of the above; `None` if they are exact.
    pub errors: Option<Errors>,
}

/// Monte Carlo standard errors, in the order of [`Characteristics`].
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Errors {
    /// How many trials were simulated.
    pub trials: u32,
    /// Of the probabilities of recommendation.
    pub selected: Vec<f64>,
    /// Of the probability that no dose is recommended.
    pub none: f64,
    /// Of the mean patients by dose.
    pub patients: Vec<f64>,
    /// Of the mean DLTs by dose.
    pub dlts: Vec<f64>,
    /// Of the mean responses by dose.
    pub responses: Vec<f64>,
}

impl Characteristics {
    /// Mean patients of a trial.
    pub fn total_patients(&self) -> f64 {
        self.patients.iter().sum()
    }
}

/// Refuses plans that make no trial.
pub(crate) fn check(design: &dyn Design, truth: &Truth, plan: Plan) -> Result<(), PlanError> {
    let Plan { cohort, max_patients, start } = plan;
    let doses = truth.doses.len();
    if cohort == 0 || max_patients == 0 {
        return Err(PlanError::Nobody { cohort, max_patients });
    }
    let says_depth = truth.doses.iter().all(|dose| dose.deep.is_some());
    if design.outcomes() == Outcomes::NestedResponse && !says_depth {
        return Err(PlanError::TwoDepths);
    }
    if start >= doses {
        return Err(PlanError::Start { start: start + 1, doses });
    }
    match design.levels() {
        Some(settings) if settings != doses => Err(PlanError::Doses { settings, truth: doses }),
        _ => Ok(()),
    }
}

/// Doses whose DLT rates differ by less than this are flat; an assumed limit.
const FLAT: f64 = 0.10;

/// A recommendation this frequent tells nothing about the truth; an assumed limit.
const CERTAIN: f64 = 0.9;

/// What a reader must be told about characteristics before believing them.
pub fn warnings(design: &dyn Design, truth: &Truth, found: &Characteristics) -> Vec<String> {
    let mut result = Vec::new();
    let rates = truth.toxicity();
    if let Some(place) = rates.windows(2).position(|pair| pair[1] < pair[0]) {
        result.push(format!(
            "the DLT rate falls from dose {} to dose {}; every design takes it to rise with the dose",
            place + 1,
            place + 2
        ));
    }
    let (lowest, highest) =
        rates.iter().fold((1.0_f64, 0.0_f64), |(low, high), &rate| (low.min(rate), high.max(rate)));
    let looks_at_toxicity_alone =
        matches!(design.outcomes(), Outcomes::Toxicity | Outcomes::ToxicityInTime);
    if let Some(&top) = found.selected.last()
        && looks_at_toxicity_alone
        && rates.len() > 1
        && highest - lowest < FLAT
        && top > CERTAIN
    {
        result.push(format!(
            "toxicity is flat ({lowest} to {highest}) and the top dose is recommended in {:.1} % of \
             trials: a design that looks for the maximum tolerated dose ends at the top dose \
             whatever its benefit",
            100.0 * top
        ));
    }
    if let Some(floor) = design.response_floor() {
        let best = truth.response().into_iter().fold(0.0, f64::max);
        let picked: f64 = found.selected.iter().sum();
        if best < floor && picked > 0.1 {
            result.push(format!(
                "no dose reaches a response rate of {floor} (the best has {best}), yet a dose is \
                 recommended in {:.1} % of trials",
                100.0 * picked
            ));
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::ALL;

    fn design(name: &str, settings: &str) -> Box<dyn Design> {
        let entry = ALL.iter().find(|entry| entry.name == name).unwrap();
        (entry.from_toml)(settings).unwrap()
    }

    #[test]
    fn flat_toxicity_is_warned_of() {
        let boin = design("boin", "target = 0.3");
        let flat = Truth::of_toxicity(&[0.05; 6]).unwrap();
        let found = exact(boin.as_ref(), &flat, Plan::new(3, 36)).unwrap();
        let told = warnings(boin.as_ref(), &flat, &found);
        assert!(told.len() == 1 && told[0].contains("99.1 %"), "{told:?}");
        let rising = Truth::of_toxicity(&[0.05, 0.2, 0.4, 0.5]).unwrap();
        let found = exact(boin.as_ref(), &rising, Plan::new(3, 18)).unwrap();
        assert_eq!(warnings(boin.as_ref(), &rising, &found), Vec::<String>::new());
    }

    #[test]
    fn rates_that_fall_with_the_dose_are_warned_of() {
        let boin = design("boin", "target = 0.3");
        let falling = Truth::of_toxicity(&[0.1, 0.3, 0.2]).unwrap();
        let found = exact(boin.as_ref(), &falling, Plan::new(3, 9)).unwrap();
        let told = warnings(boin.as_ref(), &falling, &found);
        assert!(told.len() == 1 && told[0].contains("falls from dose 2 to dose 3"), "{told:?}");
    }

    #[test]
    fn enumeration_and_simulation_agree() {
        let truth = Truth::of_toxicity(&[0.1, 0.25, 0.45]).unwrap();
        for (name, settings) in [
            ("3+3", ""),
            ("boin", "target = 0.25\ntitration-cohort = 3"),
            ("mtpi2", "target = 0.25"),
            ("i3+3", "target = 0.25"),
        ] {
            let design = design(name, settings);
            let exact = exact(design.as_ref(), &truth, Plan::new(3, 20)).unwrap();
            let got = simulate(design.as_ref(), &truth, Plan::new(3, 20), 7, 4_000).unwrap();
            let errors = got.errors.as_ref().unwrap();
            let sum: f64 = exact.selected.iter().sum::<f64>() + exact.none;
            assert!((sum - 1.0).abs() < 1e-12, "{name}: {sum}");
            for dose in 0..3 {
                for (got, want, error) in [
                    (got.selected[dose], exact.selected[dose], errors.selected[dose]),
                    (got.patients[dose], exact.patients[dose], errors.patients[dose]),
                    (got.dlts[dose], exact.dlts[dose], errors.dlts[dose]),
                ] {
                    assert!((got - want).abs() < 4.0 * error + 1e-3, "{name}: {got} for {want}");
                }
            }
        }
    }

    #[test]
    fn plans_without_patients_or_doses_are_refused() {
        let boin = design("boin", "target = 0.3");
        let truth = Truth::of_toxicity(&[0.1, 0.3]).unwrap();
        let message = |plan| exact(boin.as_ref(), &truth, plan).unwrap_err().to_string();
        assert!(message(Plan::new(0, 10)).contains("at least one"));
        assert!(message(Plan { start: 2, ..Plan::new(3, 9) }).contains("starts at dose 3"));
    }
}
