//! Rates forced to rise with the dose: pool adjacent violators.
//!
//! Barlow, Bartholomew, Bremner and Brunk, Statistical Inference under Order Restrictions, 1972.

use crate::counts::DoseCounts;

/// The nearest rising sequence to (value, weight) pairs.
pub fn pooled(values: &[(f64, f64)]) -> Vec<f64> {
    let mut result = vec![0.0; values.len()];
    pool_into(values, &mut result);
    result
}

/// The nearest rising sequence, written into a slice of the same length.
pub(crate) fn pool_into(values: &[(f64, f64)], result: &mut [f64]) {
    let mut blocks: [(f64, f64, usize); 32] = [(0.0, 0.0, 0); 32];
    let mut longer;
    let blocks: &mut [(f64, f64, usize)] = if values.len() <= 32 {
        &mut blocks
    } else {
        longer = vec![(0.0, 0.0, 0); values.len()];
        &mut longer
    };
    let mut count = 0;
    for &(value, weight) in values {
        let mut block = (value, weight, 1);
        while count > 0 && blocks[count - 1].0 > block.0 {
            let (before, heavy, size) = blocks[count - 1];
            let sum = heavy + block.1;
            block = ((before * heavy + block.0 * block.1) / sum, sum, size + block.2);
            count -= 1;
        }
        blocks[count] = block;
        count += 1;
    }
    let mut place = 0;
    for &(value, _, size) in &blocks[..count] {
        result[place..place + size].fill(value);
        place += size;
    }
}

/// The posterior mean of a DLT rate under Beta(prior, prior), and the inverse of its variance.
pub(crate) fn estimate(dose: DoseCounts, prior: f64) -> (f64, f64) {
    let (n, y) = (f64::from(dose.evaluable), f64::from(dose.dlts));
    let total = n + 2.0 * prior;
    let (hits, misses) = (y + prior, n - y + prior);
    let variance = hits * misses / (total * total * (total + 1.0));
    (hits / total, 1.0 / variance)
}

/// The isotonic estimates at the doses below `open` that have evaluable patients, by inverse
/// variance under Beta(prior, prior).
pub fn estimates(doses: &[DoseCounts], open: usize, prior: f64) -> Vec<Option<f64>> {
    let open = open.min(doses.len());
    let levels: Vec<usize> = (0..open).filter(|&level| doses[level].evaluable > 0).collect();
    let blocks: Vec<(f64, f64)> = levels.iter().map(|&at| estimate(doses[at], prior)).collect();
    let mut result = vec![None; doses.len()];
    for (level, rate) in levels.into_iter().zip(pooled(&blocks)) {
        result[level] = Some(rate);
    }
    result
}

/// The dose whose isotonic estimate under Beta(0.05, 0.05) is nearest to the target, among tried
/// doses below `open` with an estimate of at most `limit`.
///
/// In a block of equal estimates the highest dose wins below the target, the lowest above it.
pub(crate) fn nearest(doses: &[DoseCounts], open: usize, target: f64, limit: f64) -> Option<usize> {
    let mut blocks = [(0.0, 0.0); 32];
    let mut levels = [0; 32];
    let mut rates = [0.0; 32];
    let mut count = 0;
    for (level, &dose) in doses.iter().enumerate().take(open.min(32)) {
        if dose.evaluable > 0 {
            blocks[count] = estimate(dose, 0.05);
            levels[count] = level;
            count += 1;
        }
    }
    pool_into(&blocks[..count], &mut rates[..count]);
    let mut nearest: Option<(usize, f64)> = None;
    for (place, (&rate, &level)) in rates[..count].iter().zip(&levels).enumerate() {
        // Equal estimates are told apart by a shift that grows with the dose.
        let rate = rate + (place + 1) as f64 * 1e-10;
        let distance = (rate - target).abs();
        if rate <= limit && nearest.is_none_or(|(_, least)| distance < least) {
            nearest = Some((level, distance));
        }
    }
    nearest.map(|(level, _)| level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_that_fall_are_pooled() {
        let rates = pooled(&[(0.1, 1.0), (0.4, 1.0), (0.2, 3.0), (0.5, 1.0)]);
        assert!((rates[1] - 0.25).abs() < 1e-15 && (rates[2] - 0.25).abs() < 1e-15, "{rates:?}");
        let falling: Vec<(f64, f64)> =
            (0..40).map(|place| (40.0 - f64::from(place), 1.0)).collect();
        assert!(pooled(&falling).iter().all(|rate| (rate - 20.5).abs() < 1e-12));
    }

    #[test]
    fn in_a_pooled_block_the_side_of_the_target_decides() {
        let low = [DoseCounts::of(6, 1), DoseCounts::of(6, 0)];
        assert_eq!(nearest(&low, 2, 0.3, 1.0), Some(1));
        let high = [DoseCounts::of(6, 3), DoseCounts::of(6, 3)];
        assert_eq!(nearest(&high, 2, 0.3, 1.0), Some(0));
        assert_eq!(nearest(&high, 2, 0.3, 0.35), None);
    }
}
