//! A record as a plain table of values, and whether an expression holds for it.

use std::collections::BTreeMap;

use cytotrial_registry::fields::{self, Field, Kind};
use cytotrial_registry::mesh::{self, Descriptor};
use cytotrial_registry::{Record, areas, enums};
use serde_json::Value;

use super::made::Asked;
use super::words::{is_hyphen, places, plain_words, stand_in};

/// Words by their places, for each value.
type Texts = Vec<Vec<Vec<String>>>;

/// A record.
pub(crate) struct Study {
    pub(crate) id: String,
    /// Values of each piece that has any.
    values: BTreeMap<&'static str, Vec<String>>,
    /// The same as words, where they are searched as words.
    words: BTreeMap<&'static str, Texts>,
    /// Each location by itself.
    locations: Vec<Self>,
}

/// Headings by the words of their names, and by their places in the tree.
pub(crate) struct Headings {
    by_words: BTreeMap<Vec<String>, &'static Descriptor>,
    by_tree: BTreeMap<&'static str, &'static Descriptor>,
}

impl Headings {
    pub(crate) fn read() -> Self {
        let (mut by_words, mut by_tree) = (BTreeMap::new(), BTreeMap::new());
        for heading in mesh::all() {
            for term in &heading.entry_terms {
                by_words.entry(plain_words(term)).or_insert(heading);
            }
        }
        for heading in mesh::all() {
            by_words.insert(plain_words(&heading.name), heading);
            by_tree.extend(heading.trees.iter().map(|tree| (tree.as_str(), heading)));
        }
        by_words.remove(&Vec::new());
        Self { by_words, by_tree }
    }

    /// The longest headings in a row of words, from front to back: begin, end, heading.
    fn within(&self, words: &[String]) -> Vec<(usize, usize, &'static Descriptor)> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < words.len() {
            let ends = (at + 1..=words.len().min(at + 8)).rev();
            let longest =
                ends.into_iter().find_map(|end| Some((end, self.by_words.get(&words[at..end])?)));
            match longest {
                Some((end, heading)) => {
                    found.push((at, end, *heading));
                    at = end;
                }
                None => at += 1,
            }
        }
        found
    }

    fn above(&self, heading: &Descriptor) -> Vec<&'static Descriptor> {
        let above = |tree: &String| {
            let ends = tree.match_indices('.').map(|(end, _)| tree[..end].to_owned());
            ends.collect::<Vec<String>>()
        };
        let trees = heading.trees.iter().flat_map(above);
        trees.filter_map(|tree| self.by_tree.get(tree.as_str()).copied()).collect()
    }
}

/// Every value at a path, lists walked.
fn values<'a>(json: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = vec![json];
    for key in path.split('.').filter(|key| !key.is_empty()) {
        let below = found.into_iter().filter_map(|value| value.get(key));
        found = below
            .flat_map(|value| match value {
                Value::Array(items) => items.iter().collect(),
                other => vec![other],
            })
            .filter(|value| !value.is_null())
            .collect();
    }
    found
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

const LOCATIONS: &str = "protocolSection.contactsLocationsModule.locations";

impl Study {
    /// A record, with the pieces of the areas that are searched.
    pub(crate) fn new(record: &Record, headings: &Headings) -> Self {
        let mut study = Self::table(&record.json, "", &record.key.id);
        for location in values(&record.json, LOCATIONS) {
            study.locations.push(Self::table(location, LOCATIONS, ""));
        }
        study.derive(headings);
        study
    }

    fn table(json: &Value, below: &str, id: &str) -> Self {
        let mut study = Self {
            id: id.to_owned(),
            values: BTreeMap::new(),
            words: BTreeMap::new(),
            locations: Vec::new(),
        };
        for field in fields::all().iter().filter(|field| field.is_leaf()) {
            let Some(path) = field.path.strip_prefix(below) else { continue };
            let found: Vec<String> = values(json, path).into_iter().map(shown).collect();
            if found.is_empty() {
                continue;
            }
            let is_searched = super::made::PIECES.contains(&field.piece)
                || areas::all().iter().any(|area| {
                    super::made::AREAS.contains(&area.name)
                        && area.parts.iter().any(|part| part.field.piece == field.piece)
                });
            let name = field.type_name.trim_end_matches("[]");
            let words = match field.kind {
                Kind::Boolean | Kind::Date | Kind::Number => None,
                Kind::Enum => {
                    Some(found.iter().map(|value| places(&enums::shown(name, value))).collect())
                }
                _ => Some(found.iter().map(|value| places(value)).collect()),
            };
            if let Some(words) = words.filter(|_| is_searched) {
                study.words.insert(field.piece, words);
            }
            study.values.insert(field.piece, found);
        }
        study
    }

