//! Percentages of a text and the counts that can be behind them.

/// A percentage as written, with a count that rounds to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fraction {
    /// The percentage.
    pub percent: f64,
    /// Its decimals as written.
    pub decimals: usize,
    /// Patients with the event.
    pub count: u32,
    /// Of how many.
    pub of: u32,
}

/// A percentage in tenths, hundredths, ... of a per cent, so that rounding is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Written {
    digits: u64,
    decimals: u32,
}

impl Written {
    fn percent(self) -> f64 {
        self.digits as f64 / 10_f64.powi(i32::try_from(self.decimals).unwrap_or(0))
    }

    /// A count of `of` that rounds to this percentage, halves up.
    fn count(self, of: u32) -> Option<u32> {
        let scale = 10_u64.pow(self.decimals);
        let of = u64::from(of);
        // round(100 scale k / of) = digits  <=>  (2 digits - 1) of <= 200 scale k < (2 digits + 1) of
        let least = (2 * self.digits).saturating_sub(1) * of;
        let k = least.div_ceil(200 * scale);
        let fits = 200 * scale * k < (2 * self.digits + 1) * of && k <= of;
        fits.then_some(k as u32)
    }
}

/// Percentages of a text between 0 and 100, in order.
fn written(text: &str) -> Vec<Written> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices('%') {
        let before = text[..at].trim_end();
        let start = before
            .rfind(|letter: char| !(letter.is_ascii_digit() || letter == '.'))
            .map_or(0, |index| index + before[index..].chars().next().map_or(1, char::len_utf8));
        let number = &before[start..];
        let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
        let digits: String = [whole, decimals].concat();
        if whole.is_empty() || decimals.len() > 3 || digits.len() > 6 {
            continue;
        }
        if let Ok(digits) = digits.parse() {
            let written = Written { digits, decimals: decimals.len() as u32 };
            if written.percent() > 0.0 && written.percent() < 100.0 {
                found.push(written);
            }
        }
    }
    found
}

/// The percentages of a text as counts of the smallest number that fits them all, up to `most`.
///
/// ```
/// let fit = cytotrial::audit::common_denominator("an ORR of 95.2% and 81.0% MRD-negative", 500);
/// let counts: Vec<u32> = fit.unwrap().iter().map(|part| part.count).collect();
/// assert_eq!(counts, [20, 17]); // of 21
/// ```
pub fn common_denominator(text: &str, most: u32) -> Option<Vec<Fraction>> {
    let percentages = written(text);
    if percentages.is_empty() {
        return None;
    }
    (1..=most).find_map(|of| {
        let counts: Vec<Option<u32>> = percentages.iter().map(|p| p.count(of)).collect();
        let counts: Option<Vec<u32>> = counts.into_iter().collect();
        let fraction = |(written, count): (&Written, u32)| Fraction {
            percent: written.percent(),
            decimals: written.decimals as usize,
            count,
            of,
        };
        Some(percentages.iter().zip(counts?).map(fraction).collect())
    })
}

/// How many percentages a text has, and whether one of them has decimals.
pub(super) fn percentages(text: &str) -> (usize, bool) {
    let written = written(text);
    (written.len(), written.iter().any(|percentage| percentage.decimals > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_response_rates_first_share_128() {
        let fit = common_denominator("81%, CR 55.5%, sCR 13.3%", 500).unwrap();
        assert!(fit.iter().all(|part| part.of == 128), "{fit:?}");
        let counts: Vec<u32> = fit.iter().map(|part| part.count).collect();
        assert_eq!(counts, [104, 71, 17]);
    }

    #[test]
    fn a_percentage_without_digits_is_passed_over() {
        assert_eq!(common_denominator("a % of patients", 10), None);
        assert_eq!(percentages("60 % and 13.3%"), (2, true));
    }
}
