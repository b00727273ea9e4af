//! Lists the texts that are built into the program: models, products, populations, trials,
//! evidence and the pages that explain problems.

#![allow(clippy::print_stdout, reason = "a build script speaks to cargo through stdout")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Folders of the repository and the endings that are embedded from them.
const FOLDERS: &[(&str, &[&str])] = &[
    ("docs/reference/problems", &["md"]),
    ("evidence", &["csv"]),
    ("models", &["ant", "csv"]),
    ("populations", &["toml"]),
    ("products", &["toml"]),
];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../..");
    let root = root.canonicalize()?;
    println!("cargo::rerun-if-changed=build.rs");
    let mut names = Vec::new();
    for (folder, endings) in FOLDERS {
        println!("cargo::rerun-if-changed={}", root.join(folder).display());
        names.extend(files(&root, folder, endings)?);
    }
    // Runs are written below a trial's folder, so only its own files are watched.
    for trial in fs::read_dir(root.join("trials"))? {
        let folder = format!("trials/{}", trial?.file_name().to_string_lossy());
        for name in files(&root, &folder, &["json", "toml"])? {
            println!("cargo::rerun-if-changed={}", root.join(&name).display());
            names.push(name);
        }
    }
    names.sort();
    let mut list = String::from("&[\n");
    for name in names {
        let path = root.join(&name);
        writeln!(list, "    ({name:?}, include_str!({:?})),", path.display().to_string())
            .expect("a String takes every write");
    }
    list.push(']');
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("library.rs"), list)
}

fn files(root: &Path, folder: &str, endings: &[&str]) -> io::Result<Vec<String>> {
    let path = root.join(folder);
    if !path.is_dir() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if endings.iter().any(|ending| name.ends_with(&format!(".{ending}"))) {
            names.push(format!("{folder}/{name}"));
        }
    }
    Ok(names)
}
