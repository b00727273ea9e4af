//! `cytotrial model solve`: the course of a model's values, for one patient or for many.

use std::fs;
use std::path::{Path, PathBuf};

use cytotrial::operation::model::solve::{
    Answer, Dose, Failed, Patients, Prepared, Request, Suite, Way, columns, csv, failed, parquet,
    run as solve, suite_csv,
};
use cytotrial::problem::Problem;
use serde_json::{Value, json};

use super::{Input, deliver, refused, unreadable};
use crate::terminal::{refuse, say, say_json, tell};
use crate::{Exit, Options, show};

mod many;
mod parse;

use parse::{Shard, Times};

/// Solve a model; the values over time as CSV on stdout, or as a file
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A model's file, the name of a bundled model, or - for a text on stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// When values are noted: numbers, or FROM..TO/STEP; the first is the start
    #[arg(long, value_name = "TIMES", default_value = "0..100/1", value_parser = parse::times, allow_hyphen_values = true)]
    times: Times,
    /// Add an amount at a time: NAME=AMOUNT@TIME; may be repeated
    #[arg(long, value_name = "DOSE", value_parser = parse::dose)]
    dose: Vec<Dose>,
    /// Give the doses of a table: CSV with TIME, AMT, CMT, and RATE or DUR, II, ADDL, SS, LAG, F, ID
    #[arg(long, value_name = "FILE")]
    doses: Option<PathBuf>,
    /// States that doses at steady state set; every state unless given
    #[arg(long, value_name = "NAMES", value_delimiter = ',', requires = "doses")]
    compartments: Vec<String>,
    /// Begin with another value: NAME=VALUE; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse::value)]
    set: Vec<(String, f64)>,
    /// Note these instead of everything that changes
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Vec<String>,
    /// Note the derivatives of each column by these constants or values at the start as well
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    sensitivity: Vec<String>,
    /// Note these species as amounts, whatever they count in
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    amounts: Vec<String>,
    /// Note these species as concentrations, whatever they count in
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    concentrations: Vec<String>,
    /// Take times, columns and tolerances from the settings of a case of the SBML Test Suite, and write
    /// the table that its runner reads
    #[arg(long, value_name = "FILE", conflicts_with_all = ["times", "columns", "amounts", "concentrations", "rtol", "atol", "sensitivity"])]
    settings: Option<PathBuf>,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    who: WhoArguments,
    /// Write to a file ending in .csv or .parquet
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
}

/// How it is solved.
#[derive(Debug, clap::Args)]
struct How {
    /// The method
    #[arg(long, value_enum, value_name = "METHOD", default_value = "automatic")]
    method: Method,
    /// Relative tolerance of each step
    #[arg(long, value_name = "NUMBER", default_value = "1e-6", value_parser = parse::tolerance)]
    rtol: f64,
    /// Absolute tolerance of each step
    #[arg(long, value_name = "NUMBER", default_value = "1e-9", value_parser = parse::tolerance)]
    atol: f64,
    /// Give a patient up after so many steps, leaps, or hundreds of single reactions
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    max_steps: u32,
    /// Seed of every draw
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// One molecule, or cell, in the unit of amounts of the text; for methods by chance
    #[arg(long, value_name = "AMOUNT", default_value = "1", value_parser = parse::above_zero)]
    molecule: f64,
    /// Species with fewer molecules than this change by chance in the hybrid method
    #[arg(long, value_name = "N", default_value = "100", value_parser = parse::above_zero)]
    below: f64,
    /// Threads; results do not depend on their number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// Who is solved.
#[derive(Debug, clap::Args)]
struct WhoArguments {
    /// Solve so many patients, drawn from a file of distributions
    #[arg(long, value_name = "N", requires = "from", value_parser = clap::value_parser!(u32).range(1..=4_000_000_000))]
    patients: Option<u32>,
    /// The patients: a file of distributions (.toml, or the name of a bundled model), or a table (.csv)
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Solve so many runs of a method by chance
    #[arg(long, value_name = "N", conflicts_with = "from", value_parser = clap::value_parser!(u32).range(1..=4_000_000_000))]
    runs: Option<u32>,
    /// Only the patient, or run, of this number
    #[arg(long, value_name = "K", conflicts_with_all = ["rows", "quantiles", "shard", "failures"])]
    patient: Option<u64>,
    /// Write every patient's values instead of means and quantiles
    #[arg(long)]
    rows: bool,
    /// Quantiles of the summary
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = parse::probability, default_value = "0.05,0.25,0.5,0.75,0.95", conflicts_with = "rows")]
    quantiles: Vec<f64>,
    /// Only a part of the patients, such as 2/4; parts put together are the whole
    #[arg(long, value_name = "WHICH/OF", value_parser = parse::shard, requires = "rows")]
    shard: Option<Shard>,
    /// Write the patients who could not be followed to the end to a file ending in .csv
    #[arg(long, value_name = "FILE")]
    failures: Option<PathBuf>,
}

