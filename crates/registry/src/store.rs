//! The store: segments of records in a folder, and a manifest that says which of them count.
//!
//! Nothing that the manifest names is ever written again. A change writes new files beside the old
//! ones and then replaces the manifest by one rename, so that a reader sees the store before or
//! after it and never between.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::record::{Key, Record, nct_id};
use crate::segment::write::Writer;
use crate::segment::{Damaged, LastBlock, Segment};

pub(crate) mod lock;
pub(crate) mod manifest;
mod origin;

pub use manifest::ImportLine;
pub use origin::{Form, Origin};

use manifest::Manifest;

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no store in the folder.
    #[error("there is no store in `{0}`")]
    None(PathBuf),
    /// A file of it cannot be read or written.
    #[error("`{path}`: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its manifest says something that this program does not understand.
    #[error("`{path}` {what}")]
    Manifest {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Another process is writing to it.
    #[error("another process is changing the store in `{folder}`: {holder}")]
    Held {
        /// The store.
        folder: PathBuf,
        /// Which process, and since when, as far as it said.
        holder: String,
    },
    /// Bytes of a record are not what was written.
    #[error(transparent)]
    Damaged(#[from] Damaged),
}

impl StoreError {
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}

/// A segment with what was replaced since it was written.
pub(crate) struct Live {
    pub(crate) segment: Segment,
    /// A bit per record that is gone, eight to a byte; shorter than needed where none is.
    pub(crate) gone: Vec<u8>,
}

impl Live {
    #[inline]
    pub(crate) fn is_gone(&self, record: u32) -> bool {
        let byte = self.gone.get(record as usize / 8);
        byte.is_some_and(|byte| byte >> (record % 8) & 1 == 1)
    }

    /// The record with this id that counts.
    pub(crate) fn find(&self, id: &str) -> Option<u32> {
        self.segment.find(id).find(|record| !self.is_gone(*record))
    }
}

/// Where a record is in an open store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    pub(crate) segment: u32,
    pub(crate) record: u32,
}

/// A record as the store gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// The record.
    pub record: Record,
    /// Where it came from, and when.
    pub origin: Origin,
}

/// An open store: what it held when it was opened.
pub struct Store {
    pub(crate) folder: PathBuf,
    pub(crate) manifest: Manifest,
    pub(crate) segments: Vec<Live>,
}

