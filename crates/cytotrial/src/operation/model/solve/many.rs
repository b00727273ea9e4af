//! Many patients, chunk after chunk, so that only one chunk is in memory.

use std::ops::Range;

use rayon::prelude::*;

use super::Effort;
use super::follow::{Chunk, Failed};
use super::setup::Prepared;
use crate::operation::Watch;
use crate::operation::blocks::Stopped;

/// About so many values are in memory at a time, twice.
const VALUES: usize = 4 << 20;
/// A chunk has from so many patients to so many.
const PATIENTS: (usize, usize) = (8, 4096);
/// A thread follows from one to so many patients at a time. Results depend neither on this nor on chunks.
const SHARE: usize = 64;
/// So many failures are kept one by one; the rest is counted.
pub const LISTED: usize = 10_000;

/// How many patients ended well.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Many {
    /// Patients who were followed.
    pub patients: u64,
    /// Those of them who could not be followed to the end.
    pub failed: u64,
    /// The first [`LISTED`] of those, in the order of patients.
    pub failures: Vec<Failed>,
    /// What it took, failures not counted.
    pub effort: Effort,
}

/// Follows the patients of a range of positions; each chunk is handed to `keep`, in the order of
/// patients. What it is handed does not depend on the number of threads, nor a patient's values on
/// the range.
///
/// # Errors
/// The caller stopped the work, or a chunk could not be kept: why, in words.
pub fn many(
    prepared: &Prepared,
    patients: Range<u32>,
    watch: &dyn Watch,
    keep: &mut dyn FnMut(&Chunk) -> Result<(), String>,
) -> Result<Many, Stopped> {
    let size = (VALUES / prepared.cells().max(1)).clamp(PATIENTS.0, PATIENTS.1);
    let share = (size / PATIENTS.0).clamp(1, SHARE);
    let mut many = Many::default();
    watch.begin("patients", u64::from(patients.end - patients.start));
    let mut done = Ok(());
    for first in patients.clone().step_by(size) {
        let end = first.saturating_add(size as u32).min(patients.end);
        let Some(chunk) = chunk(prepared, (first..end, share), watch) else {
            done = Err(Stopped::Cancelled);
            break;
        };
        many.count(&chunk);
        if let Err(why) = keep(&chunk) {
            done = Err(Stopped::NotKept(why));
            break;
        }
    }
    watch.end();
    done.map(|()| many)
}

/// One chunk; `None` when the caller stopped it.
fn chunk(
    prepared: &Prepared,
    (patients, share): (Range<u32>, usize),
    watch: &dyn Watch,
) -> Option<Chunk> {
    let shares: Vec<u32> = patients.clone().step_by(share).collect();
    let parts: Vec<_> = shares
        .into_par_iter()
        .with_max_len(1)
        .map(|first| {
            if watch.is_cancelled() {
                return None;
            }
            let end = first.saturating_add(share as u32).min(patients.end);
            let part = prepared.share(first..end);
            watch.advance(u64::from(end - first));
            Some(part)
        })
        .collect();
    let parts: Vec<_> = parts.into_iter().collect::<Option<_>>()?;
    let (cells, count) = (prepared.cells(), patients.len());
    let mut values = vec![f64::NAN; cells * count];
    values.par_chunks_mut(count.max(1)).enumerate().for_each(|(cell, row)| {
        let mut row = row.iter_mut();
        for (part, ended) in &parts {
            for patient in 0..ended.len() {
                if let Some(value) = row.next() {
                    *value = part[patient * cells + cell];
                }
            }
        }
    });
    let ended = parts.into_iter().flat_map(|(_, ended)| ended).collect();
    Some(Chunk { first: patients.start, values, ended })
}

impl Many {
    fn count(&mut self, chunk: &Chunk) {
        self.patients += chunk.ended.len() as u64;
        for ended in &chunk.ended {
            match ended {
                Ok(effort) => self.effort += *effort,
                Err(failed) => {
                    self.failed += 1;
                    if self.failures.len() < LISTED {
                        self.failures.push(failed.clone());
                    }
                }
            }
        }
    }
}
