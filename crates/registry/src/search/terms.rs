//! The words of a term, and what they may also be found by.

use std::collections::BTreeMap;

use crate::expression::{Coverage, Expansion};
use crate::headings;
use crate::text::{is_apostrophe, is_hyphen, plain_words, words};

/// One way to find a term: words that stand side by side.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Way {
    pub(crate) words: Vec<String>,
    /// The numbers of the words in the term's vocabulary.
    pub(crate) numbers: Vec<usize>,
    /// How good it is, 0 to 1.
    pub(crate) quality: f32,
    /// Whether it is another name of the term.
    pub(crate) is_synonym: bool,
}

impl Way {
    /// The words themselves.
    fn new(words: Vec<String>) -> Self {
        Self { words, numbers: Vec::new(), quality: 1.0, is_synonym: false }
    }

    /// Another name.
    fn synonym(words: Vec<String>) -> Self {
        Self { quality: SYNONYM, is_synonym: true, ..Self::new(words) }
    }
}

/// A term that is looked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Terms {
    /// As it was written.
    pub(crate) text: String,
    /// The ways to find all of it at once.
    pub(crate) ways: Vec<Way>,
    /// Its parts, each with its ways, where they may stand apart; empty where they may not.
    pub(crate) parts: Vec<Vec<Way>>,
    /// Every word of every way, once.
    pub(crate) vocabulary: Vec<String>,
    /// Whether some parts may be missing.
    pub(crate) is_lossy: bool,
    /// Whether letters have to be the same.
    pub(crate) is_exact: bool,
    pub(crate) coverage: Coverage,
    /// What a rare term counts more.
    pub(crate) rarity: f32,
}

/// Quality of a synonym, of words apart in one piece, and in different pieces.
const SYNONYM: f32 = 0.9;
pub(crate) const APART: f32 = 0.6;
pub(crate) const SCATTERED: f32 = 0.35;
/// Quality of words that are not all there.
pub(crate) const PARTLY: f32 = 0.15;

/// Most words of a term; what is behind them is not looked at.
const MOST: usize = 64;

impl Terms {
    /// What a term looks for.
    pub(crate) fn new(
        text: &str,
        is_phrase: bool,
        expansion: Expansion,
        coverage: Coverage,
        has_synonyms: bool,
    ) -> Self {
        let mut groups = groups(text);
        groups.truncate(MOST);
        let all: Vec<String> = groups.iter().flatten().cloned().collect();
        let finds_synonyms = has_synonyms && expansion >= Expansion::Concept;
        let finds_apart =
            expansion >= Expansion::Relaxation && coverage == Coverage::Contains && !is_phrase;
        let mut ways = ways(&all, text, finds_synonyms);
        ways.retain(|way| !way.words.is_empty());
        let parts = if finds_apart { parts(&groups, &all, finds_synonyms) } else { Vec::new() };
        let terms = Self {
            text: text.to_owned(),
            ways,
            parts: if parts.len() > 1 { parts } else { Vec::new() },
            vocabulary: Vec::new(),
            is_lossy: expansion == Expansion::Lossy && !is_phrase,
            is_exact: expansion == Expansion::None,
            coverage,
            rarity: 1.0,
        };
        terms.numbered()
    }

    /// Gives every word its number.
    fn numbered(mut self) -> Self {
        let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
        for way in self.ways.iter_mut().chain(self.parts.iter_mut().flatten()) {
            for word in &way.words {
                let next = numbers.len();
                way.numbers.push(*numbers.entry(word.clone()).or_insert(next));
            }
        }
        self.vocabulary = vec![String::new(); numbers.len()];
        for (word, number) in numbers {
            self.vocabulary[number] = word;
        }
        self
    }

    /// A value of an enumeration, or `true` or `false`.
    pub(crate) fn whole(text: &str, value: &str) -> Self {
        let words = vec![crate::segment::write::whole(value)];
        let terms = Self {
            text: text.to_owned(),
            ways: vec![Way::new(words)],
            parts: Vec::new(),
            vocabulary: Vec::new(),
            is_lossy: false,
            is_exact: false,
            coverage: Coverage::Contains,
            rarity: 1.0,
        };
        terms.numbered()
    }
}

