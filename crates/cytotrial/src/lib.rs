//! the trial itself, and the list of operations.

pub mod audit;
pub mod claims;
pub mod conduct;
pub mod document;
pub mod ledger;
pub mod library;
pub mod observe;
pub mod operation;
pub mod outcome_tables;
pub mod parameters;
pub mod population;
pub mod problem;
pub mod protocol;
pub mod record;
pub mod run_folder;
pub mod section;
pub mod study_report;
pub mod summary;
pub mod targets;
pub mod uncertainty;
pub mod verification;

pub use rayon::ThreadPool as Pool;

/// A pool of worker threads for long operations; 0 takes one per core.
///
/// # Errors
/// The operating system's reason for refusing.
pub fn pool(threads: usize) -> Result<Pool, String> {
    let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
    builder.build().map_err(|error| format!("no worker threads: {error}"))
}
