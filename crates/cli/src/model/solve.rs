//! `cytotrial model solve`: the course of a model's values as a table.

use std::path::PathBuf;

use cytotrial::operation::model::solve::{Answer, Dose, Request, Way, run as solve};
use serde_json::{Value, json};

use super::{Input, deliver, refused};
use crate::terminal::{refuse, say, say_json, tell};
use crate::{Exit, Options};

/// Solve a model; the values over time as CSV on stdout, or as a file
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A model's file, the name of a bundled model, or - for a text on stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// When values are noted: numbers, or FROM..TO/STEP; the first is the start
    #[arg(long, value_name = "TIMES", default_value = "0..100/1", value_parser = times, allow_hyphen_values = true)]
    times: Times,
    /// Add an amount at a time: NAME=AMOUNT@TIME; may be repeated
    #[arg(long, value_name = "DOSE", value_parser = dose)]
    dose: Vec<Dose>,
    /// Begin with another value: NAME=VALUE; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = value)]
    set: Vec<(String, f64)>,
    /// Note these instead of everything that changes
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Vec<String>,
    /// The method
    #[arg(long, value_enum, value_name = "METHOD", default_value = "automatic")]
    method: Method,
    /// Relative tolerance of each step
    #[arg(long, value_name = "NUMBER", default_value = "1e-6", value_parser = tolerance)]
    rtol: f64,
    /// Absolute tolerance of each step
    #[arg(long, value_name = "NUMBER", default_value = "1e-9", value_parser = tolerance)]
    atol: f64,
    /// Give up after so many steps
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    max_steps: u32,
    /// Write to a file ending in .csv or .parquet
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long, requires = "out")]
    force: bool,
}

/// Methods.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Method {
    /// Runge-Kutta pair of orders 5 and 4
    Explicit,
    /// Rosenbrock method of order 5, for rates of very different size
    Stiff,
    /// The explicit one until stability holds its steps back
    Automatic,
}

/// Times in ascending order.
#[derive(Debug, Clone)]
struct Times(Vec<f64>);

/// More rows are a slip of the hand.
const MOST_TIMES: f64 = 1e7;

fn number(text: &str) -> Result<f64, String> {
    let value = text.trim().parse::<f64>().ok().filter(|value| value.is_finite());
    value.ok_or_else(|| format!("`{text}` is not a number"))
}

fn tolerance(text: &str) -> Result<f64, String> {
    let value = number(text)?;
    if value > 0.0 && value < 1.0 {
        Ok(value)
    } else {
        Err("a tolerance is above 0 and below 1".into())
    }
}

fn times(text: &str) -> Result<Times, String> {
    let mut all = Vec::new();
    for part in text.split(',') {
        let Some((from, rest)) = part.split_once("..") else {
            all.push(number(part)?);
            continue;
        };
        let (to, step) =
            rest.split_once('/').ok_or("a range is FROM..TO/STEP, such as 0..28/0.5")?;
        let (from, to, step) = (number(from)?, number(to)?, number(step)?);
        if !(step > 0.0 && to >= from) {
            return Err(format!("`{part}` has no times: STEP is above 0, and TO not before FROM"));
        }
        let count = ((to - from) / step * (1.0 + 1e-12)).floor();
        if count > MOST_TIMES {
            return Err(format!("`{part}` has more than 10 million times"));
        }
        all.extend((0..=count as u64).map(|i| from + step * i as f64));
    }
    if all.windows(2).any(|pair| pair[1] < pair[0]) {
        return Err("times are in ascending order".into());
    }
    Ok(Times(all))
}

fn value(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.trim().to_owned(), number(value)?))
}

fn dose(text: &str) -> Result<Dose, String> {
    let (what, time) = text.rsplit_once('@').ok_or("write NAME=AMOUNT@TIME")?;
    let (symbol, amount) = value(what)?;
    Ok(Dose { time: number(time)?, symbol, amount })
}

pub(super) fn run(arguments: &Arguments, options: Options) -> Exit {
    let is_parquet =
        match arguments.out.as_ref().map(|out| out.extension().and_then(|e| e.to_str())) {
            None | Some(Some("csv")) => false,
            Some(Some("parquet")) => true,
            Some(_) => {
                let message = "the ending of the file names no form";
                return refuse(Exit::Usage, message, "end it in .csv or .parquet");
            }
        };
    let Input { text, folder } = match Input::read(&arguments.file) {
        Ok(input) => input,
        Err(problems) => return refused(&problems, None, options),
    };
    let request = Request {
        text,
        times: arguments.times.0.clone(),
        doses: arguments.dose.clone(),
        set: arguments.set.clone(),
        columns: arguments.columns.clone(),
        way: match arguments.method {
            Method::Explicit => Way::Explicit,
            Method::Stiff => Way::Stiff,
            Method::Automatic => Way::Automatic,
        },
        relative: arguments.rtol,
        absolute: arguments.atol,
        max_steps: arguments.max_steps,
    };
    let answer = match solve(&request) {
        Ok(answer) => answer,
        Err(problems) => return refused(&problems, Some(&folder), options),
    };
    if options.json && arguments.out.is_none() {
        say_json(&document(&answer));
        return Exit::Fine;
    }
    let bytes = match if is_parquet { answer.parquet() } else { answer.csv() } {
        Ok(bytes) => bytes,
        Err(why) => {
            return refuse(Exit::Failed, &format!("the table cannot be written: {why}"), "");
        }
    };
    if let Err(exit) = deliver(arguments.out.as_deref(), arguments.force, &bytes) {
        return exit;
    }
    if options.json {
        let (model, effort) = (&answer.model, answer.effort);
        say_json(&json!({ "model": model, "effort": effort, "file": arguments.out }));
    } else if let Some(out) = arguments.out.as_ref().filter(|_| !options.quiet) {
        say(&format!("{}\n", out.display()));
    }
    if options.verbose {
        let effort = answer.effort;
        tell(&format!(
            "{} steps, {} of them rejected, {} of the stiff method; {} events",
            effort.steps, effort.rejections, effort.stiff_steps, effort.events
        ));
    }
    Exit::Fine
}

/// The table by columns; a value that is not finite is null.
fn document(answer: &Answer) -> Value {
    let columns: Vec<Value> = answer
        .columns()
        .map(|(name, label, values)| json!({ "name": name, "label": label, "values": values }))
        .collect();
    json!({ "model": answer.model, "effort": answer.effort, "columns": columns })
}
