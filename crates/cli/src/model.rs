//! `cytotrial model`: texts of models listed, checked, shown, converted and solved.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::Subcommand;
use cytotrial::operation::model::{self, Language, Text};
use cytotrial::problem::Problem;
use cytotrial::protocol::files::Files;

use crate::folder::{Folder, help_for};
use crate::terminal::{refuse, say, say_json};
use crate::{Exit, Options, show, write};

mod check;
mod convert;
mod display;
mod solve;

/// Longer texts are refused before they are read.
const LONGEST: u64 = 256 << 20;

/// List, check, show, convert or solve a model written as Antimony or SBML
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the models that come with the program
    List,
    Check(check::Arguments),
    Show(display::Arguments),
    Convert(convert::Arguments),
    Solve(Box<solve::Arguments>),
}

pub(crate) fn run(arguments: &Arguments, options: Options) -> Exit {
    match &arguments.verb {
        Verb::List => list(options),
        Verb::Check(arguments) => check::run(arguments, options),
        Verb::Show(arguments) => display::run(arguments, options),
        Verb::Convert(arguments) => convert::run(arguments, options),
        Verb::Solve(arguments) => solve::run(arguments, options),
    }
}

fn list(options: Options) -> Exit {
    let models = model::list();
    if options.json {
        say_json(&serde_json::json!({ "models": models }));
        return Exit::Fine;
    }
    let widest = models.iter().map(|model| model.name.len()).max().unwrap_or(0);
    for model in models {
        say(&format!("{:widest$}  {}\n", model.name, model.title));
    }
    Exit::Fine
}

/// A model's text with the folder around it.
struct Input {
    text: Text,
    folder: Folder,
}

impl Input {
    /// Reads a file, a bundled model by its name, or stdin for `-`.
    fn read(path: &Path) -> Result<Self, Vec<Problem>> {
        let shown = path.display().to_string();
        let mut files = Files::default();
        let input = |name: String, folder: PathBuf, files: Files| Self {
            text: Text { name, files: files.clone() },
            folder: Folder { path: folder, files },
        };
        if shown == "-" {
            let mut text = String::new();
            let read = io::stdin().take(LONGEST).read_to_string(&mut text);
            read.map_err(|error| unreadable("stdin", &error.to_string()))?;
            files.texts.insert("stdin".to_owned(), text);
            return Ok(input("stdin".to_owned(), PathBuf::new(), files));
        }
        if path.is_dir() {
            return Err(unreadable(&shown, "it is a folder"));
        }
        if !path.exists() {
            let bundled = model::list();
            let is_named = |model: &&model::Bundled| model.name == shown || model.file == shown;
            if let Some(model) = bundled.iter().find(is_named) {
                return Ok(input(model.file.clone(), PathBuf::new(), files));
            }
            let names: Vec<&str> = bundled.iter().map(|model| model.name.as_str()).collect();
            let help = format!("{}, or a bundled model: {}", help_for(path), names.join(", "));
            let message = format!("there is no `{shown}`");
            return Err(vec![Problem::error("F101", "", "", message, help)]);
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        let text = text_of(path)?;
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
        let table = format!("{stem}.parameters.csv");
        for beside in imported(&text).chain([table]) {
            // What is missing is told where it is imported.
            if let Ok(other) = fs::read_to_string(folder.join(&beside)) {
                files.texts.insert(beside, other);
            }
        }
        files.texts.insert(name.clone(), text);
        Ok(input(name, folder, files))
    }
}

/// The names of files in the folder that an Antimony text imports.
fn imported(text: &str) -> impl Iterator<Item = String> {
    let lines = text.lines().filter_map(|line| line.trim_start().strip_prefix("import"));
    let name = |rest: &str| rest.split('"').nth(1).map(str::to_owned);
    lines.filter_map(name).filter(|name| !name.contains(['/', '\\']))
}

fn text_of(path: &Path) -> Result<String, Vec<Problem>> {
    let shown = path.display().to_string();
    let length = fs::metadata(path).map_or(0, |about| about.len());
    if length > LONGEST {
        return Err(unreadable(&shown, &format!("it is longer than {} MiB", LONGEST >> 20)));
    }
    let bytes = fs::read(path).map_err(|error| unreadable(&shown, &error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        unreadable(&shown, &format!("byte {} is not UTF-8", at + 1))
    })
}

fn unreadable(shown: &str, why: &str) -> Vec<Problem> {
    let message = format!("`{shown}` cannot be read: {why}");
    let help = "a model is a text in UTF-8 that you may read";
    vec![Problem::error("F102", "", "", message, help)]
}

/// Tells problems, and how the command ends with them.
fn refused(problems: &[Problem], folder: Option<&Folder>, options: Options) -> Exit {
    show::problems(problems, folder, options);
    if options.json {
        let files = folder.map(|folder| folder.files.clone()).unwrap_or_default();
        let found: Vec<_> = problems
            .iter()
            .map(|problem| cytotrial::operation::check::Found::new(problem, &files))
            .collect();
        say_json(&serde_json::json!({ "problems": found }));
    }
    let failed = problems.iter().any(|problem| problem.code == "S102");
    if failed { Exit::Failed } else { show::exit(problems) }
}

/// Writes a file whole, or to stdout without one.
fn deliver(out: Option<&Path>, force: bool, bytes: &[u8]) -> Result<(), Exit> {
    let Some(out) = out else {
        say(&String::from_utf8_lossy(bytes));
        return Ok(());
    };
    let shown = out.display();
    if out.exists() && !force {
        let message = format!("`{shown}` is there already");
        return Err(refuse(Exit::Usage, &message, "choose another file, or `--force`"));
    }
    write::whole(out, bytes).map_err(|error| {
        let message = format!("`{shown}` cannot be written: {error}");
        refuse(Exit::Failed, &message, "name a file in a folder that you may write to")
    })
}

/// `3 states, 1 event`: what there is, without what there is none of.
fn counted(counts: &model::check::Counts) -> String {
    let many = |number: usize, one: &str, more: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{number} {more}")),
    };
    let parts = [
        many(counts.states, "state", "states"),
        many(counts.assigned, "value by rule", "values by rule"),
        many(counts.constants, "constant", "constants"),
        many(counts.variables, "variable", "variables"),
        many(counts.reactions, "reaction", "reactions"),
        many(counts.events, "event", "events"),
        many(counts.ports, "port", "ports"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// A language as the command line names it.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum To {
    /// Antimony
    Antimony,
    /// SBML Level 3 Version 2
    Sbml,
}

impl To {
    fn wanted(self) -> Language {
        match self {
            Self::Antimony => Language::Antimony,
            Self::Sbml => Language::Sbml,
        }
    }
}
