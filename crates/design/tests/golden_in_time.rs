//! Designs with pending patients: rolling six and TITE-BOIN against tables and programs.

mod common;

use common::{Scores, assert_near, design, number, rows};
use cytotrial_design::characteristics::{Calendar, in_time};
use cytotrial_design::design::bf_boin;
use cytotrial_design::design::tite_boin::{Form, Settings, TiteBoin};
use cytotrial_design::{Action, Design, DoseCounts, Known, Patient, Plan, Truth};

fn at(treated: u32, dlts: u32, pending: u32) -> DoseCounts {
    DoseCounts { pending, ..DoseCounts::of(treated - pending, dlts) }
}

#[test]
fn rolling_six_has_its_table() {
    let rule = design("rolling-six", "five-of-five = false");
    for row in rows("rolling_six_table", 80) {
        let here = at(row.count("n"), row.count("dlt"), row.count("pending"));
        // The dose below has room, so that a de-escalation can be seen.
        let doses = [at(4, 1, 0), here, DoseCounts::default()];
        let got = match rule.decide(1, &doses).action {
            Action::Stay => "Stay",
            Action::Escalate => "Escalate",
            Action::DeEscalate => "De-escalate",
            Action::Suspend => "Suspend",
            other => panic!("{other}: {:?}", row.0),
        };
        assert_eq!(got, row.text("decision"), "{:?}", row.0);
    }
}

/// Patients at the middle of three doses: complete ones, DLTs, and pending ones by follow-up.
fn known(treated: u32, dlts: u32, follow_ups: &[f64]) -> Known {
    let mut patients = vec![Patient { level: 0, follow_up: 1.0, dlt: None }; 3];
    let complete = treated as usize - follow_ups.len() - dlts as usize;
    patients.extend(vec![Patient { level: 1, follow_up: 1.0, dlt: None }; complete]);
    patients.extend(vec![Patient { level: 1, follow_up: 0.4, dlt: Some(0.4) }; dlts as usize]);
    let pending = |&follow_up| Patient { level: 1, follow_up, dlt: None };
    patients.extend(follow_ups.iter().map(pending));
    Known::of_patients(1, 3, patients)
}

#[test]
fn tite_boin_has_the_thresholds_of_the_imputation_form() {
    for row in rows("titeboin_decisions", 200) {
        let tite = TiteBoin::new(Settings::new(row.number("target"))).unwrap();
        assert_near(tite.boin().lambda_e(), row.number("lambda_e"), 1e-11, "lambda e");
        assert_near(tite.boin().lambda_d(), row.number("lambda_d"), 1e-11, "lambda d");
        let (n, y, c) = (row.count("n"), row.count("dlt"), row.count("pending"));
        let limits = tite.thresholds(at(n, y, c));
        assert_near(limits.rate, row.number("p_tilde"), 1e-9, "rate");
        for (got, column) in
            [(limits.escalate_from, "stft_escalate"), (limits.de_escalate_below, "stft_deescalate")]
        {
            if let Some(want) = row.maybe(column) {
                assert_near(got, want, 1e-6, column);
            }
        }
        let action =
            |each: f64| tite.decide_on(&known(n, y, &vec![each; c as usize])).action.letter();
        let all = f64::from(c);
        let want = |follow_up: f64| match row.text("decision") {
            "SUSPEND" => 'W',
            "BY_STFT" if follow_up >= limits.escalate_from => 'E',
            "BY_STFT" if follow_up < limits.de_escalate_below => 'D',
            "BY_STFT" => 'S',
            other => other.chars().next().unwrap(),
        };
        // Pending patients at the start, the end, and on the way through the window.
        for each in [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999] {
            assert_eq!(action(each), want(each * all), "{each}: {:?}", row.0);
        }
        let is_out = design("tite-boin", &format!("target = {}", row.text("target")))
            .decide(0, &[at(n, y, c), DoseCounts::default()]);
        let stops = is_out.action == Action::StopForSafety;
        assert_eq!(stops, row.text("eliminate") == "1", "{:?}", row.0);
    }
}

