//! What differs between two states of a record: status, dates, enrolment, endpoints, arms and more.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use crate::record::all_below;
use crate::segment::LastBlock;
use crate::store::{Address, Store, StoreError};

/// One thing that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What it is about, e.g. `status`, `dates`, `enrolment`, `endpoints`.
    pub what: String,
    /// The piece, e.g. `OverallStatus`.
    pub piece: String,
    /// The value before; `null` where there was none.
    pub before: Value,
    /// The value after; `null` where there is none.
    pub after: Value,
}

/// What differs between two states of many records.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Difference {
    /// Ids that are new, in order.
    pub added: Vec<String>,
    /// Ids that are gone, in order.
    pub removed: Vec<String>,
    /// Ids whose records differ, in order, with what differs in them.
    pub changed: BTreeMap<String, Vec<Change>>,
}

/// What is compared value by value: what it is about, the pieces.
const COMPARED: &[(&str, &[&str])] = &[
    ("status", &["OverallStatus", "LastKnownStatus", "WhyStopped", "HasResults"]),
    (
        "dates",
        &[
            "StartDate",
            "StartDateType",
            "PrimaryCompletionDate",
            "PrimaryCompletionDateType",
            "CompletionDate",
            "CompletionDateType",
            "ResultsFirstPostDate",
            "LastUpdatePostDate",
        ],
    ),
    ("enrolment", &["EnrollmentCount", "EnrollmentType"]),
    ("titles", &["BriefTitle", "OfficialTitle", "Acronym"]),
    ("sponsor", &["LeadSponsorName", "CollaboratorName"]),
    (
        "design",
        &[
            "StudyType",
            "Phase",
            "DesignAllocation",
            "DesignInterventionModel",
            "DesignMasking",
            "DesignPrimaryPurpose",
        ],
    ),
    ("conditions", &["Condition"]),
    ("arms", &["ArmGroupLabel", "ArmGroupType", "InterventionName", "InterventionType"]),
    (
        "eligibility",
        &["MinimumAge", "MaximumAge", "Sex", "HealthyVolunteers", "EligibilityCriteria"],
    ),
    ("descriptions", &["BriefSummary", "DetailedDescription"]),
];

/// The lists of endpoints: the piece of the list and its path.
const ENDPOINTS: &[(&str, &str)] = &[
    ("PrimaryOutcome", "protocolSection.outcomesModule.primaryOutcomes"),
    ("SecondaryOutcome", "protocolSection.outcomesModule.secondaryOutcomes"),
    ("OtherOutcome", "protocolSection.outcomesModule.otherOutcomes"),
];

const LOCATIONS: &str = "protocolSection.contactsLocationsModule.locations";

/// What differs between two states of a record, in a fixed order.
pub fn between(before: &Value, after: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut push = |what: &str, piece: &str, before: Value, after: Value| {
        if before != after {
            changes.push(Change { what: what.to_owned(), piece: piece.to_owned(), before, after });
        }
    };
    for (what, pieces) in COMPARED {
        for piece in *pieces {
            push(what, piece, value_of(before, piece), value_of(after, piece));
        }
        if *what == "enrolment" {
            for (piece, path) in ENDPOINTS {
                for (before, after) in endpoints(before, after, path) {
                    push("endpoints", piece, before, after);
                }
            }
        }
    }
    let count = |json: &Value| match all_below(json, LOCATIONS).len() {
        0 => Value::Null,
        count => json!(count),
    };
    push("locations", "Location:size", count(before), count(after));
    changes
}

/// The value of a piece; a list of them where there are more than one.
fn value_of(json: &Value, piece: &str) -> Value {
    let path = crate::fields::by_piece(piece).map_or("", |field| field.path);
    let mut values: Vec<Value> = all_below(json, path).into_iter().cloned().collect();
    match values.len() {
        0 => Value::Null,
        1 => values.remove(0),
        _ => Value::Array(values),
    }
}

/// Endpoints before and after, paired by their measure; those that are the same are left out.
fn endpoints(before: &Value, after: &Value, path: &str) -> Vec<(Value, Value)> {
    let list =
        |json: &Value| -> Vec<Value> { all_below(json, path).into_iter().cloned().collect() };
    let (old, mut new) = (list(before), list(after));
    new.retain(|endpoint| !old.contains(endpoint));
    let unchanged = list(after);
    let mut pairs = Vec::new();
    for endpoint in old.iter().filter(|endpoint| !unchanged.contains(endpoint)) {
        let same = new.iter().position(|other| other["measure"] == endpoint["measure"]);
        let now = same.map_or(Value::Null, |at| new.remove(at));
        pairs.push((endpoint.clone(), now));
    }
    pairs.extend(new.into_iter().map(|endpoint| (Value::Null, endpoint)));
    pairs
}

impl Change {
    /// As JSON, with stable keys.
    pub fn to_json(&self) -> Value {
        json!({ "what": self.what, "piece": self.piece, "before": self.before, "after": self.after })
    }

    fn from_json(json: &Value) -> Option<Self> {
        let text = |key: &str| json.get(key)?.as_str().map(str::to_owned);
        let value = |key: &str| json.get(key).cloned();
        Some(Self {
            what: text("what")?,
            piece: text("piece")?,
            before: value("before")?,
            after: value("after")?,
        })
    }
}

