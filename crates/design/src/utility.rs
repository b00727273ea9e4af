//! What designs on toxicity and response share: utilities of outcomes, and which doses are
//! admissible.
//!
//! Lin et al., JCO Precis Oncol 2020;4:1393-1402; Zhou, Lee and Yuan, Stat Med 2019;38:5299-5316.

use std::fmt;
use std::sync::OnceLock;

use stats::special::beta_cdf;

use crate::counts::DoseCounts;
use crate::design::{DesignError, is_rate, within};
use crate::isotonic::pooled;
use crate::posterior::exceeds;

/// Utilities of the four outcomes, from 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Utilities {
    /// Neither, response alone, DLT alone, both.
    pub(crate) of: [f64; 4],
}

impl Utilities {
    /// 100 for a response alone and 0 for a DLT alone.
    pub(crate) fn new(neither: f64, both: f64) -> Result<Self, DesignError> {
        for (name, value) in [("utility-neither", neither), ("utility-both", both)] {
            let limit = || "from 0 to 100".to_owned();
            within(name, value, (0.0..=100.0).contains(&value), limit)?;
        }
        Ok(Self { of: [neither, 100.0, 0.0, both] })
    }

    /// The utilities of the patients of a dose added up, in patients of utility 100.
    fn events(&self, at: DoseCounts) -> f64 {
        let outcomes = at.outcomes().into_iter().zip(self.of);
        outcomes.map(|(count, utility)| f64::from(count) * utility).sum::<f64>() / 100.0
    }

    /// The posterior mean utility of a dose, 0 to 1, under a uniform prior.
    pub(crate) fn mean(&self, at: DoseCounts) -> f64 {
        (1.0 + self.events(at)) / (2.0 + f64::from(at.evaluable))
    }

    /// The posterior probability that the mean utility of a dose exceeds a benchmark.
    pub(crate) fn exceeds(&self, at: DoseCounts, benchmark: f64) -> f64 {
        let events = self.events(at);
        let rest = f64::from(at.evaluable) - events;
        beta_cdf(1.0 - benchmark / 100.0, 1.0 + rest, 1.0 + events)
    }

    /// Halfway between the utility at both limits, outcomes independent, and the best.
    pub(crate) fn benchmark(&self, toxicity: f64, response: f64) -> f64 {
        let [neither, best, _, both] = self.of;
        let low = best * response * (1.0 - toxicity)
            + neither * (1.0 - toxicity) * (1.0 - response)
            + both * toxicity * response;
        low + 0.5 * (100.0 - low)
    }
}

/// When a dose may be given.
#[derive(Clone, PartialEq)]
pub(crate) struct Admission {
    toxicity: f64,
    toxicity_cutoff: f64,
    response: f64,
    futility_cutoff: f64,
    /// By the number of patients: too toxic from so many DLTs on, futile up to so many responses.
    limits: Vec<OnceLock<(u32, Option<u32>)>>,
}

impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { toxicity, toxicity_cutoff, response, futility_cutoff, .. } = self;
        write!(f, "Admission({toxicity}, {toxicity_cutoff}, {response}, {futility_cutoff})")
    }
}

impl Admission {
    /// Limits of both rates, each with the posterior probability of missing it that closes a dose.
    pub(crate) fn new(
        (toxicity, toxicity_cutoff): (f64, f64),
        (response, futility_cutoff): (f64, f64),
    ) -> Result<Self, DesignError> {
        is_rate("toxicity-limit", toxicity)?;
        is_rate("response-limit", response)?;
        is_rate("toxicity-cutoff", toxicity_cutoff)?;
        is_rate("futility-cutoff", futility_cutoff)?;
        let limits = vec![OnceLock::new(); 128];
        Ok(Self { toxicity, toxicity_cutoff, response, futility_cutoff, limits })
    }

