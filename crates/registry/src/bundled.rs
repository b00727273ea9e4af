//! The records that come with the program: the first trial, what its page shows beside it, and records
//! of myeloma and of cell therapy.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::LazyLock;

use crate::Record;

/// When the records were brought into this form.
pub const PROCESSED: &str = "2026-11-23";

/// What has to be said with them.
pub const NOTICE: &str = "Source: ClinicalTrials.gov, U.S. National Library of Medicine; records captured 2018 to 2026, \
     processed 2026-11-23: contacts, officials, sites, references and adverse event tables are left out, \
     and some records were converted from older forms. This is a frozen, incomplete sample and not the \
     current content of the registry";

/// What a store names as the source of one of them.
pub const SOURCE: &str = "the records that come with the program, a frozen, incomplete sample";

pub(crate) const PACKED: &[u8] = include_bytes!("../data/bundled.jsonl.gz");

static BUNDLED: LazyLock<BTreeMap<String, Record>> = LazyLock::new(|| {
    let mut text = String::new();
    let read = flate2::read::GzDecoder::new(PACKED).read_to_string(&mut text);
    read.expect("the bundled records are packed text");
    let read = |line: &str| Record::read(line).expect("a bundled record is a record");
    text.lines().map(read).map(|record| (record.key.id.clone(), record)).collect()
});

/// The records by their ids.
pub fn records() -> &'static BTreeMap<String, Record> {
    &BUNDLED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_trial_and_its_neighbours_are_bundled() {
        for id in ["NCT06379451", "NCT05247957", "NCT05027594", "NCT02546167", "NCT03844048"] {
            assert!(records().contains_key(id), "{id}");
        }
        assert!(records().len() > 500 && PACKED.len() < 3_000_000);
    }

    #[test]
    fn no_person_is_in_them() {
        let mut text = String::new();
        flate2::read::GzDecoder::new(PACKED).read_to_string(&mut text).unwrap();
        for line in text.lines() {
            let packed: serde_json::Value = serde_json::from_str(line).unwrap();
            let mut clean = packed.clone();
            crate::persons::remove(&mut clean);
            assert_eq!(packed, clean);
        }
        for key in ["centralContacts", "overallOfficials", "investigatorFullName", "pointOfContact"]
        {
            assert!(!text.contains(key), "{key}");
        }
        assert!(!text.contains('@') || !text.contains("@gmail"), "no address");
    }
}
