//! Normal, gamma and beta functions: the one place that chooses an implementation.
//!
//! Everything here stands on [`crate::math`], so results have the same bits on every machine.
//! `golden/stats/special.csv` holds values of an independent library.

use crate::math::{each, exp, ln, ln_1p, ln_of_eight};

/// The standard normal distribution function.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// The standard normal density.
pub fn normal_density(x: f64) -> f64 {
    // 1 / sqrt(2 pi)
    0.398_942_280_401_432_7 * exp(-0.5 * x * x)
}

/// The standard normal quantile, good to about 1e-15; infinite at 0 and 1.
///
/// Wichura, Appl Stat 1988;37:477-484 (algorithm AS 241, `PPND16`).
#[inline]
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * ratio(r, &CENTRE);
    }
    let size = normal_quantile_of_tail(if q < 0.0 { p } else { 1.0 - p });
    if q < 0.0 { -size } else { size }
}

/// [`normal_quantile`] of eight probabilities at once, none smaller than half the distance between
/// two numbers just above 1, and none nearer to 1.
#[inline(always)]
#[expect(clippy::inline_always, reason = "must be compiled for each set of vector instructions")]
pub(crate) fn normal_quantile_of_eight(p: &[f64; 8]) -> [f64; 8] {
    let q = each(|k| p[k] - 0.5);
    let middle = ratio_of_eight(&each(|k| 0.180_625 - q[k] * q[k]), &CENTRE);
    let middle = each(|k| q[k] * middle[k]);
    let logarithm = ln_of_eight(&each(|k| if q[k] < 0.0 { p[k] } else { 1.0 - p[k] }));
    let r = each(|k| (-logarithm[k]).sqrt());
    let size = ratio_of_eight(&each(|k| r[k] - 1.6), &MIDDLE);
    let tail = each(|k| if q[k] < 0.0 { -size[k] } else { size[k] });
    let mut z = each(|k| if q[k].abs() <= 0.425 { middle[k] } else { tail[k] });
    let is_far = each(|k| r[k] > 5.0);
    if is_far.contains(&true) {
        for k in 0..8 {
            z[k] = normal_quantile(p[k]);
        }
    }
    z
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "must be compiled for each set of vector instructions")]
fn ratio_of_eight(x: &[f64; 8], (above, below): &Ratio) -> [f64; 8] {
    let (mut top, mut bottom) = ([0.0; 8], [0.0; 8]);
    for (&a, &b) in above.iter().zip(below).rev() {
        top = each(|k| top[k] * x[k] + a);
        bottom = each(|k| bottom[k] * x[k] + b);
    }
    each(|k| top[k] / bottom[k])
}

/// The distance from zero beyond which a tail below 0.075 lies.
fn normal_quantile_of_tail(tail: f64) -> f64 {
    if tail == 0.0 {
        return f64::INFINITY;
    }
    let r = (-ln(tail)).sqrt();
    if r <= 5.0 { ratio(r - 1.6, &MIDDLE) } else { ratio(r - 5.0, &FAR) }
}

/// Numerator and denominator of a rational function, lowest power first.
type Ratio = ([f64; 8], [f64; 8]);

#[inline(always)]
#[expect(clippy::inline_always, reason = "must be compiled for each set of vector instructions")]
fn ratio(x: f64, (above, below): &Ratio) -> f64 {
    horner(x, above) / horner(x, below)
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "must be compiled for each set of vector instructions")]
fn horner(x: f64, coefficients: &[f64; 8]) -> f64 {
    let mut sum = 0.0;
    for &coefficient in coefficients.iter().rev() {
        sum = sum * x + coefficient;
    }
    sum
}

#[allow(clippy::excessive_precision, reason = "digits as published")]
const CENTRE: Ratio = (
    [
        3.387_132_872_796_366_608,
        133.141_667_891_784_377_45,
        1_971.590_950_306_551_442_7,
        13_731.693_765_509_461_125,
        45_921.953_931_549_871_457,
        67_265.770_927_008_700_853,
        33_430.575_583_588_128_105,
        2_509.080_928_730_122_672_7,
    ],
    [
        1.0,
        42.313_330_701_600_911_252,
        687.187_007_492_057_908_3,
        5_394.196_021_424_751_107_7,
        21_213.794_301_586_595_867,
        39_307.895_800_092_710_61,
        28_729.085_735_721_942_674,
        5_226.495_278_852_854_561,
    ],
);

