//! What an arm predicts for a published trial, at that trial's own number of patients.

use super::rate::Rate;
use super::split::{Split, Subject};
use crate::conduct::result::PatientResult;
use crate::summary::measure::Measure;
use crate::targets::Target;

/// What a predicted range is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// A trial with so many patients.
    Patients(u64),
    /// The rate itself, where the published result gives no number of patients.
    Rate,
    /// A trial of the simulated size: a median that some trials do not reach cannot be carried to
    /// another size.
    Planned,
}

/// A predicted 90 % range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// 5 % and 95 %.
    pub range: (f64, f64),
    /// Of what.
    pub basis: Basis,
}

/// The prediction of an arm for a result; `None` where the simulation cannot say.
///
/// Shares: the beta law of the rate, net of luck, makes a beta-binomial law of the count. Other
/// results: every replicate's distance from their mean, its luck scaled to the published size.
pub fn predict(
    measure: &Measure,
    replicates: &[&[PatientResult]],
    splits: &[Split],
    arm: &str,
    target: &Target,
) -> Option<Prediction> {
    let patients = target.patients.filter(|patients| *patients > 0);
    if let Some(rate) = Rate::of_replicates(measure, replicates) {
        return Some(match patients {
            Some(patients) => {
                Prediction { range: rate.range(patients), basis: Basis::Patients(patients) }
            }
            None => {
                Prediction { range: (rate.quantile(0.05), rate.quantile(0.95)), basis: Basis::Rate }
            }
        });
    }
    let values: Vec<f64> =
        replicates.iter().filter_map(|patients| measure.value(patients)).collect();
    let range = |values: &[f64]| {
        let at = |p| stats::summary::quantile(values, p);
        Some((at(0.05)?, at(0.95)?))
    };
    let subject = Subject::Arm(arm.to_owned());
    let split = splits.iter().find(|split| split.subject == subject && split.code == measure.code);
    let (Some(split), Some(patients)) = (split, patients) else {
        return Some(Prediction { range: range(&values)?, basis: Basis::Planned });
    };
    let treated = replicates.iter().map(|patients| {
        patients.iter().filter(|patient| crate::summary::measure::treated(patient)).count()
    });
    let size = treated.sum::<usize>() as f64 / replicates.len().max(1) as f64;
    let (luck, ignorance) = (split.luck.value.max(0.0), split.ignorance.value.max(0.0));
    let scaled = (ignorance + luck * size / patients as f64) / (ignorance + luck);
    let factor = if scaled.is_finite() { scaled.sqrt() } else { 1.0 };
    let mean = stats::summary::mean(&values)?;
    let moved: Vec<f64> = values.iter().map(|value| mean + (value - mean) * factor).collect();
    Some(Prediction { range: range(&moved)?, basis: Basis::Patients(patients) })
}