impl Store {
    /// Opens the store in a folder.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        // A writer may remove old files between the manifest and the opening of them.
        let mut tries = 0;
        loop {
            match Self::attempt(folder) {
                Err(StoreError::File { source, .. })
                    if source.kind() == io::ErrorKind::NotFound && tries < 5 =>
                {
                    tries += 1;
                }
                other => return other,
            }
        }
    }

    fn attempt(folder: &Path) -> Result<Self, StoreError> {
        let manifest =
            Manifest::read(folder)?.ok_or_else(|| StoreError::None(folder.to_owned()))?;
        let mut segments = Vec::new();
        for line in &manifest.segments {
            let path = folder.join(&line.file);
            let segment = Segment::open(&path).map_err(StoreError::file(&path))?;
            let gone = match &line.gone {
                None => Vec::new(),
                Some(name) => {
                    let path = folder.join(name);
                    std::fs::read(&path).map_err(StoreError::file(&path))?
                }
            };
            segments.push(Live { segment, gone });
        }
        Ok(Self { folder: folder.to_owned(), manifest, segments })
    }

    /// A store in memory, for a few records.
    pub fn in_memory(records: &[Record], origin: &Origin) -> Result<Self, StoreError> {
        let mut writer = Writer::new();
        for record in records {
            let text = record.json.to_string();
            let digest = origin.form.digest(&text);
            writer.add(&record.key.id, &origin.to_line(), &text, &record.json, digest);
        }
        let mut bytes = Vec::new();
        let held = writer.finish(&mut bytes).and_then(|()| Segment::held(bytes));
        let segment = held.map_err(StoreError::file(Path::new("memory")))?;
        let manifest = Manifest::default();
        Ok(Self {
            folder: PathBuf::new(),
            manifest,
            segments: vec![Live { segment, gone: Vec::new() }],
        })
    }

    /// A store without records.
    pub fn empty() -> Self {
        Self { folder: PathBuf::new(), manifest: Manifest::default(), segments: Vec::new() }
    }

    /// How many records it holds.
    pub fn count(&self) -> usize {
        let live = |live: &Live| {
            let gone: u32 = live.gone.iter().map(|byte| byte.count_ones()).sum();
            live.segment.count.saturating_sub(gone) as usize
        };
        self.segments.iter().map(live).sum()
    }

    /// A number that every change of the store counts up.
    pub fn generation(&self) -> u64 {
        self.manifest.generation
    }

    /// The imports that made it, oldest first.
    pub fn imports(&self) -> &[ImportLine] {
        &self.manifest.imports
    }

    /// Whether the folder holds a newer state than this.
    pub fn is_outdated(&self) -> bool {
        Manifest::read(&self.folder)
            .ok()
            .flatten()
            .is_some_and(|manifest| manifest.generation != self.manifest.generation)
    }

    /// Where the record with an id is; zeros may be missing in an NCT id, and case is free.
    pub fn find(&self, id: &str) -> Option<Address> {
        let id = nct_id(id.trim()).unwrap_or_else(|| id.trim().to_owned());
        (0..)
            .zip(&self.segments)
            .find_map(|(segment, live)| live.find(&id).map(|record| Address { segment, record }))
    }

    /// The id of a record.
    pub fn id(&self, address: Address) -> &str {
        self.segments
            .get(address.segment as usize)
            .map_or("", |live| live.segment.id(address.record))
    }

    /// A record.
    pub fn get(&self, address: Address) -> Result<Stored, StoreError> {
        self.read(address, &mut LastBlock::default())
    }

    /// The record with an id, or the one that has it as an alias.
    pub fn get_by_id(&self, id: &str) -> Result<Option<Stored>, StoreError> {
        let found = self.find(id).or_else(|| self.find_by_alias(id));
        found.map(|address| self.get(address)).transpose()
    }

    fn read(&self, address: Address, last: &mut LastBlock) -> Result<Stored, StoreError> {
        let (origin, text) = self.text(address, last)?;
        let json: Value = serde_json::from_str(&text)
            .map_err(|error| Damaged(format!("{}: {error}", self.id(address))))?;
        let id = self.id(address);
        let key =
            Key::read(id).unwrap_or_else(|| Key { registry: String::new(), id: id.to_owned() });
        Ok(Stored { record: Record { key, json }, origin })
    }

    /// Bytes of a record's JSON, without reading it.
    pub(crate) fn length(&self, address: Address) -> usize {
        let live = self.segments.get(address.segment as usize);
        live.map_or(0, |live| live.segment.length(address.record))
    }

    /// Origin and JSON text of a record.
    pub(crate) fn text(
        &self,
        address: Address,
        last: &mut LastBlock,
    ) -> Result<(Origin, String), StoreError> {
        let live = self.segments.get(address.segment as usize);
        let live = live.ok_or_else(|| Damaged("an address of another store".to_owned()))?;
        let (origin, text) = live.segment.text(address.record, last)?;
        Ok((Origin::from_line(&origin), text))
    }

    /// The addresses of every record, segment by segment as they were imported.
    pub fn addresses(&self) -> impl Iterator<Item = Address> + '_ {
        (0..).zip(&self.segments).flat_map(|(segment, live)| {
            let records = (0..live.segment.count).filter(|record| !live.is_gone(*record));
            records.map(move |record| Address { segment, record })
        })
    }

    /// The addresses of every record in order of id.
    pub fn sorted(&self) -> Vec<Address> {
        let mut addresses: Vec<Address> = self.addresses().collect();
        addresses.sort_by(|a, b| self.id(*a).cmp(self.id(*b)));
        addresses
    }

    /// Every record, in that order; blocks are unpacked once while the order keeps to them.
    pub fn records<'a>(
        &'a self,
        addresses: impl IntoIterator<Item = Address> + 'a,
    ) -> impl Iterator<Item = Result<Stored, StoreError>> + 'a {
        let mut last: Vec<LastBlock> = self.segments.iter().map(|_| LastBlock::default()).collect();
        addresses.into_iter().map(move |address| {
            let mut spare = LastBlock::default();
            let last = last.get_mut(address.segment as usize).unwrap_or(&mut spare);
            self.read(address, last)
        })
    }

    /// The first record that has this id as an alias.
    pub fn find_by_alias(&self, id: &str) -> Option<Address> {
        let word = nct_id(id.trim())?.to_lowercase();
        let alias = crate::fields::by_piece("NCTIdAlias")?.index;
        (0..).zip(&self.segments).find_map(|(segment, live)| {
            let mut found = None;
            live.segment.lists(&word, |node, list| {
                if node == alias {
                    list.each(|record, _| {
                        if found.is_none() && !live.is_gone(record) {
                            found = Some(record);
                        }
                    });
                }
            });
            found.map(|record| Address { segment, record })
        })
    }
}
