//! `verify`: a run's ledger, the hashes of its files, and the run repeated from its own inputs.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Watch;
use super::simulate::SimulateRequest;
use super::whole::{self, Whole};
use crate::ledger::{self, Chain, Event};
use crate::problem::Problem;
use crate::protocol::files::Files;
use crate::run_folder::{Kind, RunFile, identity, inputs, results, sha256};

/// The run, as its folder has it.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Every file by its name below the folder, with `/`.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The run's name.
    pub run: String,
    /// The version of the program that made it.
    pub version: String,
    /// Lines of the ledger whose chain holds; none when it does not.
    pub ledger: Option<usize>,
    /// Files whose hashes were compared.
    pub files: usize,
    /// Files that were made again and compared byte by byte; none when the run was not repeated.
    pub repeated: Option<usize>,
    /// What is not as it was, or not as it is when repeated.
    pub differences: Vec<Difference>,
}

impl Answer {
    /// Whether everything is as it was, and the same when repeated.
    pub fn is_reproduced(&self) -> bool {
        self.differences.is_empty() && self.repeated.is_some()
    }
}

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The file below the run's folder.
    pub file: String,
    /// The first line that differs, from 1, in a text.
    pub line: Option<usize>,
    /// What differs.
    pub what: String,
}

/// Why a run cannot be verified.
#[derive(Debug)]
pub enum VerifyError {
    /// It is no run, or its inputs cannot be read any more.
    Input(Vec<Problem>),
    /// The caller stopped it.
    Cancelled,
}

/// The part of `run.json` that it takes to repeat a run.
#[derive(Debug, Clone, Deserialize)]
struct About {
    kind: Kind,
    claims: Vec<String>,
    identity: String,
    version: String,
    trial_file: String,
    command: String,
    seed: u64,
    replicates: u32,
    patients: u32,
    arms: Vec<String>,
    inputs: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
}

const ABOUT: &str = "run.json";
const LEDGER: &str = "ledger.jsonl";
const INPUTS: &str = "inputs/";

/// Checks the ledger and the hashes, then repeats the run and compares.
///
/// # Errors
/// A folder that is no run, inputs that cannot be read, or a cancelled repetition.
pub fn run(request: &Request, watch: &dyn Watch) -> Result<Answer, VerifyError> {
    let about = about(&request.files)?;
    let mut differences = Vec::new();
    let chain = chain(&request.files, &mut differences);
    let lines = chain.as_ref().map(|chain| chain.lines.len());
    if let Some(chain) = &chain {
        completed(&request.files, chain, &mut differences);
    }
    let changed_before = differences.len();
    let compared = hashes(&request.files, &about, &mut differences);
    let is_changed = |file: &str| {
        let changed = &differences[changed_before..];
        changed.iter().any(|difference| difference.file.starts_with(file))
    };
    // What inputs give that nobody ran says nothing about the run.
    let repeated = if is_changed(INPUTS) {
        None
    } else {
        let made = repeat(&request.files, &about, watch, &mut differences)?;
        compare(&request.files, &made, &mut differences);
        Some(made.len())
    };
    differences.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(Answer {
        run: about.identity,
        version: about.version,
        ledger: lines,
        files: compared,
        repeated,
        differences,
    })
}

fn about(files: &BTreeMap<String, Vec<u8>>) -> Result<About, VerifyError> {
    let problem = |message: String, help: &str| {
        VerifyError::Input(vec![Problem::error("F106", ABOUT, "", message, help)])
    };
    let Some(bytes) = files.get(ABOUT) else {
        let message = format!("the folder has no {ABOUT}: it is not a complete run");
        return Err(problem(message, "name the folder of a run, such as TRIAL/runs/NAME"));
    };
    serde_json::from_slice(bytes).map_err(|error| {
        let message = format!("{ABOUT} is not that of a run: {error}");
        problem(message, "a run that an older program made is verified with that program")
    })
}

/// The ledger, when its chain holds.
fn chain(files: &BTreeMap<String, Vec<u8>>, differences: &mut Vec<Difference>) -> Option<Chain> {
    let Some(bytes) = files.get(LEDGER) else {
        differences.push(difference(LEDGER, None, "is missing"));
        return None;
    };
    match ledger::check(bytes) {
        Ok(chain) => Some(chain),
        Err(broken) => {
            differences.push(difference(LEDGER, Some(broken.line), broken.why));
            None
        }
    }
}

/// `run.json` is the one that the ledger completed the run with.
fn completed(files: &BTreeMap<String, Vec<u8>>, chain: &Chain, differences: &mut Vec<Difference>) {
    let Some(line) = chain.last(Event::Completed) else {
        differences.push(difference(LEDGER, None, "does not say that the run was completed"));
        return;
    };
    let hash = files.get(ABOUT).map(|bytes| sha256(bytes));
    if line.details[ABOUT].as_str() != hash.as_deref() {
        let what = "was changed after the run was completed: the ledger has another hash";
        differences.push(difference(ABOUT, None, what));
    }
}

