//! Whole small trials: who enters, when doses are decided, what is written, what failures do.

#![allow(clippy::float_cmp, reason = "the same draw gives the same bits")]

mod common;

use std::sync::OnceLock;

use common::world;
use cytotrial::conduct::candidate::screen;
use cytotrial::conduct::result::ArmResult;
use cytotrial::conduct::run::{ReplicateResult, block};
use cytotrial::conduct::world::World;
use cytotrial::protocol::{Dose, Experiment, Stopping};
use cytotrial::summary::summarise;
use design::{Action, DoseCounts};
use evaluate::{DltFinding, DltRule, DltStatus};
use records::import::{Mapping, Sheet, study_of};
use records::{Analyte, Disposition, Study, adam, check, csv};
use stats::distribution::Distribution;

fn law(text: &str) -> Distribution {
    Distribution::parse(text).expect("a distribution")
}

/// The tables of an arm.
fn study(arm: &ArmResult) -> &Study {
    &arm.study.as_ref().expect("tables are kept").0
}

/// The escalation of the bundled trial, with its tables.
fn escalation() -> &'static (World, Vec<ReplicateResult>) {
    static RUN: OnceLock<(World, Vec<ReplicateResult>)> = OnceLock::new();
    RUN.get_or_init(|| {
        let world = world(&["car-nk"], 18, |_| {});
        let results = block(&world, 0..24, 24);
        (world, results)
    })
}

/// Marrow that CRS empties to 1e-40 of normal must come back from there, and not from below zero.
#[test]
fn emptied_marrow_is_followed_to_the_end() {
    let world = world(&["bcma-car-t", "bcma-cs1"], 18, |_| {});
    for replicate in block(&world, 0..5, 5) {
        assert!(replicate.failed.is_empty(), "{:?}", replicate.failed);
        for arm in &replicate.arms {
            let findings = &study(arm).findings;
            for row in 0..findings.len() {
                let (analyte, value) = (findings.analyte[row], findings.value[row]);
                assert!(value >= 0.0 || analyte == Analyte::Temperature, "{analyte:?} {value}");
            }
        }
    }
}

/// Rows of the infused subjects, in the order of enrolment.
fn infused(study: &Study) -> Vec<usize> {
    let all = 0..study.subjects.len();
    all.filter(|&row| study.subjects.infused_calendar[row].is_some()).collect()
}

fn infused_on(study: &Study, row: usize) -> f64 {
    study.subjects.infused_calendar[row].expect("infused")
}

/// Counts per level as the tables show them on a calendar day, of these rows.
fn counts_on(world: &World, study: &Study, rows: &[usize], day: f64) -> Vec<DoseCounts> {
    let mut counts = vec![DoseCounts::default(); world.experiment.arms[0].levels.len()];
    for &row in rows {
        let level = usize::from(study.subjects.dose_level[row].expect("escalating")) - 1;
        let known = day - infused_on(study, row) + 1e-6;
        match evaluate::dlt_status(study, row, &world.experiment.protocol.rules, known) {
            DltStatus::Pending { .. } => counts[level].pending += 1,
            DltStatus::None => counts[level].evaluable += 1,
            DltStatus::Dlt(_) => {
                counts[level].evaluable += 1;
                counts[level].dlts += 1;
            }
            DltStatus::NotEvaluable { .. } | DltStatus::Unknown => {}
        }
    }
    counts
}

