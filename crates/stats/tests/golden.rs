//! The crate against R, `SciPy` and mpmath; each file of `golden/stats` names its source.

mod table;

use cytotrial_stats::posterior::Beta;
use cytotrial_stats::{Band, KaplanMeier, interval, math, pooled, special};
use table::{close, golden, number, optional, same};

#[test]
fn proportions_have_the_intervals_of_r() {
    for row in golden("binomial.csv") {
        let (x, n) = (number(&row, "x") as u32, number(&row, "n") as u32);
        let level = number(&row, "level");
        let (lower, upper) = match row["method"].as_str() {
            "clopper_pearson" => interval::clopper_pearson(x, n, level),
            "wilson" => interval::wilson(x, n, level),
            "wilson_cc" => interval::wilson_corrected(x, n, level),
            "agresti_coull" => interval::agresti_coull(x, n, level),
            "jeffreys" => interval::jeffreys(x, n, level),
            other => panic!("no method {other}"),
        };
        close(f64::from(x) / f64::from(n), number(&row, "estimate"), 1e-9, &row);
        close(lower, number(&row, "lower"), 1e-9, &row);
        close(upper, number(&row, "upper"), 1e-9, &row);
    }
}

#[test]
fn differences_have_the_published_intervals() {
    for row in golden("newcombe.csv") {
        let count = |column: &str| number(&row, column) as u32;
        let (first, second) = ((count("x1"), count("n1")), (count("x2"), count("n2")));
        let (lower, upper) = interval::newcombe_difference(first, second, 0.95);
        for (got, column) in [(lower, "lower"), (upper, "upper")] {
            assert!((got - number(&row, column)).abs() <= 5.1e-5, "{got}: {row:?}");
        }
    }
}

#[test]
fn posteriors_have_the_quantiles_and_predictions_of_r() {
    for row in golden("beta_posterior.csv") {
        let prior = Beta { a: number(&row, "prior_a"), b: number(&row, "prior_b") };
        let (x, n) = (number(&row, "x") as u32, number(&row, "n") as u32);
        let law = prior.after(x, n);
        let check = |column: &str, got: f64| close(got, number(&row, column), 1e-9, &row);
        check("post_a", law.a);
        check("post_b", law.b);
        check("post_mean", law.mean());
        check("post_sd", law.deviation());
        for (column, p) in
            [("q025", 0.025), ("q05", 0.05), ("q50", 0.5), ("q95", 0.95), ("q975", 0.975)]
        {
            check(column, law.quantile(p));
            check(column, interval::posterior_upper(x, n, (prior.a, prior.b), p));
        }
        let (lower, upper) = interval::posterior_interval(x, n, (prior.a, prior.b), 0.95);
        check("q025", lower);
        check("q975", upper);
        check("pr_gt_p0", law.above(number(&row, "p0")));
        let (further, cut) = (number(&row, "future_m") as u32, number(&row, "future_cut") as u32);
        check("pred_pr_ge_cut", law.predicts_at_least(cut, further));
        check("pred_mean", law.predicted_mean(further));
    }
}

#[test]
fn tails_of_the_chi_squared_law_are_those_of_r() {
    for row in golden("chi_square.csv") {
        let freedom = number(&row, "freedom") as usize;
        let got = special::chi_square_tail(number(&row, "statistic"), freedom);
        let want = number(&row, "probability");
        assert!((got - want).abs() <= 1e-12 * want, "{got}: {row:?}");
    }
}

#[test]
fn special_functions_agree_with_scipy() {
    for row in golden("special.csv") {
        let (x, want) = (number(&row, "x"), number(&row, "value"));
        let shapes = || (number(&row, "a"), number(&row, "b"));
        let (got, relative, absolute) = match row["function"].as_str() {
            "normal_cdf" => (special::normal_cdf(x), 1e-12, 0.0),
            "normal_quantile" => (special::normal_quantile(x), 1e-12, 1e-15),
            "ln_gamma" => (special::ln_gamma(x), 1e-12, 1e-14),
            "beta_cdf" => (special::beta_cdf(x, shapes().0, shapes().1), 1e-11, 1e-14),
            "beta_quantile" => (special::beta_quantile(x, shapes().0, shapes().1), 1e-11, 1e-14),
            other => panic!("no function {other}"),
        };
        assert!((got - want).abs() <= relative * want.abs() + absolute, "{got}: {row:?}");
    }
}

