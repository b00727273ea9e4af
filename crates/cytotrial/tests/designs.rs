//! Every design of the list in the conduct of a small whole trial: it ends, keeps to what was known, and
//! those that look at responses are told of them.

mod common;

use common::{files, world};
use cytotrial::conduct::result::ArmResult;
use cytotrial::conduct::run::block;
use cytotrial::conduct::trial::Step;
use cytotrial::conduct::world::World;
use cytotrial::protocol::{design_of, read};
use design::{Action, Outcomes};
use records::Study;

/// Settings for the three levels of the bundled trial, where the least ones are for another number.
fn settings(entry: &design::Entry) -> String {
    match entry.name {
        "crm" | "tite-crm" => entry.least.replace("levels = 4", "levels = 3"),
        "blrm" => "doses = [2, 6, 18]\nreference = 6".to_owned(),
        _ => entry.least.to_owned(),
    }
}

fn study(arm: &ArmResult) -> &Study {
    &arm.study.as_ref().expect("tables are kept").0
}

/// Whole trials of the arm with a design of the list.
fn trials(world: &mut World, entry: &design::Entry, replicates: u32) -> Vec<ArmResult> {
    let finding = &mut world.experiment.protocol.dose_finding;
    entry.name.clone_into(&mut finding.method);
    finding.settings = settings(entry);
    let results = block(world, 0..replicates, replicates);
    results.into_iter().map(|mut result| result.arms.remove(0)).collect()
}

/// What holds in a trial whatever the design.
fn assert_is_sound(world: &World, name: &str, arm: &ArmResult) {
    let protocol = &world.experiment.protocol;
    let levels = world.experiment.arms[0].levels.len();
    assert!(!arm.history.is_empty(), "{name}: nothing was decided");
    assert!(arm.patients.len() <= protocol.patients as usize, "{name}");
    assert!(arm.recommended.is_none() || arm.stopped.is_none() || arm.patients.len() > 2, "{name}");
    let mut day = 0.0;
    for step in &arm.history {
        assert!(step.day >= day, "{name}: the calendar runs backwards");
        day = step.day;
        assert!(step.next_level.is_none_or(|next| (1..=levels).contains(&next)), "{name}");
        assert!(!step.because.is_empty(), "{name}");
        for at in &step.counts {
            assert!(at.dlts <= at.evaluable && at.responses <= at.evaluable, "{name}: {step:?}");
            assert!(at.deep_responses <= at.responses, "{name}: {step:?}");
        }
    }
    let last = arm.history.last().expect("not empty");
    assert_ne!(last.action, Action::Suspend, "{name}: went on while it had to wait");
}

#[test]
fn every_design_that_finds_a_dose_conducts_a_trial() {
    let mut world = world(&["car-nk"], 12, |_| {});
    let mut conducted = 0;
    for entry in design::ALL {
        let chosen = design_of(entry, &settings(entry)).expect("sound settings");
        if chosen.levels() == Some(1) {
            continue;
        }
        for arm in trials(&mut world, entry, 2) {
            assert_is_sound(&world, entry.name, &arm);
        }
        conducted += 1;
    }
    assert_eq!(conducted, design::ALL.len() - 5);
}

#[test]
fn designs_for_one_dose_conduct_an_arm_with_one_level_and_no_other() {
    let mut world = world(&["car-nk"], 12, |experiment| experiment.arms[0].levels.truncate(1));
    let mut watched = 0;
    for entry in design::ALL {
        let chosen = design_of(entry, &settings(entry)).expect("sound settings");
        if chosen.levels() != Some(1) {
            continue;
        }
        for arm in trials(&mut world, entry, 1) {
            assert_is_sound(&world, entry.name, &arm);
        }
        watched += 1;
        // The bundled trial has three levels.
        let mut files = files();
        let least: String = entry.least.to_owned();
        let text = files.texts["trial.toml"]
            .replace("method       = \"boin\"", &format!("method = \"{}\"\n{least}", entry.name))
            .replace("target       = 0.30\n", "");
        files.texts.insert("trial.toml".to_owned(), text);
        let problems = read::experiment(&files).expect_err("it cannot find a dose");
        let told = format!("`{}` watches one dose", entry.name);
        assert!(problems.iter().any(|one| one.message.contains(&told)), "{problems:?}");
    }
    assert_eq!(watched, 5);
}

