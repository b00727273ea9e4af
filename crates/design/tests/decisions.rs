//! What holds for every decision: order of rules, monotony in DLTs, doses that may not be given, and
//! enumeration against simulation.

use std::sync::OnceLock;

use cytotrial_design::characteristics::{exact, simulate, tally};
use cytotrial_design::design::boin12::{Boin12, Settings as Boin12Settings};
use cytotrial_design::design::tepi::{Settings as TepiSettings, Tepi};
use cytotrial_design::{
    ALL, Action, Decision, Design, DoseCounts, Entry, Guarded, Known, Plan, Rule, Truth,
};
use proptest::prelude::*;

fn build(name: &str, text: &str) -> Box<dyn Design> {
    let entry = Entry::named(name).expect("a listed design");
    (entry.from_toml)(text).expect("sound settings")
}

/// Designs on toxicity alone, each for four levels.
const ON_TOXICITY: &[(&str, &str)] = &[
    ("3+3", ""),
    ("3+3", "variant = \"stop-at-toxic\""),
    ("i3+3", "target = 0.25"),
    ("mtpi", "target = 0.3"),
    ("mtpi2", "target = 0.3"),
    ("keyboard", "target = 0.2"),
    ("boin", "target = 0.3"),
    ("boin", "target = 0.25\nextra-safe = true\nbound-mtd = true"),
    ("boin", "target = 0.3\ntitration-cohort = 3"),
    ("tite-boin", "target = 0.3"),
    ("rolling-six", ""),
    ("crm", "target = 0.25\nskeleton = [0.05, 0.12, 0.25, 0.4]"),
    ("crm", "target = 0.25\nskeleton = [0.05, 0.12, 0.25, 0.4]\nmodel = \"logistic\""),
    ("crm", "target = 0.25\nskeleton = [0.05, 0.12, 0.25, 0.4]\nestimate = \"mean-rate\""),
    ("tite-crm", "target = 0.3\nskeleton = [0.1, 0.2, 0.3, 0.45]"),
];

/// Designs in which one more DLT at a lower dose can raise the next one: a slope of its own is flattened
/// by it, so that a high dose looks safer; and BF-BOIN pools the doses once a lower one is in conflict
/// with the current one, as published, which can turn `stay` into `escalate`. More DLTs at the current
/// dose never raise the next one in either.
const AT_THE_DOSE_ONLY: &[(&str, &str)] = &[
    ("blrm", "doses = [1, 2, 4, 8]\nreference = 4\nchoice = \"highest\""),
    ("bf-boin", "target = 0.3"),
];

