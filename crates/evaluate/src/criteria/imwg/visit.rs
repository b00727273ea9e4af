//! Values of one subject gathered into assessments.

use super::{ImwgOptions, MarrowSample};
use crate::index::{Point, SubjectRecords};
use crate::outcome::Measurable;
use records::{Analyte, LightChain};

/// Values of one assessment; `None` is not done.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Visit {
    /// Day of the first value.
    pub day: f64,
    /// Serum M-protein, g/L.
    pub serum: Option<f64>,
    /// Urine M-protein, mg/24 h.
    pub urine: Option<f64>,
    /// Serum immunofixation is positive.
    pub serum_band: Option<bool>,
    /// Urine immunofixation is positive.
    pub urine_band: Option<bool>,
    /// Kappa free light chain, mg/L.
    pub kappa: Option<f64>,
    /// Lambda free light chain, mg/L.
    pub lambda: Option<f64>,
    /// Marrow plasma cells, %; the higher of aspirate and biopsy.
    pub marrow: Option<f64>,
    /// Marrow plasma cells are clonal.
    pub clonal: Option<bool>,
    /// Plasmacytomas, sum of products of diameters, mm2.
    pub plasmacytoma: Option<f64>,
    /// Longest diameter of the largest lesion, mm.
    pub diameter: Option<f64>,
    /// A new bone lesion or plasmacytoma was found.
    pub new_lesion: bool,
    /// Circulating plasma cells, per uL.
    pub circulating: Option<f64>,
    /// Which values the investigator judges spurious.
    pub spurious: SpuriousMarkers,
}

/// Markers whose value the investigator judges spurious: it lowers no nadir.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpuriousMarkers(u16);

impl SpuriousMarkers {
    fn note(&mut self, analyte: Analyte) {
        let at = MARKERS.iter().position(|&marker| marker == analyte);
        self.0 |= at.map_or(0, |at| 1 << at);
    }

    /// Whether the marker's value is among them.
    pub fn has(self, analyte: Analyte) -> bool {
        let place = || MARKERS.iter().position(|&marker| marker == analyte);
        self.0 != 0 && place().is_some_and(|at| self.0 >> at & 1 == 1)
    }
}

/// Values before treatment and what follows from them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Baseline {
    /// The values.
    pub values: Visit,
    /// The involved light chain.
    pub involved: Involved,
    /// The marker that is followed.
    pub measurable: Measurable,
}

impl Baseline {
    /// Whether a plasmacytoma was there before treatment.
    pub(super) fn has_plasmacytoma(&self) -> bool {
        self.values.plasmacytoma.is_some_and(|size| size > 0.0)
    }
}

/// The involved light chain, fixed at baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Involved {
    /// Kappa.
    #[default]
    Kappa,
    /// Lambda.
    Lambda,
}

/// Free light chain ratios from 0.26 to 1.65 are normal.
const NORMAL_RATIO: (f64, f64) = (0.26, 1.65);

impl Visit {
    /// The involved minus the uninvolved free light chain, mg/L.
    pub fn light_chain_difference(&self, involved: Involved) -> Option<f64> {
        let (kappa, lambda) = (self.kappa?, self.lambda?);
        Some(match involved {
            Involved::Kappa => kappa - lambda,
            Involved::Lambda => lambda - kappa,
        })
    }

    /// Whether the ratio of kappa to lambda is normal.
    pub fn ratio_is_normal(&self) -> Option<bool> {
        let (kappa, lambda) = (self.kappa?, self.lambda?);
        // compared without dividing: lambda may be 0
        Some(
            kappa >= NORMAL_RATIO.0 * lambda - 1e-9
                && kappa <= NORMAL_RATIO.1 * lambda + 1e-9
                && kappa + lambda > 0.0,
        )
    }

