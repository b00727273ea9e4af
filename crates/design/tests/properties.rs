//! What holds for every design and every count of patients.

use std::sync::OnceLock;

use cytotrial_design::posterior::exceeds;
use cytotrial_design::{ALL, Action, Design, DoseCounts, Guarded, Rule};
use proptest::prelude::*;

/// Designs on toxicity alone, under several settings.
fn designs() -> &'static [Box<dyn Design>] {
    static DESIGNS: OnceLock<Vec<Box<dyn Design>>> = OnceLock::new();
    DESIGNS.get_or_init(|| SETTINGS.iter().map(|&(name, text)| build(name, text)).collect())
}

const SETTINGS: &[(&str, &str)] = &[
    ("3+3", ""),
    ("3+3", "variant = \"stop-at-toxic\""),
    ("3+3", "six-at-top = true"),
    ("i3+3", "target = 0.25"),
    ("mtpi", "target = 0.3"),
    ("mtpi2", "target = 0.3\nmargin-above = 0.1"),
    ("keyboard", "target = 0.2"),
    ("boin", "target = 0.3"),
    ("boin", "target = 0.2\nextra-safe = true\nbound-mtd = true"),
    ("boin", "target = 0.25\nearly-stop = 9\nstay-on-1-of-3 = true"),
    ("boin", "target = 0.3\nearly-stop = 6\nearly-stop-rule = \"simple\""),
    ("boin", "target = 0.4\npending = \"unless-certain\""),
    ("boin", "target = 0.3\ntitration-cohort = 3"),
    ("tite-boin", "target = 0.3"),
    ("tite-boin", "target = 0.3\nform = \"effective-sample-size\""),
    ("rolling-six", ""),
    ("crm", "target = 0.25\nskeleton = [0.05, 0.12, 0.25, 0.4]"),
    (
        "crm",
        "target = 0.25\nskeleton = [0.05, 0.12, 0.25, 0.4]\nstop-above = 0.9\nmodel = \"logistic\"",
    ),
    ("tite-crm", "target = 0.3\nskeleton = [0.1, 0.2, 0.3]"),
];

/// The designs whose settings suit a number of dose levels.
fn suited(levels: usize) -> impl Iterator<Item = &'static Box<dyn Design>> {
    designs().iter().filter(move |design| design.levels().is_none_or(|fixed| fixed == levels))
}

fn build(name: &str, text: &str) -> Box<dyn Design> {
    let entry = ALL.iter().find(|entry| entry.name == name).expect("a listed design");
    (entry.from_toml)(text).expect("sound settings")
}

fn dose() -> impl Strategy<Value = DoseCounts> {
    (0_u32..=12, 0_u32..=3).prop_flat_map(|(evaluable, pending)| {
        // Few DLTs more often than many, so that higher doses stay open.
        prop_oneof![3 => 0..=evaluable.min(1), 1 => 0..=evaluable]
            .prop_map(move |dlts| DoseCounts { pending, ..DoseCounts::of(evaluable, dlts) })
    })
}

/// A level and the counts of all doses; patients are pending in half of the cases.
fn trial() -> impl Strategy<Value = (usize, Vec<DoseCounts>)> {
    let doses = (prop::collection::vec(dose(), 1..7), any::<bool>());
    doses.prop_flat_map(|(mut doses, is_complete)| {
        if is_complete {
            for dose in &mut doses {
                dose.pending = 0;
            }
        }
        (0..doses.len(), Just(doses))
    })
}

