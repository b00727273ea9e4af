//! The study in, the outcomes out.

use crate::criteria::{ALL, dlt};
use crate::index::Index;
use crate::outcome::{DltStatus, Outcomes, SubjectOutcome};
use crate::rules::Rules;
use crate::{compared, kinetics, time_to_event};
use records::{Analyte, Study};

/// Evaluates every subject of a study. Pure: the same study and rules give the same outcomes.
pub fn evaluate(study: &Study, rules: &Rules) -> Outcomes {
    let index = Index::new(study);
    let subjects = (0..study.subjects.len())
        .map(|row| {
            let subject = index.subject(study, row).with_baseline(rules.baseline);
            let mut outcome = SubjectOutcome::default();
            for criterion in ALL {
                criterion.assess(&subject, rules, &mut outcome);
            }
            time_to_event::assess(&subject, rules, &mut outcome);
            compared::assess(&subject, rules, &mut outcome);
            let profile = |analyte| kinetics::of(subject.series(analyte), &rules.kinetics);
            outcome.kinetics = profile(Analyte::InfusedCells);
            outcome.kinetics_second = profile(Analyte::InfusedCellsSecond);
            outcome.kinetics_transgene = profile(Analyte::TransgeneCopies);
            outcome
        })
        .collect();
    Outcomes { subjects }
}

/// Dose-limiting toxicity of one subject by what was known on a day of that subject (elapsed days
/// from its first infusion). For many subjects or days build an [`Index`] once and use
/// [`dlt::status`] on [`crate::SubjectRecords::as_of`].
pub fn dlt_status(study: &Study, subject: usize, rules: &Rules, as_of_day: f64) -> DltStatus {
    let index = Index::one(study, subject);
    dlt::status(&index.subject(study, subject).as_of(as_of_day), rules)
}
