//! The rules that judged: every choice that published criteria leave open, with its value.

use evaluate::{ALL, Rules};
use report::{Block, Cell, Table, section, words as column};
use serde_json::Value;

use crate::operation::evaluate::Evaluation;

/// What each choice means, by its name in `[rules]` of a trial file.
pub const MEANINGS: &[(&str, &str)] = &[
    ("imwg.criteria", "version of the response criteria"),
    ("imwg.nadir", "value from which progression is measured"),
    ("imwg.vgpr-urine", "whether VGPR needs urine where urine was not measurable"),
    ("imwg.carry-forward-days", "days for which a urine value stands in for a missing one"),
    ("imwg.lesions-carried-forward", "sizes of plasmacytomas hold until measured again"),
    ("imwg.unseen-plasmacytoma", "a plasmacytoma where nothing was measured before"),
    ("imwg.marrow", "which of several marrow samples counts"),
    ("imwg.marrow-best", "best response that marrow alone can show"),
    ("imwg.count-unconfirmed-last-pd", "progression at the last assessment counts alone"),
    ("imwg.visit-span-days", "values within these days are one assessment"),
    ("imwg.relapse-haemoglobin", "when a fall of haemoglobin is clinical relapse"),
    ("imwg.serum-measurable", "measurable serum M-protein, g/L"),
    ("imwg.urine-measurable", "measurable urine M-protein, mg/24 h"),
    ("imwg.light-chain-measurable", "measurable involved light chain, mg/L"),
    ("imwg.marrow-measurable", "measurable marrow plasma cells, %"),
    ("crs.hypotension-below", "systolic pressure that is hypotension, mmHg"),
    ("crs.sign-holds-days", "days for which a sign holds"),
    ("crs.quiet-days", "days without signs that end an episode"),
    ("crs.onset-within-days", "days after an infusion within which a fever is attributed"),
    ("crs.other-cause-excludes", "a fever during another infection starts no episode"),
    ("crs.vasopressin-alone-grade", "grade of vasopressin as the only vasopressor"),
    ("icans.sign-holds-days", "days for which a sign holds"),
    ("icans.quiet-days", "days without signs that end an episode"),
    ("gvhd.rash-or-diarrhoea-required", "bilirubin and nausea count only with rash or diarrhoea"),
    ("gvhd.sign-holds-days", "days for which a sign holds"),
    ("ctcae.neutrophil-version", "version of CTCAE for neutrophils"),
    ("ctcae.creatinine-baseline-limb", "creatinine is compared with its baseline too"),
    ("ctcae.fibrinogen-fall-needs-low-baseline", "a fall of fibrinogen needs a low baseline"),
    ("ctcae.limits", "limit of normal where the laboratory gives none (assumed)"),
    ("dlt.window-days", "DLT window after the first infusion, days"),
    ("dlt.after-last-infusion-days", "DLT window after the last infusion, days"),
    ("dlt.minimum-dose-fraction", "share of the dose that makes a subject evaluable"),
    ("dlt.marrow-disease-percent", "plasma cells that explain a cytopenia, %"),
    ("dlt.neutrophil-version", "version of CTCAE for neutrophils in DLTs, if another"),
    ("dlt.rules", "toxicity that is dose-limiting"),
    ("kinetics.auc-28", "how the area is completed where values end before"),
    ("kinetics.auc-days", "length of the area, days"),
    ("kinetics.below-limit-before", "values below the limit before the first quantifiable one"),
    ("kinetics.below-limit-between", "values below the limit between quantifiable ones"),
    ("kinetics.trapezoid", "rule of the areas between samples"),
    ("kinetics.slope-points", "fewest points of a terminal slope"),
    ("kinetics.slope-tolerance", "fits this close in adjusted R squared are equal"),
    ("kinetics.starts-at-zero", "without a sample before the infusion the curve starts at 0"),
    ("kinetics.threshold", "the duration above this value is reported"),
    ("censoring", "rule set for censoring"),
    ("gap-days", "days between assessments from which an event follows missed ones"),
    ("origin", "where times to events start"),
    ("baseline", "which value is the baseline"),
    ("mrd.sustained-days", "days between samples of sustained negativity"),
    ("mrd.least-clonal-cells", "clonal cells without which an assay sees none"),
    ("mrd.pet-within-days", "days within which a PET tells for a sample"),
    ("icaht.count-holds-days", "days for which a count holds until the next"),
    ("icaht.late-counts", "consecutive counts that show late neutropenia"),
    ("other-death", "where other deaths are censored in time to progression"),
    ("next-therapy-counts-death", "a death counts in the time to next therapy"),
];

/// Every choice by its name, with its value, in the order of the rules.
pub fn values(rules: &Rules) -> Vec<(String, String)> {
    let tree = serde_json::to_value(rules).expect("rules are plain data");
    let mut found = Vec::new();
    walk("", &tree, &mut found);
    found
}

fn walk(path: &str, value: &Value, found: &mut Vec<(String, String)>) {
    let is_rule = path.starts_with("dlt.rules");
    match value {
        Value::Object(fields) if !is_rule => {
            for (key, value) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                walk(&path, value, found);
            }
        }
        Value::Object(fields) => {
            let said: Vec<String> = fields
                .iter()
                .filter(|(_, value)| !matches!(value, Value::Null | Value::Bool(false)))
                .filter(|(_, value)| value.as_f64() != Some(0.0))
                .map(|(key, value)| format!("{key} {}", plain(value)))
                .collect();
            found.push((path.to_owned(), said.join(", ")));
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                walk(&format!("{path}.{}", at + 1), item, found);
            }
        }
        _ => found.push((path.to_owned(), plain(value))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        Value::Null => "as elsewhere".into(),
        Value::Number(number) => number.as_f64().map_or(number.to_string(), |it| it.to_string()),
        other => other.to_string(),
    }
}

/// The meaning of a choice: of itself, or of the list or table that it is in.
fn meaning(path: &str) -> &'static str {
    let is_of = |name: &str| {
        path == name || path.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
    };
    MEANINGS.iter().find(|(name, _)| is_of(name)).map_or("", |(_, meaning)| meaning)
}

/// The section.
pub(super) fn blocks(evaluation: &Evaluation) -> Vec<Block> {
    let usual = values(&Rules::default());
    let rows = values(&evaluation.rules).into_iter().map(|(path, value)| {
        let is_usual = usual.iter().any(|(name, other)| *name == path && *other == value);
        vec![
            Cell::from(path.clone()),
            value.into(),
            if is_usual { "default" } else { "the protocol's" }.into(),
            meaning(&path).into(),
        ]
    });
    let choices = Block::Table(Table {
        id: "options".into(),
        caption: "Every choice that published criteria leave open, and how it was made".into(),
        columns: vec![column("choice"), column("value"), column("whose"), column("meaning")],
        rows: rows.collect(),
        notes: vec!["A trial file changes them under [rules] and [dlt].".into()],
    });
    let criteria = Block::Table(Table {
        id: "criteria".into(),
        caption: "The criteria, in the order in which they were applied".into(),
        columns: vec![column("criteria"), column("source")],
        rows: ALL
            .iter()
            .map(|criterion| vec![Cell::from(criterion.title()), criterion.source().into()])
            .collect(),
        notes: Vec::new(),
    });
    vec![section("Rules"), criteria, choices]
}
