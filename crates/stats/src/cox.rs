//! Proportional hazards regression (Cox): ties by Efron, Breslow or exactly, strata, delayed entry.
//!
//! Cox, J R Stat Soc B 1972;34:187-220; Efron, J Am Stat Assoc 1977;72:557-565; Breslow, Biometrics
//! 1974;30:89-99; Lin and Wei, J Am Stat Assoc 1989;84:1074-1078 for the robust variance;
//! Grambsch and Therneau, Biometrika 1994;81:515-526 for the check of proportionality.

mod check;
mod likelihood;
mod residual;

pub use check::{Clock, Proportionality};

use crate::log_rank::Test;
use crate::math::exp;
use crate::matrix::Factors;
use crate::restricted_mean::two_sided;
use crate::special::normal_quantile;
use crate::survival::Observation;
use likelihood::{Derivatives, Sets};

/// How events at equal times count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ties {
    /// Efron's approximation.
    #[default]
    Efron,
    /// Breslow's approximation.
    Breslow,
    /// The exact discrete likelihood.
    Exact,
}

/// One covariate: a value per observation.
#[derive(Debug, Clone, PartialEq)]
pub struct Covariate {
    /// What the table calls it.
    pub name: String,
    /// Values; a subject with a value that is not a number is left out of the model.
    pub values: Vec<f64>,
}

/// What is fitted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Model {
    /// The subjects.
    pub observations: Vec<Observation>,
    /// The covariates.
    pub covariates: Vec<Covariate>,
    /// A stratum per subject, each with a baseline hazard of its own; empty for one.
    pub strata: Vec<u32>,
    /// Subjects that belong together, for the robust variance; empty for none.
    pub clusters: Vec<u32>,
    /// Ties.
    pub ties: Ties,
}

/// One estimated coefficient.
#[derive(Debug, Clone, PartialEq)]
pub struct Coefficient {
    /// Its covariate.
    pub name: String,
    /// The logarithm of the hazard ratio per unit.
    pub estimate: f64,
    /// Its standard error by the model.
    pub error: f64,
    /// Its standard error that allows for clusters and a wrong model; `None` without clusters and
    /// with exact ties.
    pub robust_error: Option<f64>,
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The coefficients in the order of the covariates.
    pub coefficients: Vec<Coefficient>,
    /// Variances and covariances by the model, row by row.
    pub variance: Vec<f64>,
    /// Subjects that count.
    pub subjects: usize,
    /// Events among them.
    pub events: usize,
    /// Log partial likelihood without any effect.
    pub null_likelihood: f64,
    /// Log partial likelihood at the estimates.
    pub likelihood: f64,
    /// Likelihood ratio test of all coefficients.
    pub ratio_test: Test,
    /// Wald's test.
    pub wald_test: Test,
    /// The score test.
    pub score_test: Test,
    /// Share of pairs whose order the model tells (Harrell); ties of the prediction count half.
    pub concordance: Option<f64>,
    kept: Model,
}

/// Why a model has no fit.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CoxError {
    /// No covariate.
    #[error("the model has no covariate")]
    Empty,
    /// Lists do not go together.
    #[error("`{name}` has {found} values for {wanted} subjects")]
    Length {
        /// Which list.
        name: String,
        /// Its length.
        found: usize,
        /// The number of subjects.
        wanted: usize,
    },
    /// Nobody had the event.
    #[error("nobody with all covariates known had the event")]
    NoEvents,
    /// A covariate that the others, or the strata, already determine.
    #[error("`{name}` is constant among those at risk, or follows from the covariates before it")]
    Dependent {
        /// The covariate.
        name: String,
    },
    /// The likelihood rises without end.
    #[error("the likelihood has no finite maximum: {} separate(s) who has the event first", .names.join(", "))]
    Separated {
        /// The covariates whose coefficients run away.
        names: Vec<String>,
    },
    /// Newton's method did not settle.
    #[error("the likelihood did not settle after {0} steps")]
    Unsettled(usize),
}

const STEPS: usize = 60;
/// A step this small, in standard deviations of the covariate, ends the search.
const SETTLED: f64 = 1e-11;
/// Linear predictors farther apart than this within a risk set are no estimates.
const RUNAWAY: f64 = 15.0;