/// Whether a dose is one that no design may recommend or enter from below.
fn is_forbidden(design: &dyn Design, level: usize, doses: &[DoseCounts]) -> bool {
    // Asked from the lowest dose of the counts up to `level`, with no DLT elsewhere.
    let alone: Vec<DoseCounts> = vec![DoseCounts::of(6, 0), doses[level].at_best()];
    design.decide(0, &alone).action != Action::Escalate
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_decision_stays_on_the_list_and_says_why((level, doses) in trial()) {
        for design in suited(doses.len()) {
            let decision = design.decide(level, &doses);
            prop_assert!(!decision.because.is_empty());
            let is_consistent = match (decision.action, decision.next_level) {
                (Action::Escalate, Some(next)) => next == level + 1 && next < doses.len(),
                (Action::Stay, Some(next)) => next == level,
                (Action::DeEscalate, Some(next)) => next < level,
                (Action::Suspend | Action::Finish | Action::StopForSafety, None) => true,
                _ => false,
            };
            prop_assert!(is_consistent, "{:?}: {:?}", design, decision);
        }
    }

    #[test]
    fn more_toxicity_never_escalates((level, doses) in trial(), where_ in 0_usize..6) {
        let place = where_ % doses.len();
        let mut worse = doses.clone();
        if worse[place].dlts == worse[place].evaluable {
            return Ok(());
        }
        worse[place].dlts += 1;
        for design in suited(doses.len()) {
            let before = design.decide(level, &doses).action;
            let after = design.decide(level, &worse).action;
            prop_assert!(
                after != Action::Escalate || before == Action::Escalate,
                "{:?}: {:?} became {:?}", design, before, after
            );
        }
    }

    #[test]
    fn a_dose_entered_from_below_is_open((level, doses) in trial()) {
        for design in suited(doses.len()) {
            if design.levels().is_some() {
                // A model judges a dose by all doses, not by its counts alone.
                continue;
            }
            let decision = design.decide(level, &doses);
            if let (Action::Escalate, Some(next)) = (decision.action, decision.next_level)
                && doses[next].pending == 0
                && !format!("{design:?}").contains("early_stop: Some")
            {
                prop_assert!(!is_forbidden(design.as_ref(), next, &doses), "{:?}", design);
            }
        }
    }

    #[test]
    fn a_recommended_dose_was_tried_and_nothing_up_to_it_is_too_toxic((_, doses) in trial()) {
        for design in suited(doses.len()) {
            let Some(level) = design.recommend(&doses) else { continue };
            prop_assert!(doses[level].evaluable > 0);
            if design.levels().is_some() {
                continue;
            }
            for below in 0..=level {
                // Too toxic by the rule itself: the lowest dose with these counts stops the trial.
                let complete = DoseCounts::of(doses[below].evaluable, doses[below].dlts);
                let action = design.decide(0, &[complete, DoseCounts::default()]).action;
                let is_safe_stop = action == Action::StopForSafety;
                let is_extra = below > 0 && format!("{design:?}").contains("extra_safe: true");
                prop_assert!(!is_safe_stop || is_extra, "{:?}: {:?}", design, doses);
            }
        }
    }

    #[test]
    fn waiting_ends_when_nobody_is_pending((level, doses) in trial()) {
        let complete: Vec<DoseCounts> = doses.iter().map(|dose| dose.at_worst()).collect();
        for design in suited(doses.len()) {
            prop_assert_ne!(design.decide(level, &complete).action, Action::Suspend);
        }
    }
}

/// Designs on toxicity and response.
fn designs_on_both() -> &'static [Box<dyn Design>] {
    static DESIGNS: OnceLock<Vec<Box<dyn Design>>> = OnceLock::new();
    let settings = [
        ("boin12", "toxicity-limit = 0.35\nresponse-limit = 0.25"),
        (
            "boin12",
            "toxicity-limit = 0.3\nresponse-limit = 0.2\nexplore-from = 9\nutility-both = 50",
        ),
        ("boin-et", ""),
        ("u-boin", "toxicity-limit = 0.3\nresponse-limit = 0.25"),
        ("tepi", ""),
    ];
    DESIGNS.get_or_init(|| settings.iter().map(|&(name, text)| build(name, text)).collect())
}

/// A level and the counts of all doses by both outcomes.
fn trial_on_both() -> impl Strategy<Value = (usize, Vec<DoseCounts>)> {
    let dose = [0_u32..=6, 0..=6, 0..=3, 0..=3].prop_map(DoseCounts::of_outcomes);
    prop::collection::vec(dose, 1..6).prop_flat_map(|doses| (0..doses.len(), Just(doses)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn designs_on_both_outcomes_stay_on_the_list((level, doses) in trial_on_both()) {
        for design in designs_on_both() {
            let decision = design.decide(level, &doses);
            prop_assert!(!decision.because.is_empty());
            prop_assert!(decision.next_level.is_none_or(|next| next < doses.len()));
            prop_assert_eq!(decision.next_level.is_none(), decision.action.is_end());
        }
    }

    #[test]
    fn designs_on_both_outcomes_recommend_no_toxic_and_no_useless_dose((_, doses) in trial_on_both()) {
        for design in designs_on_both() {
            let Some(level) = design.recommend(&doses) else { continue };
            prop_assert!(doses[level].evaluable > 0);
            // With every patient up to it having a DLT, no dose can be recommended.
            let mut toxic = doses.clone();
            for dose in &mut toxic[..=level] {
                *dose = DoseCounts::of_outcomes([0, 0, 0, 12]);
            }
            prop_assert!(design.recommend(&toxic).is_none(), "{:?}", design);
            // Nor one without any response in many patients.
            let mut useless = doses.clone();
            useless[level] = DoseCounts::of(40, 0);
            prop_assert!(design.recommend(&useless) != Some(level), "{:?}", design);
        }
    }

    #[test]
    fn rules_keep_a_recommended_dose_open((level, doses) in trial(), limit in 0.1_f64..0.5) {
        let rules = [
            Rule::CloseToxic { limit, cutoff: 0.9, min_patients: 1 },
            Rule::MinToRecommend { patients: 3 },
            Rule::NoSkipping,
        ];
        let is_closed = |dose: &DoseCounts| {
            dose.evaluable >= 1 && exceeds(dose.dlts, dose.evaluable, limit) > 0.9
        };
        let first = doses.iter().position(is_closed).unwrap_or(doses.len());
        for (name, text) in [("boin", "target = 0.3"), ("i3+3", "target = 0.25"), ("3+3", "")] {
            let guarded = Guarded::new(build(name, text), &rules);
            let decision = guarded.decide(level, &doses);
            prop_assert!(decision.next_level.is_none_or(|next| next < first), "{decision:?}");
            if let Some(recommended) = guarded.recommend(&doses) {
                prop_assert!(recommended < first && doses[recommended].evaluable >= 3);
            }
        }
    }
}
