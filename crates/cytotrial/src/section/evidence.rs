//! What the patients known before the trial tell about DLTs and CRS.

use report::format::{percent, percent_range};
use report::{Block, Cell, Table, numbers, paragraph, section, words as column};

use super::words::FINE;
use super::{Material, words};
use crate::conduct::result::PatientResult;
use crate::protocol::PriorPatients;
use crate::summary::measure::measure;
use crate::targets::Role;
use crate::uncertainty::few::{Counts, LIMITS, counts, updated};

/// The section.
pub fn blocks(material: &Material<'_>) -> Vec<Block> {
    let Some(prior) = material.simulation.experiment().protocol.prior_patients else {
        return vec![
            section("What earlier patients tell"),
            paragraph("The protocol names no patients who were treated before."),
        ];
    };
    let mut blocks = vec![
        section(format!("What {} patients tell", in_words(prior.patients))),
        paragraph(
            "Few patients without an event are no proof that it does not occur. The bounds below \
             hold whatever the product is; the model adds what it knows about the product and \
             the patients. Such evidence updates what is thought; nothing is fitted to it.",
        ),
        Block::Table(bounds(prior)),
    ];
    let table = through_the_model(material, prior);
    if table.rows.is_empty() {
        blocks.push(paragraph("No arm of this run can be set beside these patients."));
    } else {
        blocks.push(Block::Table(table));
    }
    blocks
}

/// Small numbers as words, as in a title.
fn in_words(patients: u32) -> String {
    const WORDS: [&str; 11] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    ];
    WORDS.get(patients as usize).map_or_else(|| patients.to_string(), |word| (*word).to_owned())
}

/// The events that are known of, with the measure of each.
fn events(prior: PriorPatients) -> [(&'static str, u32, &'static str); 2] {
    [("dose-limiting toxicity", prior.dlts, "dlt"), ("CRS of any grade", prior.crs, "crs")]
}

fn bounds(prior: PriorPatients) -> Table {
    let found = events(prior).map(|(name, seen, _)| (name, counts(seen, prior.patients, &LIMITS)));
    let rows = found.iter().filter_map(|(name, counts)| -> Option<Vec<Cell>> {
        let counts = counts.as_ref()?;
        Some(vec![
            (*name).into(),
            format!("{} of {}", counts.seen.0, counts.seen.1).into(),
            percent(counts.exact, FINE).into(),
            percent(counts.uniform, FINE).into(),
            percent(counts.jeffreys, FINE).into(),
        ])
    });
    let needed = found.iter().find_map(|(_, counts)| counts.as_ref()).map(needed);
    Table {
        id: "earlier-patients".into(),
        caption: "Upper bounds of the rate from the earlier patients alone, one-sided, 95%".into(),
        columns: vec![
            column("event"),
            numbers("patients with it"),
            numbers("exact bound"),
            numbers("posterior, uniform prior"),
            numbers("posterior, Jeffreys' prior"),
        ],
        rows: rows.collect(),
        notes: vec![
            "Exact: Clopper and Pearson. A posterior says what to believe after these patients \
             for someone who thought every rate equally likely (uniform), or little of middling \
             rates (Jeffreys)."
                .into(),
            needed.unwrap_or_default().into(),
        ],
    }
}

/// Patients without the event that would be needed.
fn needed(counts: &Counts) -> String {
    let needed: Vec<String> = counts
        .needed
        .iter()
        .map(|(limit, patients)| format!("{patients} for at most {}", percent(*limit, 10)))
        .collect();
    format!("Patients without any event that an exact bound needs: {}.", words::list(&needed))
}

/// Arms that the earlier patients belong to: those that a result with the role `evidence` is named
/// for, or the first one.
fn arms(material: &Material<'_>) -> Vec<usize> {
    let experiment = material.simulation.experiment();
    let is_evidence = |id: &String| {
        let target = material.targets.iter().find(|target| target.id == *id);
        target.is_some_and(|target| target.role == Role::Evidence)
    };
    let named: Vec<usize> = (0..experiment.arms.len())
        .filter(|place| {
            let ids = experiment.targets.get(&experiment.arms[*place].name);
            ids.is_some_and(|ids| ids.iter().any(is_evidence))
        })
        .collect();
    let products = |place: &usize| !experiment.arms[*place].products.is_empty();
    if named.is_empty() { (0..1).filter(products).collect() } else { named }
}

fn through_the_model(material: &Material<'_>, prior: PriorPatients) -> Table {
    let simulation = material.simulation;
    let planned = simulation.summary.patients;
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for place in arms(material) {
        let patients: Vec<&[PatientResult]> =
            simulation.replicates.iter().map(|it| it.arms[place].patients.as_slice()).collect();
        for (name, seen, code) in events(prior) {
            let Some(measure) = measure(code) else { continue };
            let found = updated(measure, &patients, (seen, prior.patients), planned);
            let Some(found) = found else { continue };
            let [before, after] = found.most_events();
            let range = |rate: crate::uncertainty::rate::Rate| {
                percent_range(rate.quantile(0.05), rate.quantile(0.95), FINE)
            };
            rows.push(vec![
                simulation.summary.arms[place].name.clone().into(),
                name.into(),
                range(found.before).into(),
                range(found.after).into(),
                format!("{before} of {planned}").into(),
                format!("{after} of {planned}").into(),
            ]);
        }
    }
    Table {
        id: "earlier-patients-and-model".into(),
        caption: "The rate in the simulated trial before and after the earlier patients: 5th \
                  to 95th percentile"
            .into(),
        columns: vec![
            column("arm"),
            column("event"),
            numbers("model alone"),
            numbers("with the earlier patients"),
            numbers("most events the trial will show (95%), model alone"),
            numbers("with the earlier patients"),
        ],
        rows,
        notes: vec![
            words::trials(&simulation.summary).into(),
            format!(
                "The rate differs between trials because values are not known; a beta law with \
                 the mean and the variance of the simulated trials, net of the luck of their \
                 patients, is updated with {} of {} and {} of {}. Dose and schedule of the \
                 earlier patients are not known: they are taken as those of the arm.",
                prior.dlts, prior.patients, prior.crs, prior.patients
            )
            .into(),
        ],
    }
}
