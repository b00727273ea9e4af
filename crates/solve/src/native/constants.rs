//! The numbers that machine code reads.

use super::assembler::Source;

/// Numbers beside the code, each once, by their bits.
#[derive(Debug, Default)]
pub(super) struct Constants {
    pub(super) bits: Vec<u64>,
}

impl Constants {
    /// Where the number with these bits stands.
    pub(super) fn bits(&mut self, bits: u64) -> Source {
        let known = self.bits.iter().position(|&known| known == bits);
        let place = known.unwrap_or_else(|| {
            self.bits.push(bits);
            self.bits.len() - 1
        });
        Source::Constant(place as u32 * 8)
    }
}
