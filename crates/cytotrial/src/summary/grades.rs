//! Patients by the worst grade of each toxicity, pooled over replicates.

use super::measure::treated;
use crate::conduct::result::PatientResult;

/// Treated patients by their worst grade of one toxicity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grades {
    /// Code in files.
    pub code: &'static str,
    /// Name in the report.
    pub title: &'static str,
    /// Patients by worst grade, 0 to 5.
    pub counts: [u64; 6],
    /// Patients in all.
    pub patients: u64,
}

impl Grades {
    /// Patients of at least a grade.
    pub fn at_least(&self, grade: usize) -> u64 {
        self.counts.iter().skip(grade).sum()
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
            let mut counts = [0; 6];
            let patients = replicates.iter().flat_map(|patients| patients.iter());
            for patient in patients.filter(|patient| treated(patient)) {
                counts[usize::from(grade(patient).min(5))] += 1;
            }
            Grades { code, title, counts, patients: counts.iter().sum() }
        })
        .collect()
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
}
