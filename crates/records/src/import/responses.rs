//! Responses that the site adjudicated: nothing is judged from them, they are compared.

use super::days::OF_ROW;
use super::roles::plain;
use super::sheet::{Reader, Value, shortened};
use super::{Import, Place, synonyms};

/// Tests of a table of responses that are the response of one assessment.
const AT_ASSESSMENT: &[&str] = &[
    "ovrlresp",
    "ovrlres",
    "ovrresp",
    "ovr",
    "overall_response",
    "response",
    "disease_response",
    "imwg_response",
];

/// Tests that are the best response.
const BEST: &[&str] = &[
    "bestresp",
    "bestrsp",
    "bor",
    "cbor",
    "best_response",
    "best_overall_response",
    "best_confirmed_response",
];

/// The evaluator of rows that a program computed: no site adjudicated them.
pub const COMPUTED: &str = "COMPUTED";

impl Import<'_> {
    /// Reads a table of responses: rows of other tests, and computed ones, are not used.
    pub(super) fn responses(&mut self, reader: &Reader<'_>) {
        if !reader.requires(&["subject", "response"], &mut self.problems) {
            return;
        }
        for row in 0..reader.rows() {
            let test = plain(reader.text("test", row));
            let is_best = BEST.contains(&test.as_str());
            let is_used = is_best || !reader.has("test") || AT_ASSESSMENT.contains(&test.as_str());
            let is_computed = reader.text("evaluator", row) == COMPUTED;
            let is_done = !reader.text("status", row).eq_ignore_ascii_case("not done");
            if !is_used || is_computed || !is_done {
                continue;
            }
            let Some(subject) = self.subject_of(reader, row) else { continue };
            let before = self.problems.len();
            let day = self.day(reader, row, subject, OF_ROW);
            if day.is_none() && !is_best {
                if self.problems.len() == before && !self.unplaced.contains(&subject) {
                    let message = "the response has no day; it is not compared".to_owned();
                    let problem = reader.wrong("E112", row, "date", message).as_warning();
                    self.problems.push(problem.helped("give the date of the assessment"));
                }
                continue;
            }
            self.adjudicated(reader, row, subject, day, is_best);
        }
    }

    /// Keeps the response of a row; a word that is none is told.
    pub(super) fn adjudicated(
        &mut self,
        reader: &Reader<'_>,
        row: usize,
        subject: u32,
        day: Option<f64>,
        is_best: bool,
    ) {
        let cell = reader.cell("response", row);
        if Value::of(cell) == Value::Missing {
            return;
        }
        let word = reader.text("response", row).trim();
        let Some(response) = synonyms::response(word) else {
            let message = format!("`{}` is no known response; it is not compared", shortened(word));
            let help = "expected one of sCR, CR, VGPR, PR, MR, SD, PD, NE";
            let problem = reader.wrong("E104", row, "response", message).as_warning();
            self.problems.push(problem.helped(help));
            return;
        };
        let evaluator = reader.text("evaluator", row).trim();
        self.study.responses.push(subject, day, response, is_best, evaluator);
        let column = reader.place_of("response");
        self.origins.responses.push(Place::new(reader.place, row, column));
    }
}
