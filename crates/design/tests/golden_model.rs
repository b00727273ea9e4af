//! CRM, TITE-CRM and BLRM against the R package dfcrm and an independent quadrature.

mod common;

use common::{Row, Scores, assert_all_near, assert_near, doses, rows};
use cytotrial_design::characteristics::{exact, simulate};
use cytotrial_design::design::blrm::{self, Blrm, Choice};
use cytotrial_design::design::crm::{Crm, Method, Settings};
use cytotrial_design::design::tite_crm::{TiteCrm, Weights};
use cytotrial_design::skeleton::{Model, skeleton};
use cytotrial_design::{Design, DoseCounts, Known, Patient, Plan, Posterior, Truth};

fn model(row: &Row) -> Model {
    match row.text("model") {
        "empiric" => Model::Power,
        "logistic" => Model::Logistic,
        other => panic!("no model {other}"),
    }
}

fn settings(row: &Row) -> Settings {
    let mut settings = Settings::new(row.number("target"), &row.list("skeleton"));
    settings.model = model(row);
    if row.0.contains_key("prior_sd") {
        settings.prior_deviation = row.number("prior_sd");
    }
    if row.0.contains_key("intcpt") {
        settings.intercept = row.number("intcpt");
    }
    settings
}

fn counts(row: &Row) -> Vec<DoseCounts> {
    doses(&row.counts("n"), &row.counts("tox"))
}

/// The dose of the file, unless two doses are within 1e-4 of a tie.
fn assert_level(crm: &Crm, posterior: &Posterior, row: &Row) {
    let rates = &posterior.at_estimate;
    let target = crm.settings().target;
    let got = crm.level_of(rates);
    let want = row.count("next_dose_unrestricted") as usize - 1;
    let distance = |level: usize| (rates[level] - target).abs();
    let is_tie = (distance(got) - distance(want)).abs() < 1e-4;
    assert!(got == want || is_tie, "{got} for {want}: {:?}", row.0);
}

#[test]
fn skeletons_are_those_of_the_package() {
    for row in rows("crm_getprior", 60) {
        let (levels, guess) = (row.count("nlevel") as usize, row.count("nu") as usize);
        let (half, target) = (row.number("halfwidth"), row.number("target"));
        let got = skeleton(half, target, guess, levels, model(&row), row.number("intcpt")).unwrap();
        assert_all_near(&got, &row.list("skeleton"), 1e-9, row.text("case"));
    }
}

#[test]
fn posteriors_of_the_crm_are_those_of_the_package() {
    for row in rows("crm_next_dose", 90) {
        let crm = Crm::new(settings(&row)).unwrap();
        let posterior = crm.posterior(&counts(&row)).unwrap();
        assert_near(posterior.estimate, row.number("beta_mean"), 2e-5, row.text("case"));
        assert_near(posterior.variance.unwrap(), row.number("beta_var"), 1e-3, row.text("case"));
        assert_all_near(&posterior.at_estimate, &row.list("ptox"), 1e-4, row.text("case"));
        let (low, high): (Vec<f64>, Vec<f64>) =
            crm.interval(&posterior).unwrap().into_iter().unzip();
        assert_all_near(&low, &row.list("ptox_lo90"), 1e-3, row.text("case"));
        assert_all_near(&high, &row.list("ptox_hi90"), 1e-3, row.text("case"));
        assert_level(&crm, &posterior, &row);
    }
}

#[test]
fn most_likely_values_are_those_of_the_package() {
    for row in rows("crm_mle_next_dose", 50) {
        let settings = Settings { method: Method::Likelihood, ..settings(&row) };
        let crm = Crm::new(settings).unwrap();
        let posterior = crm.posterior(&counts(&row)).unwrap();
        assert_near(posterior.estimate, row.number("beta_mle"), 5e-5, row.text("case"));
        assert_all_near(&posterior.at_estimate, &row.list("ptox"), 1e-4, row.text("case"));
        assert_level(&crm, &posterior, &row);
    }
}

#[test]
fn posteriors_of_the_tite_crm_are_those_of_the_package() {
    for row in rows("titecrm_next_dose", 60) {
        let weights = match row.text("scheme") {
            "linear" => Weights::Linear,
            "adaptive" => Weights::Adaptive,
            other => panic!("no scheme {other}"),
        };
        let tite = TiteCrm::new(weights, settings(&row)).unwrap();
        let window = row.number("obs_window");
        let all = row.counts("level").into_iter().zip(row.counts("tox")).zip(row.list("followup"));
        let patients: Vec<Patient> = all
            .map(|((level, tox), time)| Patient {
                level: level as usize - 1,
                follow_up: time / window,
                dlt: (tox == 1).then_some(time / window),
            })
            .collect();
        let known = Known::of_patients(0, row.list("skeleton").len(), patients);
        let posterior = tite.posterior(&known).unwrap();
        assert_near(posterior.estimate, row.number("beta_mean"), 2e-5, row.text("case"));
        assert_near(posterior.variance.unwrap(), row.number("beta_var"), 1e-3, row.text("case"));
        assert_all_near(&posterior.at_estimate, &row.list("ptox"), 1e-4, row.text("case"));
        assert_level(tite.crm(), &posterior, &row);
    }
}

