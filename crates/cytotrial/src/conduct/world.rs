//! Everything that a simulation reads and never changes: experiment, model, population, assays.

use std::collections::BTreeMap;

use model::{Model, SymbolId};
use rayon::prelude::*;
use solve::{Program, Settings, SingleCell};
use stats::stream::{Purpose, stream};

use super::background::{Background, REPLICATE};
use super::handles::Handles;
use super::visits::{Planned, planned};
use crate::observe::Assays;
use crate::observe::signs::SignThresholds;
use crate::parameters::{ParameterTable, Typical};
use crate::population::eligibility::{self, Eligibility};
use crate::population::{self, Population};
use crate::problem::Problem;
use crate::protocol::{Arm, Experiment};

/// The texts a world is made from, besides the experiment.
#[derive(Debug, Clone)]
pub struct Texts {
    /// The model as Antimony.
    pub model: String,
    /// Its parameters.
    pub parameters: String,
    /// The parameters of the signs.
    pub signs: String,
    /// Assay precision and limits.
    pub assays: String,
    /// The population.
    pub population: String,
}

/// What stays the same for every patient.
pub struct World {
    /// The experiment.
    pub experiment: Experiment,
    /// The compiled models: without what an arm has no use for.
    pub programs: Vec<Program>,
    /// Each arm's program among them.
    pub program_of: Vec<usize>,
    /// Symbols by name.
    pub handles: Handles,
    /// Ports that receive cells, by name.
    pub ports: BTreeMap<String, SymbolId>,
    /// Parameters of the model.
    pub parameters: ParameterTable,
    /// The model's symbol of each parameter of the table.
    pub parameter_ids: Vec<SymbolId>,
    /// Parameters of the signs.
    pub sign_parameters: ParameterTable,
    /// The population.
    pub population: Population,
    /// Who may enter.
    pub eligibility: Eligibility,
    /// Assays.
    pub assays: Assays,
    /// The calendar of visits.
    pub visits: Vec<Planned>,
    /// Median burden of the population, 1e9 cells.
    pub median_burden: f64,
    /// Solver settings.
    pub settings: Settings,
}

/// What is drawn once per replicate.
#[derive(Debug, Clone)]
pub struct ReplicateDraws {
    /// Replicate.
    pub replicate: u32,
    /// Background events.
    pub background: Background,
    /// Thresholds of the signs.
    pub signs: SignThresholds,
    /// Typical parameter values, per arm.
    pub typical: Vec<Typical>,
    /// Probability that no product is released, per arm.
    pub release_failure: Vec<f64>,
    /// Probability of bridging, and of a response to it.
    pub bridging: [f64; 2],
}

/// Tolerances of a trial's simulation: relative, and absolute in the state's own unit. Of 36,900
/// results of 150 trials of six arms, 5 differ by more than 0.1 % from those with 1e-8.
const RELATIVE: f64 = 5e-5;
const ABSOLUTE: f64 = 1e-6;
/// One cell.
const ABSOLUTE_CELLS: f64 = 1e-9;
/// What multiplies itself is followed however little is left of it: lost in a tolerance it would
/// come back too early, too late, or below zero.
const ABSOLUTE_GROWING: f64 = 1e-100;
const GROWING: [&str; 3] = ["Rh", "Lh", "Hp"];