    /// Headings that the record does not carry, from its conditions, interventions or title.
    fn derive(&mut self, headings: &Headings) {
        for (kind, own, module) in [
            ("Condition", "Condition", "conditionBrowseModule"),
            ("Intervention", "InterventionName", "interventionBrowseModule"),
        ] {
            let start = format!("derivedSection.{module}.");
            let is_carried = |field: &&Field| field.path.starts_with(&start);
            let mut carried = fields::all().iter().filter(is_carried);
            if carried.any(|field| self.values.contains_key(field.piece)) {
                continue;
            }
            let mut texts = self.values.get(own).cloned().unwrap_or_default();
            if texts.is_empty() && kind == "Condition" {
                texts = self.values.get("BriefTitle").cloned().unwrap_or_default();
            }
            let mut found: BTreeMap<&str, &Descriptor> = BTreeMap::new();
            let mut above: BTreeMap<&str, &Descriptor> = BTreeMap::new();
            for text in texts.iter().take(200) {
                for (_, _, heading) in headings.within(&plain_words(text)) {
                    if found.insert(&heading.id, heading).is_none() {
                        above.extend(
                            headings.above(heading).into_iter().map(|one| (one.id.as_str(), one)),
                        );
                    }
                }
            }
            above.retain(|id, _| !found.contains_key(id));
            let piece = |end: &str| {
                let wanted = format!("{kind}{end}");
                fields::by_piece(&wanted).expect("a piece of the model").piece
            };
            let words = |from: BTreeMap<&str, &Descriptor>| -> Texts {
                from.values().map(|heading| places(&heading.name)).collect()
            };
            // They stand for the pieces in areas only.
            self.words.insert(leaked(piece("MeshTerm")), words(found));
            self.words.insert(leaked(piece("AncestorTerm")), words(above));
        }
    }

    /// Whether an expression holds.
    pub(crate) fn fits(&self, asked: &Asked, headings: &Headings) -> bool {
        let has = |piece: &str| self.values.contains_key(piece);
        match asked {
            Asked::And(parts) => parts.iter().all(|part| self.fits(part, headings)),
            Asked::Or(parts) => parts.iter().any(|part| self.fits(part, headings)),
            Asked::Not(part) => !self.fits(part, headings),
            Asked::InLocation(inside) => {
                self.locations.iter().any(|one| one.fits(inside, headings))
            }
            Asked::Missing(piece) => !has(piece),
            Asked::Size(piece, size) => self.values.get(piece).map_or(0, Vec::len) == *size,
            Asked::Value(piece, value) => {
                self.values.get(piece).is_some_and(|values| values.contains(value))
            }
            Asked::Range(piece, low, high) => {
                let field = fields::by_piece(piece).expect("a piece of the model");
                let end = |text: &Option<String>| text.as_ref().map(|text| interval(field, text));
                let (low, high) = (end(low).flatten(), end(high).flatten());
                let inside = |value: &String| {
                    let Some(value) = interval(field, value) else { return false };
                    low.as_ref().is_none_or(|low| low.0 <= value.0)
                        && high.as_ref().is_none_or(|high| value.1 <= high.1)
                };
                self.values.get(piece).is_some_and(|values| values.iter().any(inside))
            }
            Asked::Term { place, text, is_phrase } => {
                self.has_term(place.unwrap_or("BasicSearch"), text, *is_phrase, headings)
            }
        }
    }

    fn has_term(&self, place: &str, text: &str, is_phrase: bool, headings: &Headings) -> bool {
        let targets: Vec<(String, bool)> = if super::made::AREAS.contains(&place) {
            let area = areas::by_name(place).expect("an area");
            let target = |part: &areas::Part| {
                let piece = part.field.piece.to_owned();
                [(piece.clone(), part.has_synonyms), (format!("~{piece}"), part.has_synonyms)]
            };
            area.parts.iter().flat_map(target).collect()
        } else {
            let field = fields::by_piece(place).expect("a piece of the model");
            vec![(place.to_owned(), field.has_synonyms)]
        };
        let stands = |ways: &[(Vec<String>, bool)]| {
            targets.iter().any(|(piece, has_synonyms)| {
                let ways = || ways.iter().filter(|(_, is_synonym)| !is_synonym || *has_synonyms);
                let texts = self.words.get(piece.as_str()).map_or(&[][..], Vec::as_slice);
                texts.iter().any(|text| ways().any(|(words, _)| stand_in(words, text)))
            })
        };
        let finds_synonyms = targets.iter().any(|(_, has_synonyms)| *has_synonyms);
        let whole = plain_words(text);
        if stands(&ways(&whole, text, finds_synonyms, headings)) {
            return true;
        }
        let parts = parts(text, finds_synonyms, headings);
        !is_phrase && parts.len() > 1 && parts.iter().all(|ways| stands(ways))
    }
}

