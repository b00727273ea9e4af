//! One binary outcome looked at several times: exact probabilities of stopping at each look.

use crate::counts::Known;
use crate::decision::{Action, Reason, Step};
use crate::outcome::binomial;

/// When to stop at each look, by the number of patients with the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// Patients at each look, rising; the last is the end of the trial.
    pub looks: Vec<u32>,
    /// Stop with so many events or fewer; `None` for never.
    pub low: Vec<Option<u32>>,
    /// Stop with so many events or more; `None` for never.
    pub high: Vec<Option<u32>>,
}

/// What happens at a true rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// The probability of stopping at the lower bound, by look.
    pub low: Vec<f64>,
    /// The probability of stopping at the upper bound, by look.
    pub high: Vec<f64>,
    /// The probability of passing every look.
    pub passed: f64,
    /// The mean number of patients.
    pub mean_patients: f64,
}

impl Bounds {
    /// The bounds at looks with nothing but an upper bound.
    pub fn upper(looks: &[u32], high: Vec<Option<u32>>) -> Self {
        Self { looks: looks.to_vec(), low: vec![None; looks.len()], high }
    }

    /// The look at a number of patients.
    pub fn at(&self, patients: u32) -> Option<usize> {
        self.looks.iter().position(|&look| look == patients)
    }

    /// The probabilities at a true rate of the event.
    pub fn course(&self, rate: f64) -> Course {
        let count = self.looks.len();
        let mut result = Course {
            low: vec![0.0; count],
            high: vec![0.0; count],
            passed: 0.0,
            mean_patients: 0.0,
        };
        let mut states = vec![1.0];
        let mut before = 0;
        for (look, &patients) in self.looks.iter().enumerate() {
            let more = binomial(patients - before, rate);
            let mut next = vec![0.0; states.len() + more.len() - 1];
            for (events, probability) in states.iter().enumerate() {
                for (added, share) in more.iter().enumerate() {
                    next[events + added] += probability * share;
                }
            }
            let mut stopped = 0.0;
            for (events, probability) in next.iter_mut().enumerate() {
                let events = events as u32;
                if self.low[look].is_some_and(|low| events <= low) {
                    result.low[look] += *probability;
                } else if self.high[look].is_some_and(|high| events >= high) {
                    result.high[look] += *probability;
                } else {
                    continue;
                }
                stopped += *probability;
                *probability = 0.0;
            }
            result.mean_patients += stopped * f64::from(patients);
            states = next;
            before = patients;
        }
        result.passed = states.iter().sum();
        result.mean_patients += result.passed * f64::from(before);
        result
    }
}

/// The way to the next look: the patients who are missing to it, or a pause until those who are
/// treated can be judged. After the last look the trial ends.
pub(crate) fn to_the_next_look(looks: &[u32], known: &Known, reason: &mut Reason) -> Step {
    let at = known.at();
    let Some(&look) = looks.iter().find(|&&look| look > at.evaluable) else {
        return Step::end(Action::Finish);
    };
    match look.saturating_sub(at.treated()) {
        0 => {
            reason.add(|| format!("; {} more to be judged", at.pending));
            Step::end(Action::Suspend)
        }
        missing => Step { patients: Some(missing), ..Step::to(known.level, known.level) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::DoseCounts;

    #[test]
    fn stopping_and_passing_add_up_to_one() {
        let bounds = Bounds {
            looks: vec![5, 9, 20],
            low: vec![Some(0), None, Some(3)],
            high: vec![None, Some(7), Some(15)],
        };
        for rate in [0.0, 0.1, 0.5, 1.0] {
            let course = bounds.course(rate);
            let sum = course.low.iter().chain(&course.high).sum::<f64>() + course.passed;
            assert!((sum - 1.0).abs() < 1e-13, "{rate}: {sum}");
        }
        let certain = bounds.course(0.0);
        assert!(
            (certain.low[0] - 1.0).abs() < 1e-15 && (certain.mean_patients - 5.0).abs() < 1e-12
        );
        assert_eq!(bounds.at(9), Some(1));
    }

    #[test]
    fn patients_are_treated_up_to_a_look_and_then_waited_for() {
        let step = |evaluable: u32, pending: u32| {
            let dose = DoseCounts { pending, ..DoseCounts::of(evaluable, 0) };
            to_the_next_look(&[5, 9, 20], &Known::of_counts(0, &[dose]), &mut Reason::silent())
        };
        assert_eq!(step(5, 0).patients, Some(4));
        assert_eq!(step(6, 1).patients, Some(2));
        assert_eq!(step(6, 3).action, Action::Suspend);
        assert_eq!(step(20, 0).action, Action::Finish);
    }
}
