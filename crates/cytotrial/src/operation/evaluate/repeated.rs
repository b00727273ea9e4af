//! Two different values of one marker on one day: which of them counts.

use std::collections::BTreeMap;

use evaluate::criteria::imwg::visit::MARKERS;
use evaluate::{Point, SubjectRecords};
use records::import::Place;
use records::{Analyte, Problem};
use report::format::shortest;

use super::Evaluation;

/// Values closer than this, days, are of one day.
const ONE_DAY: f64 = 0.5;

/// Two values of a subject's marker of one day.
pub(super) struct Pair {
    subject: usize,
    analyte: Analyte,
    other: Point,
    counts: Point,
}

/// Markers of which an assessment has one value. Several samples of marrow and several lesions
/// belong to one assessment; every value of a laboratory test or a sign is graded by itself.
fn is_single(analyte: Analyte) -> bool {
    !matches!(analyte, Analyte::MarrowPlasmaCells | Analyte::MarrowClonality | Analyte::NewLesion)
}

/// The pairs of one subject.
pub(super) fn pairs(subject: usize, records: &SubjectRecords<'_>, found: &mut Vec<Pair>) {
    for analyte in MARKERS.into_iter().filter(|&analyte| is_single(analyte)) {
        for pair in records.series(analyte).windows(2) {
            let (other, counts) = (pair[0], pair[1]);
            let differ = other.value.total_cmp(&counts.value).is_ne()
                || other.below_limit != counts.below_limit;
            if differ && counts.day - other.day < ONE_DAY {
                found.push(Pair { subject, analyte, other, counts });
            }
        }
    }
}

/// The pairs as warnings, at the value that counts.
pub(super) fn warnings(evaluation: &Evaluation, pairs: &[Pair]) -> Vec<Problem> {
    if pairs.is_empty() {
        return Vec::new();
    }
    let places = places(evaluation, pairs);
    pairs.iter().map(|pair| warning(evaluation, pair, &places)).collect()
}

type Key = (usize, Analyte, u64, u64, bool);

fn key(subject: usize, analyte: Analyte, point: &Point) -> Key {
    (subject, analyte, point.day.to_bits(), point.value.to_bits(), point.below_limit)
}

/// Where the values of the pairs were read.
fn places(evaluation: &Evaluation, pairs: &[Pair]) -> BTreeMap<Key, Place> {
    let wanted =
        |pair: &Pair| [pair.other, pair.counts].map(|p| key(pair.subject, pair.analyte, &p));
    let wanted: std::collections::BTreeSet<Key> = pairs.iter().flat_map(wanted).collect();
    let all = &evaluation.study.findings;
    let mut places = BTreeMap::new();
    for row in 0..all.len() {
        let point =
            Point { day: all.day[row], value: all.value[row], below_limit: all.below_limit[row] };
        let key = key(all.subject[row] as usize, all.analyte[row], &point);
        if wanted.contains(&key) {
            places.entry(key).or_insert(evaluation.origins.findings[row]);
        }
    }
    places
}

fn warning(evaluation: &Evaluation, pair: &Pair, places: &BTreeMap<Key, Place>) -> Problem {
    let Pair { subject, analyte, other, counts } = pair;
    let place = |point: &Point| places.get(&key(*subject, *analyte, point)).copied();
    let origins = &evaluation.origins;
    let elsewhere = place(other).map_or(String::new(), |place| {
        let told = origins.told(place);
        let row = told.line.map_or(format!("row {}", told.row), |line| format!("line {line}"));
        format!(" ({}, {row})", told.file)
    });
    let is_later = counts.day > other.day;
    let message = format!(
        "{} of day {} is {}{elsewhere} and {}: the {}, {}, counts",
        analyte.title(),
        shortest(other.day, 6),
        shown(*analyte, other),
        shown(*analyte, counts),
        if is_later { "later" } else { "higher" },
        shown(*analyte, counts),
    );
    let help = if is_later {
        "of two values of one day the last is taken (assumed); take the other away if it is the \
         one that counts"
    } else {
        "criteria do not say which of two values counts: the higher is taken, the cautious choice \
         (assumed); keep one of the two, or give their times"
    };
    let mut problem = Problem::error("E120", "", message);
    if let Some(place) = place(counts) {
        let told = origins.told(place);
        told.file.clone_into(&mut problem.file);
        told.column.clone_into(&mut problem.column);
        (problem.line, problem.row) = (told.line, Some(told.row));
    }
    problem.as_warning().of_subject(&evaluation.study.subjects.id[*subject]).helped(help)
}

/// A value with its unit, or the word of its code.
fn shown(analyte: Analyte, point: &Point) -> String {
    if let Some(word) = analyte.codes().get(point.value.max(0.0) as usize) {
        return word.to_lowercase();
    }
    let below = if point.below_limit { "<" } else { "" };
    format!("{below}{} {}", shortest(point.value, 6), analyte.unit())
}