    /// The least DLTs that are too many and the most responses that are too few; the former is
    /// above the number of patients if none are too many.
    fn limits(&self, evaluable: u32) -> (u32, Option<u32>) {
        let work = || {
            let is_toxic =
                |dlts: &u32| exceeds(*dlts, evaluable, self.toxicity) >= self.toxicity_cutoff;
            // Patients without a response, counted as events, above 1 less the limit.
            let is_futile = |responses: &u32| {
                let without = evaluable - responses;
                exceeds(without, evaluable, 1.0 - self.response) >= self.futility_cutoff
            };
            let toxic = (0..=evaluable).find(is_toxic).unwrap_or(evaluable + 1);
            (toxic, (0..=evaluable).rev().find(is_futile))
        };
        self.limits.get(evaluable as usize).map_or_else(work, |place| *place.get_or_init(work))
    }

    /// Whether the DLT rate is too high.
    pub(crate) fn is_toxic(&self, at: DoseCounts) -> bool {
        at.dlts >= self.limits(at.evaluable).0
    }

    /// Whether the response rate is too low.
    pub(crate) fn is_futile(&self, at: DoseCounts) -> bool {
        self.limits(at.evaluable).1.is_some_and(|most| at.responses <= most)
    }

    /// Which doses are admissible: a toxic dose closes all above it, a futile one only itself.
    pub(crate) fn doses(&self, doses: &[DoseCounts]) -> Vec<bool> {
        let first = doses.iter().position(|&dose| self.is_toxic(dose)).unwrap_or(doses.len());
        let levels = doses.iter().enumerate();
        levels.map(|(level, &dose)| level < first && !self.is_futile(dose)).collect()
    }
}

/// The tried dose whose isotonic DLT rate, weighed by patients, is nearest to a limit.
pub(crate) fn isotonic_mtd(doses: &[DoseCounts], limit: f64) -> Option<usize> {
    let tried: Vec<usize> = (0..doses.len()).filter(|&dose| doses[dose].evaluable > 0).collect();
    let values: Vec<(f64, f64)> = tried
        .iter()
        .map(|&dose| {
            let patients = f64::from(doses[dose].evaluable) + 0.1;
            ((f64::from(doses[dose].dlts) + 0.05) / patients, patients)
        })
        .collect();
    let rates = pooled(&values);
    let mut nearest: Option<(usize, f64)> = None;
    for (place, (&dose, rate)) in tried.iter().zip(rates).enumerate() {
        // Equal rates are told apart by a shift that grows with the dose.
        let distance = (rate + (place + 1) as f64 * 1e-10 - limit).abs();
        if nearest.is_none_or(|(_, least)| distance < least) {
            nearest = Some((dose, distance));
        }
    }
    nearest.map(|(dose, _)| dose)
}

/// The dose with the highest value among those that have one; of equal ones the lowest.
pub(crate) fn best_of(doses: &[DoseCounts], value: impl Fn(usize) -> Option<f64>) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for dose in 0..doses.len() {
        let Some(value) = value(dose) else { continue };
        if best.is_none_or(|(_, most)| value > most + 1e-12) {
            best = Some((dose, value));
        }
    }
    best.map(|(dose, _)| dose)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_benchmark_is_that_of_the_paper() {
        // 100 x 0.25 x 0.65 + 40 x 0.65 x 0.75 + 60 x 0.35 x 0.25 = 41; halfway to 100: 70.5.
        let utilities = Utilities::new(40.0, 60.0).unwrap();
        assert!((utilities.benchmark(0.35, 0.25) - 70.5).abs() < 1e-12);
        let at = DoseCounts::of_outcomes([1, 1, 1, 1]);
        // (40 + 100 + 0 + 60) / 100 = 2 of 4.
        assert!((utilities.mean(at) - 0.5).abs() < 1e-15);
    }

    #[test]
    fn a_futile_dose_closes_only_itself() {
        let admission = Admission::new((0.3, 0.95), (0.25, 0.9)).unwrap();
        let futile = DoseCounts::of(10, 0);
        let toxic = DoseCounts { responses: 3, ..DoseCounts::of(3, 3) };
        let none = DoseCounts::default();
        assert_eq!(admission.doses(&[futile, none, toxic, none]), [false, true, false, false]);
    }
}
