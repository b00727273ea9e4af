//! `cytotrial registry related`: the trials most like a record.

use std::fmt::Write as _;

use cytotrial::operation::registry::related::{Answer, Preset, Request, run as related};

use super::One;
use crate::terminal::{say, say_json, tell, wrapped};
use crate::{Exit, Options};

/// List the trials most like a record, each with the reasons and how it differs
///
/// For example `cytotrial registry related NCT06379451 --only competing`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    one: One,
    /// Which trials to look at
    #[arg(long, value_enum, value_name = "WHICH", default_value = "all")]
    only: Only,
    /// Trials at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=200))]
    rows: u16,
}

/// Which trials are looked at.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Only {
    /// All
    All,
    /// Trials that run or will
    Competing,
    /// Trials with results
    Historical,
    /// Trials of the same type, allocation, model, purpose and masking
    SameDesign,
}

impl Only {
    fn wanted(self) -> Preset {
        match self {
            Self::All => Preset::All,
            Self::Competing => Preset::Competing,
            Self::Historical => Preset::Historical,
            Self::SameDesign => Preset::SameDesign,
        }
    }
}

pub(super) fn run(arguments: &Arguments, options: Options) -> Exit {
    let preset = arguments.only.wanted();
    let rows = usize::from(arguments.rows);
    arguments.one.with(options, |shelf, entry| {
        let answer = related(&Request { shelf, entry, preset, rows });
        if options.json {
            say_json(&serde_json::json!(answer));
            return Exit::Fine;
        }
        say(&text(&answer));
        if !options.quiet {
            tell(&wrapped(&format!("{}.", answer.notice), "", ""));
        }
        Exit::Fine
    })
}

fn text(answer: &Answer) -> String {
    let mut text = String::new();
    let mut line = |line: String| writeln!(text, "{line}").expect("a String takes every write");
    for row in &answer.rows {
        let facts = [row.status.as_str(), row.phase.as_str()];
        let facts: Vec<&str> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
        line(wrapped(&row.title, &format!("{}  ", row.nct_id), "             "));
        if !facts.is_empty() {
            line(format!("             {}", facts.join(" · ")));
        }
        line(wrapped(&row.reasons.join("; "), "             ", "               "));
        let differs = row.differences.iter().map(|difference| {
            format!("{} {} (here {})", difference.what, difference.other, difference.own)
        });
        let differs = differs.collect::<Vec<String>>().join("; ");
        if !differs.is_empty() {
            line(wrapped(&differs, "             differs in ", "               "));
        }
    }
    line(format!("{} of {} records", answer.rows.len(), answer.records));
    text
}
