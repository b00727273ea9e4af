//! Arms, design, endpoints, escalation, DLT window and accrual.

use serde::Serialize;
use serde_json::Value;

use super::text::{Sentence, durations, has, has_word, sentences, texts};
use super::{Given, Source, Typed, field, quote, source, text_at};

pub(super) fn arms(record: &Value) -> Vec<Given> {
    let path = "armsInterventionsModule.armGroups";
    let arms = field(record, path).and_then(Value::as_array);
    let arms = arms.map(Vec::as_slice).unwrap_or_default();
    let text = |arm: &Value, key: &str| {
        arm.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned()
    };
    let arm = |(index, arm): (usize, &Value)| {
        let label = text(arm, "label");
        let interventions = given_in(record, arm, &label);
        let value = Typed::Arm { label, role: text(arm, "type"), interventions };
        Given { value, source: source(&format!("{path}[{index}]")) }
    };
    arms.iter().enumerate().map(arm).collect()
}

/// Interventions that an arm names, or that name the arm.
fn given_in(record: &Value, arm: &Value, label: &str) -> Vec<String> {
    let named = arm.get("interventionNames").and_then(Value::as_array);
    let named = named.map(Vec::as_slice).unwrap_or_default().iter().filter_map(Value::as_str);
    let mut names: Vec<String> = named
        .map(|name| name.split_once(": ").map_or(name, |(_, name)| name).trim().to_owned())
        .collect();
    let all = field(record, "armsInterventionsModule.interventions").and_then(Value::as_array);
    for intervention in all.map(Vec::as_slice).unwrap_or_default() {
        let labels = intervention.get("armGroupLabels").and_then(Value::as_array);
        let is_here = labels.is_some_and(|labels| labels.iter().any(|other| other == label));
        let name = intervention.get("name").and_then(Value::as_str).map(str::trim);
        if let Some(name) = name.filter(|name| is_here && !names.iter().any(|known| known == name))
        {
            names.push(name.to_owned());
        }
    }
    names
}

pub(super) fn participants(record: &Value) -> Vec<Given> {
    let path = "designModule.enrollmentInfo.count";
    let count = field(record, path).and_then(Value::as_u64);
    let kind = text_at(record, "designModule.enrollmentInfo.type");
    let unit = match kind {
        Some("ACTUAL") => "enrolled",
        Some("ESTIMATED") => "planned",
        _ => "",
    };
    let value = |count: u64| Typed::Number { number: count as f64, unit: unit.to_owned() };
    count.map(|count| Given { value: value(count), source: source(path) }).into_iter().collect()
}

fn word(record: &Value, path: &str) -> Vec<Given> {
    let value = |text: &str| Typed::Text { text: text.to_lowercase().replace('_', " ") };
    let given = |text| Given { value: value(text), source: source(path) };
    text_at(record, path).map(given).into_iter().collect()
}

pub(super) fn allocation(record: &Value) -> Vec<Given> {
    let given = word(record, "designModule.designInfo.allocation");
    // `NA` says that there is nothing to allocate.
    given.into_iter().filter(|given| given.value.text() != "na").collect()
}

pub(super) fn model(record: &Value) -> Vec<Given> {
    word(record, "designModule.designInfo.interventionModel")
}

pub(super) fn masking(record: &Value) -> Vec<Given> {
    word(record, "designModule.designInfo.maskingInfo.masking")
}

pub(super) fn purpose(record: &Value) -> Vec<Given> {
    word(record, "designModule.designInfo.primaryPurpose")
}

/// Kinds of endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointClass {
    /// Dose-limiting toxicity or the dose that it allows.
    DoseLimitingToxicity,
    /// Adverse events and other harm.
    Safety,
    /// Response, also complete.
    Response,
    /// Residual disease.
    ResidualDisease,
    /// Survival, progression, relapse.
    Survival,
    /// Cells or drug in the body.
    Kinetics,
    /// Quality of life and what patients report.
    PatientReported,
    /// Anything else.
    Other,
}

