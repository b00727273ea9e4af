//! A path on the command line to the texts of a trial folder.

use std::fs;
use std::path::{Path, PathBuf};

use cytotrial::problem::{Problem, help_with_nearest};
use cytotrial::protocol::files::Files;

/// Texts longer than this are data, not part of a protocol.
const LONGEST: u64 = 8 << 20;
const ENDINGS: &[&str] = &["ant", "csv", "json", "toml"];

/// A trial folder.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    /// The folder as the person wrote it; empty for the current one.
    pub(crate) path: PathBuf,
    /// Its texts.
    pub(crate) files: Files,
}

impl Folder {
    /// Reads a trial folder or a trial file with the folder around it.
    pub(crate) fn read(path: &Path) -> Result<Self, Vec<Problem>> {
        let mut folder = Self { path: path.to_owned(), files: Files::default() };
        if path.is_file() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            folder.path = path.parent().map(Path::to_owned).unwrap_or_default();
            folder.files.trial = (name != "compare.toml").then_some(name);
        } else if !path.is_dir() {
            let shown = path.display().to_string();
            let message = format!("there is no `{shown}`");
            return Err(vec![Problem::error("F101", "", "", message, help_for(path))]);
        }
        let mut problems = Vec::new();
        let root = if folder.path.as_os_str().is_empty() { Path::new(".") } else { &folder.path };
        collect(root, "", 0, &mut folder.files, &mut problems);
        if problems.is_empty() { Ok(folder) } else { Err(problems) }
    }

    /// A file of the folder as a person can open it.
    pub(crate) fn shown(&self, file: &str) -> String {
        if self.files.texts.contains_key(file) || self.files.text(file).is_none() {
            let path = self.path.strip_prefix("./").unwrap_or(&self.path);
            return path.join(file).display().to_string();
        }
        format!("{file} (bundled)")
    }
}

/// What to do about a path that is not there.
pub(crate) fn help_for(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let bundled = cytotrial::library::trials();
    if bundled.contains(&name.to_uppercase().as_str()) {
        return format!("`cytotrial new DIR --from {}` makes the folder", name.to_uppercase());
    }
    let around = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let entries = fs::read_dir(around.unwrap_or(Path::new("."))).into_iter().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .collect();
    names.sort();
    match cytotrial::problem::nearest(&name, names.iter().map(String::as_str)) {
        Some(_) => help_with_nearest(&name, names.iter().map(String::as_str)),
        None => "name a trial folder or a trial file".to_owned(),
    }
}

fn collect(folder: &Path, below: &str, depth: u32, files: &mut Files, problems: &mut Vec<Problem>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        let known = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        if path.is_dir() {
            if depth < 1 && name != "runs" && !name.starts_with('.') {
                collect(&path, &known, depth + 1, files, problems);
            }
            continue;
        }
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let long = entry.metadata().map_or(0, |metadata| metadata.len()) > LONGEST;
        if long || (!ENDINGS.contains(&ending) && files.trial.as_deref() != Some(known.as_str())) {
            continue;
        }
        match fs::read_to_string(&path) {
            Ok(text) => {
                files.texts.insert(known, text);
            }
            Err(error) => {
                let message = format!("`{}` cannot be read: {error}", path.display());
                let help = "a protocol file is text in UTF-8 that you may read";
                problems.push(Problem::error("F102", known, "", message, help));
            }
        }
    }
}
