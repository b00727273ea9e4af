//! What a design is told on a calendar day: who had a DLT, who responded, whose windows still run.

use std::cell::Cell;

use design::{Design, DoseCounts, Known, Outcomes, Patient};
use evaluate::criteria::{Criterion as _, dlt, imwg};
use evaluate::{DltStatus, Index, Response, Rules, SubjectOutcome, SubjectRecords};
use records::Study;

use crate::protocol::Protocol;

/// A calendar day and an infusion day do not always differ by a whole number in binary.
const SAME_DAY: f64 = 1e-6;

/// The patients of an arm, as a design looks at them.
pub(super) struct Watch<'a> {
    /// Their tables.
    pub(super) study: &'a Study,
    /// The same, sorted, for each patient who was not a screening failure.
    pub(super) indexes: &'a [Option<Index>],
    /// When the DLT status of each patient who was pending is settled.
    pub(super) settles: &'a [Cell<Settles>],
    /// The windows and the rules.
    pub(super) protocol: &'a Protocol,
    /// The dose levels of the arm.
    pub(super) levels: usize,
    /// The design.
    pub(super) design: &'a dyn Design,
    /// The level of the last cohort, from 0, and its first row in the tables.
    pub(super) cohort: (usize, usize),
}

/// That a patient was pending on every whole day after the first day and before the second, when the
/// status is settled: the days between need not be looked at again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Settles {
    after: f64,
    on: f64,
}

impl Settles {
    /// Nothing was looked at yet.
    pub(super) const UNKNOWN: Self = Self { after: f64::INFINITY, on: f64::NEG_INFINITY };
}

/// What is known of one patient who counts, or will.
struct Judged {
    counts: DoseCounts,
    follow_up: f64,
    dlt: Option<f64>,
    /// The patient's day on which a pending patient is settled.
    changes_on: Option<f64>,
}

impl Watch<'_> {
    /// What is known on a calendar day, and the next day on which it changes.
    pub(super) fn on(&self, today: f64) -> (Known, Option<f64>) {
        let (level, first) = self.cohort;
        let mut known = Known {
            level,
            doses: vec![DoseCounts::default(); self.levels],
            last_cohort: None,
            patients: Vec::new(),
        };
        let mut last = DoseCounts::default();
        let mut next_change: Option<f64> = None;
        let subjects = &self.study.subjects;
        for row in 0..subjects.len() {
            let (Some(infused), Some(at), Some(index)) =
                (subjects.infused_calendar[row], subjects.dose_level[row], &self.indexes[row])
            else {
                continue;
            };
            let at = usize::from(at) - 1;
            let day = today - infused + SAME_DAY;
            let records = index.subject(self.study, row);
            let Some(judged) = self.judge(records, &self.settles[row], day) else { continue };
            if let Some(change) = judged.changes_on {
                let change = infused + change;
                next_change = Some(next_change.map_or(change, |day: f64| day.min(change)));
            }
            known.doses[at] = known.doses[at].with(judged.counts);
            if row >= first && at == level {
                last = last.with(judged.counts);
            }
            let Judged { follow_up, dlt, .. } = judged;
            known.patients.push(Patient { level: at, follow_up, dlt });
        }
        known.last_cohort = Some(last);
        (known, next_change)
    }

    /// What is known of one patient on a day after the infusion; `None` if the patient does not count.
    fn judge(
        &self,
        records: SubjectRecords<'_>,
        settles: &Cell<Settles>,
        day: f64,
    ) -> Option<Judged> {
        let rules = &self.protocol.rules;
        let (needs_dlt, needs_response) = match self.design.outcomes() {
            Outcomes::Toxicity | Outcomes::ToxicityInTime => (true, false),
            Outcomes::ToxicityAndResponse => (true, true),
            Outcomes::Response | Outcomes::NestedResponse => (false, true),
        };
        // Days as a share of the window; who is pending has not completed it.
        let share = |days: f64| (days / rules.dlt.window_days).clamp(0.0, 0.999);
        let (dlt_is_open, follow_up, dlt) = match dlt::status(&records.as_of(day), rules) {
            DltStatus::Pending { follow_up } => (needs_dlt, share(follow_up), None),
            DltStatus::Dlt(dlt) => (false, share(dlt.day), Some(share(dlt.day))),
            DltStatus::NotEvaluable { .. } | DltStatus::Unknown if needs_dlt => return None,
            DltStatus::None | DltStatus::NotEvaluable { .. } | DltStatus::Unknown => {
                (false, 1.0, None)
            }
        };
        let scored_on = scored_on(&records, self.protocol.response_day());
        let changes = [
            dlt_is_open.then(|| resolves_on(records, rules, settles, day)),
            Some(scored_on).filter(|&scored| needs_response && scored > day),
        ];
        let changes_on = changes.into_iter().flatten().reduce(f64::max);
        let mut counts = DoseCounts::default();
        if changes_on.is_some() {
            counts.pending = 1;
        } else {
            let response = if needs_response || self.design.backfills() {
                best_response(&records.as_of(day.min(scored_on + SAME_DAY)), rules)
            } else {
                Response::NotEvaluable
            };
            counts.add(dlt.is_some(), response.is_response());
            counts.deep_responses = u32::from(response >= Response::Complete);
        }
        Some(Judged { counts, follow_up, dlt, changes_on })
    }
}

/// The day on which a patient's response is scored: when the time for it is over, or no response can
/// come any more.
fn scored_on(records: &SubjectRecords<'_>, response_day: f64) -> f64 {
    let ends = [records.death_day, records.new_therapy_day];
    ends.into_iter().flatten().fold(response_day, f64::min)
}

/// The best confirmed response of what is known.
fn best_response(records: &SubjectRecords<'_>, rules: &Rules) -> Response {
    let mut outcome = SubjectOutcome::default();
    imwg::CRITERION.assess(records, rules, &mut outcome);
    outcome.best_response
}

/// The first whole day after `known` on which a pending patient's status is settled.
fn resolves_on(
    records: SubjectRecords<'_>,
    rules: &Rules,
    settles: &Cell<Settles>,
    known: f64,
) -> f64 {
    let Settles { after, on } = settles.get();
    if (after..on).contains(&known) {
        return on;
    }
    let mut day = known.max(0.0).floor() + 1.0;
    let limit = day + 400.0;
    let is_pending =
        |day| matches!(dlt::status(&records.as_of(day), rules), DltStatus::Pending { .. });
    while day < limit && is_pending(day) {
        day += 1.0;
    }
    settles.set(Settles { after: known, on: day });
    day
}
