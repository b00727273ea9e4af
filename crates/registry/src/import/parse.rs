//! The bytes of a record to a record, whatever their form.

use serde_json::Value;

use super::{Content, Formed, v1, xml};
use crate::record::Record;
use crate::store::Form;

/// The record of an item, or why there is none.
pub(crate) fn parse(content: Content) -> Result<Formed, String> {
    let (json, form) = match content {
        Content::Json(bytes) => {
            let json: Value =
                serde_json::from_slice(&bytes).map_err(|error| format!("not JSON: {error}"))?;
            match v1::study(&json) {
                Some(study) => (v1::convert(study), Form::JsonV1),
                None => (json, Form::Json),
            }
        }
        Content::Xml(bytes) => (xml::read(&bytes)?, Form::Xml),
        Content::Row(json) => (*json, Form::Csv),
    };
    let record = Record::from_json(json).map_err(|error| error.to_string())?;
    Ok((record, form))
}
