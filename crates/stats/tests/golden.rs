//! The crate against R, `SciPy` and mpmath; each file of `golden/stats` names its source.

use cytotrial_stats::{Band, Cause, CumulativeIncidence, KaplanMeier, interval, math, special};

/// The rows of a golden file as lists of cells, without comments and without the header.
fn rows(name: &str) -> Vec<Vec<String>> {
    let path = format!("{}/../../golden/stats/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the golden file is in the repository");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let rows: Vec<Vec<String>> =
        lines.skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect();
    assert!(rows.len() > 5, "{name} has rows");
    rows
}

fn number(cell: &str) -> f64 {
    cell.parse().unwrap_or_else(|_| panic!("`{cell}` is a number"))
}

/// A cell that may be blank or NA.
fn optional(cell: &str) -> Option<f64> {
    (!cell.is_empty() && cell != "NA").then(|| number(cell))
}

fn assert_close(got: f64, want: f64, relative: f64, absolute: f64, what: &[String]) {
    let limit = relative * want.abs() + absolute;
    assert!((got - want).abs() <= limit, "{got} for {want}: {what:?}");
}

/// Both undefined, or both defined and equal within 1e-9 relative (12 printed digits).
fn assert_same(got: Option<f64>, want: Option<f64>, what: &[String]) {
    match (got, want) {
        (Some(got), Some(want)) => assert_close(got, want, 1e-9, 1e-12, what),
        _ => assert_eq!(got, want, "{what:?}"),
    }
}

#[test]
fn proportions_have_the_intervals_of_r() {
    for row in rows("binomial.csv") {
        let (x, n) = (number(&row[0]) as u32, number(&row[1]) as u32);
        let level = number(&row[2]);
        let (lower, upper) = match row[3].as_str() {
            "clopper_pearson" => interval::clopper_pearson(x, n, level),
            "wilson" => interval::wilson(x, n, level),
            "jeffreys" => interval::jeffreys(x, n, level),
            other => panic!("no method {other}"),
        };
        assert_close(lower, number(&row[4]), 1e-9, 1e-12, &row);
        assert_close(upper, number(&row[5]), 1e-9, 1e-12, &row);
    }
}

#[test]
fn posteriors_have_the_quantiles_of_r() {
    for row in rows("beta_posterior.csv") {
        let prior = (number(&row[0]), number(&row[1]));
        let (x, n) = (number(&row[2]) as u32, number(&row[3]) as u32);
        let (lower, upper) = interval::posterior_interval(x, n, prior, 0.95);
        assert_close(lower, number(&row[5]), 1e-9, 1e-12, &row);
        assert_close(upper, number(&row[9]), 1e-9, 1e-12, &row);
        for (place, level) in [(6, 0.05), (7, 0.5), (8, 0.95)] {
            let got = interval::posterior_upper(x, n, prior, level);
            assert_close(got, number(&row[place]), 1e-9, 1e-12, &row);
        }
        let (a, b) = (prior.0 + f64::from(x), prior.1 + f64::from(n - x));
        let above = special::beta_cdf(1.0 - number(&row[4]), b, a);
        assert_close(above, number(&row[10]), 1e-9, 1e-12, &row);
    }
}

#[test]
fn special_functions_agree_with_scipy() {
    for row in rows("special.csv") {
        let (x, want) = (number(&row[1]), number(&row[4]));
        let shapes = || (number(&row[2]), number(&row[3]));
        let (got, relative, absolute) = match row[0].as_str() {
            "normal_cdf" => (special::normal_cdf(x), 1e-12, 0.0),
            "normal_quantile" => (special::normal_quantile(x), 1e-12, 1e-15),
            "ln_gamma" => (special::ln_gamma(x), 1e-12, 1e-14),
            "beta_cdf" => (special::beta_cdf(x, shapes().0, shapes().1), 1e-11, 1e-14),
            "beta_quantile" => (special::beta_quantile(x, shapes().0, shapes().1), 1e-11, 1e-14),
            other => panic!("no function {other}"),
        };
        assert_close(got, want, relative, absolute, &row);
    }
}

#[test]
fn elementary_functions_are_within_one_unit_of_the_last_place() {
    for row in rows("elementary.csv") {
        let (x, want) = (number(&row[1]), number(&row[3]));
        let got = match row[0].as_str() {
            "exp" => math::exp(x),
            "ln" => math::ln(x),
            "exp10" => math::exp10(x),
            "pow" => math::pow(x, number(&row[2])),
            other => panic!("no function {other}"),
        };
        let distance = got.to_bits().cast_signed() - want.to_bits().cast_signed();
        assert!(distance.abs() <= 1, "{got:e} for {want:e}: {row:?}");
    }
}

