//! Records imported: files of every form read, upserted into a store, damage told and passed over.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::{fs, io, thread};

use crate::bundled;
use crate::record::Record;
use crate::store::lock::Lock;
use crate::store::manifest::{ImportLine, Manifest};
use crate::store::{Form, Origin, Store, StoreError};

mod batch;
mod commit;
mod csv;
mod guard;
mod parse;
mod source;
mod split;
mod v1;
mod words;
mod xml;
mod zip;

pub use source::supported;

use batch::{Built, build};
use source::Reader;

/// What is imported into which store.
#[derive(Debug, Clone)]
pub struct Request {
    /// Folder of the store; it is made where it is not there.
    pub store: PathBuf,
    /// Files and folders, in order.
    pub sources: Vec<PathBuf>,
    /// Whether the records that come with the program are brought in, before the files.
    pub with_bundled: bool,
    /// The time of the import, as it is kept with each record.
    pub now: String,
    /// Threads that read and index; at least one.
    pub threads: usize,
    /// Unpacked bytes after which a segment is written; the default of 0 suits most stores.
    pub segment_bytes: usize,
}

/// A record, or a file, that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Damage {
    /// The file, with the entry of an archive and the line, element or row behind it.
    pub place: String,
    /// What is wrong.
    pub what: String,
}

/// How an import ended.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// Its line in the store's list of imports.
    pub line: ImportLine,
    /// The first damages, in order of place; their number is in the line.
    pub damages: Vec<Damage>,
    /// Whether it was stopped before its end; what was read by then is in the store.
    pub is_stopped: bool,
}

/// Most damages that are told one by one.
pub const TOLD: usize = 1000;

/// Unpacked bytes of a segment, unless told otherwise.
const SEGMENT: usize = 64 << 20;

/// Where an item was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origins {
    /// The file, with the entry of an archive behind it.
    pub(crate) source: String,
    /// Line, element or row in it; empty for the whole.
    pub(crate) part: String,
}

impl Origins {
    fn shown(&self) -> String {
        if self.part.is_empty() {
            self.source.clone()
        } else {
            format!("{}, {}", self.source, self.part)
        }
    }
}

/// The bytes of one record, or of a few, as they were cut from a file.
pub(crate) enum Content {
    /// JSON of either version.
    Json(Vec<u8>),
    /// A document of the older form.
    Xml(Vec<u8>),
    /// A record made from a row.
    Row(Box<serde_json::Value>),
}

/// What the reading of files hands on.
pub(crate) struct Item {
    pub(crate) place: Origins,
    pub(crate) content: Content,
}

/// Items that make a segment.
pub(crate) struct Batch {
    pub(crate) number: u64,
    pub(crate) items: Vec<Item>,
}

/// Imports records. `progress` is called with the records read so far and answers whether to go on.
///
/// # Errors
/// Where the store cannot be used or written, or another process is changing it. Damage in the
/// imported files is no error: it is told in the answer.
pub fn import(
    request: &Request,
    progress: &(dyn Fn(u64) -> bool + Sync),
) -> Result<Imported, StoreError> {
    fs::create_dir_all(&request.store).map_err(StoreError::file(&request.store))?;
    let _lock = Lock::take(&request.store, &request.now)?;
    let manifest = Manifest::read(&request.store)?.unwrap_or_default();
    manifest.sweep(&request.store);
    let old = if manifest.generation == 0 { Store::empty() } else { Store::open(&request.store)? };
    let number = manifest.imports.last().map_or(1, |line| line.number + 1);
    let task = Task { request, old: &old, import: number, first_segment: manifest.next };
    let (built, read) = task.run(progress);
    commit::commit(&task, manifest, built, read)
}

/// An import at work.
pub(crate) struct Task<'a> {
    pub(crate) request: &'a Request,
    /// The store as it was.
    pub(crate) old: &'a Store,
    pub(crate) import: u64,
    pub(crate) first_segment: u64,
}

/// What came out of reading the files.
#[derive(Default)]
pub(crate) struct Read {
    pub(crate) damages: Vec<Damage>,
    pub(crate) damaged: u64,
    pub(crate) is_stopped: bool,
}

impl Read {
    pub(crate) fn damage(&mut self, place: String, what: String) {
        self.damaged += 1;
        if self.damages.len() < TOLD {
            self.damages.push(Damage { place, what });
        }
    }
}

impl Task<'_> {
    /// Reads in this thread, and builds segments in others.
    fn run(
        &self,
        progress: &(dyn Fn(u64) -> bool + Sync),
    ) -> (Vec<Result<Built, StoreError>>, Read) {
        let (sender, receiver) = sync_channel::<Batch>(1);
        let receiver = Mutex::new(receiver);
        let built = Mutex::new(Vec::new());
        let mut read = Read::default();
        thread::scope(|scope| {
            for _ in 0..self.request.threads.max(1) {
                scope.spawn(|| {
                    while let Some(batch) = next(&receiver) {
                        let one = build(self, batch);
                        built.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(one);
                    }
                });
            }
            read = self.read(&sender, progress);
            // Workers end when nothing can come any more.
            drop(sender);
        });
        let mut built = built.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        built.sort_by_key(|one| one.as_ref().map_or(0, |built| built.number));
        (built, read)
    }

    fn read(&self, sender: &SyncSender<Batch>, progress: &(dyn Fn(u64) -> bool + Sync)) -> Read {
        let limit =
            if self.request.segment_bytes == 0 { SEGMENT } else { self.request.segment_bytes };
        let mut read = Read::default();
        let mut batch = Batch { number: self.first_segment, items: Vec::new() };
        let (mut bytes, mut count) = (0, 0_u64);
        let mut is_stopped = false;
        let mut keep = |item: Item, size: usize| -> bool {
            batch.items.push(item);
            bytes += size;
            count += 1;
            if count.is_multiple_of(64) && !progress(count) {
                is_stopped = true;
                return false;
            }
            if bytes >= limit {
                bytes = 0;
                let next = Batch { number: batch.number + 1, items: Vec::new() };
                // Nobody receives only when every worker is gone, and then nothing is kept either.
                let _ = sender.send(std::mem::replace(&mut batch, next));
            }
            true
        };
        let mut reader = Reader { keep: &mut keep, read: &mut read };
        if !self.request.with_bundled || reader.stream(bundled::SOURCE, bundled::PACKED, true) {
            // The first that is told to stop is the last.
            let _ = self.request.sources.iter().all(|path| reader.path(path));
        }
        read.is_stopped = is_stopped;
        progress(count);
        if !batch.items.is_empty() {
            let _ = sender.send(batch);
        }
        read
    }

    pub(crate) fn origin(&self, source: &str, form: Form) -> Origin {
        Origin {
            source: source.to_owned(),
            form,
            imported: self.request.now.clone(),
            import: self.import,
        }
    }
}

fn next(receiver: &Mutex<Receiver<Batch>>) -> Option<Batch> {
    receiver.lock().unwrap_or_else(std::sync::PoisonError::into_inner).recv().ok()
}

/// A record with the form it was read from.
pub(crate) type Formed = (Record, Form);

/// An error of reading, in words.
pub(crate) fn told(error: &io::Error) -> String {
    error.to_string()
}

/// Whether a path can be read at all.
pub(crate) fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}
