//! Relapses that are not progression: clinical, from complete response. For disease-free survival
//! and for reporting, never for progression-free survival.
//!
//! Kumar et al., Lancet Oncol 2016;17:e328-46; Durie et al., Leukemia 2006;20:1467-1473 for the
//! signs of clinical relapse.

use super::options::{ImwgOptions, RelapseHaemoglobin};
use super::visit::Visit;
use crate::index::{Point, SubjectRecords};
use crate::outcome::{ClinicalRelapse, RelapseSign};
use records::Analyte;

/// Calcium above this, mmol/L: 11 mg/dL.
const CALCIUM: f64 = 11.0 * 0.2495;
/// A fall of haemoglobin, g/L: 2 g/dL.
const HAEMOGLOBIN_FALL: f64 = 20.0;
/// A rise of creatinine, umol/L: 2 mg/dL.
const CREATININE_RISE: f64 = 2.0 * 88.4;
/// A lesion has grown by this, mm: 1 cm.
const GROWTH: f64 = 10.0;
const TOLERANCE: f64 = 1e-9;

/// The first day on which a complete response was lost: M-protein back at two consecutive
/// assessments, or marrow or imaging that shows it by itself. `from` is the first day of the
/// complete response, `progression` the day of progression by any marker.
pub fn from_complete(visits: &[Visit], from: f64, progression: Option<f64>) -> Option<f64> {
    let later: Vec<&Visit> = visits.iter().filter(|visit| visit.day > from).collect();
    let at_once = later
        .iter()
        .find(|visit| {
            visit.marrow.is_some_and(|share| share >= 5.0 - TOLERANCE)
                || visit.plasmacytoma.is_some_and(|size| size > TOLERANCE)
                || visit.new_lesion
        })
        .map(|visit| visit.day);
    let told: Vec<(f64, bool)> =
        later.iter().filter_map(|visit| Some((visit.day, has_protein(visit)?))).collect();
    let twice =
        told.windows(2).find(|pair| pair[0].1 && pair[1].1).map(|pair| pair[0].0);
    [at_once, twice, progression.filter(|&day| day > from)].into_iter().flatten().reduce(f64::min)
}

/// Whether an assessment shows M-protein by electrophoresis or immunofixation; `None` when it
/// cannot tell.
fn has_protein(visit: &Visit) -> Option<bool> {
    let seen = visit.serum.is_some_and(|value| value > TOLERANCE)
        || visit.urine.is_some_and(|value| value > TOLERANCE)
        || visit.serum_band == Some(true)
        || visit.urine_band == Some(true);
    let looked = visit.serum.is_some() || visit.serum_band.is_some();
    (seen || looked).then_some(seen)
}

/// The first sign of clinical relapse after the first infusion.
pub fn clinical(
    subject: &SubjectRecords<'_>,
    options: &ImwgOptions,
    progression: Option<f64>,
) -> Option<ClinicalRelapse> {
    let first = |day: Option<f64>, sign: RelapseSign| day.map(|day| ClinicalRelapse { day, sign });
    let above = |analyte: Analyte, reached: &dyn Fn(f64, f64) -> bool| {
        let baseline = subject.baseline(analyte)?.value;
        let found = subject.after_baseline(analyte).iter();
        found.into_iter().find(|point| reached(point.value, baseline)).map(|point| point.day)
    };
    let calcium = subject
        .after_baseline(Analyte::Calcium)
        .iter()
        .find(|point| point.value > CALCIUM + TOLERANCE)
        .map(|point| point.day);
    let creatinine = above(Analyte::Creatinine, &|value, before| {
        value - before >= CREATININE_RISE - TOLERANCE
    });
    let from = match options.relapse_haemoglobin {
        RelapseHaemoglobin::Always => Some(f64::NEG_INFINITY),
        RelapseHaemoglobin::Never => None,
        RelapseHaemoglobin::WithProgression => progression,
    };
    let haemoglobin = from.and_then(|from| {
        let before = subject.baseline(Analyte::Haemoglobin)?.value;
        let after = subject.after_baseline(Analyte::Haemoglobin).iter();
        after
            .filter(|point| point.day >= from)
            .find(|point| before - point.value >= HAEMOGLOBIN_FALL - TOLERANCE)
            .map(|point| point.day)
    });
    let present = |analyte: Analyte| {
        let found = subject.after_baseline(analyte).iter().find(|point| point.value >= 0.5);
        found.map(|point| point.day)
    };
    [
        first(present(Analyte::NewLesion), RelapseSign::NewLesion),
        first(grown(subject), RelapseSign::GrownLesion),
        first(calcium, RelapseSign::Calcium),
        first(haemoglobin, RelapseSign::Haemoglobin),
        first(creatinine, RelapseSign::Creatinine),
        first(present(Analyte::Hyperviscosity), RelapseSign::Hyperviscosity),
    ]
    .into_iter()
    .flatten()
    .reduce(|first, other| if other.day < first.day { other } else { first })
}

/// The first day on which lesions had grown by half from their smallest, and by 1 cm where
/// diameters were measured.
fn grown(subject: &SubjectRecords<'_>) -> Option<f64> {
    let sizes = growth(subject, Analyte::PlasmacytomaSize, &|value, lowest| {
        value >= 1.5 * lowest - TOLERANCE && value > TOLERANCE
    });
    let diameters = growth(subject, Analyte::LesionDiameter, &|value, lowest| {
        value >= 1.5 * lowest - TOLERANCE && value - lowest >= GROWTH - TOLERANCE
    });
    let has_diameters = !subject.series(Analyte::LesionDiameter).is_empty();
    if has_diameters { diameters } else { sizes }
}

fn growth(
    subject: &SubjectRecords<'_>,
    analyte: Analyte,
    reached: &dyn Fn(f64, f64) -> bool,
) -> Option<f64> {
    let mut lowest = subject.baseline(analyte).map(|point| point.value);
    for &Point { day, value, .. } in subject.after_baseline(analyte) {
        if lowest.is_some_and(|lowest| reached(value, lowest)) {
            return Some(day);
        }
        if subject.is_spurious(analyte, day) {
            continue;
        }
        lowest = Some(lowest.map_or(value, |known| known.min(value)));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(day: f64, band: Option<bool>) -> Visit {
        Visit { day, serum: band.map(|_| 0.0), serum_band: band, ..Visit::default() }
    }

    #[test]
    fn a_band_must_come_back_twice() {
        let once = [visit(56.0, Some(false)), visit(84.0, Some(true)), visit(112.0, Some(false))];
        assert_eq!(from_complete(&once, 28.0, None), None);
        let twice = [visit(84.0, Some(true)), visit(112.0, None), visit(140.0, Some(true))];
        assert_eq!(from_complete(&twice, 28.0, None), Some(84.0));
    }

    #[test]
    fn marrow_and_progression_need_no_second_look() {
        let marrow = Visit { day: 90.0, marrow: Some(5.0), ..Visit::default() };
        assert_eq!(from_complete(&[marrow], 28.0, None), Some(90.0));
        assert_eq!(from_complete(&[], 28.0, Some(200.0)), Some(200.0));
    }
}
