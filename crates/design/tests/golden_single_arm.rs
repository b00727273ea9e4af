//! Single-arm designs against R packages and independent enumerations.

mod common;

use common::{Row, assert_near, rows};
use cytotrial_design::characteristics::exact;
use cytotrial_design::design::bop2::{self, Bop2};
use cytotrial_design::design::predictive_probability::{self, PredictiveProbability};
use cytotrial_design::design::simon::{self, Kind, Simon};
use cytotrial_design::design::toxicity_monitoring::{self, Rule, ToxicityMonitoring};
use cytotrial_design::{Plan, Truth};

fn simon_settings(row: &Row, kind: Kind) -> simon::Settings {
    simon::Settings {
        null_rate: row.number("p0"),
        alternative_rate: row.number("p1"),
        type_one: row.number("alpha"),
        power: 1.0 - row.number("beta"),
        max_patients: if row.0.contains_key("nmax") { row.count("nmax") } else { 120 },
        kind,
    }
}

fn check_simon(row: &Row) {
    let kind = if row.text("type") == "optimal" { Kind::Optimal } else { Kind::Minimax };
    let settings = simon_settings(row, kind);
    let design = Simon::new(&settings).expect("a design exists");
    let got = design.two_stage();
    let want = ["r1", "n1", "r", "n"].map(|column| row.count(column));
    assert_eq!([got.first_at_most, got.first, got.all_at_most, got.all], want, "{:?}", row.0);
    assert_near(got.mean_patients, row.number("EN_p0"), 1e-6, row.text("case"));
    let null = got.bounds().course(settings.null_rate);
    assert_near(null.low[0], row.number("PET_p0"), 1e-6, row.text("case"));
    assert_near(null.passed, row.number("attained_alpha"), 1e-7, row.text("case"));
    let alternative = got.bounds().course(settings.alternative_rate);
    assert_near(alternative.passed, row.number("attained_power"), 1e-7, row.text("case"));
}

#[test]
fn two_stage_designs_are_those_of_the_package() {
    rows("simon_two_stage", 90).iter().take(16).for_each(check_simon);
}

#[test]
#[ignore = "takes over two seconds"]
fn all_two_stage_designs_are_those_of_the_package() {
    rows("simon_two_stage", 90).iter().for_each(check_simon);
}

#[test]
fn admissible_designs_are_those_of_the_package() {
    let all = rows("simon_admissible", 10);
    let same = |one: &Row, next: &Row| {
        ["p0", "p1", "alpha", "beta"].iter().all(|column| one.text(column) == next.text(column))
    };
    for case in all.chunk_by(|one, next| same(one, next)) {
        let settings = simon_settings(&case[0], Kind::Optimal);
        let got = simon::admissible(&settings).unwrap();
        assert_eq!(got.len(), case.len());
        for (got, row) in got.iter().zip(case) {
            let design = got.design;
            let want = ["r1", "n1", "r", "n"].map(|column| row.count(column));
            let found = [design.first_at_most, design.first, design.all_at_most, design.all];
            assert_eq!(found, want, "{:?}", row.0);
            assert_near(design.mean_patients, row.number("EN(p0)"), 1e-6, "EN");
            // The file has three digits.
            assert_near(got.from, row.number("qLo"), 6e-4, "weight");
            assert_near(got.to, row.number("qHi"), 6e-4, "weight");
        }
    }
}

#[test]
fn a_two_stage_design_has_its_exact_characteristics() {
    let settings = simon_settings(&rows("simon_two_stage", 90)[2], Kind::Optimal);
    let design = Simon::new(&settings).unwrap();
    for rate in [settings.null_rate, settings.alternative_rate] {
        let truth = Truth::independent(&[0.1], &[rate]).unwrap();
        let got = exact(&design, &truth, Plan::new(1, 200)).unwrap();
        let want = design.two_stage().bounds().course(rate);
        assert_near(got.selected[0], want.passed, 1e-11, "promising");
        assert_near(got.patients[0], want.mean_patients, 1e-10, "patients");
        assert_near(got.stopped_for_futility, want.low[0], 1e-11, "futility");
    }
}

