//! The trait of a criterion and the list of criteria.

use crate::index::SubjectRecords;
use crate::outcome::SubjectOutcome;
use crate::rules::Rules;

/// A published set of criteria that reads a subject's records and writes its part of the outcome.
pub trait Criterion: Sync {
    /// Short name, as in file names and options.
    fn name(&self) -> &'static str;

    /// The criteria in words.
    fn title(&self) -> &'static str;

    /// Where they are published.
    fn source(&self) -> &'static str;

    /// Reads the records and writes its part of the outcome; earlier criteria of the list have
    /// written theirs.
    fn assess(&self, subject: &SubjectRecords<'_>, rules: &Rules, outcome: &mut SubjectOutcome);
}

macro_rules! criteria {
    ($($name:ident),* $(,)?) => {
        $(pub mod $name;)*
        /// Every criterion, in the order of evaluation.
        pub const ALL: &[&dyn Criterion] = &[$(&$name::CRITERION),*];
    };
}

criteria![imwg, mrd, astct_crs, astct_icans, ctcae, icaht, magic, reported, dlt];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_sources_given() {
        for (at, criterion) in ALL.iter().enumerate() {
            assert!(!criterion.title().is_empty() && !criterion.source().is_empty());
            assert!(ALL[at + 1..].iter().all(|other| other.name() != criterion.name()));
        }
    }

    #[test]
    fn no_criterion_needs_data() {
        let mut study = records::Study::default();
        study.push_subject("S-1", "A");
        let index = crate::index::Index::new(&study);
        for criterion in ALL {
            let mut outcome = SubjectOutcome::default();
            criterion.assess(&index.subject(&study, 0), &Rules::default(), &mut outcome);
        }
    }
}
