//! The first draft of a protocol: what the record states, and our defaults marked as assumed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Answer;
use crate::document::{Document, Value};
use crate::library;
use crate::record::Record;
use stated::Stated;

mod stated;

/// The bundled protocol whose assumed values are the defaults.
const DEFAULTS: &str = "trials/NCT06379451/trial.toml";
/// Patients when the record gives no usable number.
const PATIENTS: u64 = 18;

/// A draft under construction: the text of each section, and the sources.
struct Draft<'a> {
    record: &'a Record,
    stated: Stated,
    defaults: Document,
    text: String,
    sources: Vec<(String, String)>,
    notes: Vec<String>,
}

/// A product that words of a record point to.
struct Guess {
    file: &'static str,
    source: String,
    /// Made of T cells: one infusion of a flat dose.
    is_t: bool,
}

pub(super) fn folder(record: &Record) -> Answer {
    let defaults = library::text(DEFAULTS).unwrap_or_default();
    let mut draft = Draft {
        record,
        stated: Stated::of(record),
        defaults: Document::parse_recoverable(defaults).0,
        text: String::new(),
        sources: Vec::new(),
        notes: Vec::new(),
    };
    let trial = draft.trial();
    draft.population();
    draft.treatment();
    draft.rest(defaults);
    let open = draft.stated.open();
    if !open.is_empty() {
        let note = "the record leaves open, and the defaults in their place are marked assumed";
        draft.notes.push(format!("{note}: {}", open.join(", ")));
    }
    let trial_text = draft.finish();
    let mut files = BTreeMap::new();
    files.insert("trial.toml".to_owned(), trial_text);
    files.insert("compare.toml".to_owned(), compare(&trial));
    files.insert("record.json".to_owned(), record.to_text());
    Answer { trial, files, notes: draft.notes }
}