impl World {
    /// Reads, checks and compiles everything.
    ///
    /// # Errors
    /// Every problem found in any of the texts.
    pub fn build(experiment: Experiment, texts: &Texts) -> Result<Self, Vec<Problem>> {
        let model = model::antimony::read(&texts.model).map_err(|problems| {
            problems
                .into_iter()
                .map(|problem| {
                    let path = format!("{}:{}", problem.span.line, problem.span.column);
                    let file = "models/rrmm-cells.ant";
                    Problem::error("M104", file, path, problem.message, problem.help)
                })
                .collect::<Vec<_>>()
        })?;
        let handles = Handles::find(&model).map_err(|missing| {
            let message = format!("the model lacks {}", missing.join(", "));
            let help = "a cell-therapy model names these ports and outputs";
            vec![Problem::error("M101", "models/rrmm-cells.ant", "", message, help)]
        })?;
        let parameters =
            ParameterTable::read(&texts.parameters, "models/rrmm-cells.parameters.csv")?;
        let sign_parameters =
            ParameterTable::read(&texts.signs, "models/rrmm-signs.parameters.csv")?;
        let population = population::read(&texts.population, &experiment.protocol.population)?;
        let eligibility = eligibility::parse(
            &experiment.protocol.include,
            &population,
            &experiment.protocol.file,
            "population.include",
        )?;
        let assays = Assays::read(&texts.assays, "models/assays.csv")?;
        let ports: BTreeMap<String, SymbolId> =
            model.ports.iter().map(|id| (model.symbols[id.0 as usize].name.clone(), *id)).collect();
        for product in experiment.arms.iter().flat_map(|arm| &arm.products) {
            if !ports.contains_key(&product.port) {
                let message = format!("the model has no port `{}`", product.port);
                let help = "the ports are the names in brackets after the model's name";
                let file = "models/rrmm-cells.ant";
                return Err(vec![Problem::error("M101", file, "", message, help)]);
            }
        }
        let (programs, program_of) = programs(&model, &handles, &ports, &experiment.arms)?;
        let parameter_ids = identify(&model, &parameters)?;
        let settings = settings(&model);
        let visits = planned(&experiment.protocol);
        let median_burden = population.median("burden").unwrap_or(f64::NAN);
        Ok(Self {
            experiment,
            programs,
            program_of,
            handles,
            ports,
            parameters,
            parameter_ids,
            sign_parameters,
            population,
            eligibility,
            assays,
            visits,
            median_burden,
            settings,
        })
    }

    /// The program of an arm.
    pub fn program(&self, arm: usize) -> &Program {
        &self.programs[self.program_of[arm]]
    }

    /// What is drawn once for a replicate.
    pub fn draws(&self, replicate: u32) -> ReplicateDraws {
        let seed = self.experiment.seed;
        let unknowns = self.experiment.unknowns;
        let lots = stream(seed, replicate, REPLICATE, Purpose::Lot);
        let typical = self
            .experiment
            .arms
            .iter()
            .map(|arm| {
                let set = sets(arm);
                self.parameters.typical(
                    &self.population,
                    seed,
                    replicate,
                    unknowns,
                    &set,
                    &arm.hold,
                )
            })
            .collect();
        let release_failure = self
            .experiment
            .arms
            .iter()
            .map(|arm| {
                let survive: f64 = arm
                    .products
                    .iter()
                    .map(|product| {
                        let source = product.sources.get("manufacture.release-failure");
                        1.0 - unknowns.value(&product.release_failure, source, lots.uniform(0))
                    })
                    .product();
                1.0 - survive
            })
            .collect();
        let protocol = &self.experiment.protocol;
        let bridging = |law, path: &str, place| {
            unknowns.value(law, protocol.sources.get(path), lots.uniform(place))
        };
        let none = BTreeMap::new();
        let signs = self
            .sign_parameters
            .typical(&self.population, seed, replicate, unknowns, &none, &none)
            .values;
        let value = |name: &str| {
            let position = self.sign_parameters.position(name);
            signs[position.expect("the names were checked when the world was built")]
        };
        ReplicateDraws {
            replicate,
            background: Background::from_values(value),
            signs: SignThresholds::from_values(value),
            typical,
            release_failure,
            bridging: [
                bridging(&protocol.conduct.bridging, "conduct.bridging", 1),
                bridging(&protocol.conduct.bridging_response, "conduct.bridging-response", 2),
            ],
        }
    }
}

/// The parameters that an arm and its products set.
pub fn sets(arm: &Arm) -> BTreeMap<String, f64> {
    let mut sets = BTreeMap::new();
    for product in &arm.products {
        sets.extend(product.parameters.iter().map(|(name, value)| (name.clone(), *value)));
    }
    sets.extend(arm.set.iter().map(|(name, value)| (name.clone(), *value)));
    sets
}

