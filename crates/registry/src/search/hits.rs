//! Records of a segment that fit, a bit each, and how well.

/// Records that fit.
#[derive(Debug, Clone)]
pub(crate) struct Hits {
    pub(crate) bits: Vec<u64>,
    /// A number per record; empty where all are 0.
    pub(crate) scores: Vec<f32>,
    count: usize,
}

impl Hits {
    pub(crate) fn none(count: u32) -> Self {
        let count = count as usize;
        Self { bits: vec![0; count.div_ceil(64)], scores: Vec::new(), count }
    }

    pub(crate) fn all(count: u32) -> Self {
        let mut all = Self::none(count);
        all.bits.fill(u64::MAX);
        all.trim();
        all
    }

    /// Those with a score above 0.
    pub(crate) fn scored(scores: Vec<f32>) -> Self {
        let mut hits = Self::none(scores.len() as u32);
        for (word, some) in hits.bits.iter_mut().zip(scores.chunks(64)) {
            for (bit, score) in some.iter().enumerate() {
                *word |= u64::from(*score > 0.0) << bit;
            }
        }
        hits.scores = scores;
        hits
    }

    /// Takes away bits behind the last record.
    fn trim(&mut self) {
        if let Some(last) = self.bits.last_mut()
            && !self.count.is_multiple_of(64)
        {
            *last &= (1 << (self.count % 64)) - 1;
        }
    }

    #[inline]
    pub(crate) fn set(&mut self, record: u32) {
        if let Some(word) = self.bits.get_mut(record as usize / 64) {
            *word |= 1 << (record % 64);
        }
    }

    #[inline]
    pub(crate) fn clear(&mut self, record: u32) {
        if let Some(word) = self.bits.get_mut(record as usize / 64) {
            *word &= !(1 << (record % 64));
        }
    }

    #[inline]
    pub(crate) fn has(&self, record: u32) -> bool {
        self.bits.get(record as usize / 64).is_some_and(|word| word >> (record % 64) & 1 == 1)
    }

    pub(crate) fn score(&self, record: u32) -> f32 {
        self.scores.get(record as usize).copied().unwrap_or(0.0)
    }

    pub(crate) fn not(mut self) -> Self {
        self.bits.iter_mut().for_each(|word| *word = !*word);
        self.trim();
        self.scores = Vec::new();
        self
    }

    pub(crate) fn and(mut self, other: &Self) -> Self {
        self.bits.iter_mut().zip(&other.bits).for_each(|(mine, other)| *mine &= other);
        self.add(other);
        self
    }

    pub(crate) fn or(mut self, other: &Self) -> Self {
        self.bits.iter_mut().zip(&other.bits).for_each(|(mine, other)| *mine |= other);
        self.add(other);
        self
    }

    fn add(&mut self, other: &Self) {
        if self.scores.is_empty() {
            self.scores.clone_from(&other.scores);
        } else {
            let pairs = self.scores.iter_mut().zip(&other.scores);
            pairs.for_each(|(mine, other)| *mine += other);
        }
    }

    /// Calls `see` with every record that fits, in order.
    #[inline]
    pub(crate) fn each(&self, mut see: impl FnMut(u32)) {
        for (at, word) in (0..).zip(&self.bits) {
            let mut word = *word;
            while word != 0 {
                see(at * 64 + word.trailing_zeros());
                word &= word - 1;
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.bits.iter().map(|word| word.count_ones() as usize).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_combine_and_scores_add() {
        let mut scores = vec![0.0; 100];
        scores[3] = 1.0;
        scores[99] = 2.0;
        let few = Hits::scored(scores);
        assert_eq!((few.len(), few.clone().not().len()), (2, 98));
        let all = Hits::all(100);
        assert_eq!(all.len(), 100);
        let both = few.clone().and(&all);
        assert_eq!((both.len(), both.score(99).to_bits()), (2, 2.0_f32.to_bits()));
        assert!(few.clone().or(&few).score(3) > 1.9);
        let mut seen = Vec::new();
        few.each(|record| seen.push(record));
        assert_eq!(seen, [3, 99]);
    }
}
