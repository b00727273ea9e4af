//! The answer: what limits the product, five questions on one screen, and every arm at a glance.

use report::format::{number, percent, percent_range, shortest};
use report::{
    Block, Cell, KeyValue, NoteKind, Span, Table, key_value, link, note, numbers, paragraph, plain,
    section, strong, words as column,
};
use stats::interval::patients_to_rule_out;
use stats::summary::{quantile_of_sorted, sorted};

use super::parts::{RANGE_NOTE, estimate_cell, fitted_note, marked, named, of_note};
use super::words::RANGE;
use super::{Material, published, words};
use crate::protocol::Source;
use crate::summary::ArmSummary;
use crate::summary::contrast::Contrast;
use crate::summary::measure::measure;

/// Endpoints of the overview.
const OVERVIEW: &[&str] = &[
    "orr",
    "cr",
    "mrd-negative",
    "pfs-median",
    "os-12-month",
    "crs",
    "crs-grade-2-or-more",
    "crs-grade-3-or-more",
    "icans",
    "gvhd",
    "dlt",
    "days-to-infusion",
    "infused-of-enrolled",
];

/// The section.
pub fn blocks(material: &Material<'_>) -> Vec<Block> {
    let summary = &material.simulation.summary;
    let mut blocks = vec![section("Answer")];
    let found = kills(material);
    if let Some(found) = found.as_ref().filter(|found| found.is_limit()) {
        blocks.push(paragraph(found.limit(material)));
    }
    blocks.push(Block::KeyValues(questions(material, found.as_ref())));
    blocks.push(note(
        NoteKind::Note,
        "For planning and research; this is no medical device, and the committee decides.",
    ));
    if summary.failed > 0 {
        blocks.push(note(
            NoteKind::Warning,
            format!(
                "{} of {} simulated patients could not be computed and count as not evaluable; \
                 run.json lists them.",
                summary.failed, summary.simulated
            ),
        ));
    }
    blocks.push(Block::Table(table(material)));
    blocks
}

/// The five questions of a reader, each answered in one or two sentences.
fn questions(material: &Material<'_>, kills: Option<&Kills>) -> Vec<KeyValue> {
    vec![
        key_value("What was asked", vec![strong(material.simulation.experiment().question.clone())]),
        key_value("What came out", came_out(material)),
        key_value("How sure", how_sure(material)),
        key_value("What is assumed", assumed(material)),
        key_value("What would settle it", settle(material, kills)),
    ]
}

/// The first arm and what it is compared with first.
fn pair<'a>(material: &'a Material<'_>) -> Vec<&'a ArmSummary> {
    let arms = &material.simulation.summary.arms;
    let contrasts = &material.simulation.experiment().contrasts;
    match contrasts.first() {
        Some((first, second)) => {
            arms.iter().filter(|arm| arm.name == *first || arm.name == *second).collect()
        }
        None => arms.iter().take(2).collect(),
    }
}

fn came_out(material: &Material<'_>) -> Vec<Span> {
    let summary = &material.simulation.summary;
    let say = |arm: &ArmSummary, code: &str| -> Option<String> {
        arm.estimate(code)?;
        Some(marked(material, arm, measure(code)?))
    };
    let mut spans = Vec::new();
    for arm in pair(material) {
        let alive = say(arm, "os-12-month").unwrap_or_default();
        let (response, toxicity) = (say(arm, "orr"), say(arm, "crs-grade-2-or-more"));
        let wait = say(arm, "days-to-infusion").unwrap_or_default();
        spans.push(strong(arm.name.clone()));
        spans.push(plain(match (response, toxicity) {
            (Some(response), Some(toxicity)) if !arm.observed => format!(
                ": response {response}, CRS of grade 2 or more {toxicity}, alive at 12 months \
                 {alive}, infused {wait} days after enrolment. "
            ),
            _ => format!(": alive at 12 months {alive}. "),
        }));
    }
    let others = summary.arms.len().saturating_sub(pair(material).len());
    spans.push(plain(format!("These are ranges: {RANGE}. ")));
    if others > 0 {
        spans.push(plain("All arms are in the "));
        spans.push(link("table below", "#overview"));
        spans.push(plain("."));
    }
    spans
}

