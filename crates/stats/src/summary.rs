//! Means, spreads and quantiles of a list of numbers.
//!
//! Quantiles are type 7 of Hyndman and Fan, Am Stat 1996;50:361-365, the default of R.

/// The arithmetic mean, summed in the given order; `None` for an empty list.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The sample standard deviation; `None` for fewer than two values.
pub fn standard_deviation(values: &[f64]) -> Option<f64> {
    let centre = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - centre) * (value - centre)).sum();
    (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt())
}

/// The geometric mean; `None` for an empty list or one with a number that is not positive.
pub fn geometric_mean(values: &[f64]) -> Option<f64> {
    if values.iter().any(|&value| value.is_nan() || value <= 0.0) {
        return None;
    }
    let logs: Vec<f64> = values.iter().map(|&value| crate::math::ln(value)).collect();
    mean(&logs).map(crate::math::exp)
}

/// The geometric coefficient of variation, as a share of 1: the root of exp(s^2) - 1 with s the
/// standard deviation of the logarithms; `None` for fewer than two values or one not positive.
pub fn geometric_variation(values: &[f64]) -> Option<f64> {
    if values.iter().any(|&value| value.is_nan() || value <= 0.0) {
        return None;
    }
    let logs: Vec<f64> = values.iter().map(|&value| crate::math::ln(value)).collect();
    let deviation = standard_deviation(&logs)?;
    Some((crate::math::exp(deviation * deviation) - 1.0).sqrt())
}

/// The values in ascending order, without those that are not numbers.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    order.sort_by(f64::total_cmp);
    order
}

/// The quantile of values already in ascending order, interpolated linearly (type 7). Infinite
/// values are allowed: next to one, the quantile is infinite.
pub fn quantile_of_sorted(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = p.clamp(0.0, 1.0) * last as f64;
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let share = place - below as f64;
    // Equal values need no interpolation, and two infinite ones allow none.
    if share == 0.0 || sorted[below].total_cmp(&sorted[above]).is_eq() {
        return Some(sorted[below]);
    }
    Some(sorted[below] + share * (sorted[above] - sorted[below]))
}

/// The quantile of values in any order (type 7).
pub fn quantile(values: &[f64], p: f64) -> Option<f64> {
    quantile_of_sorted(&sorted(values), p)
}

/// The median of values in any order.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate_between_neighbours() {
        let values = [15.0, 20.0, 35.0, 40.0, 50.0];
        // numpy.quantile of these five values.
        for (p, want) in
            [(0.0, 15.0), (0.05, 16.0), (0.3, 23.0), (0.4, 29.0), (0.5, 35.0), (1.0, 50.0)]
        {
            let got = quantile(&values, p).unwrap();
            assert!((got - want).abs() < 1e-12, "{p}: {got}");
        }
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(median(&[2.0, f64::NAN, 1.0]), Some(1.5));
    }

    #[test]
    fn spreads_need_two_values() {
        assert_eq!(standard_deviation(&[1.0]), None);
        assert!((standard_deviation(&[2.0, 4.0, 9.0]).unwrap() - 13_f64.sqrt()).abs() < 1e-12);
        assert!((geometric_mean(&[1.0, 100.0]).unwrap() - 10.0).abs() < 1e-12);
        assert_eq!(geometric_mean(&[1.0, 0.0]), None);
        // the logarithms of 1 and e differ by 1: their variance is 1/2
        let variation = geometric_variation(&[1.0, std::f64::consts::E]).unwrap();
        assert!((variation - (0.5_f64.exp() - 1.0).sqrt()).abs() < 1e-12);
        assert_eq!(mean(&[]), None);
    }
}