#[test]
fn boundaries_of_bop2_are_exact() {
    for row in rows("bop2_binary_boundaries", 100) {
        let settings = bop2::Settings {
            null_response: row.number("p0"),
            null_toxicity: None,
            looks: row.counts("looks"),
            lambda: Some(row.number("lambda_")),
            gamma: Some(row.number("gamma")),
            alternative_response: None,
            alternative_toxicity: None,
            type_one: 0.1,
        };
        let design = Bop2::new(&settings).unwrap();
        let got: Vec<f64> = design
            .bounds()
            .response_at_most
            .iter()
            .map(|most| most.map_or(-1.0, f64::from))
            .collect();
        assert_eq!(got, row.list("futility_stop_if_le"), "{:?}", row.0);
        let course = design.course(row.number("p_true"), 0.0);
        assert_near(course.promising, row.number("prob_promising"), 1e-9, row.text("case"));
        assert_near(course.stopped_early, row.number("PET"), 1e-8, row.text("case"));
        assert_near(course.mean_patients, row.number("EN"), 1e-7, row.text("case"));
    }
}

#[test]
fn the_cutoff_of_bop2_is_found() {
    for row in rows("bop2_binary_optimal", 6) {
        let settings = bop2::Settings {
            null_response: row.number("p0"),
            null_toxicity: None,
            looks: row.counts("looks"),
            lambda: None,
            gamma: None,
            alternative_response: Some(row.number("p1")),
            alternative_toxicity: None,
            type_one: row.number("alpha"),
        };
        let design = Bop2::new(&settings).unwrap();
        let got: Vec<f64> = design
            .bounds()
            .response_at_most
            .iter()
            .map(|most| most.map_or(-1.0, f64::from))
            .collect();
        assert_eq!(got, row.list("futility_stop_if_le"), "{:?}", row.0);
        let null = design.course(row.number("p0"), 0.0);
        let alternative = design.course(row.number("p1"), 0.0);
        assert!(null.promising <= row.number("alpha"));
        assert!(alternative.promising >= row.number("power") - 1e-9);
        assert_near(null.promising, row.number("type1"), 1e-9, "type I");
        assert_near(null.mean_patients, row.number("EN_p0"), 1e-7, "EN");
        assert_near(alternative.mean_patients, row.number("EN_p1"), 1e-7, "EN");
        assert_near(null.stopped_early, row.number("PET_p0"), 1e-8, "PET");
    }
}

#[test]
fn predictive_probabilities_are_exact() {
    for row in rows("predictive_probability", 200) {
        let (evaluable, responses) = (row.count("n"), row.count("x"));
        let last = row.count("nmax");
        let mut looks = vec![evaluable];
        if last > evaluable {
            looks.push(last);
        }
        let settings = predictive_probability::Settings {
            null_rate: row.number("p0"),
            looks,
            prior: Some([row.number("prior_a"), row.number("prior_b")]),
            success: row.number("theta_T"),
            futile_below: 0.05,
            promising_above: None,
        };
        let design = PredictiveProbability::new(settings).unwrap();
        let posterior = design.posterior(evaluable, responses);
        assert_near(posterior, row.number("post_gt_p0"), 1e-9, row.text("case"));
        let predictive = design.probability(evaluable, responses);
        assert_near(predictive, row.number("predictive_prob"), 1e-9, row.text("case"));
    }
}

fn monitoring(row: &Row, limit: &str) -> toxicity_monitoring::Settings {
    let text = format!("limit = {}\nlooks = {:?}", row.text(limit), row.counts("looks"));
    toml::from_str(&text).expect("settings")
}

