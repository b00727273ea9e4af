//! Cases written from published texts; each row of the golden files says which.

mod table;

use cytotrial_evaluate::criteria::{icaht, magic};
use cytotrial_evaluate::{
    DltRules, DltStatus, GvhdSigns, ImwgOptions, Nadir, Rules, dlt_status, evaluate,
};
use records::{Analyte, EventTerm, Study, Treatment};
use table::{Row, golden};

fn number(row: &Row, column: &str) -> Option<f64> {
    let text = &row[column];
    (!text.is_empty()).then(|| text.parse().unwrap_or_else(|_| panic!("{column}: `{text}`")))
}

/// `day:value day:value` as pairs.
fn pairs(text: &str) -> Vec<(f64, f64)> {
    let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("`{text}`"));
    text.split_whitespace()
        .map(|pair| pair.split_once(':').unwrap_or_else(|| panic!("`{pair}`")))
        .map(|(day, value)| (number(day), number(value)))
        .collect()
}

fn infused() -> Study {
    let mut study = Study::default();
    study.push_subject("S-1", "A");
    study.subjects.last_known_alive_day[0] = 100.0;
    study.exposures.push(0, Treatment::CellProduct, 0.0, 1e8, 1e8);
    study
}

fn markers(row: &Row) -> Study {
    let mut study = infused();
    let mut add = |analyte, day, value| study.findings.push(0, analyte, day, value, false);
    for (day, value) in pairs(&row["values"]) {
        match row["marker"].as_str() {
            "spep" => add(Analyte::SerumMProtein, day, 10.0 * value),
            "upep" => add(Analyte::UrineMProtein, day, value),
            "marrow" => add(Analyte::MarrowPlasmaCells, day, value),
            "kappa" => {
                add(Analyte::KappaFreeLightChain, day, value);
                add(Analyte::LambdaFreeLightChain, day, 10.0);
            }
            other => panic!("no marker {other}"),
        }
    }
    study
}

#[test]
fn progression_is_measured_from_the_nadir_that_the_option_names() {
    for row in golden("imwg_lowest_confirmed.csv") {
        let study = markers(&row);
        for (nadir, column) in [
            (Nadir::LowestAny, "pd_day_lowest_any"),
            (Nadir::LowestConfirmed, "pd_day_lowest_confirmed"),
        ] {
            let imwg = ImwgOptions { nadir, ..ImwgOptions::default() };
            let rules = Rules { imwg, ..Rules::default() };
            let found = evaluate(&study, &rules).subjects[0].progression_day;
            assert_eq!(found, number(&row, column), "{} {column}", row["case"]);
        }
    }
}

#[test]
fn graft_versus_host_disease_has_the_expected_stages_and_grade() {
    for row in golden("gvhd_cases.csv") {
        let signs = GvhdSigns {
            rash: number(&row, "rash_percent").expect("a share"),
            bullae: row["bullae"] == "Y",
            bilirubin: 17.1 * number(&row, "bilirubin_mg_dl").expect("a value"),
            stool: number(&row, "stool_ml_day").expect("a volume"),
            stools: number(&row, "stools_per_day").expect("a count"),
            severe_gut: row["severe_gut"] == "Y",
            nausea: row["nausea"] == "Y",
        };
        let stages = magic::stages(&signs);
        let found = [
            stages.skin,
            stages.liver,
            stages.upper_gut,
            stages.lower_gut,
            magic::overall_grade(stages),
        ];
        let want = ["skin", "liver", "upper_gut", "lower_gut", "expected_grade"]
            .map(|column| number(&row, column).expect("a grade") as u8);
        assert_eq!(found, want, "{}", row["case"]);
    }
}

#[test]
fn haematotoxicity_has_the_expected_grades() {
    for row in golden("icaht_cases.csv") {
        let analyte = Analyte::from_code(&row["analyte"]).expect("an analyte");
        let counts = pairs(&row["counts"]);
        let mut study = infused();
        // a count a day until the next entry of the first month, then those that are listed
        for (at, &(day, value)) in counts.iter().enumerate() {
            let next = counts.get(at + 1).map_or(day, |next| next.0);
            let last = if analyte == Analyte::Neutrophils { next.min(31.0) } else { next };
            study.findings.push(0, analyte, day, value, false);
            let mut between = day + 1.0;
            while between < last {
                study.findings.push(0, analyte, between, value, false);
                between += 1.0;
            }
        }
        let found = evaluate(&study, &Rules::default()).subjects[0].haematotoxicity;
        let (early, late) = if analyte == Analyte::Neutrophils {
            (found.early_neutropenia, found.late_neutropenia)
        } else {
            (found.early_thrombocytopenia, found.late_thrombocytopenia)
        };
        let shown = |grade: Option<u8>| grade.map_or(String::new(), |grade| grade.to_string());
        let got = [shown(early), shown(late)];
        assert_eq!(got, [row["expected_early"].clone(), row["expected_late"].clone()], "{row:?}");
    }
}

#[test]
fn a_protocols_own_definition_of_dlt_counts_what_it_says() {
    for row in golden("dlt_cases.csv") {
        let dlt: DltRules = toml::from_str(&format!("rules = [{{ {} }}]", row["rule"]))
            .unwrap_or_else(|error| panic!("{}: {error}", row["case"]));
        let mut study = infused();
        if !row["events"].is_empty() {
            let words: Vec<&str> = row["events"].split_whitespace().collect();
            let [term, grade, related, days] = words.try_into().expect("four words");
            let (from, to) = days.split_once('-').expect("two days");
            let term = EventTerm::from_code(term).expect("a term");
            let day = |text: &str| text.parse().expect("a day");
            let grade = grade.parse().expect("a grade");
            study.events.push(0, term, day(from), Some(day(to)), grade, related == "yes");
        }
        for part in row["values"].split(';').filter(|part| !part.is_empty()) {
            let (analyte, values) = part.split_once(' ').expect("an analyte and values");
            let analyte = Analyte::from_code(analyte).expect("an analyte");
            for (day, value) in pairs(values) {
                study.findings.push(0, analyte, day, value, false);
            }
        }
        let rules = Rules { dlt, ..Rules::default() };
        let found = match dlt_status(&study, 0, &rules, 90.0) {
            DltStatus::Dlt(_) => "DLT",
            DltStatus::None => "none",
            other => panic!("{}: {other:?}", row["case"]),
        };
        assert_eq!(found, row["expected"], "{}", row["case"]);
    }
}

#[test]
fn late_counts_need_so_many_tests_as_the_option_says() {
    assert_eq!(icaht::late_neutropenia(&[0.4, 2.0], 1), Some(3));
    assert_eq!(icaht::late_neutropenia(&[0.4, 2.0], 2), Some(0));
}
