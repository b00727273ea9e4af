//! Which design, with which settings and around which plan: options of a command line over a file.

use std::collections::BTreeMap;

use design::{Design, DesignError, Entry};
use serde::Serialize;

use super::scenario::{self, Scenario};
use super::{COHORT, MAX_PATIENTS};
use crate::document::{Document, Node, Value};
use crate::problem::{Problem, any_error, help_with_nearest, nearest};
use crate::protocol;
use crate::protocol::read::finding::{Alone, alone, of_serde};
use crate::protocol::section::{Log, Section};

/// What a person asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ask {
    /// The name of the design; the file's if left out.
    pub method: Option<String>,
    /// Name and text of a file with a `[dose-finding]` table: a `design.toml` or a `trial.toml`.
    pub file: Option<(String, String)>,
    /// Settings of the design that stand over those of the file.
    pub settings: toml::Table,
    /// The name of the file that the setting `table` came from, for problems in it.
    pub table_file: Option<String>,
    /// Patients per cohort.
    pub cohort: Option<u32>,
    /// Patients at most.
    pub max_patients: Option<u32>,
    /// The number of dose levels.
    pub levels: Option<usize>,
    /// The level of the first cohort, from 1.
    pub start: Option<usize>,
}

/// One setting in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its key.
    pub key: String,
    /// Its value as TOML; `off` for a setting that is left out and does nothing then.
    pub value: String,
    /// Whether somebody wrote it; else it is the default.
    pub given: bool,
}

/// The plan around a design.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Patients per cohort.
    pub cohort: u32,
    /// Whether that is the default.
    pub cohort_is_default: bool,
    /// Patients at most.
    pub max_patients: u32,
    /// Whether that is the default.
    pub max_patients_is_default: bool,
    /// The level of the first cohort, from 1.
    pub start: usize,
}

impl Plan {
    /// The same for the design's own functions.
    pub fn of_design(&self) -> design::Plan {
        design::Plan { cohort: self.cohort, max_patients: self.max_patients, start: self.start - 1 }
    }

    /// The plan in a few words.
    pub fn told(&self) -> String {
        let mark = |is_default: bool| if is_default { " (default)" } else { "" };
        format!(
            "cohorts of {}{}, at most {} patients{}, first cohort at level {}",
            self.cohort,
            mark(self.cohort_is_default),
            self.max_patients,
            mark(self.max_patients_is_default),
            self.start
        )
    }
}

/// A design with everything that was asked for.
#[derive(Debug)]
pub struct Chosen {
    /// Its line in the list.
    pub entry: &'static Entry,
    /// The design, inside its rules.
    pub design: Box<dyn Design>,
    /// Every setting.
    pub settings: Vec<Setting>,
    /// The settings that were given, as TOML.
    pub written: String,
    /// The plan.
    pub plan: Plan,
    /// The number of dose levels, when settings, file or options say it.
    pub levels: Option<usize>,
    /// The DLT window in days, when the file says it.
    pub window_days: Option<f64>,
    /// The truths that the file lists.
    pub scenarios: Vec<Scenario>,
}

impl Chosen {
    /// The name as tables show it: with the settings that somebody wrote.
    pub fn title(&self) -> String {
        let given: Vec<String> = self
            .settings
            .iter()
            .filter(|setting| setting.given && setting.key != "table")
            .map(|setting| format!("{} {}", setting.key, setting.value.replace('"', "")))
            .collect();
        if given.is_empty() {
            self.entry.title.to_owned()
        } else {
            format!("{}, {}", self.entry.title, given.join(", "))
        }
    }
}

/// What a file says.
#[derive(Debug, Default)]
struct Written {
    name: String,
    table: Alone,
    levels: Option<usize>,
    scenarios: Vec<Scenario>,
}

/// The design that was asked for.
///
/// # Errors
/// Every problem of the file, or the one of the settings. Those of the command line have no file.
pub fn choose(ask: &Ask) -> Result<Chosen, Vec<Problem>> {
    let mut all = choose_all(ask, std::slice::from_ref(&ask.method))?;
    Ok(all.remove(0))
}

