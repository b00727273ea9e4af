//! Every row of `spec/gvhd.md` and `spec/icaht.md` is a case.

mod table;

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

/// A subject with a count on every day from 0 to 30.
fn counted(analyte: Analyte, counts: &str) -> Study {
    let mut study = Study::default();
    study.push_subject("S-1", "A");
    study.exposures.push(0, Treatment::CellProduct, 0.0, 1e8, 1e8);
    let told: Vec<(u32, f64)> = counts
        .split_whitespace()
        .map(|entry| {
            let (day, count) = entry.split_once(':').expect("day:count");
            (day.parse().expect("a day"), number(count).expect("a count"))
        })
        .collect();
    for day in 0..=30 {
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
            let study = counted(analyte, counts);
            let found = evaluate(&study, &Rules::default()).subjects[0].haematotoxicity;
            let grade = match analyte {
                Analyte::Neutrophils => found.early_neutropenia,
                _ => found.early_thrombocytopenia,
            };
            assert_eq!(grade.map(|grade| grade.to_string()).as_deref(), Some(want), "{row:?}");
        }
    }
}
