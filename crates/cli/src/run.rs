//! The life of a run: begun beside its place, kept block by block, completed by one rename.
//!
//! While a run is made there is only `.NAME.part` in the folder of runs: `lock`, `blocks/` with
//! what is finished, and `run/`, which becomes the run's folder. Killed at any moment, either the
//! complete run is there or a part from which it can go on.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use cytotrial::ledger::Event;
use cytotrial::operation::blocks::Stopped;
use cytotrial::problem::Problem;
use cytotrial::run_folder::{RunFile, sha256};
use serde_json::{Map, Value, json};

use crate::terminal::{say_json, tell};
use crate::{Exit, Options, show, write};
use lock::{Lock, NoLock};
pub(crate) use work::Watched;
use work::{Blocks, Work, in_words};

pub(crate) mod ledger;
mod lock;
mod work;

/// The name of the file that a complete run has.
pub(crate) const ABOUT: &str = "run.json";

/// What is to be run.
pub(crate) struct Plan<'a> {
    /// Name of the run: a hash of its inputs and of every option that changes results.
    pub(crate) identity: &'a str,
    /// The folder of runs.
    pub(crate) runs: &'a Path,
    /// The command that repeats the run: every option that changes results, no other.
    pub(crate) command: &'a str,
    /// The command as it was typed, without `--resume` and `--force`.
    pub(crate) typed: &'a str,
    /// Every text that the run reads, by name.
    pub(crate) inputs: &'a [(String, String)],
    /// Whether to go on where an earlier process stopped.
    pub(crate) resume: bool,
    /// Whether to begin anew, whatever is there.
    pub(crate) force: bool,
}

/// How a run begins.
pub(crate) enum Beginning {
    /// It is complete already, in this folder.
    Found(PathBuf),
    /// There is something to do.
    Run(Box<Run>),
}

/// A run in progress. Nobody else works in its folder.
pub(crate) struct Run {
    place: PathBuf,
    part: PathBuf,
    command: String,
    typed: String,
    blocks: Blocks,
    work: Work,
    started: Instant,
    options: Options,
    _lock: Lock,
}

/// Begins a run, takes it up again, or finds it complete. What stands in the way was told when
/// this returns an exit.
pub(crate) fn begin(plan: &Plan<'_>, options: Options) -> Result<Beginning, Exit> {
    let place = plan.runs.join(plan.identity);
    let part = plan.runs.join(format!(".{}.part", plan.identity));
    if is_complete(&place) && !plan.force {
        tidy(&part);
        return Ok(Beginning::Found(place));
    }
    fs::create_dir_all(&part).map_err(|error| cannot_begin(&part, &error, options))?;
    let lock = take(&part, options)?;
    let prepared = restore(&place, &part).and_then(|()| Blocks::new(part.join("blocks")));
    let blocks = prepared.map_err(|error| cannot_begin(&part, &error, options))?;
    // It may have been completed while this process waited for its turn.
    if is_complete(&place) && !plan.force {
        drop(lock);
        tidy(&part);
        return Ok(Beginning::Found(place));
    }
    let (finished, foreign) = blocks.finished();
    if !finished.is_empty() && !plan.resume && !plan.force {
        return Err(refuse_part(plan, &in_words(&finished), options));
    }
    if foreign > 0 && !plan.force {
        note("what another build of the program had finished is not used", options);
    }
    // From here on a signal finds everything in order.
    let work = Work::new(blocks.clone(), options);
    let resumed = (plan.resume && !finished.is_empty()).then(|| in_words(&finished));
    prepare(plan, &part, &blocks, resumed.as_deref()).map_err(|why| match &resumed {
        Some(finished) => not_written(why, finished, plan.typed, options),
        None => not_begun(why, options),
    })?;
    if let Some(finished) = &resumed {
        note(&format!("going on after {finished}"), options);
    }
    let (command, typed) = (plan.command.to_owned(), plan.typed.to_owned());
    let started = Instant::now();
    let run = Run { place, part, command, typed, blocks, work, started, options, _lock: lock };
    Ok(Beginning::Run(Box::new(run)))
}

