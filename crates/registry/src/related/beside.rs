//! The vectors of a store: made when they are first needed and kept in its folder, one file for each state.

use std::fs::{self, File};
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

use super::segment::{Builder, Segment};
use crate::segment::mapped;
use crate::store::{Store, StoreError};

/// The bytes of a segment.
#[derive(Debug)]
pub struct Vectors(Held);

#[derive(Debug)]
enum Held {
    Mapped(Mmap),
    Owned(Vec<u8>),
}

impl Deref for Vectors {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Held::Mapped(map) => map,
            Held::Owned(bytes) => bytes,
        }
    }
}

impl From<Vec<u8>> for Vectors {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Held::Owned(bytes))
    }
}

/// The vectors of every record of a store, from its folder or made now. A folder that cannot be written
/// to costs the time of making them again, and nothing else.
///
/// # Errors
/// A record that cannot be read.
pub fn of_store(store: &Store) -> Result<Vectors, StoreError> {
    let name = format!("{START}{}{END}", store.generation());
    let path = store.folder.join(&name);
    if let Some(vectors) = kept(&path) {
        return Ok(vectors);
    }
    let mut builder = Builder::default();
    let addresses = store.sorted();
    for stored in store.records(addresses) {
        let record = stored?.record;
        builder.add(&record.key.id, &record.json);
    }
    let bytes = builder.finish();
    if keep(&path, &bytes).is_ok() {
        remove_others(&store.folder, &name);
        if let Some(vectors) = kept(&path) {
            return Ok(vectors);
        }
    }
    Ok(bytes.into())
}

const START: &str = "related-";
const END: &str = ".vectors";

fn kept(path: &Path) -> Option<Vectors> {
    let map = mapped(&File::open(path).ok()?).ok()?;
    Segment::open(&map)?;
    Some(Vectors(Held::Mapped(map)))
}

/// Whole or not at all.
fn keep(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let draft = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = fs::write(&draft, bytes).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // What cannot be removed is removed with the next state.
        let _ = fs::remove_file(&draft);
    }
    written
}

/// Vectors of earlier states; another process may still have one open, which keeps its bytes.
fn remove_others(folder: &Path, name: &str) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let other = entry.file_name();
        let other = other.to_string_lossy();
        if other.starts_with(START) && other != name {
            // What cannot be removed now is removed next time.
            let _ = fs::remove_file(entry.path());
        }
    }
}
