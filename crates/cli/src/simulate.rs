//! `cytotrial simulate`: whole virtual trials, judged, with a report.

use std::path::{Path, PathBuf};

use cytotrial::conduct::world::World;
use cytotrial::operation::blocks::Stopped;
use cytotrial::operation::replay::{OPTION_REPLAY, subject};
use cytotrial::operation::simulate::{
    KEPT, OPTION_ARMS, SimulateError, SimulateRequest, Simulation, prepare, run as simulate,
};
use cytotrial::problem::Problem;
use cytotrial::protocol::Experiment;
use cytotrial::run_folder::{Kind, facts, identity, inputs, results, summary_json};
use serde_json::json;

use crate::folder::Folder;
use crate::run::{self, Beginning, Plan, Run};
use crate::terminal::{say, say_json, tell as to_stderr};
use crate::{Exit, Options, overview, show};

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
    /// Seed of every draw
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Threads; results do not depend on their number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Folder for run folders; `runs` in the trial's folder unless given
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on where this run was stopped or killed
    #[arg(long)]
    resume: bool,
    /// Run again even when a complete identical run is there, or begin a stopped one again
    #[arg(long, conflicts_with = "resume")]
    force: bool,
    /// Check everything and say what would be run, simulate nothing
    #[arg(long, conflicts_with_all = ["resume", "force"])]
    dry_run: bool,
    /// Print the course of one subject, named as in the tables, and write nothing
    #[arg(
        long,
        value_name = "SUBJECT",
        conflicts_with_all = ["resume", "force", "dry_run", "out", "arms"]
    )]
    replay: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, options: Options) -> Exit {
    attempt(arguments, options).err().unwrap_or(Exit::Fine)
}

fn attempt(arguments: &Arguments, options: Options) -> Result<(), Exit> {
    let folder =
        Folder::read(&arguments.path).map_err(|problems| refused(&problems, None, options))?;
    let request = SimulateRequest {
        files: folder.files.clone(),
        replicates: arguments.replicates,
        patients: arguments.patients,
        arms: arguments.arms.clone(),
        seed: arguments.seed,
    };
    if let Some(subject) = &arguments.replay {
        return replay::run(request, subject, &folder, options);
    }
    let world = prepare(&request).map_err(|problems| refused(&problems, Some(&folder), options))?;
    let texts = inputs(&folder.files);
    let name = identity(Kind::Simulation, &world.experiment, &texts);
    let runs = arguments.out.clone().unwrap_or_else(|| folder.path.join("runs"));
    if arguments.dry_run {
        would_run(&world.experiment, &runs.join(&name), options);
        return Ok(());
    }
    let plan = Plan {
        identity: &name,
        runs: &runs,
        command: &command(arguments),
        typed: &typed(arguments),
        inputs: &texts,
        resume: arguments.resume,
        force: arguments.force,
    };
    match run::begin(&plan, options)? {
        Beginning::Found(place) => found(&place, options),
        Beginning::Run(run) => complete(*run, world, &plan, (arguments, &folder), options)?,
    }
    Ok(())
}

/// Simulates, writes the run, and tells what came of it.
fn complete(
    run: Run,
    world: World,
    plan: &Plan<'_>,
    (arguments, folder): (&Arguments, &Folder),
    options: Options,
) -> Result<(), Exit> {
    let pool = run::pool(arguments.threads, options)?;
    let simulation = pool.install(|| simulate(world, run.work())).map_err(|error| match error {
        SimulateError::Input(problems) => refused(&problems, Some(folder), options),
        SimulateError::Cancelled => run.stopped(&Stopped::Cancelled),
        SimulateError::NotKept(why) => run.stopped(&Stopped::NotKept(why)),
    })?;
    let files =
        results(&simulation, &folder.files, plan.identity, plan.command).map_err(|problems| {
            refused(&problems, Some(folder), options);
            Exit::Failed
        })?;
    let about = facts(Kind::Simulation, &simulation, plan.identity, plan.inputs);
    let seconds = run.seconds();
    let place = run.complete(&files, about)?;
    failures(&simulation, plan.command, options);
    tell(&simulation, &place, seconds, options);
    Ok(())
}

