//! `cytotrial claims`: the record's claims as experiments, with verdicts.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use cytotrial::claims::findings::Findings;
use cytotrial::operation::simulate::SimulateRequest;
use cytotrial::operation::whole::{Done, Request};
use cytotrial::run_folder::claims::json as claims_json;
use cytotrial::section::claims::{grounds, shown};
use serde_json::json;

use crate::folder::Folder;
use crate::run::ABOUT;
use crate::terminal::{say, say_json, wrapped};
use crate::trials::{Asked, Shared, aside, attempt, refused};
use crate::{Exit, Options};

/// Try the record's claims on virtual patients and judge them by rules written before
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Trial folder or trial file, or the folder of a complete run
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    /// Claims, separated by commas; all unless given
    #[arg(long, value_name = "CLAIM", value_delimiter = ',')]
    claim: Vec<String>,
    /// Whole trials per experiment; the trial's own number unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=16_000_000))]
    replicates: Option<u32>,
    #[command(flatten)]
    shared: Shared,
}

pub(crate) fn run(arguments: &Arguments, options: Options) -> Exit {
    asked(arguments, options).err().unwrap_or(Exit::Fine)
}

fn asked(arguments: &Arguments, options: Options) -> Result<(), Exit> {
    let of_run = arguments.path.join(ABOUT);
    let run = std::fs::read(of_run).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let (path, runs) = match &run {
        Some(_) => {
            let beside = arguments.path.join("..");
            (arguments.path.join("inputs"), Some(beside.canonicalize().unwrap_or(beside)))
        }
        None => (arguments.path.clone(), None),
    };
    let folder = Folder::read(&path).map_err(|problems| refused(&problems, None, options))?;
    let number = |key: &str| run.as_ref().and_then(|about: &serde_json::Value| about[key].as_u64());
    let replicates = arguments.replicates.or(number("replicates").and_then(|n| n.try_into().ok()));
    let seed = arguments.shared.seed.or(number("seed"));
    let patients = number("patients").and_then(|patients| patients.try_into().ok());
    let simulation =
        SimulateRequest { files: folder.files.clone(), replicates, patients, arms: None, seed };
    let asked = Asked {
        folder: &folder,
        request: Request { simulation, claims: Some(arguments.claim.clone()) },
        runs: runs.unwrap_or_else(|| folder.path.join("runs")),
        command: command(arguments),
        shared: &arguments.shared,
    };
    attempt(asked, tell, options)
}

/// The command that repeats the run; the number of threads and the folder change no result.
fn command(arguments: &Arguments) -> String {
    let mut words = vec!["cytotrial claims".to_owned(), arguments.path.display().to_string()];
    if !arguments.claim.is_empty() {
        words.push(format!("--claim {}", arguments.claim.join(",")));
    }
    if let Some(replicates) = arguments.replicates {
        words.push(format!("--replicates {replicates}"));
    }
    if let Some(seed) = arguments.shared.seed {
        words.push(format!("--seed {seed}"));
    }
    words.join(" ")
}

fn tell(done: &Done, place: &Path, seconds: f64, options: Options) {
    let Some(findings) = &done.findings else { return };
    if options.json {
        let mut answer = claims_json(findings);
        answer["run"] = json!(place);
        say_json(&answer);
        return;
    }
    say(&table(findings, options));
    say(&format!("report: {}\n", place.join("report.html").display()));
    aside(&done.simulation, seconds, options);
}

/// One line per claim, one per test below it; with `-v` the switches too.
fn table(findings: &Findings, options: Options) -> String {
    let mut text = String::new();
    let mut line = |words: &str| writeln!(text, "{words}").expect("a String takes every write");
    for found in &findings.claims {
        let near = if found.near_limit { " (near the limit)" } else { "" };
        let verdict = format!("{}{near}", found.verdict.words());
        line(&wrapped(
            &found.claim.title,
            &format!("{:4} {verdict:33} ", found.claim.id),
            &" ".repeat(39),
        ));
        for (test, tested) in found.claim.tests.iter().zip(&found.tests) {
            let effect = tested.effect.as_ref();
            let effect =
                effect.map_or_else(String::new, |it| shown(test.measure, &test.subject, it) + "; ");
            let words = format!("{}: {effect}{}", test.says, grounds(tested));
            line(&wrapped(&words, "       - ", "         "));
        }
        let switches = found.claim.switches.iter().zip(&found.switches);
        for (switch, effect) in switches.filter(|_| options.verbose) {
            let effect = effect.as_ref();
            let effect = effect.map_or_else(
                || "not estimable".to_owned(),
                |effect| shown(switch.measure, &switch.subject, effect),
            );
            line(&wrapped(&format!("{}: {effect}", switch.off), "       switch: ", "         "));
        }
    }
    line("virtual patients decide nothing about real ones; the committee decides");
    text
}
