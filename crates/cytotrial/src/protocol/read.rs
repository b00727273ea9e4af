//! Protocol files to an experiment: every check, every problem in one pass.

use std::collections::BTreeMap;

use super::files::Files;
use super::section::{Log, Section};
use super::{Experiment, Protocol};
use crate::claims::ClaimBook;
use crate::document::Document;
use crate::problem::{Problem, any_error, help_with_nearest};

mod arms;
mod claims;
mod conduct;
pub(crate) mod finding;
pub mod product;
pub mod sources;
mod treatment;
mod trial;
mod visits;

/// The version of the file formats that this program reads.
pub const SCHEMA: u32 = 1;

/// What came of reading a folder.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// The experiment, when nothing in the files is an error.
    pub experiment: Option<Experiment>,
    /// The claims, when the folder has them and nothing in the files is an error.
    pub claims: Option<ClaimBook>,
    /// Errors and warnings, in the order of the files.
    pub problems: Vec<Problem>,
    /// Every value of every file that was read, with its source when it has one.
    pub values: Vec<sources::Sourced>,
}

/// Reads a trial folder.
///
/// ```
/// use cytotrial::protocol::{files::Files, read};
/// let files = Files::bundled("NCT06379451").expect("it is bundled");
/// let experiment = read::experiment(&files).expect("it has no problems");
/// assert_eq!(experiment.arms[0].name, "car-nk");
/// ```
pub fn experiment(files: &Files) -> Result<Experiment, Vec<Problem>> {
    let reading = read(files);
    match reading.experiment {
        Some(experiment) => Ok(experiment),
        None => Err(reading.problems),
    }
}

/// Reads a trial folder and keeps warnings and the list of values too.
pub fn read(files: &Files) -> Reading {
    let mut reading = Reading::default();
    let trial_name = files.trial_name().to_owned();
    let Some(trial_text) = files.texts.get(&trial_name) else {
        let names = files.texts.keys().map(String::as_str);
        let help = help_with_nearest(&trial_name, names);
        let message = format!("there is no `{trial_name}` in this folder");
        reading.problems.push(Problem::error("F101", trial_name, "", message, help));
        return reading;
    };
    let mut products = product::Shelf::new(files);
    let protocol = in_file(&mut reading, &trial_name, trial_text, |top| {
        trial::protocol(top, files, &mut products)
    });
    let plan = match files.compare() {
        Some(text) => in_file(&mut reading, "compare.toml", text, |top| {
            arms::plan(top, files, &mut products, protocol.as_ref())
        }),
        None => protocol.as_ref().map(arms::Plan::of_protocol_alone),
    };
    // Without the comparison's arms every claim would only say that they are missing.
    let book = files.texts.get("claims.toml").zip(plan.as_ref()).and_then(|(text, plan)| {
        in_file(&mut reading, "claims.toml", text, |top| {
            claims::book(top, &plan.arms, &mut products, protocol.as_ref())
        })
    });
    products.finish(&mut reading);
    if let (Some((protocol, treatment)), Some(plan)) = (protocol, plan)
        && !any_error(&reading.problems)
    {
        reading.claims = book.map(|book| ClaimBook {
            settings: book.settings,
            arms: book.arms.into_iter().map(|arm| arm.complete(&treatment, &reading)).collect(),
            scans: book.scans,
            claims: book.claims,
        });
        let experiment = put_together(protocol, &treatment, plan, &reading);
        match levels_of_the_design(&experiment) {
            Some(problem) => reading.problems.push(problem),
            None => reading.experiment = Some(experiment),
        }
    }
    reading
}

/// The problem of a design that is set for another number of dose levels than an arm has.
fn levels_of_the_design(experiment: &Experiment) -> Option<Problem> {
    let protocol = &experiment.protocol;
    let fixed = super::design(&protocol.dose_finding).ok()?.levels()?;
    let arm = experiment.arms.iter().find(|arm| arm.escalate && arm.levels.len() != fixed)?;
    let (method, levels) = (&protocol.dose_finding.method, arm.levels.len());
    let (message, help) = if fixed == 1 {
        let message = format!("`{method}` watches one dose, arm `{}` has {levels}", arm.name);
        (message, "choose a design that finds a dose, such as `boin`")
    } else {
        let message =
            format!("`{method}` is set for {fixed} dose levels, arm `{}` has {levels}", arm.name);
        (message, "give the settings of the design one value per dose level")
    };
    Some(Problem::error("V101", protocol.file.clone(), "dose-finding.method", message, help))
}

/// Parses one file, lets `read` go through it, and accounts for its keys and sources.
fn in_file<T>(
    reading: &mut Reading,
    name: &str,
    text: &str,
    read: impl FnOnce(&Section<'_>) -> Option<T>,
) -> Option<T> {
    let document = match Document::parse(text, name) {
        Ok(document) => document,
        Err(problems) => {
            reading.problems.extend(problems);
            return None;
        }
    };
    let log = Log::new(name);
    let top = Section::top(&log, &document.root);
    schema(&top);
    let value = read(&top);
    let values = sources::account(&top, &document);
    top.done();
    reading.values.extend(values);
    reading.problems.append(&mut log.problems.into_inner());
    value
}

fn schema(top: &Section<'_>) {
    let Some(field) = top.need("schema") else { return };
    let here = field.clone();
    if let Some(found) = field.whole(0, u32::MAX)
        && found != SCHEMA
    {
        let _: Option<()> = here.error(
            "V101",
            format!("`schema` is {found}, this program reads {SCHEMA}"),
            format!("write `schema = {SCHEMA}` after comparing the file with a bundled one"),
        );
    }
}

fn put_together(
    mut protocol: Protocol,
    treatment: &treatment::Treatment,
    plan: arms::Plan,
    reading: &Reading,
) -> Experiment {
    protocol.sources = BTreeMap::new();
    let own = reading.values.iter().filter(|value| value.file == protocol.file);
    for value in own {
        if let Some(source) = &value.source {
            protocol.sources.insert(value.path.clone(), source.clone());
            protocol.synopsis.push(super::SynopsisLine {
                path: value.path.clone(),
                value: value.shown.clone(),
                source: source.clone(),
            });
        }
    }
    if let Some(patients) = plan.patients {
        protocol.patients = patients;
    }
    if let Some(days) = plan.follow_up {
        protocol.follow_up = days;
    }
    let arms = plan.arms.into_iter().map(|arm| arm.complete(treatment, reading)).collect();
    Experiment {
        question: plan.question,
        protocol,
        arms,
        contrasts: plan.contrasts,
        replicates: plan.replicates,
        seed: plan.seed,
        unknowns: plan.unknowns,
        targets: plan.targets.named,
        fitted: plan.targets.fitted,
        audience: plan.audience,
    }
}
