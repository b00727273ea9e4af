//! The numbers that machine code reads.

use std::collections::BTreeMap;

use super::assembler::Source;

/// Numbers beside the code, each once, by their bits.
#[derive(Debug, Default)]
pub(super) struct Constants {
    pub(super) bits: Vec<u64>,
    places: BTreeMap<u64, u32>,
}

impl Constants {
    /// Where the number with these bits stands.
    pub(super) fn bits(&mut self, bits: u64) -> Source {
        let next = self.bits.len() as u32;
        let place = *self.places.entry(bits).or_insert(next);
        if place == next {
            self.bits.push(bits);
        }
        Source::Constant(place * 8)
    }
}
