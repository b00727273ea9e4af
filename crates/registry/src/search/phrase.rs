//! Words that stand side by side in a value.

use crate::expression::Coverage;
use crate::segment::columns::Lengths;
use crate::segment::lists::{Positions, Unpacked};

/// One word of a phrase: its list, and how far it was looked through.
struct Walk<'a, 'b> {
    list: &'b Unpacked<'a>,
    at: usize,
    positions: Positions<'a>,
    found: Vec<u32>,
}

impl Walk<'_, '_> {
    /// Goes to the first record that is not before this one; false at the end.
    fn seek(&mut self, record: u32) -> bool {
        let records = &self.list.records;
        // Ever longer leaps, and the rest by halves.
        let mut leap = 1;
        let mut low = self.at;
        while records.get(low + leap).is_some_and(|at| *at < record) {
            low += leap;
            leap *= 2;
        }
        let high = records.len().min(low + leap + 1);
        self.at = low + records[low..high].partition_point(|at| *at < record);
        self.at < records.len()
    }
}

/// A phrase in one node.
pub(crate) struct Phrase<'a, 'b> {
    walks: Vec<Walk<'a, 'b>>,
    /// The word that is looked through, and where in its list.
    leader: usize,
    places: Vec<usize>,
    /// Needed only where it matters in which value a word stands, and where in it.
    lengths: Option<Lengths<'a>>,
    coverage: Coverage,
}

impl<'a, 'b> Phrase<'a, 'b> {
    /// The phrase of some words by their lists; it is looked for at some places of the list of one
    /// of them.
    pub(crate) fn new(
        lists: impl Iterator<Item = &'b Unpacked<'a>>,
        (leader, places): (usize, Vec<usize>),
        coverage: Coverage,
        lengths: Option<Lengths<'a>>,
    ) -> Self {
        let walk = |list: &'b Unpacked<'a>| Walk {
            list,
            at: 0,
            positions: list.positions(),
            found: Vec::new(),
        };
        Self { walks: lists.map(walk).collect(), leader, places, lengths, coverage }
    }

    /// Calls `see` with record, weakest strength among the words, and number of the value, for
    /// every record that `is_wanted` with that strength and where the words stand side by side, as
    /// often as they do. The number is 0 where nothing is known of values.
    pub(crate) fn each(
        mut self,
        is_wanted: impl Fn(u32, u8) -> bool,
        mut see: impl FnMut(u32, u8, u32),
    ) {
        let Some(list) = self.walks.get(self.leader).map(|walk| walk.list) else { return };
        'places: for place in std::mem::take(&mut self.places) {
            let (record, mut strength) = (list.records[place], list.strengths[place]);
            for (number, walk) in self.walks.iter_mut().enumerate() {
                if number == self.leader {
                    walk.at = place;
                } else if !walk.seek(record) {
                    return;
                } else if walk.list.records[walk.at] != record {
                    continue 'places;
                }
                strength = strength.min(walk.list.strengths[walk.at]);
            }
            if is_wanted(record, strength) {
                self.side_by_side(record, |value| see(record, strength, value));
            }
        }
    }

    /// Calls `see` with the value wherever the words stand side by side in a record.
    fn side_by_side(&mut self, record: u32, mut see: impl FnMut(u32)) {
        for walk in &mut self.walks {
            walk.positions.at(walk.at, walk.list, &mut walk.found);
        }
        if let Some(lengths) = &mut self.lengths {
            lengths.seek(record);
        }
        let Some((first, others)) = self.walks.split_first() else { return };
        for start in &first.found {
            let is_run = (1..)
                .zip(others)
                .all(|(index, walk)| walk.found.binary_search(&start.wrapping_add(index)).is_ok());
            if !is_run {
                continue;
            }
            let Some(lengths) = &self.lengths else {
                see(0);
                continue;
            };
            let (value, begin, length) = lengths.value(*start);
            let from_start = *start == begin;
            let to_end = start + self.walks.len() as u32 == begin + length;
            let covers = match self.coverage {
                Coverage::Contains => true,
                Coverage::StartsWith => from_start,
                Coverage::EndsWith => to_end,
                Coverage::FullMatch => from_start && to_end,
            };
            if covers {
                see(value);
            }
        }
    }
}
