//! The ledger's file: read, extended by one line and forced to the disk.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::Path;

use cytotrial::ledger::{Event, next};
use serde_json::Value;

/// The name of the file in a run's folder.
pub(crate) const NAME: &str = "ledger.jsonl";

/// Now, RFC 3339 in UTC, in whole seconds.
pub(crate) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Adds a line to the ledger of a folder; two processes that do so wait for each other.
pub(crate) fn add(folder: &Path, event: Event, details: &Value) -> io::Result<()> {
    let path = folder.join(NAME);
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    file.lock()?;
    let mut ledger = Vec::new();
    file.read_to_end(&mut ledger)?;
    file.write_all(&next(&ledger, event, details, &now()))?;
    file.sync_all()
}