impl Difference {
    /// What differs between the records of two stores.
    pub fn of_stores(before: &Store, after: &Store) -> Result<Self, StoreError> {
        let mut difference = Self::default();
        let mut pair = Pair::default();
        for address in after.sorted() {
            let id = after.id(address);
            match before.find(id) {
                None => difference.added.push(id.to_owned()),
                Some(old) => {
                    let changes = pair.changes((before, old), (after, address))?;
                    if !changes.is_empty() {
                        difference.changed.insert(id.to_owned(), changes);
                    }
                }
            }
        }
        let gone = before.sorted().into_iter().map(|address| before.id(address));
        difference.removed =
            gone.filter(|id| after.find(id).is_none()).map(str::to_owned).collect();
        Ok(difference)
    }

    /// What the imports after one, up to another, changed in a store. The records that were new
    /// are those that came in and are still there.
    pub fn of_imports(store: &Store, after: u64, up_to: u64) -> Result<Self, StoreError> {
        let mut difference = Self::default();
        for import in store.imports() {
            if import.number > after && import.number <= up_to {
                difference.read(&store.folder.join(file_name(import.number)))?;
            }
        }
        difference.added.sort();
        difference.added.dedup();
        let added = difference.added.clone();
        difference.changed.retain(|id, changes| {
            changes.retain(|change| change.before != change.after);
            !changes.is_empty() && added.binary_search(id).is_err()
        });
        Ok(difference)
    }

    /// Adds the changes of an import; a later change of the same piece goes on from the earlier.
    fn read(&mut self, path: &Path) -> Result<(), StoreError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            // An import that changed nothing has no such file.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(StoreError::file(path)(error)),
        };
        for line in text.lines() {
            let json: Value = serde_json::from_str(line).unwrap_or_default();
            let Some(id) = json["id"].as_str() else { continue };
            if json["added"] == true {
                self.added.push(id.to_owned());
                continue;
            }
            let changes = json["changes"].as_array().into_iter().flatten();
            let known = self.changed.entry(id.to_owned()).or_default();
            for change in changes.filter_map(Change::from_json) {
                let is_it = |other: &&mut Change| {
                    other.piece == change.piece
                        && other.after == change.before
                        && change.what != "endpoints"
                };
                match known.iter_mut().find(is_it) {
                    Some(earlier) => earlier.after = change.after,
                    None => known.push(change),
                }
            }
        }
        Ok(())
    }

    /// As JSON, with stable keys.
    pub fn to_json(&self) -> Value {
        let changed: Vec<Value> =
            self.changed.iter().map(|(id, changes)| line(id, changes)).collect();
        json!({ "added": self.added, "removed": self.removed, "changed": changed })
    }
}

fn line(id: &str, changes: &[Change]) -> Value {
    let changes: Vec<Value> = changes.iter().map(Change::to_json).collect();
    json!({ "id": id, "changes": changes })
}

/// The file of the changes that an import made.
pub(crate) fn file_name(import: u64) -> String {
    format!("{import:06}.changes.jsonl")
}

/// The line of a record that is new.
pub(crate) fn line_of_new(id: &str) -> String {
    format!("{}\n", json!({ "id": id, "added": true }))
}

/// Compares records of two stores; keeps what was unpacked last.
#[derive(Default)]
pub(crate) struct Pair {
    old: Vec<LastBlock>,
    new: Vec<LastBlock>,
}

impl Pair {
    fn changes(
        &mut self,
        old: (&Store, Address),
        new: (&Store, Address),
    ) -> Result<Vec<Change>, StoreError> {
        let read = |(store, address): (&Store, Address), last: &mut Vec<LastBlock>| {
            let at = address.segment as usize;
            if last.len() <= at {
                last.resize_with(at + 1, LastBlock::default);
            }
            Ok::<String, StoreError>(store.text(address, &mut last[at])?.1)
        };
        let before = read(old, &mut self.old)?;
        let after = read(new, &mut self.new)?;
        if before == after {
            return Ok(Vec::new());
        }
        let json = |text: &str| -> Value { serde_json::from_str(text).unwrap_or_default() };
        Ok(between(&json(&before), &json(&after)))
    }

    /// The change of a record as a line of the import's file.
    pub(crate) fn change(
        &mut self,
        old: (&Store, Address),
        new: (&Store, Address),
    ) -> Result<String, StoreError> {
        let changes = self.changes(old, new)?;
        Ok(format!("{}\n", line(new.0.id(new.1), &changes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(status: &str, count: u64, measure: &str, frame: &str) -> Value {
        json!({"protocolSection": {
            "statusModule": {"overallStatus": status, "startDateStruct": {"date": "2024-01"}},
            "designModule": {"enrollmentInfo": {"count": count}},
            "outcomesModule": {"primaryOutcomes": [{"measure": measure, "timeFrame": frame}]}}})
    }

    #[test]
    fn status_enrolment_and_endpoints_are_told() {
        let before = record("RECRUITING", 10, "Safety", "28 days");
        assert!(between(&before, &before).is_empty());
        let after = record("COMPLETED", 12, "Safety", "1 year");
        let changes = between(&before, &after);
        let told: Vec<(&str, &str)> =
            changes.iter().map(|change| (change.what.as_str(), change.piece.as_str())).collect();
        let expected = [
            ("status", "OverallStatus"),
            ("enrolment", "EnrollmentCount"),
            ("endpoints", "PrimaryOutcome"),
        ];
        assert_eq!(told, expected);
        assert_eq!(changes[2].after["timeFrame"], "1 year");
        let other = between(&before, &record("RECRUITING", 10, "Efficacy", "28 days"));
        assert_eq!(other.len(), 2, "one is gone and one is new");
        assert!(other.iter().any(|change| change.after.is_null()));
    }
}