/// The observations of one group.
fn observations(dataset: &str, variable: Option<&str>, group: &str) -> Vec<(f64, bool)> {
    let variable = variable.unwrap_or(if dataset == "aml" { "x" } else { "trt" });
    rows("km_data.csv")
        .iter()
        .filter(|row| row[0] == dataset && row[1] == variable && row[2] == group)
        .map(|row| (number(&row[3]), row[4] == "1"))
        .collect()
}

fn band(name: &str) -> Band {
    match name {
        "log-log" | "reverse_km_log-log" => Band::LogLog,
        "log" => Band::Log,
        "plain" => Band::Plain,
        other => panic!("no band {other}"),
    }
}

#[test]
fn survival_curves_are_those_of_r() {
    for row in rows("km_curve.csv") {
        let curve = KaplanMeier::new(&observations(&row[0], None, &row[1]));
        let time = number(&row[3]);
        let index = curve.times.iter().position(|t| (t - time).abs() < 1e-9).unwrap();
        let counts = [curve.at_risk[index], curve.events[index], curve.censored[index]];
        assert_eq!(counts.map(|count| count.to_string()).as_slice(), &row[4..7], "{row:?}");
        assert_close(curve.survival[index], number(&row[7]), 1e-9, 1e-12, &row);
        assert_same(curve.standard_error(index), optional(&row[8]), &row);
        let limits = curve.interval(index, 0.95, band(&row[2]));
        assert_same(limits.map(|limit| limit.0), optional(&row[9]), &row);
        assert_same(limits.map(|limit| limit.1), optional(&row[10]), &row);
    }
}

#[test]
fn survival_quantiles_are_those_of_r() {
    for row in rows("km_quantile.csv") {
        let data = observations(&row[0], Some(&row[1]), &row[2]);
        let is_follow_up = row[3].starts_with("reverse");
        let curve =
            if is_follow_up { KaplanMeier::reversed(&data) } else { KaplanMeier::new(&data) };
        let p = number(&row[4]);
        assert_same(curve.quantile(p), optional(&row[5]), &row);
        let (lower, upper) = curve.quantile_interval(p, 0.95, band(&row[3]));
        assert_same(lower, optional(&row[6]), &row);
        assert_same(upper, optional(&row[7]), &row);
    }
}

#[test]
fn survival_of_few_patients_is_that_of_r() {
    for row in rows("km_edge.csv") {
        let list = |cell: &str| cell.split(';').map(optional).collect::<Vec<_>>();
        let data: Vec<(f64, bool)> = list(&row[1])
            .into_iter()
            .zip(row[2].split(';'))
            .map(|(time, event)| (time.unwrap(), event == "1"))
            .collect();
        let curve = KaplanMeier::new(&data);
        let wanted_times: Vec<f64> = list(&row[3]).into_iter().flatten().collect();
        assert_eq!(curve.times, wanted_times, "{row:?}");
        for (index, want) in list(&row[4]).into_iter().enumerate() {
            assert_same(Some(curve.survival[index]), want, &row);
            let limits = curve.interval(index, 0.95, Band::LogLog);
            assert_same(limits.map(|limit| limit.0), list(&row[5])[index], &row);
            assert_same(limits.map(|limit| limit.1), list(&row[6])[index], &row);
        }
        assert_same(curve.median(), optional(&row[7]), &row);
        let (lower, upper) = curve.median_interval(0.95);
        assert_same(lower, optional(&row[8]), &row);
        assert_same(upper, optional(&row[9]), &row);
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
        let what = [format!("Beta({a}, {b}) at {at}")];
        assert_close(special::beta_cdf(at, a, b), want, 1e-10, 1e-12, &what);
    }
}

#[test]
fn competing_events_have_the_incidence_and_the_errors_of_r() {
    let data = rows("competing_data.csv");
    for row in rows("competing.csv") {
        let group: Vec<(f64, Cause)> = data
            .iter()
            .filter(|line| line[0] == row[0])
            .map(|line| {
                let cause = match line[2].as_str() {
                    "0" => Cause::Censored,
                    "1" => Cause::Event(0),
                    "2" => Cause::Event(1),
                    other => panic!("no cause {other}"),
                };
                (number(&line[1]), cause)
            })
            .collect();
        let curve = CumulativeIncidence::new(&group, 2);
        let (cause, time) = (number(&row[1]) as usize - 1, number(&row[2]));
        assert_close(curve.at(cause, time), number(&row[3]), 1e-9, 1e-12, &row);
        let error = curve.standard_error_at(cause, time);
        let limits = curve.interval_at(cause, time, 0.95).unzip();
        for (got, want) in [(error, &row[4]), (limits.0, &row[5]), (limits.1, &row[6])] {
            assert_close(got.expect("it has a value"), number(want), 1e-8, 1e-12, &row);
        }
    }
}