#[test]
fn elementary_functions_are_within_one_unit_of_the_last_place() {
    for row in golden("elementary.csv") {
        let (x, want) = (number(&row, "x"), number(&row, "value"));
        let got = match row["function"].as_str() {
            "exp" => math::exp(x),
            "ln" => math::ln(x),
            "exp10" => math::exp10(x),
            "pow" => math::pow(x, number(&row, "y")),
            other => panic!("no function {other}"),
        };
        let distance = got.to_bits().cast_signed() - want.to_bits().cast_signed();
        assert!(distance.abs() <= 1, "{got:e} for {want:e}: {row:?}");
    }
}

#[test]
fn survival_of_few_patients_is_that_of_r() {
    for row in golden("km_edge.csv") {
        let list = |column: &str| -> Vec<Option<f64>> {
            row[column].split(';').map(|cell| cell.parse().ok()).collect()
        };
        let data: Vec<(f64, bool)> = list("times")
            .into_iter()
            .zip(row["events"].split(';'))
            .map(|(time, event)| (time.unwrap(), event == "1"))
            .collect();
        let curve = KaplanMeier::new(&data);
        let wanted: Vec<f64> = list("km_time").into_iter().flatten().collect();
        assert_eq!(curve.times, wanted, "{row:?}");
        for (index, want) in list("km_surv").into_iter().enumerate() {
            same(Some(curve.survival[index]), want, 1e-9, &row);
            let (lower, upper) = curve.interval(index, 0.95, Band::LogLog).unzip();
            same(lower, list("km_lower")[index], 1e-9, &row);
            same(upper, list("km_upper")[index], 1e-9, &row);
        }
        same(curve.median(), optional(&row, "median"), 1e-9, &row);
        let (lower, upper) = curve.median_interval(0.95);
        same(lower, optional(&row, "median_lower"), 1e-9, &row);
        same(upper, optional(&row, "median_upper"), 1e-9, &row);
    }
}

#[test]
fn the_beta_law_agrees_with_a_second_library() {
    let draws = cytotrial_stats::stream(11, 0, 0, cytotrial_stats::Purpose::Unknowns);
    for index in 0..3_000 {
        let (first, second) = draws.pair(2 * index);
        let (place, least) = draws.pair(2 * index + 1);
        let (a, b) = (math::exp10(4.0 * first - 1.0), math::exp10(4.0 * second - 1.0));
        let spread = 6.0 * (place - 0.5) * (a * b / (a + b + 1.0)).sqrt() / (a + b);
        let at = (a / (a + b) + spread).clamp(1e-6 * least, 1.0 - 1e-6);
        let want = statrs::function::beta::beta_reg(a, b, at);
        let got = special::beta_cdf(at, a, b);
        assert!((got - want).abs() <= 1e-10 * want + 1e-12, "Beta({a}, {b}) at {at}: {got}");
    }
}

#[test]
fn pooled_rates_are_those_of_scipy() {
    for row in golden("pooled_rates.csv") {
        let count = |text: &str| text.parse::<u32>().expect("a count");
        let pair = |text: &str| text.split_once('/').map(|(x, n)| (count(x), count(n)));
        let counts: Vec<(u32, u32)> = row["counts"].split(' ').filter_map(pair).collect();
        let pooled = pooled::beta_binomial(&counts, 0.95).expect("two trials or more");
        let near = |got: f64, column: &str, tolerance: f64| {
            let want = number(&row, column);
            assert!((got - want).abs() <= tolerance, "{column}: {got}, {want}: {row:?}");
        };
        near(pooled.rate, "rate", 2e-5);
        near(pooled.interval.0, "lower", 2e-5);
        near(pooled.interval.1, "upper", 2e-5);
        near(pooled.correlation, "correlation", 2e-4);
        near(pooled.next_trial.0, "next_low", 2e-4);
        near(pooled.next_trial.1, "next_high", 2e-4);
        near(pooled.spread_statistic, "statistic", 2e-4);
    }
}
