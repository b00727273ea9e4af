//! Random streams addressed by seed, replicate, patient, purpose and index.
//!
//! Philox 4x32-10: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3",
//! Proceedings of SC11, 2011. A draw is a function of its address, so nobody's draws move when
//! another patient, visit or purpose is added.

#![allow(clippy::many_single_char_names, reason = "letters as in the papers")]

use rand_core::{Infallible, TryRng};

use crate::math::{Work, each, exp, ln, pow, widest};
use crate::special::{ln_gamma, normal_quantile, normal_quantile_of_eight};

/// What a draw is for. Adding a purpose never moves another purpose's draws.
#[repr(u8)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Baseline covariates of a patient.
    Covariates = 1,
    /// A patient's model parameters.
    Parameters = 2,
    /// Quantities nobody knows, drawn once per replicate.
    Unknowns = 3,
    /// Measurement error.
    Assay = 4,
    /// Clinical signs.
    Signs = 5,
    /// Adverse events.
    Events = 6,
    /// Leaving the trial early.
    DropOut = 7,
    /// Dates: enrolment and visit windows.
    Calendar = 8,
    /// Properties of a product lot.
    Lot = 9,
    /// Sex, age and other demography.
    Demography = 10,
    /// Values that are not recorded.
    Missing = 11,
    /// Death from other causes.
    Survival = 12,
    /// Shuffles of finished results, to see what chance alone would give.
    Shuffle = 16,
    /// Reactions that happen one by one.
    Reactions = 17,
}

/// The draws of one patient for one purpose in one replicate of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    key: [u32; 2],
    purpose: u32,
    patient: u32,
    replicate: u32,
}

/// The stream at an address.
pub fn stream(seed: u64, replicate: u32, patient: u32, purpose: Purpose) -> Stream {
    let key = [seed as u32, (seed >> 32) as u32];
    Stream { key, purpose: (purpose as u32) << 24, patient, replicate }
}

impl Stream {
    /// The four random words at an index.
    #[inline]
    pub fn words(&self, index: u32) -> [u32; 4] {
        self.block(index, 0)
    }

    /// A uniform number strictly between 0 and 1.
    #[inline]
    pub fn uniform(&self, index: u32) -> f64 {
        self.pair(index).0
    }

    /// Two independent uniform numbers; the first is [`Stream::uniform`].
    #[inline]
    pub fn pair(&self, index: u32) -> (f64, f64) {
        let [a, b, c, d] = self.words(index);
        (unit(a, b), unit(c, d))
    }

    /// A standard normal number: the normal quantile of [`Stream::uniform`].
    #[inline]
    pub fn normal(&self, index: u32) -> f64 {
        normal_quantile(self.uniform(index))
    }

    /// [`Stream::normal`] at eight indices at once.
    pub fn normals(&self, indices: [u32; 8]) -> [f64; 8] {
        widest(Normals { stream: *self, indices })
    }

    /// Many draws at one index, independent of the single draws there.
    pub fn sequence(&self, index: u32) -> Sequence {
        Sequence { stream: *self, index, position: 0, words: [0; 4], used: 4 }
    }

    #[inline]
    fn block(&self, index: u32, position: u32) -> [u32; 4] {
        philox([index, self.purpose | position, self.patient, self.replicate], self.key)
    }
}

/// The low 32 bits of a word of 64.
const LOW: u64 = 0xffff_ffff;
/// Bits of 1.0, and half the distance between two numbers just above it.
const ONE_BITS: u64 = 1.0_f64.to_bits();
const HALF_CELL: f64 = 0.5 * f64::EPSILON;

/// A uniform number from 52 random bits, in the middle of its cell, so that neither 0 nor 1 occurs.
#[inline]
fn unit(low: u32, high: u32) -> f64 {
    let bits = (u64::from(high) << 32 | u64::from(low)) >> 12;
    (bits as f64 + 0.5) * (1.0 / (1_u64 << 52) as f64)
}

/// Philox 4x32 with ten rounds: the block of random words at a counter, under a key (Salmon and
/// others, SC11, 2011).
#[inline]
pub fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let [mut c0, mut c1, mut c2, mut c3] = counter;
    let [mut k0, mut k1] = key;
    for _ in 0..10 {
        let first = u64::from(c0) * 0xd251_1f53;
        let second = u64::from(c2) * 0xcd9e_8d57;
        c0 = (second >> 32) as u32 ^ c1 ^ k0;
        c1 = second as u32;
        c2 = (first >> 32) as u32 ^ c3 ^ k1;
        c3 = first as u32;
        k0 = k0.wrapping_add(0x9e37_79b9);
        k1 = k1.wrapping_add(0xbb67_ae85);
    }
    [c0, c1, c2, c3]
}

