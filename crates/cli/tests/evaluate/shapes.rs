//! Shapes that data come in: SDTM, long tables, a site's own names, dates and study days, data cuts.

use std::fs;

use serde_json::Value;

use super::{cytotrial, evaluate, folder, protocol, root};

fn answer(files: &[(&str, &str)], more: &[&str]) -> Value {
    let place = folder(files);
    let run = evaluate(place.path(), &[&["--json", "--quiet"], more].concat());
    assert_eq!(run.code, 0, "{}", run.err);
    serde_json::from_str(&run.out).expect("one JSON document")
}

const DM: &str = "STUDYID,DOMAIN,USUBJID,RFSTDTC,ARM,BRTHDTC,SEX,DTHDTC\n\
    ST1,DM,ST1-001,2025-01-09,CAR-NK,1960-05-01,F,\n\
    ST1,DM,ST1-002,2025-01-16,CAR-NK,1955-02,M,2025-06-01\n";
const EX: &str = "USUBJID,EXTRT,EXDOSE,EXDOSU,EXSTDTC\n\
    ST1-001,Fludarabine,50,mg,2025-01-09\nST1-001,CAR-NK cells,200,10^6 cells,2025-01-14\n\
    ST1-002,Fludarabine,52,mg,2025-01-16\nST1-002,CAR-NK cells,210,10^6 cells,2025-01-21\n";
const LB: &str = "USUBJID,LBTESTCD,LBTEST,LBSPEC,LBORRES,LBORRESU,LBSTRESC,LBSTRESN,LBSTRESU,LBDTC,LBDY,LBSTAT\n\
    ST1-001,MCPROT,Monoclonal Protein,SERUM,3.0,g/dL,30,30,g/L,2025-01-08,-1,\n\
    ST1-001,MCPROT,Monoclonal Protein,SERUM,1.4,g/dL,14,14,g/L,2025-02-11,34,\n\
    ST1-001,MCPROT,Monoclonal Protein,SERUM,1.2,g/dL,12,12,g/L,,62,\n\
    ST1-001,MCPROT,Monoclonal Protein,SERUM,,,,,,2025-04-08,90,NOT DONE\n\
    ST1-002,MCPROT,Monoclonal Protein,URINE,900,mg/24h,900,900,mg/24h,2025-01-15,-1,\n\
    ST1-002,MCPROT,Monoclonal Protein,URINE,80,mg/24h,80,80,mg/24h,2025-02-18,34,\n\
    ST1-002,MCPROT,Monoclonal Protein,URINE,60,mg/24h,60,60,mg/24h,2025-03-18,62,\n";
const AE: &str = "USUBJID,AETERM,AEDECOD,AEBODSYS,AETOXGR,AEREL,AESTDTC,AEENDTC\n\
    ST1-001,fever,Cytokine release syndrome,Immune system disorders,2,RELATED,2025-01-15,2025-01-17\n\
    ST1-002,shingles,Herpes zoster,Infections and infestations,2,NOT RELATED,2025-03-01,2025-03-15\n";

#[test]
fn an_sdtm_folder_is_read_by_its_own_names() {
    let files = [
        ("dm.csv", DM),
        ("ex.csv", EX),
        ("lb.csv", LB),
        ("ae.csv", AE),
        ("suppae.csv", "A,B\n1,2\n"),
    ];
    let answer = answer(&files, &[]);
    let [first, second] = &answer["subjects"].as_array().expect("a list")[..] else {
        panic!("two subjects")
    };
    // 2025-01-14 is day 0: 11 February is day 28; study day 62 from 9 January is 11 March, day 56
    assert_eq!(first["measurable_by"], "SPEP");
    assert_eq!(first["best_response"], "PR");
    assert_eq!(first["first_response_day"], 28.0);
    let days: Vec<f64> = first["visits"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|visit| visit["day"].as_f64())
        .collect();
    assert_eq!(days, [28.0, 56.0]);
    assert_eq!(first["crs"]["grade"], 2);
    assert_eq!(first["crs"]["onset"], 1.0);
    assert_eq!(second["measurable_by"], "UPEP");
    assert_eq!(second["best_response"], "PR");
    assert_eq!(second["overall"]["days"], 131.0);
    assert_eq!(second["overall"]["event"], true);
    assert_eq!(second["infection_grade"], 2);
}

