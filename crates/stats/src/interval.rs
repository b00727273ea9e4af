//! Intervals for a proportion: exact, score, Bayesian, one-sided, and for a difference.
//!
//! Clopper and Pearson, Biometrika 1934;26:404-413; Wilson, J Am Stat Assoc 1927;22:209-212;
//! Brown et al., Stat Sci 2001;16:101-133; Newcombe, Stat Med 1998;17:873-890.

use crate::math::{ln, ln_1p};
use crate::special::{beta_quantile, normal_quantile};

/// The exact two-sided interval for `x` of `n` at a confidence level such as 0.95.
pub fn clopper_pearson(x: u32, n: u32, level: f64) -> (f64, f64) {
    let tail = 0.5 * (1.0 - level);
    let Counts { hits, misses } = Counts::new(x, n);
    let lower = if x == 0 { 0.0 } else { beta_quantile(tail, hits, misses + 1.0) };
    let upper = if x == n { 1.0 } else { beta_quantile(1.0 - tail, hits + 1.0, misses) };
    (lower, upper)
}

/// Wilson's score interval, without continuity correction.
pub fn wilson(x: u32, n: u32, level: f64) -> (f64, f64) {
    let Counts { hits, misses } = Counts::new(x, n);
    if n == 0 {
        return (0.0, 1.0);
    }
    let n = hits + misses;
    let z = normal_quantile(0.5 + 0.5 * level);
    let centre = hits + 0.5 * z * z;
    let half = z * (hits * misses / n + 0.25 * z * z).sqrt();
    let lower = if hits > 0.0 { (centre - half) / (n + z * z) } else { 0.0 };
    let upper = if misses > 0.0 { (centre + half) / (n + z * z) } else { 1.0 };
    (lower, upper)
}

/// Wilson's score interval with continuity correction; its ends are 0 at x = 0 and 1 at x = n.
pub fn wilson_corrected(x: u32, n: u32, level: f64) -> (f64, f64) {
    let Counts { hits, misses } = Counts::new(x, n);
    if n == 0 {
        return (0.0, 1.0);
    }
    let (n, z) = (hits + misses, normal_quantile(0.5 + 0.5 * level));
    let (share, rest) = (hits / n, misses / n);
    let (square, twice) = (z * z, 2.0 * (n + z * z));
    let down = (square - 2.0 - 1.0 / n + 4.0 * share * (n * rest + 1.0)).max(0.0).sqrt();
    let up = (square + 2.0 - 1.0 / n + 4.0 * share * (n * rest - 1.0)).max(0.0).sqrt();
    let lower = if x == 0 { 0.0 } else { (2.0 * hits + square - 1.0 - z * down) / twice };
    let upper = if misses > 0.0 { (2.0 * hits + square + 1.0 + z * up) / twice } else { 1.0 };
    (lower.max(0.0), upper.min(1.0))
}

/// The interval of Agresti and Coull (Am Stat 1998;52:119-126), cut at 0 and 1.
pub fn agresti_coull(x: u32, n: u32, level: f64) -> (f64, f64) {
    let Counts { hits, misses } = Counts::new(x, n);
    if n == 0 {
        return (0.0, 1.0);
    }
    let z = normal_quantile(0.5 + 0.5 * level);
    let total = hits + misses + z * z;
    let share = (hits + 0.5 * z * z) / total;
    let half = z * (share * (1.0 - share) / total).sqrt();
    ((share - half).max(0.0), (share + half).min(1.0))
}

/// The equal-tailed interval under Jeffreys' prior; its ends are 0 at x = 0 and 1 at x = n.
pub fn jeffreys(x: u32, n: u32, level: f64) -> (f64, f64) {
    let tail = 0.5 * (1.0 - level);
    let Counts { hits, misses } = Counts::new(x, n);
    let lower = if x == 0 { 0.0 } else { beta_quantile(tail, hits + 0.5, misses + 0.5) };
    let upper = if x == n { 1.0 } else { beta_quantile(1.0 - tail, hits + 0.5, misses + 0.5) };
    (lower, upper)
}

/// Newcombe's hybrid score interval for the first proportion minus the second.
pub fn newcombe_difference(first: (u32, u32), second: (u32, u32), level: f64) -> (f64, f64) {
    let (first_lower, first_upper) = wilson(first.0, first.1, level);
    let (second_lower, second_upper) = wilson(second.0, second.1, level);
    if first.1 == 0 || second.1 == 0 {
        return (-1.0, 1.0);
    }
    let first = f64::from(first.0) / f64::from(first.1);
    let second = f64::from(second.0) / f64::from(second.1);
    let root = |x: f64, y: f64| (x * x + y * y).sqrt();
    let down = root(first - first_lower, second_upper - second);
    let up = root(first_upper - first, second - second_lower);
    (first - second - down, first - second + up)
}

