//! Damaged and hostile files: each is told in a message, nothing is half imported, memory stays small.

#![allow(clippy::unwrap_used, reason = "helpers of tests, outside of them")]

use std::fs;
use std::io::Write;
use std::path::Path;

use cytotrial_registry::Store;
use cytotrial_registry::import::{Damage, Request, import};

const RECORD: &str = r#"{"protocolSection":{"identificationModule":{"nctId":"NCT00000102","briefTitle":"A trial"},"designModule":{"phases":["PHASE1"]}},"hasResults":false}"#;
const XML: &str = "<clinical_study><id_info><nct_id>NCT00000104</nct_id></id_info><brief_title>A &amp; b</brief_title>\
    <eligibility><criteria><textblock>One\n-  two</textblock></criteria></eligibility></clinical_study>";
const TABLE: &str = "NCT Number,Study Title,Phases\nNCT00000105,\"A, \"\"b\"\"\",PHASE1|PHASE2\n";

/// Imports one file: how many records came in, and the damages.
fn bring(name: &str, bytes: &[u8]) -> (usize, Vec<Damage>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    fs::write(&file, bytes).unwrap();
    bring_path(&file)
}

fn bring_path(file: &Path) -> (usize, Vec<Damage>) {
    let folder = tempfile::tempdir().unwrap();
    let request = Request {
        store: folder.path().to_owned(),
        sources: vec![file.to_owned()],
        now: "now".to_owned(),
        threads: 1,
        with_bundled: false,
        segment_bytes: 0,
    };
    let imported = import(&request, &|_| true).unwrap();
    let store = Store::open(folder.path()).unwrap();
    for stored in store.records(store.sorted()) {
        assert!(stored.unwrap().record.json["protocolSection"].is_object());
    }
    (store.count(), imported.damages)
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A zip archive with deflated entries.
fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    for (name, content) in entries {
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(content).unwrap();
        let body = encoder.finish().unwrap();
        let start = bytes.len() as u32;
        let mut numbers = Vec::new();
        numbers.extend([20, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        numbers.extend((body.len() as u32).to_le_bytes());
        numbers.extend((content.len() as u32).to_le_bytes());
        numbers.extend((name.len() as u16).to_le_bytes());
        numbers.extend([0, 0]);
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&numbers);
        bytes.extend(name.as_bytes());
        bytes.extend(&body);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&numbers);
        directory.extend([0; 10]);
        directory.extend(start.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let start = bytes.len() as u32;
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\x00\x00\x00\x00");
    bytes.extend((entries.len() as u16).to_le_bytes());
    bytes.extend((entries.len() as u16).to_le_bytes());
    bytes.extend((directory.len() as u32).to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

#[test]
fn every_form_is_read_alone_packed_and_from_an_archive() {
    for (name, text) in [("a.json", RECORD), ("a.xml", XML), ("a.csv", TABLE)] {
        assert_eq!(bring(name, text.as_bytes()), (1, vec![]), "{name}");
        assert_eq!(bring(&format!("{name}.gz"), &packed(text.as_bytes())), (1, vec![]), "{name}");
    }
    let page = format!("{{\"totalCount\":1,\"studies\":[{RECORD}]}}");
    let all = archive(&[
        ("x/a.json", page.as_bytes()),
        ("b.xml", XML.as_bytes()),
        ("c.csv", TABLE.as_bytes()),
        ("readme.txt", b"no"),
    ]);
    assert_eq!(bring("all.zip", &all), (3, vec![]));
    let marked = format!("\u{feff}{TABLE}");
    assert_eq!(bring("a.csv", marked.as_bytes()), (1, vec![]));
}

#[test]
fn damage_is_told_with_its_place_and_the_rest_is_read() {
    let text = format!(
        "{RECORD}\n{{\"protocolSection\": 3}}\nnonsense\n\n{}",
        RECORD.replace("102", "103")
    );
    let (count, damages) = bring("a.jsonl", text.as_bytes());
    assert_eq!(count, 2);
    let places: Vec<&str> =
        damages.iter().map(|damage| damage.place.rsplit(", ").next().unwrap()).collect();
    assert_eq!(places, ["line 2", "line 3"], "{damages:?}");
    let (count, damages) = bring("a.json", format!("[{RECORD}, {{\"a\":").as_bytes());
    assert_eq!((count, damages.len()), (1, 1));
    let (count, damages) =
        bring("a.csv", format!("{TABLE}too,many,cells,here\n,no id,\n").as_bytes());
    assert_eq!((count, damages.len()), (1, 2), "{damages:?}");
    for (name, bytes) in [
        ("a.json", &b""[..]),
        ("a.json", b"{}"),
        ("a.json", b"\x00\x01\x02"),
        ("a.csv", b"a,b\n1,2\n"),
        ("a.xml", b"<html></html>"),
        ("a.xml", b"<clinical_study></clinical_study>"),
        ("a.zip", b"PK\x03\x04 and nothing"),
        ("a.gz", b"\x1f\x8b\x08\x00 and nothing"),
        ("a.json", b"{\"protocolSection\":{\"identificationModule\":{\"nctId\":{\"a\":1}}}}"),
    ] {
        let (count, damages) = bring(name, bytes);
        assert_eq!((count, damages.len()), (0, 1), "{name}: {damages:?}");
    }
}

#[test]
fn bombs_are_refused_with_one_message() {
    // Entities in entities, a hundred billion in the end.
    let mut laughs = String::from("<!DOCTYPE lolz [<!ENTITY l0 \"lol\">");
    for level in 1..12 {
        let ten = format!("&l{};", level - 1).repeat(10);
        laughs += &["<!ENTITY l", &level.to_string(), " \"", &ten, "\">"].concat();
    }
    laughs.push_str("]><clinical_study><brief_title>&l11;</brief_title></clinical_study>");
    let deep_json = "[".repeat(200_000);
    let deep_object = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    let deep_xml = "<clinical_study>".repeat(100_000);
    let blanks = vec![b' '; 100 << 20];
    for (name, bytes) in [
        ("laughs.xml", laughs.into_bytes()),
        ("deep.json", deep_json.into_bytes()),
        ("object.json", deep_object.into_bytes()),
        ("deep.xml", deep_xml.into_bytes()),
        ("bomb.json.gz", packed(&blanks)),
        ("bomb.zip", archive(&[("a.json", &blanks)])),
        ("twice.gz", packed(&packed(RECORD.as_bytes()))),
        ("twice.zip", archive(&[("a.zip", &archive(&[("a.json", RECORD.as_bytes())]))])),
    ] {
        let (count, damages) = bring(name, &bytes);
        assert_eq!((count, damages.len()), (0, 1), "{name}: {damages:?}");
    }
}

/// Writes a record whose title is as long as that.
fn long_field(path: &Path, bytes: usize, end: &str) {
    let mut file = std::io::BufWriter::new(fs::File::create(path).unwrap());
    writeln!(file, "{RECORD}").unwrap();
    file.write_all(b"{\"protocolSection\":{\"identificationModule\":{\"nctId\":\"NCT00000107\",\"briefTitle\":\"").unwrap();
    let piece = vec![b'a'; 1 << 20];
    for _ in 0..bytes >> 20 {
        file.write_all(&piece).unwrap();
    }
    write!(file, "\"}}}}}}{end}").unwrap();
    file.flush().unwrap();
}

fn long_fields_are_passed_over(bytes: usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    long_field(&path, bytes, &format!("\n{}\n", RECORD.replace("102", "103")));
    let (count, damages) = bring_path(&path);
    assert_eq!((count, damages.len()), (2, 1), "{damages:?}");
    assert!(damages[0].what.contains("longer than"), "{damages:?}");
}

#[test]
fn a_field_longer_than_any_record_is_passed_over() {
    long_fields_are_passed_over(100 << 20);
}

#[test]
#[ignore = "a gigabyte on the disk"]
fn a_field_of_a_gigabyte_is_passed_over() {
    long_fields_are_passed_over(1 << 30);
}

/// A generator of numbers that are the same every time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % below.max(1)
    }
}

fn mutate(rounds: usize, seed: u64) {
    let mut numbers = Numbers(seed);
    let page = format!("{{\"studies\":[{RECORD},{RECORD}]}}");
    let texts: Vec<(&str, Vec<u8>)> = vec![
        ("a.json", RECORD.into()),
        ("b.json", page.clone().into_bytes()),
        ("a.jsonl", format!("{RECORD}\n{RECORD}").into_bytes()),
        ("a.xml", XML.into()),
        ("a.csv", TABLE.into()),
        ("a.gz", packed(RECORD.as_bytes())),
        ("a.zip", archive(&[("a.json", page.as_bytes()), ("b.xml", XML.as_bytes())])),
    ];
    for _ in 0..rounds {
        let (name, text) = &texts[numbers.next(texts.len())];
        let mut bytes = text.clone();
        for _ in 0..=numbers.next(4) {
            let at = numbers.next(bytes.len());
            match numbers.next(5) {
                0 => bytes[at] = numbers.next(256) as u8,
                1 => bytes.truncate(at.max(1)),
                2 => bytes.insert(at, b"{}[]\"\\<>&,\n\0\xff"[numbers.next(13)]),
                3 => {
                    bytes.remove(at);
                    if bytes.is_empty() {
                        bytes.push(b'{');
                    }
                }
                _ => {
                    let end = (at + numbers.next(40)).min(bytes.len());
                    let part = bytes[at..end].to_vec();
                    let to = numbers.next(bytes.len());
                    bytes.splice(to..to, part);
                }
            }
        }
        let (count, damages) = bring(name, &bytes);
        // A page without its quotes falls apart at its commas.
        assert!(count <= 4 && damages.len() <= 40, "{name}: {damages:?}");
    }
}

#[test]
fn mutated_files_are_read_or_told() {
    mutate(150, 11);
}

#[test]
#[ignore = "takes minutes"]
fn many_mutated_files_are_read_or_told() {
    mutate(20_000, 12);
}