/// What every escalating trial must hold; gives the number of decisions seen.
fn assert_escalation_is_sound(world: &World, result: &ReplicateResult) -> usize {
    let finding = &world.experiment.protocol.dose_finding;
    let levels = world.experiment.arms[0].levels.len();
    let arm = &result.arms[0];
    let study = study(arm);
    let at = format!("replicate {}", result.replicate);
    assert!(arm.patients.len() <= world.experiment.protocol.patients as usize, "{at}");
    let rows = infused(study);
    let mut cohorts = rows.chunks(finding.cohort as usize);
    let mut seen = 0;
    let mut level = world.experiment.arms[0].start_level + 1;
    let mut cohort: &[usize] = &[];
    let mut waits = false;
    let mut last_day = 0.0;
    for step in &arm.history {
        assert!(step.day >= last_day, "{at}: the calendar runs backwards");
        if !waits {
            cohort = cohorts.next().unwrap_or(&[]);
            seen += cohort.len();
        }
        assert_eq!(step.level, level, "{at}: {step:?}");
        for &row in cohort {
            assert_eq!(study.subjects.dose_level[row].map(usize::from), Some(level), "{at}");
            assert!(infused_on(study, row) <= step.day, "{at}: decided before an infusion");
        }
        for pair in cohort.windows(2) {
            let gap = infused_on(study, pair[1]) - infused_on(study, pair[0]);
            assert!(gap >= 7.0 - 1e-9, "{at}: {gap} days between patients of a cohort");
        }
        let counts = counts_on(world, study, &rows[..seen], step.day);
        assert_eq!(step.counts, counts, "{at}: {step:?}");
        let pending: u32 = step.counts.iter().map(|counts| counts.pending).sum();
        waits = step.action == Action::Suspend;
        assert!(!waits || pending > 0, "{at}: waits for nobody");
        last_day = if waits { step.day + 1e-9 } else { step.day };
        if let Some(next) = step.next_level {
            assert!((1..=levels).contains(&next), "{at}: {step:?}");
            assert!(next <= level + 1, "{at}: a level is skipped");
            level = next;
        }
    }
    let treated: u32 = arm
        .history
        .last()
        .map_or(0, |step| step.counts.iter().map(|counts| counts.evaluable + counts.pending).sum());
    assert!(treated < finding.max_escalation + finding.cohort, "{at}");
    // Those after the last decision are the expansion, at the recommended level.
    for &row in &rows[seen..] {
        let level = study.subjects.dose_level[row].map(usize::from);
        assert_eq!(level, arm.recommended, "{at}: expansion");
    }
    assert!(arm.recommended.is_none_or(|level| (1..=levels).contains(&level)), "{at}");
    arm.history.len()
}

#[test]
fn escalation_keeps_to_its_rules_and_to_what_was_known() {
    let (world, results) = escalation();
    let steps: Vec<usize> =
        results.iter().map(|result| assert_escalation_is_sound(world, result)).collect();
    assert!(steps.iter().all(|&steps| steps > 0), "{steps:?}");
    let histories = results.iter().flat_map(|result| &result.arms[0].history);
    let actions: Vec<Action> = histories.map(|step| step.action).collect();
    for action in [Action::Suspend, Action::Escalate] {
        assert!(actions.contains(&action), "no {action} in 24 trials");
    }
    assert!(results.iter().any(|result| infused(study(&result.arms[0])).len() > 12), "expansion");
}

#[test]
fn the_traditional_design_runs_as_well() {
    let world = world(&["car-nk"], 18, |experiment| {
        experiment.protocol.dose_finding.method = "3+3".to_owned();
        experiment.protocol.dose_finding.settings = String::new();
    });
    for result in block(&world, 0..8, 8) {
        assert!(assert_escalation_is_sound(&world, &result) > 0);
        // It never decides on fewer than three, and waits for all of them.
        for step in result.arms[0].history.iter().filter(|step| step.action != Action::Suspend) {
            assert!(step.counts.iter().all(|counts| counts.pending == 0), "{step:?}");
        }
    }
}

/// Days of the calendar are no whole numbers, and what a visit settles must be settled on its day:
/// here a cytopenia that may last keeps windows open from visit to visit.
#[test]
fn waiting_for_windows_always_comes_to_an_end() {
    let world = world(&["car-nk"], 6, |experiment| {
        let dlt = &mut experiment.protocol.rules.dlt;
        dlt.rules.push(DltRule::new(DltFinding::Neutropenia, 1, 1000.0));
    });
    let mut waited = 0;
    for result in block(&world, 0..120, 0) {
        let arm = &result.arms[0];
        assert!(arm.patients.len() <= 6);
        assert!(arm.history.len() < 60, "{} steps", arm.history.len());
        for pair in arm.history.windows(2).filter(|pair| pair[0].action == Action::Suspend) {
            assert!(pair[1].day > pair[0].day && pair[1].level == pair[0].level, "{pair:?}");
            waited += 1;
        }
        let last = arm.history.last().map(|step| step.action);
        assert_ne!(last, Some(Action::Suspend), "went on while a window was open");
    }
    assert!(waited > 120, "{waited}");
}

