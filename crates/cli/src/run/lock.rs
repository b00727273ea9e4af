//! One process at a time in a run's folder; the lock is gone when its process is.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use super::ledger::now;

/// A lock that is held until this is dropped.
pub(super) struct Lock {
    _file: File,
}

/// Why there is no lock.
pub(super) enum NoLock {
    /// Another process has it: which one and since when, as far as it said.
    Held(String),
    /// The file cannot be locked.
    Failed(io::Error),
}

impl From<io::Error> for NoLock {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl Lock {
    /// Takes the lock, or says who holds it. Nothing of the holder's is changed.
    pub(super) fn take(path: &Path) -> Result<Self, NoLock> {
        loop {
            let mut options = OpenOptions::new();
            let mut file =
                options.read(true).write(true).create(true).truncate(false).open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    let _ = file.read_to_string(&mut holder);
                    return Err(NoLock::Held(holder.trim().to_owned()));
                }
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
            // The holder before us may have removed the file after we opened it.
            if !is_still_at(&file, path) {
                continue;
            }
            // Who holds it is a courtesy: a full disk does not stand in the way of the lock.
            let _ = file
                .set_len(0)
                .and_then(|()| file.rewind())
                .and_then(|()| writeln!(file, "process {} since {}", std::process::id(), now()));
            return Ok(Self { _file: file });
        }
    }
}

/// Whether the path still names the opened file.
fn is_still_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let same = |opened: &std::fs::Metadata, named: &std::fs::Metadata| {
            (opened.dev(), opened.ino()) == (named.dev(), named.ino())
        };
        matches!((file.metadata(), path.metadata()), (Ok(opened), Ok(named)) if same(&opened, &named))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_says_who_holds_it_and_a_dropped_one_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = Lock::take(&path).ok().unwrap();
        let Err(NoLock::Held(holder)) = Lock::take(&path) else { panic!("it is held") };
        assert!(holder.starts_with(&format!("process {} since ", std::process::id())), "{holder}");
        drop(first);
        assert!(Lock::take(&path).is_ok());
    }

    #[test]
    fn a_lock_that_was_removed_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = Lock::take(&path).ok().unwrap();
        std::fs::remove_file(&path).unwrap();
        let second = Lock::take(&path).ok().unwrap();
        assert!(path.exists());
        drop((first, second));
    }
}
