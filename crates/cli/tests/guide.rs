//! Every command of the guide is run, so that the guide cannot drift away from the program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A command of a page: where it stands, its words, and the exit code that the page promises.
struct Step {
    place: String,
    words: Vec<String>,
    code: i32,
}

/// The lines `$ cytotrial ...` of the blocks that begin with ```` ```console ````; `exit=1` after that word is the
/// code they end with.
fn steps(name: &str, text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut code = None;
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(info) = line.strip_prefix("```") {
            let is_console = code.is_none() && info.starts_with("console");
            code = is_console.then(|| {
                let told = info.split_whitespace().find_map(|word| word.strip_prefix("exit="));
                told.map_or(0, |told| told.parse().expect("an exit code is a number"))
            });
        } else if let (Some(code), Some(command)) = (code, line.strip_prefix("$ ")) {
            let place = format!("{name}:{number}: {command}");
            let mut words = command.split_whitespace().map(str::to_owned);
            assert_eq!(words.next().as_deref(), Some("cytotrial"), "{place}");
            steps.push(Step { place, words: words.collect(), code });
        }
    }
    steps
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder for a copy");
    for entry in fs::read_dir(from).expect("a folder to copy") {
        let path = entry.expect("an entry of a folder").path();
        let place = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            copy(&path, &place);
        } else {
            fs::copy(&path, &place).expect("a copy");
        }
    }
}

fn pages() -> Vec<(String, String)> {
    let folder = root().join("docs/guide");
    let mut pages = Vec::new();
    for entry in fs::read_dir(folder).expect("the guide is a folder") {
        let path = entry.expect("an entry of the guide").path();
        if path.extension().is_some_and(|ending| ending == "md") {
            let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
            pages.push((name, fs::read_to_string(&path).expect("a page of the guide is text")));
        }
    }
    pages.sort();
    pages
}

#[test]
fn every_command_of_the_guide_ends_as_the_guide_says() {
    let mut count = 0;
    for (name, text) in pages() {
        // Commands of one page follow each other in one folder that has only the examples.
        let folder = tempfile::tempdir().expect("a folder for the commands");
        copy(&root().join("examples"), &folder.path().join("examples"));
        for step in steps(&name, &text) {
            let output = Command::new(env!("CARGO_BIN_EXE_cytotrial"))
                .args(&step.words)
                .current_dir(folder.path())
                .env("NO_COLOR", "1")
                .output()
                .expect("the program was built");
            let told = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(step.code), "{}\n{told}", step.place);
            count += 1;
        }
    }
    assert!(count > 3, "the guide has {count} commands");
}

#[test]
fn commands_are_read_from_console_blocks_only() {
    let text = "```sh\n$ cytotrial a\n```\n```console\n$ cytotrial b c\nsays d\n```\n```console exit=1\n$ cytotrial e\n```\n$ f\n";
    let steps = steps("page", text);
    let read: Vec<_> = steps.iter().map(|step| (step.words.join(" "), step.code)).collect();
    assert_eq!(read, [("b c".to_owned(), 0), ("e".to_owned(), 1)]);
    assert!(steps[0].place.starts_with("page:5:"));
}
