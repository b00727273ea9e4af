//! `check`: what is stated, assumed, missing and contradictory in a trial folder.

use serde::Serialize;

use crate::audit::{self, AuditItem};
use crate::problem::{Problem, line_and_column, locate};
use crate::protocol::files::Files;
use crate::protocol::read::sources::Sourced;
use crate::protocol::read::{self, Reading};
use crate::protocol::{Dose, Experiment, Source};
use crate::record::Record;

mod tables;

/// Weight of a heavy patient, kg: the 97.5th percentile of the drawn Chinese patients.
const HEAVY: f64 = 87.0;

/// What to check.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The folder's texts; `record.json` is the record.
    pub files: Files,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The trial's identifier, when it can be read.
    pub trial: Option<String>,
    /// The trial's title, when it can be read.
    pub title: Option<String>,
    /// Whether the trial can be simulated: nothing is an error.
    pub usable: bool,
    /// Sources of values, file by file.
    pub files: Vec<Counts>,
    /// Sources of values, all files together.
    pub total: Counts,
    /// Arms by name.
    pub arms: Vec<String>,
    /// What the record states.
    pub stated: Vec<AuditItem>,
    /// What the record leaves open.
    pub open: Vec<AuditItem>,
    /// Where the record contradicts itself, and what its figures allow.
    pub contradictions: Vec<AuditItem>,
    /// Errors and warnings with their positions.
    pub problems: Vec<Found>,
}

/// How many values of a file have which source.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// The file; `total` for all of them.
    pub file: String,
    /// Quoted from the record.
    pub stated: usize,
    /// Derived.
    pub derived: usize,
    /// Assumed.
    pub assumed: usize,
    /// From publications.
    pub cited: usize,
    /// Without a source.
    pub without: usize,
}

/// A problem with its position in the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// The code.
    pub code: String,
    /// `error` or `warning`.
    pub severity: String,
    /// The file.
    pub file: String,
    /// Dotted path of the value.
    pub path: String,
    /// Line from 1, when the text is at hand.
    pub line: Option<usize>,
    /// Column from 1, in characters.
    pub column: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Found {
    /// The problem with its position in the text that `files` has for it.
    pub fn new(problem: &Problem, files: &Files) -> Self {
        let text = files.text(&problem.file);
        let span = text.and_then(|text| Some((text, locate(text, &problem.path)?)));
        let place = span.map(|(text, span)| line_and_column(text, span.start));
        Self {
            code: problem.code.to_owned(),
            severity: problem.severity.to_string(),
            file: problem.file.clone(),
            path: problem.path.clone(),
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
            message: problem.message.clone(),
            help: problem.help.clone(),
        }
    }
}

/// Everything that `check` finds, with the problems as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The answer.
    pub answer: Answer,
    /// Its problems, for a door that shows the text around them.
    pub problems: Vec<Problem>,
}

/// Looks a folder through. It always answers; problems are part of the answer.
pub fn run(request: &Request) -> Checked {
    let files = &request.files;
    let mut reading = read::read(files);
    let record = record(files, &mut reading.problems);
    if let Some(record) = &record {
        reading.problems.extend(quotations(record, &reading, files));
    }
    if let Some(experiment) = &reading.experiment {
        reading.problems.extend(feasible(experiment));
        let population = &experiment.protocol.population;
        if let (Some(book), Some(Ok(population))) = (
            &reading.claims,
            files.text(population).map(|text| crate::population::read(text, population)),
        ) {
            let criteria = crate::claims::criteria::read(book, &population);
            reading.problems.extend(criteria.err().unwrap_or_default());
        }
    }
    let audit = record
        .as_ref()
        .map(|record| audit::audit(record, reading.experiment.as_ref()))
        .unwrap_or_default();
    let protocol = reading.experiment.as_ref().map(|experiment| &experiment.protocol);
    let arms = reading.experiment.iter().flat_map(|experiment| &experiment.arms);
    let population = protocol.map(|protocol| protocol.population.as_str());
    let mut counted = by_file(&reading.values);
    counted.extend(tables::counts(files, population));
    let answer = Answer {
        trial: protocol.map(|protocol| protocol.id.clone()),
        title: protocol.map(|protocol| protocol.title.clone()),
        usable: reading.experiment.is_some(),
        total: total(&counted),
        files: counted,
        arms: arms.map(|arm| arm.name.clone()).collect(),
        stated: audit.stated,
        open: audit.open,
        contradictions: audit.contradictions,
        problems: reading.problems.iter().map(|problem| Found::new(problem, files)).collect(),
    };
    Checked { answer, problems: reading.problems }
}

