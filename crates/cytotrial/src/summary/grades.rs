//! Patients by the worst grade of each toxicity, pooled over replicates.

use stats::summary::{quantile_of_sorted, sorted};

use super::measure::treated;
use crate::conduct::result::PatientResult;

/// Treated patients by their worst grade of one toxicity.
#[derive(Debug, Clone, PartialEq)]
pub struct Grades {
    /// Code in files.
    pub code: &'static str,
    /// Name in the report.
    pub title: &'static str,
    /// Patients by worst grade, 0 to 5.
    pub counts: [u64; 6],
    /// Patients in all.
    pub patients: u64,
    /// Shares of at least each grade, 0 to 5: 5 % and 95 % of single trials.
    pub ends: [[f64; 6]; 2],
}

impl Grades {
    /// Patients of at least a grade.
    pub fn at_least(&self, grade: usize) -> u64 {
        self.counts.iter().skip(grade).sum()
    }

    /// Share of patients by worst grade at the low (0) or high (1) end of the range of trials.
    pub fn shares_at(&self, end: usize) -> [f64; 6] {
        let at_least = self.ends[end];
        std::array::from_fn(|grade| {
            at_least[grade] - at_least.get(grade + 1).copied().unwrap_or(0.0)
        })
    }
}

/// Code, name, and a patient's worst grade.
type Toxicity = (&'static str, &'static str, fn(&PatientResult) -> u8);

/// Every toxicity with grades, in the order of reports.
const TOXICITIES: &[Toxicity] = &[
    ("crs", "cytokine release syndrome", |p| p.crs.0),
    ("icans", "neurotoxicity (ICANS)", |p| p.icans.0),
    ("gvhd", "acute graft-versus-host disease", |p| p.gvhd),
    ("off-tumour", "off-tumour damage", |p| p.off_tumour),
    ("infusion-reaction", "infusion reaction", |p| p.infusion_reaction),
    ("infection", "infection", |p| p.infection),
    ("neutropenia", "neutropenia", |p| p.cytopenia[0]),
    ("thrombocytopenia", "thrombocytopenia", |p| p.cytopenia[1]),
    ("anaemia", "anaemia", |p| p.cytopenia[2]),
];

/// Counts the treated patients of all replicates.
pub fn grades(replicates: &[&[PatientResult]]) -> Vec<Grades> {
    TOXICITIES
        .iter()
        .map(|&(code, title, grade)| {
            let trials: Vec<[u64; 6]> =
                replicates.iter().map(|patients| count(patients, grade)).collect();
            let counts = std::array::from_fn(|grade| trials.iter().map(|one| one[grade]).sum());
            Grades {
                code,
                title,
                counts,
                patients: trials.iter().flatten().sum(),
                ends: ends(&trials),
            }
        })
        .collect()
}

/// Treated patients of one trial by worst grade.
fn count(patients: &[PatientResult], grade: fn(&PatientResult) -> u8) -> [u64; 6] {
    let mut counts = [0; 6];
    for patient in patients.iter().filter(|patient| treated(patient)) {
        counts[usize::from(grade(patient).min(5))] += 1;
    }
    counts
}

/// 5 % and 95 % of single trials' shares of at least each grade.
fn ends(trials: &[[u64; 6]]) -> [[f64; 6]; 2] {
    let at_least: [Vec<f64>; 6] = std::array::from_fn(|grade| {
        let shares = trials.iter().filter_map(|counts| {
            let patients = counts.iter().sum::<u64>();
            let reached = counts.iter().skip(grade).sum::<u64>();
            (patients > 0).then(|| reached as f64 / patients as f64)
        });
        sorted(&shares.collect::<Vec<f64>>())
    });
    [0.05, 0.95].map(|p| {
        std::array::from_fn(|grade| quantile_of_sorted(&at_least[grade], p).unwrap_or(0.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patients_without_any_count_for_nothing() {
        let found = grades(&[]);
        assert_eq!(found.len(), TOXICITIES.len());
        assert!(found.iter().all(|grades| grades.patients == 0));
        let some = Grades { counts: [5, 4, 3, 2, 1, 0], patients: 15, ..found[0].clone() };
        assert_eq!((some.at_least(0), some.at_least(3)), (15, 3));
    }

    #[test]
    fn both_ends_of_the_range_are_shares_that_make_one() {
        let trials = [[9, 1, 0, 0, 0, 0], [5, 2, 2, 1, 0, 0], [0, 0, 0, 0, 0, 0]];
        let grades = Grades { ends: ends(&trials), ..grades(&[])[0].clone() };
        for end in [0, 1] {
            let shares = grades.shares_at(end);
            assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{shares:?}");
            assert!(shares.iter().all(|share| *share >= 0.0), "{shares:?}");
        }
        // type 7 between 0.1 and 0.5, the trial without patients left out
        assert!((grades.ends[1][1] - 0.48).abs() < 1e-12, "{:?}", grades.ends);
    }
}