/// Several designs that share settings: each takes those that it knows.
///
/// # Errors
/// As for [`choose`], and for a setting that none of them knows.
pub fn choose_all(ask: &Ask, methods: &[Option<String>]) -> Result<Vec<Chosen>, Vec<Problem>> {
    let written = match &ask.file {
        None => Written::default(),
        Some((name, text)) => read(name, text)?,
    };
    let mut chosen = Vec::new();
    let mut problems = Vec::new();
    let mut used: Vec<String> = Vec::new();
    for method in methods {
        match one(ask, &written, method.as_ref(), methods.len() > 1, &mut used) {
            Ok(design) => chosen.push(design),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty()
        && methods.len() > 1
        && let Some(key) = ask.settings.keys().find(|key| !used.contains(key))
    {
        let known = chosen.iter().flat_map(|one| one.entry.keys()).collect::<Vec<_>>();
        let help = help_with_nearest(key, known.iter().map(String::as_str));
        let message = format!("none of these designs has a setting `{key}`");
        problems.push(Problem::error("K101", "", "", message, help));
    }
    problems.dedup();
    if problems.is_empty() { Ok(chosen) } else { Err(problems) }
}

/// Reads a file with a `[dose-finding]` table and, perhaps, scenarios.
fn read(name: &str, text: &str) -> Result<Written, Vec<Problem>> {
    let document = Document::parse(text, name)?;
    let log = Log::new(name);
    let top = Section::top(&log, &document.root);
    let mut written = Written { name: name.to_owned(), ..Written::default() };
    if let Some(section) = top.need_section("dose-finding") {
        written.table = alone(&section);
    }
    written.levels = match document.get("treatment.infusion.levels") {
        Some(Node { value: Value::List(levels), .. }) => Some(levels.len()),
        _ => None,
    };
    if let Some(field) = top.may("scenario") {
        written.scenarios = scenario::in_file(&field);
    }
    let problems = log.problems.into_inner();
    if any_error(&problems) { Err(problems) } else { Ok(written) }
}

fn one(
    ask: &Ask,
    written: &Written,
    method: Option<&String>,
    shares: bool,
    used: &mut Vec<String>,
) -> Result<Chosen, Problem> {
    let entry = entry(method, written)?;
    let keys = entry.keys();
    let own = format!("{}.", entry.name);
    // The settings of a file belong to the design that the file names.
    let is_of_file = written.table.method.as_deref().is_none_or(|name| name == entry.name);
    let mut settings = if is_of_file { written.table.settings.clone() } else { toml::Table::new() };
    let mut typed = Vec::new();
    for (key, value) in &ask.settings {
        let name = key.strip_prefix(&own).unwrap_or(key);
        let is_known = keys.iter().any(|known| known == name) || name == "rules";
        if shares && (!is_known || (key.contains('.') && name == key)) {
            continue;
        }
        used.push(key.clone());
        typed.push(name.to_owned());
        settings.insert(name.to_owned(), value.clone());
    }
    // The number of levels is a setting of designs with a model, and an option of every verb.
    let has_levels = keys.iter().any(|key| key == "levels") && settings.contains_key("half-width");
    if let Some(levels) = ask.levels.or(written.levels).filter(|_| has_levels)
        && !settings.contains_key("levels")
    {
        settings.insert(
            "levels".to_owned(),
            toml::Value::Integer(i64::try_from(levels).unwrap_or(i64::MAX)),
        );
    }
    let text = settings.to_string();
    let design = protocol::design_of(entry, &text).map_err(|error| {
        problem(&error, entry, &typed, (&written.name, ask.table_file.as_deref()))
    })?;
    let fixed = design.levels();
    let asked = ask.levels.or(fixed.or(written.levels));
    if let (Some(fixed), Some(asked)) = (fixed, asked)
        && fixed != asked
    {
        return Err(wrong_levels(entry.name, fixed, asked));
    }
    Ok(Chosen {
        entry,
        settings: in_force(entry, &settings),
        written: text,
        design,
        plan: plan(ask, written, asked)?,
        levels: asked,
        window_days: written.table.window_days,
        scenarios: written.scenarios.clone(),
    })
}

fn entry(method: Option<&String>, written: &Written) -> Result<&'static Entry, Problem> {
    let names = || design::ALL.iter().map(|entry| entry.name);
    let Some(name) = method.or(written.table.method.as_ref()) else {
        let message = "no design is named";
        let help = "write its name, such as `boin`; `cytotrial design list` has all of them";
        return Err(Problem::error("K102", written.name.clone(), "dose-finding", message, help));
    };
    let plain = name.to_lowercase();
    Entry::named(&plain).ok_or_else(|| {
        let help = match nearest(name, names()) {
            Some(_) => help_with_nearest(name, names()),
            None => "`cytotrial design list` has all of them".to_owned(),
        };
        Problem::error("N101", "", "", format!("no design is called `{name}`"), help)
    })
}

/// A design that is set for another number of levels.
pub(super) fn wrong_levels(name: &str, fixed: usize, asked: usize) -> Problem {
    let (message, help) = if fixed == 1 {
        let message = format!("`{name}` watches one dose, here are {asked}");
        (message, "give one level, or choose a design that finds a dose, such as `boin`")
    } else {
        let message = format!("`{name}` is set for {fixed} dose levels, here are {asked}");
        (message, "give the settings one value per dose level, and every level its counts or rates")
    };
    Problem::error("D105", "", "", message, help)
}

fn plan(ask: &Ask, written: &Written, levels: Option<usize>) -> Result<Plan, Problem> {
    let cohort = ask.cohort.or(written.table.cohort);
    let most = ask.max_patients.or(written.table.max_patients);
    let start = ask.start.unwrap_or(1);
    if start == 0 || levels.is_some_and(|levels| start > levels) {
        let message = match levels {
            Some(levels) => format!("the first cohort is to be at level {start} of {levels}"),
            None => "the first cohort is to be at level 0".to_owned(),
        };
        let help = "levels count from 1, the lowest";
        return Err(Problem::error("D106", "", "", message, help));
    }
    Ok(Plan {
        cohort: cohort.unwrap_or(COHORT),
        cohort_is_default: cohort.is_none(),
        max_patients: most.unwrap_or(MAX_PATIENTS),
        max_patients_is_default: most.is_none(),
        start,
    })
}

/// Every setting that the design can have, in the order of their names.
fn in_force(entry: &Entry, given: &toml::Table) -> Vec<Setting> {
    let mut bare = given.clone();
    let rules = bare.remove("rules");
    let table = (entry.in_force)(&bare.to_string()).unwrap_or_default();
    let mut values: BTreeMap<String, Setting> = BTreeMap::new();
    for key in entry.keys() {
        let value = table.get(&key).map_or_else(|| "off".to_owned(), shown);
        values.insert(key.clone(), Setting { given: given.contains_key(&key), key, value });
    }
    if let Some(rules) = rules {
        let key = "rules".to_owned();
        values.insert(key.clone(), Setting { key, value: rules.to_string(), given: true });
    }
    values.into_values().collect()
}

/// A value as a person writes it.
fn shown(value: &toml::Value) -> String {
    match value {
        // Digits beyond the twelfth are of binary fractions only.
        toml::Value::Float(number) => super::decimal(*number, 12),
        other => other.to_string(),
    }
}

/// A design's own complaint, at the place where the setting was written.
fn problem(
    error: &DesignError,
    entry: &Entry,
    typed: &[String],
    (file, table): (&str, Option<&str>),
) -> Problem {
    let place = |key: Option<&str>, mark: &str| match key {
        Some(key) if typed.iter().any(|typed| typed == key) => (String::new(), String::new()),
        _ if file.is_empty() => (String::new(), String::new()),
        Some(key) => (file.to_owned(), format!("dose-finding.{key}{mark}")),
        None => (file.to_owned(), "dose-finding".to_owned()),
    };
    let message = error.to_string();
    let (code, (file, path), message, help) = match error {
        DesignError::Limit { setting, found, .. } => {
            let code = if *setting == "target" { "D101" } else { "D102" };
            let help = if *found > 1.0 && *found < 100.0 && message.contains("it must be") {
                format!("a rate lies between 0 and 1: {}?", super::decimal(found / 100.0, 4))
            } else {
                "correct the setting".to_owned()
            };
            (code, place(Some(*setting), ""), message, help)
        }
        DesignError::Toml(_) => {
            let (code, key, message, help) = of_serde(&message, entry.name);
            let help = match code {
                "K102" => missing(&message, file.is_empty()).unwrap_or(help),
                _ => help,
            };
            (code, place(key.as_deref(), "!key"), message, help)
        }
        DesignError::Table { line, .. } => {
            let help = "write a header with `evaluable`, `escalate-at-most`, \
                        `de-escalate-at-least` and `eliminate-at-least`, and one row per number \
                        of patients";
            let at = match table {
                Some(table) => (table.to_owned(), format!("line.{line}")),
                None => place(Some("table"), ""),
            };
            ("D111", at, message, help.to_owned())
        }
        _ => ("D103", place(None, ""), message, "correct the settings".to_owned()),
    };
    Problem::error(code, file, path, message, help)
}

/// How a setting is given that is missing.
fn missing(message: &str, is_typed: bool) -> Option<String> {
    let key = message.split('`').nth(1)?;
    let option = match key {
        "target" | "toxicity-limit" | "response-limit" => format!("`--{key} 0.30`"),
        "skeleton" => "`--skeleton 0.05,0.15,0.30`".to_owned(),
        _ => format!("`--set {key}=...`"),
    };
    Some(if is_typed { format!("add {option}") } else { format!("add `{key} = ...`, or {option}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: &str, settings: &str) -> Ask {
        let settings = toml::from_str(settings).unwrap();
        Ask { method: Some(method.to_owned()), settings, ..Ask::default() }
    }

    #[test]
    fn options_stand_over_the_file_and_defaults_are_told() {
        let text = "[dose-finding]\nmethod = \"boin\"\ntarget = 0.25\nelimination = 0.9\n\
                    cohort = 4\nwindow = \"28 day\"\n";
        let file = Some(("design.toml".to_owned(), text.to_owned()));
        let chosen = choose(&Ask { method: None, file, ..ask("", "target = 0.3") }).unwrap();
        let value = |key: &str| {
            let setting = chosen.settings.iter().find(|setting| setting.key == key).unwrap();
            (setting.value.as_str(), setting.given)
        };
        assert_eq!(value("target"), ("0.3", true));
        assert_eq!(value("elimination"), ("0.9", true));
        assert_eq!(value("extra-safe"), ("false", false));
        assert_eq!(value("early-stop"), ("off", false));
        assert_eq!((chosen.plan.cohort, chosen.plan.cohort_is_default), (4, false));
        assert!(chosen.plan.told().contains("at most 30 patients (default)"));
        assert_eq!(chosen.window_days, Some(28.0));
    }

    #[test]
    fn settings_are_shared_by_the_designs_that_know_them() {
        let shared = ask("", "target = 0.25\nmargin-below = 0.04\n\"boin.elimination\" = 0.9");
        let methods = ["boin", "keyboard", "3+3"].map(|name| Some(name.to_owned()));
        let all = choose_all(&shared, &methods).unwrap();
        let value = |at: usize, key: &str| {
            let found = all[at].settings.iter().find(|setting| setting.key == key);
            found.map(|setting| setting.value.clone())
        };
        assert_eq!(value(0, "elimination").as_deref(), Some("0.9"));
        assert_eq!(value(1, "elimination").as_deref(), Some("0.95"));
        assert_eq!(value(1, "margin-below").as_deref(), Some("0.04"));
        assert_eq!(value(2, "target"), None);
        let wrong = ask("", "target = 0.25\nmargin-belw = 0.04");
        let problems = choose_all(&wrong, &methods).unwrap_err();
        assert!(problems[0].help.contains("`margin-below`"), "{problems:?}");
    }

    #[test]
    fn rules_stand_around_a_design() {
        let text = "target = 0.3\nrules = [{ rule = \"max-per-dose\", patients = 9 }]";
        let chosen = choose(&ask("boin", text)).unwrap();
        assert!(chosen.design.describe().contains("Patients at most at a dose: 9."));
        assert!(chosen.settings.iter().any(|setting| setting.key == "rules" && setting.given));
    }
}
