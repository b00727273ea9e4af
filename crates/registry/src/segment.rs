//! A segment: some thousands of records with their index in one file that never changes.
//!
//! The file is a row of parts and, at its end, a table of them with a checksum. It is mapped, not
//! read: opening one takes no longer than reading its table.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

use crate::bytes::at_u32;

pub(crate) mod columns;
mod dictionary;
pub(crate) mod lists;
pub(crate) mod table;
pub(crate) mod write;

/// How every file begins; the number is the version of the form.
pub(crate) const MAGIC: &[u8; 8] = b"cytoreg2";

/// The parts of a file, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Part {
    /// Packed blocks of records.
    Blocks,
    /// Where each block begins, eight bytes each, one more than there are blocks.
    BlockStarts,
    /// Per record: block, place in the unpacked block, length of its origin, length of its JSON; four
    /// bytes each.
    Records,
    /// Where each id begins, four bytes each, one more than there are records.
    IdStarts,
    /// The ids.
    Ids,
    /// The rank of each record's id among all, four bytes each.
    Ranks,
    /// The records in order of id, four bytes each.
    Order,
    /// A digest of each record, sixteen bytes each.
    Digests,
    /// Where each group of words begins, four bytes each.
    WordStarts,
    /// The words, sorted, in groups.
    Words,
    /// Per word: the nodes that hold it and how long their lists are.
    Entries,
    /// The lists.
    Lists,
    /// Where the columns of each node begin, four bytes each, and where the last one ends.
    ColumnStarts,
    /// Per node: which records have it and how often, what its values are as numbers, and how many
    /// words each value has.
    Columns,
    /// Places on the globe.
    Places,
}

/// Numbers of a record's row.
const ROW: usize = 4;

/// How many parts there are.
pub(crate) const PARTS: usize = Part::Places as usize + 1;

/// Bytes of the table at the end: begin and length of each part, the checksum.
pub(crate) const TABLE: usize = PARTS * 16 + 8;

/// A segment that is open.
pub(crate) struct Segment {
    bytes: Bytes,
    parts: [(usize, usize); PARTS],
    /// How many records it holds.
    pub(crate) count: u32,
}

/// Where its bytes are.
enum Bytes {
    Mapped(Mmap),
    Held(Vec<u8>),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Held(bytes) => bytes,
        }
    }
}

/// The block that was unpacked last.
#[derive(Default)]
pub(crate) struct LastBlock {
    number: Option<usize>,
    bytes: Vec<u8>,
}

/// Why a record of a segment cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("the records of the store are damaged: {0}")]
pub struct Damaged(pub(crate) String);

