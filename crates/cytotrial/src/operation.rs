//! What a user can ask for: one file per operation, and how a long one is watched.

pub mod check;
pub mod explain;
pub mod new;
pub mod simulate;

/// Progress and cancellation of long work.
pub trait Watch: Sync {
    /// Work begins: what is counted, and how many there are.
    fn begin(&self, what: &str, total: u64);
    /// So many more are done.
    fn advance(&self, done: u64);
    /// Work is over.
    fn end(&self);
    /// Whether to stop as soon as possible.
    fn is_cancelled(&self) -> bool;
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
