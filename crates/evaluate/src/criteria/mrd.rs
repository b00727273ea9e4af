//! Minimal residual disease in the marrow by the IMWG consensus of 2016.
//!
//! Kumar et al., Lancet Oncol 2016;17:e328-46. A sample tells something at a level only if the
//! assay reached that sensitivity. Imaging plus MRD is negative where a PET near the sample shows no
//! lesion that takes up tracer.

use super::Criterion;
use crate::index::{Point, SubjectRecords};
use crate::outcome::{MrdOutcome, Response, SubjectOutcome};
use crate::rules::Rules;
use records::Analyte;
use serde::{Deserialize, Serialize};

/// The criterion.
pub const CRITERION: ResidualDisease = ResidualDisease;

/// Minimal residual disease, IMWG 2016.
#[derive(Debug, Clone, Copy)]
pub struct ResidualDisease;

/// What the consensus leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct MrdOptions {
    /// Sustained: negative samples at least so many days apart.
    pub sustained_days: f64,
    /// A PET tells for a marrow sample so many days before or after it (assumed: 60).
    pub pet_within_days: f64,
    /// Clonal cells that an assay must find to see them at all: its sensitivity is never better than
    /// this over the nucleated cells analysed (assumed: 1, which no assay can go below).
    pub least_clonal_cells: f64,
}

impl Default for MrdOptions {
    fn default() -> Self {
        Self { sustained_days: 365.0, pet_within_days: 60.0, least_clonal_cells: 1.0 }
    }
}

/// The levels that are reported.
pub const LEVELS: [f64; 3] = [1e-4, 1e-5, 1e-6];

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

/// A run of negative samples without a positive one between.
#[derive(Default)]
struct Run {
    start: Option<f64>,
    is_long: bool,
}

impl Run {
    fn note(&mut self, day: f64, negative: Option<bool>, days: f64) {
        match negative {
            Some(true) => {
                let start = *self.start.get_or_insert(day);
                self.is_long |= day - start >= days - 1e-9;
            }
            Some(false) => self.start = None,
            None => {}
        }
    }
}

/// What the samples after baseline and before progression tell.
pub fn outcome(
    subject: &SubjectRecords<'_>,
    best: Response,
    until: f64,
    options: &MrdOptions,
) -> MrdOutcome {
    let samples = subject.after_baseline(Analyte::MinimalResidualDisease);
    let samples = &samples[..samples.partition_point(|sample| sample.day < until)];
    let is_complete = best >= Response::Complete;
    let mut found = MrdOutcome::default();
    let mut first_negative: Option<f64> = None;
    let (mut marrow, mut both) = (Run::default(), Run::default());
    let mut lowest: Option<Point> = None;
    for &sample in samples {
        let sensitivity = sensitivity(subject, sample, options);
        let [at_1e4, at_1e5, at_1e6] = LEVELS.map(|level| negative_at(level, sample, sensitivity));
        found.negative_1e5 = found.negative_1e5.max(at_1e5);
        found.negative_1e6 = found.negative_1e6.max(at_1e6);
        for (level, negative) in LEVELS.into_iter().zip([at_1e4, at_1e5, at_1e6]) {
            if negative == Some(true) {
                found.depth = Some(found.depth.map_or(level, |known| known.min(level)));
            }
        }
        if at_1e5 == Some(true) {
            first_negative = first_negative.or(Some(sample.day));
        } else if at_1e5 == Some(false) && first_negative.is_some() {
            found.lost_day = found.lost_day.or(Some(sample.day));
        }
        marrow.note(sample.day, at_1e5, options.sustained_days);
        let clear = imaging_is_clear(subject, sample.day, options.pet_within_days);
        let plus = match (at_1e5, clear) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        };
        found.imaging_plus = found.imaging_plus.max(plus.map(|plus| plus && is_complete));
        both.note(sample.day, plus, options.sustained_days);
        if lowest.is_none_or(|least| sample.value < least.value) {
            lowest = Some(sample);
        }
    }
    found.best_level = lowest.map(|sample| sample.value);
    found.day = first_negative.or(lowest.map(|sample| sample.day));
    if let Some(day) = found.day {
        let at = samples.iter().find(|sample| (sample.day - day).abs() < 1e-9);
        found.sensitivity = at.and_then(|&sample| sensitivity(subject, sample, options));
        found.cells = on_day(subject, Analyte::MrdCells, day);
        found.method = on_day(subject, Analyte::MrdMethod, day).map(|code| code as u8);
    }
    found.sustained = found.negative_1e5.map(|_| marrow.is_long);
    found.sustained_with_imaging = found.imaging_plus.map(|_| both.is_long && is_complete);
    found.negative_in_complete_response =
        found.negative_1e5.map(|negative| negative && is_complete);
    found
}

