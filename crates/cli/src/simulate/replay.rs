//! `cytotrial simulate --replay`: the course of one subject as a table.

use std::fmt::Write as _;

use cytotrial::operation::replay::{Answer, Request, run as replay};
use cytotrial::operation::simulate::SimulateRequest;

use crate::folder::Folder;
use crate::terminal::{say, say_json};
use crate::{Exit, Options};

pub(super) fn run(
    simulation: SimulateRequest,
    subject: &str,
    folder: &Folder,
    options: Options,
) -> Result<(), Exit> {
    let request = Request { simulation, subject: subject.to_owned() };
    let answer = replay(&request)
        .map_err(|problems| crate::trials::refused(&problems, Some(folder), options))?;
    if options.json {
        say_json(&serde_json::json!(answer));
    } else {
        say(&table(&answer));
    }
    Ok(())
}

fn table(answer: &Answer) -> String {
    let mut text = String::new();
    let mut line = |words: &str| {
        writeln!(text, "{}", words.trim_end()).expect("a String takes every write");
    };
    line(&format!("{}: {}", answer.subject, answer.disposition));
    if let Some(failure) = &answer.failure {
        line(&format!(
            "could not be computed beyond day {:.2}: {} (state `{}`); counted as not evaluable",
            failure.day, failure.what, failure.state
        ));
    }
    let widest = answer.course.iter().map(|entry| entry.what.len()).max().unwrap_or(0);
    line(&format!("{:>9}  {:8}  {:widest$}  value", "day", "", "what"));
    for entry in &answer.course {
        let (day, kind, what) = (entry.day, entry.kind, &entry.what);
        line(&format!("{day:>9.2}  {kind:8}  {what:widest$}  {}", entry.value));
    }
    text
}
