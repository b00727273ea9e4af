//! How two trials differ: arms, participants, dose levels, primary endpoints.

use serde::Serialize;
use serde_json::Value;

use super::words::each_text;
use crate::record::without_marks;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What is compared.
    pub what: String,
    /// In the record asked about; `not stated` where it says nothing.
    pub own: String,
    /// In the other.
    pub other: String,
}

type Reader = fn(&Value) -> Option<String>;

/// Where two records differ; what neither states is left out.
pub fn differences(own: &Value, other: &Value) -> Vec<Difference> {
    let parts: [(&str, Reader); 4] = [
        ("participants", participants),
        ("arms", arms),
        ("dose levels", dose_levels),
        ("primary endpoint", endpoint),
    ];
    let mut found = Vec::new();
    for (what, read) in parts {
        let (here, there) = (read(own), read(other));
        if here != there {
            let shown = |text: Option<String>| text.unwrap_or_else(|| "not stated".to_owned());
            let what = what.to_owned();
            found.push(Difference { what, own: shown(here), other: shown(there) });
        }
    }
    found
}

fn section<'a>(record: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(record.get("protocolSection")?, |value, key| value.get(key))
}

fn participants(record: &Value) -> Option<String> {
    let count = section(record, "designModule.enrollmentInfo.count")?.as_u64()?;
    let kind = section(record, "designModule.enrollmentInfo.type").and_then(Value::as_str);
    Some(match kind {
        Some("ACTUAL") => format!("{count} (actual)"),
        Some("ESTIMATED") => format!("{count} (planned)"),
        _ => count.to_string(),
    })
}

fn arms(record: &Value) -> Option<String> {
    let arms = section(record, "armsInterventionsModule.armGroups")?.as_array()?;
    Some(arms.len().to_string())
}

fn dose_levels(record: &Value) -> Option<String> {
    let levels = crate::extract::dose_levels(record);
    (!levels.is_empty()).then(|| levels.join("; "))
}

fn endpoint(record: &Value) -> Option<String> {
    let mut first = None;
    each_text(record, "outcomesModule.primaryOutcomes.measure", &mut |text| {
        if first.is_none() {
            first = Some(short(&without_marks(text)));
        }
    });
    first
}

/// The first words of a long title.
fn short(text: &str) -> String {
    const LONGEST: usize = 70;
    if text.chars().count() <= LONGEST {
        return text.trim().to_owned();
    }
    let cut: String = text.chars().take(LONGEST).collect();
    let cut = cut.rsplit_once(' ').map_or(cut.as_str(), |(whole, _)| whole);
    format!("{}...", cut.trim_end_matches([',', ';', ' ']))
}