#[test]
fn a_data_cut_shows_what_was_known_then() {
    let files = [("dm.csv", DM), ("ex.csv", EX), ("lb.csv", LB), ("ae.csv", AE)];
    let answer = answer(&files, &["--cutoff", "2025-02-20"]);
    let first = &answer["subjects"][0];
    // one value below half of baseline is not confirmed yet
    assert_eq!(first["best_response"], "SD");
    assert_eq!(answer["subjects"][1]["overall"]["event"], false);
    assert_eq!(answer["subjects"][1]["overall"]["days"], 30.0);
    let early = self::answer(&files, &["--cutoff", "2025-01-15"]);
    assert_eq!(
        early["subjects"].as_array().map(Vec::len),
        Some(1),
        "the second was not infused yet"
    );
    let place = folder(&files);
    let run = evaluate(place.path(), &["--cutoff", "20 February"]);
    assert_eq!(run.code, 2, "{}", run.err);
    let undated = folder(&[
        ("visits.csv", "subject,day,spep_g_dl\nP,0,3\n"),
        ("subjects.csv", "subject,sex\nP,F\n"),
    ]);
    let run = evaluate(undated.path(), &["--cutoff", "2025-02-20"]);
    assert!(run.code == 1 && run.err.contains("a data cut needs dates"), "{}", run.err);
}

#[test]
fn the_long_and_the_wide_layout_give_the_same_outcomes() {
    let subjects = "subject,involved_light_chain\nP-01,kappa\n";
    let wide = "subject,day,SPEP (g/dL),UPEP (mg/24h),sife\nP-01,0,4.0,0,P\nP-01,28,2.0,0,P\nP-01,56,0.3,0,P\nP-01,84,0.2,0,P\n";
    let long = "Patient,Day,Test,Result,Unit\nP-01,0,SPEP,40,g/L\nP-01,0,UPEP,0,g/24h\nP-01,0,SIFE,positive,\n\
        P-01,28,M-protein,2000,mg/dL\nP-01,28,UPEP,0,mg/24 h\nP-01,28,SIFE,P,\nP-01,56,SPEP,3,g/L\nP-01,56,UPEP,0,mg/24h\nP-01,56,SIFE,1,\n\
        P-01,84,SPEP,0.2,g/dL\nP-01,84,UPEP,0,mg/d\nP-01,84,SIFE,P,\n";
    let of_wide = answer(&[("subjects.csv", subjects), ("visits.csv", wide)], &[]);
    let of_long = answer(&[("subjects.csv", subjects), ("labs.csv", long)], &[]);
    assert_eq!(of_wide["subjects"], of_long["subjects"]);
    assert_eq!(of_wide["subjects"][0]["best_response"], "VGPR");
}

