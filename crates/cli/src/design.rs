//! `cytotrial design`: dose-finding designs by themselves: tables, next doses, characteristics.

use std::path::Path;

use clap::Subcommand;
use cytotrial::operation::design::mechanism::{self, MechanismError};
use cytotrial::operation::design::next_dose::REFUSED;
use cytotrial::operation::design::simulate::How;
use cytotrial::operation::design::{
    compare, describe, next_dose, pathways, select, simulate, table,
};
use cytotrial::problem::Problem;
use serde_json::json;

use crate::folder::Folder;
use crate::{Exit, Options, run as runs, show};

mod options;
mod words;

use options::{Course, Output, Patients, Shape, Single, Texts, Truths};

/// Ask a dose-finding design: its table, the next dose, how it does in simulated trials
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List every design
    List(Listing),
    /// Print the paragraph for a protocol, with every setting and convention
    Describe(Describe),
    /// Print the decision table
    Table(Table),
    /// Say which level the next patients get, and why
    NextDose(Counted),
    /// Say which dose to go on with, by the final counts
    Select(Counted),
    /// Find operating characteristics under true rates of DLTs and responses
    Simulate(Simulate),
    /// List what is decided after every outcome of the next cohorts
    Pathways(Pathways),
    /// Find the characteristics of several designs for the same virtual patients
    Compare(Compare),
}

#[derive(Debug, clap::Args)]
struct Listing {
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, clap::Args)]
struct Describe {
    #[command(flatten)]
    single: Single,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, clap::Args)]
struct Table {
    #[command(flatten)]
    single: Single,
    /// The last row: evaluable patients at one dose; 12 unless given
    #[arg(long, value_name = "N")]
    most: Option<u32>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, clap::Args)]
struct Counted {
    #[command(flatten)]
    single: Single,
    #[command(flatten)]
    patients: Patients,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, clap::Args)]
struct Simulate {
    #[command(flatten)]
    single: Single,
    #[command(flatten)]
    truths: Truths,
    #[command(flatten)]
    course: Course,
    #[command(flatten)]
    conduct: options::Conduct,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, clap::Args)]
struct Pathways {
    #[command(flatten)]
    single: Single,
    /// Cohorts to look ahead
    #[arg(long, value_name = "N", default_value_t = 2)]
    ahead: u32,
    #[command(flatten)]
    patients: Patients,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, clap::Args)]
struct Compare {
    /// Designs by name; a setting goes to those that know it, `--set boin.KEY=VALUE` to one alone
    #[arg(value_name = "DESIGN", required = true)]
    designs: Vec<String>,
    #[command(flatten)]
    settings: options::Settings,
    #[command(flatten)]
    truths: Truths,
    #[command(flatten)]
    course: Course,
    #[command(flatten)]
    output: Output,
}

/// Why a command ends without an answer: problems with the texts around them, or an exit that was
/// told.
enum Stop {
    Problems(Vec<Problem>, Texts),
    Told(Exit),
}

pub(crate) fn run(arguments: &Arguments, options: Options) -> Exit {
    let done = match &arguments.verb {
        Verb::List(list) => listed(list, options),
        Verb::Describe(arguments) => described(arguments, options),
        Verb::Table(arguments) => tabled(arguments, options),
        Verb::NextDose(arguments) => advised(arguments, options),
        Verb::Select(arguments) => selected(arguments, options),
        Verb::Simulate(arguments) => simulated(arguments, options),
        Verb::Pathways(arguments) => ahead(arguments, options),
        Verb::Compare(arguments) => compared(arguments, options),
    };
    match done {
        Ok(()) => Exit::Fine,
        Err(Stop::Told(exit)) => exit,
        Err(Stop::Problems(problems, texts)) => refused(&problems, texts, options),
    }
}

/// Tells problems; those of the command line end with wrong usage, those of files with one.
fn refused(problems: &[Problem], texts: Texts, options: Options) -> Exit {
    let folder = texts.folder();
    show::problems(problems, Some(&folder), options);
    show::json(problems, options);
    if problems.iter().any(|problem| problem.code == REFUSED) {
        Exit::Refused
    } else if problems
        .iter()
        .all(|problem| problem.file.is_empty() && !problem.code.starts_with('F'))
    {
        Exit::Usage
    } else {
        Exit::Input
    }
}

fn listed(arguments: &Listing, options: Options) -> Result<(), Stop> {
    let designs = describe::list();
    arguments.output.print(options, |shape| match shape {
        Shape::Json => Ok(words::json(&json!({ "designs": designs }))),
        Shape::Csv => Err("a list of designs"),
        Shape::Text => Ok(words::list(&designs, options.verbose)),
    })
}

fn described(arguments: &Describe, options: Options) -> Result<(), Stop> {
    let mut texts = Texts::default();
    let ask = arguments.single.ask(&mut texts)?;
    let answer = describe::run(&ask).map_err(|problems| Stop::Problems(problems, texts))?;
    arguments.output.print(options, |shape| match shape {
        Shape::Json => Ok(words::json(&json!(answer))),
        Shape::Csv => Err("a paragraph"),
        Shape::Text => Ok(words::description(&answer)),
    })
}

fn tabled(arguments: &Table, options: Options) -> Result<(), Stop> {
    let mut texts = Texts::default();
    let request = table::Request { ask: arguments.single.ask(&mut texts)?, most: arguments.most };
    let answer = table::run(&request).map_err(|problems| Stop::Problems(problems, texts))?;
    arguments.output.print(options, |shape| match shape {
        Shape::Json => Ok(words::json(&json!(answer))),
        Shape::Csv => Ok(answer.csv()),
        Shape::Text => Ok(words::table(&answer)),
    })
}

