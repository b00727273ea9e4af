//! Why a record was found: the piece, how the term stands there, and the words around it.

use serde_json::Value;

use super::bind::{Leaf, Node, Test, weights};
use super::evaluate::kilometres_between;
use super::terms::{APART, SCATTERED, Terms, Way};
use crate::expression::Coverage;
use crate::fields::{Field, Kind};
use crate::record::Record;
use crate::segment::write::whole;
use crate::text::words;
use crate::{enums, headings, values, walk};

/// One reason why a record was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The piece.
    pub piece: &'static str,
    /// The term as it was asked.
    pub term: String,
    /// How it stands there: `term`, `synonym`, `words apart`, `words in several pieces`, `value`.
    pub how: &'static str,
    /// Whether the heading was derived from the record's own words.
    pub is_derived: bool,
    /// The value, or the words around the place in a long one.
    pub quote: String,
    /// Weight of the piece times the quality of the match.
    pub weight: f64,
}

/// A text that is looked at.
struct Looked {
    node: usize,
    piece: &'static str,
    text: String,
    words: Vec<(String, u32)>,
    count: u32,
}

/// The reasons, strongest first, at most five per term.
pub(crate) fn why(root: &Node, record: &Record) -> Vec<Evidence> {
    let mut found = Vec::new();
    collect(root, &record.json, &mut found);
    found.sort_by(|a: &Evidence, b| b.weight.total_cmp(&a.weight));
    found
}

fn collect(node: &Node, json: &Value, found: &mut Vec<Evidence>) {
    match node {
        Node::All | Node::Nothing | Node::Not(_) => {}
        Node::And(parts) | Node::Or(parts) => {
            for part in parts {
                collect(part, json, found);
            }
        }
        Node::Location(inner) | Node::Tilt(_, _, inner) => collect(inner, json, found),
        Node::Leaf(leaf) => {
            let mut own = of_leaf(leaf, json);
            own.sort_by(|a, b| b.weight.total_cmp(&a.weight));
            own.truncate(5);
            found.extend(own);
        }
    }
}

fn of_leaf(leaf: &Leaf, json: &Value) -> Vec<Evidence> {
    let value = |field: &'static Field, term: &str, quote: String| Evidence {
        piece: field.piece,
        term: term.to_owned(),
        how: "value",
        is_derived: false,
        quote,
        weight: 1.0,
    };
    let mut found = Vec::new();
    match &leaf.test {
        Test::Words(terms) => return of_words(leaf, terms, json),
        Test::Missing => {
            found.extend(
                leaf.targets.first().map(|target| value(target.field, "MISSING", String::new())),
            );
        }
        Test::Range(interval) => each_text(leaf, json, |field, text| {
            let number = match field.kind {
                Kind::Date => values::date(&text),
                Kind::Time => values::age(&text),
                _ => values::number(&text),
            };
            if number.is_some_and(|number| number.is_within(*interval)) {
                found.push(value(field, "RANGE", text));
            }
        }),
        Test::Size(size) => {
            found.extend(
                leaf.targets.first().map(|target| value(target.field, "size", size.to_string())),
            );
        }
        Test::Distance(north, east, kilometres) => walk::visit(json, &mut |field, _, place| {
            let degrees = |key| place.get(key).and_then(Value::as_f64);
            if let (Kind::Place, Some(lat), Some(lon)) =
                (field.kind, degrees("lat"), degrees("lon"))
            {
                let far = kilometres_between(lat, lon, *north, *east);
                if far <= *kilometres {
                    found.push(value(field, "DISTANCE", format!("{far:.1} km")));
                }
            }
        }),
    }
    found
}

fn each_text(leaf: &Leaf, json: &Value, mut see: impl FnMut(&'static Field, String)) {
    walk::visit(json, &mut |field, _, value| {
        if leaf.targets.iter().any(|target| target.node == field.index) {
            match value {
                Value::String(text) => see(field, text.clone()),
                Value::Number(_) | Value::Bool(_) => see(field, value.to_string()),
                _ => {}
            }
        }
    });
}

/// The texts of the pieces of a leaf, with their words as the index has them.
fn looked(leaf: &Leaf, json: &Value) -> Vec<Looked> {
    let (weights, _) = weights(leaf);
    let mut found = Vec::new();
    walk::visit(json, &mut |field, _, value| {
        if weights[field.index] <= 0.0 {
            return;
        }
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return,
        };
        if matches!(field.kind, Kind::Enum | Kind::Boolean) {
            let words = vec![(whole(&text), 0)];
            found.push(Looked {
                node: field.index,
                piece: field.piece,
                text: text.clone(),
                words,
                count: 1,
            });
        }
        match field.kind {
            Kind::Boolean | Kind::Date | Kind::Number => {}
            Kind::Enum => {
                let shown = enums::shown(field.type_name.trim_end_matches("[]"), &text);
                found.push(look(field.index, field.piece, &shown));
            }
            _ => found.push(look(field.index, field.piece, &text)),
        }
    });
    for (node, _, term) in headings::derived(json) {
        if weights[node] > 0.0 {
            let piece = headings::DERIVED[node - crate::fields::all().len()];
            found.push(look(node, piece, term));
        }
    }
    found
}

fn look(node: usize, piece: &'static str, text: &str) -> Looked {
    let mut found = Vec::new();
    let count = words(text, |word, place| found.push((word.to_owned(), place)));
    Looked { node, piece, text: text.to_owned(), words: found, count }
}

