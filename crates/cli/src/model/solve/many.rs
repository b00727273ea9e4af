//! Many patients of `cytotrial model solve`: a summary, or every row, with progress; failures listed and counted.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use cytotrial::operation::blocks::Stopped;
use cytotrial::operation::model::solve::{
    Chunk, Failed, LISTED, MOST_CELLS, Many, Prepared, Summary, columns, csv, failed, many,
    parquet, rows, rows_header,
};
use serde_json::{Map, Value, json};

use super::{Asked, Form, cannot_write, deliver, may_write, warn};
use crate::run::{Watched, pool};
use crate::terminal::{refuse, say, say_json, tell};
use crate::{Exit, Options, write};

/// How many patients who could not be followed are told one by one.
const TOLD: usize = 5;

/// Solves them.
pub(super) fn run(asked: &Asked<'_>) -> Result<Exit, Exit> {
    let who = &asked.arguments.who;
    let prepared = Prepared::new(&asked.request).map_err(|problems| asked.refused(&problems))?;
    for file in [&asked.arguments.out, &who.failures].into_iter().flatten() {
        may_write(file, asked.arguments.force)?;
    }
    let pool = pool(asked.arguments.how.threads, asked.options)?;
    let done = pool.install(|| {
        if who.rows { every_row(asked, &prepared) } else { summary(asked, &prepared) }
    })?;
    finish(asked, prepared.model(), &done)
}

fn every_row(asked: &Asked<'_>, prepared: &Prepared) -> Result<Many, Exit> {
    let (arguments, options) = (asked.arguments, asked.options);
    if asked.form == Form::Parquet {
        let message = "rows of many patients are written as CSV";
        return Err(refuse(Exit::Usage, message, "end the file in .csv, or leave out --rows"));
    }
    if options.json && arguments.out.is_none() {
        let message = "`--json` has no place for rows";
        return Err(refuse(Exit::Usage, message, "write them to a file: --out FILE.csv"));
    }
    let shard = arguments.who.shard;
    let range = shard.map_or(0..prepared.patients(), |shard| shard.range(prepared.patients()));
    // Only the first part has a header, so that parts put together are the whole.
    let header = if range.start == 0 { rows_header(prepared) } else { String::new() };
    let watched = Watched::new(options);
    let work = |into: &mut dyn Write| -> Result<Many, Failure> {
        into.write_all(header.as_bytes())?;
        let mut failed = None;
        let done = many(prepared, range.clone(), &watched, &mut |chunk: &Chunk| {
            let texts = rows(prepared, chunk);
            let written = texts.iter().try_for_each(|text| into.write_all(text.as_bytes()));
            written.map_err(|error| {
                let why = error.to_string();
                failed = Some(error);
                why
            })
        });
        match failed {
            Some(error) => Err(Failure::Write(error)),
            None => Ok(done.map_err(Failure::Stopped)?),
        }
    };
    let done = match arguments.out.as_deref() {
        Some(out) => write::in_pieces(out, work),
        None => work(&mut io::BufWriter::new(io::stdout().lock())),
    };
    done.map_err(|failure| ended(failure, options))
}

