//! The files that a simulation leaves behind, as bytes; a door writes them.
//!
//! The same inputs, seed and options give the same bytes on any number of threads.

use evaluate::Outcomes;
use rayon::prelude::*;
use records::Study;
use records::column::Table;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::audit::{Audit, audit};
use crate::claims::findings::Findings;
use crate::conduct::merge::append;
use crate::operation::replay::subject;
use crate::operation::simulate::{ASSAYS, MODEL, PARAMETERS, SIGNS, Simulation};
use crate::outcome_tables;
use crate::problem::Problem;
use crate::protocol::Experiment;
use crate::protocol::files::Files;
use crate::protocol::read;
use crate::record::Record;
use crate::section::{self, Material};
use crate::targets;

pub mod claims;
mod tables;

/// One file of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFile {
    /// Its name below the run folder, with `/`.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Every text that a run reads, by name: the trial's own and the bundled ones.
pub fn inputs(files: &Files) -> Vec<(String, String)> {
    let mut names: Vec<String> = vec![files.trial_name().to_owned()];
    names.extend(["compare.toml", "claims.toml", "record.json"].map(str::to_owned));
    names.extend([MODEL, PARAMETERS, SIGNS, ASSAYS, TARGETS].map(str::to_owned));
    for folder in ["products/", "populations/"] {
        names.extend(files.names_below(folder).into_iter().map(str::to_owned));
    }
    names.sort();
    names.dedup();
    names
        .into_iter()
        .filter_map(|name| {
            // What belongs to one trial is never taken from the library.
            let own = !name.contains('/');
            let text = if own { files.texts.get(&name).cloned() } else { None };
            let text = text.or_else(|| (!own).then(|| files.text(&name).map(str::to_owned))?)?;
            Some((name, text))
        })
        .collect()
}

/// The report as a page, for the readers that the run asks for.
pub const PAGE: &str = "report.html";
/// The whole report as data; the page of every audience can be made from it.
pub const REPORT: &str = "report.json";

/// Published results beside the predictions.
pub const TARGETS: &str = "evidence/targets.csv";

/// What a run is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Whole trials in every arm.
    Simulation,
    /// The same, with the experiments behind the record's claims.
    Claims,
}

impl Kind {
    /// The word in `run.json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Simulation => "simulation",
            Self::Claims => "claims",
        }
    }
}

/// The run's name: a hash of its inputs and of every option that changes results.
///
/// `claims` are the identifiers of those that are tried; none for a simulation.
pub fn identity(
    kind: Kind,
    claims: &[String],
    experiment: &Experiment,
    inputs: &[(String, String)],
) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    add(env!("CARGO_PKG_VERSION"));
    add(kind.word());
    for claim in claims {
        add(claim);
    }
    add(&experiment.protocol.file);
    for (name, text) in inputs {
        add(name);
        add(text);
    }
    add(&format!(
        "seed {} replicates {} patients {}",
        experiment.seed, experiment.replicates, experiment.protocol.patients
    ));
    for arm in &experiment.arms {
        add(&arm.name);
    }
    hex(&hash.finalize())[..16].to_owned()
}

/// SHA-256 of some bytes, in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes every write");
        text
    })
}

/// All files but `run.json` and the inputs: tables, summaries, report.
///
/// # Errors
/// A table that cannot be written, or published results that cannot be read.
pub fn results(
    simulation: &Simulation,
    findings: Option<&Findings>,
    files: &Files,
    identity: &str,
    command: &str,
) -> Result<Vec<RunFile>, Vec<Problem>> {
    let published =
        files.text(TARGETS).map_or(Ok(Vec::new()), |text| targets::read(text, TARGETS))?;
    let found = audited(simulation, files);
    let reading = read::read(files);
    let material = Material {
        simulation,
        audit: found.as_ref(),
        targets: &published,
        values: &reading.values,
        book: reading.claims.as_ref(),
        findings,
        identity,
        command,
    };
    let whole = section::report(&material);
    let page = report::html::render(&whole.document(whole.audience));
    let mut run = vec![
        RunFile { name: PAGE.into(), bytes: page.into_bytes() },
        RunFile { name: REPORT.into(), bytes: whole.text().into_bytes() },
    ];
    let of_claims = findings.map(claims::tables).unwrap_or_default();
    for table in tables::summaries(simulation).into_iter().chain(of_claims) {
        run.push(csv(&table, "")?);
    }
    for table in tables::uncertain(simulation, &published) {
        run.push(csv(&table, "")?);
    }
    let of_patients = patient_tables(simulation);
    let of_patients: Result<Vec<[RunFile; 2]>, _> = of_patients.par_iter().map(both).collect();
    run.extend(of_patients?.into_iter().flatten());
    Ok(run)
}

