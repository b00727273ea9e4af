//! `new`: a record to a trial folder in which every value has a source.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::library;
use crate::problem::{Problem, help_with_nearest};
use crate::protocol::files::Files;
use crate::record::Record;

mod draft;

/// Where the record comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// A bundled trial by its registry number.
    Bundled(String),
    /// The JSON of a record, and its name for problems.
    Record {
        /// The text.
        text: String,
        /// The file it came from.
        file: String,
    },
}

/// What to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The record.
    pub from: From,
}

/// The folder.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The trial's identifier.
    pub trial: String,
    /// The texts by file name.
    pub files: BTreeMap<String, String>,
    /// What somebody should look at first, in words.
    pub notes: Vec<String>,
}

/// Makes the texts of a folder; nothing is written here.
///
/// # Errors
/// A record that is not bundled or cannot be read.
pub fn run(request: &Request) -> Result<Answer, Vec<Problem>> {
    match &request.from {
        From::Bundled(id) => bundled(id),
        From::Record { text, file } => {
            let record = Record::read(text, file)?;
            Ok(draft::folder(&record))
        }
    }
}

/// The numbers of every bundled record, in order.
pub fn bundled_records() -> Vec<String> {
    registry::bundled::records().keys().cloned().collect()
}

fn bundled(typed: &str) -> Result<Answer, Vec<Problem>> {
    let id = typed.trim().to_uppercase();
    if let Some(files) = Files::bundled(&id)
        && let Some(text) = files.texts.get("record.json")
    {
        let record = Record::read(text, "record.json")?;
        let mut texts = files.texts;
        texts.insert("record.json".to_owned(), record.to_text());
        return Ok(Answer { trial: id, files: texts, notes: Vec::new() });
    }
    let key = registry::Key::read(&id).map_or_else(|| id.clone(), |key| key.id);
    if let Some(known) = registry::bundled::records().get(&key) {
        let record = Record::read(&known.json.to_string(), "record.json")?;
        return Ok(draft::folder(&record));
    }
    let help = format!(
        "{}; a record that you have as JSON is read with `--from FILE.json`",
        help_with_nearest(&id, library::trials())
    );
    Err(vec![Problem::error(
        "N101",
        "",
        "",
        format!("no bundled record is called `{typed}`"),
        help,
    )])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::read;

    fn sample(name: &str) -> String {
        let path = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn the_bundled_record_gives_a_folder_without_problems() {
        let answer = run(&Request { from: From::Bundled("nct06379451".into()) }).unwrap();
        let files = Files { texts: answer.files, trial: None };
        let reading = read::read(&files);
        assert!(reading.problems.is_empty(), "{:?}", reading.problems);
    }

    #[test]
    fn a_record_given_as_a_file_becomes_a_folder_without_problems() {
        let from = From::Record { text: sample("record_sample.json"), file: "r.json".into() };
        let answer = run(&Request { from }).unwrap();
        let files = Files { texts: answer.files, trial: None };
        let checked = crate::operation::check::run(&crate::operation::check::Request { files });
        let shown: Vec<String> = checked.problems.iter().map(ToString::to_string).collect();
        assert!(checked.problems.is_empty(), "{}", shown.join("\n"));
        assert_eq!(checked.answer.trial.as_deref(), Some("NCT00000001"));
        assert_eq!(checked.answer.total.without, 0);
        assert!(checked.answer.total.stated >= 8, "{:?}", checked.answer.total);
    }

    #[test]
    fn an_unknown_number_is_told_with_what_is_bundled() {
        let problems = run(&Request { from: From::Bundled("NCT06379541".into()) }).unwrap_err();
        assert!(problems[0].help.contains("NCT06379451"), "{problems:?}");
    }
}
