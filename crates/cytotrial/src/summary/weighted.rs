//! Means, quantiles and survival of patients who count with different weights.

/// The mean of values with weights; `None` without any weight.
pub fn mean(pairs: &[(f64, f64)]) -> Option<f64> {
    let total: f64 = pairs.iter().map(|(_, weight)| weight).sum();
    (total > 0.0).then(|| pairs.iter().map(|(value, weight)| value * weight).sum::<f64>() / total)
}

/// A quantile of values with weights; with equal weights the usual one, linear between ranks.
/// `None` without any weight.
pub fn quantile(pairs: &[(f64, f64)], p: f64) -> Option<f64> {
    let mut ordered: Vec<(f64, f64)> =
        pairs.iter().copied().filter(|(_, weight)| *weight > 0.0).collect();
    ordered.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (first, last) = (ordered.first()?, ordered.last()?);
    let total: f64 = ordered.iter().map(|(_, weight)| weight).sum();
    let width = total - 0.5 * (first.1 + last.1);
    let mut before = 0.0;
    let mut lower: Option<(f64, f64)> = None;
    for &(value, weight) in &ordered {
        let place = (before + 0.5 * weight - 0.5 * first.1) / width.max(f64::MIN_POSITIVE);
        if place >= p {
            return Some(match lower {
                Some((below, at)) if place > at && value.is_finite() => {
                    below + (value - below) * (p - at) / (place - at)
                }
                // Half way to infinity is not reached.
                Some((below, at)) if p <= at => below,
                _ => value,
            });
        }
        lower = Some((value, place));
        before += weight;
    }
    Some(last.0)
}

/// The number of equal weights that would be as good: (sum w)^2 / sum w^2.
pub fn effective_size(weights: impl Iterator<Item = f64>) -> f64 {
    let (sum, squares) = weights.fold((0.0, 0.0), |(sum, squares), w| (sum + w, squares + w * w));
    if squares > 0.0 { sum * sum / squares } else { 0.0 }
}

/// Survival within this of a half is a half.
const LEVEL: f64 = 1.5e-8;

/// A Kaplan-Meier curve of patients with weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Days with events, and survival from each on.
    steps: Vec<(f64, f64)>,
}

impl Curve {
    /// The curve from days, whether the event came, and weights; censoring on a day counts after
    /// events of that day.
    pub fn new(times: &[(f64, bool, f64)]) -> Self {
        let mut ordered = times.to_vec();
        ordered.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut at_risk: f64 = ordered.iter().map(|(_, _, weight)| weight).sum();
        let (mut steps, mut survival, mut place) = (Vec::new(), 1.0, 0);
        while place < ordered.len() {
            let day = ordered[place].0;
            let end = place + ordered[place..].partition_point(|(other, _, _)| *other <= day);
            let here = &ordered[place..end];
            let lost: f64 = here.iter().filter(|(_, event, _)| *event).map(|(_, _, w)| w).sum();
            if lost > 0.0 && at_risk > 0.0 {
                // The last patients at risk leave nothing, whatever rounding says.
                let is_last = end == ordered.len() && here.iter().all(|(_, event, _)| *event);
                survival *= if is_last { 0.0 } else { (1.0 - lost / at_risk).max(0.0) };
                steps.push((day, survival));
            }
            at_risk -= here.iter().map(|(_, _, weight)| weight).sum::<f64>();
            place = end;
        }
        Self { steps }
    }

    /// Survival at a day.
    pub fn at(&self, day: f64) -> f64 {
        let before = self.steps.partition_point(|(step, _)| *step <= day);
        before.checked_sub(1).map_or(1.0, |last| self.steps[last].1)
    }

    /// The first day with survival of a half or less; the middle of the stretch where the curve
    /// runs level at exactly a half, as for equal weights.
    pub fn median(&self) -> Option<f64> {
        let place = self.steps.iter().position(|(_, survival)| *survival <= 0.5 + LEVEL)?;
        let (day, survival) = self.steps[place];
        match self.steps.get(place + 1) {
            Some((next, _)) if (survival - 0.5).abs() < LEVEL => Some(0.5 * (day + next)),
            _ => Some(day),
        }
    }

    /// The area under the curve to a day: the mean time to the event within so many days.
    pub fn area(&self, day: f64) -> f64 {
        let (mut area, mut from, mut survival) = (0.0, 0.0, 1.0);
        for &(step, after) in self.steps.iter().take_while(|(step, _)| *step < day) {
            area += survival * (step - from).max(0.0);
            (from, survival) = (step.max(0.0), after);
        }
        area + survival * (day - from).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_weights_give_the_plain_quantile() {
        let values = [3.0, 1.0, 4.0, 1.5, 9.0, 2.6];
        let pairs: Vec<(f64, f64)> = values.iter().map(|value| (*value, 0.3)).collect();
        for p in [0.05, 0.25, 0.5, 0.77, 0.95] {
            let want = stats::summary::quantile(&values, p).unwrap();
            assert!((quantile(&pairs, p).unwrap() - want).abs() < 1e-12, "{p}");
        }
        assert_eq!(quantile(&[], 0.5), None);
        let doubled = [(1.0, 1.0), (2.0, 8.0), (3.0, 1.0)];
        assert!((quantile(&doubled, 0.5).unwrap() - 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_patient_of_weight_two_is_two_patients() {
        let twice = Curve::new(&[(10.0, true, 2.0), (20.0, false, 1.0), (30.0, true, 1.0)]);
        let plain =
            stats::KaplanMeier::new(&[(10.0, true), (10.0, true), (20.0, false), (30.0, true)]);
        for day in [5.0, 10.0, 25.0, 30.0] {
            assert!((twice.at(day) - plain.at(day)).abs() < 1e-12, "{day}");
        }
        assert_eq!(twice.median(), plain.median());
        // 10 days at 1, 15 days at 1/2.
        assert!((twice.area(25.0) - 17.5).abs() < 1e-12);
        assert!((effective_size([2.0, 1.0, 1.0].into_iter()) - 16.0 / 6.0).abs() < 1e-12);
    }
}