#[test]
fn paths_of_the_crm_are_those_of_the_package() {
    for row in rows("crm_dose_paths", 200) {
        let crm = Crm::new(settings(&row)).unwrap();
        let size = row.count("cohortsize");
        let mut doses = vec![DoseCounts::default(); row.list("skeleton").len()];
        let mut known = Known::default();
        for cohort in row.text("path").split(' ') {
            let (level, dlts) = cohort.split_once(':').unwrap();
            let level = level.parse::<usize>().unwrap() - 1;
            let cohort = DoseCounts::of(size, dlts.parse().unwrap());
            doses[level] = doses[level].with(cohort);
            known = Known { level, last_cohort: Some(cohort), ..Known::of_counts(level, &doses) };
        }
        let posterior = crm.posterior(&doses).unwrap();
        assert_near(posterior.estimate, row.number("beta_mean"), 2e-5, row.text("case"));
        let level = crm.level_of(&posterior.at_estimate);
        assert_eq!(level as u32 + 1, row.count("crm_dose"), "{:?}", row.0);
        let next = crm.decide_on(&known).next_level.unwrap() as u32 + 1;
        assert_eq!(next, row.count("next_dose_restricted"), "{:?}", row.0);
    }
}

#[test]
#[ignore = "takes over two seconds"]
fn the_crm_agrees_with_the_simulations_of_the_package() {
    let mut scores = Scores::default();
    for row in rows("crm_oc_mc", 6) {
        let settings = Settings { recommend_untried: true, ..settings(&row) };
        let crm = Crm::new(settings).unwrap();
        let truth = Truth::of_toxicity(&row.list("p_true")).unwrap();
        let plan = Plan {
            start: row.count("start") as usize - 1,
            ..Plan::new(row.count("cohortsize"), row.count("n"))
        };
        let got = simulate(&crm, &truth, plan, 2026, 20_000).unwrap();
        let errors = got.errors.as_ref().unwrap();
        let trials = row.number("ntrial");
        for (dose, want) in row.list("sel_prob").into_iter().enumerate() {
            scores.share(got.selected[dose], errors.selected[dose], want, trials);
        }
        for (dose, want) in row.list("mean_n").into_iter().enumerate() {
            let error = errors.patients[dose] * (1.0 + 20_000.0 / trials).sqrt();
            if want > 0.1 {
                scores.push((got.patients[dose] - want) / error);
            }
        }
    }
    scores.judge("CRM");
}

/// How much the spread of the scores above may differ from 1 by chance alone: the golden trials are
/// replaced by as many trials of our own, again and again. Within a row the shares add up to one and
/// patients go with shares, so there are fewer independent scores than there are scores.
#[test]
#[ignore = "takes a minute"]
#[allow(clippy::print_stdout, reason = "the quantiles are worth seeing")]
fn the_spread_of_the_crm_scores_is_within_chance() {
    let mut spreads = Vec::new();
    let rows: Vec<_> = rows("crm_oc_mc", 6)
        .into_iter()
        .map(|row| {
            let crm = Crm::new(Settings { recommend_untried: true, ..settings(&row) }).unwrap();
            let truth = Truth::of_toxicity(&row.list("p_true")).unwrap();
            let plan = Plan {
                start: row.count("start") as usize - 1,
                ..Plan::new(row.count("cohortsize"), row.count("n"))
            };
            let long = simulate(&crm, &truth, plan, 2026, 20_000).unwrap();
            (crm, truth, plan, long)
        })
        .collect();
    let trials = 1_000;
    for again in 0..100 {
        let mut scores = Scores::default();
        for (crm, truth, plan, long) in &rows {
            let errors = long.errors.as_ref().unwrap();
            let short = simulate(crm, truth, *plan, 10_000 + again, trials).unwrap();
            for dose in 0..truth.doses.len() {
                let want = short.selected[dose];
                scores.share(long.selected[dose], errors.selected[dose], want, f64::from(trials));
                let error = errors.patients[dose] * (1.0 + 20_000.0 / f64::from(trials)).sqrt();
                if short.patients[dose] > 0.1 {
                    scores.push((long.patients[dose] - short.patients[dose]) / error);
                }
            }
        }
        spreads.push((scores.spread(), scores.count()));
    }
    spreads.sort_by(|a, b| a.0.total_cmp(&b.0));
    let at = |place: usize| spreads[place].0;
    println!(
        "CRM: about {} scores; spread by chance, quantiles 1/5/50/95/99 %: {:.3} {:.3} {:.3} {:.3} {:.3}",
        spreads[50].1,
        at(1),
        at(5),
        at(50),
        at(95),
        at(98)
    );
    // The golden file has 0.73.
    assert!((at(1)..at(98)).contains(&0.73), "{:.3} to {:.3}", at(1), at(98));
}

