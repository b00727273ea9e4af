//! Designs on toxicity and response against packages and independent programs.

mod common;

use common::{Row, Scores, assert_near, rows};
use cytotrial_design::characteristics::simulate;
use cytotrial_design::design::boin12::{Boin12, Settings};
use cytotrial_design::design::{boin_et, efftox};
use cytotrial_design::{Action, Design, DoseCounts, Plan, Truth};

fn settings(row: &Row) -> Settings {
    Settings {
        utility_neither: row.number("u2"),
        utility_both: row.number("u3"),
        toxicity_cutoff: row.number("c_t"),
        futility_cutoff: row.number("c_e"),
        ..Settings::new(row.number("phi_t"), row.number("phi_e"))
    }
}

#[test]
fn scores_of_boin12_are_those_of_the_package() {
    let all = rows("boin12_rds", 1_300);
    for case in all.chunk_by(|one, next| one.text("case") == next.text("case")) {
        let design = Boin12::new(settings(&case[0])).unwrap();
        let most = case.iter().map(|row| row.count("n")).max().unwrap();
        let scores = design.scores(3, most).unwrap();
        assert_eq!(scores.len(), case.len());
        for row in case {
            let counts = (row.count("n"), row.count("tox"), row.count("eff"));
            let got = scores
                .iter()
                .find(|score| (score.evaluable, score.dlts, score.responses) == counts)
                .unwrap();
            let want = (row.text("rds") != "E").then(|| row.number("rds"));
            assert_eq!(got.score, want, "{:?}", row.0);
        }
    }
}

#[test]
fn decisions_of_boin12_are_those_of_the_definition() {
    for row in rows("boin12_next_dose", 100) {
        let mut settings = settings(&row);
        settings.enough_to_judge = row.count("n_star");
        let design = Boin12::new(settings.clone()).unwrap();
        settings.explore_from = Some(row.count("explore_n"));
        let exploring = Boin12::new(settings).unwrap();
        let cells = ["n_tox0_eff0", "n_tox0_eff1", "n_tox1_eff0", "n_tox1_eff1"]
            .map(|column| row.counts(column));
        let doses: Vec<DoseCounts> = (0..cells[0].len())
            .map(|dose| DoseCounts::of_outcomes([0, 1, 2, 3].map(|cell| cells[cell][dose])))
            .collect();
        for (dose, want) in doses.iter().zip(row.list("posterior_utility_exceeds_benchmark")) {
            assert_near(design.desirability(*dose), want, 1e-8, row.text("case"));
        }
        let open = design.admissible(&doses);
        let open: Vec<u32> = (0..doses.len()).filter(|&d| open[d]).map(|d| d as u32 + 1).collect();
        assert_eq!(open, row.counts("admissible_section7"), "{:?}", row.0);
        let level = row.count("current_dose") as usize - 1;
        for (design, column) in
            [(&design, "next_dose_section7"), (&exploring, "next_dose_section7_explore9")]
        {
            let got = design.decide(level, &doses).next_level.map_or(0, |level| level + 1);
            assert_eq!(got as u32, row.count(column), "{column}: {:?}", row.0);
        }
    }
}

#[test]
#[ignore = "takes over two seconds"]
fn boin12_agrees_with_another_simulation() {
    let mut scores = Scores::default();
    for row in rows("boin12_oc_own", 6) {
        let mut settings = settings(&row);
        settings.max_per_dose = Some(row.count("cap_per_dose"));
        settings.enough_to_judge = row.count("n_star");
        let design = Boin12::new(settings).unwrap();
        let truth = Truth::independent(&row.list("p_tox"), &row.list("p_eff")).unwrap();
        let plan = Plan::new(row.count("cohortsize"), row.count("n_max"));
        let got = simulate(&design, &truth, plan, 2026, 20_000).unwrap();
        let errors = got.errors.as_ref().unwrap();
        let trials = row.number("ntrial");
        scores.share(got.none, errors.none, row.number("none_pct") / 100.0, trials);
        for (dose, want) in row.list("sel_pct").into_iter().enumerate() {
            scores.share(got.selected[dose], errors.selected[dose], want / 100.0, trials);
        }
        for (dose, want) in row.list("mean_n").into_iter().enumerate() {
            // The file has the mean alone; its error is that of so many trials of ours.
            let error = errors.patients[dose] * (1.0 + 20_000.0 / trials).sqrt();
            if want > 0.1 {
                scores.push((got.patients[dose] - want) / error);
            }
        }
    }
    scores.judge("BOIN12");
}

