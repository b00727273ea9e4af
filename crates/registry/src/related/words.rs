//! Words of a record with their weights: fields count differently, repeats saturate.
//!
//! Weights and saturation were chosen on half of the topics of `see_also_coeligible.tsv` and looked at
//! on the other half. Eligibility criteria are not read: they name what patients must not have, and
//! with them the ranking was worse on both halves.
//!
//! Robertson, Zaragoza and Taylor, CIKM 2004:42-49 (BM25F).

use std::sync::LazyLock;

use serde_json::Value;

/// A part of a record that is compared.
struct Field {
    /// Words where the part is not empty, on average over some 14,000 records.
    usual_length: f32,
    /// Where its texts stand below `protocolSection`; lists are walked.
    paths: &'static [&'static str],
}

/// Titles, conditions, interventions, keywords, summary, outcomes, description, criteria.
const FIELDS: [Field; 8] = [
    Field {
        usual_length: 21.0,
        paths: &[
            "identificationModule.briefTitle",
            "identificationModule.officialTitle",
            "identificationModule.acronym",
        ],
    },
    Field { usual_length: 6.0, paths: &["conditionsModule.conditions"] },
    Field {
        usual_length: 6.0,
        paths: &[
            "armsInterventionsModule.interventions.name",
            "armsInterventionsModule.interventions.otherNames",
        ],
    },
    Field { usual_length: 22.0, paths: &["conditionsModule.keywords"] },
    Field { usual_length: 93.0, paths: &["descriptionModule.briefSummary"] },
    Field {
        usual_length: 60.0,
        paths: &[
            "outcomesModule.primaryOutcomes.measure",
            "outcomesModule.secondaryOutcomes.measure",
        ],
    },
    Field { usual_length: 277.0, paths: &["descriptionModule.detailedDescription"] },
    Field { usual_length: 211.0, paths: &["eligibilityModule.eligibilityCriteria"] },
];

/// How words are weighed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Profile {
    /// Weights of titles, conditions, interventions, keywords, summary, outcomes, description and
    /// criteria; a part without weight is not read.
    pub fields: [f32; 8],
    /// Where repeats saturate: the weighted frequency that counts one half.
    pub saturation: f32,
}

impl Profile {
    /// What stores are made with.
    pub const OURS: Self =
        Self { fields: [3.0, 4.0, 2.0, 2.0, 1.5, 0.7, 0.5, 0.0], saturation: 6.0 };
    /// A usual choice, for comparison: criteria are read and repeats saturate early.
    pub const USUAL: Self =
        Self { fields: [3.0, 4.0, 4.0, 2.0, 1.5, 0.7, 0.5, 0.4], saturation: 1.2 };
}

impl Default for Profile {
    fn default() -> Self {
        Self::OURS
    }
}

/// How much the length of a field takes from its words.
const LENGTH: f32 = 0.5;

/// Words that say nothing about a trial, in alphabetical order.
const EMPTY: &[&str] = &[
    "about",
    "after",
    "all",
    "also",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "been",
    "before",
    "being",
    "between",
    "both",
    "but",
    "by",
    "can",
    "clinical",
    "could",
    "did",
    "do",
    "does",
    "during",
    "each",
    "either",
    "evaluate",
    "evaluation",
    "following",
    "for",
    "from",
    "had",
    "has",
    "have",
    "his",
    "how",
    "if",
    "in",
    "include",
    "included",
    "including",
    "into",
    "is",
    "it",
    "its",
    "may",
    "more",
    "most",
    "must",
    "no",
    "non",
    "not",
    "of",
    "on",
    "only",
    "or",
    "other",
    "our",
    "out",
    "over",
    "participant",
    "patient",
    "per",
    "purpose",
    "should",
    "so",
    "some",
    "study",
    "subject",
    "such",
    "than",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "to",
    "trial",
    "two",
    "under",
    "up",
    "use",
    "used",
    "using",
    "was",
    "we",
    "were",
    "what",
    "when",
    "where",
    "whether",
    "which",
    "while",
    "who",
    "will",
    "with",
    "within",
    "without",
    "would",
];

/// Calls `found` with every word of a text, small and lightly stemmed.
pub(crate) fn each(text: &str, scratch: &mut String, found: &mut dyn FnMut(&str)) {
    let mut letters = text.chars();
    loop {
        scratch.clear();
        let mut is_more = false;
        for letter in letters.by_ref() {
            if letter.is_alphanumeric() {
                if letter.is_ascii() {
                    scratch.push(letter.to_ascii_lowercase());
                } else {
                    scratch.extend(letter.to_lowercase());
                }
            } else {
                is_more = true;
                break;
            }
        }
        stem(scratch);
        let is_short = scratch.len() < 2 || scratch.len() > 40;
        if !is_short && !is_empty(scratch) {
            found(scratch);
        }
        if !is_more {
            return;
        }
    }
}

/// Where the empty words with a first letter begin and end.
static EMPTY_BY_LETTER: LazyLock<[(usize, usize); 26]> = LazyLock::new(|| {
    std::array::from_fn(|place| {
        let letter = b'a' + place as u8;
        let before = |other: u8| EMPTY.partition_point(|word| word.as_bytes()[0] < other);
        (before(letter), before(letter + 1))
    })
});

