//! Coefficients of the pair: Tsitouras, Comput Math Appl 2011;62:770-775.

/// The times of the stages, the first (0) left out.
pub(super) const NODES: [f64; 5] = [0.161, 0.327, 0.9, 0.980_025_540_904_509_7, 1.0];
/// Weights of the stages.
const A2: [f64; 1] = [0.161];
const A3: [f64; 2] = [-0.008_480_655_492_356_989, 0.335_480_655_492_357];
const A4: [f64; 3] = [2.897_153_057_105_493_5, -6.359_448_489_975_075, 4.362_295_432_869_581_5];
const A5: [f64; 4] = [
    5.325_864_828_439_257,
    -11.748_883_564_062_828,
    7.495_539_342_889_836_5,
    -0.092_495_066_361_755_25,
];
const A6: [f64; 5] = [
    5.861_455_442_946_42,
    -12.920_969_317_847_11,
    8.159_367_898_576_159,
    -0.071_584_973_281_401,
    -0.028_269_050_394_068_383,
];
const A7: [f64; 6] = [
    0.096_460_766_818_065_23,
    0.01,
    0.479_889_650_414_499_6,
    1.379_008_574_103_742,
    -3.290_069_515_436_081,
    2.324_710_524_099_774,
];
/// The rows of weights: for each stage after the first, then of the values at the end.
pub(super) const ROWS: [&[f64]; 6] = [&A2, &A3, &A4, &A5, &A6, &A7];
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

/// Polynomials of the interpolant, the highest power first: the first weight is x times its
/// polynomial at a share x of the step, the others are x squared times theirs.
pub(super) const INTERIOR: [&[f64]; 7] = [
    &[-1.053_088_497_729_021_6, 2.913_255_461_821_912_6, -2.763_706_197_274_826, 1.0],
    &[0.1017, -0.2234, 0.1317],
    &[2.490_627_285_651_253, -5.941_033_872_131_506, 3.930_296_236_897_66],
    &[-16.548_102_889_244_902, 30.338_188_630_282_32, -12.411_077_166_933_676],
    &[47.379_521_962_819_28, -88.178_904_894_766_4, 37.509_313_416_511_04],
    &[-34.870_657_861_496_61, 65.091_894_674_793_68, -27.896_526_289_197_286],
    &[2.5, -4.0, 1.5],
];

/// Weights of the seven rates at a share `x` of the step, over the step.
pub(super) fn interior(x: f64) -> [f64; 7] {
    let mut weights = [x * x; 7];
    weights[0] = x;
    for (weight, coefficients) in weights.iter_mut().zip(INTERIOR) {
        *weight *= coefficients[1..].iter().fold(coefficients[0], |sum, c| sum * x + c);
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coefficients_satisfy_the_order_conditions() {
        let rows = ROWS;
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

    /// Sums of the weights times powers of the nodes: the order of the interpolant.
    #[test]
    fn the_interpolant_meets_the_conditions_of_its_order() {
        for i in 0..=20 {
            let x = f64::from(i) / 20.0;
            let weights = interior(x);
            let nodes: Vec<f64> =
                std::iter::once(0.0).chain(NODES).chain([1.0, 1.0]).take(7).collect();
            for power in 0..4 {
                let sum: f64 = weights.iter().zip(&nodes).map(|(w, c)| w * c.powi(power)).sum();
                let want = x.powi(power + 1) / f64::from(power + 1);
                assert!((sum - want).abs() < 1e-11, "power {power} at {x}: {sum} {want}");
            }
            for (weight, want) in interior(1.0).iter().zip(A7.iter().chain(&[0.0])) {
                assert!((weight - want).abs() < 1e-11, "{weight} {want}, printed to 12 digits");
            }
        }
    }
}
