//! A segment written: records packed in blocks, every word listed, every number in its column.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::columns::{self, PER_NODE};
use super::dictionary;
use super::lists;
use super::table::{Scatter, Words, checksum};
use super::{MAGIC, PARTS, Part, ROW};
use crate::bytes::put;
use crate::fields::{self, Field, Kind};
use crate::values::{self, Interval};
use crate::{headings, text, walk};

/// Unpacked bytes of a block.
const BLOCK: usize = 64 << 10;

/// How well blocks are packed: 0 not at all, 9 best.
const PACKING: u32 = 6;

/// Saturation and share of length in the strength of a word.
const SATURATION: f64 = 1.2;
const LENGTH_SHARE: f64 = 0.5;

/// Strength 255 is this many times the strength of one occurrence in a text of usual length.
pub(crate) const STRONGEST: f64 = 1.0 + SATURATION;

/// Nodes: those of the data model, then the headings that were derived.
pub(crate) fn nodes() -> usize {
    fields::all().len() + headings::DERIVED.len()
}

/// A segment that grows by one record at a time.
pub(crate) struct Writer {
    blocks: Vec<u8>,
    block_starts: Vec<u64>,
    block: Vec<u8>,
    records: Vec<[u32; ROW]>,
    ids: Vec<String>,
    digests: Vec<u8>,
    words: Words,
    keys: Vec<u64>,
    by_key: Scatter,
    lists: Vec<lists::Growing>,
    /// The columns of each node.
    columns: Vec<[columns::Growing; PER_NODE]>,
    places: columns::Growing,
    record: InRecord,
}

/// What is gathered of the record at hand.
#[derive(Default)]
struct InRecord {
    /// Node and word as one key, value, and place in the value.
    occurrences: Vec<(u64, u32, u32)>,
    nodes: Vec<InNode>,
}

/// What is gathered of one node.
#[derive(Default, Clone)]
struct InNode {
    /// How many values it has.
    count: u32,
    /// Words of all values.
    length: u32,
    /// Words of each value.
    lengths: Vec<u32>,
    /// Where the words of each value begin, with one position free between two.
    starts: Vec<u32>,
    values: Vec<Interval>,
}

impl InNode {
    /// So many words in a value.
    fn add_length(&mut self, value: u32, words: u32) {
        let value = value as usize;
        if self.lengths.len() <= value {
            self.lengths.resize(value + 1, 0);
        }
        self.lengths[value] = self.lengths[value].max(words);
    }