#[test]
fn a_stopping_rule_stops_with_what_is_known_that_day() {
    let rules = |rule: Stopping| {
        world(&["car-nk"], 18, move |experiment| experiment.protocol.stopping = vec![rule])
    };
    let never = rules(Stopping::EarlyDeaths { deaths: 1000, days: 365.0 });
    let at_once = rules(Stopping::EarlyDeaths { deaths: 0, days: 28.0 });
    let one = rules(Stopping::EarlyDeaths { deaths: 1, days: 365.0 });
    let toxic = rules(Stopping::DltRate { level: 1, rate: 0.3, probability: -1.0 });
    let named = |result: &ReplicateResult, words: &str| {
        result.arms[0].stopped.as_ref().is_some_and(|why| why.contains(words))
    };
    assert!(block(&never, 0..8, 0).iter().all(|result| !named(result, "deaths")));
    for result in block(&at_once, 0..8, 8) {
        assert!(named(&result, "0 deaths not due to myeloma"), "{:?}", result.arms[0].stopped);
        assert!(infused(study(&result.arms[0])).len() <= 3);
    }
    for result in block(&toxic, 0..4, 4) {
        assert!(named(&result, "P(DLT rate > 0.3)"), "{:?}", result.arms[0].stopped);
    }
    let mut early = 0;
    for result in block(&one, 0..24, 24) {
        let arm = &result.arms[0];
        if !named(&result, "deaths") || arm.patients.len() == 18 {
            continue;
        }
        early += 1;
        let study = study(arm);
        let candidates = screen(&one, result.replicate, 18);
        let last = arm.patients.last().expect("a patient").patient as usize;
        let next = candidates.get(last + 1).map_or(f64::INFINITY, |next| next.arrival);
        let decided = arm.history.last().map_or(0.0, |step| step.day).max(next);
        let known = infused(study).into_iter().any(|row| {
            let subjects = &study.subjects;
            subjects.death_cause[row] != Some(records::DeathCause::Myeloma)
                && subjects.death_day[row]
                    .is_some_and(|day| infused_on(study, row) + day <= decided + 1e-6)
        });
        assert!(known, "replicate {} stopped for a death to come", result.replicate);
    }
    assert!(early > 0, "no trial stopped before all were enrolled");
}

/// The criteria, written out once more from the trial file.
fn is_eligible(value: impl Fn(&str) -> f64) -> bool {
    (18.0..=75.0).contains(&value("age"))
        && value("ecog") <= 2.0
        && value("prior_lines") >= 2.0
        && value("haemoglobin") >= 70.0
        && value("neutrophils") >= 1.0
        && value("platelets") >= 50.0
        && value("creatinine_clearance") >= 30.0
        && (value("serum_m_protein") >= 10.0
            || value("urine_m_protein") >= 200.0
            || (value("involved_flc") >= 100.0 && !(0.26..=1.65).contains(&value("flc_ratio"))))
}

