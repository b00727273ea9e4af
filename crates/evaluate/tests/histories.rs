//! What holds for every history of myeloma, on many generated ones.

use cytotrial_evaluate::{
    Censoring, ImwgOptions, Measurable, Nadir, Response, Rules, SubjectOutcome, evaluate,
};
use records::{Analyte, LightChain, Study, Treatment};
use stats::{Purpose, Sequence, stream};

/// A course of disease by chance: values wander by factors, visits are missed, markers left out.
fn history(seed: u64) -> Study {
    let mut study = Study::default();
    for subject in 0..4_u32 {
        let mut draw = stream(seed, 1, subject, Purpose::Events).sequence(0);
        let at = study.push_subject(&format!("S-{subject}"), "A") as usize;
        study.exposures.push(subject, Treatment::CellProduct, 0.0, 1e8, 1e8);
        study.subjects.light_chain[at] =
            if draw.uniform() < 0.5 { LightChain::Kappa } else { LightChain::Lambda };
        study.subjects.last_known_alive_day[at] = 400.0;
        if draw.uniform() < 0.2 {
            study.subjects.new_therapy_day[at] = Some(400.0 * draw.uniform());
        }
        if draw.uniform() < 0.2 {
            study.subjects.death_day[at] = Some(400.0 * draw.uniform());
        }
        add_visits(&mut study, subject, &mut draw);
    }
    study
}

fn add_visits(study: &mut Study, subject: u32, draw: &mut Sequence) {
    let kind = (draw.uniform() * 5.0) as u32;
    let mut serum = if kind == 0 || kind == 2 { 10.0 + 50.0 * draw.uniform() } else { 2.0 };
    let mut urine = if kind == 1 || kind == 2 { 200.0 + 2000.0 * draw.uniform() } else { 20.0 };
    let mut chain = if kind == 3 { 100.0 + 900.0 * draw.uniform() } else { 15.0 };
    let mut marrow = 30.0 + 60.0 * draw.uniform();
    for visit in 0..=12 {
        let day = 28.0 * f64::from(visit);
        let mut add = |analyte, value, share: f64, draw: &mut Sequence| {
            if visit == 0 || draw.uniform() < share {
                study.findings.push(subject, analyte, day, value, false);
            }
        };
        add(Analyte::SerumMProtein, serum, 0.9, draw);
        add(Analyte::UrineMProtein, urine, 0.8, draw);
        add(Analyte::KappaFreeLightChain, chain, 0.8, draw);
        add(Analyte::LambdaFreeLightChain, 10.0, 0.8, draw);
        add(Analyte::MarrowPlasmaCells, marrow, 0.3, draw);
        let band = f64::from(u8::from(serum > 0.0 || draw.uniform() < 0.2));
        add(Analyte::SerumImmunofixation, band, 0.7, draw);
        add(Analyte::UrineImmunofixation, band, 0.7, draw);
        add(Analyte::MarrowClonality, f64::from(u8::from(draw.uniform() < 0.5)), 0.2, draw);
        let factor = 0.3 + 1.2 * draw.uniform();
        serum = if serum * factor < 0.5 { 0.0 } else { serum * factor };
        urine = if urine * factor < 5.0 { 0.0 } else { urine * factor };
        chain = (chain * factor).max(8.0);
        marrow = (marrow * (0.3 + 1.2 * draw.uniform())).min(95.0);
        if serum <= 0.0 && draw.uniform() < 0.3 {
            serum = 4.0;
        }
    }
}

fn outcomes(study: &Study, rules: &Rules) -> Vec<SubjectOutcome> {
    evaluate(study, rules).subjects
}

fn all_rules() -> [Rules; 3] {
    let confirmed = ImwgOptions { nadir: Nadir::LowestConfirmed, ..ImwgOptions::default() };
    [
        Rules::default(),
        Rules { imwg: confirmed, ..Rules::default() },
        Rules { censoring: Censoring::Ema, ..Rules::default() },
    ]
}

#[test]
fn a_confirmed_response_is_never_better_than_the_lower_of_its_two_visits() {
    let mut seen = 0;
    for seed in 0..400 {
        for outcome in outcomes(&history(seed), &Rules::default()) {
            let rests_on_marrow =
                matches!(outcome.measurable_by, Measurable::Marrow | Measurable::Nothing);
            let mut before = Response::NotEvaluable;
            for (at, visit) in outcome.visits.iter().enumerate() {
                let is_new = visit.confirmed > before && visit.confirmed > Response::Stable;
                before = visit.confirmed;
                if !is_new || rests_on_marrow {
                    continue;
                }
                let next = outcome.visits[at + 1..]
                    .iter()
                    .find(|next| next.unconfirmed != Response::NotEvaluable)
                    .unwrap_or_else(|| panic!("seed {seed}: nothing confirms it"));
                assert!(visit.confirmed <= visit.unconfirmed.min(next.unconfirmed), "seed {seed}");
                seen += 1;
            }
        }
    }
    assert!(seen > 300, "only {seen} responses were confirmed");
}

