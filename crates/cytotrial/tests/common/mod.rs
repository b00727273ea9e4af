//! The bundled trial, made smaller or changed.
#![allow(dead_code, reason = "each test file uses its part")]

use cytotrial::conduct::world::World;
use cytotrial::operation::simulate::{SimulateRequest, texts};
use cytotrial::protocol::files::Files;
use cytotrial::protocol::{Experiment, read};

/// The folder of the bundled trial.
pub(crate) fn files() -> Files {
    Files::bundled("NCT06379451").expect("bundled")
}

/// A request for part of the bundled trial; no arms stand for all.
pub(crate) fn request(replicates: u32, patients: u32, arms: &[&str]) -> SimulateRequest {
    SimulateRequest {
        files: files(),
        replicates: Some(replicates),
        patients: Some(patients),
        arms: (!arms.is_empty()).then(|| arms.iter().map(|arm| (*arm).to_owned()).collect()),
        seed: None,
    }
}

/// The bundled trial with these arms and patients, after `change`; no arms stand for all.
pub(crate) fn world(arms: &[&str], patients: u32, change: impl FnOnce(&mut Experiment)) -> World {
    let files = files();
    let mut experiment = read::experiment(&files).expect("the bundled trial has no problem");
    experiment.protocol.patients = patients;
    if !arms.is_empty() {
        experiment.arms.retain(|arm| arms.contains(&arm.name.as_str()));
        let known = |name: &String| arms.contains(&name.as_str());
        experiment.contrasts.retain(|(a, b)| known(a) && known(b));
    }
    change(&mut experiment);
    let texts = texts(&files, &experiment.protocol.population).expect("bundled");
    World::build(experiment, &texts).expect("the bundled texts have no problem")
}
