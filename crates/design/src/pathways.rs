//! What a design decides after every outcome of the next cohorts.
//!
//! Dose transition pathways: Yap, Billingham, Cheung, Craddock and O'Quigley, Clin Cancer Res
//! 2017;23:7440-7447.

use crate::counts::{DoseCounts, Known};
use crate::decision::Decision;
use crate::design::{Design, Outcomes};
use crate::outcome::multinomial;

/// The outcomes of one cohort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cohort {
    /// The level, from 0.
    pub level: usize,
    /// Patients and outcomes.
    pub outcomes: DoseCounts,
}

/// Some cohorts and the decision after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pathway {
    /// The cohorts, in the order in which they were treated.
    pub cohorts: Vec<Cohort>,
    /// The decision after the last of them.
    pub decision: Decision,
}

/// Why there are no pathways.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathwayError {
    /// Too many to print or to keep.
    #[error("more than {0} pathways arise; look fewer cohorts ahead")]
    TooMany(usize),
}

/// More pathways than this are refused.
const MOST: usize = 200_000;

/// Every way in which the next cohorts can end, shorter ways before longer ones; the first cohort is
/// treated where the design says now.
pub fn pathways(
    design: &dyn Design,
    known: &Known,
    cohort: u32,
    ahead: u32,
) -> Result<Vec<Pathway>, PathwayError> {
    let mut result: Vec<Pathway> = Vec::new();
    let mut open = vec![(known.clone(), Vec::new(), design.decide_on(known))];
    for _ in 0..ahead {
        let mut next = Vec::new();
        for (known, cohorts, decision) in &open {
            let Some(level) = decision.next_level else { continue };
            let size = decision.patients.unwrap_or(cohort).max(1);
            for outcomes in outcomes(design, size) {
                let mut known = known.clone();
                known.level = level;
                known.doses[level] = known.doses[level].with(outcomes);
                known.last_cohort = Some(outcomes);
                let mut cohorts: Vec<Cohort> = cohorts.clone();
                cohorts.push(Cohort { level, outcomes });
                let decision = design.decide_on(&known);
                result.push(Pathway { cohorts: cohorts.clone(), decision: decision.clone() });
                next.push((known, cohorts, decision));
                if result.len() > MOST {
                    return Err(PathwayError::TooMany(MOST));
                }
            }
        }
        open = next;
    }
    Ok(result)
}

/// What a cohort can bring, as far as the design looks at it.
fn outcomes(design: &dyn Design, size: u32) -> Vec<DoseCounts> {
    match design.outcomes() {
        Outcomes::Toxicity | Outcomes::ToxicityInTime => {
            (0..=size).map(|dlts| DoseCounts::of(size, dlts)).collect()
        }
        Outcomes::Response => (0..=size)
            .map(|responses| DoseCounts { responses, ..DoseCounts::of(size, 0) })
            .collect(),
        Outcomes::NestedResponse => {
            let depth = |responses: u32| {
                (0..=responses).map(move |deep| DoseCounts {
                    responses,
                    deep_responses: deep,
                    ..DoseCounts::of(size, 0)
                })
            };
            (0..=size).flat_map(depth).collect()
        }
        Outcomes::ToxicityAndResponse => {
            let all = multinomial(size, [0.25; 4]);
            all.into_iter().map(|(cells, _)| DoseCounts::of_outcomes(cells)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::Action;
    use crate::design::ALL;

    #[test]
    fn two_cohorts_of_3_plus_3_have_their_textbook_pathways() {
        let entry = ALL.iter().find(|entry| entry.name == "3+3").unwrap();
        let design = (entry.from_toml)("").unwrap();
        let known = Known::of_counts(0, &[DoseCounts::default(); 2]);
        let all = pathways(design.as_ref(), &known, 3, 2).unwrap();
        // Four outcomes of the first cohort; no second one after two or three DLTs.
        assert_eq!(all.len(), 4 + 2 * 4);
        let after = |dlts: &[u32]| {
            let is_it = |path: &&Pathway| {
                path.cohorts.iter().map(|cohort| cohort.outcomes.dlts).eq(dlts.iter().copied())
            };
            let decision = &all.iter().find(is_it).unwrap().decision;
            (decision.action, decision.next_level)
        };
        assert_eq!(after(&[0]), (Action::Escalate, Some(1)));
        assert_eq!(after(&[2]), (Action::StopForSafety, None));
        assert_eq!(after(&[1, 0]), (Action::Escalate, Some(1)));
        assert_eq!(after(&[0, 2]), (Action::DeEscalate, Some(0)));
    }

    #[test]
    fn designs_on_both_outcomes_have_twenty_outcomes_of_three_patients() {
        let entry = ALL.iter().find(|entry| entry.name == "boin12").unwrap();
        let design = (entry.from_toml)(entry.least).unwrap();
        let known = Known::of_counts(0, &[DoseCounts::default(); 3]);
        assert_eq!(pathways(design.as_ref(), &known, 3, 1).unwrap().len(), 20);
        let error = pathways(design.as_ref(), &known, 3, 9).unwrap_err();
        assert!(error.to_string().contains("fewer cohorts"));
    }
}