/// Every file has the hash of `run.json`, none is missing, none was added. Returns how many.
fn hashes(
    files: &BTreeMap<String, Vec<u8>>,
    about: &About,
    differences: &mut Vec<Difference>,
) -> usize {
    let inputs = about.inputs.iter().map(|(name, hash)| (format!("{INPUTS}{name}"), hash));
    let known: BTreeMap<String, &String> =
        about.files.iter().map(|(name, hash)| (name.clone(), hash)).chain(inputs).collect();
    for (name, hash) in &known {
        match files.get(name) {
            None => differences.push(difference(name, None, "is missing")),
            Some(bytes) if sha256(bytes) != **hash => {
                let what = format!("was changed after the run: {ABOUT} has another hash");
                differences.push(difference(name, None, &what));
            }
            Some(_) => {}
        }
    }
    let own: BTreeSet<&str> = [ABOUT, LEDGER].into();
    for name in files.keys().filter(|name| !own.contains(name.as_str())) {
        if !known.contains_key(name) {
            differences.push(difference(name, None, "was not made by the run"));
        }
    }
    known.len()
}

/// The run's files, made again from its own inputs and options.
fn repeat(
    files: &BTreeMap<String, Vec<u8>>,
    about: &About,
    watch: &dyn Watch,
    differences: &mut Vec<Difference>,
) -> Result<Vec<RunFile>, VerifyError> {
    let texts = files
        .iter()
        .filter_map(|(name, bytes)| {
            let text = String::from_utf8(bytes.clone()).ok()?;
            Some((name.strip_prefix(INPUTS)?.to_owned(), text))
        })
        .collect();
    let files = Files { texts, trial: Some(about.trial_file.clone()) };
    let simulation = SimulateRequest {
        files: files.clone(),
        replicates: Some(about.replicates),
        patients: Some(about.patients),
        arms: Some(about.arms.clone()),
        seed: Some(about.seed),
    };
    let claims = (about.kind == Kind::Claims).then(|| about.claims.clone());
    let whole =
        Whole::prepare(&whole::Request { simulation, claims }).map_err(VerifyError::Input)?;
    let name = identity(about.kind, &about.claims, &whole.world.experiment, &inputs(&files));
    if about.version == env!("CARGO_PKG_VERSION") && name != about.identity {
        let what = "its name is not the hash of its inputs and options";
        differences.push(difference(ABOUT, None, what));
    }
    // Nothing is kept while a run is repeated, so it can only have been stopped.
    let done = whole.run(watch).map_err(|_| VerifyError::Cancelled)?;
    results(&done.simulation, done.findings.as_ref(), &files, &about.identity, &about.command)
        .map_err(VerifyError::Input)
}

/// Byte by byte; a file that differs is told with its first line that does.
fn compare(files: &BTreeMap<String, Vec<u8>>, made: &[RunFile], differences: &mut Vec<Difference>) {
    for RunFile { name, bytes } in made {
        let Some(found) = files.get(name) else { continue };
        if found == bytes {
            continue;
        }
        let (line, what) = first_difference(found, bytes);
        match differences.iter_mut().find(|known| known.file == *name) {
            Some(known) => {
                known.line = line;
                known.what = format!("{}; {what}", known.what);
            }
            None => differences.push(difference(name, line, &what)),
        }
    }
}

/// The first place where the file of the run and the repeated one differ, in words.
fn first_difference(found: &[u8], made: &[u8]) -> (Option<usize>, String) {
    let at = found.iter().zip(made).take_while(|(found, made)| found == made).count();
    let (Ok(found), Ok(made)) = (std::str::from_utf8(found), std::str::from_utf8(made)) else {
        return (None, format!("byte {} differs when repeated", at + 1));
    };
    let line = made.as_bytes()[..at].split(|byte| *byte == b'\n').count();
    let excerpt = |text: &str| {
        let start =
            text.as_bytes()[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |n| n + 1);
        let from = text.floor_char_boundary(start.max(at.saturating_sub(BEFORE)));
        let rest = text[from..].lines().next().unwrap_or_default();
        let shown: String = rest.chars().take(SHOWN).collect();
        if shown.is_empty() { "nothing".to_owned() } else { format!("`{shown}`") }
    };
    (Some(line), format!("{} here, {} when repeated", excerpt(found), excerpt(made)))
}

/// Bytes shown before the first difference.
const BEFORE: usize = 24;
/// Characters shown of a line that differs.
const SHOWN: usize = 60;

fn difference(file: &str, line: Option<usize>, what: &str) -> Difference {
    Difference { file: file.to_owned(), line, what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_shown_on_both_sides() {
        let (line, what) = first_difference(b"a\nb,1,2\nc\n", b"a\nb,1,3\nc\n");
        assert_eq!((line, what.as_str()), (Some(2), "`b,1,2` here, `b,1,3` when repeated"));
        let (line, what) = first_difference(b"a\n", b"a\nb\n");
        assert_eq!((line, what.as_str()), (Some(2), "nothing here, `b` when repeated"));
        let (line, what) = first_difference(&[0xff, 1], &[0xff, 2]);
        assert_eq!((line, what.as_str()), (None, "byte 2 differs when repeated"));
        let long = format!("{}\u{e4}x", "\u{e4}".repeat(500));
        let other = format!("{}\u{e4}y", "\u{e4}".repeat(500));
        let (line, what) = first_difference(long.as_bytes(), other.as_bytes());
        assert!(line == Some(1) && what.contains("x` here"), "{what}");
    }

    #[test]
    fn a_folder_without_a_run_is_refused() {
        let refused = run(&Request::default(), &crate::operation::Unwatched);
        let Err(VerifyError::Input(problems)) = refused else { panic!("it is refused") };
        assert_eq!(problems[0].code, "F106");
    }
}