    fn start_values(&mut self) {
        let mut start = 0;
        self.starts.clear();
        for length in &self.lengths {
            self.starts.push(start);
            start += length + 1;
        }
    }
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self {
            blocks: Vec::new(),
            block_starts: vec![0],
            block: Vec::with_capacity(BLOCK * 2),
            records: Vec::new(),
            ids: Vec::new(),
            digests: Vec::new(),
            words: Words::new(),
            keys: Vec::new(),
            by_key: Scatter::new(),
            lists: Vec::new(),
            columns: (0..nodes()).map(|_| Default::default()).collect(),
            places: columns::Growing::default(),
            record: InRecord { occurrences: Vec::new(), nodes: vec![InNode::default(); nodes()] },
        }
    }

    /// How many records it holds.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// The digest of a record that was added.
    pub(crate) fn digest(&self, record: usize) -> &[u8] {
        &self.digests[record * 16..record * 16 + 16]
    }

    /// Adds a record: its id, its origin on one line, its JSON as text and as a value.
    pub(crate) fn add(
        &mut self,
        id: &str,
        origin: &str,
        text: &str,
        json: &Value,
        digest: [u8; 16],
    ) {
        let number = self.records.len() as u32;
        let start = self.block.len() as u32;
        self.block.extend_from_slice(origin.as_bytes());
        self.block.extend_from_slice(text.as_bytes());
        let block = self.block_starts.len() as u32 - 1;
        self.records.push([block, start, origin.len() as u32, text.len() as u32]);
        if self.block.len() >= BLOCK {
            self.pack();
        }
        self.ids.push(id.to_owned());
        self.digests.extend_from_slice(&digest);
        self.gather(number, json);
        self.keep(number);
    }

    fn pack(&mut self) {
        let mut encoder =
            GzEncoder::new(std::mem::take(&mut self.blocks), Compression::new(PACKING));
        // Memory takes every write.
        let _ = encoder.write_all(&self.block);
        self.blocks = encoder.finish().unwrap_or_default();
        self.block_starts.push(self.blocks.len() as u64);
        self.block.clear();
    }

    fn gather(&mut self, number: u32, json: &Value) {
        let Self { record, words, places, .. } = self;
        walk::visit(json, &mut |field, place, value| {
            record.nodes[field.index].count += 1;
            match (field.kind, value) {
                (Kind::Place, value) => {
                    let degrees = |key| value.get(key).and_then(Value::as_f64);
                    if let (Some(north), Some(east)) = (degrees("lat"), degrees("lon")) {
                        places.push_place(number, place, north as f32, east as f32);
                    }
                }
                (Kind::Struct, _) | (_, Value::Object(_)) => {}
                (_, Value::String(text)) => record.leaf(words, field, place, text),
                (_, value) => record.leaf(words, field, place, &value.to_string()),
            }
        });
        for (node, place, term) in headings::derived(json) {
            record.nodes[node].count += 1;
            record.text(words, node, place, term);
        }
    }

    /// Moves what was gathered of a record to lists and columns.
    fn keep(&mut self, number: u32) {
        let Self { record: InRecord { occurrences, nodes }, keys, by_key, lists, .. } = self;
        nodes.iter_mut().filter(|node| node.count > 0).for_each(InNode::start_values);
        occurrences.sort_unstable();
        occurrences.dedup();
        let mut positions: Vec<u32> = Vec::new();
        for same in occurrences.chunk_by(|a, b| a.0 == b.0) {
            let key = same[0].0;
            let node = (key >> 32) as usize;
            positions.clear();
            let starts = &nodes[node].starts;
            positions.extend(same.iter().map(|(_, value, word)| starts[*value as usize] + word));
            let strength = strength(node, positions.len(), nodes[node].length);
            let sum = key.wrapping_mul(0xff51_afd7_ed55_8ccd);
            let found = by_key.find(sum, |list| keys[list as usize] == key);
            let list = found.unwrap_or_else(|| {
                let list = keys.len() as u32;
                keys.push(key);
                lists.push(lists::Growing::default());
                by_key.insert(sum, list, |list| {
                    keys[list as usize].wrapping_mul(0xff51_afd7_ed55_8ccd)
                });
                list
            });
            lists[list as usize].push(number, strength, &positions);
        }
        occurrences.clear();
        self.keep_columns(number);
    }

    fn keep_columns(&mut self, number: u32) {
        for (node, [counts, values, lengths]) in self.record.nodes.iter_mut().zip(&mut self.columns)
        {
            if node.count > 0 {
                counts.push_count(number, node.count);
            }
            if !node.values.is_empty() {
                values.push_values(number, &node.values);
            }
            if !node.lengths.is_empty() {
                lengths.push_lengths(number, &node.lengths);
            }
            (node.count, node.length) = (0, 0);
            node.values.clear();
            node.lengths.clear();
        }
    }

    /// Writes the whole segment.
    pub(crate) fn finish(mut self, out: &mut impl Write) -> io::Result<()> {
        if !self.block.is_empty() {
            self.pack();
        }
        let mut parts: [Vec<u8>; PARTS] = std::array::from_fn(|_| Vec::new());
        parts[Part::Blocks as usize] = std::mem::take(&mut self.blocks);
        parts[Part::BlockStarts as usize] =
            self.block_starts.iter().flat_map(|start| start.to_le_bytes()).collect();
        parts[Part::Records as usize] =
            self.records.iter().flatten().flat_map(|number| number.to_le_bytes()).collect();
        parts[Part::Digests as usize] = std::mem::take(&mut self.digests);
        parts[Part::Places as usize] = std::mem::take(&mut self.places.bytes);
        self.finish_ids(&mut parts);
        self.finish_words(&mut parts);
        for column in self.columns.iter().flatten() {
            push_start(&mut parts, Part::ColumnStarts, Part::Columns);
            parts[Part::Columns as usize].extend_from_slice(&column.bytes);
        }
        push_start(&mut parts, Part::ColumnStarts, Part::Columns);
        out.write_all(MAGIC)?;
        let mut table = Vec::new();
        let mut at = MAGIC.len() as u64;
        for part in &parts {
            out.write_all(part)?;
            table.extend(at.to_le_bytes());
            table.extend((part.len() as u64).to_le_bytes());
            at += part.len() as u64;
        }
        let sum = checksum(&table);
        table.extend(sum.to_le_bytes());
        out.write_all(&table)
    }

    fn finish_ids(&self, parts: &mut [Vec<u8>; PARTS]) {
        let mut order: Vec<u32> = (0..self.ids.len() as u32).collect();
        order.sort_by_key(|record| (&self.ids[*record as usize], *record));
        let mut ranks = vec![0_u32; order.len()];
        for (rank, record) in (0..).zip(&order) {
            ranks[*record as usize] = rank;
        }
        let bytes = |numbers: &[u32]| numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        parts[Part::Order as usize] = bytes(&order);
        parts[Part::Ranks as usize] = bytes(&ranks);
        for id in &self.ids {
            push_start(parts, Part::IdStarts, Part::Ids);
            parts[Part::Ids as usize].extend_from_slice(id.as_bytes());
        }
        push_start(parts, Part::IdStarts, Part::Ids);
    }

    fn finish_words(&mut self, parts: &mut [Vec<u8>; PARTS]) {
        let mut order: Vec<u32> = (0..self.words.len() as u32).collect();
        order.sort_by_key(|word| self.words.word(*word).as_bytes());
        let mut ranks = vec![0_u64; order.len()];
        for (rank, word) in (0..).zip(&order) {
            ranks[*word as usize] = rank;
        }
        let word_and_node = |key: u64| (ranks[(key & 0xffff_ffff) as usize], key >> 32);
        let mut by_word: Vec<(u64, u64, u32)> = Vec::with_capacity(self.keys.len());
        by_word.extend(self.keys.iter().zip(0..).map(|(key, list)| {
            let (rank, node) = word_and_node(*key);
            (rank, node, list)
        }));
        by_word.sort_unstable();
        let mut dictionary = dictionary::Growing::default();
        let mut scratch = Vec::new();
        for same in by_word.chunk_by(|a, b| a.0 == b.0) {
            let mut entries = std::mem::take(&mut parts[Part::Entries as usize]);
            let lists = &mut parts[Part::Lists as usize];
            let begin = (entries.len(), lists.len());
            let mut before = 0;
            for (_, node, list) in same {
                put(&mut entries, node - before);
                let list = std::mem::take(&mut self.lists[*list as usize]);
                list.finish(lists, &mut entries, &mut scratch);
                before = *node;
            }
            let word = self.words.word(order[same[0].0 as usize]);
            dictionary.push(word, begin.0..entries.len(), begin.1..lists.len());
            parts[Part::Entries as usize] = entries;
        }
        parts[Part::WordStarts as usize] = dictionary.starts;
        parts[Part::Words as usize] = dictionary.bytes;
    }
}