#[test]
fn a_mapping_gives_a_sites_own_names_their_meaning() {
    let people = "Pat-Nr;Leichtkette;Infusion\n7;kappa;2025-01-14\n8;lambda;2025-02-11\n";
    let values = "Pat-Nr;Datum;Parameter;Wert\n7;2025-01-08;M-Gradient;31\n7;2025-02-11;M-Gradient;12\n7;2025-03-11;M-Gradient;11\n8;2025-02-05;Farbe;3\n";
    let mapping = "[files]\n\"personen.csv\" = \"subjects\"\n\"labor.csv\" = \"results\"\n\
        [columns.\"personen.csv\"]\nsubject = \"Pat-Nr\"\nlight_chain = \"Leichtkette\"\ninfusion_date = \"Infusion\"\n\
        [columns.\"labor.csv\"]\nsubject = \"Pat-Nr\"\ndate = \"Datum\"\ntest = \"Parameter\"\nvalue = \"Wert\"\n\
        [tests]\n\"M-Gradient\" = \"SPEP\"\n\"Farbe\" = \"\"\n[units]\nSPEP = \"g/L\"\n";
    let files = [("personen.csv", people), ("labor.csv", values), ("mapping.toml", mapping)];
    let answer = answer(&files, &[]);
    assert_eq!(answer["subjects"][0]["best_response"], "PR");
    assert_eq!(
        answer["warnings"].as_array().map(|w| w.iter().filter(|w| w["code"] != "E118").count()),
        Some(0),
        "{}",
        answer["warnings"]
    );
}