/// The value of an analyte on the day of a sample.
fn on_day(subject: &SubjectRecords<'_>, analyte: Analyte, day: f64) -> Option<f64> {
    let same_day = |point: &&Point| (point.day - day).abs() < 0.5;
    subject.series(analyte).iter().rfind(same_day).map(|point| point.value)
}

/// The sensitivity that the assay of a sample reached: what is reported, else the limit of a value
/// below it, but never better than the cells analysed allow. `None` when nothing says.
fn sensitivity(
    subject: &SubjectRecords<'_>,
    sample: Point,
    options: &MrdOptions,
) -> Option<f64> {
    let told = on_day(subject, Analyte::MrdSensitivity, sample.day);
    let least = on_day(subject, Analyte::MrdCells, sample.day)
        .filter(|&cells| cells > 0.0)
        .map(|cells| options.least_clonal_cells / cells);
    match (told.or(sample.below_limit.then_some(sample.value)), least) {
        (Some(told), Some(least)) => Some(told.max(least)),
        (told, least) => told.or(least),
    }
}

/// Whether the PET nearest to a day shows no lesion that takes up tracer; `None` without one near.
fn imaging_is_clear(subject: &SubjectRecords<'_>, day: f64, within: f64) -> Option<bool> {
    let distance = |point: &Point| (point.day - day).abs();
    subject
        .after_baseline(Analyte::PetAvidLesions)
        .iter()
        .filter(|point| distance(point) <= within + 1e-9)
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
        .map(|point| point.value < 0.5)
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

    fn assess(&self, subject: &SubjectRecords<'_>, rules: &Rules, outcome: &mut SubjectOutcome) {
        let until = outcome
            .progression_day
            .unwrap_or(f64::INFINITY)
            .min(subject.new_therapy_day.map_or(f64::INFINITY, |day| day + 1e-9));
        outcome.mrd = self::outcome(subject, outcome.best_response, until, &rules.mrd);
        if outcome.mrd.negative_1e5 == Some(true) {
            let negative = outcome.mrd.day.unwrap_or(f64::INFINITY);
            let signs = [outcome.relapse_from_complete, outcome.progression_day];
            let later = signs.into_iter().flatten().filter(|&day| day > negative);
            outcome.mrd.lost_day = outcome.mrd.lost_day.into_iter().chain(later).reduce(f64::min);
        }
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

    #[test]
    fn the_cells_analysed_bound_the_sensitivity() {
        let mut study = records::Study::default();
        study.push_subject("S-1", "A");
        let mut add = |analyte, value, below| study.findings.push(0, analyte, 84.0, value, below);
        add(Analyte::MinimalResidualDisease, 1e-6, true);
        add(Analyte::MrdSensitivity, 1e-6, false);
        add(Analyte::MrdCells, 5e5, false);
        add(Analyte::MrdMethod, 1.0, false);
        let index = crate::index::Index::new(&study);
        let of = |options: &MrdOptions| {
            outcome(&index.subject(&study, 0), Response::Complete, f64::INFINITY, options)
        };
        let found = of(&MrdOptions::default());
        assert_eq!((found.negative_1e5, found.negative_1e6), (Some(true), None));
        assert_eq!((found.sensitivity, found.cells, found.method), (Some(2e-6), Some(5e5), Some(1)));
        let strict = MrdOptions { least_clonal_cells: 20.0, ..MrdOptions::default() };
        assert_eq!(of(&strict).negative_1e5, None);
    }
}
