//! Damages the files of a study for a given time and evaluates what is left: no crash is allowed.
//!
//! ```text
//! cargo run --release -p cytotrial --example damaged_tables -- --reader xpt --seconds 600 --seed 1
//! ```
//!
//! Readers: csv-wide, csv-long, parquet, json, ndjson, dsjc, xpt, mapping. Every execution takes a
//! whole evaluation: reading, checks, criteria, tables, and the course of a subject. A crash leaves
//! the damaged file in the folder of temporary files and its name on stderr.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example speaks to a terminal")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use cytotrial::operation::evaluate::{
    DataFile, EvaluateError, READER_THREAD, Request, of_sheets, proposed_mapping, run, sheets,
    shown,
};
use cytotrial::operation::report::Form;
use cytotrial::protocol::Protocol;
use cytotrial::protocol::files::Files;
use records::Format;
use records::dataset_json::{Wrapper, pack, unpack};
use records::format::write;
use records::import::Mapping;

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

    fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

/// Texts that break tables and cells.
const PIECES: &[&str] = &[
    "\"",
    "\"\"",
    ",",
    ";",
    "\t",
    "\n",
    "\r\n",
    "\r",
    "\0",
    "NaN",
    "inf",
    "-inf",
    "1e308",
    "1e-320",
    "1e999",
    "-1",
    "-0",
    "0",
    "0x10",
    "1,5",
    "<5",
    ">1000",
    "<",
    "[",
    "]",
    "{",
    "}",
    "[]",
    "{}",
    "null",
    "true",
    "\u{feff}",
    "99999999999999999999",
    "-9223372036854775809",
    "PAR1",
    "#",
    "HEADER RECORD*******",
    "=cmd",
    "2024-02-30",
    "2024",
    "2024-13",
    "0000-00-00",
    "9999-12-31",
    "99999-01-01",
    "2024-01-01T25:61",
    "-99999999",
    "1e9",
    "ä€𝄞",
    "\u{202e}",
    "P",
    "N",
    "Y",
    "g/L",
    "mg/dL",
    "10^9/L",
    "SPEP",
    "CELLS",
    "subject",
    "day",
    "date",
    "USUBJID",
    "\\u0000",
    "\\ud800",
    "'",
    "'=1+1",
    "D",
    "DEAD",
    "kappa",
    "5",
    "6",
    "-7",
    "VGPR",
    "COMPUTED",
    "28",
    "1e5",
    "0.1",
    " ",
    "  ",
];

/// Numbers that break lengths and counts.
const WORDS: &[u32] = &[
    0,
    1,
    7,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x10000,
    0x7fff_ffff,
    0x8000_0000,
    u32::MAX,
];

/// Bytes changed, cut out, doubled, swapped, overwritten.
fn damage(bytes: &mut Vec<u8>, draws: &mut Draws) {
    for _ in 0..=draws.below(5) {
        if bytes.is_empty() {
            return;
        }
        let at = draws.below(bytes.len());
        let to = draws.below(bytes.len());
        match draws.below(9) {
            0 => bytes[at] = draws.next() as u8,
            1 => bytes[at] ^= 1 << draws.below(8),
            2 if draws.below(4) == 0 => bytes.truncate(at),
            3 => {
                let end = (at + draws.below(64)).min(bytes.len());
                bytes.drain(at..end);
            }
            4 => {
                let end = (at + draws.below(300)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(to..to, piece);
            }
            5 => bytes.swap(at, to),
            6 => {
                let word = WORDS[draws.below(WORDS.len())];
                let word =
                    if draws.below(2) == 0 { word.to_le_bytes() } else { word.to_be_bytes() };
                let end = (at + 1 + draws.below(4)).min(bytes.len());
                bytes[at..end].copy_from_slice(&word[..end - at]);
            }
            7 => {
                let piece = draws.of(PIECES).as_bytes();
                let end = (at + piece.len()).min(bytes.len());
                bytes.splice(at..end, piece.iter().copied());
            }
            _ => {
                let piece = draws.of(PIECES).as_bytes();
                bytes.splice(at..at, piece.iter().copied());
            }
        }
    }
}

/// Cells and rows of separated text, replaced, taken away, doubled, moved.
fn damage_cells(text: &str, separator: char, draws: &mut Draws) -> String {
    let mut rows: Vec<Vec<String>> =
        text.lines().map(|line| line.split(separator).map(str::to_owned).collect()).collect();
    for _ in 0..=draws.below(6) {
        let (row, other) = (draws.below(rows.len()), draws.below(rows.len()));
        let (cell, next) = (draws.below(rows[row].len()), draws.below(rows[other].len()));
        match draws.below(7) {
            0 => draws.of(PIECES).clone_into(&mut rows[row][cell]),
            1 => rows[row][cell].push_str(draws.of(PIECES)),
            2 => {
                let copied = rows[other][next].clone();
                rows[row][cell] = copied;
            }
            3 => rows.swap(row, other),
            4 => {
                let twice = rows[row].clone();
                rows.insert(other, twice);
            }
            5 if rows.len() > 2 => drop(rows.remove(row)),
            _ => drop(rows[row].remove(cell)),
        }
        for row in &mut rows {
            if row.is_empty() {
                row.push(String::new());
            }
        }
    }
    let separator = separator.to_string();
    rows.iter().map(|row| row.join(&separator)).collect::<Vec<_>>().join("\n")
}

/// A reader with the files of a study, of which those of `damaged` are damaged.
struct Target {
    files: Vec<DataFile>,
    damaged: Vec<usize>,
    format: Option<Format>,
}

fn site_files() -> Vec<DataFile> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/evaluate");
    let file = |name: &str| DataFile {
        name: name.to_owned(),
        bytes: fs::read(folder.join(name)).expect("an example file"),
    };
    let names =
        ["subjects.csv", "visits.csv", "results.csv", "doses.csv", "events.csv", "responses.csv"];
    names.map(file).to_vec()
}