/// How often whole trials point the same way, and how predictions fare beside published results.
fn how_sure(material: &Material<'_>) -> Vec<Span> {
    let summary = &material.simulation.summary;
    let trials = summary.replicates as u64;
    let mut sentences = vec![format!(
        "{} The ranges hold the chance of so few patients and what is not known. ",
        words::trials(summary)
    )];
    let first = summary.contrasts.first().map(|contrast| &contrast.arms);
    let said = ["orr", "crs-grade-2-or-more"].iter().filter_map(|code| {
        let contrast = summary
            .contrasts
            .iter()
            .find(|found| found.code == *code && Some(&found.arms) == first)?;
        Some(direction(contrast, trials))
    });
    let said: Vec<String> = said.collect();
    if let Some((a, b)) = first.filter(|_| !said.is_empty()) {
        let differences = said.join("; ");
        sentences.push(format!("On the same patients, {a} against {b}: {differences}. "));
    }
    let judged = published::held_out(material);
    let misses = judged.iter().filter(|one| !one.is_inside).count();
    let mut spans = vec![plain(sentences.concat())];
    if judged.is_empty() {
        spans.push(plain("No published result was held out to judge these predictions by."));
    } else {
        spans.push(plain(format!(
            "{misses} of {} published results that no value was set to lie outside the predicted \
             range: see ",
            judged.len()
        )));
        spans.push(link("Beside published results", "#beside-published-results"));
        spans.push(plain("."));
    }
    spans
}

/// A paired difference in words.
fn direction(contrast: &Contrast, trials: u64) -> String {
    let title = measure(contrast.code).map_or(contrast.code, words::short);
    let [above, below] = contrast.signs;
    let (word, share) = if above > below { ("more", above) } else { ("less", below) };
    let range = contrast.range.map_or_else(String::new, |(_, low, high)| {
        format!(" ({} to {} points)", shortest(100.0 * low, 3), shortest(100.0 * high, 3))
    });
    if share == 0.0 {
        return format!("{title} is the same in every trial");
    }
    format!("{title} is {word} in {} of the trials{range}", percent(share, trials))
}

fn assumed(material: &Material<'_>) -> Vec<Span> {
    let world = &material.simulation.world;
    let is_assumed = |source: Option<&Source>| matches!(source, Some(Source::Assumed(_)));
    let values = material.values;
    let of_files = values.iter().filter(|value| is_assumed(value.source.as_ref())).count();
    let tables = [&world.parameters, &world.sign_parameters];
    let grade = |wanted: &str| -> usize {
        tables.iter().map(|table| table.counts_by_grade().get(wanted).copied().unwrap_or(0)).sum()
    };
    let all: usize = tables.iter().map(|table| table.parameters.len()).sum();
    let mut sentences = vec![format!(
        "{of_files} of {} values of protocol, comparison and products, and {} of {all} parameters \
         of the model (grade D); {} more are only right in their order of magnitude (grade C). ",
        values.len(),
        grade("D"),
        grade("C")
    )];
    let arms = &material.simulation.summary.arms;
    let names = |wanted: fn(&ArmSummary) -> bool| -> Vec<String> {
        arms.iter().filter(|arm| !arm.observed && wanted(arm)).map(|arm| arm.name.clone()).collect()
    };
    let unknown = names(ArmSummary::is_range_only);
    let known = names(|arm| !arm.is_range_only());
    if !unknown.is_empty() {
        sentences.push(format!(
            "No published efficacy data stand behind {}: ranges only. ",
            words::list(&unknown)
        ));
    }
    if !known.is_empty() {
        sentences.push(format!(
            "Values behind {} were set with published results in view; agreement with those is \
             fitted and no prediction. ",
            words::list(&known)
        ));
    }
    vec![plain(sentences.concat()), link("Provenance", "#provenance"), plain(" lists every value.")]
}

/// What would have to be measured to decide.
fn settle(material: &Material<'_>, kills: Option<&Kills>) -> String {
    let mut items: Vec<String> = Vec::new();
    if let Some(kills) = kills {
        items.push(format!(
            "How far the cells of {} grow and how many myeloma cells each kills: counts in blood \
             and marrow of the first patients. To remove half of the burden, kills would have to be \
             {} times what is simulated.",
            kills.arm, kills.factor()
        ));
    }
    if let Some(audit) = material.audit.filter(|audit| !audit.open.is_empty()) {
        items.push(format!("The {} points that the record leaves open.", audit.open.len()));
    }
    let known = material.simulation.experiment().protocol.prior_patients;
    if let (Some(fifth), Some(tenth)) =
        (patients_to_rule_out(0.2, 0.95), patients_to_rule_out(0.1, 0.95))
    {
        let before = known.map_or_else(String::new, |known| {
            format!(" ({} are known, {} with a DLT)", known.patients, known.dlts)
        });
        items.push(format!(
            "{fifth} patients without an event to rule out a rate above 20%, {tenth} for 10%{before}."
        ));
    }
    items.join(" ")
}

/// Kills of the infused NK cells of an arm, counted against the burden.
struct Kills {
    arm: String,
    /// 5 % and 95 % of patients: burden at the infusion, kills (both in cells), kills over burden,
    /// and how many times more kills would remove half of the burden.
    burden: (f64, f64),
    killed: (f64, f64),
    share: (f64, f64),
    needed: (f64, f64),
    /// Cells given to a patient of 70 kg at the highest level, and the share of them that works.
    given: f64,
    working: Option<f64>,
    best_response: f64,
}

