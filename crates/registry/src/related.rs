//! See also: the trials most like a record, each with its reasons.
//!
//! Text carries most: the cosine of weighted words. Subject headings, phase, target antigen and
//! platform add to it, and a trial that repeats one already chosen of the same sponsor gives way
//! (after Carbonell and Goldstein, SIGIR 1998:335-336), so that extensions do not fill the list.

use serde::Serialize;
use serde_json::Value;

mod beside;
pub mod dictionary;
mod differences;
pub mod facts;
pub mod headings;
mod query;
mod reasons;
mod segment;
pub(crate) mod words;

pub use beside::{Vectors, of_store};
pub use differences::{Difference, differences};
pub use query::Query;
pub use reasons::Reason;
pub use segment::{Builder, Segment};
pub use words::Profile;

/// What each part adds to the score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// Cosine of words.
    pub text: f32,
    /// Cosine of subject headings of conditions.
    pub conditions: f32,
    /// Cosine of subject headings of interventions.
    pub interventions: f32,
    /// Closeness of phases.
    pub phase: f32,
    /// A target antigen in common.
    pub antigen: f32,
    /// A platform in common.
    pub platform: f32,
    /// What a copy of a trial already taken of the same sponsor loses; 0 leaves the order as it is.
    pub repetition: f32,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            text: 1.0,
            conditions: 0.20,
            interventions: 0.10,
            phase: 0.03,
            antigen: 0.15,
            platform: 0.05,
            repetition: 0.2,
        }
    }
}

impl Weights {
    /// Words alone.
    pub const TEXT_ONLY: Self = Self {
        text: 1.0,
        conditions: 0.0,
        interventions: 0.0,
        phase: 0.0,
        antigen: 0.0,
        platform: 0.0,
        repetition: 0.0,
    };
}

/// Which trials are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// All.
    #[default]
    All,
    /// Trials that run or will.
    Competing,
    /// Trials with results.
    Historical,
    /// Trials of the same type, allocation, model, purpose and masking, as far as these are stated.
    SameDesign,
}

impl Preset {
    /// Every preset with its word.
    pub const ALL: [(&'static str, Self); 4] = [
        ("all", Self::All),
        ("competing", Self::Competing),
        ("historical", Self::Historical),
        ("same-design", Self::SameDesign),
    ];
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted {
    /// Rows at most.
    pub rows: usize,
    /// Which trials are looked at.
    pub preset: Preset,
    /// What counts how much.
    pub weights: Weights,
    /// How words are weighed; as in the segment.
    pub profile: Profile,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { rows: 20, preset: Preset::All, weights: Weights::default(), profile: Profile::OURS }
    }
}

/// A trial like the one asked about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// What it is found by.
    pub key: String,
    /// The score before diversity.
    pub score: f32,
    /// Cosine of words, from 0 to 1.
    pub text: f32,
    /// Why it is here; never empty.
    pub reasons: Vec<Reason>,
}

/// Candidates that diversity is weighed over, per row.
const CANDIDATES_PER_ROW: usize = 3;

/// The trials most like a record, the most alike first; equal scores in falling order of key.
/// The record itself, its aliases and its copies are left out.
pub fn related(segment: &Segment<'_>, record: &Value, wanted: &Wanted) -> Vec<Row> {
    let query = Query::of(segment, record, &wanted.profile);
    let scores = query.scores(segment, wanted);
    let chosen = diverse(segment, scores, wanted);
    let records: Vec<usize> = chosen.iter().map(|hit| hit.record).collect();
    let reasons = reasons::of(segment, &query, &records);
    let row = |(hit, reasons): (Hit, Vec<Reason>)| Row {
        key: segment.key(hit.record).to_owned(),
        score: hit.score,
        text: hit.text,
        reasons,
    };
    chosen.into_iter().zip(reasons).map(row).collect()
}

/// A candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hit {
    pub(crate) record: usize,
    pub(crate) score: f32,
    pub(crate) text: f32,
}

/// From this cosine on a trial repeats another of its sponsor, as extensions and sister trials do;
/// below it, being alike is what was asked for.
const REPEATS_FROM: f32 = 0.7;

/// Takes the best again and again, less what it repeats of those taken.
fn diverse(segment: &Segment<'_>, mut hits: Vec<Hit>, wanted: &Wanted) -> Vec<Hit> {
    let cost = wanted.weights.repetition;
    hits.truncate(if cost > 0.0 { wanted.rows * CANDIDATES_PER_ROW } else { wanted.rows });
    if cost <= 0.0 {
        return hits;
    }
    let vectors: Vec<Vec<(u32, f32)>> =
        hits.iter().map(|hit| unit(segment.kept(hit.record))).collect();
    // A trial without a sponsor is of none but itself.
    let sponsor = |(place, hit): (usize, &Hit)| match segment.facts(hit.record) {
        Some(facts) if facts.sponsor != 0 => facts.sponsor,
        _ => place as u64,
    };
    let sponsors: Vec<u64> = hits.iter().enumerate().map(sponsor).collect();
    let mut repeats = vec![0.0_f32; hits.len()];
    let mut is_taken = vec![false; hits.len()];
    let mut taken = Vec::new();
    while taken.len() < wanted.rows.min(hits.len()) {
        let value = |place: usize| hits[place].score - cost * repeats[place];
        let free = (0..hits.len()).filter(|place| !is_taken[*place]);
        // Hits are in order, so the first of equals is the right one.
        let best = free.reduce(|best, place| if value(place) > value(best) { place } else { best });
        let Some(best) = best else { break };
        is_taken[best] = true;
        taken.push(hits[best]);
        for (place, repeat) in repeats.iter_mut().enumerate() {
            if sponsors[place] != sponsors[best] {
                continue;
            }
            let alike = cosine(&vectors[best], &vectors[place]);
            *repeat = repeat.max((alike - REPEATS_FROM) / (1.0 - REPEATS_FROM));
        }
    }
    taken
}

fn unit(mut vector: Vec<(u32, f32)>) -> Vec<(u32, f32)> {
    let norm = vector.iter().map(|(_, value)| value * value).sum::<f32>().sqrt().max(1e-6);
    for (_, value) in &mut vector {
        *value /= norm;
    }
    vector
}

/// Of vectors in order of term.
fn cosine(one: &[(u32, f32)], other: &[(u32, f32)]) -> f32 {
    let (mut i, mut j, mut sum) = (0, 0, 0.0);
    while let (Some(a), Some(b)) = (one.get(i), other.get(j)) {
        match a.0.cmp(&b.0) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                sum += a.1 * b.1;
                i += 1;
                j += 1;
            }
        }
    }
    sum
}
