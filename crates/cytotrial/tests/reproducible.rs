//! The same bytes: on any number of threads, in any block, with or without other arms.

mod common;

use common::{files, request, world};
use cytotrial::conduct::run::{ReplicateResult, block};
use cytotrial::operation::Unwatched;
use cytotrial::operation::simulate::{Simulation, simulate};
use cytotrial::run_folder::{Kind, RunFile, facts, identity, inputs, results, summary_json};

const COMMAND: &str = "cytotrial simulate trials/NCT06379451";

fn simulated(replicates: u32, patients: u32, arms: &[&str]) -> Simulation {
    simulate(&request(replicates, patients, arms), &Unwatched).expect("the bundled trial runs")
}

/// The run's files and facts.
fn run_files(simulation: &Simulation) -> (Vec<RunFile>, String) {
    let files = files();
    let texts = inputs(&files);
    let name = identity(Kind::Simulation, &[], simulation.experiment(), &texts);
    let written = results(simulation, None, &files, &name, COMMAND).expect("files");
    let facts = facts(Kind::Simulation, &[], simulation, &name, &texts);
    (written, format!("{facts}{}", summary_json(simulation)))
}

#[test]
fn any_number_of_threads_writes_the_same_bytes() {
    // Ten replicates are two blocks, so that threads have something to share.
    let on = |threads| {
        let pool = cytotrial::pool(threads).expect("a pool");
        pool.install(|| run_files(&simulated(10, 5, &["car-nk", "bcma-car-t"])))
    };
    let one = on(1);
    assert!(one.0.iter().any(|file| file.name == "report.html"));
    assert!(one.0.iter().any(|file| file.name == "tables/adlb.parquet"));
    for threads in [2, 7] {
        let (files, about) = on(threads);
        assert_eq!(files.len(), one.0.len());
        for (a, b) in files.iter().zip(&one.0) {
            assert_eq!(a.name, b.name);
            assert!(a.bytes == b.bytes, "{} differs on {threads} threads", a.name);
        }
        assert_eq!(about, one.1);
    }
}

#[test]
fn a_replicate_is_the_same_alone_and_in_a_block() {
    let world = world(&[], 3, |_| {});
    let together = block(&world, 0..8, 8);
    assert_eq!(together.len(), 8);
    for replicate in [0, 3, 7] {
        let alone = block(&world, replicate..replicate + 1, 8);
        assert_eq!(alone, together[replicate as usize..][..1], "replicate {replicate}");
    }
    assert_ne!(together[0].arms, together[1].arms, "replicates differ");
}

/// The part of an arm's file, row by row; an arm is named in its own column.
fn rows_of<'a>(files: &'a [RunFile], name: &str, arm: &str) -> Vec<&'a str> {
    let file = files.iter().find(|file| file.name == name).expect("the file");
    let text = std::str::from_utf8(&file.bytes).expect("text");
    text.lines().filter(|line| line.split(',').any(|cell| cell == arm)).collect()
}

#[test]
fn an_arm_is_the_same_alone_and_beside_others() {
    let alone = simulated(3, 4, &["car-nk"]);
    let all = simulated(3, 4, &[]);
    let arm = |results: &[ReplicateResult]| -> Vec<_> {
        results.iter().map(|result| result.arms[0].clone()).collect()
    };
    assert_eq!(all.experiment().arms[0].name, "car-nk");
    assert_eq!(arm(&alone.replicates), arm(&all.replicates));
    assert_eq!(alone.summary.arms[0], all.summary.arms[0]);
    let [alone, all] = [alone, all].map(|simulation| run_files(&simulation).0);
    for name in ["summary.csv", "replicates.csv", "design_history.csv", "tables/adsl.csv"] {
        let rows = rows_of(&alone, name, "car-nk");
        assert!(!rows.is_empty(), "{name}");
        assert_eq!(rows, rows_of(&all, name, "car-nk"), "{name}");
    }
}

#[test]
fn another_seed_gives_other_patients() {
    let run = |seed| {
        let mut request = request(1, 3, &["no-treatment"]);
        request.seed = Some(seed);
        let simulation = simulate(&request, &Unwatched).expect("the bundled trial runs");
        simulation.replicates
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