#[allow(clippy::excessive_precision, reason = "digits as published")]
const MIDDLE: Ratio = (
    [
        1.423_437_110_749_683_577_34,
        4.630_337_846_156_545_295_9,
        5.769_497_221_460_691_405_5,
        3.647_848_324_763_204_605_04,
        1.270_458_252_452_368_382_58,
        0.241_780_725_177_450_611_77,
        0.022_723_844_989_269_184_583_3,
        7.745_450_142_783_414_076_4e-4,
    ],
    [
        1.0,
        2.053_191_626_637_758_821_87,
        1.676_384_830_183_803_849_4,
        0.689_767_334_985_100_004_55,
        0.148_103_976_427_480_074_59,
        0.015_198_666_563_616_457_196_6,
        5.475_938_084_995_344_946e-4,
        1.050_750_071_644_416_843_24e-9,
    ],
);

#[allow(clippy::excessive_precision, reason = "digits as published")]
const FAR: Ratio = (
    [
        6.657_904_643_501_103_777_2,
        5.463_784_911_164_114_369_9,
        1.784_826_539_917_291_335_8,
        0.296_560_571_828_504_891_23,
        0.026_532_189_526_576_123_093,
        0.001_242_660_947_388_078_438_6,
        2.711_555_568_743_487_578_15e-5,
        2.010_334_399_292_288_132_65e-7,
    ],
    [
        1.0,
        0.599_832_206_555_887_937_69,
        0.136_929_880_922_735_805_31,
        0.014_875_361_290_850_614_852_5,
        7.868_691_311_456_132_591e-4,
        1.846_318_317_510_054_681_8e-5,
        1.421_511_758_316_445_888_7e-7,
        2.044_263_103_389_939_785_64e-15,
    ],
);

/// The logarithm of the gamma function, for positive x.
///
/// Stirling's series (Abramowitz and Stegun 6.1.41) after moving up to at least 15.
pub fn ln_gamma(x: f64) -> f64 {
    let mut shift = 1.0;
    let mut at = x;
    while at < 15.0 {
        shift *= at;
        at += 1.0;
    }
    (at - 0.5) * ln(at) - at + HALF_LN_TWO_PI + stirling(at) - ln(shift)
}

/// Half the logarithm of two pi.
const HALF_LN_TWO_PI: f64 = 0.918_938_533_204_672_7;

/// The series in 1/x of Stirling's formula, for x of at least 15.
fn stirling(x: f64) -> f64 {
    const SERIES: [f64; 7] = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1_260.0,
        -1.0 / 1_680.0,
        1.0 / 1_188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
    ];
    let inverse = 1.0 / x;
    let square = inverse * inverse;
    inverse * SERIES.iter().rev().fold(0.0, |sum, &coefficient| sum * square + coefficient)
}

/// The gamma function, for positive x.
pub fn gamma(x: f64) -> f64 {
    exp(ln_gamma(x))
}

/// The probability that a chi-squared number with so many degrees of freedom is above `x`.
pub fn chi_square_tail(x: f64, freedom: usize) -> f64 {
    if x.is_nan() || freedom == 0 {
        return f64::NAN;
    }
    gamma_tail(0.5 * freedom as f64, 0.5 * x.max(0.0))
}

/// The regularised upper incomplete gamma function: a series below the mean, a continued fraction
/// (Lentz) above it.
fn gamma_tail(shape: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    if x.is_infinite() {
        return 0.0;
    }
    let front = exp(shape * ln(x) - x - ln_gamma(shape));
    if x < shape + 1.0 {
        let (mut term, mut sum, mut at) = (1.0 / shape, 1.0 / shape, shape);
        while term > sum * 1e-17 {
            at += 1.0;
            term *= x / at;
            sum += term;
        }
        return 1.0 - front * sum;
    }
    let away_from_zero = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut partial = x + 1.0 - shape;
    let (mut upper, mut lower) = (1e300, 1.0 / partial);
    let mut fraction = lower;
    for step in 1..10_000 {
        let step = f64::from(step);
        let factor = step * (shape - step);
        partial += 2.0;
        lower = 1.0 / away_from_zero(factor * lower + partial);
        upper = away_from_zero(partial + factor / upper);
        fraction *= lower * upper;
        if (lower * upper - 1.0).abs() < 1e-16 {
            break;
        }
    }
    front * fraction
}

/// The regularised incomplete beta function: the probability that Beta(a, b) is at most x.
pub fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    beta_tails(x, 1.0 - x, a, b).0
}