/// Normal numbers of a stream at eight indices.
struct Normals {
    stream: Stream,
    indices: [u32; 8],
}

impl Work for Normals {
    type Output = [f64; 8];

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "must be compiled for each set of vector instructions"
    )]
    fn run(self) -> [f64; 8] {
        let Stream { key, purpose, patient, replicate } = self.stream;
        let counters = [self.indices, [purpose; 8], [patient; 8], [replicate; 8]];
        let [low, high, ..] = philox_of_eight(counters, key);
        let bits = each(|k| (high[k] << 32 | low[k]) >> 12);
        // As `unit`, without a conversion: the bits as the fraction of a number from 1 to 2.
        let uniforms = each(|k| (f64::from_bits(ONE_BITS | bits[k]) - 1.0) + HALF_CELL);
        normal_quantile_of_eight(&uniforms)
    }
}

/// [`philox`] of eight counters at once; the first index is the word, the second the counter.
#[inline(always)]
#[expect(clippy::inline_always, reason = "must be compiled for each set of vector instructions")]
fn philox_of_eight(counters: [[u32; 8]; 4], key: [u32; 2]) -> [[u64; 8]; 4] {
    let [mut c0, mut c1, mut c2, mut c3] = counters.map(|words| each(|k| u64::from(words[k])));
    let [mut k0, mut k1] = key;
    for _ in 0..10 {
        let first = each(|k| c0[k] * 0xd251_1f53);
        let second = each(|k| c2[k] * 0xcd9e_8d57);
        c0 = each(|k| second[k] >> 32 ^ c1[k] ^ u64::from(k0));
        c1 = each(|k| second[k] & LOW);
        c2 = each(|k| first[k] >> 32 ^ c3[k] ^ u64::from(k1));
        c3 = each(|k| first[k] & LOW);
        k0 = k0.wrapping_add(0x9e37_79b9);
        k1 = k1.wrapping_add(0xbb67_ae85);
    }
    [c0, c1, c2, c3]
}

/// Draws in order at one address, for laws that need an unknown number of random words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    stream: Stream,
    index: u32,
    position: u32,
    words: [u32; 4],
    used: u8,
}

impl Sequence {
    #[inline]
    fn next_word(&mut self) -> u32 {
        if self.used == 4 {
            self.position += 1;
            assert!(self.position < 1 << 24, "a sequence holds 67 million words");
            self.words = self.stream.block(self.index, self.position);
            self.used = 0;
        }
        self.used += 1;
        self.words[usize::from(self.used - 1)]
    }

