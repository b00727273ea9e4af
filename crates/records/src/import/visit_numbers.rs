//! Numbers of visits: a later visit with a smaller number than an earlier one is told.

use super::origins::{Origins, Place};
use super::sheet::{Reader, Value};
use crate::problem::Problem;

/// Numbers of visits by subject and day.
#[derive(Debug, Clone, Default)]
pub(super) struct VisitNumbers {
    told: Vec<Numbered>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Numbered {
    subject: u32,
    day: f64,
    number: f64,
    place: Place,
}

/// The number of the visit that a row says.
pub(super) fn number_in(reader: &Reader<'_>, row: usize) -> Option<f64> {
    match Value::of(reader.cell("visit_number", row)) {
        Value::Number(number) => Some(number),
        _ => None,
    }
}

impl VisitNumbers {
    /// A row of a subject on a day; rows without a number tell nothing.
    pub(super) fn see(&mut self, reader: &Reader<'_>, row: usize, subject: u32, day: f64) {
        if !reader.has("visit_number") {
            return;
        }
        let Some(number) = number_in(reader, row) else { return };
        let place = Place::new(reader.place, row, reader.place_of("visit_number"));
        let same =
            |last: &Numbered| (last.subject, last.day, last.number) == (subject, day, number);
        if !self.told.last().is_some_and(same) {
            self.told.push(Numbered { subject, day, number, place });
        }
    }

    /// One warning for each subject whose numbers contradict the days: the days count.
    pub(super) fn problems(mut self, ids: &[String], origins: &Origins) -> Vec<Problem> {
        self.told.sort_by(|a, b| {
            (a.subject.cmp(&b.subject))
                .then(a.day.total_cmp(&b.day))
                .then(a.number.total_cmp(&b.number))
        });
        let mut found = Vec::new();
        for rows in self.told.chunk_by(|a, b| a.subject == b.subject) {
            let mut highest = rows[0];
            for row in rows {
                if row.number < highest.number {
                    found.push(contradiction(row, &highest, ids, origins));
                    break;
                }
                highest = *row;
            }
        }
        found
    }
}

fn contradiction(
    later: &Numbered,
    earlier: &Numbered,
    ids: &[String],
    origins: &Origins,
) -> Problem {
    let message = format!(
        "visit {} is of day {}, after visit {} of day {}; the days count",
        later.number, later.day, earlier.number, earlier.day
    );
    let told = origins.told(later.place);
    let mut problem = Problem::error("E113", told.file, message).in_column(told.column);
    (problem.line, problem.row) = (told.line, Some(told.row));
    problem
        .as_warning()
        .of_subject(ids.get(later.subject as usize).map_or("", String::as_str))
        .helped(
            "one of the two days or numbers is wrong, or the number stands for no planned visit",
        )
}
