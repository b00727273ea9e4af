//! How numbers are written: three significant digits, whole percent under 100 patients, never `NaN`.

/// What is printed where a number cannot be estimated.
pub const NOT_ESTIMABLE: &str = "not estimable";

/// A number with so many significant digits; powers of ten outside 0.001 to 1,000,000.
pub fn significant(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return NOT_ESTIMABLE.into();
    }
    if value == 0.0 {
        return "0".into();
    }
    let digits = digits.clamp(1, 17);
    let scientific = format!("{value:.*e}", digits - 1);
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let Ok(power) = exponent.parse::<i32>() else { return scientific };
    if !(-3..6).contains(&power) {
        return format!("{mantissa}e{power}");
    }
    let places = i32::try_from(digits).unwrap_or(17) - 1 - power;
    if places >= 0 {
        // the mantissa is already rounded, so this second step cannot round again
        let rounded: f64 = scientific.parse().unwrap_or(value);
        format!("{rounded:.*}", usize::try_from(places).unwrap_or(0))
    } else {
        let rounded: f64 = scientific.parse().unwrap_or(value);
        format!("{rounded:.0}")
    }
}

/// An estimate: three significant digits.
pub fn number(value: f64) -> String {
    significant(value, 3)
}

/// An estimate that may be missing.
pub fn number_or_not(value: Option<f64>) -> String {
    value.map_or_else(|| NOT_ESTIMABLE.into(), number)
}

/// A number as it is: whole when it is whole, otherwise without needless zeros.
pub fn exact(value: f64) -> String {
    if !value.is_finite() {
        return NOT_ESTIMABLE.into();
    }
    if value == 0.0 {
        return "0".into();
    }
    let size = value.abs();
    if (1e-3..1e6).contains(&size) { format!("{value}") } else { format!("{value:e}") }
}

/// A number with at most so many significant digits, without needless zeros.
pub fn shortest(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return NOT_ESTIMABLE.into();
    }
    let rounded = round(value, digits);
    exact(rounded)
}

/// A mean number of patients: whole from ten on, below that at most two significant digits.
pub fn mean_count(value: f64) -> String {
    if value > 0.0 && value < 0.01 {
        return "<0.01".into();
    }
    let rounded = round_count(value);
    if rounded.abs() < 10.0 { exact(rounded) } else { whole(rounded) }
}

/// A mean number of patients, rounded to what [`mean_count`] shows of it.
pub fn round_count(value: f64) -> f64 {
    if value.abs() < 10.0 { round(value, 2) } else { value.round() }
}

/// A number rounded to so many significant digits.
pub fn round(value: f64, digits: usize) -> f64 {
    if !value.is_finite() || value == 0.0 {
        return value;
    }
    format!("{value:.*e}", digits.clamp(1, 17) - 1).parse().unwrap_or(value)
}

/// A share of 1 as percent, at the precision that `denominator` patients allow.
pub fn percent(share: f64, denominator: u64) -> String {
    if !share.is_finite() {
        return NOT_ESTIMABLE.into();
    }
    let value = 100.0 * share;
    if denominator < 100 {
        return format!("{}%", unsigned_zero(&format!("{value:.0}")));
    }
    match value {
        value if value > 0.0 && value < 0.05 => "<0.1%".into(),
        value if (99.95..100.0).contains(&value) => ">99.9%".into(),
        value => format!("{}%", unsigned_zero(&format!("{value:.1}"))),
    }
}

/// The two ends of an interval of shares: `4 to 41%`.
pub fn percent_range(low: f64, high: f64, denominator: u64) -> String {
    if !low.is_finite() || !high.is_finite() {
        return NOT_ESTIMABLE.into();
    }
    let (low, high) = (percent(low, denominator), percent(high, denominator));
    format!("{} to {high}", low.trim_end_matches('%'))
}

/// A count of patients: `3/18 (17%)`.
pub fn count_of(count: u64, denominator: u64) -> String {
    if denominator == 0 {
        return format!("{count}/0");
    }
    format!("{count}/{denominator} ({})", percent(ratio(count, denominator), denominator))
}

/// A proportion with its interval: `3/18 (17%, 95% CI 4 to 41%)`; `level` is 0.95.
pub fn proportion(count: u64, denominator: u64, interval: (f64, f64), level: f64) -> String {
    if denominator == 0 {
        return "0/0".into();
    }
    let share = percent(ratio(count, denominator), denominator);
    let limits = percent_range(interval.0, interval.1, denominator);
    format!("{count}/{denominator} ({share}, {} CI {limits})", level_text(level))
}

/// An estimate with its interval: `12.3 (95% CI 4.00 to 41.0)`.
pub fn estimate(value: Option<f64>, interval: Option<(f64, f64)>, level: f64) -> String {
    let Some(value) = value else { return NOT_ESTIMABLE.into() };
    match interval {
        None => number(value),
        Some((low, high)) => {
            format!("{} ({} CI {})", number(value), level_text(level), range(low, high))
        }
    }
}

