//! Grades over time and the spells they form.

use crate::outcome::Episode;

/// From this day on the grade holds, until the next step.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct GradeStep {
    /// Day.
    pub day: f64,
    /// Grade from that day on, 0 to 5.
    pub grade: u8,
}

/// Grades over time of the syndromes that are graded from signs.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct Courses {
    /// Cytokine release syndrome.
    pub crs: Vec<GradeStep>,
    /// Neurotoxicity.
    pub icans: Vec<GradeStep>,
    /// Acute graft-versus-host disease.
    pub gvhd: Vec<GradeStep>,
}

/// A stretch of time at or above a grade.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spell {
    /// First day at or above the grade.
    pub start: f64,
    /// First day below it again; `None` while it lasts.
    pub end: Option<f64>,
    /// Worst grade within.
    pub worst: u8,
}

/// Adds a step if the grade differs from the one in force.
pub fn push(steps: &mut Vec<GradeStep>, day: f64, grade: u8) {
    if steps.last().map_or(0, |last| last.grade) != grade {
        steps.push(GradeStep { day, grade });
    }
}

/// At every time the worse of two courses.
pub fn worse_of(first: &[GradeStep], second: &[GradeStep]) -> Vec<GradeStep> {
    let mut steps = Vec::with_capacity(first.len() + second.len());
    let (mut one, mut two, mut grades) = (first, second, (0, 0));
    loop {
        let day = match (one.first(), two.first()) {
            (Some(a), Some(b)) => a.day.min(b.day),
            (Some(step), None) | (None, Some(step)) => step.day,
            (None, None) => return steps,
        };
        for (rest, grade) in [(&mut one, &mut grades.0), (&mut two, &mut grades.1)] {
            while let Some((step, later)) = rest.split_first().filter(|(step, _)| step.day <= day) {
                (*rest, *grade) = (later, step.grade);
            }
        }
        push(&mut steps, day, grades.0.max(grades.1));
    }
}

/// The stretches at or above a grade, in order.
pub fn spells(steps: &[GradeStep], grade: u8) -> impl Iterator<Item = Spell> + '_ {
    let mut next = 0;
    std::iter::from_fn(move || {
        let from = next + steps.get(next..)?.iter().position(|step| step.grade >= grade)?;
        let length = steps[from..].iter().take_while(|step| step.grade >= grade).count();
        next = from + length;
        Some(Spell {
            start: steps[from].day,
            end: steps.get(next).map(|step| step.day),
            worst: steps[from..next].iter().map(|step| step.grade).max().unwrap_or(grade),
        })
    })
}

/// The worst spell as an episode; spells less than `quiet_days` apart are one. The first of equals.
pub fn worst_episode(steps: &[GradeStep], quiet_days: f64) -> Option<Episode> {
    let mut worst: Option<Episode> = None;
    let mut current: Option<Episode> = None;
    for spell in spells(steps, 1) {
        let joined = current
            .filter(|open| open.end.is_none_or(|end| spell.start - end < quiet_days - 1e-9))
            .map(|open| Episode {
                grade: open.grade.max(spell.worst),
                onset: open.onset,
                end: spell.end,
            });
        let episode =
            joined.unwrap_or(Episode { grade: spell.worst, onset: spell.start, end: spell.end });
        if joined.is_none() {
            worst = worse(worst, current);
        }
        current = Some(episode);
    }
    worse(worst, current)
}

fn worse(first: Option<Episode>, second: Option<Episode>) -> Option<Episode> {
    match (first, second) {
        (Some(first), Some(second)) if second.grade > first.grade => Some(second),
        (None, second) => second,
        (first, _) => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(pairs: &[(f64, u8)]) -> Vec<GradeStep> {
        pairs.iter().map(|&(day, grade)| GradeStep { day, grade }).collect()
    }

    #[test]
    fn a_repeated_grade_adds_no_step() {
        let mut course = Vec::new();
        for (day, grade) in [(0.0, 0), (1.0, 2), (2.0, 2), (3.0, 0)] {
            push(&mut course, day, grade);
        }
        assert_eq!(course, steps(&[(1.0, 2), (3.0, 0)]));
    }

    #[test]
    fn of_two_courses_the_worse_holds() {
        let one = steps(&[(1.0, 2), (3.0, 0)]);
        let two = steps(&[(2.0, 1), (2.5, 3), (4.0, 0)]);
        let want = steps(&[(1.0, 2), (2.5, 3), (4.0, 0)]);
        assert_eq!(worse_of(&one, &two), want);
        assert_eq!(worse_of(&two, &one), want);
        assert_eq!(worse_of(&one, &[]), one);
    }

    #[test]
    fn spells_start_at_the_grade_and_end_below_it() {
        let course = steps(&[(1.0, 1), (2.0, 3), (3.0, 4), (5.0, 2), (6.0, 3)]);
        let found: Vec<Spell> = spells(&course, 3).collect();
        assert_eq!(
            found,
            [
                Spell { start: 2.0, end: Some(5.0), worst: 4 },
                Spell { start: 6.0, end: None, worst: 3 },
            ]
        );
    }

    #[test]
    fn a_recurrence_after_the_quiet_time_is_a_new_episode() {
        let course = steps(&[(1.0, 2), (3.0, 0), (3.5, 1), (4.0, 0), (9.0, 1), (10.0, 0)]);
        let worst = worst_episode(&course, 1.0);
        assert_eq!(worst, Some(Episode { grade: 2, onset: 1.0, end: Some(4.0) }));
    }
}
