//! What the texts of a record state of its design, as values of a protocol with their quotations.

use registry::extract::{self, Given, Parameter, Per, Source, Typed};

use crate::record::Record;

/// Everything that was read.
pub(super) struct Stated(Vec<Parameter>);

/// A value as TOML and its entry in `[source]`.
pub(super) type Sourced = (String, String);

impl Stated {
    pub(super) fn of(record: &Record) -> Self {
        Self(extract::of(&record.json))
    }

    fn values(&self, name: &str) -> &[Given] {
        let parameter = self.0.iter().find(|parameter| parameter.name == name);
        parameter.map(|parameter| parameter.values.as_slice()).unwrap_or_default()
    }

    /// Dose levels where all are single numbers in one unit, rising.
    pub(super) fn levels(&self) -> Option<Sourced> {
        let mut levels: Vec<(f64, Per)> = Vec::new();
        let given = self.values("dose-levels");
        for value in given {
            let Typed::Cells(quantity) = &value.value else { return None };
            levels.push((quantity.low, quantity.per));
            if quantity.low < quantity.high || quantity.per == Per::SquareMetre {
                return None;
            }
        }
        let unit = levels.first()?.1;
        levels.sort_by(|a, b| a.0.total_cmp(&b.0));
        let is_one_unit = levels.iter().all(|(_, per)| *per == unit);
        let shown: Vec<String> =
            levels.iter().map(|(cells, per)| format!("\"{cells:e} {}\"", per.unit())).collect();
        is_one_unit.then(|| (format!("[{}]", shown.join(", ")), stated(given)))
    }

    /// Days of infusion, the first of them moved to 0.
    pub(super) fn days(&self) -> Option<Sourced> {
        let given = self.values("schedule");
        match &given.first()?.value {
            Typed::Days { days } => {
                let first = *days.first()?;
                let moved: Vec<String> = days.iter().map(|day| (day - first).to_string()).collect();
                let source = stated(given);
                let source = match first {
                    0 => source,
                    _ => {
                        source.replacen("stated:", "derived: the first infusion is day 0 here:", 1)
                    }
                };
                Some((format!("[{}]", moved.join(", ")), source))
            }
            Typed::Text { .. } => Some(("[0]".to_owned(), stated(given))),
            _ => None,
        }
    }

    /// A whole table of lymphodepletion where both usual drugs have dose and days.
    pub(super) fn lymphodepletion(&self) -> Option<(Vec<(&'static str, String)>, String)> {
        let given = self.values("lymphodepletion");
        let of = |name: &str| {
            given.iter().find_map(|given| match &given.value {
                Typed::Drug { drug, dose: Some((dose, "mg/m2")), days }
                    if *drug == name && !days.is_empty() =>
                {
                    Some((*dose, days.clone()))
                }
                _ => None,
            })
        };
        let (fludarabine, days) = of("fludarabine")?;
        let (cyclophosphamide, others) = of("cyclophosphamide")?;
        if days != others {
            return None;
        }
        let days: Vec<String> = days.iter().map(i32::to_string).collect();
        let lines = vec![
            ("days", format!("[{}]", days.join(", "))),
            ("fludarabine", format!("\"{fludarabine} mg/m2\"")),
            ("cyclophosphamide", format!("\"{cyclophosphamide} mg/m2\"")),
        ];
        Some((lines, stated(given)))
    }

    /// The window of dose-limiting toxicity.
    pub(super) fn window(&self) -> Option<Sourced> {
        let given = self.values("dlt-window");
        match &given.first()?.value {
            Typed::Number { number, .. } => Some((format!("\"{number:.0} day\""), stated(given))),
            _ => None,
        }
    }

    /// A limit of eligibility as a criterion, e.g. `ecog <= 1`.
    pub(super) fn criterion(&self, name: &str, variable: &str) -> Option<Sourced> {
        let given = self.values(name);
        match &given.first()?.value {
            Typed::Limit { sign, number, .. } => {
                Some((format!("{variable} {sign} {number}"), stated(given)))
            }
            _ => None,
        }
    }

    /// What a design needs and the record leaves open, in words.
    pub(super) fn open(&self) -> Vec<&'static str> {
        const NEEDED: &[&str] = &[
            "arms",
            "participants",
            "dose-levels",
            "schedule",
            "lymphodepletion",
            "escalation",
            "dlt-window",
            "primary-endpoints",
            "performance-status",
            "prior-lines",
        ];
        let open = self
            .0
            .iter()
            .filter(|parameter| parameter.values.is_empty() && NEEDED.contains(&parameter.name));
        open.map(|parameter| parameter.title).collect()
    }
}

/// The sentences behind values, each once; a field by its value.
fn stated(given: &[Given]) -> String {
    let mut quotes: Vec<String> = Vec::new();
    for given in given {
        let quote = match &given.source {
            Source::Quote { sentence, .. } => sentence.trim_end_matches(';').replace(';', " ..."),
            Source::Field { path } => return format!("derived: {} at {path}", given.value.text()),
            Source::Derived { how } => return format!("derived: {how}"),
        };
        if !quotes.contains(&quote) {
            quotes.push(quote);
        }
    }
    format!("stated: {}", quotes.join(" ... "))
}
