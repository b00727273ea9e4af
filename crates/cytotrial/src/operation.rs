//! What a user can ask for: one file per operation, and how a long one is watched.

pub mod blocks;
pub mod check;
pub mod claims;
pub mod design;
pub mod doctor;
pub mod evaluate;
pub mod explain;
pub mod export;
pub mod model;
pub mod new;
pub mod registry;
pub mod replay;
pub mod report;
pub mod simulate;
pub mod trial_store;
pub mod verify;
pub mod whole;

/// Progress and cancellation of long work, and a place where finished parts outlast the process.
pub trait Watch: Sync {
    /// Work begins: what is counted, and how many there are.
    fn begin(&self, what: &str, total: u64);
    /// So many more are done.
    fn advance(&self, done: u64);
    /// Work is over.
    fn end(&self);
    /// Whether to stop as soon as possible.
    fn is_cancelled(&self) -> bool;
    /// So many more are done that were kept earlier; they say nothing about the speed.
    fn restored(&self, done: u64) {
        self.advance(done);
    }
    /// What was kept under this key, if anything. The reader checks it.
    fn kept(&self, _key: &str) -> Option<Vec<u8>> {
        None
    }
    /// Keeps the bytes under a key, so that they outlast the process.
    ///
    /// # Errors
    /// Why they cannot be kept, in words.
    fn keep(&self, _key: &str, _bytes: &[u8]) -> Result<(), String> {
        Ok(())
    }
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn begin(&self, _: &str, _: u64) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
    fn is_cancelled(&self) -> bool {
        false
    }
}