/// Two ends of a range: `4.00 to 41.0`.
pub fn range(low: f64, high: f64) -> String {
    if low.is_finite() && high.is_finite() {
        format!("{} to {}", number(low), number(high))
    } else {
        NOT_ESTIMABLE.into()
    }
}

/// A whole number, such as a count or a day.
pub fn whole(value: f64) -> String {
    if value.is_finite() { unsigned_zero(&format!("{value:.0}")) } else { NOT_ESTIMABLE.into() }
}

/// A length of time: `1 day`, `28 days`, `3.5 days`.
pub fn days(value: f64) -> String {
    if !value.is_finite() {
        return NOT_ESTIMABLE.into();
    }
    let text = unsigned_zero(&format!("{value:.1}"));
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "1" { "1 day".into() } else { format!("{text} days") }
}

/// A range of days: `3 to 28 days`.
pub fn day_range(low: f64, high: f64) -> String {
    if !low.is_finite() || !high.is_finite() {
        return NOT_ESTIMABLE.into();
    }
    let (low, high) = (days(low), days(high));
    let low = low.split(' ').next().unwrap_or(&low).to_owned();
    let high = high.split(' ').next().unwrap_or(&high).to_owned();
    format!("{low} to {high} days")
}

/// A confidence level: `95%`, `97.5%`.
pub fn level_text(level: f64) -> String {
    if level.is_finite() {
        format!("{}%", exact(round(100.0 * level, 4)))
    } else {
        NOT_ESTIMABLE.into()
    }
}

fn ratio(count: u64, denominator: u64) -> f64 {
    count as f64 / denominator as f64
}

fn unsigned_zero(text: &str) -> String {
    let is_zero = text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
    if is_zero { text.trim_start_matches('-').to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_significant_digits_at_every_size() {
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1.00"),
            (17.04, "17.0"),
            (999.4, "999"),
            (999.6, "1000"),
            (1234.0, "1230"),
            (-1234.0, "-1230"),
            (999_499.0, "999000"),
            (999_600.0, "1.00e6"),
            (1.5e9, "1.50e9"),
            (0.001_234, "0.00123"),
            (0.000_999_9, "0.00100"),
            (0.000_012_34, "1.23e-5"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text, "{value}");
        }
    }

    #[test]
    fn what_cannot_be_estimated_says_so() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let texts = [
                number(value),
                exact(value),
                shortest(value, 4),
                percent(value, 18),
                percent_range(value, 0.5, 18),
                range(0.1, value),
                whole(value),
                days(value),
                mean_count(value),
                day_range(value, 3.0),
                level_text(value),
            ];
            for text in texts {
                assert_eq!(text, NOT_ESTIMABLE);
            }
        }
        assert_eq!(number_or_not(None), NOT_ESTIMABLE);
        assert_eq!(estimate(None, None, 0.95), NOT_ESTIMABLE);
    }

    #[test]
    fn proportions_carry_numerator_denominator_and_interval() {
        assert_eq!(proportion(3, 18, (0.0358, 0.4142), 0.95), "3/18 (17%, 95% CI 4 to 41%)");
        assert_eq!(
            proportion(104, 128, (0.734, 0.875), 0.9),
            "104/128 (81.2%, 90% CI 73.4 to 87.5%)"
        );
        assert_eq!(count_of(0, 5), "0/5 (0%)");
        assert_eq!(count_of(0, 0), "0/0");
    }

    #[test]
    fn a_rare_event_is_never_printed_as_none() {
        assert_eq!(percent(1.0 / 5000.0, 5000), "<0.1%");
        assert_eq!(percent(4999.0 / 5000.0, 5000), ">99.9%");
        assert_eq!(percent(0.0, 5000), "0.0%");
        assert_eq!(percent(1.0, 5000), "100.0%");
        assert_eq!(percent(-0.001, 18), "0%");
    }

    #[test]
    fn mean_counts_are_short() {
        let cases = [
            (0.0, "0"),
            (0.009, "<0.01"),
            (0.0099, "<0.01"),
            (0.01, "0.01"),
            (0.0484, "0.048"),
            (0.5, "0.5"),
            (3.449, "3.4"),
            (9.96, "10"),
            (17.052, "17"),
            (127.4, "127"),
            (17052.0, "17052"),
        ];
        for (value, text) in cases {
            assert_eq!(mean_count(value), text, "{value}");
        }
    }

    #[test]
    fn days_are_singular_once() {
        assert_eq!(days(1.0), "1 day");
        assert_eq!(days(28.0), "28 days");
        assert_eq!(days(3.5), "3.5 days");
        assert_eq!(day_range(1.0, 28.0), "1 to 28 days");
    }

    #[test]
    fn estimates_and_levels() {
        assert_eq!(estimate(Some(12.34), Some((4.0, 41.0)), 0.9), "12.3 (90% CI 4.00 to 41.0)");
        assert_eq!(level_text(0.95), "95%");
        assert_eq!(level_text(0.975), "97.5%");
        assert_eq!(shortest(0.1 + 0.2, 6), "0.3");
        assert_eq!(exact(1.5e9), "1.5e9");
    }
}
