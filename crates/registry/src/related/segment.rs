//! The vectors of all records of a store in one block of bytes that is read in place.
//!
//! Written when records are imported; little endian. Nothing in it is trusted: whatever lies outside
//! the block reads as nothing.

use serde_json::Value;

use super::facts::{self, Facts};
use super::headings::{self, Kind};
use super::words::{self, Lexicon, Profile};

/// First bytes; the last one is the version of everything that decides what is stored.
const MAGIC: &[u8; 8] = b"CTRREL\0\x01";
/// Sections: facts, keys' ends, keys, terms' ends, terms, term entries, postings, forward.
const SECTIONS: usize = 8;
const HEADER: usize = 16 + SECTIONS * 8;
/// Bytes of a term's entry: where its postings begin, how long they are, in how many records.
const ENTRY: usize = 16;
/// Terms of a record that are kept with it, the weightiest.
pub(super) const KEPT: usize = 32;
/// Bytes of a kept term.
const KEPT_SIZE: usize = 5;

/// One term's records.
#[derive(Debug, Default)]
struct Postings {
    bytes: Vec<u8>,
    last: u32,
    records: u32,
}

/// Collects records for a segment.
#[derive(Debug, Default)]
pub struct Builder {
    profile: Profile,
    lexicon: Lexicon,
    postings: Vec<Postings>,
    facts: Vec<Facts>,
    keys: Vec<Box<str>>,
}

impl Builder {
    /// One that weighs words otherwise; a query must weigh them alike.
    pub fn with(profile: Profile) -> Self {
        Self { profile, ..Self::default() }
    }

    /// Takes one record; `key` is what it is found by, e.g. its NCT id.
    pub fn add(&mut self, key: &str, record: &Value) {
        let number = self.facts.len() as u32;
        let words = words::of(record, &self.profile, &mut |word| self.lexicon.number(word));
        for (word, weight) in words {
            self.post(word, number, (weight * 255.0).round().clamp(1.0, 255.0) as u8);
        }
        for kind in [Kind::Condition, Kind::Intervention] {
            for (name, weight) in headings::weighted(record, kind) {
                let term = self.lexicon.number(&kind.term(&name));
                self.post(term, number, weight);
            }
        }
        self.facts.push(Facts::of(record));
        self.keys.push(key.into());
    }

    fn post(&mut self, term: u32, record: u32, weight: u8) {
        let place = term as usize;
        if self.postings.len() <= place {
            self.postings.resize_with(place + 1, Postings::default);
        }
        let postings = &mut self.postings[place];
        let mut gap = record - postings.last;
        while gap > 127 {
            postings.bytes.push(gap as u8 | 128);
            gap >>= 7;
        }
        postings.bytes.extend([gap as u8, weight]);
        postings.last = record;
        postings.records += 1;
    }

    /// The segment. A term of one record only is of no use to find others by and is left out, but
    /// counts in the length of that record's vector.
    pub fn finish(mut self) -> Vec<u8> {
        let records = self.facts.len();
        let words = self.lexicon.words();
        let mut order: Vec<u32> = (0..words.len() as u32).collect();
        order.sort_unstable_by(|a, b| words[*a as usize].cmp(&words[*b as usize]));
        let mut squares = vec![[0.0_f64; 3]; records];
        let mut forward: Vec<Vec<(f32, u32)>> = vec![Vec::new(); records];
        let mut sections: [Vec<u8>; SECTIONS] = Default::default();
        let mut place = 0_u32;
        for term in order {
            let word = &words[term as usize];
            let postings = std::mem::take(&mut self.postings[term as usize]);
            let weight = weight_of(word, records, postings.records as usize);
            let is_kept = postings.records > 1;
            each_posting(&postings.bytes, |record, frequency| {
                let value = frequency * weight;
                squares[record as usize][Kind::space(word)] += f64::from(value * value);
                if is_kept && Kind::space(word) == 0 {
                    keep(&mut forward[record as usize], value, place);
                }
            });
            if is_kept {
                sections[5].extend((sections[6].len() as u64).to_le_bytes());
                sections[5].extend((postings.bytes.len() as u32).to_le_bytes());
                sections[5].extend(postings.records.to_le_bytes());
                sections[6].extend(postings.bytes);
                sections[4].extend(word.as_bytes());
                sections[3].extend((sections[4].len() as u32).to_le_bytes());
                place += 1;
            }
        }
        self.describe(&squares, forward, &mut sections);
        assemble(records as u32, place, &sections)
    }

