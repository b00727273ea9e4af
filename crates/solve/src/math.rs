//! exp, ln and pow without branches or tables, so that a loop over lanes becomes vectors.
//!
//! Argument reduction and polynomial; ln after Sun's fdlibm `e_log.c`. Fused multiply-add is
//! written out, so every machine and every vector width gives the same bits.

#![allow(clippy::needless_bitwise_bool, reason = "lanes are computed without branches")]

/// Adding this rounds to a whole number and leaves that number in the low bits.
pub(crate) const ROUND: f64 = 6_755_399_441_055_744.0; // 1.5 x 2^52
pub(crate) const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
pub(crate) const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// Taylor series of (e^r - 1 - r)/r^2 from r^11 down: the next term is below 5e-18 for |r| <= ln(2)/2.
pub(crate) const EXP_SERIES: [f64; 12] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
];
/// Series of the logarithm in z, from z^6 down.
pub(crate) const LN_SERIES: [f64; 7] = [
    1.479_819_860_511_658_6e-1,
    1.531_383_769_920_937_3e-1,
    1.818_357_216_161_805e-1,
    2.222_219_843_214_978_4e-1,
    2.857_142_874_366_239e-1,
    3.999_999_999_940_942e-1,
    6.666_666_666_666_735e-1,
];

/// e to the x; within 2 units in the last place.
#[inline(always)]
#[expect(clippy::inline_always, reason = "must be compiled into each vector loop")]
pub(crate) fn exp(x: f64) -> f64 {
    let x = if x > 750.0 { 750.0 } else { x };
    let x = if x < -750.0 { -750.0 } else { x };
    let k = x.mul_add(std::f64::consts::LOG2_E, ROUND) - ROUND;
    let r = (-k).mul_add(LN_2_LOW, (-k).mul_add(LN_2_HIGH, x));
    let p = exp_series(r).mul_add(r * r, r) + 1.0;
    // 2^k in two factors, so that results near overflow and below the normal range come out.
    let half = k.mul_add(0.5, ROUND);
    let rest = (k - (half - ROUND)) + ROUND;
    p * power_of_two(half) * power_of_two(rest)
}

/// The series in pairs, then pairs of pairs (Estrin, Western Joint Computer Conference 1960:33-40): a
/// processor computes them beside each other, where each step of Horner's rule waits for the one before.
#[inline(always)]
#[expect(clippy::inline_always, reason = "must be compiled into each vector loop")]
fn exp_series(r: f64) -> f64 {
    let c = &EXP_SERIES;
    let square = r * r;
    let quarter = |at: usize| {
        let (high, low) = (c[at].mul_add(r, c[at + 1]), c[at + 2].mul_add(r, c[at + 3]));
        high.mul_add(square, low)
    };
    let fourth = square * square;
    quarter(0).mul_add(fourth, quarter(4)).mul_add(fourth, quarter(8))
}

/// As [`exp_series`].
#[inline(always)]
#[expect(clippy::inline_always, reason = "must be compiled into each vector loop")]
fn ln_series(z: f64) -> f64 {
    let c = &LN_SERIES;
    let square = z * z;
    let high = c[0].mul_add(square, c[1].mul_add(z, c[2]));
    let low = c[3].mul_add(z, c[4]).mul_add(square, c[5].mul_add(z, c[6]));
    high.mul_add(square * square, low)
}

/// Two to the whole number that `rounded` holds in its low bits.
#[inline(always)]
#[expect(clippy::inline_always, reason = "must be compiled into each vector loop")]
fn power_of_two(rounded: f64) -> f64 {
    f64::from_bits(rounded.to_bits().wrapping_add(1023) << 52)
}

