//! Every row of the tables on relapse, residual disease, times to events, laboratory grades and
//! kinetics under `spec/` is a case.

mod table;

use cytotrial_evaluate::criteria::ctcae::{CtcaeVersion, Reference, lab_grade};
use cytotrial_evaluate::{
    Censoring, CtcaeOptions, KineticsOptions, LabTerm, Point, Rules, SubjectOutcome, TimeToEvent,
    evaluate, kinetics,
};
use records::{Analyte, DeathCause, EventTerm, Study, Treatment};
use table::{cells, number, spec};

/// One subject infused on day 0 and seen to day 200, with serum M-protein (g/L) at baseline.
fn infused(serum: f64) -> Study {
    let mut study = Study::default();
    study.push_subject("S-1", "A");
    study.subjects.last_known_alive_day[0] = 200.0;
    study.exposures.push(0, Treatment::CellProduct, 0.0, 1e8, 1e8);
    study.findings.push(0, Analyte::SerumMProtein, 0.0, serum, false);
    study
}

fn add(study: &mut Study, day: f64, analyte: Analyte, value: Option<f64>) {
    if let Some(value) = value {
        study.findings.push(0, analyte, day, value, false);
    }
}

fn outcome(study: &Study, rules: &Rules) -> SubjectOutcome {
    evaluate(study, rules).subjects.remove(0)
}

/// An assessment without urine M-protein; serum in g/L.
fn assessment(study: &mut Study, day: f64, serum: f64, band: bool, marrow: Option<f64>) {
    add(study, day, Analyte::SerumMProtein, Some(serum));
    add(study, day, Analyte::SerumImmunofixation, Some(f64::from(u8::from(band))));
    add(study, day, Analyte::UrineMProtein, Some(0.0));
    add(study, day, Analyte::UrineImmunofixation, Some(0.0));
    add(study, day, Analyte::MarrowPlasmaCells, marrow);
}

/// A subject in complete response from day 28.
fn complete() -> Study {
    let mut study = infused(30.0);
    assessment(&mut study, 28.0, 0.0, false, Some(1.0));
    assessment(&mut study, 56.0, 0.0, false, None);
    study
}

fn yes(value: Option<bool>) -> &'static str {
    match value {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    }
}

#[test]
fn marrow_alone() {
    for row in spec("imwg", "Marrow alone") {
        let [before, now, best, level] = cells(&row);
        let mut study = infused(0.0);
        add(&mut study, 0.0, Analyte::MarrowPlasmaCells, number(before));
        add(&mut study, 28.0, Analyte::SerumMProtein, Some(0.0));
        add(&mut study, 28.0, Analyte::MarrowPlasmaCells, number(now));
        let rules: Rules = toml::from_str(&format!("imwg = {{ marrow-best = '{best}' }}"))
            .unwrap_or_else(|error| panic!("{error}: {row:?}"));
        assert_eq!(outcome(&study, &rules).visits[0].unconfirmed.code(), level, "{row:?}");
    }
}

#[test]
fn nothing_measurable() {
    for row in spec("imwg", "Nothing measurable") {
        let [size_before, size, band, marrow, level, confirmed] = cells(&row);
        let mut study = infused(0.0);
        add(&mut study, 0.0, Analyte::PlasmacytomaSize, number(size_before));
        assessment(&mut study, 28.0, 0.0, band == "positive", number(marrow));
        add(&mut study, 28.0, Analyte::PlasmacytomaSize, number(size));
        let found = outcome(&study, &Rules::default());
        assert_eq!(found.measurable_by.code(), "", "{row:?}");
        assert_eq!(found.visits[0].unconfirmed.code(), level, "{row:?}");
        assert_eq!(found.visits[0].confirmed.code(), confirmed, "{row:?}");
    }
}