#[test]
fn only_eligible_patients_are_enrolled_and_the_same_in_every_arm() {
    let world = world(&[], 4, |_| {});
    for result in block(&world, 0..4, 4) {
        let candidates = screen(&world, result.replicate, 4);
        let fit = |patient| is_eligible(|name| world.population.value(patient, name));
        for candidate in &candidates {
            assert!(candidate.failure.is_some() || fit(&candidate.patient), "{candidate:?}");
            let by_criterion =
                candidate.failure.as_ref().is_some_and(|why| !why.contains("outside"));
            assert!(!by_criterion || !fit(&candidate.patient), "{candidate:?}");
        }
        let mut kept: Vec<u32> = Vec::new();
        for arm in &result.arms {
            let enrolled: Vec<u32> = arm.patients.iter().map(|patient| patient.patient).collect();
            for &number in &enrolled {
                assert!(candidates[number as usize].failure.is_none());
            }
            assert!(enrolled.len() <= 4);
            if arm.stopped.is_none() {
                if kept.is_empty() {
                    kept.clone_from(&enrolled);
                }
                assert_eq!(enrolled, kept, "the same persons in every arm");
            }
            let subjects = &study(arm).subjects;
            for row in 0..subjects.len() {
                let number: u32 =
                    subjects.id[row].rsplit('-').next().unwrap_or("").parse().expect("a number");
                let patient = &candidates[number as usize - 1].patient;
                assert_eq!(subjects.age[row], world.population.value(patient, "age"));
                assert_eq!(subjects.weight[row], world.population.value(patient, "body_weight"));
                let failed = subjects.disposition[row] == Disposition::ScreenFailure;
                assert_eq!(failed, candidates[number as usize - 1].failure.is_some());
            }
        }
    }
}

/// Findings of a subject as (analyte, day, value).
fn findings(study: &Study, id: &str) -> Vec<(Analyte, f64, f64)> {
    let row = study.subjects.id.iter().position(|known| known == id);
    let row = row.expect("the subject") as u32;
    let all = &study.findings;
    (0..all.len())
        .filter(|&at| all.subject[at] == row)
        .map(|at| (all.analyte[at], all.day[at], all.value[at]))
        .collect()
}

/// Two copies of an arm that differ in dose only.
fn two_doses(experiment: &mut Experiment) {
    let mut low = experiment.arms[0].clone();
    low.escalate = false;
    let mut high = low.clone();
    "high".clone_into(&mut high.name);
    high.levels = vec![Dose::Flat(5e9); high.levels.len()];
    experiment.arms = vec![low, high];
    experiment.contrasts.clear();
}

#[test]
fn up_to_the_first_infusion_two_arms_see_the_same_patient() {
    let world = world(&["car-nk"], 6, two_doses);
    let mut differ = 0;
    for result in block(&world, 0..2, 2) {
        let [low, high] = [0, 1].map(|arm| study(&result.arms[arm]));
        assert_eq!(low.subjects.id, high.subjects.id);
        for id in &low.subjects.id {
            let [low, high] = [low, high].map(|study| findings(study, id));
            let before = |rows: &[(Analyte, f64, f64)]| -> Vec<(Analyte, f64, f64)> {
                rows.iter().copied().filter(|row| row.1 <= 0.0).collect()
            };
            assert_eq!(before(&low), before(&high), "{id}: same truth, same noise");
            differ += usize::from(low != high);
        }
    }
    assert!(differ > 6, "{differ} patients feel the dose");
}

/// Noise is a few per cent, so a draw that moved would show.
#[test]
fn a_missed_visit_moves_no_other_draw() {
    let run = |missed: f64| {
        let world = world(&["no-treatment"], 8, |experiment| {
            experiment.protocol.conduct.missed_visit = missed;
        });
        block(&world, 0..1, 1).remove(0)
    };
    let (all, some) = (run(0.0), run(0.4));
    let (all, some) = (study(&all.arms[0]), study(&some.arms[0]));
    assert!(some.findings.len() < all.findings.len() * 49 / 50, "visits are missed");
    let mut compared = 0;
    for id in &some.subjects.id {
        let complete = findings(all, id);
        for (analyte, day, value) in findings(some, id) {
            // Coded and rounded values may tip over.
            let rounded = matches!(analyte, Analyte::MarrowPlasmaCells | Analyte::Temperature);
            let near = |want: f64| {
                let least = if rounded { 0.101 } else { 1e-7 };
                (value - want).abs() <= least + 1e-3 * want.abs()
            };
            // Without a product, baseline and the first visit are on one day.
            let mut same = complete.iter().filter(|row| row.0 == analyte && row.1 == day);
            assert!(same.any(|row| near(row.2)), "{id}: {analyte:?} is {value} on day {day}");
            compared += 1;
        }
    }
    assert!(compared > 1000, "{compared}");
    assert_eq!(all.subjects.death_cause, some.subjects.death_cause);
}