impl EndpointClass {
    /// By the words of a measure.
    pub fn of(measure: &str) -> Self {
        let plain = measure.to_lowercase();
        let has = |words: &[&str]| has(&plain, words);
        match () {
            () if has(&[
                "dose limiting",
                "dose-limiting",
                "maximum tolerated",
                "recommended phase",
            ]) || ["dlt", "dlts", "mtd", "rp2d"]
                .iter()
                .any(|word| has_word(&plain, word)) =>
            {
                Self::DoseLimitingToxicity
            }
            () if has(&["residual disease"]) || has_word(&plain, "mrd") => Self::ResidualDisease,
            () if has(&["survival", "progression", "relapse", "time to", "death", "mortality"])
                || ["pfs", "os", "efs"].iter().any(|word| has_word(&plain, word)) =>
            {
                Self::Survival
            }
            () if has(&["response", "remission", "efficacy"]) || has_word(&plain, "orr") => {
                Self::Response
            }
            () if has(&[
                "adverse",
                "toxicit",
                "safety",
                "cytokine release",
                "tolerab",
                "side effect",
            ]) =>
            {
                Self::Safety
            }
            () if has(&[
                "persistence",
                "expansion",
                "pharmacokinetic",
                "copies",
                "cmax",
                "auc",
            ]) =>
            {
                Self::Kinetics
            }
            () if has(&["quality of life", "patient-reported", "patient reported"]) => {
                Self::PatientReported
            }
            () => Self::Other,
        }
    }
}

pub(super) fn primary_endpoints(record: &Value) -> Vec<Given> {
    let path = "outcomesModule.primaryOutcomes";
    let outcomes = field(record, path).and_then(Value::as_array);
    let outcomes = outcomes.map(Vec::as_slice).unwrap_or_default();
    let endpoint = |(index, outcome): (usize, &Value)| {
        let text = |key: &str| {
            outcome.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned()
        };
        let (measure, time_frame) = (text("measure"), text("timeFrame"));
        let days = only(&durations(&time_frame.to_lowercase()));
        let class = EndpointClass::of(&measure);
        let value = Typed::Endpoint { measure, class, time_frame, days };
        Given { value, source: source(&format!("{path}[{index}]")) }
    };
    outcomes.iter().enumerate().map(endpoint).collect()
}

/// The one value of a list whose values are all the same.
fn only(values: &[f64]) -> Option<f64> {
    let first = *values.first()?;
    values.iter().all(|value| (value - first).abs() < 1e-9).then_some(first)
}

const NARRATIVE: &[&str] = &[
    "identificationModule.officialTitle",
    "designModule.designInfo.interventionModelDescription",
    "armsInterventionsModule.armGroups.description",
    "armsInterventionsModule.interventions.description",
    "descriptionModule.briefSummary",
    "descriptionModule.detailedDescription",
];

pub(super) fn escalation(record: &Value) -> Vec<Given> {
    const RULES: &[(&str, &[&str])] = &[
        ("i3+3", &["i3+3", "i3 + 3"]),
        ("3+3", &["3+3", "3 + 3", "three-plus-three", "three plus three"]),
        ("BOIN12", &["boin12", "boin1/2", "boin 12"]),
        ("BOIN", &["boin", "bayesian optimal interval"]),
        ("mTPI", &["mtpi", "modified toxicity probability interval"]),
        ("CRM", &["continual reassessment"]),
        ("rolling 6", &["rolling 6", "rolling six"]),
        ("accelerated titration", &["accelerated titration"]),
        ("EffTox", &["efftox"]),
        ("keyboard", &["keyboard design"]),
    ];
    let rule = |sentence: &Sentence| {
        let named = RULES.iter().find(|(_, words)| has(&sentence.plain, words))?;
        let value = Typed::Text { text: named.0.to_owned() };
        Some(Given { value, source: quote(sentence, "") })
    };
    sentences(record, NARRATIVE).iter().find_map(rule).into_iter().collect()
}