    /// The value from which growth may be measured: that of a marker, unless it is spurious.
    pub fn nadir_value(&self, analyte: Analyte, involved: Involved) -> Option<f64> {
        let value = match analyte {
            Analyte::SerumMProtein => self.serum,
            Analyte::UrineMProtein => self.urine,
            Analyte::KappaFreeLightChain | Analyte::LambdaFreeLightChain => {
                let chains = [Analyte::KappaFreeLightChain, Analyte::LambdaFreeLightChain];
                let spurious = chains.into_iter().any(|chain| self.spurious.has(chain));
                return self.light_chain_difference(involved).filter(|_| !spurious);
            }
            Analyte::MarrowPlasmaCells => self.marrow,
            Analyte::PlasmacytomaSize => self.plasmacytoma,
            Analyte::LesionDiameter => self.diameter,
            Analyte::CirculatingPlasmaCells => self.circulating,
            _ => None,
        };
        value.filter(|_| !self.spurious.has(analyte))
    }

    fn take(&mut self, analyte: Analyte, point: &Point, samples: MarrowSample) {
        let present = point.value >= 0.5;
        // an M-protein or plasma cells below the limit are none; a light chain counts as the limit
        let amount = if point.below_limit { 0.0 } else { point.value };
        match analyte {
            Analyte::SerumMProtein => self.serum = Some(amount),
            Analyte::UrineMProtein => self.urine = Some(amount),
            Analyte::SerumImmunofixation => self.serum_band = Some(present),
            Analyte::UrineImmunofixation => self.urine_band = Some(present),
            Analyte::KappaFreeLightChain => self.kappa = Some(point.value),
            Analyte::LambdaFreeLightChain => self.lambda = Some(point.value),
            Analyte::MarrowPlasmaCells => {
                let earlier = self.marrow.filter(|_| samples == MarrowSample::Highest);
                self.marrow = Some(earlier.map_or(amount, |known| known.max(amount)));
            }
            Analyte::MarrowClonality => {
                self.clonal = Some(self.clonal.unwrap_or(false) || present);
            }
            Analyte::PlasmacytomaSize => self.plasmacytoma = Some(amount),
            Analyte::LesionDiameter => self.diameter = Some(amount),
            Analyte::CirculatingPlasmaCells => self.circulating = Some(amount),
            Analyte::NewLesion => self.new_lesion |= present,
            _ => {}
        }
    }
}

/// The analytes an assessment is made of.
pub const MARKERS: [Analyte; 12] = [
    Analyte::SerumMProtein,
    Analyte::UrineMProtein,
    Analyte::SerumImmunofixation,
    Analyte::UrineImmunofixation,
    Analyte::KappaFreeLightChain,
    Analyte::LambdaFreeLightChain,
    Analyte::MarrowPlasmaCells,
    Analyte::MarrowClonality,
    Analyte::PlasmacytomaSize,
    Analyte::NewLesion,
    Analyte::LesionDiameter,
    Analyte::CirculatingPlasmaCells,
];

/// The last values on or before the first study treatment.
pub fn baseline(subject: &SubjectRecords<'_>, options: &ImwgOptions) -> Baseline {
    let mut values = Visit { day: subject.baseline_day(), ..Visit::default() };
    for analyte in MARKERS {
        if let Some(point) = subject.baseline(analyte) {
            values.take(analyte, &point, options.marrow);
            if subject.is_spurious(analyte, point.day) {
                values.spurious.note(analyte);
            }
        }
    }
    let involved = match subject.light_chain {
        LightChain::Kappa => Involved::Kappa,
        LightChain::Lambda => Involved::Lambda,
    };
    let measurable = measurable(&values, involved, options);
    Baseline { values, involved, measurable }
}

/// The marker that is followed, by the values at baseline.
pub fn measurable(values: &Visit, involved: Involved, options: &ImwgOptions) -> Measurable {
    let reaches = |value: Option<f64>, limit: f64| value.is_some_and(|value| value >= limit - 1e-9);
    let serum = reaches(values.serum, options.serum_measurable);
    let urine = reaches(values.urine, options.urine_measurable);
    let chain = match involved {
        Involved::Kappa => values.kappa,
        Involved::Lambda => values.lambda,
    };
    let light_chain = reaches(chain, options.light_chain_measurable)
        && values.ratio_is_normal() == Some(false);
    match (serum, urine) {
        (true, true) => Measurable::SerumAndUrine,
        (true, false) => Measurable::Serum,
        (false, true) => Measurable::Urine,
        _ if light_chain => Measurable::FreeLightChain,
        _ if reaches(values.marrow, options.marrow_measurable) => Measurable::Marrow,
        _ => Measurable::Nothing,
    }
}

