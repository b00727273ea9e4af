//! One record as a question to a segment, and the scores of all others.

use std::collections::BTreeSet;

use serde_json::Value;

use super::facts::Facts;
use super::headings::{self, Kind};
use super::segment::{Segment, weight_of};
use super::words::{self, Lexicon, Profile, each_text};
use super::{Hit, Preset, Wanted, Weights};

/// A record as a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Keys that are the record itself.
    pub(super) own: BTreeSet<String>,
    /// Facts of the record.
    pub(super) facts: Facts,
    /// Terms that the segment knows, in order, with their share of the record's vector: words,
    /// headings of conditions, headings of interventions.
    pub(super) terms: [Vec<(usize, f32)>; 3],
}

impl Query {
    /// Reads a record; it need not be in the segment.
    pub fn of(segment: &Segment<'_>, record: &Value, profile: &Profile) -> Self {
        let mut own = BTreeSet::new();
        for path in ["identificationModule.nctId", "identificationModule.nctIdAliases"] {
            each_text(record, path, &mut |text| {
                own.insert(text.to_owned());
            });
        }
        let mut lexicon = Lexicon::default();
        let words = words::of(record, profile, &mut |word| lexicon.number(word));
        let named =
            |(word, frequency): (u32, f32)| (lexicon.words()[word as usize].to_string(), frequency);
        let headings = |kind: Kind| -> Vec<(String, f32)> {
            let weighted = headings::weighted(record, kind).into_iter();
            weighted.map(|(id, weight)| (kind.term(&id), f32::from(weight) / 255.0)).collect()
        };
        Self {
            own,
            facts: Facts::of(record),
            terms: [
                vector(segment, words.into_iter().map(named).collect()),
                vector(segment, headings(Kind::Condition)),
                vector(segment, headings(Kind::Intervention)),
            ],
        }
    }

    /// The best hits in falling order of score, then of key; enough for what is wanted.
    pub(super) fn scores(&self, segment: &Segment<'_>, wanted: &Wanted) -> Vec<Hit> {
        let [text, conditions, interventions] =
            [0, 1, 2].map(|space| dots(segment, &self.terms[space]));
        let mut hits: Vec<Hit> = Vec::new();
        for record in 0..segment.records() {
            if text[record] <= 0.0 && conditions[record] <= 0.0 {
                continue;
            }
            let Some(facts) = segment.facts(record) else { continue };
            if !self.admits(&facts, wanted.preset) {
                continue;
            }
            let text = share(text[record], facts.text_norm);
            let headings = [
                share(conditions[record], facts.condition_norm),
                share(interventions[record], facts.intervention_norm),
            ];
            let score = self.score(text, headings, &facts, &wanted.weights);
            hits.push(Hit { record, score, text });
        }
        best(segment, hits, self, wanted.rows * super::CANDIDATES_PER_ROW)
    }

    fn score(&self, text: f32, headings: [f32; 2], facts: &Facts, weights: &Weights) -> f32 {
        let shared = self.facts.targets;
        let has_antigen = shared.antigens & facts.targets.antigens != 0;
        let has_platform = shared.platforms & facts.targets.platforms != 0;
        weights.text * text
            + weights.conditions * headings[0]
            + weights.interventions * headings[1]
            + weights.phase * self.facts.phase_closeness(facts)
            + if has_antigen { weights.antigen } else { 0.0 }
            + if has_platform { weights.platform } else { 0.0 }
    }

    fn admits(&self, facts: &Facts, preset: Preset) -> bool {
        match preset {
            Preset::All => true,
            Preset::Competing => facts.is_open(),
            Preset::Historical => facts.has_results,
            Preset::SameDesign => self.facts.is_same_design(facts),
        }
    }

    /// Whether a record is the one asked about, or a copy of it: the same title, almost the same
    /// words.
    fn is_own(&self, segment: &Segment<'_>, hit: &Hit) -> bool {
        let same_title = || {
            let facts = segment.facts(hit.record);
            facts.is_some_and(|facts| facts.title != 0 && facts.title == self.facts.title)
        };
        self.own.contains(segment.key(hit.record)) || (hit.text > 0.97 && same_title())
    }
}

/// Terms of the segment with their shares of a vector of length 1; terms that no other record has
/// count in its length.
fn vector(segment: &Segment<'_>, terms: Vec<(String, f32)>) -> Vec<(usize, f32)> {
    let mut known: Vec<(usize, f32)> = Vec::new();
    let mut square = 0.0_f64;
    for (term, frequency) in terms {
        let number = segment.term_number(&term);
        let with = number.map_or(1, |number| segment.with(number));
        let value = frequency * weight_of(&term, segment.records().max(1), with);
        square += f64::from(value * value);
        known.extend(number.map(|number| (number, value)));
    }
    known.sort_unstable_by_key(|(number, _)| *number);
    let norm = (square.sqrt() as f32).max(1e-6);
    for (_, value) in &mut known {
        *value /= norm;
    }
    known
}

/// The product of the vector with that of every record, times the length of the latter.
fn dots(segment: &Segment<'_>, vector: &[(usize, f32)]) -> Vec<f32> {
    let mut dots = vec![0.0_f32; segment.records()];
    for (term, value) in vector {
        let weight = weight_of(segment.term(*term), segment.records(), segment.with(*term));
        let both = value * weight;
        segment.each_record(*term, |record, frequency| dots[record] += both * frequency);
    }
    dots
}

fn share(dot: f32, norm: f32) -> f32 {
    if norm > 0.0 { (dot / norm).min(1.0) } else { 0.0 }
}

/// The best `count`, without the record itself.
fn best(segment: &Segment<'_>, mut hits: Vec<Hit>, query: &Query, count: usize) -> Vec<Hit> {
    let order = |a: &Hit, b: &Hit| {
        let by_key = || segment.key(b.record).cmp(segment.key(a.record));
        b.score.total_cmp(&a.score).then_with(by_key)
    };
    // The record and its copies are among the first; a few more make up for them.
    let wanted = count + 16;
    if hits.len() > wanted {
        hits.select_nth_unstable_by(wanted, order);
        hits.truncate(wanted);
    }
    hits.sort_unstable_by(order);
    hits.retain(|hit| !query.is_own(segment, hit));
    hits.truncate(count);
    hits
}
