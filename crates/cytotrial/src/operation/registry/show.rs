//! `registry show`: a record as a document: key facts, texts, design, headings, related trials, source.

use registry::Record;
use registry::audit::Audit;
use registry::extract::Parameter;
use registry::related::Preset;
use registry::related::headings::{Found, Heading, Kind, own};
use report::{
    Block, Cell, Document, Format, KeyValue, NoteKind, Table, key_value, link, list, note,
    paragraph, print, section, subsection, terminal, words,
};
use serde::Serialize;

use super::related::{self, phase, status, title};
use super::{Entry, Shelf};
use crate::operation::report::Form;

mod markup;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Where related trials are looked for.
    pub shelf: &'a Shelf,
    /// The record.
    pub entry: &'a Entry,
}

/// A record with what is computed from it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// Its number.
    pub nct_id: String,
    /// Where it came from.
    pub source: String,
    /// When it was brought here, as a date; empty where it was read from a file just now.
    pub imported: String,
    /// Subject headings of its conditions.
    pub conditions: Vec<Heading>,
    /// Subject headings of its interventions.
    pub interventions: Vec<Heading>,
    /// Design parameters, stated or not.
    pub parameters: Vec<Parameter>,
    /// What it lacks and where it contradicts itself.
    pub audit: Audit,
    /// The trials most like it.
    pub see_also: Vec<related::Row>,
    /// What has to be said with records of the registry.
    pub notice: String,
    /// The record.
    pub record: serde_json::Value,
}

/// Trials under "See also".
const SEE_ALSO: usize = 20;

/// Reads and computes it.
pub fn run(request: &Request) -> Answer {
    let Request { shelf, entry } = *request;
    let record = &entry.record.json;
    let wanted = related::Request { shelf, entry, preset: Preset::All, rows: SEE_ALSO };
    Answer {
        nct_id: entry.record.key.id.clone(),
        source: entry.source.clone(),
        imported: entry.imported.clone(),
        conditions: own(record, Kind::Condition),
        interventions: own(record, Kind::Intervention),
        parameters: registry::extract::of(record),
        audit: registry::audit::of(record),
        see_also: related::run(&wanted).rows,
        notice: shelf.notice().to_owned(),
        record: record.clone(),
    }
}

impl Answer {
    /// The record as a page, text or Markdown; as JSON, the answer itself.
    pub fn printed(&self, record: &Record, form: Form) -> String {
        let document = self.document(record);
        match form {
            Form::Html => readable(&print(&document, Format::Page)),
            Form::Markdown => print(&document, Format::Markdown),
            Form::Text { width, coloured } => {
                let terminal = terminal::Terminal { width, colour: coloured };
                print(&document, Format::Terminal(terminal))
            }
            Form::Json => {
                let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
                text.push('\n');
                text
            }
        }
    }

    /// The record as a document for every way of printing.
    pub fn document(&self, record: &Record) -> Document {
        let name = title(record);
        let shown = if name.is_empty() { self.nct_id.clone() } else { name };
        let facts = [status(record), phase(record), sponsor(record)];
        let facts: Vec<String> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
        let mut blocks = Vec::new();
        blocks.push(section("Key facts"));
        blocks.push(Block::KeyValues(self.facts(record)));
        texts(record, &mut blocks);
        self.design(record, &mut blocks);
        self.headings(&mut blocks);
        self.findings(&mut blocks);
        self.see_also(&mut blocks);
        self.origin(&mut blocks);
        Document {
            title: shown,
            subtitle: [vec![self.nct_id.clone()], facts].concat().join(" · "),
            arms: Vec::new(),
            blocks,
        }
    }

    fn facts(&self, record: &Record) -> Vec<KeyValue> {
        let text = |piece: &str| record.text_of(piece).map(str::to_owned).unwrap_or_default();
        let shown = |name: &str, piece: &str| {
            record
                .text_of(piece)
                .map(|value| registry::enums::shown(name, value))
                .unwrap_or_default()
        };
        let date = |piece: &str, kind: &str| match (record.text_of(piece), record.text_of(kind)) {
            (Some(date), Some(kind)) => format!("{date} ({})", kind.to_lowercase()),
            (Some(date), None) => date.to_owned(),
            _ => String::new(),
        };
        let facts = [
            ("official title", text("OfficialTitle")),
            ("status", status(record)),
            ("why stopped", text("WhyStopped")),
            ("phase", phase(record)),
            ("study type", shown("StudyType", "StudyType")),
            ("sponsor", sponsor(record)),
            ("start", date("StartDate", "StartDateType")),
            ("primary completion", date("PrimaryCompletionDate", "PrimaryCompletionDateType")),
            ("completion", date("CompletionDate", "CompletionDateType")),
            ("participants", self.parameter("participants")),
            ("conditions", record.texts_of("Condition").join("; ")),
            ("results posted", if self.has_results() { "yes" } else { "no" }.to_owned()),
        ];
        let optional = ["official title", "why stopped"];
        let facts =
            facts.into_iter().filter(|(key, value)| !value.is_empty() || !optional.contains(key));
        facts
            .map(|(key, value)| {
                let value = if value.is_empty() { "not stated".to_owned() } else { value };
                key_value(key, value)
            })
            .collect()
    }

