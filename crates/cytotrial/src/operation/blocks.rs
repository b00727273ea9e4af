//! Long work in blocks of replicates, each kept when it is done, so that a stopped run can go on.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::Watch;
use crate::conduct::run::BLOCK;

/// Why work in blocks came to no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// The caller stopped it; finished blocks are kept.
    #[error("stopped before it was done")]
    Cancelled,
    /// A finished block could not be kept: why, in words.
    #[error("{0}")]
    NotKept(String),
}

/// Runs `work` for each block of replicates, many at once, or takes what was kept of it earlier.
/// The results are in the order of replicates, on any number of threads, resumed or not.
///
/// `part` names the work and tells it from other work of the same run: small letters, digits and
/// hyphens. What was kept is used only when its checksum, its part and its replicates are right.
///
/// # Errors
/// The caller stopped the work, or a finished block cannot be kept.
pub fn in_blocks<T: Serialize + DeserializeOwned + Send>(
    part: &str,
    replicates: u32,
    watch: &dyn Watch,
    work: impl Fn(Range<u32>) -> Vec<T> + Sync,
) -> Result<Vec<T>, Stopped> {
    watch.begin(&format!("replicates ({part})"), u64::from(replicates));
    let full = AtomicBool::new(false);
    let starts: Vec<u32> = (0..replicates).step_by(BLOCK as usize).collect();
    let blocks: Vec<Result<Vec<T>, Stopped>> = starts
        .into_par_iter()
        // One by one: a thread that takes several at once leaves the others idle at the end.
        .with_max_len(1)
        .map(|start| {
            let block = start..start.saturating_add(BLOCK).min(replicates);
            let done = one(part, block, watch, &full, &work);
            if matches!(done, Err(Stopped::NotKept(_))) {
                full.store(true, Ordering::Relaxed);
            }
            done
        })
        .collect();
    watch.end();
    // That nothing more can be kept says more than that the other blocks were not begun.
    let mut results = Vec::with_capacity(replicates as usize);
    let mut stopped = None;
    for block in blocks {
        match block {
            Ok(block) => results.extend(block),
            Err(why @ Stopped::NotKept(_)) => return Err(why),
            Err(why) => stopped = Some(why),
        }
    }
    stopped.map_or(Ok(results), Err)
}

/// One block: what was kept, or what `work` makes of it.
fn one<T: Serialize + DeserializeOwned>(
    part: &str,
    block: Range<u32>,
    watch: &dyn Watch,
    full: &AtomicBool,
    work: &(impl Fn(Range<u32>) -> Vec<T> + Sync),
) -> Result<Vec<T>, Stopped> {
    let key = key(part, &block);
    let length = u64::from(block.end - block.start);
    if let Some(kept) = watch.kept(&key).and_then(|bytes| unpack(&key, &bytes)) {
        watch.restored(length);
        return Ok(kept);
    }
    if watch.is_cancelled() || full.load(Ordering::Relaxed) {
        return Err(Stopped::Cancelled);
    }
    let results = work(block);
    watch.keep(&key, &pack(&key, &results)).map_err(Stopped::NotKept)?;
    watch.advance(length);
    Ok(results)
}

/// The name of a block: a part and its replicates, the last one not included.
fn key(part: &str, block: &Range<u32>) -> String {
    format!("{part}-{:08}-{:08}", block.start, block.end)
}

/// A checksum over the name and the results, then the results.
fn pack<T: Serialize>(key: &str, results: &Vec<T>) -> Vec<u8> {
    let body = postcard::to_allocvec(results).expect("results have a known length");
    let mut bytes = checksum(key, &body).to_vec();
    bytes.extend(body);
    bytes
}

/// The results, when the checksum is that of this name and every byte was read.
fn unpack<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Option<Vec<T>> {
    let (sum, body) = bytes.split_at_checked(CHECKSUM)?;
    if sum != checksum(key, body) {
        return None;
    }
    let (results, rest) = postcard::take_from_bytes(body).ok()?;
    rest.is_empty().then_some(results)
}

