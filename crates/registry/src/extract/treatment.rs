//! Dose levels, days of infusion and lymphodepletion.

use serde_json::Value;

use super::text::{Sentence, has, has_word, listed_days, number, sentences};
use super::{Given, Typed, quantities, quote};
use crate::related::dictionary;

/// Where a treatment is told, the most exact first.
const PLACES: &[&str] = &[
    "armsInterventionsModule.armGroups.label",
    "armsInterventionsModule.armGroups.description",
    "armsInterventionsModule.interventions.name",
    "armsInterventionsModule.interventions.description",
    "identificationModule.officialTitle",
    "designModule.designInfo.interventionModelDescription",
    "descriptionModule.briefSummary",
    "descriptionModule.detailedDescription",
];

/// Words of sentences whose numbers of cells are harvests, grafts or counts and no doses.
const NO_DOSE: &[&str] = &[
    "cd34",
    "collect",
    "harvest",
    "apheres",
    "nucleated",
    "stem cell",
    "graft",
    "mobiliz",
    "cord blood unit",
    "does not meet",
    "yield",
    "at least",
    "minimum of",
    "failure",
    "cell count",
    "ml/",
];

/// Dose levels, each value once, in the order of the record.
pub(super) fn doses(record: &Value) -> Vec<Given> {
    let mut given: Vec<Given> = Vec::new();
    for sentence in sentences(record, PLACES) {
        let is_short = sentence.plain.len() < 160 && has(&sentence.plain, &["dose level"]);
        if !is_short && has(&sentence.plain, NO_DOSE) || has(&sentence.plain, &["cd34"]) {
            continue;
        }
        let is_dose = has(
            &sentence.plain,
            &["dose", "infus", "inject", "receive", "administ", "level", "treated", "cohort"],
        ) || sentence.path.contains("armsInterventions");
        if !is_dose {
            continue;
        }
        for quantity in quantities(&sentence.plain) {
            let source = quote(&sentence, &quantity.remark);
            let value = Typed::Cells(quantity);
            let text = value.text();
            if given.iter().all(|known| known.value.text() != text) {
                given.push(Given { value, source });
            }
        }
    }
    given
}

/// Days on which cells are infused, from the first sentence that lists them.
pub(super) fn schedule(record: &Value) -> Vec<Given> {
    // Sentences that also tell the days of something else.
    let drugs = [
        "fludarabine",
        "cyclophosphamide",
        "chemotherap",
        "lymphodeplet",
        "conditioning",
        "orally",
        "subcutaneous",
        "interleukin",
        "il-2",
        "aldesleukin",
        " mg",
        "negative days",
    ];
    let follow = ["follow-up", "follow up", "assess", "evaluat", "collected", "measured", "visit"];
    let of_cells = |sentence: &Sentence| {
        let plain = &sentence.plain;
        let are_cells = has(plain, &["cell", "car-t", "car-nk", "cart"]);
        let given = has(plain, &["infus", "inject", "administ", "receive", "given", "transfus"]);
        are_cells && given && !has(plain, &drugs) && !has(plain, &follow)
    };
    let all = sentences(record, PLACES);
    for sentence in all.iter().filter(|sentence| of_cells(sentence)) {
        let days = listed_days(&sentence.plain);
        let is_likely = days.iter().all(|day| (0..=365).contains(day)) && days.len() <= 12;
        // Of a dose told as split, one day is not the whole schedule.
        let is_likely =
            is_likely && !(days.len() == 1 && has(&sentence.plain, &["split", "fraction"]));
        if !days.is_empty() && is_likely {
            let source = quote(sentence, "days as the record counts them");
            return vec![Given { value: Typed::Days { days }, source }];
        }
    }
    let once =
        ["single infusion", "single dose", "one infusion", "infused once", "single intravenous"];
    let single = all.iter().filter(|sentence| of_cells(sentence));
    let not_once = ["at least one", "split", "at least once", "per cycle", "second"];
    let mut single =
        single.filter(|sentence| has(&sentence.plain, &once) && !has(&sentence.plain, &not_once));
    single.next().map_or_else(Vec::new, |sentence| {
        let value = Typed::Text { text: "once".to_owned() };
        vec![Given { value, source: quote(sentence, "") }]
    })
}

const DRUGS: &[&str] =
    &["fludarabine", "cyclophosphamide", "bendamustine", "pentostatin", "melphalan", "busulfan"];

