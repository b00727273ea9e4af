//! What holds for every decision: order of rules, monotony in DLTs, doses that may not be given, and
//! enumeration against simulation.

use std::sync::OnceLock;

use cytotrial_design::characteristics::{exact, simulate, tally};
use cytotrial_design::design::boin12::{Boin12, Settings as Boin12Settings};
use cytotrial_design::design::bop2_nested::Bop2Nested;
use cytotrial_design::design::tepi::{Settings as TepiSettings, Tepi};
use cytotrial_design::posterior::exceeds;
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

/// Settings for four levels of designs whose least ones are for another number, or slow.
fn settings(name: &str) -> Option<&'static str> {
    match name {
        "blrm" => Some(AT_THE_DOSE_ONLY[0].1),
        "efftox" => Some(EFFTOX),
        _ => None,
    }
}

/// `EffTox` for four levels, with few draws.
const EFFTOX: &str = "doses = [1, 2, 4, 8]\ntoxicity-intercept = [-2.8, 2.7]\n\
    toxicity-slope = [1.5, 2.7]\nresponse-intercept = [-0.8, 1.9]\nresponse-slope = [1.5, 2.0]\n\
    response-hurdle = 0.3\ntoxicity-hurdle = 0.4\ndraws = 1024";

fn on_toxicity() -> &'static [(&'static str, Box<dyn Design>)] {
    static DESIGNS: OnceLock<Vec<(&'static str, Box<dyn Design>)>> = OnceLock::new();
    DESIGNS.get_or_init(|| {
        let text =
            |text: &'static str, name: &'static str| if text.is_empty() { name } else { text };
        ON_TOXICITY.iter().map(|&(name, set)| (text(set, name), build(name, set))).collect()
    })
}

fn at_the_dose_only() -> &'static [(&'static str, Box<dyn Design>)] {
    static DESIGNS: OnceLock<Vec<(&'static str, Box<dyn Design>)>> = OnceLock::new();
    DESIGNS.get_or_init(|| {
        AT_THE_DOSE_ONLY.iter().map(|&(name, set)| (name, build(name, set))).collect()
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
        for (name, design) in on_toxicity().iter().chain(at_the_dose_only()) {
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
    fn any_order_of_any_rules_gives_the_same_decision_of_every_design(
        (level, doses) in reached(),
        (rules, shuffled) in rules(),
    ) {
        for entry in ALL {
            let text = settings(entry.name).unwrap_or(entry.least);
            let levels = build(entry.name, text).levels().unwrap_or(4);
            let (doses, level) = (&doses[..levels], level.min(levels - 1));
            let one = Guarded::new(build(entry.name, text), &rules);
            let other = Guarded::new(build(entry.name, text), &shuffled);
            prop_assert_eq!(one.decide(level, doses), other.decide(level, doses), "{}", entry.name);
            prop_assert_eq!(one.recommend(doses), other.recommend(doses), "{}", entry.name);
        }
    }

    #[test]
    fn more_dlts_at_the_current_dose_never_raise_the_dose_of_any_design(
        (level, doses) in reached(),
    ) {
        let mut worse = doses.clone();
        if worse[level].dlts < worse[level].evaluable {
            worse[level].dlts += 1;
        }
        for (_, design) in at_the_dose_only() {
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

/// Whether each dose may be recommended, by the posterior probabilities of the definitions: too toxic
/// closes all above, futile itself.
fn admissible(doses: &[DoseCounts], toxicity: (f64, f64), futility: (f64, f64)) -> Vec<bool> {
    let is_toxic = |dose: &DoseCounts| exceeds(dose.dlts, dose.evaluable, toxicity.0) >= toxicity.1;
    let first = doses.iter().position(is_toxic).unwrap_or(doses.len());
    let is_futile =
        |dose: &DoseCounts| 1.0 - exceeds(dose.responses, dose.evaluable, futility.0) >= futility.1;
    let open = |(place, dose): (usize, &DoseCounts)| place < first && !is_futile(dose);
    doses.iter().enumerate().map(open).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn designs_on_both_outcomes_recommend_only_what_is_tried_and_admissible(
        (level, doses) in reached_on_both(),
    ) {
        let tried = doses.iter().filter(|dose| dose.evaluable > 0).count();
        let u_boin = build("u-boin", "toxicity-limit = 0.3\nresponse-limit = 0.25\nfirst-stage = 6");
        let boin_et = build("boin-et", "");
        let efftox = build("efftox", EFFTOX);
        let of_u_boin = admissible(&doses, (0.3, 0.95), (0.25, 0.9));
        let of_boin_et = admissible(&doses, (0.3, 0.95), (0.36, 0.99));
        // What the model of EffTox thinks of a dose rests on all of them.
        let all = vec![true; 4];
        for (design, open) in [(&u_boin, &of_u_boin), (&boin_et, &of_boin_et), (&efftox, &all)] {
            if let Some(level) = design.recommend(&doses) {
                prop_assert!(open[level] && level < tried, "{:?}: {:?}", design, doses);
            }
            let decision = design.decide(level, &doses);
            prop_assert!(decision.next_level.is_none_or(|next| next <= tried), "{:?}", decision);
        }
        // The second stage gives admissible doses only.
        if doses.iter().any(|dose| dose.evaluable >= 6) {
            let decision = u_boin.decide(level, &doses);
            prop_assert!(decision.next_level.is_none_or(|next| of_u_boin[next]), "{:?}", decision);
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
    ("tite-boin", "target = 0.3"),
    ("bf-boin", "target = 0.25"),
    ("crm", "target = 0.25\nskeleton = [0.08, 0.2, 0.35]"),
    ("custom", ENTIRE),
    ("simon", "null-rate = 0.2\nalternative-rate = 0.5\npower = 0.7"),
    (
        "bop2",
        "null-response = 0.2\nnull-toxicity = 0.3\nlooks = [4, 8, 12]\nlambda = 0.8\ngamma = 0.5",
    ),
    (
        "bop2-nested",
        "null-response = 0.3\nnull-deep = 0.1\nlooks = [4, 8, 12]\nlambda = 0.8\ngamma = 0.5",
    ),
    ("predictive-probability", "null-rate = 0.2\nlooks = [4, 8, 12]"),
    ("toxicity-monitoring", "limit = 0.2\nlooks = [3, 6, 9, 12]"),
];

/// A decision table that goes up, stays and down.
const ENTIRE: &str = "target = 0.3\ntable = \"evaluable,escalate-at-most,de-escalate-at-least,\
    eliminate-at-least\\n3,0,2,3\\n6,1,3,4\\n9,1,4,5\\n12,2,5,6\"";

#[test]
fn enumeration_and_simulation_agree_for_every_finite_design() {
    let three = Truth::with_odds_ratio(&[0.1, 0.25, 0.45], &[0.2, 0.4, 0.45], 2.0).unwrap();
    let one = Truth::with_odds_ratio(&[0.2], &[0.35], 2.0).unwrap().with_deep(&[0.15]).unwrap();
    let plan = Plan::new(3, 12);
    let mut scores = Vec::new();
    for (seed, (name, text)) in FINITE.iter().enumerate() {
        let truth = if build(name, text).levels() == Some(1) { &one } else { &three };
        let design = build(name, text);
        let want = exact(design.as_ref(), truth, plan).unwrap();
        let got = simulate(design.as_ref(), truth, plan, seed as u64, 6_000).unwrap();
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
fn nested_responses_have_the_characteristics_of_their_bounds() {
    for (looks, response, deep) in
        [("[10, 20]", 0.4, 0.2), ("[5, 9, 15]", 0.3, 0.15), ("[12]", 0.5, 0.1)]
    {
        let text = format!(
            "null-response = 0.3\nnull-deep = 0.15\nlooks = {looks}\nlambda = 0.8\ngamma = 0.7"
        );
        let design = Bop2Nested::new(&toml::from_str(&text).unwrap()).unwrap();
        let truth = Truth::with_odds_ratio(&[0.2], &[response], 2.0).unwrap();
        let without = exact(&design, &truth, Plan::new(3, 20)).unwrap_err().to_string();
        assert!(without.contains("nothing is said of deep responses"), "{without}");
        let truth = truth.with_deep(&[deep]).unwrap();
        let found = exact(&design, &truth, Plan::new(3, 20)).unwrap();
        let want = design.bounds().course(response, deep);
        // Two million small terms are added one by one.
        for (got, want) in [
            (found.selected[0], want.promising),
            (found.patients[0], want.mean_patients),
            (found.responses[0], response * want.mean_patients),
            (found.dlts[0], 0.2 * want.mean_patients),
        ] {
            assert!((got - want).abs() < 1e-9, "{got} for {want}");
        }
    }
}

#[test]
fn trials_in_any_pieces_add_up_to_the_same_numbers() {
    let four = Truth::with_odds_ratio(&[0.1, 0.25, 0.45, 0.5], &[0.2, 0.4, 0.45, 0.4], 2.0)
        .unwrap()
        .with_deep(&[0.1, 0.2, 0.2, 0.3])
        .unwrap();
    for entry in ALL {
        let design = build(entry.name, settings(entry.name).unwrap_or(entry.least));
        let truth = Truth { doses: four.doses[..design.levels().unwrap_or(3)].to_vec() };
        let plan = Plan::new(3, 12);
        // As 1, 2 and 7 threads would share them, finished in any order.
        let trials = if ["blrm", "efftox"].contains(&entry.name) { 14 } else { 140 };
        let part = |range| tally(design.as_ref(), &truth, plan, 9, range).unwrap();
        let whole = part(0..trials);
        for pieces in [1, 2, 7] {
            let size = trials / pieces;
            let parts = (0..pieces).rev().map(|piece| part(piece * size..(piece + 1) * size));
            let sum = parts.reduce(|sum, more| sum.with(&more)).unwrap();
            assert_eq!(sum, whole, "{}", entry.name);
        }
    }
}