/// Sixty-four draws belong to a visit. Analytes beyond them are read from files and never simulated.
#[test]
fn draws_of_a_visit_have_room_for_every_analyte_that_is_simulated() {
    let assays = cytotrial::library::text("models/assays.csv").expect("the table of assays");
    for analyte in Analyte::ALL.iter().skip(64) {
        let is_of = |line: &str| line.split(',').next() == Some(analyte.code());
        assert!(!assays.lines().any(is_of), "{analyte:?} has an assay and no draw of its own");
    }
    let world = world(&["car-nk", "bcma-car-t"], 6, |_| {});
    for result in block(&world, 0..1, 1) {
        for arm in &result.arms {
            let findings = &study(arm).findings;
            assert!(findings.analyte.iter().all(|&analyte| (analyte as usize) < 64));
        }
    }
}

#[test]
fn bridging_shows_at_baseline() {
    let run = |ratio: &str| {
        let world = world(&["bcma-car-t"], 6, |experiment| {
            let conduct = &mut experiment.protocol.conduct;
            conduct.bridging = law("constant(value=1)");
            conduct.bridging_ratio = [law(ratio), law(ratio)];
        });
        block(&world, 0..1, 1).remove(0)
    };
    let (little, much) = (run("constant(value=1)"), run("constant(value=0.1)"));
    let (little, much) = (study(&little.arms[0]), study(&much.arms[0]));
    let mut compared = 0;
    for id in &much.subjects.id {
        let baseline = |study| {
            let rows = findings(study, id);
            let marrow = rows.iter().find(|row| row.0 == Analyte::MarrowPlasmaCells);
            marrow.filter(|row| row.1 <= 0.0).map(|row| row.2)
        };
        if let (Some(little), Some(much)) = (baseline(little), baseline(much)) {
            assert!(much < 0.6 * little, "{id}: {much} % after strong bridging, {little} % else");
            compared += 1;
        }
    }
    assert!(compared >= 3, "{compared}");
}

#[test]
fn nobody_has_a_burden_after_death() {
    let world = world(&["no-treatment"], 18, |experiment| {
        for arm in &mut experiment.arms {
            arm.set.insert("hMM".to_owned(), 0.2);
        }
    });
    // Deaths between the visits of days 27 and 28 are found on day 28.
    let (mut died, mut late) = (0, 0);
    for result in block(&world, 0..24, 0) {
        for patient in result.arms.iter().flat_map(|arm| &arm.patients) {
            let dead = patient.overall.event && patient.overall.days < 28.0;
            died += u32::from(dead);
            late += u32::from(dead && patient.overall.days > 27.0);
            assert!(!dead || patient.truth.burden_day_28.is_none(), "{patient:?}");
        }
    }
    assert!(died > 20 && late > 0, "{died} died before day 28, {late} on the last");
}

#[test]
fn a_simulated_study_is_sound_and_reads_back_to_the_same_outcomes() {
    let world = world(&[], 18, |_| {});
    let rules = &world.experiment.protocol.rules;
    for (arm, result) in world.experiment.arms.iter().zip(&block(&world, 0..2, 2)[1].arms) {
        let (study, outcomes) = result.study.as_ref().expect("tables are kept");
        let problems: Vec<String> =
            check::problems(study).iter().map(ToString::to_string).collect();
        assert_eq!(problems, Vec::<String>::new(), "{}", arm.name);
        let written: Vec<Sheet> = adam::tables(study)
            .iter()
            .map(|table| {
                let bytes = csv::write(table).expect("a table");
                let read = csv::read(&table.name, &bytes).expect("the same table");
                Sheet::of_table(&table.name, read.table)
            })
            .collect();
        let back = study_of(&written, &Mapping::default()).expect("a study").study;
        assert_eq!(&back, study, "{}", arm.name);
        assert_eq!(&evaluate::evaluate(&back, rules), outcomes, "{}", arm.name);
    }
}

