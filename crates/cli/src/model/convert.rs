//! `cytotrial model convert`: a model in the other language.

use std::path::PathBuf;

use cytotrial::operation::model::convert::{Request, run as convert};
use serde_json::json;

use super::{Input, To, deliver, refused};
use crate::terminal::say_json;
use crate::{Exit, Options};

/// Write a model in another language
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A model's file, the name of a bundled model, or - for a text on stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The language to write
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    to: To,
    /// Write to a file; stdout unless given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long, requires = "out")]
    force: bool,
}

pub(super) fn run(arguments: &Arguments, options: Options) -> Exit {
    let Input { text, folder } = match Input::read(&arguments.file) {
        Ok(input) => input,
        Err(problems) => return refused(&problems, None, options),
    };
    let answer = match convert(&Request { text, to: arguments.to.wanted() }) {
        Ok(answer) => answer,
        Err(problems) => return refused(&problems, Some(&folder), options),
    };
    if options.json && arguments.out.is_none() {
        say_json(&json!(answer));
        return Exit::Fine;
    }
    if let Err(exit) = deliver(arguments.out.as_deref(), arguments.force, answer.text.as_bytes()) {
        return exit;
    }
    if options.json {
        let (model, from, to) = (answer.model, answer.from, answer.to);
        say_json(&json!({ "model": model, "from": from, "to": to, "file": arguments.out }));
    }
    Exit::Fine
}