fn advised(arguments: &Counted, options: Options) -> Result<(), Stop> {
    let mut texts = Texts::default();
    let ask = arguments.single.ask(&mut texts)?;
    let data = arguments.patients.data(&arguments.single, &mut texts, options)?;
    let answer = next_dose::run(&next_dose::Request { ask, data })
        .map_err(|problems| Stop::Problems(problems, texts))?;
    arguments.output.print(options, |shape| match shape {
        Shape::Json => Ok(words::json(&json!(answer))),
        Shape::Csv => Err("an advice"),
        Shape::Text => Ok(words::advice(&answer, options.verbose)),
    })
}

fn selected(arguments: &Counted, options: Options) -> Result<(), Stop> {
    let mut texts = Texts::default();
    let ask = arguments.single.ask(&mut texts)?;
    let data = arguments.patients.data(&arguments.single, &mut texts, options)?;
    let answer = select::run(&select::Request { ask, data })
        .map_err(|problems| Stop::Problems(problems, texts))?;
    arguments.output.print(options, |shape| match shape {
        Shape::Json => Ok(words::json(&json!(answer))),
        Shape::Csv => Err("a recommendation"),
        Shape::Text => Ok(words::selection(&answer, options.verbose)),
    })
}

/// What characteristics are found on: all threads, or as many as were asked for.
fn on_threads<T: Send>(
    course: &Course,
    options: Options,
    work: impl FnOnce(How) -> T + Send,
) -> Result<T, Stop> {
    let pool = runs::pool(course.threads, options).map_err(Stop::Told)?;
    let how = course.how().map_err(|problem| Stop::Problems(vec![problem], Texts::default()))?;
    Ok(pool.install(|| work(how)))
}

/// Whole virtual trials of one arm, with the model's truth behind the design.
fn conducted(arguments: &Simulate, trial: &Path, options: Options) -> Result<(), Stop> {
    let folder =
        Folder::read(trial).map_err(|problems| Stop::Problems(problems, Texts::default()))?;
    let mut texts = Texts::of(&folder);
    let request = mechanism::Request {
        files: folder.files.clone(),
        ask: arguments.single.ask(&mut texts)?,
        arm: arguments.conduct.arm.clone(),
        replicates: arguments.conduct.replicates,
        seed: arguments.course.seed,
    };
    let pool = runs::pool(arguments.course.threads, options).map_err(Stop::Told)?;
    let watch = runs::Watched::new(options);
    let answer =
        pool.install(|| mechanism::run(&request, &watch)).map_err(|error| match error {
            MechanismError::Input(problems) => Stop::Problems(problems, texts),
            MechanismError::Cancelled => Stop::Told(Exit::Stopped),
        })?;
    arguments.output.print(options, |shape| match shape {
        Shape::Json => Ok(words::json(&json!(answer))),
        Shape::Csv => Ok(answer.csv()),
        Shape::Text => Ok(words::conduct(&answer)),
    })
}

fn simulated(arguments: &Simulate, options: Options) -> Result<(), Stop> {
    if let Some(trial) = &arguments.conduct.trial {
        return conducted(arguments, trial, options);
    }
    let mut texts = Texts::default();
    let ask = arguments.single.ask(&mut texts)?;
    let scenarios = arguments.truths.scenarios()?;
    let answer = on_threads(&arguments.course, options, |how| {
        simulate::run(&simulate::Request { ask, scenarios, how })
    })?;
    let answer = answer.map_err(|problems| Stop::Problems(problems, texts))?;
    arguments.output.print(options, |shape| match shape {
        Shape::Json => Ok(words::json(&json!(answer))),
        Shape::Csv => Ok(answer.csv()),
        Shape::Text => Ok(words::characteristics(&answer, options.verbose)),
    })
}

fn ahead(arguments: &Pathways, options: Options) -> Result<(), Stop> {
    let mut texts = Texts::default();
    let ask = arguments.single.ask(&mut texts)?;
    let data = arguments.patients.data(&arguments.single, &mut texts, options)?;
    let answer = pathways::run(&pathways::Request { ask, data, ahead: arguments.ahead })
        .map_err(|problems| Stop::Problems(problems, texts))?;
    arguments.output.print(options, |shape| match shape {
        Shape::Json => Ok(words::json(&json!(answer))),
        Shape::Csv => Ok(answer.csv()),
        Shape::Text => Ok(words::pathways(&answer, options.verbose)),
    })
}

fn compared(arguments: &Compare, options: Options) -> Result<(), Stop> {
    let mut texts = Texts::default();
    let ask = arguments.settings.ask(None, &mut texts)?;
    let scenarios = arguments.truths.scenarios()?;
    let designs = arguments.designs.clone();
    let answer = on_threads(&arguments.course, options, |how| {
        compare::run(&compare::Request { ask, designs, scenarios, how })
    })?;
    let answer = answer.map_err(|problems| Stop::Problems(problems, texts))?;
    arguments.output.print(options, |shape| match shape {
        Shape::Json => Ok(words::json(&json!(answer))),
        Shape::Csv => Ok(answer.csv()),
        Shape::Text => Ok(words::comparison(&answer, options.verbose)),
    })
}
