//! A batch of items made into a segment: records read, compared with what is there, indexed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};

use super::parse::parse;
use super::{Batch, Item, Read, Task};
use crate::segment::write::Writer;
use crate::store::StoreError;

/// A segment that was written and is not yet in the manifest.
pub(crate) struct Built {
    /// Its number.
    pub(crate) number: u64,
    /// Its file; `None` where no record was new.
    pub(crate) file: Option<String>,
    /// Per record in it: the id, and whether a later one of the same batch replaced it.
    pub(crate) records: Vec<(String, bool)>,
    /// Ids whose content was there already.
    pub(crate) unchanged: Vec<String>,
    /// Ids left as they were, because what came was of a poorer form.
    pub(crate) kept: u64,
    pub(crate) read: Read,
}

/// Reads and indexes a batch, and writes its segment.
pub(crate) fn build(task: &Task, batch: Batch) -> Result<Built, StoreError> {
    let mut writer = Writer::new();
    let mut built = Built {
        number: batch.number,
        file: None,
        records: Vec::new(),
        unchanged: Vec::new(),
        kept: 0,
        read: Read::default(),
    };
    let mut newest: BTreeMap<String, usize> = BTreeMap::new();
    for item in batch.items {
        add(task, item, &mut writer, &mut built, &mut newest);
    }
    if writer.len() > 0 {
        let name = format!("{:06}.seg", batch.number);
        let part = task.request.store.join(format!("{name}.part"));
        let written = File::create(&part).and_then(|file| {
            let mut out = BufWriter::with_capacity(1 << 20, file);
            writer.finish(&mut out)?;
            out.flush()?;
            out.get_ref().sync_all()
        });
        let place = task.request.store.join(&name);
        written.and_then(|()| fs::rename(&part, &place)).map_err(StoreError::file(&place))?;
        built.file = Some(name);
    }
    Ok(built)
}

fn add(
    task: &Task,
    item: Item,
    writer: &mut Writer,
    built: &mut Built,
    newest: &mut BTreeMap<String, usize>,
) {
    let Item { place, content } = item;
    let (record, form) = match parse(content) {
        Ok(formed) => formed,
        Err(what) => return built.read.damage(place.shown(), what),
    };
    let text = record.json.to_string();
    let digest = form.digest(&text);
    let id = record.key.id.clone();
    // What is there: of this batch, or else of the store.
    let before: Option<Vec<u8>> = newest.get(&id).map(|at| writer.digest(*at).to_vec());
    let before = before.or_else(|| {
        let address = task.old.find(&id)?;
        let live = task.old.segments.get(address.segment as usize)?;
        Some(live.segment.digest(address.record).to_vec())
    });
    if let Some(before) = &before {
        if before.as_slice() == digest {
            if !newest.contains_key(&id) {
                built.unchanged.push(id);
            }
            return;
        }
        if before.last().is_some_and(|richness| *richness > form.richness()) {
            built.kept += 1;
            return;
        }
    }
    let number = writer.len();
    writer.add(&id, &task.origin(&place.source, form).to_line(), &text, &record.json, digest);
    built.records.push((id.clone(), false));
    if let Some(replaced) = newest.insert(id, number) {
        built.records[replaced].1 = true;
    }
}
