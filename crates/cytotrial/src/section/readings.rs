//! What was measured in the first trial: one subject over time, all subjects at each planned visit.

use std::collections::BTreeMap;

use evaluate::{Measurable, SubjectOutcome};
use records::{Analyte, Disposition, LightChain, Study};
use report::figure::{CurvePoint, Line};
use stats::summary::{quantile_of_sorted, sorted};

use super::Material;

/// Values of one analyte in one subject, by day.
pub(crate) fn readings(study: &Study, subject: usize, analyte: Analyte) -> Vec<(f64, f64)> {
    let findings = &study.findings;
    let mut found: Vec<(f64, f64)> = (0..findings.len())
        .filter(|&row| {
            findings.subject[row] as usize == subject && findings.analyte[row] == analyte
        })
        .map(|row| (findings.day[row], findings.value[row]))
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found
}

/// The marker that is followed in a subject, with its values by day.
pub(crate) fn marker(
    study: &Study,
    subject: usize,
    outcome: &SubjectOutcome,
) -> Option<(&'static str, Vec<(f64, f64)>)> {
    Some(match outcome.measurable_by {
        Measurable::Serum | Measurable::SerumAndUrine => {
            ("serum M-protein", readings(study, subject, Analyte::SerumMProtein))
        }
        Measurable::Urine => ("urine M-protein", readings(study, subject, Analyte::UrineMProtein)),
        Measurable::FreeLightChain => ("light chain difference", difference(study, subject)),
        Measurable::Marrow => {
            ("marrow plasma cells", readings(study, subject, Analyte::MarrowPlasmaCells))
        }
        Measurable::Nothing => return None,
    })
}

/// Involved minus uninvolved free light chain on the days on which both were measured.
fn difference(study: &Study, subject: usize) -> Vec<(f64, f64)> {
    let kappa = readings(study, subject, Analyte::KappaFreeLightChain);
    let lambda = readings(study, subject, Analyte::LambdaFreeLightChain);
    let sign = if study.subjects.light_chain[subject] == LightChain::Kappa { 1.0 } else { -1.0 };
    kappa
        .iter()
        .filter_map(|&(day, value)| {
            let place = lambda.iter().find(|(other, _)| (other - day).abs() < 1e-9)?;
            Some((day, sign * (value - place.1)))
        })
        .collect()
}

/// Change of a marker from its last value on or before day 0, in per cent.
pub(crate) fn changes(values: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let baseline = values.iter().rev().find(|(day, _)| *day <= 0.0).map(|(_, value)| *value);
    let Some(baseline) = baseline.filter(|value| *value > 0.0) else { return Vec::new() };
    let after = values.iter().filter(|(day, _)| *day > 0.0);
    after.map(|&(day, value)| (day, 100.0 * (value - baseline) / baseline)).collect()
}

/// Whether a subject was infused, or observed in an arm without a product.
pub(crate) fn is_treated(study: &Study, subject: usize) -> bool {
    matches!(study.subjects.disposition[subject], Disposition::Infused | Disposition::Observed)
}

/// Median and range over the subjects of a study at each planned visit. Values below the limit
/// stand at the limit, as the laboratory reports them.
pub(super) fn over_time(
    material: &Material<'_>,
    study: &Study,
    analyte: Analyte,
    name: &str,
) -> Line {
    let days: Vec<f64> = material
        .simulation
        .world
        .visits
        .iter()
        .filter(|visit| visit.kinds.kinetics)
        .map(|visit| visit.day)
        .collect();
    let mut by_visit: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    let findings = &study.findings;
    for row in 0..findings.len() {
        let day = findings.day[row];
        if findings.analyte[row] != analyte
            || day < 0.0
            || !is_treated(study, findings.subject[row] as usize)
        {
            continue;
        }
        let distance = |visit: &usize| (days[*visit] - day).abs();
        let nearest = (0..days.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)));
        if let Some(visit) = nearest {
            by_visit.entry(visit).or_default().push(findings.value[row]);
        }
    }
    let points = by_visit
        .into_iter()
        .filter_map(|(visit, values)| {
            let ordered = sorted(&values);
            let median = quantile_of_sorted(&ordered, 0.5)?;
            let (low, high) = (*ordered.first()?, *ordered.last()?);
            Some(CurvePoint::with_band(days[visit], median, low, high))
        })
        .collect();
    Line { name: name.to_owned(), points }
}

/// Where a line has its largest value: the ends of the band there, and the day.
pub(super) fn peak(line: &Line) -> Option<(f64, f64, f64)> {
    let values = line.points.iter().filter_map(|point| Some((point.value?, point)));
    let (_, point) = values.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let (low, high) = point.band?;
    Some((low, high, point.at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_counts_from_the_last_value_before_the_infusion() {
        let values = [(-20.0, 10.0), (-6.0, 40.0), (28.0, 20.0), (56.0, 50.0)];
        assert_eq!(changes(&values), [(28.0, -50.0), (56.0, 25.0)]);
        assert!(changes(&values[2..]).is_empty());
        assert!(changes(&[(0.0, 0.0), (28.0, 1.0)]).is_empty());
    }

    #[test]
    fn light_chains_are_followed_by_involved_minus_uninvolved() {
        let mut study = Study::default();
        study.push_subject("S-01", "A");
        study.subjects.light_chain[0] = LightChain::Lambda;
        study.findings.push(0, Analyte::KappaFreeLightChain, 0.0, 10.0, false);
        study.findings.push(0, Analyte::LambdaFreeLightChain, 0.0, 210.0, false);
        let outcome = SubjectOutcome {
            measurable_by: Measurable::FreeLightChain,
            ..SubjectOutcome::default()
        };
        let (_, values) = marker(&study, 0, &outcome).unwrap();
        assert_eq!(values, [(0.0, 200.0)]);
    }
}
