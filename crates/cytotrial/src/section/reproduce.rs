//! How to get the same numbers again, and the conventions behind them.

use report::{Block, code, key_value, list, paragraph, section};

use super::Material;
use crate::operation::simulate::{ASSAYS, KEPT, MODEL, PARAMETERS, SIGNS};
use crate::protocol::{Grade, Unknowns};

/// The section.
pub fn blocks(material: &Material<'_>) -> Vec<Block> {
    let experiment = material.simulation.experiment();
    let summary = &material.simulation.summary;
    let arms: Vec<&str> = experiment.arms.iter().map(|arm| arm.name.as_str()).collect();
    let texts = [MODEL, PARAMETERS, SIGNS, ASSAYS, &experiment.protocol.population].join(", ");
    vec![
        section("How to reproduce"),
        paragraph(vec![code(material.command)]),
        Block::KeyValues(vec![
            key_value("program", concat!("cytotrial ", env!("CARGO_PKG_VERSION"))),
            key_value("inputs and options (SHA-256)", vec![code(material.identity)]),
            key_value("seed", experiment.seed.to_string()),
            key_value("virtual trials", summary.replicates.to_string()),
            key_value("planned patients per arm", summary.patients.to_string()),
            key_value("arms", arms.join(", ")),
            key_value("patients simulated", summary.simulated.to_string()),
            key_value("of them could not be computed", summary.failed.to_string()),
            key_value("what is not known", unknowns(experiment.unknowns)),
            key_value("texts behind the run", texts),
        ]),
        list([
            format!(
                "Patient-level tables are kept for the first {KEPT} of {} virtual trials; \
                 summaries for all.",
                summary.replicates
            ),
            "The same inputs, options and seed give the same numbers on any machine and any number \
             of threads."
                .into(),
            "Every draw has an address made of the seed, the trial, the patient and its purpose, \
             so the same patients go through every arm."
                .into(),
            "Days count from the first infusion, which is day 0. A month is 30.4375 days.".into(),
            "Percentiles over trials are interpolated (type 7). Shares of under 100 patients are \
             whole per cent."
                .into(),
            "A patient who could not be computed counts as not evaluable and is never dropped."
                .into(),
        ]),
    ]
}

/// What is drawn once per virtual trial, in words.
fn unknowns(unknowns: Unknowns) -> String {
    if unknowns == Unknowns::ALL {
        return "drawn once per virtual trial".to_owned();
    }
    let drawn = Grade::ALL.into_iter().filter(|grade| unknowns.draws(*grade));
    let drawn: Vec<String> = drawn.map(|grade| grade.to_string()).collect();
    if drawn.is_empty() {
        return "held at its typical value".to_owned();
    }
    format!(
        "values of grade {} drawn once per virtual trial, others held at their typical value",
        super::words::list(&drawn)
    )
}