impl Looked {
    /// The place of the first word where a way stands.
    fn place(&self, way: &Way, coverage: Coverage) -> Option<u32> {
        let first = way.words.first()?;
        let starts = self.words.iter().filter(|(word, _)| word == first).map(|(_, place)| *place);
        let stands = |start: &u32| {
            (1..).zip(&way.words[1..]).all(|(index, wanted)| {
                self.words.iter().any(|(word, place)| *place == start + index && word == wanted)
            })
        };
        let end = way.words.len() as u32;
        let covers = |start: &u32| match coverage {
            Coverage::Contains => true,
            Coverage::StartsWith => *start == 0,
            Coverage::EndsWith => start + end == self.count,
            Coverage::FullMatch => *start == 0 && end == self.count,
        };
        starts.filter(covers).find(stands)
    }

    fn evidence(&self, terms: &Terms, how: &'static str, weight: f32, place: u32) -> Evidence {
        Evidence {
            piece: self.piece,
            term: terms.text.clone(),
            how,
            is_derived: self.node >= crate::fields::all().len(),
            quote: around(&self.text, place),
            weight: f64::from(weight),
        }
    }
}

fn of_words(leaf: &Leaf, terms: &Terms, json: &Value) -> Vec<Evidence> {
    let (weights, synonyms) = weights(leaf);
    let looked = looked(leaf, json);
    let mut found = Vec::new();
    for text in &looked {
        let ways = terms.ways.iter().filter(|way| !way.is_synonym || synonyms[text.node]);
        let best = ways.filter_map(|way| Some((way, text.place(way, terms.coverage)?)));
        let best = best.max_by(|a, b| a.0.quality.total_cmp(&b.0.quality));
        if let Some((way, place)) = best {
            let how = if way.is_synonym { "synonym" } else { "term" };
            found.push(text.evidence(terms, how, weights[text.node] * way.quality, place));
        }
    }
    if found.is_empty() && !terms.parts.is_empty() {
        found = apart(terms, &looked, &weights, &synonyms);
    }
    found
}

/// Where the parts of a term stand when it does not stand as a whole.
fn apart(terms: &Terms, looked: &[Looked], weights: &[f32], synonyms: &[bool]) -> Vec<Evidence> {
    let part_in = |part: &[Way], text: &Looked| {
        let mut ways = part.iter().filter(|way| !way.is_synonym || synonyms[text.node]);
        ways.find_map(|way| text.place(way, Coverage::Contains))
    };
    let mut found = Vec::new();
    for text in looked {
        // Parts may stand in different values of the same piece.
        let same = || looked.iter().filter(|other| other.node == text.node);
        let is_all =
            terms.parts.iter().all(|part| same().any(|other| part_in(part, other).is_some()));
        let place = terms.parts.iter().find_map(|part| part_in(part, text));
        if is_all && let Some(place) = place {
            found.push(text.evidence(terms, "words apart", weights[text.node] * APART, place));
        }
    }
    if !found.is_empty() {
        return found;
    }
    let mut is_all = true;
    for part in &terms.parts {
        let best = looked.iter().filter_map(|text| Some((text, part_in(part, text)?)));
        let best = best.max_by(|a, b| weights[a.0.node].total_cmp(&weights[b.0.node]));
        is_all &= best.is_some();
        found.extend(best.map(|(text, place)| {
            text.evidence(terms, "words in several pieces", weights[text.node] * SCATTERED, place)
        }));
    }
    if is_all || terms.is_lossy { found } else { Vec::new() }
}

/// Whether a term stands letter by letter in a piece of a leaf.
pub(crate) fn stands_exactly(json: &Value, leaf: &Leaf, terms: &Terms) -> bool {
    let mut stands = false;
    let is_edge = |letter: Option<char>| !letter.is_some_and(char::is_alphanumeric);
    each_text(leaf, json, |_, text| {
        let wanted = terms.text.as_str();
        let full = text == wanted;
        stands |= match terms.coverage {
            Coverage::FullMatch => full,
            Coverage::StartsWith => {
                text.strip_prefix(wanted).is_some_and(|rest| is_edge(rest.chars().next()))
            }
            Coverage::EndsWith => {
                text.strip_suffix(wanted).is_some_and(|rest| is_edge(rest.chars().next_back()))
            }
            Coverage::Contains => text.match_indices(wanted).any(|(at, _)| {
                is_edge(text[..at].chars().next_back())
                    && is_edge(text[at + wanted.len()..].chars().next())
            }),
        };
    });
    stands
}

/// Letters of a quote.
const QUOTE: usize = 160;

/// The words of a text around the one at a place.
fn around(text: &str, place: u32) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= QUOTE {
        return text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    // The places count words as the index does; blanks are near enough for a quote.
    let share = place as usize;
    let mut at = 0;
    let mut seen = 0;
    for (index, pair) in letters.windows(2).enumerate() {
        if !pair[0].is_alphanumeric() && pair[1].is_alphanumeric() {
            seen += 1;
        }
        if seen >= share {
            at = index;
            break;
        }
    }
    let start = at.saturating_sub(QUOTE / 3);
    let end = (start + QUOTE).min(letters.len());
    let cut: String = letters[start..end].iter().collect();
    let words = cut.split_whitespace().collect::<Vec<_>>().join(" ");
    let front = if start > 0 { "... " } else { "" };
    let back = if end < letters.len() { " ..." } else { "" };
    format!("{front}{words}{back}")
}
