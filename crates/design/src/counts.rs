//! What a decision stands on: patients counted by dose, and one by one where time matters.

/// The patients of one dose level.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
)]
pub struct DoseCounts {
    /// Patients with a complete DLT window or a DLT; pending ones are not among them.
    pub evaluable: u32,
    /// Evaluable patients with a DLT.
    pub dlts: u32,
    /// Patients whose DLT window still runs.
    pub pending: u32,
    /// Evaluable patients with a response.
    pub responses: u32,
    /// Evaluable patients with a response and a DLT.
    pub responses_with_dlt: u32,
    /// Evaluable patients whose response is deep, such as complete; they are among the responses.
    pub deep_responses: u32,
}

impl DoseCounts {
    /// Counts of DLTs alone, without pending patients.
    pub const fn of(evaluable: u32, dlts: u32) -> Self {
        Self { evaluable, dlts, pending: 0, responses: 0, responses_with_dlt: 0, deep_responses: 0 }
    }

    /// Counts by both outcomes, in the order: neither, response alone, DLT alone, both.
    pub const fn of_outcomes([neither, response, dlt, both]: [u32; 4]) -> Self {
        Self {
            evaluable: neither + response + dlt + both,
            dlts: dlt + both,
            pending: 0,
            responses: response + both,
            responses_with_dlt: both,
            deep_responses: 0,
        }
    }

    /// Counts by depth of response, in the order: none, shallow, deep, and the same with a DLT. How
    /// many with a DLT responded is not kept.
    pub const fn of_depths([none, shallow, deep, dlt, dlt_shallow, dlt_deep]: [u32; 6]) -> Self {
        let dlts = dlt + dlt_shallow + dlt_deep;
        Self {
            responses: shallow + deep + dlt_shallow + dlt_deep,
            deep_responses: deep + dlt_deep,
            ..Self::of(none + shallow + deep + dlts, dlts)
        }
    }

    /// Evaluable patients by both outcomes, in the order: neither, response alone, DLT alone, both.
    pub const fn outcomes(self) -> [u32; 4] {
        let both = self.responses_with_dlt;
        let (dlt, response) = (self.dlts - both, self.responses - both);
        [self.evaluable - dlt - response - both, response, dlt, both]
    }

    /// The counts if every pending patient ends without a DLT.
    #[must_use]
    pub const fn at_best(self) -> Self {
        Self { evaluable: self.evaluable + self.pending, pending: 0, ..self }
    }

    /// The counts if every pending patient ends with a DLT.
    #[must_use]
    pub const fn at_worst(self) -> Self {
        let evaluable = self.evaluable + self.pending;
        Self { evaluable, dlts: self.dlts + self.pending, pending: 0, ..self }
    }

    /// Everybody treated at the dose, evaluable or pending.
    pub const fn treated(self) -> u32 {
        self.evaluable + self.pending
    }

    /// One more evaluable patient.
    pub fn add(&mut self, has_dlt: bool, has_response: bool) {
        self.evaluable += 1;
        self.dlts += u32::from(has_dlt);
        self.responses += u32::from(has_response);
        self.responses_with_dlt += u32::from(has_dlt && has_response);
    }

    /// The patients of two groups together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self {
            evaluable: self.evaluable + other.evaluable,
            dlts: self.dlts + other.dlts,
            pending: self.pending + other.pending,
            responses: self.responses + other.responses,
            responses_with_dlt: self.responses_with_dlt + other.responses_with_dlt,
            deep_responses: self.deep_responses + other.deep_responses,
        }
    }
}

/// One treated patient, for designs that look at the time of follow-up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patient {
    /// The dose level, from 0.
    pub level: usize,
    /// How much of the DLT window was observed, from 0 to 1.
    pub follow_up: f64,
    /// When the DLT came, as a share of the window; `None` without a DLT so far.
    pub dlt: Option<f64>,
}

impl Patient {
    /// Whether the window still runs without a DLT.
    pub fn is_pending(&self) -> bool {
        self.dlt.is_none() && self.follow_up < 1.0
    }
}

/// What is known when a decision is made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Known {
    /// The level at which the last patients were treated, from 0.
    pub level: usize,
    /// The counts of every dose, lowest first.
    pub doses: Vec<DoseCounts>,
    /// The outcomes of the last cohort; `None` if the patients are known only in sum.
    pub last_cohort: Option<DoseCounts>,
    /// The patients one by one. Empty if only counts are known: then a pending patient counts as
    /// not observed at all.
    pub patients: Vec<Patient>,
}

impl Known {
    /// Counts alone.
    pub fn of_counts(level: usize, doses: &[DoseCounts]) -> Self {
        Self { level, doses: doses.to_vec(), last_cohort: None, patients: Vec::new() }
    }

    /// Patients one by one, counted over a number of dose levels.
    pub fn of_patients(level: usize, levels: usize, patients: Vec<Patient>) -> Self {
        let mut doses = vec![DoseCounts::default(); levels];
        for patient in &patients {
            if patient.is_pending() {
                doses[patient.level].pending += 1;
            } else {
                doses[patient.level].add(patient.dlt.is_some(), false);
            }
        }
        Self { level, doses, last_cohort: None, patients }
    }

    /// The counts at the current dose.
    pub fn at(&self) -> DoseCounts {
        self.doses[self.level]
    }

    /// The observed shares of the window of the pending patients at a dose, added up.
    pub fn pending_follow_up(&self, level: usize) -> f64 {
        let here = self.patients.iter().filter(|one| one.level == level && one.is_pending());
        here.map(|one| one.follow_up).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_and_counts_say_the_same() {
        let counts = DoseCounts::of_outcomes([4, 3, 2, 1]);
        assert_eq!((counts.evaluable, counts.dlts, counts.responses), (10, 3, 4));
        assert_eq!(counts.outcomes(), [4, 3, 2, 1]);
        let mut one_by_one = DoseCounts::default();
        for (has_dlt, has_response, times) in
            [(false, false, 4), (false, true, 3), (true, false, 2), (true, true, 1)]
        {
            (0..times).for_each(|_| one_by_one.add(has_dlt, has_response));
        }
        assert_eq!(one_by_one, counts);
    }

    #[test]
    fn patients_are_counted_by_what_is_known_of_them() {
        let patient = |follow_up, dlt| Patient { level: 1, follow_up, dlt };
        let patients = vec![patient(1.0, None), patient(0.25, None), patient(0.5, Some(0.2))];
        let known = Known::of_patients(1, 3, patients);
        let at = known.at();
        assert_eq!((at.evaluable, at.dlts, at.pending, at.treated()), (2, 1, 1, 3));
        assert!((known.pending_follow_up(1) - 0.25).abs() < 1e-15);
        assert_eq!(known.doses[0], DoseCounts::default());
    }
}
