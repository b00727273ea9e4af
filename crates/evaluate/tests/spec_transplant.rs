//! Every row of `spec/gvhd.md` and `spec/icaht.md` is a case.

mod table;

use std::ops::RangeInclusive;

use cytotrial_evaluate::criteria::magic::{overall_grade, stages};
use cytotrial_evaluate::{GvhdSigns, Rules, evaluate};
use records::{Analyte, Study, Treatment};
use table::{cells, number, spec};

/// Bilirubin, umol/L per mg/dL.
const UMOL_PER_MG: f64 = 17.1;

#[test]
fn stages_and_overall_grade() {
    for row in spec("gvhd", "Stages and overall grade") {
        let [rash, blisters, bilirubin, stool, stools, gut, nausea, want @ ..] = cells::<12>(&row);
        let value = |text: &str| number(text).expect("a value");
        let found = stages(&GvhdSigns {
            rash: value(rash),
            bullae: blisters == "yes",
            bilirubin: UMOL_PER_MG * value(bilirubin),
            stool: value(stool),
            stools: value(stools),
            severe_gut: gut == "yes",
            nausea: nausea == "yes",
        });
        let grade = overall_grade(found);
        let got = [found.skin, found.liver, found.upper_gut, found.lower_gut, grade];
        assert_eq!(got.map(|stage| stage.to_string()), want, "{row:?}");
    }
}

/// Days and counts of a cell: `day:count` with blanks between them.
fn counts_in(cell: &str) -> Vec<(u32, f64)> {
    let entry = |entry: &str| {
        let (day, count) = entry.split_once(':').expect("day:count");
        (day.parse().expect("a day"), number(count).expect("a count"))
    };
    cell.split_whitespace().map(entry).collect()
}

/// A subject with a count on every one of these days.
fn counted(analyte: Analyte, counts: &str, days: RangeInclusive<u32>) -> Study {
    let mut study = Study::default();
    study.push_subject("S-1", "A");
    study.exposures.push(0, Treatment::CellProduct, 0.0, 1e8, 1e8);
    let told = counts_in(counts);
    for day in days {
        let entry = told.iter().rfind(|entry| entry.0 <= day).expect("a count from day 0 on");
        study.findings.push(0, analyte, f64::from(day), entry.1, false);
    }
    study
}

#[test]
fn early_cytopenia() {
    for (heading, analyte) in [
        ("Early neutropenia", Analyte::Neutrophils),
        ("Early thrombocytopenia", Analyte::Platelets),
    ] {
        for row in spec("icaht", heading) {
            let [counts, want] = cells(&row);
            let study = counted(analyte, counts, 0..=30);
            let found = evaluate(&study, &Rules::default()).subjects[0].haematotoxicity;
            let grade = match analyte {
                Analyte::Neutrophils => found.early_neutropenia,
                _ => found.early_thrombocytopenia,
            };
            assert_eq!(grade.map(|grade| grade.to_string()).as_deref(), Some(want), "{row:?}");
        }
    }
}

#[test]
fn late_cytopenia() {
    for row in spec("icaht", "Late neutropenia") {
        let [counts, want] = cells(&row);
        let mut study = Study::default();
        study.push_subject("S-1", "A");
        for (day, count) in counts_in(counts) {
            study.findings.push(0, Analyte::Neutrophils, f64::from(day), count, false);
        }
        let found = evaluate(&study, &Rules::default()).subjects[0].haematotoxicity;
        let grade = found.late_neutropenia.map(|grade| grade.to_string());
        assert_eq!(grade.as_deref(), Some(want), "{row:?}");
    }
    for row in spec("icaht", "Late thrombocytopenia") {
        let [counts, want] = cells(&row);
        let study = counted(Analyte::Platelets, counts, 31..=100);
        let found = evaluate(&study, &Rules::default()).subjects[0].haematotoxicity;
        let grade = found.late_thrombocytopenia.map(|grade| grade.to_string());
        assert_eq!(grade.as_deref(), Some(want), "{row:?}");
    }
}
