//! Summaries of patients made by hand against numbers worked out by hand.

#![allow(clippy::float_cmp, reason = "shares of small counts are exact")]

mod common;

use common::world;
use cytotrial::conduct::course::Truth;
use cytotrial::conduct::result::{ArmResult, PatientResult};
use cytotrial::conduct::run::ReplicateResult;
use cytotrial::protocol::Experiment;
use cytotrial::summary::measure::measure;
use cytotrial::summary::survival::Curve;
use cytotrial::summary::{Summary, summarise};
use evaluate::{Response, TimeToEvent};
use records::Disposition;

/// A treated patient to whom nothing happened for a year.
fn patient(number: u32) -> PatientResult {
    let year = TimeToEvent { days: 365.0, event: false };
    PatientResult {
        patient: number,
        level: Some(1),
        disposition: Disposition::Infused,
        waited: Some(10.0),
        dose_fraction: 1.0,
        response: Response::Stable,
        first_response: None,
        mrd_negative: None,
        progression_free: year,
        overall: year,
        response_duration: None,
        crs: (0, None, None),
        icans: (0, None),
        gvhd: 0,
        off_tumour: 0,
        infusion_reaction: 0,
        infection: 0,
        cytopenia: [0; 3],
        prolonged_cytopenia: false,
        dlt: Some(false),
        kinetics: None,
        truth: Truth::default(),
    }
}

fn responder(number: u32, day: f64) -> PatientResult {
    PatientResult { response: Response::Partial, first_response: Some(day), ..patient(number) }
}

fn lost(number: u32, disposition: Disposition) -> PatientResult {
    PatientResult {
        disposition,
        waited: None,
        dlt: None,
        response: Response::NotEvaluable,
        ..patient(number)
    }
}

fn arm(patients: Vec<PatientResult>) -> ArmResult {
    ArmResult {
        patients,
        screen_failures: 1,
        history: Vec::new(),
        recommended: Some(2),
        stopped: None,
        study: None,
    }
}

fn experiment() -> Experiment {
    world(&["car-nk", "no-treatment"], 4, |_| {}).experiment
}

fn summary(replicates: Vec<[Vec<PatientResult>; 2]>) -> Summary {
    let results: Vec<ReplicateResult> = (0..)
        .zip(replicates)
        .map(|(replicate, arms)| ReplicateResult {
            replicate,
            simulated: arms.iter().map(|patients| patients.len() as u32).sum(),
            arms: arms.into_iter().map(arm).collect(),
            failed: Vec::new(),
        })
        .collect();
    summarise(&experiment(), &results)
}

#[test]
fn shares_have_their_own_denominators() {
    let patients = [
        responder(0, 28.0),
        PatientResult { response: Response::StringentComplete, ..responder(1, 56.0) },
        PatientResult { dlt: Some(true), crs: (3, Some(2.0), Some(4.0)), ..patient(2) },
        PatientResult { dlt: None, ..patient(3) },
        lost(4, Disposition::NotEvaluable),
        lost(5, Disposition::ProductFailure),
        lost(6, Disposition::DiedBeforeInfusion),
        PatientResult { disposition: Disposition::Observed, waited: None, ..patient(7) },
    ];
    let counts = |code: &str| measure(code).expect("a measure").counts(&patients);
    // Treated: 0 to 4 and 7; a failure of the solver stays in.
    assert_eq!(counts("orr"), (2, 6));
    assert_eq!(counts("orr-enrolled"), (2, 8));
    assert_eq!(counts("vgpr"), (1, 6));
    assert_eq!(counts("cr"), (1, 6));
    assert_eq!(counts("scr"), (1, 6));
    assert_eq!(counts("crs"), (1, 6));
    assert_eq!(counts("crs-grade-3-or-more"), (1, 6));
    // Evaluable for DLT: 0, 1, 2, 7.
    assert_eq!(counts("dlt"), (1, 4));
    assert_eq!(counts("infused-of-enrolled"), (4, 8));
    let value = |code: &str| measure(code).expect("a measure").value(&patients);
    assert_eq!(value("orr"), Some(2.0 / 6.0));
    assert_eq!(value("time-to-response"), Some(42.0));
    assert_eq!(value("crs-onset"), Some(2.0));
    assert_eq!(value("crs-duration"), Some(4.0));
    assert_eq!(value("days-to-infusion"), Some(10.0));
    assert_eq!(value("cmax"), None, "nobody was sampled");
    assert_eq!(measure("orr").expect("a measure").value(&[]), None, "nobody is no zero");
}

/// Five patients: events on days 30, 120 and 200, censored on days 60 and 365.
/// S(30) = 4/5, S(120) = 4/5 x 2/3 = 8/15, S(200) = 8/15 x 1/2 = 4/15.
fn five() -> Vec<PatientResult> {
    [(30.0, true), (60.0, false), (120.0, true), (200.0, true), (365.0, false)]
        .into_iter()
        .zip(0..)
        .map(|((days, event), number)| {
            let time = TimeToEvent { days, event };
            PatientResult { progression_free: time, overall: time, ..patient(number) }
        })
        .collect()
}

