//! How long a study of ordinary size takes, printed and never asserted:
//! `cargo test --release --test speed -- --ignored --nocapture`.

#![allow(clippy::print_stdout, reason = "seconds are what this file is for")]

use cytotrial_evaluate::{Index, Rules, criteria::dlt, evaluate};
use records::{Analyte, Study, Treatment};
use std::time::Instant;

/// 18 subjects with about 2,000 values each; the numbers are a wave and mean nothing.
fn study() -> Study {
    let mut study = Study::default();
    for subject in 0..18 {
        study.push_subject(&format!("S-{subject}"), "A");
        study.subjects.last_known_alive_day[subject as usize] = 700.0;
        for day in [0.0, 7.0, 14.0] {
            study.exposures.push(subject, Treatment::CellProduct, day, 1e8, 1e8);
        }
        study.exposures.push(subject, Treatment::Fludarabine, -5.0, 50.0, 50.0);
    }
    for subject in 0..18 {
        for visit in 0..38_u32 {
            let wide = if visit < 20 { 1.5 } else { 18.0 };
            let day = f64::from(visit) * wide - 5.5;
            for (at, &analyte) in (0_u32..).zip(Analyte::ALL) {
                let codes = analyte.codes().len() as u32;
                let wave = f64::from((visit * 7 + subject * 3 + at) % 11) / 11.0;
                let value = match analyte {
                    Analyte::Temperature => 36.5 + 3.0 * wave,
                    _ if codes > 0 => f64::from((visit + subject + at) % codes),
                    _ => 100.0 * wave,
                };
                study.findings.push(subject, analyte, day, value, visit % 9 == 8);
            }
        }
    }
    study
}

fn timed(what: &str, repeats: u32, mut work: impl FnMut()) {
    let start = Instant::now();
    for _ in 0..repeats {
        work();
    }
    let each = start.elapsed().as_secs_f64() / f64::from(repeats);
    println!("{what}: {each:.7} s (wall {each:.7})");
}

#[test]
#[ignore = "a measurement"]
fn seconds_of_a_study_of_eighteen() {
    let study = study();
    let rules = Rules::default();
    timed("evaluate 18 subjects with 47,196 values", 200, || {
        assert_eq!(evaluate(&study, &rules).subjects.len(), 18);
    });
    timed("sort 18 subjects with 47,196 values", 200, || {
        assert_eq!(Index::new(&study).subject(&study, 0).doses().len(), 4);
    });
    let index = Index::new(&study);
    timed("DLT of 18 subjects on day 28", 200, || {
        for subject in 0..18 {
            std::hint::black_box(dlt::status(&index.subject(&study, subject).as_of(28.0), &rules));
        }
    });
}