#[test]
fn lesions_and_cells_in_blood() {
    for row in spec("imwg", "Lesions and cells in blood") {
        let [size_before, size, diameter_before, diameter, new, level] = cells(&row);
        let mut study = infused(30.0);
        add(&mut study, 0.0, Analyte::PlasmacytomaSize, number(size_before));
        add(&mut study, 0.0, Analyte::LesionDiameter, number(diameter_before));
        add(&mut study, 28.0, Analyte::SerumMProtein, Some(10.0));
        add(&mut study, 28.0, Analyte::PlasmacytomaSize, number(size));
        add(&mut study, 28.0, Analyte::LesionDiameter, number(diameter));
        add(&mut study, 28.0, Analyte::NewLesion, Some(f64::from(u8::from(new == "yes"))));
        let found = outcome(&study, &Rules::default()).visits[0].unconfirmed;
        assert_eq!(found.code(), level, "{row:?}");
    }
}

#[test]
fn residual_disease() {
    for row in spec("imwg", "Minimal residual disease") {
        let [sample, sensitivity, pet, negative, depth, plus] = cells(&row);
        let mut study = complete();
        let value = number(sample.trim_start_matches('<')).expect("a share");
        let below = sample.starts_with('<');
        study.findings.push(0, Analyte::MinimalResidualDisease, 84.0, value, below);
        add(&mut study, 84.0, Analyte::MrdSensitivity, number(sensitivity));
        let avid = (!pet.is_empty()).then(|| f64::from(u8::from(pet == "avid")));
        add(&mut study, 90.0, Analyte::PetAvidLesions, avid);
        let found = outcome(&study, &Rules::default()).mrd;
        assert_eq!(yes(found.negative_1e5), negative, "{row:?}");
        assert_eq!(found.depth, number(depth), "{row:?}");
        assert_eq!(yes(found.imaging_plus), plus, "{row:?}");
    }
}

#[test]
fn sustained_negativity() {
    for row in spec("imwg", "Sustained negativity") {
        let [samples, marrow, imaging, lost] = cells(&row);
        let mut study = complete();
        for word in samples.split_whitespace() {
            let (kind, day) = word.split_at(1);
            let day = number(day).expect("a day");
            match kind {
                "c" => add(&mut study, day, Analyte::PetAvidLesions, Some(0.0)),
                "-" => study.findings.push(0, Analyte::MinimalResidualDisease, day, 1e-6, true),
                "+" => study.findings.push(0, Analyte::MinimalResidualDisease, day, 1e-3, false),
                other => panic!("`{other}` is no sample"),
            }
        }
        let found = outcome(&study, &Rules::default()).mrd;
        assert_eq!(yes(found.sustained), marrow, "{row:?}");
        assert_eq!(yes(found.sustained_with_imaging), imaging, "{row:?}");
        assert_eq!(found.lost_day, number(lost), "{row:?}");
    }
}

#[test]
fn relapse_from_complete_response() {
    for row in spec("imwg", "Relapse that is not progression") {
        let [assessments, lost] = cells(&row);
        let mut study = complete();
        for (at, word) in assessments.split_whitespace().enumerate() {
            let parts: Vec<&str> = word.split('/').collect();
            let serum = 10.0 * number(parts[0]).expect("a value");
            let marrow = parts.get(2).and_then(|marrow| number(marrow));
            assessment(&mut study, 84.0 + 28.0 * at as f64, serum, parts[1] == "P", marrow);
        }
        let found = outcome(&study, &Rules::default());
        assert_eq!(found.complete_response_day, Some(28.0), "{row:?}");
        assert_eq!(found.relapse_from_complete, number(lost), "{row:?}");
        let free = found.disease_free.expect("a complete response");
        assert_eq!(free.event, !lost.is_empty(), "{row:?}");
    }
}

#[test]
fn clinical_relapse() {
    for row in spec("imwg", "Clinical relapse") {
        let [sign, value, progressed, relapse] = cells(&row);
        let mut study = infused(30.0);
        for (analyte, value) in
            [(Analyte::Calcium, 2.3), (Analyte::Haemoglobin, 120.0), (Analyte::Creatinine, 80.0)]
        {
            add(&mut study, 0.0, analyte, Some(value));
        }
        let later = if progressed == "yes" { [16.0, 17.0] } else { [10.0, 10.0] };
        for (day, serum) in [(28.0, 10.0), (56.0, later[0]), (84.0, later[1])] {
            add(&mut study, day, Analyte::SerumMProtein, Some(serum));
        }
        let analyte = Analyte::from_code(sign).expect("an analyte");
        add(&mut study, 70.0, analyte, number(value));
        let found = outcome(&study, &Rules::default()).clinical_relapse;
        assert_eq!(found.is_some(), relapse == "yes", "{row:?}: {found:?}");
        assert!(found.is_none_or(|found| (found.day - 70.0).abs() < 1e-9), "{row:?}");
    }
}

