//! What is said beside a measured value: limits of normal, and that it is spurious.

use crate::terms::Analyte;

/// One row per value with something said of it, known by subject, analyte and day. Sorted by
/// [`Remarks::sort`] it does not depend on the order of a file's rows.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Remarks {
    /// Row of the subject in [`crate::Subjects`].
    pub subject: Vec<u32>,
    /// What was measured.
    pub analyte: Vec<Analyte>,
    /// Day of sampling.
    pub day: Vec<f64>,
    /// What is said of the value.
    pub remark: Vec<Remark>,
}

/// What is said of one value.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Remark {
    /// The laboratory's lower limit of normal, in the analyte's unit.
    pub lower: Option<f64>,
    /// The laboratory's upper limit of normal, in the analyte's unit.
    pub upper: Option<f64>,
    /// The investigator judges the value spurious.
    pub spurious: bool,
    /// The value belongs to another assessment than those of the days before: it stands in a row
    /// of its own in a table of visits.
    pub begins_assessment: bool,
}

impl Remark {
    /// Both; of two limits the other's.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            lower: other.lower.or(self.lower),
            upper: other.upper.or(self.upper),
            spurious: self.spurious || other.spurious,
            begins_assessment: self.begins_assessment || other.begins_assessment,
        }
    }

    /// Nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Remarks {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.subject.len()
    }

    /// No row at all.
    pub fn is_empty(&self) -> bool {
        self.subject.is_empty()
    }

    /// Adds a row, unless nothing is said.
    pub fn push(&mut self, subject: u32, analyte: Analyte, day: f64, remark: Remark) {
        if !remark.is_empty() {
            self.subject.push(subject);
            self.analyte.push(analyte);
            self.day.push(day);
            self.remark.push(remark);
        }
    }

    /// Puts the rows in order of subject, analyte and day, one for each value.
    pub fn sort(&mut self) {
        let mut rows: Vec<(u32, Analyte, f64, Remark)> = (0..self.len())
            .map(|at| (self.subject[at], self.analyte[at], self.day[at], self.remark[at]))
            .collect();
        let number = |limit: Option<f64>| limit.unwrap_or(f64::NEG_INFINITY);
        rows.sort_by(|a, b| {
            (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)).then_with(|| {
                let (a, b) = (a.3, b.3);
                number(a.lower)
                    .total_cmp(&number(b.lower))
                    .then(number(a.upper).total_cmp(&number(b.upper)))
                    .then(a.spurious.cmp(&b.spurious))
                    .then(a.begins_assessment.cmp(&b.begins_assessment))
            })
        });
        *self = Self::default();
        for (subject, analyte, day, remark) in rows {
            let at = self.len();
            let same = |at: usize| {
                self.subject[at] == subject
                    && self.analyte[at] == analyte
                    && self.day[at].total_cmp(&day).is_eq()
            };
            match at.checked_sub(1).filter(|&last| same(last)) {
                Some(last) => self.remark[last] = self.remark[last].and(remark),
                None => self.push(subject, analyte, day, remark),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_rows_does_not_matter() {
        let upper = |upper| Remark { upper: Some(upper), ..Remark::default() };
        let mut one = Remarks::default();
        one.push(1, Analyte::Creatinine, 2.0, upper(90.0));
        one.push(0, Analyte::Creatinine, 2.0, upper(90.0));
        one.push(0, Analyte::Creatinine, 2.0, upper(80.0));
        one.push(0, Analyte::Creatinine, 3.0, Remark::default());
        let mut other = Remarks::default();
        for at in (0..one.len()).rev().chain(0..one.len()) {
            other.push(one.subject[at], one.analyte[at], one.day[at], one.remark[at]);
        }
        one.sort();
        other.sort();
        assert_eq!(one, other);
        assert_eq!(one.len(), 2);
        assert_eq!(one.remark[0], upper(90.0));
    }
}
