//! Survival methods against R on its own data sets, from the folder that
//! `CYTOTRIAL_CRITERIA_DATA` names.

mod table;

use cytotrial_stats::cox::{Covariate, Fit, Model, Ties, indicators};
use cytotrial_stats::landmark::landmark;
use cytotrial_stats::log_rank::{Weight, log_rank};
use cytotrial_stats::restricted_mean::RestrictedMean;
use cytotrial_stats::{Band, Cause, CumulativeIncidence, KaplanMeier, Observation, gray};
use std::collections::BTreeMap;
use table::{Row, close, data, golden, number, optional, same};

/// The data sets, each read once; `None` where there is no folder with them.
fn sets(rows: &[Row]) -> Option<BTreeMap<String, Vec<Row>>> {
    let mut sets = BTreeMap::new();
    for row in rows {
        let name = &row["dataset"];
        if !sets.contains_key(name) {
            sets.insert(name.clone(), data(name)?);
        }
    }
    Some(sets)
}

fn pairs<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Vec<(f64, bool)> {
    rows.into_iter().map(|row| (number(row, "time"), row["event"] == "1")).collect()
}

fn observations<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Vec<Observation> {
    pairs(rows).into_iter().map(|(time, event)| Observation::new(time, event)).collect()
}

/// The subjects of the group that a golden row names; all where it names none.
fn group<'a>(sets: &'a BTreeMap<String, Vec<Row>>, row: &Row, column: &str) -> Vec<&'a Row> {
    let all = sets[&row["dataset"]].iter();
    let variable = &row[column];
    if variable.is_empty() {
        return all.collect();
    }
    all.filter(|one| one[variable] == row["group"]).collect()
}

fn band(name: &str) -> Band {
    match name {
        "log-log" | "reverse_km_log-log" => Band::LogLog,
        "log" => Band::Log,
        "plain" => Band::Plain,
        "logit" => Band::Logit,
        "arcsin" => Band::ArcSine,
        other => panic!("no band {other}"),
    }
}

#[test]
fn survival_curves_are_those_of_r() {
    let wanted = golden("km_curve.csv");
    let Some(sets) = sets(&wanted) else { return };
    for row in wanted {
        let curve = KaplanMeier::new(&pairs(group(&sets, &row, "group_var")));
        let time = number(&row, "time");
        let at = curve.times.iter().position(|known| (known - time).abs() < 1e-9).unwrap();
        let counts = [curve.at_risk[at], curve.events[at], curve.censored[at]];
        let want = ["n_risk", "n_event", "n_censor"].map(|column| number(&row, column) as usize);
        assert_eq!(counts, want, "{row:?}");
        close(curve.survival[at], number(&row, "surv"), 1e-9, &row);
        same(curve.standard_error(at), optional(&row, "se_surv"), 1e-9, &row);
        let (lower, upper) = curve.interval(at, 0.95, band(&row["conf_type"])).unzip();
        same(lower, optional(&row, "lower"), 1e-9, &row);
        same(upper, optional(&row, "upper"), 1e-9, &row);
    }
}

#[test]
fn survival_at_any_time_is_that_of_r() {
    let wanted = golden("km_at_times.csv");
    let Some(sets) = sets(&wanted) else { return };
    for row in wanted {
        let curve = KaplanMeier::new(&pairs(group(&sets, &row, "group_var")));
        let time = number(&row, "time");
        assert_eq!(curve.at_risk_at(time), number(&row, "n_risk") as usize, "{row:?}");
        close(curve.at(time), number(&row, "surv"), 1e-9, &row);
        same(curve.standard_error_at(time), optional(&row, "se_surv"), 1e-9, &row);
        let (lower, upper) = curve.interval_at(time, 0.95, band(&row["conf_type"])).unzip();
        same(lower, optional(&row, "lower"), 1e-9, &row);
        same(upper, optional(&row, "upper"), 1e-9, &row);
    }
}

#[test]
fn survival_quantiles_are_those_of_r() {
    let wanted = golden("km_quantile.csv");
    let Some(sets) = sets(&wanted) else { return };
    for row in wanted {
        let data = pairs(group(&sets, &row, "group_var"));
        let is_follow_up = row["conf_type"].starts_with("reverse");
        let curve =
            if is_follow_up { KaplanMeier::reversed(&data) } else { KaplanMeier::new(&data) };
        let p = number(&row, "prob");
        same(curve.quantile(p), optional(&row, "quantile"), 1e-9, &row);
        let (lower, upper) = curve.quantile_interval(p, 0.95, band(&row["conf_type"]));
        same(lower, optional(&row, "lower"), 1e-9, &row);
        same(upper, optional(&row, "upper"), 1e-9, &row);
    }
}

