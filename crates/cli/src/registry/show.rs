//! `cytotrial registry show`: a record as text, JSON, Markdown or a page.

use std::path::PathBuf;

use cytotrial::operation::registry::show::{Request, run as show};
use cytotrial::operation::report::Form;

use super::One;
use crate::terminal::{coloured_data, refuse, say, say_json};
use crate::{Exit, Options, write};

/// Show a record: key facts, texts, design, subject headings, and the trials most like it
///
/// For example `cytotrial registry show NCT06379451 --out record.html`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    one: One,
    /// Write to a file, whose ending chooses the form: html, md, json, txt
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long, requires = "out")]
    force: bool,
}

pub(super) fn run(arguments: &Arguments, options: Options) -> Exit {
    let form = match form(arguments, options) {
        Ok(form) => form,
        Err(message) => {
            return refuse(
                Exit::Usage,
                &message,
                "name a file that ends in .html, .md, .json or .txt",
            );
        }
    };
    arguments.one.with(options, |shelf, entry| {
        let answer = show(&Request { shelf, entry });
        let text = answer.printed(&entry.record, form);
        written(arguments, &answer.nct_id, &text, options)
    })
}

/// Says a text, or writes it to the file that was named.
fn written(arguments: &Arguments, id: &str, text: &str, options: Options) -> Exit {
    let Some(out) = &arguments.out else {
        say(text);
        return Exit::Fine;
    };
    let shown = out.display();
    if out.exists() && !arguments.force {
        let message = format!("`{shown}` is there already");
        return refuse(Exit::Usage, &message, "choose another file, or `--force`");
    }
    if let Err(error) = write::whole(out, text.as_bytes()) {
        let message = format!("`{shown}` cannot be written: {error}");
        return refuse(Exit::Failed, &message, "name a file in a folder that you may write to");
    }
    if options.json {
        say_json(&serde_json::json!({ "record": id, "file": out }));
    } else if !options.quiet {
        say(&format!("{shown}\n"));
    }
    Exit::Fine
}

fn form(arguments: &Arguments, options: Options) -> Result<Form, String> {
    let coloured = coloured_data(options);
    let Some(out) = &arguments.out else {
        return Ok(if options.json { Form::Json } else { Form::Text { width: 96, coloured } });
    };
    match out.extension().and_then(|ending| ending.to_str()) {
        Some("html" | "htm") => Ok(Form::Html),
        Some("md") => Ok(Form::Markdown),
        Some("json") => Ok(Form::Json),
        Some("txt") => Ok(Form::Text { width: 96, coloured: false }),
        _ => Err(format!("the ending of `{}` names no form", out.display())),
    }
}