fn shown(time: TimeToEvent) -> String {
    format!("{}{}", time.days, if time.event { "+" } else { "" })
}

#[test]
fn times_to_events() {
    for row in spec("imwg", "Times to events") {
        let [levels, death, cause, therapy, fda, ema, ttp, ttnt, overall] = cells(&row);
        let mut study = infused(30.0);
        let mut serum = 10.0;
        for (at, level) in levels.split_whitespace().enumerate() {
            match level {
                "-" => continue,
                "PD" => serum += 6.0,
                _ => {}
            }
            let day = 28.0 * (at + 1) as f64;
            add(&mut study, day, Analyte::SerumMProtein, Some(serum));
        }
        let about = &mut study.subjects;
        about.death_day[0] = number(death);
        about.death_cause[0] = DeathCause::from_code(cause);
        about.new_therapy_day[0] = number(therapy);
        if let Some(day) = number(death) {
            about.last_known_alive_day[0] = day;
        }
        let rules = |censoring| Rules { censoring, ..Rules::default() };
        let found = outcome(&study, &rules(Censoring::Fda));
        let other = outcome(&study, &rules(Censoring::Ema));
        let got = [
            found.progression_free,
            other.progression_free,
            found.to_progression,
            found.to_next_therapy,
            found.overall,
        ]
        .map(shown);
        assert_eq!(got, [fda, ema, ttp, ttnt, overall], "{row:?}");
    }
}

#[test]
fn neutrophils_by_version() {
    let reference = Reference { lower: Some(2.0), ..Reference::default() };
    for row in spec("labs", "Neutrophils by version") {
        let [count, five, six] = cells(&row);
        let value = number(count).expect("a count");
        for (neutrophil_version, want) in [(CtcaeVersion::Five, five), (CtcaeVersion::Six, six)] {
            let options = CtcaeOptions { neutrophil_version, ..CtcaeOptions::default() };
            let found = lab_grade(LabTerm::Neutrophils, value, &reference, &options);
            assert_eq!(found.map(|grade| grade.to_string()).as_deref(), Some(want), "{row:?}");
        }
    }
}

#[test]
fn other_laboratory_terms() {
    for row in spec("labs", "Other terms") {
        let [term, value, lower, upper, baseline, grade] = cells(&row);
        let term = LabTerm::from_title(term).expect("a term");
        let [lower, upper, baseline] = [lower, upper, baseline].map(number);
        let reference = Reference { lower, upper, baseline };
        let value = number(value).expect("a value");
        let found = lab_grade(term, value, &reference, &CtcaeOptions::default());
        let found = found.map_or(String::new(), |grade| grade.to_string());
        assert_eq!(found, grade, "{row:?}");
    }
}

#[test]
fn the_investigators_grade_is_listed_where_it_differs() {
    for row in spec("labs", "The investigator's grade beside the computed one") {
        let [temperatures, pressors, reported, computed, listed] = cells(&row);
        let mut study = infused(30.0);
        let values =
            |text: &str| -> Vec<f64> { text.split_whitespace().filter_map(number).collect() };
        for (at, (temperature, pressors)) in
            values(temperatures).into_iter().zip(values(pressors)).enumerate()
        {
            let day = 1.0 + at as f64;
            add(&mut study, day, Analyte::Temperature, Some(temperature));
            add(&mut study, day, Analyte::Vasopressors, Some(pressors));
        }
        let grade = reported.parse().expect("a grade");
        let term = EventTerm::CytokineReleaseSyndrome;
        study.events.push(0, term, 1.0, Some(4.0), grade, true);
        let found = outcome(&study, &Rules::default());
        let worst = found.crs.map_or(0, |episode| episode.grade);
        assert_eq!(worst.to_string(), computed, "{row:?}");
        assert_eq!(!found.grade_differences.is_empty(), listed == "yes", "{row:?}");
        for difference in found.grade_differences {
            assert_eq!((difference.reported, difference.computed), (grade, worst), "{row:?}");
        }
    }
}

