//! `cytotrial simulate`: whole virtual trials, judged, with a report.

use std::path::{Path, PathBuf};
use std::time::Instant;

use cytotrial::operation::simulate::{
    KEPT, OPTION_ARMS, SimulateError, SimulateRequest, Simulation, prepare, run as simulate,
};
use cytotrial::problem::Problem;
use cytotrial::protocol::Experiment;
use cytotrial::run_folder::{RunFile, facts, identity, inputs, results, sha256, summary_json};
use serde_json::{Value, json};

use crate::folder::Folder;
use crate::progress::Progress;
use crate::terminal::{say, say_json, tell as to_stderr};
use crate::{Exit, Options, overview, show, write};

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
    /// Run again even when a complete identical run is there
    #[arg(long)]
    force: bool,
    /// Check everything and say what would be run, simulate nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(arguments: &Arguments, options: Options) -> Exit {
    let folder = match Folder::read(&arguments.path) {
        Ok(folder) => folder,
        Err(problems) => {
            show::problems(&problems, None, options);
            show::json(&problems, options);
            return Exit::Input;
        }
    };
    let request = SimulateRequest {
        files: folder.files.clone(),
        replicates: arguments.replicates,
        patients: arguments.patients,
        arms: arguments.arms.clone(),
        seed: arguments.seed,
    };
    let world = match prepare(&request) {
        Ok(world) => world,
        Err(problems) if problems.iter().all(|problem| problem.file == OPTION_ARMS) => {
            show::problems(&problems, None, options);
            show::json(&problems, options);
            return Exit::Usage;
        }
        Err(problems) => {
            show::problems(&problems, Some(&folder), options);
            show::json(&problems, options);
            return show::exit(&problems);
        }
    };
    let texts = inputs(&folder.files);
    let name = identity(&world.experiment, &texts);
    let place = arguments.out.clone().unwrap_or_else(|| folder.path.join("runs")).join(&name);
    if arguments.dry_run {
        would_run(&world.experiment, &place, options);
        return Exit::Fine;
    }
    if place.join("run.json").is_file() && !arguments.force {
        return found(&place, options);
    }
    let started = Instant::now();
    let progress = Progress::new(options);
    let threads = usize::from(arguments.threads.unwrap_or(0));
    let pool = match cytotrial::pool(threads) {
        Ok(pool) => pool,
        Err(message) => {
            let problem = Problem::error("X102", "", "", message, "try fewer threads");
            show::problems(&[problem], None, options);
            return Exit::Failed;
        }
    };
    let simulation = match pool.install(|| simulate(world, &progress)) {
        Ok(simulation) => simulation,
        Err(SimulateError::Input(problems)) => {
            show::problems(&problems, Some(&folder), options);
            show::json(&problems, options);
            return Exit::Input;
        }
        Err(SimulateError::Cancelled) => return Exit::Failed,
        Err(SimulateError::NotKept(why)) => {
            let help = "choose another folder with --out";
            show::problems(&[Problem::error("F103", "", "", why, help)], None, options);
            return Exit::Failed;
        }
    };
    let command = command_words(arguments);
    let files = match results(&simulation, &folder.files, &name, &command) {
        Ok(files) => files,
        Err(problems) => {
            show::problems(&problems, Some(&folder), options);
            show::json(&problems, options);
            return Exit::Failed;
        }
    };
    let seconds = started.elapsed().as_secs_f64();
    let about = about(&simulation, &name, &texts, &files, (&command, seconds));
    if let Err(error) = keep(&place, &files, &texts, &about) {
        let message = format!("the run cannot be written to `{}`: {error}", place.display());
        let help = "choose another folder with --out";
        show::problems(&[Problem::error("F103", "", "", message, help)], None, options);
        return Exit::Failed;
    }
    tell(&simulation, &place, seconds, options);
    Exit::Fine
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
fn found(place: &Path, options: Options) -> Exit {
    if options.json {
        say_json(&json!({ "run": place, "found": true }));
    } else {
        note("this run is already complete; --force runs it again", options);
        say(&format!("report: {}\n", place.join("report.html").display()));
    }
    Exit::Fine
}

/// The command that repeats the run; the number of threads and the folder change no result.
fn command_words(arguments: &Arguments) -> String {
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

/// `run.json`: the only file with times in it.
fn about(
    simulation: &Simulation,
    name: &str,
    texts: &[(String, String)],
    files: &[RunFile],
    (command, seconds): (&str, f64),
) -> Value {
    let mut about = facts(simulation, name, texts);
    let hashes: serde_json::Map<String, Value> =
        files.iter().map(|file| (file.name.clone(), json!(sha256(&file.bytes)))).collect();
    about["command"] = json!(command);
    about["files"] = Value::Object(hashes);
    about["seconds"] = json!((seconds * 1000.0).round() / 1000.0);
    about
}

/// Writes the run beside its place and moves it there as a whole.
fn keep(
    place: &Path,
    files: &[RunFile],
    texts: &[(String, String)],
    about: &Value,
) -> std::io::Result<()> {
    let parent = place.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent)?;
    let draft = tempfile::Builder::new().prefix(".run-").suffix(".tmp").tempdir_in(parent)?;
    let named = files.iter().map(|file| (file.name.clone(), file.bytes.as_slice()));
    let inputs = texts.iter().map(|(name, text)| (format!("inputs/{name}"), text.as_bytes()));
    for (name, bytes) in named.chain(inputs) {
        let path = draft.path().join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, bytes)?;
    }
    let text = serde_json::to_string_pretty(about).map_err(std::io::Error::other)?;
    write::whole(&draft.path().join("run.json"), format!("{text}\n").as_bytes())?;
    let old = parent.join(format!(".old-{}", std::process::id()));
    if place.exists() {
        std::fs::rename(place, &old)?;
    }
    let draft = draft.keep();
    open_to_others(&draft)?;
    std::fs::rename(draft, place)?;
    if old.exists() {
        std::fs::remove_dir_all(old)?;
    }
    Ok(())
}

/// A temporary folder is private; a run is as readable as any other new folder.
fn open_to_others(folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
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
