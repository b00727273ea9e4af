//! Rates per arm from the results of a record: n of N where it is counted, a rate where one is given.
//!
//! The rule is narrow on purpose: a measure with one class and one category, its denominator in
//! participants, and a unit that says what the value is. Nothing is added up over categories and no
//! unit is guessed; where no rate follows, the reason is told.

use serde::Serialize;
use serde_json::Value;

mod class;
mod value;

pub use class::{Endpoint, Pick, picks};
pub use value::number;

/// How a rate came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Participants counted, of participants analysed.
    Count,
    /// A percentage as reported.
    ReportedPercent,
    /// A proportion as reported.
    ReportedProportion,
}

impl Basis {
    /// The words of a table.
    pub fn words(self) -> &'static str {
        match self {
            Self::Count => "count/denominator",
            Self::ReportedPercent => "reported percent",
            Self::ReportedProportion => "reported proportion",
        }
    }
}

/// Participants with the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Events {
    /// How many.
    pub count: u64,
    /// True where the record gives a rate and the number was worked out from it.
    pub is_reconstructed: bool,
}

/// One arm of one outcome measure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmRate {
    /// The record.
    pub nct_id: String,
    /// Place of the measure in the record, from 0.
    pub outcome_index: usize,
    /// `PRIMARY`, `SECONDARY`, `OTHER_PRE_SPECIFIED` or `POST_HOC`.
    pub outcome_type: String,
    /// Title of the measure.
    pub title: String,
    /// Its time frame in words.
    pub time_frame: String,
    /// What the value is, e.g. `NUMBER`.
    pub parameter: String,
    /// The unit in words.
    pub unit: String,
    /// The arm by its identifier within the measure.
    pub group_id: String,
    /// The arm in words.
    pub group_title: String,
    /// The value as it stands.
    pub value: String,
    /// Lower limit as it stands; empty without.
    pub lower: String,
    /// Upper limit as it stands; empty without.
    pub upper: String,
    /// What the limits are, in words.
    pub dispersion: String,
    /// Participants analysed.
    pub denominator: Option<u64>,
    /// Participants with the event.
    pub events: Option<Events>,
    /// The rate, from 0 to 1.
    pub rate: Option<f64>,
    /// Where the rate comes from.
    pub basis: Option<Basis>,
    /// Why there is no rate, or no number of participants; empty otherwise.
    pub remark: String,
    /// What kind of endpoint the title speaks of.
    pub endpoint: Endpoint,
    /// JSON path of the value in the record.
    pub path: String,
}

/// The rates of a record, in its own order. A measure with several classes or categories has none.
pub fn of(record: &Value) -> Vec<ArmRate> {
    let measures = record.pointer("/resultsSection/outcomeMeasuresModule/outcomeMeasures");
    let measures = measures.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let id = record.pointer("/protocolSection/identificationModule/nctId");
    let id = id.and_then(Value::as_str).unwrap_or_default();
    let mut rates = Vec::new();
    for (index, measure) in measures.iter().enumerate() {
        let Some(measurements) = only_measurements(measure) else { continue };
        for (place, measurement) in measurements.iter().enumerate() {
            rates.push(arm(id, index, measure, place, measurement));
        }
    }
    rates
}

/// The measurements of a measure with one class and one category.
fn only_measurements(measure: &Value) -> Option<&[Value]> {
    let only = |list: Option<&'_ Value>| -> Option<Value> {
        let list = list?.as_array()?;
        (list.len() == 1).then(|| list[0].clone())
    };
    only(only(measure.get("classes")).as_ref()?.get("categories"))?;
    let measurements = measure.pointer("/classes/0/categories/0/measurements")?;
    measurements.as_array().map(Vec::as_slice)
}

fn arm(id: &str, index: usize, measure: &Value, place: usize, measurement: &Value) -> ArmRate {
    let of_measure = |key: &str| text(measure, key);
    let group_id = text(measurement, "groupId");
    let title = of_measure("title");
    let mut arm = ArmRate {
        nct_id: id.to_owned(),
        outcome_index: index,
        outcome_type: of_measure("type"),
        time_frame: of_measure("timeFrame"),
        parameter: of_measure("paramType"),
        unit: of_measure("unitOfMeasure"),
        group_title: group_title(measure, &group_id),
        value: text(measurement, "value"),
        lower: text(measurement, "lowerLimit"),
        upper: text(measurement, "upperLimit"),
        dispersion: of_measure("dispersionType"),
        denominator: denominator(measure, &group_id),
        events: None,
        rate: None,
        basis: None,
        remark: String::new(),
        endpoint: Endpoint::of(&title),
        path: format!(
            "resultsSection.outcomeMeasuresModule.outcomeMeasures[{index}].classes[0].categories[0]\
             .measurements[{place}].value"
        ),
        title,
        group_id,
    };
    if let Err(remark) = value::judge(&mut arm) {
        arm.remark = remark;
    }
    arm
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned()
}

fn group_title(measure: &Value, id: &str) -> String {
    let groups = measure.get("groups").and_then(Value::as_array);
    let mut groups = groups.map(Vec::as_slice).unwrap_or_default().iter();
    groups
        .find(|group| text(group, "id") == id)
        .map(|group| text(group, "title"))
        .unwrap_or_default()
}

/// Participants analysed in an arm: units other than participants are no denominator.
fn denominator(measure: &Value, id: &str) -> Option<u64> {
    let denominators = measure.get("denoms")?.as_array()?;
    let of_participants =
        |entry: &&Value| text(entry, "units").eq_ignore_ascii_case("participants");
    let counts = denominators.iter().find(of_participants)?.get("counts")?.as_array()?;
    let count = counts.iter().find(|count| text(count, "groupId") == id)?;
    value::count(&text(count, "value"))
}
