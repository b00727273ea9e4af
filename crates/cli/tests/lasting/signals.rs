//! Killed, interrupted, and crowded runs.

use std::fs;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::place::{Ended, Place, assert_same, files, wait_until};

/// A run of a few blocks, one after the other.
const SMALL: &[&str] = &[
    "simulate",
    "t",
    "--replicates",
    "40",
    "--patients",
    "3",
    "--arms",
    "car-nk",
    "--threads",
    "1",
];
/// A run that takes a few seconds.
const LONG: &[&str] = &[
    "simulate",
    "t",
    "--replicates",
    "400",
    "--patients",
    "4",
    "--arms",
    "no-treatment",
    "--threads",
    "1",
];

fn with<'a>(words: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    words.iter().chain(more).copied().collect()
}

/// Kills a small run at `moments` spread over its length, and goes on each time.
fn killed_and_resumed(moments: u32) {
    let place = Place::new();
    let begin = Instant::now();
    let whole = place.ended(&with(SMALL, &["--out", "whole"]));
    let length = begin.elapsed();
    assert_eq!(whole.code, Some(0), "{}", whole.err);
    let expected = files(&place.run("whole"));
    let mut resumed = 0;
    for moment in 0..moments {
        let out = format!("killed-{moment}");
        let words = with(SMALL, &["--out", &out]);
        let mut child = place.started(&words);
        std::thread::sleep(length * (2 * moment + 1) / (2 * moments));
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        let gone_on = place.ended(&with(&words, &["--resume"]));
        assert_eq!(gone_on.code, Some(0), "moment {moment}: {}", gone_on.err);
        resumed += u32::from(gone_on.err.contains("going on after"));
        assert_same(&place.run(&out), &expected, &format!("moment {moment}"));
        assert!(place.part(&out).is_none(), "moment {moment}: nothing is left beside the run");
    }
    assert!(resumed > 0, "no moment fell into the simulation");
}

#[test]
fn a_killed_run_goes_on_and_ends_with_the_same_bytes() {
    killed_and_resumed(3);
}

#[test]
#[ignore = "takes longer than the others together"]
fn a_run_killed_at_any_moment_goes_on_and_ends_with_the_same_bytes() {
    killed_and_resumed(20);
}

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(sent.expect("`kill` starts").success());
}

/// Finished blocks below `t/runs`.
fn blocks(place: &Place) -> usize {
    let folder = place.part("t/runs").map(|part| part.join("blocks"));
    let entries = folder.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten();
    entries.flatten().filter(|entry| !entry.file_name().to_string_lossy().starts_with('.')).count()
}

