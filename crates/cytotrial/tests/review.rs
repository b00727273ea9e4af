//! What a reader of conduct asked for: stopping in order, limits of escalation, visits, infusions.

#![allow(clippy::float_cmp, reason = "the same draw gives the same bits")]

mod common;

use common::world;
use cytotrial::conduct::result::ArmResult;
use cytotrial::conduct::run::block;
use cytotrial::protocol::{Stopping, Unknowns};
use cytotrial::summary::measure::measure;
use records::{EventTerm, Study, Treatment};
use stats::distribution::Distribution;

fn study(arm: &ArmResult) -> &Study {
    &arm.study.as_ref().expect("tables are kept").0
}

fn at_once(text: &str) -> Distribution {
    Distribution::parse(text).expect("a distribution")
}

#[test]
fn nobody_is_enrolled_in_the_expansion_after_the_trial_has_stopped() {
    let world = world(&["car-nk"], 30, |experiment| {
        experiment.protocol.dose_finding.max_escalation = 3;
        experiment.protocol.stopping = vec![Stopping::EarlyDeaths { deaths: 1, days: 365.0 }];
    });
    let mut during_expansion = 0;
    for result in block(&world, 0..16, 16) {
        let arm = &result.arms[0];
        let study = study(arm);
        let subjects = &study.subjects;
        assert_eq!(arm.screen_failures as usize + arm.patients.len(), subjects.len());
        let known = (0..subjects.len()).filter_map(|row| {
            let death = subjects.death_day[row]?;
            let is_other = subjects.death_cause[row] != Some(records::DeathCause::Myeloma);
            (is_other && death <= 365.0).then_some(subjects.infused_calendar[row]? + death)
        });
        let stop = known.fold(f64::INFINITY, f64::min);
        let is_enrolled = |row: &usize| subjects.dose_level[*row].is_some();
        let late = (0..subjects.len())
            .filter(is_enrolled)
            .filter(|&row| subjects.screened_calendar[row] > stop + 1e-6)
            .count();
        // One whose screening had begun may still enter.
        assert!(late <= 1, "replicate {}: {late} enrolled after the stop", result.replicate);
        during_expansion += usize::from(arm.patients.len() > 6 && arm.patients.len() < 30);
    }
    assert!(during_expansion > 0, "no trial stopped in its expansion");
}

#[test]
fn no_more_are_treated_in_escalation_than_the_protocol_says() {
    let world = world(&["car-nk"], 30, |experiment| {
        // Nobody can be judged, and still each was treated.
        experiment.protocol.rules.dlt.minimum_dose_fraction = 2.0;
        experiment.protocol.dose_finding.max_escalation = 7;
        experiment.protocol.stopping.clear();
    });
    let mut seen = 0;
    for result in block(&world, 0..8, 8) {
        let arm = &result.arms[0];
        if arm.recommended.is_some() {
            // A DLT made somebody count, and an expansion followed.
            continue;
        }
        seen += 1;
        let infused = arm.patients.iter().filter(|patient| patient.waited.is_some()).count();
        assert!(infused <= 7, "replicate {}: {infused}", result.replicate);
        assert!(!arm.history.is_empty());
    }
    assert!(seen > 3, "{seen} trials without an expansion");
}

#[test]
fn a_safety_visit_after_the_daily_look_can_be_missed() {
    let visits = |missed: f64| {
        let world = world(&["no-treatment"], 6, |experiment| {
            experiment.protocol.conduct.missed_visit = missed;
            experiment.protocol.conduct.drop_out = 0.0;
        });
        let result = block(&world, 0..1, 1).remove(0);
        study(&result.arms[0]).findings.day.iter().fold(0.0_f64, |last, day| last.max(*day))
    };
    assert!(visits(0.0) > 300.0);
    assert!(visits(1.0) < 28.0, "only the daily look is left");
}

#[test]
fn nobody_is_infused_after_a_new_therapy_has_begun() {
    let world = world(&["nk-expanded"], 12, |experiment| {
        experiment.arms[0].escalate = false;
        experiment.arms[0].infusion_days = vec![0.0, 7.0, 300.0];
        experiment.protocol.conduct.new_therapy_after =
            at_once("lognormal(median=8; sigma=0.1; lo=7; hi=9)");
    });
    let mut seen = 0;
    for result in block(&world, 0..2, 2) {
        let study = study(&result.arms[0]);
        let given = &study.exposures;
        for row in 0..given.subject.len() {
            let new = study.subjects.new_therapy_day[given.subject[row] as usize];
            let is_cells = given.treatment[row] == Treatment::CellProduct;
            assert!(!is_cells || new.is_none_or(|day| given.day[row] <= day));
        }
        seen += study.subjects.new_therapy_day.iter().flatten().filter(|day| **day < 300.0).count();
    }
    assert!(seen > 0, "somebody had a new therapy before the last infusion");
}

#[test]
fn off_tumour_damage_is_one_event_for_each_grade() {
    let mut world = world(&["car-nk"], 12, |experiment| {
        experiment.arms[0].escalate = false;
        experiment.arms[0].set.insert("stress".to_owned(), 1.0);
        experiment.unknowns = Unknowns::NONE;
    });
    // Damage that nobody would notice is graded here.
    for (symbol, damage) in [("offtumour_grade1", 1e-4), ("offtumour_grade2", 1e-3)] {
        let place = world.sign_parameters.position(symbol).expect("a threshold");
        world.sign_parameters.parameters[place].typical = damage;
    }
    let (mut rows, mut rises) = (0, 0);
    for result in block(&world, 0..4, 4) {
        let events = &study(&result.arms[0]).events;
        let of: Vec<usize> = (0..events.subject.len())
            .filter(|&row| events.term[row] == EventTerm::OffTumourDamage)
            .collect();
        for pair in of.windows(2).filter(|pair| events.subject[pair[0]] == events.subject[pair[1]])
        {
            let [before, after] = [pair[0], pair[1]];
            assert!(events.end[before].is_some_and(|end| end <= events.start[after]));
            if events.end[before] == Some(events.start[after]) {
                assert_ne!(events.grade[before], events.grade[after]);
                rises += usize::from(events.grade[before] < events.grade[after]);
            }
        }
        rows += of.len();
    }
    assert!(rows > 10 && rises > 0, "{rows} events, {rises} rises");
}

#[test]
fn survival_beyond_follow_up_is_not_estimable() {
    let world = world(&["no-treatment"], 6, |experiment| {
        experiment.protocol.follow_up = 90.0;
        experiment.protocol.conduct.drop_out = 0.0;
    });
    let result = block(&world, 0..1, 0).remove(0);
    let patients = &result.arms[0].patients;
    let value = |code: &str| measure(code).expect("a measure").value(patients);
    assert!(patients.iter().any(|patient| !patient.overall.event), "somebody lives");
    assert_eq!(value("os-12-month"), None);
    assert_eq!(value("os-6-month"), None);
}
