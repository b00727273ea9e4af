//! `registry rates`: rates per arm with exact intervals, pooled over trials, as files for a design and
//! for calibration.

use std::collections::BTreeMap;
use std::fmt::Write as _;

pub use registry::rates::Endpoint;
use registry::rates::{self, ArmRate, Pick};
use serde::Serialize;
use stats::interval::clopper_pearson;
use stats::pooled::{Pooled, beta_binomial};

use super::Entry;
use crate::problem::Problem;
use crate::targets::Role;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The records.
    pub entries: Vec<&'a Entry>,
    /// The endpoint that is pooled.
    pub endpoint: Endpoint,
    /// Whether a `NUMBER` in participants counts as a count of participants.
    pub by_unit: bool,
    /// Level of every interval.
    pub level: f64,
    /// What the alternative rate is above the null rate; without it no design file is made.
    pub improvement: Option<f64>,
    /// The role of the calibration targets.
    pub role: Role,
}

/// One arm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// What the record reports, and whether it is pooled.
    #[serde(flatten)]
    pub pick: Pick,
    /// The exact interval of events of participants.
    pub interval: Option<(f64, f64)>,
}

/// All arms together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Together {
    /// The rate of an average arm.
    pub rate: f64,
    /// Its interval by profile likelihood.
    pub interval: (f64, f64),
    /// Correlation within an arm; 0 where arms differ no more than by chance.
    pub correlation: f64,
    /// The middle range of the true rate of one more arm.
    pub next: (f64, f64),
    /// Arms.
    pub arms: usize,
    /// Events.
    pub events: u64,
    /// Participants.
    pub participants: u64,
}

/// The rates.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The endpoint that is pooled.
    pub endpoint: Endpoint,
    /// Level of every interval.
    pub level: f64,
    /// Arms of that endpoint, pooled or not.
    pub rows: Vec<Row>,
    /// All pooled arms together; none with fewer than two.
    pub pooled: Option<Together>,
    /// What to know, in words.
    pub notes: Vec<String>,
    /// Texts of files by name: `rates.csv`, `targets.csv`, `design.toml`.
    #[serde(skip)]
    pub files: BTreeMap<&'static str, String>,
}

/// Computes them.
///
/// # Errors
/// No record reports the endpoint; a null rate and an improvement beyond 1.
pub fn run(request: &Request) -> Result<Answer, Vec<Problem>> {
    let Request { entries, endpoint, by_unit, level, .. } = request;
    let all: Vec<ArmRate> =
        entries.iter().flat_map(|entry| rates::of(&entry.record.json)).collect();
    let picks = rates::picks(&all, *endpoint, *by_unit);
    if picks.is_empty() {
        return Err(vec![none(request)]);
    }
    let counts: Vec<(u32, u32)> = picks.iter().filter_map(counted).collect();
    let interval = |pick: &Pick| counted(pick).map(|(x, n)| clopper_pearson(x, n, *level));
    let rows: Vec<Row> =
        picks.into_iter().map(|pick| Row { interval: interval(&pick), pick }).collect();
    let pooled = beta_binomial(&counts, *level).as_ref().map(together);
    let mut answer = Answer {
        endpoint: *endpoint,
        level: *level,
        rows,
        pooled,
        notes: Vec::new(),
        files: BTreeMap::new(),
    };
    notes(&mut answer, counts.len());
    answer.files.insert("rates.csv", table(&answer));
    answer.files.insert("targets.csv", targets(&answer, request.role));
    if let Some(improvement) = request.improvement {
        answer.files.insert("design.toml", design(&answer, improvement)?);
    }
    Ok(answer)
}

fn counted(pick: &Pick) -> Option<(u32, u32)> {
    let (x, n) = pick.counts?;
    Some((u32::try_from(x).ok()?, u32::try_from(n).ok()?))
}

fn together(pooled: &Pooled) -> Together {
    Together {
        rate: pooled.rate,
        interval: pooled.interval,
        correlation: pooled.correlation,
        next: pooled.next_trial,
        arms: pooled.trials,
        events: pooled.events,
        participants: pooled.patients,
    }
}

fn none(request: &Request) -> Problem {
    let message = format!(
        "none of {} records reports a rate of `{}`",
        request.entries.len(),
        request.endpoint.word()
    );
    let help = "only records with results have rates; choose others, or another endpoint";
    Problem::error("R202", "", "", message, help)
}

fn notes(answer: &mut Answer, arms: usize) {
    let trials: std::collections::BTreeSet<&str> = answer
        .rows
        .iter()
        .filter(|row| row.pick.counts.is_some())
        .map(|row| row.pick.arm.nct_id.as_str())
        .collect();
    let mut notes = vec![format!("{arms} arms of {} trials are pooled", trials.len())];
    if arms < 2 {
        notes.push("with fewer than two arms nothing is pooled".to_owned());
    }
    let reconstructed = answer.rows.iter().filter(|row| {
        row.pick.counts.is_some()
            && row.pick.arm.events.is_some_and(|events| events.is_reconstructed)
    });
    let reconstructed = reconstructed.count();
    if reconstructed > 0 {
        notes.push(format!("{reconstructed} counts were worked out from reported rates"));
    }
    if arms > trials.len() {
        notes.push("arms of one trial are taken as trials of their own".to_owned());
    }
    answer.notes = notes;
}