impl Segment {
    /// Opens a file.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        Self::read(Bytes::Mapped(mapped(&file)?), &path.display().to_string())
    }

    /// Takes a segment that is in memory.
    pub(crate) fn held(bytes: Vec<u8>) -> io::Result<Self> {
        Self::read(Bytes::Held(bytes), "memory")
    }

    fn read(map: Bytes, name: &str) -> io::Result<Self> {
        let wrong =
            |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("`{name}` {what}"));
        if !map.starts_with(MAGIC) || map.len() < MAGIC.len() + TABLE {
            return Err(wrong("is no segment of a store, or is cut off"));
        }
        let table = &map[map.len() - TABLE..];
        if table[PARTS * 16..] != table::checksum(&table[..PARTS * 16]).to_le_bytes() {
            return Err(wrong("has a damaged table"));
        }
        let number = |at: usize| {
            let bytes = table[at * 8..at * 8 + 8].try_into().expect("eight bytes");
            usize::try_from(u64::from_le_bytes(bytes)).unwrap_or(usize::MAX)
        };
        let mut parts = [(0, 0); PARTS];
        for (index, part) in parts.iter_mut().enumerate() {
            *part = (number(2 * index), number(2 * index + 1));
            let end = part.0.checked_add(part.1);
            if end.is_none_or(|end| end > map.len()) {
                return Err(wrong("has a damaged table"));
            }
        }
        let count = (parts[Part::Records as usize].1 / (ROW * 4)) as u32;
        Ok(Self { bytes: map, parts, count })
    }

    /// The bytes of a part.
    pub(crate) fn part(&self, part: Part) -> &[u8] {
        let (start, length) = self.parts[part as usize];
        &self.bytes[start..start + length]
    }

    /// The bytes from one to the next of a row of starts.
    fn piece(&self, starts: Part, of: Part, index: usize) -> &[u8] {
        let starts = self.part(starts);
        let (from, to) = (at_u32(starts, index) as usize, at_u32(starts, index + 1) as usize);
        self.part(of).get(from..to).unwrap_or(&[])
    }

    /// The id of a record.
    pub(crate) fn id(&self, record: u32) -> &str {
        let bytes = self.piece(Part::IdStarts, Part::Ids, record as usize);
        std::str::from_utf8(bytes).unwrap_or("")
    }

    /// The rank of a record's id.
    #[inline]
    pub(crate) fn rank(&self, record: u32) -> u32 {
        at_u32(self.part(Part::Ranks), record as usize)
    }

    /// The record of a rank.
    pub(crate) fn at_rank(&self, rank: u32) -> u32 {
        at_u32(self.part(Part::Order), rank as usize)
    }

    /// The digest of a record.
    pub(crate) fn digest(&self, record: u32) -> &[u8] {
        let start = record as usize * 16;
        self.part(Part::Digests).get(start..start + 16).unwrap_or(&[])
    }

    /// The first rank whose id is not before this one.
    fn rank_from(&self, id: &str) -> u32 {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low.midpoint(high);
            if self.id(self.at_rank(middle)) < id {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Every record with this id, in order of rank; a segment may hold an id more than once.
    pub(crate) fn find(&self, id: &str) -> impl Iterator<Item = u32> {
        let from = self.rank_from(id);
        let records = (from..self.count).map(|rank| self.at_rank(rank));
        let id = id.to_owned();
        records.take_while(move |record| self.id(*record) == id)
    }

    /// A number of a record's row.
    fn row(&self, record: u32, column: usize) -> usize {
        at_u32(self.part(Part::Records), record as usize * ROW + column) as usize
    }

    /// Bytes of a record's JSON.
    pub(crate) fn length(&self, record: u32) -> usize {
        self.row(record, 3)
    }

    /// What was written for a record: its origin on a line, and its JSON. `last` keeps the block
    /// that was unpacked last, for the next record in it.
    pub(crate) fn text(
        &self,
        record: u32,
        last: &mut LastBlock,
    ) -> Result<(String, String), Damaged> {
        let block = self.row(record, 0);
        if last.number != Some(block) {
            *last = LastBlock { number: Some(block), bytes: self.block(block)? };
        }
        let start = self.row(record, 1);
        let middle = start.saturating_add(self.row(record, 2));
        let end = middle.saturating_add(self.row(record, 3));
        let part = |from: usize, to: usize| {
            let bytes = last.bytes.get(from..to).map(<[u8]>::to_vec);
            let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            text.ok_or_else(|| Damaged(format!("record {} is cut off", self.id(record))))
        };
        Ok((part(start, middle)?, part(middle, end)?))
    }

    /// The records of a block, unpacked.
    fn block(&self, block: usize) -> Result<Vec<u8>, Damaged> {
        let starts = self.part(Part::BlockStarts);
        let start = |at: usize| {
            let bytes = starts.get(at * 8..at * 8 + 8)?.try_into().ok()?;
            usize::try_from(u64::from_le_bytes(bytes)).ok()
        };
        let damaged = |what: &str| Damaged(format!("block {block} {what}"));
        let (Some(from), Some(to)) = (start(block), start(block + 1)) else {
            return Err(damaged("is not in the table"));
        };
        let packed = self.part(Part::Blocks).get(from..to);
        let packed = packed.ok_or_else(|| damaged("is cut off"))?;
        let mut unpacked = Vec::new();
        let limit = crate::lines::LONGEST * 2;
        flate2::read::GzDecoder::new(packed)
            .take(limit)
            .read_to_end(&mut unpacked)
            .map_err(|error| damaged(&format!("does not unpack: {error}")))?;
        Ok(unpacked)
    }
}

#[allow(unsafe_code, reason = "mapping a file is unsafe wherever it is done")]
pub(crate) fn mapped(file: &File) -> io::Result<Mmap> {
    // SAFETY: a segment is written under another name, moved to its place when it is whole, and
    // never written again; it is removed, not cut. Whatever its bytes are, they are only read with
    // checked indices.
    unsafe { Mmap::map(file) }
}