/// Starts a long run and waits until it has finished a block.
fn begun(place: &Place, more: &[&str]) -> Child {
    let before = blocks(place);
    let child = place.started(&with(LONG, more));
    wait_until(|| blocks(place) > before);
    child
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_keeps_what_is_finished_and_says_how_to_go_on() {
    let place = Place::new();
    for (name, more) in [("-INT", &[][..]), ("-TERM", &["--resume"])] {
        let child = begun(&place, more);
        signal(&child, name);
        let stopped: Ended = child.wait_with_output().expect("it ends").into();
        assert_eq!(stopped.code, Some(130), "{name}: {}", stopped.err);
        assert!(stopped.err.contains("stopped after "), "{}", stopped.err);
        assert!(stopped.err.contains("--arms no-treatment --resume` goes on"), "{}", stopped.err);
    }
    let again = place.ended(LONG);
    assert_eq!(again.code, Some(2), "{}", again.err);
    assert!(again.err.contains("error[F105]") && again.err.contains(" replicates are finished"));
    assert!(again.err.contains("--resume` goes on") && again.err.contains("--force` begins again"));
    let gone_on = place.ended(&with(LONG, &["--resume"]));
    assert_eq!(gone_on.code, Some(0), "{}", gone_on.err);
    for more in [&[][..], &["--resume"]] {
        let found = place.ended(&with(LONG, more));
        assert_eq!(found.code, Some(0));
        assert!(found.err.contains("already complete"), "{}", found.err);
    }
    let ledger = fs::read_to_string(place.run("t/runs").join("ledger.jsonl")).expect("a ledger");
    let events: Vec<&str> = ledger
        .lines()
        .map(|line| line.split("\"event\":\"").nth(1).expect("an event"))
        .map(|rest| rest.split('"').next().expect("a word"))
        .collect();
    assert_eq!(events, ["begun", "stopped", "resumed", "stopped", "resumed", "completed"]);
}

#[cfg(unix)]
#[test]
fn a_second_signal_ends_the_run_at_once() {
    let place = Place::new();
    // One block of a minute.
    let words = ["simulate", "t", "--replicates", "8", "--patients", "3000", "--threads", "1"];
    let child = place.started(&words);
    wait_until(|| place.part("t/runs").is_some_and(|part| part.join("run/ledger.jsonl").exists()));
    // The block is in progress soon after the ledger is begun.
    std::thread::sleep(Duration::from_secs(2));
    signal(&child, "-INT");
    std::thread::sleep(Duration::from_millis(500));
    signal(&child, "-INT");
    let ended: Ended = child.wait_with_output().expect("it ends").into();
    assert_eq!(ended.code, Some(130), "{}", ended.err);
    assert!(ended.err.contains("once more stops at once"), "{}", ended.err);
    assert!(!ended.err.contains("stopped after"), "{}", ended.err);
}

#[cfg(unix)]
#[test]
fn a_second_process_says_who_works_there_and_changes_nothing() {
    let place = Place::new();
    let mut first = begun(&place, &[]);
    // It holds its lock while it sleeps.
    signal(&first, "-STOP");
    for more in [&[][..], &["--resume"], &["--force"]] {
        let second = place.ended(&with(LONG, more));
        assert_eq!(second.code, Some(3), "{}", second.err);
        assert!(second.err.contains("error[F104]"), "{}", second.err);
        assert!(second.err.contains(&format!("process {} since ", first.id())), "{}", second.err);
    }
    assert!(first.try_wait().expect("it is there").is_none(), "the first is still there");
    first.kill().expect("it can be killed");
    first.wait().expect("it ends");
    // The lock went with the process.
    let gone_on = place.ended(&with(LONG, &["--resume"]));
    assert_eq!(gone_on.code, Some(0), "{}", gone_on.err);
    assert!(gone_on.err.contains("going on after"), "{}", gone_on.err);
}

#[test]
fn forced_runs_begin_again_and_replace_the_old_one_as_a_whole() {
    let place = Place::new();
    assert_eq!(place.ended(SMALL).code, Some(0));
    let run = place.run("t/runs");
    let expected = files(&run);
    fs::write(run.join("summary.csv"), "spoiled").expect("it can be spoiled");
    let mut killed = place.started(&with(SMALL, &["--force"]));
    wait_until(|| place.part("t/runs").is_some());
    killed.kill().expect("it can be killed");
    killed.wait().expect("it ends");
    // The old run stays as it was until the new one is complete.
    assert_eq!(fs::read(run.join("summary.csv")).expect("it is there"), b"spoiled");
    assert_eq!(place.ended(&with(SMALL, &["--force"])).code, Some(0));
    assert_same(&run, &expected, "after --force");
    // A process killed between setting the old run aside and moving the new one there.
    let part = place
        .path("t/runs")
        .join(format!(".{}.part", run.file_name().expect("a name").to_string_lossy()));
    fs::create_dir(&part).expect("a part folder");
    fs::rename(&run, part.join("old")).expect("the old run is set aside");
    let found = place.ended(SMALL);
    assert!(found.code == Some(0) && found.err.contains("already complete"), "{}", found.err);
    assert_same(&run, &expected, "after it was brought back");
    assert!(!part.exists());
}
