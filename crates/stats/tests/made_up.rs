//! Survival methods against R on subjects made up for the purpose, so that they run everywhere.

mod table;

use cytotrial_stats::cox::{Clock, Covariate, Fit, Model, Ties, indicators};
use cytotrial_stats::log_rank::{Weight, log_rank};
use cytotrial_stats::{Band, Cause, CumulativeIncidence, KaplanMeier, Observation, gray};
use table::{Row, close, golden, number, optional, same};

fn observations(rows: &[Row], late: bool) -> Vec<Observation> {
    rows.iter()
        .map(|row| {
            let (time, event) = (number(row, "time"), row["event"] == "1");
            if late {
                Observation::delayed(number(row, "entry"), time, event)
            } else {
                Observation::new(time, event)
            }
        })
        .collect()
}

fn whole(rows: &[Row], column: &str) -> Vec<u32> {
    rows.iter().map(|row| number(row, column) as u32).collect()
}

/// The numbers of a column's words, in alphabetical order, and how many there are.
fn groups(rows: &[Row], column: &str) -> (Vec<usize>, usize) {
    let mut levels: Vec<&str> = rows.iter().map(|row| row[column].as_str()).collect();
    levels.sort_unstable();
    levels.dedup();
    let place =
        |row: &Row| levels.iter().position(|level| **level == row[column]).expect("a level");
    (rows.iter().map(place).collect(), levels.len())
}

fn fit(model: &str, ties: &str) -> Fit {
    let rows = golden("made_up_data.csv");
    let arms: Vec<&str> = rows.iter().map(|row| row["arm"].as_str()).collect();
    let mut covariates = indicators("arm", &arms, None);
    let column = |name: &str| Covariate {
        name: name.into(),
        values: rows.iter().map(|row| number(row, name)).collect(),
    };
    covariates.push(column("age"));
    if !["strata", "both"].contains(&model) {
        covariates.push(column("marker"));
    }
    let model = Model {
        observations: observations(&rows, ["late", "both"].contains(&model)),
        covariates,
        strata: if ["strata", "both"].contains(&model) {
            whole(&rows, "stratum")
        } else {
            Vec::new()
        },
        clusters: match model {
            "cluster" | "both" => whole(&rows, "site"),
            "alone" => whole(&rows, "id"),
            _ => Vec::new(),
        },
        ties: match ties {
            "efron" => Ties::Efron,
            "breslow" => Ties::Breslow,
            "exact" => Ties::Exact,
            other => panic!("no ties {other}"),
        },
    };
    model.fit().expect("a fit")
}

#[test]
fn hazard_ratios_and_their_robust_errors_are_those_of_r() {
    for row in golden("made_up_cox_terms.csv") {
        let fit = fit(&row["model"], &row["ties"]);
        let term = fit.coefficients.iter().find(|one| one.name == row["term"]).unwrap();
        close(term.estimate, number(&row, "estimate"), 1e-6, &row);
        close(term.error, number(&row, "error"), 1e-6, &row);
        same(term.robust_error, optional(&row, "robust_error"), 1e-6, &row);
    }
}

#[test]
fn tests_of_a_model_are_those_of_r() {
    for row in golden("made_up_cox_models.csv") {
        let fit = fit(&row["model"], &row["ties"]);
        assert_eq!(fit.subjects, number(&row, "n") as usize);
        assert_eq!(fit.events, number(&row, "events") as usize);
        close(fit.null_likelihood, number(&row, "null_likelihood"), 1e-9, &row);
        close(fit.likelihood, number(&row, "likelihood"), 1e-9, &row);
        close(fit.wald_test.statistic, number(&row, "wald"), 1e-6, &row);
        close(fit.score_test.statistic, number(&row, "score"), 1e-6, &row);
        close(fit.concordance.unwrap(), number(&row, "concordance"), 1e-9, &row);
    }
}