#[test]
fn the_crm_enumerated_and_simulated_agree() {
    let crm = Crm::new(Settings::new(0.25, &[0.1, 0.25, 0.4])).unwrap();
    let truth = Truth::of_toxicity(&[0.15, 0.3, 0.5]).unwrap();
    let want = exact(&crm, &truth, Plan::new(3, 12)).unwrap();
    let got = simulate(&crm, &truth, Plan::new(3, 12), 5, 2_000).unwrap();
    let errors = got.errors.unwrap();
    for dose in 0..3 {
        assert_near(
            got.selected[dose],
            want.selected[dose],
            4.0 * errors.selected[dose] + 1e-3,
            "CRM",
        );
    }
}

fn blrm(row: &Row) -> Blrm {
    let settings = blrm::Settings {
        prior_mean: [row.number("mean_log_alpha"), row.number("mean_log_beta")],
        prior_deviation: [row.number("sd_log_alpha"), row.number("sd_log_beta")],
        prior_correlation: row.number("rho"),
        under: row.number("cut_under"),
        over: row.number("cut_over"),
        overdose_control: row.number("ewoc"),
        ..blrm::Settings::new(&row.list("doses"), row.number("dose_ref"))
    };
    Blrm::new(settings).expect("sound settings")
}

#[test]
fn posteriors_of_the_blrm_are_those_of_another_quadrature() {
    let all = rows("blrm_next_dose", 40).into_iter().chain(rows("blrm_nbg_example", 2));
    let mut worst = 0.0_f64;
    for row in all {
        let design = blrm(&row);
        let fit = design.fit(&counts(&row));
        let case = row.text("case");
        let alpha = (fit.summary.parameters[0] - row.number("post_mean_log_alpha")).abs();
        let beta = (fit.summary.parameters[1] - row.number("post_mean_log_beta")).abs();
        assert!(alpha < 1e-6 && beta < 1e-6, "{case}: {alpha} {beta}");
        for (got, column) in [
            (&fit.summary.means, "ptox_mean"),
            (&fit.summary.deviations, "ptox_sd"),
            (&fit.under, "prob_under"),
            (&fit.target, "prob_target"),
            (&fit.over, "prob_over"),
        ] {
            for (got, want) in got.iter().zip(row.list(column)) {
                worst = worst.max((got - want).abs());
            }
            // The file's own grid leaves up to 1.2e-6; see the test below.
            assert_all_near(got, &row.list(column), 2e-6, &format!("{case} {column}"));
        }
        if fit.over.iter().any(|over| (over - 0.25).abs() < 1e-5) {
            continue;
        }
        let eligible: Vec<u32> = design.eligible(&fit).into_iter().map(u32::from).collect();
        assert_eq!(eligible, row.counts("ewoc_eligible"), "{case}");
        for (choice, column) in [
            (Choice::MostOnTarget, "next_max_target_prob"),
            (Choice::Highest, "next_highest_eligible"),
        ] {
            let got = design.choose(&fit, |_| true, choice).map_or(0, |dose| dose + 1);
            assert_eq!(got as u32, row.count(column), "{case}");
        }
    }
    assert!(worst < 1.2e-6, "largest difference {worst:e}");
}

#[test]
fn the_blrm_agrees_with_a_third_computation_where_the_file_is_off() {
    // Case BL038, lowest dose: under, on target, over by Gauss-Legendre panels in both parameters,
    // split where the rate crosses a limit (numpy, 2,400 x 1,000 nodes).
    let row =
        rows("blrm_next_dose", 40).into_iter().find(|row| row.text("case") == "BL038").unwrap();
    let fit = blrm(&row).fit(&counts(&row));
    for (got, want) in [
        (fit.under[0], 0.202_889_090_959),
        (fit.target[0], 0.628_164_015_770),
        (fit.over[0], 0.168_946_893_271),
    ] {
        assert_near(got, want, 1e-8, "BL038");
    }
}