impl Model {
    /// Fits the model.
    ///
    /// # Errors
    /// When there is nothing to fit, a covariate says nothing of its own, or no finite maximum exists.
    pub fn fit(&self) -> Result<Fit, CoxError> {
        let kept = self.complete()?;
        let sets = Sets::new(&kept);
        let count = kept.covariates.len();
        if sets.events() == 0 {
            return Err(CoxError::NoEvents);
        }
        let start = sets.derivatives(&vec![0.0; count], kept.ties);
        let factors = Factors::new(&start.information, count);
        if let Some(at) = factors.dependent() {
            return Err(CoxError::Dependent { name: kept.covariates[at].name.clone() });
        }
        let score_test = Test::chi_square(factors.quadratic(&start.score), count);
        let (estimates, end) = climb(&kept, &sets, &start)?;
        let factors = Factors::new(&end.information, count);
        let variance = factors.inverse();
        let wald: f64 = (0..count)
            .flat_map(|row| (0..count).map(move |column| (row, column)))
            .map(|(row, column)| {
                estimates[row] * end.information[row * count + column] * estimates[column]
            })
            .sum();
        let robust = residual::robust_errors(&kept, &sets, &estimates, &variance);
        let named = kept.covariates.iter().zip(&estimates).enumerate();
        let coefficients = named
            .map(|(at, (covariate, &estimate))| Coefficient {
                name: covariate.name.clone(),
                estimate,
                error: variance[at * count + at].sqrt(),
                robust_error: robust.as_ref().map(|errors| errors[at]),
            })
            .collect();
        Ok(Fit {
            coefficients,
            variance,
            subjects: kept.observations.len(),
            events: sets.events(),
            null_likelihood: start.likelihood,
            likelihood: end.likelihood,
            ratio_test: Test::chi_square(2.0 * (end.likelihood - start.likelihood), count),
            wald_test: Test::chi_square(wald, count),
            score_test,
            concordance: residual::concordance(&kept, &estimates),
            kept,
        })
    }

    /// The subjects with all covariates known.
    fn complete(&self) -> Result<Self, CoxError> {
        let wanted = self.observations.len();
        if self.covariates.is_empty() {
            return Err(CoxError::Empty);
        }
        let lists = self.covariates.iter().map(|one| (one.name.as_str(), one.values.len()));
        let optional = [("strata", self.strata.len()), ("clusters", self.clusters.len())];
        for (name, found) in lists.chain(optional.into_iter().filter(|list| list.1 > 0)) {
            if found != wanted {
                return Err(CoxError::Length { name: name.to_owned(), found, wanted });
            }
        }
        let is_whole = |row: &usize| {
            !self.observations[*row].time.is_nan()
                && self.covariates.iter().all(|one| one.values[*row].is_finite())
        };
        let rows: Vec<usize> = (0..wanted).filter(is_whole).collect();
        let pick = |list: &[u32]| -> Vec<u32> {
            if list.is_empty() { Vec::new() } else { rows.iter().map(|&row| list[row]).collect() }
        };
        Ok(Self {
            observations: rows.iter().map(|&row| self.observations[row]).collect(),
            covariates: self
                .covariates
                .iter()
                .map(|one| Covariate {
                    name: one.name.clone(),
                    values: rows.iter().map(|&row| one.values[row]).collect(),
                })
                .collect(),
            strata: pick(&self.strata),
            clusters: pick(&self.clusters),
            ties: self.ties,
        })
    }
}

/// Newton's method, the step halved while the likelihood falls.
fn climb(
    model: &Model,
    sets: &Sets,
    start: &Derivatives,
) -> Result<(Vec<f64>, Derivatives), CoxError> {
    let count = model.covariates.len();
    let (mut at, mut here) = (vec![0.0; count], start.clone());
    let mut last_step = vec![0.0; count];
    for _ in 0..STEPS {
        let step = Factors::new(&here.information, count).solve(&here.score);
        let size = |step: &[f64]| {
            step.iter().zip(&sets.deviations).map(|(a, b)| (a * b).abs()).fold(0.0, f64::max)
        };
        if size(&step) < SETTLED {
            if sets.spread(&at) > RUNAWAY
                && let Some(error) = runaway(model, sets, &at, &last_step)
            {
                return Err(error);
            }
            return Ok((at, here));
        }
        let mut share = 1.0;
        loop {
            let next: Vec<f64> = at.iter().zip(&step).map(|(a, b)| a + share * b).collect();
            let there = sets.derivatives(&next, model.ties);
            if there.likelihood >= here.likelihood - 1e-9 * here.likelihood.abs() || share < 1e-6 {
                (at, here) = (next, there);
                break;
            }
            share *= 0.5;
        }
        last_step = step;
        if sets.spread(&at) > RUNAWAY
            && let Some(error) = runaway(model, sets, &at, &last_step)
        {
            return Err(error);
        }
    }
    Err(CoxError::Unsettled(STEPS))
}

/// The error when a direction leads the likelihood up without end: along it, nobody at risk lies
/// ahead of those who have the event.
fn runaway(model: &Model, sets: &Sets, at: &[f64], step: &[f64]) -> Option<CoxError> {
    let direction = [step, at].into_iter().find(|direction| sets.never_behind(direction))?;
    let size = |place: usize| (direction[place] * sets.deviations[place]).abs();
    let most = (0..direction.len()).map(size).fold(0.0, f64::max);
    let names = (0..direction.len())
        .filter(|&place| size(place) > 0.05 * most)
        .map(|place| model.covariates[place].name.clone())
        .collect();
    Some(CoxError::Separated { names })
}

