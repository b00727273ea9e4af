//! Counts of values in bins of fixed relative width: quantiles of any number of values in little room.
//!
//! A bin is the numbers with the same sign, exponent and leading eight bits of the mantissa, so that it
//! is 0.2 to 0.4 % wide, and the counts do not depend on the order in which values come.

/// Bins per power of two.
const BINS: usize = 256;
/// Bits of a number below those that name its bin.
const BELOW: u32 = 52 - 8;

/// How many values fell into which bin.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Bins {
    /// Counts of numbers with one sign and exponent, by sign and exponent, in ascending order of
    /// these bits.
    pages: Vec<(u16, Box<[u32; BINS]>)>,
    /// The page that was used last.
    last: usize,
}

impl Bins {
    /// Counts a finite value.
    pub(super) fn add(&mut self, value: f64) {
        // -0 and 0 are one number
        let bits = (value + 0.0).to_bits();
        let page = (bits >> 52) as u16;
        if self.pages.get(self.last).is_none_or(|(known, _)| *known != page) {
            self.last = match self.pages.binary_search_by_key(&page, |(known, _)| *known) {
                Ok(at) => at,
                Err(at) => {
                    self.pages.insert(at, (page, Box::new([0; BINS])));
                    at
                }
            };
        }
        let bin = (bits >> BELOW) as usize % BINS;
        self.pages[self.last].1[bin] += 1;
    }

    /// The bins that hold something, in ascending order of their values: lower end, upper end, count.
    fn ascending(&self) -> impl Iterator<Item = (f64, f64, u32)> + '_ {
        let negative = |page: &&(u16, Box<[u32; BINS]>)| page.0 >> 11 == 1;
        let down = self.pages.iter().rev().filter(negative);
        let down = down.flat_map(|page| (0..BINS).rev().map(move |bin| (page, bin)));
        let up = self.pages.iter().filter(move |page| !negative(page));
        let up = up.flat_map(|page| (0..BINS).map(move |bin| (page, bin)));
        down.chain(up).filter(|(page, bin)| page.1[*bin] > 0).map(|(page, bin)| {
            let bits = u64::from(page.0) << 52 | (bin as u64) << BELOW;
            let (first, last) = (f64::from_bits(bits), f64::from_bits(bits | ((1 << BELOW) - 1)));
            (first.min(last), first.max(last), page.1[bin])
        })
    }

    /// The quantile of `total` values between `least` and `most`: by rank as for a list in order, and
    /// evenly within a bin.
    pub(super) fn quantile(&self, p: f64, total: u64, least: f64, most: f64) -> f64 {
        let rank = p * (total - 1) as f64;
        if rank <= 0.0 {
            return least;
        }
        let mut before = 0.0;
        for (low, high, count) in self.ascending() {
            let count = f64::from(count);
            if rank < before + count {
                let share = (rank - before + 0.5) / count;
                return (low + share.min(1.0) * (high - low)).clamp(least, most);
            }
            before += count;
        }
        most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> Bins {
        let mut bins = Bins::default();
        for value in values {
            bins.add(*value);
        }
        bins
    }

    #[test]
    fn quantiles_are_within_a_bin_of_those_of_the_list() {
        let values: Vec<f64> = (0..20_001)
            .map(|i| {
                let x = f64::from(i) / 1_000.0 - 10.0;
                x * x * x
            })
            .collect();
        let bins = of(&values);
        for p in [0.0, 0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999, 1.0] {
            let want = values[(p * 20_000.0) as usize];
            let got = bins.quantile(p, 20_001, values[0], values[20_000]);
            assert!((got - want).abs() <= 0.004 * want.abs() + 1e-12, "{p}: {got} for {want}");
        }
    }

    #[test]
    fn the_order_of_values_does_not_matter() {
        let values = [3.0, -2.5, 0.0, 1e-300, -0.0, 7e9, 3.001];
        let mut back = values;
        back.reverse();
        let ends = |bins: &Bins| bins.ascending().collect::<Vec<_>>();
        assert_eq!(ends(&of(&values)), ends(&of(&back)));
        assert_eq!(ends(&of(&values)).len(), 5);
    }
}
