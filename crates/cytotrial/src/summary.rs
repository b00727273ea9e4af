//! What a simulation says: every endpoint's distribution over whole trials at the planned size.

pub mod contrast;
pub mod grades;
pub mod incidence;
pub mod measure;
pub mod survival;
pub mod weighted;

use rayon::prelude::*;
use stats::summary::{quantile_of_sorted, sorted};

use crate::conduct::result::PatientResult;
use crate::conduct::run::ReplicateResult;
use crate::protocol::{Arm, Experiment};
use measure::{MEASURES, Measure};

/// An endpoint in one arm over all replicates.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// Code of the measure.
    pub code: &'static str,
    /// Value in each replicate; `None` where a replicate cannot say, infinite for a median time
    /// that was not reached.
    pub values: Vec<Option<f64>>,
    /// Successes and patients over all replicates, for shares.
    pub pooled: Option<(u64, u64)>,
    /// 5 %, 25 %, 50 %, 75 %, 95 % over the replicates that can say.
    pub quantiles: Option<[f64; 5]>,
    /// Mean over the replicates that can say.
    pub mean: Option<f64>,
    /// Replicates that can say.
    pub estimable: usize,
}

impl Estimate {
    /// Median and 90 % interval over replicates.
    pub fn range(&self) -> Option<(f64, f64, f64)> {
        self.quantiles.map(|[low, _, median, _, high]| (median, low, high))
    }

    /// The pooled share, or the mean where there is none.
    pub fn centre(&self) -> Option<f64> {
        match self.pooled {
            Some((_, 0)) => None,
            Some((events, patients)) => Some(events as f64 / patients as f64),
            None => self.mean,
        }
    }
}

/// Where patients were lost, means per replicate.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Funnel {
    /// Screened, enrolled, infused (or observed), evaluable for response.
    pub stages: [f64; 4],
    /// Screening failures; never infused because of product, illness or death, withdrawal;
    /// simulation failures.
    pub losses: [f64; 6],
    /// Median days from enrolment to infusion.
    pub wait: Option<f64>,
    /// 5 % and 95 % over replicates of each stage.
    pub stage_ranges: [(f64, f64); 4],
    /// The same of each loss.
    pub loss_ranges: [(f64, f64); 6],
}

/// One arm over all replicates.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmSummary {
    /// Name.
    pub name: String,
    /// Published efficacy data stand behind every product of the arm.
    pub published: bool,
    /// No product at all.
    pub observed: bool,
    /// Estimates in the order of [`MEASURES`].
    pub estimates: Vec<Estimate>,
    /// Losses.
    pub funnel: Funnel,
    /// Progression-free and overall survival over all replicates.
    pub curves: [survival::Curve; 2],
    /// Progression, and death without it, once a week.
    pub progression: incidence::Incidence,
    /// Onset of cytokine release syndrome, and death before it, once a day for four weeks.
    pub crs_onset: incidence::Incidence,
    /// Share of replicates that recommended each level (none first); empty without escalation.
    pub recommended: Vec<f64>,
    /// Share of replicates that stopped early.
    pub stopped: f64,
    /// Mean patients and DLTs per level; empty without escalation.
    pub levels: Vec<[f64; 2]>,
    /// 5 % and 95 % over replicates of both.
    pub level_ranges: Vec<[(f64, f64); 2]>,
    /// Patients by worst grade of each toxicity, pooled over replicates.
    pub grades: Vec<grades::Grades>,
}

impl ArmSummary {
    /// Whether results may only be shown as a range: no published data stand behind the arm.
    pub fn is_range_only(&self) -> bool {
        !self.published
    }

    /// The estimate of that code.
    pub fn estimate(&self, code: &str) -> Option<&Estimate> {
        self.estimates.iter().find(|estimate| estimate.code == code)
    }
}

/// A simulation's results, without its patients.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Replicates.
    pub replicates: usize,
    /// Patients per replicate and arm as planned.
    pub patients: u32,
    /// One per arm.
    pub arms: Vec<ArmSummary>,
    /// One per contrast of the experiment and endpoint.
    pub contrasts: Vec<contrast::Contrast>,
    /// Patients simulated.
    pub simulated: u64,
    /// Patients the solver gave up on.
    pub failed: usize,
}

/// Summarises all replicates, which must be in order.
pub fn summarise(experiment: &Experiment, results: &[ReplicateResult]) -> Summary {
    let arms = 0..experiment.arms.len();
    let (arms, contrasts) = rayon::join(
        || arms.into_par_iter().map(|arm| arm_summary(experiment, results, arm)).collect(),
        || contrast::contrasts(experiment, results),
    );
    Summary {
        replicates: results.len(),
        patients: experiment.protocol.patients,
        arms,
        contrasts,
        simulated: results.iter().map(|result| u64::from(result.simulated)).sum(),
        failed: results.iter().map(|result| result.failed.len()).sum(),
    }
}

fn arm_summary(experiment: &Experiment, results: &[ReplicateResult], arm: usize) -> ArmSummary {
    let planned = &experiment.arms[arm];
    let patients: Vec<&[PatientResult]> =
        results.iter().map(|result| result.arms[arm].patients.as_slice()).collect();
    ArmSummary {
        name: planned.name.clone(),
        published: planned.products.iter().all(|product| product.published),
        observed: planned.products.is_empty(),
        estimates: MEASURES.iter().map(|measure| estimate(measure, &patients)).collect(),
        funnel: funnel(results, arm),
        curves: [
            survival::Curve::new(&patients, |patient| patient.progression_free),
            survival::Curve::new(&patients, |patient| patient.overall),
        ],
        progression: incidence::Incidence::new(
            &patients,
            (7.0, f64::INFINITY),
            incidence::progression_or_death,
        ),
        crs_onset: incidence::Incidence::new(&patients, (1.0, 28.0), incidence::cytokine_release),
        recommended: recommended(results, arm, planned.escalate.then_some(planned.levels.len())),
        stopped: mean(results, |result| f64::from(u8::from(result.arms[arm].stopped.is_some()))),
        levels: per_level(planned, |level, counts| mean(results, |one| counts(one, arm, level))),
        level_ranges: per_level(planned, |level, counts| {
            ends(results, |one| counts(one, arm, level))
        }),
        grades: grades::grades(&patients),
    }
}