fn push_start(parts: &mut [Vec<u8>; PARTS], starts: Part, of: Part) {
    let start = parts[of as usize].len() as u32;
    parts[starts as usize].extend(start.to_le_bytes());
}

impl InRecord {
    fn leaf(&mut self, words: &mut Words, field: &Field, place: u32, text: &str) {
        let node = field.index;
        let number = match field.kind {
            Kind::Date => values::date(text),
            Kind::Time => values::age(text),
            Kind::Number => values::number(text),
            _ => None,
        };
        self.nodes[node].values.extend(number);
        match field.kind {
            Kind::Enum => {
                self.whole(words, node, place, text);
                let name = field.type_name.trim_end_matches("[]");
                self.text(words, node, place, &crate::enums::shown(name, text));
            }
            Kind::Boolean => self.whole(words, node, place, text),
            // These are found by their numbers.
            Kind::Date | Kind::Number => {}
            _ => self.text(words, node, place, text),
        }
    }

    /// A value as one word that no text has.
    fn whole(&mut self, words: &mut Words, node: usize, value: u32, text: &str) {
        let word = words.number(&whole(text));
        self.occurrences.push((key(node, word), value, 0));
        self.nodes[node].add_length(value, 1);
    }

    fn text(&mut self, words: &mut Words, node: usize, value: u32, text: &str) {
        let count = text::words(text, |word, place| {
            let word = words.number(word);
            self.occurrences.push((key(node, word), value, place));
        });
        self.nodes[node].length += count;
        self.nodes[node].add_length(value, count);
    }
}

/// A whole value as a word of the index.
pub(crate) fn whole(text: &str) -> String {
    format!("={text}")
}

fn key(node: usize, word: u32) -> u64 {
    (node as u64) << 32 | u64::from(word)
}

/// How strongly a word stands in a node: many occurrences count less and less, long texts less.
fn strength(node: usize, count: usize, length: u32) -> u8 {
    let usual = match fields::all().get(node).map(|field| field.kind) {
        Some(Kind::Markup) => 150.0,
        _ => 12.0,
    };
    let count = count as f64;
    let long = 1.0 - LENGTH_SHARE + LENGTH_SHARE * f64::from(length) / usual;
    let saturated = count * (1.0 + SATURATION) / (count + SATURATION * long);
    (255.0 * saturated / STRONGEST).round().clamp(1.0, 255.0) as u8
}
