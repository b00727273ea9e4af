//! The address of a draw by the name of what is drawn.
//!
//! A row added to a table, or moved in it, then moves no other draw.

/// FNV-1a, 32 bits, of a name (Fowler, Noll, Vo; IETF draft-eastlake-fnv).
pub fn address(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        // Test vectors of the draft.
        assert_eq!(address(""), 0x811c_9dc5);
        assert_eq!(address("a"), 0xe40c_292c);
        assert_eq!(address("foobar"), 0xbf9c_f968);
    }
}
