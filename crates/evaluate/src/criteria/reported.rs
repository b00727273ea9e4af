//! Events graded by the investigator: infections, infusion reactions, off-tumour damage.
//!
//! CTCAE grades as reported; nothing is derived from signs here.

use super::Criterion;
use crate::course::{self, GradeStep};
use crate::index::{Point, Reported, SubjectRecords};
use crate::outcome::{GradeDifference, SubjectOutcome};
use crate::rules::Rules;
use records::EventTerm;

/// The criterion.
pub const CRITERION: ReportedEvents = ReportedEvents;

/// Events as the investigator graded them.
#[derive(Debug, Clone, Copy)]
pub struct ReportedEvents;

/// A report that begins and ends on one day lasts for this long, days (assumed).
const ONE_DAY: f64 = 1.0;

/// The end of a report that has one: reports in whole days may end on the day they begin.
fn end(row: &Reported) -> Option<f64> {
    row.end.map(|end| if end > row.start { end } else { row.start + ONE_DAY })
}

/// Whether a report lasts on a day after its start; its last day belongs to it.
fn lasts(row: &Reported, day: f64) -> bool {
    row.end.is_none_or(|end| day <= end || (end <= row.start && day < row.start + ONE_DAY))
}

/// Grades over time from the reports of one syndrome after the first infusion; where reports
/// overlap the worst counts, and one that ends on its first day lasts that day. Reports during which
/// one of the signs was recorded are left out: the signs tell more.
pub fn course(
    subject: &SubjectRecords<'_>,
    term: EventTerm,
    signs: &[&[Point]],
) -> Vec<GradeStep> {
    let first = subject.infusions().next().unwrap_or(0.0);
    let mut days: Vec<f64> = Vec::new();
    let recorded = |row: &Reported| {
        signs.iter().any(|points| {
            let from = points.partition_point(|point| point.day < row.start);
            points.get(from).is_some_and(|point| lasts(row, point.day))
        })
    };
    let rows = || {
        subject
            .events()
            .filter(|row| row.term == term && row.start >= first)
            .filter(|row| subject.counts_syndrome(row))
            .filter(|row| !recorded(row))
    };
    for row in rows() {
        days.push(row.start);
        days.extend(end(&row));
    }
    days.sort_unstable_by(f64::total_cmp);
    days.dedup();
    let mut steps = Vec::new();
    for day in days {
        let grade = rows()
            .filter(|row| row.start <= day && end(row).is_none_or(|end| day < end))
            .map(|row| row.grade)
            .max();
        course::push(&mut steps, day, grade.unwrap_or(0));
    }
    steps
}

/// Reports of a term whose grade differs from the worst computed while they lasted; only where one
/// of the signs was recorded meanwhile.
pub fn differences(
    subject: &SubjectRecords<'_>,
    term: EventTerm,
    signs: &[&[Point]],
    steps: &[GradeStep],
) -> Vec<GradeDifference> {
    let mut found = Vec::new();
    for row in subject.events().filter(|row| row.term == term) {
        let recorded = signs.iter().any(|points| {
            points.iter().any(|point| point.day >= row.start && lasts(&row, point.day))
        });
        if !recorded {
            continue;
        }
        let before = steps.iter().rfind(|step| step.day <= row.start).map(|step| step.grade);
        let during = steps.iter().filter(|step| step.day > row.start && lasts(&row, step.day));
        let computed = during.map(|step| step.grade).chain(before).max().unwrap_or(0);
        if computed != row.grade {
            let (day, reported) = (row.start, row.grade);
            found.push(GradeDifference { term, day, reported, computed });
        }
    }
    found
}

fn worst(subject: &SubjectRecords<'_>, term: EventTerm) -> u8 {
    subject
        .events()
        .filter(|row| row.term == term && row.start >= 0.0)
        .map(|row| row.grade)
        .max()
        .unwrap_or(0)
}

impl Criterion for ReportedEvents {
    fn name(&self) -> &'static str {
        "reported"
    }

    fn title(&self) -> &'static str {
        "Reported adverse events, CTCAE grades"
    }

    fn source(&self) -> &'static str {
        "Common Terminology Criteria for Adverse Events v5.0, NCI 2017"
    }

    fn assess(&self, subject: &SubjectRecords<'_>, _: &Rules, outcome: &mut SubjectOutcome) {
        outcome.infusion_reaction_grade = worst(subject, EventTerm::InfusionReaction);
        outcome.off_tumour_grade = worst(subject, EventTerm::OffTumourDamage);
        outcome.infection_grade = worst(subject, EventTerm::Infection);
    }
}