#[test]
fn the_proposed_mapping_can_be_used_as_it_is() {
    let data = root().join("examples/evaluate");
    let shown = data.display().to_string();
    let run = cytotrial(&["evaluate", &shown, "--map-help"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(
        run.out.contains("\"visits.csv\" = \"visits\"")
            && run.out.contains("\"spep_g_dl\" = \"SPEP\""),
        "{}",
        run.out
    );
    let place = folder(&[("map.toml", &run.out)]);
    let map = place.path().join("map.toml").display().to_string();
    let protocol = protocol();
    let with =
        cytotrial(&["evaluate", &shown, "--protocol", &protocol, "--map", &map, "--json", "-q"]);
    let without = cytotrial(&["evaluate", &shown, "--protocol", &protocol, "--json", "-q"]);
    assert_eq!((with.code, without.code), (0, 0), "{}", with.err);
    assert_eq!(with.out, without.out);
    assert!(fs::metadata(&map).is_ok());
}

#[test]
fn rows_of_a_visit_table_are_assessments_however_close() {
    let visits = "case,day,spep_g_dl,sife,upep_mg_24h,uife\n\
        S-1,0,3.0,P,0,N\nS-1,28,1.4,P,0,N\nS-1,29,1.3,P,0,N\nS-1,31,,,0,N\nS-1,32,1.2,P,,\n";
    let subjects = "case,involved_light_chain\nS-1,kappa\n";
    let found = answer(&[("visits.csv", visits), ("subjects.csv", subjects)], &[]);
    let subject = &found["subjects"][0];
    let days: Vec<f64> = subject["visits"]
        .as_array()
        .expect("visits")
        .iter()
        .map(|visit| visit["day"].as_f64().expect("a day"))
        .collect();
    assert_eq!(days, [28.0, 29.0, 31.0, 32.0]);
    assert_eq!(subject["best_response"], "PR");
    // in a table with one value per row, days next to each other are one assessment
    let results = "case,day,test,value,unit\nS-1,0,SPEP,3.0,g/dL\nS-1,28,SPEP,0.2,g/dL\n\
        S-1,29,UPEP,0,mg/24h\nS-1,56,SPEP,0.2,g/dL\nS-1,57,UPEP,0,mg/24h\n";
    let found = answer(&[("results.csv", results), ("subjects.csv", subjects)], &[]);
    assert_eq!(found["subjects"][0]["visits"].as_array().map(Vec::len), Some(2));
    assert_eq!(found["subjects"][0]["best_response"], "VGPR");
}

#[test]
fn limits_of_the_laboratory_and_spurious_values_are_read_and_written() {
    let results = "subject,day,test,value,unit,lln,uln,spurious\n\
        S-1,0,creatinine,0.9,mg/dL,0.6,1.1,\nS-1,7,creatinine,1.4,mg/dL,0.6,1.5,N\n\
        S-1,0,SPEP,3.0,g/dL,,,\nS-1,28,SPEP,1.4,g/dL,,,\nS-1,56,SPEP,0.2,g/dL,,,Y\n\
        S-1,84,SPEP,1.3,g/dL,,,\nS-1,112,SPEP,1.3,g/dL,,,\n";
    let subjects = "subject,light_chain\nS-1,kappa\n";
    let files = [("results.csv", results), ("subjects.csv", subjects)];
    let found = answer(&files, &[]);
    let subject = &found["subjects"][0];
    // 1.4 is within 1.5, but more than 1.5 times the baseline
    let grade = serde_json::json!([{ "term": "Creatinine increased", "grade": 2, "day": 7.0 }]);
    assert_eq!(subject["lab_grades"], grade);
    assert_eq!(subject["progression_day"], Value::Null);
    // the result is a study that says the same
    let place = folder(&files);
    let out = place.path().join("result");
    let told = evaluate(place.path(), &["--quiet", "--out", out.to_str().expect("a path")]);
    assert_eq!(told.code, 0, "{}", told.err);
    let again = evaluate(&out, &["--json", "--quiet"]);
    assert_eq!(again.code, 0, "{}", again.err);
    let again: Value = serde_json::from_str(&again.out).expect("one JSON document");
    assert_eq!(again["subjects"][0]["lab_grades"], grade);
    assert_eq!(again["subjects"][0]["visits"], subject["visits"]);
}

#[test]
fn a_study_day_that_contradicts_its_date_is_told() {
    let results = "subject,date,study_day,test,value,unit\n\
        S-1,2025-01-14,1,SPEP,3.0,g/dL\nS-1,2025-02-11,29,SPEP,1.4,g/dL\n\
        S-1,2025-03-11,75,SPEP,1.2,g/dL\n";
    let subjects = "subject,light_chain,infusion_date\nS-1,kappa,2025-01-14\n";
    let place = folder(&[("results.csv", results), ("subjects.csv", subjects)]);
    let run = evaluate(place.path(), &["--json"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let says = "`2025-03-11` is day 56 from the infusion, but `75` is day 74; the first counts";
    assert!(run.err.contains(says), "{}", run.err);
    assert_eq!(run.err.matches("the first counts").count(), 1, "{}", run.err);
}

#[test]
fn the_first_infusion_is_that_of_all_tables_of_doses() {
    let subjects = "subject,light_chain,infusion_date\nS-1,kappa,2025-03-01\n";
    let visits = "subject,date,spep_g_dl\nS-1,2025-01-14,3.0\nS-1,2025-02-11,1.4\n";
    let first = "subject,date,treatment,dose,unit\nS-1,2025-01-14,CAR-NK,1e8,cells\n";
    let second = "subject,date,treatment,dose,unit\nS-1,2025-01-21,CAR-NK,1e8,cells\n";
    let day = |one: &str, other: &str| {
        let files =
            [("subjects.csv", subjects), ("visits.csv", visits), (one, first), (other, second)];
        answer(&files, &[])["subjects"][0]["visits"][0]["day"].as_f64()
    };
    assert_eq!(day("doses-1.csv", "doses-2.csv"), Some(28.0));
    assert_eq!(day("doses-2.csv", "doses-1.csv"), Some(28.0));
}

#[test]
fn who_begins_a_new_therapy_is_alive_on_that_day() {
    let visits = "subject,day,spep_g_dl\nA,0,3.0\nA,28,1.0\nB,0,3.0\nB,28,1.0\nC,0,3.0\nC,28,1.0\n";
    let subjects = "subject,light_chain,new_therapy_day,last_alive_day\nA,kappa,40,\nB,kappa,20,\n\
                    C,kappa,40,60\n";
    let found = answer(&[("visits.csv", visits), ("subjects.csv", subjects)], &[]);
    for (subject, seen) in [(0, 40.0), (1, 28.0), (2, 60.0)] {
        let overall = &found["subjects"][subject]["overall"];
        assert_eq!(overall["days"].as_f64(), Some(seen));
        assert_eq!(overall["event"].as_bool(), Some(false));
    }
}