fn on_toxicity() -> &'static [(&'static str, Box<dyn Design>)] {
    static DESIGNS: OnceLock<Vec<(&'static str, Box<dyn Design>)>> = OnceLock::new();
    DESIGNS.get_or_init(|| {
        let text =
            |text: &'static str, name: &'static str| if text.is_empty() { name } else { text };
        ON_TOXICITY.iter().map(|&(name, set)| (text(set, name), build(name, set))).collect()
    })
}

/// Counts that a trial of four levels can reach: levels are tried from below, without holes.
fn reached() -> impl Strategy<Value = (usize, Vec<DoseCounts>)> {
    let dose = (1_u32..=9).prop_flat_map(|evaluable| {
        prop_oneof![3 => 0..=evaluable.min(1), 1 => 0..=evaluable]
            .prop_map(move |dlts| DoseCounts::of(evaluable, dlts))
    });
    prop::collection::vec(dose, 1..=4).prop_flat_map(|mut doses| {
        let tried = doses.len();
        doses.resize(4, DoseCounts::default());
        (0..tried, Just(doses))
    })
}

/// How high the next patients are treated: nobody, for safety, is below the lowest level.
fn height(decision: &Decision) -> Option<usize> {
    match (decision.action, decision.next_level) {
        (Action::StopForSafety, _) => Some(0),
        (_, Some(next)) => Some(next + 1),
        _ => None,
    }
}

/// Any rules, in any order.
fn rules() -> impl Strategy<Value = (Vec<Rule>, Vec<Rule>)> {
    let rule = prop_oneof![
        (0.1_f64..0.5, 0.6_f64..0.99, 1_u32..6).prop_map(|(limit, cutoff, min_patients)| {
            Rule::CloseToxic { limit, cutoff, min_patients }
        }),
        (3_u32..30).prop_map(|patients| Rule::MinPatients { patients }),
        (6_u32..40).prop_map(|patients| Rule::MaxPatients { patients }),
        (3_u32..15).prop_map(|patients| Rule::MaxPerDose { patients }),
        (1_u32..9).prop_map(|patients| Rule::MinToRecommend { patients }),
        (1_u32..6).prop_map(|patients| Rule::MaxPending { patients }),
        Just(Rule::NoSkipping),
        (3_u32..15, any::<bool>())
            .prop_map(|(most, needs_response)| Rule::Backfill { most, needs_response }),
        (3_u32..15).prop_map(|patients| Rule::Expansion { patients }),
    ];
    let some = prop::collection::vec(rule, 0..7);
    some.prop_flat_map(|rules| (Just(rules.clone()), Just(rules).prop_shuffle()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_any_rules_gives_the_same_decision(
        (level, doses) in reached(),
        (rules, shuffled) in rules(),
        pending in 0_u32..4,
    ) {
        let mut doses = doses;
        doses[level].pending = pending;
        let assigned: Vec<u32> = doses.iter().map(|dose| dose.treated()).collect();
        let known = Known::of_counts(level, &doses);
        for (name, text) in [("boin", "target = 0.3"), ("3+3", ""), ("tite-boin", "target = 0.25")] {
            let one = Guarded::new(build(name, text), &rules);
            let other = Guarded::new(build(name, text), &shuffled);
            prop_assert_eq!(one.decide_on(&known), other.decide_on(&known), "{:?}", rules);
            prop_assert_eq!(one.recommend(&doses), other.recommend(&doses), "{:?}", rules);
            prop_assert_eq!(one.backfill(&known, &assigned), other.backfill(&known, &assigned));
            prop_assert_eq!(one.describe(), other.describe());
        }
    }

    #[test]
    fn more_dlts_never_lead_to_a_higher_next_dose((level, doses) in reached(), which in 0_usize..4) {
        let tried = doses.iter().filter(|dose| dose.evaluable > 0).count();
        let place = which % tried;
        if doses[place].dlts == doses[place].evaluable {
            return Ok(());
        }
        let mut worse = doses.clone();
        worse[place].dlts += 1;
        for (name, design) in on_toxicity() {
            let (before, after) = (design.decide(level, &doses), design.decide(level, &worse));
            if let (Some(low), Some(high)) = (height(&after), height(&before)) {
                prop_assert!(low <= high, "{}: {:?} became {:?} by level {}", name, before, after, place);
            }
        }
    }

    #[test]
    fn no_untried_dose_is_skipped((level, doses) in reached()) {
        let tried = doses.iter().filter(|dose| dose.evaluable > 0).count();
        for (name, design) in on_toxicity() {
            let decision = design.decide(level, &doses);
            prop_assert!(decision.next_level.is_none_or(|next| next <= tried), "{}: {:?}", name, decision);
            let recommended = design.recommend(&doses);
            prop_assert!(recommended.is_none_or(|level| level < tried), "{}: {:?}", name, recommended);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn more_dlts_at_the_current_dose_never_raise_the_dose_of_any_design(
        (level, doses) in reached(),
    ) {
        let mut worse = doses.clone();
        if worse[level].dlts < worse[level].evaluable {
            worse[level].dlts += 1;
        }
        for (name, text) in AT_THE_DOSE_ONLY {
            let design = build(name, text);
            let (before, after) = (design.decide(level, &doses), design.decide(level, &worse));
            if let (Some(low), Some(high)) = (height(&after), height(&before)) {
                prop_assert!(low <= high, "{:?} became {:?}", before, after);
            }
        }
    }
}

/// Counts by both outcomes that a trial of four levels can reach.
fn reached_on_both() -> impl Strategy<Value = (usize, Vec<DoseCounts>)> {
    let dose = [0_u32..=6, 0..=6, 0..=2, 0..=2].prop_map(DoseCounts::of_outcomes);
    let dose = dose.prop_filter("somebody was treated", |dose| dose.evaluable > 0);
    prop::collection::vec(dose, 1..=4).prop_flat_map(|mut doses| {
        let tried = doses.len();
        doses.resize(4, DoseCounts::default());
        (0..tried, Just(doses))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_inadmissible_dose_is_neither_given_nor_recommended((level, doses) in reached_on_both()) {
        let tried = doses.iter().filter(|dose| dose.evaluable > 0).count();
        let boin12 = Boin12::new(Boin12Settings::new(0.35, 0.25)).unwrap();
        let tepi = Tepi::new(TepiSettings::default()).unwrap();
        let both: [(&dyn Design, Vec<bool>); 2] =
            [(&boin12, boin12.admissible(&doses)), (&tepi, tepi.admissible(&doses))];
        for (design, open) in both {
            let decision = design.decide(level, &doses);
            if let Some(next) = decision.next_level {
                prop_assert!(open[next], "{:?}", decision);
                prop_assert!(next <= tried, "{:?}", decision);
            }
            if let Some(level) = design.recommend(&doses) {
                prop_assert!(open[level] && level < tried);
            }
        }
    }
}

/// Designs with finitely many states, their settings, and the true rates of their trials.
const FINITE: &[(&str, &str)] = &[
    ("3+3", ""),
    ("i3+3", "target = 0.3"),
    ("mtpi", "target = 0.3"),
    ("mtpi2", "target = 0.25"),
    ("keyboard", "target = 0.3"),
    ("boin", "target = 0.3\nextra-safe = true"),
    ("boin", "target = 0.25\nearly-stop = 6"),
    ("boin12", "toxicity-limit = 0.35\nresponse-limit = 0.25"),
    ("boin-et", ""),
    ("u-boin", "toxicity-limit = 0.35\nresponse-limit = 0.25\nfirst-stage = 6"),
    ("tepi", ""),
];

#[test]
fn enumeration_and_simulation_agree_for_every_finite_design() {
    let truth = Truth::with_odds_ratio(&[0.1, 0.25, 0.45], &[0.2, 0.4, 0.45], 2.0).unwrap();
    let plan = Plan::new(3, 12);
    let mut scores = Vec::new();
    for (seed, (name, text)) in FINITE.iter().enumerate() {
        let design = build(name, text);
        let want = exact(design.as_ref(), &truth, plan).unwrap();
        let got = simulate(design.as_ref(), &truth, plan, seed as u64, 6_000).unwrap();
        let errors = got.errors.as_ref().unwrap();
        let lists = [
            (&got.selected, &want.selected, &errors.selected),
            (&got.patients, &want.patients, &errors.patients),
            (&got.dlts, &want.dlts, &errors.dlts),
            (&got.responses, &want.responses, &errors.responses),
        ];
        for (got, want, errors) in lists {
            for ((got, want), error) in got.iter().zip(want).zip(errors) {
                let score = (got - want) / error.max(1e-4);
                assert!(score.abs() < 4.5, "{name} {text}: {got} for {want}, error {error}");
                scores.push(score);
            }
        }
    }
    let squares: f64 = scores.iter().map(|score| score * score).sum::<f64>() / scores.len() as f64;
    assert!(scores.len() > 120 && (0.6..1.5).contains(&squares), "mean square of z {squares}");
}

#[test]
fn trials_in_any_pieces_add_up_to_the_same_numbers() {
    let truth = Truth::with_odds_ratio(&[0.1, 0.25, 0.45], &[0.2, 0.4, 0.45], 2.0).unwrap();
    for entry in ALL {
        let design = (entry.from_toml)(entry.least).unwrap();
        let levels = design.levels().unwrap_or(3);
        if levels > 3 || ["efftox", "blrm", "bop2-nested"].contains(&entry.name) {
            continue;
        }
        let truth = Truth { doses: truth.doses[..levels].to_vec() };
        let plan = Plan::new(3, 12);
        let part = |range| tally(design.as_ref(), &truth, plan, 9, range).unwrap();
        let whole = part(0..140);
        // As 1, 2 and 7 threads would share them, finished in any order.
        for pieces in [1, 2, 7] {
            let size = 140 / pieces;
            let parts = (0..pieces).rev().map(|piece| part(piece * size..(piece + 1) * size));
            let sum = parts.reduce(|sum, more| sum.with(&more)).unwrap();
            assert_eq!(sum, whole, "{}", entry.name);
        }
    }
}