/// Tells problems and says how the command ends.
fn refused(problems: &[Problem], folder: Option<&Folder>, options: Options) -> Exit {
    let options_only = [OPTION_ARMS, OPTION_REPLAY];
    let is_usage = problems.iter().all(|problem| options_only.contains(&problem.file.as_str()));
    show::problems(problems, folder.filter(|_| !is_usage), options);
    show::json(problems, options);
    if is_usage { Exit::Usage } else { show::exit(problems) }
}

/// What would be run, and where it would go.
fn would_run(experiment: &Experiment, place: &Path, options: Options) {
    let (replicates, patients) = (experiment.replicates, experiment.protocol.patients);
    if options.json {
        let arms: Vec<&str> = experiment.arms.iter().map(|arm| arm.name.as_str()).collect();
        say_json(&json!({
            "run": place, "dry_run": true, "replicates": replicates, "patients": patients,
            "arms": arms, "seed": experiment.seed,
        }));
        return;
    }
    let (arms, seed, place) = (experiment.arms.len(), experiment.seed, place.display());
    note(
        &format!(
            "{replicates} trials of {patients} patients in {arms} arms, seed {seed}, would go to \
             {place}"
        ),
        options,
    );
}

/// The run is there already.
fn found(place: &Path, options: Options) {
    if options.json {
        say_json(&json!({ "run": place, "found": true }));
    } else {
        note("this run is already complete; --force runs it again", options);
        say(&format!("report: {}\n", place.join("report.html").display()));
    }
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
    if let Some(seed) = arguments.seed {
        words.push(format!("--seed {seed}"));
    }
    words.join(" ")
}

/// The command as it was typed, but for `--resume`, `--force` and the number of threads.
fn typed(arguments: &Arguments) -> String {
    let command = command(arguments);
    match &arguments.out {
        Some(out) => format!("{command} --out {}", out.display()),
        None => command,
    }
}

/// How many patients that could not be computed are told one by one.
const TOLD: usize = 5;

/// Patients that could not be computed: who, when, why, and how to look at them.
fn failures(simulation: &Simulation, command: &str, options: Options) {
    let experiment = simulation.experiment();
    let trial = &experiment.protocol.id;
    // The choice of arms says nothing about a single patient.
    let words: Vec<&str> = command.split(" --").filter(|word| !word.starts_with("arms ")).collect();
    let mut command = words.join(" --");
    if !command.contains(" --seed ") {
        command = format!("{command} --seed {}", experiment.seed);
    }
    let failed: Vec<_> = simulation.failed().collect();
    let told = failed.iter().take(TOLD).map(|patient| {
        let name = subject(trial, patient.patient, patient.replicate, &patient.arm);
        let message = format!(
            "trial {}, arm `{}`: patient {} of {trial} could not be computed beyond day {:.2}: {} \
             (state `{}`)",
            patient.replicate,
            patient.arm,
            patient.patient + 1,
            patient.day,
            patient.what,
            patient.state
        );
        let help = format!(
            "counted as not evaluable, never dropped; `{command} --replay {name}` shows the \
             patient's course"
        );
        Problem::error("S101", "", "", message, help).as_warning()
    });
    let told: Vec<Problem> = told.collect();
    if !told.is_empty() {
        show::problems(&told, None, options);
    }
    if failed.len() > TOLD {
        note(&format!("{TOLD} of {} are shown; all are in run.json", failed.len()), options);
    }
}

/// A remark on stderr, unless told to be quiet.
fn note(text: &str, options: Options) {
    if !options.quiet {
        to_stderr(text);
    }
}

fn tell(simulation: &Simulation, place: &Path, seconds: f64, options: Options) {
    if options.json {
        let mut answer = summary_json(simulation);
        answer["run"] = json!(place);
        say_json(&answer);
        return;
    }
    say(&overview::of(simulation));
    say(&format!("report: {}\n", place.join("report.html").display()));
    note(
        &format!(
            "{} patients in {seconds:.1} s; patient-level tables of the first {}; seed {}",
            simulation.summary.simulated,
            if KEPT == 1 { "trial".to_owned() } else { format!("{KEPT} trials") },
            simulation.experiment().seed
        ),
        options,
    );
}
