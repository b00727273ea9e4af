//! The files of the repository, and what every source file must look like.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Longest source file, in lines.
const LONGEST: usize = 600;

/// Text of others that is kept word for word.
const VENDORED: &str = "crates/report/vendor/";

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    folder.canonicalize().expect("the workspace has a root")
}

/// Path from the root and text of every text file that is ours, in order of path.
///
/// Git says which files there are; without it (an unpacked archive) the folders are walked.
pub(crate) fn texts() -> BTreeMap<String, String> {
    let root = root();
    let names = tracked(&root).unwrap_or_else(|| {
        let mut names = Vec::new();
        walk(&root, "", &mut names);
        names
    });
    let mut texts = BTreeMap::new();
    for name in names.into_iter().filter(|name| !name.starts_with(VENDORED)) {
        // A file that was removed but not yet committed, or one that is not text, is no text.
        if let Ok(text) = fs::read_to_string(root.join(&name)) {
            texts.insert(name, text);
        }
    }
    assert!(texts.len() > 100, "only {} files were found below {}", texts.len(), root.display());
    texts
}

/// The texts whose names end so.
pub(crate) fn texts_ending(ending: &str) -> BTreeMap<String, String> {
    let mut texts = texts();
    texts.retain(|name, _| name.ends_with(ending));
    texts
}

fn tracked(root: &Path) -> Option<Vec<String>> {
    let listed = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").current_dir(root).args(listed).output().ok()?;
    if !output.status.success() || output.stdout.is_empty() {
        return None;
    }
    let names = String::from_utf8(output.stdout).ok()?;
    Some(names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

fn walk(root: &Path, folder: &str, names: &mut Vec<String>) {
    let entries = fs::read_dir(root.join(folder)).expect("a folder of the repository can be read");
    for entry in entries {
        let entry = entry.expect("an entry of a folder can be read");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if entry.path().is_dir() {
            if !matches!(name.as_str(), ".git" | "target" | "runs") {
                walk(root, &path, names);
            }
        } else {
            names.push(path);
        }
    }
}

/// The caption of a Rust text: the first paragraph of its module docs, on one line.
fn caption(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//! "));
    lines.collect::<Vec<_>>().join(" ")
}

/// Captions as ARCHITECTURE.md lists them: a line with a folder, then lines with a file and its caption.
fn listed(page: &str) -> BTreeMap<String, String> {
    let section = page.split("\n## Files\n").nth(1).expect("ARCHITECTURE.md has a part `Files`");
    let list = section.split("```").nth(1).expect("the part `Files` has a list in a code block");
    let mut captions = BTreeMap::new();
    let mut folder = "";
    for line in list.lines().skip(1) {
        match line.strip_prefix("  ") {
            None => folder = line.trim(),
            Some(entry) => {
                let (file, caption) = entry.split_once(' ').unwrap_or((entry, ""));
                captions.insert(format!("{folder}/{file}"), caption.trim().to_owned());
            }
        }
    }
    captions
}

#[test]
fn every_source_file_begins_with_a_caption() {
    let mut faults = Vec::new();
    for (name, text) in texts_ending(".rs") {
        let caption = caption(&text);
        if caption.is_empty() {
            faults.push(format!("{name}: the first line is not `//!` and a sentence"));
        } else if !caption.ends_with('.') {
            faults
                .push(format!("{name}: the caption is not a sentence with a full stop: {caption}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_architecture_page_lists_every_source_file_with_its_caption() {
    let listed = listed(&texts()["ARCHITECTURE.md"]);
    let mut sources = BTreeMap::new();
    for (name, text) in &texts_ending(".rs") {
        if name.starts_with("crates/") && name.contains("/src/") {
            sources.insert(name.clone(), caption(text));
        }
    }
    let mut faults = Vec::new();
    for (name, caption) in &sources {
        match listed.get(name) {
            None => faults.push(format!("not listed: {name}")),
            Some(said) if said != caption => {
                faults.push(format!("{name}\n  page: {said}\n  file: {caption}"));
            }
            Some(_) => {}
        }
    }
    let gone = listed.keys().filter(|name| !sources.contains_key(*name));
    faults.extend(gone.map(|name| format!("listed, but there is no such file: {name}")));
    let help = "`scripts/list-files` writes the list of ARCHITECTURE.md anew";
    assert!(faults.is_empty(), "{}\n{help}", faults.join("\n"));
}

#[test]
fn no_source_file_is_longer_than_600_lines() {
    let mut faults = Vec::new();
    for (name, text) in texts_ending(".rs").into_iter().chain(texts_ending(".js")) {
        let lines = text.lines().count();
        if lines > LONGEST {
            faults.push(format!("{name}: {lines} lines"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_caption_ends_where_its_paragraph_ends() {
    assert_eq!(caption("//! One\n//! two.\n//!\n//! Three.\n\nuse a;"), "One two.");
    assert_eq!(caption("use a;\n//! late"), "");
    let page = "x\n## Files\n\n```text\ncrates/a/src\n  b.rs    Says b.\n  c/d.rs  Says d.\n```\n";
    let captions = listed(page);
    assert_eq!(captions["crates/a/src/c/d.rs"], "Says d.");
    assert_eq!(captions.len(), 2);
}