/// `day:value`, with `<` for a value below a limit of 10.
fn profile(text: &str) -> Vec<Point> {
    text.split_whitespace()
        .map(|word| {
            let (day, value) = word.split_once(':').expect("a day and a value");
            let below_limit = value == "<";
            let value = if below_limit { 10.0 } else { number(value).expect("a value") };
            Point { day: number(day).expect("a day"), value, below_limit }
        })
        .collect()
}

#[track_caller]
fn close(got: f64, want: &str, row: &[String]) {
    let want = number(want).expect("a number");
    assert!((got - want).abs() < 1e-3, "{got} for {want}: {row:?}");
}

#[test]
fn profiles_of_cells() {
    for row in spec("kinetics", "Profiles") {
        let [values, options, cmax, tmax, tlast, area] = cells(&row);
        let options: KineticsOptions = toml::from_str(options).expect("options");
        let found = kinetics::of(&profile(values), &options).expect("samples");
        assert_eq!(found.cmax, number(cmax), "{row:?}");
        assert_eq!(found.tmax, number(tmax), "{row:?}");
        assert_eq!(found.tlast, number(tlast), "{row:?}");
        close(found.auc_last, area, &row);
    }
}

#[test]
fn areas_over_28_days() {
    for row in spec("kinetics", "Areas over 28 days where values end before") {
        let [values, variant, area, short] = cells(&row);
        let options: KineticsOptions =
            toml::from_str(&format!("auc-28 = '{variant}'")).expect("options");
        let found = kinetics::of(&profile(values), &options).expect("samples");
        close(found.auc_28, area, &row);
        assert_eq!(found.auc_28_is_partial, short == "yes", "{row:?}");
    }
}

#[test]
fn days_above_a_value() {
    for row in spec("kinetics", "Days above a value") {
        let [values, threshold, days] = cells(&row);
        let threshold = number(threshold).expect("a value");
        let options = KineticsOptions { threshold, ..KineticsOptions::default() };
        let found = kinetics::of(&profile(values), &options).expect("samples");
        close(found.days_above, days, &row);
    }
}

#[test]
fn after_several_infusions_each_has_its_own_profile() {
    let mut study = infused(30.0);
    study.exposures.push(0, Treatment::CellProduct, 7.0, 1e8, 1e8);
    for (day, value) in [(1.0, 50.0), (3.0, 20.0), (6.9, 5.0), (8.0, 90.0), (14.0, 10.0)] {
        study.findings.push(0, Analyte::InfusedCells, day, value, false);
    }
    let index = cytotrial_evaluate::Index::new(&study);
    let options = KineticsOptions::default();
    let subject = index.subject(&study, 0);
    let found = kinetics::by_infusion(&subject, Analyte::InfusedCells, &options);
    let shown: Vec<(f64, Option<f64>, Option<f64>)> =
        found.iter().map(|(day, one)| (*day, one.cmax, one.tmax)).collect();
    assert_eq!(shown, [(0.0, Some(50.0), Some(1.0)), (7.0, Some(90.0), Some(1.0))]);
    // the sample before the second infusion is where its curve begins, and no peak
    assert!((found[1].1.auc_last - (47.5 + 80.0 * 6.0 / (9.0_f64).ln())).abs() < 1e-9);
}

#[test]
fn copies_become_cells_only_with_all_that_is_needed() {
    // 1000 copies per ug at 6.6 pg a cell are 6.6 in 1000 cells; with 5e9 white cells per litre
    let cells = kinetics::cells_from_copies(1000.0, 5.0, 6.6, 1.0);
    assert!((cells - 33.0).abs() < 1e-9, "{cells}");
}