    /// A uniform number strictly between 0 and 1.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        let (low, high) = (self.next_word(), self.next_word());
        unit(low, high)
    }

    /// A standard normal number.
    #[inline]
    pub fn normal(&mut self) -> f64 {
        normal_quantile(self.uniform())
    }

    /// A gamma number with unit scale; 0 for a shape that is not positive.
    ///
    /// Marsaglia and Tsang, ACM Trans Math Softw 2000;26:363-372.
    pub fn gamma(&mut self, shape: f64) -> f64 {
        if shape.is_nan() || shape <= 0.0 {
            return 0.0;
        }
        if shape < 1.0 {
            let boost = self.uniform();
            return self.gamma(shape + 1.0) * pow(boost, 1.0 / shape);
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let root = 1.0 + c * x;
            let u = self.uniform();
            let v = root * root * root;
            if root > 0.0 && ln(u) < 0.5 * x * x + d * (1.0 - v + ln(v)) {
                return d * v;
            }
        }
    }

    /// A beta number; both shapes must be positive.
    pub fn beta(&mut self, a: f64, b: f64) -> f64 {
        let x = self.gamma(a);
        let y = self.gamma(b);
        if x + y > 0.0 { x / (x + y) } else { f64::from(u8::from(self.uniform() * (a + b) < a)) }
    }

    /// A Poisson number; 0 for a mean that is not positive.
    ///
    /// Inversion below a mean of 10, above it Hormann's PTRS, Insurance Math Econ 1993;12:39-45.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        if mean.is_nan() || mean <= 0.0 {
            return 0;
        }
        if mean < 10.0 {
            let mut left = self.uniform();
            let (mut count, mut share) = (0, exp(-mean));
            while left > share && count < 200 {
                left -= share;
                count += 1;
                share *= mean / count as f64;
            }
            return count;
        }
        let log_mean = ln(mean);
        let b = 0.931 + 2.53 * mean.sqrt();
        let a = -0.059 + 0.024_83 * b;
        let inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
        let fast = 0.9277 - 3.6224 / (b - 2.0);
        loop {
            let u = self.uniform() - 0.5;
            let v = self.uniform();
            let edge = 0.5 - u.abs();
            let count = ((2.0 * a / edge + b) * u + mean + 0.43).floor();
            if edge >= 0.07 && v <= fast {
                return count as u64;
            }
            if count < 0.0 || (edge < 0.013 && v > edge) {
                continue;
            }
            let log_ratio = ln(v * inverse_alpha / (a / (edge * edge) + b));
            if log_ratio <= count * log_mean - mean - ln_gamma(count + 1.0) {
                return count as u64;
            }
        }
    }

    /// A binomial number: successes in `n` trials of probability `p`.
    ///
    /// Inversion below ten expected, above Hormann's BTRS, J Stat Comput Simul 1993;46:101-110.
    pub fn binomial(&mut self, n: u64, p: f64) -> u64 {
        if p > 0.5 {
            return n - self.binomial(n, 1.0 - p);
        }
        if p.is_nan() || p <= 0.0 || n == 0 {
            return 0;
        }
        let trials = n as f64;
        if trials * p < 10.0 {
            self.binomial_by_inversion(n, p)
        } else {
            self.binomial_by_rejection(trials, p)
        }
    }

    fn binomial_by_inversion(&mut self, n: u64, p: f64) -> u64 {
        let odds = p / (1.0 - p);
        let mut left = self.uniform();
        let (mut count, mut share) = (0, exp(n as f64 * crate::math::ln_1p(-p)));
        while left > share && count < n.min(200) {
            left -= share;
            share *= odds * (n - count) as f64 / (count + 1) as f64;
            count += 1;
        }
        count
    }

    fn binomial_by_rejection(&mut self, n: f64, p: f64) -> u64 {
        let spread = (n * p * (1.0 - p)).sqrt();
        let b = 1.15 + 2.53 * spread;
        let a = -0.0873 + 0.0248 * b + 0.01 * p;
        let fast = 0.92 - 4.2 / b;
        let alpha = (2.83 + 5.1 / b) * spread;
        let log_odds = ln(p / (1.0 - p));
        let mode = ((n + 1.0) * p).floor();
        let log_at_mode = ln_gamma(mode + 1.0) + ln_gamma(n - mode + 1.0);
        loop {
            let u = self.uniform() - 0.5;
            let v = self.uniform();
            let edge = 0.5 - u.abs();
            let count = ((2.0 * a / edge + b) * u + n * p + 0.5).floor();
            if count < 0.0 || count > n {
                continue;
            }
            if edge >= 0.07 && v <= fast {
                return count as u64;
            }
            let log_at_count = ln_gamma(count + 1.0) + ln_gamma(n - count + 1.0);
            let bound = log_at_mode - log_at_count + (count - mode) * log_odds;
            if ln(v * alpha / (a / (edge * edge) + b)) <= bound {
                return count as u64;
            }
        }
    }
}