#[test]
fn a_design_by_responses_knows_them_once_they_are_scored() {
    // Most of its patients respond.
    let mut world = world(&["bcma-car-t"], 15, |experiment| experiment.arms[0].escalate = true);
    let by = world.experiment.protocol.response_day();
    // The second planned assessment is on day 56 with seven days to spare.
    assert!((by - 63.0).abs() < 1e-12, "{by}");
    let entry = design::Entry::named("boin12").expect("in the list");
    assert_eq!(
        design_of(entry, entry.least).expect("sound").outcomes(),
        Outcomes::ToxicityAndResponse
    );
    let mut seen = 0;
    for arm in trials(&mut world, entry, 3) {
        let (tables, outcomes) = arm.study.as_ref().expect("tables are kept");
        let subjects = &tables.subjects;
        for step in &arm.history {
            for (level, counts) in step.counts.iter().enumerate() {
                let mine = (0..subjects.len()).filter(|&row| {
                    subjects.dose_level[row].map(usize::from) == Some(level + 1)
                        && subjects.infused_calendar[row].is_some_and(|day| day <= step.day)
                });
                let (mut scored, mut responded) = (0, 0);
                for row in mine {
                    let infused = subjects.infused_calendar[row].expect("infused");
                    let outcome = &outcomes.subjects[row];
                    let ends =
                        subjects.death_day[row].into_iter().chain(subjects.new_therapy_day[row]);
                    let scored_on = ends.fold(by, f64::min);
                    scored += u32::from(infused + scored_on <= step.day + 1e-5);
                    let first = outcome.first_response_day.filter(|&day| day <= scored_on);
                    responded +=
                        u32::from(first.is_some() && infused + scored_on <= step.day + 1e-5);
                }
                // Who is not evaluable for a DLT does not count; a response may be confirmed later.
                assert!(counts.evaluable <= scored, "{step:?}");
                assert!(counts.responses <= responded, "{step:?}");
                seen += counts.responses;
            }
        }
        assert!(study(&arm).subjects.len() > 2);
    }
    assert!(seen > 0, "no response was ever told");
}

#[test]
fn the_time_for_responses_is_read_and_holds() {
    let mut files = files();
    let text = files.texts["trial.toml"].replace(
        "method       = \"boin\"",
        "method       = \"boin-et\"\nresponse-window = \"4 week\"",
    );
    files.texts.insert("trial.toml".to_owned(), text.clone());
    let experiment = read::experiment(&files).expect("sound");
    assert!((experiment.protocol.response_day() - 28.0).abs() < 1e-12);
    let told = experiment.protocol.response_told();
    assert!(told.contains("by day 28"), "{told}");
    files.texts.insert("trial.toml".to_owned(), text.replace("4 week", "0 day"));
    let problems = read::experiment(&files).expect_err("no time at all");
    assert!(problems[0].message.contains("not above zero"), "{problems:?}");
}

#[test]
fn patients_who_come_while_a_cohort_is_evaluated_are_backfilled() {
    let mut world = world(&["car-nk"], 18, |experiment| {
        experiment.protocol.conduct.accrual *= 6.0;
    });
    let finding = &mut world.experiment.protocol.dose_finding;
    "boin".clone_into(&mut finding.method);
    finding.settings =
        "target = 0.3\nrules = [{ rule = \"backfill\", most = 6, needs-response = false }]".into();
    let mut backfilled = 0;
    for result in block(&world, 0..4, 4) {
        let arm = &result.arms[0];
        assert_is_sound(&world, "boin", arm);
        // More patients below the level that is waited for, from one look to the next.
        for pair in arm.history.windows(2).filter(|pair| pair[0].action == Action::Suspend) {
            let below = |step: &Step| -> u32 {
                step.counts[..pair[0].level - 1].iter().map(|counts| counts.treated()).sum()
            };
            assert_eq!(pair[0].level, pair[1].level);
            backfilled += below(&pair[1]).saturating_sub(below(&pair[0]));
            let most = pair[1].counts[..pair[0].level - 1].iter().map(|counts| counts.treated());
            assert!(most.max().unwrap_or(0) <= 6, "{pair:?}");
        }
    }
    assert!(backfilled > 0, "nobody was backfilled");
}