/// The assessments after day 0, in order: values within the span of the options from the first
/// belong to one, but a marker that is measured again on a later day begins the next.
pub fn after_baseline(subject: &SubjectRecords<'_>, options: &ImwgOptions) -> Vec<Visit> {
    let series = MARKERS.map(|analyte| subject.after_baseline(analyte));
    let mut next = [0_usize; MARKERS.len()];
    let mut visits = Vec::new();
    let first_left = |next: &[usize; MARKERS.len()]| {
        series
            .iter()
            .zip(next)
            .filter_map(|(points, &at)| points.get(at).map(|point| point.day))
            .filter(|day| day.is_finite())
            .reduce(f64::min)
    };
    while let Some(day) = first_left(&next) {
        let mut end = day + options.visit_span_days.max(1e-9);
        for ((analyte, points), &at) in MARKERS.into_iter().zip(&series).zip(&next) {
            if !may_be_repeated(analyte) {
                end = end.min(measured_again(&points[at..], end));
            }
            let told = points[at..]
                .iter()
                .take_while(|point| point.day < end)
                .find(|point| point.day > day && subject.begins_assessment(analyte, point.day));
            end = told.map_or(end, |point| point.day);
        }
        let mut visit = Visit { day, ..Visit::default() };
        for ((analyte, points), at) in MARKERS.into_iter().zip(&series).zip(&mut next) {
            while let Some(point) =
                points.get(*at).filter(|point| point.day < end || point.day <= day)
            {
                visit.take(analyte, point, options.marrow);
                if subject.is_spurious(analyte, point.day) {
                    visit.spurious.note(analyte);
                }
                *at += 1;
            }
        }
        visits.push(visit);
    }
    visits
}

/// Values so far apart, days, are of different days.
const ANOTHER_DAY: f64 = 0.5;

/// Several samples or images of these belong to one assessment.
fn may_be_repeated(analyte: Analyte) -> bool {
    matches!(
        analyte,
        Analyte::MarrowPlasmaCells | Analyte::MarrowClonality | Analyte::NewLesion
    )
}

/// The end of an assessment whose values begin with these, by the first that was measured again on
/// a later day before `end`; what else was measured on that day belongs to the next.
fn measured_again(points: &[Point], end: f64) -> f64 {
    let Some(first) = points.first() else { return end };
    points[1..]
        .iter()
        .take_while(|point| point.day < end)
        .find(|point| point.day - first.day >= ANOTHER_DAY)
        .map_or(end, |again| again.day - ANOTHER_DAY + 1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::Index;
    use records::Study;

    fn days(findings: &[(Analyte, f64)]) -> Vec<f64> {
        let mut study = Study::default();
        study.push_subject("S-1", "A");
        for &(analyte, day) in findings {
            study.findings.push(0, analyte, day, 1.0, false);
        }
        let index = Index::new(&study);
        let visits = after_baseline(&index.subject(&study, 0), &ImwgOptions::default());
        visits.iter().map(|visit| visit.day).collect()
    }

    #[test]
    fn a_marker_measured_again_begins_the_next_assessment() {
        use Analyte::{MarrowPlasmaCells as Marrow, SerumMProtein as Serum, UrineMProtein as Urine};
        assert_eq!(days(&[(Serum, 28.0), (Urine, 29.0), (Marrow, 30.0)]), [28.0]);
        assert_eq!(days(&[(Serum, 28.0), (Serum, 29.0)]), [28.0, 29.0]);
        assert_eq!(days(&[(Serum, 28.0), (Urine, 30.0), (Serum, 30.0)]), [28.0, 30.0]);
        assert_eq!(days(&[(Serum, 28.0), (Urine, 29.0), (Serum, 30.0), (Urine, 31.0)]), [28.0, 30.0]);
        // the same day, at another hour; two samples of one marrow
        assert_eq!(days(&[(Serum, 28.2), (Serum, 28.4)]), [28.2]);
        assert_eq!(days(&[(Marrow, 28.0), (Marrow, 29.0), (Serum, 28.0)]), [28.0]);
    }
}
