//! The manifest of a store: which files count, and the imports that made them.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::StoreError;

/// The form of the manifest and of the segments.
const FORM: u64 = 2;

const NAME: &str = "manifest.json";

/// A segment that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SegmentLine {
    pub(crate) file: String,
    /// The file with the records that are gone, if any is.
    pub(crate) gone: Option<String>,
}

/// One import as the store remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImportLine {
    /// Its number, from 1.
    pub number: u64,
    /// When it was, as the caller told the time.
    pub date: String,
    /// What was imported, as it was named.
    pub sources: Vec<String>,
    /// Records that were not there before.
    pub added: u64,
    /// Records that replaced another content.
    pub changed: u64,
    /// Records whose content was there already.
    pub unchanged: u64,
    /// Records left as they were, because what came was of a poorer form.
    pub kept: u64,
    /// Records that could not be read.
    pub damaged: u64,
}

/// What counts in a store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Manifest {
    pub(crate) generation: u64,
    /// The number of the next segment.
    pub(crate) next: u64,
    pub(crate) segments: Vec<SegmentLine>,
    pub(crate) imports: Vec<ImportLine>,
}

impl ImportLine {
    /// As JSON, with stable keys.
    pub fn to_json(&self) -> Value {
        json!({
            "number": self.number,
            "date": self.date,
            "sources": self.sources,
            "added": self.added,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "kept": self.kept,
            "damaged": self.damaged,
        })
    }

    fn from_json(json: &Value) -> Option<Self> {
        let number = |key: &str| json.get(key)?.as_u64();
        let texts = json.get("sources")?.as_array()?;
        Some(Self {
            number: number("number")?,
            date: json.get("date")?.as_str()?.to_owned(),
            sources: texts.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            added: number("added")?,
            changed: number("changed")?,
            unchanged: number("unchanged")?,
            kept: number("kept")?,
            damaged: number("damaged")?,
        })
    }
}

impl Manifest {
    /// Reads the manifest of a folder; `None` where there is none.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, StoreError> {
        let path = folder.join(NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::file(&path)(error)),
        };
        let wrong = |what: &str| StoreError::Manifest { path: path.clone(), what: what.to_owned() };
        let json: Value = serde_json::from_str(&text).map_err(|_| wrong("is damaged"))?;
        match json["form"].as_u64() {
            Some(FORM) => {}
            Some(_) => {
                return Err(wrong(
                    "was written by another version of the program: import the records anew",
                ));
            }
            None => return Err(wrong("is damaged")),
        }
        Self::from_json(&json).map(Some).ok_or_else(|| wrong("is damaged"))
    }

    fn from_json(json: &Value) -> Option<Self> {
        let is_plain = |name: &str| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
        };
        let mut segments = Vec::new();
        for line in json["segments"].as_array()? {
            let file = line["file"].as_str()?.to_owned();
            let gone = line["gone"].as_str().map(str::to_owned);
            if !is_plain(&file) || gone.as_deref().is_some_and(|name| !is_plain(name)) {
                return None;
            }
            segments.push(SegmentLine { file, gone });
        }
        let imports = json["imports"].as_array()?.iter().map(ImportLine::from_json);
        Some(Self {
            generation: json["generation"].as_u64()?,
            next: json["next"].as_u64()?,
            segments,
            imports: imports.collect::<Option<Vec<_>>>()?,
        })
    }

    fn to_json(&self) -> Value {
        let segments: Vec<Value> = self
            .segments
            .iter()
            .map(|line| json!({ "file": line.file, "gone": line.gone }))
            .collect();
        let imports: Vec<Value> = self.imports.iter().map(ImportLine::to_json).collect();
        json!({
            "form": FORM,
            "generation": self.generation,
            "next": self.next,
            "segments": segments,
            "imports": imports,
        })
    }

    /// Replaces the manifest of a folder by one rename.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), StoreError> {
        whole(&folder.join(NAME), format!("{:#}\n", self.to_json()).as_bytes())
    }

    /// Removes what an import that was stopped, or a change, has left in the folder.
    pub(crate) fn sweep(&self, folder: &Path) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_ours = ["seg", "gone", "part"].iter().any(|end| {
                let stem = name.strip_suffix(end).and_then(|stem| stem.strip_suffix('.'));
                stem.is_some_and(|stem| stem.starts_with(|c: char| c.is_ascii_digit() || c == 'm'))
            });
            let counts = self
                .segments
                .iter()
                .any(|line| line.file == name || line.gone.as_deref() == Some(name.as_str()));
            if is_ours && !counts {
                // What cannot be removed now is removed next time.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Writes a file beside its place, forces it to the disk and moves it there.
pub(crate) fn whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let part = path.with_added_extension("part");
    let written = File::create(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&part, path)).map_err(StoreError::file(path))?;
    if let Some(folder) = path.parent().and_then(|folder| File::open(folder).ok()) {
        // Not every system can force a folder to the disk.
        let _ = folder.sync_all();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_comes_back_and_a_damaged_one_says_so() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap(), None);
        let segments = vec![SegmentLine { file: "000001.seg".to_owned(), gone: None }];
        let imports = vec![ImportLine { number: 1, added: 2, ..ImportLine::default() }];
        let manifest = Manifest { generation: 4, next: 2, segments, imports };
        manifest.write(folder.path()).unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap(), Some(manifest));
        for text in
            ["{", "{}", "{\"form\": 99}", "{\"form\": 2, \"segments\": [{\"file\": \"../x\"}]}"]
        {
            fs::write(folder.path().join(NAME), text).unwrap();
            assert!(Manifest::read(folder.path()).is_err(), "{text}");
        }
    }
}