fn quoted(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

fn table(answer: &Answer) -> String {
    let mut text = String::from(
        "nct_id,outcome,type,title,arm,value,unit,parameter,denominator,events,reconstructed,rate,low,high,pooled,reason\n",
    );
    for Row { pick, interval } in &answer.rows {
        let arm = &pick.arm;
        let number =
            |value: Option<f64>| value.map(|value| format!("{value:.4}")).unwrap_or_default();
        let whole = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
        let events =
            pick.counts.map(|(events, _)| events).or(arm.events.map(|events| events.count));
        let rate = arm.rate.or_else(|| pick.counts.map(|(x, n)| x as f64 / n as f64));
        let cells = [
            arm.nct_id.clone(),
            (arm.outcome_index + 1).to_string(),
            arm.outcome_type.clone(),
            quoted(&arm.title),
            quoted(&arm.group_title),
            quoted(&arm.value),
            quoted(&arm.unit),
            arm.parameter.clone(),
            whole(arm.denominator),
            whole(events),
            if arm.events.is_some_and(|events| events.is_reconstructed) { "yes" } else { "" }
                .to_owned(),
            number(rate),
            number(interval.map(|interval| interval.0)),
            number(interval.map(|interval| interval.1)),
            if pick.counts.is_some() { "yes" } else { "no" }.to_owned(),
            quoted(&pick.reason),
        ];
        writeln!(text, "{}", cells.join(",")).expect("a String takes every write");
    }
    text
}

/// Rows in the form of `evidence/targets.csv`.
fn targets(answer: &Answer, role: Role) -> String {
    let mut text = String::from(
        "# source: results sections of ClinicalTrials.gov records, as the column source says; intervals are Clopper-Pearson\n\
         # role: as chosen when this file was made; a fitted result is never shown as a prediction\n\
         id,product_class,product,trial,population,n,endpoint,arm_or_dose,estimate,unit,ci_low,ci_high,follow_up,role,source,verification,note\n",
    );
    let pooled = answer.rows.iter().filter(|row| row.pick.counts.is_some());
    for (index, Row { pick, interval }) in pooled.enumerate() {
        let (arm, Some((x, n))) = (&pick.arm, pick.counts) else { continue };
        let percent = |share: f64| format!("{:.1}", 100.0 * share);
        let (low, high) = interval.unwrap_or((0.0, 1.0));
        let note = if arm.events.is_some_and(|events| events.is_reconstructed) {
            format!("{x}/{n} worked out from the reported rate")
        } else {
            format!("{x}/{n}")
        };
        let cells = [
            format!("REG{:03}", index + 1),
            String::new(),
            String::new(),
            arm.nct_id.clone(),
            String::new(),
            n.to_string(),
            answer.endpoint.word().to_owned(),
            quoted(&arm.group_title),
            percent(x as f64 / n as f64),
            "%".to_owned(),
            percent(low),
            percent(high),
            quoted(&arm.time_frame),
            role.word().to_owned(),
            format!("ClinicalTrials.gov {} outcome measure {}", arm.nct_id, arm.outcome_index + 1),
            "SEEN".to_owned(),
            note,
        ];
        writeln!(text, "{}", cells.join(",")).expect("a String takes every write");
    }
    text
}

/// Settings of a two-stage design: the pooled rate is of no interest, that plus the improvement is.
fn design(answer: &Answer, improvement: f64) -> Result<String, Vec<Problem>> {
    let refused = |message: String, help: &str| vec![Problem::error("R203", "", "", message, help)];
    let Some(pooled) = &answer.pooled else {
        let help = "name more records, or give the null rate to `design` yourself";
        return Err(refused("a null rate needs two arms or more".to_owned(), help));
    };
    let null = (pooled.rate * 1000.0).round() / 1000.0;
    let alternative = ((null + improvement) * 1000.0).round() / 1000.0;
    if null <= 0.0 || alternative >= 1.0 {
        let message =
            format!("a null rate of {null} and an alternative of {alternative} make no design");
        return Err(refused(
            message,
            "both lie above 0 and below 1; choose another `--improvement`",
        ));
    }
    let mut trials: Vec<&str> = answer
        .rows
        .iter()
        .filter(|row| row.pick.counts.is_some())
        .map(|row| row.pick.arm.nct_id.as_str())
        .collect();
    trials.dedup();
    Ok(format!(
        "# A two-stage design against what was reached before. Made by `registry rates`.\n\
         # null-rate: {} pooled over {} arms, {} of {} participants, beta-binomial; {:.0} % interval {:.3} to {:.3},\n\
         #   one more arm {:.3} to {:.3}\n\
         # trials: {}\n\
         # alternative-rate: assumed, {improvement} above the null rate\n\
         [dose-finding]\nmethod = \"simon\"\nnull-rate = {null}\nalternative-rate = {alternative}\n",
        answer.endpoint.word(),
        pooled.arms,
        pooled.events,
        pooled.participants,
        100.0 * answer.level,
        pooled.interval.0,
        pooled.interval.1,
        pooled.next.0,
        pooled.next.1,
        trials.join(", "),
    ))
}
