//! Claim experiments run on whole virtual trials: every arm that a claim names, on the same patients.

use std::collections::BTreeMap;
use std::ops::Range;

use super::effect::{Moments, TrialEffect};
use super::{ClaimBook, Subject};
use crate::conduct::candidate::screen;
use crate::conduct::result::PatientResult;
use crate::conduct::run::block;
use crate::conduct::world::{Texts, World};
use crate::operation::Watch;
use crate::operation::blocks::{Stopped, in_blocks};
use crate::population::eligibility::Eligibility;
use crate::problem::Problem;
use crate::protocol::{Arm, Experiment};
use crate::summary::measure::Measure;

/// One effect that every trial is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// The endpoint.
    pub measure: &'static Measure,
    /// Whose.
    pub subject: Subject,
    /// Replicates that are asked; whole blocks, so a few more may answer.
    pub replicates: u32,
}

/// Arms that are simulated for the same replicates.
struct Layer {
    replicates: u32,
    worlds: Vec<World>,
}

/// A set of effects and the arms behind them, ready to be simulated.
pub struct Laboratory {
    asks: Vec<Ask>,
    criteria: BTreeMap<String, Eligibility>,
    layers: Vec<Layer>,
}

/// Arms in one world: enough to fill the solver's lanes, few enough to fit in memory.
const ARMS_PER_WORLD: usize = 8;

impl Laboratory {
    /// Builds the worlds of the arms that the effects need.
    ///
    /// # Errors
    /// Problems of the texts or of criteria over covariates.
    pub fn new(
        book: &ClaimBook,
        experiment: &Experiment,
        texts: &Texts,
        asks: Vec<Ask>,
    ) -> Result<Self, Vec<Problem>> {
        let mut layers: Vec<Layer> = Vec::new();
        let mut placed: Vec<&str> = Vec::new();
        let mut sizes: Vec<u32> = asks.iter().map(|ask| ask.replicates).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        sizes.dedup();
        for replicates in sizes {
            let needed = |arm: &&Arm| {
                let of = |ask: &&Ask| ask.replicates == replicates;
                asks.iter().filter(of).any(|ask| ask.subject.arms().contains(&arm.name.as_str()))
            };
            let arms: Vec<&Arm> = book
                .arms
                .iter()
                .filter(needed)
                .filter(|arm| !placed.contains(&arm.name.as_str()))
                .collect();
            placed.extend(arms.iter().map(|arm| arm.name.as_str()));
            let worlds = arms.chunks(ARMS_PER_WORLD).map(|arms| {
                let arms = arms.iter().map(|arm| (*arm).clone()).collect();
                World::build(with_arms(experiment, arms, book.settings.patients), texts)
            });
            layers.push(Layer { replicates, worlds: worlds.collect::<Result<_, _>>()? });
        }
        let world = layers.iter().flat_map(|layer| &layer.worlds).next();
        let criteria = match world {
            Some(world) => super::criteria::read(book, &world.population)?,
            None => BTreeMap::new(),
        };
        Ok(Self { asks, criteria, layers })
    }

    /// Runs the trials; one row of answers per replicate, in the order of the effects. `None` where
    /// a replicate was not asked.
    ///
    /// # Errors
    /// A run that was stopped.
    pub fn run(
        &self,
        part: &str,
        replicates: u32,
        watch: &dyn Watch,
    ) -> Result<Vec<Vec<Option<TrialEffect>>>, Stopped> {
        in_blocks(part, replicates, watch, |range| self.block(range))
    }

    fn block(&self, range: Range<u32>) -> Vec<Vec<Option<TrialEffect>>> {
        let active = self.layers.iter().filter(|layer| range.start < layer.replicates);
        let mut arms: BTreeMap<&str, Vec<Vec<PatientResult>>> = BTreeMap::new();
        let mut screened = None;
        for world in active.flat_map(|layer| &layer.worlds) {
            screened.get_or_insert(world);
            let results = block(world, range.clone(), 0);
            for (place, arm) in world.experiment.arms.iter().enumerate() {
                let patients = results.iter().map(|result| result.arms[place].patients.clone());
                arms.insert(&arm.name, patients.collect());
            }
        }
        range
            .clone()
            .enumerate()
            .map(|(place, replicate)| {
                let meets = screened.map(|world| self.meets(world, replicate)).unwrap_or_default();
                self.asks
                    .iter()
                    .map(|ask| {
                        let asked = range.start < ask.replicates;
                        asked.then(|| answer(ask, &arms, place, &meets)).flatten()
                    })
                    .collect()
            })
            .collect()
    }

    /// Per criterion, whether each candidate of a replicate meets it.
    fn meets(&self, world: &World, replicate: u32) -> BTreeMap<&str, Vec<bool>> {
        if self.criteria.is_empty() {
            return BTreeMap::new();
        }
        let candidates = screen(world, replicate, world.experiment.protocol.patients);
        let meets = |criterion: &Eligibility| {
            candidates
                .iter()
                .map(|one| criterion.first_failure(&world.population, &one.patient).is_none())
                .collect()
        };
        self.criteria.iter().map(|(text, criterion)| (text.as_str(), meets(criterion))).collect()
    }
}

/// The same trial with other arms, each enrolling the claims' number of patients.
fn with_arms(experiment: &Experiment, arms: Vec<Arm>, patients: u32) -> Experiment {
    let mut experiment = experiment.clone();
    experiment.arms = arms;
    experiment.contrasts.clear();
    experiment.protocol.patients = patients;
    experiment
}

/// An effect in one trial; `None` when an arm was not simulated.
fn answer(
    ask: &Ask,
    arms: &BTreeMap<&str, Vec<Vec<PatientResult>>>,
    place: usize,
    meets: &BTreeMap<&str, Vec<bool>>,
) -> Option<TrialEffect> {
    let patients = |arm: &str| arms.get(arm).map(|replicates| replicates[place].as_slice());
    let is_in = |among: &Option<String>, patient: &PatientResult| {
        among.as_ref().is_none_or(|text| meets[text.as_str()][patient.patient as usize])
    };
    let mean = |arm: &str, among: &Option<String>| {
        let inside = patients(arm)?.iter().filter(|patient| is_in(among, patient));
        Some(Moments::of(inside.filter_map(|patient| ask.measure.within_arm(patient))))
    };
    match &ask.subject {
        Subject::Arm { arm, among } => Some(TrialEffect { first: mean(arm, among)?, second: None }),
        Subject::Groups { arm, among, against } => Some(TrialEffect {
            first: mean(arm, &Some(among.clone()))?,
            second: Some(mean(arm, &Some(against.clone()))?),
        }),
        Subject::Paired { first, second, among } => {
            let (first, second) = (patients(first)?, patients(second)?);
            let pairs = first.iter().filter(|patient| is_in(among, patient)).filter_map(|one| {
                let place =
                    second.binary_search_by_key(&one.patient, |other| other.patient).ok()?;
                Some(ask.measure.of_patient(one)? - ask.measure.of_patient(&second[place])?)
            });
            Some(TrialEffect { first: Moments::of(pairs), second: None })
        }
    }
}