#[test]
fn delayed_entry_is_that_of_r() {
    let wanted = golden("km_left_truncated.csv");
    let Some(sets) = sets(&wanted) else { return };
    let all: Vec<Observation> = sets["myeloma"]
        .iter()
        .map(|row| {
            Observation::delayed(number(row, "entry"), number(row, "time"), row["event"] == "1")
        })
        .collect();
    let curve = KaplanMeier::delayed(&all);
    assert_eq!(all.iter().filter(|one| one.entry < one.time).count(), 3882);
    for row in wanted {
        let time = number(&row, "time");
        assert_eq!(curve.at_risk_at(time), number(&row, "n_risk") as usize, "{row:?}");
        close(curve.at(time), number(&row, "surv"), 1e-9, &row);
        same(curve.standard_error_at(time), optional(&row, "se_surv"), 1e-9, &row);
        let (lower, upper) = curve.interval_at(time, 0.95, Band::LogLog).unzip();
        same(lower, optional(&row, "lower"), 1e-9, &row);
        same(upper, optional(&row, "upper"), 1e-9, &row);
        same(curve.median(), optional(&row, "median"), 1e-9, &row);
        let (lower, upper) = curve.median_interval(0.95);
        same(lower, optional(&row, "median_lower"), 1e-9, &row);
        same(upper, optional(&row, "median_upper"), 1e-9, &row);
    }
}

fn levels<'a>(rows: &[&'a Row], column: &str) -> Vec<&'a str> {
    let mut levels: Vec<&str> = rows.iter().map(|row| row[column].as_str()).collect();
    levels.sort_unstable();
    levels.dedup();
    levels
}

fn numbered(rows: &[&Row], column: &str) -> Vec<usize> {
    let levels = levels(rows, column);
    let place =
        |row: &&Row| levels.iter().position(|level| **level == row[column]).expect("a value");
    rows.iter().map(place).collect()
}

#[test]
fn log_rank_tests_are_those_of_r() {
    let wanted = golden("log_rank.csv");
    let Some(sets) = sets(&wanted) else { return };
    for row in wanted {
        let by = &row["strata_var"];
        let known = |one: &&Row| by.is_empty() || !one[by].is_empty();
        let subjects: Vec<&Row> = sets[&row["dataset"]].iter().filter(known).collect();
        let strata: Vec<u32> = if by.is_empty() {
            Vec::new()
        } else {
            numbered(&subjects, by).into_iter().map(|place| place as u32).collect()
        };
        let weight = if row["rho"] == "1" { Weight::Early } else { Weight::Equal };
        let count = levels(&subjects, &row["group_var"]).len();
        let found = log_rank(
            &observations(subjects.iter().copied()),
            &numbered(&subjects, &row["group_var"]),
            count,
            &strata,
            weight,
        );
        let test = found.test.unwrap();
        close(test.statistic, number(&row, "chisq"), 1e-9, &row);
        assert_eq!(test.freedom, number(&row, "df") as usize);
        close(test.probability, number(&row, "p"), 1e-9, &row);
        for (column, got) in [("observed", &found.observed), ("expected", &found.expected)] {
            let want: Vec<f64> = row[column].split(';').map(|one| one.parse().unwrap()).collect();
            assert_eq!(got.len(), want.len());
            for (got, want) in got.iter().zip(want) {
                close(*got, want, 1e-8, &row);
            }
        }
    }
}

/// The model of a right side such as `sex+age+strata(ph_ecog)`.
fn fit(rows: &[Row], right: &str, ties: &str) -> Fit {
    let mut model = Model {
        observations: observations(rows),
        ties: match ties {
            "efron" => Ties::Efron,
            "breslow" => Ties::Breslow,
            "exact" => Ties::Exact,
            other => panic!("no ties {other}"),
        },
        ..Model::default()
    };
    let mut kept: Vec<bool> = vec![true; rows.len()];
    for term in right.split('+') {
        if let Some(column) = term.strip_prefix("strata(").and_then(|term| term.strip_suffix(')')) {
            let subjects: Vec<&Row> = rows.iter().collect();
            model.strata = numbered(&subjects, column).into_iter().map(|it| it as u32).collect();
            kept = rows.iter().map(|row| !row[column].is_empty()).collect();
            continue;
        }
        let cells: Vec<&str> = rows.iter().map(|row| row[term].as_str()).collect();
        if cells.iter().all(|cell| cell.is_empty() || cell.parse::<f64>().is_ok()) {
            let values = cells.iter().map(|cell| cell.parse().unwrap_or(f64::NAN)).collect();
            model.covariates.push(Covariate { name: term.into(), values });
        } else {
            model.covariates.extend(indicators(term, &cells, None));
        }
    }
    // whose stratum is not known
    for covariate in &mut model.covariates {
        for (value, kept) in covariate.values.iter_mut().zip(&kept) {
            if !kept {
                *value = f64::NAN;
            }
        }
    }
    model.fit().expect("a value")
}