#[test]
fn times_follow_kaplan_and_meier() {
    let mut patients = five();
    // Never treated, so in no curve.
    let early = TimeToEvent { days: 1.0, event: true };
    let never = lost(9, Disposition::ProgressedBeforeInfusion);
    patients.push(PatientResult { progression_free: early, overall: early, ..never });
    let value = |code: &str| measure(code).expect("a measure").value(&patients).expect("a value");
    assert!((value("pfs-6-month") - 8.0 / 15.0).abs() < 1e-15);
    assert!((value("os-12-month") - 4.0 / 15.0).abs() < 1e-15);
    assert!((value("pfs-median") - 200.0 / 30.4375).abs() < 1e-12);
    let curve = Curve::new(&[&patients], |patient| patient.overall);
    assert_eq!((curve.patients, curve.median), (5, Some(200.0)));
    let at = |day: f64| curve.points.iter().find(|point| point.day == day).expect("a grid day");
    assert_eq!(at(28.0).survival, 1.0);
    assert_eq!(at(35.0).survival, 0.8);
    assert!((at(126.0).survival - 8.0 / 15.0).abs() < 1e-15);
    // At risk, with the event so far, censored so far.
    assert_eq!(at(35.0).counts, [4.0, 1.0, 0.0]);
    assert_eq!(at(126.0).counts, [2.0, 2.0, 1.0]);
    assert_eq!(curve.points.last().map(|point| point.day), Some(371.0));
    // Two such trials: the same curve, the same mean counts.
    let both = Curve::new(&[&patients, &patients], |patient| patient.overall);
    assert_eq!(both.patients, 10);
    for (a, b) in both.points.iter().zip(&curve.points) {
        assert!((a.survival - b.survival).abs() < 1e-12);
        assert_eq!((a.counts, a.band), (b.counts, b.band));
    }
}

#[test]
fn estimates_are_quantiles_over_trials_and_pooled_counts() {
    // Overall response 0, 1/2, 1/2, 1 in four trials of 2, 2, 4 and 1 patients.
    let trials = vec![
        [vec![patient(0), patient(1)], Vec::new()],
        [vec![responder(0, 28.0), patient(1)], Vec::new()],
        [vec![responder(0, 28.0), patient(1), responder(2, 28.0), patient(3)], Vec::new()],
        [vec![responder(0, 28.0)], Vec::new()],
    ];
    let summary = summary(trials);
    let orr = summary.arms[0].estimate("orr").expect("a measure");
    assert_eq!(orr.values, [Some(0.0), Some(0.5), Some(0.5), Some(1.0)]);
    assert_eq!((orr.pooled, orr.estimable, orr.mean), (Some((4, 9)), 4, Some(0.5)));
    assert_eq!(orr.centre(), Some(4.0 / 9.0));
    // Type 7 on 0, .5, .5, 1: places 0.15, 0.75, 1.5, 2.25, 2.85.
    let want = [0.075, 0.375, 0.5, 0.625, 0.925];
    let got = orr.quantiles.expect("quantiles");
    assert!(got.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-12), "{got:?}");
    let time = summary.arms[0].estimate("time-to-response").expect("a measure");
    assert_eq!((time.estimable, time.values[0]), (3, None), "the first trial cannot say");
    let empty = summary.arms[1].estimate("orr").expect("a measure");
    assert_eq!((empty.estimable, empty.quantiles, empty.centre()), (0, None, None));
    assert_eq!(summary.arms[0].recommended, [0.0, 0.0, 1.0, 0.0]);
    assert_eq!(summary.arms[0].levels[0], [9.0 / 4.0, 0.0]);
    assert_eq!(summary.arms[0].funnel.stages, [13.0 / 4.0, 9.0 / 4.0, 9.0 / 4.0, 9.0 / 4.0]);
    assert_eq!(summary.simulated, 9);
}

#[test]
fn contrasts_pair_the_same_patients() {
    // In the first trial 1 and 2 are in both arms: response 1 - 0 and 0 - 0, mean 1/2; in the second
    // only 0: 0 - 1.
    let trials = vec![
        [
            vec![responder(0, 28.0), responder(1, 28.0), patient(2)],
            vec![patient(1), patient(2), responder(3, 28.0)],
        ],
        [vec![patient(0)], vec![responder(0, 28.0), responder(5, 28.0)]],
    ];
    let summary = summary(trials);
    let find = |code: &str| summary.contrasts.iter().find(|contrast| contrast.code == code);
    let orr = find("orr").expect("a contrast");
    assert_eq!(orr.arms, ("car-nk".to_owned(), "no-treatment".to_owned()));
    assert_eq!(orr.values, [Some(0.5), Some(-1.0)]);
    assert_eq!((orr.signs, orr.pairs), ([0.5, 0.5], 1.5));
    let (median, low, high) = orr.range.expect("a range");
    assert!((median + 0.25).abs() < 1e-12, "{median}");
    assert!((low + 0.925).abs() < 1e-12 && (high - 0.425).abs() < 1e-12, "{low} {high}");
    // Nobody has a time to response in both arms; medians over time are not paired at all.
    assert!(find("os-median").is_none());
    assert!(find("time-to-response").is_none());
}

#[test]
fn grades_are_pooled_over_trials_and_count_the_treated_only() {
    let sick = |grade| PatientResult { infection: grade, ..patient(0) };
    let died = PatientResult { infection: 5, ..lost(1, Disposition::DiedBeforeInfusion) };
    let summary = summary(vec![[vec![sick(3), died], Vec::new()], [vec![sick(5)], Vec::new()]]);
    let infection = summary.arms[0].grades.iter().find(|grades| grades.code == "infection");
    let infection = infection.expect("a toxicity");
    assert_eq!((infection.counts, infection.patients), ([0, 0, 0, 1, 0, 1], 2));
    assert_eq!(infection.at_least(3), 2);
}
