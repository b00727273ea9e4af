//! `cytotrial registry audit`: what a record lacks and where it contradicts itself.

use std::fmt::Write as _;

use cytotrial::operation::registry::audit::{Answer, run as audit};

use super::One;
use crate::terminal::{say, say_json, wrapped};
use crate::{Exit, Options};

/// Say what a record lacks for a design, and where it contradicts itself
///
/// For example `cytotrial registry audit NCT06379451`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    one: One,
}

pub(super) fn run(arguments: &Arguments, options: Options) -> Exit {
    arguments.one.with(options, |_, entry| {
        let answer = audit(entry);
        if options.json {
            say_json(&serde_json::json!(answer));
        } else {
            say(&text(&answer));
        }
        Exit::Fine
    })
}

fn text(answer: &Answer) -> String {
    let mut text = format!("{}\n", answer.nct_id);
    let mut line = |line: String| writeln!(text, "{line}").expect("a String takes every write");
    let stated: Vec<&str> =
        answer.needs.iter().filter(|need| need.is_stated).map(|need| need.title).collect();
    if !stated.is_empty() {
        line(wrapped(&stated.join(", "), "stated: ", "  "));
    }
    line("not stated, and needed for a design:".to_owned());
    for need in answer.needs.iter().filter(|need| !need.is_stated) {
        line(format!("  {}: {}", need.title, need.matters));
    }
    line(match answer.contradictions.len() {
        0 => "no contradiction was found".to_owned(),
        1 => "1 contradiction:".to_owned(),
        count => format!("{count} contradictions:"),
    });
    for finding in &answer.contradictions {
        line(wrapped(&format!("{} ({})", finding.text, finding.code), "  ", "    "));
        for quote in &finding.quotes {
            line(wrapped(&format!("\"{quote}\""), "    ", "     "));
        }
    }
    text
}
