//! How long patient-level data take to read and to judge; printed, never asserted.

#![allow(clippy::print_stdout, reason = "counts and times are what is asked for")]

use std::fmt::Write as _;
use std::time::Instant;

use cytotrial::operation::evaluate::{DataFile, Request, run, sheets};
use cytotrial::protocol::files::Files;
use records::import::{Mapping, study_of};

fn file(name: &str, text: String) -> DataFile {
    DataFile { name: name.into(), bytes: text.into_bytes() }
}

/// So many subjects; the numbers mean nothing.
fn subjects(count: usize) -> DataFile {
    let mut text = String::from("subject,involved_light_chain,birth_year,infusion_date\n");
    for subject in 0..count {
        let chain = if subject % 2 == 0 { "kappa" } else { "lambda" };
        let day = 1 + subject % 28;
        writeln!(text, "S-{subject:06},{chain},1960,2024-02-{day:02}").expect("a String");
    }
    file("subjects.csv", text)
}

fn request(data: Vec<DataFile>) -> Request {
    let files = Files::bundled("NCT06379451").expect("a bundled trial");
    Request { files, data, ..Request::default() }
}

/// Seconds of the fastest of three.
fn best<T>(task: &str, work: impl Fn() -> T) -> T {
    let mut least = f64::INFINITY;
    let mut made = None;
    for _ in 0..3 {
        let begin = Instant::now();
        made = Some(work());
        least = least.min(begin.elapsed().as_secs_f64());
    }
    println!("{task}: {least:.3} s (wall {least:.3})");
    made.expect("three times")
}

#[test]
#[ignore = "prints times; for an idle machine"]
fn ten_thousand_subjects_with_thirty_visits() {
    let mut visits = String::from("subject,day,spep_g_dl,upep_mg_24h,sife,uife\n");
    for subject in 0..10_000_usize {
        for visit in 0..30_usize {
            let value = 1.0 + ((subject * 31 + visit * 17) % 40) as f64 / 10.0;
            let day = 28 * visit;
            writeln!(visits, "S-{subject:06},{day},{value},0,P,N").expect("a String");
        }
    }
    let request = request(vec![subjects(10_000), file("visits.csv", visits)]);
    let found = best("evaluate 10,000 subjects x 30 visits, CSV", || run(&request));
    assert_eq!(found.expect("an evaluation").outcomes.subjects.len(), 10_000);
}

#[test]
#[ignore = "prints times; for an idle machine"]
fn a_million_rows() {
    let mut rows = String::from("USUBJID,LBTESTCD,LBSTRESN,LBSTRESU,LBDTC\n");
    let tests = [
        ("SPEP", "g/L"),
        ("NEUT", "10^9/L"),
        ("PLAT", "10^9/L"),
        ("CREAT", "umol/L"),
        ("ALT", "U/L"),
    ];
    for row in 0..1_000_000_usize {
        let (test, unit) = tests[row % tests.len()];
        let (subject, day) = (row / 500, 1 + row / 5 % 28);
        let value = 1.0 + (row % 97) as f64 / 8.0;
        writeln!(rows, "S-{subject:06},{test},{value},{unit},2024-03-{day:02}").expect("a String");
    }
    let data = [subjects(2_000), file("lb.csv", rows)];
    let read = best("read 1,000,000 laboratory rows, CSV", || {
        let sheets = sheets(&data).expect("tables");
        study_of(&sheets, &Mapping::default())
    });
    assert_eq!(read.expect("a study").study.findings.len(), 1_000_000);
}
