//! Integrals: Gauss-Legendre and Gauss-Hermite rules, and an adaptive rule for one function.
//!
//! Nodes by Newton steps on the recurrence of the polynomials (Press et al., Numerical Recipes,
//! 3rd edition, section 4.6); the adaptive rule is the 7-15 pair of Kronrod (Piessens et al.,
//! QUADPACK, 1983).

use crate::math::ln;

/// Nodes with their weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Where the function is asked, ascending.
    pub nodes: Vec<f64>,
    /// How much each value counts.
    pub weights: Vec<f64>,
}

impl Rule {
    /// The weighted sum of a function's values.
    pub fn sum(&self, function: impl Fn(f64) -> f64) -> f64 {
        let parts = self.nodes.iter().zip(&self.weights);
        parts.map(|(&node, weight)| weight * function(node)).sum()
    }
}

/// The Gauss-Legendre rule on -1 to 1: exact for polynomials of degree 2 `count` - 1.
pub fn gauss_legendre(count: usize) -> Rule {
    let mut nodes = vec![0.0; count];
    let mut weights = vec![0.0; count];
    let size = count as f64;
    for place in 0..count.div_ceil(2) {
        let guess = 1.0 - 2.0 * (place as f64 + 0.75) / (size + 0.5);
        // The cosine of the usual first guess, to the accuracy that Newton steps need.
        let mut x = sine(std::f64::consts::FRAC_PI_2 * guess);
        let mut slope = 1.0;
        for _ in 0..100 {
            let (value, derivative) = legendre(count, x);
            slope = derivative;
            let step = value / derivative;
            x -= step;
            if step.abs() < 1e-15 {
                break;
            }
        }
        let weight = 2.0 / ((1.0 - x * x) * slope * slope);
        nodes[place] = -x;
        nodes[count - 1 - place] = x;
        weights[place] = weight;
        weights[count - 1 - place] = weight;
    }
    if count % 2 == 1 {
        nodes[count / 2] = 0.0;
    }
    Rule { nodes, weights }
}

/// The sine by its series, with the same bits on every machine, for at most a quarter turn.
fn sine(x: f64) -> f64 {
    let square = x * x;
    let mut term = x;
    let mut sum = x;
    for step in 1..12 {
        let n = f64::from(2 * step);
        term *= -square / (n * (n + 1.0));
        sum += term;
    }
    sum
}

/// The Legendre polynomial of a degree and its derivative.
fn legendre(degree: usize, x: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, x);
    if degree == 0 {
        return (1.0, 0.0);
    }
    for step in 2..=degree {
        let n = step as f64;
        let next = ((2.0 * n - 1.0) * x * value - (n - 1.0) * before) / n;
        before = value;
        value = next;
    }
    let n = degree as f64;
    (value, n * (x * value - before) / (x * x - 1.0))
}

/// The Gauss-Hermite rule for the mean of a function of a standard normal number; the weights add
/// up to 1.
pub fn gauss_hermite(count: usize) -> Rule {
    let mut roots: Vec<f64> = Vec::with_capacity(count);
    let size = count as f64;
    // All roots lie within the root of 4 n + 2; signs are counted on a grid finer than their gaps.
    let limit = (4.0 * size + 2.0).sqrt();
    let steps = 40 * count;
    let at = |step: usize| -limit + 2.0 * limit * (step as f64 + 0.5) / steps as f64;
    for step in 0..steps.saturating_sub(1) {
        let (mut low, mut high) = (at(step), at(step + 1));
        let is_negative = hermite(count, low).0 < 0.0;
        if (hermite(count, high).0 < 0.0) == is_negative {
            continue;
        }
        while high - low > 1e-15 * limit {
            let middle = f64::midpoint(low, high);
            if middle <= low || middle >= high {
                break;
            }
            if (hermite(count, middle).0 < 0.0) == is_negative {
                low = middle;
            } else {
                high = middle;
            }
        }
        roots.push(f64::midpoint(low, high));
    }
    // The weight at a root is 1 / (n h(n-1)^2) for orthonormal polynomials.
    let weight = |&x: &f64| {
        let before = hermite(count, x).1;
        1.0 / (size * before * before)
    };
    let weights = roots.iter().map(weight).collect();
    Rule { nodes: roots, weights }
}

/// The orthonormal Hermite polynomial (probabilists' kind) of a degree, and of the degree before.
fn hermite(degree: usize, x: f64) -> (f64, f64) {
    let (mut before, mut value) = (0.0, 1.0);
    for step in 1..=degree {
        let n = step as f64;
        let next = (x * value - (n - 1.0).sqrt() * before) / n.sqrt();
        before = value;
        value = next;
    }
    (value, before)
}