fn record(files: &Files, problems: &mut Vec<Problem>) -> Option<Record> {
    let text = files.texts.get("record.json")?;
    match Record::read(text, "record.json") {
        Ok(record) => Some(record),
        Err(found) => {
            problems.extend(found);
            None
        }
    }
}

fn by_file(values: &[Sourced]) -> Vec<Counts> {
    let mut files: Vec<&str> = Vec::new();
    for value in values {
        if !files.contains(&value.file.as_str()) {
            files.push(&value.file);
        }
    }
    let of = |file: &str| Counts {
        file: file.to_owned(),
        ..counts(values.iter().filter(|value| value.file == file))
    };
    files.into_iter().map(of).collect()
}

fn total(files: &[Counts]) -> Counts {
    let sum = |of: fn(&Counts) -> usize| files.iter().map(of).sum();
    Counts {
        file: "total".to_owned(),
        stated: sum(|file| file.stated),
        derived: sum(|file| file.derived),
        assumed: sum(|file| file.assumed),
        cited: sum(|file| file.cited),
        without: sum(|file| file.without),
    }
}

fn counts<'a>(values: impl Iterator<Item = &'a Sourced>) -> Counts {
    let mut counts = Counts::default();
    for value in values {
        match &value.source {
            Some(Source::Stated(_)) => counts.stated += 1,
            Some(Source::Derived(_)) => counts.derived += 1,
            Some(Source::Assumed(_)) => counts.assumed += 1,
            Some(Source::Cited(_)) => counts.cited += 1,
            None => counts.without += 1,
        }
    }
    counts
}

/// Quotations of the trial's own files that the record does not hold.
fn quotations(record: &Record, reading: &Reading, files: &Files) -> Vec<Problem> {
    let own = [files.trial_name(), "compare.toml", "claims.toml"];
    let mut problems = Vec::new();
    for value in reading.values.iter().filter(|value| own.contains(&value.file.as_str())) {
        if let Some(Source::Stated(quote)) = &value.source
            && !record.holds(quote)
        {
            let message =
                format!("`{}` is said to be stated, but the record has no `{quote}`", value.path);
            let help = "quote the record word for word, or mark the value as derived or assumed";
            let problem = Problem::error("P104", &value.file, &value.path, message, help);
            problems.push(problem.as_warning());
        }
    }
    for claim in reading.claims.iter().flat_map(|book| &book.claims) {
        if !record.holds(&claim.quote) {
            let message =
                format!("claim `{}` quotes `{}`, which the record has not", claim.id, claim.quote);
            let path = format!("claim.{}.quote", claim.id);
            let help = "quote the record word for word";
            problems.push(Problem::error("P104", "claims.toml", path, message, help).as_warning());
        }
    }
    problems
}

/// What is possible on paper and yet will not go as planned.
fn feasible(experiment: &Experiment) -> Vec<Problem> {
    let mut problems = Vec::new();
    let protocol = &experiment.protocol;
    for arm in &experiment.arms {
        let Some(Dose::PerKilogram(most)) = arm.levels.last() else { continue };
        for product in &arm.products {
            let cells = most * HEAVY;
            if cells > product.max_per_lot {
                let message = format!(
                    "arm `{}`: the highest level is {cells:.2e} cells for a patient of {HEAVY} kg, \
                     one lot of {} holds {:e}",
                    arm.name, product.name, product.max_per_lot
                );
                let help = "heavy patients will get less than assigned; lower the level or raise \
                            the lot";
                let path = "treatment.infusion.levels";
                let problem = Problem::error("V102", &protocol.file, path, message, help);
                problems.push(problem.as_warning());
            }
        }
    }
    if protocol.dose_finding.max_escalation > protocol.patients {
        let message = format!(
            "the escalation may treat {} patients, the trial plans {}",
            protocol.dose_finding.max_escalation, protocol.patients
        );
        let help = "the escalation ends when the trial is full; set `max-patients` lower";
        let path = "dose-finding.max-patients";
        problems.push(Problem::error("V101", &protocol.file, path, message, help).as_warning());
    }
    problems
}
