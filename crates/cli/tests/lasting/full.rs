//! No room, no permission, and files damaged while nobody looked.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::process::Command;

use crate::place::{Ended, Place, assert_same, files};

const RUN: &[&str] = &[
    "simulate",
    "t",
    "--replicates",
    "20",
    "--patients",
    "3",
    "--arms",
    "car-nk",
    "--threads",
    "1",
];

/// Runs with files limited to so many blocks of 512 bytes: a disk that is full for longer ones.
fn with_room(place: &Place, blocks: u32, words: &[&str]) -> Ended {
    let program = env!("CARGO_BIN_EXE_cytotrial");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, program]).args(words).current_dir(place.path(""));
    command.output().expect("`sh` starts").into()
}

/// A place with a run that found no room for its report, so that every block is kept, those with
/// values held too.
fn without_report() -> (Place, PathBuf) {
    let place = Place::new();
    let full = with_room(&place, 600, RUN);
    assert_eq!(full.code, Some(3), "{}", full.err);
    assert!(full.err.contains("error[F103]") && full.err.contains("report.html"), "{}", full.err);
    assert!(full.err.contains("20 of simulation are kept"), "{}", full.err);
    let part = place.part("t/runs").expect("what is finished is kept");
    (place, part)
}

fn with<'a>(words: &[&'a str], more: &'a str) -> Vec<&'a str> {
    words.iter().copied().chain(more.split(' ')).collect()
}

/// What the run leaves when nothing stands in its way.
fn expected(place: &Place, words: &[&str]) -> BTreeMap<String, Vec<u8>> {
    assert_eq!(place.ended(&with(words, "--out whole")).code, Some(0));
    files(&place.run("whole"))
}

fn resumed(place: &Place, words: &[&str]) -> Ended {
    let ended = place.ended(&with(words, "--resume"));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    ended
}

#[cfg(unix)]
#[test]
fn a_full_disk_keeps_what_is_finished_and_the_run_goes_on_later() {
    let (place, _) = without_report();
    // No room for blocks either: nothing is lost, and the message is the same.
    let fuller = with_room(&place, 0, &with(RUN, "--resume"));
    assert_eq!(fuller.code, Some(3), "{}", fuller.err);
    assert!(fuller.err.contains("error[F103]"), "{}", fuller.err);
    let gone_on = resumed(&place, RUN);
    assert!(gone_on.err.contains("20 of simulation"), "{}", gone_on.err);
    assert_same(&place.run("t/runs"), &expected(&place, RUN), "after room was made");
}

#[cfg(unix)]
#[test]
fn a_block_without_room_ends_the_run_with_its_name() {
    let place = Place::new();
    // The first block holds the tables of the first trial and is longer than the inputs.
    let words = RUN.iter().map(|word| if *word == "3" { "16" } else { word });
    let words: Vec<&str> = words.collect();
    let full = with_room(&place, 120, &words);
    assert_eq!(full.code, Some(3), "{}", full.err);
    assert!(full.err.contains("error[F103]"), "{}", full.err);
    assert!(full.err.contains("simulation-00000000-00000008` cannot be written"), "{}", full.err);
    resumed(&place, &words);
    assert_same(&place.run("t/runs"), &expected(&place, &words), "after room was made");
}

#[cfg(unix)]
#[test]
fn damaged_blocks_are_computed_again() {
    let (place, part) = without_report();
    let block = |name: &str| part.join("blocks").join(name);
    let first = block("simulation-00000000-00000008");
    let mut bytes = fs::read(&first).expect("the first block");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&first, bytes).expect("a changed block");
    let second = OpenOptions::new().write(true).open(block("simulation-00000008-00000016"));
    second.and_then(|file| file.set_len(100)).expect("a cut block");
    resumed(&place, RUN);
    assert_same(&place.run("t/runs"), &expected(&place, RUN), "after blocks were damaged");
}

#[cfg(unix)]
#[test]
fn blocks_of_another_program_are_not_used() {
    let (place, part) = without_report();
    for entry in fs::read_dir(part.join("blocks")).expect("blocks").flatten() {
        let mut bytes = fs::read(entry.path()).expect("a block");
        bytes[0] ^= 1;
        fs::write(entry.path(), bytes).expect("a changed mark");
    }
    let gone_on = resumed(&place, RUN);
    assert!(gone_on.err.contains("another build of the program"), "{}", gone_on.err);
    assert!(!gone_on.err.contains("going on"), "{}", gone_on.err);
    assert_same(&place.run("t/runs"), &expected(&place, RUN), "after another program");
}

#[cfg(unix)]
#[test]
fn a_ledger_that_was_cut_short_is_mended() {
    let (place, part) = without_report();
    let path = part.join("run/ledger.jsonl");
    let ledger = fs::read(&path).expect("a ledger");
    fs::write(&path, &ledger[..ledger.len() - 20]).expect("a cut ledger");
    resumed(&place, RUN);
    let run = place.run("t/runs");
    let mended = fs::read(run.join("ledger.jsonl")).expect("a ledger");
    assert!(mended.starts_with(&ledger[..ledger.len() - 20]), "nothing was taken away");
    let verified = place.ended(&["verify", &run.to_string_lossy()]);
    assert_eq!(verified.code, Some(0), "{}{}", verified.out, verified.err);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let place = Place::new();
    fs::write(place.path("file"), "a file where a folder is due").expect("a file");
    let refused = place.ended(&with(RUN, "--out file"));
    assert_eq!(refused.code, Some(3), "{}", refused.err);
    assert!(refused.err.contains("error[F103]") && refused.err.contains("`file/."));
    assert!(refused.err.contains("--out"), "{}", refused.err);
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission_is_named_and_left_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let runs = place.path("t/runs");
    fs::create_dir(&runs).expect("a folder");
    fs::set_permissions(&runs, fs::Permissions::from_mode(0o555)).expect("permissions");
    // The administrator may write everywhere.
    let is_root = fs::write(runs.join("probe"), "").is_ok();
    let run = place.ended(RUN);
    fs::set_permissions(&runs, fs::Permissions::from_mode(0o755)).expect("permissions");
    if is_root {
        assert_eq!(run.code, Some(0), "{}", run.err);
    } else {
        assert_eq!(run.code, Some(3), "{}", run.err);
        assert!(run.err.contains("error[F103]") && run.err.contains("--out"), "{}", run.err);
        assert_eq!(fs::read_dir(&runs).expect("a folder").count(), 0);
    }
}