/// Methods.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Method {
    /// Runge-Kutta pair of orders 5 and 4
    Explicit,
    /// Runge-Kutta method of order 8, for smooth models and tolerances of 1e-8 and below
    HighOrder,
    /// Rosenbrock method of order 5, for rates of very different size
    Stiff,
    /// The explicit one until stability holds its steps back
    Automatic,
    /// Reactions by chance, one after another, exactly
    Direct,
    /// Reactions by chance, many at once
    TauLeap,
    /// Small numbers by chance, large ones by their rates
    Hybrid,
}

impl How {
    fn way(&self) -> Way {
        match self.method {
            Method::Explicit => Way::Explicit,
            Method::HighOrder => Way::HighOrder,
            Method::Stiff => Way::Stiff,
            Method::Automatic => Way::Automatic,
            Method::Direct => Way::Direct,
            Method::TauLeap => Way::TauLeap,
            Method::Hybrid => Way::Hybrid { below: self.below },
        }
    }
}

/// The form of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Csv,
    Parquet,
}

impl Form {
    fn of(out: Option<&Path>) -> Result<Self, Exit> {
        match out.map(|out| out.extension().and_then(|ending| ending.to_str())) {
            None | Some(Some("csv")) => Ok(Self::Csv),
            Some(Some("parquet")) => Ok(Self::Parquet),
            Some(_) => {
                let message = "the ending of the file names no form";
                Err(refuse(Exit::Usage, message, "end it in .csv or .parquet"))
            }
        }
    }
}

pub(super) fn run(arguments: &Arguments, options: Options) -> Exit {
    attempt(arguments, options).unwrap_or_else(|exit| exit)
}

fn attempt(arguments: &Arguments, options: Options) -> Result<Exit, Exit> {
    let form = Form::of(arguments.out.as_deref())?;
    if arguments.force && arguments.out.is_none() && arguments.who.failures.is_none() {
        return Err(refuse(
            Exit::Usage,
            "`--force` needs a file to write over",
            "name it by --out",
        ));
    }
    let read = Input::read(&arguments.file).and_then(|mut input| {
        let patients = patients(arguments, &mut input)?;
        let doses = arguments.doses.as_ref().map(|file| beside(file, &mut input)).transpose()?;
        Ok((input, patients, doses))
    });
    let (input, patients, dose_table) =
        read.map_err(|problems| refused(&problems, None, options))?;
    let is_alone = patients == Patients::One;
    let mut request = Request {
        text: input.text.clone(),
        begin: None,
        times: arguments.times.0.clone(),
        doses: arguments.dose.clone(),
        dose_table,
        compartments: arguments.compartments.clone(),
        set: arguments.set.clone(),
        columns: arguments.columns.clone(),
        amounts: arguments.amounts.clone(),
        concentrations: arguments.concentrations.clone(),
        sensitivity: arguments.sensitivity.clone(),
        way: arguments.how.way(),
        relative: arguments.how.rtol,
        absolute: arguments.how.atol,
        max_steps: arguments.how.max_steps,
        patients,
        seed: arguments.how.seed,
        molecule: arguments.how.molecule,
    };
    if let Some(file) = &arguments.settings {
        take_settings(&mut request, file).map_err(|problems| refused(&problems, None, options))?;
    }
    if !is_alone && arguments.who.patient.is_none() {
        return many::run(&Asked { arguments, request, input, form, options });
    }
    alone(&Asked { arguments, request, input, form, options })
}

/// What a person asked for.
struct Asked<'a> {
    arguments: &'a Arguments,
    request: Request,
    input: Input,
    form: Form,
    options: Options,
}

impl Asked<'_> {
    fn refused(&self, problems: &[Problem]) -> Exit {
        refused(problems, Some(&self.input.folder), self.options)
    }
}

/// Who is asked for.
fn patients(arguments: &Arguments, input: &mut Input) -> Result<Patients, Vec<Problem>> {
    let who = &arguments.who;
    if let Some(runs) = who.runs {
        return Ok(Patients::Runs(runs));
    }
    let Some(from) = &who.from else { return Ok(Patients::One) };
    let file = beside(from, input)?;
    if from.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")) {
        return Ok(Patients::Listed(file));
    }
    // One patient alone needs no number of them.
    let named = who.patient.and_then(|patient| u32::try_from(patient).ok());
    let count = who.patients.or(named).ok_or_else(|| {
        let message = format!("`{file}` says how patients are drawn, not how many");
        vec![Problem::error("M109", "", "", message, "add --patients N")]
    })?;
    Ok(Patients::Drawn { file, count })
}

/// Puts the settings of a case of the SBML Test Suite in place of what they decide.
fn take_settings(request: &mut Request, file: &Path) -> Result<(), Vec<Problem>> {
    let shown = file.display().to_string();
    let text = fs::read_to_string(file).map_err(|error| unreadable(&shown, &error.to_string()))?;
    let suite = Suite::read(&text, &shown)?;
    request.begin = Some(0.0);
    request.times = suite.times;
    request.columns = suite.columns;
    request.amounts = suite.amounts;
    request.concentrations = suite.concentrations;
    request.relative = suite.relative;
    request.absolute = suite.absolute;
    Ok(())
}