/// A name of derived headings; the leak is that of four names.
fn leaked(piece: &str) -> &'static str {
    match piece {
        "ConditionMeshTerm" => "~ConditionMeshTerm",
        "ConditionAncestorTerm" => "~ConditionAncestorTerm",
        "InterventionMeshTerm" => "~InterventionMeshTerm",
        _ => "~InterventionAncestorTerm",
    }
}

/// Words to be found side by side, and whether they are a synonym's.
type Ways = Vec<(Vec<String>, bool)>;

fn ways(words: &[String], text: &str, finds_synonyms: bool, headings: &Headings) -> Ways {
    let mut ways = vec![(words.to_vec(), false)];
    let is_one_word = |letter: char| {
        letter.is_alphanumeric() || is_hyphen(Some(&letter)) || "'\u{2019}".contains(letter)
    };
    let compound = places(text).first().and_then(|first| first.get(1)).cloned();
    if let Some(compound) = compound.filter(|_| text.trim().chars().all(is_one_word)) {
        ways.push((vec![compound], false));
    }
    if let Some(heading) = headings.by_words.get(words).filter(|_| finds_synonyms) {
        let names = heading.entry_terms.iter().chain([&heading.name]);
        ways.extend(names.map(|name| (plain_words(name), true)));
    }
    ways
}

/// What may stand apart: names of headings that cut no word, and all other words.
fn parts(text: &str, finds_synonyms: bool, headings: &Headings) -> Vec<Ways> {
    let groups: Vec<Vec<String>> =
        text.split_whitespace().map(plain_words).filter(|words| !words.is_empty()).collect();
    let words: Vec<String> = groups.concat();
    let mut edges = vec![0];
    for group in &groups {
        edges.push(edges[edges.len() - 1] + group.len());
    }
    let mut names: Vec<(usize, usize)> = Vec::new();
    if finds_synonyms {
        let found = headings.within(&words).into_iter().map(|(from, to, _)| (from, to));
        let is_name = |(from, to): &(usize, usize)| {
            edges.contains(from) && edges.contains(to) && to - from > 1 && to - from < words.len()
        };
        names = found.filter(is_name).collect();
    }
    let mut parts: Vec<Ways> = Vec::new();
    let mut at = 0;
    while at + 1 < edges.len() {
        let from = edges[at];
        let name = names.iter().find(|(start, _)| *start == from);
        let to = name.map_or(edges[at + 1], |(_, end)| *end);
        let is_group = to == edges[at + 1];
        let joined = words[from..to].join(if is_group { "-" } else { " " });
        let part = ways(&words[from..to], &joined, finds_synonyms, headings);
        if !parts.contains(&part) {
            parts.push(part);
        }
        at = edges.iter().position(|edge| *edge == to).unwrap_or(edges.len());
    }
    parts
}

/// The first and the last moment that a value denotes, in the unit of its kind.
fn interval(field: &Field, text: &str) -> Option<(i64, i64)> {
    match field.kind {
        Kind::Date => {
            let parts: Option<Vec<i64>> =
                text.split('T').next()?.split('-').map(|part| part.parse().ok()).collect();
            // Days need not be real ones to be compared.
            let day = |year: i64, month: i64, day: i64| (year * 12 + month) * 31 + day;
            match parts?[..] {
                [year] => Some((day(year, 1, 1), day(year, 12, 31))),
                [year, month] => Some((day(year, month, 1), day(year, month, last(year, month)))),
                [year, month, of] => Some((day(year, month, of), day(year, month, of))),
                _ => None,
            }
        }
        Kind::Time => {
            let (number, unit) = text.split_once(' ')?;
            // A year has 365.25 days.
            let minutes = match unit.trim_end_matches('s').to_lowercase().as_str() {
                "year" => 525_960,
                "month" => 525_960 / 12,
                "week" => 7 * 24 * 60,
                "day" => 24 * 60,
                "hour" => 60,
                _ => 1,
            };
            number.parse::<i64>().ok().map(|number| (number * minutes, number * minutes))
        }
        _ => text.parse().ok().map(|number| (number, number)),
    }
}

fn last(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