#[test]
fn no_event_begins_after_a_patient_has_left() {
    let world = world(&["car-nk", "bcma-car-t", "no-treatment"], 18, |experiment| {
        experiment.protocol.conduct.drop_out = 0.02;
    });
    let mut left = 0;
    for result in block(&world, 0..8, 8) {
        for arm in &result.arms {
            let study = study(arm);
            let subjects = &study.subjects;
            let seen = |row: u32| {
                let row = row as usize;
                subjects.death_day[row].unwrap_or(subjects.last_known_alive_day[row])
            };
            left += (0..subjects.len()).filter(|&row| seen(row as u32) < 200.0).count();
            for (at, &row) in study.events.subject.iter().enumerate() {
                let start = study.events.start[at];
                assert!(start <= seen(row) + 1e-9, "{:?} {start}", study.events.term[at]);
            }
            for (at, &row) in study.findings.subject.iter().enumerate() {
                assert!(study.findings.day[at] <= seen(row) + 1e-9);
            }
        }
    }
    assert!(left > 50, "{left}");
}

#[test]
fn patients_the_solver_gives_up_are_counted_and_listed() {
    let mut world = world(&["car-nk", "no-treatment"], 6, |_| {});
    world.settings.max_steps = 3;
    let results = block(&world, 0..3, 3);
    for result in &results {
        let patients = || result.arms.iter().flat_map(|arm| &arm.patients);
        assert_eq!(result.simulated, 12);
        assert_eq!(result.failed.len(), 12);
        assert!(patients().all(|patient| patient.disposition == Disposition::NotEvaluable));
        for failed in &result.failed {
            assert!(failed.what.contains('3'), "{failed:?}");
            let arm = world.experiment.arms.iter().position(|arm| arm.name == failed.arm);
            let arm = &result.arms[arm.expect("an arm")];
            assert!(arm.patients.iter().any(|patient| patient.patient == failed.patient));
        }
    }
    let summary = summarise(&world.experiment, &results);
    assert_eq!((summary.failed, summary.simulated), (36, 36));
    for arm in &summary.arms {
        let orr = arm.estimate("orr").expect("a measure");
        assert_eq!(orr.pooled, Some((0, 18)), "the denominator keeps them");
        assert_eq!(arm.funnel.losses[5], 6.0);
    }
}

/// The limit that about half of the patients exceed takes none of the others with it.
#[test]
fn a_failure_touches_nobody_else() {
    let arms = ["bcma-car-t"];
    let whole = world(&arms, 8, |_| {});
    let mut few = world(&arms, 8, |_| {});
    let (mut low, mut high) = (5, 20_000);
    let all = block(&whole, 0..1, 1).remove(0);
    let some = loop {
        few.settings.max_steps = u32::midpoint(low, high);
        let some = block(&few, 0..1, 1).remove(0);
        match some.failed.len() {
            0 => high = few.settings.max_steps,
            8 => low = few.settings.max_steps,
            _ => break some,
        }
    };
    assert!(all.failed.is_empty());
    let mut well = 0;
    for (a, b) in all.arms[0].patients.iter().zip(&some.arms[0].patients) {
        if some.failed.iter().any(|failed| failed.patient == b.patient) {
            assert_eq!(b.disposition, Disposition::NotEvaluable);
        } else {
            assert_eq!(a, b);
            well += 1;
        }
    }
    assert_eq!(well + some.failed.len(), 8);
}

#[test]
fn no_day_is_a_negative_zero() {
    let world = world(&["no-treatment"], 2, |_| {});
    let result = block(&world, 0..1, 1).remove(0);
    let study = study(&result.arms[0]);
    for &day in study.findings.day.iter().chain(&study.subjects.enrolled_day) {
        assert!(day != 0.0 || day.is_sign_positive(), "files would say -0");
    }
}
