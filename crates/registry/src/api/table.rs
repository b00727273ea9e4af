//! Studies as rows of a table, in the thirty columns that the site exports.

use serde_json::Value;

use super::Refusal;
use crate::record::{Record, all_below};

/// The columns of the site's export, in order.
pub const COLUMNS: &[&str] = &[
    "NCT Number",
    "Study Title",
    "Study URL",
    "Acronym",
    "Study Status",
    "Brief Summary",
    "Study Results",
    "Conditions",
    "Interventions",
    "Primary Outcome Measures",
    "Secondary Outcome Measures",
    "Other Outcome Measures",
    "Sponsor",
    "Collaborators",
    "Sex",
    "Age",
    "Phases",
    "Enrollment",
    "Funder Type",
    "Study Type",
    "Study Design",
    "Other IDs",
    "Start Date",
    "Primary Completion Date",
    "Completion Date",
    "First Posted",
    "Results First Posted",
    "Last Update Posted",
    "Locations",
    "Study Documents",
];

/// The columns that were asked for; all where none was.
pub(super) fn columns(names: &[&str]) -> Result<Vec<&'static str>, Refusal> {
    if names.is_empty() {
        return Ok(COLUMNS.to_vec());
    }
    let known =
        |name: &&str| COLUMNS.iter().find(|column| column.eq_ignore_ascii_case(name)).copied();
    let found = names
        .iter()
        .map(|name| known(name).ok_or_else(|| Refusal::wrong(format!("unknown column `{name}`"))));
    found.collect()
}

/// A table of records, with a row of names or without.
pub fn csv(columns: &[&str], records: &[Record], has_header: bool) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    // Memory takes every write.
    if has_header {
        let _ = writer.write_record(columns);
    }
    for record in records {
        let _ = writer.write_record(columns.iter().map(|column| cell(record, column)));
    }
    writer.into_inner().unwrap_or_default()
}

fn texts(record: &Record, piece: &str) -> String {
    let values = record.of(piece).into_iter().map(|value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    values.collect::<Vec<_>>().join("|")
}

fn first(record: &Record, piece: &str) -> String {
    record.text_of(piece).unwrap_or("").to_owned()
}

fn cell(record: &Record, column: &str) -> String {
    match column {
        "NCT Number" => record.key.id.clone(),
        "Study Title" => first(record, "BriefTitle"),
        "Study URL" => format!("https://clinicaltrials.gov/study/{}", record.key.id),
        "Acronym" => first(record, "Acronym"),
        "Study Status" => first(record, "OverallStatus"),
        "Brief Summary" => first(record, "BriefSummary"),
        "Study Results" => {
            let has_results = record.first("hasResults") == Some(&Value::Bool(true));
            if has_results { "YES".to_owned() } else { "NO".to_owned() }
        }
        "Conditions" => texts(record, "Condition"),
        "Interventions" => interventions(record),
        "Primary Outcome Measures" => outcomes(record, "primaryOutcomes"),
        "Secondary Outcome Measures" => outcomes(record, "secondaryOutcomes"),
        "Other Outcome Measures" => outcomes(record, "otherOutcomes"),
        "Sponsor" => first(record, "LeadSponsorName"),
        "Collaborators" => texts(record, "CollaboratorName"),
        "Sex" => first(record, "Sex"),
        "Age" => record.texts_of("StdAge").join(", "),
        "Phases" => texts(record, "Phase"),
        "Enrollment" => texts(record, "EnrollmentCount"),
        "Funder Type" => first(record, "LeadSponsorClass"),
        "Study Type" => first(record, "StudyType"),
        "Study Design" => design(record),
        "Other IDs" => {
            let own = record.texts_of("OrgStudyId").into_iter();
            own.chain(record.texts_of("SecondaryId")).collect::<Vec<_>>().join("|")
        }
        "Start Date" => first(record, "StartDate"),
        "Primary Completion Date" => first(record, "PrimaryCompletionDate"),
        "Completion Date" => first(record, "CompletionDate"),
        "First Posted" => first(record, "StudyFirstPostDate"),
        "Results First Posted" => first(record, "ResultsFirstPostDate"),
        "Last Update Posted" => first(record, "LastUpdatePostDate"),
        "Locations" => locations(record),
        "Study Documents" => documents(record),
        _ => String::new(),
    }
}

fn text_at<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or("")
}

