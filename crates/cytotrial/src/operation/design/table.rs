//! `design table`: the decision table of a design, for the protocol.

use std::fmt::Write as _;

use design::design::boin12::{self, Boin12};
use design::table::{Row, decision_table};
use design::{Action, Design, DoseCounts, Outcomes};
use serde::Serialize;

use super::choice::{Ask, Chosen, Setting, choose};
use super::counts::usage;
use super::word;
use crate::problem::Problem;

/// Which table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// The design.
    pub ask: Ask,
    /// The last row: evaluable patients at one dose.
    pub most: Option<u32>,
}

/// Rows of evaluable patients when nobody says how many.
const MOST: u32 = 12;

/// The table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The design's name.
    pub design: String,
    /// The design with the settings that were given.
    pub title: String,
    /// The table itself.
    pub table: Table,
    /// What must be known to read it.
    pub notes: Vec<String>,
    /// Every setting.
    pub settings: Vec<Setting>,
    /// What the design does where papers and programs differ.
    pub conventions: Vec<String>,
}

/// The kinds of tables.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Table {
    /// Limits by the evaluable patients at a dose.
    Limits(Vec<Limits>),
    /// Limits at each look of a single arm.
    Looks(Vec<Look>),
    /// One letter for every pair of counts.
    Letters(Vec<Letters>),
    /// Rank-based desirability scores.
    Scores(Vec<Score>),
}

/// The limits for one number of evaluable patients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Limits {
    /// Evaluable patients at the dose.
    pub evaluable: u32,
    /// Escalate at so many DLTs or fewer.
    pub escalate_at_most: Option<u32>,
    /// De-escalate at so many or more.
    pub de_escalate_at_least: Option<u32>,
    /// The dose and all above are closed for good at so many or more.
    pub eliminate_at_least: Option<u32>,
    /// At the lowest dose, the trial stops at so many or more.
    pub stop_at_least: Option<u32>,
}

/// The limits at one look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Look {
    /// Evaluable patients.
    pub evaluable: u32,
    /// Stop for futility at so many responses or fewer.
    pub futile_at_most: Option<u32>,
    /// End as promising at so many responses or more.
    pub promising_at_least: Option<u32>,
    /// Where both have to fall short: so many deep responses or fewer.
    pub deep_at_most: Option<u32>,
    /// Stop for safety at so many DLTs or more.
    pub toxic_at_least: Option<u32>,
}

/// The decisions for one number of evaluable patients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Letters {
    /// Evaluable patients at the dose.
    pub evaluable: u32,
    /// One row per number of DLTs, one letter per number of responses.
    pub rows: Vec<String>,
}

/// One row of the table of scores.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// Evaluable patients at the dose.
    pub evaluable: u32,
    /// With a DLT.
    pub dlts: u32,
    /// With a response.
    pub responses: u32,
    /// The rank, 1 the worst; absent for a dose that may not be given.
    pub score: Option<f64>,
}

/// The table of a design.
///
/// # Errors
/// Problems of the settings; D109 for a design without a table.
pub fn run(request: &Request) -> Result<Answer, Vec<Problem>> {
    let chosen = choose(&request.ask)?;
    let most = request.most.or(request.ask.max_patients).unwrap_or(MOST);
    if most == 0 || most > 200 {
        let message = format!("a table for {most} patients at a dose");
        return Err(vec![usage("D110", message, "ask for 1 to 200 patients: `--most 12`")]);
    }
    let (table, notes) = made(&chosen, most).map_err(|problem| vec![problem])?;
    Ok(Answer {
        design: chosen.entry.name.to_owned(),
        title: chosen.title(),
        table,
        notes,
        conventions: chosen.entry.conventions.iter().map(|&one| one.to_owned()).collect(),
        settings: chosen.settings,
    })
}