/// Cells per unit in which the model counts.
const UNIT: f64 = 1e9;
/// A body weight to show a dose for, kg.
const WEIGHT: f64 = 70.0;

/// The first arm whose only product are NK cells: what its cells kill.
fn kills(material: &Material<'_>) -> Option<Kills> {
    let experiment = material.simulation.experiment();
    let is_nk = |arm: &&crate::protocol::Arm| {
        !arm.products.is_empty() && arm.products.iter().all(|product| product.cell == "NK")
    };
    let (index, arm) = experiment.arms.iter().enumerate().find(|(_, arm)| is_nk(arm))?;
    let patients = material.simulation.replicates.iter().flat_map(|one| &one.arms[index].patients);
    let counted: Vec<(f64, f64)> = patients
        .filter(|patient| patient.waited.is_some() && patient.truth.burden_at_infusion > 0.0)
        .map(|patient| (patient.truth.burden_at_infusion * UNIT, patient.truth.kills[0] * UNIT))
        .collect();
    let ends = |of: fn(&(f64, f64)) -> f64| -> Option<(f64, f64)> {
        let ordered = sorted(&counted.iter().map(of).collect::<Vec<f64>>());
        quantile_of_sorted(&ordered, 0.05).zip(quantile_of_sorted(&ordered, 0.95))
    };
    Some(Kills {
        arm: arm.name.clone(),
        burden: ends(|(burden, _)| *burden)?,
        killed: ends(|(_, kills)| *kills)?,
        share: ends(|(burden, kills)| kills / burden)?,
        needed: ends(|(burden, kills)| 0.5 * burden / kills.max(1.0))?,
        given: arm.levels.last()?.cells(WEIGHT) * arm.infusion_days.len() as f64,
        working: arm.products.first()?.parameters.get("FvN").copied(),
        best_response: material.simulation.summary.arms[index].estimate("orr")?.quantiles?[4],
    })
}

impl Kills {
    /// Fewer than half of the patients respond, and nearly nobody loses half of the burden to the
    /// infused cells.
    fn is_limit(&self) -> bool {
        self.best_response < 0.5 && self.share.1 < 0.5
    }

    fn factor(&self) -> String {
        format!("{} to {}", shortest(self.needed.0, 2), shortest(self.needed.1, 2))
    }

    fn limit(&self, material: &Material<'_>) -> Vec<Span> {
        let working = self.working.map_or_else(String::new, |share| {
            format!(", of which {} live and work (assumed)", percent(share, 1))
        });
        let (low, high) = self.share;
        let level = material.simulation.experiment().arms.iter().find(|arm| arm.name == self.arm);
        let count = level.map_or(0, |arm| arm.infusion_days.len());
        vec![
            strong(format!("Cell numbers limit {}. ", self.arm)),
            plain(format!(
                "A patient of {WEIGHT} kg is given at most {} cells in {count} infusions{working}. \
                 In 90% of patients all the cells that came of them killed {} to {} myeloma cells, \
                 against a burden of {} to {}: {} of it. A partial response needs half of \
                 the burden gone. A lower burden, growth of the cells in the body or a second way \
                 of killing would have to make up for it; what the record leaves open of these is \
                 listed in the synopsis.",
                number(self.given),
                number(self.killed.0),
                number(self.killed.1),
                number(self.burden.0),
                number(self.burden.1),
                percent_range(low, high, words::FINE)
            )),
        ]
    }
}

fn table(material: &Material<'_>) -> Table {
    let summary = &material.simulation.summary;
    let mut columns = vec![column("endpoint")];
    columns.extend(summary.arms.iter().map(|arm| numbers(arm.name.clone())));
    let rows = OVERVIEW
        .iter()
        .filter_map(|code| {
            let measure = measure(code)?;
            let mut row: Vec<Cell> = vec![named(measure).into()];
            for arm in &summary.arms {
                row.push(estimate_cell(material, arm, measure));
            }
            Some(row)
        })
        .collect();
    Table {
        id: "overview".into(),
        caption: format!("Every arm at a glance: median and range ({RANGE})"),
        columns,
        rows,
        notes: [
            of_note(),
            format!(
                "{RANGE_NOTE} A median time that a trial did not reach within follow-up counts as \
                 longer than any that was."
            )
            .into(),
        ]
        .into_iter()
        .chain(fitted_note(material, OVERVIEW))
        .collect(),
    }
}

/// A measure's name with its unit.
pub(super) fn title(measure: &crate::summary::measure::Measure) -> String {
    let mark = if measure.hidden { " (known to the model only)" } else { "" };
    match measure.unit {
        "%" => format!("{}{mark}", measure.title),
        unit => format!("{}{mark}, {unit}", measure.title),
    }
}
