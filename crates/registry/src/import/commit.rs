//! New segments join a store: what they replace is marked, and the manifest changes by one rename.

use std::collections::BTreeMap;

use super::batch::Built;
use super::{Imported, Read, Request, TOLD, Task};
use crate::segment::Segment;
use crate::store::manifest::{ImportLine, Manifest, SegmentLine, whole};
use crate::store::{Address, Live, Store, StoreError};
use crate::{bundled, compact, diff};

/// A segment after the import: its line, and which records are gone.
struct Line {
    said: SegmentLine,
    gone: Vec<u8>,
    is_changed: bool,
}

impl Line {
    fn mark(&mut self, record: u32) {
        let at = record as usize / 8;
        if self.gone.len() <= at {
            self.gone.resize(at + 1, 0);
        }
        let before = self.gone[at];
        self.gone[at] |= 1 << (record % 8);
        self.is_changed |= self.gone[at] != before;
    }
}

/// Puts the built segments into the manifest and counts what happened.
pub(crate) fn commit(
    task: &Task,
    mut manifest: Manifest,
    built: Vec<Result<Built, StoreError>>,
    mut read: Read,
) -> Result<Imported, StoreError> {
    let folder = &task.request.store;
    let built: Vec<Built> = built.into_iter().collect::<Result<_, _>>()?;
    let mut line = ImportLine {
        number: task.import,
        date: task.request.now.clone(),
        sources: sources(task.request),
        ..ImportLine::default()
    };
    for one in &built {
        line.kept += one.kept;
        line.unchanged += one.unchanged.len() as u64;
        read.damaged += one.read.damaged;
        read.damages.extend(one.read.damages.iter().cloned());
    }
    let mut lines: Vec<Line> = (0..)
        .zip(&manifest.segments)
        .map(|(at, line)| Line {
            said: line.clone(),
            gone: task.old.segments.get(at).map_or_else(Vec::new, |live: &Live| live.gone.clone()),
            is_changed: false,
        })
        .collect();
    let changes = replace(task, &built, &mut lines, &mut line)?;
    line.damaged = read.damaged;
    manifest.generation += 1;
    for entry in &mut lines {
        if entry.is_changed {
            let stem = entry.said.file.trim_end_matches(".seg");
            let name = format!("{stem}.{:06}.gone", manifest.generation);
            whole(&folder.join(&name), &entry.gone)?;
            entry.said.gone = Some(name);
        }
    }
    manifest.segments = lines.into_iter().map(|entry| entry.said).collect();
    manifest.next = task.first_segment + built.len() as u64 + 1;
    for one in &built {
        manifest.next = manifest.next.max(one.number + 1);
    }
    if !changes.is_empty() {
        let name = folder.join(diff::file_name(task.import));
        whole(&name, changes.as_bytes())?;
    }
    manifest.imports.push(line.clone());
    manifest.write(folder)?;
    manifest.sweep(folder);
    compact::compact(folder, manifest)?;
    read.damages.sort();
    read.damages.truncate(TOLD);
    Ok(Imported { line, damages: read.damages, is_stopped: read.is_stopped })
}

/// What was read, in order.
fn sources(request: &Request) -> Vec<String> {
    let bundled = request.with_bundled.then(|| bundled::SOURCE.to_owned());
    let files = request.sources.iter().map(|path| path.display().to_string());
    bundled.into_iter().chain(files).collect()
}

/// Marks what the new records replace, counts it, and tells the changes as lines.
fn replace(
    task: &Task,
    built: &[Built],
    lines: &mut Vec<Line>,
    line: &mut ImportLine,
) -> Result<String, StoreError> {
    let folder = &task.request.store;
    // The newest of each id, and the richest.
    let mut newest: BTreeMap<&str, (usize, u32, u8)> = BTreeMap::new();
    let mut opened: Vec<Live> = Vec::new();
    let first_new = lines.len();
    for one in built {
        let Some(file) = &one.file else { continue };
        let path = folder.join(file);
        let segment = Segment::open(&path).map_err(StoreError::file(&path))?;
        let at = lines.len();
        lines.push(Line {
            said: SegmentLine { file: file.clone(), gone: None },
            gone: Vec::new(),
            is_changed: false,
        });
        for (record, (id, is_replaced)) in (0..).zip(&one.records) {
            if *is_replaced {
                lines[at].mark(record);
                continue;
            }
            let richness = segment.digest(record).last().copied().unwrap_or(0);
            match newest.get(id.as_str()) {
                Some((_, _, known)) if *known > richness => {
                    lines[at].mark(record);
                    line.kept += 1;
                }
                known => {
                    if let Some((segment, record, _)) = known {
                        lines[*segment].mark(*record);
                    }
                    newest.insert(id, (at, record, richness));
                }
            }
        }
        opened.push(Live { segment, gone: Vec::new() });
    }
    let new = Store { segments: opened, ..Store::empty() };
    let mut changes = String::new();
    let mut last = diff::Pair::default();
    for (id, (at, record, _)) in newest {
        match task.old.find(id) {
            None => {
                line.added += 1;
                // The first import of all is no change.
                if task.import > 1 {
                    changes.push_str(&diff::line_of_new(id));
                }
            }
            Some(old) => {
                line.changed += 1;
                lines[old.segment as usize].mark(old.record);
                let now = Address { segment: (at - first_new) as u32, record };
                let change = last.change((task.old, old), (&new, now))?;
                changes.push_str(&change);
            }
        }
    }
    Ok(changes)
}