/// The words between blanks, each with the words that it is made of.
fn groups(text: &str) -> Vec<Vec<String>> {
    text.split_whitespace().map(plain_words).filter(|words| !words.is_empty()).collect()
}

/// The ways to find words side by side.
fn ways(all: &[String], text: &str, finds_synonyms: bool) -> Vec<Way> {
    let mut ways = vec![Way::new(all.to_vec())];
    if let Some(joined) = joined(text)
        && all.len() > 1
    {
        ways.push(Way::new(vec![joined]));
    }
    if finds_synonyms && let Some(descriptor) = headings::by_words(all) {
        let names = std::iter::once(&descriptor.name).chain(&descriptor.entry_terms);
        for name in names {
            let words = plain_words(name);
            if !ways.iter().any(|way| way.words == words) {
                ways.push(Way::synonym(words));
            }
        }
    }
    ways
}

/// A hyphenated word without its hyphens; a term of anything more has none.
fn joined(text: &str) -> Option<String> {
    let is_in_word =
        |letter: char| letter.is_alphanumeric() || is_hyphen(letter) || is_apostrophe(letter);
    if !text.trim().chars().all(is_in_word) {
        return None;
    }
    let mut first = Vec::new();
    words(text, |word, place| {
        if place == 0 {
            first.push(word.to_owned());
        }
    });
    // Behind the first part stands the whole.
    first.into_iter().nth(1)
}

/// The parts of a term: names of `MeSH` as wholes, other words one by one.
fn parts(groups: &[Vec<String>], all: &[String], finds_synonyms: bool) -> Vec<Vec<Way>> {
    let mut starts = vec![0];
    for group in groups {
        starts.push(starts[starts.len() - 1] + group.len());
    }
    let mut ends: Vec<(usize, usize)> = starts.windows(2).map(|pair| (pair[0], pair[1])).collect();
    if finds_synonyms {
        for (at, length, _) in headings::spans(all) {
            // A name that would cut a hyphenated word is none, nor is the whole term a part.
            let fits = starts.contains(&at) && starts.contains(&(at + length));
            if fits && length < all.len() && length > 1 {
                ends.retain(|(from, to)| *to <= at || *from >= at + length);
                ends.push((at, at + length));
            }
        }
        ends.sort_unstable();
    }
    let part = |(from, to): (usize, usize)| {
        let group = starts.iter().position(|start| *start == from);
        let is_group = group.is_some_and(|group| starts.get(group + 1) == Some(&to));
        let text = if is_group { all[from..to].join("-") } else { all[from..to].join(" ") };
        ways(&all[from..to], &text, finds_synonyms)
    };
    let mut parts: Vec<Vec<Way>> = Vec::new();
    for part in ends.into_iter().map(part) {
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Terms {
        Terms::new(text, false, Expansion::Relaxation, Coverage::Contains, true)
    }

    #[test]
    fn synonyms_stand_beside_the_term() {
        let terms = of("plasma cell myeloma");
        assert!(
            terms.ways.iter().any(|way| way.words == ["multiple", "myeloma"] && way.is_synonym)
        );
        let plain =
            Terms::new("plasma cell myeloma", false, Expansion::Term, Coverage::Contains, true);
        assert_eq!((plain.ways.len(), plain.parts.len()), (1, 0));
    }

    #[test]
    fn parts_are_names_and_words() {
        let terms = of("relapsed multiple myeloma CAR-T");
        let first: Vec<&[String]> =
            terms.parts.iter().map(|ways| ways[0].words.as_slice()).collect();
        assert_eq!(first.len(), 3, "{first:?}");
        assert_eq!(first[1], ["multiple", "myeloma"]);
        assert!(terms.parts[2].iter().any(|way| way.words == ["cart"]), "{:?}", terms.parts[2]);
        assert!(of("").ways.is_empty() && of("-- ,").ways.is_empty());
    }
}
