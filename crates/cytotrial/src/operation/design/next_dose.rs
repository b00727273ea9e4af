//! `design next-dose`: which level the next patients get, and why.

use design::{Action, Design, DoseCounts, Known, Outcomes};
use serde::Serialize;

use super::choice::{Ask, Chosen, Setting, choose};
use super::counts::{Data, Treated, known, treated, usage};
use super::table::{Choice, row};
use super::{ADVICE, many, word};
use crate::problem::Problem;

/// Which design, and what is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// The design.
    pub ask: Ask,
    /// The patients so far.
    pub data: Data,
}

/// The advice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The design's name.
    pub design: String,
    /// The design with the settings that were given.
    pub title: String,
    /// The level at which the last patients were treated, from 1.
    pub level: usize,
    /// What to do: `escalate`, `stay`, `de-escalate`, `finish`, `stop-for-safety`,
    /// `stop-for-futility`.
    pub action: String,
    /// The level of the next patients, from 1; absent when nobody is treated next.
    pub next_level: Option<usize>,
    /// How many patients come next; absent when nobody does.
    pub patients: Option<u32>,
    /// The sentence that says why.
    pub because: String,
    /// The decision for every number of DLTs among the evaluable patients at this level.
    pub row: Vec<Choice>,
    /// The dose that would be recommended if the trial ended now, from 1.
    pub recommended_now: Option<usize>,
    /// What the decision stands on.
    pub doses: Vec<Treated>,
    /// What should be looked at.
    pub warnings: Vec<String>,
    /// Every setting.
    pub settings: Vec<Setting>,
    /// What the design does where papers and programs differ.
    pub conventions: Vec<String>,
    /// Who decides.
    pub advice: String,
}

/// The code of an advice that is refused until windows are complete.
pub const REFUSED: &str = "D108";

/// The advice, or the problem D108 while it has to wait.
///
/// # Errors
/// Problems of the settings and of the counts, and D108.
pub fn run(request: &Request) -> Result<Answer, Vec<Problem>> {
    let chosen = choose(&request.ask)?;
    let known = known(&request.data, &chosen)?;
    let (level, at) = (known.level, known.at());
    let design = chosen.design.as_ref();
    let decision = design.decide_on(&known);
    if decision.action == Action::Suspend {
        return Err(vec![refused(&chosen, &known, &decision.because)]);
    }
    let total: u32 = known.doses.iter().map(|dose| dose.treated()).sum();
    let most = chosen.plan.max_patients;
    let is_full = !chosen.plan.max_patients_is_default && total >= most;
    let (action, next_level, because) = if is_full && !decision.action.is_end() {
        (Action::Finish, None, format!("all {most} patients of the plan were treated"))
    } else {
        (decision.action, decision.next_level, decision.because)
    };
    let room = if chosen.plan.max_patients_is_default { u32::MAX } else { most - total.min(most) };
    let patients =
        next_level.map(|_| decision.patients.unwrap_or(chosen.plan.cohort).clamp(1, room.max(1)));
    let row = if at.pending == 0 && at.evaluable > 0 {
        row(design, level, &known.doses)
    } else {
        Vec::new()
    };
    Ok(Answer {
        design: chosen.entry.name.to_owned(),
        title: chosen.title(),
        level: level + 1,
        action: word(action),
        next_level: next_level.map(|next| next + 1),
        patients,
        because,
        row,
        recommended_now: design.recommend(&known.doses).map(|level| level + 1),
        doses: treated(&known.doses),
        warnings: warnings(&request.data, &chosen, &known),
        conventions: chosen.entry.conventions.iter().map(|&one| one.to_owned()).collect(),
        settings: chosen.settings,
        advice: ADVICE.to_owned(),
    })
}

/// Why there is no advice yet.
pub(super) fn refused(chosen: &Chosen, known: &Known, because: &str) -> Problem {
    let name = chosen.entry.name;
    let waiting = (0..known.doses.len()).filter(|&level| known.doses[level].pending > 0);
    let waiting: Vec<String> = waiting
        .map(|level| {
            let patients = many(known.doses[level].pending as usize, "patient");
            format!("{patients} at level {}", level + 1)
        })
        .collect();
    let all: u32 = known.doses.iter().map(|dose| dose.pending).sum();
    let are = if all == 1 { "is" } else { "are" };
    let in_time = chosen.design.outcomes() == Outcomes::ToxicityInTime;
    let why = if in_time || !because.contains("DLT window") {
        format!(" ({because})")
    } else {
        String::new()
    };
    let message =
        format!("no advice yet: {} {are} still in the DLT window{why}", waiting.join(" and "));
    let has_rule = chosen.entry.keys().iter().any(|key| key == "pending");
    let help = if in_time {
        format!("ask `{name}` again when more of the windows has been observed")
    } else if has_rule {
        "ask again when the windows are complete; `--set pending=unless-certain` decides earlier \
         where the open windows cannot change the decision, `tite-boin` and `tite-crm` use the \
         follow-up"
            .to_owned()
    } else {
        "ask again when the windows are complete; `tite-boin` and `tite-crm` use the follow-up of \
         pending patients"
            .to_owned()
    };
    usage(REFUSED, message, help)
}

fn warnings(data: &Data, chosen: &Chosen, known: &Known) -> Vec<String> {
    let mut result = Vec::new();
    let looks_at_responses =
        !matches!(chosen.design.outcomes(), Outcomes::Toxicity | Outcomes::ToxicityInTime);
    let evaluable: u32 = known.doses.iter().map(|dose| dose.evaluable).sum();
    if looks_at_responses && data.table.is_none() && data.responses.is_none() && evaluable > 0 {
        result.push(format!(
            "`{}` decides by responses and none are given: none of {} is taken to have one; \
             write them with `--responses`",
            chosen.entry.name,
            many(evaluable as usize, "evaluable patient")
        ));
    }
    let elsewhere: u32 = (0..known.doses.len())
        .filter(|&at| at != known.level)
        .map(|at| known.doses[at].pending)
        .sum();
    if elsewhere > 0 && chosen.design.outcomes() == Outcomes::Toxicity {
        result.push(format!(
            "{} in the DLT window at other levels: the design does not wait for them",
            many(elsewhere as usize, "patient")
        ));
    }
    if let Some(closed) = first_closed(chosen.design.as_ref(), &known.doses)
        && closed < known.level
    {
        result.push(format!(
            "level {} is eliminated by its own counts, yet the last patients are said to be at \
             level {}: is `--level` right?",
            closed + 1,
            known.level + 1
        ));
    }
    if known.doses.windows(2).any(|pair| pair[0].treated() == 0 && pair[1].treated() > 0) {
        result.push("a level without patients lies below one with patients".to_owned());
    }
    result
}

/// The lowest dose that the design does not enter from below, by its counts alone.
fn first_closed(design: &dyn Design, doses: &[DoseCounts]) -> Option<usize> {
    if design.levels().is_some() || design.outcomes() != Outcomes::Toxicity {
        return None;
    }
    let is_closed = |dose: &DoseCounts| {
        let alone = [DoseCounts::of(dose.evaluable, dose.dlts), DoseCounts::default()];
        dose.evaluable > 0 && design.decide(0, &alone).action == Action::StopForSafety
    };
    doses.iter().position(is_closed)
}
