//! Dates, ages and numbers as intervals of whole numbers, so that they can be compared.

/// The smallest and the largest value that a text denotes.
///
/// A date counts days from 1970-01-01, an age minutes, a number itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Interval {
    pub(crate) low: i64,
    pub(crate) high: i64,
}

impl Interval {
    fn point(value: i64) -> Self {
        Self { low: value, high: value }
    }

    pub(crate) fn is_within(self, outer: Self) -> bool {
        outer.low <= self.low && self.high <= outer.high
    }
}

/// Days from 1970-01-01 to a day of the Gregorian calendar.
pub(crate) fn days(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn length_of_month(year: i64, month: i64) -> i64 {
    let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    days(next_year, next_month, 1) - days(year, month, 1)
}

/// A date: `2024`, `2024-04`, `2024-04-18`, with or without a time behind it, or `04/18/2024`.
pub(crate) fn date(text: &str) -> Option<Interval> {
    let text = text.trim().split(['T', ' ']).next()?;
    let parse = |part: &str| -> Option<i64> {
        let is_digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if is_digits && part.len() <= 4 { part.parse().ok() } else { None }
    };
    let separator = if text.contains('/') { '/' } else { '-' };
    let parts: Option<Vec<i64>> = text.split(separator).map(parse).collect();
    let parts = parts?;
    let (year, month, day) = match (separator, parts.as_slice()) {
        ('-', [year]) => (*year, None, None),
        ('-', [year, month]) | ('/', [month, year]) => (*year, Some(*month), None),
        ('-', [year, month, day]) | ('/', [month, day, year]) => (*year, Some(*month), Some(*day)),
        _ => return None,
    };
    if !(1000..=9999).contains(&year) {
        return None;
    }
    let Some(month) = month else {
        return Some(Interval { low: days(year, 1, 1), high: days(year, 12, 31) });
    };
    if !(1..=12).contains(&month) {
        return None;
    }
    let length = length_of_month(year, month);
    match day {
        None => {
            let low = days(year, month, 1);
            Some(Interval { low, high: low + length - 1 })
        }
        Some(day) if (1..=length).contains(&day) => Some(Interval::point(days(year, month, day))),
        Some(_) => None,
    }
}

/// Minutes of each unit of an age; a month is the twelfth part of a year.
const UNITS: &[(&str, i64)] = &[
    ("year", 525_960),
    ("month", 43_830),
    ("week", 10_080),
    ("day", 1_440),
    ("hour", 60),
    ("minute", 1),
];

/// An age or a duration: `18 Years`, `6 months`.
pub(crate) fn age(text: &str) -> Option<Interval> {
    let mut parts = text.split_whitespace();
    let number: i64 = parts.next()?.parse().ok()?;
    let unit = parts.next()?.to_lowercase();
    if parts.next().is_some() {
        return None;
    }
    let unit = unit.strip_suffix('s').unwrap_or(&unit);
    let (_, minutes) = UNITS.iter().find(|(name, _)| *name == unit)?;
    Some(Interval::point(number.checked_mul(*minutes)?))
}

/// A whole number; thousands may be parted by commas.
pub(crate) fn number(text: &str) -> Option<Interval> {
    let plain: String = text.trim().chars().filter(|letter| *letter != ',').collect();
    let number = plain.parse::<i64>().ok().or_else(|| {
        let number = plain.parse::<f64>().ok()?;
        (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
    });
    number.map(Interval::point)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_date_is_the_interval_that_it_denotes() {
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(2000, 3, 1), 11_017);
        assert_eq!(date("1970"), Some(Interval { low: 0, high: 364 }));
        assert_eq!(date("2024-02").map(|month| month.high - month.low), Some(28));
        assert_eq!(date("2024-04-18"), date("04/18/2024"));
        assert_eq!(date("2024-04-18T10:00"), date("2024-04-18"));
        for wrong in ["", "24", "2024-13", "2023-02-29", "2024-04-18-1", "MIN", "-1-2", "2024-é"] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn ages_compare_across_units() {
        assert_eq!(age("12 months"), age("1 Year"));
        assert!(age("65 Years") > age("300 Weeks"));
        assert_eq!(age("N/A"), None);
        assert_eq!(age("9223372036854775807 years"), None);
    }

    #[test]
    fn numbers_are_whole() {
        assert_eq!(number("1,234"), Some(Interval::point(1234)));
        assert_eq!(number("12.0"), Some(Interval::point(12)));
        assert_eq!(number("1.5"), None);
    }
}
