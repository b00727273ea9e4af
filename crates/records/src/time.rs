//! Study days, which have no day 0, and elapsed days, which have one.
//!
//! Elapsed time t in [k, k+1) from the first infusion is study day k+1; t in [-k, -k+1) is study
//! day -k. CDISC: day 1 is the day of the first treatment, the day before it is day -1.

use std::fmt;
use std::num::NonZeroI32;

/// A day as tables and protocols for people count it: 1 is the first infusion, -1 the day before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StudyDay(NonZeroI32);

impl StudyDay {
    /// The day of that number; there is no day 0.
    pub fn new(number: i32) -> Option<Self> {
        NonZeroI32::new(number).map(Self)
    }

    /// The study day on which an elapsed time falls; `None` if it is not finite or out of range.
    pub fn of_elapsed(days: f64) -> Option<Self> {
        let whole = days.floor();
        if !(-1e9..1e9).contains(&whole) {
            return None;
        }
        let whole = whole as i32;
        Self::new(if whole >= 0 { whole + 1 } else { whole })
    }

    /// The number: never 0.
    pub fn number(self) -> i32 {
        self.0.get()
    }

    /// Elapsed days at which this study day begins.
    pub fn elapsed(self) -> f64 {
        let number = self.number();
        f64::from(if number > 0 { number - 1 } else { number })
    }
}

impl fmt::Display for StudyDay {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_no_day_zero() {
        assert_eq!(StudyDay::new(0), None);
        let days = [(-1.5, -2), (-1.0, -1), (-0.1, -1), (0.0, 1), (0.99, 1), (1.0, 2), (28.0, 29)];
        for (elapsed, number) in days {
            assert_eq!(StudyDay::of_elapsed(elapsed).map(StudyDay::number), Some(number));
        }
    }

    #[test]
    fn a_day_begins_where_it_says() {
        for number in [-5, -1, 1, 2, 28] {
            let day = StudyDay::new(number).unwrap();
            assert_eq!(StudyDay::of_elapsed(day.elapsed()), Some(day));
        }
        assert_eq!(StudyDay::of_elapsed(f64::NAN), None);
    }
}
