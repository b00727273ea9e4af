//! `cytotrial registry show`: a record as text, JSON, Markdown or a page.

use std::path::PathBuf;

use cytotrial::operation::registry::show::{Request, run as show};
use cytotrial::operation::report::Form;

use super::{Source, entry, refused};
use crate::terminal::{coloured_data, refuse, say, say_json};
use crate::{Exit, Options, write};

/// Show a record: key facts, texts, design, subject headings, and the trials most like it
///
/// For example `cytotrial registry show NCT06379451 --out record.html`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A record's number, its JSON file, or - for one on stdin
    #[arg(value_name = "NCT|FILE.json")]
    record: String,
    #[command(flatten)]
    source: Source,
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
    let shelf = match arguments.source.shelf() {
        Ok(shelf) => shelf,
        Err(problems) => return refused(&problems, options),
    };
    let entry = match entry(&shelf, &arguments.record) {
        Ok(entry) => entry,
        Err(problems) => return refused(&problems, options),
    };
    let answer = show(&Request { shelf: &shelf, entry: &entry });
    let text = answer.printed(&entry.record, form);
    let Some(out) = &arguments.out else {
        say(&text);
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
        say_json(&serde_json::json!({ "record": answer.nct_id, "file": out }));
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
