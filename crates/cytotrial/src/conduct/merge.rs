//! Studies put together: one-subject studies into an arm's, arms' into one.

use records::Study;

/// Adds the rows of `one`; its subjects follow those of `study`.
pub fn append(study: &mut Study, one: Study) {
    let row = study.subjects.len() as u32;
    let subjects = &mut study.subjects;
    let from = one.subjects;
    subjects.id.extend(from.id);
    subjects.arm.extend(from.arm);
    subjects.dose_level.extend(from.dose_level);
    subjects.disposition.extend(from.disposition);
    subjects.screened_calendar.extend(from.screened_calendar);
    subjects.infused_calendar.extend(from.infused_calendar);
    subjects.enrolled_day.extend(from.enrolled_day);
    subjects.age.extend(from.age);
    subjects.sex.extend(from.sex);
    subjects.weight.extend(from.weight);
    subjects.ecog.extend(from.ecog);
    subjects.prior_lines.extend(from.prior_lines);
    subjects.isotype.extend(from.isotype);
    subjects.light_chain.extend(from.light_chain);
    subjects.new_therapy_day.extend(from.new_therapy_day);
    subjects.death_day.extend(from.death_day);
    subjects.death_cause.extend(from.death_cause);
    subjects.last_known_alive_day.extend(from.last_known_alive_day);
    subjects.dose_fraction.extend(from.dose_fraction);
    let exposures = &mut study.exposures;
    exposures.subject.extend(one.exposures.subject.iter().map(|subject| row + subject));
    exposures.treatment.extend(one.exposures.treatment);
    exposures.day.extend(one.exposures.day);
    exposures.amount.extend(one.exposures.amount);
    exposures.assigned.extend(one.exposures.assigned);
    let findings = &mut study.findings;
    findings.subject.extend(one.findings.subject.iter().map(|subject| row + subject));
    findings.analyte.extend(one.findings.analyte);
    findings.day.extend(one.findings.day);
    findings.value.extend(one.findings.value);
    findings.below_limit.extend(one.findings.below_limit);
    let events = &mut study.events;
    events.subject.extend(one.events.subject.iter().map(|subject| row + subject));
    events.term.extend(one.events.term);
    events.start.extend(one.events.start);
    events.end.extend(one.events.end);
    events.grade.extend(one.events.grade);
    events.related.extend(one.events.related);
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::{Analyte, EventTerm, Treatment};

    #[test]
    fn each_row_stays_with_its_own_subject() {
        let two = |name: &str| {
            let mut study = Study::default();
            for number in 0..2 {
                let row = study.push_subject(&format!("{name}-{number}"), name);
                study.findings.push(row, Analyte::Platelets, 0.0, 100.0, false);
                study.exposures.push(row, Treatment::CellProduct, 0.0, 1e8, 1e8);
                study.events.push(row, EventTerm::Infection, 1.0, None, 2, false);
            }
            study
        };
        let mut study = two("a");
        append(&mut study, two("b"));
        assert_eq!(study.subjects.id, ["a-0", "a-1", "b-0", "b-1"]);
        assert_eq!(study.findings.subject, [0, 1, 2, 3]);
        assert_eq!(study.exposures.subject, [0, 1, 2, 3]);
        assert_eq!(study.events.subject, [0, 1, 2, 3]);
    }
}
