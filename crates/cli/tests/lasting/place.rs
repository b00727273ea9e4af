//! A trial folder for a test, and what a run leaves in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A folder with the bundled trial in `t`.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

/// How a command ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ended {
    fn from(Output { status, stdout, stderr }: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Self { code: status.code(), out: text(stdout), err: text(stderr) }
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a folder for the test") };
        let made = place.ended(&["new", "t", "--from", "NCT06379451", "--quiet"]);
        assert_eq!(made.code, Some(0), "{}", made.err);
        place
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cytotrial"));
        command.args(words).current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    pub(crate) fn ended(&self, words: &[&str]) -> Ended {
        self.command(words).output().expect("the command starts").into()
    }

    pub(crate) fn started(&self, words: &[&str]) -> Child {
        let mut command = self.command(words);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the command starts")
    }

    /// The folder of the one complete run below a folder of runs.
    pub(crate) fn run(&self, runs: &str) -> PathBuf {
        let mut found = self.entries(runs, |name| !name.starts_with('.'));
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    /// The part folder below a folder of runs, if there is one.
    pub(crate) fn part(&self, runs: &str) -> Option<PathBuf> {
        self.entries(runs, |name| name.starts_with('.')).pop()
    }

    fn entries(&self, runs: &str, is_wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path(runs)).into_iter().flatten().flatten();
        let is_wanted = |path: &PathBuf| {
            path.file_name().is_some_and(|name| is_wanted(&name.to_string_lossy()))
        };
        entries.map(|entry| entry.path()).filter(is_wanted).collect()
    }
}

/// Waits until something is so; a minute is enough for everything here.
pub(crate) fn wait_until(is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_mins(1), "it never became so");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Files of a run by name, without those that hold times.
pub(crate) fn files(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![run.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder of a run").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.strip_prefix(run).expect("below").to_string_lossy().into_owned();
            if !matches!(name.as_str(), "run.json" | "ledger.jsonl") {
                files.insert(name, fs::read(path).expect("a file of a run"));
            }
        }
    }
    files
}

/// The same files with the same bytes, and no others.
pub(crate) fn assert_same(run: &Path, other: &BTreeMap<String, Vec<u8>>, when: &str) {
    let run = files(run);
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&run), names(other), "{when}");
    for (name, bytes) in &run {
        assert!(*bytes == other[name], "{name} differs: {when}");
    }
}