fn trial() -> Files {
    Files::bundled("NCT06379451").expect("the bundled trial")
}

fn target(reader: &str) -> Option<Target> {
    let site = site_files();
    let format = match reader {
        "csv-wide" => return Some(Target { files: site, damaged: vec![1, 0], format: None }),
        "csv-long" => return Some(Target { files: site, damaged: vec![2, 3, 4, 5], format: None }),
        "mapping" => return Some(Target { files: site, damaged: Vec::new(), format: None }),
        "parquet" => Format::Parquet,
        "json" => Format::DatasetJson,
        "ndjson" => Format::DatasetNdjson,
        "dsjc" => Format::DatasetDsjc,
        "xpt" => Format::Xpt,
        _ => return None,
    };
    let request = Request { files: trial(), data: site, ..Request::default() };
    let evaluation = run(&request).expect("the example has no problems");
    let kept = ["adsl", "adlb", "adex", "adae", "adpc", "advs", "adtr", "adrs"];
    let mut files: Vec<DataFile> = evaluation
        .tables()
        .iter()
        .filter(|table| kept.contains(&table.name.as_str()))
        .map(|table| DataFile {
            name: format!("{}.{}", table.name, format.ending()),
            bytes: write(table, format, "2024-05-17T00:00:00").expect("a table"),
        })
        .collect();
    let mut damaged: Vec<usize> = (0..files.len()).collect();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/records");
    for name in ["ta", "adtte"] {
        let name = format!("{name}.{}", format.ending());
        if let Ok(bytes) = fs::read(golden.join(&name)) {
            damaged.push(files.len());
            files.push(DataFile { name, bytes });
        }
    }
    Some(Target { files, damaged, format: Some(format) })
}

impl Target {
    /// A study with damage, and what was damaged.
    fn request(&self, trial: &Files, mapping: &str, draws: &mut Draws) -> (Request, DataFile) {
        let mut request =
            Request { files: trial.clone(), data: self.files.clone(), ..Request::default() };
        if self.damaged.is_empty() {
            let mut bytes = mapping.as_bytes().to_vec();
            if draws.below(2) == 0 {
                bytes = damage_cells(mapping, '"', draws).into_bytes();
            } else {
                damage(&mut bytes, draws);
            }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            request.mapping = Some(("mapping.toml".into(), text));
            return (request, DataFile { name: "mapping.toml".into(), bytes });
        }
        let at = self.damaged[draws.below(self.damaged.len())];
        let file = &mut request.data[at];
        match (self.format, draws.below(3)) {
            (None | Some(Format::DatasetJson | Format::DatasetNdjson), 0 | 1) => {
                let text = String::from_utf8_lossy(&file.bytes);
                file.bytes = damage_cells(&text, ',', draws).into_bytes();
            }
            (Some(Format::DatasetDsjc), 0 | 1) => {
                // damage within the wrapper, else only the wrapper is met
                let mut lines = unpack("a.dsjc", &file.bytes).expect("a whole file");
                damage(&mut lines, draws);
                let wrapper = if draws.below(2) == 0 { Wrapper::Zlib } else { Wrapper::Gzip };
                file.bytes = pack(&lines, wrapper);
            }
            _ => damage(&mut file.bytes, draws),
        }
        let damaged = file.clone();
        // only some of the studies keep the table of subjects
        if draws.below(8) == 0 {
            request.data.retain(|other| other.name == damaged.name);
        }
        (request, damaged)
    }
}

