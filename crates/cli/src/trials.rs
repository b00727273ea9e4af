//! What `simulate` and `claims` share: from a request to a run folder.

use std::path::{Path, PathBuf};

use cytotrial::operation::claims::OPTION_CLAIM;
use cytotrial::operation::replay::{OPTION_REPLAY, subject};
use cytotrial::operation::simulate::{KEPT, OPTION_ARMS, Simulation};
use cytotrial::operation::whole::{Done, Request, Whole};
use cytotrial::problem::Problem;
use cytotrial::run_folder::{facts, identity, inputs, results};
use serde_json::json;

use crate::folder::Folder;
use crate::run::{self, Beginning, Plan, Run};
use crate::terminal::{say, say_json, tell as to_stderr};
use crate::{Exit, Options, show};

/// Options of a run that both verbs have.
#[derive(Debug, clap::Args)]
pub(crate) struct Shared {
    /// Seed of every draw
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Threads; results do not depend on their number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Folder for run folders; `runs` in the trial's folder unless given
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Go on where this run was stopped or killed
    #[arg(long)]
    pub(crate) resume: bool,
    /// Run again even when a complete identical run is there, or begin a stopped one again
    #[arg(long, conflicts_with = "resume")]
    pub(crate) force: bool,
    /// Check everything and say what would be run, simulate nothing
    #[arg(long, conflicts_with_all = ["resume", "force"])]
    pub(crate) dry_run: bool,
}

/// What a person asked for.
pub(crate) struct Asked<'a> {
    /// The trial's folder.
    pub(crate) folder: &'a Folder,
    /// What to run.
    pub(crate) request: Request,
    /// The folder of runs, unless `--out` names one.
    pub(crate) runs: PathBuf,
    /// The command that repeats the run: every option that changes results, no other.
    pub(crate) command: String,
    /// The other options.
    pub(crate) shared: &'a Shared,
}

/// What is told when a run is complete: its results, its folder, and the seconds that it took.
pub(crate) type Tell = fn(&Done, &Path, f64, Options);

/// Runs, or finds the run complete.
pub(crate) fn attempt(asked: Asked<'_>, tell: Tell, options: Options) -> Result<(), Exit> {
    let Asked { folder, request, runs, command, shared } = asked;
    let whole =
        Whole::prepare(&request).map_err(|problems| refused(&problems, Some(folder), options))?;
    let texts = inputs(&folder.files);
    let name = identity(whole.kind(), &whole.claims(), &whole.world.experiment, &texts);
    let runs = shared.out.clone().unwrap_or(runs);
    if shared.dry_run {
        would_run(&whole, &runs.join(&name), options);
        return Ok(());
    }
    let typed = match &shared.out {
        Some(out) => format!("{command} --out {}", out.display()),
        None => command.clone(),
    };
    let plan = Plan {
        identity: &name,
        runs: &runs,
        command: &command,
        typed: &typed,
        inputs: &texts,
        resume: shared.resume,
        force: shared.force,
    };
    match run::begin(&plan, options)? {
        Beginning::Found(place) => found(&place, options),
        Beginning::Run(run) => {
            let (done, place, seconds) =
                complete(*run, whole, &plan, (shared.threads, folder), options)?;
            failures(&done.simulation, &command, options);
            tell(&done, &place, seconds, options);
        }
    }
    Ok(())
}

/// Simulates and writes the run.
fn complete(
    run: Run,
    whole: Whole,
    plan: &Plan<'_>,
    (threads, folder): (Option<u16>, &Folder),
    options: Options,
) -> Result<(Done, PathBuf, f64), Exit> {
    let pool = run::pool(threads, options)?;
    let (kind, claims) = (whole.kind(), whole.claims());
    let done = pool.install(|| whole.run(run.work())).map_err(|why| run.stopped(&why))?;
    let (simulation, findings) = (&done.simulation, done.findings.as_ref());
    let files =
        pool.install(|| results(simulation, findings, &folder.files, plan.identity, plan.command));
    let files = files.map_err(|problems| {
        refused(&problems, Some(folder), options);
        Exit::Failed
    })?;
    let about = facts(kind, &claims, simulation, plan.identity, plan.inputs);
    let seconds = run.seconds();
    let place = run.complete(&files, about)?;
    Ok((done, place, seconds))
}

/// Tells problems and says how the command ends.
pub(crate) fn refused(problems: &[Problem], folder: Option<&Folder>, options: Options) -> Exit {
    let of_options = [OPTION_ARMS, OPTION_CLAIM, OPTION_REPLAY];
    let is_usage = problems.iter().all(|problem| of_options.contains(&problem.file.as_str()));
    show::problems(problems, folder.filter(|_| !is_usage), options);
    show::json(problems, options);
    if is_usage { Exit::Usage } else { show::exit(problems) }
}

/// What would be run, and where it would go.
fn would_run(whole: &Whole, place: &Path, options: Options) {
    let experiment = &whole.world.experiment;
    let (replicates, patients) = (experiment.replicates, experiment.protocol.patients);
    if options.json {
        let arms: Vec<&str> = experiment.arms.iter().map(|arm| arm.name.as_str()).collect();
        say_json(&json!({
            "run": place, "dry_run": true, "replicates": replicates, "patients": patients,
            "arms": arms, "seed": experiment.seed, "claims": whole.claims(),
        }));
        return;
    }
    let (arms, seed, place) = (experiment.arms.len(), experiment.seed, place.display());
    let claims = match whole.claims().len() {
        0 => String::new(),
        claims => format!(" and the experiments of {claims} claims"),
    };
    note(
        &format!(
            "{replicates} trials of {patients} patients in {arms} arms{claims}, seed {seed}, would go to \
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

/// How many patients that could not be computed are told one by one.
const TOLD: usize = 5;

/// Patients that could not be computed: who, when, why, and how to look at them.
fn failures(simulation: &Simulation, command: &str, options: Options) {
    let experiment = simulation.experiment();
    let trial = &experiment.protocol.id;
    // The choice of arms or claims says nothing about a single patient.
    let is_about_one = |word: &&str| !word.starts_with("arms ") && !word.starts_with("claim ");
    let words: Vec<&str> = command.split(" --").filter(is_about_one).collect();
    let mut command = words.join(" --").replacen("cytotrial claims", "cytotrial simulate", 1);
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
pub(crate) fn note(text: &str, options: Options) {
    if !options.quiet {
        to_stderr(text);
    }
}

/// How long it took, and what can be repeated.
pub(crate) fn aside(simulation: &Simulation, seconds: f64, options: Options) {
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
