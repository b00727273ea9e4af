//! Patients side by side, and the choice of vector instructions at run time.

#![allow(
    unsafe_code,
    reason = "calls functions compiled for a vector extension after asking the processor"
)]

/// How many patients are computed side by side. Results do not depend on it.
pub(crate) const LANES: usize = 8;

/// One number for each lane.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct Lanes(pub(crate) [f64; LANES]);

impl Lanes {
    pub(crate) const ZERO: Self = Self([0.0; LANES]);

    /// The same number in every lane.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "must be compiled into each vector loop")]
    pub(crate) fn all(value: f64) -> Self {
        Self([value; LANES])
    }

    /// Lane by lane.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "must be compiled into each vector loop")]
    pub(crate) fn each(f: impl Fn(usize) -> f64) -> Self {
        let mut lanes = [0.0; LANES];
        for (lane, value) in lanes.iter_mut().enumerate() {
            *value = f(lane);
        }
        Self(lanes)
    }
}

/// A condition for each lane: all bits or none, so that a choice is made of bits and not of branches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
pub(crate) struct Mask([u64; LANES]);

impl Mask {
    /// Lane by lane.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "must be compiled into each vector loop")]
    pub(crate) fn each(f: impl Fn(usize) -> bool) -> Self {
        let mut lanes = [0; LANES];
        for (lane, value) in lanes.iter_mut().enumerate() {
            *value = u64::from(f(lane)).wrapping_neg();
        }
        Self(lanes)
    }

    /// The first inside, the second outside.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "must be compiled into each vector loop")]
    pub(crate) fn choose(&self, inside: &Lanes, outside: &Lanes) -> Lanes {
        Lanes::each(|lane| {
            let (inside, outside) = (inside.0[lane].to_bits(), outside.0[lane].to_bits());
            f64::from_bits((inside & self.0[lane]) | (outside & !self.0[lane]))
        })
    }

    /// Where both hold.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "must be compiled into each vector loop")]
    pub(crate) fn and(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] & other.0[lane]))
    }

    /// Where one holds.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "must be compiled into each vector loop")]
    pub(crate) fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] | other.0[lane]))
    }

    /// Whether it holds on any lane.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "must be compiled into each vector loop")]
    pub(crate) fn any(&self) -> bool {
        self.0.iter().fold(0, |all, one| all | one) != 0
    }
}

/// The vector instructions used. All give the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vectors {
    Plain,
    Avx2,
    Avx512,
}

impl Vectors {
    /// The widest that this processor has.
    pub(crate) fn detect() -> Self {
        Self::available().last().copied().unwrap_or(Self::Plain)
    }

    /// All that this processor has, the widest last.
    pub(crate) fn available() -> &'static [Self] {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            let is_wide = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            let all = &[Self::Plain, Self::Avx2, Self::Avx512];
            return if is_wide { all } else { &all[..2] };
        }
        &[Self::Plain]
    }

    /// Runs work compiled for these instructions.
    pub(crate) fn run<W: Work>(self, work: W) -> W::Output {
        match self {
            Self::Plain => work.run(),
            // SAFETY: `available` and `detect` give these values only where the processor has the
            // instructions; nothing else is required of the caller.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { run_avx2(work) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { run_avx512(work) },
            #[cfg(not(target_arch = "x86_64"))]
            _ => work.run(),
        }
    }
}

/// A set of vector instructions that this processor has. All sets give the same bits; they are told
/// apart only so that a machine can be examined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VectorSet(pub(crate) Vectors);

impl VectorSet {
    /// All that this processor has, the widest last.
    pub fn available() -> impl Iterator<Item = Self> {
        Vectors::available().iter().copied().map(Self)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self.0 {
            Vectors::Plain => "plain",
            Vectors::Avx2 => "AVX2",
            Vectors::Avx512 => "AVX-512",
        }
    }
}

/// Something to compile once for each set of vector instructions. `run` must be `inline(always)`.
pub(crate) trait Work {
    type Output;
    fn run(self) -> Self::Output;
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<W: Work>(work: W) -> W::Output {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
fn run_avx512<W: Work>(work: W) -> W::Output {
    work.run()
}