fn is_empty(word: &str) -> bool {
    let first = word.as_bytes()[0].wrapping_sub(b'a');
    let bounds = EMPTY_BY_LETTER.get(usize::from(first));
    bounds.is_some_and(|(start, end)| EMPTY[*start..*end].contains(&word))
}

/// Plurals become singulars; nothing else is touched.
fn stem(word: &mut String) {
    let length = word.len();
    if length < 4 || !word.ends_with('s') {
        return;
    }
    if word.ends_with("ies") && length > 4 {
        word.truncate(length - 3);
        word.push('y');
    } else if !(word.ends_with("ss") || word.ends_with("us") || word.ends_with("is")) {
        word.truncate(length - 1);
    }
}

/// Gives every word a number, in order of first sight. The order of nothing else depends on it.
#[derive(Debug, Default)]
pub(crate) struct Lexicon {
    words: Vec<Box<str>>,
    /// Open addresses: a number plus one, or 0 for empty. The length is a power of two.
    slots: Vec<u32>,
}

impl Lexicon {
    /// The number of a word, which is made where there is none.
    pub(crate) fn number(&mut self, word: &str) -> u32 {
        if self.words.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let slot = self.slot(word);
        if self.slots[slot] == 0 {
            self.words.push(word.into());
            self.slots[slot] = self.words.len() as u32;
        }
        self.slots[slot] - 1
    }

    /// The words by their numbers.
    pub(crate) fn words(&self) -> &[Box<str>] {
        &self.words
    }

    fn slot(&self, word: &str) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash(word.as_bytes()) as usize & mask;
        while self.slots[slot] != 0 && &*self.words[self.slots[slot] as usize - 1] != word {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        self.slots = vec![0; (self.slots.len() * 2).max(1024)];
        for number in 0..self.words.len() {
            let word = self.words[number].clone();
            let slot = self.slot(&word);
            self.slots[slot] = number as u32 + 1;
        }
    }
}

/// Fowler, Noll and Vo's hash, 64 bits, variant 1a, its halves mixed.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^ (hash >> 32)
}

/// The words of a record: number and saturated frequency in (0, 1), in order of number.
pub(crate) fn of(
    record: &Value,
    profile: &Profile,
    number: &mut dyn FnMut(&str) -> u32,
) -> Vec<(u32, f32)> {
    let mut all: Vec<(u32, f32)> = Vec::new();
    let mut scratch = String::new();
    let mut here: Vec<u32> = Vec::new();
    for (field, weight) in FIELDS.iter().zip(profile.fields) {
        if weight <= 0.0 {
            continue;
        }
        here.clear();
        for path in field.paths {
            each_text(record, path, &mut |text| {
                each(text, &mut scratch, &mut |word| here.push(number(word)));
            });
        }
        let length = 1.0 - LENGTH + LENGTH * here.len() as f32 / field.usual_length;
        here.sort_unstable();
        for run in here.chunk_by(|a, b| a == b) {
            all.push((run[0], weight * run.len() as f32 / length));
        }
    }
    all.sort_by_key(|(word, _)| *word);
    let merge = |run: &[(u32, f32)]| {
        let frequency: f32 = run.iter().map(|(_, frequency)| frequency).sum();
        (run[0].0, frequency / (profile.saturation + frequency))
    };
    all.chunk_by(|a, b| a.0 == b.0).map(merge).collect()
}

/// Calls `found` with every text at a path below `protocolSection`; lists are walked.
pub(crate) fn each_text(record: &Value, path: &str, found: &mut dyn FnMut(&str)) {
    if let Some(section) = record.get("protocolSection") {
        walk(section, path, found);
    }
}

fn walk(value: &Value, path: &str, found: &mut dyn FnMut(&str)) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| walk(value, path, found)),
        Value::String(text) if path.is_empty() => found(text),
        Value::Object(entries) => {
            let (key, rest) = path.split_once('.').unwrap_or((path, ""));
            if let Some(value) = entries.get(key) {
                walk(value, rest, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words_of(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        each(text, &mut String::new(), &mut |word| words.push(word.to_owned()));
        words
    }

    #[test]
    fn words_are_small_and_singular_and_empty_ones_are_left_out() {
        let words = words_of("The NKG2D-CAR-NK cells of Therapies, versus analysis");
        assert_eq!(words, ["nkg2d", "car", "nk", "cell", "therapy", "versus", "analysis"]);
    }

    #[test]
    fn the_empty_words_are_in_order() {
        assert!(EMPTY.is_sorted());
    }

    #[test]
    fn a_word_keeps_its_number() {
        let mut lexicon = Lexicon::default();
        let numbers: Vec<u32> =
            (0..5000).map(|index| lexicon.number(&format!("word{index}"))).collect();
        assert_eq!(numbers, (0..5000).collect::<Vec<u32>>());
        assert_eq!(lexicon.number("word77"), 77);
    }

    #[test]
    fn a_title_weighs_more_than_a_description() {
        let record = serde_json::json!({ "protocolSection": {
            "identificationModule": { "briefTitle": "myeloma" },
            "descriptionModule": { "detailedDescription": "leukaemia" },
        }});
        let mut lexicon = Lexicon::default();
        let words = of(&record, &Profile::OURS, &mut |word| lexicon.number(word));
        assert_eq!(words.len(), 2);
        assert!(words[0].1 > words[1].1);
    }
}