impl Draft<'_> {
    fn section(&mut self, name: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        writeln!(self.text, "[{name}]").expect("a String takes every write");
    }

    fn line(&mut self, path: &str, value: &str, source: impl Into<String>) {
        let key = path.rsplit('.').next().unwrap_or(path);
        writeln!(self.text, "{key} = {value}").expect("a String takes every write");
        self.sources.push((path.to_owned(), source.into()));
    }

    /// A text that the record gives in a field, or a default.
    fn field(&mut self, path: &str, field: &str, default: &str, why: &str) {
        let text = self.record.text(field).map(|text| one_line(&text));
        self.stated(path, text.map(|text| (quoted(&text), text)), &quoted(default), why);
    }

    /// A value as TOML with its quotation, or a default.
    fn stated(&mut self, path: &str, found: Option<(String, String)>, default: &str, why: &str) {
        match found {
            Some((value, quote)) => self.line(path, &value, format!("stated: {quote}")),
            None => self.line(path, default, format!("assumed: {why}")),
        }
    }

    fn trial(&mut self) -> String {
        let record = self.record;
        let id = record.id().unwrap_or_else(|| "without a number".to_owned());
        self.section("trial");
        self.field("trial.id", "identificationModule.nctId", &id, "the record has no number");
        let title = ["identificationModule.officialTitle", "identificationModule.briefTitle"]
            .into_iter()
            .find(|field| record.text(field).is_some());
        self.field("trial.title", title.unwrap_or_default(), &id, "the record gives no title");
        let kind = record.text("designModule.studyType");
        let kind = kind.map(|kind| (quoted(&kind.to_lowercase()), kind));
        self.stated("trial.type", kind, "\"interventional\"", "the type is not stated");
        self.phase();
        let aims = ["efficacy and safety", "safety and efficacy", "efficacy", "safety"];
        let aim = aims.into_iter().find(|aim| record.holds(aim));
        let source =
            aim.map_or("assumed: no aim is stated".to_owned(), |aim| format!("stated: {aim}"));
        let purpose = match aim {
            Some("efficacy") => "[\"efficacy\"]",
            Some("safety") => "[\"safety\"]",
            _ => "[\"efficacy\", \"safety\"]",
        };
        self.line("trial.purpose", purpose, source);
        let sponsor = "sponsorCollaboratorsModule.leadSponsor.name";
        self.field("trial.sponsor", sponsor, "not stated", "the record names no sponsor");
        self.date("trial.start", "statusModule.startDateStruct.date");
        self.date("trial.completion", "statusModule.completionDateStruct.date");
        let model = record.text("designModule.designInfo.interventionModel");
        let model = model.map(|model| (quoted(&model.to_lowercase().replace('_', " ")), model));
        let escalation = "\"dose escalation, then expansion at the selected dose\"";
        let why = "no study design is stated; usual for early phase 1";
        self.stated("trial.design", model, escalation, why);
        let count =
            record.value("designModule.enrollmentInfo.count").and_then(serde_json::Value::as_u64);
        let count = count.filter(|count| (1..=1000).contains(count));
        let count = count.map(|count| (count.to_string(), count.to_string()));
        let why = "no usable number of patients is stated; 6..30";
        self.stated("trial.patients", count, &PATIENTS.to_string(), why);
        id
    }

    fn phase(&mut self) {
        let phases = self.record.value("designModule.phases").and_then(|phases| phases.as_array());
        let codes: Vec<&str> =
            phases.into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
        let word = |code: &&str| match *code {
            "EARLY_PHASE1" => "early phase 1".to_owned(),
            "NA" => "not applicable".to_owned(),
            other => other.to_lowercase().replace("phase", "phase "),
        };
        if codes.is_empty() {
            self.line("trial.phase", "\"not stated\"", "assumed: the record states no phase");
        } else {
            let words = codes.iter().map(word).collect::<Vec<_>>().join(" and ");
            self.line("trial.phase", &quoted(&words), format!("stated: {}", codes.join(" ... ")));
        }
    }

    fn date(&mut self, path: &str, field: &str) {
        let Some(text) = self.record.text(field) else { return };
        if text.parse::<jiff::civil::Date>().is_ok() {
            self.line(path, &text, format!("stated: {text}"));
        } else {
            let first = format!("{text}-01");
            if first.parse::<jiff::civil::Date>().is_ok() {
                self.line(path, &first, format!("derived: first day of the stated month, {text}"));
            }
        }
    }

    fn population(&mut self) {
        let record = self.record;
        self.section("population");
        match record.value("conditionsModule.conditions").and_then(|list| list[0].as_str()) {
            Some(disease) => {
                let disease = one_line(disease);
                let words = quoted(&disease.to_lowercase());
                self.line("population.disease", &words, format!("stated: {disease}"));
            }
            None if record.holds("multiple myeloma") => {
                let source = "stated: multiple myeloma";
                self.line("population.disease", "\"multiple myeloma\"", source);
            }
            None => {
                let why = "assumed: no condition is registered";
                self.line("population.disease", "\"multiple myeloma\"", why);
            }
        }
        if !record.holds("myeloma") {
            let note = "the record does not speak of myeloma: the bundled populations and models \
                        are of myeloma only";
            self.notes.push(note.to_owned());
        }
        let settings = [
            "relapsed or refractory",
            "relapsed/refractory",
            "relapsed and refractory",
            "relapsed refractory",
            "newly diagnosed",
            "relapsed",
            "recurrent",
            "refractory",
        ];
        let setting = settings.into_iter().find(|words| record.holds(words));
        let setting = setting.map(|words| (quoted(words), words.to_owned()));
        let default = "\"relapsed or refractory\"";
        self.stated("population.setting", setting, default, "no setting is stated");
        self.include();
        let exclude = default_list(&self.defaults, "population.exclude");
        let exclude: Vec<String> = exclude.iter().map(|text| quoted(text)).collect();
        let why = "assumed: default, to be compared with the record's criteria";
        self.line("population.exclude", &format!("[{}]", exclude.join(", ")), why);
        let file = self.default_text("population.virtual");
        let why = "assumed: default population; sources in the file";
        self.line("population.virtual", &quoted(&file), why);
    }

    fn include(&mut self) {
        let mut include = Vec::new();
        let mut stated = Vec::new();
        let ages = [("minimumAge", ">=", "18"), ("maximumAge", "<=", "75")];
        for (key, sign, default) in ages {
            let text = self.record.text(&format!("eligibilityModule.{key}"));
            let years = text.as_deref().and_then(|text| text.strip_suffix(" Years"));
            let years = years.and_then(|years| years.parse::<u32>().ok());
            match years {
                Some(years) => {
                    stated.push((include.len(), format!("stated: {years} Years")));
                    include.push(format!("age {sign} {years} year"));
                }
                None => include.push(format!("age {sign} {default} year")),
            }
        }
        let others = default_list(&self.defaults, "population.include");
        let read = [("ecog", "performance-status"), ("prior_lines", "prior-lines")];
        for criterion in others.into_iter().filter(|criterion| !criterion.starts_with("age ")) {
            let variable = criterion.split(' ').next().unwrap_or_default();
            let name = read.iter().find(|(known, _)| *known == variable);
            match name.and_then(|(variable, name)| self.stated.criterion(name, variable)) {
                Some((criterion, source)) => {
                    stated.push((include.len(), source));
                    include.push(criterion);
                }
                None => include.push(criterion),
            }
        }
        let lines: Vec<String> =
            include.iter().map(|text| format!("  {},\n", quoted(text))).collect();
        let why =
            "assumed: defaults of comparable trials, to be compared with the record's criteria";
        self.line("population.include", &format!("[\n{}]", lines.concat()), why);
        for (index, source) in stated {
            self.sources.push((format!("population.include.{index}"), source));
        }
    }

    fn treatment(&mut self) {
        let guess = product(self.record);
        self.section("product");
        self.line("product.file", &quoted(guess.file), guess.source.clone());
        if guess.source.starts_with("assumed") {
            self.notes.push(format!("no known product is named: `{}` is a guess", guess.file));
        }
        self.section("treatment.infusion");
        let (days, levels, dose_source) = if guess.is_t {
            let source = "bib: KarMMa, Munshi 2021 NEJM 384:705, target dose 450e6 cells once; compare with the record";
            ("[0]".to_owned(), "[\"4.5e8 cells\"]".to_owned(), source.to_owned())
        } else {
            let levels = default_list(&self.defaults, "treatment.infusion.levels");
            let levels: Vec<String> = levels.iter().map(|text| quoted(text)).collect();
            let source = self.default_source("treatment.infusion.levels");
            ("[0, 7, 14]".to_owned(), format!("[{}]", levels.join(", ")), source)
        };
        let (days, days_source) = self.stated.days().unwrap_or_else(|| (days, dose_source.clone()));
        self.line("treatment.infusion.days", &days, days_source);
        let (levels, levels_source) = self.stated.levels().unwrap_or((levels, dose_source));
        self.line("treatment.infusion.levels", &levels, levels_source);
        self.line("treatment.infusion.start", "1", "assumed: lowest level first");
    }

    /// The tables that a record never fills, as the defaults have them.
    fn rest(&mut self, defaults: &str) {
        const TABLES: &[&str] = &[
            "treatment.lymphodepletion",
            "treatment.rescue",
            "dose-finding",
            "dlt",
            "visits",
            "endpoints",
            "stopping",
            "conduct",
        ];
        let patients = table(&self.text, "trial")
            .lines()
            .find_map(|line| line.strip_prefix("patients = ")?.parse::<u64>().ok())
            .unwrap_or(PATIENTS);
        for name in TABLES {
            let text = table(defaults, name);
            let text = match *name {
                "dose-finding" => text.replace(
                    "max-patients = 12 ",
                    &format!("max-patients = {:<2} ", patients.min(12)),
                ),
                _ => text.to_owned(),
            };
            let text = self.read_into(name, text);
            self.text.push('\n');
            self.text.push_str(text.trim_end());
            self.text.push('\n');
        }
        let written = match self.defaults.get("source").map(|node| &node.value) {
            Some(Value::Table(entries)) => entries.clone(),
            _ => Vec::new(),
        };
        for entry in written {
            if TABLES
                .iter()
                .any(|name| entry.key == *name || entry.key.starts_with(&format!("{name}.")))
            {
                let read = match entry.key.as_str() {
                    "dose-finding.window" => self.stated.window().map(|(_, source)| source),
                    "treatment.lymphodepletion" => {
                        self.stated.lymphodepletion().map(|(_, source)| source)
                    }
                    _ => None,
                };
                let source = read.unwrap_or_else(|| self.default_source(&entry.key));
                self.sources.push((entry.key, source));
            }
        }
    }

    /// A default table with what the record states of it.
    fn read_into(&self, name: &str, text: String) -> String {
        let replaced = |text: &str, key: &str, value: &str| -> String {
            let of_key = |line: &str| line.split('=').next().is_some_and(|own| own.trim() == key);
            let line = |line: &str| {
                if of_key(line) { format!("{key} = {value}") } else { line.to_owned() }
            };
            text.lines().map(line).collect::<Vec<_>>().join("\n")
        };
        match name {
            "dose-finding" => match self.stated.window() {
                Some((window, _)) => replaced(&text, "window", &window),
                None => text,
            },
            "treatment.lymphodepletion" => match self.stated.lymphodepletion() {
                Some((lines, _)) => {
                    lines.iter().fold(text, |text, (key, value)| replaced(&text, key, value))
                }
                None => text,
            },
            _ => text,
        }
    }

    fn default_text(&self, path: &str) -> String {
        self.defaults.get(path).map(|node| node.value.show()).unwrap_or_default()
    }

    /// The source of a default in a protocol whose record may say otherwise.
    fn default_source(&self, path: &str) -> String {
        let text = match self.defaults.get(&format!("source.\"{path}\"")).map(|node| &node.value) {
            Some(Value::Text(text)) => text.as_str(),
            _ => return "assumed: default, to be compared with the record".to_owned(),
        };
        match text.strip_prefix("assumed: ") {
            None => text.to_owned(),
            Some(why) => {
                let why = why.split_once("not stated; ").map_or(why, |(_, why)| why);
                format!("assumed: default, to be compared with the record; {why}")
            }
        }
    }

    fn finish(&mut self) -> String {
        let mut text = format!(
            "# First draft of a protocol, made from record.json beside this file.\n\
             # Every value has an entry in [source]: \"stated: quote\", \"derived: how\", \
             \"assumed: why; plausible range\", \"bib: publication\".\n\
             # Days count from the first infusion, which is day 0.\nschema = 1\n\n{}\n[source]\n",
            self.text
        );
        for (path, source) in &self.sources {
            writeln!(text, "{} = {}", quoted(path), quoted(source))
                .expect("a String takes every write");
        }
        text
    }
}