    fn describe(
        &mut self,
        squares: &[[f64; 3]],
        forward: Vec<Vec<(f32, u32)>>,
        sections: &mut [Vec<u8>; SECTIONS],
    ) {
        for ((facts, key), (squares, kept)) in
            self.facts.iter_mut().zip(&self.keys).zip(squares.iter().zip(forward))
        {
            facts.text_norm = squares[0].sqrt() as f32;
            facts.condition_norm = squares[1].sqrt() as f32;
            facts.intervention_norm = squares[2].sqrt() as f32;
            facts.write(&mut sections[0]);
            sections[2].extend(key.as_bytes());
            sections[1].extend((sections[2].len() as u32).to_le_bytes());
            write_kept(kept, facts.text_norm, &mut sections[7]);
        }
    }
}

/// Keeps the weightiest terms of a record.
fn keep(kept: &mut Vec<(f32, u32)>, value: f32, term: u32) {
    kept.push((value, term));
    if kept.len() >= 2 * KEPT {
        shorten(kept);
    }
}

fn shorten(kept: &mut Vec<(f32, u32)>) {
    kept.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    kept.truncate(KEPT);
}

/// Terms in order of number with their share of the vector's length in 255ths.
fn write_kept(mut kept: Vec<(f32, u32)>, norm: f32, into: &mut Vec<u8>) {
    let start = into.len();
    shorten(&mut kept);
    kept.sort_unstable_by_key(|(_, term)| *term);
    for (value, term) in kept {
        into.extend(term.to_le_bytes());
        into.push((value / norm.max(1e-6) * 255.0).round().clamp(1.0, 255.0) as u8);
    }
    into.resize(start + KEPT * KEPT_SIZE, 0);
}

fn assemble(records: u32, terms: u32, sections: &[Vec<u8>; SECTIONS]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(records.to_le_bytes());
    bytes.extend(terms.to_le_bytes());
    let mut end = HEADER as u64;
    for section in sections {
        end += section.len() as u64;
        bytes.extend(end.to_le_bytes());
    }
    for section in sections {
        bytes.extend(section);
    }
    bytes
}

/// What a term is worth: by how few records have it.
pub(super) fn weight_of(term: &str, records: usize, with: usize) -> f32 {
    let (all, with) = (records as f32, with as f32);
    match Kind::space(term) {
        0 => libm::logf(1.0 + (all - with + 0.5) / (with + 0.5)),
        _ => libm::logf(all / with.max(1.0)),
    }
}

/// Calls `found` with every record of a list and its frequency in (0, 1].
#[inline]
fn each_posting(bytes: &[u8], mut found: impl FnMut(u32, f32)) {
    let mut record = 0_u32;
    let mut at = 0;
    while at < bytes.len() {
        let mut gap = 0_u32;
        let mut shift = 0;
        while let Some(byte) = bytes.get(at) {
            at += 1;
            gap |= u32::from(byte & 127) << shift;
            if byte & 128 == 0 || shift > 21 {
                break;
            }
            shift += 7;
        }
        let Some(weight) = bytes.get(at) else { return };
        at += 1;
        record = record.wrapping_add(gap);
        found(record, f32::from(*weight) / 255.0);
    }
}

/// A segment as it lies in memory or in a mapped file.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    bytes: &'a [u8],
    records: usize,
    terms: usize,
    ends: [usize; SECTIONS],
}

impl<'a> Segment<'a> {
    /// Reads the head; `None` for anything else than a whole segment of this version.
    pub fn open(bytes: &'a [u8]) -> Option<Self> {
        if bytes.get(..8)? != MAGIC {
            return None;
        }
        let mut segment = Self {
            bytes,
            records: short(bytes, 8)? as usize,
            terms: short(bytes, 12)? as usize,
            ends: [0; SECTIONS],
        };
        for (index, end) in segment.ends.iter_mut().enumerate() {
            *end = usize::try_from(long(bytes, 16 + index * 8)?).ok()?;
        }
        let is_whole = segment.ends.is_sorted()
            && segment.ends[0] >= HEADER
            && segment.ends[SECTIONS - 1] == bytes.len();
        let lengths = [
            (0, segment.records * facts::SIZE),
            (1, segment.records * 4),
            (3, segment.terms * 4),
            (5, segment.terms * ENTRY),
            (7, segment.records * KEPT * KEPT_SIZE),
        ];
        let is_sound =
            lengths.iter().all(|(index, length)| segment.section(*index).len() == *length);
        (is_whole && is_sound).then_some(segment)
    }

    /// Records.
    pub fn records(&self) -> usize {
        self.records
    }