impl Run {
    /// What watches the work and keeps its blocks.
    pub(crate) fn work(&self) -> &Work {
        &self.work
    }

    /// Seconds since this process began to work.
    pub(crate) fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// The work came to no end: says why and how to go on.
    pub(crate) fn stopped(&self, why: &Stopped) -> Exit {
        let finished = in_words(&self.blocks.finished().0);
        let details = json!({ "finished": finished, "why": why.to_string() });
        // On a full disk the line may be missing; the blocks are what counts.
        let _ = ledger::add(&self.part.join("run"), Event::Stopped, &details);
        match why {
            Stopped::Cancelled => {
                let again = &self.typed;
                if self.options.json {
                    say_json(&json!({ "run": self.place, "stopped": true, "finished": finished }));
                }
                note(
                    &format!("stopped after {finished}; `{again} --resume` goes on"),
                    self.options,
                );
                Exit::Stopped
            }
            Stopped::NotKept(why) => self.cannot_write(why.clone()),
        }
    }

    /// Writes the files and `run.json`, and moves the run to its place as a whole. `about` is the
    /// part of `run.json` that the door does not know.
    pub(crate) fn complete(self, files: &[RunFile], mut about: Value) -> Result<PathBuf, Exit> {
        let hashes: Map<String, Value> =
            files.iter().map(|file| (file.name.clone(), json!(sha256(&file.bytes)))).collect();
        about["command"] = json!(self.command);
        about["files"] = Value::Object(hashes);
        about["seconds"] = json!((self.seconds() * 1000.0).round() / 1000.0);
        let written = self.write(files, &about).and_then(|()| self.publish());
        written.map_err(|error| self.cannot_write(error))?;
        Ok(self.place)
    }

    fn write(&self, files: &[RunFile], about: &Value) -> Result<(), String> {
        let run = self.part.join("run");
        for RunFile { name, bytes } in files {
            let path = run.join(name);
            write::forced(&path, bytes).map_err(|error| unwritten(&path, &error))?;
        }
        let text = format!("{about:#}\n");
        let path = run.join(ABOUT);
        write::forced(&path, text.as_bytes()).map_err(|error| unwritten(&path, &error))?;
        let details = json!({
            "files": about["files"], "inputs": about["inputs"], ABOUT: sha256(text.as_bytes()),
        });
        ledger::add(&run, Event::Completed, &details)
            .map_err(|error| unwritten(&run.join(ledger::NAME), &error))
    }

    /// From here to there in one step; an older run is set aside first and restored by the next
    /// process should this one be killed in between.
    fn publish(&self) -> Result<(), String> {
        let run = self.part.join("run");
        let moved = || -> io::Result<()> {
            sync_folder(&run)?;
            if self.place.exists() {
                fs::rename(&self.place, self.part.join("old"))?;
            }
            fs::rename(&run, &self.place)?;
            sync_folder(self.place.parent().unwrap_or(Path::new(".")))
        };
        moved().map_err(|error| unwritten(&self.place, &error))?;
        // The run is complete; what is left of its making is of no use to anybody.
        let _ = fs::remove_dir_all(&self.part);
        Ok(())
    }

    fn cannot_write(&self, why: String) -> Exit {
        not_written(why, &in_words(&self.blocks.finished().0), &self.typed, self.options)
    }
}

/// A pool of worker threads, or an exit that was told.
pub(crate) fn pool(threads: Option<u16>, options: Options) -> Result<cytotrial::Pool, Exit> {
    cytotrial::pool(usize::from(threads.unwrap_or(0)))
        .map_err(|message| failed("X102", message, "try fewer threads".to_owned(), options))
}

fn is_complete(place: &Path) -> bool {
    place.join(ABOUT).is_file()
}

