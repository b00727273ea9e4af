//! Many patients, chunk after chunk, so that only one chunk is in memory.

use std::ops::Range;

use super::Effort;
use super::follow::{Chunk, Failed};
use super::setup::Prepared;
use crate::operation::Watch;
use crate::operation::blocks::Stopped;

/// About so many values are in memory at a time.
const VALUES: usize = 4 << 20;
/// A chunk has from so many patients to so many. Results do not depend on it.
const PATIENTS: (usize, usize) = (8, 4096);
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
    let goes_on = |patients: usize| {
        watch.advance(patients as u64);
        !watch.is_cancelled()
    };
    let mut many = Many::default();
    watch.begin("patients", u64::from(patients.end - patients.start));
    let mut done = Ok(());
    for first in patients.clone().step_by(size) {
        let end = first.saturating_add(size as u32).min(patients.end);
        let Some(chunk) = prepared.follow(first..end, &goes_on) else {
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
