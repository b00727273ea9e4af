//! Counts of values in bins of fixed relative width: quantiles of any number of values in little room.
//!
//! A bin is the numbers with the same sign, exponent and leading eight bits of the mantissa, so that it
//! is 0.2 to 0.4 % wide, and the counts do not depend on the order in which values come.

/// Bins per power of two.
const BINS: usize = 256;
/// Bits of a number below those that name its bin.
const BELOW: u32 = 52 - 8;

/// Pages remembered by the last bits of their numbers, so that neighbours do not displace each other.
const RECENT: usize = 8;
/// No finite number has this page.
const NO_PAGE: u16 = u16::MAX;

/// How many values fell into which bin.
#[derive(Debug, Clone)]
pub(super) struct Bins {
    /// Sign and exponent of the numbers of each page, as they came.
    pages: Vec<u16>,
    /// The counts of each page.
    counts: Vec<[u32; BINS]>,
    /// Pages that were used last, and where they stand.
    recent: [(u16, u16); RECENT],
}

impl Default for Bins {
    fn default() -> Self {
        Self { pages: Vec::new(), counts: Vec::new(), recent: [(NO_PAGE, 0); RECENT] }
    }
}

impl Bins {
    /// Counts a finite value.
    pub(super) fn add(&mut self, value: f64) {
        // -0 and 0 are one number
        let bits = (value + 0.0).to_bits();
        let page = (bits >> 52) as u16;
        let (known, at) = self.recent[usize::from(page) % RECENT];
        let at = if known == page { at } else { self.find(page) };
        self.counts[usize::from(at)][(bits >> BELOW) as usize % BINS] += 1;
    }

    /// Where a page stands, which is remembered; a new one at the end.
    #[cold]
    fn find(&mut self, page: u16) -> u16 {
        let at = self.pages.iter().position(|known| *known == page).unwrap_or_else(|| {
            self.pages.push(page);
            self.counts.reserve_exact(1);
            self.counts.push([0; BINS]);
            self.pages.len() - 1
        });
        self.recent[usize::from(page) % RECENT] = (page, at as u16);
        at as u16
    }

    /// The bins that hold something, in ascending order of their values: lower end, upper end, count.
    fn ascending(&self) -> impl Iterator<Item = (f64, f64, u32)> + '_ {
        let mut pages: Vec<_> = self.pages.iter().copied().zip(&self.counts).collect();
        pages.sort_unstable_by_key(|(page, _)| *page);
        let up = pages.partition_point(|(page, _)| page >> 11 == 0);
        let negative = pages.split_off(up);
        let down = negative.into_iter().rev();
        let down = down.flat_map(|page| (0..BINS).rev().map(move |bin| (page, bin)));
        let up = pages.into_iter().flat_map(|page| (0..BINS).map(move |bin| (page, bin)));
        down.chain(up).filter(|((_, counts), bin)| counts[*bin] > 0).map(|((page, counts), bin)| {
            let bits = u64::from(page) << 52 | (bin as u64) << BELOW;
            let (first, last) = (f64::from_bits(bits), f64::from_bits(bits | ((1 << BELOW) - 1)));
            (first.min(last), first.max(last), counts[bin])
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