fn made(chosen: &Chosen, most: u32) -> Result<(Table, Vec<String>), Problem> {
    let design = chosen.design.as_ref();
    if design.levels() == Some(1) && chosen.levels.is_none_or(|levels| levels == 1) {
        let (looks, open) = looks(design);
        if looks.last().is_some_and(|look| is_one_arm(chosen, look)) {
            let notes = if open { vec![END.to_owned()] } else { Vec::new() };
            return Ok((Table::Looks(looks), notes));
        }
    }
    if design.levels().is_some() {
        let message = format!(
            "`{}` decides by a model over all doses: what it does at one dose depends on the others",
            chosen.entry.name
        );
        let help = "`cytotrial design pathways` lists its decisions two or more cohorts ahead";
        return Err(usage("D109", message, help));
    }
    let cohort = chosen.plan.cohort;
    match (chosen.entry.name, design.outcomes()) {
        ("boin12", _) => scores(chosen, cohort, most),
        ("u-boin", _) => {
            let setting = chosen.settings.iter().find(|setting| setting.key == "first-stage");
            let stage: u32 = setting.and_then(|one| one.value.parse().ok()).unwrap_or(MOST);
            let note = format!(
                "this is the first stage: from {stage} patients at a dose on, the next cohort gets \
                 the admissible tried dose with the highest mean utility"
            );
            Ok((Table::Limits(limits(design, most.min(stage.saturating_sub(1)))), vec![note]))
        }
        (_, Outcomes::ToxicityAndResponse) => Ok(letters(design, cohort, most)),
        _ => {
            let notes = vec![
                "between the limits the next cohort gets the same dose; patients in the DLT window \
                 are not evaluable"
                    .to_owned(),
            ];
            Ok((Table::Limits(limits(design, most)), notes))
        }
    }
}

const END: &str = "at the last look the treatment is promising unless a limit is met";

/// Whether the looks are those of a design for one arm, not of an escalation set for one level.
fn is_one_arm(chosen: &Chosen, last: &Look) -> bool {
    last.evaluable > 0
        && ["simon", "bop2", "bop2-nested", "predictive-probability", "toxicity-monitoring"]
            .contains(&chosen.entry.name)
}

fn limits(design: &dyn Design, most: u32) -> Vec<Limits> {
    let of = |row: Row| Limits {
        evaluable: row.evaluable,
        escalate_at_most: row.escalate_at_most,
        de_escalate_at_least: row.de_escalate_at_least,
        eliminate_at_least: row.close_at_least,
        stop_at_least: row.stop_at_least,
    };
    decision_table(design, most).into_iter().map(of).collect()
}

/// The looks of a single arm, found by asking the design; and whether the last one is a verdict on
/// responses.
fn looks(design: &dyn Design) -> (Vec<Look>, bool) {
    let counts = |evaluable: u32, dlts: u32, responses: u32| DoseCounts {
        responses,
        responses_with_dlt: (dlts + responses).saturating_sub(evaluable),
        ..DoseCounts::of(evaluable, dlts)
    };
    let decide = |at: DoseCounts| design.decide(0, &[at]);
    let mut result = Vec::new();
    let mut evaluable = 0;
    let mut has_verdict = false;
    loop {
        let all = (0..=evaluable).map(|responses| decide(counts(evaluable, 0, responses)));
        let more = all.filter_map(|decision| decision.patients).max();
        if evaluable > 0 {
            let is_last = more.is_none();
            let ends = |at: DoseCounts, action: Action| {
                decide(at).action == action || (is_last && design.recommend(&[at]).is_none())
            };
            let by_response = |responses: u32| counts(evaluable, 0, responses);
            let futile = (0..=evaluable)
                .take_while(|&responses| ends(by_response(responses), Action::StopForFutility))
                .last();
            let promising = (0..=evaluable).find(|&responses| {
                !is_last && decide(by_response(responses)).action == Action::Finish
            });
            let toxic = (0..=evaluable)
                .find(|&dlts| ends(counts(evaluable, dlts, evaluable), Action::StopForSafety));
            let by_depth = |deep: u32| DoseCounts { deep_responses: deep, ..by_response(0) };
            let deep = (0..=evaluable)
                .take_while(|&deep| ends(by_depth(deep), Action::StopForFutility))
                .last()
                .filter(|_| design.outcomes() == Outcomes::NestedResponse);
            has_verdict |= is_last && futile.is_some();
            result.push(Look {
                evaluable,
                futile_at_most: futile,
                promising_at_least: promising,
                deep_at_most: deep,
                toxic_at_least: toxic,
            });
        }
        match more {
            Some(patients) if evaluable < 500 => evaluable += patients.max(1),
            _ => return (result, has_verdict),
        }
    }
}

