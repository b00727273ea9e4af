//! Contradictions within a record: disease, phase, dates, status, arms, masking, ages, doses, counts.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Finding, diseases};
use crate::extract::text::{Sentence, has, number, sentences};
use crate::extract::{Parameter, Per, Typed, field, text_at};

const DESIGN: &str = "protocolSection.designModule";
const STATUS: &str = "protocolSection.statusModule";
const ARMS: &str = "protocolSection.armsInterventionsModule";

pub(super) fn of(record: &Value, parameters: &[Parameter]) -> Vec<Finding> {
    let mut found = diseases::of(record);
    found.extend(phase(record));
    found.extend(dates(record));
    found.extend(status(record));
    found.extend(arms(record));
    found.extend(masking(record));
    found.extend(ages(parameters));
    found.extend(units(parameters));
    found.extend(counts(record));
    found.extend(results(record));
    found
}

fn finding(code: &'static str, text: impl Into<String>, paths: &[&str]) -> Finding {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    Finding { code, text: text.into(), paths, quotes: Vec::new() }
}

const NARRATIVE: &[&str] = &[
    "identificationModule.briefTitle",
    "identificationModule.officialTitle",
    "designModule.designInfo.interventionModelDescription",
    "descriptionModule.briefSummary",
    "descriptionModule.detailedDescription",
];

fn phases(record: &Value) -> Vec<&str> {
    let phases = field(record, "designModule.phases").and_then(Value::as_array);
    phases.map(Vec::as_slice).unwrap_or_default().iter().filter_map(Value::as_str).collect()
}

/// Dose escalation where the phase is not applicable, or none, or late; a phase in the title that
/// is another.
fn phase(record: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    let phases = phases(record);
    let is_escalation = |sentence: &&Sentence| {
        let plain = &sentence.plain;
        has(plain, &["dose escalation", "dose-escalation", "escalating dose", "escalated dose"])
            || has(plain, &["maximum tolerated dose", "3+3", "3 + 3"])
    };
    let all = sentences(record, NARRATIVE);
    let is_early = phases.iter().any(|phase| phase.contains("PHASE1"));
    // A record that never had a design is not contradicted by its text.
    let is_known = field(record, "designModule.studyType").is_some();
    if is_known
        && !is_early
        && let Some(sentence) = all.iter().find(is_escalation)
    {
        let stated = if phases.is_empty() { "no phase".to_owned() } else { phases.join(", ") };
        let text = format!("the text tells of dose escalation; the phase is {stated}");
        let mut item = finding("phase-and-escalation", text, &[&format!("{DESIGN}.phases")]);
        item.quotes.push(sentence.quote.clone());
        found.push(item);
    }
    found.extend(title_phase(record, &phases));
    found
}

fn title_phase(record: &Value, phases: &[&str]) -> Option<Finding> {
    const NAMES: &[(&str, &str)] = &[
        ("phase iii", "PHASE3"),
        ("phase 3", "PHASE3"),
        ("phase iv", "PHASE4"),
        ("phase 4", "PHASE4"),
    ];
    let title = text_at(record, "identificationModule.officialTitle")?;
    let plain = title.to_lowercase();
    let (name, phase) =
        NAMES.iter().find(|(name, _)| crate::extract::text::has_word(&plain, name))?;
    if phases.is_empty() || phases.contains(phase) {
        return None;
    }
    let text = format!("the title says {name}; the phase is {}", phases.join(", "));
    let path = "protocolSection.identificationModule.officialTitle";
    let mut item = finding("phase-in-title", text, &[path, &format!("{DESIGN}.phases")]);
    item.quotes.push(title.to_owned());
    Some(item)
}

/// A date as text that sorts, with what it was written as.
fn date<'a>(record: &'a Value, key: &str) -> Option<(&'a str, &'a str)> {
    let date = text_at(record, &format!("statusModule.{key}.date"))?;
    let kind = text_at(record, &format!("statusModule.{key}.type")).unwrap_or_default();
    Some((date, kind))
}

/// Whether one date is before another, as far as both are given: `2024` is not before `2024-03`.
fn is_before(one: &str, other: &str) -> bool {
    let length = one.len().min(other.len());
    match (one.get(..length), other.get(..length)) {
        (Some(one), Some(other)) => one < other,
        _ => false,
    }
}

fn dates(record: &Value) -> Vec<Finding> {
    const ORDER: &[(&str, &str, &str, &str)] = &[
        ("startDateStruct", "completionDateStruct", "completion", "the start"),
        ("startDateStruct", "primaryCompletionDateStruct", "primary completion", "the start"),
        ("primaryCompletionDateStruct", "completionDateStruct", "completion", "primary completion"),
    ];
    let mut found = Vec::new();
    for (first, last, later, earlier) in ORDER {
        if let (Some((one, _)), Some((other, _))) = (date(record, first), date(record, last))
            && is_before(other, one)
        {
            let text = format!("{later} {other} is before {earlier} {one}");
            let paths = [format!("{STATUS}.{first}.date"), format!("{STATUS}.{last}.date")];
            found.push(finding("date-order", text, &[&paths[0], &paths[1]]));
        }
    }
    found
}