    fn has_results(&self) -> bool {
        let told = self.record.get("hasResults").and_then(serde_json::Value::as_bool);
        told.unwrap_or(false) || self.record.get("resultsSection").is_some()
    }

    fn parameter(&self, name: &str) -> String {
        let parameter = self.parameters.iter().find(|parameter| parameter.name == name);
        parameter.map(Parameter::text).unwrap_or_default()
    }

    fn design(&self, record: &Record, blocks: &mut Vec<Block>) {
        blocks.push(section("Study design"));
        let shown = self.parameters.iter().filter(|parameter| {
            !["arms", "primary-endpoints", "participants"].contains(&parameter.name)
        });
        let facts = shown.map(|parameter| key_value(parameter.title, parameter.text()));
        blocks.push(Block::KeyValues(facts.collect()));
        blocks.extend(self.arms());
        blocks.extend(outcomes(record));
        if let Some(criteria) = record.text_of("EligibilityCriteria") {
            blocks.push(subsection("Eligibility"));
            blocks.extend(markup::blocks(criteria));
        }
    }

    fn arms(&self) -> Option<Block> {
        let arms = self.parameters.iter().find(|parameter| parameter.name == "arms")?;
        let row = |given: &registry::extract::Given| match &given.value {
            registry::extract::Typed::Arm { label, role, interventions } => Some(vec![
                label.clone().into(),
                registry::enums::shown("ArmGroupType", role).into(),
                interventions.join("; ").into(),
            ]),
            _ => None,
        };
        let rows: Vec<Vec<Cell>> = arms.values.iter().filter_map(row).collect();
        (!rows.is_empty()).then(|| {
            Block::Table(Table {
                id: "arms".to_owned(),
                caption: "Arms and what is given in them".to_owned(),
                columns: vec![words("arm"), words("type"), words("interventions")],
                rows,
                notes: Vec::new(),
            })
        })
    }

    fn headings(&self, blocks: &mut Vec<Block>) {
        blocks.push(section("Related conditions and MeSH terms"));
        let row = |kind: &str, heading: &Heading| -> Vec<Cell> {
            let found = match heading.found {
                Found::InRecord => "the record carries it",
                Found::ByName => "a condition or intervention is a name of it",
                Found::InText => "the title or the summary names it",
            };
            let address = format!("https://meshb.nlm.nih.gov/record/ui?ui={}", heading.id);
            vec![
                kind.to_owned().into(),
                heading.name.clone().into(),
                link(heading.id.clone(), address).into(),
                found.into(),
            ]
        };
        let conditions = self.conditions.iter().map(|heading| row("condition", heading));
        let others = self.interventions.iter().map(|heading| row("intervention", heading));
        let rows: Vec<Vec<Cell>> = conditions.chain(others).collect();
        if rows.is_empty() {
            blocks.push(paragraph("No subject heading is carried or named."));
            return;
        }
        blocks.push(Block::Table(Table {
            id: "headings".to_owned(),
            caption: "Medical Subject Headings".to_owned(),
            columns: vec![words("of"), words("heading"), words("id"), words("how found")],
            rows,
            notes: Vec::new(),
        }));
    }