/// The integral of a function between two limits, halved into parts until the error estimate of
/// each is below its share of the tolerance.
pub fn integrate(function: &impl Fn(f64) -> f64, low: f64, high: f64, tolerance: f64) -> f64 {
    let mut parts = vec![(low, high, tolerance, 0_u32)];
    let mut sum = 0.0;
    while let Some((low, high, tolerance, depth)) = parts.pop() {
        let (value, error) = kronrod(function, low, high);
        if error <= tolerance || depth >= 40 {
            sum += value;
        } else {
            let middle = f64::midpoint(low, high);
            parts.push((middle, high, 0.5 * tolerance, depth + 1));
            parts.push((low, middle, 0.5 * tolerance, depth + 1));
        }
    }
    sum
}

#[allow(clippy::excessive_precision, reason = "digits as published")]
const KRONROD: [(f64, f64, f64); 8] = [
    (0.991_455_371_120_812_639_206, 0.022_935_322_010_529_224_963, 0.0),
    (0.949_107_912_342_758_524_526, 0.063_092_092_629_978_553_290, 0.129_484_966_168_869_693_270),
    (0.864_864_423_359_769_072_789, 0.104_790_010_322_250_183_839, 0.0),
    (0.741_531_185_599_394_439_863, 0.140_653_259_715_525_918_745, 0.279_705_391_489_276_667_901),
    (0.586_087_235_467_691_130_294, 0.169_004_726_639_267_902_826, 0.0),
    (0.405_845_151_377_397_166_906, 0.190_350_578_064_785_409_913, 0.381_830_050_505_118_944_950),
    (0.207_784_955_007_898_467_600, 0.204_432_940_075_298_892_414, 0.0),
    (0.0, 0.209_482_141_084_727_828_012, 0.417_959_183_673_469_387_755),
];

/// The integral by fifteen nodes, and its distance from that by seven.
fn kronrod(function: &impl Fn(f64) -> f64, low: f64, high: f64) -> (f64, f64) {
    let (centre, half) = (f64::midpoint(low, high), 0.5 * (high - low));
    let (mut fine, mut coarse) = (0.0, 0.0);
    for (node, weight, seven) in KRONROD {
        let value = if node == 0.0 {
            function(centre)
        } else {
            function(centre - half * node) + function(centre + half * node)
        };
        fine += weight * value;
        coarse += seven * value;
    }
    (fine * half, ((fine - coarse) * half).abs())
}

/// The logarithm of the normal density with a mean and a standard deviation.
pub fn ln_normal_density(x: f64, mean: f64, deviation: f64) -> f64 {
    let z = (x - mean) / deviation;
    -0.5 * z * z - ln(deviation) - 0.918_938_533_204_672_7
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::exp;
    use crate::special::{beta_cdf, ln_beta, normal_cdf};

    fn whole_power(base: f64, exponent: usize) -> f64 {
        (0..exponent).fold(1.0, |product, _| product * base)
    }

    fn beta_density(x: f64, a: f64, b: f64) -> f64 {
        exp((a - 1.0) * ln(x) + (b - 1.0) * ln(1.0 - x) - ln_beta(a, b))
    }

    #[test]
    fn legendre_rules_are_exact_for_polynomials() {
        for count in [1, 2, 3, 8, 21, 64] {
            let rule = gauss_legendre(count);
            assert!((rule.weights.iter().sum::<f64>() - 2.0).abs() < 1e-13);
            let degree = 2 * count - 2;
            let want = 2.0 / (degree as f64 + 1.0);
            let got = rule.sum(|x| whole_power(x, degree));
            assert!((got - want).abs() < 1e-13, "{count}: {got} for {want}");
            assert!(rule.nodes.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }

    #[test]
    fn hermite_rules_have_the_moments_of_the_normal_law() {
        for count in [1, 2, 5, 12, 40] {
            let rule = gauss_hermite(count);
            assert_eq!(rule.nodes.len(), count);
            let moments = [(0, 1.0), (2, 1.0), (4, 3.0), (6, 15.0), (8, 105.0)];
            for (power, want) in moments.into_iter().filter(|(power, _)| *power < 2 * count) {
                let got = rule.sum(|x| whole_power(x, power));
                assert!((got / want - 1.0).abs() < 1e-11, "{count}: {got} for {want}");
            }
        }
        // The mean of exp(x) is exp(1/2).
        let got = gauss_hermite(30).sum(exp);
        assert!((got - exp(0.5)).abs() < 1e-13);
    }

    #[test]
    fn the_adaptive_rule_finds_peaks_and_steps() {
        let got = integrate(&|x| exp(ln_normal_density(x, 0.3, 0.001)), -1.0, 0.301, 1e-12);
        assert!((got - normal_cdf(1.0)).abs() < 1e-11, "{got}");
        let got = integrate(&|x| beta_density(x, 3.5, 7.25), 0.0, 0.4, 1e-13);
        assert!((got - beta_cdf(0.4, 3.5, 7.25)).abs() < 1e-12, "{got}");
        let got = integrate(&|x| f64::from(u8::from(x > 0.3)), 0.0, 1.0, 1e-10);
        assert!((got - 0.7).abs() < 1e-9, "{got}");
    }
}