impl TryRng for Sequence {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.next_word())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let (low, high) = (self.next_word(), self.next_word());
        Ok(u64::from(high) << 32 | u64::from(low))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for part in bytes.chunks_mut(4) {
            part.copy_from_slice(&self.next_word().to_le_bytes()[..part.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn eight_at_once_are_those_one_by_one() {
        for patient in 0..2000 {
            let draws = super::stream(u64::from(patient) << 20, patient, 7, super::Purpose::Assay);
            let indices = std::array::from_fn(|lane| 13 * patient + lane as u32);
            let want = indices.map(|index| draws.normal(index).to_bits());
            assert_eq!(draws.normals(indices).map(f64::to_bits), want);
            let z = draws.normals(indices).map(|z| 300.0 * z);
            let want = z.map(|z| crate::math::exp(z).to_bits());
            assert_eq!(crate::math::exp_of_eight(z).map(f64::to_bits), want);
        }
    }

    use super::*;

    #[test]
    fn published_vectors_are_met() {
        let all = u32::MAX;
        let pi = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox([all; 4], [all; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox(pi, [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn an_address_has_its_own_place_in_the_counter() {
        let draws = stream(0x0123_4567_89ab_cdef, 3, 5, Purpose::Assay);
        let counter = [9, 4 << 24, 5, 3];
        assert_eq!(draws.words(9), philox(counter, [0x89ab_cdef, 0x0123_4567]));
    }

    #[test]
    fn draws_forward_and_backward_are_equal() {
        let draws = stream(42, 1, 2, Purpose::Events);
        let forward: Vec<u64> = (0..500).map(|index| draws.normal(index).to_bits()).collect();
        let mut backward: Vec<u64> =
            (0..500).rev().map(|index| draws.normal(index).to_bits()).collect();
        backward.reverse();
        assert_eq!(forward, backward);
    }

    #[test]
    fn uniform_numbers_stay_inside_the_open_interval() {
        assert!(unit(0, 0) > 0.0);
        assert!(unit(u32::MAX, u32::MAX) < 1.0);
    }

    #[test]
    fn a_sequence_is_independent_of_the_single_draw_at_its_index() {
        let draws = stream(42, 1, 2, Purpose::Events);
        let first: Vec<u32> =
            (0..4).map(|_| 0).scan(draws.sequence(7), |s, _: u32| Some(s.next_word())).collect();
        assert_ne!(first.as_slice(), draws.words(7).as_slice());
    }

    /// Mean and variance of many draws, each at its own index.
    fn moments(draw: impl Fn(&mut Sequence) -> f64) -> (f64, f64) {
        const COUNT: u32 = 40_000;
        let draws = stream(7, 0, 0, Purpose::Parameters);
        let values: Vec<f64> = (0..COUNT).map(|index| draw(&mut draws.sequence(index))).collect();
        let mean = values.iter().sum::<f64>() / f64::from(COUNT);
        let squares = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>();
        (mean, squares / f64::from(COUNT - 1))
    }

    /// Mean within five standard errors, variance within 5 per cent.
    fn assert_moments(name: &str, got: (f64, f64), mean: f64, variance: f64) {
        let error = (variance / 40_000.0).sqrt();
        assert!((got.0 - mean).abs() < 5.0 * error, "{name}: mean {} for {mean}", got.0);
        assert!((got.1 / variance - 1.0).abs() < 0.05, "{name}: variance {} for {variance}", got.1);
    }

    #[test]
    fn sampled_laws_have_their_mean_and_variance() {
        assert_moments("uniform", moments(Sequence::uniform), 0.5, 1.0 / 12.0);
        assert_moments("normal", moments(Sequence::normal), 0.0, 1.0);
        for shape in [0.3, 1.0, 4.5, 200.0] {
            assert_moments("gamma", moments(|s| s.gamma(shape)), shape, shape);
        }
        let variance = 2.0 * 5.0 / (49.0 * 8.0);
        assert_moments("beta", moments(|s| s.beta(2.0, 5.0)), 2.0 / 7.0, variance);
        for mean in [0.2, 4.0, 9.9, 10.1, 60.0, 5e4] {
            assert_moments("poisson", moments(|s| s.poisson(mean) as f64), mean, mean);
        }
        for (n, p) in [(5, 0.3), (40, 0.2), (100, 0.2), (90, 0.9), (1_000_000, 0.4)] {
            let mean = n as f64 * p;
            let got = moments(|s| s.binomial(n, p) as f64);
            assert_moments("binomial", got, mean, mean * (1.0 - p));
        }
    }

    #[test]
    fn rejection_samplers_have_the_right_shape() {
        // Chi-square over the counts 15..=35 of a Poisson law with mean 25: below 60 for 21 cells.
        let draws = stream(8, 0, 0, Purpose::Parameters);
        let mut seen = [0.0; 21];
        for index in 0..40_000 {
            let count = draws.sequence(index).poisson(25.0);
            if (15..=35).contains(&count) {
                seen[count as usize - 15] += 1.0;
            }
        }
        let mut distance = 0.0;
        for (cell, got) in seen.iter().enumerate() {
            let count = cell as f64 + 15.0;
            let want = 40_000.0 * exp(count * ln(25.0) - 25.0 - ln_gamma(count + 1.0));
            distance += (got - want) * (got - want) / want;
        }
        assert!(distance < 60.0, "chi-square {distance}");
    }
}
