//! No person's e-mail address or telephone number is in a text of the repository.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use cytotrial::record::{Record, without_contacts};

/// Texts that hold invented addresses and numbers, to test that they are removed.
const INVENTED: &[&str] =
    &["crates/cytotrial/src/record/persons.rs", "crates/cytotrial/tests/data/record_sample.json"];
/// Endings of texts; bundled scripts of others and binary files are not read.
const ENDINGS: &[&str] =
    &["ant", "csv", "html", "json", "md", "rs", "toml", "txt", "xml", "yml", "sh"];

#[test]
fn no_text_of_the_repository_holds_an_address_or_a_telephone_number() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut read = 0;
    for name in tracked(&root).expect("the files of the repository") {
        let ending = name.rsplit('.').next().unwrap_or_default();
        let invented = INVENTED.contains(&name.as_str());
        if invented || !ENDINGS.contains(&ending) || name.contains("/vendor/") {
            continue;
        }
        let Ok(text) = fs::read_to_string(root.join(&name)) else { continue };
        read += 1;
        for (number, line) in text.lines().enumerate() {
            assert_eq!(without_contacts(line), line, "{name}:{}", number + 1);
        }
    }
    assert!(read > 20, "only {read} texts were read");
}

#[test]
fn a_record_loses_its_persons_when_it_is_read() {
    let text = include_str!("data/record_sample.json");
    assert!(text.contains("Invented Person") && text.contains('@') && text.contains("0199"));
    let record = Record::read(text, "record.json").expect("a record");
    let kept = record.to_text();
    for person in ["Invented Person", "Professor", "@", "0199", "centralContacts"] {
        assert!(!kept.contains(person), "{person} is still there");
    }
    assert!(kept.contains("An Invented Hospital"));
}

/// Files that git knows; every file where there is no git, as in a packed source tree.
fn tracked(root: &Path) -> io::Result<Vec<String>> {
    if let Ok(answer) = Command::new("git").arg("ls-files").current_dir(root).output()
        && answer.status.success()
    {
        return Ok(String::from_utf8_lossy(&answer.stdout).lines().map(str::to_owned).collect());
    }
    let mut names = Vec::new();
    walk(root, &mut PathBuf::new(), &mut names)?;
    Ok(names)
}

fn walk(root: &Path, below: &mut PathBuf, names: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(&*below))? {
        let entry = entry?;
        let name = entry.file_name();
        below.push(&name);
        if entry.file_type()?.is_dir() {
            if !["target", ".git", "runs"].contains(&name.to_string_lossy().as_ref()) {
                walk(root, below, names)?;
            }
        } else {
            names.push(below.to_string_lossy().replace('\\', "/"));
        }
        below.pop();
    }
    Ok(())
}
