//! Landmark analysis: groups formed by what was known on a day, among those still without event.
//!
//! Anderson, Cain and Gelber, J Clin Oncol 1983;1:710-719.

use crate::survival::Observation;

/// Who is left at the landmark, with the clock restarted there.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Landmark {
    /// Row of each subject in the list that was handed in.
    pub rows: Vec<usize>,
    /// Time from the landmark.
    pub observations: Vec<Observation>,
    /// Whether what forms the groups had happened by the landmark.
    pub is_first_group: Vec<bool>,
    /// How many had the event, or were lost, by the landmark.
    pub excluded: usize,
}

/// Keeps those whose time is beyond the landmark, and sorts them by whether the exposure (a
/// response, a transplant) had happened by then. One that happens later does not count: whoever
/// lives longer has more time for it.
pub fn landmark(subjects: &[(Observation, Option<f64>)], day: f64) -> Landmark {
    let mut found = Landmark::default();
    for (row, (observation, exposed)) in subjects.iter().enumerate() {
        if observation.time.is_nan() || observation.time <= day {
            found.excluded += 1;
            continue;
        }
        found.rows.push(row);
        found.observations.push(Observation {
            entry: observation.entry - day,
            time: observation.time - day,
            event: observation.event,
        });
        found.is_first_group.push(exposed.is_some_and(|exposed| exposed <= day));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_after_the_landmark_does_not_sort() {
        let subject = |time, exposed| (Observation::new(time, true), exposed);
        let all = [
            subject(20.0, Some(10.0)),
            subject(100.0, Some(30.0)),
            subject(100.0, Some(31.0)),
            subject(90.0, None),
            subject(30.0, None),
        ];
        let found = landmark(&all, 30.0);
        assert_eq!((found.rows.as_slice(), found.excluded), ([1, 2, 3].as_slice(), 2));
        assert_eq!(found.is_first_group, [true, false, false]);
        assert!((found.observations[0].time - 70.0).abs() < 1e-12);
    }
}
