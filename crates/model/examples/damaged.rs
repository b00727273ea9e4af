//! Damages model texts for a while and reads what is left; ends with a message of the text that was not handled.
//!
//! `cargo run --release -p cytotrial-model --example damaged -- antimony|sbml SECONDS [SEED]`

#![allow(clippy::print_stdout, reason = "a program that prints what it did")]

#[path = "../tests/damage/mod.rs"]
mod damage;

use std::time::{Duration, Instant};

use damage::{Draws, corpus, damaged, go_around};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let language = arguments.next().unwrap_or_default();
    let seconds = arguments.next().and_then(|text| text.parse().ok());
    let seed: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    let (Some(seconds), "antimony" | "sbml") = (seconds, language.as_str()) else {
        println!("usage: damaged antimony|sbml SECONDS [SEED]");
        std::process::exit(2);
    };
    let is_wanted = |text: &String| text.trim_start().starts_with('<') == (language == "sbml");
    let texts: Vec<String> = corpus().into_iter().filter(is_wanted).collect();
    let mut draws = Draws(seed.max(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let (begin, limit) = (Instant::now(), Duration::from_secs(seconds));
    let (mut tried, mut read) = (0_u64, 0_u64);
    while begin.elapsed() < limit {
        let text = &texts[draws.below(texts.len())];
        read += u64::from(go_around(&damaged(text, &mut draws)));
        tried += 1;
    }
    println!(
        "{language}: {tried} damaged texts in {seconds} s, {read} of them read, none unhandled"
    );
}
