//! Persons never get past the reader of records.

use cytotrial::operation::new::{From, Request, run};
use cytotrial::record::Record;

const SAMPLE: &str = include_str!("data/record_sample.json");
const PERSONS: &[&str] =
    &["Invented Person", "Professor", "hospital.example", "0199", "centralContacts"];

#[test]
fn a_record_loses_its_persons_when_it_is_read() {
    assert!(PERSONS.iter().all(|person| SAMPLE.contains(person)), "the sample has them");
    let kept = Record::read(SAMPLE, "record.json").expect("a record").to_text();
    for person in PERSONS {
        assert!(!kept.contains(person), "{person} is still there");
    }
    assert!(kept.contains("An Invented Hospital"), "places stay");
}

#[test]
fn a_new_folder_holds_no_person() {
    let from = From::Record { text: SAMPLE.to_owned(), file: "record.json".to_owned() };
    let answer = run(&Request { from }).expect("a folder");
    for (name, text) in &answer.files {
        for person in PERSONS {
            assert!(!text.contains(person), "{person} is in {name}");
        }
    }
}