fn status(record: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    let Some(status) = text_at(record, "statusModule.overallStatus") else { return found };
    let path = format!("{STATUS}.overallStatus");
    let mut tell = |text: String, other: &str| {
        found.push(finding("dates-and-status", text, &[&path, &format!("{STATUS}.{other}.date")]));
    };
    let updated = text_at(record, "statusModule.lastUpdateSubmitDate")
        .or_else(|| text_at(record, "statusModule.statusVerifiedDate"));
    if let Some((start, kind)) = date(record, "startDateStruct") {
        if status == "NOT_YET_RECRUITING" && kind == "ACTUAL" {
            tell(format!("not yet recruiting, though it started on {start}"), "startDateStruct");
        } else if let Some(updated) = updated.filter(|_| status == "NOT_YET_RECRUITING")
            && is_before(start, updated)
        {
            let text = format!("not yet recruiting when updated {updated}, to start on {start}");
            tell(text, "startDateStruct");
        }
    }
    if let Some((end, kind)) = date(record, "completionDateStruct") {
        let runs = ["NOT_YET_RECRUITING", "RECRUITING", "ENROLLING_BY_INVITATION"];
        if status == "COMPLETED" && kind == "ESTIMATED" {
            tell(
                format!("completed, though completion on {end} is an estimate"),
                "completionDateStruct",
            );
        } else if runs.contains(&status) && kind == "ACTUAL" {
            tell(format!("open, though it was completed on {end}"), "completionDateStruct");
        }
    }
    let count = field(record, "designModule.enrollmentInfo.count").and_then(Value::as_u64);
    let is_actual = text_at(record, "designModule.enrollmentInfo.type") == Some("ACTUAL");
    let enrolled = format!("{DESIGN}.enrollmentInfo.count");
    if let Some(count) = count.filter(|count| status == "WITHDRAWN" && is_actual && *count > 0) {
        let text = format!("withdrawn before anybody was enrolled, and {count} were");
        found.push(finding("enrolment-and-status", text, &[&path, &enrolled]));
    }
    if count == Some(0) && is_actual && status == "COMPLETED" {
        found.push(finding(
            "enrolment-and-status",
            "completed with nobody enrolled",
            &[&path, &enrolled],
        ));
    }
    found
}

fn list<'a>(record: &'a Value, path: &str) -> &'a [Value] {
    field(record, path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn names<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    let list = value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).collect()
}

/// Arms without interventions, labels that no arm has, and a number of arms that the model denies.
fn arms(record: &Value) -> Vec<Finding> {
    let groups = list(record, "armsInterventionsModule.armGroups");
    let interventions = list(record, "armsInterventionsModule.interventions");
    let label =
        |group: &Value| group.get("label").and_then(Value::as_str).unwrap_or_default().to_owned();
    let labels: BTreeSet<String> = groups.iter().map(label).collect();
    let given: BTreeSet<&str> =
        interventions.iter().flat_map(|entry| names(entry, "armGroupLabels")).collect();
    let mut found = Vec::new();
    let is_interventional = text_at(record, "designModule.studyType") == Some("INTERVENTIONAL");
    for (index, group) in groups.iter().enumerate() {
        let (name, role) = (label(group), group.get("type").and_then(Value::as_str));
        let has_any =
            !names(group, "interventionNames").is_empty() || given.contains(name.as_str());
        if is_interventional && !has_any && role != Some("NO_INTERVENTION") {
            let text = format!("arm `{name}` has no intervention");
            found.push(finding(
                "arm-without-intervention",
                text,
                &[&format!("{ARMS}.armGroups[{index}]")],
            ));
        }
        if has_any && role == Some("NO_INTERVENTION") {
            let text = format!("arm `{name}` is one of no intervention and has one");
            found.push(finding(
                "arm-without-intervention",
                text,
                &[&format!("{ARMS}.armGroups[{index}]")],
            ));
        }
    }
    for (index, entry) in interventions.iter().enumerate().filter(|_| !groups.is_empty()) {
        let unknown =
            names(entry, "armGroupLabels").into_iter().find(|name| !labels.contains(*name));
        if let Some(name) = unknown {
            let text = format!("an intervention is given in arm `{name}`, which does not exist");
            found.push(finding("unknown-arm", text, &[&format!("{ARMS}.interventions[{index}]")]));
        }
    }
    found.extend(arm_count(record, groups.len()));
    found
}

fn arm_count(record: &Value, arms: usize) -> Option<Finding> {
    let model = text_at(record, "designModule.designInfo.interventionModel");
    let allocation = text_at(record, "designModule.designInfo.allocation");
    let groups = format!("{ARMS}.armGroups");
    if model == Some("SINGLE_GROUP") && arms > 1 {
        let text = format!("a single group, and {arms} arms");
        let path = format!("{DESIGN}.designInfo.interventionModel");
        return Some(finding("number-of-arms", text, &[&path, &groups]));
    }
    if allocation == Some("RANDOMIZED") && arms == 1 {
        let path = format!("{DESIGN}.designInfo.allocation");
        return Some(finding("number-of-arms", "randomised, and one arm", &[&path, &groups]));
    }
    None
}

