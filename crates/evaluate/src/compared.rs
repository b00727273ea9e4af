//! Responses that the site adjudicated beside those computed: where they differ, and why.
//!
//! A site's response of an assessment agrees with the level of that assessment alone, or with the
//! status there, the best level so far that was confirmed: sites write one or the other.

use crate::criteria::imwg::explain::{Reason, explain};
use crate::index::{Adjudicated, SubjectRecords};
use crate::outcome::{Response, ResponseDifference, SubjectOutcome};
use crate::rules::Rules;
use std::cell::OnceCell;

/// Compares what the site adjudicated after day 0 with the outcome, and writes the differences.
pub fn assess(subject: &SubjectRecords<'_>, rules: &Rules, outcome: &mut SubjectOutcome) {
    let reasons: OnceCell<Vec<Reason>> = OnceCell::new();
    let because = || reasons.get_or_init(|| explain(subject, &rules.imwg).1).as_slice();
    let mut compared = 0;
    let mut differences = Vec::new();
    let after = |one: &&Adjudicated| one.is_best || one.day.is_some_and(|day| day > 1e-9);
    for told in subject.responses().filter(after) {
        compared += 1;
        let found = if told.is_best {
            best(told, outcome)
        } else {
            at_assessment(told, outcome, rules.imwg.visit_span_days, because)
        };
        differences.extend(found);
    }
    outcome.responses_compared = compared;
    outcome.response_differences = differences;
}

/// The difference of a best response, if there is one.
fn best(told: &Adjudicated, outcome: &SubjectOutcome) -> Option<ResponseDifference> {
    let computed = outcome.best_response;
    if told.response == computed {
        return None;
    }
    let code = told.response.code();
    let is_reached = |level: Response| match told.response {
        Response::Progression => level == Response::Progression,
        least => level >= least,
    };
    let reached = outcome.visits.iter().find(|visit| is_reached(visit.unconfirmed));
    let because = match reached {
        _ if outcome.visits.is_empty() => "there is no assessment after day 0".to_owned(),
        _ if told.response < computed => format!("{} is confirmed", computed.code()),
        Some(visit) => format!(
            "{code} is reached on day {} and not confirmed before progression or new therapy",
            short(visit.day)
        ),
        None => {
            let highest = outcome.visits.iter().map(|visit| visit.unconfirmed).max();
            let highest = highest.map_or("NE", Response::code);
            format!("no assessment shows {code}; the best level of one alone is {highest}")
        }
    };
    Some(difference(told, Some(computed), None, because))
}

/// The difference of the response of an assessment, if there is one.
fn at_assessment<'r>(
    told: &Adjudicated,
    outcome: &SubjectOutcome,
    span: f64,
    reasons: impl FnOnce() -> &'r [Reason],
) -> Option<ResponseDifference> {
    let day = told.day?;
    let apart = |at: &usize| (outcome.visits[*at].day - day).abs();
    let nearest = (0..outcome.visits.len()).min_by(|a, b| apart(a).total_cmp(&apart(b)));
    let Some(at) = nearest.filter(|at| apart(at) <= span + 1e-9) else {
        if told.response == Response::NotEvaluable {
            return None;
        }
        let because = format!("nothing was measured within {} days of it", short(span));
        return Some(difference(told, None, None, because));
    };
    let visit = outcome.visits[at];
    if told.response == visit.unconfirmed || told.response == visit.confirmed {
        return None;
    }
    let because = reasons().get(at).map_or(String::new(), |reason| {
        let better = told.response > visit.unconfirmed && !reason.better.is_empty();
        let lacking = if better { format!(". {}", reason.better) } else { String::new() };
        format!("{}{lacking}", reason.rule)
    });
    Some(difference(told, Some(visit.unconfirmed), Some(visit.confirmed), because))
}

fn difference(
    told: &Adjudicated,
    computed: Option<Response>,
    confirmed: Option<Response>,
    because: String,
) -> ResponseDifference {
    ResponseDifference {
        day: told.day,
        is_best: told.is_best,
        evaluator: told.evaluator.clone(),
        reported: told.response,
        computed,
        confirmed,
        because,
    }
}

/// A day without digits that mean nothing.
fn short(day: f64) -> String {
    ((day * 100.0).round() / 100.0).to_string()
}

#[cfg(test)]
mod tests {
    use crate::evaluate;
    use crate::outcome::SubjectOutcome;
    use crate::rules::Rules;
    use records::{Analyte, Response, Study};

    /// Serum M-protein every 28 days, and what the site says by day; no day is the best response.
    fn judged(serum: &[f64], told: &[(Option<f64>, Response)]) -> SubjectOutcome {
        let mut study = Study::default();
        study.push_subject("S-1", "A");
        for (at, &value) in serum.iter().enumerate() {
            study.findings.push(0, Analyte::SerumMProtein, 28.0 * at as f64, value, false);
        }
        for &(day, response) in told {
            study.responses.push(0, day, response, day.is_none(), "INVESTIGATOR");
        }
        evaluate(&study, &Rules::default()).subjects.remove(0)
    }

    #[test]
    fn a_response_agrees_with_the_level_alone_or_with_the_confirmed_one() {
        use Response::{Minimal, Partial};
        let serum = [30.0, 15.0, 14.8, 16.0];
        let told = [(Some(84.0), Minimal), (Some(85.0), Partial), (None, Partial)];
        let found = judged(&serum, &told);
        assert_eq!((found.responses_compared, found.response_differences.len()), (3, 0));
    }

    #[test]
    fn a_difference_says_what_was_computed_and_why() {
        use Response::{Partial, VeryGoodPartial};
        let told = [(Some(28.0), VeryGoodPartial), (Some(70.0), Partial), (None, VeryGoodPartial)];
        let found = judged(&[30.0, 14.0, 12.0], &told).response_differences;
        assert_eq!(found.len(), 3);
        let best = found.iter().find(|one| one.is_best).expect("the best response");
        assert_eq!(best.because, "no assessment shows VGPR; the best level of one alone is PR");
        let first = found.iter().find(|one| one.day == Some(28.0)).expect("the first");
        assert_eq!((first.reported, first.computed), (VeryGoodPartial, Some(Partial)));
        assert!(first.because.contains("VGPR: serum at most 3 g/L"), "{}", first.because);
        let far = found.iter().find(|one| one.day == Some(70.0)).expect("far from any");
        assert_eq!(
            (far.computed, far.because.as_str()),
            (None, "nothing was measured within 3 days of it")
        );
    }

    #[test]
    fn what_is_reached_once_is_not_confirmed() {
        let found = judged(&[30.0, 21.0, 9.0, 30.0, 31.0], &[(None, Response::Partial)]);
        assert_eq!(found.best_response, Response::Minimal);
        assert_eq!(
            found.response_differences[0].because,
            "PR is reached on day 56 and not confirmed before progression or new therapy"
        );
    }

    #[test]
    fn what_the_site_says_before_treatment_is_not_compared() {
        let found = judged(&[30.0, 14.0], &[(Some(0.0), Response::NotEvaluable)]);
        assert_eq!(found.responses_compared, 0);
    }
}
