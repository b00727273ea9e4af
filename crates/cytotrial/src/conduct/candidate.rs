//! Candidates: the virtual patients who come to a trial's door, the same in every arm.

use stats::stream::{Purpose, stream};

use super::background::REPLICATE;
use super::world::World;
use crate::population::Patient;

/// Someone who was screened.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Number within the replicate, from 0; also the address of every draw.
    pub number: u32,
    /// Days from the study's start to the day this patient becomes available.
    pub arrival: f64,
    /// Covariates.
    pub patient: Patient,
    /// Why the patient cannot enter: the criterion, or `None` when eligible.
    pub failure: Option<String>,
}

/// At most so many are screened per patient planned, so that a population that fits no criterion
/// ends the search.
const SCREENED_PER_PATIENT: u32 = 20;

/// Screens until enough are eligible; the same list for every arm of the replicate.
pub fn screen(world: &World, replicate: u32, wanted: u32) -> Vec<Candidate> {
    let seed = world.experiment.seed;
    let protocol = &world.experiment.protocol;
    let conduct = &protocol.conduct;
    let trial_wide = stream(seed, replicate, REPLICATE, Purpose::Calendar);
    let other_failure = world.experiment.unknowns.value(
        &conduct.screen_failure,
        protocol.sources.get("conduct.screen-failure"),
        trial_wide.uniform(0),
    );
    let mut candidates = Vec::new();
    let mut eligible = 0;
    let mut arrival = 0.0;
    let mut number = 0;
    while eligible < wanted && number < wanted * SCREENED_PER_PATIENT {
        let calendar = stream(seed, replicate, number, Purpose::Calendar);
        arrival -= stats::math::ln(calendar.uniform(0)) / conduct.accrual;
        let patient = world.population.draw(seed, replicate, number);
        let failure = match world.eligibility.first_failure(&world.population, &patient) {
            Some(index) => Some(world.experiment.protocol.include[index].clone()),
            None if calendar.uniform(1) < other_failure => {
                Some("a reason outside the modelled limits".to_owned())
            }
            None => None,
        };
        eligible += u32::from(failure.is_none());
        candidates.push(Candidate { number, arrival, patient, failure });
        number += 1;
    }
    candidates
}
