//! Rules that stop a whole trial, by what was known when the next candidate came.

use evaluate::{DltStatus, Index, Rules};
use records::{DeathCause, Study};

use crate::protocol::Stopping;

/// What the rules need to know of one infused patient; days are calendar days.
#[derive(Debug, Clone, PartialEq)]
struct Treated {
    level: Option<usize>,
    /// A death not due to myeloma: the day, and the days from the infusion to it.
    death: Option<(f64, f64)>,
    /// The DLT window was settled so that the patient counts.
    evaluable_on: Option<f64>,
    /// A DLT was known.
    dlt_on: Option<f64>,
    /// Acute graft-versus-host disease: day and grade.
    host_disease: Vec<(f64, u8)>,
}

/// The treated patients of a trial, in the order of enrolment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Watched {
    treated: Vec<Treated>,
}

/// No window stays open for longer than this, days.
const LONGEST_WINDOW: u32 = 400;
/// A calendar day and an infusion day do not always differ by a whole number in binary.
const SAME_DAY: f64 = 1e-6;

impl Watched {
    /// Takes note of the only subject of a study, whose rows are sorted in `index`.
    pub fn add(&mut self, study: &Study, index: &Index, rules: &Rules, stopping: &[Stopping]) {
        let subjects = &study.subjects;
        let Some(infused) = subjects.infused_calendar[0] else { return };
        let level = subjects.dose_level[0].map(usize::from);
        let counts_dlts = stopping
            .iter()
            .any(|rule| matches!(rule, Stopping::DltRate { level: at, .. } if Some(*at) == level));
        let (evaluable_on, dlt_on) =
            if counts_dlts { settled(index, study, rules) } else { (None, None) };
        let counts_host = stopping.iter().any(|rule| matches!(rule, Stopping::Gvhd { .. }));
        let host_disease = if counts_host {
            let course = evaluate::criteria::magic::course(&index.subject(study, 0), &rules.gvhd);
            course.iter().map(|step| (infused + step.day, step.grade)).collect()
        } else {
            Vec::new()
        };
        let death = subjects.death_day[0]
            .filter(|_| subjects.death_cause[0] != Some(DeathCause::Myeloma))
            .map(|day| (infused + day, day));
        self.treated.push(Treated {
            level,
            death,
            evaluable_on: evaluable_on.map(|day| infused + day),
            dlt_on: dlt_on.map(|day| infused + day),
            host_disease,
        });
    }

    /// Why the rule stops the trial on a calendar day, if it does.
    pub fn stops(&self, rule: &Stopping, today: f64) -> Option<String> {
        let is_known = |day: f64| day <= today + SAME_DAY;
        match *rule {
            Stopping::EarlyDeaths { deaths, days } => {
                let deaths_of = self.treated.iter().filter_map(|patient| patient.death);
                let early =
                    deaths_of.filter(|&(day, after)| after <= days && is_known(day)).count();
                (early >= deaths as usize)
                    .then(|| format!("{early} deaths not due to myeloma within {days} days"))
            }
            Stopping::DltRate { level, rate, probability } => {
                let at = || self.treated.iter().filter(|patient| patient.level == Some(level));
                let evaluable = at().filter(|p| p.evaluable_on.is_some_and(is_known)).count();
                let dlts = at().filter(|p| p.dlt_on.is_some_and(is_known)).count();
                let without = evaluable.saturating_sub(dlts);
                let exceeds =
                    1.0 - stats::special::beta_cdf(rate, dlts as f64 + 1.0, without as f64 + 1.0);
                (evaluable >= 3 && exceeds > probability)
                    .then(|| format!("P(DLT rate > {rate}) = {exceeds:.3} at level {level}"))
            }
            Stopping::Gvhd { grade, patients, first } => {
                let affected = self
                    .treated
                    .iter()
                    .take(first as usize)
                    .filter(|patient| {
                        let mut steps = patient.host_disease.iter();
                        steps.any(|&(day, seen)| seen >= grade && is_known(day))
                    })
                    .count();
                (affected >= patients as usize)
                    .then(|| format!("GvHD of grade {grade} or more in {affected} patients"))
            }
        }
    }
}

/// The whole days after the first infusion on which a patient began to count, and on which a DLT
/// was known; a late DLT may follow a complete window.
fn settled(index: &Index, study: &Study, rules: &Rules) -> (Option<f64>, Option<f64>) {
    let status = |day: u32| {
        let known = index.subject(study, 0).as_of(f64::from(day) + SAME_DAY);
        evaluate::criteria::dlt::status(&known, rules)
    };
    let first = |is_so: &dyn Fn(&DltStatus) -> bool| {
        let (mut before, mut from) = (None, LONGEST_WINDOW);
        if !is_so(&status(from)) {
            return None;
        }
        while before.map_or(0, |day: u32| day + 1) < from {
            let middle = u32::midpoint(before.map_or(0, |day| day + 1), from);
            if is_so(&status(middle)) { from = middle } else { before = Some(middle) }
        }
        Some(f64::from(from))
    };
    let dlt_on = first(&|status| matches!(status, DltStatus::Dlt(_)));
    let evaluable_on = first(&|status| matches!(status, DltStatus::None | DltStatus::Dlt(_)));
    (evaluable_on, dlt_on)
}
