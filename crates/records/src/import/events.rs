//! Adverse events as the investigator reports them.

use super::days::{OF_END, OF_START};
use super::sheet::{Reader, shortened};
use super::{Import, Place, synonyms};
use crate::terms::EventTerm;

impl Import<'_> {
    /// Reads a table of adverse events.
    pub(super) fn events(&mut self, reader: &Reader<'_>) {
        if !reader.requires(&["subject", "term", "grade"], &mut self.problems) {
            return;
        }
        for row in 0..reader.rows() {
            let subject = self.subject_of(reader, row);
            let term = self.term(reader, row);
            let grade = self.grade(reader, row);
            let related = self.related(reader, row);
            let (Some(subject), Some(term), Some(grade)) = (subject, term, grade) else { continue };
            let Some(start) = self.needed_day(reader, row, subject, OF_START) else { continue };
            let end = self.day(reader, row, subject, OF_END);
            self.study.events.push(subject, term, start, end, grade, related);
            let column = reader.place_of("grade");
            self.origins.events.push(Place::new(reader.place, row, column));
            self.anchors[subject as usize].seen(start.max(end.unwrap_or(start)));
        }
    }

    fn term(&mut self, reader: &Reader<'_>, row: usize) -> Option<EventTerm> {
        let name = reader.text("term", row);
        let found = match self.mapping.events.get(name) {
            Some(code) => EventTerm::from_code(code),
            None => synonyms::event(name, reader.text("class", row)),
        };
        if found.is_none() {
            let message = "the event has no term".to_owned();
            self.problems.push(reader.wrong("E104", row, "term", message));
        }
        found
    }

    fn grade(&mut self, reader: &Reader<'_>, row: usize) -> Option<u8> {
        let text = reader.text("grade", row).to_lowercase();
        let number = match text.strip_prefix("grade").map(str::trim) {
            Some(number) => number.parse().ok(),
            None => reader.number("grade", row, &mut self.problems),
        };
        let Some(number) = number else {
            if self.problems.last().is_none_or(|last| last.column != reader.name("grade")) {
                let message = format!("the event has no grade: `{}`", shortened(&text));
                let help = "grades are 1 to 5";
                self.problems.push(reader.wrong("E109", row, "grade", message).helped(help));
            }
            return None;
        };
        // the range is checked with the study
        if (0.0..=255.0).contains(&number) && number.fract().abs() <= 0.0 {
            return Some(number as u8);
        }
        let message = format!("grade {number} is not a whole number from 1 to 5");
        self.problems.push(reader.wrong("E109", row, "grade", message));
        None
    }

    /// Whether the product may have caused it. What is not told may have been.
    fn related(&mut self, reader: &Reader<'_>, row: usize) -> bool {
        let word = reader.text("related", row);
        if word.is_empty() {
            return true;
        }
        synonyms::related(word).unwrap_or_else(|| {
            let message = format!("`{}` says neither related nor not related", shortened(word));
            let help = "write Y or N, RELATED or NOT RELATED";
            self.problems.push(reader.wrong("E104", row, "related", message).helped(help));
            true
        })
    }
}
