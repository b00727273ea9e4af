//! Replicates run side by side, a block at a time, so that the solver's lanes are full.

use std::ops::Range;

use solve::{Failure, Start};
use stats::stream::{Purpose, stream};

use super::candidate::{Candidate, screen};
use super::course::{Course, Plan};
use super::result::{ArmResult, FailedPatient, judge};
use super::trial::Trial;
use super::world::{ReplicateDraws, World};

/// Replicates that share a block: enough to fill the lanes, few enough to fit in memory.
pub const BLOCK: u32 = 8;

/// One replicate, all arms.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ReplicateResult {
    /// Replicate.
    pub replicate: u32,
    /// One entry per arm.
    pub arms: Vec<ArmResult>,
    /// Patients the solver gave up on.
    pub failed: Vec<FailedPatient>,
    /// Patients simulated.
    pub simulated: u32,
}

/// A trial and its place.
struct Place<'w> {
    replicate: usize,
    arm: usize,
    trial: Option<Trial<'w>>,
}

/// Runs the replicates of one block; tables are kept for replicates below `keep`.
pub fn block(world: &World, replicates: Range<u32>, keep: u32) -> Vec<ReplicateResult> {
    let protocol = &world.experiment.protocol;
    let draws: Vec<ReplicateDraws> = replicates.clone().map(|r| world.draws(r)).collect();
    let candidates: Vec<Vec<Candidate>> =
        replicates.clone().map(|r| screen(world, r, protocol.patients)).collect();
    let mut results: Vec<ReplicateResult> = replicates
        .clone()
        .map(|replicate| ReplicateResult {
            replicate,
            arms: Vec::new(),
            failed: Vec::new(),
            simulated: 0,
        })
        .collect();
    let mut judged: Vec<Vec<Option<ArmResult>>> =
        draws.iter().map(|_| world.experiment.arms.iter().map(|_| None).collect()).collect();
    let mut places = Vec::new();
    for (replicate, draw) in draws.iter().enumerate() {
        for arm in 0..world.experiment.arms.len() {
            let trial = Trial::new(world, draw, &candidates[replicate], arm);
            places.push(Place { replicate, arm, trial: Some(trial) });
        }
    }
    loop {
        let waves: Vec<Vec<Plan>> = places
            .iter_mut()
            .map(|place| place.trial.as_mut().map_or_else(Vec::new, Trial::wanted))
            .collect();
        let over = waves.iter().all(Vec::is_empty);
        let sizes: Vec<usize> = waves.iter().map(Vec::len).collect();
        let replicate_of: Vec<usize> = places
            .iter()
            .zip(&sizes)
            .flat_map(|(place, size)| std::iter::repeat_n(place.replicate, *size))
            .collect();
        let plans: Vec<Plan> = waves.into_iter().flatten().collect();
        let mut finished = simulate(world, &draws, plans, &replicate_of, &mut results).into_iter();
        for (place, size) in places.iter_mut().zip(sizes) {
            if let Some(trial) = place.trial.as_mut().filter(|_| size > 0) {
                trial.receive(finished.by_ref().take(size).collect());
            }
            if let Some(trial) = place.trial.take_if(|trial| trial.is_done()) {
                let kept = results[place.replicate].replicate < keep;
                let result = judge(trial, &protocol.rules, kept);
                judged[place.replicate][place.arm] = Some(result);
            }
        }
        if over {
            break;
        }
    }
    for (result, arms) in results.iter_mut().zip(judged) {
        result.arms = arms.into_iter().flatten().collect();
    }
    results
}

/// Solves the courses of all plans at once.
fn simulate(
    world: &World,
    draws: &[ReplicateDraws],
    plans: Vec<Plan>,
    replicate_of: &[usize],
    results: &mut [ReplicateResult],
) -> Vec<super::course::Finished> {
    let seed = world.experiment.seed;
    let mut courses = Vec::with_capacity(plans.len());
    let mut starts = Vec::with_capacity(plans.len());
    for (plan, &replicate) in plans.into_iter().zip(replicate_of) {
        let values = world.parameters.patient_parameters(
            &draws[replicate].typical[plan.arm],
            &world.population,
            &plan.covariates,
            seed,
            plan.replicate,
            plan.patient,
        );
        let overrides = world.parameter_ids.iter().copied().zip(values).collect();
        let demography = stream(seed, plan.replicate, plan.patient, Purpose::Demography);
        let course = Course::new(world, plan, &draws[replicate]);
        starts.push(Start { time: course.start_time(), overrides, stream: Some(demography) });
        courses.push(course);
        results[replicate].simulated += 1;
    }
    let failures = follow(world, starts, &mut courses);
    courses
        .into_iter()
        .zip(failures)
        .zip(replicate_of)
        .map(|((course, failure), &replicate)| match failure {
            None => course.finish(None),
            Some(failure) => {
                let finished = course.finish(Some(failure.time));
                results[replicate].failed.push(FailedPatient {
                    replicate: finished.plan.replicate,
                    arm: world.experiment.arms[finished.plan.arm].name.clone(),
                    patient: finished.plan.patient,
                    day: failure.time,
                    what: failure.reason.to_string(),
                    state: failure.state,
                });
                finished
            }
        })
        .collect()
}

/// Solves the courses, those of one program side by side, and says which were given up.
fn follow(world: &World, starts: Vec<Start>, courses: &mut [Course<'_>]) -> Vec<Option<Failure>> {
    let mut failures: Vec<Option<Failure>> = starts.iter().map(|_| None).collect();
    let mut members: Vec<(Vec<usize>, Vec<Start>)> =
        world.programs.iter().map(|_| (Vec::new(), Vec::new())).collect();
    for (place, start) in starts.into_iter().enumerate() {
        let (places, starts) = &mut members[world.program_of[courses[place].arm()]];
        places.push(place);
        starts.push(start);
    }
    for (program, (places, starts)) in world.programs.iter().zip(members) {
        let outcomes = solve::run(program, &starts, &world.settings, |patient, stop| {
            courses[places[patient]].at_stop(stop)
        });
        for (place, outcome) in places.into_iter().zip(outcomes) {
            failures[place] = outcome.err();
        }
    }
    failures
}
