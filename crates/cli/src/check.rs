//! `cytotrial check`: what is stated, assumed, missing and contradictory.

use std::fmt::Write as _;
use std::path::PathBuf;

use cytotrial::audit::AuditItem;
use cytotrial::operation::check::{Answer, Checked, Counts, Found, Request, run as check};
use cytotrial::problem::Problem;
use cytotrial::protocol::files::Files;
use serde_json::json;

use crate::folder::Folder;
use crate::terminal::{say, say_json, wrapped};
use crate::{Exit, Options, show};

/// Say what is stated, assumed, missing and contradictory in a trial folder
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Trial folders or trial files; the current folder when none is given
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, options: Options) -> Exit {
    let here = [PathBuf::from(".")];
    let paths = if arguments.paths.is_empty() { &here[..] } else { &arguments.paths };
    let mut exit = Exit::Fine;
    let mut documents = Vec::new();
    for path in paths {
        let folder = match Folder::read(path) {
            Ok(folder) => folder,
            Err(problems) => {
                show::problems(&problems, None, options);
                documents.push(json!({ "path": path, "problems": found(&problems) }));
                exit = exit.max(Exit::Input);
                continue;
            }
        };
        let Checked { answer, problems } = check(&Request { files: folder.files.clone() });
        exit = exit.max(show::exit(&problems));
        show::problems(&problems, Some(&folder), options);
        if options.json {
            documents.push(json!({ "path": path, "check": answer }));
        } else if !options.quiet {
            say(&report(&answer, options.verbose));
        }
    }
    if options.json {
        say_json(&json!({ "checks": documents }));
    }
    exit
}

/// Problems of a path that is no folder, as the answer of a check has them.
fn found(problems: &[Problem]) -> Vec<Found> {
    problems.iter().map(|problem| Found::new(problem, &Files::default())).collect()
}

fn report(answer: &Answer, verbose: bool) -> String {
    let mut text = String::new();
    if let (Some(trial), Some(title)) = (&answer.trial, &answer.title) {
        line(&mut text, &format!("{trial}  {title}"));
        line(&mut text, &format!("arms: {}", answer.arms.join(", ")));
        line(&mut text, "");
    }
    counts(&mut text, answer);
    if verbose {
        items(&mut text, "stated by the record", &answer.stated, true);
    }
    if answer.stated.is_empty() {
        line(
            &mut text,
            "\nthere is no record.json beside it, so nothing can be compared with a record",
        );
    }
    items(&mut text, "left open by the record", &answer.open, verbose);
    items(&mut text, "contradictions, and what the figures allow", &answer.contradictions, verbose);
    let verdict = if answer.usable { "can be simulated" } else { "cannot be simulated" };
    line(&mut text, &format!("\nthe protocol {verdict}"));
    text
}

fn counts(text: &mut String, answer: &Answer) {
    let widest = answer.files.iter().map(|file| file.file.len()).max().unwrap_or(0).max(8);
    line(
        text,
        &format!(
            "{:widest$}  {:>6}  {:>7}  {:>7}  {:>5}  {:>14}",
            "values", "stated", "derived", "assumed", "cited", "without source"
        ),
    );
    for Counts { file, stated, derived, assumed, cited, without } in
        answer.files.iter().chain([&answer.total])
    {
        line(
            text,
            &format!(
                "{file:widest$}  {stated:>6}  {derived:>7}  {assumed:>7}  {cited:>5}  {without:>14}"
            ),
        );
    }
}

fn items(text: &mut String, title: &str, items: &[AuditItem], quotes: bool) {
    if items.is_empty() {
        return;
    }
    line(text, &format!("\n{title} ({})", items.len()));
    for item in items {
        line(text, &wrapped(&format!("{}: {}", item.title, item.text), "  ", "    "));
        if quotes && !item.quote.is_empty() && item.quote != item.text {
            line(text, &wrapped(&format!("\"{}\"", item.quote), "    ", "    "));
        }
    }
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a String takes every write");
}