/// The distribution of a measure over replicates.
fn estimate(measure: &'static Measure, replicates: &[&[PatientResult]]) -> Estimate {
    let values: Vec<Option<f64>> =
        replicates.iter().map(|patients| measure.value(patients)).collect();
    let pooled = measure.is_share().then(|| {
        replicates.iter().fold((0, 0), |(events, total), patients| {
            let (more_events, more) = measure.counts(patients);
            (events + more_events, total + more)
        })
    });
    let known: Vec<f64> = values.iter().flatten().copied().collect();
    let ordered = sorted(&known);
    let at = |p: f64| quantile_of_sorted(&ordered, p);
    let quantiles = (|| Some([at(0.05)?, at(0.25)?, at(0.5)?, at(0.75)?, at(0.95)?]))();
    Estimate {
        code: measure.code,
        pooled,
        quantiles,
        mean: stats::summary::mean(&known).filter(|mean| mean.is_finite()),
        estimable: known.len(),
        values,
    }
}

fn mean(results: &[ReplicateResult], of: impl Fn(&ReplicateResult) -> f64) -> f64 {
    results.iter().map(of).sum::<f64>() / results.len().max(1) as f64
}

/// 5 % and 95 % over replicates.
fn ends(results: &[ReplicateResult], of: impl Fn(&ReplicateResult) -> f64) -> (f64, f64) {
    let values = sorted(&results.iter().map(of).collect::<Vec<f64>>());
    let at = |p: f64| quantile_of_sorted(&values, p).unwrap_or_default();
    (at(0.05), at(0.95))
}

fn funnel(results: &[ReplicateResult], arm: usize) -> Funnel {
    use records::Disposition as D;
    let count = |result: &ReplicateResult, wanted: &[D]| {
        let patients = &result.arms[arm].patients;
        patients.iter().filter(|patient| wanted.contains(&patient.disposition)).count() as f64
    };
    let evaluable = |patient: &&PatientResult| {
        measure::treated(patient) && patient.response != evaluate::Response::NotEvaluable
    };
    let failures = |result: &ReplicateResult| f64::from(result.arms[arm].screen_failures);
    let enrolled = |result: &ReplicateResult| result.arms[arm].patients.len() as f64;
    let stage = |at: usize, result: &ReplicateResult| match at {
        0 => failures(result) + enrolled(result),
        1 => enrolled(result),
        2 => count(result, &[D::Infused, D::Observed]),
        _ => result.arms[arm].patients.iter().filter(evaluable).count() as f64,
    };
    let loss = |at: usize, result: &ReplicateResult| match at {
        0 => failures(result),
        1 => count(result, &[D::ProductFailure]),
        2 => count(result, &[D::ProgressedBeforeInfusion]),
        3 => count(result, &[D::DiedBeforeInfusion]),
        4 => count(result, &[D::WithdrewBeforeInfusion]),
        _ => count(result, &[D::NotEvaluable]),
    };
    let waits: Vec<f64> = results
        .iter()
        .flat_map(|result| result.arms[arm].patients.iter().filter_map(|patient| patient.waited))
        .collect();
    Funnel {
        stages: [0, 1, 2, 3].map(|at| mean(results, |result| stage(at, result))),
        losses: [0, 1, 2, 3, 4, 5].map(|at| mean(results, |result| loss(at, result))),
        wait: stats::summary::median(&waits),
        stage_ranges: [0, 1, 2, 3].map(|at| ends(results, |result| stage(at, result))),
        loss_ranges: [0, 1, 2, 3, 4, 5].map(|at| ends(results, |result| loss(at, result))),
    }
}

/// Share of replicates per recommended level, none first.
fn recommended(results: &[ReplicateResult], arm: usize, levels: Option<usize>) -> Vec<f64> {
    let Some(levels) = levels else { return Vec::new() };
    (0..=levels)
        .map(|level| {
            mean(results, |result| {
                f64::from(u8::from(result.arms[arm].recommended.unwrap_or(0) == level))
            })
        })
        .collect()
}

/// Counts something at a level of an arm in one replicate.
type AtLevel = fn(&ReplicateResult, usize, usize) -> f64;

/// Of each level what becomes of the counts of patients and of DLTs; nothing without escalation.
fn per_level<T>(arm: &Arm, of: impl Fn(usize, AtLevel) -> T) -> Vec<[T; 2]> {
    let levels = if arm.escalate { arm.levels.len() } else { 0 };
    (1..=levels).map(|level| [of(level, patients_at), of(level, dlts_at)]).collect()
}

fn at_level(
    result: &ReplicateResult,
    arm: usize,
    level: usize,
) -> impl Iterator<Item = &PatientResult> {
    let patients = result.arms[arm].patients.iter();
    patients.filter(move |patient| {
        patient.level.map(usize::from) == Some(level) && measure::treated(patient)
    })
}

fn patients_at(result: &ReplicateResult, arm: usize, level: usize) -> f64 {
    at_level(result, arm, level).count() as f64
}

fn dlts_at(result: &ReplicateResult, arm: usize, level: usize) -> f64 {
    at_level(result, arm, level).filter(|patient| patient.dlt == Some(true)).count() as f64
}