#[test]
fn the_check_of_proportional_hazards_is_that_of_r() {
    for row in golden("made_up_cox_check.csv") {
        let clock = match row["clock"].as_str() {
            "km" => Clock::Survival,
            "identity" => Clock::Time,
            "log" => Clock::LogTime,
            other => panic!("no clock {other}"),
        };
        let found = fit(&row["model"], &row["ties"]).proportionality(clock);
        let term = found.covariates.iter().find(|(name, _)| *name == row["term"]);
        let test = term.map_or(found.all, |(_, test)| *test);
        assert_eq!(test.freedom, number(&row, "freedom") as usize, "{row:?}");
        close(test.statistic, number(&row, "statistic"), 1e-6, &row);
        close(test.probability, number(&row, "probability"), 1e-6, &row);
    }
}

#[test]
fn curves_also_of_subjects_who_entered_late_are_those_of_r() {
    let data = golden("made_up_data.csv");
    for row in golden("made_up_km_curve.csv") {
        let arm: Vec<Row> = data.iter().filter(|one| one["arm"] == row["arm"]).cloned().collect();
        let curve = KaplanMeier::delayed(&observations(&arm, row["late"] == "TRUE"));
        let time = number(&row, "time");
        let at = curve.times.iter().position(|known| (known - time).abs() < 1e-9).unwrap();
        let counts = [curve.at_risk[at], curve.events[at], curve.censored[at]];
        let want = ["n_risk", "n_event", "n_censor"].map(|column| number(&row, column) as usize);
        assert_eq!(counts, want, "{row:?}");
        close(curve.survival[at], number(&row, "survival"), 1e-9, &row);
        same(curve.standard_error(at), optional(&row, "error"), 1e-9, &row);
        let band = match row["band"].as_str() {
            "plain" => Band::Plain,
            "log" => Band::Log,
            "log-log" => Band::LogLog,
            other => panic!("no band {other}"),
        };
        let (lower, upper) = curve.interval(at, 0.95, band).unzip();
        same(lower, optional(&row, "lower"), 1e-9, &row);
        same(upper, optional(&row, "upper"), 1e-9, &row);
    }
}

#[test]
fn log_rank_tests_are_those_of_r() {
    let data = golden("made_up_data.csv");
    for row in golden("made_up_log_rank.csv") {
        let (groups, count) = groups(&data, &row["group"]);
        let strata = if row["strata"].is_empty() { Vec::new() } else { whole(&data, "stratum") };
        let weight = if row["rho"] == "1" { Weight::Early } else { Weight::Equal };
        let test =
            log_rank(&observations(&data, false), &groups, count, &strata, weight).test.unwrap();
        close(test.statistic, number(&row, "statistic"), 1e-9, &row);
        assert_eq!(test.freedom, number(&row, "freedom") as usize);
        close(test.probability, number(&row, "probability"), 1e-9, &row);
    }
}

fn causes(rows: &[Row]) -> Vec<(f64, Cause)> {
    rows.iter()
        .map(|row| {
            let cause = match number(row, "cause") as usize {
                0 => Cause::Censored,
                number => Cause::Event(number - 1),
            };
            (number(row, "time"), cause)
        })
        .collect()
}

#[test]
fn grays_test_is_that_of_cmprsk() {
    let data = golden("made_up_data.csv");
    for row in golden("made_up_gray.csv") {
        let (groups, count) = groups(&data, &row["group"]);
        let cause = number(&row, "cause") as usize - 1;
        let test = gray::gray_test(&causes(&data), &groups, count, cause).unwrap();
        close(test.statistic, number(&row, "statistic"), 1e-9, &row);
        assert_eq!(test.freedom, number(&row, "freedom") as usize);
        close(test.probability, number(&row, "probability"), 1e-9, &row);
    }
}

#[test]
fn competing_events_are_those_of_r() {
    let data = golden("made_up_data.csv");
    for row in golden("made_up_incidence.csv") {
        let group: Vec<Row> =
            data.iter().filter(|one| one[&row["group"]] == row["level"]).cloned().collect();
        let curve = CumulativeIncidence::new(&causes(&group), 2);
        let (cause, time) = (number(&row, "cause") as usize - 1, number(&row, "time"));
        close(curve.at(cause, time), number(&row, "incidence"), 1e-9, &row);
        close(curve.standard_error_at(cause, time).unwrap(), number(&row, "error"), 1e-8, &row);
    }
}
