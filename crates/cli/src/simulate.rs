//! `cytotrial simulate`: whole virtual trials, judged, with a report.

use std::path::{Path, PathBuf};

use cytotrial::operation::simulate::SimulateRequest;
use cytotrial::operation::whole::{Done, Request};
use cytotrial::run_folder::summary_json;
use serde_json::json;

use crate::folder::Folder;
use crate::terminal::{say, say_json};
use crate::trials::{Asked, Shared, aside, attempt, refused};
use crate::{Exit, Options, overview};

mod replay;

/// Simulate the trial in every arm and write a report
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Trial folder or trial file
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    /// Whole trials to simulate; the trial's own number unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=16_000_000))]
    replicates: Option<u32>,
    /// Patients per arm; the protocol's number unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    patients: Option<u32>,
    /// Arms, separated by commas; all unless given
    #[arg(long, value_name = "ARM", value_delimiter = ',')]
    arms: Option<Vec<String>>,
    #[command(flatten)]
    shared: Shared,
    /// Print the course of one subject, named as in the tables, and write nothing
    #[arg(
        long,
        value_name = "SUBJECT",
        conflicts_with_all = ["resume", "force", "dry_run", "out", "arms"]
    )]
    replay: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, options: Options) -> Exit {
    asked(arguments, options).err().unwrap_or(Exit::Fine)
}

fn asked(arguments: &Arguments, options: Options) -> Result<(), Exit> {
    let folder =
        Folder::read(&arguments.path).map_err(|problems| refused(&problems, None, options))?;
    let simulation = SimulateRequest {
        files: folder.files.clone(),
        replicates: arguments.replicates,
        patients: arguments.patients,
        arms: arguments.arms.clone(),
        seed: arguments.shared.seed,
    };
    if let Some(subject) = &arguments.replay {
        return replay::run(simulation, subject, &folder, options);
    }
    let asked = Asked {
        folder: &folder,
        request: Request { simulation, claims: None },
        runs: folder.path.join("runs"),
        command: command(arguments),
        shared: &arguments.shared,
    };
    attempt(asked, tell, options)
}

/// The command that repeats the run; the number of threads and the folder change no result.
fn command(arguments: &Arguments) -> String {
    let mut words = vec!["cytotrial simulate".to_owned(), arguments.path.display().to_string()];
    if let Some(replicates) = arguments.replicates {
        words.push(format!("--replicates {replicates}"));
    }
    if let Some(patients) = arguments.patients {
        words.push(format!("--patients {patients}"));
    }
    if let Some(arms) = &arguments.arms {
        words.push(format!("--arms {}", arms.join(",")));
    }
    if let Some(seed) = arguments.shared.seed {
        words.push(format!("--seed {seed}"));
    }
    words.join(" ")
}

fn tell(done: &Done, place: &Path, seconds: f64, options: Options) {
    if options.json {
        let mut answer = summary_json(&done.simulation);
        answer["run"] = json!(place);
        say_json(&answer);
        return;
    }
    say(&overview::of(&done.simulation));
    say(&format!("report: {}\n", place.join("report.html").display()));
    aside(&done.simulation, seconds, options);
}
