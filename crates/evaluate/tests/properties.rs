//! What holds for every study, on many made-up ones.

use cytotrial_evaluate::{
    DltFinding, DltStatus, Index, Response, Rules, criteria::dlt, dlt_status, evaluate,
};
use records::{Analyte, DeathCause, EventTerm, Study, Treatment};
use stats::{Purpose, stream};

/// A study of three subjects by chance; the numbers mean nothing.
fn study(seed: u64) -> Study {
    let mut study = Study::default();
    for subject in 0..3_u32 {
        let mut draw = stream(seed, 0, subject, Purpose::Events).sequence(0);
        let mut uniform = move |low: f64, high: f64| low + (high - low) * draw.uniform();
        let at = study.push_subject(&format!("S-{subject}"), "A") as usize;
        let about = &mut study.subjects;
        about.infused_calendar[at] = Some(10.0 * f64::from(subject));
        about.last_known_alive_day[at] = uniform(5.0, 200.0);
        if uniform(0.0, 1.0) < 0.3 {
            let day = about.last_known_alive_day[at];
            about.death_day[at] = Some(day);
            let cause = uniform(0.0, DeathCause::ALL.len() as f64) as usize;
            about.death_cause[at] = Some(DeathCause::ALL[cause]);
        }
        for day in [0.0, 7.0, 14.0] {
            study.exposures.push(subject, Treatment::CellProduct, day, 1e8, 1e8);
        }
        for _ in 0..200 {
            let analyte = Analyte::ALL[uniform(0.0, Analyte::ALL.len() as f64) as usize];
            let codes = analyte.codes().len() as f64;
            let value = match analyte {
                Analyte::Temperature => uniform(36.0, 40.0),
                Analyte::IceScore => uniform(0.0, 11.0).floor(),
                _ if codes > 0.0 => uniform(0.0, codes).floor(),
                _ => uniform(0.0, 60.0),
            };
            study.findings.push(subject, analyte, uniform(-10.0, 200.0), value, false);
        }
        for _ in 0..3 {
            let term = EventTerm::ALL[uniform(0.0, EventTerm::ALL.len() as f64) as usize];
            let start = uniform(0.0, 60.0);
            let end = (uniform(0.0, 1.0) < 0.8).then_some(start + uniform(0.0, 10.0));
            let grade = 1 + uniform(0.0, 5.0) as u8;
            study.events.push(subject, term, start, end, grade, uniform(0.0, 1.0) < 0.7);
        }
    }
    study
}

/// The study with its findings in the opposite order.
fn reversed(study: &Study) -> Study {
    let mut turned = study.clone();
    turned.findings.subject.reverse();
    turned.findings.analyte.reverse();
    turned.findings.day.reverse();
    turned.findings.value.reverse();
    turned.findings.below_limit.reverse();
    turned
}

#[test]
fn the_order_of_rows_does_not_matter() {
    for seed in 0..100 {
        let study = study(seed);
        let rules = Rules::default();
        assert_eq!(evaluate(&study, &rules), evaluate(&reversed(&study), &rules), "seed {seed}");
    }
}

#[test]
fn one_subject_alone_has_the_same_dlt_as_in_the_whole_index() {
    let rules = Rules::default();
    for seed in 0..100 {
        let study = study(seed);
        let index = Index::new(&study);
        for subject in 0..3 {
            for day in [1.0, 10.0, 28.0, 60.0, 150.0] {
                let whole = dlt::status(&index.subject(&study, subject).as_of(day), &rules);
                assert_eq!(dlt_status(&study, subject, &rules, day), whole, "seed {seed}");
            }
        }
    }
}

/// The study as a file closed on a subject's day would hold it.
fn known_on(study: &Study, subject: usize, day: f64) -> Study {
    let mut known = study.clone();
    let about = &mut known.subjects;
    about.death_day[subject] = about.death_day[subject].filter(|&death| death <= day);
    if about.death_day[subject].is_none() {
        about.death_cause[subject] = None;
    }
    about.last_known_alive_day[subject] = about.last_known_alive_day[subject].min(day);
    known.findings = records::Findings::default();
    let all = &study.findings;
    for row in (0..all.len()).filter(|&row| all.day[row] <= day) {
        let (analyte, value) = (all.analyte[row], all.value[row]);
        known.findings.push(all.subject[row], analyte, all.day[row], value, false);
    }
    known.events = records::Events::default();
    let told = &study.events;
    for row in (0..told.subject.len()).filter(|&row| told.start[row] <= day) {
        let (start, end) = (told.start[row], told.end[row].filter(|&end| end <= day));
        let (grade, related) = (told.grade[row], told.related[row]);
        known.events.push(told.subject[row], told.term[row], start, end, grade, related);
    }
    known
}

