//! `claims`: the record's claims as experiments, judged by rules that were written before the run.

use super::Watch;
use super::blocks::Stopped;
use super::simulate::{SimulateRequest, texts};
use crate::claims::findings::{Findings, asks, findings, test_asks};
use crate::claims::run::Laboratory;
use crate::claims::{Claim, ClaimBook};
use crate::problem::{Problem, help_with_nearest};
use crate::protocol::{Experiment, Grade, read};

/// Claims and the experiment around them, ready to run.
pub struct Prepared {
    experiment: Experiment,
    book: ClaimBook,
    wanted: Vec<String>,
    main: Laboratory,
    frozen: Option<Laboratory>,
}

/// The place of a problem with the choice of claims: no file, but the option.
pub const OPTION_CLAIM: &str = "--claim";

/// Reads the claims and builds every arm that they need; nothing is simulated. All claims are tried
/// unless some are wanted by their identifiers.
///
/// # Errors
/// Every problem of the folder and of the choice of claims.
pub fn prepare(request: &SimulateRequest, wanted: &[String]) -> Result<Prepared, Vec<Problem>> {
    let reading = read::read(&request.files);
    let (Some(mut experiment), Some(book)) = (reading.experiment, reading.claims) else {
        if reading.problems.is_empty() {
            let message = "there is no `claims.toml` in this folder";
            let help = "`cytotrial new DIR --from NCT06379451` makes a folder that has one";
            return Err(vec![Problem::error("F101", "claims.toml", "", message, help)]);
        }
        return Err(reading.problems);
    };
    experiment.replicates = request.replicates.unwrap_or(experiment.replicates);
    experiment.seed = request.seed.unwrap_or(experiment.seed);
    known(&book, wanted)?;
    let texts = texts(&request.files, &experiment.protocol.population)?;
    let chosen = book.chosen(wanted);
    let replicates = experiment.replicates;
    let main = Laboratory::new(&book, &experiment, &texts, asks(&book, &chosen, replicates))?;
    let mut without = experiment.clone();
    without.unknowns = experiment.unknowns.without(Grade::D);
    let frozen = if without.unknowns == experiment.unknowns {
        None
    } else {
        let few = book.settings.assumption_replicates.min(replicates);
        Some(Laboratory::new(&book, &without, &texts, test_asks(&chosen, few))?)
    };
    Ok(Prepared { experiment, book, wanted: wanted.to_vec(), main, frozen })
}

fn known(book: &ClaimBook, wanted: &[String]) -> Result<(), Vec<Problem>> {
    let ids = || book.claims.iter().map(|claim| claim.id.as_str());
    let problems: Vec<Problem> = wanted
        .iter()
        .filter(|id| !ids().any(|known| known == id.as_str()))
        .map(|id| {
            let message = format!("there is no claim `{id}`");
            Problem::error("N101", OPTION_CLAIM, "", message, help_with_nearest(id, ids()))
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

impl Prepared {
    /// The claims that will be tried.
    pub fn chosen(&self) -> Vec<&Claim> {
        self.book.chosen(&self.wanted)
    }

    /// The experiment around them.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// Runs every experiment and judges the claims.
    ///
    /// # Errors
    /// A run that was stopped.
    pub fn run(&self, watch: &dyn Watch) -> Result<Findings, Stopped> {
        let replicates = self.experiment.replicates;
        let answers = self.main.run("claims", replicates, watch)?;
        let few = self.book.settings.assumption_replicates.min(replicates);
        let frozen = match &self.frozen {
            Some(frozen) => frozen.run("claims-frozen", few, watch)?,
            None => Vec::new(),
        };
        Ok(findings(self.book.settings, &self.chosen(), &answers, &frozen))
    }
}
