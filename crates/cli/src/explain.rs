//! `cytotrial explain`: the page of a problem's code.

use std::fmt::Write as _;

use cytotrial::operation::explain::{Request, run as explain};

use crate::terminal::{say, say_json};
use crate::{Exit, Options, show};

/// Explain a problem by its code, or list every code
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The code in the message, such as U101
    code: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, options: Options) -> Exit {
    let answer = match explain(&Request { code: arguments.code.clone() }) {
        Ok(answer) => answer,
        Err(problems) => {
            show::problems(&problems, None, Options { quiet: true, ..options });
            show::json(&problems, options);
            return Exit::Usage;
        }
    };
    if options.json {
        say_json(&serde_json::json!(answer));
        return Exit::Fine;
    }
    if let Some(page) = answer.page {
        say(&page);
    }
    let mut list = String::new();
    for code in answer.codes {
        writeln!(list, "{}  {}", code.code, code.title).expect("a String takes every write");
    }
    say(&list);
    Exit::Fine
}