    fn findings(&self, blocks: &mut Vec<Block>) {
        blocks.push(section("What is missing or contradictory"));
        let missing = self.audit.missing();
        if !missing.is_empty() {
            let items = missing.iter().map(|need| format!("{}: {}", need.title, need.matters));
            blocks.push(paragraph("Not stated, and needed for a design:"));
            blocks.push(list(items.collect::<Vec<String>>()));
        }
        for finding in &self.audit.contradictions {
            blocks.push(note(NoteKind::Warning, finding.text.clone()));
            let quotes = finding.quotes.iter().map(|quote| format!("\u{201c}{quote}\u{201d}"));
            let quotes: Vec<String> = quotes.collect();
            if !quotes.is_empty() {
                blocks.push(Block::Details {
                    summary: "The words of the record".to_owned(),
                    blocks: vec![list(quotes)],
                });
            }
        }
        if missing.is_empty() && self.audit.contradictions.is_empty() {
            blocks.push(paragraph(
                "Nothing that a design needs is missing; no contradiction was found.",
            ));
        }
    }

    fn see_also(&self, blocks: &mut Vec<Block>) {
        blocks.push(section("See also"));
        if self.see_also.is_empty() {
            blocks.push(paragraph("No other record here shares a word or a condition with it."));
            return;
        }
        let row = |row: &related::Row| -> Vec<Cell> {
            let address = format!("https://clinicaltrials.gov/study/{}", row.nct_id);
            let differs = row.differences.iter().map(|difference| {
                format!("{} {} (here {})", difference.what, difference.other, difference.own)
            });
            vec![
                link(row.nct_id.clone(), address).into(),
                dash(&row.status).into(),
                dash(&row.phase).into(),
                row.title.clone().into(),
                why(row.reasons.join("; "), &differs.collect::<Vec<String>>()).into(),
            ]
        };
        blocks.push(Block::Table(Table {
            id: "see-also".to_owned(),
            caption: "The trials most like this one, the most alike first".to_owned(),
            columns: ["trial", "status", "phase", "title", "why, and how it differs"]
                .map(words)
                .into(),
            rows: self.see_also.iter().map(row).collect(),
            notes: Vec::new(),
        }));
    }

    fn origin(&self, blocks: &mut Vec<Block>) {
        blocks.push(section("Source"));
        let address = format!("https://clinicaltrials.gov/study/{}", self.nct_id);
        let imported = if self.imported.is_empty() { "just now" } else { &self.imported };
        let mut facts = vec![
            key_value("record", link(self.nct_id.clone(), address)),
            key_value("read from", self.source.clone()),
            key_value("imported", imported.to_owned()),
        ];
        for (key, path) in [
            ("last update told", "/protocolSection/statusModule/lastUpdatePostDateStruct/date"),
            ("last verified", "/protocolSection/statusModule/statusVerifiedDate"),
        ] {
            let date = self.record.pointer(path).and_then(serde_json::Value::as_str);
            facts.extend(date.map(|date| key_value(key, date.to_owned())));
        }
        blocks.push(Block::KeyValues(facts));
        blocks.push(paragraph(format!("{}.", self.notice)));
    }
}

/// Without letters that turn the direction of what follows, with which a title can hide itself.
fn readable(page: &str) -> String {
    let turns = |letter: &char| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    page.chars().filter(|letter| !turns(letter)).collect()
}

fn why(reasons: String, differs: &[String]) -> String {
    if differs.is_empty() { reasons } else { format!("{reasons}. Differs: {}", differs.join("; ")) }
}

fn dash(text: &str) -> String {
    if text.is_empty() { "not stated".to_owned() } else { text.to_owned() }
}

fn sponsor(record: &Record) -> String {
    record.text_of("LeadSponsorName").unwrap_or_default().to_owned()
}

fn texts(record: &Record, blocks: &mut Vec<Block>) {
    for (heading, piece) in [("Summary", "BriefSummary"), ("Description", "DetailedDescription")] {
        if let Some(text) = record.text_of(piece) {
            blocks.push(section(heading));
            blocks.extend(markup::blocks(text));
        }
    }
}

fn outcomes(record: &Record) -> Option<Block> {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for (kind, list) in [("primary", "primaryOutcomes"), ("secondary", "secondaryOutcomes")] {
        let path = format!("protocolSection.outcomesModule.{list}");
        for outcome in record.all(&path) {
            let text = |key: &str| {
                let text = outcome.get(key).and_then(serde_json::Value::as_str);
                text.map_or_else(|| "not stated".to_owned(), registry::record::without_marks)
            };
            rows.push(vec![kind.into(), text("measure").into(), text("timeFrame").into()]);
        }
    }
    (!rows.is_empty()).then(|| {
        Block::Table(Table {
            id: "outcomes".to_owned(),
            caption: "Outcome measures".to_owned(),
            columns: vec![words("kind"), words("measure"), words("time frame")],
            rows,
            notes: Vec::new(),
        })
    })
}
