//! What came of the claims: verdicts with their grounds, effects with and without the mechanism.

use super::effect::{Effect, TrialEffect, assumption_share};
use super::run::Ask;
use super::verdict::{Judged, Verdict, judge};
use super::{Claim, ClaimBook, Rule, Settings};
use crate::uncertainty::Part;

/// What came of all claims.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    /// How the experiments ran.
    pub settings: Settings,
    /// Replicates behind the tests.
    pub replicates: u32,
    /// Whether what is not known was drawn.
    pub drawn: bool,
    /// Claim by claim.
    pub claims: Vec<ClaimFinding>,
}

/// What came of a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimFinding {
    /// The claim.
    pub claim: Claim,
    /// The verdict: it stands when all its tests stand.
    pub verdict: Verdict,
    /// Another number of replicates or another seed may turn the verdict.
    pub near_limit: bool,
    /// One per test.
    pub tests: Vec<TestFinding>,
    /// One per switch.
    pub switches: Vec<Option<Effect>>,
    /// One list per show, one effect per row.
    pub shows: Vec<Vec<Option<Effect>>>,
}

/// What came of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct TestFinding {
    /// Verdict and grounds.
    pub judged: Judged,
    /// The effect; `None` when fewer than two trials can say.
    pub effect: Option<Effect>,
    /// Share of the effect's variance that rests on assumed values; `None`
    /// when what is not known was not drawn, or the trials do not scatter.
    pub assumed: Option<Part>,
}

/// What every trial is asked for, in the order in which [`findings`] reads the answers.
pub fn asks(book: &ClaimBook, claims: &[&Claim], replicates: u32) -> Vec<Ask> {
    let settings = &book.settings;
    let (switches, scans) =
        (settings.switch_replicates.min(replicates), settings.scan_replicates.min(replicates));
    let mut asks = Vec::new();
    for claim in claims {
        asks.extend(claim.tests.iter().map(|test| Ask {
            measure: test.measure,
            subject: test.subject.clone(),
            replicates,
        }));
        asks.extend(claim.switches.iter().map(|switch| Ask {
            measure: switch.measure,
            subject: switch.subject.clone(),
            replicates: switches,
        }));
        for show in &claim.shows {
            asks.extend(show.rows.iter().map(|(_, subject)| Ask {
                measure: show.measure,
                subject: subject.clone(),
                replicates: scans,
            }));
        }
    }
    asks
}

/// What only the tests ask, for the run with assumed values frozen.
pub fn test_asks(claims: &[&Claim], replicates: u32) -> Vec<Ask> {
    let tests = claims.iter().flat_map(|claim| &claim.tests);
    let ask = |test: &super::Test| Ask {
        measure: test.measure,
        subject: test.subject.clone(),
        replicates,
    };
    tests.map(ask).collect()
}

/// Judges every claim. `answers` has a row per replicate as [`asks`] orders them; `frozen` likewise
/// as [`test_asks`] does, or is empty.
pub fn findings(
    settings: Settings,
    claims: &[&Claim],
    answers: &[Vec<Option<TrialEffect>>],
    frozen: &[Vec<Option<TrialEffect>>],
) -> Findings {
    let mut column = 0;
    let mut next = || {
        let answered = answers.iter().filter_map(|row| row[column]).collect::<Vec<TrialEffect>>();
        column += 1;
        answered
    };
    let mut frozen_column = 0;
    let mut found = Vec::new();
    for claim in claims {
        let mut tests = Vec::new();
        for test in &claim.tests {
            let trials = next();
            let without: Vec<TrialEffect> =
                frozen.iter().filter_map(|row| row[frozen_column]).collect();
            frozen_column += 1;
            let is_exact = matches!(test.rule, Rule::Bound { .. });
            tests.push(TestFinding {
                judged: judge(test.rule, &trials, &settings),
                effect: Effect::new(&trials),
                assumed: assumption_share(&trials, &without).filter(|_| !is_exact),
            });
        }
        let switches = claim.switches.iter().map(|_| Effect::new(&next())).collect();
        let shows = claim
            .shows
            .iter()
            .map(|show| show.rows.iter().map(|_| Effect::new(&next())).collect())
            .collect();
        found.push(ClaimFinding {
            claim: (*claim).clone(),
            verdict: Verdict::of_all(tests.iter().map(|test| test.judged.verdict)),
            near_limit: tests.iter().any(|test| test.judged.near_limit),
            tests,
            switches,
            shows,
        });
    }
    Findings {
        settings,
        replicates: answers.len() as u32,
        drawn: !frozen.is_empty(),
        claims: found,
    }
}
