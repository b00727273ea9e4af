//! Readers meet damaged bytes: whatever a file holds, there is a table or a problem, never a panic.
//!
//! Mutations are drawn from a seed: bytes changed, cut out, doubled, swapped between places.

#![allow(clippy::print_stdout, reason = "counts and times are what is asked for")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use cytotrial_records::dataset_json::{Wrapper, pack};
use cytotrial_records::format::{read, write};
use cytotrial_records::import::{Mapping, study_of};
use cytotrial_records::{Analyte, EventTerm, Format, Study, Treatment, adam};

/// A small generator with the constants of Knuth's MMIX.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, limit: usize) -> usize {
        if limit == 0 { 0 } else { self.next() as usize % limit }
    }
}

/// Pieces that break tables.
const PIECES: &[&[u8]] = &[
    b"\"",
    b",",
    b"\n",
    b"\r\n",
    b"\0",
    b"\xff",
    b"NaN",
    b"1e999",
    b"-1",
    b"[",
    b"]",
    b"{",
    b"}",
    b"null",
    b"\xef\xbb\xbf",
    b"99999999999999999999",
    b"PAR1",
    b"HEADER RECORD*******",
    b"=cmd",
];

fn mutated(original: &[u8], draws: &mut Draws) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..=draws.below(4) {
        let at = draws.below(bytes.len());
        match draws.below(6) {
            0 if !bytes.is_empty() => bytes[at] = draws.next() as u8,
            1 if !bytes.is_empty() => bytes[at] ^= 1 << draws.below(8),
            2 => bytes.truncate(at),
            3 => {
                let end = (at + draws.below(64)).min(bytes.len());
                bytes.drain(at..end);
            }
            4 => {
                let end = (at + draws.below(200)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                let to = draws.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            _ => {
                let piece = PIECES[draws.below(PIECES.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
        }
    }
    bytes
}

/// Files to damage: the published examples and the tables of a small study, by name and bytes.
fn corpus(format: Format) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/records");
    for name in ["ta", "adtte"] {
        let file = format!("{name}.{}", format.ending());
        if let Ok(bytes) = fs::read(folder.join(&file)) {
            if format == Format::DatasetDsjc {
                let lines = fs::read(folder.join(format!("{name}.ndjson"))).expect("a golden file");
                files.push((file.clone(), pack(&lines[..lines.len().min(4000)], Wrapper::Zlib)));
            }
            files.push((file, bytes));
        }
    }
    let mut study = Study { name: "S".into(), ..Study::default() };
    for id in ["S-1", "S-2", "S-3"] {
        let row = study.push_subject(id, "A");
        for day in 0..5 {
            let day = 28.0 * f64::from(day);
            study.findings.push(row, Analyte::SerumMProtein, day, 30.0 - day / 7.0, false);
            study.findings.push(row, Analyte::TransgeneCopies, day, 50.0, true);
        }
        study.exposures.push(row, Treatment::CellProduct, 0.0, 1e8, 1e8);
        study.events.push(row, EventTerm::Infection, 3.0, Some(9.0), 2, true);
    }
    for table in adam::tables(&study) {
        let bytes = write(&table, format, "2024-05-17T00:00:00").expect("a table");
        files.push((format!("{}.{}", table.name, format.ending()), bytes));
    }
    files
}

/// Reads so many damaged files of a format; tables that can be read are taken for a study.
#[track_caller]
fn assert_survives(format: Format, count: usize, seed: u64) {
    let corpus = corpus(format);
    let mut draws = Draws(seed);
    let (mut read_as_tables, mut refused) = (0, 0);
    for at in 0..count {
        let (file, original) = &corpus[at % corpus.len()];
        let bytes = mutated(original, &mut draws);
        let outcome = catch_unwind(AssertUnwindSafe(|| match read(file, &bytes) {
            Ok(sheet) => {
                let _ = study_of(&[sheet], &Mapping::default());
                true
            }
            Err(problems) => {
                assert!(!problems.is_empty() && problems.iter().all(|p| !p.message.is_empty()));
                false
            }
        }));
        match outcome {
            Ok(true) => read_as_tables += 1,
            Ok(false) => refused += 1,
            Err(_) => {
                let place = std::env::temp_dir().join(format!("mutation-{seed}-{at}-{file}"));
                fs::write(&place, &bytes).expect("a place for the bytes");
                panic!("{format:?}, seed {seed}, mutation {at} of {file}: see {}", place.display());
            }
        }
    }
    println!("{format:?}: {count} mutations, {read_as_tables} read, {refused} refused");
    assert!(refused > 0, "{format:?}: nothing was refused");
}

#[test]
fn damaged_files_of_every_format_are_read_or_refused() {
    for format in Format::ALL {
        assert_survives(format, 400, 1);
    }
}

#[test]
#[ignore = "long: two million damaged files"]
fn very_many_damaged_files_are_read_or_refused() {
    for format in Format::ALL {
        let count = if format == Format::DatasetDsjc { 100_000 } else { 380_000 };
        assert_survives(format, count, 7);
    }
}
