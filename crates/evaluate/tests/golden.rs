//! Golden files: cases written from the published criteria and results of independent software.

mod table;

use cytotrial_evaluate::criteria::ctcae::{Reference, lab_grade};
use cytotrial_evaluate::criteria::imwg;
use cytotrial_evaluate::criteria::imwg::confirm::confirm;
use cytotrial_evaluate::criteria::imwg::level::Level;
use cytotrial_evaluate::{
    Auc, Censoring, CtcaeOptions, ImwgOptions, Index, KineticsOptions, LabTerm, NeuroSigns, Point,
    Response, Rules, Signs, SubjectOutcome, crs_grade_now, evaluate, icans_grade_now, kinetics,
};
use records::{Analyte, DeathCause, LightChain, Study};
use std::collections::BTreeMap;
use table::{Row, golden};

/// The 25 cases as one study, a case per subject.
fn imwg_study() -> Study {
    let mut study = Study::default();
    let mut rows: BTreeMap<String, u32> = BTreeMap::new();
    for case in golden("imwg_subjects.csv") {
        let row = study.push_subject(&case["case"], "A");
        rows.insert(case["case"].clone(), row);
        let about = &mut study.subjects;
        let at = row as usize;
        about.light_chain[at] =
            LightChain::from_code(&case["involved_light_chain"]).expect("a light chain");
        about.new_therapy_day[at] = number(&case, "new_therapy_day");
        about.death_day[at] = number(&case, "death_day");
        about.death_cause[at] = match case["death_cause"].as_str() {
            "MM" => Some(DeathCause::Myeloma),
            "OTHER" => Some(DeathCause::Other),
            _ => None,
        };
    }
    for visit in golden("imwg_visits.csv") {
        let day = number(&visit, "day").expect("a day");
        let mut add = |analyte, value: Option<f64>| {
            if let Some(value) = value {
                study.findings.push(rows[&visit["case"]], analyte, day, value, false);
            }
        };
        let code = |column: &str| match visit[column].as_str() {
            "P" | "Y" => Some(1.0),
            "N" => Some(0.0),
            _ => None,
        };
        // g/dL to g/L
        add(Analyte::SerumMProtein, number(&visit, "spep_g_dl").map(|value| value * 10.0));
        add(Analyte::UrineMProtein, number(&visit, "upep_mg_24h"));
        add(Analyte::SerumImmunofixation, code("sife"));
        add(Analyte::UrineImmunofixation, code("uife"));
        add(Analyte::KappaFreeLightChain, number(&visit, "flc_kappa_mg_l"));
        add(Analyte::LambdaFreeLightChain, number(&visit, "flc_lambda_mg_l"));
        add(Analyte::MarrowPlasmaCells, number(&visit, "bmpc_pct"));
        add(Analyte::MarrowClonality, code("bm_clonal"));
        add(Analyte::PlasmacytomaSize, number(&visit, "plasmacytoma_spd_mm2"));
        add(Analyte::NewLesion, code("new_lesion"));
    }
    study
}

fn number(row: &Row, column: &str) -> Option<f64> {
    let text = &row[column];
    (!text.is_empty()).then(|| text.parse().unwrap_or_else(|_| panic!("{column}: `{text}`")))
}

fn outcomes(study: &Study, censoring: Censoring) -> BTreeMap<String, SubjectOutcome> {
    let rules = Rules { censoring, ..Rules::default() };
    study.subjects.id.iter().cloned().zip(evaluate(study, &rules).subjects).collect()
}

#[test]
fn imwg_visits_have_the_expected_levels() {
    let found = outcomes(&imwg_study(), Censoring::Fda);
    let mut next: BTreeMap<String, usize> = BTreeMap::new();
    for expected in golden("imwg_expected_visits.csv") {
        let at = next.entry(expected["case"].clone()).or_default();
        let visit = found[&expected["case"]].visits[*at];
        *at += 1;
        let got = [
            visit.day.to_string(),
            visit.unconfirmed.code().to_owned(),
            visit.confirmed.code().to_owned(),
        ];
        let want = ["day", "response_unconfirmed", "response_confirmed_status"]
            .map(|column| expected[column].clone());
        assert_eq!(got, want, "{}", expected["case"]);
    }
    for (case, outcome) in &found {
        assert_eq!(outcome.visits.len(), next[case], "{case} has other visits");
    }
}

