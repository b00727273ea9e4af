//! The probabilities of what a cohort can bring.

/// The binomial probabilities of 0 to `patients` events.
pub fn binomial(patients: u32, rate: f64) -> Vec<f64> {
    let mut ways = 1.0;
    let mut result = Vec::with_capacity(patients as usize + 1);
    for events in 0..=patients {
        let rest = patients - events;
        result.push(ways * whole_power(rate, events) * whole_power(1.0 - rate, rest));
        ways *= f64::from(rest) / f64::from(events + 1);
    }
    result
}

/// The outcomes of a cohort by cells (such as neither, response, DLT, both) with their probabilities;
/// those that cannot be are left out.
pub fn multinomial<const CELLS: usize>(
    patients: u32,
    cells: [f64; CELLS],
) -> Vec<([u32; CELLS], f64)> {
    let mut result = Vec::new();
    share_out(patients, CELLS - 1, &mut [0; CELLS], &mut |counts| {
        let mut share = ways(counts);
        for (count, cell) in counts.into_iter().zip(cells) {
            share *= whole_power(cell, count);
        }
        if share > 0.0 {
            result.push((counts, share));
        }
    });
    result
}

/// Every way to put patients into the cells up to one of them.
fn share_out<const CELLS: usize>(
    patients: u32,
    last: usize,
    counts: &mut [u32; CELLS],
    found: &mut impl FnMut([u32; CELLS]),
) {
    if last == 0 {
        counts[0] = patients;
        found(*counts);
        return;
    }
    for here in 0..=patients {
        counts[last] = here;
        share_out(patients - here, last - 1, counts, found);
    }
}

/// In how many orders the outcomes can come.
fn ways<const CELLS: usize>(counts: [u32; CELLS]) -> f64 {
    let mut ways = 1.0;
    let mut total = 0;
    for count in counts {
        for one in 1..=count {
            total += 1;
            ways *= f64::from(total) / f64::from(one);
        }
    }
    ways
}

/// A whole power; 0 to the power 0 is 1.
pub(crate) fn whole_power(base: f64, exponent: u32) -> f64 {
    let (mut product, mut square, mut left) = (1.0, base, exponent);
    while left > 0 {
        if left % 2 == 1 {
            product *= square;
        }
        square *= square;
        left /= 2;
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_add_up_to_one() {
        for rate in [0.0, 0.05, 0.3, 1.0] {
            assert!((binomial(12, rate).iter().sum::<f64>() - 1.0).abs() < 1e-14);
        }
        let all = multinomial(3, [0.4, 0.3, 0.2, 0.1]);
        assert_eq!(all.len(), 20);
        assert!((all.iter().map(|one| one.1).sum::<f64>() - 1.0).abs() < 1e-14);
        // Two with a DLT alone and one with a response alone: 3 orders.
        let one = all.iter().find(|one| one.0 == [0, 1, 2, 0]).unwrap();
        assert!((one.1 - 3.0 * 0.3 * 0.04).abs() < 1e-15);
    }
}
