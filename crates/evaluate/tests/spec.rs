//! Every row of the tables under `spec/` is a case.

mod table;

use cytotrial_evaluate::criteria::imwg::confirm::confirm;
use cytotrial_evaluate::criteria::imwg::level::Level;
use cytotrial_evaluate::{
    DltStatus, ImwgOptions, NeuroSigns, Response, Rules, Signs, crs_grade_now, dlt_status,
    evaluate, icans_grade_now,
};
use records::{Analyte, DeathCause, EventTerm, Study, Treatment};
use table::{cells, number, spec};

fn sign(text: &str) -> Option<f64> {
    match text {
        "positive" | "yes" => Some(1.0),
        "negative" | "no" => Some(0.0),
        "" => None,
        other => panic!("`{other}` is no sign"),
    }
}

/// Values of one patient at baseline and at one visit on day 28.
struct Patient(Study);

impl Patient {
    fn new() -> Self {
        let mut study = Study::default();
        study.push_subject("S-1", "A");
        Self(study)
    }

    fn add(&mut self, day: f64, analyte: Analyte, value: Option<f64>) {
        if let Some(value) = value {
            self.0.findings.push(0, analyte, day, value, false);
        }
    }

    fn level(&self) -> &'static str {
        evaluate(&self.0, &Rules::default()).subjects[0].visits[0].unconfirmed.code()
    }
}

const GRAMS_PER_LITRE: f64 = 10.0; // of 1 g/dL

fn grams(text: &str) -> Option<f64> {
    number(text).map(|value| value * GRAMS_PER_LITRE)
}

#[test]
fn imwg_measurable_disease() {
    for row in spec("imwg", "Measurable disease") {
        let [serum, urine, kappa, lambda, marrow, followed] = cells(&row);
        let mut patient = Patient::new();
        patient.add(0.0, Analyte::SerumMProtein, grams(serum));
        patient.add(0.0, Analyte::UrineMProtein, number(urine));
        patient.add(0.0, Analyte::KappaFreeLightChain, number(kappa));
        patient.add(0.0, Analyte::LambdaFreeLightChain, number(lambda));
        patient.add(0.0, Analyte::MarrowPlasmaCells, number(marrow));
        let found = evaluate(&patient.0, &Rules::default()).subjects[0].measurable_by;
        assert_eq!(found.code(), followed, "{row:?}");
    }
}

#[test]
fn imwg_serum() {
    for row in spec("imwg", "Serum M-protein alone") {
        let [before, now, band, level] = cells(&row);
        let mut patient = Patient::new();
        patient.add(0.0, Analyte::SerumMProtein, grams(before));
        patient.add(28.0, Analyte::SerumMProtein, grams(now));
        patient.add(28.0, Analyte::UrineMProtein, Some(0.0));
        patient.add(28.0, Analyte::SerumImmunofixation, sign(band));
        patient.add(28.0, Analyte::UrineImmunofixation, Some(0.0));
        patient.add(28.0, Analyte::MarrowPlasmaCells, Some(2.0));
        assert_eq!(patient.level(), level, "{row:?}");
    }
}

#[test]
fn imwg_serum_and_urine() {
    for row in spec("imwg", "Serum and urine") {
        let [serum_before, urine_before, serum, urine, level] = cells(&row);
        let mut patient = Patient::new();
        patient.add(0.0, Analyte::SerumMProtein, grams(serum_before));
        patient.add(0.0, Analyte::UrineMProtein, number(urine_before));
        patient.add(28.0, Analyte::SerumMProtein, grams(serum));
        patient.add(28.0, Analyte::UrineMProtein, number(urine));
        assert_eq!(patient.level(), level, "{row:?}");
    }
}

#[test]
fn imwg_light_chains() {
    for row in spec("imwg", "Light chains alone") {
        let [kappa_before, kappa, lambda, band, level] = cells(&row);
        let mut patient = Patient::new();
        patient.add(0.0, Analyte::SerumMProtein, Some(0.0));
        patient.add(0.0, Analyte::UrineMProtein, Some(0.0));
        patient.add(0.0, Analyte::KappaFreeLightChain, number(kappa_before));
        patient.add(0.0, Analyte::LambdaFreeLightChain, Some(10.0));
        patient.add(28.0, Analyte::KappaFreeLightChain, number(kappa));
        patient.add(28.0, Analyte::LambdaFreeLightChain, number(lambda));
        patient.add(28.0, Analyte::SerumImmunofixation, sign(band));
        patient.add(28.0, Analyte::UrineImmunofixation, sign(band));
        patient.add(28.0, Analyte::MarrowPlasmaCells, Some(2.0));
        assert_eq!(patient.level(), level, "{row:?}");
    }
}

#[test]
fn imwg_complete_response() {
    for row in spec("imwg", "Complete response") {
        let [serum_band, urine_band, marrow, clonal, kappa, lambda, before, now, level] =
            cells(&row);
        let mut patient = Patient::new();
        patient.add(0.0, Analyte::SerumMProtein, Some(30.0));
        patient.add(0.0, Analyte::PlasmacytomaSize, number(before));
        patient.add(28.0, Analyte::SerumMProtein, Some(0.0));
        patient.add(28.0, Analyte::UrineMProtein, Some(0.0));
        patient.add(28.0, Analyte::SerumImmunofixation, sign(serum_band));
        patient.add(28.0, Analyte::UrineImmunofixation, sign(urine_band));
        patient.add(28.0, Analyte::MarrowPlasmaCells, number(marrow));
        patient.add(28.0, Analyte::MarrowClonality, sign(clonal));
        patient.add(28.0, Analyte::KappaFreeLightChain, number(kappa));
        patient.add(28.0, Analyte::LambdaFreeLightChain, number(lambda));
        patient.add(28.0, Analyte::PlasmacytomaSize, number(now));
        assert_eq!(patient.level(), level, "{row:?}");
    }
}