#[test]
fn what_comes_later_does_not_change_what_was_known() {
    let rules = Rules::default();
    for seed in 0..100 {
        let study = study(seed);
        for subject in 0..3 {
            for day in [3.0, 14.0, 28.0, 50.0] {
                let then = dlt_status(&known_on(&study, subject, day), subject, &rules, day);
                assert_eq!(dlt_status(&study, subject, &rules, day), then, "seed {seed} {day}");
            }
        }
    }
}

#[test]
fn a_status_of_none_or_pending_has_the_window_on_its_side() {
    let rules = Rules::default();
    let mut seen = [0; 4];
    for seed in 0..200 {
        let study = study(seed);
        for subject in 0..3 {
            for day in [5.0, 27.9, 28.0, 100.0] {
                let at = match dlt_status(&study, subject, &rules, day) {
                    DltStatus::Pending { follow_up } => {
                        assert!(follow_up <= day);
                        0
                    }
                    DltStatus::None => {
                        assert!(day >= 28.0);
                        1
                    }
                    DltStatus::Dlt(dlt) => {
                        assert!(dlt.day <= day && !dlt.because.is_empty());
                        2
                    }
                    DltStatus::NotEvaluable { because } => {
                        assert!(!because.is_empty());
                        3
                    }
                    DltStatus::Unknown => panic!("a subject was not looked at"),
                };
                seen[at] += 1;
            }
        }
    }
    assert!(seen.iter().all(|&count| count > 0), "a status never came up: {seen:?}");
}

#[test]
fn responses_times_and_grades_agree_with_each_other() {
    for seed in 0..300 {
        let study = study(seed);
        for outcome in evaluate(&study, &Rules::default()).subjects {
            assert_eq!(outcome.first_response_day.is_some(), outcome.best_response.is_response());
            assert_eq!(outcome.response_duration.is_some(), outcome.first_response_day.is_some());
            assert_eq!(
                outcome.complete_response_day.is_some(),
                outcome.best_response >= Response::Complete
            );
            assert!(outcome.progression_free.days >= 0.0);
            assert!(outcome.visits.is_sorted_by(|a, b| a.day < b.day));
            let worst = outcome.courses.crs.iter().map(|step| step.grade).max().unwrap_or(0);
            assert_eq!(outcome.crs.map_or(0, |episode| episode.grade), worst);
        }
    }
}

#[test]
fn absurd_numbers_end_in_an_answer() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1e300, 1e300] {
        let mut study = study(1);
        for &analyte in Analyte::ALL {
            study.findings.push(0, analyte, bad, 1.0, false);
            study.findings.push(1, analyte, 3.0, bad, false);
        }
        study.events.push(2, EventTerm::CytokineReleaseSyndrome, bad, Some(bad), 200, true);
        study.exposures.push(2, Treatment::CellProduct, bad, bad, bad);
        assert_eq!(evaluate(&study, &Rules::default()).subjects.len(), 3);
    }
}

#[test]
fn rules_are_read_from_a_trial_file_and_unknown_keys_are_errors() {
    let text = r#"
        censoring = "ema"
        gap-days = 91
        imwg = { nadir = "lowest-confirmed", vgpr-urine = "not-required" }
        ctcae = { neutrophil-version = "v6" }
        [dlt]
        window-days = 42
        rules = [{ finding = "crs", grade = 4 }, { finding = "icans", grade = 3, longer-than-hours = 72 }]
    "#;
    let rules: Rules = toml::from_str(text).unwrap();
    assert_eq!(rules.dlt.rules.len(), 2);
    assert_eq!(rules.dlt.rules[0].finding, DltFinding::Crs);
    assert!((rules.dlt.window_days - 42.0).abs() < 1e-12 && (rules.gap_days - 91.0).abs() < 1e-12);
    assert!(toml::from_str::<Rules>("gap-day = 91").is_err());
    assert!(toml::from_str::<Rules>("dlt = { window = 28 }").is_err());
}
