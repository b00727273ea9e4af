//! Coefficients of the pair: Tsitouras, Comput Math Appl 2011;62:770-775.

/// The times of the stages, the first (0) left out.
pub(super) const NODES: [f64; 5] = [0.161, 0.327, 0.9, 0.980_025_540_904_509_7, 1.0];
/// Weights of the stages.
pub(super) const A2: [f64; 1] = [0.161];
pub(super) const A3: [f64; 2] = [-0.008_480_655_492_356_989, 0.335_480_655_492_357];
pub(super) const A4: [f64; 3] =
    [2.897_153_057_105_493_5, -6.359_448_489_975_075, 4.362_295_432_869_581_5];
pub(super) const A5: [f64; 4] = [
    5.325_864_828_439_257,
    -11.748_883_564_062_828,
    7.495_539_342_889_836_5,
    -0.092_495_066_361_755_25,
];
pub(super) const A6: [f64; 5] = [
    5.861_455_442_946_42,
    -12.920_969_317_847_11,
    8.159_367_898_576_159,
    -0.071_584_973_281_401,
    -0.028_269_050_394_068_383,
];
pub(super) const A7: [f64; 6] = [
    0.096_460_766_818_065_23,
    0.01,
    0.479_889_650_414_499_6,
    1.379_008_574_103_742,
    -3.290_069_515_436_081,
    2.324_710_524_099_774,
];
/// Weights of order 5 less those of order 4.
pub(super) const ERROR: [f64; 7] = [
    -0.001_780_011_052_225_777,
    -0.000_816_434_459_656_746_9,
    0.007_880_878_010_261_995,
    -0.144_711_007_173_262_9,
    0.582_357_165_452_555_2,
    -0.458_082_105_929_186_97,
    1.0 / 66.0,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coefficients_satisfy_the_order_conditions() {
        let rows: [&[f64]; 6] = [&A2, &A3, &A4, &A5, &A6, &A7];
        let mut c = vec![0.0];
        c.extend(NODES);
        c.push(1.0);
        for (row, node) in rows.iter().zip(&c[1..]) {
            assert!((row.iter().sum::<f64>() - node).abs() < 1e-14, "row sum {node}");
        }
        for power in 1..5 {
            let moment: f64 = A7.iter().zip(&c).map(|(b, c)| b * c.powi(power)).sum();
            assert!((moment - 1.0 / f64::from(power + 1)).abs() < 1e-14, "order {}", power + 1);
        }
        for power in 0..4 {
            let moment: f64 = ERROR.iter().zip(&c).map(|(b, c)| b * c.powi(power)).sum();
            assert!(moment.abs() < 1e-14, "the error estimate has order 4: {power} {moment}");
        }
        // b A c and b A c^2, order conditions of trees with two levels
        for (power, want) in [(1, 1.0 / 6.0), (2, 1.0 / 12.0), (3, 1.0 / 20.0)] {
            let mut moment = 0.0;
            for (i, b) in A7.iter().enumerate().skip(1) {
                let inner: f64 = rows[i - 1].iter().zip(&c).map(|(a, c)| a * c.powi(power)).sum();
                moment += b * inner;
            }
            assert!((moment - want).abs() < 1e-14, "tree {power}: {moment}");
        }
    }
}