/// Reads a file that is used beside the model; its name among the texts.
fn beside(path: &Path, input: &mut Input) -> Result<String, Vec<Problem>> {
    let shown = path.display().to_string();
    if !path.exists() {
        for name in [format!("models/{shown}.population.toml"), shown.clone()] {
            if input.text.files.text(&name).is_some() {
                return Ok(name);
            }
        }
        return Err(unreadable(&shown, "there is no such file"));
    }
    let text = fs::read_to_string(path).map_err(|error| unreadable(&shown, &error.to_string()))?;
    input.text.files.texts.insert(shown.clone(), text.clone());
    input.folder.files.texts.insert(shown.clone(), text);
    Ok(shown)
}

/// One patient.
fn alone(asked: &Asked<'_>) -> Result<Exit, Exit> {
    let Asked { arguments, request, options, .. } = asked;
    let position = match arguments.who.patient {
        None => 0,
        Some(number) => {
            let prepared = Prepared::new(request).map_err(|problems| asked.refused(&problems))?;
            prepared.position(number).ok_or_else(|| {
                let message = format!("there is no patient {number}");
                let help = "patients are numbered from 1 on, or as in their table";
                refuse(Exit::Usage, &message, help)
            })?
        }
    };
    let answer = solve(request, position).map_err(|problems| asked.refused(&problems))?;
    if let (Some(failed), None) = (&answer.failed, arguments.who.patient) {
        return Err(told(asked, failed));
    }
    let document = options.json && arguments.out.is_none();
    if document {
        say_json(&document_of(&answer));
    } else {
        let bytes = match asked.form {
            Form::Parquet => parquet(&answer.table),
            Form::Csv if arguments.settings.is_some() => Ok(suite_csv(&answer.table).into_bytes()),
            Form::Csv => csv(&answer.table),
        };
        let bytes = bytes.map_err(|why| cannot_write(&why))?;
        deliver(arguments.out.as_deref(), arguments.force, &bytes)?;
        if options.json {
            let (model, effort) = (&answer.model, answer.effort);
            say_json(&json!({
                "model": model, "effort": effort, "file": arguments.out, "failed": answer.failed,
            }));
        } else if let Some(out) = arguments.out.as_ref().filter(|_| !options.quiet) {
            say(&format!("{}\n", out.display()));
        }
    }
    if options.verbose {
        effort(&answer);
    }
    // The course up to the failure is what was asked for; the failure is told beside it.
    match &answer.failed {
        None => Ok(Exit::Fine),
        Some(failed) => Err(told(&asked.quietly(), failed)),
    }
}

impl Asked<'_> {
    /// The same without a second JSON document.
    fn quietly(&self) -> Asked<'_> {
        Asked {
            arguments: self.arguments,
            request: self.request.clone(),
            input: Input { text: self.input.text.clone(), folder: self.input.folder.clone() },
            form: self.form,
            options: Options { json: false, ..self.options },
        }
    }
}

fn told(asked: &Asked<'_>, why: &Failed) -> Exit {
    refused(&[failed(why, &asked.request.text.name)], Some(&asked.input.folder), asked.options)
}

fn cannot_write(why: &str) -> Exit {
    refuse(Exit::Failed, &format!("the table cannot be written: {why}"), "")
}

fn effort(answer: &Answer) {
    for (name, value) in &answer.values {
        tell(&format!("{name} = {value}"));
    }
    let effort = answer.effort;
    let chance = if effort.reactions > 0 {
        format!("; {} reactions, {} leaps", effort.reactions, effort.leaps)
    } else {
        String::new()
    };
    tell(&format!(
        "{} steps, {} of them rejected, {} of the stiff method; {} events{chance}",
        effort.steps, effort.rejections, effort.stiff_steps, effort.events
    ));
}

/// The table by columns; a value that is not finite is null.
fn document_of(answer: &Answer) -> Value {
    let columns = columns(&answer.table);
    let mut document =
        json!({ "model": answer.model, "effort": answer.effort, "columns": columns });
    if !answer.values.is_empty() {
        let values: serde_json::Map<String, Value> =
            answer.values.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        document["values"] = Value::Object(values);
    }
    if let Some(failed) = &answer.failed {
        document["failed"] = json!(failed);
    }
    document
}

/// Whether a file may be written over.
fn may_write(out: &Path, force: bool) -> Result<(), Exit> {
    if out.exists() && !force {
        let message = format!("`{}` is there already", out.display());
        return Err(refuse(Exit::Usage, &message, "choose another file, or `--force`"));
    }
    Ok(())
}

/// Tells problems without a document.
fn warn(problems: &[Problem], options: Options) {
    show::problems(problems, None, options);
}
