//! Criteria over covariates that claims name, e.g. `nkg2dl_positive >= 1`, read once.

use std::collections::BTreeMap;

use super::{ClaimBook, Subject};
use crate::population::Population;
use crate::population::eligibility::{self, Eligibility};
use crate::problem::Problem;

/// Every criterion of the claims by its text.
///
/// # Errors
/// Every criterion that cannot be read, names no covariate, or has a unit that does not fit.
pub fn read(
    book: &ClaimBook,
    population: &Population,
) -> Result<BTreeMap<String, Eligibility>, Vec<Problem>> {
    let mut criteria = BTreeMap::new();
    let mut problems: Vec<Problem> = Vec::new();
    for (path, text) in written(book) {
        match eligibility::parse(&[text.to_owned()], population, "claims.toml", &path) {
            Ok(criterion) => {
                criteria.insert(text.to_owned(), criterion);
            }
            Err(found) => problems.extend(found.into_iter().map(|problem| {
                // The list of one criterion is no list in the file.
                Problem { path: path.clone(), ..problem }
            })),
        }
    }
    problems.dedup();
    if problems.is_empty() { Ok(criteria) } else { Err(problems) }
}

/// Criteria with their paths in the file.
fn written(book: &ClaimBook) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    for claim in &book.claims {
        let tests = claim.tests.iter().map(|test| &test.subject).enumerate();
        let switches = claim.switches.iter().map(|switch| &switch.subject).enumerate();
        for (place, subject) in tests {
            found.extend(of(subject, &format!("claim.{}.test.{place}", claim.id)));
        }
        for (place, subject) in switches {
            found.extend(of(subject, &format!("claim.{}.switch.{place}", claim.id)));
        }
        for (place, show) in claim.shows.iter().enumerate() {
            // All rows of a show have the same criterion.
            let subject = show.rows.first().map(|(_, subject)| subject);
            let path = format!("claim.{}.show.{place}", claim.id);
            found.extend(subject.into_iter().flat_map(|subject| of(subject, &path)));
        }
    }
    found
}

fn of<'a>(subject: &'a Subject, path: &str) -> Vec<(String, &'a str)> {
    let keys = ["among", "against"];
    let criteria = subject.criteria().into_iter().zip(keys);
    criteria.map(|(text, key)| (format!("{path}.{key}"), text)).collect()
}