/// Why nothing, or not everything, was written.
enum Failure {
    Stopped(Stopped),
    Write(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

fn ended(failure: Failure, options: Options) -> Exit {
    match failure {
        Failure::Stopped(Stopped::Cancelled) => {
            if !options.quiet {
                tell("stopped; nothing was written");
            }
            Exit::Stopped
        }
        Failure::Stopped(Stopped::NotKept(why)) => cannot_write(&why),
        // A reader that has gone away is no fault.
        Failure::Write(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Fine,
        Failure::Write(error) => cannot_write(&error.to_string()),
    }
}

fn summary(asked: &Asked<'_>, prepared: &Prepared) -> Result<Many, Exit> {
    let (arguments, options) = (asked.arguments, asked.options);
    let patients = prepared.patients();
    let quantiles = &arguments.who.quantiles;
    let Some(mut summary) = Summary::new(prepared, u64::from(patients), quantiles) else {
        let message = format!(
            "a summary has room for {MOST_CELLS} times x columns, and {} are asked for",
            prepared.cells()
        );
        return Err(refuse(
            Exit::Usage,
            &message,
            "name fewer columns or times, or ask for --rows",
        ));
    };
    let watched = Watched::new(options);
    let done = many(prepared, 0..patients, &watched, &mut |chunk| {
        summary.add(chunk);
        Ok(())
    });
    let done = done.map_err(|stopped| ended(Failure::Stopped(stopped), options))?;
    let table = summary.table(prepared);
    if options.json && arguments.out.is_none() {
        let mut document = about(asked, prepared.model(), &done);
        document.insert("columns".to_owned(), columns(&table));
        say_json(&Value::Object(document));
        return Ok(done);
    }
    let bytes = match asked.form {
        Form::Csv => csv(&table),
        Form::Parquet => parquet(&table),
    };
    let bytes = bytes.map_err(|why| cannot_write(&why))?;
    deliver(arguments.out.as_deref(), arguments.force, &bytes)?;
    Ok(done)
}

/// What is told of the work as a whole.
fn about(asked: &Asked<'_>, model: &str, done: &Many) -> Map<String, Value> {
    let failures: Vec<Value> = done
        .failures
        .iter()
        .map(|failed| {
            let mut value = json!(failed);
            value["replay"] = json!(replay(failed));
            value
        })
        .collect();
    let mut about = Map::new();
    about.insert("model".to_owned(), json!(model));
    about.insert("patients".to_owned(), json!(done.patients));
    about.insert("failed".to_owned(), json!(done.failed));
    about.insert("failures".to_owned(), json!(failures));
    about.insert("effort".to_owned(), json!(done.effort));
    if let Some(out) = &asked.arguments.out {
        about.insert("file".to_owned(), json!(out));
    }
    about
}

/// The end of it: files named, failures listed and told.
fn finish(asked: &Asked<'_>, model: &str, done: &Many) -> Result<Exit, Exit> {
    let (arguments, options) = (asked.arguments, asked.options);
    if let Some(file) = &arguments.who.failures {
        list(file, &done.failures)?;
    }
    if let Some(out) = &arguments.out {
        if options.json {
            say_json(&Value::Object(about(asked, model, done)));
        } else if !options.quiet {
            say(&format!("{}\n", out.display()));
        }
    }
    if options.verbose {
        let effort = done.effort;
        tell(&format!(
            "{} patients: {} steps, {} of them rejected, {} of the stiff method; {} events; {} reactions",
            done.patients,
            effort.steps,
            effort.rejections,
            effort.stiff_steps,
            effort.events,
            effort.reactions
        ));
    }
    if done.failed == 0 {
        return Ok(Exit::Fine);
    }
    let problem = |why: &Failed| {
        let mut problem = failed(why, "").as_warning();
        problem.message = format!("patient {}: {}", why.patient, problem.message);
        problem.help = format!("`{}` shows how it came there", replay(why));
        problem
    };
    let told: Vec<_> = done.failures.iter().take(TOLD).map(problem).collect();
    warn(&told, options);
    tell(&format!(
        "{} of {} patients could not be followed to the end; a summary leaves them out, rows end there",
        done.failed, done.patients
    ));
    Ok(Exit::Failed)
}

/// Writes the patients who could not be followed.
fn list(file: &Path, failures: &[Failed]) -> Result<(), Exit> {
    let mut text = String::from("patient,time,state,method,reason,replay\n");
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    for failed in failures {
        let Failed { patient, time, state, method, reason } = failed;
        let [state, method, reason] = [state, method, reason].map(|text| quoted(text));
        let replay = quoted(&replay(failed));
        writeln!(text, "{patient},{time},{state},{method},{reason},{replay}")
            .expect("a String takes every write");
    }
    if failures.len() == LISTED {
        tell(&format!("`{}` lists the first {LISTED}", file.display()));
    }
    write::whole(file, text.as_bytes()).map_err(|error| cannot_write(&error.to_string()))
}

/// Options that say nothing about one patient, and whether a value follows.
const OF_MANY: [(&str, bool); 9] = [
    ("--rows", false),
    ("--force", false),
    ("--json", false),
    ("--quantiles", true),
    ("--shard", true),
    ("--failures", true),
    ("--out", true),
    ("--threads", true),
    ("--patients", true),
];

/// The command that solves one patient alone.
fn replay(failed: &Failed) -> String {
    let words = std::env::args().skip(1);
    format!("cytotrial {} --patient {}", of_one(words), failed.patient)
}

/// The words of a command without those that only make sense for many patients.
fn of_one(words: impl Iterator<Item = String>) -> String {
    let mut kept: Vec<String> = Vec::new();
    let mut is_value = false;
    for word in words {
        if std::mem::take(&mut is_value) {
            continue;
        }
        let (name, has_value) = match word.split_once('=') {
            Some((name, _)) if name.starts_with("--") => (name.to_owned(), true),
            _ => (word.clone(), false),
        };
        if let Some((_, takes)) = OF_MANY.iter().find(|(known, _)| *known == name) {
            is_value = *takes && !has_value;
            continue;
        }
        let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./,=@:+".contains(c));
        kept.push(if is_plain && !word.is_empty() {
            word
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        });
    }
    kept.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_of_one_patient_has_no_words_about_many() {
        let command = "model solve a.ant --patients 9 --from b.toml --out=c.csv --rows --rtol 1e-8";
        let words = command.split(' ').map(str::to_owned);
        assert_eq!(of_one(words), "model solve a.ant --from b.toml --rtol 1e-8");
        let words = ["model", "solve", "a b.ant"].map(str::to_owned).into_iter();
        assert_eq!(of_one(words), "model solve 'a b.ant'");
    }
}