fn take(part: &Path, options: Options) -> Result<Lock, Exit> {
    let path = part.join("lock");
    Lock::take(&path).map_err(|none| match none {
        NoLock::Held(holder) => {
            let shown = part.display();
            let holder = if holder.is_empty() { "another process".to_owned() } else { holder };
            let message = format!("this run is in progress in `{shown}`: {holder}");
            let help = "wait for it, or stop it and go on with --resume; nothing was changed";
            failed("F104", message, help.to_owned(), options)
        }
        NoLock::Failed(error) => cannot_begin(&path, &error, options),
    })
}

/// Brings back a complete run that a killed process had set aside for its new one.
fn restore(place: &Path, part: &Path) -> io::Result<()> {
    let old = part.join("old");
    if !old.exists() {
        return Ok(());
    }
    if place.exists() { fs::remove_dir_all(old) } else { fs::rename(old, place) }
}

/// Removes what is left beside a complete run, unless somebody works there.
fn tidy(part: &Path) {
    if part.exists()
        && let Ok(_lock) = Lock::take(&part.join("lock"))
    {
        let _ = fs::remove_dir_all(part);
    }
}

/// Makes the part folder ready: inputs as they are now, the ledger begun or gone on with, no other
/// file of an earlier attempt.
fn prepare(
    plan: &Plan<'_>,
    part: &Path,
    blocks: &Blocks,
    resumed: Option<&str>,
) -> Result<(), String> {
    let run = part.join("run");
    let ledger = run.join(ledger::NAME);
    let is_begun = resumed.is_some() && ledger.is_file();
    if resumed.is_none() {
        blocks.clear().map_err(|error| unwritten(part, &error))?;
    }
    clear(&run, is_begun.then_some(&ledger)).map_err(|error| unwritten(&run, &error))?;
    for (name, text) in plan.inputs {
        let path = run.join("inputs").join(name);
        write::forced(&path, text.as_bytes()).map_err(|error| unwritten(&path, &error))?;
    }
    let details = json!({
        "run": plan.identity, "command": plan.command, "finished": resumed.unwrap_or_default(),
    });
    let event = if is_begun { Event::Resumed } else { Event::Begun };
    ledger::add(&run, event, &details).map_err(|error| unwritten(&ledger, &error))
}

/// An empty folder, but for what stays.
fn clear(folder: &Path, stays: Option<&PathBuf>) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            fs::remove_dir_all(path)?;
        } else if Some(&path) != stays {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn refuse_part(plan: &Plan<'_>, finished: &str, options: Options) -> Exit {
    let message = format!("this run was begun before and not completed: {finished} are finished");
    let help = format!(
        "`{typed} --resume` goes on from there, `{typed} --force` begins again",
        typed = plan.typed
    );
    failed("F105", message, help, options);
    Exit::Usage
}

fn cannot_begin(path: &Path, error: &io::Error, options: Options) -> Exit {
    not_begun(unwritten(path, error), options)
}

fn not_begun(why: String, options: Options) -> Exit {
    let help = "choose a folder that you may write to with --out, or make room";
    failed("F103", why, help.to_owned(), options)
}

fn not_written(why: String, finished: &str, typed: &str, options: Options) -> Exit {
    let help = format!(
        "{finished} are kept; make room or give write permission, then `{typed} --resume` goes on"
    );
    failed("F103", why, help, options)
}

fn unwritten(path: &Path, error: &io::Error) -> String {
    format!("`{}` cannot be written: {error}", path.display())
}

fn failed(code: &'static str, message: String, help: String, options: Options) -> Exit {
    let problems = [Problem::error(code, "", "", message, help)];
    show::problems(&problems, None, options);
    show::json(&problems, options);
    Exit::Failed
}

fn note(text: &str, options: Options) {
    if !options.quiet {
        tell(text);
    }
}

/// Makes the names in a folder outlast a loss of power, where the system can.
fn sync_folder(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