#[test]
fn hazard_ratios_are_those_of_r() {
    let wanted = golden("cox_terms.csv");
    let Some(sets) = sets(&wanted) else { return };
    for row in wanted {
        let fit = fit(&sets[&row["dataset"]], &row["rhs"], &row["ties"]);
        let term = fit.coefficients.iter().find(|one| one.name == row["term"]).unwrap();
        close(term.estimate, number(&row, "coef"), 1e-6, &row);
        close(term.hazard_ratio(), number(&row, "hr"), 1e-6, &row);
        close(term.error, number(&row, "se"), 1e-6, &row);
        close(term.probability(), number(&row, "p"), 2e-6, &row);
        let (lower, upper) = term.interval(0.95);
        close(lower, number(&row, "hr_lower"), 1e-6, &row);
        close(upper, number(&row, "hr_upper"), 1e-6, &row);
    }
}

#[test]
fn tests_of_a_model_are_those_of_r() {
    let wanted = golden("cox_models.csv");
    let Some(sets) = sets(&wanted) else { return };
    for row in wanted {
        let fit = fit(&sets[&row["dataset"]], &row["rhs"], &row["ties"]);
        let counts = [fit.subjects, fit.events, fit.ratio_test.freedom];
        let want = ["n", "events", "df"].map(|column| number(&row, column) as usize);
        assert_eq!(counts, want, "{row:?}");
        close(fit.null_likelihood, number(&row, "loglik_null"), 1e-9, &row);
        close(fit.likelihood, number(&row, "loglik"), 1e-9, &row);
        close(fit.ratio_test.statistic, number(&row, "lrt"), 1e-6, &row);
        close(fit.wald_test.statistic, number(&row, "wald"), 1e-6, &row);
        close(fit.score_test.statistic, number(&row, "score"), 1e-6, &row);
        close(fit.concordance.unwrap(), number(&row, "concordance"), 1e-9, &row);
    }
}

fn causes(rows: &[&Row]) -> Vec<(f64, Cause)> {
    rows.iter()
        .map(|row| {
            let cause = match number(row, "ecause") as usize {
                0 => Cause::Censored,
                number => Cause::Event(number - 1),
            };
            (number(row, "etime"), cause)
        })
        .collect()
}

#[test]
fn competing_events_have_the_incidence_and_the_errors_of_r() {
    let wanted = golden("competing.csv");
    let Some(sets) = sets(&wanted) else { return };
    for row in wanted {
        let curve = CumulativeIncidence::new(&causes(&group(&sets, &row, "group_var")), 2);
        let (cause, time) = (number(&row, "cause") as usize - 1, number(&row, "time"));
        close(curve.at(cause, time), number(&row, "cif"), 1e-9, &row);
        close(curve.at(cause, time), number(&row, "cif_survfit"), 1e-9, &row);
        same(curve.standard_error_at(cause, time), optional(&row, "se_survfit"), 1e-8, &row);
        let (lower, upper) = curve.interval_at(cause, time, 0.95).unzip();
        same(lower, optional(&row, "lower_loglog"), 1e-8, &row);
        same(upper, optional(&row, "upper_loglog"), 1e-8, &row);
    }
}

#[test]
fn grays_test_is_that_of_cmprsk() {
    let wanted = golden("gray.csv");
    let Some(sets) = sets(&wanted) else { return };
    for row in wanted {
        let subjects: Vec<&Row> = sets[&row["dataset"]].iter().collect();
        let groups = numbered(&subjects, &row["group_var"]);
        let cause = number(&row, "cause") as usize - 1;
        let test = gray::gray_test(&causes(&subjects), &groups, 2, cause).unwrap();
        close(test.statistic, number(&row, "gray_stat"), 1e-9, &row);
        close(test.probability, number(&row, "p"), 1e-9, &row);
    }
}