#[test]
fn tite_boin_has_the_thresholds_that_a_protocol_printed() {
    // PMC9260438, table 1, target 0.20: nine patients treated; DLTs, pending, and the total follow-up
    // from which on the dose is escalated, or below which it is de-escalated, to two digits.
    let tite = TiteBoin::new(Settings::new(0.2)).unwrap();
    for (dlts, pending, want) in [(1, 3, 0.77), (1, 4, 2.15)] {
        let got = tite.thresholds(at(9, dlts, pending)).escalate_from;
        assert_near(got, want, 0.005, "escalation");
    }
    for (dlts, pending, want) in [(2, 1, 0.52), (2, 2, 1.59), (2, 3, 2.66), (2, 4, 3.73)] {
        let got = tite.thresholds(at(9, dlts, pending)).de_escalate_below;
        assert_near(got, want, 0.005, "de-escalation");
    }
}

#[test]
fn tite_boin_decides_by_the_effective_sample_size() {
    for row in rows("tite_ess_decisions", 150) {
        let settings =
            Settings { form: Form::EffectiveSampleSize, ..Settings::new(row.number("target")) };
        let tite = TiteBoin::new(settings).unwrap();
        let window = row.number("window");
        let times = row.text("pending_followup").split_whitespace();
        let follow_ups: Vec<f64> = times.map(|time| number(time) / window).collect();
        let (n, y) = (row.count("n"), row.count("dlt"));
        let known = known(n, y, &follow_ups);
        let rate = TiteBoin::effective_rate(known.at(), known.pending_follow_up(1));
        assert_near(rate, row.number("p_hat"), 1e-9, row.text("case"));
        let lowest = Known::of_counts(0, &[known.at(), DoseCounts::default()]);
        let is_out = tite.decide_on(&lowest).action == Action::StopForSafety;
        assert_eq!(is_out, row.text("decision") == "ELIMINATE", "{:?}", row.0);
        let want = match row.text("decision") {
            "ELIMINATE" => 'D',
            "SUSPEND" => 'W',
            other => other.chars().next().unwrap(),
        };
        assert_eq!(tite.decide_on(&known).action.letter(), want, "{:?}", row.0);
    }
}

#[test]
#[ignore = "takes over two seconds"]
fn bf_boin_agrees_with_the_simulations_of_the_package() {
    let mut scores = Scores::default();
    for row in rows("bfboin_oc_mc", 5) {
        let settings = bf_boin::Settings {
            early_stop: Some(row.count("n_earlystop")),
            backfill_most: row.count("n_cap"),
            backfill_inclusive: true,
            ..bf_boin::Settings::new(row.number("target"))
        };
        let design = bf_boin::BfBoin::new(settings).unwrap();
        let truth = Truth::independent(&row.list("p_true"), &row.list("p_response")).unwrap();
        let size = row.count("cohortsize");
        let plan = Plan::new(size, size * row.count("ncohort"));
        let calendar =
            Calendar::new(row.number("dlt_window_months"), 1.0 / row.number("n_per_month"));
        let got = in_time(&design, &truth, plan, &calendar, (7, 6_000)).unwrap();
        let found = &got.characteristics;
        let errors = found.errors.as_ref().unwrap();
        let trials = row.number("ntrial");
        for (dose, want) in row.list("sel_pct").into_iter().enumerate() {
            scores.share(found.selected[dose], errors.selected[dose], want / 100.0, trials);
        }
        scores.share(found.none, errors.none, row.number("stop_pct") / 100.0, trials);
        for (dose, want) in row.list("mean_n").into_iter().enumerate() {
            let error = errors.patients[dose] * (1.0 + 6_000.0 / trials).sqrt();
            if want > 0.1 {
                scores.push((found.patients[dose] - want) / error);
            }
        }
        let want = row.number("duration_months");
        assert!((got.duration / want - 1.0).abs() < 0.03, "{} for {want}", got.duration);
    }
    scores.judge("BF-BOIN");
}
