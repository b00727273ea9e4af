//! What was drawn once per replicate, drawn again from its address.

use stats::special::normal_quantile;
use stats::stream::{Purpose, stream};

use crate::conduct::background::REPLICATE;
use crate::conduct::world::{World, sets};
use crate::parameters::{Unknown, unknown_couplings};
use crate::protocol::{Grade, Unknowns};

/// Something that an arm's replicates differ by, and how to find what was drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// What it is.
    pub unknown: Unknown,
    place: Place,
}

/// Where the draw is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Model,
    Signs,
    /// A law of a file, by its purpose and index.
    Law(Purpose, u32),
}

impl Drawn {
    /// Where in its range it was drawn: -1 at the low end, 1 at the high end. A law of a file goes
    /// from its 5 % to its 95 % point, and a little beyond.
    pub fn direction(&self, world: &World, replicate: u32) -> f64 {
        let seed = world.experiment.seed;
        match self.place {
            Place::Model => world.parameters.direction(&self.unknown.symbol, seed, replicate),
            Place::Signs => world.sign_parameters.direction(&self.unknown.symbol, seed, replicate),
            Place::Law(purpose, index) => {
                let uniform = stream(seed, replicate, REPLICATE, purpose).uniform(index);
                normal_quantile(uniform) / normal_quantile(0.95)
            }
        }
    }
}

/// Everything that is drawn once per replicate and can make a difference in an arm.
pub fn drawn(world: &World, arm: usize) -> Vec<Drawn> {
    let unknowns = world.experiment.unknowns;
    let arm = &world.experiment.arms[arm];
    let (set, held) = (sets(arm), &arm.hold);
    let none = std::collections::BTreeMap::new();
    let model = world.parameters.unknowns(unknowns, &set, held);
    let couplings = unknown_couplings(&world.population, unknowns, &set, held);
    let signs = world.sign_parameters.unknowns(unknowns, &none, &none);
    let mut all: Vec<Drawn> = model
        .into_iter()
        .chain(couplings)
        .map(|unknown| Drawn { unknown, place: Place::Model })
        .chain(signs.into_iter().map(|unknown| Drawn { unknown, place: Place::Signs }))
        .collect();
    all.extend(laws(world, arm, unknowns));
    all
}

/// The laws of the protocol and the product that are drawn once per replicate.
fn laws(world: &World, arm: &crate::protocol::Arm, unknowns: Unknowns) -> Vec<Drawn> {
    let protocol = &world.experiment.protocol;
    let conduct = &protocol.conduct;
    let mut found = Vec::new();
    let mut law = |path: &str, name: &str, law: &stats::Distribution, source, place| {
        let ends = [0.05, 0.95].map(|p| law.quantile(p));
        let grade = Grade::of_source(source);
        if unknowns.draws(grade) && ends[0] < ends[1] {
            let (symbol, name, unit) = (path.to_owned(), name.to_owned(), "1".to_owned());
            found.push(Drawn { unknown: Unknown { symbol, name, unit, grade, ends }, place });
        }
    };
    let path = "conduct.screen-failure";
    let name = "probability of failing screening for reasons outside the modelled limits";
    let place = Place::Law(Purpose::Calendar, 0);
    law(path, name, &conduct.screen_failure, protocol.sources.get(path), place);
    // The products of an arm share their draw.
    if let Some(product) = arm.products.first() {
        let path = "manufacture.release-failure";
        let source = product.sources.get(path);
        let place = Place::Law(Purpose::Lot, 0);
        law(path, "probability that no lot is released", &product.release_failure, source, place);
    }
    if arm.products.iter().any(|product| product.made_to_order) {
        let path = "conduct.bridging";
        let name = "probability of bridging therapy";
        let place = Place::Law(Purpose::Lot, 1);
        law(path, name, &conduct.bridging, protocol.sources.get(path), place);
        let path = "conduct.bridging-response";
        let name = "probability that bridging reduces the tumour";
        let place = Place::Law(Purpose::Lot, 2);
        law(path, name, &conduct.bridging_response, protocol.sources.get(path), place);
    }
    found
}
