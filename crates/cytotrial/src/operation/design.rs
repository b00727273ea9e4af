//! `design`: dose-finding designs asked by themselves, apart from a simulated trial.
//!
//! Every answer carries the settings in force and the conventions of the design, so that two people
//! who use different programs can see where they differ.

pub mod choice;
pub mod compare;
pub mod counts;
pub mod describe;
pub mod mechanism;
pub mod next_dose;
pub mod pathways;
pub mod scenario;
pub mod select;
pub mod simulate;
pub mod table;

pub use choice::{Ask, Chosen, Plan, Setting};
pub use counts::{Data, Treated};

/// What is printed with every advice.
pub const ADVICE: &str = "The design advises; the safety committee decides on every dose.";

/// What a plan has when nobody says otherwise; assumed, printed with every answer that uses it.
pub const COHORT: u32 = 3;

/// Patients at most when nobody says otherwise; assumed, printed with every answer that uses it.
pub const MAX_PATIENTS: u32 = 30;

/// The action as one word for tables and programs.
fn word(action: design::Action) -> String {
    action.to_string().replace(' ', "-")
}

/// `3 levels`.
fn many(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// A cell of a table with commas: quoted where it must be.
fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// A number as short as it can be told within so many digits after the point.
fn decimal(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}