fn default_list(defaults: &Document, path: &str) -> Vec<String> {
    match defaults.get(path).map(|node| &node.value) {
        Some(Value::List(nodes)) => nodes.iter().map(|node| node.value.show()).collect(),
        _ => Vec::new(),
    }
}

/// The text of one table, its header included.
fn table<'a>(text: &'a str, name: &str) -> &'a str {
    let header = format!("[{name}]");
    let Some(start) = text
        .find(&format!("\n{header}"))
        .map(|at| at + 1)
        .or_else(|| text.starts_with(&header).then_some(0))
    else {
        return "";
    };
    let end = text[start..].find("\n[").map_or(text.len(), |length| start + length);
    &text[start..end]
}

/// The bundled product that the record's words point to.
fn product(record: &Record) -> Guess {
    let has = |words: &str| record.holds(words);
    let t = ["car-t", "car t", "cart"].into_iter().any(has);
    let nk = ["car-nk", "car nk", "nk cell"].into_iter().any(has);
    let derived = |words: &str| format!("derived: the record speaks of {words}");
    match () {
        () if has("nkg2d") && nk => Guess {
            file: "products/nkg2d-car-nk.toml",
            source: derived("NKG2D and NK cells"),
            is_t: false,
        },
        () if has("bcma") && has("cs1") && t => Guess {
            file: "products/bcma-cs1-car-t.toml",
            source: derived("BCMA, CS1 and CAR-T cells"),
            is_t: true,
        },
        () if has("bcma") && t => Guess {
            file: "products/bcma-car-t.toml",
            source: derived("BCMA and CAR-T cells"),
            is_t: true,
        },
        () => Guess {
            file: "products/nkg2d-car-nk.toml",
            source: "assumed: no product is named that the library has".to_owned(),
            is_t: false,
        },
    }
}

fn compare(trial: &str) -> String {
    format!(
        "# The protocol as written against the disease itself, on the same virtual patients.\n\
         schema   = 1\n\
         question = {}\n\
         trial    = \"trial.toml\"\n\
         seed     = 1\n\n\
         [run]\nreplicates  = 100\nuncertainty = \"drawn\"\n\n\
         [arm.as-written]\n\n\
         [arm.no-treatment]\nproduct         = []\nlymphodepletion = false\n\n\
         [report]\ncontrasts = [\"as-written - no-treatment\"]\n\n\
         [source]\n\
         \"question\" = \"derived: the first question of any protocol\"\n\
         \"trial\" = \"derived: the protocol beside this file\"\n\
         \"seed\" = \"assumed: any number\"\n\
         \"run\" = \"assumed: enough replicates for intervals within a minute; 100..1000\"\n\
         \"arm.no-treatment\" = \"derived: the reference against which every effect is measured\"\n\
         \"report\" = \"derived: from the question\"\n",
        quoted(&format!("What does the protocol of {trial} bring, compared with no treatment?"))
    )
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            letter if letter.is_control() => quoted.push(' '),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