    fn section(&self, index: usize) -> &'a [u8] {
        let start = if index == 0 { HEADER } else { self.ends[index - 1] };
        self.bytes.get(start..self.ends[index]).unwrap_or_default()
    }

    /// Facts of a record.
    pub fn facts(&self, record: usize) -> Option<Facts> {
        Facts::read(self.section(0).get(record * facts::SIZE..)?)
    }

    /// What a record is found by.
    pub fn key(&self, record: usize) -> &'a str {
        text(self.section(1), self.section(2), record)
    }

    /// The record of a key. Records may be in any order.
    pub fn find(&self, key: &str) -> Option<usize> {
        (0..self.records).find(|record| self.key(*record) == key)
    }

    /// A term.
    pub(super) fn term(&self, term: usize) -> &'a str {
        text(self.section(3), self.section(4), term)
    }

    /// The number of a term.
    pub(super) fn term_number(&self, wanted: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.terms);
        while low < high {
            let middle = usize::midpoint(low, high);
            match self.term(middle).cmp(wanted) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// In how many records a term is.
    pub(super) fn with(&self, term: usize) -> usize {
        short(self.section(5), term * ENTRY + 12).unwrap_or(0) as usize
    }

    /// Calls `found` with every record of a term and its frequency.
    #[inline]
    pub(super) fn each_record(&self, term: usize, mut found: impl FnMut(usize, f32)) {
        let entries = self.section(5);
        let Some(start) = long(entries, term * ENTRY) else { return };
        let length = short(entries, term * ENTRY + 8).unwrap_or(0) as usize;
        let list = self.section(6).get(start as usize..).and_then(|list| list.get(..length));
        each_posting(list.unwrap_or_default(), |record, frequency| {
            if (record as usize) < self.records {
                found(record as usize, frequency);
            }
        });
    }

    /// The weightiest terms of a record with their shares of its vector, in order of number.
    pub(super) fn kept(&self, record: usize) -> Vec<(u32, f32)> {
        let size = KEPT * KEPT_SIZE;
        let bytes = self.section(7).get(record * size..).and_then(|kept| kept.get(..size));
        let kept = bytes.unwrap_or_default().chunks_exact(KEPT_SIZE);
        let read = |kept: &[u8]| {
            (u32::from_le_bytes([kept[0], kept[1], kept[2], kept[3]]), f32::from(kept[4]) / 255.0)
        };
        kept.map(read).filter(|(_, share)| *share > 0.0).collect()
    }
}

fn short(bytes: &[u8], at: usize) -> Option<u32> {
    let part: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(u32::from_le_bytes(part))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    let part: [u8; 8] = bytes.get(at..at.checked_add(8)?)?.try_into().ok()?;
    Some(u64::from_le_bytes(part))
}

/// The text of a number in a block of texts with a table of their ends.
fn text<'a>(ends: &[u8], texts: &'a [u8], number: usize) -> &'a str {
    let start = number.checked_sub(1).map_or(Some(0), |before| short(ends, before * 4));
    let bounds = start.zip(short(ends, number * 4));
    let bytes = bounds.and_then(|(start, end)| texts.get(start as usize..end as usize));
    std::str::from_utf8(bytes.unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built() -> Vec<u8> {
        let mut builder = Builder::default();
        for (key, title) in [("A", "myeloma cells"), ("B", "myeloma drug"), ("C", "asthma drug")] {
            let record = serde_json::json!({ "protocolSection": {
                "identificationModule": { "briefTitle": title },
            }});
            builder.add(key, &record);
        }
        builder.finish()
    }

    #[test]
    fn a_segment_gives_back_keys_terms_and_records() {
        let bytes = built();
        let segment = Segment::open(&bytes).unwrap();
        assert_eq!((segment.records(), segment.key(1), segment.find("C")), (3, "B", Some(2)));
        let term = segment.term_number("myeloma").unwrap();
        let mut records = Vec::new();
        segment.each_record(term, |record, _| records.push(record));
        assert_eq!((records, segment.with(term)), (vec![0, 1], 2));
        assert_eq!(segment.term_number("asthma"), None, "a term of one record");
        assert_eq!(segment.kept(1).len(), 2);
    }

    #[test]
    fn damaged_segments_are_refused_or_read_as_nothing() {
        let bytes = built();
        for length in 0..bytes.len() {
            assert!(Segment::open(&bytes[..length]).is_none(), "{length}");
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xff;
            let Some(segment) = Segment::open(&damaged) else { continue };
            for record in 0..segment.records() {
                let _ = (segment.key(record), segment.facts(record), segment.kept(record));
            }
            for term in 0..segment.terms {
                segment.each_record(term, |record, _| assert!(record < 3));
            }
        }
    }
}