#[test]
fn imwg_subjects_have_the_expected_results() {
    let study = imwg_study();
    let fda = outcomes(&study, Censoring::Fda);
    let ema = outcomes(&study, Censoring::Ema);
    let expected = golden("imwg_expected_subjects.csv");
    assert_eq!(expected.len(), fda.len());
    for row in expected {
        let case = &row["case"];
        let outcome = &fda[case];
        assert_eq!(outcome.measurable_by.code(), row["measurable_by"], "{case}");
        assert_eq!(outcome.best_response.code(), row["best_confirmed_response"], "{case}");
        let responder = if outcome.best_response.is_response() { "Y" } else { "N" };
        assert_eq!(responder, row["responder_pr_or_better"], "{case}");
        assert_eq!(outcome.first_response_day, number(&row, "first_response_day"), "{case}");
        assert_eq!(outcome.progression_day, number(&row, "pd_day"), "{case}");
        for (set, outcome) in [("fda", outcome), ("ema", &ema[case])] {
            let wanted = |name: &str| number(&row, name);
            let event = |event: bool| f64::from(u8::from(event));
            let duration = outcome.response_duration;
            let free = outcome.progression_free;
            assert_eq!(
                duration.map(|time| time.days),
                wanted(&format!("dor_{set}_days")),
                "{case}"
            );
            assert_eq!(
                duration.map(|time| event(time.event)),
                wanted(&format!("dor_{set}_event")),
                "{case}"
            );
            assert_eq!(Some(free.days), wanted(&format!("pfs_{set}_day")), "{case} {set}");
            assert_eq!(
                Some(event(free.event)),
                wanted(&format!("pfs_{set}_event")),
                "{case} {set}"
            );
        }
    }
}

/// Calendar days from an ISO date, enough to put dates in order.
fn date(text: &str) -> f64 {
    let mut parts = text.split('-').map(|part| part.parse::<f64>().expect("a date"));
    let mut next = || parts.next().expect("year, month and day");
    next() * 372.0 + next() * 31.0 + next()
}

#[test]
fn confirmation_equals_the_published_function() {
    let mut subjects: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in golden("imwg_admiralonco_covr.csv") {
        subjects.entry(row["usubjid"].clone()).or_default().push(row);
    }
    for (subject, mut rows) in subjects {
        rows.sort_by(|a, b| a["adt"].cmp(&b["adt"]));
        let levels: Vec<Level> = rows
            .iter()
            .map(|row| {
                let level = Response::from_code(&row["response_unconfirmed"]).expect("a response");
                let imaging = row["pd_imaging"] == "Y";
                let at_once = if imaging { level } else { Response::NotEvaluable };
                Level { day: date(&row["adt"]), level, at_once }
            })
            .collect();
        let dead = rows.iter().any(|row| row["death_pd"] == "Y").then_some(f64::INFINITY);
        let therapy = Some(&rows[0]["new_therapy_date"]).filter(|day| !day.is_empty());
        let therapy = therapy.map(|day| date(day));
        let found = confirm(&levels, therapy, dead, &ImwgOptions::default());
        let got: Vec<&str> = found.status.iter().map(|status| status.code()).collect();
        let want: Vec<&str> =
            rows.iter().map(|row| row["expected_confirmed_covr"].as_str()).collect();
        assert_eq!(got, want, "{subject}");
    }
}

#[test]
fn crs_cases_have_the_expected_grade() {
    for row in golden("crs_cases.csv") {
        let device = match row["oxygen_device"].as_str() {
            "none" => 0,
            "low_flow_nasal" => 1,
            "blow_by" => 2,
            "high_flow_nasal" => 3,
            "face_mask" => 4,
            "non_rebreather" => 5,
            "venturi" => 6,
            "cpap" | "bipap" | "intubated" => 7,
            other => panic!("unknown device {other}"),
        };
        let signs = Signs {
            temperature: number(&row, "temp_c"),
            fever_treated: row["fever_treated_since_onset"] == "Y",
            hypotension: row["hypotension"] == "Y",
            vasopressors: number(&row, "n_vasopressors_excl_vasopressin").expect("a count") as u8,
            vasopressin: row["vasopressin"] == "Y",
            oxygen_device: device,
            oxygen_flow: number(&row, "oxygen_l_min"),
        };
        let grade = if row["death_from_crs"] == "Y" { 5 } else { crs_grade_now(&signs) };
        assert_eq!(grade.to_string(), row["expected_grade"], "{}", row["case"]);
    }
}

#[test]
fn icans_cases_have_the_expected_grade() {
    for row in golden("icans_cases.csv") {
        let code = |column: &str, words: &[&str]| {
            let found = words.iter().position(|&word| word == row[column]);
            found.unwrap_or_else(|| panic!("{column}: {}", row[column])) as u8
        };
        let words = ["awake", "spontaneous", "voice", "touch", "unarousable"];
        let signs = NeuroSigns {
            ice_score: number(&row, "ice_score").map(|score| score as u8),
            consciousness: code("consciousness", &words),
            seizure: code("seizure", &["none", "brief_resolving", "prolonged_or_repeated"]),
            deep_motor_weakness: row["deep_motor_weakness"] == "Y",
            oedema: code("raised_icp_or_oedema", &["none", "focal", "diffuse"]),
        };
        let grade = if row["death_from_icans"] == "Y" { 5 } else { icans_grade_now(&signs) };
        assert_eq!(grade.to_string(), row["expected_grade"], "{}", row["case"]);
    }
}