/// Drugs given before the cells, with dose and days where one sentence says both.
pub(super) fn lymphodepletion(record: &Value) -> Vec<Given> {
    if dictionary::of(record).platforms == 0 {
        return Vec::new();
    }
    let before = [
        "lymphodeplet",
        "lymphocyte deplet",
        "lympho-deplet",
        "preconditioning",
        "pre-conditioning",
        "pretreatment",
        "pre-treatment",
        "before infusion",
        "prior to infusion",
        "before the infusion",
        "prior to the infusion",
        "before car",
        "prior to car",
        "conditioning chemotherapy",
        "before cell",
        "prior to cell",
    ];
    let mut given: Vec<Given> = Vec::new();
    for sentence in sentences(record, PLACES) {
        let of_cells = has(&sentence.plain, &before)
            || sentence.path.contains("interventions") && has_other_cells(record, &sentence);
        if !of_cells {
            continue;
        }
        for drug in DRUGS.iter().filter(|drug| has_word(&sentence.plain, drug)) {
            let (dose, days) = dose_and_days(&sentence.plain, drug);
            let value = Typed::Drug { drug, dose, days };
            let same = |known: &&mut Given| matches!(&known.value, Typed::Drug { drug: name, .. } if name == drug);
            let known = given.iter_mut().find(same);
            let remark = if has(&sentence.plain, &["without", "optional"]) {
                "perhaps not for everybody"
            } else {
                ""
            };
            let found = Given { value, source: quote(&sentence, remark) };
            match known {
                // The sentence that says more is kept.
                Some(known) if detail(&found.value) > detail(&known.value) => *known = found,
                Some(_) => {}
                None => given.push(found),
            }
        }
    }
    given
}

fn detail(value: &Typed) -> usize {
    match value {
        Typed::Drug { dose, days, .. } => {
            usize::from(dose.is_some()) * 2 + usize::from(!days.is_empty())
        }
        _ => 0,
    }
}

/// A drug that is an intervention of its own beside engineered cells prepares for them.
fn has_other_cells(record: &Value, sentence: &Sentence) -> bool {
    let is_engineered = dictionary::of(record).is_engineered();
    is_engineered
        && sentence.path.contains("interventions[")
        && has(&sentence.plain, &["day -", "days -", "fludarabine", "cyclophosphamide"])
        && !has(&sentence.plain, &["transplant", "relapse", "gvhd"])
}

/// The first dose after a drug's name and before the next drug, and days likewise.
fn dose_and_days(plain: &str, drug: &str) -> (Option<(f64, &'static str)>, Vec<i32>) {
    let Some(at) = plain.find(drug) else { return (None, Vec::new()) };
    let after = &plain[at + drug.len()..];
    let next = DRUGS.iter().filter_map(|other| after.find(other)).min();
    let own = &after[..next.unwrap_or(after.len())];
    let dose = own.char_indices().find_map(|(at, _)| {
        let starts = super::text::starts_word(own, at) && own.as_bytes()[at].is_ascii_digit();
        let (value, rest) = number(own.get(at..).filter(|_| starts)?)?;
        Some((value, drug_unit(rest.trim_start())?))
    });
    let days = listed_days(own);
    let days: Vec<i32> = days.into_iter().filter(|day| (-14..0).contains(day)).collect();
    // Days told once for all drugs stand after the last one.
    if days.is_empty() && dose.is_some() {
        let shared = listed_days(after);
        return (dose, shared.into_iter().filter(|day| (-14..0).contains(day)).collect());
    }
    (dose, days)
}

fn drug_unit(text: &str) -> Option<&'static str> {
    const UNITS: &[(&str, &str)] = &[
        ("mg/m2", "mg/m2"),
        ("mg/m^2", "mg/m2"),
        ("mg/m²", "mg/m2"),
        ("mg/sqm", "mg/m2"),
        ("mg/ m2", "mg/m2"),
        ("mg / m2", "mg/m2"),
        ("mg/kg", "mg/kg"),
        ("g/m2", "g/m2"),
        ("g/m^2", "g/m2"),
        ("g/m²", "g/m2"),
    ];
    UNITS.iter().find(|(written, _)| text.starts_with(written)).map(|(_, unit)| *unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doses_and_days_belong_to_their_drug() {
        let text = "fludarabine 30 mg/m2 and cyclophosphamide 500 mg/m^2 on days -5, -4 and -3";
        let days = vec![-5, -4, -3];
        assert_eq!(dose_and_days(text, "fludarabine"), (Some((30.0, "mg/m2")), days.clone()));
        assert_eq!(dose_and_days(text, "cyclophosphamide"), (Some((500.0, "mg/m2")), days));
    }

    #[test]
    fn dose_levels_are_told_once_with_their_sentence() {
        let record = serde_json::json!({ "protocolSection": { "armsInterventionsModule": {
            "armGroups": [{ "label": "A", "description":
                "Dose level 1: 1 x 10^6 CAR-T cells/kg; dose level 2: 3 x 10^6 CAR-T cells/kg" }],
        }}});
        let doses = doses(&record);
        let texts: Vec<String> = doses.iter().map(|given| given.value.text()).collect();
        assert_eq!(texts, ["1e6 cells/kg", "3e6 cells/kg"]);
    }
}
