//! `cytotrial model check`: whether a model can be read and begun, and whether its units fit.

use std::path::PathBuf;

use cytotrial::operation::model::check::{Answer, Checked, Request, run as check};

use super::{Input, counted, refused};
use crate::terminal::{say, say_json, wrapped};
use crate::{Exit, Options, show};

/// Check that a model can be read and begun, and that its units fit
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A model's file, the name of a bundled model, or - for a text on stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// List what has no unit, which fits everything
    #[arg(long)]
    units: bool,
}

pub(super) fn run(arguments: &Arguments, options: Options) -> Exit {
    let Input { text, folder } = match Input::read(&arguments.file) {
        Ok(input) => input,
        Err(problems) => return refused(&problems, None, options),
    };
    let Checked { answer, problems } = check(&Request { text });
    show::problems(&problems, Some(&folder), options);
    if options.json {
        say_json(&serde_json::json!(answer));
    } else if !options.quiet {
        say(&report(&answer, arguments.units));
    }
    show::exit(&problems)
}

fn report(answer: &Answer, lists_units: bool) -> String {
    let (Some(model), Some(language)) = (&answer.model, answer.language) else {
        return String::new();
    };
    let mut text = format!("{model} ({}): {}\n", language.word(), counted(&answer.counts));
    let (without, all) = (answer.undeclared.len(), answer.counts.symbols);
    if without == 0 {
        text += "everything has a unit\n";
    } else {
        let few = format!("without a unit, so that it fits everything: {without} of {all}\n");
        text.push_str(&few);
        if lists_units {
            text += &wrapped(&answer.undeclared.join(", "), "  ", "  ");
            text.push('\n');
        }
    }
    let clashes = answer.problems.iter().filter(|problem| problem.code == "M105").count();
    text += match (answer.usable, clashes) {
        (true, 0) => "the model can be solved\n",
        (true, _) => "the model can be solved, but units do not fit\n",
        (false, _) => "the model cannot be solved\n",
    };
    text
}
