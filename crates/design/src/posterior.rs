//! Posterior probabilities of a rate under a Beta prior.

use stats::special::beta_cdf;

/// The probability that a rate exceeds a limit, after `hits` of `patients`, under Beta(1, 1).
pub fn exceeds(hits: u32, patients: u32, limit: f64) -> f64 {
    exceeds_with((1.0, 1.0), hits, patients, limit)
}

/// The probability that a rate exceeds a limit, after `hits` of `patients`, under a Beta prior.
pub fn exceeds_with((a, b): (f64, f64), hits: u32, patients: u32, limit: f64) -> f64 {
    let misses = f64::from(patients - hits);
    // The upper tail, taken as a lower tail of its mirror image.
    beta_cdf(1.0 - limit, b + misses, a + f64::from(hits))
}

/// The least number of hits with which the posterior probability under a Beta prior that a rate
/// exceeds a limit is above a cut-off; `None` if no number does.
pub fn least_hits_above(prior: (f64, f64), patients: u32, limit: f64, cutoff: f64) -> Option<u32> {
    // The probability rises with the hits.
    let is_above = |hits: u32| exceeds_with(prior, hits, patients, limit) > cutoff;
    if !is_above(patients) {
        return None;
    }
    let (mut low, mut high) = (0, patients);
    while low < high {
        let middle = u32::midpoint(low, high);
        if is_above(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_dlts_in_three_exceed_30_per_cent() {
        // 1 - 0.3^4 and 1 - 0.3^4 - 4 * 0.7 * 0.3^3.
        assert!((exceeds(3, 3, 0.3) - 0.9919).abs() < 1e-12);
        assert!((exceeds(2, 3, 0.3) - 0.9163).abs() < 1e-12);
        assert_eq!(least_hits_above((1.0, 1.0), 3, 0.3, 0.95), Some(3));
        assert_eq!(least_hits_above((1.0, 1.0), 1, 0.3, 0.95), None);
    }
}
