//! A table from keys to numbers that grows, and the sum that it scatters by.

/// The FNV-1a sum of bytes.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    let step = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// Open addressing over numbers that somebody else has the keys of. Nothing depends on its order.
pub(crate) struct Scatter {
    /// A number plus one, or 0.
    places: Vec<u32>,
    used: usize,
}

impl Scatter {
    pub(crate) fn new() -> Self {
        Self { places: vec![0; 1 << 12], used: 0 }
    }

    /// The number whose key is wanted, if it is there.
    #[inline]
    pub(crate) fn find(&self, sum: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mask = self.places.len() - 1;
        let mut at = scattered(sum) & mask;
        loop {
            match self.places[at] {
                0 => return None,
                place if is_it(place - 1) => return Some(place - 1),
                _ => at = (at + 1) & mask,
            }
        }
    }

    /// Adds a number whose key is not there yet; `sum_of` gives the sums of those that are.
    pub(crate) fn insert(&mut self, sum: u64, number: u32, sum_of: impl Fn(u32) -> u64) {
        if (self.used + 1) * 2 > self.places.len() {
            let old = std::mem::take(&mut self.places);
            self.places = vec![0; old.len() * 2];
            for place in old.into_iter().filter(|place| *place != 0) {
                self.put(sum_of(place - 1), place);
            }
        }
        self.used += 1;
        self.put(sum, number + 1);
    }

    fn put(&mut self, sum: u64, place: u32) {
        let mask = self.places.len() - 1;
        let mut at = scattered(sum) & mask;
        while self.places[at] != 0 {
            at = (at + 1) & mask;
        }
        self.places[at] = place;
    }
}

fn scattered(sum: u64) -> usize {
    (sum.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) as usize
}

/// Words with a number each, in order of arrival.
pub(crate) struct Words {
    scatter: Scatter,
    ends: Vec<u32>,
    bytes: String,
    sums: Vec<u64>,
}

impl Words {
    pub(crate) fn new() -> Self {
        Self { scatter: Scatter::new(), ends: Vec::new(), bytes: String::new(), sums: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn word(&self, number: u32) -> &str {
        let number = number as usize;
        let start = if number == 0 { 0 } else { self.ends[number - 1] as usize };
        &self.bytes[start..self.ends[number] as usize]
    }

    /// The number of a word; a new one gets the next.
    pub(crate) fn number(&mut self, word: &str) -> u32 {
        let sum = checksum(word.as_bytes());
        let is_it = |number: u32| self.sums[number as usize] == sum && self.word(number) == word;
        if let Some(number) = self.scatter.find(sum, is_it) {
            return number;
        }
        let number = self.ends.len() as u32;
        self.bytes.push_str(word);
        self.ends.push(self.bytes.len() as u32);
        self.sums.push(sum);
        let sums = &self.sums;
        self.scatter.insert(sum, number, |number| sums[number as usize]);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_one_number() {
        let mut words = Words::new();
        let text = |number: u32| format!("word{}", number % 5000);
        for number in 0..20_000 {
            assert_eq!(words.number(&text(number)), number % 5000);
        }
        assert_eq!(words.len(), 5000);
        assert!((0..5000).all(|number| words.word(number) == text(number)));
    }
}
