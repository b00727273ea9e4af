//! How fast designs are, printed and never asserted: `cargo test --release --test speed -- --ignored --nocapture`.

#![allow(clippy::print_stdout, reason = "seconds are what this file is for")]

mod common;

use std::time::Instant;

use common::design;
use cytotrial_design::characteristics::{Calendar, exact, in_time, simulate};
use cytotrial_design::{DoseCounts, Plan, Truth};

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let (start, cpu) = (Instant::now(), processor_seconds());
    let result = work();
    let seconds = start.elapsed().as_secs_f64();
    // On a busy machine the time that this thread ran says more than the clock on the wall.
    let ran = processor_seconds().zip(cpu).map_or(seconds, |(now, then)| now - then);
    println!("{what}: {ran:.4} s (wall {seconds:.4})");
    result
}

/// Seconds that this thread has run, where the system tells.
fn processor_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split_whitespace().next()?.parse::<f64>().ok()? * 1e-9)
}

#[test]
#[ignore = "a measurement"]
fn seconds_of_what_users_wait_for() {
    let truth = Truth::of_toxicity(&[0.04, 0.15, 0.3, 0.48, 0.6, 0.7]).unwrap();
    let plan = Plan::new(3, 36);
    let boin = design("boin", "target = 0.3");
    timed("BOIN, 10,000 trials of 6 doses x 12 cohorts x 3", || {
        simulate(boin.as_ref(), &truth, plan, 1, 10_000).unwrap()
    });
    let found = timed("BOIN, exact, the same", || exact(boin.as_ref(), &truth, plan).unwrap());
    assert!((found.selected.iter().sum::<f64>() + found.none - 1.0).abs() < 1e-9);
    let keyboard = design("keyboard", "target = 0.3");
    timed("keyboard, exact, the same", || exact(keyboard.as_ref(), &truth, plan).unwrap());
    let crm = design("crm", "target = 0.3\nhalf-width = 0.06\nprior-mtd = 3\nlevels = 6");
    timed("CRM, 1,000 trials of 36", || simulate(crm.as_ref(), &truth, plan, 1, 1_000).unwrap());
    let blrm = design("blrm", "doses = [1, 2, 4, 8, 16, 32]\nreference = 16");
    let mut doses = [DoseCounts::default(); 6];
    for (dose, dlts) in doses.iter_mut().zip([0, 0, 1, 2]) {
        *dose = DoseCounts::of(6, dlts);
    }
    timed("BLRM, 100 decisions", || (0..100).for_each(|_| drop(blrm.decide(3, &doses))));
    let both = Truth::independent(&[0.03, 0.17, 0.35, 0.5, 0.65], &[0.12, 0.39, 0.43, 0.55, 0.65])
        .unwrap();
    let boin12 =
        design("boin12", "toxicity-limit = 0.35\nresponse-limit = 0.25\nmax-per-dose = 12");
    timed("BOIN12, 10,000 trials of 36", || {
        simulate(boin12.as_ref(), &both, plan, 1, 10_000).unwrap()
    });
    let small = Truth::independent(&[0.05, 0.1, 0.2], &[0.1, 0.3, 0.4]).unwrap();
    timed("BOIN12, exact, 3 doses x 5 cohorts x 3", || {
        exact(boin12.as_ref(), &small, Plan::new(3, 15)).unwrap()
    });
    let tite = design("tite-boin", "target = 0.3");
    let calendar = Calendar::new(28.0, 7.0);
    timed("TITE-BOIN, 1,000 trials of 36 in time", || {
        in_time(tite.as_ref(), &truth, plan, &calendar, (1, 1_000)).unwrap()
    });
    let least = cytotrial_design::ALL.iter().find(|entry| entry.name == "efftox").unwrap().least;
    let efftox = design("efftox", least);
    let three = [DoseCounts::of_outcomes([2, 1, 0, 0]); 3];
    timed("EffTox, 10 decisions", || (0..10).for_each(|_| drop(efftox.decide(1, &three))));
}
