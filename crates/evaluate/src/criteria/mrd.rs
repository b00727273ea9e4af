//! Minimal residual disease in the marrow by the IMWG consensus of 2016.
//!
//! Kumar et al., Lancet Oncol 2016;17:e328-46. A sample tells something at a level only if the
//! assay reached that sensitivity. Imaging plus MRD needs PET and is not derived here.

use super::Criterion;
use crate::index::{Point, SubjectRecords};
use crate::outcome::{MrdOutcome, Response, SubjectOutcome};
use crate::rules::Rules;
use records::Analyte;

/// The criterion.
pub const CRITERION: ResidualDisease = ResidualDisease;

/// Minimal residual disease, IMWG 2016.
#[derive(Debug, Clone, Copy)]
pub struct ResidualDisease;

const YEAR_DAYS: f64 = 365.0;

/// Whether a sample is negative at a level: `Some(false)` when clonal cells reach it, `None` when
/// the assay was not sensitive enough to say.
pub fn negative_at(level: f64, sample: Point, sensitivity: Option<f64>) -> Option<bool> {
    if !sample.below_limit && sample.value >= level * (1.0 - 1e-9) {
        return Some(false);
    }
    // the limit of the assay, or a value that shows how far it sees
    let reached = sensitivity.unwrap_or(sample.value);
    (reached <= level * (1.0 + 1e-9)).then_some(true)
}

/// What the samples after baseline and before progression tell.
pub fn outcome(subject: &SubjectRecords<'_>, best: Response, until: f64) -> MrdOutcome {
    let samples = subject.after_baseline(Analyte::MinimalResidualDisease);
    let samples = &samples[..samples.partition_point(|sample| sample.day < until)];
    let mut found = MrdOutcome::default();
    let mut first_negative: Option<f64> = None;
    let mut run_start: Option<f64> = None;
    let mut sustained = false;
    let mut lowest: Option<Point> = None;
    for &sample in samples {
        let sensitivity = subject
            .series(Analyte::MrdSensitivity)
            .iter()
            .rfind(|point| (point.day - sample.day).abs() < 0.5)
            .map(|point| point.value);
        let at_1e5 = negative_at(1e-5, sample, sensitivity);
        found.negative_1e5 = found.negative_1e5.max(at_1e5);
        found.negative_1e6 = found.negative_1e6.max(negative_at(1e-6, sample, sensitivity));
        match at_1e5 {
            Some(true) => {
                first_negative = first_negative.or(Some(sample.day));
                let start = *run_start.get_or_insert(sample.day);
                sustained |= sample.day - start >= YEAR_DAYS - 1e-9;
            }
            Some(false) => run_start = None,
            None => {}
        }
        if lowest.is_none_or(|least| sample.value < least.value) {
            lowest = Some(sample);
        }
    }
    found.best_level = lowest.map(|sample| sample.value);
    found.day = first_negative.or(lowest.map(|sample| sample.day));
    found.sustained = found.negative_1e5.map(|_| sustained);
    found.negative_in_complete_response =
        found.negative_1e5.map(|negative| negative && best >= Response::Complete);
    found
}

impl Criterion for ResidualDisease {
    fn name(&self) -> &'static str {
        "mrd"
    }

    fn title(&self) -> &'static str {
        "Minimal residual disease, IMWG 2016"
    }

    fn source(&self) -> &'static str {
        "Kumar et al., Lancet Oncol 2016;17:e328-46"
    }

    fn assess(&self, subject: &SubjectRecords<'_>, _: &Rules, outcome: &mut SubjectOutcome) {
        let until = outcome
            .progression_day
            .unwrap_or(f64::INFINITY)
            .min(subject.new_therapy_day.map_or(f64::INFINITY, |day| day + 1e-9));
        outcome.mrd = self::outcome(subject, outcome.best_response, until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(value: f64, below_limit: bool) -> Point {
        Point { day: 28.0, value, below_limit }
    }

    #[test]
    fn an_assay_that_does_not_reach_the_level_cannot_tell() {
        assert_eq!(negative_at(1e-5, sample(1e-4, true), None), None);
        assert_eq!(negative_at(1e-5, sample(1e-5, true), None), Some(true));
        assert_eq!(negative_at(1e-5, sample(1e-5, true), Some(3e-5)), None);
        assert_eq!(negative_at(1e-6, sample(1e-5, true), None), None);
    }

    #[test]
    fn clonal_cells_at_the_level_are_positive() {
        assert_eq!(negative_at(1e-5, sample(1e-5, false), Some(1e-6)), Some(false));
        assert_eq!(negative_at(1e-5, sample(4e-6, false), Some(1e-6)), Some(true));
        assert_eq!(negative_at(1e-6, sample(4e-6, false), Some(1e-6)), Some(false));
    }
}
