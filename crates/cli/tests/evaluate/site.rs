//! What a site says beside its values: its own responses, two values of a day, numbers of visits.

use std::fs;

use serde_json::Value;

use super::{cytotrial, evaluate, folder};

const SUBJECTS: &str = "subject,light_chain\nP-01,kappa\n";
const VISITS: &str = "subject,day,spep_g_dl,sife\nP-01,0,3.0,P\nP-01,28,1.4,P\nP-01,56,1.2,P\n";

/// The differences of the first subject.
fn differences(run: &super::Run) -> (u64, Vec<Value>) {
    assert_eq!(run.code, 0, "{}", run.err);
    let answer: Value = serde_json::from_str(&run.out).expect("one JSON document");
    let found = answer["subjects"][0]["response_differences"].as_array().expect("a list").clone();
    (answer["responses_compared"].as_u64().expect("a number"), found)
}

#[test]
fn responses_of_the_site_are_compared_in_every_layout() {
    let sdtm = "USUBJID,RSTESTCD,RSSTRESC,RSEVAL,RSDTC,RSSTAT\n\
        P-01,OVRLRESP,VGPR,INVESTIGATOR,2025-02-11,\n\
        P-01,OVRLRESP,PR,INVESTIGATOR,2025-03-11,\n\
        P-01,OVRLRESP,,INVESTIGATOR,2025-04-11,NOT DONE\n\
        P-01,TRGRESP,PD,INVESTIGATOR,2025-03-11,\n\
        P-01,BESTRESP,VGPR,INDEPENDENT ASSESSOR,,\n";
    let subjects = "subject,light_chain,infusion_date\nP-01,kappa,2025-01-14\n";
    let adam = "USUBJID,PARAMCD,AVALC,AEVAL,ELDAY\n\
        P-01,OVR,VGPR,INVESTIGATOR,28\nP-01,OVR,PR,INVESTIGATOR,56\n\
        P-01,RSP,Y,INVESTIGATOR,28\nP-01,OVR,PD,COMPUTED,56\n\
        P-01,CBOR,VGPR,INDEPENDENT ASSESSOR,\n";
    let own = "subject,day,response\nP-01,28,very good partial response\nP-01,56,PR\n";
    let wide = "subject,day,spep_g_dl,sife,response\nP-01,0,3.0,P,\nP-01,28,1.4,P,VGPR\n\
        P-01,56,1.2,P,PR\n";
    let told = |name: &str, text: &str, subjects: &str, visits: &str| {
        let mut files = vec![("subjects.csv", subjects), ("visits.csv", visits)];
        if !name.is_empty() {
            files.push((name, text));
        }
        let place = folder(&files);
        differences(&evaluate(place.path(), &["--json", "--quiet"]))
    };
    for (name, text, subjects, visits, compared) in [
        ("rs.csv", sdtm, subjects, VISITS, 3),
        ("adrs.csv", adam, SUBJECTS, VISITS, 3),
        ("responses.csv", own, SUBJECTS, VISITS, 2),
        ("", "", SUBJECTS, wide, 2),
    ] {
        let (all, found) = told(name, text, subjects, visits);
        assert_eq!((all, found.len() as u64), (compared, compared - 1), "{name} {found:?}");
        let at = found.iter().find(|one| one["best"] == false).expect("an assessment");
        assert_eq!((&at["day"], &at["reported"]), (&28.0.into(), &"VGPR".into()), "{name}");
        assert_eq!(at["computed"], "PR");
        assert!(at["because"].as_str().is_some_and(|why| why.contains("serum at most 3 g/L")));
        if compared == 3 {
            let best = found.iter().find(|one| one["best"] == true).expect("the best response");
            assert_eq!((&best["computed"], &best["day"]), (&"PR".into(), &Value::Null), "{name}");
            assert_eq!(best["evaluator"], "INDEPENDENT ASSESSOR");
        }
    }
}

