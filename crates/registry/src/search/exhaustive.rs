//! Scores by looking at every place of every word in every record: what a search has to find.

use std::collections::{BTreeMap, BTreeSet};

use super::bind::{Node, Test, bind, weights};
use super::evaluate::weigh;
use super::terms::{APART, PARTLY, SCATTERED, Terms, Way};
use super::{Query, words};
use crate::expression::Expression;
use crate::segment::Segment;
use crate::segment::write::STRONGEST;
use crate::{Form, Origin, Store, bundled};

/// Per node and word: strength and positions in each record.
type Lists = BTreeMap<(usize, String), BTreeMap<u32, (u8, BTreeSet<u32>)>>;

fn lists(segment: &Segment, terms: &Terms) -> Lists {
    let mut lists = Lists::new();
    for word in &terms.vocabulary {
        segment.lists(word, |node, list| {
            let unpacked = list.unpack(|record| record < segment.count);
            let mut reader = unpacked.positions();
            let mut positions = Vec::new();
            for (place, record) in unpacked.records.iter().enumerate() {
                reader.at(place, &unpacked, &mut positions);
                let here = (unpacked.strengths[place], positions.iter().copied().collect());
                lists.entry((node, word.clone())).or_default().insert(*record, here);
            }
        });
    }
    lists
}

/// The weakest strength of the words of a way that stand side by side in a node of a record.
fn strength(lists: &Lists, way: &Way, node: usize, record: u32) -> Option<u8> {
    let of = |word: &String| lists.get(&(node, word.clone()))?.get(&record);
    let all: Option<Vec<&(u8, BTreeSet<u32>)>> = way.words.iter().map(of).collect();
    let all = all?;
    let stands = |start: &u32| (0..).zip(&all).all(|(at, word)| word.1.contains(&(start + at)));
    all.first()?.1.iter().any(stands).then(|| all.iter().map(|word| word.0).min().unwrap_or(0))
}

fn score(
    lists: &Lists,
    terms: &Terms,
    (weights, synonyms): &(Vec<f32>, Vec<bool>),
    record: u32,
) -> f32 {
    let share = |strength: u8| f32::from(strength) / 255.0 * (STRONGEST as f32) / 2.0;
    let mut score = 0.0_f32;
    let mut best = vec![0.0_f32; terms.parts.len()];
    for node in (0..weights.len()).filter(|node| weights[*node] > 0.0) {
        let found = |way: &Way| {
            let fits = !way.is_synonym || synonyms[node];
            fits.then(|| strength(lists, way, node, record)).flatten()
        };
        let of = |way: &Way| found(way).map_or(0.0, |s| weights[node] * way.quality * share(s));
        score = terms.ways.iter().map(of).fold(score, f32::max);
        for (best, ways) in best.iter_mut().zip(&terms.parts) {
            *best = ways.iter().map(of).fold(*best, f32::max);
        }
        let weakest = terms.parts.iter().map(|ways| ways.iter().filter_map(found).max()).min();
        if let Some(Some(weakest)) = weakest {
            score = score.max(weights[node] * APART * share(weakest));
        }
    }
    let there = best.iter().filter(|best| **best > 0.0).count();
    if there > 0 && (there == best.len() || terms.is_lossy) {
        let quality = if there == best.len() { SCATTERED } else { PARTLY };
        score = score.max(quality * best.iter().sum::<f32>() / best.len() as f32);
    }
    score
}

fn check(node: &Node, segment: &Segment) {
    match node {
        Node::And(parts) | Node::Or(parts) => parts.iter().for_each(|part| check(part, segment)),
        Node::Leaf(leaf) => {
            let Test::Words(terms) = &leaf.test else { return };
            let lists = lists(segment, terms);
            let weights = weights(leaf);
            let found = words::scores(segment, leaf, terms);
            for (record, found) in (0..).zip(found) {
                let expected = score(&lists, terms, &weights, record);
                let id = segment.id(record);
                assert_eq!(found.to_bits(), expected.to_bits(), "`{}` in {id}", terms.text);
            }
        }
        _ => {}
    }
}

#[test]
fn what_is_passed_over_would_not_have_changed_a_score() {
    let records = bundled::records();
    let few: Vec<_> = records.values().step_by(4).cloned().collect();
    let origin =
        Origin { source: String::new(), form: Form::Json, imported: String::new(), import: 1 };
    let store = Store::in_memory(&few, &origin).unwrap();
    let mut seed = 5_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let mut texts: Vec<String> = ["lung cancer", "breast cancer chemotherapy", "CAR-T", "of the"]
        .map(str::to_owned)
        .to_vec();
    while texts.len() < 60 {
        let pieces = ["BriefTitle", "Condition", "InterventionName", "BriefSummary"];
        let record = &few[next(few.len())];
        let own = record.texts_of(pieces[next(pieces.len())]);
        let words: Vec<&str> = own.first().map_or(Vec::new(), |text| text.split(' ').collect());
        if !words.is_empty() {
            let from = next(words.len());
            let some = words[from..].iter().take(1 + next(4));
            let text = some.copied().collect::<Vec<_>>().join(" ");
            let wide = ["", "EXPANSION[Lossy]", "EXPANSION[Concept]", "AREA[ConditionSearch]"];
            texts.push(
                [wide[next(wide.len())], &text.replace(['(', ')', '"', '[', ']'], " ")].concat(),
            );
        }
    }
    for text in texts {
        let Ok(expression) = Expression::read(&text) else { continue };
        let query = Query { expressions: vec![expression], ..Query::default() };
        let Ok(mut node) = bind(&query) else { continue };
        weigh(&store, &mut node);
        check(&node, &store.segments[0].segment);
    }
}
