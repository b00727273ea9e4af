//! Dates, times and study days to elapsed days from the first infusion.

use crate::time::StudyDay;

/// Days from 1970-01-01 to 1960-01-01, where SAS begins to count.
const SAS_EPOCH: i64 = -3653;

/// A date with or without a time of day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// Days from 1970-01-01.
    pub day: i64,
    /// Seconds of the day that have gone by, when the time is known.
    pub time: Option<f64>,
    /// Only the month is known; the day is its last.
    pub is_partial: bool,
}

impl Moment {
    /// ISO 8601: `2024-05-17`, `2024-05-17T09:30`, `2024-05-17 09:30:15`; `2024-05` is the last
    /// day of that month, marked as partial.
    pub fn read(text: &str) -> Option<Self> {
        let (date, time) = match text.split_once(['T', ' ']) {
            Some((date, time)) => (date, Some(time_of_day(time)?)),
            None => (text, None),
        };
        let bytes = date.as_bytes();
        if bytes.len() == 7 && bytes[4] == b'-' && time.is_none() {
            let (year, month) = (digits(&bytes[..4])?, digits(&bytes[5..])?);
            let day = days_of_month(year, month)?;
            return Some(Self { day: number_of(year, month, day), time: None, is_partial: true });
        }
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let (year, month) = (digits(&bytes[..4])?, digits(&bytes[5..7])?);
        let day = digits(&bytes[8..])?;
        if day < 1 || day > days_of_month(year, month)? {
            return None;
        }
        Some(Self { day: number_of(year, month, day), time, is_partial: false })
    }

    /// A number of days from 1960-01-01, as SAS keeps dates.
    pub fn of_sas(days: f64) -> Option<Self> {
        ((-20_000.0..80_000.0).contains(&days) && days.fract().abs() <= 0.0).then(|| Self {
            day: days as i64 + SAS_EPOCH,
            time: None,
            is_partial: false,
        })
    }

    /// Days from another moment: exact where both have a time of day, else whole days.
    pub fn since(self, other: Self) -> f64 {
        let whole = (self.day - other.day) as f64;
        match (self.time, other.time) {
            (Some(mine), Some(theirs)) => whole + (mine - theirs) / 86_400.0,
            _ => whole,
        }
    }

    /// The year.
    pub fn year(self) -> i64 {
        civil(self.day).0
    }

    /// The date as `2024-05-17`.
    pub fn iso(self) -> String {
        let (year, month, day) = civil(self.day);
        format!("{year:04}-{month:02}-{day:02}")
    }
}

/// Elapsed days of a study day: 1 is day 0, -1 the day before; `None` for 0 and what is no whole
/// number.
pub fn elapsed(study_day: f64) -> Option<f64> {
    if study_day.fract().abs() > 0.0 || study_day.abs() > 1e6 {
        return None;
    }
    StudyDay::new(study_day as i32).map(StudyDay::elapsed)
}

fn digits(bytes: &[u8]) -> Option<i64> {
    let digit =
        |value: i64, byte: &u8| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0'));
    bytes.iter().try_fold(0, digit)
}

fn time_of_day(text: &str) -> Option<f64> {
    // a zone is of no use: all moments of a site are in its own
    let text = text.trim_end_matches('Z');
    let mut parts = text.split(':');
    let mut part = |most: f64| {
        let value: f64 = parts.next().unwrap_or("0").parse().ok()?;
        (0.0..most).contains(&value).then_some(value)
    };
    let (hours, minutes, seconds) = (part(24.0)?, part(60.0)?, part(60.0)?);
    parts.next().is_none().then_some(3600.0 * hours + 60.0 * minutes + seconds)
}

fn days_of_month(year: i64, month: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    Some(match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    })
}

/// Days from 1970-01-01; the year begins in March, so that the leap day is its last.
fn number_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil(number: i64) -> (i64, i64, i64) {
    let shifted = number + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_count_from_1970_and_come_back() {
        for (text, day) in [
            ("1970-01-01", 0),
            ("1960-01-01", -3653),
            ("2000-02-29", 11_016),
            ("2024-12-31", 20_088),
            ("1899-12-31", -25_568),
        ] {
            let moment = Moment::read(text).unwrap();
            assert_eq!((moment.day, moment.iso()), (day, text.to_owned()));
        }
        for day in (-30_000..60_000).step_by(17) {
            let moment = Moment { day, time: None, is_partial: false };
            assert_eq!(Moment::read(&moment.iso()), Some(moment));
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in ["2023-02-29", "2024-13-01", "01/02/2024", "2024-1-2", "", "2024-05-17T25:00"] {
            assert_eq!(Moment::read(text), None, "{text}");
        }
        assert!(Moment::read("2024-02").unwrap().is_partial);
        assert_eq!(Moment::read("2024-02").unwrap().iso(), "2024-02-29");
    }

    #[test]
    fn hours_count_only_where_both_are_known() {
        let infusion = Moment::read("2024-05-17T09:30").unwrap();
        let since = |text| Moment::read(text).map(|moment| moment.since(infusion));
        assert_eq!(since("2024-05-18T15:30"), Some(1.25));
        assert_eq!(since("2024-05-18"), Some(1.0));
        assert_eq!(Moment::of_sas(0.0).unwrap().iso(), "1960-01-01");
    }

    #[test]
    fn study_days_have_no_zero() {
        assert_eq!(elapsed(1.0), Some(0.0));
        assert_eq!(elapsed(-1.0), Some(-1.0));
        assert_eq!(elapsed(0.0), None);
        assert_eq!(elapsed(1.5), None);
    }
}