/// Natural logarithm; within 1 unit in the last place.
#[inline(always)]
#[expect(clippy::many_single_char_names, reason = "the letters of e_log.c")]
pub(crate) fn ln(x: f64) -> f64 {
    const SQRT_HALF: u64 = 0x3FE6_A09E_667F_3BCD;
    const ONE: u64 = 1023 << 52;
    let small = x < f64::MIN_POSITIVE;
    let bits = (if small { x * 18_014_398_509_481_984.0 } else { x }).to_bits(); // x 2^54
    let shifted = bits.wrapping_sub(SQRT_HALF).wrapping_add(ONE);
    let exponent = shifted >> 52;
    // exponent as a number, by placing it behind 2^52
    let k = f64::from_bits(exponent | 0x4330_0000_0000_0000) - 4_503_599_627_370_496.0 - 1023.0;
    let k = if small { k - 54.0 } else { k };
    let f = f64::from_bits(bits.wrapping_sub((exponent << 52).wrapping_sub(ONE))) - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let half_square = 0.5 * f * f;
    let tail = s.mul_add(ln_series(z).mul_add(z, half_square), k * LN_2_LOW);
    let value = k.mul_add(LN_2_HIGH, (tail - half_square) + f);
    let value = if x == f64::INFINITY { x } else { value };
    let value = if x == 0.0 { f64::NEG_INFINITY } else { value };
    if x >= 0.0 { value } else { f64::NAN }
}

/// x to the power y. A negative base needs a whole exponent. The relative error grows with
/// |y ln x|: about 1e-16 per unit.
#[inline(always)]
#[expect(clippy::inline_always, reason = "must be compiled into each vector loop")]
#[expect(clippy::float_cmp, reason = "exact special cases")]
pub(crate) fn pow(x: f64, y: f64) -> f64 {
    let magnitude = exp(y * ln(x.abs()));
    let whole = y.abs() >= 9_007_199_254_740_992.0 || (y + ROUND) - ROUND == y;
    let half = 0.5 * y;
    let odd = whole && y.abs() < 9_007_199_254_740_992.0 && (half + ROUND) - ROUND != half;
    let negative = if odd { -magnitude } else { magnitude };
    let below = if whole { negative } else { f64::NAN };
    let value = if x < 0.0 { below } else { magnitude };
    let value = if y == 1.0 { x } else { value };
    if (y == 0.0) | (x == 1.0) { 1.0 } else { value }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact special cases")]
mod tests {
    use super::*;

    /// Distance in units of the last place, roughly.
    fn ulps(got: f64, want: f64) -> f64 {
        if got == want { 0.0 } else { ((got - want) / (want * f64::EPSILON)).abs() }
    }

    #[test]
    fn exp_agrees_with_libm() {
        let worst = (0..400_000)
            .map(|i| -700.0 + f64::from(i) * 0.0035)
            .map(|x| ulps(exp(x), libm::exp(x)))
            .fold(0.0, f64::max);
        assert!(worst < 2.5, "worst deviation {worst} units");
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(f64::NEG_INFINITY), 0.0);
        assert_eq!(exp(800.0), f64::INFINITY);
        assert!(exp(f64::NAN).is_nan());
        assert!((exp(-740.0) / libm::exp(-740.0) - 1.0).abs() < 0.01, "below the normal range");
    }

    #[test]
    fn ln_agrees_with_libm() {
        let mut x = 3e-320_f64;
        while x < 1e300 {
            assert!(ulps(ln(x), libm::log(x)) < 1.5, "ln({x}) = {}", ln(x));
            x *= 1.0137;
        }
        for i in 1..100_000 {
            let x = f64::from(i) * 3e-5;
            assert!((ln(x) - libm::log(x)).abs() <= 2.5e-16 * libm::log(x).abs().max(0.5e-3));
        }
        assert_eq!(ln(0.0), f64::NEG_INFINITY);
        assert_eq!(ln(1.0), 0.0);
        assert_eq!(ln(f64::INFINITY), f64::INFINITY);
        assert!(ln(-1.0).is_nan() && ln(f64::NAN).is_nan());
    }

    #[test]
    fn pow_agrees_with_libm() {
        for i in 1..500 {
            for j in -40..40 {
                let (x, y) = (f64::from(i) * 0.037, f64::from(j) * 0.21);
                let want = libm::pow(x, y);
                assert!((pow(x, y) / want - 1.0).abs() < 2e-14, "pow({x}, {y})");
            }
        }
        assert_eq!(pow(0.0, 2.0), 0.0);
        assert_eq!(pow(0.0, 0.0), 1.0);
        assert_eq!(pow(0.0, -1.0), f64::INFINITY);
        assert!((pow(-2.0, 3.0) + 8.0).abs() < 1e-14 && (pow(-2.0, 2.0) - 4.0).abs() < 1e-14);
        assert!(pow(-2.0, 0.5).is_nan());
        assert_eq!(pow(-1e-20, 1.0), -1e-20);
    }
}