fn names_dlt(plain: &str) -> bool {
    has(plain, &["dose limiting", "dose-limiting"])
        || ["dlt", "dlts"].iter().any(|word| has_word(plain, word))
}

/// The window of dose-limiting toxicity: the time frame of the endpoint, or a sentence that names it
/// and one duration.
pub(super) fn dlt_window(record: &Value) -> Vec<Given> {
    let of_endpoint = |outcomes: &str| {
        let measures = texts(record, &format!("outcomesModule.{outcomes}.measure"));
        measures.into_iter().find_map(|(path, measure)| {
            let frame = path.strip_suffix("measure").map(|path| format!("{path}timeFrame"))?;
            let place = frame.strip_prefix("protocolSection.")?;
            let text = texts(record, &format!("outcomesModule.{outcomes}.timeFrame"))
                .into_iter()
                .find(|(path, _)| *path == frame)?;
            let days = only(&durations(&text.1.to_lowercase()))?;
            let is_window = names_dlt(&measure.to_lowercase()) && days <= 120.0;
            let value = Typed::Number { number: days, unit: "day".to_owned() };
            is_window.then(|| Given { value, source: source(place) })
        })
    };
    if let Some(given) = of_endpoint("primaryOutcomes").or_else(|| of_endpoint("secondaryOutcomes"))
    {
        return vec![given];
    }
    let words = ["window", "period", "within", "first", "during", "through", "observ"];
    let in_sentence = |sentence: &Sentence| {
        // Counted from another infusion than the first it is another window.
        // and how long a toxicity may last is none.
        let later =
            ["final", "last ", "third", "second", "defined as", "improve", "resolve", "recover"];
        let is_window = names_dlt(&sentence.plain)
            && has(&sentence.plain, &words)
            && !has(&sentence.plain, &later);
        let days = only(&durations(&sentence.plain)).filter(|days| (3.0..=120.0).contains(days))?;
        let value = Typed::Number { number: days, unit: "day".to_owned() };
        is_window.then(|| Given { value, source: quote(sentence, "") })
    };
    let mut paths = NARRATIVE.to_vec();
    paths.push("outcomesModule.primaryOutcomes.description");
    sentences(record, &paths).iter().find_map(in_sentence).into_iter().collect()
}

/// Participants per month if the whole time to primary completion were spent on enrolment: the
/// true rate is higher, for the last one is followed.
pub(super) fn accrual(record: &Value) -> Vec<Given> {
    let read = || {
        let count = field(record, "designModule.enrollmentInfo.count")?.as_u64()?;
        let start = month(text_at(record, "statusModule.startDateStruct.date")?)?;
        let end = text_at(record, "statusModule.primaryCompletionDateStruct.date")
            .or_else(|| text_at(record, "statusModule.completionDateStruct.date"))?;
        let months = month(end)? - start;
        if months < 1.0 || count == 0 {
            return None;
        }
        let how = format!(
            "at least {count} participants in the {months:.0} months from start to primary completion"
        );
        let unit = "participants/month".to_owned();
        let value = Typed::Limit { sign: ">=", number: count as f64 / months, unit };
        Some(Given { value, source: Source::Derived { how } })
    };
    read().into_iter().collect()
}

/// Months since the year 0 of `2024`, `2024-04` or `2024-04-18`.
pub(crate) fn month(date: &str) -> Option<f64> {
    let mut parts = date.splitn(3, '-').map(str::parse::<f64>);
    let year = parts.next()?.ok()?;
    let month = parts.next().map_or(Some(1.0), Result::ok)?;
    let day = parts.next().map_or(Some(1.0), Result::ok)?;
    Some(year * 12.0 + month - 1.0 + (day - 1.0) / 30.4375)
}
