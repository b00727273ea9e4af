//! Lists the texts that are built into the program: models, products, populations, trials,
//! evidence and the pages that explain problems; and what the tests compare the program with.

#![allow(clippy::print_stdout, reason = "a build script speaks to cargo through stdout")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Folders of the repository and the endings that are embedded from them.
const FOLDERS: &[(&str, &[&str])] = &[
    ("docs/reference/problems", &["md"]),
    ("evidence", &["csv"]),
    ("models", &["ant", "csv", "toml"]),
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
    fs::write(out.join("library.rs"), list)?;
    fs::write(out.join("verification.rs"), references(&root)?)
}

/// Name, rows, source and tolerance of every table of reference values and of clinical cases.
fn references(root: &Path) -> io::Result<String> {
    let mut list = String::from("&[\n");
    let mut names = files(root, "spec", &["md"])?;
    println!("cargo::rerun-if-changed={}", root.join("spec").display());
    for area in folders(&root.join("golden"))? {
        let folder = format!("golden/{area}");
        println!("cargo::rerun-if-changed={}", root.join(&folder).display());
        names.extend(files(root, &folder, &["csv"])?);
    }
    names.sort();
    for name in names {
        let text = fs::read_to_string(root.join(&name))?;
        let header = |key: &str| {
            let start = format!("# {key}: ");
            let lines = text.lines().filter_map(|line| line.strip_prefix(&start));
            lines.collect::<Vec<_>>().join("; ")
        };
        let is_case = |line: &&str| line.starts_with('|') && !line.starts_with("|-");
        let is_page = name.starts_with("spec/");
        let rows = if is_page {
            let tables = text.lines().filter(|line| line.starts_with("|-")).count();
            text.lines().filter(is_case).count().saturating_sub(tables)
        } else {
            text.lines().filter(|line| !line.starts_with('#')).count().saturating_sub(1)
        };
        let source = if is_page { publication(&text).to_owned() } else { header("source") };
        writeln!(list, "    ({name:?}, {rows}, {source:?}, {:?}),", header("tolerance"))
            .expect("a String takes every write");
    }
    list.push(']');
    Ok(list)
}

/// The publication that a page of cases names.
fn publication(text: &str) -> &str {
    let line = text.lines().find_map(|line| line.strip_prefix("Source: "));
    let line = line.unwrap_or("cases written from the rules on the page");
    line.split(". ").next().unwrap_or_default().trim_end_matches('.')
}

fn folders(path: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.path().is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
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