#[test]
fn a_later_visit_changes_no_earlier_level() {
    for seed in 0..200 {
        let whole = history(seed);
        for rules in all_rules() {
            let after = outcomes(&whole, &rules);
            for last in [56.0, 140.0, 252.0] {
                let mut part = whole.clone();
                part.findings = records::Findings::default();
                let all = &whole.findings;
                for row in (0..all.len()).filter(|&row| all.day[row] <= last) {
                    let (analyte, value) = (all.analyte[row], all.value[row]);
                    part.findings.push(all.subject[row], analyte, all.day[row], value, false);
                }
                for (early, late) in outcomes(&part, &rules).iter().zip(&after) {
                    for (a, b) in early.visits.iter().zip(&late.visits) {
                        assert_eq!(a.unconfirmed, b.unconfirmed, "seed {seed} day {}", a.day);
                    }
                }
            }
        }
    }
}

#[test]
fn the_order_of_rows_and_of_subjects_does_not_matter() {
    for seed in 0..200 {
        let study = history(seed);
        let mut turned = Study { name: study.name.clone(), ..Study::default() };
        let count = study.subjects.len();
        for at in (0..count).rev() {
            let row = turned.push_subject(&study.subjects.id[at], "A") as usize;
            let (to, from) = (&mut turned.subjects, &study.subjects);
            to.light_chain[row] = from.light_chain[at];
            to.last_known_alive_day[row] = from.last_known_alive_day[at];
            to.new_therapy_day[row] = from.new_therapy_day[at];
            to.death_day[row] = from.death_day[at];
            turned.exposures.push(row as u32, Treatment::CellProduct, 0.0, 1e8, 1e8);
        }
        let all = &study.findings;
        for at in (0..all.len()).rev() {
            let subject = count as u32 - 1 - all.subject[at];
            turned.findings.push(subject, all.analyte[at], all.day[at], all.value[at], false);
        }
        let mut found = outcomes(&turned, &Rules::default());
        found.reverse();
        assert_eq!(found, outcomes(&study, &Rules::default()), "seed {seed}");
    }
}

#[test]
fn every_subject_has_one_best_response_and_it_was_reached() {
    let mut seen = [0_usize; 8];
    for seed in 0..400 {
        let study = history(seed);
        for rules in all_rules() {
            let found = outcomes(&study, &rules);
            assert_eq!(found.len(), study.subjects.len());
            for outcome in found {
                let best = outcome.best_response;
                seen[best as usize] += 1;
                let reached = outcome.visits.iter().map(|visit| visit.unconfirmed).max();
                let reached = reached.unwrap_or(Response::NotEvaluable);
                if best == Response::Progression {
                    assert!(outcome.progression_day.is_some(), "seed {seed}");
                } else {
                    assert!(best <= reached.max(Response::Stable), "seed {seed}");
                }
                let status = outcome.visits.iter().map(|visit| visit.confirmed);
                let highest = status.filter(|one| *one != Response::Progression).max();
                assert!(highest.is_none_or(|highest| highest <= best), "seed {seed}");
            }
        }
    }
    assert!(seen.iter().all(|&count| count > 0), "some response never came up: {seen:?}");
}

#[test]
fn values_that_went_through_another_unit_change_nothing() {
    for seed in 0..200 {
        let study = history(seed);
        let expected = outcomes(&study, &Rules::default());
        // g/L through mg/dL, mg through g: what rounding leaves of a change of units and back
        for factor in [10.0, 0.1, 1000.0, 1.0 / 3.0] {
            let mut other = study.clone();
            for value in &mut other.findings.value {
                *value = *value * factor / factor;
            }
            assert_eq!(levels(&outcomes(&other, &Rules::default())), levels(&expected));
        }
    }
}

fn levels(outcomes: &[SubjectOutcome]) -> Vec<(Response, Option<f64>, Vec<Response>)> {
    outcomes
        .iter()
        .map(|one| {
            let visits = one.visits.iter().map(|visit| visit.unconfirmed).collect();
            (one.best_response, one.progression_day, visits)
        })
        .collect()
}

#[test]
fn times_agree_with_each_other() {
    for seed in 0..400 {
        for outcome in outcomes(&history(seed), &Rules::default()) {
            let (free, alone) = (outcome.progression_free, outcome.to_progression);
            assert!(free.days <= outcome.overall.days || free.event || !outcome.overall.event);
            assert!(!alone.event || free.event, "seed {seed}: progression without its event");
            assert_eq!(outcome.disease_free.is_some(), outcome.complete_response_day.is_some());
            if let (Some(lost), Some(since)) =
                (outcome.relapse_from_complete, outcome.complete_response_day)
            {
                assert!(lost > since, "seed {seed}");
            }
        }
    }
}
