//! `simulate`: whole virtual trials in every arm, judged and summarised.

use crate::conduct::result::FailedPatient;
use crate::conduct::run::{ReplicateResult, block};
use crate::conduct::world::{Texts, World};
use crate::library;
use crate::problem::Problem;
use crate::protocol::files::Files;
use crate::protocol::{Experiment, read};
use crate::summary::{Summary, summarise};
use crate::uncertainty::frozen;
use crate::uncertainty::{self, Uncertainty};

use super::Watch;
use super::blocks::{Stopped, in_blocks};

/// What to simulate.
#[derive(Debug, Clone, Default)]
pub struct SimulateRequest {
    /// The trial folder's texts.
    pub files: Files,
    /// Whole trials; the folder's number unless given.
    pub replicates: Option<u32>,
    /// Patients per arm; the protocol's number unless given.
    pub patients: Option<u32>,
    /// Arms by name; all unless given.
    pub arms: Option<Vec<String>>,
    /// Seed; the folder's unless given.
    pub seed: Option<u64>,
}

/// The place of a problem with the choice of arms: no file, but the option.
pub const OPTION_ARMS: &str = "--arms";

/// The name under which blocks of replicates are kept.
pub const PART: &str = "simulation";

/// Replicates whose patient-level tables are kept.
pub const KEPT: u32 = 1;

/// What came of it.
pub struct Simulation {
    /// The world, the experiment included, as it was run.
    pub world: World,
    /// Every replicate, in order.
    pub replicates: Vec<ReplicateResult>,
    /// The summary.
    pub summary: Summary,
    /// What is not known, and what it does to the results.
    pub uncertainty: Uncertainty,
}

impl Simulation {
    /// The experiment as it was run.
    pub fn experiment(&self) -> &Experiment {
        &self.world.experiment
    }

    /// Patients the solver gave up on, in order.
    pub fn failed(&self) -> impl Iterator<Item = &FailedPatient> {
        self.replicates.iter().flat_map(|replicate| &replicate.failed)
    }
}

/// Why there is no simulation.
#[derive(Debug)]
pub enum SimulateError {
    /// The input has problems.
    Input(Vec<Problem>),
    /// The caller stopped it.
    Cancelled,
    /// Finished replicates could not be kept: why, in words.
    NotKept(String),
}

impl From<Stopped> for SimulateError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Cancelled => Self::Cancelled,
            Stopped::NotKept(why) => Self::NotKept(why),
        }
    }
}

/// Reads the folder and builds the world; no patient is simulated.
///
/// # Errors
/// Every problem of the folder, the options, and the bundled texts.
pub fn prepare(request: &SimulateRequest) -> Result<World, Vec<Problem>> {
    let mut experiment = read::experiment(&request.files)?;
    if let Some(replicates) = request.replicates {
        experiment.replicates = replicates;
    }
    if let Some(patients) = request.patients {
        experiment.protocol.patients = patients;
    }
    if let Some(seed) = request.seed {
        experiment.seed = seed;
    }
    if let Some(wanted) = &request.arms {
        choose_arms(&mut experiment, wanted)?;
    }
    let texts = texts(&request.files, &experiment.protocol.population)?;
    World::build(experiment, &texts)
}

/// Simulates every replicate. The result does not depend on the number of threads of the pool that
/// this is called from.
///
/// # Errors
/// Problems in the input, a cancelled run, or replicates that cannot be kept.
pub fn simulate(request: &SimulateRequest, watch: &dyn Watch) -> Result<Simulation, SimulateError> {
    let world = prepare(request).map_err(SimulateError::Input)?;
    Ok(run(world, watch)?)
}

/// Simulates a prepared world; when everything that is not known is drawn, the first replicates
/// again with assumed values held.
///
/// # Errors
/// A cancelled run, or replicates that cannot be kept.
pub fn run(mut world: World, watch: &dyn Watch) -> Result<Simulation, Stopped> {
    let total = world.experiment.replicates;
    let replicates = in_blocks(PART, total, watch, |replicates| block(&world, replicates, KEPT))?;
    let summary = summarise(&world.experiment, &replicates);
    let held = held(&mut world, watch)?;
    let uncertainty = uncertainty::of(&world, &replicates, &held);
    Ok(Simulation { world, replicates, summary, uncertainty })
}

/// Runs the first replicates again with assumed values held.
fn held(world: &mut World, watch: &dyn Watch) -> Result<Vec<frozen::Values>, Stopped> {
    let count = frozen::replicates(&world.experiment);
    if count == 0 {
        return Ok(Vec::new());
    }
    let drawn = world.experiment.unknowns;
    world.experiment.unknowns = frozen::held(drawn);
    let run = in_blocks(frozen::PART, count, watch, |replicates| {
        let results = block(world, replicates, 0);
        results.iter().map(|result| frozen::values(&world.experiment, result)).collect()
    });
    world.experiment.unknowns = drawn;
    run
}

/// Keeps only the arms asked for, in the experiment's order.
fn choose_arms(experiment: &mut Experiment, wanted: &[String]) -> Result<(), Vec<Problem>> {
    let known: Vec<String> = experiment.arms.iter().map(|arm| arm.name.clone()).collect();
    let problems: Vec<Problem> = wanted
        .iter()
        .filter(|name| !known.contains(name))
        .map(|name| {
            let help = crate::problem::help_with_nearest(name, known.iter().map(String::as_str));
            Problem::error("N101", OPTION_ARMS, "", format!("there is no arm `{name}`"), help)
        })
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    experiment.arms.retain(|arm| wanted.contains(&arm.name));
    experiment.contrasts.retain(|(a, b)| wanted.contains(a) && wanted.contains(b));
    Ok(())
}

/// The model and its tables: the folder's own where it has them, else the bundled ones.
pub fn texts(files: &Files, population: &str) -> Result<Texts, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut text = |name: &str| {
        files.text(name).map_or_else(
            || {
                let known: Vec<&str> = library::names().collect();
                let help = crate::problem::help_with_nearest(name, known);
                let message = format!("there is no `{name}`");
                problems.push(Problem::error("F101", name, "", message, help));
                String::new()
            },
            str::to_owned,
        )
    };
    let texts = Texts {
        model: text(MODEL),
        parameters: text(PARAMETERS),
        signs: text(SIGNS),
        assays: text(ASSAYS),
        population: text(population),
    };
    if problems.is_empty() { Ok(texts) } else { Err(problems) }
}

/// Names of the texts behind every simulation.
pub const MODEL: &str = "models/rrmm-cells.ant";
/// Parameters of the model.
pub const PARAMETERS: &str = "models/rrmm-cells.parameters.csv";
/// Parameters of the signs.
pub const SIGNS: &str = "models/rrmm-signs.parameters.csv";
/// Assays.
pub const ASSAYS: &str = "models/assays.csv";
