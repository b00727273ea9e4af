//! Why a trial is like another, in words.

use serde::Serialize;

use super::facts::{Facts, PHASES};
use super::query::Query;
use super::segment::Segment;
use crate::mesh;

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "what")]
pub enum Reason {
    /// Target antigens in common.
    Antigen(Vec<String>),
    /// Platforms in common.
    Platform(Vec<String>),
    /// Subject headings of conditions in common, the rarest first.
    Condition(Vec<String>),
    /// Subject headings of interventions in common, the rarest first.
    Intervention(Vec<String>),
    /// How the phases stand to each other.
    Phase(String),
    /// Words in common that weigh most.
    Words(Vec<String>),
}

impl Reason {
    /// The reason as a person reads it.
    pub fn text(&self) -> String {
        match self {
            Self::Antigen(names) => format!("same target: {}", names.join(", ")),
            Self::Platform(names) => format!("same platform: {}", names.join(", ")),
            Self::Condition(names) => format!("condition: {}", names.join(", ")),
            Self::Intervention(names) => format!("intervention: {}", names.join(", ")),
            Self::Phase(words) => words.clone(),
            Self::Words(words) => format!("words: {}", words.join(", ")),
        }
    }
}

/// Headings and words that are told at most.
const TOLD: usize = 3;

/// The reasons of some records, each by itself.
pub(super) fn of(segment: &Segment<'_>, query: &Query, records: &[usize]) -> Vec<Vec<Reason>> {
    let conditions = shared(segment, &query.terms[1], records);
    let interventions = shared(segment, &query.terms[2], records);
    let headings = conditions.into_iter().zip(interventions);
    let all = records.iter().zip(headings);
    all.map(|(record, headings)| of_one(segment, query, *record, headings)).collect()
}

/// Headings with their shares of the vector.
type Shared = Vec<(usize, f32)>;

/// The terms that each of some records has, too; every list is read once.
fn shared(segment: &Segment<'_>, terms: &[(usize, f32)], records: &[usize]) -> Vec<Shared> {
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_unstable_by_key(|place| records[*place]);
    let mut shared = vec![Shared::new(); records.len()];
    for term in terms {
        let mut next = order.iter().peekable();
        segment.each_record(term.0, |record, _| {
            while next.next_if(|place| records[**place] < record).is_some() {}
            if let Some(place) = next.next_if(|place| records[**place] == record) {
                shared[*place].push(*term);
            }
        });
    }
    shared
}

fn of_one(
    segment: &Segment<'_>,
    query: &Query,
    record: usize,
    (conditions, interventions): (Shared, Shared),
) -> Vec<Reason> {
    let facts = segment.facts(record).unwrap_or_default();
    let mut reasons = Vec::new();
    let mut tell = |reason: fn(Vec<String>) -> Reason, names: Vec<String>| {
        if !names.is_empty() {
            reasons.push(reason(names));
        }
    };
    let mut shared = query.facts.targets;
    shared.antigens &= facts.targets.antigens;
    shared.platforms &= facts.targets.platforms;
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect::<Vec<_>>();
    tell(Reason::Antigen, owned(shared.antigen_names()));
    tell(Reason::Platform, owned(shared.platform_names()));
    tell(Reason::Condition, headings(segment, conditions));
    tell(Reason::Intervention, headings(segment, interventions));
    tell(Reason::Words, words(segment, query, record));
    reasons.extend(phase(&query.facts, &facts).map(Reason::Phase));
    reasons
}

/// Names of headings that both have, the rarest first; those above one that is told are not.
fn headings(segment: &Segment<'_>, mut shared: Shared) -> Vec<String> {
    shared.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut told: Vec<&'static mesh::Descriptor> = Vec::new();
    for (term, _) in shared {
        let id = segment.term(term).get(2..).unwrap_or_default();
        let Some(descriptor) = mesh::by_id(id) else { continue };
        let is_above = |other: &&mesh::Descriptor| {
            mesh::ancestors(other).iter().any(|above| above.id == descriptor.id)
        };
        if !told.iter().any(is_above) && told.len() < TOLD {
            told.push(descriptor);
        }
    }
    told.iter().map(|descriptor| descriptor.name.clone()).collect()
}

/// The words that make up most of the cosine.
fn words(segment: &Segment<'_>, query: &Query, record: usize) -> Vec<String> {
    let kept = segment.kept(record);
    let both = |(term, value): &(usize, f32)| {
        let place = kept.binary_search_by_key(&(*term as u32), |(kept, _)| *kept).ok()?;
        Some((*term, value * kept[place].1))
    };
    let mut shared: Vec<(usize, f32)> = query.terms[0].iter().filter_map(both).collect();
    shared.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    shared.truncate(TOLD + 1);
    shared.into_iter().map(|(term, _)| segment.term(term).to_owned()).collect()
}

/// `both early phase 1`, `phase 1 here, early phase 1 there`.
fn phase(own: &Facts, other: &Facts) -> Option<String> {
    if own.phase_number().is_none() || other.phase_number().is_none() {
        return None;
    }
    let names = |facts: &Facts| phase_words(facts.phases);
    Some(if own.phases == other.phases {
        format!("same phase: {}", names(own))
    } else {
        format!("phase: {} beside {}", names(other), names(own))
    })
}

/// Phases as the registry shows them: `Phase 1/Phase 2`.
pub(super) fn phase_words(phases: u8) -> String {
    let shown = ["Early Phase 1", "Phase 1", "Phase 2", "Phase 3", "Phase 4", "N/A"];
    let has = |place: &usize| phases >> place & 1 == 1;
    let words: Vec<&str> = (0..PHASES.len()).filter(has).map(|place| shown[place]).collect();
    words.join("/")
}
