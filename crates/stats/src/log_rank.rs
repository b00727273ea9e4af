//! Log-rank tests of survival curves: weighted, stratified, of any number of groups.
//!
//! Mantel, Cancer Chemother Rep 1966;50:163-170; Harrington and Fleming, Biometrika
//! 1982;69:553-566 for the weights. The variance is hypergeometric, with its factor for ties.

use crate::matrix::Factors;
use crate::special::chi_square_tail;
use crate::survival::Observation;

/// A statistic with its degrees of freedom and its probability under the hypothesis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    /// The statistic, chi-squared under the hypothesis.
    pub statistic: f64,
    /// Degrees of freedom.
    pub freedom: usize,
    /// Probability of so large a statistic under the hypothesis.
    pub probability: f64,
}

impl Test {
    /// The test with this statistic.
    pub fn chi_square(statistic: f64, freedom: usize) -> Self {
        Self { statistic, freedom, probability: chi_square_tail(statistic, freedom) }
    }
}

/// What events count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Weight {
    /// All alike (rho 0): the log-rank test.
    #[default]
    Equal,
    /// By the share without event just before (rho 1): early events count more.
    Early,
}

/// Observed and expected events per group, and the test.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRank {
    /// Weighted events seen in each group.
    pub observed: Vec<f64>,
    /// Weighted events expected in each group if the curves were one.
    pub expected: Vec<f64>,
    /// The test; `None` with fewer than two groups that could be told apart.
    pub test: Option<Test>,
}

/// Compares the groups. `groups` has a number below `count` for every observation, `strata` any
/// number, or is empty for one stratum. Times that are not numbers are left out.
///
/// # Panics
/// When the lists have different lengths or a group is not below `count`.
pub fn log_rank(
    observations: &[Observation],
    groups: &[usize],
    count: usize,
    strata: &[u32],
    weight: Weight,
) -> LogRank {
    assert_eq!(observations.len(), groups.len(), "one group per observation");
    assert!(strata.is_empty() || strata.len() == groups.len(), "one stratum per observation");
    let mut sums = Sums::new(count);
    let stratum = |row: usize| strata.get(row).copied().unwrap_or(0);
    let mut rows: Vec<usize> =
        (0..groups.len()).filter(|&row| !observations[row].time.is_nan()).collect();
    rows.sort_by(|&a, &b| {
        let by_time = observations[a].time.total_cmp(&observations[b].time);
        stratum(a).cmp(&stratum(b)).then(by_time)
    });
    for rows in rows.chunk_by(|&a, &b| stratum(a) == stratum(b)) {
        sums.add(observations, groups, rows, weight);
    }
    let difference: Vec<f64> =
        sums.observed.iter().zip(&sums.expected).map(|(seen, due)| seen - due).collect();
    let factors = Factors::new(&sums.variance, count);
    let test = (factors.rank() > 0)
        .then(|| Test::chi_square(factors.quadratic(&difference), factors.rank()));
    LogRank { observed: sums.observed, expected: sums.expected, test }
}

struct Sums {
    count: usize,
    observed: Vec<f64>,
    expected: Vec<f64>,
    variance: Vec<f64>,
}

impl Sums {
    fn new(count: usize) -> Self {
        Self {
            count,
            observed: vec![0.0; count],
            expected: vec![0.0; count],
            variance: vec![0.0; count * count],
        }
    }

    /// Adds one stratum, its rows by time.
    fn add(&mut self, all: &[Observation], groups: &[usize], rows: &[usize], weight: Weight) {
        let mut survival = 1.0;
        let mut from = 0;
        for ties in rows.chunk_by(|&a, &b| all[a].time.total_cmp(&all[b].time).is_eq()) {
            let time = all[ties[0]].time;
            let mut at_risk = vec![0.0; self.count];
            for &row in rows[from..].iter().filter(|&&row| all[row].entry < time) {
                at_risk[groups[row]] += 1.0;
            }
            from += ties.len();
            let mut events = vec![0.0; self.count];
            for &row in ties.iter().filter(|&&row| all[row].event && all[row].entry < time) {
                events[groups[row]] += 1.0;
            }
            let (n, d): (f64, f64) = (at_risk.iter().sum(), events.iter().sum());
            if d <= 0.0 {
                continue;
            }
            let counts = match weight {
                Weight::Equal => 1.0,
                Weight::Early => survival,
            };
            self.count_time(&at_risk, &events, counts);
            survival *= (n - d) / n;
        }
    }

    fn count_time(&mut self, at_risk: &[f64], events: &[f64], weight: f64) {
        let (n, d): (f64, f64) = (at_risk.iter().sum(), events.iter().sum());
        let spread = if n > 1.0 { d * (n - d) / (n - 1.0) } else { 0.0 };
        for (first, &own) in at_risk.iter().enumerate() {
            self.observed[first] += weight * events[first];
            self.expected[first] += weight * d * own / n;
            for (second, &other) in at_risk.iter().enumerate() {
                let same = if first == second { own / n } else { 0.0 };
                self.variance[first * self.count + second] +=
                    weight * weight * spread * (same - own * other / (n * n));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_group_cannot_be_compared() {
        let all = [Observation::new(1.0, true), Observation::new(2.0, false)];
        assert_eq!(log_rank(&all, &[0, 0], 1, &[], Weight::Equal).test, None);
        assert_eq!(log_rank(&[], &[], 2, &[], Weight::Equal).test, None);
    }

    #[test]
    fn observed_and_expected_have_the_same_sum() {
        let all: Vec<Observation> =
            (1..=9_u8).map(|day| Observation::new(f64::from(day % 5), day % 3 != 0)).collect();
        let groups = [0, 1, 2, 0, 1, 2, 0, 1, 2];
        for weight in [Weight::Equal, Weight::Early] {
            let found = log_rank(&all, &groups, 3, &[1, 1, 1, 1, 2, 2, 2, 2, 2], weight);
            let sum = |values: &[f64]| values.iter().sum::<f64>();
            assert!((sum(&found.observed) - sum(&found.expected)).abs() < 1e-12);
        }
    }

    #[test]
    fn swapping_the_groups_changes_no_statistic() {
        let all: Vec<Observation> =
            (0..12_u8).map(|day| Observation::new(f64::from(day), day % 4 != 1)).collect();
        let groups: Vec<usize> = (0..12).map(|row| usize::from(row % 3 == 0)).collect();
        let turned: Vec<usize> = groups.iter().map(|group| 1 - group).collect();
        let one = log_rank(&all, &groups, 2, &[], Weight::Equal).test.unwrap();
        let two = log_rank(&all, &turned, 2, &[], Weight::Equal).test.unwrap();
        assert!((one.statistic - two.statistic).abs() < 1e-12);
    }
}