#[test]
fn differing_responses_are_shown_kept_and_read_again() {
    let own =
        "subject,day,response,assessor\nP-01,28,VGPR,Site\nP-01,56,PR,Site\nP-01,60,nCR,Site\n";
    let files = [("subjects.csv", SUBJECTS), ("visits.csv", VISITS), ("responses.csv", own)];
    let place = folder(&files);
    let out = place.path().join("result");
    let run = evaluate(place.path(), &["--out", &out.display().to_string()]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.out.contains("responses of the site: 2 compared, 1 differ"), "{}", run.out);
    assert!(run.err.contains("warning[E104]") && run.err.contains("`nCR` is no known response"));
    let page = fs::read_to_string(out.join("report.html")).expect("the report");
    assert!(page.contains("Responses of the site that differ: 1 of 2 compared"));
    let shown = evaluate(place.path(), &["--explain", "P-01", "--quiet"]);
    assert!(shown.out.contains("Responses of the site that differ"), "{}", shown.out);
    let again = place.path().join("csv");
    let (result, to) = (out.display().to_string(), again.display().to_string());
    let run = cytotrial(&["export", &result, "--to", "csv", "--out", &to]);
    assert_eq!(run.code, 0, "{}", run.err);
    let (compared, found) = differences(&evaluate(&again, &["--json", "--quiet"]));
    assert_eq!((compared, found.len()), (2, 1));
    assert_eq!(found[0]["evaluator"], "Site");
    fs::write(place.path().join("responses.csv"), "subject,day,response\nP-01,56,PR\n")
        .expect("a file");
    let shown = evaluate(place.path(), &["--explain", "P-01", "--quiet"]);
    assert!(shown.out.contains("The one response of the site agrees"), "{}", shown.out);
}

#[test]
fn two_values_of_one_day_are_told_with_the_one_that_counts() {
    let results = "subject,day,test,value,unit\nP-01,0,SPEP,30,g/L\nP-01,28,SPEP,14,g/L\n\
        P-01,28,SPEP,16,g/L\nP-01,28,PLAT,90,10^9/L\nP-01,28,PLAT,95,10^9/L\n\
        P-01,56,SPEP,12,g/L\nP-01,56,SPEP,12,g/L\nP-01,84.2,SPEP,13,g/L\nP-01,84.4,SPEP,11,g/L\n";
    let place = folder(&[("subjects.csv", SUBJECTS), ("results.csv", results)]);
    let run = evaluate(place.path(), &[]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert_eq!(run.err.matches("warning[E120]").count(), 2, "{}", run.err);
    let higher = "serum M-protein of day 28 is 14 g/L (results.csv, line 3) and 16 g/L: the higher";
    assert!(run.err.contains(higher) && run.err.contains("results.csv:4:"), "{}", run.err);
    let later = "serum M-protein of day 84.2 is 13 g/L (results.csv, line 9) and 11 g/L: the later";
    assert!(run.err.contains(later), "{}", run.err);
    let shown = evaluate(place.path(), &["--explain", "P-01", "--quiet"]);
    assert!(shown.out.contains("serum 16.0 g/L"), "{}", shown.out);
}

#[test]
fn numbers_of_visits_that_contradict_their_days_are_told() {
    let visits = "subject,visitnum,day,spep_g_dl\nP-01,1,0,3.0\nP-01,2,28,1.4\nP-01,4,56,1.2\n\
        P-01,3,84,1.1\nP-01,5,112,\n";
    let place = folder(&[("subjects.csv", SUBJECTS), ("visits.csv", visits)]);
    let run = evaluate(place.path(), &[]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.contains("visit 3 is of day 84, after visit 4 of day 56; the days count"));
    assert!(run.err.contains("visits.csv:5:"), "{}", run.err);
    assert!(run.err.contains("the visit 5 of day 112 has no value"), "{}", run.err);
    let place =
        folder(&[("subjects.csv", SUBJECTS), ("visits.csv", &visits.replace(",3,84", ",4.01,84"))]);
    let run = evaluate(place.path(), &[]);
    assert!(!run.err.contains("E113"), "{}", run.err);
}