/// A patient-level table as CSV and as Parquet.
fn both(table: &Table) -> Result<[RunFile; 2], Vec<Problem>> {
    let name = format!("tables/{}.parquet", table.name);
    let bytes = records::parquet::write(table).map_err(|error| failed(table, &error))?;
    Ok([csv(table, "tables/")?, RunFile { name, bytes }])
}

fn csv(table: &Table, folder: &str) -> Result<RunFile, Vec<Problem>> {
    let bytes = records::csv::write(table).map_err(|error| failed(table, &error))?;
    Ok(RunFile { name: format!("{folder}{}.csv", table.name), bytes })
}

fn failed(table: &Table, error: &dyn std::fmt::Display) -> Vec<Problem> {
    let message = format!("table `{}` cannot be written: {error}", table.name);
    vec![Problem::error("X101", "", "", message, "this is a fault of the program")]
}

/// The record's audit, when the folder has a record.
fn audited(simulation: &Simulation, files: &Files) -> Option<Audit> {
    let record = Record::read(files.texts.get("record.json")?, "record.json").ok()?;
    Some(audit(&record, Some(simulation.experiment())))
}

/// The tables of the kept replicates, all arms together.
pub(crate) fn patient_tables(simulation: &Simulation) -> Vec<Table> {
    let mut study = Study { name: simulation.experiment().protocol.id.clone(), ..Study::default() };
    let mut outcomes = Outcomes::default();
    for replicate in &simulation.replicates {
        for (arm, result) in simulation.experiment().arms.iter().zip(&replicate.arms) {
            if let Some((kept, judged)) = &result.study {
                let mut kept = kept.clone();
                for id in &mut kept.subjects.id {
                    *id = format!("{id}-r{}-{}", replicate.replicate, arm.name);
                }
                append(&mut study, kept);
                outcomes.subjects.extend(judged.subjects.iter().cloned());
            }
        }
    }
    outcome_tables::tables(&study, &outcomes)
}

/// The part of `run.json` that is the same in every repetition.
pub fn facts(
    kind: Kind,
    claims: &[String],
    simulation: &Simulation,
    identity: &str,
    inputs: &[(String, String)],
) -> Value {
    let experiment = simulation.experiment();
    let summary = &simulation.summary;
    let hashes: serde_json::Map<String, Value> =
        inputs.iter().map(|(name, text)| (name.clone(), json!(sha256(text.as_bytes())))).collect();
    json!({
        "kind": kind.word(),
        "claims": claims,
        "identity": identity,
        "version": env!("CARGO_PKG_VERSION"),
        "trial": experiment.protocol.id,
        "trial_file": experiment.protocol.file,
        "seed": experiment.seed,
        "replicates": summary.replicates,
        "patients": experiment.protocol.patients,
        "arms": experiment.arms.iter().map(|arm| arm.name.clone()).collect::<Vec<_>>(),
        "simulated": summary.simulated,
        "replicates_with_tables": crate::operation::simulate::KEPT,
        "failed": simulation.failed().map(|patient| json!({
            "subject": subject(
                &experiment.protocol.id, patient.patient, patient.replicate, &patient.arm,
            ),
            "replicate": patient.replicate, "arm": patient.arm, "patient": patient.patient,
            "day": patient.day, "state": patient.state, "what": patient.what,
        })).collect::<Vec<_>>(),
        "inputs": hashes,
    })
}

/// The summary as one JSON document, for `--json`.
pub fn summary_json(simulation: &Simulation) -> Value {
    tables::summary_json(simulation)
}
