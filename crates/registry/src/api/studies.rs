//! Lists of studies, page by page, and single ones.

use serde_json::Value;
use std::fmt::Write as _;

use super::parameters::Parameters;
use super::select::Selection;
use super::{Answer, Refusal, table};
use crate::record::{Record, nct_id};
use crate::search::{Prepared, Query};
use crate::store::Store;

/// A page of the studies that fit.
pub(super) fn list(store: &Store, parameters: &Parameters) -> Result<Answer, Refusal> {
    parameters.check_list()?;
    check_markup(parameters)?;
    let mut query: Query = parameters.query()?;
    query.offset = parameters.offset()?;
    query.limit = parameters.page_size()?;
    let found = Prepared::new(store, &query)?.search(store)?;
    let end = query.offset.saturating_add(found.hits.len());
    let next = (end < found.total && !found.hits.is_empty()).then(|| parameters.token(end));
    let is_first = parameters.get("pageToken").is_none();
    let total = (parameters.flag("countTotal")? && is_first).then_some(found.total);
    let records = store.records(found.hits.iter().map(|hit| hit.address));
    let names = parameters.list("fields");
    match parameters.get("format") {
        None | Some("json") => {
            let selection = Selection::read(&names, &query)?;
            let mut studies = Vec::new();
            for stored in records {
                studies.push(selection.of(stored?.record.json).to_string());
            }
            Ok(page(&studies, total, next.as_deref()))
        }
        Some("csv") => {
            let columns = table::columns(&names)?;
            let mut rows = Vec::new();
            for stored in records {
                rows.push(stored?.record);
            }
            let mut answer =
                Answer::of("text/csv; charset=utf-8", table::csv(&columns, &rows, is_first));
            answer.headers.extend(total.map(|total| ("x-total-count", total.to_string())));
            answer.headers.extend(next.map(|next| ("x-next-page-token", next)));
            Ok(answer)
        }
        Some(other) => Err(Refusal::wrong(format!("`format={other}`: it is `json` or `csv`"))),
    }
}

/// A page with each study on its own line.
fn page(studies: &[String], total: Option<usize>, next: Option<&str>) -> Answer {
    let mut body = String::from("{");
    if let Some(total) = total {
        let _ = write!(body, "\"totalCount\":{total},");
    }
    body.push_str("\"studies\":[");
    for (index, study) in studies.iter().enumerate() {
        body.push_str(if index == 0 { "\n" } else { ",\n" });
        body.push_str(study);
    }
    body.push_str("\n]");
    if let Some(next) = next {
        let _ = write!(body, ",\"nextPageToken\":{}", Value::from(next));
    }
    body.push('}');
    Answer::of("application/json", body.into_bytes())
}

fn check_markup(parameters: &Parameters) -> Result<(), Refusal> {
    match parameters.get("markupFormat") {
        None | Some("markdown" | "legacy") => Ok(()),
        Some(other) => {
            Err(Refusal::wrong(format!("`markupFormat={other}`: it is `markdown` or `legacy`")))
        }
    }
}

/// One study by its id.
pub(super) fn single(store: &Store, id: &str, parameters: &Parameters) -> Result<Answer, Refusal> {
    parameters.only(&["format", "markupFormat", "fields"])?;
    check_markup(parameters)?;
    let is_nct = id.len() >= 3 && id[..3].eq_ignore_ascii_case("nct");
    let wanted = match nct_id(id) {
        Some(id) => id,
        None if is_nct => return Err(Refusal::wrong(format!("`{id}` is no NCT number"))),
        None => id.to_owned(),
    };
    let none = || Refusal(404, format!("there is no study with the id `{wanted}` in this store"));
    let Some(address) = store.find(&wanted) else {
        let current = store.find_by_alias(&wanted).ok_or_else(none)?;
        let mut moved = Answer::refusal(301, "");
        moved.headers.push(("location", format!("/api/v2/studies/{}", store.id(current))));
        return Ok(moved);
    };
    let stored = store.get(address)?;
    let names = parameters.list("fields");
    match parameters.get("format") {
        None | Some("json") => {
            let selection = Selection::read(&names, &Query::default())?;
            Ok(Answer::json(&selection.of(stored.record.json)))
        }
        Some("csv") => {
            let columns = table::columns(&names)?;
            Ok(Answer::of("text/csv; charset=utf-8", table::csv(&columns, &[stored.record], true)))
        }
        Some("ris") => {
            Ok(Answer::of("application/x-research-info-systems", ris(&stored.record).into_bytes()))
        }
        Some(other) => {
            let what =
                format!("`format={other}` is not served here; there are `json`, `csv` and `ris`");
            Err(Refusal::wrong(what))
        }
    }
}

/// A study as a reference manager reads it.
fn ris(record: &Record) -> String {
    let mut text = String::from("TY  - DBASE\r\n");
    let mut line = |tag: &str, value: Option<&str>| {
        if let Some(value) = value {
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = write!(text, "{tag}  - {value}\r\n");
        }
    };
    line("ID", Some(&record.key.id));
    line("TI", record.text_of("BriefTitle"));
    line("AB", record.text_of("BriefSummary"));
    for word in record.texts_of("Condition").into_iter().chain(record.texts_of("Keyword")) {
        line("KW", Some(word));
    }
    line("PB", record.text_of("LeadSponsorName"));
    line("DA", record.text_of("StartDate"));
    line("UR", Some(&format!("https://clinicaltrials.gov/study/{}", record.key.id)));
    text.push_str("ER  -\r\n");
    text
}