#[test]
fn restricted_means_are_those_of_r() {
    let wanted = golden("restricted_mean.csv");
    let Some(sets) = sets(&wanted) else { return };
    for row in wanted {
        let curve = KaplanMeier::new(&pairs(group(&sets, &row, "group_var")));
        let mean = RestrictedMean::of(&curve, number(&row, "tau")).expect("within the curve");
        close(mean.mean, number(&row, "rmst"), 1e-9, &row);
        close(mean.error, number(&row, "se"), 1e-9, &row);
        let (lower, upper) = mean.interval(0.95);
        close(lower, number(&row, "lower"), 1e-9, &row);
        close(upper, number(&row, "upper"), 1e-9, &row);
    }
}

#[test]
fn differences_and_ratios_of_restricted_means_are_those_of_r() {
    let wanted = golden("restricted_mean_difference.csv");
    let Some(sets) = sets(&wanted) else { return };
    for row in wanted {
        let of = |is_first: bool| {
            let arm = |one: &&Row| (one[&row["arm_var"]] == row["arm1"]) == is_first;
            let curve = KaplanMeier::new(&pairs(sets[&row["dataset"]].iter().filter(arm)));
            RestrictedMean::of(&curve, number(&row, "tau")).unwrap()
        };
        let (one, two) = (of(true), of(false));
        close(one.mean, number(&row, "rmst1"), 1e-9, &row);
        close(two.error, number(&row, "se0"), 1e-9, &row);
        let difference = one.difference(&two, 0.95);
        close(difference.estimate, number(&row, "diff"), 1e-9, &row);
        close(difference.interval.0, number(&row, "diff_lower"), 1e-9, &row);
        close(difference.interval.1, number(&row, "diff_upper"), 1e-9, &row);
        close(difference.probability, number(&row, "diff_p"), 1e-9, &row);
        let ratio = one.ratio(&two, 0.95).unwrap();
        close(ratio.estimate, number(&row, "ratio"), 1e-9, &row);
        close(ratio.interval.0, number(&row, "ratio_lower"), 1e-9, &row);
        close(ratio.interval.1, number(&row, "ratio_upper"), 1e-9, &row);
    }
}

#[test]
fn landmark_analyses_are_those_of_r() {
    let wanted = golden("landmark.csv");
    let Some(sets) = sets(&wanted) else { return };
    let subjects: Vec<(Observation, Option<f64>)> = observations(&sets["jasa"])
        .into_iter()
        .zip(&sets["jasa"])
        .map(|(one, row)| {
            let wait = optional(row, "wait").filter(|_| row["transplant"] == "1");
            (one, wait)
        })
        .collect();
    for row in wanted {
        let found = landmark(&subjects, number(&row, "landmark"));
        assert_eq!(found.excluded, number(&row, "n_excluded") as usize, "{row:?}");
        let mut model = Model { observations: found.observations.clone(), ..Model::default() };
        for (is_first, end) in [(false, "0"), (true, "1")] {
            let arm: Vec<(f64, bool)> = found
                .observations
                .iter()
                .zip(&found.is_first_group)
                .filter(|(_, first)| **first == is_first)
                .map(|(one, _)| (one.time, one.event))
                .collect();
            let curve = KaplanMeier::new(&arm);
            assert_eq!(arm.len(), number(&row, &format!("n_resp{end}")) as usize);
            let events = arm.iter().filter(|(_, event)| *event).count();
            assert_eq!(events, number(&row, &format!("ev_resp{end}")) as usize);
            same(curve.median(), optional(&row, &format!("med{end}")), 1e-9, &row);
            let (lower, upper) = curve.median_interval(0.95);
            same(lower, optional(&row, &format!("lo{end}")), 1e-9, &row);
            same(upper, optional(&row, &format!("hi{end}")), 1e-9, &row);
        }
        let groups: Vec<usize> = found.is_first_group.iter().map(|&it| usize::from(it)).collect();
        let test = log_rank(&found.observations, &groups, 2, &[], Weight::Equal).test.unwrap();
        close(test.statistic, number(&row, "logrank_chisq"), 1e-9, &row);
        close(test.probability, number(&row, "logrank_p"), 1e-9, &row);
        model.covariates.push(Covariate {
            name: "response".into(),
            values: groups.iter().map(|&group| group as f64).collect(),
        });
        let fit = model.fit().unwrap();
        close(fit.coefficients[0].estimate, number(&row, "cox_coef"), 1e-6, &row);
        close(fit.coefficients[0].error, number(&row, "cox_se"), 1e-6, &row);
    }
}
