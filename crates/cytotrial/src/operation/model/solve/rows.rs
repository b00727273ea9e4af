//! The values of many patients as rows of CSV.

use std::fmt::Write as _;

use rayon::prelude::*;

use super::follow::Chunk;
use super::setup::Prepared;

/// The first line: `patient`, `time`, and the columns.
pub fn header(prepared: &Prepared) -> String {
    let mut line = String::from("patient,time");
    for output in &prepared.columns {
        line.push(',');
        line.push_str(&output.name);
    }
    line.push('\n');
    line
}

/// A row for each patient and time; a value that is not finite is left empty. The rows of one chunk
/// after another are those of all patients.
pub fn rows(prepared: &Prepared, chunk: &Chunk) -> Vec<String> {
    let patients = chunk.ended.len();
    let times = prepared.times.len();
    (0..patients)
        .into_par_iter()
        .map(|patient| {
            let number = prepared.number(chunk.first + patient as u32);
            let mut text = String::new();
            for (position, time) in prepared.times.iter().enumerate() {
                write!(text, "{number},{}", records::csv::number(*time))
                    .expect("a String takes every write");
                for column in 0..prepared.columns.len() {
                    text.push(',');
                    let value = chunk.values[(column * times + position) * patients + patient];
                    if value.is_finite() {
                        text.push_str(&records::csv::number(value));
                    }
                }
                text.push('\n');
            }
            text
        })
        .collect()
}