#[test]
fn laboratory_values_have_the_expected_grade() {
    let options = CtcaeOptions::default();
    for row in golden("ctcae_labs.csv") {
        let term = LabTerm::from_title(&row["term"]).expect("a term");
        let reference = Reference {
            lower: number(&row, "lln"),
            upper: number(&row, "uln"),
            baseline: number(&row, "baseline"),
        };
        let grade = number(&row, "aval")
            .and_then(|value| lab_grade(term, value, &reference, &options))
            .map_or(String::new(), |grade| grade.to_string());
        assert_eq!(grade, row["expected_grade"], "{row:?}");
    }
}

/// 1e-8 relative: what two R packages agree on.
#[track_caller]
fn assert_close(got: Option<f64>, want: Option<f64>, what: &str) {
    match (got, want) {
        (None, None) => {}
        (Some(got), Some(want)) if (got - want).abs() <= 1e-8 * want.abs() => {}
        _ => panic!("{what}: got {got:?}, want {want:?}"),
    }
}

/// The profiles that are made up, and with the folder of data sets those of R.
fn profiles() -> BTreeMap<String, Vec<Point>> {
    let mut rows = golden("nca_input.csv");
    match std::env::var_os("CYTOTRIAL_CRITERIA_DATA") {
        Some(folder) => {
            let path = std::path::Path::new(&folder).join("../golden/nca_input.csv");
            let text = std::fs::read_to_string(path).expect("the profiles beside the data sets");
            rows.extend(
                table::rows(&text).into_iter().filter(|row| row["profile"].starts_with("THEO")),
            );
        }
        None => eprintln!("skipped: CYTOTRIAL_CRITERIA_DATA names no folder with profiles of R"),
    }
    let mut profiles: BTreeMap<String, Vec<Point>> = BTreeMap::new();
    for row in rows {
        let value = number(&row, "value");
        profiles.entry(row["profile"].clone()).or_default().push(Point {
            day: number(&row, "time_d").expect("a time"),
            value: value.or(number(&row, "lloq")).expect("a value or a limit"),
            below_limit: value.is_none(),
        });
    }
    profiles
}

#[test]
fn kinetics_equal_two_r_packages() {
    let profiles = profiles();
    let mut compared = 0;
    for row in golden("nca_expected.csv") {
        let name = &row["profile"];
        let Some(profile) = profiles.get(name) else { continue };
        compared += 1;
        let variant = |auc_28| {
            let options = KineticsOptions { auc_28, ..KineticsOptions::default() };
            kinetics::of(profile, &options).expect("a sampled profile")
        };
        let found = variant(Auc::All);
        let check = |column: &str, got: Option<f64>| {
            assert_close(got, number(&row, column), &format!("{name} {column}"));
        };
        check("cmax", found.cmax);
        check("tmax", found.tmax);
        check("clast", found.clast);
        check("tlast", found.tlast);
        check("t_first", found.first_day);
        check("auc_last", Some(found.auc_last));
        check("nc_auc_last", number(&row, "nc_auc_last").and(Some(found.auc_last)));
        check("auc0_28_last", Some(variant(Auc::Last).auc_28));
        check("auc0_28_all", Some(found.auc_28));
        for (column, auc) in [("auc0_28_pred", Auc::Predicted), ("auc0_28_obs", Auc::Observed)] {
            let found = variant(auc);
            check(column, Some(found.auc_28).filter(|_| number(&row, column).is_some()));
            let complete = found.cmax.is_none() || !found.auc_28_is_partial;
            assert!(complete || number(&row, column).is_none(), "{name} {column}");
        }
        if found.tlast.is_some_and(|last| last >= 28.0) {
            check("nc_auc0_28", Some(found.auc_28));
        }
        check("lambda_z", found.lambda_z);
        check("nc_lambda_z", found.lambda_z);
        check("half_life", found.half_life);
        check("nc_half_life", found.half_life);
        let points = found.slope_points as f64;
        check("n_lz", (found.slope_points > 0).then_some(points));
        check("r2_adj", found.slope_r2);
        check("lz_first", found.slope_span.map(|span| span.0));
        check("lz_last", found.slope_span.map(|span| span.1));
        check("auc_inf_obs", found.auc_infinity);
        check("nc_auc_inf_obs", found.auc_infinity);
        check("auc_inf_pred", found.auc_infinity_predicted);
        check("auc_pct_extrap_obs", found.extrapolated.map(|share| 100.0 * share));
    }
    assert!(compared >= 8 && compared >= profiles.len());
}

#[test]
fn progression_needs_the_markers_only() {
    let study = imwg_study();
    let rules = Rules::default();
    let outcomes = evaluate(&study, &rules);
    let mut progressed = 0;
    let analytes = study.findings.analyte.iter().zip(0..);
    let markers: Vec<u32> = analytes
        .filter(|(analyte, _)| imwg::visit::MARKERS.contains(analyte))
        .map(|(_, row)| row)
        .collect();
    for (subject, outcome) in outcomes.subjects.iter().enumerate() {
        let index = Index::part(&study, subject, &markers);
        let found = imwg::progression(&index.subject(&study, subject), &rules.imwg);
        assert_eq!(found, outcome.progression_day, "subject {subject}");
        progressed += usize::from(found.is_some());
    }
    assert!(progressed > 5, "{progressed} progressed");
}
