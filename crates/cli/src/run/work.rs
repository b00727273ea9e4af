//! Long work of a run: shown as progress, stopped by signals, its finished blocks kept as files.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use cytotrial::operation::Watch;
use sha2::{Digest, Sha256};

use crate::interrupt::Interrupt;
use crate::progress::Progress;
use crate::{Options, write};

/// Bytes of the mark of the program in front of each block.
const MARK: usize = 32;

/// Watches long work: progress on a terminal, and signals.
pub(crate) struct Watched {
    progress: Progress,
    interrupt: Interrupt,
}

impl Watched {
    pub(crate) fn new(options: Options) -> Self {
        Self { progress: Progress::new(options), interrupt: Interrupt::listen(options) }
    }
}

impl Watch for Watched {
    fn begin(&self, what: &str, total: u64) {
        self.progress.begin(what, total);
    }

    fn advance(&self, done: u64) {
        self.progress.advance(done);
    }

    fn restored(&self, done: u64) {
        self.progress.restored(done);
    }

    fn end(&self) {
        self.progress.end();
    }

    fn is_cancelled(&self) -> bool {
        self.interrupt.is_asked()
    }
}

/// Watches the work of a run, and keeps its finished blocks.
pub(crate) struct Work {
    watched: Watched,
    blocks: Blocks,
}

impl Work {
    pub(super) fn new(blocks: Blocks, options: Options) -> Self {
        Self { watched: Watched::new(options), blocks }
    }
}

impl Watch for Work {
    fn begin(&self, what: &str, total: u64) {
        self.watched.begin(what, total);
    }

    fn advance(&self, done: u64) {
        self.watched.advance(done);
    }

    fn restored(&self, done: u64) {
        self.watched.restored(done);
    }

    fn end(&self) {
        self.watched.end();
    }

    fn is_cancelled(&self) -> bool {
        self.watched.is_cancelled()
    }

    fn kept(&self, key: &str) -> Option<Vec<u8>> {
        let bytes = fs::read(self.blocks.folder.join(key)).ok()?;
        let (mark, body) = bytes.split_at_checked(MARK)?;
        (mark == self.blocks.program).then(|| body.to_vec())
    }

    fn keep(&self, key: &str, bytes: &[u8]) -> Result<(), String> {
        let path = self.blocks.folder.join(key);
        let marked = [&self.blocks.program, bytes].concat();
        write::whole(&path, &marked)
            .map_err(|error| format!("`{}` cannot be written: {error}", path.display()))
    }
}

/// The folder of finished blocks. Each begins with the mark of the program that made it: another
/// build, even of the same version, may compute something else.
#[derive(Debug, Clone)]
pub(crate) struct Blocks {
    folder: PathBuf,
    program: [u8; MARK],
}

/// Finished blocks of one part of the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finished {
    /// The part.
    pub(crate) part: String,
    /// Replicates in its blocks.
    pub(crate) replicates: u32,
}

impl Blocks {
    /// The blocks of a part folder and the mark of this program.
    pub(super) fn new(folder: PathBuf) -> io::Result<Self> {
        Ok(Self { folder, program: program()? })
    }

    /// What is finished: blocks of this program, and how many there are of others.
    pub(super) fn finished(&self) -> (Vec<Finished>, usize) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        let mut parts: Vec<Finished> = Vec::new();
        let mut foreign = 0;
        for name in names {
            let Some((part, replicates)) = meaning(&name) else { continue };
            if !self.is_ours(&name) {
                foreign += 1;
                continue;
            }
            match parts.iter_mut().find(|known| known.part == part) {
                Some(known) => known.replicates += replicates,
                None => parts.push(Finished { part: part.to_owned(), replicates }),
            }
        }
        (parts, foreign)
    }

    /// Removes every block and makes the folder.
    pub(super) fn clear(&self) -> io::Result<()> {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder)?;
        }
        fs::create_dir_all(&self.folder)
    }

    fn is_ours(&self, name: &str) -> bool {
        let mut mark = [0; MARK];
        let read =
            File::open(self.folder.join(name)).and_then(|mut file| file.read_exact(&mut mark));
        read.is_ok() && mark == self.program
    }
}

/// What is finished, in words.
pub(crate) fn in_words(finished: &[Finished]) -> String {
    match finished {
        [] => "0 replicates".to_owned(),
        [one] => format!("{} replicates", one.replicates),
        many => {
            let words: Vec<String> =
                many.iter().map(|one| format!("{} of {}", one.replicates, one.part)).collect();
            format!("replicates {}", words.join(", "))
        }
    }
}

/// Part and number of replicates in the name of a block, `part-FIRST-END`.
fn meaning(name: &str) -> Option<(&str, u32)> {
    let (rest, end) = name.rsplit_once('-')?;
    let (part, first) = rest.rsplit_once('-')?;
    let (first, end): (u32, u32) = (first.parse().ok()?, end.parse().ok()?);
    (!part.starts_with('.')).then_some((part, end.checked_sub(first)?))
}

/// The mark of this program: a hash of the program's own file.
fn program() -> io::Result<[u8; MARK]> {
    let mut hash = Sha256::new();
    io::copy(&mut File::open(own_path()?)?, &mut hash)?;
    Ok(hash.finalize().into())
}

fn own_path() -> io::Result<PathBuf> {
    // On Linux this names the running program even when its file was replaced meanwhile.
    let running = Path::new("/proc/self/exe");
    if running.exists() { Ok(running.to_owned()) } else { std::env::current_exe() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(folder: &Path) -> Blocks {
        let blocks = Blocks::new(folder.join("blocks")).unwrap();
        blocks.clear().unwrap();
        blocks
    }

    fn work(blocks: &Blocks) -> Work {
        let options = Options { json: false, quiet: true, verbose: false, no_color: true };
        let watched = Watched { progress: Progress::new(options), interrupt: Interrupt::default() };
        Work { watched, blocks: blocks.clone() }
    }

    #[test]
    fn blocks_of_another_program_are_counted_apart_and_never_used() {
        let folder = tempfile::tempdir().unwrap();
        let ours = blocks(folder.path());
        work(&ours).keep("simulation-00000000-00000008", b"a").unwrap();
        work(&ours).keep("claims-18-00000000-00000005", b"b").unwrap();
        let other = Blocks { program: [7; MARK], ..ours.clone() };
        work(&other).keep("simulation-00000008-00000016", b"c").unwrap();
        let (finished, foreign) = ours.finished();
        assert_eq!(in_words(&finished), "replicates 5 of claims-18, 8 of simulation");
        assert_eq!(foreign, 1);
        assert_eq!(work(&ours).kept("simulation-00000000-00000008").as_deref(), Some(&b"a"[..]));
        assert_eq!(work(&ours).kept("simulation-00000008-00000016"), None);
        assert_eq!(work(&ours).kept("simulation-00000016-00000024"), None);
    }

    #[test]
    fn a_block_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let blocks = Blocks { folder: folder.path().join("none"), program: [0; MARK] };
        let why = work(&blocks).keep("simulation-00000000-00000008", b"a").unwrap_err();
        assert!(why.contains("none/simulation-00000000-00000008` cannot be written: "), "{why}");
    }
}
