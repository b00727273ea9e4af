//! Small and thinned segments written together again, so that their number stays small.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::Value;

use crate::segment::write::Writer;
use crate::segment::{LastBlock, Segment};
use crate::store::manifest::{Manifest, SegmentLine};
use crate::store::{Live, Store, StoreError};

/// Records of a small segment, and how many of those may stand.
const SMALL: u32 = 2000;
const FEW: usize = 8;

/// Writes small segments together where there are many, and those of which most is gone.
pub(crate) fn compact(folder: &Path, mut manifest: Manifest) -> Result<(), StoreError> {
    let store = Store::open(folder)?;
    let live: Vec<u32> = store.segments.iter().map(count).collect();
    let is_small = |at: &usize| live[*at] < SMALL;
    let has_many = (0..live.len()).filter(is_small).count() > FEW;
    let is_chosen = |at: &usize| {
        let total = store.segments[*at].segment.count;
        has_many && is_small(at) || live[*at] * 2 < total
    };
    let chosen: Vec<usize> = (0..live.len()).filter(is_chosen).collect();
    if chosen.is_empty() {
        return Ok(());
    }
    let mut writer = Writer::new();
    for at in &chosen {
        add(&store.segments[*at], &mut writer)?;
    }
    let mut segments: Vec<SegmentLine> = (0..)
        .zip(&manifest.segments)
        .filter(|(at, _)| !chosen.contains(at))
        .map(|(_, line)| line.clone())
        .collect();
    if writer.len() > 0 {
        let file = format!("{:06}.seg", manifest.next);
        let part = folder.join(format!("{file}.part"));
        let written = File::create(&part).and_then(|part| {
            let mut out = BufWriter::with_capacity(1 << 20, part);
            writer.finish(&mut out)?;
            out.flush()?;
            out.get_ref().sync_all()
        });
        let place = folder.join(&file);
        written.and_then(|()| fs::rename(&part, &place)).map_err(StoreError::file(&place))?;
        segments.push(SegmentLine { file, gone: None });
    }
    manifest.segments = segments;
    manifest.next += 1;
    manifest.generation += 1;
    manifest.write(folder)?;
    manifest.sweep(folder);
    Ok(())
}

fn count(live: &Live) -> u32 {
    let gone: u32 = live.gone.iter().map(|byte| byte.count_ones()).sum();
    live.segment.count.saturating_sub(gone)
}

fn add(live: &Live, writer: &mut Writer) -> Result<(), StoreError> {
    let segment: &Segment = &live.segment;
    let mut last = LastBlock::default();
    for record in (0..segment.count).filter(|record| !live.is_gone(*record)) {
        let (origin, text) = segment.text(record, &mut last)?;
        let json: Value = serde_json::from_str(&text).unwrap_or_default();
        let digest = segment.digest(record).try_into().unwrap_or([0; 16]);
        writer.add(segment.id(record), &origin, &text, &json, digest);
    }
    Ok(())
}