fn masking(record: &Value) -> Option<Finding> {
    let info = "designModule.designInfo.maskingInfo";
    let masking = text_at(record, &format!("{info}.masking"))?;
    let who = list(record, &format!("{info}.whoMasked"));
    let path = format!("protocolSection.{info}");
    if masking == "NONE" && !who.is_empty() {
        let text = format!("open label, and {} are masked", who.len());
        return Some(finding("masking", text, &[&path]));
    }
    let title = text_at(record, "identificationModule.officialTitle")?;
    let plain = title.to_lowercase();
    let is_open = has(&plain, &["open-label", "open label"]);
    let is_blind = has(&plain, &["double-blind", "double blind"]);
    let contradicts = is_open && !is_blind && ["DOUBLE", "TRIPLE", "QUADRUPLE"].contains(&masking)
        || is_blind && !is_open && masking == "NONE";
    let mut item =
        finding("masking", format!("the masking is {masking}, the title says otherwise"), &[&path]);
    item.quotes.push(title.to_owned());
    contradicts.then_some(item)
}

fn ages(parameters: &[Parameter]) -> Option<Finding> {
    let age = |name: &str| {
        let parameter = parameters.iter().find(|parameter| parameter.name == name)?;
        match &parameter.values.first()?.value {
            Typed::Limit { number, unit, .. } => {
                let years = match unit.as_str() {
                    "year" => 1.0,
                    "month" => 1.0 / 12.0,
                    "week" => 7.0 / 365.25,
                    "day" => 1.0 / 365.25,
                    _ => return None,
                };
                Some(number * years)
            }
            _ => None,
        }
    };
    let (youngest, oldest) = (age("minimum-age")?, age("maximum-age")?);
    let path = "protocolSection.eligibilityModule";
    let text = "the youngest age is above the oldest";
    (youngest > oldest).then(|| finding("ages", text, &[path]))
}

/// Doses per kilogram beside whole doses.
fn units(parameters: &[Parameter]) -> Option<Finding> {
    let doses = parameters.iter().find(|parameter| parameter.name == "dose-levels")?;
    let per = |per: Per| {
        doses
            .values
            .iter()
            .find(|given| matches!(&given.value, Typed::Cells(quantity) if quantity.per == per))
    };
    let (whole, kilogram) = (per(Per::Dose)?, per(Per::Kilogram)?);
    let text = format!(
        "doses are told per infusion ({}) and per kilogram ({})",
        whole.value.text(),
        kilogram.value.text()
    );
    let mut item = finding("dose-units", text, &[]);
    for given in [whole, kilogram] {
        if let crate::extract::Source::Quote { path, sentence, .. } = &given.source {
            item.paths.push(path.clone());
            item.quotes.push(sentence.clone());
        }
    }
    Some(item)
}

/// A number of patients in the text that is not the number of participants planned.
fn counts(record: &Value) -> Option<Finding> {
    let count = field(record, "designModule.enrollmentInfo.count")?.as_u64()?;
    let is_planned = text_at(record, "designModule.enrollmentInfo.type") != Some("ACTUAL");
    let told = |sentence: &Sentence| {
        let plain = &sentence.plain;
        let starts = ["a total of ", "total of "];
        let at = starts.iter().find_map(|start| Some(plain.find(start)? + start.len()))?;
        let (told, rest) = number(&plain[at..])?;
        let near: String = rest.chars().take(24).collect();
        let are_people = has(&near, &["patient", "subject", "participant"]);
        let is_plan = has(
            plain,
            &["will be enrolled", "will be recruited", "will be included", "to be enrolled"],
        );
        // Parts of a trial have numbers of their own.
        let part = ["per arm", "each", "level", "cohort", "additional", "phase i ", "stage"];
        if has(plain, &part) {
            return None;
        }
        let differs = told >= 3.0 && (told - count as f64).abs() > 0.5;
        (are_people && is_plan && differs).then(|| (told, sentence.quote.clone()))
    };
    let (told, quote) = sentences(record, NARRATIVE).iter().find_map(told)?;
    let text = format!("the text tells of {told} participants; {count} are planned");
    let mut item =
        finding("number-of-participants", text, &[&format!("{DESIGN}.enrollmentInfo.count")]);
    item.quotes.push(quote);
    is_planned.then_some(item)
}

fn results(record: &Value) -> Option<Finding> {
    let told = record.get("hasResults")?.as_bool()?;
    let has = record.get("resultsSection").is_some();
    let text = "there are results, and the record says that there are none";
    (has && !told).then(|| finding("results", text, &["hasResults", "resultsSection"]))
}