#[test]
fn boin12_picks_a_dose_though_none_works_and_says_so() {
    let design = Boin12::new(Settings::new(0.35, 0.25)).unwrap();
    let truth = Truth::independent(&[0.05, 0.08, 0.1], &[0.05, 0.06, 0.08]).unwrap();
    let found = simulate(&design, &truth, Plan::new(3, 24), 1, 300).unwrap();
    let told = cytotrial_design::characteristics::warnings(&design, &truth, &found);
    assert!(told.len() == 1 && told[0].contains("no dose reaches a response rate of 0.25"));
    assert_eq!(design.decide(0, &[DoseCounts::default(); 3]).action, Action::Stay);
}

#[test]
fn boundaries_of_boin_et_are_those_of_the_package() {
    for row in rows("boinet_boundaries", 6) {
        let settings = boin_et::Settings {
            target: row.number("phi"),
            underdosing: Some(row.number("phi1")),
            overdosing: Some(row.number("phi2")),
            response: row.number("delta"),
            low_response: Some(row.number("delta1")),
            ..boin_et::Settings::default()
        };
        let got = boin_et::BoinEt::new(settings).unwrap().boundaries();
        // Two decimals; a grid that starts at half a per cent is printed rounded either way.
        for (got, column) in
            [(got.lambda_1, "lambda1"), (got.lambda_2, "lambda2"), (got.eta_1, "eta1")]
        {
            assert_near(got, row.number(column), 0.005_01, &format!("{column}: {:?}", row.0));
        }
    }
}

#[test]
fn the_corrected_error_of_boin_et_moves_one_boundary() {
    let settings = boin_et::Settings { corrected: true, ..boin_et::Settings::default() };
    let got = boin_et::BoinEt::new(settings).unwrap().boundaries();
    for (got, want) in [(got.lambda_1, 0.14), (got.lambda_2, 0.35), (got.eta_1, 0.47)] {
        assert_near(got, want, 1e-9, "corrected");
    }
}

#[test]
fn contours_of_efftox_are_exact() {
    for row in rows("efftox_contours", 10) {
        let between = [row.number("eff_star"), row.number("tox_star")];
        let contour =
            efftox::Contour::new(row.number("eff0"), row.number("tox1"), between).unwrap();
        assert_near(contour.power(), row.number("p"), 1e-8, row.text("case"));
        for (response, toxicity, column) in [
            (0.2, 0.1, "u_e20_t10"),
            (0.5, 0.3, "u_e50_t30"),
            (0.8, 0.05, "u_e80_t05"),
            (0.9, 0.6, "u_e90_t60"),
        ] {
            let got = contour.utility(response, toxicity);
            assert_near(got, row.number(column), 1e-8, row.text("case"));
        }
    }
}

#[test]
fn posteriors_of_efftox_are_those_of_another_sampler() {
    // The example of the vignettes of trialr: five doses and its priors.
    let settings = "doses = [1, 2, 4, 6.6, 10]\ntoxicity-intercept = [-7.9593, 3.5487]\n\
        toxicity-slope = [1.5482, 3.5018]\nresponse-intercept = [0.7367, 2.5423]\n\
        response-slope = [3.4181, 2.4406]\nresponse-hurdle = 0.5\ntoxicity-hurdle = 0.3";
    let design = efftox::EffTox::new(toml::from_str(settings).unwrap()).unwrap();
    for row in rows("efftox_posterior", 10) {
        assert_near(design.contour().power(), row.number("p_contour"), 1e-8, "power");
        let mut doses = vec![DoseCounts::default(); 5];
        for cohort in row.text("outcomes").split(' ') {
            let dose = &mut doses[cohort[..1].parse::<usize>().unwrap() - 1];
            for letter in cohort[1..].chars() {
                dose.add("TB".contains(letter), "EB".contains(letter));
            }
        }
        let fit = design.fit(&doses);
        let case = row.text("case");
        assert!(fit.effective_draws > 2_000.0, "{case}: {}", fit.effective_draws);
        for (got, column, errors) in [
            (&fit.response, "prob_eff", "mcse_prob_eff"),
            (&fit.toxicity, "prob_tox", "mcse_prob_tox"),
            (&fit.response_is_acceptable, "prob_acc_eff", "mcse_acc_eff"),
            (&fit.toxicity_is_acceptable, "prob_acc_tox", "mcse_acc_tox"),
        ] {
            let wanted = row.list(column).into_iter().zip(row.list(errors));
            for (got, (want, error)) in got.iter().zip(wanted) {
                assert_near(*got, want, 5.0 * error + 0.002, &format!("{case} {column}"));
            }
        }
        for (dose, want) in row.list("utility_at_means").into_iter().enumerate() {
            assert_near(design.utility(&fit, dose), want, 0.012, &format!("{case} utility"));
        }
        let acceptable: Vec<u32> = design.acceptable(&fit).into_iter().map(u32::from).collect();
        assert_eq!(acceptable, row.counts("admissible_by_probability"), "{case}");
    }
}
