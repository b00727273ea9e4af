//! Files appear whole or not at all.

use std::io::{self, Write};
use std::path::Path;

/// Writes a file beside its place and moves it there.
pub(crate) fn whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    in_pieces(path, |file| file.write_all(bytes))
}

/// Writes a file beside its place piece by piece and moves it there; nothing is left where `work`
/// fails.
pub(crate) fn in_pieces<T, E: From<io::Error>>(
    path: &Path,
    work: impl FnOnce(&mut dyn Write) -> Result<T, E>,
) -> Result<T, E> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What the person's umask leaves of it, as for any other new file.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.prefix(".").suffix(".tmp");
    let mut file = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
    let mut buffered = io::BufWriter::new(&mut file);
    let done = work(&mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(done)
}

/// Writes the files of a folder beside its place and moves the folder there; what was there before
/// goes once the new one is complete.
pub(crate) fn folder<'a>(
    path: &Path,
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> io::Result<()> {
    let around = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let around = around.unwrap_or(Path::new("."));
    std::fs::create_dir_all(around)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".").suffix(".tmp");
    let made = builder.tempdir_in(around)?;
    let inner = made.path().join("new");
    std::fs::create_dir(&inner)?;
    for (name, bytes) in files {
        forced(&inner.join(name), bytes)?;
    }
    if path.exists() {
        std::fs::rename(path, made.path().join("old"))?;
    }
    std::fs::rename(&inner, path)
}

/// Writes a file of a folder that is not in its place yet, and forces it to the disk.
pub(crate) fn forced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        whole(&path, b"one").unwrap();
        whole(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