/// The exact one-sided upper confidence bound for `x` of `n`.
pub fn upper_bound_one_sided(x: u32, n: u32, level: f64) -> f64 {
    let Counts { hits, misses } = Counts::new(x, n);
    if x == n { 1.0 } else { beta_quantile(level, hits + 1.0, misses) }
}

/// The exact one-sided lower confidence bound for `x` of `n`.
pub fn lower_bound_one_sided(x: u32, n: u32, level: f64) -> f64 {
    let Counts { hits, misses } = Counts::new(x, n);
    if x == 0 { 0.0 } else { beta_quantile(1.0 - level, hits, misses + 1.0) }
}

/// The upper posterior limit for `x` of `n` under a Beta prior: (1, 1) uniform, (0.5, 0.5) Jeffreys.
pub fn posterior_upper(x: u32, n: u32, prior: (f64, f64), level: f64) -> f64 {
    let Counts { hits, misses } = Counts::new(x, n);
    beta_quantile(level, prior.0 + hits, prior.1 + misses)
}

/// The equal-tailed posterior interval for `x` of `n` under a Beta prior.
pub fn posterior_interval(x: u32, n: u32, prior: (f64, f64), level: f64) -> (f64, f64) {
    let tail = 0.5 * (1.0 - level);
    let Counts { hits, misses } = Counts::new(x, n);
    let (a, b) = (prior.0 + hits, prior.1 + misses);
    (beta_quantile(tail, a, b), beta_quantile(1.0 - tail, a, b))
}

/// How many patients without the event are needed before the one-sided upper bound is at most
/// `limit`; `None` where no number does.
pub fn patients_to_rule_out(limit: f64, level: f64) -> Option<u32> {
    if !(limit > 0.0 && limit < 1.0 && level > 0.0 && level < 1.0) {
        return None;
    }
    // 0 of n: the bound is 1 - (1 - level)^(1/n). The margin keeps an exact case exact.
    let patients = ln(1.0 - level) / ln_1p(-limit);
    Some((patients - 1e-9).ceil() as u32)
}

/// Patients with and without the event.
struct Counts {
    hits: f64,
    misses: f64,
}

impl Counts {
    fn new(x: u32, n: u32) -> Self {
        assert!(x <= n, "{x} patients with the event among {n}");
        Self { hits: f64::from(x), misses: f64::from(n - x) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_event_in_five_patients_says_little() {
        // 1 - 0.05^(1/5), 1 - 0.05^(1/6), and the Jeffreys limit printed in three digits.
        assert!((upper_bound_one_sided(0, 5, 0.95) - 0.450_719_728).abs() < 1e-9);
        assert!((posterior_upper(0, 5, (1.0, 1.0), 0.95) - 0.393_037_769).abs() < 1e-9);
        assert!((posterior_upper(0, 5, (0.5, 0.5), 0.95) - 0.306).abs() < 5e-4);
    }

    #[test]
    fn ruling_out_a_rate_takes_many_patients() {
        assert_eq!(patients_to_rule_out(0.10, 0.95), Some(29));
        assert_eq!(patients_to_rule_out(0.20, 0.95), Some(14));
        assert_eq!(patients_to_rule_out(0.5, 0.75), Some(2));
        assert_eq!(patients_to_rule_out(0.0, 0.95), None);
    }

    #[test]
    fn nobody_treated_excludes_nothing() {
        assert_eq!(clopper_pearson(0, 0, 0.95), (0.0, 1.0));
        assert_eq!(wilson(0, 0, 0.95), (0.0, 1.0));
        assert_eq!(jeffreys(0, 0, 0.95), (0.0, 1.0));
        assert_eq!(newcombe_difference((0, 0), (1, 2), 0.95), (-1.0, 1.0));
    }

    #[test]
    fn the_difference_agrees_with_the_published_example() {
        // Newcombe 1998, table II, method 10: 56/70 - 48/80 gives 0.0524 to 0.3339.
        let (lower, upper) = newcombe_difference((56, 70), (48, 80), 0.95);
        assert!((lower - 0.0524).abs() < 5e-5 && (upper - 0.3339).abs() < 5e-5, "{lower} {upper}");
    }
}