fn joined(value: &Value, keys: &[&str]) -> String {
    let parts = keys.iter().map(|key| text_at(value, key)).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(", ")
}

fn interventions(record: &Record) -> String {
    let one = |value: &&Value| match text_at(value, "type") {
        "" => text_at(value, "name").to_owned(),
        kind => format!("{kind}: {}", text_at(value, "name")),
    };
    let all = record.of("Intervention");
    all.iter().map(one).collect::<Vec<_>>().join("|")
}

fn outcomes(record: &Record, list: &str) -> String {
    let all = all_below(&record.json, &format!("protocolSection.outcomesModule.{list}"));
    let one = |value: &Value| joined(value, &["measure", "description", "timeFrame"]);
    all.into_iter().map(one).collect::<Vec<_>>().join("|")
}

fn design(record: &Record) -> String {
    let has_design = !record.of("DesignInfo").is_empty();
    if !has_design {
        return String::new();
    }
    let masking = first(record, "DesignMasking");
    let who = record.texts_of("DesignWhoMasked").join(", ");
    let masking = if who.is_empty() { masking } else { format!("{masking} ({who})") };
    let is_observational = first(record, "StudyType") == "OBSERVATIONAL";
    let parts = if is_observational {
        vec![
            ("Observational Model", first(record, "DesignObservationalModel")),
            ("Time Perspective", first(record, "DesignTimePerspective")),
        ]
    } else {
        vec![
            ("Allocation", first(record, "DesignAllocation")),
            ("Intervention Model", first(record, "DesignInterventionModel")),
            ("Masking", masking),
            ("Primary Purpose", first(record, "DesignPrimaryPurpose")),
        ]
    };
    let parts = parts.into_iter().map(|(name, value)| format!("{name}: {value}"));
    parts.collect::<Vec<_>>().join("|")
}

fn locations(record: &Record) -> String {
    let one = |value: &&Value| joined(value, &["facility", "city", "state", "zip", "country"]);
    record.of("Location").iter().map(one).collect::<Vec<_>>().join("|")
}

fn documents(record: &Record) -> String {
    let id = &record.key.id;
    let one = |value: &&Value| {
        let file = text_at(value, "filename");
        let folder = &id[id.len().saturating_sub(2)..];
        format!(
            "{}, https://cdn.clinicaltrials.gov/large-docs/{folder}/{id}/{file}",
            text_at(value, "label")
        )
    };
    record.of("LargeDoc").iter().map(one).collect::<Vec<_>>().join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_a_cell_per_column() {
        let text = r#"{"protocolSection": {"identificationModule": {"nctId": "NCT00000102", "briefTitle": "A, \"b\""},
            "armsInterventionsModule": {"interventions": [{"type": "DRUG", "name": "x"}, {"name": "y"}]},
            "designModule": {"phases": ["PHASE1", "PHASE2"], "enrollmentInfo": {"count": 12},
                "designInfo": {"maskingInfo": {"masking": "DOUBLE", "whoMasked": ["PARTICIPANT"]}}}},
            "hasResults": true}"#;
        let record = Record::read(text).unwrap();
        let table = String::from_utf8(csv(COLUMNS, &[record], true)).unwrap();
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        let row = reader.records().next().unwrap().unwrap();
        assert_eq!(row.len(), COLUMNS.len());
        assert_eq!((&row[0], &row[1], &row[6]), ("NCT00000102", "A, \"b\"", "YES"));
        assert_eq!((&row[8], &row[16], &row[17]), ("DRUG: x|y", "PHASE1|PHASE2", "12"));
        assert!(row[20].contains("Masking: DOUBLE (PARTICIPANT)"));
    }
}