/// Bytes of a checksum.
const CHECKSUM: usize = 32;

fn checksum(key: &str, body: &[u8]) -> [u8; CHECKSUM] {
    let mut hash = Sha256::new();
    hash.update((key.len() as u64).to_le_bytes());
    hash.update(key.as_bytes());
    hash.update(body);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;
    use std::sync::atomic::AtomicU32;

    use super::*;

    /// Keeps blocks in memory, at most so many.
    #[derive(Default)]
    struct Shelf {
        kept: Mutex<BTreeMap<String, Vec<u8>>>,
        room: Option<usize>,
        cancelled: AtomicBool,
    }

    impl Watch for Shelf {
        fn begin(&self, _: &str, _: u64) {}
        fn advance(&self, _: u64) {}
        fn end(&self) {}
        fn is_cancelled(&self) -> bool {
            self.cancelled.load(Ordering::Relaxed)
        }
        fn kept(&self, key: &str) -> Option<Vec<u8>> {
            self.kept.lock().unwrap().get(key).cloned()
        }
        fn keep(&self, key: &str, bytes: &[u8]) -> Result<(), String> {
            let mut kept = self.kept.lock().unwrap();
            if self.room.is_some_and(|room| kept.len() >= room) {
                return Err("the shelf is full".to_owned());
            }
            kept.insert(key.to_owned(), bytes.to_vec());
            Ok(())
        }
    }

    fn values(block: Range<u32>) -> Vec<(u32, f64)> {
        block.map(|replicate| (replicate, f64::INFINITY / f64::from(replicate + 1))).collect()
    }

    fn counted(shelf: &Shelf) -> (Result<Vec<(u32, f64)>, Stopped>, u32) {
        let worked = AtomicU32::new(0);
        let done = in_blocks("part", 20, shelf, |block| {
            worked.fetch_add(1, Ordering::Relaxed);
            values(block)
        });
        (done, worked.into_inner())
    }

    #[test]
    fn kept_blocks_are_not_worked_again() {
        let shelf = Shelf::default();
        let expected: Vec<(u32, f64)> = values(0..20);
        assert_eq!(counted(&shelf), (Ok(expected.clone()), 3));
        assert_eq!(counted(&shelf), (Ok(expected), 0));
    }

    #[test]
    fn a_damaged_or_foreign_block_is_worked_again() {
        let shelf = Shelf::default();
        let expected = counted(&shelf).0;
        {
            let mut kept = shelf.kept.lock().unwrap();
            let keys: Vec<String> = kept.keys().cloned().collect();
            let foreign = kept[&keys[1]].clone();
            kept.insert(keys[0].clone(), foreign);
            let last = kept.get_mut(&keys[2]).unwrap();
            let end = last.len() - 1;
            last[end] ^= 1;
        }
        assert_eq!(counted(&shelf), (expected, 2));
        let mut kept = shelf.kept.lock().unwrap();
        for bytes in kept.values_mut() {
            bytes.truncate(20);
        }
        drop(kept);
        assert_eq!(counted(&shelf).1, 3);
    }

    #[test]
    fn without_room_the_reason_is_told_and_the_rest_is_kept() {
        let mut shelf = Shelf { room: Some(2), ..Shelf::default() };
        let full = Err(Stopped::NotKept("the shelf is full".to_owned()));
        assert_eq!(counted(&shelf).0, full);
        shelf.room = None;
        let (done, worked) = counted(&shelf);
        assert_eq!((done, worked), (Ok(values(0..20)), 1));
    }

    #[test]
    fn a_cancelled_run_begins_nothing_but_gives_what_is_complete() {
        let shelf = Shelf::default();
        shelf.cancelled.store(true, Ordering::Relaxed);
        assert_eq!(counted(&shelf), (Err(Stopped::Cancelled), 0));
        shelf.cancelled.store(false, Ordering::Relaxed);
        assert!(counted(&shelf).0.is_ok());
        shelf.cancelled.store(true, Ordering::Relaxed);
        assert_eq!(counted(&shelf), (Ok(values(0..20)), 0));
    }
}