fn high(bounds: &cytotrial_design::looks::Bounds) -> Vec<f64> {
    bounds.high.iter().map(|least| least.map_or(f64::NAN, f64::from)).collect()
}

#[test]
fn bayesian_monitoring_is_exact() {
    for row in rows("bayes_toxicity_monitoring", 30) {
        let settings = toxicity_monitoring::Settings {
            cutoff: row.number("cutoff"),
            prior: [row.number("prior_a"), row.number("prior_b")],
            ..monitoring(&row, "p_tol")
        };
        let design = ToxicityMonitoring::new(settings).unwrap();
        let want: Vec<Option<u32>> = row
            .text("stop_if_ge")
            .split(' ')
            .zip(row.counts("looks"))
            .map(|(cell, look)| cell.parse().ok().filter(|&least| least <= look))
            .collect();
        assert_eq!(design.bounds().high, want, "{:?}", row.0);
        let course = design.course(row.number("p_true"));
        assert_near(course.stopped(), row.number("stop_prob"), 1e-9, row.text("case"));
        assert_near(course.mean_patients, row.number("EN"), 1e-7, row.text("case"));
        // The same by walking the trial.
        let truth = Truth::of_toxicity(&[row.number("p_true")]).unwrap();
        let walked = exact(&design, &truth, Plan::new(1, 200)).unwrap();
        assert_near(walked.none, row.number("stop_prob"), 1e-9, row.text("case"));
    }
}

#[test]
fn boundaries_with_exact_error_are_those_of_the_package() {
    for row in rows("toxicity_stopping_rules", 6) {
        let rule = match row.text("type") {
            "Pocock" => Rule::Pocock,
            "OBF" => Rule::ObrienFleming,
            "BB" => Rule::BetaBinomial,
            other => panic!("no rule {other}"),
        };
        let mut settings = monitoring(&row, "p0");
        settings.rule = rule;
        settings.type_one = row.number("alpha");
        if rule == Rule::BetaBinomial {
            let prior = row.list("param");
            settings.prior = [prior[0], prior[1]];
        }
        let design = ToxicityMonitoring::new(settings).unwrap();
        let want = row.list("stop_if_ge");
        for ((got, want), look) in design.bounds().high.iter().zip(want).zip(row.counts("looks")) {
            // A boundary above the number of patients is none.
            let want = (want <= f64::from(look)).then_some(want as u32);
            assert_eq!(*got, want, "look {look}: {:?}", row.0);
        }
    }
}

#[test]
fn repeated_significance_boundaries_are_those_of_the_package() {
    for row in rows("toxbdry", 4) {
        let mut settings = monitoring(&row, "pLo");
        settings.rule = Rule::RepeatedSignificance;
        settings.type_one = row.number("cP0");
        settings.shape = row.number("delta");
        let design = ToxicityMonitoring::new(settings).unwrap();
        let looser = design.looser().unwrap();
        for (bounds, stop, crossing, size) in [
            (design.bounds(), "stop_if_gt_high", "pcross_high", "ess_high"),
            (looser, "stop_if_gt_low", "pcross_low", "ess_low"),
        ] {
            let want: Vec<Option<u32>> = row
                .counts(stop)
                .iter()
                .zip(row.counts("looks"))
                .map(|(&most, look)| (most < look).then_some(most + 1))
                .collect();
            assert_eq!(bounds.high, want, "{stop}: {:?}", row.0);
            let rates = row.list("ptox");
            let pairs = row.list(crossing).into_iter().zip(row.list(size));
            for (rate, (crossing, size)) in rates.into_iter().zip(pairs) {
                // The rates of the file have six digits.
                let course = bounds.course(rate);
                assert_near(course.stopped(), crossing, 1e-6, row.text("case"));
                assert_near(course.mean_patients, size, 1e-4, row.text("case"));
            }
        }
        assert!(high(design.bounds()).len() == row.counts("looks").len());
    }
}