#[test]
fn imwg_confirmation() {
    for row in spec("imwg", "Confirmation") {
        let [visits, status, best, progression] = cells(&row);
        let mut levels: Vec<Level> = Vec::new();
        let mut therapy = None;
        for word in visits.split_whitespace() {
            let day = 28.0 * (levels.len() + 1) as f64;
            if word == "|" {
                therapy = Some(day - 14.0);
                continue;
            }
            let level = Response::from_code(word.trim_end_matches('*')).expect("a level");
            let at_once = if word.ends_with('*') { level } else { Response::NotEvaluable };
            levels.push(Level { day, level, at_once });
        }
        let found = confirm(&levels, therapy, None, &ImwgOptions::default());
        let codes: Vec<&str> = found.status.iter().map(|status| status.code()).collect();
        assert_eq!(codes.join(" "), status, "{row:?}");
        assert_eq!(found.best.code(), best, "{row:?}");
        assert_eq!(found.progression_day, number(progression), "{row:?}");
    }
}

fn code(analyte: Analyte, word: &str) -> u8 {
    let found = analyte.codes().iter().position(|&known| known == word);
    found.unwrap_or_else(|| panic!("`{word}` is no word of {}", analyte.title())) as u8
}

#[test]
fn crs_at_one_moment() {
    for row in spec("crs", "Grade at one moment") {
        let [temperature, treated, hypotension, pressors, vasopressin, device, flow, grade] =
            cells(&row);
        let signs = Signs {
            temperature: number(temperature),
            fever_treated: sign(treated) == Some(1.0),
            hypotension: sign(hypotension) == Some(1.0),
            vasopressors: pressors.parse().expect("a count"),
            vasopressin: sign(vasopressin) == Some(1.0),
            oxygen_device: code(Analyte::OxygenDevice, device),
            oxygen_flow: number(flow),
        };
        assert_eq!(crs_grade_now(&signs).to_string(), grade, "{row:?}");
    }
}

#[test]
fn icans_at_one_moment() {
    for row in spec("icans", "Grade at one moment") {
        let [ice, consciousness, seizure, motor, oedema, grade] = cells(&row);
        let signs = NeuroSigns {
            ice_score: number(ice).map(|score| score as u8),
            consciousness: code(Analyte::Consciousness, consciousness),
            seizure: code(Analyte::Seizure, seizure),
            deep_motor_weakness: sign(motor) == Some(1.0),
            oedema: code(Analyte::CerebralOedema, oedema),
        };
        assert_eq!(icans_grade_now(&signs).to_string(), grade, "{row:?}");
    }
}

/// One subject with its infusions, seen to day 100.
fn infused(days: &[f64]) -> Study {
    let mut study = Study::default();
    study.push_subject("S-1", "A");
    study.subjects.last_known_alive_day[0] = 100.0;
    for &day in days {
        study.exposures.push(0, Treatment::CellProduct, day, 1e8, 1e8);
    }
    study
}

fn status(study: &Study, day: &str) -> &'static str {
    let day = number(day).expect("a day");
    match dlt_status(study, 0, &Rules::default(), day) {
        DltStatus::Pending { .. } => "pending",
        DltStatus::None => "none",
        DltStatus::Dlt(_) => "DLT",
        DltStatus::NotEvaluable { .. } => "not evaluable",
        DltStatus::Unknown => "unknown",
    }
}

#[test]
fn dlt_events() {
    for row in spec("dlt", "Syndromes and reported events") {
        let [event, grade, related, from, to, day, want] = cells(&row);
        let mut study = infused(&[0.0, 7.0, 14.0]);
        study.events.push(
            0,
            EventTerm::from_code(event).expect("an event"),
            number(from).expect("a day"),
            number(to),
            grade.parse().expect("a grade"),
            sign(related) == Some(1.0),
        );
        assert_eq!(status(&study, day), want, "{row:?}");
    }
}

#[test]
fn dlt_laboratory_values() {
    for row in spec("dlt", "Laboratory values") {
        let [analyte, baseline, d1, v1, d2, v2, d3, v3, marrow, day, want] = cells(&row);
        let mut study = infused(&[0.0, 7.0, 14.0]);
        let analyte = Analyte::from_code(analyte).expect("an analyte");
        for (at, value) in [("-6", baseline), (d1, v1), (d2, v2), (d3, v3)] {
            let (at, value) = (number(at).expect("a day"), number(value).expect("a value"));
            study.findings.push(0, analyte, at, value, false);
        }
        if let Some(share) = number(marrow) {
            study.findings.push(0, Analyte::MarrowPlasmaCells, 28.0, share, false);
        }
        assert_eq!(status(&study, day), want, "{row:?}");
    }
}

#[test]
fn dlt_window() {
    for row in spec("dlt", "The window and who counts") {
        let [infusions, seen, death, cause, therapy, dose, day, want] = cells(&row);
        let days: Vec<f64> = infusions.split_whitespace().filter_map(number).collect();
        let mut study = infused(&days);
        let about = &mut study.subjects;
        about.last_known_alive_day[0] = number(seen).expect("a day");
        about.death_day[0] = number(death);
        about.death_cause[0] = DeathCause::from_code(cause);
        about.new_therapy_day[0] = number(therapy);
        about.dose_fraction[0] = number(dose).expect("a share");
        assert_eq!(status(&study, day), want, "{row:?}");
    }
}