impl Coefficient {
    /// The hazard ratio per unit.
    pub fn hazard_ratio(&self) -> f64 {
        exp(self.estimate)
    }

    /// The error that tables show: the robust one where there is one.
    pub fn shown_error(&self) -> f64 {
        self.robust_error.unwrap_or(self.error)
    }

    /// The interval of the hazard ratio.
    pub fn interval(&self, level: f64) -> (f64, f64) {
        let half = normal_quantile(0.5 + 0.5 * level) * self.shown_error();
        (exp(self.estimate - half), exp(self.estimate + half))
    }

    /// The two-sided probability of such an estimate if there were no effect.
    pub fn probability(&self) -> f64 {
        two_sided(self.estimate / self.shown_error())
    }
}

/// Columns of 0 and 1 for a covariate with categories: one for each but the reference (the first
/// in alphabetical order unless named). A blank category is not known.
pub fn indicators(name: &str, categories: &[&str], reference: Option<&str>) -> Vec<Covariate> {
    let mut levels: Vec<&str> = categories.iter().copied().filter(|one| !one.is_empty()).collect();
    levels.sort_unstable();
    levels.dedup();
    let reference = reference.or(levels.first().copied());
    levels
        .iter()
        .filter(|level| Some(**level) != reference)
        .map(|level| Covariate {
            name: format!("{name}{level}"),
            values: categories
                .iter()
                .map(
                    |one| if one.is_empty() { f64::NAN } else { f64::from(u8::from(one == level)) },
                )
                .collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(times: &[(f64, bool)], values: &[f64], ties: Ties) -> Model {
        Model {
            observations: times
                .iter()
                .map(|&(time, event)| Observation::new(time, event))
                .collect(),
            covariates: vec![Covariate { name: "x".into(), values: values.to_vec() }],
            ties,
            ..Model::default()
        }
    }

    #[test]
    fn a_covariate_that_separates_is_reported() {
        let times = [(1.0, true), (2.0, true), (3.0, true), (4.0, false), (5.0, false)];
        for ties in [Ties::Efron, Ties::Breslow, Ties::Exact] {
            let error = model(&times, &[1.0, 1.0, 1.0, 0.0, 0.0], ties).fit().unwrap_err();
            assert_eq!(error, CoxError::Separated { names: vec!["x".into()] }, "{ties:?}");
        }
    }

    #[test]
    fn two_covariates_may_separate_together() {
        // x - y orders all events; neither does alone
        let times = [(1.0, true), (2.0, true), (3.0, true), (4.0, true), (5.0, false)];
        let (x, y) = ([5.0, 9.0, 3.0, 8.0, 1.0], [0.0, 5.0, 0.0, 6.0, 0.0]);
        let mut both = model(&times, &x, Ties::Efron);
        both.covariates.push(Covariate { name: "y".into(), values: y.to_vec() });
        let CoxError::Separated { names } = both.fit().unwrap_err() else { panic!("separated") };
        assert_eq!(names, ["x", "y"]);
    }

    #[test]
    fn what_cannot_be_fitted_is_said() {
        let times = [(1.0, true), (2.0, false), (3.0, true)];
        let constant = model(&times, &[2.0, 2.0, 2.0], Ties::Efron).fit();
        assert_eq!(constant.unwrap_err(), CoxError::Dependent { name: "x".into() });
        let nobody = model(&[(1.0, false), (2.0, false)], &[1.0, 2.0], Ties::Efron).fit();
        assert_eq!(nobody.unwrap_err(), CoxError::NoEvents);
        assert!(matches!(
            model(&times, &[1.0], Ties::Efron).fit().unwrap_err(),
            CoxError::Length { found: 1, wanted: 3, .. }
        ));
        assert_eq!(Model::default().fit().unwrap_err(), CoxError::Empty);
    }

    #[test]
    fn units_of_a_covariate_change_its_coefficient_and_nothing_else() {
        let times: Vec<(f64, bool)> =
            (1..=12_u8).map(|day| (f64::from(day % 7), day % 3 != 0)).collect();
        let values: Vec<f64> = (1..=12_u8).map(|day| f64::from((day * 5) % 11)).collect();
        let large: Vec<f64> = values.iter().map(|value| 1e4 * value + 3e6).collect();
        let one = model(&times, &values, Ties::Efron).fit().unwrap();
        let two = model(&times, &large, Ties::Efron).fit().unwrap();
        assert!((one.coefficients[0].estimate - 1e4 * two.coefficients[0].estimate).abs() < 1e-8);
        assert!((one.likelihood - two.likelihood).abs() < 1e-9);
    }

    #[test]
    fn categories_leave_out_their_reference() {
        let columns = indicators("cell", &["b", "a", "", "c"], None);
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["cellb", "cellc"]);
        assert!(columns[0].values[2].is_nan() && columns[0].values[0] > 0.5);
        assert_eq!(indicators("cell", &["b", "a"], Some("b"))[0].name, "cella");
    }
}