fn letters(design: &dyn Design, cohort: u32, most: u32) -> (Table, Vec<String>) {
    let below = DoseCounts::of(cohort, 0);
    let at = |evaluable: u32, dlts: u32, responses: u32| {
        let both = (dlts + responses).saturating_sub(evaluable);
        let here =
            DoseCounts { responses, responses_with_dlt: both, ..DoseCounts::of(evaluable, dlts) };
        design.decide(1, &[below, here, DoseCounts::default()]).action.letter()
    };
    let block = |evaluable: u32| Letters {
        evaluable,
        rows: (0..=evaluable)
            .map(|dlts| (0..=evaluable).map(|hits| at(evaluable, dlts, hits)).collect())
            .collect(),
    };
    let sizes = (1..=most / cohort.max(1)).map(|times| times * cohort);
    let notes = vec![
        format!(
            "E escalate, S stay, D de-escalate, T stop for safety, U stop for futility; the dose \
             below had no DLT and no response in {cohort} patients, the dose above is untried"
        ),
        "one row per number of DLTs, from 0; one letter per number of responses, from 0".to_owned(),
    ];
    (Table::Letters(sizes.map(block).collect()), notes)
}

fn scores(chosen: &Chosen, cohort: u32, most: u32) -> Result<(Table, Vec<String>), Problem> {
    let in_words: Vec<String> = chosen
        .settings
        .iter()
        .filter(|setting| setting.value != "off" && setting.key != "rules")
        .map(|setting| format!("{} = {}", setting.key, setting.value))
        .collect();
    let settings: Result<boin12::Settings, _> = toml::from_str(&in_words.join("\n"));
    let design = settings
        .map_err(design::DesignError::from)
        .and_then(Boin12::new)
        .map_err(|error| usage("D103", error.to_string(), "correct the settings"))?;
    let help = "set `utility-both` to 100 less `utility-neither`, or read the decisions with \
                `cytotrial design pathways`";
    let rows =
        design.scores(cohort, most).map_err(|error| usage("D109", error.to_string(), help))?;
    let rows = rows.into_iter().map(|row| Score {
        evaluable: row.evaluable,
        dlts: row.dlts,
        responses: row.responses,
        score: row.score,
    });
    let notes = vec![
        "of the doses that come into question, the next cohort gets the one with the highest score; \
         E: the dose may not be given"
            .to_owned(),
        chosen.design.describe(),
    ];
    Ok((Table::Scores(rows.collect()), notes))
}

impl Answer {
    /// The table with commas. That of limits can be read back as the design `custom`.
    pub fn csv(&self) -> String {
        let mut text = String::new();
        let mut line = |cells: &[String]| {
            writeln!(text, "{}", cells.join(",")).expect("a String takes every write");
        };
        let names =
            |names: &[&str]| -> Vec<String> { names.iter().map(|&n| n.to_owned()).collect() };
        let count = |value: Option<u32>| value.map_or_else(String::new, |value| value.to_string());
        match &self.table {
            Table::Limits(rows) => {
                line(&names(&[
                    "evaluable",
                    "escalate-at-most",
                    "de-escalate-at-least",
                    "eliminate-at-least",
                ]));
                for row in rows {
                    line(&[
                        row.evaluable.to_string(),
                        count(row.escalate_at_most),
                        count(row.de_escalate_at_least),
                        count(row.eliminate_at_least),
                    ]);
                }
            }
            Table::Looks(rows) => {
                line(&names(&[
                    "evaluable",
                    "futile-at-most",
                    "promising-at-least",
                    "deep-at-most",
                    "toxic-at-least",
                ]));
                for row in rows {
                    line(&[
                        row.evaluable.to_string(),
                        count(row.futile_at_most),
                        count(row.promising_at_least),
                        count(row.deep_at_most),
                        count(row.toxic_at_least),
                    ]);
                }
            }
            Table::Letters(blocks) => {
                line(&names(&["evaluable", "dlts", "responses", "decision"]));
                for block in blocks {
                    for (dlts, row) in block.rows.iter().enumerate() {
                        for (responses, letter) in row.chars().enumerate() {
                            line(&[
                                block.evaluable.to_string(),
                                dlts.to_string(),
                                responses.to_string(),
                                letter.to_string(),
                            ]);
                        }
                    }
                }
            }
            Table::Scores(rows) => {
                line(&names(&["evaluable", "dlts", "responses", "score"]));
                for row in rows {
                    line(&[
                        row.evaluable.to_string(),
                        row.dlts.to_string(),
                        row.responses.to_string(),
                        row.score.map_or_else(|| "E".to_owned(), |score| super::decimal(score, 1)),
                    ]);
                }
            }
        }
        text
    }
}

