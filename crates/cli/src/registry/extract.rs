//! `cytotrial registry extract`: the design parameters of a record with their sources.

use std::fmt::Write as _;

use cytotrial::operation::registry::extract::{Answer, Source, run as extract};

use super::One;
use crate::terminal::{say, say_json, wrapped};
use crate::{Exit, Options};

/// Read the design parameters of a record, each with its place or its sentence
///
/// For example `cytotrial registry extract NCT05247957`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    one: One,
}

pub(super) fn run(arguments: &Arguments, options: Options) -> Exit {
    arguments.one.with(options, |_, entry| {
        let answer = extract(entry);
        if options.json {
            say_json(&serde_json::json!(answer));
        } else {
            say(&text(&answer, options.verbose));
        }
        Exit::Fine
    })
}

fn text(answer: &Answer, is_long: bool) -> String {
    let mut text = format!("{}\n", answer.nct_id);
    let mut line = |line: String| writeln!(text, "{line}").expect("a String takes every write");
    for parameter in &answer.parameters {
        if parameter.values.is_empty() {
            line(format!("{}: not stated", parameter.title));
        }
        for given in &parameter.values {
            let value = format!("{}: {}", parameter.title, given.value.text());
            line(wrapped(&value, "", "  "));
            match &given.source {
                Source::Field { path } if is_long => line(format!("  at {path}")),
                Source::Field { .. } => {}
                Source::Derived { how } => line(wrapped(how, "  derived: ", "    ")),
                Source::Quote { path, sentence, remark } => {
                    line(wrapped(&format!("\"{sentence}\""), "  ", "   "));
                    if !remark.is_empty() {
                        line(format!("  ({remark})"));
                    }
                    if is_long {
                        line(format!("  at {path}"));
                    }
                }
            }
        }
    }
    text
}
