//! Which of the things that are not known are drawn once per replicate, by how well they are known.

use std::fmt;

use stats::distribution::Distribution;

use super::Source;

/// How well a typical value is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Measured in people and directly usable.
    A,
    /// Measured or fitted elsewhere and transferable.
    B,
    /// Right order of magnitude.
    C,
    /// Assumed, to be calibrated or varied.
    D,
}

impl Grade {
    /// Every grade, best first.
    pub const ALL: [Self; 4] = [Self::A, Self::B, Self::C, Self::D];

    /// The grade that a table writes; `None` for a definition (`-`).
    pub fn of(text: &str) -> Option<Self> {
        match text {
            "A" => Some(Self::A),
            "B" => Some(Self::B),
            "C" => Some(Self::C),
            "D" => Some(Self::D),
            _ => None,
        }
    }

    /// The grade of a value in a protocol or product file, which has a source and no grade: cited
    /// and stated values count as B, derived ones as C, assumed ones, and those without any
    /// source, as D.
    pub fn of_source(source: Option<&Source>) -> Self {
        match source {
            Some(Source::Cited(_) | Source::Stated(_)) => Self::B,
            Some(Source::Derived(_)) => Self::C,
            Some(Source::Assumed(_)) | None => Self::D,
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{self:?}")
    }
}

/// The grades whose values are drawn once per replicate; those of the others keep their typical
/// value. Draws are addressed, so that leaving a grade out moves no draw of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unknowns {
    drawn: [bool; 4],
}

impl Unknowns {
    /// Everything that is not known is drawn.
    pub const ALL: Self = Self { drawn: [true; 4] };
    /// Typical values only.
    pub const NONE: Self = Self { drawn: [false; 4] };

    /// The same with the values of one grade held at what is typical.
    #[must_use]
    pub fn without(mut self, grade: Grade) -> Self {
        self.drawn[grade as usize] = false;
        self
    }

    /// Whether values of a grade are drawn.
    pub fn draws(self, grade: Grade) -> bool {
        self.drawn[grade as usize]
    }

    /// The value of a law that stands for what is not known about one number of a file: drawn, or
    /// its mean, which keeps what is expected of patients.
    pub fn value(self, law: &Distribution, source: Option<&Source>, uniform: f64) -> f64 {
        if self.draws(Grade::of_source(source)) { law.quantile(uniform) } else { law.mean() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_a_file_is_drawn_when_its_grade_is() {
        let law = Distribution::parse("beta(a=3;b=9)").expect("a law");
        let assumed = Source::Assumed("no figure; 0..1".into());
        let cited = Source::Cited("a trial".into());
        let drawn = law.quantile(0.9);
        let fixed = Unknowns::ALL.without(Grade::D);
        assert!((Unknowns::ALL.value(&law, Some(&assumed), 0.9) - drawn).abs() < 1e-12);
        assert!((fixed.value(&law, Some(&assumed), 0.9) - 0.25).abs() < 1e-12);
        assert!((fixed.value(&law, Some(&cited), 0.9) - drawn).abs() < 1e-12);
        assert!((Unknowns::NONE.value(&law, Some(&cited), 0.9) - 0.25).abs() < 1e-12);
    }

    #[test]
    fn grades_are_left_out_one_by_one() {
        let none = Grade::ALL.into_iter().fold(Unknowns::ALL, Unknowns::without);
        assert_eq!(none, Unknowns::NONE);
        assert!(Unknowns::ALL.without(Grade::C).draws(Grade::D));
        assert_eq!(Grade::of("-"), None);
        assert_eq!(Grade::of("B"), Some(Grade::B));
    }
}
