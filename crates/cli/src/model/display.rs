//! `cytotrial model show`: what a model says, as tables, and which state acts on which.

use std::fmt::Write as _;
use std::path::PathBuf;

use cytotrial::operation::model::show::{Answer, EventRow, ReactionRow, Request, Row, run as show};

use super::{Input, counted, deliver, refused};
use crate::terminal::{say, say_json, wrapped};
use crate::{Exit, Options};

/// Show a model's states, rates, parameters, units and sources
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A model's file, the name of a bundled model, or - for a text on stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Show instead which states the rate of each state reads
    #[arg(long, value_enum, value_name = "FORM")]
    diagram: Option<Form>,
    /// Write to a file; stdout unless given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long, requires = "out")]
    force: bool,
}

/// Forms of the diagram.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Form {
    /// One line per state
    Text,
    /// A drawing
    Svg,
}

pub(super) fn run(arguments: &Arguments, options: Options) -> Exit {
    let Input { text, folder } = match Input::read(&arguments.file) {
        Ok(input) => input,
        Err(problems) => return refused(&problems, None, options),
    };
    let answer = match show(&Request { text }) {
        Ok(answer) => answer,
        Err(problems) => return refused(&problems, Some(&folder), options),
    };
    let shown = match arguments.diagram {
        None if options.json && arguments.out.is_none() => {
            say_json(&serde_json::json!(answer));
            return Exit::Fine;
        }
        None => tables(&answer),
        Some(Form::Text) => answer.diagram.text(),
        Some(Form::Svg) => answer.diagram.svg(),
    };
    if let Err(exit) = deliver(arguments.out.as_deref(), arguments.force, shown.as_bytes()) {
        return exit;
    }
    if let Some(out) = arguments.out.as_ref().filter(|_| !options.quiet) {
        if options.json {
            say_json(&serde_json::json!({ "model": answer.model, "file": out }));
        } else {
            say(&format!("{}\n", out.display()));
        }
    }
    Exit::Fine
}

fn tables(answer: &Answer) -> String {
    let mut text = String::new();
    let counts = counted(&answer.counts);
    line(&mut text, &format!("{} ({}): {counts}", answer.model, answer.language.word()));
    symbols(&mut text, "states, with their rates of change", &answer.states, "' = ");
    symbols(&mut text, "values by rule", &answer.assigned, " := ");
    symbols(&mut text, "variables, which events and protocols set", &answer.variables, " = ");
    symbols(&mut text, "constants", &answer.constants, " = ");
    reactions(&mut text, &answer.reactions);
    events(&mut text, &answer.events);
    text
}

fn symbols(text: &mut String, title: &str, rows: &[Row], sign: &str) {
    if rows.is_empty() {
        return;
    }
    line(text, &format!("\n{title} ({})", rows.len()));
    let width =
        |of: fn(&Row) -> usize, least: usize| rows.iter().map(of).max().unwrap_or(0).max(least);
    let name = width(|row| row.name.chars().count() + if row.is_port { 7 } else { 0 }, 4);
    let unit = width(|row| row.unit.as_deref().map_or(1, |unit| unit.chars().count()), 4);
    line(
        text,
        &format!("  {:name$}  {:>13}  {:unit$}  what it is", "name", "at the start", "unit"),
    );
    for row in rows {
        let port = if row.is_port { " (port)" } else { "" };
        let shown = format!("{}{port}", row.name);
        let value = row.value.map_or_else(|| "-".to_owned(), number);
        let what = row.title.as_deref().unwrap_or("");
        let words = format!(
            "  {shown:name$}  {value:>13}  {:unit$}  {what}",
            row.unit.as_deref().unwrap_or("-")
        );
        line(text, words.trim_end());
        if let Some(formula) = &row.formula {
            line(text, &wrapped(&format!("{}{sign}{formula}", row.name), "      ", "        "));
        }
        if let Some(source) = &row.source {
            line(text, &wrapped(&format!("source: {source}"), "      ", "        "));
        }
    }
}

fn reactions(text: &mut String, rows: &[ReactionRow]) {
    if !rows.is_empty() {
        line(text, &format!("\nreactions ({})", rows.len()));
    }
    for row in rows {
        line(text, &format!("  {}: {}", row.name, row.equation));
        let rate = row.rate.as_deref().unwrap_or("not given");
        line(text, &wrapped(&format!("rate: {rate}"), "      ", "        "));
    }
}

fn events(text: &mut String, rows: &[EventRow]) {
    if !rows.is_empty() {
        line(text, &format!("\nevents ({})", rows.len()));
    }
    for row in rows {
        let delay = row.delay.as_ref().map_or(String::new(), |delay| format!("{delay} after "));
        line(text, &wrapped(&format!("{}: {delay}{}", row.name, row.condition), "  ", "      "));
        if let Some(priority) = &row.priority {
            line(text, &format!("      priority: {priority}"));
        }
        for [name, value] in &row.sets {
            line(text, &wrapped(&format!("{name} = {value}"), "      ", "        "));
        }
    }
}

/// A number in few characters.
fn number(value: f64) -> String {
    let plain = format!("{value}");
    if plain.len() <= 9 { plain } else { format!("{value:.6e}") }
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a String takes every write");
}