/// The programs that the arms need, and each arm's place among them. Arms that use the same ports
/// share a program.
fn programs(
    model: &Model,
    handles: &Handles,
    ports: &BTreeMap<String, SymbolId>,
    arms: &[Arm],
) -> Result<(Vec<Program>, Vec<usize>), Vec<Problem>> {
    let unused: Vec<Vec<SymbolId>> =
        arms.iter().map(|arm| unused_ports(model, handles, ports, arm)).collect();
    let mut kinds = unused.clone();
    kinds.sort();
    kinds.dedup();
    let compiled: Result<Vec<Program>, solve::CompileError> =
        kinds.par_iter().map(|unused| solve::compile_without(model, unused)).collect();
    let compiled = compiled.map_err(|error| {
        let help = "this is a fault of the program or of a changed model text";
        vec![Problem::error("M102", "models/rrmm-cells.ant", "", error.to_string(), help)]
    })?;
    let place = |unused: &Vec<SymbolId>| kinds.partition_point(|kind| kind < unused);
    Ok((compiled, unused.iter().map(place).collect()))
}

/// The ports that nothing in an arm uses: those of other arms' products, and of treatment that goes
/// with a product.
fn unused_ports(
    model: &Model,
    handles: &Handles,
    ports: &BTreeMap<String, SymbolId>,
    arm: &Arm,
) -> Vec<SymbolId> {
    let mut used =
        vec![handles.tocilizumab, handles.dexamethasone, handles.bridging, handles.salvage];
    used.extend(arm.depletion.then_some(handles.depletion));
    for product in &arm.products {
        used.extend(ports.get(&product.port));
        used.extend(product.anti_cd38.as_ref().map(|_| handles.anti_cd38));
    }
    model.ports.iter().copied().filter(|port| !used.contains(port)).collect()
}

/// The model's symbols of the table's parameters.
fn identify(model: &Model, table: &ParameterTable) -> Result<Vec<SymbolId>, Vec<Problem>> {
    let mut problems = Vec::new();
    let ids = table
        .symbols()
        .map(|symbol| {
            model.symbol(symbol).unwrap_or_else(|| {
                let message = format!("the model has no parameter `{symbol}`");
                let file = "models/rrmm-cells.parameters.csv";
                let help = "take the row out, or name the parameter in the model";
                problems.push(Problem::error("M103", file, symbol, message, help));
                SymbolId(0)
            })
        })
        .collect();
    if problems.is_empty() { Ok(ids) } else { Err(problems) }
}

/// States that count cells, with the turnover that the single-cell rule needs: gross death per day
/// of a cell that neither grows nor shrinks. Myeloma 0.02 (labelling index of about 1 %), donor and
/// CAR cells 0.1: assumed.
const CELL_STATES: [(&str, f64); 18] = [
    ("T1", 0.02),
    ("T2", 0.02),
    ("T3", 0.02),
    ("T4", 0.02),
    ("T5", 0.02),
    ("T6", 0.02),
    ("TP", 0.02),
    ("Nb", 0.1),
    ("Np", 0.1),
    ("Nm", 0.1),
    ("Nx", 0.1),
    ("Cb", 0.1),
    ("Cm", 0.1),
    ("Cr", 0.1),
    ("Cb2", 0.1),
    ("Cm2", 0.1),
    ("Cr2", 0.1),
    ("Ta", 0.1),
];

/// How trials are simulated: the method, its tolerances, and what becomes of a fraction of a cell.
pub fn settings(model: &Model) -> Settings {
    let (states, turnover_per_day): (Vec<SymbolId>, Vec<f64>) = CELL_STATES
        .iter()
        .filter_map(|(name, turnover)| model.symbol(name).map(|id| (id, *turnover)))
        .unzip();
    let cells = states.iter().map(|&state| (state, ABSOLUTE_CELLS));
    let growing = GROWING.iter().filter_map(|name| Some((model.symbol(name)?, ABSOLUTE_GROWING)));
    Settings {
        method: solve::Method::Stiff,
        relative: RELATIVE,
        absolute: ABSOLUTE,
        absolute_of: cells.chain(growing).collect(),
        single_cell: SingleCell::Stochastic {
            states,
            cell: 1e-9,
            turnover_per_day,
            below_cells: 1000.0,
        },
        ..Settings::default()
    }
}