/// The decision for every number of DLTs among the evaluable patients at the current dose, the
/// other doses as they are.
pub(super) fn row(design: &dyn Design, level: usize, doses: &[DoseCounts]) -> Vec<Choice> {
    let at = doses[level];
    let with = |dlts: u32| {
        let both = (dlts + at.responses).saturating_sub(at.evaluable);
        let changed = DoseCounts { dlts, responses_with_dlt: both, ..at };
        let mut doses = doses.to_vec();
        // The counts that are there stay as they are, whoever had both.
        doses[level] = if dlts == at.dlts { at } else { changed };
        let decision = design.decide(level, &doses);
        Choice {
            dlts,
            action: word(decision.action),
            next_level: decision.next_level.map(|next| next + 1),
        }
    };
    (0..=at.evaluable).map(with).collect()
}

/// One cell of the row that a decision stands in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// DLTs at the current dose.
    pub dlts: u32,
    /// What the design would do.
    pub action: String,
    /// The level of the next patients, from 1.
    pub next_level: Option<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: &str, settings: &str) -> Request {
        let settings = toml::from_str(settings).unwrap();
        let ask = Ask { method: Some(method.to_owned()), settings, ..Ask::default() };
        Request { ask, most: Some(6) }
    }

    #[test]
    fn a_table_with_commas_is_a_design_again() {
        let boin = run(&ask("boin", "target = 0.3")).unwrap();
        let again = ask("custom", &format!("target = 0.3\ntable = {:?}", boin.csv()));
        assert_eq!(run(&again).unwrap().table, boin.table);
        assert!(boin.csv().ends_with("6,1,3,4\n"), "{}", boin.csv());
    }

    #[test]
    fn looks_of_single_arms_are_found() {
        let simon = run(&ask("simon", "null-rate = 0.1\nalternative-rate = 0.3")).unwrap();
        assert_eq!(simon.csv().lines().skip(1).collect::<Vec<_>>(), ["10,1,,,", "29,5,,,"]);
        let text = "limit = 0.3\nlooks = [3, 6]";
        let watched = run(&ask("toxicity-monitoring", text)).unwrap();
        assert!(matches!(&watched.table, Table::Looks(looks) if looks[0].toxic_at_least.is_some()));
    }

    #[test]
    fn every_design_has_a_table_or_says_why_not() {
        for entry in design::ALL {
            match run(&ask(entry.name, entry.least)) {
                Ok(answer) => {
                    assert!(answer.csv().lines().count() > 1, "{}", entry.name);
                    let is_one_arm = matches!(answer.table, Table::Looks(_));
                    let design = (entry.from_toml)(entry.least).unwrap();
                    assert_eq!(is_one_arm, design.levels() == Some(1), "{}", entry.name);
                }
                Err(problems) => {
                    assert_eq!(problems[0].code, "D109", "{}", entry.name);
                    assert!(["crm", "tite-crm", "blrm", "efftox"].contains(&entry.name));
                }
            }
        }
    }
}