/// One evaluation with all that follows from it; whether there were no errors.
fn execute(request: &Request, protocol: &Protocol) -> bool {
    // the protocol is the same every time
    let mapping = match &request.mapping {
        None => Mapping::default(),
        Some((_, text)) => match toml::from_str::<Mapping>(text) {
            Ok(mapping) if mapping.problems().is_empty() => mapping,
            _ => return false,
        },
    };
    let outcome = sheets(&request.data)
        .map_err(EvaluateError::Data)
        .and_then(|sheets| of_sheets(protocol.clone(), &sheets, &mapping, None));
    match outcome {
        Ok(evaluation) => {
            let _ = evaluation.tables();
            let _ = evaluation.json().to_string();
            let _ = shown(&evaluation.warnings, &request.data);
            let first = evaluation.study.subjects.id.first().cloned().unwrap_or_default();
            let _ = evaluation.explain(&first, Form::Text { width: 80, coloured: false });
            true
        }
        Err(EvaluateError::Data(problems)) => {
            assert!(problems.iter().any(|problem| !problem.message.is_empty()));
            let _ = shown(&problems, &request.data);
            false
        }
        Err(EvaluateError::Input(problems)) => {
            assert!(!problems.is_empty());
            false
        }
    }
}

/// Leaves a damaged file for a closer look.
fn kept(why: &str, seed: u64, count: u64, damaged: &DataFile) {
    let place = std::env::temp_dir().join(format!("damaged-{seed}-{count}-{}", damaged.name));
    fs::write(&place, &damaged.bytes).expect("a place for the bytes");
    eprintln!("{why}: {}", place.display());
}

fn argument(name: &str) -> Option<String> {
    let mut given = std::env::args().skip_while(|text| text != name);
    given.next()?;
    given.next()
}

fn main() -> ExitCode {
    let reader = argument("--reader").unwrap_or_default();
    let seconds = argument("--seconds").and_then(|text| text.parse().ok()).unwrap_or(10);
    let seed: u64 = argument("--seed").and_then(|text| text.parse().ok()).unwrap_or(1);
    let Some(target) = target(&reader) else {
        eprintln!("--reader csv-wide|csv-long|parquet|json|ndjson|dsjc|xpt|mapping");
        return ExitCode::from(2);
    };
    let trial = trial();
    let site = Request { files: trial.clone(), data: site_files(), ..Request::default() };
    let protocol = run(&site).expect("the example has no problems").protocol;
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        // what the Parquet library's thread says of a damaged file is told as a problem
        if std::thread::current().name() != Some(READER_THREAD) {
            told(panic);
        }
    }));
    let mapping = proposed_mapping(&target.files).expect("the example can be read");
    let mut draws = Draws(seed);
    let (mut count, mut evaluated) = (0_u64, 0_u64);
    let mut longest = Duration::ZERO;
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(seconds) {
        let (request, damaged) = target.request(&trial, &mapping, &mut draws);
        let began = Instant::now();
        let keep = |why: &str, count: u64| kept(why, seed, count, &damaged);
        let Ok(fine) = catch_unwind(AssertUnwindSafe(|| execute(&request, &protocol))) else {
            keep("a crash", count);
            return ExitCode::from(3);
        };
        evaluated += u64::from(fine);
        count += 1;
        let took = began.elapsed();
        if took > longest {
            longest = took;
            if took > Duration::from_secs(2) {
                keep("slow", count);
            }
        }
    }
    println!(
        "{reader}: {count} executions in {seconds} s, {evaluated} evaluated, {} refused, \
         longest {:.3} s",
        count - evaluated,
        longest.as_secs_f64()
    );
    ExitCode::SUCCESS
}
