//! `evaluate`: endpoints of real patients from a site's files, judged as a simulation is.
//!
//! [`run`] takes the bytes of a folder and the texts of a protocol and returns an [`Evaluation`]:
//! the study, where each of its rows comes from ([`records::import::Origins`], for a door that
//! shows the data behind a result), the rules, the outcomes in the study's order of subjects, and
//! warnings. [`Evaluation::tables`] are the result's tables, [`Evaluation::json`] the documented
//! JSON. Nothing is read or written here, and the clock is not asked.

use evaluate::{Outcomes, Rules};
pub use records::Problem as DataProblem;
use records::Study;
use records::import::time::Moment;
use records::import::{self, Mapping, Origins, Sheet};
pub use records::parquet::READER_THREAD;

use crate::problem::Problem;
use crate::protocol::files::Files;
use crate::protocol::{Protocol, read};

mod answer;
mod doses;
mod explain;
mod look;
mod place;
mod repeated;
mod sheets;
mod tables;

pub use doses::DoseTable;
pub use explain::NoSuchSubject;
pub use place::{Shown, shown};
pub use sheets::{DataFile, sheets};

/// Versions of the response criteria that can be asked for.
pub const CRITERIA: &[&str] = &["imwg-2016"];

/// The place of a problem with the choice of criteria: no file, but the option.
pub const OPTION_RULES: &str = "--rules";

/// The place of a problem with the day of the data cut.
pub const OPTION_CUTOFF: &str = "--cutoff";

/// What to evaluate.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The texts of the trial's folder; its protocol says how outcomes are judged.
    pub files: Files,
    /// The site's files.
    pub data: Vec<DataFile>,
    /// Name and text of a mapping of the site's own names.
    pub mapping: Option<(String, String)>,
    /// Day of the data cut, `2024-05-17`: what came later is not known; everything unless given.
    pub cutoff: Option<String>,
    /// Response criteria by name; those of the protocol unless given.
    pub rules: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// The protocol whose rules judged.
    pub protocol: Protocol,
    /// The study in the files.
    pub study: Study,
    /// Where the rows of the study come from.
    pub origins: Origins,
    /// How outcomes were judged.
    pub rules: Rules,
    /// The outcomes, one per subject, in the study's order.
    pub outcomes: Outcomes,
    /// Whether adverse events were handed in; without them no DLT can be told.
    pub has_events: bool,
    /// What should be looked at.
    pub warnings: Vec<DataProblem>,
}

/// Why there is no evaluation.
#[derive(Debug, Clone, PartialEq)]
pub enum EvaluateError {
    /// Problems of the protocol, of the mapping or of the options.
    Input(Vec<Problem>),
    /// Problems of the data, warnings among them.
    Data(Vec<DataProblem>),
}

/// Reads the data, judges every subject.
///
/// # Errors
/// Every problem of the protocol and the mapping, else every problem of the data.
pub fn run(request: &Request) -> Result<Evaluation, EvaluateError> {
    let protocol = read::experiment(&request.files)
        .map(|experiment| experiment.protocol)
        .map_err(EvaluateError::Input)?;
    let mapping = mapping(request).map_err(EvaluateError::Input)?;
    let cutoff = chosen(request).map_err(EvaluateError::Input)?;
    let sheets = sheets(&request.data).map_err(EvaluateError::Data)?;
    of_sheets(protocol, &sheets, &mapping, cutoff)
}

/// Judges tables that were read, as they were known on the day of a data cut.
///
/// # Errors
/// Every problem of the data.
pub fn of_sheets(
    protocol: Protocol,
    sheets: &[Sheet],
    mapping: &Mapping,
    cutoff: Option<Moment>,
) -> Result<Evaluation, EvaluateError> {
    let mut imported = import::study_of(sheets, mapping).map_err(EvaluateError::Data)?;
    if let Some(cutoff) = cutoff {
        imported.cut(cutoff).map_err(EvaluateError::Data)?;
    }
    let rules = protocol.rules.clone();
    let outcomes = evaluate::evaluate(&imported.study, &rules);
    let mut evaluation = Evaluation {
        protocol,
        study: imported.study,
        origins: imported.origins,
        rules,
        outcomes,
        has_events: imported.has_events,
        warnings: imported.warnings,
    };
    let seen = look::warnings(&evaluation);
    evaluation.warnings.extend(seen);
    Ok(evaluation)
}

/// A mapping for the files as they are, to be completed by hand.
///
/// # Errors
/// Files that cannot be read.
pub fn proposed_mapping(data: &[DataFile]) -> Result<String, Vec<DataProblem>> {
    Ok(import::propose(&sheets(data)?))
}

fn mapping(request: &Request) -> Result<Mapping, Vec<Problem>> {
    let Some((name, text)) = &request.mapping else { return Ok(Mapping::default()) };
    let mapping: Mapping = toml::from_str(text).map_err(|error| {
        let path = error.span().map_or(String::new(), |at| format!("@{}..{}", at.start, at.end));
        let help = "`cytotrial evaluate DATA --map-help` writes one that can be completed";
        vec![Problem::error("E117", name, path, error.message(), help)]
    })?;
    let found = mapping.problems();
    if found.is_empty() {
        return Ok(mapping);
    }
    let problem = |(path, message, help)| Problem::error("E117", name, path, message, help);
    Err(found.into_iter().map(problem).collect())
}

/// The day of the data cut; what was chosen and does not exist is a problem.
fn chosen(request: &Request) -> Result<Option<Moment>, Vec<Problem>> {
    let mut problems = Vec::new();
    if let Some(name) = request.rules.as_deref().filter(|name| !CRITERIA.contains(name)) {
        let help = crate::problem::help_with_nearest(name, CRITERIA.iter().copied());
        let message = format!("there are no criteria `{name}`");
        problems.push(Problem::error("N101", OPTION_RULES, "", message, help));
    }
    let cutoff = request.cutoff.as_deref().map(|text| Moment::read(text).ok_or(text));
    let whole = |moment: &Moment| moment.time.is_none() && !moment.is_partial;
    match cutoff {
        None if problems.is_empty() => Ok(None),
        Some(Ok(moment)) if problems.is_empty() && whole(&moment) => Ok(Some(moment)),
        None => Err(problems),
        Some(found) => {
            if found.as_ref().map_or(true, |moment| !whole(moment)) {
                let text = request.cutoff.as_deref().unwrap_or_default();
                let message = format!("`{text}` is not a date");
                let help = "write it like `2024-05-17`";
                problems.push(Problem::error("E112", OPTION_CUTOFF, "", message, help));
            }
            Err(problems)
        }
    }
}