/// Both tails of Beta(a, b) at x, where `rest` is 1 - x.
///
/// Continued fraction 26.5.8 of Abramowitz and Stegun, from the side where it converges fast.
fn beta_tails(x: f64, rest: f64, a: f64, b: f64) -> (f64, f64) {
    if x.is_nan() || a.is_nan() || b.is_nan() || a <= 0.0 || b <= 0.0 {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if rest <= 0.0 {
        return (1.0, 0.0);
    }
    let log_x = if x < 0.5 { ln(x) } else { ln_1p(-rest) };
    let log_rest = if rest < 0.5 { ln(rest) } else { ln_1p(-x) };
    let front = exp(a * log_x + b * log_rest - ln_beta(a, b));
    if x <= (a + 1.0) / (a + b + 2.0) {
        let lower = (front * beta_fraction(x, a, b) / a).min(1.0);
        (lower, 1.0 - lower)
    } else {
        let upper = (front * beta_fraction(rest, b, a) / b).min(1.0);
        (1.0 - upper, upper)
    }
}

/// The logarithm of the beta function.
pub fn ln_beta(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    if large < 15.0 {
        return ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    }
    // ln gamma(large) - ln gamma(large + small) without the cancellation of large terms.
    let sum = large + small;
    let ratio = (large - 0.5) * ln_1p(-small / sum) - small * ln(sum) + small;
    ln_gamma(small) + ratio + (stirling(large) - stirling(sum))
}

/// The continued fraction of the incomplete beta function, by the modified Lentz method.
fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut above = 1.0;
    let mut below = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut value = below;
    // The number of terms grows with the root of the larger shape.
    let terms = 300 + (5.0 * a.max(b).sqrt()).min(1e6) as u32;
    for term in 1..terms {
        let m = f64::from(term);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        below = 1.0 / away_from_zero(1.0 + even * below);
        above = away_from_zero(1.0 + even / above);
        value *= above * below;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        below = 1.0 / away_from_zero(1.0 + odd * below);
        above = away_from_zero(1.0 + odd / above);
        let change = above * below;
        value *= change;
        if (change - 1.0).abs() < 1e-16 {
            break;
        }
    }
    value
}

/// The quantile of Beta(a, b): the x with `beta_cdf(x, a, b) == p`.
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    if p.is_nan() || a.is_nan() || b.is_nan() || a <= 0.0 || b <= 0.0 {
        return f64::NAN;
    }
    if p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return 1.0;
    }
    // Work on the side where the root lies below one half, so that tiny roots keep their digits.
    if beta_cdf(0.5, a, b) >= p {
        beta_root(p, 1.0 - p, a, b)
    } else {
        1.0 - beta_root(1.0 - p, p, b, a)
    }
}

/// The root below one half, by Newton steps on the logarithm of x kept inside a bracket.
fn beta_root(p: f64, upper_p: f64, a: f64, b: f64) -> f64 {
    let log_beta = ln_beta(a, b);
    // The leading term of the lower tail is x^a / (a B(a, b)).
    let mut log_x = ((ln(p) + ln(a) + log_beta) / a).clamp(-740.0, ln(0.5));
    let (mut low, mut high) = (-745.0_f64, ln(0.5));
    for _ in 0..200 {
        let x = exp(log_x);
        let (lower, upper) = beta_tails(x, 1.0 - x, a, b);
        let miss = if lower < 0.5 { lower - p } else { upper_p - upper };
        if miss > 0.0 {
            high = log_x;
        } else {
            low = log_x;
        }
        let slope = exp(a * log_x + (b - 1.0) * ln_1p(-x) - log_beta);
        let newton = log_x - miss / slope;
        let next = if newton > low && newton < high { newton } else { f64::midpoint(low, high) };
        let step = (next - log_x).abs();
        log_x = next;
        if step < 1e-16 * (1.0 + log_x.abs()) || high - low < 1e-16 {
            break;
        }
    }
    exp(log_x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantile_undoes_the_distribution_function() {
        for step in 1..400 {
            let x = f64::from(step) * 0.02 - 8.2;
            assert!((normal_quantile(normal_cdf(x)) - x).abs() < 1e-12 * x.abs().max(1.0), "{x}");
        }
        assert!(normal_quantile(0.0) == f64::NEG_INFINITY && normal_quantile(1.0) == f64::INFINITY);
    }

    #[test]
    fn the_beta_quantile_undoes_the_distribution_function() {
        for (a, b) in [(0.5, 0.5), (1.0, 1.0), (0.3, 40.0), (3.0, 9.5), (144.0, 308.0), (0.1, 2.0)]
        {
            for p in [1e-10, 0.001, 0.025, 0.3, 0.5, 0.9, 0.975, 0.9999] {
                let x = beta_quantile(p, a, b);
                assert!((beta_cdf(x, a, b) / p - 1.0).abs() < 1e-11, "Beta({a}, {b}) at {p}: {x}");
            }
        }
    }

    #[test]
    fn a_known_failure_of_other_libraries_is_right() {
        assert!((beta_cdf(0.19994, 143.94, 308.09) - 1.6e-9).abs() < 0.05e-9);
    }
}
